//! What a driver claims that a sleep leaves in its segments, what the hardware really leaves, and
//! what things cost in time.

use crate::base::Span;
use crate::ddi::{SegmentFlags, SystemSleepState};

use super::Segment;

/// What the hardware leaves in a segment after a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// No byte.
    Nothing,
    /// Every byte.
    Everything,
    /// The first bytes, so many.
    First(u64),
}

/// What the hardware of a segment really keeps; `None` where it keeps what the flags claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HardwareKeeps {
    /// In S3.
    pub standby: Option<Kept>,
    /// In S4.
    pub hibernate: Option<Kept>,
}

impl Segment {
    /// The bytes that the driver claims a sleep leaves, from the start of the segment: sorted and
    /// apart, whatever the flags. Rows of flags that no system recognises claim nothing.
    ///
    /// Rows: preserved in standby, in hibernation, partly in hibernation. A video protected range
    /// is claimed by its own flag, for standby alone. Apertures hold no bytes to claim.
    #[must_use]
    pub fn claimed(&self, sleep: SystemSleepState) -> Vec<Span> {
        let has = |flag| self.flags.contains(flag);
        if self.flags.intersects(SegmentFlags::Aperture | SegmentFlags::Agp) {
            return Vec::new();
        }
        let row = (
            has(SegmentFlags::PreservedDuringStandby),
            has(SegmentFlags::PreservedDuringHibernate),
            has(SegmentFlags::PartiallyPreservedDuringHibernate),
        );
        let kept = match (sleep, row) {
            (SystemSleepState::Standby, (true, false, _) | (true, true, false))
            | (SystemSleepState::Hibernate, (true, true, false)) => Kept::Everything,
            (SystemSleepState::Hibernate, (true, false, true)) => {
                Kept::First(self.system_memory_end_address.saturating_add(1))
            }
            _ => Kept::Nothing,
        };
        let span = span_of(kept, self.size);
        let Some(protected) = self.protected() else { return span.into_iter().collect() };
        let standby = sleep == SystemSleepState::Standby;
        let claimed = standby && has(SegmentFlags::VprPreservedDuringStandby);
        split(span, protected, claimed, self.size)
    }

    /// The bytes that the hardware really leaves, from the start of the segment: sorted and apart.
    #[must_use]
    pub fn really_kept(&self, sleep: SystemSleepState) -> Vec<Span> {
        if self.flags.intersects(SegmentFlags::Aperture | SegmentFlags::Agp) {
            return Vec::new();
        }
        let stated = match sleep {
            SystemSleepState::Standby => self.hardware_keeps.standby,
            SystemSleepState::Hibernate => self.hardware_keeps.hibernate,
        };
        match stated {
            Some(kept) => span_of(kept, self.size).into_iter().collect(),
            None => self.claimed(sleep),
        }
    }

    /// The video protected range, where the flags say that there is one.
    fn protected(&self) -> Option<Span> {
        let supported = self.flags.contains(SegmentFlags::VprSupported);
        let range = self.video_protected_range.filter(|range| supported && range.size > 0)?;
        Span::at(range.start, range.size)?.intersection(Span::whole(self.size))
    }
}

fn span_of(kept: Kept, size: u64) -> Option<Span> {
    let end = match kept {
        Kept::Nothing => 0,
        Kept::Everything => size,
        Kept::First(bytes) => bytes.min(size),
    };
    (end > 0).then(|| Span::whole(end))
}

/// What is claimed of a segment with a protected range: `span` without the range, and the range
/// where that is claimed.
fn split(span: Option<Span>, protected: Span, claimed: bool, size: u64) -> Vec<Span> {
    let before = Span::new(0, protected.start());
    let after = Span::new(protected.end(), size);
    let part = |around: Option<Span>| span.zip(around).and_then(|(a, b)| a.intersection(b));
    let parts = [part(before), claimed.then_some(protected), part(after)];
    let mut spans: Vec<Span> = Vec::new();
    for next in parts.into_iter().flatten() {
        match spans.last_mut() {
            Some(last) if last.end() == next.start() => {
                *last = Span::new(last.start(), next.end()).unwrap_or(*last);
            }
            _ => spans.push(next),
        }
    }
    spans
}

/// What things cost on the machine's clock. Rates are bytes a second, 0 for no time at all; the
/// others are nanoseconds.
///
/// The defaults are a plausible machine: a link of 16 GB/s each way, local memory at 64 GB/s, a
/// disk that takes 1 GB/s. They order and scale the timeline; they predict no real adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Costs {
    /// Bytes a second from system memory to the device.
    pub link_to_device: u64,
    /// Bytes a second from the device to system memory.
    pub link_to_host: u64,
    /// Bytes a second inside local memory.
    pub local_memory: u64,
    /// A call of the driver to build an operation, in nanoseconds.
    pub operation: u64,
    /// A submission: doorbell, fetch and interrupt, in nanoseconds.
    pub submission: u64,
    /// A packet, whatever it does, in nanoseconds.
    pub packet: u64,
    /// A page of an aperture pointed elsewhere, in nanoseconds.
    pub aperture_page: u64,
    /// Bytes a second written to the hibernation file, and read from it.
    pub hibernate_file: u64,
    /// `DxgkDdiSetPowerState` to D1, D2 or D3, in nanoseconds.
    pub power_down: u64,
    /// `DxgkDdiSetPowerState` to D0, and the restart after a timeout, in nanoseconds.
    pub power_up: u64,
}

impl Default for Costs {
    fn default() -> Self {
        Self {
            link_to_device: 16_000_000_000,
            link_to_host: 16_000_000_000,
            local_memory: 64_000_000_000,
            operation: 500,
            submission: 2_000,
            packet: 100,
            aperture_page: 2,
            hibernate_file: 1_000_000_000,
            power_down: 4_000_000,
            power_up: 6_000_000,
        }
    }
}
