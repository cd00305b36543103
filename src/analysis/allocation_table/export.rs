//! The rows of the table for other programs.

use crate::analysis::export::{Cell, plain_hex};
use crate::base::text::word;

use super::AllocationRow;
use super::row::ByteVerdict;

/// A row as other programs read it: bytes as numbers, addresses and flag words in hexadecimal.
#[derive(Debug)]
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

/// The columns of an exported row.
pub const COLUMNS: [&str; 24] = [
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
        let plain = plain_hex;
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

    fn cells(self) -> Vec<Cell> {
        let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        vec![
            Cell::text(self.name),
            Cell::text(self.process),
            Cell::text(self.device),
            Cell::text(self.state),
            Cell::from(self.segment.map(str::to_owned)),
            Cell::from(self.offset),
            Cell::from(self.first_address),
            Cell::from(self.last_address),
            Cell::Number(self.size_bytes),
            Cell::text(self.priority),
            Cell::Text(self.priority_value),
            Cell::Text(self.preferred),
            Cell::Text(self.placement),
            Cell::text(self.content),
            Cell::Text(self.bytes),
            Cell::from(self.last_use_step.map(number)),
            Cell::Truth(self.pinned),
            Cell::text(self.flags),
            Cell::Text(self.flags_value),
            Cell::Text(self.held),
            Cell::from(self.sharing.map(str::to_owned)),
            Cell::text(self.hinted_banks),
            Cell::Text(self.banks),
            Cell::from(self.pinned_reason.map(str::to_owned)),
        ]
    }
}

impl AllocationRow {
    /// The row for the clipboard: the values of an exported row, separated by tabs.
    #[must_use]
    pub fn copied(&self) -> String {
        let cells = self.cells();
        cells.iter().map(Cell::plain).collect::<Vec<_>>().join("\t")
    }

    /// The row as it is exported, a cell for each of [`COLUMNS`].
    #[must_use]
    pub fn cells(&self) -> Vec<Cell> {
        Record::of(self).cells()
    }
}
