//! Hits in words: what each is called, what else there is to say of it, and what it does.

use super::{Hit, Kind, address};
use crate::analysis::explain::{self, Words};
use crate::app::action::Action;
use crate::app::application::App;
use crate::app::item::Item;
use crate::app::opened::Opened;
use crate::app::registry::ENTRIES;
use crate::base::text::{count, counted, hex, size};
use crate::base::{AllocationId, DeviceId, ProcessId, SegmentId};
use crate::machine::{Command, Place};

/// The words of a session.
pub(super) fn words(opened: &Opened) -> Words<'_> {
    let segments = match opened.run().machine().started() {
        Ok(started) => &started.vidmm().adapter().segments[..],
        Err(_) => &[],
    };
    Words::new(opened.names(), segments)
}

/// A command as one line: what is done and with what.
pub(super) fn command_text(command: &Command, words: Words<'_>) -> String {
    let text = explain::command_text(command, words);
    format!("{} {}", text.title, text.what)
}

/// How many objects a command names, where there is no limit to it.
pub(super) fn parts_of(command: &Command) -> usize {
    match command {
        Command::MakeResident(ids) | Command::Offer(ids, _) | Command::Reclaim(ids) => ids.len(),
        Command::Use(references) => references.len(),
        Command::Submit(submit) => submit.commands.len(),
        _ => 0,
    }
}

/// The step that was typed, `12`, `12.2.3` or `step 12`, if the session can have it.
pub(super) fn step_of(typed: &str, opened: &Opened) -> Option<Place> {
    let number = typed.strip_prefix("step").unwrap_or(typed).trim();
    let place: Place = number.parse().ok()?;
    (place.command <= opened.run().commands().len()).then_some(place)
}

/// The hit of a kind; `None` where it is gone.
pub(super) fn hit(app: &App, kind: Kind, index: usize, typed: &str) -> Option<Hit> {
    let (text, detail, actions) = match kind {
        Kind::Action => return action(app, index),
        Kind::Recent => return recent(app, index),
        Kind::Saved => {
            let saved = app.saved().known().get(index)?;
            let commands = counted(wide(saved.commands), "command");
            let detail = format!("{}, {commands}", saved.embedded.file_name);
            let open = Action::OpenEmbedded(saved.embedded.file_name);
            (saved.title.clone(), detail, vec![open])
        }
        Kind::Step => step(app.session()?, typed)?,
        Kind::Address => at_address(app.session()?, typed, index)?,
        Kind::Bookmark => {
            let bookmark = app.session()?.document().bookmarks.get(index)?;
            let last = app.session()?.run().commands().len();
            let at = usize::try_from(bookmark.at).unwrap_or(usize::MAX).min(last);
            let go = vec![Action::GoTo(Place::after(at))];
            (bookmark.text.clone(), format!("step {}", count(wide(at))), go)
        }
        Kind::Segment => {
            let id = SegmentId::from_index(index)?;
            let name = app.session()?.names().segment(id).to_owned();
            (name, segment_detail(app.session()?, id), select(Item::Segment(id)))
        }
        Kind::Process => {
            let id = ProcessId(u32::try_from(index).ok()?);
            let name = app.session()?.names().process(id).to_owned();
            (name, String::new(), select(Item::Process(id)))
        }
        Kind::Device => device(app.session()?, index)?,
        Kind::Allocation => {
            let id = AllocationId(u32::try_from(index).ok()?);
            let name = app.session()?.names().allocation(id).to_owned();
            (name, allocation_detail(app.session()?, id), select(Item::Allocation(id)))
        }
        Kind::Command => {
            let opened = app.session()?;
            let text = command_text(opened.run().command(index)?, words(opened));
            (text, format!("step {}", count(wide(index))), go_to(Place::after(index)))
        }
    };
    let keys = String::new();
    Some(Hit { kind, text, detail, keys, reason: None, marks: Vec::new(), actions })
}

type Parts = (String, String, Vec<Action>);

