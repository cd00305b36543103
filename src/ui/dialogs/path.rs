//! Our own way to ask for a file, where the system has no file dialogs: a path to type, completed
//! from the folder, and a list to choose from.

use std::path::{Path, PathBuf};

use egui::{
    Align2, Frame, Id, Key, Margin, Modal, Modifiers, ScrollArea, Sense, TextEdit, Ui, WidgetInfo,
    vec2,
};

use crate::app::Action;
use crate::app::files::{self, FolderEntry};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, focus_ring, primary_button};

/// Width of the dialog.
const WIDTH: f32 = 520.0;
/// Height of the list.
const LIST: f32 = 240.0;

/// What the path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ui) enum PathPurpose {
    /// A session to open.
    Open,
    /// Where to save.
    Save,
    /// Where to write a table.
    Export,
}

/// The dialog, while it is open.
#[derive(Debug)]
pub(in crate::ui) struct PathDialog {
    purpose: PathPurpose,
    typed: String,
    listed: Option<PathBuf>,
    entries: Result<Vec<FolderEntry>, String>,
    chosen: Option<usize>,
    fresh: bool,
    /// The file of which it was said that it would be replaced.
    warned: Option<PathBuf>,
}

/// What came of a frame of the dialog.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ui) enum PathAnswer {
    /// It stays open.
    Open,
    /// It was closed without a path.
    Cancelled,
    /// A path was chosen.
    Chosen(Action),
}

impl PathDialog {
    /// A dialog that begins in `folder`, with `name` filled in.
    pub(in crate::ui) fn new(purpose: PathPurpose, folder: &Path, name: &str) -> Self {
        let typed = folder.join(name).display().to_string();
        Self {
            purpose,
            typed,
            listed: None,
            entries: Ok(Vec::new()),
            chosen: None,
            fresh: true,
            warned: None,
        }
    }

    /// Whether it asks where to save the session.
    pub(in crate::ui) fn saves(&self) -> bool {
        self.purpose == PathPurpose::Save
    }

    fn refresh(&mut self) {
        let (folder, _) = files::split_typed(&self.typed);
        if self.listed.as_ref() != Some(&folder) {
            self.entries = files::list(&folder).map_err(|error| error.to_string());
            self.listed = Some(folder);
            self.chosen = None;
        }
    }

    /// The entries that begin with what is typed after the last separator, or all of them when
    /// something else is typed there: a new name does not empty the list.
    fn shown(&self) -> Vec<FolderEntry> {
        let (_, beginning) = files::split_typed(&self.typed);
        let Ok(entries) = &self.entries else { return Vec::new() };
        let beginning = beginning.to_lowercase();
        let fits = |entry: &&FolderEntry| entry.name.to_lowercase().starts_with(&beginning);
        let fitting: Vec<FolderEntry> = entries.iter().filter(fits).cloned().collect();
        if fitting.is_empty() { entries.clone() } else { fitting }
    }

    /// Puts an entry into the field: a folder to go on from, a file to be taken.
    fn put(&mut self, entry: &FolderEntry) {
        let (folder, _) = files::split_typed(&self.typed);
        let mut typed = folder.join(&entry.name).display().to_string();
        if !entry.is_file {
            typed.push(std::path::MAIN_SEPARATOR);
        }
        self.typed = typed;
        self.refresh();
    }

    fn go_up(&mut self) {
        let (folder, _) = files::split_typed(&self.typed);
        if let Some(parent) = folder.parent() {
            self.typed = parent.join("").display().to_string();
            self.refresh();
        }
    }

    fn answer(&self) -> Option<Action> {
        let (_, name) = files::split_typed(&self.typed);
        if name.is_empty() {
            return None;
        }
        let path = PathBuf::from(&self.typed);
        Some(match self.purpose {
            PathPurpose::Open => Action::OpenPath(path),
            PathPurpose::Save => Action::SaveTo(files::with_extension(path)),
            PathPurpose::Export => Action::ExportTo(path),
        })
    }

    /// The answer, where it replaces no file, or one of which that was said before.
    fn accepted(&mut self) -> Option<Action> {
        let action = self.answer()?;
        if let Some(path) = replaced(&action)
            && self.warned.as_ref() != Some(path)
        {
            self.warned = Some(path.clone());
            return None;
        }
        Some(action)
    }

