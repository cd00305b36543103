//! Somebody does this and that: what the window stands at is what the commands come to.

use super::action::{Action, Tab};
use super::application::App;
use super::item::Item;
use super::settings::Settings;
use crate::base::{AllocationId, SplitMix};
use crate::kmd::profile;
use crate::machine::{Level, Place, Run};
use crate::vidmm::{Sleep, Transition};

/// The same commands from their start, and nothing else.
fn afresh(app: &App) -> Run {
    let view = app.view().expect("a session is open");
    let adapter = view.run.adapter();
    let profile = profile(&adapter.profile).expect("the profile is the program's own");
    Run::new(adapter, view.run.policies(), &profile, view.run.commands().into())
}

fn some_action(random: &mut SplitMix, commands: usize) -> Action {
    let pick = |random: &mut SplitMix, below: usize| {
        usize::try_from(random.below(below as u64)).expect("it is below a small number")
    };
    let level = [Level::Command, Level::Operation, Level::Packet][pick(random, 3)];
    match random.below(14) {
        0..=2 => Action::Forward(Some(level)),
        3 | 4 => Action::Back(Some(level)),
        5 | 6 => Action::GoTo(Place::after(pick(random, commands + 1))),
        7 => Action::GoTo(Place::default()),
        8 => Action::InsertPower(Transition::Sleep(Sleep::Standby)),
        9 => Action::InsertPower(Transition::Resume { power_lost: false }),
        10 => Action::Undo,
        11 => Action::Redo,
        12 => Action::Select(Some(Item::Allocation(AllocationId(
            u32::try_from(pick(random, 8)).expect("small"),
        )))),
        _ => Action::SetTab(Tab::ALL[pick(random, Tab::ALL.len())]),
    }
}

#[test]
fn what_is_shown_after_any_walk_is_what_the_commands_come_to() {
    let mut inside = 0;
    for seed in 0..12 {
        let mut random = SplitMix::new(seed);
        let mut app = App::new(Settings::default());
        assert!(app.open_embedded("tour.ron"));
        for number in 0..120 {
            let commands = app.session().map_or(0, |opened| opened.run().commands().len());
            let action = some_action(&mut random, commands);
            app.dispatch(action.clone());
            // Some frames have no time for the background, some have much.
            let mut slices = random.below(5);
            app.work(&mut || {
                slices = slices.saturating_sub(1);
                slices > 0
            });
            let view = app.view().expect("a session is open");
            let shown = view.started.expect("the adapter starts");
            let mut fresh = afresh(&app);
            assert_eq!(fresh.go_to(view.place), Ok(true), "seed {seed}, {number}: {action:?}");
            let found = fresh.machine().started().expect("the adapter starts");
            assert_eq!(shown.hash(), found.hash(), "seed {seed}, {number}: {action:?}");
            let resident = view.tally.resident().count;
            let book = found.vidmm().book();
            let counted = book.allocations().filter(|it| it.placement().is_some()).count();
            assert_eq!(resident, counted as u64, "seed {seed}, {number}: {action:?}");
            inside += u32::from(view.place.inner.is_some());
        }
        assert!(app.session().is_some_and(|opened| opened.diverged().is_none()), "seed {seed}");
    }
    assert!(inside > 100, "only {inside} places inside commands");
}
