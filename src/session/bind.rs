//! From names to ids: what the machine gets.
//!
//! A name is bound by the command that creates the object and by no other, for ever. Whether an
//! object exists when a command wants it is not asked here: the machine refuses, and the refusal
//! is an outcome of the session.

mod expectation;
mod raw;
mod submission;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::mem;

use crate::base::{AllocationId, Bytes, DeviceId, PagesId, ProcessId, SegmentId};
use crate::config::{Adapter, Costs, PagingBuffer, Policies, Segment};
use crate::ddi::{
    AllocationFlags, AllocationInfo, HintedBanks, InterfaceVersion, Preference, PreferredSegments,
    RowLayout, SegmentSet,
};
use crate::machine::{
    AllocationRange, Command, CreateAllocation, Data, Reference, ReferenceKind, ReservePages,
};
use crate::vidmm::Transition;

use super::bind_error::{BindError, BindProblem, ObjectKind};
use super::document::{
    AdapterDescription, CostsDescription, Document, FlagGeneration, NamedAllocationFlags,
    NamedBankHints, NamedCommand, NamedCpuWrite, NamedCreateAllocation, NamedData,
    NamedPreferences, NamedReference, NamedReservePages, NamedSegmentSet, NamedWritePages,
    PagingBufferDescription, SegmentDescription, SegmentName,
};
use super::limits;
use super::locate::FieldPath;
use super::name::Name;
use super::names::{Names, Table};
use super::suggest;

/// More errors than this help nobody; the rest is not looked for.
const MOST_ERRORS: usize = 64;

/// What the machine is built from, and the names of what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The profile's adapter with the changes of the session. Not checked.
    pub adapter: Adapter,
    /// Policies.
    pub policies: Policies,
    /// As many as the document has, in its order.
    pub commands: Vec<Command>,
    /// Names.
    pub names: Names,
}

/// Binds the names of a document.
///
/// `profile_lookup` gives the adapter of a driver profile; the document's changes are laid over
/// it. The adapter is not judged.
///
/// # Errors
/// Every name that is not bound or bound twice, every field that no id can express; at most 64.
pub fn bind(
    document: &Document,
    profile_lookup: &dyn Fn(&str) -> Option<Adapter>,
) -> Result<Bound, Vec<BindError>> {
    let mut binder = Binder::default();
    let adapter = binder.adapter(&document.adapter, profile_lookup);
    binder.collect_names(&document.commands);
    let commands = binder.commands(document.commands.len(), &document.commands);
    binder.finish(adapter, document.policies, commands)
}

/// The same for whoever does not need the commands of the document any more: each is freed as soon
/// as it is bound, so that a long session does not lie in memory in both forms.
///
/// # Errors
/// As for [`bind`]. The commands are gone in any case.
pub fn bind_away(
    document: &mut Document,
    profile_lookup: &dyn Fn(&str) -> Option<Adapter>,
) -> Result<Bound, Vec<BindError>> {
    let mut binder = Binder::default();
    let adapter = binder.adapter(&document.adapter, profile_lookup);
    binder.collect_names(&document.commands);
    let commands = mem::take(&mut document.commands);
    let commands = binder.commands(commands.len(), commands);
    binder.finish(adapter, document.policies, commands)
}

/// Names of one kind while they are collected.
struct Scope {
    kind: ObjectKind,
    ids: HashMap<Name, u32>,
    names: Vec<Name>,
    /// The commands that created them, for the message about a second one.
    commands: Vec<usize>,
}

impl Scope {
    fn new(kind: ObjectKind) -> Self {
        Self { kind, ids: HashMap::new(), names: Vec::new(), commands: Vec::new() }
    }
}

struct Binder {
    processes: Scope,
    devices: Scope,
    contexts: Scope,
    allocations: Scope,
    pages: Scope,
    segments: Vec<String>,
    /// The version of the adapter, where it is known.
    version: Option<InterfaceVersion>,
    explicit_bytes: u64,
    errors: Vec<BindError>,
}

