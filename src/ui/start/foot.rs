//! The foot of the start page: how many sessions there are, and whether each of them holds.

use egui::{Align2, Sense, Ui, WidgetInfo, vec2};

use crate::app::App;
use crate::base::text::counted;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, horizontal_line};

/// What is said of the runs behind the thumbnails.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// Some are still running.
    Running(String),
    /// All of them held.
    Held(String),
    /// Some did not.
    Failed(String),
}

fn verdict(count: usize, run: usize, held: usize) -> Verdict {
    if held < run {
        Verdict::Failed(format!("{} of {count} do not pass check", run - held))
    } else if run < count {
        Verdict::Running(format!("checked {run} of {count}"))
    } else {
        Verdict::Held(format!("all {count} pass check"))
    }
}

pub(super) fn foot_ui(ui: &mut Ui, app: &App) {
    let tokens = tokens(ui);
    let (bar, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    horizontal_line(ui.painter(), bar.left(), bar.right(), bar.top(), tokens.separator);
    let saved = app.saved();
    let mut words = format!("{} saved, embedded", saved.count());
    let recovered = app.recents().iter().filter(|file| file.recovered).count();
    if recovered > 0 {
        words.push_str(&format!(", {} recovered", counted(recovered as u64, "file")));
    }
    let middle = bar.left_center() + vec2(12.0, 0.0);
    let (left, small) = (Align2::LEFT_CENTER, size::TEXT_SMALL);
    let painted = text::paint(ui.painter(), middle, left, "sessions", small, tokens.text_faint);
    let at = middle + vec2(painted.width() + 8.0, 0.0);
    text::paint(ui.painter(), at, left, &words, small, tokens.text_secondary);
    let (run, held) = saved.held();
    let verdict = verdict(saved.count(), run, held);
    let (icon, tone, said) = match &verdict {
        Verdict::Running(said) => (Icon::Circle, tokens.text_faint, said),
        Verdict::Held(said) => (Icon::Check, tokens.ok, said),
        Verdict::Failed(said) => (Icon::Warning, tokens.warn, said),
    };
    let at = bar.right_center() - vec2(12.0, 0.0);
    let ink = tokens.text_secondary;
    let painted = text::paint(ui.painter(), at, Align2::RIGHT_CENTER, said, small, ink);
    icon.paint(ui.painter(), painted.left_center() - vec2(12.0, -1.0), 12.0, tone);
    let spoken = format!("Sessions: {words}; {said}");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &spoken));
    response.on_hover_text(
        "Each saved session is run once to make its picture: its expectations hold, and nothing \
         is damaged that it does not expect.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pass_only_when_all_were_run_and_held() {
        assert_eq!(verdict(74, 0, 0), Verdict::Running("checked 0 of 74".into()));
        assert_eq!(verdict(74, 73, 73), Verdict::Running("checked 73 of 74".into()));
        assert_eq!(verdict(74, 74, 74), Verdict::Held("all 74 pass check".into()));
        assert_eq!(verdict(74, 30, 28), Verdict::Failed("2 of 74 do not pass check".into()));
    }
}
