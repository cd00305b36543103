//! Writing a session for people: one command a line, hexadecimal addresses, sizes with units.
//!
//! What the reader supplies by default is left out. Reading what is written gives the same
//! document.

mod expectation;
mod power;
mod raw;
mod submission;

use std::fmt::{self, Display, Write};

use crate::base::text::{exact_size, hex, word};
use crate::config::{
    AgpAperture, CpuHostAperture, EnginePolicy, EvictionPolicy, FitPolicy, HardwareKeeps,
    OfferPolicy, Policies, SegmentRange, VideoProtectedRange,
};
use crate::ddi::{OfferPriority, Priority, RowLayout};
use crate::machine::RunGpu;

use self::expectation::ExpectationText;
use super::document::{
    AdapterDescription, Document, FORMAT_VERSION, NamedBankHints, NamedCommand,
    NamedCreateAllocation, NamedData, NamedLock, NamedPhysicalAccess, NamedPreferences, NamedRange,
    NamedReference, NamedReservePages, NamedSegmentSet, NamedWriteRange, PagingBufferDescription,
    SegmentDescription, SegmentName, normal_priority, one_page,
};
use super::flag_words::Names;

/// The text of a session.
#[must_use]
pub fn write(document: &Document) -> String {
    let mut text = String::new();
    // Writing to a `String` does not fail.
    let _ = write_to(&mut text, document);
    text
}

/// One command as a session writes it, without the comma behind it.
#[must_use]
pub fn write_command(command: &NamedCommand) -> String {
    CommandText(command).to_string()
}

/// Writes the text of a session as it is made.
///
/// # Errors
/// When `out` fails.
pub(super) fn write_to(out: &mut dyn Write, document: &Document) -> fmt::Result {
    if !document.head_comment.is_empty() {
        for line in document.head_comment.split('\n') {
            // A carriage return would end the line for the reader.
            let line = line.replace('\r', " ");
            let space = if line.is_empty() { "" } else { " " };
            writeln!(out, "//{space}{line}")?;
        }
    }
    writeln!(out, "(\n    version: {FORMAT_VERSION},")?;
    writeln!(out, "    title: {},", Quoted(&document.title))?;
    if !document.notes.is_empty() {
        writeln!(out, "    notes: {},", Quoted(&document.notes))?;
    }
    if !document.tags.is_empty() {
        let tags = document.tags.iter().map(|tag| Quoted(tag));
        writeln!(out, "    tags: {},", List(tags))?;
    }
    write_adapter(out, &document.adapter)?;
    write_policies(out, document.policies)?;
    if !document.bookmarks.is_empty() {
        out.write_str("    bookmarks: [\n")?;
        for bookmark in &document.bookmarks {
            writeln!(out, "        (at: {}, text: {}),", bookmark.at, Quoted(&bookmark.text))?;
        }
        out.write_str("    ],\n")?;
    }
    out.write_str("    commands: [\n")?;
    for command in &document.commands {
        writeln!(out, "        {},", CommandText(command))?;
    }
    out.write_str("    ],\n)\n")?;
    Ok(())
}

