//! Where in the text of a session a value stands.
//!
//! Errors that are found after parsing know only a field path, such as
//! `commands[12].CreateAllocation.size`. This walks the text along the path, without building
//! anything, with a scanner that knows just enough of the notation: brackets, strings, comments.
//! It never fails: where the text ends early or is malformed, the deepest place reached counts.

use std::borrow::Cow;
use std::fmt;

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathSegment {
    /// A named field.
    Field(Cow<'static, str>),
    /// An item of a list or of a tuple, counted from 0.
    Index(usize),
    /// A variant of an enum: the name before the parentheses.
    Variant(Cow<'static, str>),
}

/// The way from the root of a session to a value; empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldPath(Vec<PathSegment>);

impl FieldPath {
    /// The root.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The path with a field below it.
    #[must_use]
    pub fn field(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(PathSegment::Field(name.into()));
        self
    }

    /// The path with an item below it.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(PathSegment::Index(index));
        self
    }

    /// The path with a variant below it.
    #[must_use]
    pub fn variant(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(PathSegment::Variant(name.into()));
        self
    }

    /// The steps, outermost first.
    #[must_use]
    pub fn segments(&self) -> &[PathSegment] {
        &self.0
    }

    /// The command that the path leads into, if it does.
    #[must_use]
    pub fn command(&self) -> Option<usize> {
        match self.0.as_slice() {
            [PathSegment::Field(field), PathSegment::Index(index), ..] if field == "commands" => {
                Some(*index)
            }
            _ => None,
        }
    }
}

impl fmt::Display for FieldPath {
    /// `commands[12].CreateAllocation.size`; nothing for the root.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, segment) in self.0.iter().enumerate() {
            match segment {
                PathSegment::Index(index) => write!(f, "[{index}]")?,
                PathSegment::Field(name) | PathSegment::Variant(name) => {
                    let dot = if depth == 0 { "" } else { "." };
                    write!(f, "{dot}{name}")?;
                }
            }
        }
        Ok(())
    }
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextPosition {
    /// Line, counted from 1.
    pub line: u32,
    /// Character of the line, counted from 1.
    pub column: u32,
}

impl TextPosition {
    /// Before the first character.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte offset; the end for one beyond it.
    #[must_use]
    pub fn of_offset(text: &str, offset: usize) -> Self {
        Self::of_offset_from(text, (0, 1), offset)
    }

    /// The same, counting lines only from a place whose line is known.
    fn of_offset_from(text: &str, (known, line): (usize, u32), offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = before[line_start..].iter().filter(|byte| starts_character(**byte)).count();
        let column = u32::try_from(column + 1).unwrap_or(u32::MAX);
        let since = before.get(known..).unwrap_or_default();
        Self { line: line.saturating_add(line_breaks(since)), column }
    }
}

fn line_breaks(bytes: &[u8]) -> u32 {
    let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX)
}

/// Whether a byte of UTF-8 is not a continuation of the one before it.
const fn starts_character(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// Where the value at the end of `path` begins, or the deepest value on the way that is there.
#[must_use]
pub fn locate(text: &str, path: &FieldPath) -> TextPosition {
    TextPosition::of_offset(text, offset_of(text, path))
}

/// Where the last field called `name` of the value at `path` begins: for fields that should not be
/// there, or not twice.
#[must_use]
pub fn locate_field_name(text: &str, path: &FieldPath, name: &str) -> TextPosition {
    let mut scanner = Scanner::new(text);
    scanner.at = offset_of(text, path);
    let value = scanner.at;
    scanner.skip_word();
    scanner.skip_space();
    let mut found = value;
    if scanner.enter() {
        while scanner.more_items() {
            let item = scanner.at;
            if scanner.field_name().is_some_and(|field| field == name) {
                found = item;
            }
            scanner.skip_item();
        }
    }
    TextPosition::of_offset(text, found)
}

/// The line on which each command begins, in order.
#[must_use]
pub fn command_lines(text: &str) -> Vec<u32> {
    command_starts(text).into_iter().map(|(_, line)| line).collect()
}

/// Finds many values of one text: after the first, those in commands take no walk through the
/// whole of it.
#[derive(Debug)]
pub struct Locator<'a> {
    text: &'a str,
    commands: Option<Vec<(usize, u32)>>,
}

