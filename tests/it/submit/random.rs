//! Random programs of the command set, run through command buffer, DMA buffer, patching, paging and
//! the GPU under memory pressure, against a direct interpreter over plain arrays of bytes.
//!
//! The interpreter knows the commands as the user gives them and nothing of segments, rows, buffers
//! or the machine's own book of what must be there. Which command the driver must refuse is decided
//! here too. What is refused for want of room must leave no trace.

#[path = "random/decode.rs"]
pub(crate) mod decode;

use proptest::prelude::*;
use vidmm_inspector::base::{AllocationId, ContextId, ContextRef, DeviceId};
use vidmm_inspector::config::EnginePolicy;
use vidmm_inspector::ddi::{
    AllocationFlags, AllocationInfo, DeviceInfo, InterfaceVersion, NtStatus, RowLayout,
    SegmentFlags,
};
use vidmm_inspector::machine::{
    AllocationRange, At, Command, Data, Ending, Reference, ReferenceKind, RunGpu, Submit,
    UserCommand,
};
use vidmm_inspector::memory::{Content, bytes};
use vidmm_inspector::vidmm::{Refusal, RefusalReason};

use crate::script::{PAGE, Script, info, random, segments, there_and_back};

/// Bytes of content; rows of 1,000 lie 1,024 apart where the segment wants it.
const PITCH: u32 = 1000;
const ALIGNED: u32 = 1024;

#[derive(Clone, Copy, Debug)]
struct New {
    pages: u64,
    /// 0: memory; 1: the pitch-aligned memory; 2: the aperture; 3: memory or aperture.
    home: u8,
    rows: bool,
}

impl New {
    fn size(&self) -> u64 {
        if self.rows { self.rows_of() * u64::from(PITCH) } else { self.pages * PAGE }
    }

    fn rows_of(&self) -> u64 {
        self.pages * PAGE / u64::from(ALIGNED)
    }
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Fill(u32),
    Copy,
    Blit { row_bytes: u16, rows: u8, pitches: (u16, u16) },
    Add(u32),
    Draw { more: usize, write: u8 },
    Unbind,
    Signal(u8),
}

/// One command: two operands in thousandths of their allocations, and a length.
#[derive(Clone, Copy, Debug)]
struct Step {
    op: Op,
    from: (usize, u16),
    to: (usize, u16),
    length: u16,
    /// Reaches beyond the allocation.
    beyond: bool,
}

#[derive(Clone, Debug)]
struct Case {
    news: Vec<New>,
    /// A context, what it waits for another to have signalled so far, and what it does.
    submits: Vec<(usize, Option<usize>, Vec<Step>)>,
    /// Segments in pages: memory, pitch-aligned memory, aperture.
    pages: (u64, u64, u64),
    dma_size: u32,
    lists: (u32, u32),
    mapped: bool,
    record: bool,
    manual: bool,
    wddm2: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let new = (1..=4_u64, 0..4_u8, any::<bool>()).prop_map(|(pages, home, rows)| New {
        pages,
        home,
        rows,
    });
    let op = prop_oneof![
        2 => any::<u32>().prop_map(Op::Fill),
        3 => Just(Op::Copy),
        3 => (1..600_u16, 1..6_u8, (0..300_u16, 0..300_u16)).prop_map(|(row_bytes, rows, more)| {
            Op::Blit { row_bytes, rows, pitches: (row_bytes + more.0, row_bytes + more.1) }
        }),
        3 => any::<u32>().prop_map(Op::Add),
        3 => (0..3_usize, any::<u8>()).prop_map(|(more, write)| Op::Draw { more, write }),
        1 => Just(Op::Unbind),
        1 => any::<u8>().prop_map(Op::Signal),
    ];
    let operand = || (0..8_usize, 0..1000_u16);
    let step = (op, operand(), operand(), 1..9000_u16, prop::bool::weighted(0.01))
        .prop_map(|(op, from, to, length, beyond)| Step { op, from, to, length, beyond });
    let waits = prop::option::weighted(0.4, 0..3_usize);
    let submit = (0..3_usize, waits, prop::collection::vec(step, 1..12));
    (
        prop::collection::vec(new, 2..=8),
        prop::collection::vec(submit, 1..10),
        (4..9_u64, 4..9_u64, 6..12_u64),
        (prop_oneof![1 => Just(64_u32), 1 => Just(256), 4 => Just(4096)], 1..100_u32, 1..200_u32),
        prop::array::uniform5(any::<bool>()),
    )
        .prop_map(|(news, submits, pages, (dma_size, list, patches), flags)| {
            let [mapped, record, manual, wddm2, _] = flags;
            let news: Vec<New> = news
                .into_iter()
                // A driver that copies argument structures takes no rows.
                .map(|new| New { rows: new.rows && !record, ..new })
                .collect();
            let (lists, manual) = ((list, patches), manual && news.len() >= CONTEXTS.len());
            Case { news, submits, pages, dma_size, lists, mapped, record, manual, wddm2 }
        })
}

