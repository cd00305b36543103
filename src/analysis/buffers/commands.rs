//! The commands of a command buffer, the packets made from each, the addresses patched into them, and
//! where everything lies that they name.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Sources;
use super::scene::buffer;
use super::submission::{Part, PartState, Pass, Work, part_state, patch_of, render_of};
use crate::analysis::explain::Words;
use crate::base::{AllocationId, SegmentAddress, SegmentId, SegmentOffset, text};
use crate::ddi::{AllocationListEntry, NtStatus, PatchLocation};
use crate::gpu::Place as GpuPlace;
use crate::machine::Started;
use crate::umd::BufferCommand;
use crate::vidmm::BufferKind;

/// Whether the pages of a command buffer hold what was rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandHeld {
    /// It is rendered only after where the run stands.
    Ahead,
    /// They do.
    Here,
    /// The device rendered since, so that another command buffer may lie there.
    Overwritten,
    /// Another command rendered it.
    Unknown,
}

/// The commands of a command buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandList {
    /// Whether the bytes are there.
    pub held: CommandHeld,
    /// The bytes, read through the pages of the buffer; empty unless they are there.
    pub bytes: Vec<u8>,
    /// The first command of each group, and one more than the last of all. A draw is one group with
    /// its accesses.
    groups: Vec<usize>,
    /// Groups that the pass made packets of, each with the first byte of those.
    linked: Vec<(usize, u32)>,
    /// Byte after the last packet.
    end: u32,
}

/// Reads the command buffer of a work, and links it to the packets of one of its passes.
#[must_use]
pub fn command_list(sources: Sources<'_>, work: &Work, pass: &Pass) -> CommandList {
    let mut list = CommandList {
        held: command_held(sources.started, work),
        bytes: Vec::new(),
        groups: vec![0],
        linked: Vec::new(),
        end: pass.call.map_or(0, |call| call.end),
    };
    let Some((index, length)) = work.command.filter(|_| list.held == CommandHeld::Here) else {
        return list;
    };
    let Some(buffer) = buffer(sources.started, index) else { return list };
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    if sources.started.host().mdl_read(&buffer.shape.mdl, 0, &mut bytes).is_err() {
        return list;
    }
    list.bytes = bytes;
    list.group();
    list.link(sources, pass);
    list
}

fn command_held(started: &Started, work: &Work) -> CommandHeld {
    let Some((index, _)) = work.command else { return CommandHeld::Unknown };
    let (Some(first), Some(last)) = (work.passes.first(), work.passes.last()) else {
        return CommandHeld::Unknown;
    };
    let device = buffer(started, index).and_then(|buffer| buffer.shape.device);
    // The contexts of a device share its DMA buffers: whether the one or the other rendered since is
    // not known, and then nothing is shown.
    let of_device = started
        .vidmm()
        .queue()
        .buffers()
        .iter()
        .filter(|known| known.shape.kind == BufferKind::Dma && known.shape.device == device);
    let newest = of_device.map(|known| known.usage.serial).max().unwrap_or(0);
    if newest < first.buffer.serial {
        CommandHeld::Ahead
    } else if newest > last.buffer.serial {
        CommandHeld::Overwritten
    } else {
        CommandHeld::Here
    }
}

impl CommandList {
    fn group(&mut self) {
        let (commands, mut next) = (self.len(), 0);
        self.groups.clear();
        while next < commands {
            self.groups.push(next);
            let accesses = match self.command(next) {
                Some(BufferCommand::Draw { accesses }) => usize::try_from(accesses).unwrap_or(0),
                _ => 0,
            };
            next = next.saturating_add(accesses).saturating_add(1);
        }
        self.groups.push(commands);
    }

