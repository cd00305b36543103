//! Keys as the application names them, so that menus, tooltips, help and the keyboard agree.

use std::fmt;

/// A key of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A key that writes this character, upper case for letters.
    Character(char),
    /// Arrow to the left.
    Left,
    /// Arrow to the right.
    Right,
    /// The long one.
    Space,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Esc.
    Escape,
    /// A function key, counted from 1.
    Function(u8),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => write!(f, "{character}"),
            Self::Left => f.write_str("←"),
            Self::Right => f.write_str("→"),
            Self::Space => f.write_str("Space"),
            Self::Home => f.write_str("Home"),
            Self::End => f.write_str("End"),
            Self::Escape => f.write_str("Esc"),
            Self::Function(number) => write!(f, "F{number}"),
        }
    }
}

/// A key with the keys that are held down beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    /// Control; Command on a Mac.
    pub control: bool,
    /// Shift.
    pub shift: bool,
    /// Alt.
    pub alt: bool,
    /// The key.
    pub key: Key,
}

impl Chord {
    /// The key alone.
    #[must_use]
    pub const fn plain(key: Key) -> Self {
        Self { control: false, shift: false, alt: false, key }
    }

    /// With Control.
    #[must_use]
    pub const fn control(key: Key) -> Self {
        Self { control: true, ..Self::plain(key) }
    }

    /// With Alt.
    #[must_use]
    pub const fn alt(key: Key) -> Self {
        Self { alt: true, ..Self::plain(key) }
    }

    /// The same with Shift.
    #[must_use]
    pub const fn shifted(self) -> Self {
        Self { shift: true, ..self }
    }

    /// How many keys are held down beside the key.
    #[must_use]
    pub const fn held(self) -> u8 {
        self.control as u8 + self.shift as u8 + self.alt as u8
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.control, "Ctrl"), (self.shift, "Shift"), (self.alt, "Alt")] {
            if held {
                write!(f, "{name}+")?;
            }
        }
        write!(f, "{}", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_read_as_they_are_pressed() {
        let save_as = Chord::control(Key::Character('S')).shifted();
        assert_eq!(save_as.to_string(), "Ctrl+Shift+S");
        assert_eq!(save_as.held(), 2);
        assert_eq!(Chord::plain(Key::Function(10)).to_string(), "F10");
        assert_eq!(Chord::alt(Key::Left).to_string(), "Alt+←");
    }
}