    /// Shows the dialog over the window.
    pub(in crate::ui) fn ui(&mut self, ui: &Ui) -> PathAnswer {
        self.refresh();
        let mut answer = PathAnswer::Open;
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let modal = Modal::new(Id::unique("path")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 48.0));
            ui.heading(match self.purpose {
                PathPurpose::Open => "Open session",
                PathPurpose::Save => "Save session as",
                PathPurpose::Export => "Export to",
            });
            ui.weak("The system shows no file dialogs here, so choose or type a path.");
            ui.add_space(4.0);
            self.keys(ui, &mut answer);
            let field = TextEdit::singleline(&mut self.typed)
                .desired_width(f32::INFINITY)
                .lock_focus(true)
                .hint_text("Path of a file");
            let field = ui.add(field);
            field.widget_info(|| {
                WidgetInfo::text_edit(true, &self.typed, &self.typed, "Path of the file")
            });
            if field.changed() {
                if let Some(anew) = files::typed_anew(&self.typed) {
                    self.typed = anew.to_owned();
                }
                self.refresh();
            }
            // Only now is everything in the field that was typed before it.
            if ui.input(|input| input.key_pressed(Key::Enter)) {
                self.fresh = true;
                if let Some(action) = self.accepted() {
                    answer = PathAnswer::Chosen(action);
                }
            }
            if std::mem::take(&mut self.fresh) {
                field.request_focus();
            }
            self.list(ui, &mut answer);
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                let ready = self.answer();
                let warned = ready.as_ref().and_then(replaced) == self.warned.as_ref();
                let warned = warned && self.warned.is_some();
                let word = match self.purpose {
                    PathPurpose::Open => "Open",
                    _ if warned => "Replace",
                    _ => "Save",
                };
                ui.add_enabled_ui(ready.is_some(), |ui| {
                    if primary_button(ui, word).clicked()
                        && let Some(action) = self.accepted()
                    {
                        answer = PathAnswer::Chosen(action);
                    }
                });
                if ui.button("Cancel").clicked() {
                    answer = PathAnswer::Cancelled;
                }
                if warned {
                    let told = "It is there already; again replaces it";
                    ui.colored_label(tokens(ui).warn, told);
                } else {
                    ui.weak("Tab completes, ↑ and ↓ choose, Enter takes");
                }
            });
        });
        if modal.should_close() && answer == PathAnswer::Open {
            answer = PathAnswer::Cancelled;
        }
        answer
    }

    /// Keys of the dialog, taken before the text field sees them.
    fn keys(&mut self, ui: &Ui, answer: &mut PathAnswer) {
        let taken = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let shown = self.shown();
        if taken(Key::ArrowDown) && !shown.is_empty() {
            self.chosen = Some(self.chosen.map_or(0, |at| (at + 1).min(shown.len() - 1)));
        }
        if taken(Key::ArrowUp) {
            self.chosen = self.chosen.and_then(|at| at.checked_sub(1));
        }
        let chosen = self.chosen.and_then(|at| shown.get(at)).cloned();
        if taken(Key::Tab)
            && let Some(entry) = chosen.as_ref().or_else(|| shown.first())
        {
            self.put(entry);
            self.fresh = true;
        }
        if let Some(entry) = chosen
            && taken(Key::Enter)
        {
            self.put(&entry);
            self.chosen = None;
            self.fresh = true;
            if let Some(action) = self.accepted() {
                *answer = PathAnswer::Chosen(action);
            }
        }
        if taken(Key::Escape) {
            *answer = PathAnswer::Cancelled;
        }
    }

    fn list(&mut self, ui: &mut Ui, answer: &mut PathAnswer) {
        if let Err(error) = &self.entries {
            let error = error.clone();
            ui.colored_label(tokens(ui).error, format!("The folder cannot be read: {error}"));
            return;
        }
        let shown = self.shown();
        let rows = shown.len() + 1;
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = ScrollArea::vertical().max_height(LIST).auto_shrink([false, true]);
        area.show_rows(ui, size::TABLE_ROW, rows, |ui, range| {
            for row in range {
                let Some(index) = row.checked_sub(1) else {
                    if row_ui(ui, Icon::Folder, "..", false).clicked() {
                        self.go_up();
                    }
                    continue;
                };
                let Some(entry) = shown.get(index) else { continue };
                let icon = if entry.is_file { Icon::Square } else { Icon::Folder };
                let response = row_ui(ui, icon, &entry.name, self.chosen == Some(index));
                if response.clicked() {
                    self.put(entry);
                }
                if response.double_clicked()
                    && entry.is_file
                    && let Some(action) = self.accepted()
                {
                    *answer = PathAnswer::Chosen(action);
                }
            }
        });
    }
}

