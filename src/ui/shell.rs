//! The window as a whole: the order of one frame, and where each panel lies.
//!
//! Keys, then actions, then playback and work in the background, then panels, then their actions.

use egui::{
    CentralPanel, Context, CursorIcon, Frame, Panel, Rect, Sense, Ui, UiBuilder, pos2, vec2,
};

use super::dialogs::help::help_ui;
use super::dialogs::notices::notices_ui;
use super::dialogs::path::{PathAnswer, PathDialog, PathPurpose};
use super::dialogs::unsaved::UnsavedDialog;
use super::dialogs::waiting::waiting_ui;
use super::keyboard;
use super::panels::adapter::{AdapterState, adapter_ui};
use super::panels::allocations::{AllocationsState, allocations_filter_ui, allocations_ui};
use super::panels::buffers::{BuffersState, buffers_ui};
use super::panels::bytes::{BytesState, bytes_ui};
use super::panels::findings::{FindingsState, findings_filter_ui, findings_ui};
use super::panels::map::{MapState, map_ui};
use super::panels::operations::{OperationsState, operations_filter_ui, operations_ui};
use super::panels::power::{PowerState, power_ui};
use super::panels::selection::{SelectionState, selection_ui};
use super::panels::status::{StatusState, status_ui};
use super::panels::timeline::{TimelineState, timeline_ui};
use super::panels::transport::top_bar_ui;
use super::picture::PanelName;
use super::start::{StartState, start_ui};
use super::theme::{Theme, size, tokens};
use super::widgets::{horizontal_line, tab_bar};
use crate::app::{Action, App, Appearance, Duration, Effect, Opened, Tab, View, Zoom, files};

/// What the system is to ask the user for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogWanted {
    /// A session to open.
    Open,
    /// Where to save; this name is suggested.
    Save(String),
    /// Where to write a table; this name is suggested.
    Export(String),
}

/// What a frame asks of whoever shows the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameAnswer {
    /// A file is to be asked for.
    pub dialog: Option<DialogWanted>,
    /// A text for the clipboard.
    pub copy: Option<String>,
    /// Nobody waits any longer for the dialog of the system.
    pub ignore_dialog: bool,
    /// The program is to end.
    pub quit: bool,
}

/// Everything about the look of the window that is not worth remembering elsewhere.
#[derive(Default)]
pub struct Shell {
    start: StartState,
    panels: Panels,
    serial: u64,
    edition: u64,
    path: Option<PathDialog>,
    waiting: Option<DialogWanted>,
    unsaved: UnsavedDialog,
    answered: Vec<Action>,
    map_share: Option<f32>,
    left_width: Option<f32>,
}

/// What the panels remember of one session.
#[derive(Default)]
struct Panels {
    adapter: AdapterState,
    map: MapState,
    operations: OperationsState,
    allocations: AllocationsState,
    buffers: BuffersState,
    bytes: BytesState,
    power: PowerState,
    findings: FindingsState,
    selection: SelectionState,
    timeline: TimelineState,
    status: StatusState,
}

impl Panels {
    /// Forgets what was worked out of a run that there is no more; what somebody chose stays.
    fn forget_run(&mut self) {
        self.operations.forget_run();
        self.allocations.forget_run();
        self.buffers = BuffersState::default();
        self.power.forget_run();
        self.findings.forget_run();
        self.timeline = TimelineState::default();
    }
}

/// Share of the centre's height that the map has in a new window: 400 of 696 points.
const MAP_SHARE: f32 = 400.0 / 696.0;
/// Least height of the map.
const MAP_LEAST: f32 = 120.0;
/// Least height of what is below the map, tabs included.
const BELOW_LEAST: f32 = 110.0;
/// Where a row of tabs leaves less than this, the filter stands in a strip of its own.
const FILTER_LEAST: f32 = 88.0;

