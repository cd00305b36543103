//! JSON whose errors name line, column and the way to the value.
//!
//! `serde_json` says where it stopped, which is behind the value; the way that it was on leads to
//! the value itself. Values found wrong later are located the same way, by walking the text, so
//! that what is read carries no places.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;

use super::MOST_EVENTS;
use super::error::{ImportError, ImportProblem};
use super::table::{bounded, without_mark};
use crate::session::locate::TextPosition;

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Reads a text of one value. What the type does not know is skipped without keeping it.
pub(super) fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, ImportError> {
    bounded(text)?;
    let json = without_mark(text);
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path: Vec<Step> = error.path().iter().filter_map(step).collect();
        describe(json, &path, error.inner())
    })?;
    deserializer.end().map_err(|error| describe(json, &[], &error))?;
    Ok(value)
}

/// An error of the value at the end of a path.
pub(super) fn error_at(text: &str, path: &[Step], problem: ImportProblem) -> ImportError {
    let json = without_mark(text);
    let position = TextPosition::of_offset(json, offset_of(json, path));
    ImportError { position, field: path_text(path), problem }
}

fn step(segment: &serde_path_to_error::Segment) -> Option<Step> {
    match segment {
        serde_path_to_error::Segment::Seq { index } => Some(Step::Index(*index)),
        serde_path_to_error::Segment::Map { key } => Some(Step::Key(key.clone())),
        _ => None,
    }
}

fn describe(json: &str, path: &[Step], error: &serde_json::Error) -> ImportError {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let place = format!(" at line {line} column {column}");
    let said = said.strip_suffix(&place).unwrap_or(&said);
    let problem = ImportProblem::Json(said.chars().take(200).collect());
    if error.classify() == Category::Data {
        return error_at(json, path, problem);
    }
    // Columns count bytes, and point behind the last one read.
    let mut lines = json.split_inclusive('\n');
    let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
    let offset = before.saturating_add(column.saturating_sub(1));
    let position = TextPosition::of_offset(json, offset);
    ImportError { position, field: path_text(path), problem }
}

/// `DefaultPools["Type 0"].Blocks["0"].Suballocations[3].Offset`.
fn path_text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) => {
                let is_word = key.chars().all(char::is_alphabetic) && !key.is_empty();
                if !is_word {
                    let key: String = key.chars().take(64).collect();
                    text.push_str(&format!("[{key:?}]"));
                } else if text.is_empty() {
                    text.push_str(key);
                } else {
                    text.push_str(&format!(".{key}"));
                }
            }
        }
    }
    text
}

/// The byte at which the deepest value of a path begins that is there.
fn offset_of(json: &str, path: &[Step]) -> usize {
    let mut scanner = Scanner { bytes: json.as_bytes(), at: 0 };
    scanner.skip_blank();
    let mut deepest = scanner.at;
    for step in path {
        if !scanner.enter(step) {
            break;
        }
        deepest = scanner.at;
    }
    deepest
}

/// Knows just enough of JSON to skip values. It stops at the end of the text, wherever that is.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// From a value to one inside it.
    fn enter(&mut self, step: &Step) -> bool {
        match (self.peek(), step) {
            (Some(b'['), Step::Index(index)) => {
                self.at += 1;
                self.skip_blank();
                for _ in 0..*index {
                    if !self.next_item() {
                        return false;
                    }
                }
                true
            }
            (Some(b'{'), Step::Key(key)) => {
                self.at += 1;
                self.skip_blank();
                loop {
                    let start = self.at;
                    self.skip_value();
                    let found = self.bytes.get(start..self.at).unwrap_or_default();
                    self.skip_blank();
                    if self.peek() != Some(b':') {
                        return false;
                    }
                    self.at += 1;
                    self.skip_blank();
                    let found = serde_json::from_slice::<String>(found);
                    if found.is_ok_and(|found| found == *key) {
                        return true;
                    }
                    if !self.next_item() {
                        return false;
                    }
                }
            }
            _ => false,
        }
    }

    /// Behind the comma after this value; whether there is one.
    fn next_item(&mut self) -> bool {
        self.skip_value();
        self.skip_blank();
        let more = self.peek() == Some(b',');
        if more {
            self.at += 1;
            self.skip_blank();
        }
        more
    }

    /// Behind a value, however deep it is.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' | b':' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            let ends = matches!(byte, b'"' | b'}' | b']');
            if depth == 0 && ends {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
    }
}