fn id(index: usize) -> AllocationId {
    AllocationId(u32::try_from(index).expect("few"))
}

/// The context of a submission: in manual mode each has allocations of its own, so that the order
/// in which contexts run changes nothing.
fn mine(case: &Case, context: usize, which: usize) -> usize {
    let count = case.news.len();
    if case.manual {
        let own = (count - context).div_ceil(CONTEXTS.len());
        context + CONTEXTS.len() * (which % own)
    } else {
        which % count
    }
}

/// What the user gives, and what it means on plain arrays; `None` for what must be refused.
fn interpret(
    case: &Case,
    context: usize,
    step: &Step,
    arrays: &mut [Vec<u8>],
) -> (UserCommand, Option<()>) {
    let (from, to) = (mine(case, context, step.from.0), mine(case, context, step.to.0));
    let place = |index: usize, part: u16, length: u64| {
        let size = case.news[index].size();
        if step.beyond {
            return size.saturating_sub(length / 2);
        }
        size.saturating_sub(length) * u64::from(part) / 1000
    };
    let whole = |index: usize, length: u64| length.min(case.news[index].size());
    let at = |index: usize, offset: u64| At { allocation: id(index), offset };
    let range = |index: usize, offset: u64, length: u64| {
        let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
        let end = offset.checked_add(length)?;
        (length > 0 && end as u64 <= case.news[index].size()).then_some(offset..end)
    };
    match step.op {
        Op::Fill(pattern) => {
            let length = whole(to, step.length.into());
            let offset = place(to, step.to.1, length);
            let command =
                UserCommand::Fill { destination: at(to, offset), length: Some(length), pattern };
            let done = range(to, offset, length).map(|range| {
                let pattern = pattern.to_le_bytes();
                for (byte, value) in arrays[to][range].iter_mut().zip(pattern.iter().cycle()) {
                    *byte = *value;
                }
            });
            (command, done)
        }
        // Rows of a blit that overlap cannot always be copied one by one; then the driver refuses it.
        Op::Blit { .. } if from == to && case.news[to].rows => {
            interpret(case, context, &Step { op: Op::Unbind, ..*step }, arrays)
        }
        Op::Copy => {
            let length = whole(to, whole(from, step.length.into()));
            let (source, destination) =
                (place(from, step.from.1, length), place(to, step.to.1, length));
            let command = UserCommand::Copy {
                source: at(from, source),
                destination: at(to, destination),
                length: Some(length),
            };
            let ranges = range(from, source, length).zip(range(to, destination, length));
            let done = ranges.map(|(read, written)| {
                let bytes = arrays[from][read].to_vec();
                arrays[to][written].copy_from_slice(&bytes);
            });
            (command, done)
        }
        Op::Blit { row_bytes, rows, pitches } => {
            let span = |pitch: u16| u64::from(pitch) * u64::from(rows - 1) + u64::from(row_bytes);
            let source = place(from, step.from.1, span(pitches.0));
            let destination = place(to, step.to.1, span(pitches.1));
            let command = UserCommand::Blit {
                source: at(from, source),
                source_pitch: pitches.0.into(),
                destination: at(to, destination),
                destination_pitch: pitches.1.into(),
                row_bytes: row_bytes.into(),
                rows: rows.into(),
            };
            let ranges =
                range(from, source, span(pitches.0)).zip(range(to, destination, span(pitches.1)));
            let done = ranges.map(|(read, written)| {
                let row = |start: usize, pitch: u16, row: usize| {
                    let start = start + usize::from(pitch) * row;
                    start..start + usize::from(row_bytes)
                };
                let rows = 0..usize::from(rows);
                let bytes: Vec<Vec<u8>> = rows
                    .clone()
                    .map(|number| arrays[from][row(read.start, pitches.0, number)].to_vec())
                    .collect();
                for (number, bytes) in rows.zip(bytes) {
                    arrays[to][row(written.start, pitches.1, number)].copy_from_slice(&bytes);
                }
            });
            (command, done)
        }
        Op::Add(addend) => {
            let length = whole(to, step.length.into());
            let offset = place(to, step.to.1, length);
            let command =
                UserCommand::Add { destination: at(to, offset), length: Some(length), addend };
            let done = range(to, offset, length).map(|range| {
                let addend = addend.to_le_bytes();
                for (byte, value) in arrays[to][range].iter_mut().zip(addend.iter().cycle()) {
                    *byte = byte.wrapping_add(*value);
                }
            });
            (command, done)
        }
        Op::Draw { more, write } => {
            let mut references = Vec::new();
            for number in 0..=more {
                let index = mine(case, context, step.to.0 + number * (1 + step.from.0));
                let length = whole(index, step.length.into());
                let offset = (case.news[index].size() - length) * u64::from(step.to.1) / 1000;
                let seed = u64::from(step.length) << 8 | number as u64;
                let writes = write >> number & 1 == 1;
                let kind = if writes {
                    ReferenceKind::Write { seed: Some(seed) }
                } else {
                    ReferenceKind::Read
                };
                let span = AllocationRange { offset, length: Some(length) };
                references.push(Reference { allocation: id(index), range: span, kind });
                if writes {
                    let pieces = bytes::pieces_from_content(Content::seeded(seed, 0), length);
                    let range = range(index, offset, length).expect("inside");
                    let length = range.len();
                    arrays[index][range].copy_from_slice(&bytes::read_pieces(&pieces, length));
                }
            }
            (UserCommand::Draw(references.into()), Some(()))
        }
        Op::Unbind => (UserCommand::Unbind, Some(())),
        Op::Signal(value) => {
            // In the first row, where a value straddles nothing.
            let offset = u64::from(step.to.1 % 100) * 8;
            let command = UserCommand::Signal { fence: at(to, offset), value: value.into() };
            let range = range(to, offset, 8).expect("the first row has 1,000 bytes");
            arrays[to][range].copy_from_slice(&u64::from(value).to_le_bytes());
            (command, Some(()))
        }
    }
}

