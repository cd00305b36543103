//! Which profile a new session begins with.

use egui::{
    Align2, Frame, Id, Key, Margin, Modal, Modifiers, ScrollArea, Sense, Ui, WidgetInfo, vec2,
};

use crate::app::{Action, profiles};
use crate::base::text::size as bytes;
use crate::kmd::Profile;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{focus_ring, outline, primary_button};

/// Width of the dialog.
const WIDTH: f32 = 560.0;
/// Height of a profile.
const ROW: f32 = 62.0;

/// The dialog, while it is open.
#[derive(Debug)]
pub(in crate::ui) struct ProfilesDialog {
    profiles: Vec<Profile>,
    chosen: usize,
    reveal: bool,
}

/// What came of a frame of the dialog.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ui) enum ProfilesAnswer {
    /// It stays open.
    Open,
    /// It was closed without a choice.
    Cancelled,
    /// A profile was chosen.
    Chosen(Action),
}

impl ProfilesDialog {
    pub(in crate::ui) fn new() -> Self {
        Self { profiles: profiles(), chosen: 0, reveal: true }
    }

    fn answer(&self) -> ProfilesAnswer {
        match self.profiles.get(self.chosen) {
            Some(profile) => ProfilesAnswer::Chosen(Action::NewSession(profile.name)),
            None => ProfilesAnswer::Cancelled,
        }
    }

    /// Shows the dialog over the window.
    pub(in crate::ui) fn ui(&mut self, ui: &Ui) -> ProfilesAnswer {
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let modal = Modal::new(Id::unique("profiles")).frame(frame);
        let shown = modal.show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 48.0));
            self.content_ui(ui)
        });
        shown.response.widget_info(|| {
            WidgetInfo::labeled(egui::Role::Window, true, "New session from a profile")
        });
        if shown.inner == ProfilesAnswer::Open && shown.should_close() {
            return ProfilesAnswer::Cancelled;
        }
        shown.inner
    }

    fn content_ui(&mut self, ui: &mut Ui) -> ProfilesAnswer {
        ui.heading("New session from a profile");
        ui.weak("An adapter with its driver, and no commands yet; all of it can be changed in the file.");
        ui.add_space(4.0);
        let mut answer = self.keys(ui);
        let height = (ui.ctx().content_rect().height() - 210.0).max(ROW);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            for index in 0..self.profiles.len() {
                if self.row_ui(ui, index) {
                    answer = self.answer();
                }
            }
        });
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            if primary_button(ui, "Begin").clicked() {
                answer = self.answer();
            }
            if ui.button("Cancel").clicked() {
                answer = ProfilesAnswer::Cancelled;
            }
            ui.weak("↑ and ↓ choose, Enter takes");
        });
        answer
    }

    fn keys(&mut self, ui: &Ui) -> ProfilesAnswer {
        let taken = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let before = self.chosen;
        if taken(Key::ArrowDown) {
            self.chosen = (self.chosen + 1).min(self.profiles.len().saturating_sub(1));
        }
        if taken(Key::ArrowUp) {
            self.chosen = self.chosen.saturating_sub(1);
        }
        self.reveal |= before != self.chosen;
        // A button that was reached with the Tab key takes Enter for itself.
        let free = ui.memory(|memory| memory.focused().is_none());
        if free && taken(Key::Enter) { self.answer() } else { ProfilesAnswer::Open }
    }

    /// One profile; says whether it was clicked.
    fn row_ui(&mut self, ui: &mut Ui, index: usize) -> bool {
        let Some(profile) = self.profiles.get(index) else { return false };
        let tokens = tokens(ui);
        let chosen = self.chosen == index;
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
        let spoken = format!("{}: {}", profile.title, profile.description);
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, &spoken));
        let ground = if chosen { tokens.accent_ground } else { tokens.panel };
        let ground = if response.hovered() { tokens.hover_ground(ground) } else { ground };
        ui.painter().rect_filled(rect, size::RADIUS, ground);
        let edge = if chosen { tokens.accent } else { tokens.separator };
        outline(ui.painter(), rect, size::RADIUS, 1.0, edge);
        let faint = if chosen { tokens.text_secondary } else { tokens.text_faint };
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let at = rect.left_top() + vec2(12.0, 14.0);
        text::paint(&painter, at, Align2::LEFT_CENTER, profile.title, 13.0, tokens.text);
        let facts = facts(profile);
        let at = rect.right_top() + vec2(-12.0, 14.0);
        text::paint(&painter, at, Align2::RIGHT_CENTER, &facts, size::TEXT_SMALL, faint);
        let ink = tokens.text_secondary;
        let mut job = text::mixed_job(profile.description, size::TEXT_SMALL, ink);
        job.wrap.max_width = rect.width() - 24.0;
        job.wrap.max_rows = 2;
        let galley = painter.layout_job(job);
        let at = rect.left_top() + vec2(12.0, 25.0);
        text::paint_galley(&painter, at, Align2::LEFT_TOP, galley, ink);
        focus_ring(ui, &response, rect, size::RADIUS);
        if chosen && std::mem::take(&mut self.reveal) {
            response.scroll_to_me(None);
        }
        if response.gained_focus() {
            self.chosen = index;
        }
        let clicked = response.clicked();
        if clicked {
            self.chosen = index;
        }
        clicked
    }
}

/// Interface version and segments of a profile.
fn facts(profile: &Profile) -> String {
    let segments: Vec<String> =
        profile.adapter.segments.iter().map(|segment| bytes(segment.size)).collect();
    format!("{}, {}", profile.adapter.version, segments.join(" + "))
}
