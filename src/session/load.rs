//! Reading session files: bounded, and every error with its place.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use ron::Options;
use ron::error::{Error as RonError, SpannedError};
use ron::extensions::Extensions;
use serde::Deserialize;

use crate::base::text;
use crate::config::Adapter;

use super::bind::{Bound, bind, bind_away};
use super::document::{Document, Root};
use super::limits;
use super::locate::{FieldPath, Locator, PathSegment, TextPosition, locate, locate_field_name};
use super::suggest;

/// Brackets inside brackets deeper than this are refused; the grammar needs eight.
const NESTING: usize = 64;

/// What kind of rule a session broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The file cannot be read.
    File,
    /// It is not UTF-8 text without a byte order mark.
    Encoding,
    /// It is not RON.
    Syntax,
    /// A field is missing, unknown, there twice, or holds what it cannot.
    Field,
    /// Something is larger than a session may be.
    Limit,
    /// A name does not fit: unknown, given twice.
    Name,
}

/// What is wrong with a session, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct LoadError {
    /// The file, or what else the text came from.
    pub file: String,
    /// Where in it.
    pub position: TextPosition,
    /// The value concerned; empty for the whole.
    pub field_path: String,
    /// The kind of rule.
    pub rule: Rule,
    /// What is wrong.
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<String>,
}

impl fmt::Display for LoadError {
    /// `tour.ron:41:17: commands[12].CreateAllocation.size: ... (hint)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        // What cannot be read has no lines.
        if self.rule != Rule::File {
            write!(f, "{}:{}:", self.position.line, self.position.column)?;
        }
        f.write_str(" ")?;
        if !self.field_path.is_empty() {
            write!(f, "{}: ", self.field_path)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A session read and bound.
#[derive(Clone, Debug)]
pub struct Session {
    /// What the file says.
    pub document: Document,
    /// What the machine gets.
    pub bound: Bound,
}

/// Reads a session file.
///
/// # Errors
/// When the file cannot be read, is larger than [`limits::FILE_BYTES`], or is no session.
pub fn load(path: &Path) -> Result<Document, LoadError> {
    let origin = path.display().to_string();
    let text = read(path)?;
    parse(&text, &origin)
}

/// Reads the text of a session file; for those who need it beside the document.
///
/// # Errors
/// When it is no regular file, cannot be read, is larger than [`limits::FILE_BYTES`], or is not
/// UTF-8.
pub fn read(path: &Path) -> Result<String, LoadError> {
    read_known(path).map(|(text, _)| text)
}

/// The same with what the system says of the file just before it is read, so that a later change
/// of it can be told.
///
/// # Errors
/// As for [`read`].
pub fn read_known(path: &Path) -> Result<(String, Metadata), LoadError> {
    let origin = path.display().to_string();
    let failed = |error: io::Error| LoadError {
        file: origin.clone(),
        position: TextPosition::START,
        field_path: String::new(),
        rule: Rule::File,
        message: format!("cannot be read: {error}"),
        hint: None,
    };
    // A pipe could wait for ever, a device never end.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("it is not a regular file")));
    }
    if metadata.len() > limits::FILE_BYTES {
        return Err(too_large(&origin));
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mut bytes = Vec::new();
    // One more than there should be, so that the end is seen without growing. What does not fit is
    // found out while reading.
    let expected = usize::try_from(metadata.len().min(limits::FILE_BYTES)).unwrap_or(0);
    let _ = bytes.try_reserve_exact(expected.saturating_add(1));
    file.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if !u64::try_from(bytes.len()).is_ok_and(|length| length <= limits::FILE_BYTES) {
        return Err(too_large(&origin));
    }
    Ok((text_of_bytes(bytes, &origin)?, metadata))
}

fn too_large(origin: &str) -> LoadError {
    LoadError {
        file: origin.to_owned(),
        position: TextPosition::START,
        field_path: String::new(),
        rule: Rule::Limit,
        message: format!(
            "the file is larger than {}, the limit of a session",
            text::exact_size(limits::FILE_BYTES)
        ),
        hint: None,
    }
}

/// The text of bytes that should be UTF-8.
///
/// # Errors
/// At the first byte that is not.
pub fn text_of_bytes(bytes: Vec<u8>, origin: &str) -> Result<String, LoadError> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let before = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
        let utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
        LoadError {
            file: origin.to_owned(),
            position: TextPosition::of_offset(before, valid),
            field_path: String::new(),
            rule: Rule::Encoding,
            message: format!(
                "byte {:#04X} at offset {} is not UTF-8",
                bytes.get(valid).copied().unwrap_or_default(),
                text::count(u64::try_from(valid).unwrap_or(u64::MAX))
            ),
            hint: Some(
                if utf16 {
                    "the file looks like UTF-16; save it as UTF-8"
                } else {
                    "save it as UTF-8"
                }
                .to_owned(),
            ),
        }
    })
}

