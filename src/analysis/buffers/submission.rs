//! Work of the user on its way: which operations of a command belong to a command buffer and to each
//! part of its DMA buffers, and how every part stands where the run stands.

use super::Sources;
use super::scene::{CallPart, Card, Fencing, Held, Scene, buffer, held};
use crate::base::{AllocationId, ContextRef, FenceId, text};
use crate::gpu::PacketFormat;
use crate::machine::{CommandTrace, Started, TracedKind, TracedOperation};
use crate::vidmm::{
    Asked, BufferKind, BufferRecord, CallRecord, OperationReason, PatchOperation, RenderOperation,
};

/// A part of a DMA buffer: what is patched and handed to the GPU at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// First byte, from the start of the DMA buffer.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// The operation that writes its addresses, counted from 1.
    pub patch: u32,
    /// The fence that it is given first, and others after preemptions, in order.
    pub fences: Vec<FenceId>,
    /// The operations that hand it to the GPU, likewise.
    pub submits: Vec<u32>,
    /// For whom the buffer was split before it.
    pub split_for: Option<AllocationId>,
    /// Operations that were done so that it can run, in order.
    pub paging: Vec<u32>,
}

/// One call of `DxgkDdiRender`: one DMA buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The operation, counted from 1; `None` where another command rendered it.
    pub render: Option<u32>,
    /// Counted from 1 for each command buffer.
    pub number: u32,
    /// What came of the last try; those before found too little room for anything.
    pub call: Option<CallRecord>,
    /// The DMA buffer, as it was submitted or built in.
    pub buffer: BufferRecord,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A command buffer on its way to the GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Whose it is.
    pub context: ContextRef,
    /// The command buffer by its place in VidMm's table, and its bytes; `None` where another command
    /// rendered it.
    pub command: Option<(u32, u32)>,
    /// The DMA buffers built from it, in order.
    pub passes: Vec<Pass>,
}

/// An operation's place in the work of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Which work.
    pub work: usize,
    /// Which pass of it.
    pub pass: usize,
    /// Which part of that; `None` for the rendering itself.
    pub part: Option<usize>,
    /// The operation is paging, done for the part.
    pub paging: bool,
}

/// How a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// Rendered, or not even that: no address is written yet.
    Rendered,
    /// Its addresses are written.
    Patched(FenceId),
    /// The GPU has it and has not begun it.
    Submitted(FenceId),
    /// The GPU has executed some of it; perhaps it waits.
    Executing(FenceId),
    /// Through.
    Ended(FenceId),
    /// Preempted, and not given to the GPU again yet.
    TakenBack(FenceId),
}

impl PartState {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rendered => "rendered",
            Self::Patched(_) => "patched",
            Self::Submitted(_) => "submitted",
            Self::Executing(_) => "executing",
            Self::Ended(_) => "ended",
            Self::TakenBack(_) => "taken back",
        }
    }

    /// The fence that it has now.
    #[must_use]
    pub const fn fence(self) -> Option<FenceId> {
        match self {
            Self::Rendered => None,
            Self::Patched(fence)
            | Self::Submitted(fence)
            | Self::Executing(fence)
            | Self::Ended(fence)
            | Self::TakenBack(fence) => Some(fence),
        }
    }

    /// With its fence: `fence 0x0005 executing`.
    #[must_use]
    pub fn text(self) -> String {
        match self.fence() {
            None => "not patched".to_owned(),
            Some(fence) => format!("fence {} {}", text::hex(fence.0), self.name()),
        }
    }
}

/// The work of a command, in the order in which it was first asked for.
#[must_use]
pub fn works(trace: &CommandTrace) -> Vec<Work> {
    let mut works: Vec<Work> = Vec::new();
    // What is done before a part is asked for ahead of it.
    let mut paging = Vec::new();
    for (number, operation) in (1_u32..).zip(&trace.operations) {
        let TracedKind::Asked(record) = &operation.kind else { continue };
        match &record.asked {
            Asked::Render(render) => {
                paging.clear();
                begin(&mut works, number, render, operation);
            }
            Asked::Paging(_) | Asked::Platform(_) => {
                // What unmaps an earlier buffer is not done for this one.
                if !matches!(record.reason, OperationReason::DmaBufferUnmapping(_)) {
                    paging.push(number);
                }
            }
            Asked::Patch(patch) if record.reason == OperationReason::Preemption => {
                repeat(&mut works, trace, number, patch);
            }
            Asked::Patch(patch) => {
                let split_for = match record.reason {
                    OperationReason::Split(id) => Some(id),
                    _ => None,
                };
                let part = Part {
                    start: patch.start,
                    end: patch.end,
                    patch: number,
                    fences: vec![patch.fence],
                    submits: Vec::new(),
                    split_for,
                    paging: std::mem::take(&mut paging),
                };
                if let Some(pass) = works.last_mut().and_then(|work| work.passes.last_mut()) {
                    pass.parts.push(part);
                }
            }
            Asked::Submit(submit) => {
                // Mostly it is the part that was patched just before.
                let mut passes =
                    works.iter_mut().rev().flat_map(|work| work.passes.iter_mut().rev());
                let part = passes.find_map(|pass| {
                    let mut parts = pass.parts.iter_mut().rev();
                    parts.find(|part| part.fences.contains(&submit.fence))
                });
                if let Some(part) = part {
                    part.submits.push(number);
                }
            }
            Asked::Preempt(_) | Asked::Power(_) => {}
        }
    }
    works
}

