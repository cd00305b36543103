//! A session as its file says it: plain data, objects by name.
//!
//! The shapes here are the grammar of the file, documented for people in
//! `saved-sessions/README.md`. A field that the file may leave out has its default here, so that a
//! document read, written and read again is the same.

use serde::Deserialize;

use crate::base::PAGE_SIZE;
use crate::config::{
    AgpAperture, CpuHostAperture, EnginePolicy, EvictionPolicy, FitPolicy, OfferPolicy, Policies,
    Quirks, SegmentRange, VideoProtectedRange,
};
use crate::ddi::{
    BankHint, DescriptorGeneration, DiscardContentFlags, InterfaceVersion, LockFlags,
    MapApertureFlags, NtStatus, OfferPriority, OperationKind, Priority, RowLayout, SegmentFlags,
    SystemMemoryId, TransferFlags,
};
use crate::machine::{ContentState, Counter, OfferState, RunGpu};
use crate::rules::Rule;

use super::limits;
use super::name::Name;
use super::value;

pub use super::flag_words::{FlagGeneration, NamedAllocationFlags};

/// The version of the format that this program reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The comment lines at the start of the file, without their slashes; empty for none.
    pub head_comment: String,
    /// What the start page and the window call it.
    pub title: String,
    /// What it teaches or proves.
    pub notes: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The adapter.
    pub adapter: AdapterDescription,
    /// What the documents leave open.
    pub policies: Policies,
    /// Places in the list of commands.
    pub bookmarks: Vec<Bookmark>,
    /// What happens.
    pub commands: Vec<NamedCommand>,
}

/// The root of the file: what of a [`Document`] lies between its parentheses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Session")]
pub(super) struct Root {
    #[serde(deserialize_with = "value::format_version")]
    #[allow(dead_code, reason = "checked while it is read")]
    version: u32,
    #[serde(default)]
    title: String,
    #[serde(default)]
    notes: String,
    #[serde(default, deserialize_with = "value::bounded::<_, _, { limits::TAGS }>")]
    tags: Vec<String>,
    adapter: AdapterDescription,
    #[serde(default, deserialize_with = "value::policies")]
    policies: Policies,
    #[serde(default, deserialize_with = "value::bounded::<_, _, { limits::BOOKMARKS }>")]
    bookmarks: Vec<Bookmark>,
    #[serde(deserialize_with = "value::bounded::<_, _, { limits::COMMANDS }>")]
    commands: Vec<NamedCommand>,
}

impl Root {
    /// The document with the comment that stood before it.
    pub(super) fn into_document(mut self, head_comment: String) -> Document {
        for segment in self.adapter.segments.iter_mut().flatten() {
            segment.forget_default_bank_count();
        }
        Document {
            head_comment,
            title: self.title,
            notes: self.notes,
            tags: self.tags,
            adapter: self.adapter,
            policies: self.policies,
            bookmarks: self.bookmarks,
            commands: self.commands,
        }
    }
}

/// A place in a session that somebody wants to find again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bookmark {
    /// So many commands have run; beyond the end means the end.
    pub at: u64,
    /// What is to be seen.
    pub text: String,
}

/// The adapter: a driver profile, and what the session changes of its adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterDescription {
    /// The name of a driver profile.
    pub profile: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// The interface version of its driver.
    #[serde(default, deserialize_with = "value::optional_interface_version")]
    pub wddm: Option<InterfaceVersion>,
    /// The segment query that its driver answers.
    #[serde(default, deserialize_with = "value::optional_descriptors")]
    pub descriptors: Option<DescriptorGeneration>,
    /// Bytes of system memory.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub system_memory: Option<u64>,
    /// Scatters the frames of page lists.
    #[serde(default)]
    pub frame_seed: Option<u64>,
    /// All segments, in place of the profile's.
    #[serde(default, deserialize_with = "value::optional_segments")]
    pub segments: Option<Vec<SegmentDescription>>,
    /// What changes of the paging buffer.
    #[serde(default)]
    pub paging_buffer: Option<PagingBufferDescription>,
    /// The driver's number for system memory in preference words and sets.
    #[serde(default, deserialize_with = "value::optional_system_memory_id")]
    pub system_memory_id: Option<SystemMemoryId>,
    /// Bytes mapped into all apertures together; 0 for no limit.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub aperture_commit_limit: Option<u64>,
    /// The AGP aperture of the chipset.
    #[serde(default, deserialize_with = "value::optional_agp_aperture")]
    pub agp_aperture: Option<AgpAperture>,
    /// Departures of the driver from the documents, in place of the profile's.
    #[serde(default, deserialize_with = "value::optional_quirks")]
    pub quirks: Option<Quirks>,
}