impl Default for Binder {
    fn default() -> Self {
        Self {
            processes: Scope::new(ObjectKind::Process),
            devices: Scope::new(ObjectKind::Device),
            contexts: Scope::new(ObjectKind::Context),
            allocations: Scope::new(ObjectKind::Allocation),
            pages: Scope::new(ObjectKind::Pages),
            segments: Vec::new(),
            version: None,
            explicit_bytes: 0,
            errors: Vec::new(),
        }
    }
}

/// Where a value of a command is: made only when there is something to report.
type At<'p> = &'p dyn Fn() -> FieldPath;

/// The path of the command at `index`.
fn command_path(index: usize) -> FieldPath {
    FieldPath::root().field("commands").index(index)
}

impl Binder {
    fn finish(
        self,
        adapter: Option<Adapter>,
        policies: Policies,
        commands: Vec<Command>,
    ) -> Result<Bound, Vec<BindError>> {
        let Some(adapter) = adapter.filter(|_| self.errors.is_empty()) else {
            return Err(self.errors);
        };
        let names = Names {
            processes: Table::new(self.processes.names),
            devices: Table::new(self.devices.names),
            contexts: Table::new(self.contexts.names),
            allocations: Table::new(self.allocations.names),
            pages: Table::new(self.pages.names),
            segments: self.segments,
        };
        Ok(Bound { adapter, policies, commands, names })
    }

