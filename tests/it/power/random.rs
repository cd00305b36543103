//! Random transitions among random uses, against an oracle that knows the preservation table,
//! the rules on what is dropped, and where things were.
//!
//! Where an allocation lies is taken from the machine; what becomes of it is not. Bytes are whole
//! contents by name, with the pages of them that hardware has lost.

#[path = "random/decode.rs"]
pub(crate) mod decode;

use std::collections::BTreeSet;

use proptest::prelude::*;
use vidmm_inspector::base::{AllocationId, Piece};
use vidmm_inspector::config::{EnginePolicy, HardwareKeeps, Kept};
use vidmm_inspector::ddi::{
    AllocationFlags, DevicePowerState, LockFlags, OfferPriority, SegmentFlags, SystemSleepState,
};
use vidmm_inspector::machine::{
    BytesVerdict, Command, Data, Ending, Place, PowerOutcome, Reference, ReferenceKind, Started,
};
use vidmm_inspector::memory::{Content, bytes};
use vidmm_inspector::vidmm::{Fate, Power, Sleep, Transition};

use crate::script::{ALL, PAGE, Script, info, random, there_and_back};

use super::{GART, H, NONE, P, S, V1};

const SEGMENT_PAGES: u64 = 64;
const FILL: u32 = 7;

#[derive(Clone, Copy, Debug)]
struct Memory {
    /// Rows of the table: nothing, standby, both, standby and partly.
    row: usize,
    /// Pages kept by the end address.
    end: u64,
    standby: Option<u64>,
    hibernate: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct New {
    segment: u8,
    pages: u64,
    kind: usize,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(usize),
    Read(usize),
    CpuWrite(usize),
    Evict(usize),
    Offer(usize),
    Reclaim(usize),
    Lock(usize),
    Unlock(usize),
    Display(usize),
    Sleep(usize, bool),
    Device(usize),
    Reset,
}

#[derive(Clone, Debug)]
struct Case {
    memories: Vec<Memory>,
    news: Vec<New>,
    steps: Vec<Step>,
    /// The engine runs by hand; then nothing is reset or locked, because the oracle
    /// knows no queue.
    manual: bool,
    /// The driver writes argument structures.
    record: bool,
    /// Paging buffers lie in the aperture.
    mapped_buffers: bool,
    /// DMA buffers are mapped into the aperture.
    mapped_dma: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let pages = prop::option::weighted(0.3, 0..=SEGMENT_PAGES);
    let memory = (0..4_usize, 1..SEGMENT_PAGES, pages.clone(), pages)
        .prop_map(|(row, end, standby, hibernate)| Memory { row, end, standby, hibernate });
    let new = (1..=4_u8, 1..=5_u64, 0..6_usize).prop_map(|(segment, pages, kind)| New {
        segment,
        pages,
        kind,
    });
    let which = 0..8_usize;
    let step = prop_oneof![
        4 => which.clone().prop_map(Step::Write),
        2 => which.clone().prop_map(Step::Read),
        2 => which.clone().prop_map(Step::CpuWrite),
        1 => which.clone().prop_map(Step::Evict),
        1 => which.clone().prop_map(Step::Offer),
        1 => which.clone().prop_map(Step::Reclaim),
        1 => which.clone().prop_map(Step::Lock),
        1 => which.clone().prop_map(Step::Unlock),
        1 => which.prop_map(Step::Display),
        4 => (0..4_usize, any::<bool>()).prop_map(|(sleep, lost)| Step::Sleep(sleep, lost)),
        1 => (1..4_usize).prop_map(Step::Device),
        1 => Just(Step::Reset),
    ];
    (
        prop::collection::vec(memory, 1..=3),
        prop::collection::vec(new, 1..=8),
        prop::collection::vec(step, 1..40),
        (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
    )
        .prop_map(|(memories, news, steps, (manual, record, mapped_buffers, mapped_dma))| {
            Case { memories, news, steps, manual, record, mapped_buffers, mapped_dma }
        })
}

/// Content by name; `pages` of it are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Held {
    content: Option<Named>,
    gone: BTreeSet<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Fill,
    Seed(u64),
}

impl Held {
    fn whole(content: Named) -> Self {
        Self { content: Some(content), gone: BTreeSet::new() }
    }
}

/// What the oracle keeps of an allocation.
#[derive(Clone, Debug)]
struct Own {
    new: New,
    /// What it holds, wherever that is.
    held: Held,
    /// What its permanent copy holds while it is in memory.
    copy: Held,
    dirty: bool,
    /// Segment and first page.
    place: Option<(u8, u64)>,
}

impl Own {
    fn permanent(&self) -> bool {
        self.new.kind == 1
    }
}

struct Oracle {
    memories: Vec<Memory>,
    own: Vec<Own>,
    offered: BTreeSet<usize>,
}

impl Oracle {
    fn is_memory(&self, segment: u8) -> bool {
        usize::from(segment) <= self.memories.len()
    }