fn script(case: &Case) -> Script {
    let version = if case.wddm2 { InterfaceVersion::Wddm2_0 } else { InterfaceVersion::Wddm1_3 };
    let none = SegmentFlags::empty();
    let (memory, pitched, aperture) = case.pages;
    let mut script = Script::new(
        version,
        &[
            (none, memory),
            (SegmentFlags::PitchAlignment, pitched),
            (SegmentFlags::Aperture, aperture),
            // For the fences alone.
            (none, 1),
        ],
    );
    if case.record {
        script.adapter.profile = "compute-only-sample".into();
    }
    if case.manual {
        script.policies.engine = EnginePolicy::Manual;
    }
    let device = DeviceInfo {
        dma_buffer_size: case.dma_size,
        dma_buffer_segment_set: if case.mapped { segments(&[3]) } else { segments(&[]) },
        allocation_list_size: case.lists.0,
        patch_location_list_size: case.lists.1,
        ..DeviceInfo::default()
    };
    for command in &mut script.commands {
        if let Command::CreateDevice(DeviceId(0), _, wanted) = command {
            *wanted = device;
        }
    }
    for (context, priority) in [(0, -2), (1, 3)] {
        script.then(Command::CreateContext(ContextId(context), DeviceId(0), priority));
    }
    for new in &case.news {
        let home: &[u8] = match new.home {
            0 => &[1],
            1 => &[2],
            2 => &[3],
            _ => &[1, 3],
        };
        let rows = new.rows.then(|| RowLayout {
            pitch: PITCH,
            aligned_pitch: ALIGNED,
            rows: u32::try_from(new.rows_of()).expect("few"),
        });
        let mut wanted: AllocationInfo = info(new.pages, home, AllocationFlags::CpuVisible);
        if let Some(rows) = rows {
            wanted.size = rows.size();
            wanted.rows = Some(rows);
            wanted.pitch_aligned_size = rows.aligned_size();
        }
        script.create(wanted);
    }
    script.create(info(1, &[4], AllocationFlags::CpuVisible));
    script
}

const CONTEXTS: [ContextRef; 3] = [
    ContextRef::OfDevice(DeviceId(0)),
    ContextRef::Own(ContextId(0)),
    ContextRef::Own(ContextId(1)),
];

/// Whether there was no room, as it may be in memories as small as these.
fn is_short(refusal: &Refusal) -> bool {
    match refusal.reason {
        // A DMA buffer that grows lies in one run, and the scattered pages of allocations between.
        RefusalReason::OutOfFrames { needed, largest_run, .. } => needed > largest_run,
        _ => refusal.status == NtStatus::NO_VIDEO_MEMORY,
    }
}

