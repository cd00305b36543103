//! The name of an object in a session, compact.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::limits::NAME_BYTES;

/// Names up to this many bytes lie in the value itself; nearly all do.
const INLINE: usize = 14;

/// A name as a session writes it: 1 to 128 bytes of UTF-8.
///
/// A large session mentions names millions of times, so a short one takes no memory of its own.
#[derive(Clone)]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    Inline { length: u8, bytes: [u8; INLINE] },
    Heap(Box<Long>),
}

/// A text by a pointer of one word.
#[derive(Clone)]
struct Long(Box<str>);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty.
    #[error("a name must not be empty")]
    Empty,
    /// It has more than 128 bytes.
    #[error("the name has {0} bytes; at most {NAME_BYTES} are allowed")]
    TooLong(usize),
}

impl Name {
    /// The name `text`.
    ///
    /// # Errors
    /// When it is empty or longer than [`NAME_BYTES`].
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > NAME_BYTES {
            return Err(NameError::TooLong(text.len()));
        }
        match u8::try_from(text.len()) {
            Ok(length) if text.len() <= INLINE => {
                let mut bytes = [0; INLINE];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Ok(Self(Repr::Inline { length, bytes }))
            }
            _ => Ok(Self(Repr::Heap(Box::new(Long(text.into()))))),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // The bytes were copied from a `str`, so this never falls back.
            Repr::Inline { length, bytes } => bytes
                .get(..usize::from(*length))
                .and_then(|used| std::str::from_utf8(used).ok())
                .unwrap_or_default(),
            Repr::Heap(text) => &text.0,
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// A name is equal to, and hashed as, its text.
impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<&str> for Name {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name in quotes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                Name::new(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_text_at_every_length() {
        for length in [1, 13, 14, 15, 127, 128] {
            let text = "n".repeat(length);
            assert_eq!(Name::new(&text).map(|name| name.as_str().to_owned()), Ok(text));
        }
        assert_eq!(Name::new("Größe 木").map(|name| name.to_string()), Ok("Größe 木".to_owned()));
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new(&"n".repeat(129)), Err(NameError::TooLong(129)));
    }

    #[test]
    fn a_name_is_two_words() {
        assert_eq!(size_of::<Name>(), 16);
    }
}