/// A segment; the fields of [`config::Segment`](crate::config::Segment).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentDescription {
    /// What people call it.
    pub name: Name,
    /// The flag word, reserved bits included.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: SegmentFlags,
    /// `BaseAddress`.
    #[serde(default, deserialize_with = "value::size")]
    pub base: u64,
    /// Bytes.
    #[serde(deserialize_with = "value::size")]
    pub size: u64,
    /// Bytes; 0 stands for the size.
    #[serde(default, deserialize_with = "value::size")]
    pub commit_limit: u64,
    /// `CpuTranslatedAddress`.
    #[serde(default, deserialize_with = "value::size")]
    pub cpu_translated_address: u64,
    /// `SystemMemoryEndAddress`; 0 for none.
    #[serde(default, deserialize_with = "value::size")]
    pub system_memory_end_address: u64,
    /// Where each bank ends, in bytes from the start of the segment.
    #[serde(default, deserialize_with = "value::bank_ends")]
    pub bank_ends: Vec<u64>,
    /// Banks; `None` for as many as the ends say.
    #[serde(default)]
    pub bank_count: Option<u32>,
    /// Ranges where nothing may lie.
    #[serde(default, deserialize_with = "value::ranges")]
    pub invalid_ranges: Vec<SegmentRange>,
    /// Ranges of the boot frame buffer.
    #[serde(default, deserialize_with = "value::ranges")]
    pub uefi_frame_buffer_ranges: Vec<SegmentRange>,
    /// The programmable window of the CPU.
    #[serde(default, deserialize_with = "value::optional_cpu_host_aperture")]
    pub cpu_host_aperture: Option<CpuHostAperture>,
    /// The video protected range.
    #[serde(default, deserialize_with = "value::optional_video_protected_range")]
    pub video_protected_range: Option<VideoProtectedRange>,
}

impl SegmentDescription {
    /// A segment of a name and a size in bytes; everything else as if it were left out.
    #[must_use]
    pub const fn new(name: Name, size: u64) -> Self {
        Self {
            name,
            flags: SegmentFlags::empty(),
            base: 0,
            size,
            commit_limit: 0,
            cpu_translated_address: 0,
            system_memory_end_address: 0,
            bank_ends: Vec::new(),
            bank_count: None,
            invalid_ranges: Vec::new(),
            uefi_frame_buffer_ranges: Vec::new(),
            cpu_host_aperture: None,
            video_protected_range: None,
        }
    }

    /// The banks that the ends make: one each, and one more behind the last where the segment goes
    /// on. Without ends, none.
    #[must_use]
    pub fn default_bank_count(&self) -> u32 {
        let ends = u32::try_from(self.bank_ends.len()).unwrap_or(u32::MAX);
        match self.bank_ends.last() {
            Some(last) if *last != self.size => ends.saturating_add(1),
            _ => ends,
        }
    }

    /// Forgets a count that the ends give as well: it is not written.
    pub fn forget_default_bank_count(&mut self) {
        if self.bank_count == Some(self.default_bank_count()) {
            self.bank_count = None;
        }
    }
}

