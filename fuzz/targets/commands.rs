//! Bytes as a sequence of commands on a small adapter: carried out, compared with an oracle that
//! shares nothing with the program, and stepped back. The first byte says of which kind.

use crate::oracle::judge;
use crate::power;
use crate::random::Case;
use crate::source::Source;
use crate::submit;

/// The target.
pub(crate) fn check(data: &[u8]) {
    let mut from = Source::new(data);
    let result = match from.byte() {
        // Placement, states, apertures, content.
        0..=127 => judge::judge(&Case::from_source(&mut from)),
        // The user's work against an interpreter over arrays of bytes.
        128..=191 => submit::random::decode::check_source(&mut from),
        // Power transitions against the preservation table.
        192..=255 => power::random::decode::check_source(&mut from),
    };
    if let Err(message) = result {
        panic!("{message}");
    }
}