fn check(case: &Case) -> Result<(), String> {
    let mut script = script(case);
    let mut arrays: Vec<Vec<u8>> = Vec::new();
    for (index, new) in case.news.iter().enumerate() {
        let seed = index as u64 * 31 + 7;
        let start: Vec<u8> = (0..new.size())
            .map(|at| (at.wrapping_mul(seed * 2 + 1) >> 3 ^ seed).to_le_bytes()[0])
            .collect();
        let data = Data::Bytes(start.clone().into());
        script.then(Command::CpuWrite(id(index), AllocationRange::default(), data));
        arrays.push(start);
    }
    let fence = |context: usize| At { allocation: id(case.news.len()), offset: context as u64 * 8 };
    let mut signalled = [0_u64; CONTEXTS.len()];
    let begin = Data::Bytes([0; 4096].into());
    script.then(Command::CpuWrite(id(case.news.len()), AllocationRange::default(), begin));
    // What each submission would leave, if it is not refused for want of room.
    let mut asked = Vec::new();
    for (context, waits, steps) in &case.submits {
        let at = CONTEXTS[*context];
        let mut scratch = arrays.clone();
        let told: Vec<(UserCommand, Option<()>)> =
            steps.iter().map(|step| interpret(case, *context, step, &mut scratch)).collect();
        let valid = told.iter().all(|(_, done)| done.is_some());
        let mut commands = Vec::new();
        if let Some(other) = *waits {
            // What was signalled earlier in the program is signalled at some time, whatever order the
            // contexts run in.
            commands.push(UserCommand::Wait { fence: fence(other), value: signalled[other] });
        }
        commands.extend(told.into_iter().map(|(command, _)| command));
        let commands = commands.into();
        let number = script.then(Command::Submit(Box::new(Submit { context: at, commands })));
        // Which are refused is known once they have run: with the rest of the program.
        asked.push((number, *context, steps, valid));
        signalled[*context] += 1;
        let signal = UserCommand::Signal { fence: fence(*context), value: signalled[*context] };
        script.then(Command::Submit(Box::new(Submit { context: at, commands: [signal].into() })));
    }
    script.then(Command::RunGpu(RunGpu::UntilIdle));
    let run = script.executed();
    // Where a signal has no room, what waits for it waits forever.
    let unsignalled = (1..).zip(run.records()).any(|(number, record)| {
        let Command::Submit(submit) = &script.commands[number - 1] else { return false };
        matches!(submit.commands[..], [UserCommand::Signal { .. }])
            && matches!(&record.ending, Ending::Refused(refusal) if is_short(refusal))
    });
    if unsignalled {
        return Ok(());
    }
    for (number, record) in (1..).zip(run.records()) {
        if let (Command::CreateAllocation(_) | Command::CpuWrite(..), Ending::Refused(refusal)) =
            (&script.commands[number - 1], &record.ending)
        {
            return Err(format!("command {number}: {refusal:?}"));
        }
        if !record.damage.is_empty() {
            return Err(format!("command {number} does damage: {:?}", record.damage));
        }
        if !record.faults.is_empty() {
            return Err(format!("command {number} faults: {:?}", record.faults));
        }
    }
    for (number, context, steps, valid) in asked {
        match &run.record(number).expect("executed").ending {
            Ending::Done if valid => {
                for step in steps {
                    let _ = interpret(case, context, step, &mut arrays);
                }
            }
            // What is wrong may stand in a later command buffer than what has no room.
            Ending::Refused(refusal) if is_short(refusal) => {}
            Ending::Refused(refusal) if !valid => {
                if refusal.status != NtStatus::INVALID_PARAMETER {
                    return Err(format!("command {number}: {refusal:?}"));
                }
            }
            other => return Err(format!("command {number} ended in {other:?}, valid {valid}")),
        }
    }
    let fences: Vec<u8> = signalled.iter().flat_map(|value| value.to_le_bytes()).collect();
    arrays.push(fences);
    let started = run.machine().started().map_err(|refusal| format!("{refusal:?}"))?;
    for (index, wanted) in arrays.iter().enumerate() {
        let allocation = started.vidmm().book().allocation(id(index));
        let allocation = allocation.ok_or(format!("{index} was refused"))?;
        let pieces = started.pieces(allocation).ok_or(format!("{index} has no bytes"))?;
        let found = bytes::read_pieces(&pieces, wanted.len());
        if let Some(at) = (0..wanted.len()).find(|at| found.get(*at) != wanted.get(*at)) {
            let (found, wanted) = (found.get(at), wanted[at]);
            return Err(format!("byte {at} of {index}: {found:?}, not {wanted}"));
        }
    }
    let mut run = run;
    there_and_back(&mut run)
}

#[test]
fn random_programs_leave_what_a_direct_interpreter_leaves() {
    random(400, 11, &cases(), check);
}