fn write_adapter(out: &mut dyn Write, adapter: &AdapterDescription) -> fmt::Result {
    let AdapterDescription {
        profile,
        name,
        wddm,
        descriptors,
        system_memory,
        frame_seed,
        segments,
        paging_buffer,
        system_memory_id,
        aperture_commit_limit,
        agp_aperture,
        quirks,
        costs,
    } = adapter;
    out.write_str("    adapter: (\n")?;
    writeln!(out, "        profile: {},", Quoted(profile))?;
    if let Some(name) = name {
        writeln!(out, "        name: {},", Quoted(name))?;
    }
    if let Some(version) = wddm {
        writeln!(out, "        wddm: {},", Quoted(version.name()))?;
    }
    if let Some(generation) = descriptors {
        writeln!(out, "        descriptors: {},", generation.number())?;
    }
    if let Some(bytes) = system_memory {
        writeln!(out, "        system_memory: {},", Size(*bytes))?;
    }
    if let Some(seed) = frame_seed {
        writeln!(out, "        frame_seed: {seed},")?;
    }
    if let Some(segments) = segments {
        out.write_str("        segments: [\n")?;
        for segment in segments {
            writeln!(out, "            {},", SegmentText(segment))?;
        }
        out.write_str("        ],\n")?;
    }
    if let Some(buffer) = paging_buffer {
        writeln!(out, "        paging_buffer: {},", PagingBufferText(buffer))?;
    }
    if let Some(id) = system_memory_id {
        writeln!(out, "        system_memory_id: {},", id.0)?;
    }
    if let Some(limit) = aperture_commit_limit {
        writeln!(out, "        aperture_commit_limit: {},", Size(*limit))?;
    }
    if let Some(AgpAperture { base, size }) = agp_aperture {
        let (base, size) = (hex(*base), Size(*size));
        writeln!(out, "        agp_aperture: (base: {base}, size: {size}),")?;
    }
    if let Some(quirks) = quirks {
        writeln!(out, "        quirks: {},", Flags(*quirks))?;
    }
    if let Some(costs) = costs {
        writeln!(out, "        costs: {},", power::costs_fields(costs))?;
    }
    out.write_str("    ),\n")?;
    Ok(())
}

fn write_policies(out: &mut dyn Write, policies: Policies) -> fmt::Result {
    let defaults = Policies::default();
    if policies == defaults {
        return Ok(());
    }
    let Policies { fit, eviction, engine, offers, transfer_limit } = policies;
    let mut fields = Fields::default();
    fields.unless(
        fit == defaults.fit,
        "fit",
        match fit {
            FitPolicy::First => "First",
            FitPolicy::Best => "Best",
        },
    );
    fields.unless(
        eviction == defaults.eviction,
        "eviction",
        match eviction {
            EvictionPolicy::Lru => "Lru",
            EvictionPolicy::Mru => "Mru",
            EvictionPolicy::Fifo => "Fifo",
        },
    );
    fields.unless(
        engine == defaults.engine,
        "engine",
        match engine {
            EnginePolicy::Drain => "Drain",
            EnginePolicy::Manual => "Manual",
        },
    );
    fields.unless(
        offers == defaults.offers,
        "offers",
        match offers {
            OfferPolicy::Discard => "Discard",
            OfferPolicy::Keep => "Keep",
        },
    );
    let unlimited = transfer_limit == defaults.transfer_limit;
    fields.unless(unlimited, "transfer_limit", Size(transfer_limit));
    writeln!(out, "    policies: {fields},")
}

/// `(a: 1, b: 2)`, with what is left out left out.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn add(&mut self, name: &str, value: impl Display) {
        let comma = if self.0.is_empty() { "" } else { ", " };
        // Writing to a `String` does not fail.
        let _ = write!(self.0, "{comma}{name}: {value}");
    }

    fn unless(&mut self, left_out: bool, name: &str, value: impl Display) {
        if !left_out {
            self.add(name, value);
        }
    }

    fn some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

impl Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({})", self.0)
    }
}

/// A text in quotes, on one line.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                // Line and paragraph separators, direction marks and the byte order mark would be
                // invisible, or break the line, in an editor.
                c if c.is_control()
                    || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}') =>
                {
                    write!(f, "\\u{{{:x}}}", u32::from(c))?;
                }
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A size in quotes, with the largest unit that divides it.
struct Size(u64);

impl Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", exact_size(self.0))
    }
}

/// `[a, b]`; consumed once.
struct List<I>(I);

impl<I: Iterator<Item = T> + Clone, T: Display> Display for List<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (index, item) in self.0.clone().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            item.fmt(f)?;
        }
        f.write_char(']')
    }
}

/// Bytes as pairs of digits, in quotes.
struct BytesText<'a>(&'a [u8]);

impl Display for BytesText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for (index, byte) in self.0.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            write!(f, "{space}{byte:02X}")?;
        }
        f.write_char('"')
    }
}

/// Flag names in quotes, what has no name as a number.
struct Flags<F>(F);

impl<F: bitflags::Flags<Bits = u32> + Copy> Display for Flags<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Names(self.0))
    }
}

impl Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => Quoted(name.as_str()).fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

struct SegmentText<'a>(&'a SegmentDescription);

