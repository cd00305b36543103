//! Expectations: what a session says must hold.

use crate::base::{AllocationId, DeviceId, PagesId, PhysicalAddress, SegmentId};
use crate::ddi::NtStatus;
use crate::gpu::Place as GpuPlace;
use crate::kmd::Driver;
use crate::memory::{ContentHash, bytes};
use crate::rules::{Rule, SegmentKind};
use crate::vidmm::{Fate, Offer, Placement, Power};

use super::command::{ContentState, Counter, Expectation, ExpectedPlace, OfferState};
use super::machine::Started;
use super::verify::Damage;

/// How an expectation fails: what was found instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The allocation is resident there.
    ResidentAt(AllocationId, Placement),
    /// The allocation is resident nowhere.
    NotResident(AllocationId),
    /// The allocation does not exist.
    Absent(AllocationId),
    /// The allocation exists.
    Present(AllocationId),
    /// The content is in this state; a damaged one has its first wrong byte here.
    Content(AllocationId, ContentState, Option<u64>),
    /// The last command ended with this status; `None` before the first.
    Status(Option<NtStatus>),
    /// The counter stands here.
    Counter(Counter, u64),
    /// The first byte that differs, and what it is; `None` where there is no such byte.
    Byte {
        /// From the start of the bytes expected.
        offset: u64,
        /// What must be there.
        expected: u8,
        /// What is there.
        found: Option<u8>,
    },
    /// The allocation's bytes have this hash; `None` where it has none.
    Hash(AllocationId, Option<ContentHash>),
    /// The machine runs, or stopped like this.
    Stopped(Option<(u32, u32)>),
    /// The segment is not one of the adapter's.
    NoSuchSegment(SegmentId),
    /// The allocation is offered like this.
    Offer(AllocationId, OfferState),
    /// The allocation has so many locks.
    Locks(AllocationId, u32),
    /// This is displayed.
    Displayed(Option<AllocationId>),
    /// This device owns the allocation.
    Owner(AllocationId, DeviceId),
    /// The pages are not reserved.
    NoPages(PagesId),
    /// The configuration does not touch the rule.
    NoFinding(Rule),
    /// The command before did other damage, or none; the first that was not expected.
    Damage(Option<Damage>),
    /// The machine is in this power state.
    Power(Power),
    /// The last power transition left the allocation like this; `None` where there was none, or it
    /// did not deal with the allocation.
    Fate(AllocationId, Option<Fate>),
    /// So many bytes of the allocation are wrong.
    LostBytes(AllocationId, u64),
}

impl Started {
    /// Whether an expectation holds now.
    pub(crate) fn evaluate(&self, expectation: &Expectation) -> Result<(), Mismatch> {
        match expectation {
            Expectation::Place(id, place) => self.expect_place(*id, *place),
            Expectation::Content(id, state) => {
                let allocation = self.vidmm.book().allocation(*id).ok_or(Mismatch::Absent(*id))?;
                let (found, offset) = self.content_state(allocation);
                holds(found == *state, || Mismatch::Content(*id, found, offset))
            }
            Expectation::Status(status) => {
                let last = self.ledger().last_status();
                holds(last == Some(*status), || Mismatch::Status(last))
            }
            Expectation::Counter(counter, value) => {
                let found = self.counter(*counter);
                holds(found == *value, || Mismatch::Counter(*counter, found))
            }
            Expectation::Bytes(id, offset, wanted) => {
                let allocation = self.vidmm.book().allocation(*id).ok_or(Mismatch::Absent(*id))?;
                let pieces = self.pieces(allocation).unwrap_or_default();
                let part = bytes::slice_pieces(&pieces, *offset, wanted.len() as u64);
                expect_bytes(wanted, Some(bytes::read_pieces(&part, wanted.len())))
            }
            Expectation::SegmentBytes(segment, offset, wanted) => {
                expect_bytes(wanted, self.segment_bytes(*segment, *offset, wanted.len())?)
            }
            Expectation::PhysicalBytes(address, wanted) => {
                let mut found = vec![0; wanted.len()];
                let read = self.host.read(PhysicalAddress(*address), &mut found);
                expect_bytes(wanted, read.ok().map(|()| found))
            }
            Expectation::Hash(id, hash) => {
                let allocation = self.vidmm.book().allocation(*id).ok_or(Mismatch::Absent(*id))?;
                let found = self.content_hash(allocation);
                holds(found == Some(ContentHash(*hash)), || Mismatch::Hash(*id, found))
            }
            Expectation::Stopped(code, parameter) => {
                let found = self.ledger().stopped().map(|(_, stop)| (stop.code, stop.parameter));
                holds(found == Some((*code, *parameter)), || Mismatch::Stopped(found))
            }
            Expectation::Offer(id, state) => {
                let allocation = self.vidmm.book().allocation(*id).ok_or(Mismatch::Absent(*id))?;
                let found = match allocation.offer() {
                    Offer::None => OfferState::NotOffered,
                    Offer::Offered(_) => OfferState::Offered,
                    Offer::Discarded => OfferState::Discarded,
                };
                holds(found == *state, || Mismatch::Offer(*id, found))
            }
            Expectation::Locked(id, locked) => {
                let allocation = self.vidmm.book().allocation(*id).ok_or(Mismatch::Absent(*id))?;
                let locks = allocation.locks();
                holds((locks > 0) == *locked, || Mismatch::Locks(*id, locks))
            }
            Expectation::Displayed(id, displayed) => {
                let allocation = self.vidmm.book().allocation(*id).ok_or(Mismatch::Absent(*id))?;
                let found = self.vidmm.book().displayed();
                let holding = allocation.is_displayed() == *displayed;
                holds(holding, || Mismatch::Displayed(found))
            }
            Expectation::Owner(id, device) => {
                let allocation = self.vidmm.book().allocation(*id).ok_or(Mismatch::Absent(*id))?;
                let found = allocation.device();
                holds(found == *device, || Mismatch::Owner(*id, found))
            }
            Expectation::PagesBytes(id, offset, wanted) => {
                let pages = self.vidmm.book().pages(*id).ok_or(Mismatch::NoPages(*id))?;
                let mut found = vec![0; wanted.len()];
                let read = self.host.mdl_read(&pages.mdl, *offset, &mut found);
                expect_bytes(wanted, read.ok().map(|()| found))
            }
            Expectation::Power(power) => {
                let found = self.vidmm.power();
                holds(found == *power, || Mismatch::Power(found))
            }
            Expectation::LostBytes(id, wanted) => {
                let allocation = self.vidmm.book().allocation(*id).ok_or(Mismatch::Absent(*id))?;
                let found = self.lost_bytes(allocation);
                holds(found == *wanted, || Mismatch::LostBytes(*id, found))
            }
            // What these compare with is not the machine's: a run does.
            Expectation::Finding(_) | Expectation::Damage(_) | Expectation::Fate(..) => Ok(()),
        }
    }

