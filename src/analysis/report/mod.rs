//! The JSON document of `replay --json`: a stable interface.
//!
//! Keys are only added within a version; a change of meaning raises [`VERSION`]. Sizes and offsets
//! are numbers of bytes unless the key says pages; addresses, flag words, handles and hashes are
//! hexadecimal texts; times are nanoseconds of the machine's clock. Absent things are `null`.
//!
//! | key | meaning |
//! |---|---|
//! | `version` | 1 |
//! | `title` | of the session |
//! | `place` | where the run stands: `12`, `12.2` or `12.2.3` |
//! | `events` | in order: one for each call of the driver, insufficient and busy included, and one for each submission |
//! | `segments` | of the adapter, in order of their ids |
//! | `allocations` | that exist, in order of their creation |
//! | `counters` | totals since the adapter started |
//! | `refusals` | commands refused: `command`, `status`, `reason` |
//! | `faults` | of the device: `command`, `fence`, `start` (byte of the packet), `fault` |
//! | `stop` | `null`, or `command`, bug check `code`, first `parameter`, `status` |
//! | `power` | transitions carried out, in order, each with what it came to |
//! | `hash` | of the whole state |
//!
//! An event of `kind` `call`: `command`; `step` (command.operation); `operation` (name in d3dkmddi,
//! or `Render`); `allocation` (name); `fields` (members of the union in Rust case); `bytes` that the
//! operation concerns; `pass` from 1; `buffer` (`index` in VidMm's table, `serial` of its use,
//! `size`, `address`: `physical`, or `segment` and `address`); `bytes_left` and `private_data_left`
//! before the call; `bytes_written`; `allocation_is_idle`; `multipass_offset_in` and `_out`;
//! `status`; `reason`; `time_ns` at the end of the command.
//!
//! An event of `kind` `submission`: `command`; `buffer`; `start` and `end` in it; `fence`; `paging`
//! (or the user's work); `time_ns`.
//!
//! A segment: `id`, `name`, `flags`, `base`, `size`, `commit_limit`, `committed`, `used`, `free`,
//! `largest_hole`, `peak_used`, `highest_end` (offset at which a block ever ended), `bytes_evicted`,
//! `extents` (`owner`, `offset`, `address`, `size`).
//!
//! An allocation: `name`, `handle`, `state` (`resident` or `not resident`), `segment`, `extents`
//! (pairs of offset and size), `size`, `priority`, `pinned`, `offered`, `displayed`, `locks` (of the
//! CPU that are open), `owner` and `openers` (devices), `content` (`intact`, `damaged`, `never
//! written`, `discarded`: dropped while it was offered, `lost` in a reset of the adapter), `first_wrong_byte`, `hash` of its bytes (`null` where there are too many).
//!
//! Counters: `page_ins` (becoming resident by any operation), `evictions` (leaving other than by
//! destruction), the bytes of the statistics query (`bytes_filled`, `bytes_discarded`,
//! `bytes_mapped_into_aperture`, `bytes_unmapped_from_aperture`, `bytes_mdl_to_memory`,
//! `bytes_memory_to_mdl`, `bytes_aperture_to_memory`, `bytes_memory_to_aperture`), `refusals`,
//! `faults`, `submissions`, `bytes_flushed` (from the CPU cache before the GPU used them).
//!
//! An event of `kind` `step`, for what has no buffer: `command`; `step`; `operation` (what the
//! platform did: `MapGart`, `UnmapGart` or `FlushCache`; or a step of a power transition, among them
//! the calls `SetPowerState`, `ResetFromTimeout` and `RestartFromTimeout` of the driver);
//! `allocation`; `fields`; `bytes`; `reason`; `time_ns`.
//!
//! A transition: `command`; `transition`; power state `before` and `after`; `segments` (`id`,
//! `verdict`, the bytes `kept`, `moved_out`, `discarded`, `unmapped`, `lost`, `moved_for_nothing`,
//! and `time_ns` that dealing with it took); `allocations` that were resident (`name`, `segment`,
//! `offset`, `size`, `fate`, `reason`, `bytes` as compared, `first_lost_byte`, `bytes_lost`,
//! `moved_for_nothing`, the first `step` that concerns it); `phases` (`phase`, `start_ns`,
//! `end_ns`); `failed`, where a purge ran out of system memory (`allocation`, `pages_needed`,
//! `pages_free`).

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value, json};
use std::cell::{Cell, RefCell};
use std::io::Write;