/// Reads and binds a session; all errors of binding are reported together.
///
/// # Errors
/// The one error of the text, or the errors of its names, each with its place.
pub fn open(
    text: &str,
    origin: &str,
    profile_lookup: &dyn Fn(&str) -> Option<Adapter>,
) -> Result<Session, Vec<LoadError>> {
    let document = parse(text, origin).map_err(|error| vec![error])?;
    match bind(&document, profile_lookup) {
        Ok(bound) => Ok(Session { document, bound }),
        Err(errors) => {
            let mut locator = Locator::new(text);
            Err(errors.iter().map(|error| error.located(&mut locator, origin)).collect())
        }
    }
}

/// Reads a session file for whoever only runs it: of the document, all but the commands is left.
///
/// The text does not lie in memory while its names are bound; where one is wrong, the file is read
/// once more for the places.
///
/// # Errors
/// As for [`read`] and [`open`].
pub fn open_to_run(
    path: &Path,
    profile_lookup: &dyn Fn(&str) -> Option<Adapter>,
) -> Result<Session, Vec<LoadError>> {
    let origin = path.display().to_string();
    let mut document = load(path).map_err(|error| vec![error])?;
    match bind_away(&mut document, profile_lookup) {
        Ok(bound) => Ok(Session { document, bound }),
        Err(errors) => {
            let text = read(path).map_err(|error| vec![error])?;
            let mut locator = Locator::new(&text);
            Err(errors.iter().map(|error| error.located(&mut locator, &origin)).collect())
        }
    }
}

/// Reads the text of a session; `origin` is the file named in errors.
///
/// # Errors
/// The first rule of syntax, grammar or size that it breaks, with its place.
pub fn parse(text: &str, origin: &str) -> Result<Document, LoadError> {
    if !u64::try_from(text.len()).is_ok_and(|length| length <= limits::FILE_BYTES) {
        return Err(too_large(origin));
    }
    if text.starts_with('\u{FEFF}') {
        return Err(LoadError {
            file: origin.to_owned(),
            position: TextPosition::START,
            field_path: String::new(),
            rule: Rule::Encoding,
            message: "the file begins with a byte order mark".to_owned(),
            hint: Some("save it as UTF-8 without one".to_owned()),
        });
    }
    match options().from_str::<Root>(text) {
        Ok(root) => Ok(root.into_document(head_comment(text))),
        // Only a text known to be wrong pays for following the path.
        Err(_) => Err(error_with_path(text, origin)),
    }
}

fn options() -> Options {
    Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
        .with_recursion_limit(NESTING)
}

/// The lines at the start that are comments, without the slashes and one space behind them. Blank
/// lines between them count as empty comment lines.
fn head_comment(text: &str) -> String {
    let mut lines = Vec::new();
    let mut blank = 0;
    for line in text.lines().map(str::trim_start) {
        if let Some(comment) = line.strip_prefix("//") {
            if !lines.is_empty() {
                lines.extend(std::iter::repeat_n("", blank));
            }
            blank = 0;
            lines.push(comment.strip_prefix(' ').unwrap_or(comment));
        } else if line.is_empty() {
            blank += 1;
        } else {
            break;
        }
    }
    lines.join("\n")
}

/// Reads the text again, this time following the path to what is wrong.
fn error_with_path(text: &str, origin: &str) -> LoadError {
    let mut track = serde_path_to_error::Track::new();
    let error = match ron::Deserializer::from_str_with_options(text, &options()) {
        Ok(mut deserializer) => {
            let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
            let result = Root::deserialize(tracked).and_then(|_| deserializer.end());
            match result {
                Err(code) => deserializer.span_error(code),
                Ok(()) => deserializer.span_error(RonError::TrailingCharacters),
            }
        }
        Err(error) => error,
    };
    let path = path_of_track(&track.path());
    describe(text, origin, path, error)
}