/// The paging buffer; what is left out is the profile's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagingBufferDescription {
    /// An aperture segment, or 0 for contiguous system memory. A number may be one that no segment
    /// has.
    #[serde(default, deserialize_with = "value::optional_any_segment")]
    pub segment: Option<SegmentName>,
    /// Bytes.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub size: Option<u64>,
    /// Bytes of private data.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub private_data_size: Option<u64>,
    /// How many buffers are kept.
    #[serde(default)]
    pub count: Option<u32>,
}

/// A segment by its name or by the number of the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentName {
    /// The name that the adapter gives it.
    Name(Name),
    /// The driver's number: 1 for the first.
    Number(u8),
}

/// A segment wanted, and from which end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPreference {
    /// The segment.
    pub segment: SegmentName,
    /// Search from its end.
    pub from_end: bool,
}

/// Segments wanted, most wanted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedPreferences {
    /// One for each slot, at most five.
    List(Vec<NamedPreference>),
    /// The 32-bit word, reserved bits included.
    Word(u32),
}

impl Default for NamedPreferences {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// A set of segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedSegmentSet {
    /// Those in it, in the order of the file.
    List(Vec<SegmentName>),
    /// The 32-bit word: bit n for segment n + 1.
    Word(u32),
}

impl Default for NamedSegmentSet {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// Banks wanted in the first preferred segment, most wanted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedBankHints {
    /// One for each group, at most four.
    List(Vec<BankHint>),
    /// The 32-bit word.
    Word(u32),
}

impl Default for NamedBankHints {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// A command with its objects by name; the meanings are those of
/// [`machine::Command`](crate::machine::Command).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Command")]
pub enum NamedCommand {
    /// A process appears.
    CreateProcess(Name),
    /// A process opens a device.
    CreateDevice(Box<NamedCreateDevice>),
    /// A device creates an allocation.
    CreateAllocation(Box<NamedCreateAllocation>),
    /// An allocation is destroyed.
    DestroyAllocation(Name),
    /// The allocations are made resident together.
    MakeResident(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")] Vec<Name>,
    ),
    /// The GPU reads and writes allocations.
    Use(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")]
        Vec<NamedReference>,
    ),
    /// The CPU writes.
    CpuWrite(Box<NamedCpuWrite>),
    /// The CPU reads.
    CpuRead(Box<NamedRange>),
    /// One allocation leaves its segment.
    Evict(Name),
    /// Everything that may leave does.
    EvictAll,
    /// The priority changes.
    SetPriority(Name, #[serde(deserialize_with = "value::priority")] Priority),
    /// The engine runs.
    RunGpu(#[serde(with = "value::RunGpuName")] RunGpu),
    /// Another device opens a shared allocation.
    OpenAllocation(Box<NamedSharing>),
    /// A device closes a shared allocation.
    CloseAllocation(Box<NamedSharing>),
    /// The CPU locks an allocation.
    Lock(Box<NamedLock>),
    /// The CPU unlocks it.
    Unlock(Name),
    /// The content of allocations may be dropped.
    Offer(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")] Vec<Name>,
        #[serde(with = "value::OfferPriorityName")] OfferPriority,
    ),
    /// It may not any more.
    Reclaim(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")] Vec<Name>,
    ),
    /// An allocation is displayed.
    Display(Name),
    /// Nothing is displayed.
    StopDisplay,
    /// Pages are reserved.
    ReservePages(Box<NamedReservePages>),
    /// Reserved pages are given back.
    ReleasePages(Name),
    /// The CPU writes reserved pages.
    WritePages(Box<NamedWritePages>),
    /// A raw operation.
    Transfer(Box<NamedTransfer>),
    /// A raw operation.
    SpecialLockTransfer(Box<NamedSpecialLockTransfer>),
    /// A raw operation.
    Fill(Box<NamedFill>),
    /// A raw operation.
    DiscardContent(Box<NamedDiscardContent>),
    /// A raw operation.
    ReadPhysical(Box<NamedPhysicalAccess>),
    /// A raw operation.
    WritePhysical(Box<NamedPhysicalAccess>),
    /// A raw operation.
    MapApertureSegment(Box<NamedMapApertureSegment>),
    /// A raw operation.
    UnmapApertureSegment(Box<NamedUnmapApertureSegment>),
    /// Something must hold.
    Expect(Box<NamedExpectation>),
}

impl NamedCommand {
    /// The name of the command, as the file writes it.
    #[must_use]
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::CreateProcess(_) => "CreateProcess",
            Self::CreateDevice(_) => "CreateDevice",
            Self::CreateAllocation(_) => "CreateAllocation",
            Self::DestroyAllocation(_) => "DestroyAllocation",
            Self::MakeResident(_) => "MakeResident",
            Self::Use(_) => "Use",
            Self::CpuWrite(_) => "CpuWrite",
            Self::CpuRead(_) => "CpuRead",
            Self::Evict(_) => "Evict",
            Self::EvictAll => "EvictAll",
            Self::SetPriority(..) => "SetPriority",
            Self::RunGpu(_) => "RunGpu",
            Self::OpenAllocation(_) => "OpenAllocation",
            Self::CloseAllocation(_) => "CloseAllocation",
            Self::Lock(_) => "Lock",
            Self::Unlock(_) => "Unlock",
            Self::Offer(..) => "Offer",
            Self::Reclaim(_) => "Reclaim",
            Self::Display(_) => "Display",
            Self::StopDisplay => "StopDisplay",
            Self::ReservePages(_) => "ReservePages",
            Self::ReleasePages(_) => "ReleasePages",
            Self::WritePages(_) => "WritePages",
            Self::Transfer(_) => OperationKind::Transfer.name(),
            Self::SpecialLockTransfer(_) => OperationKind::SpecialLockTransfer.name(),
            Self::Fill(_) => OperationKind::Fill.name(),
            Self::DiscardContent(_) => OperationKind::DiscardContent.name(),
            Self::ReadPhysical(_) => OperationKind::ReadPhysical.name(),
            Self::WritePhysical(_) => OperationKind::WritePhysical.name(),
            Self::MapApertureSegment(_) => OperationKind::MapApertureSegment.name(),
            Self::UnmapApertureSegment(_) => OperationKind::UnmapApertureSegment.name(),
            Self::Expect(_) => "Expect",
        }
    }
}

/// `CreateDevice`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCreateDevice {
    /// Its name.
    pub name: Name,
    /// The process that opens it.
    pub process: Name,
}