    fn report(&mut self, path: FieldPath, problem: BindProblem) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(BindError { path, problem });
        }
    }

    /// The profile's adapter with the changes of the session.
    fn adapter(
        &mut self,
        description: &AdapterDescription,
        profile_lookup: &dyn Fn(&str) -> Option<Adapter>,
    ) -> Option<Adapter> {
        let at = || FieldPath::root().field("adapter");
        let Some(mut adapter) = profile_lookup(&description.profile) else {
            let unknown = BindProblem::UnknownProfile(description.profile.clone());
            self.report(at().field("profile"), unknown);
            // The names of segments still serve to check the rest.
            let segments = description.segments.iter().flatten();
            self.segments = segments.map(|segment| segment.name.to_string()).collect();
            self.version = description.wddm;
            return None;
        };
        if let Some(segments) = &description.segments {
            if segments.len() > limits::SEGMENTS {
                let limit = u64::try_from(limits::SEGMENTS).unwrap_or(u64::MAX);
                let problem = BindProblem::Limit { what: "segments", limit };
                self.report(at().field("segments"), problem);
            }
            for (index, segment) in segments.iter().enumerate() {
                let first = segments.iter().position(|other| other.name == segment.name);
                if let Some(first) = first.filter(|first| *first < index) {
                    let path = |index| at().field("segments").index(index).field("name");
                    let name = segment.name.to_string();
                    let kind = ObjectKind::Segment;
                    let first = path(first);
                    self.report(path(index), BindProblem::DuplicateName { kind, name, first });
                }
            }
            adapter.segments = segments.iter().map(segment_of_description).collect();
        }
        self.segments = adapter.segments.iter().map(|segment| segment.name.clone()).collect();
        adapter.profile.clone_from(&description.profile);
        replace(&mut adapter.name, description.name.clone());
        replace(&mut adapter.version, description.wddm);
        replace(&mut adapter.system_memory, description.system_memory);
        replace(&mut adapter.frame_seed, description.frame_seed);
        replace(&mut adapter.system_memory_id, description.system_memory_id);
        replace(&mut adapter.aperture_commit_limit, description.aperture_commit_limit);
        replace(&mut adapter.quirks, description.quirks);
        replace_costs(&mut adapter.costs, description.costs.unwrap_or_default());
        adapter.descriptors = description.descriptors.or(adapter.descriptors);
        adapter.agp_aperture = description.agp_aperture.or(adapter.agp_aperture);
        self.version = Some(adapter.version);
        if let Some(paging_buffer) = &description.paging_buffer {
            self.paging_buffer(&mut adapter.paging_buffer, paging_buffer);
        }
        Some(adapter)
    }

    fn paging_buffer(&mut self, buffer: &mut PagingBuffer, described: &PagingBufferDescription) {
        let at = || FieldPath::root().field("adapter").field("paging_buffer").field("segment");
        let segment = match &described.segment {
            None => None,
            Some(SegmentName::Number(number)) => Some(*number),
            // One that no id can name is for the rules to refuse.
            Some(SegmentName::Name(name)) => {
                let index = self.segment_index(name, &at);
                index.and_then(|index| u8::try_from(index + 1).ok())
            }
        };
        replace(&mut buffer.segment, segment);
        replace(&mut buffer.size, described.size);
        replace(&mut buffer.private_data_size, described.private_data_size);
        replace(&mut buffer.count, described.count);
    }

    /// Gives ids to everything that is created, in the order of the commands.
    fn collect_names(&mut self, commands: &[NamedCommand]) {
        for (index, command) in commands.iter().enumerate() {
            let (scope, name) = match command {
                NamedCommand::CreateProcess(name) => (&mut self.processes, name),
                NamedCommand::CreateDevice(create) => (&mut self.devices, &create.name),
                NamedCommand::CreateContext(create) => (&mut self.contexts, &create.name),
                NamedCommand::CreateAllocation(create) => (&mut self.allocations, &create.name),
                NamedCommand::ReservePages(reserve) => (&mut self.pages, &reserve.name),
                _ => continue,
            };
            let id = u32::try_from(scope.names.len()).unwrap_or(u32::MAX);
            match scope.ids.get(name.as_str()) {
                None => {
                    scope.ids.insert(name.clone(), id);
                    scope.names.push(name.clone());
                    scope.commands.push(index);
                }
                Some(first) => {
                    let kind = scope.kind;
                    let first = usize::try_from(*first).ok();
                    let first = first.and_then(|first| scope.commands.get(first).copied());
                    let first = first.map_or_else(FieldPath::root, command_path);
                    let path = match command {
                        NamedCommand::CreateProcess(_) => {
                            command_path(index).variant("CreateProcess")
                        }
                        other => command_path(index).variant(other.keyword()).field("name"),
                    };
                    let name = name.to_string();
                    self.report(path, BindProblem::DuplicateName { kind, name, first });
                }
            }
        }
    }

    fn commands<C: Borrow<NamedCommand>>(
        &mut self,
        count: usize,
        commands: impl IntoIterator<Item = C>,
    ) -> Vec<Command> {
        if count > limits::COMMANDS {
            let limit = u64::try_from(limits::COMMANDS).unwrap_or(u64::MAX);
            let problem = BindProblem::Limit { what: "commands", limit };
            self.report(FieldPath::root().field("commands"), problem);
            return Vec::new();
        }
        let mut bound = Vec::with_capacity(count);
        for (index, command) in commands.into_iter().enumerate() {
            bound.extend(self.command(index, command.borrow()));
        }
        bound
    }

    /// The names of a kind that commands create; none for segments.
    const fn scope(&self, kind: ObjectKind) -> Option<&Scope> {
        match kind {
            ObjectKind::Process => Some(&self.processes),
            ObjectKind::Device => Some(&self.devices),
            ObjectKind::Context => Some(&self.contexts),
            ObjectKind::Allocation => Some(&self.allocations),
            ObjectKind::Pages => Some(&self.pages),
            ObjectKind::Segment => None,
        }
    }

    /// Reports a name that nothing of its kind has.
    fn report_unknown(&mut self, kind: ObjectKind, name: &Name, at: At<'_>) {
        // Looking for names like it is the expensive part.
        if self.errors.len() >= MOST_ERRORS {
            return;
        }
        let close = match self.scope(kind) {
            Some(scope) => suggest::close(name.as_str(), scope.names.iter().map(Name::as_str)),
            None => suggest::close(name.as_str(), self.segments.iter().map(String::as_str)),
        };
        let close = close.into_iter().map(str::to_owned).collect();
        let has = |kind: &ObjectKind| match self.scope(*kind) {
            Some(scope) => scope.ids.contains_key(name.as_str()),
            None => self.segments.iter().any(|segment| segment == name.as_str()),
        };
        let other = ObjectKind::ALL.into_iter().find(has);
        let name = name.to_string();
        self.report(at(), BindProblem::UnknownName { kind, name, other, close });
    }

    /// The id of a name, or `None` and an error.
    fn find(&mut self, kind: ObjectKind, name: &Name, at: At<'_>) -> Option<u32> {
        let found = self.scope(kind).and_then(|scope| scope.ids.get(name.as_str()).copied());
        if found.is_none() {
            self.report_unknown(kind, name, at);
        }
        found
    }

    fn allocation(&mut self, name: &Name, at: At<'_>) -> Option<AllocationId> {
        self.find(ObjectKind::Allocation, name, at).map(AllocationId)
    }

    fn device(&mut self, name: &Name, at: At<'_>) -> Option<DeviceId> {
        self.find(ObjectKind::Device, name, at).map(DeviceId)
    }

    fn pages(&mut self, name: &Name, at: At<'_>) -> Option<PagesId> {
        self.find(ObjectKind::Pages, name, at).map(PagesId)
    }

    /// The ids of a list of allocations.
    fn allocations(&mut self, names: &[Name], at: At<'_>) -> Option<Box<[AllocationId]>> {
        let each = names.iter().enumerate();
        let bound: Vec<Option<AllocationId>> =
            each.map(|(item, name)| self.allocation(name, &|| at().index(item))).collect();
        bound.into_iter().collect()
    }

    /// The place of a segment in the driver's order, counted from 0.
    fn segment_index(&mut self, name: &Name, at: At<'_>) -> Option<usize> {
        let found = self.segments.iter().position(|known| known == name.as_str());
        if found.is_none() {
            self.report_unknown(ObjectKind::Segment, name, at);
        }
        found
    }

    fn segment(&mut self, segment: &SegmentName, at: At<'_>) -> Option<SegmentId> {
        match segment {
            SegmentName::Number(number) => {
                let found = SegmentId::new(*number);
                if found.is_none() {
                    self.report(at(), BindProblem::SegmentZero);
                }
                found
            }
            SegmentName::Name(name) => {
                let index = self.segment_index(name, at)?;
                let found = SegmentId::from_index(index);
                if found.is_none() {
                    let (name, number) = (name.to_string(), index + 1);
                    self.report(at(), BindProblem::SegmentBeyondIds { name, number });
                }
                found
            }
        }
    }

    /// One command; `None` when it has errors.
    fn command(&mut self, index: usize, command: &NamedCommand) -> Option<Command> {
        let at = || command_path(index).variant(command.keyword());
        Some(match command {
            NamedCommand::CreateProcess(name) => {
                Command::CreateProcess(self.find(ObjectKind::Process, name, &at).map(ProcessId)?)
            }
            NamedCommand::CreateDevice(create) => self.create_device(create, &at)?,
            NamedCommand::CreateContext(create) => self.create_context(create, &at)?,
            NamedCommand::CreateAllocation(create) => {
                Command::CreateAllocation(Box::new(self.create_allocation(create, &at)?))
            }
            NamedCommand::DestroyAllocation(name) => {
                Command::DestroyAllocation(self.allocation(name, &at)?)
            }
            NamedCommand::MakeResident(names) => {
                Command::MakeResident(self.allocations(names, &at)?)
            }
            NamedCommand::Use(references) => {
                let mut bound = Vec::with_capacity(references.len());
                for (item, reference) in references.iter().enumerate() {
                    bound.extend(self.reference(reference, &|| at().index(item)));
                }
                Command::Use(bound.into_boxed_slice())
            }
            NamedCommand::Submit(submit) => self.submit(submit, &at)?,
            NamedCommand::CpuWrite(write) => self.cpu_write(write, &at)?,
            NamedCommand::CpuRead(read) => {
                let range = AllocationRange { offset: read.offset, length: read.length };
                let allocation = self.allocation(&read.allocation, &|| at().field("allocation"));
                Command::CpuRead(allocation?, range)
            }
            NamedCommand::Evict(name) => Command::Evict(self.allocation(name, &at)?),
            NamedCommand::EvictAll => Command::EvictAll,
            NamedCommand::SetPriority(name, priority) => {
                Command::SetPriority(self.allocation(name, &|| at().index(0))?, *priority)
            }
            NamedCommand::RunGpu(run) => Command::RunGpu(*run),
            NamedCommand::OpenAllocation(open) => {
                let allocation = self.allocation(&open.allocation, &|| at().field("allocation"));
                let device = self.device(&open.device, &|| at().field("device"));
                Command::OpenAllocation(allocation?, device?)
            }
            NamedCommand::CloseAllocation(close) => {
                let allocation = self.allocation(&close.allocation, &|| at().field("allocation"));
                let device = self.device(&close.device, &|| at().field("device"));
                Command::CloseAllocation(allocation?, device?)
            }
            NamedCommand::Lock(lock) => {
                let allocation = self.allocation(&lock.allocation, &|| at().field("allocation"));
                let device = self.optional_device(lock.device.as_ref(), &at);
                Command::Lock(allocation?, device?, lock.flags)
            }
            NamedCommand::Unlock(name) => Command::Unlock(self.allocation(name, &at)?),
            NamedCommand::Offer(names, priority) => {
                Command::Offer(self.allocations(names, &|| at().index(0))?, *priority)
            }
            NamedCommand::Reclaim(names) => Command::Reclaim(self.allocations(names, &at)?),
            NamedCommand::Display(name) => Command::Display(Some(self.allocation(name, &at)?)),
            NamedCommand::StopDisplay => Command::Display(None),
            NamedCommand::ReservePages(reserve) => self.reserve_pages(reserve, &at)?,
            NamedCommand::ReleasePages(name) => Command::ReleasePages(self.pages(name, &at)?),
            NamedCommand::WritePages(write) => self.write_pages(write, &at)?,
            NamedCommand::Transfer(_)
            | NamedCommand::SpecialLockTransfer(_)
            | NamedCommand::Fill(_)
            | NamedCommand::DiscardContent(_)
            | NamedCommand::ReadPhysical(_)
            | NamedCommand::WritePhysical(_)
            | NamedCommand::MapApertureSegment(_)
            | NamedCommand::UnmapApertureSegment(_) => {
                Command::Raw(Box::new(self.raw_operation(command, &at)?))
            }
            NamedCommand::Sleep(sleep) => Command::Power(Transition::Sleep(*sleep)),
            NamedCommand::Resume => Command::Power(Transition::Resume { power_lost: false }),
            NamedCommand::ResumeAfterPowerLoss => {
                Command::Power(Transition::Resume { power_lost: true })
            }
            NamedCommand::DevicePower(state) => Command::Power(Transition::Device(*state)),
            NamedCommand::TimeoutRecovery => Command::Power(Transition::TimeoutRecovery),
            NamedCommand::Expect(expectation) => {
                Command::Expect(self.expectation(expectation, &at)?)
            }
        })
    }

    fn create_allocation(
        &mut self,
        create: &NamedCreateAllocation,
        at: At<'_>,
    ) -> Option<CreateAllocation> {
        let allocation = self.allocation(&create.name, &|| at().field("name"));
        let device = self.device(&create.device, &|| at().field("device"));
        let preferred = self.preferences(&create.preferred, &|| at().field("preferred"));
        let supported = self.segment_set(&create.supported, &|| at().field("supported"));
        let mut of = |set: &Option<NamedSegmentSet>, field| match set {
            Some(set) => self.segment_set(set, &|| at().field(field)),
            None => supported,
        };
        let supported_read = of(&create.supported_read, "supported_read");
        let supported_write = of(&create.supported_write, "supported_write");
        let eviction = self.segment_set(&create.eviction, &|| at().field("eviction"));
        let hinted_banks = self.hinted_banks(&create.hinted_banks, &|| at().field("hinted_banks"));
        let flags = self.allocation_flags(create.flags, &|| at().field("flags"));
        let existing = match &create.existing {
            Some(name) => self.pages(name, &|| at().field("existing")).map(Some),
            None => Some(None),
        };
        let size = create.size.map(Bytes).or_else(|| create.rows.map(RowLayout::size));
        if size.is_none() {
            self.report(at(), BindProblem::NoSize);
        }
        let aligned = create.pitch_aligned_size.map(Bytes);
        let aligned = aligned.or_else(|| create.rows.map(RowLayout::aligned_size));
        Some(CreateAllocation {
            allocation: allocation?,
            device: device?,
            info: AllocationInfo {
                size: size?,
                alignment: Bytes(create.alignment),
                preferred: preferred?,
                supported_read: supported_read?,
                supported_write: supported_write?,
                eviction: eviction?,
                flags: flags?,
                priority: create.priority,
                hinted_banks: hinted_banks?,
                pitch_aligned_size: aligned.unwrap_or_default(),
                rows: create.rows,
            },
            fill_pattern: create.fill,
            resident: create.resident,
            shared: create.shared,
            primary: create.primary,
            existing: existing?,
        })
    }

    /// The word, if its names are those of the adapter's generation.
    fn allocation_flags(
        &mut self,
        named: NamedAllocationFlags,
        at: At<'_>,
    ) -> Option<AllocationFlags> {
        if let (Some(generation), Some(name), Some(version)) =
            (named.generation(), named.own_name(), self.version)
            && generation != FlagGeneration::of_version(version)
        {
            self.report(at(), BindProblem::FlagGeneration { name, generation, version });
            return None;
        }
        Some(named.flags())
    }

    fn hinted_banks(&mut self, hints: &NamedBankHints, at: At<'_>) -> Option<HintedBanks> {
        let list = match hints {
            NamedBankHints::Word(word) => return Some(HintedBanks::from_word(*word)),
            NamedBankHints::List(list) => list,
        };
        let bound = HintedBanks::new(list);
        if bound.is_none() {
            // The reader lets no other bank through than those that a group can name.
            self.report(at(), BindProblem::TooManyBanks(list.len()));
        }
        bound
    }

    fn preferences(
        &mut self,
        preferred: &NamedPreferences,
        at: At<'_>,
    ) -> Option<PreferredSegments> {
        let list = match preferred {
            NamedPreferences::Word(word) => return Some(PreferredSegments::from_word(*word)),
            NamedPreferences::List(list) => list,
        };
        let mut slots = Vec::with_capacity(list.len());
        for (item, preference) in list.iter().enumerate() {
            let segment = self.segment(&preference.segment, &|| at().index(item));
            slots.extend(
                segment.map(|segment| Preference { segment, from_end: preference.from_end }),
            );
        }
        let bound = PreferredSegments::new(&slots);
        if bound.is_none() {
            self.report(at(), BindProblem::TooManyPreferences(list.len()));
        }
        bound
    }

    fn segment_set(&mut self, set: &NamedSegmentSet, at: At<'_>) -> Option<SegmentSet> {
        match set {
            NamedSegmentSet::Word(word) => Some(SegmentSet(*word)),
            NamedSegmentSet::List(list) => {
                let each = list.iter().enumerate();
                let bound: Vec<Option<SegmentId>> = each
                    .map(|(item, segment)| self.segment(segment, &|| at().index(item)))
                    .collect();
                bound.into_iter().collect()
            }
        }
    }

    fn reference(&mut self, reference: &NamedReference, at: At<'_>) -> Option<Reference> {
        let whole = AllocationRange::default();
        let (name, range, kind) = match reference {
            NamedReference::Read(name) => (name, whole, ReferenceKind::Read),
            NamedReference::Write(name) => (name, whole, ReferenceKind::Write { seed: None }),
            NamedReference::ReadRange(read) => {
                let range = AllocationRange { offset: read.offset, length: read.length };
                (&read.allocation, range, ReferenceKind::Read)
            }
            NamedReference::WriteRange(write) => {
                let range = AllocationRange { offset: write.offset, length: write.length };
                (&write.allocation, range, ReferenceKind::Write { seed: write.seed })
            }
        };
        let allocation = self.allocation(name, &|| match reference {
            NamedReference::Read(_) => at().variant("Read"),
            NamedReference::Write(_) => at().variant("Write"),
            NamedReference::ReadRange(_) => at().variant("ReadRange").field("allocation"),
            NamedReference::WriteRange(_) => at().variant("WriteRange").field("allocation"),
        });
        Some(Reference { allocation: allocation?, range, kind })
    }

    fn cpu_write(&mut self, write: &NamedCpuWrite, at: At<'_>) -> Option<Command> {
        let allocation = self.allocation(&write.allocation, &|| at().field("allocation"));
        let (range, data) = self.written(write.offset, write.length, &write.data, at);
        Some(Command::CpuWrite(allocation?, range, data))
    }

    fn write_pages(&mut self, write: &NamedWritePages, at: At<'_>) -> Option<Command> {
        let pages = self.pages(&write.pages, &|| at().field("pages"));
        let (range, data) = self.written(write.offset, write.length, &write.data, at);
        Some(Command::WritePages(pages?, range, data))
    }

    /// What is written, and where; explicit bytes say how many they are.
    fn written(
        &mut self,
        offset: u64,
        length: Option<u64>,
        data: &NamedData,
        at: At<'_>,
    ) -> (AllocationRange, Data) {
        let mut range = AllocationRange { offset, length };
        let data = match data {
            NamedData::Seed(seed) => Data::Seed(*seed),
            NamedData::Pattern(pattern) => Data::Pattern(*pattern),
            NamedData::Bytes(bytes) => {
                let data = self.explicit(bytes, &|| at().field("data"));
                let length = length.unwrap_or(data);
                if length != data {
                    let problem = BindProblem::LengthMismatch { length, data };
                    self.report(at().field("length"), problem);
                }
                range.length = Some(data);
                Data::Bytes(bytes.clone())
            }
        };
        (range, data)
    }

    fn reserve_pages(&mut self, reserve: &NamedReservePages, at: At<'_>) -> Option<Command> {
        let NamedReservePages { name, pages: count, contiguous } = reserve;
        let pages = self.pages(name, &|| at().field("name"));
        if *count > limits::RESERVED_PAGES {
            let (what, limit) = ("the pages of one reservation", limits::RESERVED_PAGES);
            self.report(at().field("pages"), BindProblem::Limit { what, limit });
        }
        let (count, contiguous) = (*count, *contiguous);
        Some(Command::ReservePages(ReservePages { pages: pages?, count, contiguous }))
    }

    /// The device of the field `device`, if it names one; `None` for an error.
    fn optional_device(&mut self, name: Option<&Name>, at: At<'_>) -> Option<Option<DeviceId>> {
        match name {
            Some(name) => self.device(name, &|| at().field("device")).map(Some),
            None => Some(None),
        }
    }

    /// The allocation of the field `allocation`, if it names one; `None` for an error.
    fn optional_allocation(
        &mut self,
        name: Option<&Name>,
        at: At<'_>,
    ) -> Option<Option<AllocationId>> {
        match name {
            Some(name) => self.allocation(name, &|| at().field("allocation")).map(Some),
            None => Some(None),
        }
    }

    /// Counts explicit bytes against the limit, and gives their number.
    fn explicit(&mut self, bytes: &[u8], at: At<'_>) -> u64 {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let before = self.explicit_bytes;
        self.explicit_bytes = before.saturating_add(length);
        let limit = limits::EXPLICIT_BYTES;
        if before <= limit && self.explicit_bytes > limit {
            self.report(at(), BindProblem::Limit { what: "explicit bytes", limit });
        }
        length
    }
}