    fn expect_place(&self, id: AllocationId, place: ExpectedPlace) -> Result<(), Mismatch> {
        let allocation = self.vidmm.book().allocation(id);
        if place == ExpectedPlace::Absent {
            return holds(allocation.is_none(), || Mismatch::Present(id));
        }
        let found = allocation.ok_or(Mismatch::Absent(id))?.placement();
        match (place, found) {
            (ExpectedPlace::Segment(segment, offset), Some(found)) => {
                let there = found.segment == segment
                    && offset.is_none_or(|offset| offset == found.span.start());
                holds(there, || Mismatch::ResidentAt(id, found))
            }
            (ExpectedPlace::Segment(..), None) => Err(Mismatch::NotResident(id)),
            (_, Some(found)) => Err(Mismatch::ResidentAt(id, found)),
            (_, None) => Ok(()),
        }
    }

    /// Bytes of a segment as the GPU sees them; `None` where it can see none.
    fn segment_bytes(
        &self,
        segment: SegmentId,
        offset: u64,
        len: usize,
    ) -> Result<Option<Vec<u8>>, Mismatch> {
        let known = self.vidmm.adapter().segment(segment);
        known.ok_or(Mismatch::NoSuchSegment(segment))?;
        let mut found = vec![0; len];
        let place = GpuPlace { region: Driver::region(segment), address: offset };
        let read = self.driver.gpu().read(place, &mut found, &self.host);
        Ok(read.ok().map(|()| found))
    }

    /// What a counter stands at.
    #[must_use]
    pub fn counter(&self, counter: Counter) -> u64 {
        let counters = self.vidmm.book().counters();
        match counter {
            Counter::PageIns => counters.page_ins,
            Counter::Evictions => counters.evictions,
            Counter::BytesFilled => counters.bytes_filled,
            Counter::BytesDiscarded => counters.bytes_discarded,
            Counter::BytesMappedIntoAperture => counters.bytes_mapped_into_aperture,
            Counter::BytesUnmappedFromAperture => counters.bytes_unmapped_from_aperture,
            Counter::BytesMdlToMemory => counters.bytes_mdl_to_memory,
            Counter::BytesMemoryToMdl => counters.bytes_memory_to_mdl,
            Counter::BytesApertureToMemory => counters.bytes_aperture_to_memory,
            Counter::BytesMemoryToAperture => counters.bytes_memory_to_aperture,
            Counter::Refusals => self.ledger().refusals(),
            Counter::Faults => self.ledger().faults(),
            Counter::Submissions => self.ledger().submissions(),
            Counter::BytesFlushed => counters.bytes_flushed,
        }
    }

    /// Whether a segment holds bytes.
    #[must_use]
    pub fn segment_kind(&self, segment: SegmentId) -> Option<SegmentKind> {
        self.vidmm.adapter().segment(segment).map(|segment| segment.kind)
    }
}

fn holds(holds: bool, mismatch: impl FnOnce() -> Mismatch) -> Result<(), Mismatch> {
    if holds { Ok(()) } else { Err(mismatch()) }
}

/// Compares bytes one by one, so that the first wrong one is named.
fn expect_bytes(wanted: &[u8], found: Option<Vec<u8>>) -> Result<(), Mismatch> {
    let found = found.unwrap_or_default();
    for (index, expected) in wanted.iter().copied().enumerate() {
        let there = found.get(index).copied();
        if there != Some(expected) {
            return Err(Mismatch::Byte { offset: index as u64, expected, found: there });
        }
    }
    Ok(())
}
