//! Files that somebody worked with before, as the start page lists them.

use std::path::PathBuf;

use egui::{Align2, CursorIcon, Rect, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use crate::app::calendar::when_text;
use crate::app::{Action, App, RecentFile, WallTime};
use crate::base::text::{count, counted};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, IconButton, elide, focus_ring, horizontal_line, snap};

/// Height of a file.
const ROW: f32 = 38.0;
/// What takes a file off the list; without it there is no button.
const FORGET: Option<fn(PathBuf) -> Action> = Some(Action::ForgetRecent);

pub(super) fn recents_ui(ui: &mut Ui, app: &App, now: WallTime, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    if app.recents().is_empty() {
        ui.label(egui::RichText::new("Files that you open or save are listed here.").weak());
    }
    for recent in app.recents() {
        file_ui(ui, recent, now, actions);
    }
    ui.spacing_mut().item_spacing.y = 4.0;
}

/// Title or file name of a file.
fn name_of(recent: &RecentFile) -> String {
    if recent.title.is_empty() { file_name(recent) } else { recent.title.clone() }
}

fn file_name(recent: &RecentFile) -> String {
    let name = recent.path.file_name();
    name.map_or_else(|| recent.path.display().to_string(), |name| name.to_string_lossy().into())
}

/// Where a file is and how far somebody went in it: the last folder, the file, the step.
fn where_text(recent: &RecentFile) -> String {
    let folder = recent.path.parent().and_then(|folder| folder.file_name());
    let folder = folder.map_or_else(String::new, |name| name.to_string_lossy().into());
    let file = if recent.title.is_empty() { String::new() } else { file_name(recent) };
    let parts = [folder, file].into_iter().filter(|part| !part.is_empty());
    let place = parts.collect::<Vec<_>>().join("/");
    if recent.missing {
        return format!("{place}, not where it was");
    }
    let [place_in, all] = [recent.place, recent.commands].map(|it| count(it as u64));
    format!("{place}, step {place_in} of {all}")
}

fn file_ui(ui: &mut Ui, recent: &RecentFile, now: WallTime, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let (name, place, when) = (name_of(recent), where_text(recent), when_text(recent.when, now));
    let findings = counted(recent.errors as u64, "finding");
    let mut spoken = format!("Open {name}, {place}, {when}");
    for (said, holds) in [("recovered", recent.recovered), (findings.as_str(), recent.errors > 0)] {
        if holds {
            spoken.push_str(", ");
            spoken.push_str(said);
        }
    }
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    if response.hovered() {
        let ground = snap(ui.painter(), rect.expand2(vec2(6.0, 0.0)));
        ui.painter().rect_filled(ground, size::RADIUS_SMALL, tokens.hover_ground(tokens.panel));
    }
    let painter = ui.painter().with_clip_rect(rect.expand(6.0).intersect(ui.clip_rect()));
    let first = rect.top() + 11.0;
    let faint = tokens.text_faint;
    let at = pos2(rect.right(), first);
    let when = text::paint(&painter, at, Align2::RIGHT_CENTER, &when, size::TEXT_SMALL, faint);
    let mark = if recent.recovered {
        Some((Icon::Dot, tokens.accent, tokens.accent_text, "recovered"))
    } else if recent.errors > 0 {
        Some((Icon::Warning, tokens.warn, tokens.warn, findings.as_str()))
    } else {
        None
    };
    let marked = mark.map(|(icon, color, ink, words)| {
        (icon, color, ink, text::mixed_text(&painter, words, size::TEXT_SMALL, ink))
    });
    let needed = marked.as_ref().map_or(0.0, |(.., galley)| galley.size().x + 24.0);
    let room = when.left() - 8.0 - needed - rect.left();
    let ink = if recent.missing { faint } else { tokens.text };
    let galley = elide(&painter, &name, 13.0, ink, room.max(40.0));
    let at = pos2(rect.left(), first);
    let painted = text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, ink);
    if recent.missing {
        let y = painted.center().y + 1.0;
        horizontal_line(&painter, painted.left(), painted.right(), y, faint);
    }
    if let Some((icon, color, ink, galley)) = marked {
        let at = pos2(painted.right() + 12.0, first);
        icon.paint(&painter, at, 11.0, color);
        let at = at + vec2(9.0, -1.0);
        text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, ink);
    }
    let room = rect.width() - if FORGET.is_some() { 24.0 } else { 0.0 };
    let galley = elide(&painter, &place, size::TEXT_SMALL, faint, room);
    let at = pos2(rect.left(), rect.top() + 27.0);
    text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, faint);
    focus_ring(ui, &response, rect.expand2(vec2(4.0, 0.0)), size::RADIUS_SMALL);
    forget_button(ui, rect, recent, actions);
    if response.clicked() {
        actions.push(Action::OpenPath(recent.path.clone()));
    }
    response
        .on_hover_cursor(CursorIcon::PointingHand)
        .on_hover_text(recent.path.display().to_string());
}

/// A small button at the lower right of a file that takes it off the list.
fn forget_button(ui: &mut Ui, row: Rect, recent: &RecentFile, actions: &mut Vec<Action>) {
    let Some(forget) = FORGET else { return };
    let corner = row.right_bottom() - vec2(20.0, 20.0);
    let rect = Rect::from_min_size(corner, vec2(20.0, 20.0));
    let mut part = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(&recent.path));
    let label = format!("Forget {}", name_of(recent));
    if part.add(IconButton::new(Icon::Close, &label).frameless()).clicked() {
        actions.push(forget(recent.path.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_title_folder_and_step() {
        let mut recent = RecentFile {
            path: PathBuf::from("/home/me/lab notes/cache-thrash.ron"),
            commands: 4_096,
            place: 3_118,
            ..RecentFile::default()
        };
        assert_eq!(name_of(&recent), "cache-thrash.ron");
        assert_eq!(where_text(&recent), "lab notes, step 3,118 of 4,096");
        recent.title = "Cache thrash".into();
        assert_eq!(name_of(&recent), "Cache thrash");
        assert_eq!(where_text(&recent), "lab notes/cache-thrash.ron, step 3,118 of 4,096");
        recent.missing = true;
        assert_eq!(where_text(&recent), "lab notes/cache-thrash.ron, not where it was");
    }
}
