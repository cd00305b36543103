//! What an adapter reports of its memory: dedicated, shared, and by budget group.
//!
//! The formulas are those of the page "Calculating graphics memory"; the groups are those of
//! `D3DKMT_SEGMENTGROUPSIZEINFO`. Sums that pass 64 bits stay at the largest number: an adapter
//! with such sizes breaks rules and is shown all the same.

use crate::base::Bytes;
use crate::config::Adapter;
use crate::ddi::SegmentFlags;

use super::seen::{self, Seen};

/// The least that is available for graphics.
const LEAST_AVAILABLE: u64 = 64 << 20;

/// Bytes by budget group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupTotals {
    /// `LocalMemory`: segments of the local group.
    pub local: Bytes,
    /// `NonLocalMemory`: segments of the non-local group.
    pub non_local: Bytes,
    /// `NonBudgetMemory`: segments of neither group.
    pub non_budget: Bytes,
}

/// What an adapter reports of its memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// `TotalSystemMemoryAvailableForGraphics`: half of system memory, at least 64 MiB.
    pub available_for_graphics: Bytes,
    /// `DedicatedVideoMemory`: memory segments not made of system memory.
    pub dedicated_video: Bytes,
    /// `DedicatedSystemMemory`: memory segments made of system memory.
    pub dedicated_system: Bytes,
    /// `MaxSharedSystemMemory`: what is available less what is dedicated.
    pub max_shared_system: Bytes,
    /// `SharedSystemMemory`: what apertures may commit, within the limit of all apertures and the
    /// most that is shared. Enforced as a limit on what is mapped.
    pub shared_system: Bytes,
    /// `TotalVideoMemory`: dedicated video, dedicated system and shared system memory.
    pub total_video: Bytes,
    /// The same segments by budget group: memory by size, apertures by commit limit.
    pub groups: GroupTotals,
}

/// Half of system memory, at least 64 MiB. System memory is what the operating system counts:
/// without what the BIOS took.
pub(super) fn available_for_graphics(system_memory: u64) -> u64 {
    (system_memory / 2).max(LEAST_AVAILABLE)
}

/// Adds up what an adapter reports. Segments without an id are left out.
#[must_use]
pub fn totals(adapter: &Adapter) -> Totals {
    let sum = |bytes: &mut dyn Iterator<Item = u64>| bytes.fold(0, u64::saturating_add);
    let segments: Vec<Seen<'_>> = seen::segments(adapter).collect();
    let memory = |populated: bool| {
        let is_one = move |segment: &&Seen<'_>| {
            let made = segment.has(SegmentFlags::PopulatedFromSystemMemory);
            !segment.aperture && made == populated
        };
        sum(&mut segments.iter().filter(is_one).map(|segment| segment.size))
    };
    let apertures = segments.iter().filter(|segment| segment.aperture);
    let (dedicated_video, dedicated_system) = (memory(false), memory(true));
    let available = available_for_graphics(adapter.system_memory);
    let max_shared = available.saturating_sub(dedicated_system);
    let limit = match adapter.aperture_commit_limit {
        0 => u64::MAX,
        limit => limit,
    };
    let shared = sum(&mut apertures.map(Seen::commit_limit)).min(limit).min(max_shared);
    let total = dedicated_video.saturating_add(dedicated_system).saturating_add(shared);
    Totals {
        available_for_graphics: Bytes(available),
        dedicated_video: Bytes(dedicated_video),
        dedicated_system: Bytes(dedicated_system),
        max_shared_system: Bytes(max_shared),
        shared_system: Bytes(shared),
        total_video: Bytes(total),
        groups: groups(&segments),
    }
}

