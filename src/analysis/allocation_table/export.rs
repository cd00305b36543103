//! The table as a text for other programs: CSV after RFC 4180, JSON as a list of objects.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::text::word;

use super::AllocationRow;
use super::row::ByteVerdict;

/// A format that the table is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// Values separated by commas, names of the columns first.
    Csv,
    /// A list of objects.
    Json,
}

impl ExportFormat {
    /// The end of the name of such a file.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// A row as other programs read it: bytes as numbers, addresses and flag words in hexadecimal.
#[derive(Debug, Serialize)]
struct Record<'a> {
    name: &'a str,
    process: &'a str,
    device: &'a str,
    state: &'a str,
    segment: Option<&'a str>,
    offset: Option<String>,
    first_address: Option<String>,
    last_address: Option<String>,
    size_bytes: u64,
    priority: &'a str,
    priority_value: String,
    preferred: String,
    placement: String,
    content: &'a str,
    bytes: String,
    last_use_step: Option<usize>,
    pinned: bool,
    flags: &'a str,
    flags_value: String,
    held: String,
    sharing: Option<&'a str>,
    hinted_banks: &'a str,
    banks: String,
    pinned_reason: Option<&'a str>,
}

const COLUMNS: [&str; 24] = [
    "name",
    "process",
    "device",
    "state",
    "segment",
    "offset",
    "first_address",
    "last_address",
    "size_bytes",
    "priority",
    "priority_value",
    "preferred",
    "placement",
    "content",
    "bytes",
    "last_use_step",
    "pinned",
    "flags",
    "flags_value",
    "held",
    "sharing",
    "hinted_banks",
    "banks",
    "pinned_reason",
];

impl<'a> Record<'a> {
    fn of(row: &'a AllocationRow) -> Self {
        let plain = |value: u64| format!("{value:#X}").replacen("0X", "0x", 1);
        Self {
            name: &row.name,
            process: &row.process_name,
            device: &row.device_name,
            state: row.state.word(),
            segment: row.segment.as_ref().map(|(_, name)| name.as_str()),
            offset: row.span.map(|span| plain(span.start())),
            first_address: row.addresses.map(|(first, _)| plain(first)),
            last_address: row.addresses.map(|(_, last)| plain(last)),
            size_bytes: row.size,
            priority: &row.priority,
            priority_value: word(row.priority_value),
            preferred: row.preferred.join(" "),
            placement: row.standing_text(),
            content: row.content.word(),
            bytes: match row.bytes {
                ByteVerdict::Intact => "intact".to_owned(),
                ByteVerdict::Damaged(at) => format!("damaged at {}", plain(at)),
                ByteVerdict::NeverWritten => "never written".to_owned(),
                ByteVerdict::Discarded => "discarded".to_owned(),
                ByteVerdict::Lost => "lost".to_owned(),
                ByteVerdict::OnTheWay => "on the way".to_owned(),
            },
            last_use_step: row.reference,
            pinned: row.pinned,
            flags: &row.flags,
            flags_value: word(row.flags_value),
            held: row.held.join(", "),
            sharing: row.sharing.as_deref(),
            hinted_banks: &row.hinted_banks,
            banks: row.banks.map_or_else(String::new, |(first, last)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            }),
            pinned_reason: row.pinned_reason,
        }
    }

    fn fields(self) -> [String; COLUMNS.len()] {
        let text = str::to_owned;
        let or_empty = Option::unwrap_or_default;
        [
            text(self.name),
            text(self.process),
            text(self.device),
            text(self.state),
            self.segment.map(text).unwrap_or_default(),
            or_empty(self.offset),
            or_empty(self.first_address),
            or_empty(self.last_address),
            self.size_bytes.to_string(),
            text(self.priority),
            self.priority_value,
            self.preferred,
            self.placement,
            text(self.content),
            self.bytes,
            self.last_use_step.map(|step| step.to_string()).unwrap_or_default(),
            self.pinned.to_string(),
            text(self.flags),
            self.flags_value,
            self.held,
            self.sharing.map(text).unwrap_or_default(),
            text(self.hinted_banks),
            self.banks,
            self.pinned_reason.map(text).unwrap_or_default(),
        ]
    }
}

/// The rows as one text.
#[must_use]
pub fn export(rows: impl Iterator<Item = AllocationRow>, format: ExportFormat) -> String {
    match format {
        ExportFormat::Csv => csv(rows),
        ExportFormat::Json => json(rows),
    }
}

fn csv(rows: impl Iterator<Item = AllocationRow>) -> String {
    let mut text = COLUMNS.join(",");
    text.push_str("\r\n");
    for row in rows {
        for (index, field) in Record::of(&row).fields().iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            quote(&mut text, field);
        }
        text.push_str("\r\n");
    }
    text
}

/// A field in quotes where it must be.
pub(in crate::analysis) fn quote(text: &mut String, field: &str) {
    if field.contains([',', '"', '\r', '\n']) {
        let _ = write!(text, "\"{}\"", field.replace('"', "\"\""));
    } else {
        text.push_str(field);
    }
}

fn json(rows: impl Iterator<Item = AllocationRow>) -> String {
    let mut text = String::from("[");
    for (index, row) in rows.enumerate() {
        text.push_str(if index > 0 { ",\n  " } else { "\n  " });
        // A record of texts and numbers can always be written.
        text.push_str(&serde_json::to_string(&Record::of(&row)).unwrap_or_default());
    }
    text.push_str("\n]\n");
    text
}

impl AllocationRow {
    /// The row for the clipboard: the values of an exported row, separated by tabs.
    #[must_use]
    pub fn copied(&self) -> String {
        Record::of(self).fields().join("\t")
    }
}
