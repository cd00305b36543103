//! Submissions, from command buffers to bytes, worked out by hand from the documents.

mod life;
pub(crate) mod random;
mod schedule;
mod split;

use vidmm_inspector::base::{AllocationId, ContextId, ContextRef, DeviceId};
use vidmm_inspector::ddi::{AllocationFlags, DeviceInfo, InterfaceVersion, SegmentFlags};
use vidmm_inspector::machine::{
    AllocationRange, At, Command, Data, Reference, ReferenceKind, Run, Submit, TracedKind,
    UserCommand,
};
use vidmm_inspector::vidmm::Asked;

use crate::script::{ALL, Script};

const NONE: SegmentFlags = SegmentFlags::empty();
const GART: SegmentFlags = SegmentFlags::Aperture;
const V1: InterfaceVersion = InterfaceVersion::Wddm1_3;
/// The CPU may write them, so that there is content to move.
const PLAIN: AllocationFlags = AllocationFlags::CpuVisible;
const FIRST: ContextRef = ContextRef::OfDevice(DeviceId(0));
const LOW: ContextRef = ContextRef::Own(ContextId(0));
const HIGH: ContextRef = ContextRef::Own(ContextId(1));

fn at(allocation: AllocationId, offset: u64) -> At {
    At { allocation, offset }
}

fn fill(id: AllocationId, pattern: u32) -> UserCommand {
    UserCommand::Fill { destination: at(id, 0), length: None, pattern }
}

fn add(id: AllocationId, addend: u32) -> UserCommand {
    UserCommand::Add { destination: at(id, 0), length: Some(64), addend }
}

fn copy(from: AllocationId, to: AllocationId) -> UserCommand {
    UserCommand::Copy { source: at(from, 0), destination: at(to, 0), length: None }
}

fn draw(ids: &[AllocationId]) -> UserCommand {
    let read = |id: &AllocationId| {
        let kind = ReferenceKind::Read;
        Reference { allocation: *id, range: ALL, kind }
    };
    UserCommand::Draw(ids.iter().map(read).collect())
}

fn submit(script: &mut Script, context: ContextRef, commands: &[UserCommand]) -> usize {
    let commands = commands.to_vec().into();
    script.then(Command::Submit(Box::new(Submit { context, commands })))
}

fn write(script: &mut Script, id: AllocationId, bytes: &[u8]) {
    let data = Data::Bytes(bytes.into());
    script.then(Command::CpuWrite(id, AllocationRange::default(), data));
}

/// What the driver of the script's first device wants.
fn device(script: &mut Script, info: DeviceInfo) {
    for command in &mut script.commands {
        if let Command::CreateDevice(DeviceId(0), _, wanted) = command {
            *wanted = info;
        }
    }
}

/// The operations of a command by name; what an earlier command queued is left out.
fn names(run: &mut Run, number: usize) -> Vec<&'static str> {
    let trace = run.trace(number).expect("deterministic");
    let asked = trace.operations.iter().filter_map(|operation| match &operation.kind {
        TracedKind::Asked(record) => Some(match &record.asked {
            Asked::Paging(operation) => operation.kind().name(),
            Asked::Render(_) => "Render",
            Asked::Patch(_) => "Patch",
            Asked::Submit(_) => "Submit",
            Asked::Preempt(_) => "Preempt",
            Asked::Platform(platform) => platform.name(),
            Asked::Power(power) => power.name(),
        }),
        TracedKind::Executed(_) => None,
    });
    asked.collect()
}

/// The first bytes of an allocation, wherever they are.
fn bytes(run: &Run, id: AllocationId, count: usize) -> Vec<u8> {
    let started = run.machine().started().expect("the adapter breaks no rule");
    let allocation = started.vidmm().book().allocation(id).expect("exists");
    let pieces = started.pieces(allocation).expect("has bytes");
    vidmm_inspector::memory::bytes::read_pieces(&pieces, count)
}