use crate::base::Span;
use crate::base::text::{hex, word};
use crate::ddi::{DmaBufferAddress, Location, PageList, PagingOperation};
use crate::machine::{
    ContentState, Counter, Ending, Place, Run, Started, TracedKind, TracedOperation,
};
use crate::memory::Mdl;
use crate::session::Names;
use crate::vidmm::{
    Allocation, Asked, BufferRecord, CallRecord, Offer, PlatformOperation, SubmissionRecord,
};

use super::explain::{self, Words};

mod power;
mod submission;

/// The version of the document.
pub const VERSION: u32 = 1;

/// Writes the document for a place, executing the run up to there: events are written as they come,
/// so that a long run takes no more memory than a short one.
///
/// Returns whether there is such a place; where there is none inside a command, that shows only when
/// it is reached.
///
/// # Errors
/// What the writer fails with.
pub fn write(
    run: &mut Run,
    place: Place,
    title: &str,
    names: &Names,
    out: &mut dyn Write,
) -> serde_json::Result<bool> {
    let mut serializer = serde_json::Serializer::pretty(&mut *out);
    let mut document = serializer.serialize_map(None)?;
    document.serialize_entry("version", &VERSION)?;
    document.serialize_entry("title", title)?;
    document.serialize_entry("place", &place.to_string())?;
    let events = Events { run: RefCell::new(run), place, names, reached: Cell::new(false) };
    document.serialize_entry("events", &events)?;
    let Events { run, reached, .. } = events;
    let run: &Run = run.into_inner();
    let checked = run.segments();
    let words = Words::new(names, &checked);
    let started = run.machine().started().ok();
    let segments = started.map(|started| segment_values(started, names)).unwrap_or_default();
    document.serialize_entry("segments", &segments)?;
    let allocations = started.into_iter().flat_map(|started| {
        let known = started.vidmm().book().allocations();
        known.map(|allocation| allocation_value(started, allocation, names))
    });
    document.serialize_entry("allocations", &allocations.collect::<Vec<Value>>())?;
    document.serialize_entry("counters", &started.map(counters).unwrap_or_default())?;
    document.serialize_entry("refusals", &refusals(run, place, words))?;
    document.serialize_entry("faults", &faults(run, place))?;
    let stopped = started.and_then(|started| started.expectations().stopped());
    let stop = stopped.map_or(Value::Null, |(command, stop)| {
        json!({
            "command": command,
            "code": word(stop.code),
            "parameter": word(stop.parameter),
            "status": stop.status.map(|status| status.to_string()),
        })
    });
    document.serialize_entry("stop", &stop)?;
    let power = (1..=place.command).filter_map(|command| {
        let outcome = run.record(command)?.power.as_deref()?;
        Some(power::outcome_value(command, outcome, words))
    });
    document.serialize_entry("power", &power.collect::<Vec<Value>>())?;
    document.serialize_entry("hash", &run.machine().hash().to_string())?;
    SerializeMap::end(document)?;
    Ok(reached.get())
}

/// The events of a run up to a place; writing them executes it.
struct Events<'a> {
    run: RefCell<&'a mut Run>,
    place: Place,
    names: &'a Names,
    reached: Cell<bool>,
}

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(None)?;
        let (place, names) = (self.place, self.names);
        let reached = self.run.borrow_mut().pass_through(place, |run, trace| {
            let segments = run.segments();
            let words = Words::new(names, &segments);
            let command = trace.command;
            let clock = run.record(command).map_or(0, |record| record.clock);
            for (number, operation) in (1..).zip(&trace.operations) {
                let inside = place.inner.filter(|_| command == place.command);
                if inside.is_some_and(|inner| number > inner.operation) {
                    break;
                }
                let step = Place::operation(command, number);
                for event in call_events(step, operation, words, clock) {
                    sequence.serialize_element(&event)?;
                }
            }
            for submission in &trace.submissions {
                sequence.serialize_element(&submission_event(command, submission, clock))?;
            }
            Ok(())
        })?;
        self.reached.set(reached);
        SerializeSeq::end(sequence)
    }
}