impl std::fmt::Debug for Shell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shell").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Shell {
    /// One frame of the window. `now` never runs back; work in the background goes on as long as
    /// `has_time` says so.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        app: &mut App,
        now: Duration,
        has_time: &mut dyn FnMut() -> bool,
    ) -> FrameAnswer {
        let context = ui.ctx().clone();
        let mut answer = FrameAnswer::default();
        app.set_dialog_open(self.path.is_some());
        let mut actions = std::mem::take(&mut self.answered);
        actions.extend(keyboard::pressed(&context, app));
        actions.extend(dropped(&context));
        self.execute(app, actions, &mut answer);
        app.advance(now);
        app.work(has_time);
        if self.serial != app.serial() {
            self.serial = app.serial();
            self.panels = Panels::default();
        }
        let edition = app.session().map_or(0, Opened::edition);
        if self.edition != edition {
            self.edition = edition;
            self.panels.forget_run();
        }
        show_theme(&context, app.settings().appearance);

        let mut actions = Vec::new();
        let above = self.page_ui(ui, app, &mut actions);
        notices_ui(ui, app.notices(), above, &mut actions);
        if app.shows_help() {
            help_ui(ui, &mut actions);
        }
        let question = app.unsaved_question();
        if question.is_some() {
            // What it was open for comes after the answer.
            self.path = None;
        }
        self.path_ui(ui, &mut actions);
        self.unsaved.ui(ui, question.as_ref(), &mut actions);
        if let Some(wanted) = &self.waiting {
            answer.ignore_dialog = waiting_ui(ui, wanted);
        }
        drop_hint(ui);

        let changed = settle_hover(&mut actions, app);
        let again = changed || !actions.is_empty();
        self.execute(app, actions, &mut answer);
        if again {
            context.request_repaint();
        } else if let Some(wait) = app.wakes_in(now) {
            context.request_repaint_after(wait);
        }
        answer
    }

    /// Asks for a path in the window, because the system shows no dialogs.
    pub fn ask_for_path(&mut self, wanted: &DialogWanted, app: &App) {
        let folder = app.file().and_then(|file| file.parent().map(std::path::Path::to_owned));
        let folder = folder.unwrap_or_else(files::working_folder);
        self.path = Some(match wanted {
            DialogWanted::Open => PathDialog::new(PathPurpose::Open, &folder, ""),
            DialogWanted::Save(name) => PathDialog::new(PathPurpose::Save, &folder, name),
            DialogWanted::Export(name) => PathDialog::new(PathPurpose::Export, &folder, name),
        });
    }

    /// Takes what came of a dialog of the system; the next frame executes it.
    pub fn take_answer(&mut self, action: Action) {
        self.answered.push(action);
    }

    /// Says for what a dialog of the system is open; the window tells of it until it is not.
    pub fn set_waiting(&mut self, wanted: Option<DialogWanted>) {
        self.waiting = wanted;
    }

    fn execute(&mut self, app: &mut App, actions: Vec<Action>, answer: &mut FrameAnswer) {
        for effect in app.dispatch_all(actions) {
            match effect {
                Effect::OpenDialog => answer.dialog = Some(DialogWanted::Open),
                Effect::SaveDialog(name) => answer.dialog = Some(DialogWanted::Save(name)),
                Effect::ExportDialog(name) => answer.dialog = Some(DialogWanted::Export(name)),
                Effect::ExportAllocations(format) => {
                    let view = app.view();
                    let export = view.map(|view| self.panels.allocations.export(&view, format));
                    if let Some(export) = export {
                        self.execute(app, vec![Action::Export(export)], answer);
                    }
                }
                Effect::Quit => answer.quit = true,
                Effect::CopyText(text) => answer.copy = Some(text),
                Effect::CloseDialog => {
                    if self.path.take().is_some_and(|path| path.saves()) {
                        app.dispatch(Action::CancelSave);
                    }
                }
                Effect::Zoom(zoom) => self.zoom(app, zoom),
            }
        }
    }

    fn zoom(&mut self, app: &App, zoom: Zoom) {
        match (zoom, app.view()) {
            (Zoom::ToSelection, Some(view)) => self.panels.map.zoom_to_selection(&view),
            _ => self.panels.map.zoom_home(),
        }
    }

    fn path_ui(&mut self, ui: &Ui, actions: &mut Vec<Action>) {
        let Some(dialog) = &mut self.path else { return };
        match dialog.ui(ui) {
            PathAnswer::Open => {}
            PathAnswer::Cancelled => {
                if dialog.saves() {
                    actions.push(Action::CancelSave);
                }
                self.path = None;
            }
            PathAnswer::Chosen(action) => {
                actions.push(action);
                self.path = None;
            }
        }
    }

    /// The page; answers how much at the lower edge notices must leave free.
    fn page_ui(&mut self, ui: &mut Ui, app: &App, actions: &mut Vec<Action>) -> f32 {
        let bare =
            |side: Panel| side.frame(Frame::NONE).resizable(false).show_separator_line(false);
        if let Some(view) = app.view() {
            bare(Panel::top("top")).exact_size(size::TOP_BAR).show(ui, |ui| {
                top_bar_ui(ui, app, actions);
            });
            self.session_ui(ui, &view, actions);
            size::STATUS_BAR + size::TIMELINE
        } else {
            let keyboard = self.path.is_none() && !app.shows_help();
            start_ui(ui, app, &mut self.start, keyboard, actions);
            0.0
        }
    }

    fn session_ui(&mut self, ui: &mut Ui, view: &View<'_>, actions: &mut Vec<Action>) {
        let tokens = tokens(ui);
        let panel =
            |panel: Panel, fill| panel.frame(Frame::NONE.fill(fill)).show_separator_line(true);
        panel(Panel::bottom("status"), tokens.bar)
            .resizable(false)
            .show_separator_line(false)
            .exact_size(size::STATUS_BAR)
            .show(ui, |ui| status_ui(ui, view, &mut self.panels.status));
        let gutter = self.left_width.unwrap_or(size::LEFT_PANEL);
        // In a small window the sides give way before the map does.
        let (wide, high) = (ui.available_width(), ui.available_height());
        panel(Panel::bottom("timeline"), tokens.canvas)
            .resizable(true)
            .default_size(size::TIMELINE)
            .size_range(size::TIMELINE..=(high * 0.4).max(size::TIMELINE))
            .show(ui, |ui| timeline_ui(ui, view, &mut self.panels.timeline, gutter, actions));
        let left = panel(Panel::left("left"), tokens.panel)
            .resizable(true)
            .default_size(size::LEFT_PANEL)
            .size_range(240.0..=(wide * 0.22).max(240.0))
            .show(ui, |ui| {
                adapter_ui(ui, view, &mut self.panels.adapter, actions);
            });
        self.left_width = Some(left.response.rect.width());
        panel(Panel::right("right"), tokens.panel)
            .resizable(true)
            .default_size(size::RIGHT_PANEL)
            .size_range(260.0..=(wide * 0.28).max(260.0))
            .show(ui, |ui| {
                self.panel_ui(ui, view, PanelName::Selection, actions);
            });
        CentralPanel::no_frame()
            .frame(Frame::NONE.fill(tokens.canvas))
            .show(ui, |ui| self.centre_ui(ui, view, actions));
    }

    /// One panel alone, over all of `ui`.
    pub(super) fn panel_ui(
        &mut self,
        ui: &mut Ui,
        view: &View<'_>,
        panel: PanelName,
        actions: &mut Vec<Action>,
    ) {
        let panels = &mut self.panels;
        match panel {
            PanelName::Adapter => adapter_ui(ui, view, &mut panels.adapter, actions),
            PanelName::Map => map_ui(ui, view, &mut panels.map, actions),
            PanelName::Operations => operations_ui(ui, view, &mut panels.operations, actions),
            PanelName::Allocations => allocations_ui(ui, view, &mut panels.allocations, actions),
            PanelName::Buffers => buffers_ui(ui, view, &mut panels.buffers, actions),
            PanelName::Bytes => bytes_ui(ui, view, &mut panels.bytes, actions),
            PanelName::Power => power_ui(ui, view, &mut panels.power, actions),
            PanelName::Findings => findings_ui(ui, view, &mut panels.findings, actions),
            PanelName::Selection => selection_ui(ui, view, &mut panels.selection, actions),
            PanelName::Timeline => {
                timeline_ui(ui, view, &mut panels.timeline, size::LEFT_PANEL, actions);
            }
            PanelName::Window | PanelName::Start => {}
        }
    }

    /// The map above, tabs and what they show below, and a line between them to drag.
    fn centre_ui(&mut self, ui: &mut Ui, view: &View<'_>, actions: &mut Vec<Action>) {
        let all = ui.max_rect();
        let share = self.map_share.unwrap_or(MAP_SHARE);
        let split = all.top() + split(all.height(), share);
        let (map, below) = all.split_top_bottom_at_y(split);
        inside(ui, "map", map, |ui| {
            map_ui(ui, view, &mut self.panels.map, actions);
        });
        inside(ui, "below", below, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            self.panels.findings.advance(ui, view);
            let found = self.panels.findings.count();
            let titles = Tab::ALL.map(|tab| (tab, tab_title(found, tab)));
            let tabs = titles.each_ref().map(|(tab, title)| (*tab, title.as_str()));
            let panels = &mut self.panels;
            let asked = tab_bar(ui, "below the map", &tabs, view.tab, |ui| {
                if ui.available_width() < FILTER_LEAST {
                    return;
                }
                match view.tab {
                    Tab::Operations => operations_filter_ui(ui, view, &mut panels.operations),
                    Tab::Allocations => allocations_filter_ui(ui, view, &mut panels.allocations),
                    Tab::Findings => findings_filter_ui(ui, view, &mut panels.findings),
                    Tab::Buffers | Tab::Bytes | Tab::Power => {}
                }
            });
            actions.extend(asked.map(Action::SetTab));
            let panel = match view.tab {
                Tab::Operations => PanelName::Operations,
                Tab::Allocations => PanelName::Allocations,
                Tab::Buffers => PanelName::Buffers,
                Tab::Bytes => PanelName::Bytes,
                Tab::Power => PanelName::Power,
                Tab::Findings => PanelName::Findings,
            };
            self.panel_ui(ui, view, panel, actions);
        });
        let line =
            Rect::from_min_max(pos2(all.left(), split - 3.0), pos2(all.right(), split + 3.0));
        let response = ui.interact(line, ui.scope_id().with("split"), Sense::drag());
        let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
        let ink = if response.hovered() || response.dragged() {
            tokens(ui).separator_strong
        } else {
            tokens(ui).separator
        };
        horizontal_line(ui.painter(), all.left(), all.right(), split - 1.0, ink);
        if response.dragged() && all.height() > 1.0 {
            let height = split - all.top() + response.drag_delta().y;
            self.map_share = Some((height / all.height()).clamp(0.1, 0.9));
        }
    }
}