    /// Groups become packets in order: a pass begins at the group that its `MultipassOffset` counts,
    /// and each group with packets has a place of its own where the buffer may be split.
    fn link(&mut self, sources: Sources<'_>, pass: &Pass) {
        let Some(call) = pass.call else { return };
        let lists = pass.parts.iter().filter_map(|part| patch_of(sources.trace, part));
        let locations = lists.flat_map(|patch| &patch.lists.patch_locations);
        let mut splits: Vec<u32> = locations.map(|location| location.split_offset).collect();
        splits.dedup();
        let first = usize::try_from(call.multipass_before).unwrap_or(usize::MAX);
        let after = match call.status {
            NtStatus::SUCCESS => usize::MAX,
            _ => usize::try_from(call.multipass_after).unwrap_or(usize::MAX),
        };
        let groups = (first..after.min(self.groups()).max(first)).filter(|group| {
            // A draw without accesses draws nothing.
            self.command(self.commands_of(*group).start)
                != Some(BufferCommand::Draw { accesses: 0 })
        });
        self.linked = groups.zip(splits).collect();
    }

    /// How many commands there are; bytes too few for one count as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len().div_ceil(BufferCommand::SIZE)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many groups there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups.len().saturating_sub(1)
    }

    /// The bytes of a command, from the start of the buffer.
    #[must_use]
    pub fn range(&self, command: usize) -> Range<usize> {
        let start = command.saturating_mul(BufferCommand::SIZE).min(self.bytes.len());
        start..start.saturating_add(BufferCommand::SIZE).min(self.bytes.len())
    }

    fn command(&self, command: usize) -> Option<BufferCommand> {
        BufferCommand::decode(self.bytes.get(self.range(command))?).ok()
    }

    /// The group of a command.
    #[must_use]
    pub fn group_of(&self, command: usize) -> usize {
        self.groups.partition_point(|first| *first <= command).saturating_sub(1)
    }

    /// The commands of a group.
    #[must_use]
    pub fn commands_of(&self, group: usize) -> Range<usize> {
        let end = self.groups.get(group.saturating_add(1)).copied().unwrap_or(0);
        self.groups.get(group).copied().unwrap_or(end)..end
    }

    /// The bytes of the DMA buffer that were made from a group; `None` where this pass made none.
    #[must_use]
    pub fn packets_of(&self, group: usize) -> Option<Range<u32>> {
        let place = self.linked.binary_search_by_key(&group, |(group, _)| *group).ok()?;
        let (_, start) = *self.linked.get(place)?;
        let end = self.linked.get(place + 1).map_or(self.end, |(_, next)| *next);
        Some(start..end)
    }

    /// The group from which the byte of the DMA buffer was made.
    #[must_use]
    pub fn group_at(&self, byte: u32) -> Option<usize> {
        let after = self.linked.partition_point(|(_, start)| *start <= byte);
        let (group, _) = self.linked.get(after.checked_sub(1)?)?;
        (byte < self.end).then_some(*group)
    }
}

/// What stood in a DMA buffer where an address belongs, before it was patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// No address: the allocation was nowhere when it was rendered.
    Unpatched,
    /// The address that it has now: rendering guessed right.
    Same,
    /// Another address.
    Other(GpuPlace),
    /// An address in this segment: which one cannot be told from here.
    In(SegmentId),
    /// Another command rendered it.
    Unknown,
}

/// A place of a DMA buffer where an address belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressMark {
    /// First byte of the address, from the start of the DMA buffer.
    pub offset: usize,
    /// The row of the slot table that is bound, or unbound.
    pub slot: u32,
    /// What it is bound to, with the byte of it; `None` where it is unbound.
    pub allocation: Option<(AllocationId, u64)>,
    /// What stood there before.
    pub before: Before,
    /// What stands there now.
    pub now: GpuPlace,
    /// `now` was written by `DxgkDdiPatch`.
    pub patched: bool,
    /// The operation that writes it, counted from 1.
    pub patch: u32,
}

/// How many patch locations lie in a range of bytes of a pass's DMA buffer.
#[must_use]
pub fn addresses_in(sources: Sources<'_>, pass: &Pass, range: &Range<usize>) -> usize {
    locations(sources, pass, range).map_or(0, |(_, locations)| locations.len())
}