/// `CreateAllocation`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCreateAllocation {
    /// Its name.
    pub name: Name,
    /// The device that creates it.
    pub device: Name,
    /// Bytes; only rows can stand for it.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub size: Option<u64>,
    /// Bytes; one page if left out.
    #[serde(default = "one_page", deserialize_with = "value::size")]
    pub alignment: u64,
    /// Segments wanted.
    #[serde(default)]
    pub preferred: NamedPreferences,
    /// Segments that it may be in, for reading and writing.
    #[serde(default)]
    pub supported: NamedSegmentSet,
    /// In place of `supported` for reading.
    #[serde(default)]
    pub supported_read: Option<NamedSegmentSet>,
    /// In place of `supported` for writing.
    #[serde(default)]
    pub supported_write: Option<NamedSegmentSet>,
    /// Aperture segments through which an eviction may go.
    #[serde(default)]
    pub eviction: NamedSegmentSet,
    /// Properties.
    #[serde(default)]
    pub flags: NamedAllocationFlags,
    /// Starting priority.
    #[serde(default = "normal_priority", deserialize_with = "value::priority")]
    pub priority: Priority,
    /// What a first page-in without content fills it with.
    #[serde(default)]
    pub fill: u32,
    /// Paged in by the same command.
    #[serde(default)]
    pub resident: bool,
    /// Banks wanted.
    #[serde(default)]
    pub hinted_banks: NamedBankHints,
    /// Bytes in a pitch-aligned segment; if left out, what the rows take there, or 0.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub pitch_aligned_size: Option<u64>,
    /// How its rows lie.
    #[serde(default, deserialize_with = "value::optional_rows")]
    pub rows: Option<RowLayout>,
    /// Other devices may open it.
    #[serde(default)]
    pub shared: bool,
    /// It is a primary.
    #[serde(default)]
    pub primary: bool,
    /// The reserved pages that it wraps.
    #[serde(default)]
    pub existing: Option<Name>,
}