fn call_events(
    step: Place,
    operation: &TracedOperation,
    words: Words<'_>,
    clock: u64,
) -> Vec<Value> {
    let TracedKind::Asked(record) = &operation.kind else { return Vec::new() };
    let (name, fields) = match &record.asked {
        Asked::Paging(paging) => (paging.kind().name(), operation_fields(paging)),
        Asked::Render(render) => ("Render", submission::render_fields(render, words)),
        Asked::Patch(patch) => ("Patch", submission::patch_fields(patch)),
        Asked::Submit(submit) => ("SubmitCommand", submission::submit_fields(submit, words)),
        Asked::Preempt(preempt) => ("PreemptCommand", submission::preempt_fields(preempt, words)),
        Asked::Platform(platform) => (platform.name(), platform_fields(platform)),
        Asked::Power(step) => (step.name(), power::step_fields(step)),
    };
    let reason = explain::reason_text(record, words);
    if !matches!(record.asked, Asked::Paging(_) | Asked::Render(_)) {
        return vec![json!({
            "kind": "step",
            "command": step.command,
            "step": step.to_string(),
            "operation": name,
            "allocation": record.subject.map(|id| words.allocation(id)),
            "fields": fields,
            "bytes": record.bytes.get(),
            "reason": reason,
            "time_ns": clock,
        })];
    }
    let event = |(pass, call): (usize, &CallRecord)| {
        json!({
            "kind": "call",
            "command": step.command,
            "step": step.to_string(),
            "operation": name,
            "allocation": record.subject.map(|id| words.allocation(id)),
            "fields": fields,
            "bytes": record.bytes.get(),
            "pass": pass + 1,
            "buffer": buffer_value(&call.buffer),
            "bytes_left": call.buffer.size - call.start,
            "bytes_written": call.end - call.start,
            "private_data_left": call.private_before,
            "allocation_is_idle": call.allocation_idle,
            "multipass_offset_in": call.multipass_before,
            "multipass_offset_out": call.multipass_after,
            "status": call.status.to_string(),
            "reason": reason,
            "time_ns": clock,
        })
    };
    operation.calls.iter().enumerate().map(event).collect()
}

fn submission_event(command: usize, submission: &SubmissionRecord, clock: u64) -> Value {
    json!({
        "kind": "submission",
        "command": command,
        "buffer": buffer_value(&submission.buffer),
        "start": submission.start,
        "end": submission.end,
        "fence": submission.fence.0,
        "paging": submission.paging,
        "time_ns": clock,
    })
}

fn buffer_value(buffer: &BufferRecord) -> Value {
    let address = match buffer.address {
        None => Value::Null,
        Some(DmaBufferAddress::Physical(address)) => json!({ "physical": hex(address.get()) }),
        Some(DmaBufferAddress::Aperture { segment, address }) => {
            json!({ "segment": segment.number(), "address": hex(address.get()) })
        }
    };
    json!({
        "index": buffer.index,
        "serial": buffer.serial,
        "size": buffer.size,
        "address": address,
    })
}

/// What the platform was asked to do.
fn platform_fields(platform: &PlatformOperation) -> Value {
    match platform {
        PlatformOperation::MapGart { segment, first_page, mdl } => json!({
            "segment_id": segment.number(),
            "offset_in_pages": first_page.get(),
            "mdl": mdl_value(mdl),
        }),
        PlatformOperation::UnmapGart { segment, first_page, pages, dummy_page } => json!({
            "segment_id": segment.number(),
            "offset_in_pages": first_page.get(),
            "number_of_pages": pages.get(),
            "dummy_page": hex(dummy_page.get()),
        }),
        PlatformOperation::FlushCache { mdl } => json!({ "mdl": mdl_value(mdl) }),
    }
}

