//! Any text as a session: it loads, or says where in the text it is wrong. What loads is written and
//! read again with equal meaning, is judged by the rules, and runs, back and forward.

use vidmm_inspector::analysis::explain::{self, Words};
use vidmm_inspector::analysis::{log, report};
use vidmm_inspector::base::StateHash;
use vidmm_inspector::config::HardwareKeeps;
use vidmm_inspector::kmd;
use vidmm_inspector::machine::{Command, Place, Run};
use vidmm_inspector::rules::{AllocationKind, check_adapter, check_allocation, totals};
use vidmm_inspector::session::{
    self, Document, LoadError, Locator, bind, command_lines, load::text_of_bytes, parse, write,
};

use super::place::assert_inside;

/// Commands that are run, so that no execution is slow.
const MOST_COMMANDS: usize = 48;

/// Bytes of all allocations up to which the report is made: it hashes each of them.
const MOST_HASHED: u64 = 1 << 20;

/// Bytes of a text that is looked at.
const MOST_BYTES: usize = 32 << 10;

/// What an error names as its file.
const ORIGIN: &str = "fuzz.ron";

/// The target.
pub(crate) fn check(data: &[u8]) {
    if data.len() > MOST_BYTES {
        return;
    }
    let text = match text_of_bytes(data.to_vec(), ORIGIN) {
        Ok(text) => text,
        Err(error) => {
            assert_inside(&String::from_utf8_lossy(data), error.position, &error);
            return;
        }
    };
    let document = match parse(&text, ORIGIN) {
        Ok(document) => document,
        Err(error) => return assert_located(&text, &error),
    };
    assert_eq!(command_lines(&text).len(), document.commands.len(), "lines of commands");
    let written = write(&document);
    match parse(&written, ORIGIN) {
        Ok(again) => assert_eq!(again, document, "read from\n{written}"),
        Err(error) => panic!("{error}, in what was written:\n{written}"),
    }
    bound(&text, &document, MOST_COMMANDS);
}

fn assert_located(text: &str, error: &LoadError) {
    assert_inside(text, error.position, error);
    assert!(!error.message.is_empty(), "an error without words: {error:?}");
}

/// Binds a document that was read, and goes on with what it stands for, running so many commands.
/// `text` is what it was read from.
pub(crate) fn bound(text: &str, document: &Document, most: usize) {
    let profile_adapter = |name: &str| kmd::profile(name).map(|profile| profile.adapter);
    let session::Bound { adapter, policies, names, commands, .. } =
        match bind(document, &profile_adapter) {
            Ok(bound) => bound,
            Err(errors) => {
                assert!(!errors.is_empty(), "not bound, and no error");
                let mut locator = Locator::new(text);
                for error in errors {
                    assert_located(text, &error.located(&mut locator, ORIGIN));
                }
                return;
            }
        };
    let (checked, findings) = check_adapter(&adapter);
    let _ = totals(&adapter);
    assert!(checked.is_some() || !findings.is_empty(), "refused without a finding");
    for finding in &findings {
        assert!(!finding.to_string().is_empty());
    }
    for command in &commands {
        let (Some(checked), Command::CreateAllocation(create)) = (&checked, command) else {
            continue;
        };
        let kind = AllocationKind {
            shared: create.shared,
            primary: create.primary,
            has_existing_pages: create.existing.is_some(),
        };
        let _ = check_allocation(checked, &create.info, kind);
    }
    let profile = kmd::profile(&adapter.profile).expect("binding found it");
    let commands: Vec<Command> = commands.into_iter().take(most).collect();
    let commands: std::sync::Arc<[Command]> = commands.into();
    let fresh = || Run::new(&adapter, policies, &profile, commands.clone());
    let mut run = fresh();
    // Few together, so that short runs have seams and leaps.
    run.seal_together(2);
    run.execute_all();
    assert_honest(&run);
    there_and_back(&mut run);
    let segments = run.segments();
    let words = Words::new(&names, &segments);
    for (number, record) in (1..).zip(run.records()) {
        let command = run.command(number).expect("it was executed");
        let told = explain::command_text(command, words);
        assert!(!told.title.is_empty(), "{command:?} has no title");
        for damage in &record.damage {
            assert!(!explain::damage_text(damage, words).is_empty());
        }
    }
    // Without history it ends in the same state.
    let (end, mut lines, mut forgetful) = (Place::after(run.executed()), 0, fresh());
    let passed = forgetful.pass_through(end, |run, trace| {
        lines += log::command_lines(run, trace, end, &names).len();
        Ok::<(), std::convert::Infallible>(())
    });
    assert_eq!(passed, Ok(true));
    assert!(lines >= run.executed(), "a command without a line");
    assert_eq!(Some(forgetful.machine().hash()), run.recorded_hash(run.executed()));
    let size = |command: &Command| match command {
        Command::CreateAllocation(create) => create.info.size.get(),
        _ => 0,
    };
    let bytes = run.commands().iter().map(size).fold(0, u64::saturating_add);
    if bytes > MOST_HASHED {
        return;
    }
    let written = report::write(&mut fresh(), end, &document.title, &names, &mut std::io::sink());
    assert!(written.is_ok_and(|reached| reached), "the document ends early");
}

/// Without quirks, hardware that keeps less than is claimed, work beside the manager and locks, which
/// leave races to the caller, nothing is ever damaged.
fn assert_honest(run: &Run) {
    let adapter = run.adapter();
    let keeps_all =
        adapter.segments.iter().all(|segment| segment.hardware_keeps == HardwareKeeps::default());
    let is_plain = |command: &Command| {
        !matches!(command, Command::Raw(_) | Command::Lock(..) | Command::Power(_))
    };
    if !adapter.quirks.is_empty() || !keeps_all || !run.commands().iter().all(is_plain) {
        return;
    }
    for (number, record) in (1..).zip(run.records()) {
        assert!(record.damage.is_empty(), "command {number}: {:?}", record.damage);
    }
}

/// Goes back over every command, then to the end at once: each place is in the state recorded.
fn there_and_back(run: &mut Run) {
    let end = run.executed();
    for number in (0..=end).rev().chain([end]) {
        let went = run.go_to(Place::after(number)).unwrap_or_else(|diverged| panic!("{diverged}"));
        assert!(went, "cannot go after command {number}");
        let found: StateHash = run.machine().hash();
        assert_eq!(Some(found), run.recorded_hash(number), "the state after command {number}");
    }
}
