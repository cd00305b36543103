//! What all allocations and extents of a state come to. Follows the state from step to step: a step
//! costs what it changes, not what there is.

use std::collections::BTreeMap;

use super::extent_sums::{ExtentSums, SUMS_FROM};
use super::lanes::process_of;
use crate::base::{AllocationId, DeviceId, Position, SegmentId};
use crate::vidmm::{Allocation, Book, Touched, VidMm};

/// Changes that are followed one by one where there are few objects.
const FOLLOWED: u64 = 4_096;

/// Some allocations: how many, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Allocations.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn take(&mut self, bytes: u64) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { count: self.count + other.count, bytes: self.bytes.saturating_add(other.bytes) }
    }
}

/// What a device created and has not destroyed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceTally {
    /// All of it.
    pub all: Amount,
    /// What of it is resident, by segment.
    pub resident: BTreeMap<SegmentId, Amount>,
}

impl DeviceTally {
    /// What is resident in any segment.
    #[must_use]
    pub fn all_resident(&self) -> Amount {
        self.resident.values().fold(Amount::default(), |sum, one| sum.and(*one))
    }
}

/// An allocation as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    device: DeviceId,
    bytes: u64,
    /// Where it is resident, and in how many bytes.
    resident: Option<(SegmentId, u64)>,
}

impl Counted {
    fn of(allocation: &Allocation) -> Self {
        Self {
            device: allocation.device(),
            bytes: allocation.size().get(),
            resident: allocation.placement().map(|place| (place.segment, place.span.len())),
        }
    }
}

/// The sums of a state.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Where the book stood; `None` before the first state.
    at: Option<Position>,
    /// By id.
    counted: Vec<Option<Counted>>,
    devices: BTreeMap<DeviceId, DeviceTally>,
    /// By index of the segment; where there are few extents, nothing.
    extents: Vec<Option<ExtentSums>>,
}

impl Tally {
    /// Goes on to the state in which VidMm is. It is the same run as before.
    pub fn follow(&mut self, vidmm: &VidMm) {
        let (to, book) = (vidmm.mark().book, vidmm.book());
        if self.at == Some(to) {
            return;
        }
        let near = FOLLOWED.max(self.counted.len() as u64 / 8);
        let near = self.at.filter(|from| from.0.abs_diff(to.0) <= near);
        match near.and_then(|from| vidmm.touched(from, to)) {
            Some(changes) => self.go_on(book, changes),
            None => self.begin(book),
        }
        self.at = Some(to);
        for (id, slot) in (0..).map_while(SegmentId::from_index).zip(&mut self.extents) {
            let Some(segment) = book.segment(id) else { continue };
            let many = segment.space().block_count() >= SUMS_FROM;
            match slot {
                Some(sums) if many && !sums.is_outgrown(segment) => {
                    sums.refresh(segment, &|owner| process_of(book, owner));
                }
                _ => {
                    let sums = || ExtentSums::new(segment, &|owner| process_of(book, owner));
                    *slot = many.then(sums);
                }
            }
        }
    }

    fn begin(&mut self, book: &Book) {
        *self = Self::default();
        for allocation in book.allocations() {
            self.count(allocation.id(), Some(allocation));
        }
        self.extents = (0..)
            .map_while(SegmentId::from_index)
            .map_while(|id| book.segment(id))
            .map(|_| None)
            .collect();
    }

    fn go_on(&mut self, book: &Book, changes: impl Iterator<Item = Touched>) {
        let mut last = None;
        for touched in changes {
            match touched {
                Touched::Allocation(id) => {
                    if last != Some(id) {
                        self.count(id, book.allocation(id));
                    }
                    last = Some(id);
                }
                Touched::Extent(segment, span) => {
                    if let Some(Some(sums)) = self.extents.get_mut(segment.index()) {
                        sums.touch(span);
                    }
                }
            }
        }
    }

    /// Counts an allocation as it is now, and no longer as it was.
    fn count(&mut self, id: AllocationId, allocation: Option<&Allocation>) {
        let now = allocation.map(Counted::of);
        if self.counted.len() <= id.index() {
            self.counted.resize(id.index() + 1, None);
        }
        let before = std::mem::replace(&mut self.counted[id.index()], now);
        if before == now {
            return;
        }
        if let Some(Counted { device, bytes, resident }) = before {
            let tally = self.devices.entry(device).or_default();
            tally.all.take(bytes);
            if let Some((segment, bytes)) = resident {
                tally.resident.entry(segment).or_default().take(bytes);
            }
        }
        if let Some(Counted { device, bytes, resident }) = now {
            let tally = self.devices.entry(device).or_default();
            tally.all.add(bytes);
            if let Some((segment, bytes)) = resident {
                tally.resident.entry(segment).or_default().add(bytes);
            }
        }
    }