/// Our form of a path; what it cannot name is left out.
fn path_of_track(path: &serde_path_to_error::Path) -> FieldPath {
    path.iter().fold(FieldPath::root(), |so_far, segment| match segment {
        serde_path_to_error::Segment::Seq { index } => so_far.index(*index),
        serde_path_to_error::Segment::Map { key } => so_far.field(key.clone()),
        serde_path_to_error::Segment::Enum { variant } => so_far.variant(variant.clone()),
        serde_path_to_error::Segment::Unknown => so_far,
    })
}

/// Says what the reader found, where, and what to do.
fn describe(text: &str, origin: &str, path: FieldPath, error: SpannedError) -> LoadError {
    let at_cursor = TextPosition {
        line: u32::try_from(error.span.end.line).unwrap_or(u32::MAX),
        column: u32::try_from(error.span.end.col).unwrap_or(u32::MAX),
    };
    let at_value = || locate(text, &path);
    let mut message = error.code.to_string();
    let mut hint = None;
    let (rule, position) = match &error.code {
        RonError::Message(said) => {
            let limit = said.contains("which is the limit");
            (if limit { Rule::Limit } else { Rule::Field }, at_value())
        }
        RonError::InvalidValueForType { expected, found } => {
            message = format!("expected {expected}, found {found}");
            (Rule::Field, at_value())
        }
        RonError::ExpectedDifferentLength { .. }
        | RonError::IntegerOutOfBounds
        | RonError::ExpectedInteger
        | RonError::ExpectedString
        | RonError::ExpectedStringEnd
        | RonError::ExpectedBoolean
        | RonError::ExpectedArray
        | RonError::ExpectedStructLike
        | RonError::ExpectedNamedStructLike(_)
        | RonError::MissingStructField { .. } => (Rule::Field, at_value()),
        RonError::NoSuchEnumVariant { expected, found, .. } => {
            message = format!("`{found}` is not known here");
            hint = Some(one_of(found, expected));
            (Rule::Field, at_value())
        }
        RonError::NoSuchStructField { expected, found, .. } => {
            message = format!("there is no field `{found}`");
            hint = Some(one_of(found, expected));
            let parent = parent_of_field(&path, found);
            (Rule::Field, locate_field_name(text, &parent, found))
        }
        RonError::DuplicateStructField { field, .. } => {
            message = format!("the field `{field}` is there twice");
            let parent = parent_of_field(&path, field);
            (Rule::Field, locate_field_name(text, &parent, field))
        }
        RonError::SuggestRawIdentifier(found) => {
            message = format!("`{found}` is not a word that is known here");
            (Rule::Syntax, at_cursor)
        }
        RonError::ExceededRecursionLimit => {
            message = format!("brackets are nested deeper than {NESTING}, which is the limit");
            (Rule::Limit, at_cursor)
        }
        RonError::Eof => {
            message = "the text ends too early".to_owned();
            (Rule::Syntax, at_cursor)
        }
        _ => (Rule::Syntax, at_cursor),
    };
    let field_path = path.to_string();
    LoadError { file: origin.to_owned(), position, field_path, rule, message, hint }
}

/// The path without `field` at its end, where it leads into that field.
fn parent_of_field(path: &FieldPath, field: &str) -> FieldPath {
    match path.segments() {
        [parents @ .., PathSegment::Field(last)] if last == field => {
            parents.iter().cloned().fold(FieldPath::root(), |path, segment| match segment {
                PathSegment::Field(name) => path.field(name),
                PathSegment::Index(index) => path.index(index),
                PathSegment::Variant(name) => path.variant(name),
            })
        }
        _ => path.clone(),
    }
}

/// The closest of what is allowed, or all of it.
fn one_of(found: &str, expected: &[&'static str]) -> String {
    // A word of two letters is close to everything as short.
    let close = match found.chars().nth(2) {
        Some(_) => suggest::close(found, expected.iter().copied()),
        None => Vec::new(),
    };
    if close.is_empty() {
        format!("write one of {}", expected.join(", "))
    } else {
        let quoted: Vec<String> = close.iter().map(|name| format!("`{name}`")).collect();
        format!("did you mean {}?", quoted.join(" or "))
    }
}
