//! How states of power, and what is kept and lost in them, are read.

use serde::Deserialize;
use serde::de::{self, Deserializer};

use super::size;
use crate::config::{HardwareKeeps, Kept};
use crate::ddi::DevicePowerState;
use crate::vidmm::{Fate, Power, Sleep};

/// The grammar of [`Sleep`].
#[derive(Deserialize)]
#[serde(remote = "Sleep", rename = "Sleep")]
pub(in crate::session) enum SleepName {
    Standby,
    Hibernate,
    HybridSleep,
    FastStartup,
}

/// The grammar of [`DevicePowerState`].
#[derive(Deserialize)]
#[serde(remote = "DevicePowerState", rename = "DevicePowerState")]
pub(in crate::session) enum DevicePowerStateName {
    D0,
    D1,
    D2,
    D3,
}

/// The grammar of [`Power`].
#[derive(Deserialize)]
#[serde(remote = "Power", rename = "Power")]
pub(in crate::session) enum PowerName {
    Working,
    Device(#[serde(deserialize_with = "lowered_state")] DevicePowerState),
    Asleep(#[serde(with = "SleepName")] Sleep),
}

/// A state of the adapter in which it does not work.
fn lowered_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DevicePowerState, D::Error> {
    match DevicePowerStateName::deserialize(deserializer)? {
        DevicePowerState::D0 => Err(de::Error::custom(
            "an adapter in D0 works: write `Working` in place of `Device(D0)`",
        )),
        state => Ok(state),
    }
}

/// The grammar of [`Fate`].
#[derive(Deserialize)]
#[serde(remote = "Fate", rename = "Fate")]
pub(in crate::session) enum FateName {
    Kept,
    MovedOut,
    Discarded,
    Unmapped,
    Lost,
    Restored,
    Remapped,
    Waiting,
}

/// The grammar of [`Kept`].
#[derive(Deserialize)]
#[serde(remote = "Kept", rename = "Kept")]
enum KeptName {
    Nothing,
    Everything,
    First(#[serde(deserialize_with = "size")] u64),
}

fn optional_kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Kept>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wrapper(#[serde(with = "KeptName")] Kept);

    Ok(Option::<Wrapper>::deserialize(deserializer)?.map(|wrapper| wrapper.0))
}

/// What the hardware keeps of a segment.
pub(in crate::session) fn hardware_keeps<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<HardwareKeeps, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename = "HardwareKeeps")]
    struct Text {
        #[serde(default, deserialize_with = "optional_kept")]
        standby: Option<Kept>,
        #[serde(default, deserialize_with = "optional_kept")]
        hibernate: Option<Kept>,
    }

    // Like every other field that may be left out, it may also be `None`.
    let text = Option::<Text>::deserialize(deserializer)?;
    Ok(text.map_or_else(HardwareKeeps::default, |Text { standby, hibernate }| HardwareKeeps {
        standby,
        hibernate,
    }))
}