impl NamedCreateAllocation {
    /// An allocation of a name, a device and a size in bytes; everything else as if it were left
    /// out.
    #[must_use]
    pub fn new(name: Name, device: Name, size: u64) -> Self {
        Self {
            name,
            device,
            size: Some(size),
            alignment: one_page(),
            preferred: NamedPreferences::default(),
            supported: NamedSegmentSet::default(),
            supported_read: None,
            supported_write: None,
            eviction: NamedSegmentSet::default(),
            flags: NamedAllocationFlags::default(),
            priority: normal_priority(),
            fill: 0,
            resident: false,
            hinted_banks: NamedBankHints::default(),
            pitch_aligned_size: None,
            rows: None,
            shared: false,
            primary: false,
            existing: None,
        }
    }
}

/// The default alignment of an allocation in bytes.
pub(super) const fn one_page() -> u64 {
    PAGE_SIZE
}

/// The default priority of an allocation.
pub(super) const fn normal_priority() -> Priority {
    Priority::NORMAL
}

/// A part of an allocation; without a length, to its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedRange {
    /// The allocation.
    pub allocation: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
}

/// A part of an allocation that the GPU writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedWriteRange {
    /// The allocation.
    pub allocation: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
    /// Says which bytes; if left out, one is made.
    #[serde(default)]
    pub seed: Option<u64>,
}

/// What the GPU does with one allocation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Reference")]
pub enum NamedReference {
    /// Reads all of it.
    Read(Name),
    /// Writes all of it.
    Write(Name),
    /// Reads a part.
    ReadRange(Box<NamedRange>),
    /// Writes a part.
    WriteRange(Box<NamedWriteRange>),
}

/// `CpuWrite`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCpuWrite {
    /// The allocation.
    pub allocation: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes; without it to the end, or as many as `data` lists.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
    /// What is written.
    pub data: NamedData,
}

/// Bytes that the CPU writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Data")]
pub enum NamedData {
    /// Pseudo-random bytes of a seed.
    Seed(u64),
    /// A repeated 32-bit little-endian word.
    Pattern(u32),
    /// Exactly these.
    Bytes(#[serde(deserialize_with = "value::bytes")] Box<[u8]>),
}

/// `OpenAllocation` and `CloseAllocation`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSharing {
    /// The allocation.
    pub allocation: Name,
    /// The device that opens or closes it.
    pub device: Name,
}

/// `Lock`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedLock {
    /// The allocation.
    pub allocation: Name,
    /// The device that locks it; without it, its owner.
    #[serde(default)]
    pub device: Option<Name>,
    /// How.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: LockFlags,
}

/// `ReservePages`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedReservePages {
    /// Their name.
    pub name: Name,
    /// How many.
    pub pages: u64,
    /// In one run.
    #[serde(default)]
    pub contiguous: bool,
}

/// `WritePages`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedWritePages {
    /// The pages.
    pub pages: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes; without it to the end, or as many as `data` lists.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
    /// What is written.
    pub data: NamedData,
}

/// One side of a raw transfer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Location")]
pub enum NamedLocation {
    /// A segment, and the address in it: base address plus offset.
    Segment(SegmentName, #[serde(deserialize_with = "value::size")] u64),
    /// Reserved pages, as a page list.
    Pages(Name),
}

/// `Transfer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedTransfer {
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// Bytes added to segment addresses.
    #[serde(default, deserialize_with = "value::size_32")]
    pub transfer_offset: u32,
    /// Bytes.
    #[serde(deserialize_with = "value::size")]
    pub transfer_size: u64,
    /// From.
    pub source: NamedLocation,
    /// To.
    pub destination: NamedLocation,
    /// First, last, idle, swizzling.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: TransferFlags,
    /// First page of page lists.
    #[serde(default)]
    pub mdl_offset: u32,
}