impl Display for SegmentText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segment = self.0;
        let mut fields = Fields::default();
        fields.add("name", Quoted(segment.name.as_str()));
        fields.unless(segment.flags.is_empty(), "flags", Flags(segment.flags));
        fields.add("base", hex(segment.base));
        fields.add("size", Size(segment.size));
        fields.unless(segment.commit_limit == 0, "commit_limit", Size(segment.commit_limit));
        let translated = segment.cpu_translated_address;
        fields.unless(translated == 0, "cpu_translated_address", hex(translated));
        let end = segment.system_memory_end_address;
        fields.unless(end == 0, "system_memory_end_address", hex(end));
        let ends = segment.bank_ends.iter().map(|end| Size(*end));
        fields.unless(segment.bank_ends.is_empty(), "bank_ends", List(ends));
        let default = segment.default_bank_count();
        fields.some("bank_count", segment.bank_count.filter(|count| *count != default));
        fields.unless(
            segment.invalid_ranges.is_empty(),
            "invalid_ranges",
            ranges(&segment.invalid_ranges),
        );
        fields.unless(
            segment.uefi_frame_buffer_ranges.is_empty(),
            "uefi_frame_buffer_ranges",
            ranges(&segment.uefi_frame_buffer_ranges),
        );
        if let Some(CpuHostAperture { physical_address, size_in_pages }) = segment.cpu_host_aperture
        {
            let mut window = Fields::default();
            window.add("physical_address", hex(physical_address));
            window.add("size_in_pages", size_in_pages);
            fields.add("cpu_host_aperture", window);
        }
        if let Some(protected) = segment.video_protected_range {
            let VideoProtectedRange { start, size, alignment, supported, reserve } = protected;
            let mut range = Fields::default();
            range.add("start", hex(start));
            range.add("size", Size(size));
            range.unless(alignment == 0, "alignment", Size(alignment));
            range.unless(supported == 0, "supported", supported);
            range.unless(reserve == 0, "reserve", Size(reserve));
            fields.add("video_protected_range", range);
        }
        let keeps = segment.hardware_keeps;
        let stated = keeps != HardwareKeeps::default();
        fields.unless(!stated, "hardware_keeps", power::hardware_keeps_fields(keeps));
        fields.fmt(f)
    }
}

/// Ranges of a segment.
fn ranges(ranges: &[SegmentRange]) -> impl Display {
    List(ranges.iter().map(|range| {
        let mut fields = Fields::default();
        fields.add("offset", hex(range.offset));
        fields.add("size", Size(range.size));
        fields
    }))
}

struct PagingBufferText<'a>(&'a PagingBufferDescription);

impl Display for PagingBufferText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PagingBufferDescription { segment, size, private_data_size, count } = self.0;
        let mut fields = Fields::default();
        fields.some("segment", segment.as_ref());
        fields.some("size", size.map(Size));
        fields.some("private_data_size", private_data_size.map(Size));
        fields.some("count", *count);
        fields.fmt(f)
    }
}

impl Display for NamedPreferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(value) => f.write_str(&word(*value)),
            Self::List(list) => {
                let slots = list.iter().map(|preference| match preference.from_end {
                    true => format!("({}, FromEnd)", preference.segment),
                    false => preference.segment.to_string(),
                });
                List(slots).fmt(f)
            }
        }
    }
}

impl Display for NamedSegmentSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(value) => f.write_str(&word(*value)),
            Self::List(list) => List(list.iter()).fmt(f),
        }
    }
}

impl Display for NamedBankHints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(value) => f.write_str(&word(*value)),
            Self::List(list) => {
                let groups = list.iter().map(|hint| match hint.from_end {
                    true => format!("({}, FromEnd)", hint.bank),
                    false => hint.bank.to_string(),
                });
                List(groups).fmt(f)
            }
        }
    }
}

/// A priority: its name, or the number for one without.
struct PriorityText(Priority);

impl Display for PriorityText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Priority::NAMED.into_iter().find(|(_, value)| *value == self.0) {
            Some((name, _)) => f.write_str(name),
            None => f.write_str(&word(self.0.0)),
        }
    }
}

struct CommandText<'a>(&'a NamedCommand);