/// The fields of an operation, under the names of d3dkmddi in Rust case.
#[must_use]
pub fn operation_fields(operation: &PagingOperation) -> Value {
    match operation {
        PagingOperation::Transfer(transfer) => json!({
            "h_allocation": transfer.allocation.map(|handle| handle.to_string()),
            "transfer_offset": transfer.transfer_offset,
            "transfer_size": transfer.transfer_size.get(),
            "source": location_value(&transfer.source),
            "destination": location_value(&transfer.destination),
            "flags": word(transfer.flags.bits()),
            "mdl_offset": transfer.mdl_offset.get(),
        }),
        PagingOperation::Fill(fill) => json!({
            "h_allocation": fill.allocation.map(|handle| handle.to_string()),
            "fill_size": fill.fill_size.get(),
            "fill_pattern": word(fill.fill_pattern),
            "segment_id": fill.segment.number(),
            "segment_address": hex(fill.address.get()),
        }),
        PagingOperation::DiscardContent(discard) => json!({
            "h_allocation": discard.allocation.map(|handle| handle.to_string()),
            "flags": word(discard.flags.bits()),
            "segment_id": discard.segment.number(),
            "segment_address": hex(discard.address.get()),
        }),
        PagingOperation::ReadPhysical(access) | PagingOperation::WritePhysical(access) => json!({
            "segment_id": access.segment.number(),
            "physical_address": hex(access.address.get()),
        }),
        PagingOperation::SpecialLockTransfer(special) => json!({
            "h_allocation": special.transfer.allocation.map(|handle| handle.to_string()),
            "transfer_offset": special.transfer.transfer_offset,
            "transfer_size": special.transfer.transfer_size.get(),
            "source": location_value(&special.transfer.source),
            "destination": location_value(&special.transfer.destination),
            "flags": word(special.transfer.flags.bits()),
            "swizzling_range_id": special.swizzling_range_id,
            "swizzling_range_data": special.swizzling_range_data,
        }),
        PagingOperation::MapApertureSegment(map) => json!({
            "h_device": map.device.map(|handle| handle.to_string()),
            "h_allocation": map.allocation.map(|handle| handle.to_string()),
            "segment_id": map.segment.number(),
            "offset_in_pages": map.offset_in_pages.get(),
            "number_of_pages": map.number_of_pages.get(),
            "mdl": list_value(&map.pages),
            "flags": word(map.flags.bits()),
            "mdl_offset": map.mdl_offset.get(),
        }),
        PagingOperation::UnmapApertureSegment(unmap) => json!({
            "h_device": unmap.device.map(|handle| handle.to_string()),
            "h_allocation": unmap.allocation.map(|handle| handle.to_string()),
            "segment_id": unmap.segment.number(),
            "offset_in_pages": unmap.offset_in_pages.get(),
            "number_of_pages": unmap.number_of_pages.get(),
            "dummy_page": hex(unmap.dummy_page.get()),
        }),
    }
}

fn location_value(location: &Location) -> Value {
    match location {
        Location::Segment { id, address } => {
            json!({ "segment_id": id.number(), "segment_address": hex(address.get()) })
        }
        Location::Mdl(list) => json!({ "segment_id": 0, "mdl": list_value(list) }),
    }
}

fn list_value(list: &PageList) -> Value {
    mdl_value(&list.mdl)
}

fn mdl_value(mdl: &Mdl) -> Value {
    let runs = mdl.runs().iter();
    let runs: Vec<Value> = runs.map(|run| json!([hex(run.first.get()), run.count.get()])).collect();
    json!({ "pages": mdl.pages().get(), "frames": runs })
}

