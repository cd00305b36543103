//! A question over the window, with a few buttons for answers.

use egui::{Frame, Id, Key, Label, Margin, Modal, Role, Ui, WidgetInfo};

use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::primary_button;

/// One answer: a button.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<A> {
    pub(super) label: &'static str,
    /// What becomes of it.
    pub(super) tip: &'static str,
    /// The key that gives the same answer.
    pub(super) key: Option<&'static str>,
    pub(super) answer: A,
}

impl<A: Copy> Choice<A> {
    pub(super) const fn new(label: &'static str, tip: &'static str, answer: A) -> Self {
        Self { label, tip, key: None, answer }
    }

    pub(super) const fn with_key(self, key: &'static str) -> Self {
        Self { key: Some(key), ..self }
    }
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Question<'a, A> {
    /// Tells the dialog from others.
    pub(super) id: &'static str,
    pub(super) title: &'a str,
    pub(super) text: &'static str,
    /// Width in points, where the window has as much.
    pub(super) width: f32,
    /// The first loses nothing: it has the focus, and Enter.
    pub(super) choices: &'a [Choice<A>],
}

impl<A: Copy> Question<'_, A> {
    /// Shows the question; `fresh` in its first frame. Answers what was chosen.
    pub(super) fn ask(&self, ui: &Ui, fresh: bool) -> Option<A> {
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let modal = Modal::new(Id::unique(self.id)).frame(frame);
        let shown = modal.show(ui.ctx(), |ui| {
            ui.set_width(self.width.min(ui.ctx().content_rect().width() - 48.0));
            self.content_ui(ui, fresh)
        });
        shown.response.widget_info(|| WidgetInfo::labeled(Role::Window, true, self.title));
        shown.inner
    }

    fn content_ui(&self, ui: &mut Ui, fresh: bool) -> Option<A> {
        let ink = tokens(ui);
        ui.add(Label::new(text::mixed_job(self.title, size::TEXT_TITLE, ink.text)).wrap());
        ui.add(Label::new(text::mixed_job(self.text, size::TEXT_BODY, ink.text_secondary)).wrap());
        ui.add_space(8.0);
        ui.horizontal_wrapped(|ui| {
            let (mut chosen, mut focused) = (None, false);
            for (index, choice) in self.choices.iter().enumerate() {
                let first = index == 0;
                let button =
                    if first { primary_button(ui, choice.label) } else { ui.button(choice.label) };
                let button = button.on_hover_ui(|ui| {
                    ui.horizontal(|ui| {
                        ui.label(choice.tip);
                        if let Some(key) = choice.key {
                            ui.weak(key);
                        }
                    });
                });
                if first && fresh {
                    button.request_focus();
                }
                focused |= button.has_focus();
                if button.clicked() {
                    chosen = Some(choice.answer);
                }
            }
            // Enter belongs to the button with the focus; where a click beside them took it away,
            // to the first.
            let enter = !fresh && !focused && ui.input(|input| input.key_pressed(Key::Enter));
            let first = self.choices.first().filter(|_| enter);
            chosen.or_else(|| first.map(|choice| choice.answer))
        })
        .inner
    }
}