/// `SpecialLockTransfer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSpecialLockTransfer {
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// Bytes added to segment addresses.
    #[serde(default, deserialize_with = "value::size_32")]
    pub transfer_offset: u32,
    /// Bytes.
    #[serde(deserialize_with = "value::size")]
    pub transfer_size: u64,
    /// From.
    pub source: NamedLocation,
    /// To.
    pub destination: NamedLocation,
    /// First, last, idle, swizzling.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: TransferFlags,
    /// The swizzling range.
    #[serde(default)]
    pub swizzling_range_id: u32,
    /// Data of the swizzling range.
    #[serde(default)]
    pub swizzling_range_data: u32,
}

/// `Fill`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedFill {
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// Bytes.
    #[serde(deserialize_with = "value::size")]
    pub fill_size: u64,
    /// Repeated word.
    #[serde(default)]
    pub fill_pattern: u32,
    /// The segment.
    pub segment: SegmentName,
    /// Base address plus offset.
    #[serde(deserialize_with = "value::size")]
    pub address: u64,
}

/// `DiscardContent`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedDiscardContent {
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// Whether it is known to be idle.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: DiscardContentFlags,
    /// The segment.
    pub segment: SegmentName,
    /// Base address plus offset.
    #[serde(deserialize_with = "value::size")]
    pub address: u64,
}

/// `ReadPhysical` and `WritePhysical`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPhysicalAccess {
    /// The segment.
    pub segment: SegmentName,
    /// Base address plus offset.
    #[serde(deserialize_with = "value::size")]
    pub address: u64,
}

/// `MapApertureSegment`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedMapApertureSegment {
    /// The device named to the driver.
    #[serde(default)]
    pub device: Option<Name>,
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// The aperture segment.
    pub segment: SegmentName,
    /// First aperture page.
    #[serde(default)]
    pub offset_in_pages: u64,
    /// Pages.
    pub number_of_pages: u64,
    /// The page list.
    pub pages: Name,
    /// Whether cacheable pages go into a coherent aperture.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: MapApertureFlags,
    /// First page of the list.
    #[serde(default)]
    pub mdl_offset: u32,
}

