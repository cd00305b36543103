//! Files that are dragged over the window and dropped onto it: what will happen, and what does.

use std::path::PathBuf;

use egui::{Align2, Context, Rect, Ui, vec2};

use crate::app::{Action, App, Notice};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{elide, outline};

/// Names that are listed; the rest is counted.
const NAMED: usize = 4;

/// Which of several files is opened: the first that is called like a session, or else the first.
fn which(names: &[String]) -> usize {
    let session = |name: &String| name.to_lowercase().ends_with(".ron");
    names.iter().position(session).unwrap_or(0)
}

/// The names that are left over when one is opened, or nothing.
fn left_over(names: &[String]) -> Option<String> {
    let taken = which(names);
    let rest: Vec<&str> = names
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != taken)
        .map(|(_, name)| name.as_str())
        .collect();
    let shown = rest.get(..NAMED.min(rest.len())).unwrap_or_default().join(", ");
    match rest.len() {
        0 => None,
        number if number > NAMED => Some(format!("{shown} and {} more", number - NAMED)),
        _ => Some(shown),
    }
}

/// What letting go of the files would do.
fn promise(names: &[String], changed: bool) -> (String, String) {
    let name = names.get(which(names)).filter(|name| !name.is_empty());
    let title = name.map_or_else(
        || String::from("Let go to open the session"),
        |name| format!("Let go to open {name}"),
    );
    let mut lines = Vec::new();
    if let Some(rest) = left_over(names) {
        lines.push(format!("One session at a time: {rest} will not be opened."));
    }
    if changed {
        lines.push(String::from("It is asked first what is to become of unsaved changes."));
    }
    (title, lines.join(" "))
}

/// Says what letting go of a file would do.
pub(in crate::ui) fn drop_hint(ui: &Ui, app: &App) {
    let names: Vec<String> = ui.input(|input| {
        let files = input.raw.hovered_files.iter();
        files.map(|file| file.path.as_deref().map_or_else(String::new, name_of)).collect()
    });
    if names.is_empty() {
        return;
    }
    let changed = app.session().is_some_and(crate::app::Opened::is_changed);
    let (title, line) = promise(&names, changed);
    let tokens = tokens(ui);
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop"));
    let painter = ui.ctx().layer_painter(layer);
    let all = ui.ctx().content_rect();
    painter.rect_filled(all, 0.0, tokens.canvas.gamma_multiply(0.85));
    outline(&painter, all.shrink(8.0), size::RADIUS, 2.0, tokens.accent);
    let room = all.width() - 96.0;
    let lines = [
        (&title, size::TEXT_TITLE, tokens.text, -10.0),
        (&line, size::TEXT_BODY, tokens.text_secondary, 14.0),
    ];
    let lines = lines
        .map(|(words, points, ink, below)| (elide(&painter, words, points, ink, room), ink, below));
    // What lies below shows through everywhere but behind the words.
    let width = lines.iter().map(|(galley, ..)| galley.size().x).fold(0.0, f32::max);
    let plate = Rect::from_center_size(all.center(), vec2(width + 48.0, 80.0));
    painter.rect_filled(plate, size::RADIUS, tokens.panel);
    outline(&painter, plate, size::RADIUS, 1.0, tokens.separator);
    let alone = line.is_empty();
    for (galley, ink, below) in lines {
        let at = all.center() + vec2(0.0, if alone { 0.0 } else { below });
        text::paint_galley(&painter, at, Align2::CENTER_CENTER, galley, ink);
    }
}

fn name_of(path: &std::path::Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into())
}

/// What comes of files that were dropped: one is opened, the others are named.
pub(in crate::ui) fn dropped(context: &Context, app: &mut App) -> Option<Action> {
    let paths: Vec<PathBuf> = context.input(|input| {
        let files = input.raw.dropped_files.iter();
        files.map(|file| file.path().to_owned()).collect()
    });
    let names: Vec<String> = paths.iter().map(|path| name_of(path)).collect();
    if let Some(rest) = left_over(&names) {
        app.tell(Notice::error(
            String::from("One session is opened at a time"),
            vec![format!("Not opened: {rest}")],
        ));
    }
    paths.get(which(&names)).cloned().map(Action::OpenPath)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_first_session_is_opened_and_the_rest_named() {
        assert_eq!(which(&names(&["notes.txt", "A.RON", "b.ron"])), 1);
        assert_eq!(which(&names(&["notes.txt", "b.csv"])), 0);
        assert_eq!(left_over(&names(&["a.ron"])), None);
        assert_eq!(left_over(&[]), None);
        let rest = left_over(&names(&["notes.txt", "a.ron", "b.ron"]));
        assert_eq!(rest.as_deref(), Some("notes.txt, b.ron"));
        let many = left_over(&names(&["a", "b", "c", "d", "e", "f", "g"]));
        assert_eq!(many.as_deref(), Some("b, c, d, e and 2 more"));
    }

    #[test]
    fn what_will_happen_is_said_before_it_does() {
        let (title, line) = promise(&names(&["a.ron"]), false);
        assert_eq!((title.as_str(), line.as_str()), ("Let go to open a.ron", ""));
        let (_, line) = promise(&names(&["a.ron", "b.ron"]), true);
        assert_eq!(
            line,
            "One session at a time: b.ron will not be opened. It is asked first what is to become \
             of unsaved changes."
        );
        // Some systems do not say what is dragged until it is dropped.
        assert_eq!(promise(&names(&[""]), false).0, "Let go to open the session");
    }
}
