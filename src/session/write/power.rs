//! Writing states of power, and what is kept and lost in them.

use std::fmt::{self, Display};

use super::{Fields, Size};
use crate::base::text::count;
use crate::config::{HardwareKeeps, Kept};
use crate::ddi::DevicePowerState;
use crate::session::document::CostsDescription;
use crate::vidmm::{Fate, Power, Sleep};

pub(super) const fn sleep_name(sleep: Sleep) -> &'static str {
    match sleep {
        Sleep::Standby => "Standby",
        Sleep::Hibernate => "Hibernate",
        Sleep::HybridSleep => "HybridSleep",
        Sleep::FastStartup => "FastStartup",
    }
}

pub(super) const fn fate_name(fate: Fate) -> &'static str {
    match fate {
        Fate::Kept => "Kept",
        Fate::MovedOut => "MovedOut",
        Fate::Discarded => "Discarded",
        Fate::Unmapped => "Unmapped",
        Fate::Lost => "Lost",
        Fate::Restored => "Restored",
        Fate::Remapped => "Remapped",
        Fate::Waiting => "Waiting",
    }
}

pub(super) struct PowerText(pub(super) Power);

impl Display for PowerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // The reader knows no other word for D0.
            Power::Working | Power::Device(DevicePowerState::D0) => f.write_str("Working"),
            Power::Device(state) => write!(f, "Device({})", state.name()),
            Power::Asleep(sleep) => write!(f, "Asleep({})", sleep_name(sleep)),
        }
    }
}

struct KeptText(Kept);

impl Display for KeptText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kept::Nothing => f.write_str("Nothing"),
            Kept::Everything => f.write_str("Everything"),
            Kept::First(bytes) => write!(f, "First({})", Size(bytes)),
        }
    }
}

pub(super) fn hardware_keeps_fields(keeps: HardwareKeeps) -> Fields {
    let HardwareKeeps { standby, hibernate } = keeps;
    let mut fields = Fields::default();
    fields.some("standby", standby.map(KeptText));
    fields.some("hibernate", hibernate.map(KeptText));
    fields
}

/// A whole number with its thousands set apart: `16_000_000_000`.
struct Grouped(u64);

impl Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&count(self.0).replace(',', "_"))
    }
}

/// Bytes a second: makers of hardware count them in powers of ten, people who type them in units.
struct Rate(u64);

impl Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 != 0 && self.0.is_multiple_of(1 << 20) {
            Size(self.0).fmt(f)
        } else {
            Grouped(self.0).fmt(f)
        }
    }
}

pub(super) fn costs_fields(costs: &CostsDescription) -> Fields {
    let CostsDescription {
        link_to_device,
        link_to_host,
        local_memory,
        operation,
        submission,
        packet,
        aperture_page,
        hibernate_file,
        power_down,
        power_up,
    } = *costs;
    let mut fields = Fields::default();
    fields.some("link_to_device", link_to_device.map(Rate));
    fields.some("link_to_host", link_to_host.map(Rate));
    fields.some("local_memory", local_memory.map(Rate));
    fields.some("operation", operation.map(Grouped));
    fields.some("submission", submission.map(Grouped));
    fields.some("packet", packet.map(Grouped));
    fields.some("aperture_page", aperture_page.map(Grouped));
    fields.some("hibernate_file", hibernate_file.map(Rate));
    fields.some("power_down", power_down.map(Grouped));
    fields.some("power_up", power_up.map(Grouped));
    fields
}