/// `UnmapApertureSegment`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUnmapApertureSegment {
    /// The device named to the driver.
    #[serde(default)]
    pub device: Option<Name>,
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// The aperture segment.
    pub segment: SegmentName,
    /// First aperture page.
    #[serde(default)]
    pub offset_in_pages: u64,
    /// Pages.
    pub number_of_pages: u64,
    /// Physical address of the dummy page; without it, VidMm's own.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub dummy_page: Option<u64>,
}

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Expectation", deny_unknown_fields)]
pub enum NamedExpectation {
    /// Resident in this segment, at this offset if one is given.
    Place {
        /// The allocation.
        allocation: Name,
        /// The segment.
        segment: SegmentName,
        /// Bytes from the start of the segment.
        #[serde(default, deserialize_with = "value::optional_size")]
        offset: Option<u64>,
    },
    /// Not resident in any segment.
    NotResident(Name),
    /// Destroyed, or never created.
    Absent(Name),
    /// The allocation's bytes are in this state.
    Content(Name, #[serde(with = "value::ContentStateName")] ContentState),
    /// The last command that was not an expectation ended with this status.
    Status(#[serde(deserialize_with = "value::status")] NtStatus),
    /// A counter stands at this value.
    Counter(#[serde(with = "value::CounterName")] Counter, u64),
    /// Bytes of an allocation, wherever they are now.
    Bytes {
        /// The allocation.
        allocation: Name,
        /// Bytes from its start.
        #[serde(default, deserialize_with = "value::size")]
        offset: u64,
        /// What must be there.
        #[serde(deserialize_with = "value::bytes")]
        bytes: Box<[u8]>,
    },
    /// Bytes of a segment, as the GPU sees them.
    SegmentBytes {
        /// The segment.
        segment: SegmentName,
        /// Bytes from its start.
        #[serde(default, deserialize_with = "value::size")]
        offset: u64,
        /// What must be there.
        #[serde(deserialize_with = "value::bytes")]
        bytes: Box<[u8]>,
    },
    /// Bytes of system memory.
    PhysicalBytes {
        /// Physical address.
        #[serde(deserialize_with = "value::size")]
        address: u64,
        /// What must be there.
        #[serde(deserialize_with = "value::bytes")]
        bytes: Box<[u8]>,
    },
    /// The hash of an allocation's bytes.
    Hash(Name, u64),
    /// The machine has stopped.
    Stopped {
        /// Bug check.
        code: u32,
        /// First parameter.
        parameter: u32,
    },
    /// Offered or not.
    Offer(Name, #[serde(with = "value::OfferStateName")] OfferState),
    /// Locked by the CPU.
    Locked(Name),
    /// Not locked.
    Unlocked(Name),
    /// Displayed.
    Displayed(Name),
    /// Not displayed.
    NotDisplayed(Name),
    /// A device owns a shared allocation.
    Owner {
        /// The allocation.
        allocation: Name,
        /// The device.
        device: Name,
    },
    /// Bytes of reserved pages.
    PagesBytes {
        /// The pages.
        pages: Name,
        /// Bytes from their start.
        #[serde(default, deserialize_with = "value::size")]
        offset: u64,
        /// What must be there.
        #[serde(deserialize_with = "value::bytes")]
        bytes: Box<[u8]>,
    },
    /// The adapter breaks or touches a rule.
    Finding(#[serde(deserialize_with = "value::rule")] Rule),
    /// The command before did this damage.
    Damage(NamedDamage),
}

/// Damage that is expected: the first wrong byte or page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Damage", deny_unknown_fields)]
pub enum NamedDamage {
    /// Of an allocation.
    Content {
        /// The allocation.
        allocation: Name,
        /// Bytes from its start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
    /// Of reserved pages.
    Pages {
        /// The pages.
        pages: Name,
        /// Bytes from their start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
    /// Of a segment, where no allocation lies.
    Segment {
        /// The segment.
        segment: SegmentName,
        /// Bytes from its start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
    /// Of an aperture.
    Aperture {
        /// The segment.
        segment: SegmentName,
        /// The page.
        page: u64,
    },
    /// Of what the GPU read.
    WrongRead {
        /// The allocation.
        allocation: Name,
        /// Bytes from its start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
    /// Of what the CPU read.
    WrongCpuRead {
        /// The allocation.
        allocation: Name,
        /// Bytes from its start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
}

#[derive(Deserialize)]
#[serde(remote = "FitPolicy", rename = "FitPolicy")]
pub(super) enum FitPolicyName {
    First,
    Best,
}

#[derive(Deserialize)]
#[serde(remote = "EvictionPolicy", rename = "EvictionPolicy")]
pub(super) enum EvictionPolicyName {
    Lru,
    Mru,
    Fifo,
}

#[derive(Deserialize)]
#[serde(remote = "OfferPolicy", rename = "OfferPolicy")]
pub(super) enum OfferPolicyName {
    Discard,
    Keep,
}

#[derive(Deserialize)]
#[serde(remote = "EnginePolicy", rename = "EnginePolicy")]
pub(super) enum EnginePolicyName {
    Drain,
    Manual,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session of a million commands keeps them all in memory.
    #[test]
    fn commands_and_references_stay_small() {
        assert!(size_of::<NamedCommand>() <= 40, "{}", size_of::<NamedCommand>());
        assert!(size_of::<NamedReference>() <= 32, "{}", size_of::<NamedReference>());
    }
}
