//! An adapter and its processes in sums and words.

use std::collections::BTreeMap;

use super::tally::{DeviceTally, Tally};
use crate::base::text::counted;
use crate::base::{Bytes, DeviceId, ProcessId};
use crate::config::{Adapter, EnginePolicy, EvictionPolicy, FitPolicy, OfferPolicy, Policies};
use crate::ddi::SegmentFlags;
use crate::machine::{Run, StartRefusal};
use crate::memory::HostMemory;
use crate::rules::{Finding, Severity, totals};
use crate::vidmm::{Book, Failure};

/// Allocations counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Allocations that exist.
    pub allocations: u64,
    /// Bytes of those that are resident in a segment.
    pub resident: u64,
}

impl Holding {
    fn of(tally: &DeviceTally) -> Self {
        Self { allocations: tally.all.count, resident: tally.all_resident().bytes }
    }
}

/// A process with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessHolding {
    /// The process.
    pub process: ProcessId,
    /// All that its devices hold.
    pub total: Holding,
    /// Its devices, in the order of their ids.
    pub devices: Vec<(DeviceId, Holding)>,
}

/// The processes that exist, in the order of their ids, with their devices and what those hold.
///
/// `tally` is of the same state; `processes` and `devices` are how many the session names.
#[must_use]
pub fn processes(
    book: &Book,
    tally: &Tally,
    processes: usize,
    devices: usize,
) -> Vec<ProcessHolding> {
    let mut found: BTreeMap<ProcessId, ProcessHolding> = (0..processes)
        .filter_map(ProcessId::from_index)
        .filter(|id| book.has_process(*id))
        .map(|process| {
            let (total, devices) = (Holding::default(), Vec::new());
            (process, ProcessHolding { process, total, devices })
        })
        .collect();
    for id in (0..devices).filter_map(DeviceId::from_index) {
        let Some(device) = book.device(id) else { continue };
        let Some(process) = found.get_mut(&device.process) else { continue };
        let holding = tally.device(id).map_or_else(Holding::default, Holding::of);
        process.total.allocations += holding.allocations;
        process.total.resident = process.total.resident.saturating_add(holding.resident);
        process.devices.push((id, holding));
    }
    found.into_values().collect()
}

/// A policy in a word or two, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyWords {
    /// A word or two.
    pub name: &'static str,
    /// A sentence.
    pub meaning: &'static str,
}

/// The policies in force: which hole, who leaves, when the engine runs, what becomes of offers.
#[must_use]
pub const fn policies(policies: Policies) -> [PolicyWords; 4] {
    let fit = match policies.fit {
        FitPolicy::First => PolicyWords {
            name: "first fit",
            meaning: "First fit: an allocation takes the first hole that is large enough, in the \
                      direction of its search.",
        },
        FitPolicy::Best => PolicyWords {
            name: "best fit",
            meaning: "Best fit: an allocation takes the smallest hole that is large enough.",
        },
    };
    let eviction = match policies.eviction {
        EvictionPolicy::Lru => PolicyWords {
            name: "LRU",
            meaning: "Least recently used: among equal priorities, what the GPU referenced \
                      longest ago leaves first.",
        },
        EvictionPolicy::Mru => PolicyWords {
            name: "MRU",
            meaning: "Most recently used: among equal priorities, what the GPU referenced last \
                      leaves first.",
        },
        EvictionPolicy::Fifo => PolicyWords {
            name: "FIFO",
            meaning: "First in, first out: among equal priorities, what was paged in first leaves \
                      first.",
        },
    };
    let engine = match policies.engine {
        EnginePolicy::Drain => PolicyWords {
            name: "drain",
            meaning: "Drain: at the end of every command the GPU runs until nothing is queued.",
        },
        EnginePolicy::Manual => PolicyWords {
            name: "manual",
            meaning: "Manual: the GPU runs when VidMm waits for it or a command says so.",
        },
    };
    let offers = match policies.offers {
        OfferPolicy::Discard => PolicyWords {
            name: "offers dropped",
            meaning: "Offers dropped: when the room of offered content is wanted, the content is \
                      discarded, and reclaiming says so.",
        },
        OfferPolicy::Keep => PolicyWords {
            name: "offers kept",
            meaning: "Offers kept: when the room of offered content is wanted, it is moved out \
                      like any other.",
        },
    };
    [fit, eviction, engine, offers]
}

/// What an adapter reports of its memory, in the order of the documentation, each with its
/// formula.
#[must_use]
pub fn reported(adapter: &Adapter) -> Vec<(&'static str, Bytes, &'static str)> {
    let totals = totals(adapter);
    let mut lines = vec![
        (
            "Dedicated video",
            totals.dedicated_video,
            "DedicatedVideoMemory: sizes of the memory segments that are not made of system \
             memory.",
        ),
        (
            "Dedicated system",
            totals.dedicated_system,
            "DedicatedSystemMemory: sizes of the memory segments with PopulatedFromSystemMemory.",
        ),
        (
            "Shared system",
            totals.shared_system,
            "SharedSystemMemory: commit limits of the apertures together, at most \
             ApertureSegmentCommitLimit, at most half of system memory (64 MiB at least) less \
             dedicated system memory.",
        ),
        (
            "Total video",
            totals.total_video,
            "TotalVideoMemory: dedicated video + dedicated system + shared system memory.",
        ),
    ];
    let groups = totals.groups;
    if groups.local > Bytes::ZERO || groups.non_local > Bytes::ZERO {
        lines.extend([
            (
                "Local group",
                groups.local,
                "LocalMemory: segments with LocalBudgetGroup, memory by size, apertures by commit \
                 limit.",
            ),
            (
                "Non-local group",
                groups.non_local,
                "NonLocalMemory: segments with NonLocalBudgetGroup, counted likewise.",
            ),
            (
                "Without budget",
                groups.non_budget,
                "NonBudgetMemory: segments of neither group, counted likewise.",
            ),
        ]);
    }
    lines
}