fn segment_values(started: &Started, names: &Names) -> Vec<Value> {
    let segment = |checked: &crate::rules::CheckedSegment| {
        let used = started.vidmm().book().segment(checked.id)?;
        let extents: Vec<Value> = used
            .extents(Span::whole(checked.size.get()))
            .map(|(span, owner)| {
                json!({
                    "owner": explain::extent_text(names, owner),
                    "offset": span.start(),
                    "address": hex(checked.base.get() + span.start()),
                    "size": span.len(),
                })
            })
            .collect();
        Some(json!({
            "id": checked.id.number(),
            "name": checked.name,
            "flags": word(checked.flags.bits()),
            "base": hex(checked.base.get()),
            "size": checked.size.get(),
            "commit_limit": checked.commit_limit.get(),
            "committed": used.committed().get(),
            "used": used.space().used(),
            "free": used.space().free(),
            "largest_hole": used.space().largest_hole(),
            "peak_used": used.peak_used().get(),
            "highest_end": used.highest_end(),
            "bytes_evicted": used.bytes_evicted().get(),
            "extents": extents,
        }))
    };
    started.vidmm().adapter().segments.iter().filter_map(segment).collect()
}

fn allocation_value(started: &Started, allocation: &Allocation, names: &Names) -> Value {
    let (content, wrong) = started.content_state(allocation);
    let place = allocation.placement();
    let openers = allocation.openers().iter().map(|device| names.device(*device));
    let openers: Vec<&str> = openers.collect();
    json!({
        "name": names.allocation(allocation.id()),
        "handle": allocation.handle().to_string(),
        "state": if place.is_some() { "resident" } else { "not resident" },
        "segment": place.map(|place| place.segment.number()),
        "extents": place.map(|place| json!([[place.span.start(), place.span.len()]])),
        "size": allocation.size().get(),
        "priority": word(allocation.priority().0),
        "pinned": allocation.is_pinned(),
        "offered": allocation.offer() != Offer::None,
        "displayed": allocation.is_displayed(),
        "locks": allocation.locks(),
        "owner": names.device(allocation.device()),
        "openers": openers,
        "content": content_text(content),
        "first_wrong_byte": wrong,
        "hash": started.content_hash(allocation).map(|hash| hash.to_string()),
    })
}

/// The state of content in a word or two.
#[must_use]
pub const fn content_text(content: ContentState) -> &'static str {
    match content {
        ContentState::Intact => "intact",
        ContentState::Damaged => "damaged",
        ContentState::NeverWritten => "never written",
        ContentState::Discarded => "discarded",
        ContentState::Lost => "lost",
    }
}

/// The key of a counter.
#[must_use]
pub const fn counter_key(counter: Counter) -> &'static str {
    match counter {
        Counter::PageIns => "page_ins",
        Counter::Evictions => "evictions",
        Counter::BytesFilled => "bytes_filled",
        Counter::BytesDiscarded => "bytes_discarded",
        Counter::BytesMappedIntoAperture => "bytes_mapped_into_aperture",
        Counter::BytesUnmappedFromAperture => "bytes_unmapped_from_aperture",
        Counter::BytesMdlToMemory => "bytes_mdl_to_memory",
        Counter::BytesMemoryToMdl => "bytes_memory_to_mdl",
        Counter::BytesApertureToMemory => "bytes_aperture_to_memory",
        Counter::BytesMemoryToAperture => "bytes_memory_to_aperture",
        Counter::Refusals => "refusals",
        Counter::Faults => "faults",
        Counter::Submissions => "submissions",
        Counter::BytesFlushed => "bytes_flushed",
    }
}

fn counters(started: &Started) -> Map<String, Value> {
    Counter::ALL
        .into_iter()
        .map(|counter| (counter_key(counter).to_owned(), started.counter(counter).into()))
        .collect()
}

fn refusals(run: &Run, place: Place, words: Words<'_>) -> Vec<Value> {
    let records = (1..=place.command).zip(run.records());
    records
        .filter_map(|(command, record)| {
            let Ending::Refused(refusal) = &record.ending else { return None };
            Some(json!({
                "command": command,
                "status": refusal.status.to_string(),
                "reason": explain::refusal_text(refusal, words).sentence,
            }))
        })
        .collect()
}

fn faults(run: &Run, place: Place) -> Vec<Value> {
    let records = (1..=place.command).zip(run.records());
    records
        .flat_map(|(command, record)| {
            record.faults.iter().map(move |fault| {
                json!({
                    "command": command,
                    "fence": fault.fence.0,
                    "start": fault.start,
                    "fault": explain::fault_text(fault),
                })
            })
        })
        .collect()
}
