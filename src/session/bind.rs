//! From names to ids: what the machine gets.
//!
//! A name is bound by the command that creates the object and by no other, for ever. Whether an
//! object exists when a command wants it is not asked here: the machine refuses, and the refusal
//! is an outcome of the session.

use std::collections::HashMap;

use crate::base::{AllocationId, Bytes, DeviceId, ProcessId, SegmentId};
use crate::config::{Adapter, PagingBuffer, Policies, Segment};
use crate::ddi::{AllocationInfo, Preference, PreferredSegments, SegmentSet};
use crate::machine::{
    AllocationRange, Command, CreateAllocation, Data, Expectation, ExpectedPlace, Reference,
    ReferenceKind,
};

use super::bind_error::{BindError, BindProblem, ObjectKind};
use super::document::{
    AdapterDescription, Document, NamedCommand, NamedCpuWrite, NamedCreateAllocation, NamedData,
    NamedExpectation, NamedPreferences, NamedReference, NamedSegmentSet, PagingBufferDescription,
    SegmentName,
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
    let commands = binder.commands(&document.commands);
    match adapter {
        Some(adapter) if binder.errors.is_empty() => {
            Ok(Bound { adapter, policies: document.policies, commands, names: binder.names() })
        }
        _ => Err(binder.errors),
    }
}

/// Names of one kind while they are collected.
struct Scope<'a> {
    kind: ObjectKind,
    ids: HashMap<&'a str, u32>,
    names: Vec<&'a Name>,
    /// The commands that created them, for the message about a second one.
    commands: Vec<usize>,
}

impl Scope<'_> {
    fn new(kind: ObjectKind) -> Self {
        Self { kind, ids: HashMap::new(), names: Vec::new(), commands: Vec::new() }
    }

    fn table(&self) -> Table {
        Table::new(self.names.iter().map(|name| (*name).clone()).collect())
    }
}

struct Binder<'a> {
    processes: Scope<'a>,
    devices: Scope<'a>,
    allocations: Scope<'a>,
    segments: Vec<String>,
    explicit_bytes: u64,
    errors: Vec<BindError>,
}