/// The file that an answer would replace.
fn replaced(action: &Action) -> Option<&PathBuf> {
    match action {
        Action::SaveTo(path) | Action::ExportTo(path) if files::is_there(path) => Some(path),
        _ => None,
    }
}

fn row_ui(ui: &mut Ui, icon: Icon, name: &str, chosen: bool) -> egui::Response {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::TABLE_ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, name));
    if chosen {
        ui.painter().rect_filled(rect, 0.0, tokens.accent_ground);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hover_ground(tokens.bar));
    }
    icon.paint(ui.painter(), rect.left_center() + vec2(10.0, 0.0), 10.0, tokens.text_faint);
    let at = rect.left_center() + vec2(24.0, 0.0);
    text::paint(ui.painter(), at, Align2::LEFT_CENTER, name, size::TEXT_BODY, tokens.text);
    focus_ring(ui, &response, rect, 0.0);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_narrows_and_completing_goes_on_from_folders() {
        let root = std::env::temp_dir().join(format!("vidmm-path-{}", std::process::id()));
        std::fs::create_dir_all(root.join("studies")).expect("the temporary folder is writable");
        std::fs::write(root.join("studies/sleep.ron"), "").expect("the folder is ours");
        std::fs::write(root.join("tour.ron"), "").expect("the folder is ours");
        let mut dialog = PathDialog::new(PathPurpose::Open, &root, "");
        dialog.typed = root.join("st").display().to_string();
        dialog.refresh();
        let shown = dialog.shown();
        assert_eq!(shown.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["studies"]);
        dialog.put(&shown[0]);
        assert_eq!(dialog.answer(), None, "a folder is nothing to open");
        let shown = dialog.shown();
        assert_eq!(shown.len(), 1);
        dialog.put(&shown[0]);
        assert_eq!(dialog.answer(), Some(Action::OpenPath(root.join("studies/sleep.ron"))));
        dialog.go_up();
        assert_eq!(dialog.shown().len(), 2);
        std::fs::remove_dir_all(&root).expect("the folder is ours");
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_asked_twice() {
        let name = format!("vidmm-there-{}.ron", std::process::id());
        let path = std::env::temp_dir().join(&name);
        std::fs::write(&path, "").expect("the temporary folder is writable");
        for (purpose, action) in [
            (PathPurpose::Save, Action::SaveTo(path.clone())),
            (PathPurpose::Export, Action::ExportTo(path.clone())),
        ] {
            let mut dialog = PathDialog::new(purpose, &std::env::temp_dir(), &name);
            assert_eq!(dialog.accepted(), None, "{purpose:?}");
            dialog.typed.push('x');
            assert!(dialog.accepted().is_some(), "another name is free");
            dialog.typed.pop();
            assert_eq!(dialog.accepted(), Some(action));
        }
        std::fs::remove_file(&path).expect("the file is ours");
        let mut dialog = PathDialog::new(PathPurpose::Save, &std::env::temp_dir(), &name);
        assert_eq!(dialog.accepted(), Some(Action::SaveTo(path)));
    }

    #[test]
    fn a_path_from_the_root_begins_anew() {
        assert_eq!(files::typed_anew("/home/me//tmp/a.ron"), Some("/tmp/a.ron"));
        assert_eq!(files::typed_anew("/home/me/"), None);
        assert_eq!(files::typed_anew("/home//me//"), Some("/"));
    }

    #[test]
    fn a_new_name_gets_the_end_of_session_files() {
        let dialog = PathDialog::new(PathPurpose::Save, Path::new("/tmp"), "new");
        assert_eq!(dialog.answer(), Some(Action::SaveTo(PathBuf::from("/tmp/new.ron"))));
    }
}
