//! How what concerns contexts is read.

use serde::Deserialize;
use serde::de::{self, Deserializer};

/// The highest priority of a context, and the distance of the lowest from 0.
const HIGHEST: i8 = 7;

/// The priority of a context.
pub(in crate::session) fn context_priority<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<i8, D::Error> {
    let priority = i64::deserialize(deserializer)?;
    let found = i8::try_from(priority).ok();
    found.filter(|found| (-HIGHEST..=HIGHEST).contains(found)).ok_or_else(|| {
        de::Error::custom(format_args!(
            "{priority} is not a priority of a context: they go from -{HIGHEST} to {HIGHEST}"
        ))
    })
}
