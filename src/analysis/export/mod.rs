//! Tables as texts for other programs: CSV after RFC 4180, JSON with a head that says what it is.
//!
//! One place makes the text, a row at a time, so that a table of a million rows can be written in
//! slices. Numbers are raw, with their unit in the name of the column; addresses are texts in
//! hexadecimal, because JSON has no 64-bit numbers; names are those of the session.

mod tables;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub use tables::{
    BYTE_COLUMNS, CHART_COLUMNS, EXTENT_COLUMNS, Extent, FINDING_COLUMNS, OUTCOME_COLUMNS,
    PACKET_COLUMNS, STEP_COLUMNS, bucket_cells, bucket_columns, byte_cells, chart_cells,
    chart_columns, command_cells, extent_cells, extents, finding_cells, operation_cells,
    outcome_cells, packet_cells, plain_hex,
};

/// The version of the JSON documents: it changes when a column is renamed or goes.
pub const VERSION: u64 = 1;

/// What something is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// Values separated by commas, names of the columns first.
    Csv,
    /// A document with a list of objects.
    Json,
    /// A picture of the panel.
    Png,
    /// The bytes themselves.
    Binary,
}

impl ExportFormat {
    /// The end of the name of such a file.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Png => "png",
            Self::Binary => "bin",
        }
    }

    /// Its name in menus.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Csv => "CSV…",
            Self::Json => "JSON…",
            Self::Png => "PNG…",
            Self::Binary => "Raw bytes…",
        }
    }
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing: an empty field, or null.
    Empty,
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
    /// Yes or no.
    Truth(bool),
}

impl Cell {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A text; nothing where it is empty.
    #[must_use]
    pub fn some_text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// A count.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self::Number(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// The value as a field of CSV, before quoting.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }

    fn json(&self, text: &mut String) {
        match self {
            Self::Empty => text.push_str("null"),
            Self::Text(words) => text.push_str(&json_text(words)),
            Self::Number(_) | Self::Truth(_) => text.push_str(&self.plain()),
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What a table is and of what: the head of a JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// What kind of table it is.
    pub kind: &'static str,
    /// The title of the session.
    pub session: String,
    /// The step at which the run stood.
    pub step: String,
    /// What else there is to say: a filter, a range.
    pub notes: Vec<(&'static str, Cell)>,
}

/// Makes the text of a table, a row at a time.
#[derive(Clone, Debug)]
pub struct TableWriter {
    json: bool,
    columns: Vec<String>,
    text: String,
    rows: usize,
}

impl TableWriter {
    /// Begins a table. Anything but JSON is written as CSV.
    #[must_use]
    pub fn new(about: &About, columns: Vec<String>, format: ExportFormat) -> Self {
        let mut text = String::new();
        let json = format == ExportFormat::Json;
        if json {
            let (kind, session) = (json_text(about.kind), json_text(&about.session));
            let step = json_text(&about.step);
            let _ = write!(
                text,
                "{{\n \"version\": {VERSION},\n \"kind\": {kind},\n \"session\": {session},\n \"step\": {step}"
            );
            for (name, cell) in &about.notes {
                let _ = write!(text, ",\n {}: ", json_text(name));
                cell.json(&mut text);
            }
            text.push_str(",\n \"rows\": [");
        } else {
            fields(&mut text, columns.iter().map(String::as_str));
        }
        Self { json, columns, text, rows: 0 }
    }

    /// Adds a row: a cell for each column.
    pub fn row(&mut self, cells: &[Cell]) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        if self.json {
            self.text.push_str(if self.rows > 0 { ",\n  {" } else { "\n  {" });
            for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                let _ = write!(self.text, "{comma}{}: ", json_text(column));
                cell.json(&mut self.text);
            }
            self.text.push('}');
        } else {
            let plain: Vec<String> = cells.iter().map(Cell::plain).collect();
            fields(&mut self.text, plain.iter().map(String::as_str));
        }
        self.rows += 1;
    }

    /// Bytes of the text so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing is written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The whole text.
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.json {
            self.text.push_str("\n ]\n}\n");
        }
        self.text
    }
}

/// A whole table as one text.
#[must_use]
pub fn table(
    about: &About,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
    format: ExportFormat,
) -> String {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    let mut writer = TableWriter::new(about, columns, format);
    rows.for_each(|row| writer.row(&row));
    writer.finish()
}

fn json_text(text: &str) -> String {
    // A text can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

/// A line of CSV.
fn fields<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            text.push(',');
        }
        quote(text, field);
    }
    text.push_str("\r\n");
}

/// A field in quotes where it must be.
fn quote(text: &mut String, field: &str) {
    if field.contains([',', '"', '\r', '\n']) {
        let _ = write!(text, "\"{}\"", field.replace('"', "\"\""));
    } else {
        text.push_str(field);
    }
}
