//! Tables of comma-separated values: a line of column names, then rows, every field with its place.
//!
//! Lines that begin with `#` are comments, blank lines are nothing, and a byte order mark is
//! skipped: spreadsheets write one. Fields in quotes are refused, as no format here has them.

use std::collections::HashMap;

use super::error::{ImportError, ImportProblem};
use crate::session::limits;

/// Characters of a wrong value that an error repeats.
const SHOWN: usize = 40;

/// A text without the byte order mark before it.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}

/// Refuses what is larger than a session may be.
pub(super) fn bounded(text: &str) -> Result<(), ImportError> {
    if u64::try_from(text.len()).is_ok_and(|length| length <= limits::FILE_BYTES) {
        return Ok(());
    }
    let problem = ImportProblem::Limit { what: "bytes", limit: limits::FILE_BYTES };
    Err(ImportError::at(1, 1, problem))
}

/// Lines that say something, counted from 1 among all.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(without_mark(text).lines()).filter(|(_, line)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    })
}

/// The first line that says something, with its number.
pub(super) fn first_line(text: &str) -> Option<(u32, &str)> {
    lines(text).next()
}

/// A table opened at its first row.
pub(super) struct Table<'a> {
    header_line: u32,
    names: Vec<&'a str>,
    places: HashMap<&'a str, usize>,
    rows: Box<dyn Iterator<Item = (u32, &'a str)> + 'a>,
}

impl<'a> Table<'a> {
    /// Reads the names of the columns. Without a line there are none.
    pub(super) fn open(text: &'a str) -> Result<Self, ImportError> {
        bounded(text)?;
        let mut rows = lines(text);
        let (header_line, header) = rows.next().unwrap_or((1, ""));
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let mut places = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            if places.insert(*name, place).is_some() {
                let problem = ImportProblem::RepeatedColumn(shortened(name));
                return Err(ImportError::at(header_line, 1, problem));
            }
        }
        Ok(Self { header_line, names, places, rows: Box::new(rows) })
    }

    /// The place of a column.
    pub(super) fn column(&self, name: &'static str) -> Result<usize, ImportError> {
        let missing = || self.header_error(ImportProblem::MissingColumn(name));
        self.places.get(name).copied().ok_or_else(missing)
    }

    /// The place of a column that goes by several names, and the name that it has here. The first
    /// is the one that is missed.
    pub(super) fn column_named(
        &self,
        names: &[&'static str],
    ) -> Result<(usize, &'static str), ImportError> {
        let mut found = names.iter().filter_map(|name| Some((*self.places.get(name)?, *name)));
        let first = names.first().copied().unwrap_or_default();
        let place =
            found.next().ok_or_else(|| self.header_error(ImportProblem::MissingColumn(first)))?;
        match found.next() {
            None => Ok(place),
            Some((_, again)) => {
                Err(self.header_error(ImportProblem::RepeatedColumn(again.to_owned())))
            }
        }
    }

    /// The place of a column that need not be there.
    pub(super) fn optional_column(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// An error of the first line.
    pub(super) fn header_error(&self, problem: ImportProblem) -> ImportError {
        ImportError::at(self.header_line, 1, problem)
    }

    /// The next row.
    pub(super) fn next_row(&mut self) -> Result<Option<Row<'_>>, ImportError> {
        let Some((line, row)) = self.rows.next() else { return Ok(None) };
        let mut fields = Vec::with_capacity(self.names.len());
        let mut found = 0_usize;
        let mut position: u32 = 1;
        for field in row.split(',') {
            let at = position;
            if field.contains('"') {
                return Err(ImportError::at(line, at, ImportProblem::Quoted));
            }
            let characters = u32::try_from(field.chars().count()).unwrap_or(u32::MAX);
            position = position.saturating_add(characters).saturating_add(1);
            found += 1;
            if found <= self.names.len() {
                fields.push((at, field.trim()));
            }
        }
        if found != self.names.len() {
            let problem = ImportProblem::FieldCount { expected: self.names.len(), found };
            return Err(ImportError::at(line, 1, problem));
        }
        Ok(Some(Row { line, fields, names: &self.names }))
    }
}

/// One row. Columns are places that the table gave.
pub(super) struct Row<'t> {
    pub(super) line: u32,
    /// The column in the text and the content.
    fields: Vec<(u32, &'t str)>,
    names: &'t [&'t str],
}