/// What stands on a tab below the map.
fn tab_title(found: u64, tab: Tab) -> String {
    match tab {
        Tab::Operations => "Operations".to_owned(),
        Tab::Allocations => "Allocations".to_owned(),
        Tab::Buffers => "Buffers".to_owned(),
        Tab::Bytes => "Bytes".to_owned(),
        Tab::Power => "Power".to_owned(),
        Tab::Findings => match found {
            0 => "Findings".to_owned(),
            found => format!("Findings {found}"),
        },
    }
}

/// Height of the map in a centre of this height.
fn split(height: f32, share: f32) -> f32 {
    let most = (height - BELOW_LEAST).max(0.0);
    (height * share).round().clamp(MAP_LEAST.min(most), most)
}

fn inside(ui: &mut Ui, name: &str, rect: Rect, content: impl FnOnce(&mut Ui)) {
    let mut part = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect));
    part.shrink_clip_rect(rect);
    content(&mut part);
}

/// Whoever is under the pointer says so in every frame; who says nothing is left. Answers whether
/// the hover changed.
fn settle_hover(actions: &mut Vec<Action>, app: &mut App) -> bool {
    let mut over = None;
    actions.retain(|action| {
        let Action::Hover(item) = action else { return true };
        over = item.or(over);
        false
    });
    let changed = app.looking().hovered != over;
    if changed {
        app.dispatch(Action::Hover(over));
    }
    changed
}

