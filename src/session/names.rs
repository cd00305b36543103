//! The way back from dense ids to the names of a session.

use crate::base::{AllocationId, ContextId, ContextRef, DeviceId, PagesId, ProcessId, SegmentId};

use super::name::Name;

/// What an id is called that the session never bound. No command can hold one.
const UNNAMED: &str = "(unnamed)";

/// Names of one kind: by id, and the ids in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    names: Vec<Name>,
    sorted: Vec<u32>,
}

impl Table {
    /// The table of names in the order of their ids.
    pub(super) fn new(names: Vec<Name>) -> Self {
        let mut sorted: Vec<u32> =
            (0..names.len()).filter_map(|index| u32::try_from(index).ok()).collect();
        let at = |index: u32| usize::try_from(index).ok().and_then(|index| names.get(index));
        sorted.sort_by_key(|index| at(*index));
        Self { names, sorted }
    }

    fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or(UNNAMED, Name::as_str)
    }

    /// The number of a name.
    fn find(&self, name: &str) -> Option<u32> {
        let at = |index: u32| usize::try_from(index).ok().map(|index| self.name(index));
        let place = self.sorted.binary_search_by(|index| at(*index).cmp(&Some(name))).ok()?;
        self.sorted.get(place).copied()
    }

    /// All names in the order of their ids.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(Name::as_str)
    }
}

/// The names of a session's objects, both ways.
///
/// A name once bound stays bound to the same object, even after it is destroyed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub(super) processes: Table,
    pub(super) devices: Table,
    pub(super) contexts: Table,
    pub(super) allocations: Table,
    pub(super) pages: Table,
    pub(super) segments: Vec<String>,
}

impl Names {
    /// The name of a process.
    #[must_use]
    pub fn process(&self, process: ProcessId) -> &str {
        self.processes.name(process.index())
    }

    /// The name of a device.
    #[must_use]
    pub fn device(&self, device: DeviceId) -> &str {
        self.devices.name(device.index())
    }

    /// The name of a context that was created besides those of devices.
    #[must_use]
    pub fn context(&self, context: ContextId) -> &str {
        self.contexts.name(context.index())
    }

    /// The name of a context; one that a device has from the start goes by the device's.
    #[must_use]
    pub fn context_ref(&self, context: ContextRef) -> &str {
        match context {
            ContextRef::OfDevice(device) => self.device(device),
            ContextRef::Own(context) => self.context(context),
        }
    }

    /// The name of an allocation.
    #[must_use]
    pub fn allocation(&self, allocation: AllocationId) -> &str {
        self.allocations.name(allocation.index())
    }

    /// The name of reserved pages.
    #[must_use]
    pub fn pages(&self, pages: PagesId) -> &str {
        self.pages.name(pages.index())
    }

    /// The name of a segment of the adapter.
    #[must_use]
    pub fn segment(&self, segment: SegmentId) -> &str {
        self.segments.get(segment.index()).map_or(UNNAMED, String::as_str)
    }

    /// The process of a name.
    #[must_use]
    pub fn find_process(&self, name: &str) -> Option<ProcessId> {
        self.processes.find(name).map(ProcessId)
    }

    /// The device of a name.
    #[must_use]
    pub fn find_device(&self, name: &str) -> Option<DeviceId> {
        self.devices.find(name).map(DeviceId)
    }

    /// The context of a name; not one that a device has from the start.
    #[must_use]
    pub fn find_context(&self, name: &str) -> Option<ContextId> {
        self.contexts.find(name).map(ContextId)
    }

    /// The allocation of a name.
    #[must_use]
    pub fn find_allocation(&self, name: &str) -> Option<AllocationId> {
        self.allocations.find(name).map(AllocationId)
    }

    /// The reserved pages of a name.
    #[must_use]
    pub fn find_pages(&self, name: &str) -> Option<PagesId> {
        self.pages.find(name).map(PagesId)
    }

    /// The first segment of a name.
    #[must_use]
    pub fn find_segment(&self, name: &str) -> Option<SegmentId> {
        self.segments.iter().position(|segment| segment == name).and_then(SegmentId::from_index)
    }

    /// All processes in the order of their ids.
    pub fn processes(&self) -> impl ExactSizeIterator<Item = &str> {
        self.processes.iter()
    }

    /// All devices in the order of their ids.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = &str> {
        self.devices.iter()
    }

    /// All contexts that the session ever creates, in the order of their ids.
    pub fn contexts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.contexts.iter()
    }

    /// All allocations that the session ever creates, in the order of their ids.
    pub fn allocations(&self) -> impl ExactSizeIterator<Item = &str> {
        self.allocations.iter()
    }

    /// All reserved pages in the order of their ids.
    pub fn all_pages(&self) -> impl ExactSizeIterator<Item = &str> {
        self.pages.iter()
    }

    /// All segments in the driver's order.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &str> {
        self.segments.iter().map(String::as_str)
    }
}