/// The patch locations in a range of bytes, with the part that they are in.
fn locations<'a>(
    sources: Sources<'a>,
    pass: &'a Pass,
    range: &Range<usize>,
) -> Option<(&'a Part, &'a [PatchLocation])> {
    let offset = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let (from, to) = (offset(range.start), offset(range.end));
    let after = pass.parts.partition_point(|part| part.start <= from);
    let part = pass.parts.get(after.checked_sub(1)?).filter(|part| from < part.end)?;
    let locations = &patch_of(sources.trace, part)?.lists.patch_locations;
    let first = locations.partition_point(|location| location.patch_offset < from);
    let last = locations.partition_point(|location| location.patch_offset < to);
    Some((part, locations.get(first..last)?))
}

/// The patch locations of a range of bytes of a pass's DMA buffer, with what stands there by `bytes`,
/// all that the buffer holds now.
#[must_use]
pub fn address_mark(
    sources: Sources<'_>,
    pass: &Pass,
    bytes: &[u8],
    range: &Range<usize>,
) -> Vec<AddressMark> {
    let Some((part, locations)) = locations(sources, pass, range) else { return Vec::new() };
    let Some(patch) = patch_of(sources.trace, part) else { return Vec::new() };
    let rendered = render_of(sources.trace, pass);
    let (state, _) = part_state(sources.started, pass, part);
    let patched = state != PartState::Rendered;
    let marks = locations.iter().filter_map(|location| {
        let at = usize::try_from(location.patch_offset).ok()?;
        let entry = |list: &[AllocationListEntry]| {
            let index = usize::try_from(location.allocation_index?).ok()?;
            list.get(index).copied()
        };
        let after = entry(&patch.lists.allocation_list);
        let at_render = rendered.map(|render| entry(&render.allocation_list));
        let word = bytes.get(at..at.checked_add(8)?)?.first_chunk::<8>().copied();
        let address = u64::from_le_bytes(word.unwrap_or_default());
        let place_of = |entry: Option<AllocationListEntry>| place_of(sources, entry, location);
        let (then, will) = (at_render.map(place_of), place_of(after));
        let before = match (at_render, then) {
            (None, _) => Before::Unknown,
            (Some(Some(entry)), then) if entry.place.is_some() => {
                let same = after.is_some_and(|after| after.place == entry.place);
                // Rows may lie apart: only where bytes prove that they do not, others are told.
                let linear = will.is_some_and(|will| will.address == address);
                match (same, then.flatten(), entry.place) {
                    (true, ..) => Before::Same,
                    (false, Some(then), _) if linear || !patched => Before::Other(then),
                    (false, _, Some((segment, _))) => Before::In(segment),
                    _ => Before::Unpatched,
                }
            }
            _ => Before::Unpatched,
        };
        let region = if patched { will } else { then.flatten() };
        let region = region.map_or(crate::gpu::RegionId::SYSTEM, |place| place.region);
        let allocation = location.allocation_index.and_then(|index| {
            let known = rendered?.allocations.get(usize::try_from(index).ok()?)?;
            Some((known.0, location.allocation_offset))
        });
        Some(AddressMark {
            offset: at,
            slot: location.slot_id,
            allocation,
            before,
            now: GpuPlace { region, address },
            patched: patched && location.allocation_index.is_some(),
            patch: part.patch,
        })
    });
    marks.collect()
}

/// Where a location's byte of an allocation lies by an entry of the list, if it has no rows.
fn place_of(
    sources: Sources<'_>,
    entry: Option<AllocationListEntry>,
    location: &PatchLocation,
) -> Option<GpuPlace> {
    let (segment, start) = entry?.place?;
    let address = start.get().checked_add(location.allocation_offset)?;
    sources.started.driver().place(segment, SegmentAddress(address))
}