/// A call of `DxgkDdiRender`: the first of a command buffer, or one that goes on.
fn begin(
    works: &mut Vec<Work>,
    number: u32,
    render: &RenderOperation,
    operation: &TracedOperation,
) {
    let Some(call) = operation.calls.last().copied() else { return };
    let pass = Pass {
        render: Some(number),
        number: render.pass,
        call: Some(call),
        buffer: call.buffer,
        parts: Vec::new(),
    };
    match works.last_mut() {
        Some(work) if render.pass > 1 && work.context == render.context => work.passes.push(pass),
        _ => works.push(Work {
            context: render.context,
            command: Some((render.command_buffer, render.length)),
            passes: vec![pass],
        }),
    }
}

/// A part that is patched again after a preemption: of this command, or of an earlier one.
fn repeat(works: &mut Vec<Work>, trace: &CommandTrace, number: u32, patch: &PatchOperation) {
    // Which it was is told by the submission that follows.
    let submits = trace.operations.iter().filter_map(|operation| match &operation.kind {
        TracedKind::Asked(record) => match &record.asked {
            Asked::Submit(submit) if submit.fence == patch.fence => Some(submit.preempted),
            _ => None,
        },
        TracedKind::Executed(_) => None,
    });
    let before = submits.flatten().next();
    let mut parts = works.iter_mut().flat_map(|work| &mut work.passes).flat_map(|p| &mut p.parts);
    let known = before.and_then(|before| parts.find(|part| part.fences.last() == Some(&before)));
    if let Some(part) = known {
        part.fences.push(patch.fence);
        return;
    }
    let submitted = trace.submissions.iter().find(|known| known.fence == patch.fence);
    let Some(buffer) = submitted.map(|known| known.buffer) else { return };
    let part = Part {
        start: patch.start,
        end: patch.end,
        patch: number,
        fences: vec![patch.fence],
        submits: Vec::new(),
        split_for: None,
        paging: Vec::new(),
    };
    let pass = Pass { render: None, number: 1, call: None, buffer, parts: vec![part] };
    works.insert(0, Work { context: patch.lists.context, command: None, passes: vec![pass] });
}

/// The operation of a command (counted from 1) that patched a part, and what it was given.
#[must_use]
pub fn patch_of<'a>(trace: &'a CommandTrace, part: &Part) -> Option<&'a PatchOperation> {
    match &trace.operation(part.patch)?.kind {
        TracedKind::Asked(record) => match &record.asked {
            Asked::Patch(patch) => Some(patch),
            _ => None,
        },
        TracedKind::Executed(_) => None,
    }
}

/// What `DxgkDdiRender` was asked for in a pass.
#[must_use]
pub fn render_of<'a>(trace: &'a CommandTrace, pass: &Pass) -> Option<&'a RenderOperation> {
    match &trace.operation(pass.render?)?.kind {
        TracedKind::Asked(record) => match &record.asked {
            Asked::Render(render) => Some(render),
            _ => None,
        },
        TracedKind::Executed(_) => None,
    }
}

/// Where an operation (counted from 1) belongs in the work of its command, if it does.
#[must_use]
pub fn spot(trace: &CommandTrace, works: &[Work], operation: u32) -> Option<Spot> {
    for (work, known) in works.iter().enumerate() {
        for (pass, known) in known.passes.iter().enumerate() {
            if known.render == Some(operation) {
                return Some(Spot { work, pass, part: None, paging: false });
            }
            for (part, known) in known.parts.iter().enumerate() {
                let paging = known.paging.contains(&operation);
                if paging || known.patch == operation || known.submits.contains(&operation) {
                    return Some(Spot { work, pass, part: Some(part), paging });
                }
            }
        }
    }
    // Patched again after a preemption: the fence says what.
    let TracedKind::Asked(record) = &trace.operation(operation)?.kind else { return None };
    let Asked::Patch(patch) = &record.asked else { return None };
    works.iter().enumerate().find_map(|(work, known)| {
        known.passes.iter().enumerate().find_map(|(pass, known)| {
            let part = known.parts.iter().position(|part| part.fences.contains(&patch.fence))?;
            Some(Spot { work, pass, part: Some(part), paging: false })
        })
    })
}

/// The work that is looked at where nobody says which: the first that the GPU has not ended, else
/// the last.
#[must_use]
pub fn spot_now(started: &Started, works: &[Work]) -> Option<Spot> {
    let mut last = None;
    for (work, known) in works.iter().enumerate() {
        for (pass, known) in known.passes.iter().enumerate() {
            let spot = Spot { work, pass, part: None, paging: false };
            if !known.parts.iter().all(|part| is_ended(started, known, part)) {
                return Some(spot);
            }
            last = Some(spot);
        }
    }
    last
}