/// An object with keys of its own choice, in the order of the file, each once.
#[derive(Debug)]
pub(super) struct Entries<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                let mut keys: HashSet<String> = HashSet::new();
                while let Some(key) = map.next_key::<String>()? {
                    if !keys.insert(key.clone()) {
                        let key: String = key.chars().take(64).collect();
                        return Err(de::Error::custom(format_args!("{key:?} is there twice")));
                    }
                    if entries.len() == MOST_EVENTS {
                        return Err(de::Error::custom("the object has too many entries"));
                    }
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[serde(rename = "List")]
        list: Vec<Inner>,
        #[serde(rename = "Map", default)]
        map: Entries<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[serde(rename = "N")]
        n: u64,
    }

    fn error(text: &str) -> String {
        read::<Outer>(text).expect_err(text).in_file("f").to_string()
    }

    #[test]
    fn errors_stand_at_their_value() {
        let table = [
            ("", "f:1:1: EOF while parsing a value"),
            ("3", "f:1:1: invalid type: integer `3`, expected struct Outer"),
            ("{\"List\": [],}", "f:1:13: trailing comma"),
            ("{\"List\": []} x", "f:1:14: trailing characters"),
            ("{\"Map\": {}}", "f:1:1: missing field `List`"),
            ("{\"List\": [], \"List\": []}", "f:1:1: duplicate field `List`"),
            (
                "{\"x\": {\"List\": [\"]\\\"\"]},\n \"List\": [{\"N\": 1},\n {\"ö\": 2, \"N\": -1}]}",
                "f:3:16: List[1].N: invalid value: integer `-1`, expected u64",
            ),
            (
                "{\"List\": [{\"N\": 1.5}]}",
                "f:1:17: List[0].N: invalid type: floating point `1.5`, expected u64",
            ),
            (
                "{\"List\": [], \"Map\": {\"a b\": {\"N\": \"1\"}}}",
                "f:1:35: Map[\"a b\"].N: invalid type: string \"1\", expected u64",
            ),
            (
                "{\"List\": [], \"Map\": {\"a\": {\"N\": 1}, \"a\": {\"N\": 1}}}",
                "f:1:21: Map: \"a\" is there twice",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(error(text), expected, "{text}");
        }
        // How the parser spells a number past u64 is its own affair.
        let past_u64 = error("{\"List\": [{\"N\": 99999999999999999999}]}");
        assert!(
            past_u64.starts_with("f:1:17: List[0].N: invalid type: floating point"),
            "{past_u64}"
        );
        assert!(past_u64.ends_with(", expected u64"), "{past_u64}");
    }

    #[test]
    fn order_is_kept_a_mark_is_skipped_and_depth_takes_no_stack() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let text = format!(
            "\u{FEFF}{{\"List\": [{{\"N\": 3}}], \"deep\": {deep}, \
             \"Map\": {{\"b\": {{\"N\": 1}}, \"a\": {{\"N\": 2}}}}}}"
        );
        let outer: Outer = read(&text).expect("it is complete");
        let keys: Vec<(&str, u64)> =
            outer.map.0.iter().map(|(key, inner)| (key.as_str(), inner.n)).collect();
        assert_eq!((keys, outer.list[0].n), (vec![("b", 1), ("a", 2)], 3));
        let path = [Step::from("Map"), Step::from("a"), Step::from("N")];
        let at = error_at(&text, &path, ImportProblem::Empty).position;
        // From the end: `2}}}` is the value and the three objects around it.
        let whole = u32::try_from(text.chars().count() - 1).expect("it is short");
        assert_eq!((at.line, at.column), (1, whole - 3));
    }

    #[test]
    fn a_cut_text_never_panics() {
        let text = "{\"List\": [{\"N\": 1}, {\"N\": \"\\\"x\"}], \"Map\": {\"k\": {\"N\": 2}}}";
        let path = [Step::from("List"), Step::from(1), Step::from("N")];
        for end in 0..=text.len() {
            let _ = read::<Outer>(&text[..end]);
            let _ = error_at(&text[..end], &path, ImportProblem::Empty);
        }
    }
}