/// A segment as the session describes it.
fn segment_of_description(described: &SegmentDescription) -> Segment {
    Segment {
        name: described.name.to_string(),
        flags: described.flags,
        base: described.base,
        size: described.size,
        commit_limit: described.commit_limit,
        cpu_translated_address: described.cpu_translated_address,
        system_memory_end_address: described.system_memory_end_address,
        bank_count: described.bank_count.unwrap_or_else(|| described.default_bank_count()),
        bank_ends: described.bank_ends.clone(),
        invalid_ranges: described.invalid_ranges.clone(),
        uefi_frame_buffer_ranges: described.uefi_frame_buffer_ranges.clone(),
        cpu_host_aperture: described.cpu_host_aperture,
        video_protected_range: described.video_protected_range,
        hardware_keeps: described.hardware_keeps,
    }
}

/// Takes the costs that the session gives.
fn replace_costs(costs: &mut Costs, described: CostsDescription) {
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
    } = described;
    replace(&mut costs.link_to_device, link_to_device);
    replace(&mut costs.link_to_host, link_to_host);
    replace(&mut costs.local_memory, local_memory);
    replace(&mut costs.operation, operation);
    replace(&mut costs.submission, submission);
    replace(&mut costs.packet, packet);
    replace(&mut costs.aperture_page, aperture_page);
    replace(&mut costs.hibernate_file, hibernate_file);
    replace(&mut costs.power_down, power_down);
    replace(&mut costs.power_up, power_up);
}

/// Takes the new value, if there is one.
fn replace<T>(value: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *value = new;
    }
}