fn groups(segments: &[Seen<'_>]) -> GroupTotals {
    let mut groups = GroupTotals::default();
    for segment in segments {
        let bytes = if segment.aperture { segment.commit_limit() } else { segment.size };
        let group = if segment.has(SegmentFlags::LocalBudgetGroup) {
            &mut groups.local
        } else if segment.has(SegmentFlags::NonLocalBudgetGroup) {
            &mut groups.non_local
        } else {
            &mut groups.non_budget
        };
        *group = Bytes(group.get().saturating_add(bytes));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AgpAperture, Segment};

    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    const MEMORY: SegmentFlags = SegmentFlags::empty();
    const APERTURE: SegmentFlags = SegmentFlags::Aperture;
    const POPULATED: SegmentFlags = SegmentFlags::PopulatedFromSystemMemory;

    fn adapter(system_memory: u64, limit: u64, segments: &[(SegmentFlags, u64)]) -> Adapter {
        let segment = |(flags, size): &(SegmentFlags, u64)| Segment {
            flags: *flags,
            size: *size,
            ..Segment::default()
        };
        Adapter {
            system_memory,
            aperture_commit_limit: limit,
            segments: segments.iter().map(segment).collect(),
            ..Adapter::default()
        }
    }

    /// Worked by hand from the formulas: available, dedicated video, dedicated system, shared, total.
    #[test]
    fn the_worked_examples_come_out() {
        let table: [(Adapter, [u64; 5]); 7] = [
            (adapter(16 * GIB, 0, &[(APERTURE, GIB)]), [8 * GIB, 0, 0, GIB, GIB]),
            (
                adapter(16 * GIB, 0, &[(MEMORY, 8 * GIB), (APERTURE, 32 * GIB)]),
                [8 * GIB, 8 * GIB, 0, 8 * GIB, 16 * GIB],
            ),
            (
                adapter(16 * GIB, 0, &[(POPULATED, 512 * MIB), (APERTURE, 16 * GIB)]),
                [8 * GIB, 0, 512 * MIB, 7680 * MIB, 8 * GIB],
            ),
            (adapter(96 * MIB, 0, &[(MEMORY, MIB)]), [64 * MIB, MIB, 0, 0, MIB]),
            // The limit of all apertures binds.
            (
                adapter(16 * GIB, 256 * MIB, &[(APERTURE, GIB)]),
                [8 * GIB, 0, 0, 256 * MIB, 256 * MIB],
            ),
            // More dedicated than available leaves nothing to share.
            (
                adapter(128 * MIB, 0, &[(POPULATED, 96 * MIB), (APERTURE, GIB)]),
                [64 * MIB, 0, 96 * MIB, 0, 96 * MIB],
            ),
            (
                adapter(
                    u64::MAX,
                    u64::MAX,
                    &[(MEMORY, u64::MAX), (MEMORY, 1), (POPULATED, u64::MAX)],
                ),
                [u64::MAX / 2, u64::MAX, u64::MAX, 0, u64::MAX],
            ),
        ];
        for (adapter, expected) in table {
            let found = totals(&adapter);
            let found = [
                found.available_for_graphics,
                found.dedicated_video,
                found.dedicated_system,
                found.shared_system,
                found.total_video,
            ];
            assert_eq!(found.map(Bytes::get), expected, "{adapter:?}");
        }
    }

    #[test]
    fn lowered_commit_limits_and_the_platform_s_aperture_count() {
        let mut lowered = adapter(16 * GIB, 0, &[(APERTURE, GIB), (SegmentFlags::Agp, 1)]);
        lowered.segments[0].commit_limit = 512 * MIB;
        assert_eq!(totals(&lowered).shared_system, Bytes::mib(512), "there is no AGP aperture");
        lowered.agp_aperture = Some(AgpAperture { base: 0, size: 64 * MIB });
        assert_eq!(totals(&lowered).shared_system, Bytes::mib(576));
    }

    #[test]
    fn segments_count_in_their_budget_group() {
        let local = SegmentFlags::LocalBudgetGroup;
        let mut adapter = adapter(
            16 * GIB,
            0,
            &[
                (local, 8 * GIB),
                (local | SegmentFlags::CpuVisible, 256 * MIB),
                (APERTURE | SegmentFlags::NonLocalBudgetGroup, GIB),
                (MEMORY, 16 * MIB),
            ],
        );
        adapter.segments[2].commit_limit = 512 * MIB;
        let groups = totals(&adapter).groups;
        assert_eq!(groups.local, Bytes(8 * GIB + 256 * MIB));
        assert_eq!(groups.non_local, Bytes(512 * MIB));
        assert_eq!(groups.non_budget, Bytes(16 * MIB));
    }
}