impl<'a> Locator<'a> {
    /// A locator for a text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { text, commands: None }
    }

    /// The same as [`locate`].
    #[must_use]
    pub fn locate(&mut self, path: &FieldPath) -> TextPosition {
        let text = self.text;
        let commands = self.commands.get_or_insert_with(|| command_starts(text));
        let start = path.command().and_then(|index| commands.get(index));
        let (Some(known), Some(rest)) = (start, path.segments().get(2..)) else {
            return locate(text, path);
        };
        let mut scanner = Scanner::new(text);
        scanner.at = known.0;
        TextPosition::of_offset_from(text, *known, scanner.follow(rest))
    }
}

/// The offset and the line at which each command begins, in order.
fn command_starts(text: &str) -> Vec<(usize, u32)> {
    let mut starts = Vec::new();
    let mut scanner = Scanner::new(text);
    scanner.at = offset_of(text, &FieldPath::root().field("commands"));
    let mut counted = 0;
    let mut line: u32 = 1;
    if scanner.peek() == Some(b'[') && scanner.enter() {
        while scanner.more_items() {
            line = line.saturating_add(line_breaks(&scanner.bytes[counted..scanner.at]));
            counted = scanner.at;
            starts.push((scanner.at, line));
            scanner.skip_item();
        }
    }
    starts
}

/// The byte offset of what [`locate`] looks for.
fn offset_of(text: &str, path: &FieldPath) -> usize {
    let mut scanner = Scanner::new(text);
    scanner.skip_attributes();
    scanner.follow(path.segments())
}