impl Default for Binder<'_> {
    fn default() -> Self {
        Self {
            processes: Scope::new(ObjectKind::Process),
            devices: Scope::new(ObjectKind::Device),
            allocations: Scope::new(ObjectKind::Allocation),
            segments: Vec::new(),
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

impl<'a> Binder<'a> {
    fn names(&self) -> Names {
        Names {
            processes: self.processes.table(),
            devices: self.devices.table(),
            allocations: self.allocations.table(),
            pages: super::names::Table::default(),
            segments: self.segments.clone(),
        }
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
            return None;
        };
        if let Some(segments) = &description.segments {
            if segments.len() > limits::SEGMENTS {
                let problem = BindProblem::Limit { what: "segments", limit: 31 };
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
            adapter.segments = segments
                .iter()
                .map(|segment| Segment {
                    name: segment.name.to_string(),
                    flags: segment.flags,
                    base: segment.base,
                    size: segment.size,
                    commit_limit: segment.commit_limit,
                    cpu_translated_address: segment.cpu_translated_address,
                    system_memory_end_address: segment.system_memory_end_address,
                    ..Segment::default()
                })
                .collect();
        }
        self.segments = adapter.segments.iter().map(|segment| segment.name.clone()).collect();
        adapter.profile.clone_from(&description.profile);
        replace(&mut adapter.name, description.name.clone());
        replace(&mut adapter.version, description.wddm);
        replace(&mut adapter.system_memory, description.system_memory);
        replace(&mut adapter.frame_seed, description.frame_seed);
        replace(&mut adapter.system_memory_id, description.system_memory_id);
        replace(&mut adapter.aperture_commit_limit, description.aperture_commit_limit);
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
            Some(named) => self.segment(named, &at).map(SegmentId::number),
        };
        replace(&mut buffer.segment, segment);
        replace(&mut buffer.size, described.size);
        replace(&mut buffer.private_data_size, described.private_data_size);
        replace(&mut buffer.count, described.count);
    }

    /// Gives ids to everything that is created, in the order of the commands.
    fn collect_names(&mut self, commands: &'a [NamedCommand]) {
        for (index, command) in commands.iter().enumerate() {
            let (scope, name) = match command {
                NamedCommand::CreateProcess(name) => (&mut self.processes, name),
                NamedCommand::CreateDevice(create) => (&mut self.devices, &create.name),
                NamedCommand::CreateAllocation(create) => (&mut self.allocations, &create.name),
                _ => continue,
            };
            let id = u32::try_from(scope.names.len()).unwrap_or(u32::MAX);
            match scope.ids.get(name.as_str()) {
                None => {
                    scope.ids.insert(name.as_str(), id);
                    scope.names.push(name);
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

    fn commands(&mut self, commands: &[NamedCommand]) -> Vec<Command> {
        if commands.len() > limits::COMMANDS {
            let limit = u64::try_from(limits::COMMANDS).unwrap_or(u64::MAX);
            let problem = BindProblem::Limit { what: "commands", limit };
            self.report(FieldPath::root().field("commands"), problem);
            return Vec::new();
        }
        let mut bound = Vec::with_capacity(commands.len());
        for (index, command) in commands.iter().enumerate() {
            bound.extend(self.command(index, command));
        }
        bound
    }

    /// The id of a name, or `None` and an error.
    fn find(&mut self, kind: ObjectKind, name: &Name, at: At<'_>) -> Option<u32> {
        let scope = match kind {
            ObjectKind::Process => &self.processes,
            ObjectKind::Device => &self.devices,
            ObjectKind::Allocation | ObjectKind::Segment => &self.allocations,
        };
        let found = scope.ids.get(name.as_str()).copied();
        if found.is_none() && self.errors.len() < MOST_ERRORS {
            let close = suggest::close(name.as_str(), scope.names.iter().map(|name| name.as_str()));
            let close = close.into_iter().map(str::to_owned).collect();
            let name = name.to_string();
            self.report(at(), BindProblem::UnknownName { kind, name, close });
        }
        found
    }

    fn allocation(&mut self, name: &Name, at: At<'_>) -> Option<AllocationId> {
        self.find(ObjectKind::Allocation, name, at).map(AllocationId)
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
                let found = self.segments.iter().position(|known| known == name.as_str());
                if found.is_none() {
                    let known = self.segments.iter().map(String::as_str);
                    let close = suggest::close(name.as_str(), known);
                    let close = close.into_iter().map(str::to_owned).collect();
                    let (kind, name) = (ObjectKind::Segment, name.to_string());
                    self.report(at(), BindProblem::UnknownName { kind, name, close });
                }
                found.and_then(SegmentId::from_index)
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
            NamedCommand::CreateDevice(create) => {
                let process =
                    self.find(ObjectKind::Process, &create.process, &|| at().field("process"));
                let device = self.find(ObjectKind::Device, &create.name, &|| at().field("name"));
                Command::CreateDevice(device.map(DeviceId)?, process.map(ProcessId)?)
            }
            NamedCommand::CreateAllocation(create) => {
                Command::CreateAllocation(Box::new(self.create_allocation(create, &at)?))
            }
            NamedCommand::DestroyAllocation(name) => {
                Command::DestroyAllocation(self.allocation(name, &at)?)
            }
            NamedCommand::MakeResident(names) => {
                let each = names.iter().enumerate();
                let bound: Vec<Option<AllocationId>> =
                    each.map(|(item, name)| self.allocation(name, &|| at().index(item))).collect();
                Command::MakeResident(bound.into_iter().collect::<Option<_>>()?)
            }
            NamedCommand::Use(references) => {
                let mut bound = Vec::with_capacity(references.len());
                for (item, reference) in references.iter().enumerate() {
                    bound.extend(self.reference(reference, &|| at().index(item)));
                }
                Command::Use(bound.into_boxed_slice())
            }
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
        let device = self.find(ObjectKind::Device, &create.device, &|| at().field("device"));
        let preferred = self.preferences(&create.preferred, &|| at().field("preferred"));
        let supported = self.segment_set(&create.supported, &|| at().field("supported"));
        let mut of = |set: &Option<NamedSegmentSet>, field| match set {
            Some(set) => self.segment_set(set, &|| at().field(field)),
            None => supported,
        };
        let supported_read = of(&create.supported_read, "supported_read");
        let supported_write = of(&create.supported_write, "supported_write");
        let eviction = self.segment_set(&create.eviction, &|| at().field("eviction"));
        Some(CreateAllocation {
            allocation: allocation?,
            device: device.map(DeviceId)?,
            info: AllocationInfo {
                size: Bytes(create.size),
                alignment: Bytes(create.alignment),
                preferred: preferred?,
                supported_read: supported_read?,
                supported_write: supported_write?,
                eviction: eviction?,
                flags: create.flags,
                priority: create.priority,
                ..AllocationInfo::default()
            },
            fill_pattern: create.fill,
            resident: create.resident,
            shared: false,
            primary: false,
            existing: None,
        })
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
        let mut range = AllocationRange { offset: write.offset, length: write.length };
        let data = match &write.data {
            NamedData::Seed(seed) => Data::Seed(*seed),
            NamedData::Pattern(pattern) => Data::Pattern(*pattern),
            NamedData::Bytes(bytes) => {
                let data = self.explicit(bytes, &|| at().field("data"));
                let length = write.length.unwrap_or(data);
                if length != data {
                    let problem = BindProblem::LengthMismatch { length, data };
                    self.report(at().field("length"), problem);
                }
                range.length = Some(data);
                Data::Bytes(bytes.clone())
            }
        };
        Some(Command::CpuWrite(allocation?, range, data))
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

    fn expectation(&mut self, expected: &NamedExpectation, at: At<'_>) -> Option<Expectation> {
        use NamedExpectation as Named;
        Some(match expected {
            Named::Place { allocation, segment, offset } => {
                let at = || at().variant("Place");
                let allocation = self.allocation(allocation, &|| at().field("allocation"));
                let segment = self.segment(segment, &|| at().field("segment"));
                Expectation::Place(allocation?, ExpectedPlace::Segment(segment?, *offset))
            }
            Named::NotResident(name) => {
                let allocation = self.allocation(name, &|| at().variant("NotResident"));
                Expectation::Place(allocation?, ExpectedPlace::NotResident)
            }
            Named::Absent(name) => {
                let allocation = self.allocation(name, &|| at().variant("Absent"));
                Expectation::Place(allocation?, ExpectedPlace::Absent)
            }
            Named::Content(name, state) => {
                let allocation = self.allocation(name, &|| at().variant("Content").index(0));
                Expectation::Content(allocation?, *state)
            }
            Named::Status(status) => Expectation::Status(*status),
            Named::Counter(counter, value) => Expectation::Counter(*counter, *value),
            Named::Bytes { allocation, offset, bytes } => {
                let at = || at().variant("Bytes");
                let allocation = self.allocation(allocation, &|| at().field("allocation"));
                self.explicit(bytes, &|| at().field("bytes"));
                Expectation::Bytes(allocation?, *offset, bytes.clone())
            }
            Named::SegmentBytes { segment, offset, bytes } => {
                let at = || at().variant("SegmentBytes");
                let segment = self.segment(segment, &|| at().field("segment"));
                self.explicit(bytes, &|| at().field("bytes"));
                Expectation::SegmentBytes(segment?, *offset, bytes.clone())
            }
            Named::PhysicalBytes { address, bytes } => {
                self.explicit(bytes, &|| at().variant("PhysicalBytes").field("bytes"));
                Expectation::PhysicalBytes(*address, bytes.clone())
            }
            Named::Hash(name, hash) => {
                let allocation = self.allocation(name, &|| at().variant("Hash").index(0));
                Expectation::Hash(allocation?, *hash)
            }
            Named::Stopped { code, parameter } => Expectation::Stopped(*code, *parameter),
        })
    }
}

/// Takes the new value, if there is one.
fn replace<T>(value: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *value = new;
    }
}
