//! What every import builds: processes, allocations that are resident at once, and an adapter with
//! room for them.
//!
//! Names are made from the ids of the trace; one that was used is never used again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::MOST_EVENTS;
use super::error::ImportProblem;
use crate::base::Bytes;
use crate::ddi::SegmentFlags;
use crate::session::document::{
    AdapterDescription, NamedCommand, NamedCreateAllocation, NamedCreateDevice, NamedPreference,
    NamedPreferences, NamedReference, NamedSegmentSet, NamedWriteRange, PagingBufferDescription,
    SegmentDescription, SegmentName, one_page,
};
use crate::session::name::Name;

/// All allocations of a trace together stay at or below this, so that sums of sizes do not
/// overflow.
pub(super) const MOST_BYTES: u64 = 1 << 46;
/// Segments that begin above others begin at a multiple of this.
const BASE_ALIGNMENT: u64 = 1 << 32;
/// Sizes that the trace does not say are multiples of this.
const ROUND_SIZE: u64 = 256 << 20;

/// What a trace says of an allocation.
pub(super) struct NewAllocation<'a> {
    /// Its id in the trace, unique among those that live.
    pub(super) id: &'a str,
    /// What its name begins with.
    pub(super) name: &'a str,
    /// Process and device.
    pub(super) owner: &'a Name,
    /// Bytes.
    pub(super) size: u64,
    /// Bytes.
    pub(super) alignment: u64,
    /// Segments that it wants and supports, most wanted first.
    pub(super) wanted: &'a [Name],
}

/// Bytes in whole pages: of all allocations, of the live ones, and the most that ever lived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) total: u64,
    pub(super) current: u64,
    pub(super) peak: u64,
}

impl Sums {
    /// The caller has made sure that the total stays below [`MOST_BYTES`].
    fn add(&mut self, bytes: u64) {
        self.total = self.total.saturating_add(bytes);
        self.current = self.current.saturating_add(bytes);
        self.peak = self.peak.max(self.current);
    }

    fn subtract(&mut self, bytes: u64) {
        self.current = self.current.saturating_sub(bytes);
    }
}

/// An allocation that lives.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) name: Name,
    /// Counted from 0 in the order of creation.
    pub(super) place: usize,
    /// Bytes in whole pages.
    pages: u64,
    first_wanted: Option<Name>,
}

/// What is collected event by event.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) commands: Vec<NamedCommand>,
    /// Over all allocations.
    pub(super) sums: Sums,
    /// So many commands had run when the most bytes lived, for the first time.
    pub(super) peak_at: usize,
    /// By the segment that is wanted most.
    segments: BTreeMap<Name, Sums>,
    live: HashMap<String, Live>,
    created: usize,
    names: HashSet<Name>,
    /// How often an allocation's name began like this.
    uses: HashMap<String, u64>,
    owners: BTreeSet<Name>,
}

impl Builder {
    /// Creates an allocation, and its process with one device before it if they are new.
    pub(super) fn allocate(&mut self, new: &NewAllocation<'_>) -> Result<(), ImportProblem> {
        let limit = ImportProblem::Limit { what: "bytes in its allocations", limit: MOST_BYTES };
        let pages = Bytes(new.size).page_rounded().map(Bytes::get);
        let total = pages.and_then(|pages| self.sums.total.checked_add(pages));
        let (pages, _) = pages.zip(total.filter(|total| *total <= MOST_BYTES)).ok_or(limit)?;
        if self.live.contains_key(new.id) {
            return Err(ImportProblem::AlreadyAllocated(new.id.to_owned()));
        }
        let name = self.fresh_name(new.name)?;
        self.open_device(new.owner);
        self.commands.push(create_allocation(new, name.clone()));
        let first_wanted = new.wanted.first().cloned();
        if let Some(segment) = &first_wanted {
            self.segments.entry(segment.clone()).or_default().add(pages);
        }
        let peak = self.sums.peak;
        self.sums.add(pages);
        if self.sums.peak > peak {
            self.peak_at = self.commands.len();
        }
        let live = Live { name, place: self.created, pages, first_wanted };
        self.live.insert(new.id.to_owned(), live);
        self.created += 1;
        Ok(())
    }

    /// A name that was not used: ids may be used again, names may not.
    fn fresh_name(&mut self, begin: &str) -> Result<Name, ImportProblem> {
        let uses = self.uses.entry(begin.to_owned()).or_default();
        loop {
            *uses += 1;
            let name =
                if *uses == 1 { Name::new(begin) } else { Name::new(&format!("{begin}.{uses}")) }?;
            if self.names.insert(name.clone()) {
                return Ok(name);
            }
        }
    }

    /// An owner is a process with one device; it appears with its first allocation.
    fn open_device(&mut self, owner: &Name) {
        if self.owners.insert(owner.clone()) {
            self.commands.push(NamedCommand::CreateProcess(owner.clone()));
            let device = NamedCreateDevice::new(owner.clone(), owner.clone());
            self.commands.push(NamedCommand::CreateDevice(Box::new(device)));
        }
    }

    /// Destroys what lives under an id of the trace.
    pub(super) fn free(&mut self, id: &str) -> Result<Live, ImportProblem> {
        let missing = || ImportProblem::NotAllocated(id.to_owned());
        let live = self.live.remove(id).ok_or_else(missing)?;
        self.sums.subtract(live.pages);
        if let Some(sums) =
            live.first_wanted.as_ref().and_then(|segment| self.segments.get_mut(segment))
        {
            sums.subtract(live.pages);
        }
        self.commands.push(NamedCommand::DestroyAllocation(live.name.clone()));
        Ok(live)
    }

    /// What lives under an id of the trace.
    pub(super) fn live(&self, id: &str) -> Option<&Live> {
        self.live.get(id)
    }