impl<'t> Row<'t> {
    pub(super) fn get(&self, column: usize) -> &'t str {
        self.fields.get(column).map_or("", |(_, field)| field)
    }

    /// Where a field begins, in characters from 1.
    pub(super) fn position(&self, column: usize) -> u32 {
        self.fields.get(column).map_or(1, |(position, _)| *position)
    }

    pub(super) fn error(&self, column: usize, problem: ImportProblem) -> ImportError {
        let position = self.position(column);
        let field = self.names.get(column).map_or(String::new(), |name| shortened(name));
        ImportError { field, ..ImportError::at(self.line, position, problem) }
    }

    pub(super) fn wrong(&self, column: usize, wanted: &'static str) -> ImportError {
        let value = shortened(self.get(column));
        self.error(column, ImportProblem::Value { value, wanted })
    }

    /// A whole number that is not negative and fits into 64 bits, in decimal digits.
    pub(super) fn number(&self, column: usize, wanted: &'static str) -> Result<u64, ImportError> {
        let text = self.get(column);
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.ok_or_else(|| self.wrong(column, wanted))
    }

    /// Like [`Row::number`], and above 0.
    pub(super) fn positive(
        &self,
        column: usize,
        number: &'static str,
        wanted: &'static str,
    ) -> Result<u64, ImportError> {
        match self.number(column, number)? {
            0 => Err(self.wrong(column, wanted)),
            positive => Ok(positive),
        }
    }

    /// A text of 1 to `most` bytes.
    pub(super) fn text(
        &self,
        column: usize,
        most: usize,
        wanted: &'static str,
    ) -> Result<&'t str, ImportError> {
        let text = self.get(column);
        if text.is_empty() || text.len() > most {
            return Err(self.wrong(column, wanted));
        }
        Ok(text)
    }

    /// A decimal number of microseconds, in millionths of one.
    pub(super) fn time(&self, column: usize) -> Result<u64, ImportError> {
        let text = self.get(column);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let time = if digits(whole) && digits(fraction) && fraction.len() <= 6 {
            whole.parse::<u64>().ok().and_then(|whole| {
                let fraction = format!("{fraction:0<6}").parse::<u64>().ok()?;
                whole.checked_mul(1_000_000)?.checked_add(fraction)
            })
        } else {
            None
        };
        time.ok_or_else(|| self.wrong(column, "a time in microseconds"))
    }
}

/// The beginning of a value, for an error.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blank_lines_and_a_byte_order_mark_are_skipped() {
        let text = "\u{FEFF}# origin\n\nb, a\n# between\n 1,22\r\n\n3,4";
        let mut table = Table::open(text).expect("two columns");
        let (a, b) = (table.column("a").expect("there"), table.column("b").expect("there"));
        let mut rows = Vec::new();
        while let Some(row) = table.next_row().expect("two fields each") {
            rows.push((row.line, row.get(a).to_owned(), row.get(b).to_owned()));
        }
        let owned = |line, a: &str, b: &str| (line, a.to_owned(), b.to_owned());
        assert_eq!(rows, [owned(5, "22", "1"), owned(7, "4", "3")]);
        assert_eq!(first_line(text), Some((3, "b, a")));
        assert_eq!(first_line("\n# only\n"), None);
    }

    #[test]
    fn errors_stand_at_their_field() {
        let mut table = Table::open("ä,b\nöö,-1\n1,2,3\n1,\"2").expect("two columns");
        let b = table.column("b").expect("there");
        let row = table.next_row().expect("two fields").expect("a row");
        let error = row.number(b, "a number").expect_err("it is negative");
        assert_eq!(error.in_file("f").to_string(), "f:2:4: b: `-1` is not a number");
        let next =
            |table: &mut Table<'_>| table.next_row().map(|_| ()).map_err(|error| error.to_string());
        let three = "3:1: the row has 3 fields; the first line names 2";
        assert_eq!(next(&mut table), Err(three.to_owned()));
        assert_eq!(next(&mut table), Err("4:3: fields in quotes are not read".to_owned()));
        assert_eq!(next(&mut table), Ok(()));
        assert!(Table::open("a,b,a").is_err());
        let both = Table::open("lower,start").expect("two names").column_named(&["lower", "start"]);
        assert_eq!(
            both.map_err(|error| error.to_string()),
            Err("1:1: the column `start` is there twice".to_owned())
        );
    }
}