/// The names of the flags that are set, as the kit writes them, or `no flags`. Bits without a name
/// are only in the word.
#[must_use]
pub fn flag_names(flags: SegmentFlags) -> String {
    let names: Vec<&str> = flags.iter_names().map(|(name, _)| name).collect();
    if names.is_empty() { "no flags".to_owned() } else { names.join(" | ") }
}

/// Frames of system memory, and what is promised of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameCounts {
    /// Frames that somebody uses.
    pub used: u64,
    /// Frames that nobody uses.
    pub free: u64,
    /// All of them.
    pub total: u64,
}

/// How many frames are used.
#[must_use]
pub const fn frames(host: &HostMemory) -> FrameCounts {
    let (total, free) = (host.total_frames().get(), host.free_frames().get());
    FrameCounts { used: total.saturating_sub(free), free, total }
}

/// A finding in a sentence, without its field and source.
#[must_use]
pub fn finding_sentence(finding: &Finding) -> String {
    let sentence = finding.rule.sentence();
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Where a finding comes from: rule, field with its value, source.
#[must_use]
pub fn finding_origin(finding: &Finding) -> String {
    let Finding { rule, field, value } = finding;
    format!("Rule {}\n{field} is {value}\nSource: {}", rule.id(), rule.source())
}

/// How bad a finding is, in a word.
#[must_use]
pub const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Disagreement => "documents disagree",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// So many findings of a severity: `2 errors`, `1 disagreement`.
#[must_use]
pub fn severity_count(number: u64, severity: Severity) -> String {
    match severity {
        Severity::Disagreement => counted(number, "disagreement"),
        other => counted(number, severity_word(other)),
    }
}

/// Why the adapter did not start, and what to do; `None` where it did.
#[must_use]
pub fn why_not_started(run: &Run) -> Option<(String, Vec<&Finding>)> {
    let refusal = run.machine().started().err()?;
    let errors: Vec<&Finding> =
        run.machine().findings().iter().filter(|f| f.severity() == Severity::Error).collect();
    let why = match refusal {
        StartRefusal::Rules => "Its configuration breaks rules. Nothing runs until the session \
                                file is changed:"
            .to_owned(),
        StartRefusal::Driver(error) => format!("Its driver refused it: {error}."),
        StartRefusal::VidMm(Failure::Refused(refusal)) => {
            format!("VidMm could not get the memory that it needs to start: {}.", refusal.status)
        }
        StartRefusal::VidMm(Failure::Hung) => "Its engine hangs while it starts.".to_owned(),
        StartRefusal::VidMm(Failure::Stopped(stop)) => format!(
            "Starting it stopped the machine: bug check {:#X}, parameter {:#X}.",
            stop.code, stop.parameter
        ),
    };
    Some((why, errors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::run;
    use crate::machine::Place;

    #[test]
    fn the_tour_s_processes_hold_what_its_commands_say() {
        let mut run = run(include_str!("../../tests/sessions/walk.ron"));
        run.execute_all();
        // After command 9: primary (4 MiB) of dwm and terrain (6 MiB) of game are resident.
        run.go_to(Place::after(9)).expect("deterministic");
        let vidmm = run.machine().started().expect("it starts").vidmm();
        let mut tally = Tally::default();
        tally.follow(vidmm);
        let found = processes(vidmm.book(), &tally, 2, 2);
        let sums: Vec<_> = found.iter().map(|p| (p.total.allocations, p.total.resident)).collect();
        assert_eq!(sums, [(1, 6 << 20), (1, 4 << 20)]);
        assert_eq!(found[0].devices.len(), 1);
        run.go_to(Place::after(1)).expect("deterministic");
        let vidmm = run.machine().started().expect("it starts").vidmm();
        tally.follow(vidmm);
        let found = processes(vidmm.book(), &tally, 2, 2);
        assert_eq!((found.len(), found[0].devices.len()), (1, 0), "only game.exe exists");
    }

    #[test]
    fn an_adapter_that_breaks_rules_says_so() {
        let run = run(r#"(version: 1, adapter: (profile: "inspector", segments: [
                (name: "A", flags: 0x0, base: 0x0, size: "16 MiB", commit_limit: "17 MiB"),
            ]), commands: [])"#);
        let (why, errors) = why_not_started(&run).expect("the commit limit is above the size");
        assert!(why.contains("breaks rules"));
        assert!(errors.iter().any(|finding| finding.rule.id() == "commit-above-size"));
        assert!(finding_sentence(errors[0]).starts_with(char::is_uppercase));
    }

    #[test]
    fn what_is_reported_adds_up() {
        let profile = crate::kmd::profile("inspector").expect("known");
        let lines = reported(&profile.adapter);
        let value =
            |name| lines.iter().find(|(known, ..)| *known == name).map_or(0, |it| it.1.get());
        let parts = ["Dedicated video", "Dedicated system", "Shared system"].map(value);
        assert_eq!(value("Total video"), parts.iter().sum::<u64>());
        assert!(lines.iter().all(|(.., formula)| formula.ends_with('.')));
    }

    #[test]
    fn flags_are_named() {
        let flags = SegmentFlags::Aperture | SegmentFlags::CacheCoherent;
        assert_eq!(flag_names(flags), "Aperture | CacheCoherent");
        assert_eq!(flag_names(SegmentFlags::empty()), "no flags");
    }
}