fn show_theme(context: &Context, appearance: Appearance) {
    let theme = match appearance {
        Appearance::Dark => Theme::Dark,
        Appearance::Light => Theme::Light,
    };
    if context.theme() != theme {
        context.set_theme(theme);
    }
}

/// Files that were dropped onto the window, the last one on top.
fn dropped(context: &Context) -> Vec<Action> {
    context.input(|input| {
        let files = input.raw.dropped_files.iter();
        files.map(|file| Action::OpenPath(file.path().to_owned())).collect()
    })
}

/// Says what letting go of a file would do.
fn drop_hint(ui: &Ui) {
    if !ui.input(|input| input.raw.hovered_files.is_empty()) {
        let tokens = tokens(ui);
        let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop"));
        let painter = ui.ctx().layer_painter(layer);
        let all = ui.ctx().content_rect();
        painter.rect_filled(all, 0.0, tokens.canvas.gamma_multiply(0.85));
        super::widgets::outline(&painter, all.shrink(8.0), size::RADIUS, 2.0, tokens.accent);
        super::theme::text::paint(
            &painter,
            all.center() - vec2(0.0, 8.0),
            egui::Align2::CENTER_CENTER,
            "Let go to open the session",
            size::TEXT_TITLE,
            tokens.text,
        );
    }
}

/// The middle of a tab below the map, in a new window of the usual size.
#[cfg(test)]
pub(super) fn centre_of_tab(index: u8) -> egui::Pos2 {
    let centre = size::WINDOW[1] - size::TOP_BAR - size::TIMELINE - size::STATUS_BAR;
    let top = size::TOP_BAR + split(centre, MAP_SHARE);
    pos2(size::LEFT_PANEL + 50.0 + 90.0 * f32::from(index), top + size::TAB_BAR / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_and_tabs_share_any_height() {
        assert!((split(696.0, MAP_SHARE) - 400.0).abs() < 0.1);
        for height in [0.0, 60.0, 200.0, 396.0, 696.0, 2000.0] {
            for share in [0.1, MAP_SHARE, 0.9] {
                let map = split(height, share);
                assert!(map >= 0.0 && map <= height, "{height} {share}: {map}");
                assert!(height < MAP_LEAST + BELOW_LEAST || map >= MAP_LEAST);
                assert!(height < BELOW_LEAST || height - map >= BELOW_LEAST - 0.6);
            }
        }
    }
}