fn select(item: Item) -> Vec<Action> {
    vec![Action::Select(Some(item))]
}

fn go_to(place: Place) -> Vec<Action> {
    vec![Action::GoTo(place)]
}

fn action(app: &App, index: usize) -> Option<Hit> {
    let entry = ENTRIES.get(index)?;
    Some(Hit {
        kind: Kind::Action,
        text: entry.text.to_owned(),
        detail: entry.tooltip.to_owned(),
        keys: entry.keys.first().map_or_else(String::new, ToString::to_string),
        reason: (!app.can(entry.when)).then(|| entry.when.reason()),
        marks: Vec::new(),
        actions: vec![entry.action.clone()],
    })
}

fn recent(app: &App, index: usize) -> Option<Hit> {
    let recent = app.recents().get(index)?;
    let name =
        recent.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    let text = if recent.title.is_empty() { name } else { recent.title.clone() };
    Some(Hit {
        kind: Kind::Recent,
        text,
        detail: recent.path.display().to_string(),
        keys: String::new(),
        reason: recent.missing.then_some("The file is not where it was"),
        marks: Vec::new(),
        actions: vec![Action::OpenPath(recent.path.clone())],
    })
}

fn step(opened: &Opened, typed: &str) -> Option<Parts> {
    let place = step_of(typed, opened)?;
    let command = opened.run().command(place.command);
    let detail = match command {
        Some(command) => command_text(command, words(opened)),
        None => String::from("before the first command"),
    };
    Some((format!("Go to step {place}"), detail, go_to(place)))
}

fn at_address(opened: &Opened, typed: &str, index: usize) -> Option<Parts> {
    let found = *address::places(typed, opened).get(index)?;
    let names = opened.names();
    let text = match found.item {
        Item::Allocation(id) => names.allocation(id).to_owned(),
        Item::Hole(segment, hole) => {
            format!("Hole of {} in {}", size(hole.len()), names.segment(segment))
        }
        Item::AperturePage(segment, page) => {
            format!("Page {} of {}", hex(page), names.segment(segment))
        }
        Item::Segment(segment) => names.segment(segment).to_owned(),
        _ => return None,
    };
    let detail = match found.item {
        Item::Allocation(id) => allocation_detail(opened, id),
        _ => format!("{} from the start", hex(found.offset)),
    };
    Some((text, format!("{} is here, {detail}", hex(found.address)), select(found.item)))
}

fn segment_detail(opened: &Opened, id: SegmentId) -> String {
    let started = opened.run().machine().started();
    let segment = started.ok().and_then(|it| it.vidmm().adapter().segments.get(id.index()));
    segment.map_or_else(String::new, |segment| {
        format!("{} from {}", size(segment.size.get()), segment.base)
    })
}

fn device(opened: &Opened, index: usize) -> Option<Parts> {
    let id = DeviceId(u32::try_from(index).ok()?);
    let name = opened.names().device(id).to_owned();
    let started = opened.run().machine().started().ok();
    let Some(device) = started.and_then(|started| started.vidmm().book().device(id)) else {
        // Whose it is, is known where it exists.
        let creates = |command: &Command| matches!(command, Command::CreateDevice(device, ..) if *device == id);
        let commands = opened.run().commands();
        let at = commands.iter().take(super::COMMANDS_NEAR).position(creates)? + 1;
        let detail = format!("created by step {}", count(wide(at)));
        return Some((name, detail, go_to(Place::after(at))));
    };
    let detail = format!("of {}", opened.names().process(device.process));
    Some((name, detail, select(Item::Process(device.process))))
}

fn allocation_detail(opened: &Opened, id: AllocationId) -> String {
    let Ok(started) = opened.run().machine().started() else { return String::new() };
    let book = started.vidmm().book();
    let Some(allocation) = book.allocation(id) else {
        return String::from("does not exist at this step");
    };
    let owner = book.device(allocation.device());
    let owner = owner.map_or("", |device| opened.names().process(device.process));
    format!("{}, {owner}", size(allocation.info().size.get()))
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