    /// What a device has.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&DeviceTally> {
        self.devices.get(&id)
    }

    /// What is resident in any segment.
    #[must_use]
    pub fn resident(&self) -> Amount {
        self.devices.values().fold(Amount::default(), |sum, one| sum.and(one.all_resident()))
    }

    /// The sums over the extents of a segment, where there are so many that they are kept.
    #[must_use]
    pub fn extents(&self, id: SegmentId) -> Option<&ExtentSums> {
        self.extents.get(id.index())?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::run;
    use crate::base::SplitMix;
    use crate::machine::Place;

    /// Without what came to nothing.
    fn plain(tally: &Tally) -> BTreeMap<DeviceId, DeviceTally> {
        let mut devices = tally.devices.clone();
        for device in devices.values_mut() {
            device.resident.retain(|_, amount| amount.count > 0);
        }
        devices.retain(|_, device| device.all.count > 0);
        devices
    }

    fn naive(book: &Book) -> BTreeMap<DeviceId, DeviceTally> {
        let mut devices: BTreeMap<DeviceId, DeviceTally> = BTreeMap::new();
        for allocation in book.allocations() {
            let device = devices.entry(allocation.device()).or_default();
            device.all.add(allocation.size().get());
            if let Some(place) = allocation.placement() {
                device.resident.entry(place.segment).or_default().add(place.span.len());
            }
        }
        devices
    }

    #[test]
    fn a_tally_that_follows_counts_what_there_is() {
        let mut random = SplitMix::new(11);
        let mut run = run(include_str!("../../tests/sessions/walk.ron"));
        run.execute_all();
        let mut tally = Tally::default();
        for _ in 0..200 {
            let to = random.below(run.commands().len() as u64 + 1);
            let to = usize::try_from(to).expect("small");
            assert_eq!(run.go_to(Place::after(to)), Ok(true));
            let vidmm = run.machine().started().expect("it starts").vidmm();
            tally.follow(vidmm);
            assert_eq!(plain(&tally), naive(vidmm.book()), "at {to}");
            let resident = vidmm.book().allocations().filter(|one| one.placement().is_some());
            assert_eq!(tally.resident().count, resident.count() as u64, "at {to}");
        }
    }

    /// So many blocks that their sums are kept: they are those made anew, after steps both ways.
    #[test]
    fn sums_of_many_extents_follow() {
        let mut text = String::from(
            "(version: 1, adapter: (profile: \"inspector\"), commands: [CreateProcess(\"p\"), \
             CreateDevice(name: \"d\", process: \"p\"),",
        );
        for number in 0..SUMS_FROM + 100 {
            text.push_str(&format!(
                "CreateAllocation(name: \"t{number}\", device: \"d\", size: 4096, \
                 preferred: [1], supported: [1]),"
            ));
        }
        for some in (0..SUMS_FROM + 100).collect::<Vec<_>>().chunks(64) {
            let names: Vec<String> = some.iter().map(|number| format!("\"t{number}\"")).collect();
            text.push_str(&format!("MakeResident([{}]),", names.join(",")));
        }
        text.push_str("Evict(\"t77\"), Evict(\"t1900\")])");
        let mut run = run(&text);
        run.machine_mut().set_scrutiny(crate::machine::Scrutiny::Touched);
        run.execute_all();
        let end = run.commands().len();
        let mut tally = Tally::default();
        for back in [2, 1, 0, 1, 2, 3, 0, 40, 2] {
            assert_eq!(run.go_to(Place::after(end - back)), Ok(true));
            let vidmm = run.machine().started().expect("it starts").vidmm();
            tally.follow(vidmm);
            let id = SegmentId::new(1).expect("the first");
            let segment = vidmm.book().segment(id).expect("there is one");
            let blocks = segment.space().block_count();
            assert_eq!(tally.extents(id).is_some(), blocks >= SUMS_FROM, "{back} back");
            if let Some(sums) = tally.extents(id) {
                assert_eq!(sums.whole().count, blocks as u64, "{back} back");
                assert_eq!(sums.whole().used, segment.space().used(), "{back} back");
            }
        }
    }
}