impl Display for CommandText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.keyword())?;
        match self.0 {
            NamedCommand::CreateProcess(name)
            | NamedCommand::DestroyAllocation(name)
            | NamedCommand::Evict(name)
            | NamedCommand::Unlock(name)
            | NamedCommand::Display(name)
            | NamedCommand::ReleasePages(name) => write!(f, "({})", Quoted(name.as_str())),
            NamedCommand::CreateDevice(create) => submission::device_fields(create).fmt(f),
            NamedCommand::CreateContext(create) => submission::context_fields(create).fmt(f),
            NamedCommand::CreateAllocation(create) => allocation_fields(create).fmt(f),
            NamedCommand::MakeResident(names) | NamedCommand::Reclaim(names) => {
                write!(f, "({})", List(names.iter().map(|name| Quoted(name.as_str()))))
            }
            NamedCommand::Offer(names, priority) => {
                let names = List(names.iter().map(|name| Quoted(name.as_str())));
                write!(f, "({names}, {})", offer_priority_name(*priority))
            }
            NamedCommand::Use(references) => {
                write!(f, "({})", List(references.iter().map(ReferenceText)))
            }
            NamedCommand::Submit(submit) => submission::submit_fields(submit).fmt(f),
            NamedCommand::CpuWrite(write) => {
                let mut fields = part_fields(write.allocation.as_str(), write.offset, write.length);
                fields.add("data", DataText(&write.data));
                fields.fmt(f)
            }
            NamedCommand::CpuRead(read) => range_fields(read).fmt(f),
            NamedCommand::EvictAll
            | NamedCommand::StopDisplay
            | NamedCommand::TimeoutRecovery
            | NamedCommand::Resume
            | NamedCommand::ResumeAfterPowerLoss => Ok(()),
            NamedCommand::Sleep(sleep) => write!(f, "({})", power::sleep_name(*sleep)),
            NamedCommand::DevicePower(state) => write!(f, "({})", state.name()),
            NamedCommand::OpenAllocation(sharing) | NamedCommand::CloseAllocation(sharing) => {
                let mut fields = Fields::default();
                fields.add("allocation", Quoted(sharing.allocation.as_str()));
                fields.add("device", Quoted(sharing.device.as_str()));
                fields.fmt(f)
            }
            NamedCommand::Lock(lock) => {
                let NamedLock { allocation, device, flags } = lock.as_ref();
                let mut fields = Fields::default();
                fields.add("allocation", Quoted(allocation.as_str()));
                fields.some("device", device.as_ref().map(|name| Quoted(name.as_str())));
                fields.unless(flags.is_empty(), "flags", Flags(*flags));
                fields.fmt(f)
            }
            NamedCommand::ReservePages(reserve) => {
                let NamedReservePages { name, pages, contiguous } = reserve.as_ref();
                let mut fields = Fields::default();
                fields.add("name", Quoted(name.as_str()));
                fields.add("pages", pages);
                fields.unless(!contiguous, "contiguous", true);
                fields.fmt(f)
            }
            NamedCommand::WritePages(write) => {
                let mut fields = Fields::default();
                fields.add("pages", Quoted(write.pages.as_str()));
                fields.unless(write.offset == 0, "offset", hex(write.offset));
                fields.some("length", write.length.map(Size));
                fields.add("data", DataText(&write.data));
                fields.fmt(f)
            }
            NamedCommand::Transfer(operation) => raw::transfer_fields(operation).fmt(f),
            NamedCommand::SpecialLockTransfer(operation) => {
                raw::special_lock_transfer_fields(operation).fmt(f)
            }
            NamedCommand::Fill(operation) => raw::fill_fields(operation).fmt(f),
            NamedCommand::DiscardContent(operation) => {
                raw::discard_content_fields(operation).fmt(f)
            }
            NamedCommand::ReadPhysical(access) | NamedCommand::WritePhysical(access) => {
                let NamedPhysicalAccess { segment, address } = access.as_ref();
                let mut fields = Fields::default();
                fields.add("segment", segment);
                fields.add("address", hex(*address));
                fields.fmt(f)
            }
            NamedCommand::MapApertureSegment(operation) => raw::map_fields(operation).fmt(f),
            NamedCommand::UnmapApertureSegment(operation) => raw::unmap_fields(operation).fmt(f),
            NamedCommand::SetPriority(name, priority) => {
                write!(f, "({}, {})", Quoted(name.as_str()), PriorityText(*priority))
            }
            NamedCommand::RunGpu(run) => match run {
                RunGpu::UntilIdle => f.write_str("(UntilIdle)"),
                RunGpu::Packets(count) => write!(f, "(Packets({count}))"),
                RunGpu::UntilFence(fence) => write!(f, "(UntilFence({}))", fence.0),
            },
            NamedCommand::Expect(expected) => write!(f, "({})", ExpectationText(expected)),
        }
    }
}

