//! Every place of a run, at all three levels, forward, back and at random.

use std::collections::BTreeMap;

use vidmm_inspector::app::profile_adapter;
use vidmm_inspector::base::{SplitMix, StateHash};
use vidmm_inspector::kmd::profile;
use vidmm_inspector::machine::{Ending, Level, Place, Run};
use vidmm_inspector::session::{catalogue, open};

use crate::random::{Kind, feature, for_random};

const LEVELS: [Level; 3] = [Level::Command, Level::Operation, Level::Packet];

/// Random jumps through a run.
const JUMPS: u64 = 60;

/// What is known of each place that was visited.
#[derive(Default)]
struct Visited(BTreeMap<Place, StateHash>);

impl Visited {
    /// The run stands somewhere: where a hash is recorded, or the place was visited before, it
    /// is the same now.
    fn check(&mut self, run: &Run) -> Result<(), String> {
        let (place, hash) = (run.place(), run.machine().hash());
        if place.inner.is_none() {
            let recorded = run.recorded_hash(place.command);
            if recorded != Some(hash) {
                return Err(format!("at {place} the hash is {hash}, recorded {recorded:?}"));
            }
        }
        match self.0.insert(place, hash) {
            Some(before) if before != hash => {
                Err(format!("at {place} the hash is {hash}, it was {before} before"))
            }
            _ => Ok(()),
        }
    }
}

fn go(run: &mut Run, place: Place) -> Result<(), String> {
    let went = run.go_to(place).map_err(|diverged| diverged.to_string())?;
    if went && run.place() == place { Ok(()) } else { Err(format!("could not go to {place}")) }
}

/// Walks to the end and back at a level; the places of the way, in order.
fn there_and_back(
    run: &mut Run,
    level: Level,
    visited: &mut Visited,
) -> Result<Vec<Place>, String> {
    go(run, Place::default())?;
    let mut way = vec![run.place()];
    while let Some(next) = run.next_place(level).map_err(|diverged| diverged.to_string())? {
        if next <= run.place() {
            return Err(format!("from {} forward to {next}", run.place()));
        }
        go(run, next)?;
        visited.check(run)?;
        way.push(next);
    }
    for expected in way.iter().rev().skip(1) {
        let previous = run.previous_place(level).map_err(|diverged| diverged.to_string())?;
        if previous != Some(*expected) {
            return Err(format!("from {} back to {previous:?}, not {expected}", run.place()));
        }
        go(run, *expected)?;
        visited.check(run)?;
    }
    match run.previous_place(level) {
        Ok(None) => Ok(way),
        other => Err(format!("before the start there is {other:?}")),
    }
}

fn travel(run: &mut Run, seed: u64) -> Result<(), String> {
    let mut visited = Visited::default();
    visited.check(run)?;
    run.execute_all();
    visited.check(run)?;
    let mut places = Vec::new();
    for level in LEVELS {
        let way = there_and_back(run, level, &mut visited)?;
        if level == Level::Command && way.len() != run.commands().len() + 1 {
            return Err(format!("{} places for {} commands", way.len(), run.commands().len()));
        }
        places.extend(way);
    }
    let mut random = SplitMix::new(seed);
    for _ in 0..JUMPS {
        let index = usize::try_from(random.below(places.len() as u64)).unwrap_or(0);
        go(run, places[index])?;
        visited.check(run)?;
        trace_where_it_stands(run, &mut random)?;
    }
    Ok(())
}

/// Takes some command apart: the run stands where it stood, in the same state.
fn trace_where_it_stands(run: &mut Run, random: &mut SplitMix) -> Result<(), String> {
    let before = (run.place(), run.machine().hash(), run.machine().moment());
    let count = run.executed() as u64 + 1;
    let command = usize::try_from(random.below(count)).unwrap_or(0);
    run.trace(command).map_err(|diverged| diverged.to_string())?;
    if (run.place(), run.machine().hash(), run.machine().moment()) == before {
        Ok(())
    } else {
        Err(format!("tracing command {command} at {} changed the state", before.0))
    }
}