/// Walks over RON without reading it.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    /// The offset at the end of a path that begins here, or of the deepest value on the way.
    fn follow(&mut self, path: &[PathSegment]) -> usize {
        let mut found = self.at;
        let mut segments = path.iter().peekable();
        while let Some(segment) = segments.next() {
            let reached = match segment {
                PathSegment::Field(name) => self.go_to_field(name),
                PathSegment::Index(index) => self.go_to_index(*index),
                PathSegment::Variant(_) => match segments.peek() {
                    // Fields and tuple items lie in the parentheses of the variant itself, which
                    // those steps enter; another variant, or a list that stands there alone, lies
                    // one level deeper.
                    Some(PathSegment::Field(_)) => true,
                    Some(PathSegment::Index(_)) => self.go_to_only_item_if(|scanner| {
                        scanner.peek() == Some(b'[') && scanner.is_lone_value()
                    }),
                    Some(PathSegment::Variant(_)) => self.go_to_only_item_if(|_| true),
                    None => self.go_to_only_item_if(Scanner::is_lone_value),
                },
            };
            if !reached {
                break;
            }
            found = self.at;
        }
        found
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Moves behind the next `byte`, or to the end.
    fn skip_past(&mut self, byte: u8) {
        let found = self.rest().iter().position(|other| *other == byte);
        self.at = found.map_or(self.bytes.len(), |distance| self.at + distance + 1);
    }

    /// Over white space and comments.
    fn skip_space(&mut self) {
        loop {
            match self.rest() {
                [b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C, ..] => self.at += 1,
                // The other characters that Unicode counts as pattern white space: U+0085, U+200E,
                // U+200F, U+2028 and U+2029.
                [0xC2, 0x85, ..] => self.at += 2,
                [0xE2, 0x80, 0x8E | 0x8F | 0xA8 | 0xA9, ..] => self.at += 3,
                [b'/', b'/', ..] => self.skip_past(b'\n'),
                [b'/', b'*', ..] => self.skip_block_comment(),
                _ => return,
            }
        }
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.rest() {
                [] => return,
                [b'/', b'*', ..] => {
                    depth += 1;
                    self.at += 2;
                }
                [b'*', b'/', ..] => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// Over `#![...]` before the root.
    fn skip_attributes(&mut self) {
        self.skip_space();
        while self.rest().starts_with(b"#") {
            self.skip_past(b']');
            self.skip_space();
        }
    }

    /// Over an identifier or a number, if there is one.
    fn skip_word(&mut self) {
        let word = self.rest().iter().take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'-' | 0x80..)
        });
        self.at += word.count();
    }

    /// Over a string that begins here, plain or raw, or a character in quotes.
    fn skip_quoted(&mut self) -> bool {
        let rest = self.rest();
        let prefix = match rest {
            [b'b', b'r', b'"' | b'#', ..] => 2,
            [b'r', b'"', ..] | [b'b', b'"' | b'\'', ..] => 1,
            // `r#name` is an identifier; a raw string has a quote behind its hashes.
            [b'r', b'#', ..] => 1,
            [b'"' | b'\'', ..] => 0,
            _ => return false,
        };
        let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
        match rest.get(prefix + hashes) {
            Some(b'"') if prefix > 0 && rest[prefix - 1] == b'r' => {
                self.at += prefix + hashes + 1;
                self.skip_raw_string(hashes);
            }
            Some(quote @ (b'"' | b'\'')) if hashes == 0 => {
                self.at += prefix + 1;
                self.skip_escaped(*quote);
            }
            _ => return false,
        }
        true
    }

    /// To behind a quote that is followed by so many hashes.
    fn skip_raw_string(&mut self, hashes: usize) {
        while self.at < self.bytes.len() {
            self.skip_past(b'"');
            let found = self.rest().iter().take(hashes).take_while(|byte| **byte == b'#').count();
            if found == hashes {
                self.at += hashes;
                return;
            }
        }
    }

    /// To behind a `quote` without a backslash.
    fn skip_escaped(&mut self, quote: u8) {
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'\\' {
                self.at = self.bytes.len().min(self.at + 1);
                // `'\''` and `"\""`: the escaped quote is not the end.
            } else if byte == quote {
                return;
            }
        }
    }

    /// Over one value and the comma behind it.
    fn skip_item(&mut self) {
        let mut depth = 0_usize;
        loop {
            self.skip_space();
            let Some(byte) = self.peek() else { return };
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' if depth == 0 => return,
                b')' | b']' | b'}' => depth -= 1,
                b',' if depth == 0 => {
                    self.at += 1;
                    return;
                }
                _ => {
                    let before = self.at;
                    if !self.skip_quoted() {
                        self.skip_word();
                    }
                    if self.at > before {
                        continue;
                    }
                }
            }
            self.at += 1;
        }
    }

    /// Into the brackets that begin here.
    fn enter(&mut self) -> bool {
        let opens = matches!(self.peek(), Some(b'(' | b'[' | b'{'));
        if opens {
            self.at += 1;
        }
        opens
    }

    /// To the next item of the brackets entered; false at their end.
    fn more_items(&mut self) -> bool {
        self.skip_space();
        !matches!(self.peek(), None | Some(b')' | b']' | b'}'))
    }

    /// Over `name:`, if a named field begins here; else it stays.
    fn field_name(&mut self) -> Option<&'a str> {
        let start = self.at;
        if self.rest().starts_with(b"r#") {
            self.at += 2;
        }
        let name = self.at;
        self.skip_word();
        let name = self.bytes.get(name..self.at).and_then(|name| std::str::from_utf8(name).ok());
        self.skip_space();
        if self.peek() == Some(b':') {
            self.at += 1;
            self.skip_space();
            name
        } else {
            self.at = start;
            None
        }
    }

    /// Into the parentheses of a value that may have a name before them.
    fn enter_named(&mut self) -> bool {
        self.skip_word();
        self.skip_space();
        self.enter()
    }

    fn go_to_field(&mut self, name: &str) -> bool {
        if !self.enter_named() {
            return false;
        }
        while self.more_items() {
            if self.field_name().is_some_and(|field| field == name) {
                return true;
            }
            self.skip_item();
        }
        false
    }

    fn go_to_index(&mut self, index: usize) -> bool {
        if !self.enter_named() {
            return false;
        }
        for _ in 0..index {
            if !self.more_items() {
                return false;
            }
            self.skip_item();
        }
        self.more_items()
    }

    /// To the first item in the parentheses of a variant, if it is what is wanted; else it stays,
    /// which is no failure.
    fn go_to_only_item_if(&mut self, wanted: impl Fn(&Self) -> bool) -> bool {
        let variant = self.at;
        if !(self.enter_named() && self.more_items() && wanted(self)) {
            self.at = variant;
        }
        true
    }

    /// Whether the item that begins here is neither a named field nor one of several.
    fn is_lone_value(&self) -> bool {
        let mut ahead = Scanner { bytes: self.bytes, at: self.at };
        if ahead.field_name().is_some() {
            return false;
        }
        ahead.skip_item();
        !ahead.more_items()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r##"// head ( "
#![enable(implicit_some)]
Session(
    version: 1, /* ] /* nested */ " */
    title: "a \" ) b", notes: r#"raw " ) "#,
    adapter: (profile: 'x', segments: [(name: "Größe", size: 1), (size: 2)]),
    commands: [
        CreateProcess("p"),
        MakeResident(["a", "b"]),
        SetPriority("a", HIGH), EvictAll,
        Expect(Place(allocation: "ü", offset: 3)),
        // commented: Evict("x"),
        CreateAllocation(
            name: "t",
            preferred: [("V", FromEnd)],
        ),
        Expect(NotResident("a")),
        Use([Read("a"), ReadRange(allocation: "b", offset: 5)]),
        Offer(["a", "b"], LOW), Transfer(source: Segment("V", 1), n: 0),
        Expect(Damage(Segment(segment: "V", offset: 5))),
    ],
)
"##;

    /// Hand-counted against the sample above.
    #[test]
    fn values_are_found_by_their_paths() {
        let root = FieldPath::root;
        let command = |index| root().field("commands").index(index);
        let segment = |index| root().field("adapter").field("segments").index(index);
        let table = [
            (root(), (3, 1)),
            (root().field("version"), (4, 14)),
            (root().field("title"), (5, 12)),
            (root().field("notes"), (5, 31)),
            (segment(0).field("name"), (6, 47)),
            (segment(0).field("size"), (6, 62)),
            (segment(1).field("size"), (6, 73)),
            // A missing value is reported where its parent is.
            (segment(1).field("flags"), (6, 66)),
            (command(0).variant("CreateProcess"), (8, 23)),
            (command(1).variant("MakeResident").index(1), (9, 28)),
            (command(2).variant("SetPriority").index(1), (10, 26)),
            (command(2).variant("SetPriority"), (10, 9)),
            (command(3), (10, 33)),
            (command(3).variant("EvictAll"), (10, 33)),
            (command(4).variant("Expect").variant("Place").field("allocation"), (11, 34)),
            (command(4).variant("Expect").variant("Place").field("offset"), (11, 47)),
            (command(5).variant("CreateAllocation"), (13, 9)),
            (command(5).variant("CreateAllocation").field("preferred").index(0).index(1), (15, 31)),
            (command(6).variant("Expect").variant("NotResident"), (17, 28)),
            (command(7).variant("Use").index(0).variant("Read"), (18, 19)),
            (command(7).variant("Use").index(1).variant("ReadRange").field("offset"), (18, 60)),
            (command(8).variant("Offer").index(0).index(1), (19, 21)),
            (command(8).variant("Offer").index(1), (19, 27)),
            (command(8).variant("Offer"), (19, 9)),
            (command(9).variant("Transfer").field("source").variant("Segment").index(1), (19, 63)),
            (command(9).variant("Transfer").field("n"), (19, 70)),
            (
                command(10).variant("Expect").variant("Damage").variant("Segment").field("offset"),
                (20, 53),
            ),
            (command(99), (7, 15)),
        ];
        for (path, (line, column)) in table {
            assert_eq!(locate(SAMPLE, &path), TextPosition { line, column }, "{path}");
            assert_eq!(Locator::new(SAMPLE).locate(&path), TextPosition { line, column }, "{path}");
        }
    }

    #[test]
    fn commands_know_their_lines() {
        assert_eq!(command_lines(SAMPLE), [8, 9, 10, 10, 11, 13, 17, 18, 19, 19, 20]);
        assert!(command_lines("(version: 1)").is_empty());
        assert!(command_lines("(commands: 7)").is_empty());
    }

    #[test]
    fn a_superfluous_field_is_found_by_its_name() {
        let path = FieldPath::root().field("commands").index(5).variant("CreateAllocation");
        let at = locate_field_name(SAMPLE, &path, "preferred");
        assert_eq!(at, TextPosition { line: 15, column: 13 });
    }

    #[test]
    fn paths_print_as_in_the_code() {
        let path = FieldPath::root().field("commands").index(12).variant("Use").index(3);
        assert_eq!(path.to_string(), "commands[12].Use[3]");
        assert_eq!(path.command(), Some(12));
        assert_eq!(FieldPath::root().to_string(), "");
    }

    /// No text sends the scanner out of bounds or around in circles.
    #[test]
    fn truncated_and_broken_texts_are_survived() {
        let path = FieldPath::root().field("commands").index(5).variant("CreateAllocation");
        for end in (0..SAMPLE.len()).filter(|end| SAMPLE.is_char_boundary(*end)) {
            let _ = locate(&SAMPLE[..end], &path);
            let _ = command_lines(&SAMPLE[..end]);
        }
        for text in ["", "/*", "r#", "br", "'", "b'", "\"\\", "#", "(((((", ")", "(a:", "\u{2028}("]
        {
            let _ = locate(text, &path);
            let _ = command_lines(text);
        }
        let deep = "(commands: [".to_owned() + &"(".repeat(1_000_000);
        assert_eq!(command_lines(&deep), [1]);
    }
}