    /// Pages of a segment that the table says are kept, from its start.
    fn claimed(&self, segment: u8, sleep: SystemSleepState) -> u64 {
        let memory = self.memories[usize::from(segment) - 1];
        match (memory.row, sleep) {
            (0, _) | (1, SystemSleepState::Hibernate) => 0,
            (3, SystemSleepState::Hibernate) => memory.end,
            _ => SEGMENT_PAGES,
        }
    }

    /// Pages that the hardware keeps.
    fn kept(&self, segment: u8, state: SystemSleepState) -> u64 {
        let memory = self.memories[usize::from(segment) - 1];
        let stated = match state {
            SystemSleepState::Standby => memory.standby,
            SystemSleepState::Hibernate => memory.hibernate,
        };
        stated.unwrap_or_else(|| self.claimed(segment, state))
    }

    /// Everything resident goes down; `sleep` is `None` where the adapter alone does.
    fn down(&mut self, sleep: Option<SystemSleepState>) -> Vec<(usize, Fate)> {
        let mut fates = Vec::new();
        for index in 0..self.own.len() {
            let Some((segment, first)) = self.own[index].place else { continue };
            let offered = self.offered.contains(&index);
            let memory = self.is_memory(segment);
            let end = first + self.own[index].new.pages;
            let kept = sleep.is_some_and(|sleep| memory && end <= self.claimed(segment, sleep));
            let own = &mut self.own[index];
            let fate = if !memory {
                Fate::Unmapped
            } else if kept {
                Fate::Kept
            } else if offered {
                own.held = Held::default();
                Fate::Discarded
            } else if own.permanent() && !own.dirty {
                own.held = own.copy.clone();
                Fate::Discarded
            } else {
                own.copy = own.held.clone();
                Fate::MovedOut
            };
            own.dirty &= kept;
            fates.push((index, fate));
        }
        fates
    }

    /// What stayed in memory loses what the hardware does not keep.
    fn lose(&mut self, fates: &[(usize, Fate)], state: SystemSleepState) {
        for (index, _) in fates.iter().filter(|(_, fate)| *fate == Fate::Kept) {
            let Some((segment, first)) = self.own[*index].place else { continue };
            let kept = self.kept(segment, state);
            let own = &mut self.own[*index];
            own.held.gone.extend((0..own.new.pages).filter(|page| first + page >= kept));
        }
    }