/// Executes in pieces, looking around in between, and compares with a run in one go.
fn grow(whole: &Run, mut run: Run, seed: u64) -> Result<(), String> {
    let mut random = SplitMix::new(seed);
    let mut visited = Visited::default();
    while !run.is_complete() {
        let stood = run.place();
        run.execute(usize::try_from(random.below(6)).unwrap_or(0) + 1);
        if run.place() != stood {
            return Err("executing moved the run".into());
        }
        visited.check(&run)?;
        let command = usize::try_from(random.below(run.executed() as u64 + 1)).unwrap_or(0);
        let trace = run.trace(command).map_err(|diverged| diverged.to_string())?;
        let inner = trace.places(true);
        let place = match inner.get(usize::try_from(random.below(4)).unwrap_or(0)) {
            Some(inner) if command > 0 => Place { command, inner: Some(*inner) },
            _ => Place::after(command),
        };
        go(&mut run, place)?;
        visited.check(&run)?;
    }
    for command in 0..=whole.commands().len() {
        if run.recorded_hash(command) != whole.recorded_hash(command) {
            return Err(format!("command {command} ended elsewhere when executed in pieces"));
        }
    }
    Ok(())
}

/// Commands that are sealed together, so that runs this short have many seams and all that lies
/// behind the last few is passed as a whole or executed again.
const SEALED: [usize; 4] = [1, 2, 3, 5];

fn judge(mut run: Run, mut again: Run, seed: u64) -> Result<(), String> {
    let sealed = |seed: u64| SEALED[usize::try_from(seed % 4).unwrap_or(0)];
    run.seal_together(sealed(seed));
    again.seal_together(sealed(seed + 1));
    travel(&mut run, seed)?;
    grow(&run, again, seed)?;
    let refused = (1..=run.executed())
        .filter(|number| matches!(run.record(*number).map(|r| &r.ending), Some(Ending::Refused(_))))
        .collect::<Vec<_>>();
    // Refused commands taken apart in the middle leave what follows as it was.
    for number in refused {
        go(&mut run, Place::after(number - 1))?;
        let trace = run.trace(number).map_err(|diverged| diverged.to_string())?;
        // Nothing has happened, so that there is no place inside where it half has.
        if !trace.operations.is_empty() || !trace.submissions.is_empty() {
            return Err(format!("refused command {number} has operations"));
        }
        let end = run.executed();
        go(&mut run, Place::after(end))?;
        Visited::default().check(&run)?;
    }
    Ok(())
}

const DRAIN: Kind =
    Kind { record: false, manual: false, small_memory: false, steps: 40, features: 0 };

#[test]
fn random_runs_are_the_same_forward_and_back() {
    for_random("travel", DRAIN, 100, |case| judge(case.run(), case.run(), 1));
    let manual = Kind { manual: true, ..DRAIN };
    for_random("travel by hand", manual, 150, |case| judge(case.run(), case.run(), 2));
    let record = Kind { record: true, manual: true, ..DRAIN };
    for_random("travel in records", record, 60, |case| judge(case.run(), case.run(), 3));
    let small = Kind { small_memory: true, ..DRAIN };
    for_random("travel with refusals", small, 60, |case| judge(case.run(), case.run(), 4));
}

#[test]
fn random_runs_with_all_features_are_the_same_forward_and_back() {
    let all = Kind { features: feature::ALL, ..DRAIN };
    for_random("travel with all", all, 60, |case| judge(case.run(), case.run(), 6));
    let manual = Kind { manual: true, ..all };
    for_random("travel with all by hand", manual, 60, |case| judge(case.run(), case.run(), 7));
    let record = Kind { record: true, ..manual };
    for_random("travel with all in records", record, 20, |case| judge(case.run(), case.run(), 8));
}

#[test]
fn saved_sessions_are_the_same_forward_and_back() {
    for session in catalogue() {
        let bound = open(session.text, session.file_name, &profile_adapter)
            .unwrap_or_else(|errors| panic!("{}: {errors:?}", session.file_name))
            .bound;
        let driver = profile(&bound.adapter.profile).expect("reading found the profile");
        let run =
            || Run::new(&bound.adapter, bound.policies, &driver, bound.commands.clone().into());
        if let Err(message) = judge(run(), run(), 5) {
            panic!("{}: {message}", session.file_name);
        }
    }
}