fn is_ended(started: &Started, pass: &Pass, part: &Part) -> bool {
    matches!(part_state(started, pass, part).0, PartState::Ended(_))
}

/// How a part stands, and up to which byte the GPU has executed it.
#[must_use]
pub fn part_state(started: &Started, pass: &Pass, part: &Part) -> (PartState, u32) {
    let queue = started.vidmm().queue();
    let last = part.fences.last().copied().unwrap_or_default();
    match held(started, pass.buffer.index, pass.buffer.serial) {
        Held::Ahead => return (PartState::Rendered, part.start),
        // A buffer is begun anew only once the GPU is through with it.
        Held::Reused { .. } => return (PartState::Ended(last), part.end),
        Held::Here { .. } => {}
    }
    let given = queue.in_flight().enumerate().find(|(_, given)| {
        given.buffer == pass.buffer.index && given.work.is_some() && given.end == part.end
    });
    if let Some((place, given)) = given {
        let mut gpu = started.driver().gpu().queue();
        let next = gpu.find(|known| known.fence == given.fence).map_or(part.start, |s| s.next);
        let next = next.clamp(part.start, part.end);
        return match place {
            0 if given.begun => (PartState::Executing(given.fence), next),
            _ => (PartState::Submitted(given.fence), next),
        };
    }
    let handed_out = |fence: &&FenceId| **fence <= queue.last_fence();
    let Some(fence) = part.fences.iter().rev().find(handed_out).copied() else {
        return (PartState::Rendered, part.start);
    };
    let submitted = buffer(started, pass.buffer.index).map_or(0, |known| known.usage.submitted);
    if fence == last && fence <= started.driver().gpu().completed_fence() {
        (PartState::Ended(fence), part.end)
    } else if submitted < part.end {
        (PartState::Patched(fence), part.start)
    } else {
        (PartState::TakenBack(fence), part.start)
    }
}

/// The DMA buffer of a pass as the only card of a scene.
#[must_use]
pub fn pass_scene(sources: Sources<'_>, pass: &Pass) -> Scene {
    let command = sources.trace.command;
    let call = pass.call.zip(pass.render).map(|(call, operation)| CallPart {
        operation,
        pass: pass.number,
        call,
    });
    let mut card = Card {
        index: pass.buffer.index,
        serial: pass.buffer.serial,
        kind: BufferKind::Dma,
        size: pass.buffer.size,
        used: pass.call.map_or_else(|| pass.parts.last().map_or(0, |p| p.end), |call| call.end),
        executed: 0,
        own: call.map(|_| 0),
        calls: call.into_iter().collect(),
        cuts: cuts(&pass.parts),
        held: held(sources.started, pass.buffer.index, pass.buffer.serial),
        fencing: Fencing::NotSubmitted,
        format: PacketFormat::Native,
    };
    (card.fencing, card.executed) = fencing(sources.started, pass);
    Scene { command, operation: pass.render, cards: vec![card], progress: None, focus: 0 }
}

/// Where the parts after the first begin.
fn cuts(parts: &[Part]) -> Vec<u32> {
    parts.iter().skip(1).map(|part| part.start).collect()
}

/// How far a DMA buffer has got, by the first of its parts that has not ended.
fn fencing(started: &Started, pass: &Pass) -> (Fencing, u32) {
    let (mut fence, mut executed) = (None, 0);
    for part in &pass.parts {
        let (state, reached) = part_state(started, pass, part);
        match state {
            PartState::Ended(ended) => (fence, executed) = (Some(ended), reached),
            PartState::Executing(fence) => return (Fencing::Running(fence), reached),
            // Nothing is before it: the GPU fetches its first packet next.
            PartState::Submitted(fence) if is_first(started, fence) => {
                return (Fencing::Running(fence), reached);
            }
            PartState::Submitted(fence) => return (Fencing::Queued(fence), executed),
            _ => return (Fencing::NotSubmitted, executed),
        }
    }
    match fence {
        Some(fence) => (Fencing::Retired(fence), executed),
        None if pass.call.is_some_and(|call| call.start == call.end) => (Fencing::Nothing, 0),
        None => (Fencing::NotSubmitted, 0),
    }
}

fn is_first(started: &Started, fence: FenceId) -> bool {
    started.driver().gpu().queue().next().is_some_and(|first| first.fence == fence)
}

/// How the DMA buffer of a card stands, by the parts of it that a command handed to the GPU.
pub(super) fn card_fencing(
    sources: Sources<'_>,
    works: &[Work],
    card: &Card,
) -> Option<(Fencing, u32, Vec<u32>)> {
    let mut passes = works.iter().flat_map(|work| &work.passes);
    let pass = passes.find(|pass| pass.buffer.serial == card.serial)?;
    let (fencing, executed) = fencing(sources.started, pass);
    Some((fencing, executed, cuts(&pass.parts)))
}