    /// The adapter is reset: nothing is where it was, and what is pinned comes anew.
    fn reset(&mut self) {
        for index in 0..self.own.len() {
            let Some((segment, _)) = self.own[index].place.take() else { continue };
            let memory = self.is_memory(segment);
            let own = &mut self.own[index];
            if memory {
                own.held = if own.permanent() { own.copy.clone() } else { Held::default() };
            }
            own.dirty = false;
        }
    }
}

fn check(case: &Case) -> Result<(), String> {
    let mut segments: Vec<(SegmentFlags, u64)> = Vec::new();
    for memory in &case.memories {
        let flags = [NONE, S, S | H, S | P][memory.row] | SegmentFlags::CpuVisible;
        segments.push((flags, SEGMENT_PAGES));
    }
    segments.push((GART, SEGMENT_PAGES));
    let mut script = Script::new(V1, &segments);
    if case.record {
        script.adapter.profile = "render-only-sample".into();
    }
    if case.manual {
        script.policies.engine = EnginePolicy::Manual;
    }
    if case.mapped_buffers {
        script.adapter.paging_buffer.segment = u8::try_from(segments.len()).expect("few segments");
    }
    for (segment, memory) in script.adapter.segments.iter_mut().zip(&case.memories) {
        if memory.row == 3 {
            segment.system_memory_end_address = memory.end * PAGE - 1;
        }
        let kept = |pages: Option<u64>| pages.map(|pages| Kept::First(pages * PAGE));
        segment.hardware_keeps =
            HardwareKeeps { standby: kept(memory.standby), hibernate: kept(memory.hibernate) };
    }
    if case.mapped_dma {
        let aperture = u8::try_from(segments.len()).expect("few segments");
        for command in &mut script.commands {
            if let Command::CreateDevice(.., info) = command {
                info.dma_buffer_segment_set = crate::script::segments(&[aperture]);
            }
        }
    }
    let visible = AllocationFlags::CpuVisible;
    let mut oracle =
        Oracle { memories: case.memories.clone(), own: Vec::new(), offered: BTreeSet::new() };
    for new in &case.news {
        let last = u8::try_from(segments.len()).expect("few segments");
        let mut new = New { segment: new.segment.min(last), ..*new };
        if new.kind == 2 && !oracle.is_memory(new.segment) {
            new.kind = 0;
        }
        let flags = match new.kind {
            1 => visible | AllocationFlags::PermanentSysMem,
            2 => visible | AllocationFlags::Overlay,
            _ => visible,
        };
        let primary = new.kind == 3;
        script.create_with(info(new.pages, &[new.segment], flags), |create| {
            (create.primary, create.fill_pattern) = (primary, FILL);
        });
        let (held, copy) = (Held::default(), Held::default());
        oracle.own.push(Own { new, held, copy, dirty: false, place: None });
    }
    let first = script.commands.len();
    let mut asked: Vec<Step> = Vec::new();
    // Under a lock, what the GPU still has to do is the caller's own race.
    let by_hand = |step: &&Step| !matches!(step, Step::Reset | Step::Lock(_));
    let steps = case.steps.iter().filter(|step| !case.manual || by_hand(step));
    for step in steps {
        let index = |which: usize| which % oracle.own.len();
        let id = |which: usize| AllocationId(u32::try_from(index(which)).expect("few"));
        let seed = 1_000 + script.commands.len() as u64;
        let reference = |which, kind| Reference { allocation: id(which), range: ALL, kind };
        let write = ReferenceKind::Write { seed: Some(seed) };
        let command = match *step {
            Step::Write(which) => Command::Use([reference(which, write)].into()),
            Step::Read(which) => Command::Use([reference(which, ReferenceKind::Read)].into()),
            Step::CpuWrite(which) => Command::CpuWrite(id(which), ALL, Data::Seed(seed)),
            Step::Evict(which) => Command::Evict(id(which)),
            Step::Offer(which) => Command::Offer([id(which)].into(), OfferPriority::Low),
            Step::Reclaim(which) => Command::Reclaim([id(which)].into()),
            Step::Lock(which) => Command::Lock(id(which), None, LockFlags::empty()),
            Step::Unlock(which) => Command::Unlock(id(which)),
            Step::Display(which) => Command::Display(Some(id(which))),
            Step::Sleep(sleep, _) => Command::Power(Transition::Sleep(Sleep::ALL[sleep])),
            Step::Device(state) => Command::Power(Transition::Device(DevicePowerState::ALL[state])),
            Step::Reset => Command::Power(Transition::TimeoutRecovery),
        };
        script.then(command);
        asked.push(*step);
        let back = match *step {
            Step::Sleep(sleep, lost) => Some(Transition::Resume {
                power_lost: lost && Sleep::ALL[sleep] == Sleep::HybridSleep,
            }),
            Step::Device(_) => Some(Transition::Device(DevicePowerState::D0)),
            _ => None,
        };
        if let Some(back) = back {
            script.then(Command::Power(back));
            asked.push(*step);
        }
    }
    let mut run = script.executed();
    let mut fates = Vec::new();
    for (number, step) in (first + 1..).zip(asked) {
        assert_eq!(run.go_to(Place::after(number)), Ok(true));
        let told = |message: String| format!("command {number}, {step:?}: {message}");
        let record = run.record(number).expect("executed");
        let done = record.ending == Ending::Done;
        if !done && !matches!(record.ending, Ending::Refused(_)) {
            return Err(told(format!("{:?}", record.ending)));
        }
        let outcome = record.power.as_deref();
        let started = run.machine().started().expect("the adapter breaks no rule");
        if done {
            apply(&mut oracle, &mut fates, step, number, started, outcome).map_err(told)?;
        }
        follow(&mut oracle, started).map_err(told)?;
        compare(&oracle, started).map_err(told)?;
    }
    there_and_back(&mut run)
}

/// What a command that was carried out means to the oracle.
fn apply(
    oracle: &mut Oracle,
    fates: &mut Vec<(usize, Fate)>,
    step: Step,
    number: usize,
    started: &Started,
    outcome: Option<&PowerOutcome>,
) -> Result<(), String> {
    let index = |which: usize| which % oracle.own.len();
    let seed = 1_000 + number as u64 - 1;
    match step {
        Step::Write(which) | Step::CpuWrite(which) => {
            let index = index(which);
            follow(oracle, started)?;
            let own = &mut oracle.own[index];
            own.held = Held::whole(Named::Seed(seed));
            own.dirty = own.place.is_some();
        }
        Step::Read(_) | Step::Evict(_) | Step::Lock(_) | Step::Unlock(_) | Step::Display(_) => {}
        Step::Offer(which) => {
            oracle.offered.insert(index(which));
        }
        Step::Reclaim(which) => {
            oracle.offered.remove(&index(which));
        }
        Step::Reset => oracle.reset(),
        Step::Sleep(sleep, lost) => {
            let sleep = Sleep::ALL[sleep];
            let outcome = outcome.ok_or("it has no outcome")?;
            let hybrid = sleep == Sleep::HybridSleep;
            let standby = sleep == Sleep::Standby;
            let (column, state) = match (standby, hybrid) {
                (true, _) => (SystemSleepState::Standby, SystemSleepState::Standby),
                (_, true) => (SystemSleepState::Hibernate, SystemSleepState::Standby),
                _ => (SystemSleepState::Hibernate, SystemSleepState::Hibernate),
            };
            if matches!(outcome.transition, Transition::Sleep(_)) {
                *fates = oracle.down(Some(column));
                oracle.lose(fates, state);
                expect_fates(oracle, fates, outcome)?;
            } else if hybrid && lost {
                oracle.lose(fates, SystemSleepState::Hibernate);
            }
        }
        Step::Device(_) => {
            let outcome = outcome.ok_or("it has no outcome")?;
            if outcome.after != Power::Working {
                *fates = oracle.down(None);
                expect_fates(oracle, fates, outcome)?;
            }
        }
    }
    Ok(())
}

fn expect_fates(
    oracle: &Oracle,
    fates: &[(usize, Fate)],
    outcome: &PowerOutcome,
) -> Result<(), String> {
    if fates.len() != outcome.allocations.len() {
        return Err(format!("{} dealt with, not {}", outcome.allocations.len(), fates.len()));
    }
    for (index, fate) in fates {
        let id = AllocationId(u32::try_from(*index).expect("few"));
        let found = outcome.allocation(id).ok_or(format!("{index} was not dealt with"))?;
        let own = &oracle.own[*index];
        let bytes = match (own.held.content, own.held.gone.first()) {
            (None, _) => BytesVerdict::NothingPromised,
            (Some(_), None) => BytesVerdict::Intact,
            (Some(_), Some(page)) => {
                BytesVerdict::Lost { first: page * PAGE, bytes: own.held.gone.len() as u64 * PAGE }
            }
        };
        let fate = if matches!(bytes, BytesVerdict::Lost { .. }) { Fate::Lost } else { *fate };
        // A byte that is gone may by chance be what it was: the page counts.
        let bytes_found = match found.bytes {
            BytesVerdict::Lost { first, bytes } => {
                BytesVerdict::Lost { first: first - first % PAGE, bytes }
            }
            other => other,
        };
        if (found.fate, bytes_found) != (fate, bytes) {
            let found = found.fate;
            return Err(format!("{index}: {found:?} {bytes_found:?}, not {fate:?} {bytes:?}"));
        }
    }
    Ok(())
}

/// Follows where things are; what becomes resident and what leaves is told apart from before.
fn follow(oracle: &mut Oracle, started: &Started) -> Result<(), String> {
    for index in 0..oracle.own.len() {
        let id = AllocationId(u32::try_from(index).expect("few"));
        let Some(allocation) = started.vidmm().book().allocation(id) else { continue };
        let place = allocation.placement();
        let place = place.map(|place| (place.segment.number(), place.span.start() / PAGE));
        let before = oracle.own[index].place;
        if place == before {
            continue;
        }
        let came = place.is_some_and(|(segment, _)| oracle.is_memory(segment));
        let left = before.is_some_and(|(segment, _)| oracle.is_memory(segment));
        let offered = oracle.offered.contains(&index);
        let own = &mut oracle.own[index];
        if left && place.is_none() && !offered && own.permanent() && !own.dirty {
            own.held = own.copy.clone();
        }
        if left && place.is_none() && offered {
            own.held = Held::default();
        }
        own.dirty = false;
        if came {
            own.copy = own.held.clone();
            if own.held.content.is_none() {
                (own.held, own.dirty) = (Held::whole(Named::Fill), true);
            }
        }
        own.place = place;
    }
    Ok(())
}

/// Compares every byte that is promised.
fn compare(oracle: &Oracle, started: &Started) -> Result<(), String> {
    for (index, own) in oracle.own.iter().enumerate() {
        let id = AllocationId(u32::try_from(index).expect("few"));
        let Some(allocation) = started.vidmm().book().allocation(id) else { continue };
        let Some(content) = own.held.content else { continue };
        if started.is_in_flight(allocation) {
            continue;
        }
        let len = own.new.pages * PAGE;
        let wanted: Vec<Piece<Content>> = match content {
            Named::Fill => bytes::pieces_from_content(Content::pattern(FILL, 0), len),
            Named::Seed(seed) => bytes::pieces_from_content(Content::seeded(seed, 0), len),
        };
        let found = started.pieces(allocation).ok_or(format!("{index} has no bytes"))?;
        for page in 0..own.new.pages {
            let part = |pieces: &[Piece<Content>]| bytes::slice_pieces(pieces, page * PAGE, PAGE);
            let same = bytes::first_difference(&part(&wanted), &part(&found)).is_none();
            if same == own.held.gone.contains(&page) {
                let is = if same { "is there" } else { "is gone" };
                return Err(format!("page {page} of {index} ({own:?}) {is}"));
            }
        }
    }
    Ok(())
}

#[test]
fn random_transitions_leave_what_the_table_says() {
    random(600, 9, &cases(), check);
}