/// A region with an address, as packets are written: `2:0x0040_0000`.
fn place_text(place: GpuPlace) -> String {
    format!("{}:{}", place.region.0, text::hex(place.address))
}

impl AddressMark {
    /// What was there and what is: `unpatched → 2:0x0040_0000`.
    #[must_use]
    pub fn change_text(&self, words: Words<'_>) -> String {
        if self.allocation.is_none() && self.before != Before::Unknown {
            return "unbinds".to_owned();
        }
        let now = place_text(self.now);
        match (self.before, self.patched) {
            (Before::Unpatched, true) => format!("unpatched → {now}"),
            (Before::Unpatched, false) => "unpatched".to_owned(),
            (Before::Same, true) => format!("pre-patched, kept {now}"),
            (Before::Other(before), true) => format!("{} → {now}", place_text(before)),
            (Before::In(segment), true) => format!("in {} → {now}", words.segment(segment)),
            (Before::Unknown, true) => format!("→ {now}"),
            (Before::Unknown, false) => "not patched".to_owned(),
            (Before::Same | Before::Other(_) | Before::In(_), false) => {
                format!("pre-patched {now}")
            }
        }
    }

    /// Whose address it is and by which slot: `slot 1, texture + 0x1000`.
    #[must_use]
    pub fn bound_text(&self, words: Words<'_>) -> String {
        match self.allocation {
            None => format!("slot {}", self.slot),
            Some((id, 0)) => format!("slot {}, {}", self.slot, words.allocation(id)),
            Some((id, offset)) => {
                format!("slot {}, {} + {}", self.slot, words.allocation(id), text::hex(offset))
            }
        }
    }
}

/// Where an allocation is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residence {
    /// In a segment.
    At(SegmentId, SegmentAddress),
    /// In no segment.
    NotResident,
    /// It does not exist.
    Gone,
}

/// A row of the allocation list of a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// The allocation.
    pub allocation: AllocationId,
    /// The GPU may write it.
    pub written: bool,
    /// What rendering was told of where it is.
    pub at_render: Option<(SegmentId, SegmentAddress)>,
    /// Where it is now.
    pub now: Residence,
    /// The slots that it is bound to, some time in the pass: the lowest ones.
    pub slots: Vec<u32>,
}

/// Slots of an allocation that are told.
const MOST_SLOTS: usize = 8;

/// The allocation list of a pass, in the order of its indices; empty where another command rendered
/// it.
#[must_use]
pub fn list_rows(sources: Sources<'_>, pass: &Pass) -> Vec<ListRow> {
    let Some(render) = render_of(sources.trace, pass) else { return Vec::new() };
    let mut slots: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let patches = pass.parts.iter().filter_map(|part: &Part| patch_of(sources.trace, part));
    for location in patches.flat_map(|patch| &patch.lists.patch_locations) {
        let Some(index) = location.allocation_index else { continue };
        let bound = slots.entry(index).or_default();
        if let Err(place) = bound.binary_search(&location.slot_id)
            && place < MOST_SLOTS
        {
            bound.insert(place, location.slot_id);
            bound.truncate(MOST_SLOTS);
        }
    }
    let vidmm = sources.started.vidmm();
    let residence = |id: AllocationId| {
        let Some(allocation) = vidmm.book().allocation(id) else { return Residence::Gone };
        let placement = allocation.placement().and_then(|place| {
            let segment = vidmm.adapter().segment(place.segment)?;
            Some((place.segment, segment.address(SegmentOffset(place.span.start()))))
        });
        placement.map_or(Residence::NotResident, |(segment, at)| Residence::At(segment, at))
    };
    let listed = render.allocations.iter().zip(&render.allocation_list).zip(0_u32..);
    let rows = listed.map(|(((allocation, written), entry), index)| ListRow {
        allocation: *allocation,
        written: *written,
        at_render: entry.place,
        now: residence(*allocation),
        slots: slots.remove(&index).unwrap_or_default(),
    });
    rows.collect()
}