    /// How many live.
    pub(super) fn live_count(&self) -> u64 {
        to_u64(self.live.len())
    }

    /// How many were ever created.
    pub(super) fn created(&self) -> u64 {
        to_u64(self.created)
    }

    /// The bytes of allocations that want this segment most.
    pub(super) fn sums_of(&self, segment: &Name) -> Sums {
        self.segments.get(segment).copied().unwrap_or_default()
    }
}

/// The one place where an import fills in a created allocation.
fn create_allocation(new: &NewAllocation<'_>, name: Name) -> NamedCommand {
    let wanted = || new.wanted.iter().cloned().map(SegmentName::Name);
    let slots = wanted().map(|segment| NamedPreference { segment, from_end: false });
    NamedCommand::CreateAllocation(Box::new(NamedCreateAllocation {
        alignment: new.alignment.max(one_page()),
        preferred: NamedPreferences::List(slots.collect()),
        supported: NamedSegmentSet::List(wanted().collect()),
        resident: true,
        ..NamedCreateAllocation::new(name, new.owner.clone(), new.size)
    }))
}

/// A name of ours.
pub(super) fn word(text: &'static str) -> Name {
    Name::new(text).expect("only short words of ours become names like this")
}

/// A part of an allocation that the GPU writes.
pub(super) fn write_range(allocation: Name, offset: u64, length: u64) -> NamedReference {
    let length = Some(length);
    NamedReference::WriteRange(Box::new(NamedWriteRange { allocation, offset, length, seed: None }))
}

/// The one place where an import fills in a segment.
pub(super) fn segment(name: Name, flags: SegmentFlags, base: u64, size: u64) -> SegmentDescription {
    SegmentDescription { flags, base, ..SegmentDescription::new(name, size) }
}

/// The flags of an aperture to system memory.
pub(super) fn aperture_flags() -> SegmentFlags {
    SegmentFlags::Aperture | SegmentFlags::CacheCoherent
}

/// Where a segment may begin that lies above all before it; 0 if there is no such place.
pub(super) fn base_above(end: Option<u64>) -> u64 {
    end.and_then(|end| end.checked_next_multiple_of(BASE_ALIGNMENT)).unwrap_or(0)
}

/// A size that is never too small for so many bytes, which are at most twice [`MOST_BYTES`].
pub(super) fn rounded(bytes: u64) -> u64 {
    bytes.max(1).checked_next_multiple_of(ROUND_SIZE).unwrap_or(bytes)
}

/// System memory that holds so many live bytes and something beside them.
pub(super) fn system_memory(peak: u64) -> u64 {
    rounded(peak).saturating_add(ROUND_SIZE)
}

/// An adapter of the inspector's own driver.
pub(super) fn adapter(
    name: &str,
    system_memory: u64,
    segments: Vec<SegmentDescription>,
) -> AdapterDescription {
    AdapterDescription {
        profile: "inspector".to_owned(),
        name: Some(name.to_owned()),
        system_memory: Some(system_memory),
        segments: Some(segments),
        // In contiguous system memory, so that it takes no room in a segment of the trace.
        paging_buffer: Some(PagingBufferDescription {
            segment: Some(SegmentName::Number(0)),
            ..PagingBufferDescription::default()
        }),
        ..AdapterDescription::default()
    }
}

/// Refuses one event more than there may be.
pub(super) fn event_limit(events: usize) -> Result<(), ImportProblem> {
    if events < MOST_EVENTS {
        return Ok(());
    }
    Err(ImportProblem::Limit { what: "events", limit: to_u64(MOST_EVENTS) })
}

pub(super) fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new<'a>(id: &'a str, size: u64, owner: &'a Name, wanted: &'a [Name]) -> NewAllocation<'a> {
        NewAllocation { id, name: id, owner, size, alignment: 1, wanted }
    }

    #[test]
    fn sums_count_whole_pages_and_names_are_never_used_again() {
        let (owner, wanted) = (Name::new("p").expect("short"), [Name::new("s").expect("short")]);
        let mut builder = Builder::default();
        builder.allocate(&new("a", 1, &owner, &wanted)).expect("it is new");
        builder.allocate(&new("a.2", 4097, &owner, &wanted)).expect("it is new");
        let again = builder.allocate(&new("a", 1, &owner, &wanted));
        assert_eq!(again, Err(ImportProblem::AlreadyAllocated("a".to_owned())));
        assert_eq!(builder.free("a").map(|live| live.place), Ok(0));
        assert!(builder.free("a").is_err());
        // 4,096 + 8,192 - 4,096 + 4,096; the most was reached before.
        builder.allocate(&new("a", 4096, &owner, &wanted)).expect("it was freed");
        let sums = Sums { total: 16_384, current: 12_288, peak: 12_288 };
        assert_eq!((builder.sums, builder.sums_of(&wanted[0])), (sums, sums));
        // After process, device and two allocations.
        assert_eq!((builder.peak_at, builder.created(), builder.live_count()), (4, 3, 2));
        // `a.2` is the name of another one.
        assert_eq!(builder.live("a").map(|live| live.name.as_str()), Some("a.3"));
    }

    #[test]
    fn totals_are_bounded() {
        let (owner, wanted) = (Name::new("p").expect("short"), [Name::new("s").expect("short")]);
        let mut builder = Builder::default();
        builder.allocate(&new("a", MOST_BYTES, &owner, &wanted)).expect("just as much");
        for size in [1, u64::MAX] {
            assert!(builder.allocate(&new("b", size, &owner, &wanted)).is_err());
        }
        assert!(event_limit(MOST_EVENTS - 1).is_ok() && event_limit(MOST_EVENTS).is_err());
    }
}
