//! Places in a run, and the tuples of log positions that they stand for.

use std::fmt;
use std::str::FromStr;

use crate::base::Position;
use crate::ddi::DriverMark;
use crate::vidmm::VidMmMark;

/// Where every room of a machine stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Moment {
    /// VidMm.
    pub vidmm: VidMmMark,
    /// System memory.
    pub host: Position,
    /// Driver and device.
    pub driver: DriverMark,
    /// The ledger.
    pub ledger: Position,
}

/// A place inside a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inner {
    /// The operation, counted from 1.
    pub operation: u32,
    /// The packet of that operation, counted from 1; `None` after all of them.
    pub packet: Option<u32>,
}

/// A place in a run: after so many commands, or inside the next.
///
/// Written `128`, `128.2` and `128.2.3`: after command 128, after its second operation, after the
/// third packet of that. 0 is before the first command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The command, counted from 1; 0 for none.
    pub command: usize,
    /// Inside it; `None` after it.
    pub inner: Option<Inner>,
}

impl Place {
    /// After a command.
    #[must_use]
    pub const fn after(command: usize) -> Self {
        Self { command, inner: None }
    }

    /// After an operation of a command.
    #[must_use]
    pub const fn operation(command: usize, operation: u32) -> Self {
        Self { command, inner: Some(Inner { operation, packet: None }) }
    }

    /// After a packet of an operation.
    #[must_use]
    pub const fn packet(command: usize, operation: u32, packet: u32) -> Self {
        Self { command, inner: Some(Inner { operation, packet: Some(packet) }) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.command)?;
        if let Some(inner) = self.inner {
            write!(f, ".{}", inner.operation)?;
            if let Some(packet) = inner.packet {
                write!(f, ".{packet}")?;
            }
        }
        Ok(())
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    /// In the order of execution: inside a command comes before its end.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |place: &Self| {
            let inner = place.inner.map_or((u32::MAX, u32::MAX), |inner| {
                (inner.operation, inner.packet.unwrap_or(u32::MAX))
            });
            (place.command, inner)
        };
        key(self).cmp(&key(other))
    }
}

/// Why a text is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a step: write a command, command.operation or command.operation.packet")]
pub struct PlaceError(String);

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let error = || PlaceError(text.to_owned());
        let mut parts = text.split('.');
        let command = parts.next().and_then(|part| part.parse().ok()).ok_or_else(error)?;
        let number = |part: &str| part.parse::<u32>().ok().filter(|n| *n > 0);
        let inner: Vec<u32> = parts.map(number).collect::<Option<_>>().ok_or_else(error)?;
        match inner[..] {
            [] => Ok(Self::after(command)),
            [operation] => Ok(Self::operation(command, operation)),
            [operation, packet] => Ok(Self::packet(command, operation, packet)),
            _ => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_as_they_are_written() {
        for text in ["0", "128", "128.2", "128.2.3"] {
            assert_eq!(text.parse::<Place>().map(|place| place.to_string()), Ok(text.into()));
        }
        for text in ["", "x", "1.0", "1.2.3.4", "1.", "-1", "1.x"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