fn allocation_fields(create: &NamedCreateAllocation) -> Fields {
    let mut fields = Fields::default();
    fields.add("name", Quoted(create.name.as_str()));
    fields.add("device", Quoted(create.device.as_str()));
    fields.some("size", create.size.map(Size));
    if let Some(RowLayout { pitch, aligned_pitch, rows }) = create.rows {
        let mut layout = Fields::default();
        layout.add("pitch", pitch);
        layout.add("aligned_pitch", aligned_pitch);
        layout.add("rows", rows);
        fields.add("rows", layout);
    }
    fields.some("pitch_aligned_size", create.pitch_aligned_size.map(Size));
    fields.unless(create.alignment == one_page(), "alignment", Size(create.alignment));
    let none = NamedPreferences::default();
    fields.unless(create.preferred == none, "preferred", &create.preferred);
    let empty = NamedSegmentSet::default();
    fields.unless(create.supported == empty, "supported", &create.supported);
    fields.some("supported_read", create.supported_read.as_ref());
    fields.some("supported_write", create.supported_write.as_ref());
    fields.unless(create.eviction == empty, "eviction", &create.eviction);
    let hintless = create.hinted_banks == NamedBankHints::default();
    fields.unless(hintless, "hinted_banks", &create.hinted_banks);
    fields.unless(create.flags.flags().is_empty(), "flags", create.flags);
    let priority = create.priority;
    fields.unless(priority == normal_priority(), "priority", PriorityText(priority));
    fields.unless(create.fill == 0, "fill", word(create.fill));
    fields.unless(!create.resident, "resident", true);
    fields.unless(!create.shared, "shared", true);
    fields.unless(!create.primary, "primary", true);
    fields.some("existing", create.existing.as_ref().map(|name| Quoted(name.as_str())));
    fields
}

struct DataText<'a>(&'a NamedData);

impl Display for DataText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NamedData::Seed(seed) => write!(f, "Seed({seed})"),
            NamedData::Pattern(pattern) => write!(f, "Pattern({})", word(*pattern)),
            NamedData::Bytes(bytes) => write!(f, "Bytes({})", BytesText(bytes)),
        }
    }
}

fn range_fields(range: &NamedRange) -> Fields {
    part_fields(range.allocation.as_str(), range.offset, range.length)
}

fn part_fields(allocation: &str, offset: u64, length: Option<u64>) -> Fields {
    let mut fields = Fields::default();
    fields.add("allocation", Quoted(allocation));
    fields.unless(offset == 0, "offset", hex(offset));
    fields.some("length", length.map(Size));
    fields
}

struct ReferenceText<'a>(&'a NamedReference);

impl Display for ReferenceText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NamedReference::Read(name) => write!(f, "Read({})", Quoted(name.as_str())),
            NamedReference::Write(name) => write!(f, "Write({})", Quoted(name.as_str())),
            NamedReference::ReadRange(range) => write!(f, "ReadRange{}", range_fields(range)),
            NamedReference::WriteRange(range) => {
                let NamedWriteRange { allocation, offset, length, seed } = range.as_ref();
                let mut fields = part_fields(allocation.as_str(), *offset, *length);
                fields.some("seed", *seed);
                write!(f, "WriteRange{fields}")
            }
        }
    }
}

const fn offer_priority_name(priority: OfferPriority) -> &'static str {
    match priority {
        OfferPriority::Low => "LOW",
        OfferPriority::Normal => "NORMAL",
        OfferPriority::High => "HIGH",
        OfferPriority::Auto => "AUTO",
    }
}
