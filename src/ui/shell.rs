//! The window as a whole: the order of one frame, and where each panel lies.
//!
//! Keys, then actions, then playback and work in the background, then panels, then their actions.

use std::collections::BTreeMap;

use egui::{CentralPanel, Context, CursorIcon, Frame, Panel, Rect, Sense, Ui, UiBuilder, pos2};

use super::dialogs::conflict::ConflictDialog;
use super::dialogs::drop::{drop_hint, dropped};
use super::dialogs::help::HelpDialog;
use super::dialogs::notices::notices_ui;
use super::dialogs::palette::PaletteDialog;
use super::dialogs::path::{PathAnswer, PathDialog, PathPurpose};
use super::dialogs::profiles::{ProfilesAnswer, ProfilesDialog};
use super::dialogs::unsaved::UnsavedDialog;
use super::dialogs::waiting::{exporting_ui, waiting_ui};
use super::keyboard;
use super::panels::adapter::{AdapterState, adapter_ui};
use super::panels::allocations::{AllocationsState, allocations_filter_ui, allocations_ui};
use super::panels::buffers::{BuffersState, buffers_ui};
use super::panels::bytes::{BytesState, bytes_ui};
use super::panels::charts::{ChartsState, charts_ui};
use super::panels::export::{
    Job, MOST_BYTES, Progress, Source, export_button, map_source, name, timeline_source,
};
use super::panels::findings::{FindingsState, findings_filter_ui, findings_ui};
use super::panels::map::{MapState, map_ui};
use super::panels::operations::{OperationsState, operations_filter_ui, operations_ui};
use super::panels::power::{PowerState, power_ui};
use super::panels::selection::{SelectionState, selection_ui};
use super::panels::status::{StatusState, status_ui};
use super::panels::timeline::{TimelineState, timeline_ui};
use super::panels::transport::top_bar_ui;
use super::picture::{self, PanelName};
use super::start::{StartState, start_ui};
use super::theme::{Theme, size, tokens};
use super::widgets::{horizontal_line, tab_bar};
use crate::analysis::export::ExportFormat;
use crate::app::{
    Action, App, Appearance, Duration, Effect, Export, Exported, Notice, Opened, Tab, View,
    WallTime, Zoom, files,
};

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
    profiles: Option<ProfilesDialog>,
    palette: PaletteDialog,
    help: HelpDialog,
    now: WallTime,
    waiting: Option<DialogWanted>,
    /// The context of the window, once it was shown.
    context: Option<Context>,
    unsaved: UnsavedDialog,
    conflict: ConflictDialog,
    /// Notices in the last frame.
    told: usize,
    /// Whether a dialog lay over the page in the last frame.
    covered: bool,
    answered: Vec<Action>,
    map_share: Option<f32>,
    left_width: Option<f32>,
    /// A table on its way to a file.
    job: Option<Job>,
    /// Where the panels lay in the last frame.
    places: BTreeMap<PanelName, Rect>,
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
    charts: ChartsState,
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
        self.charts.forget_run();
        self.timeline = TimelineState::default();
    }
}

impl Panels {
    /// The table of what is exported.
    fn source(&mut self, view: &View<'_>, what: Exported) -> Source {
        match what.resolved(view.tab) {
            Exported::Tab(Tab::Allocations) => self.allocations.source(view),
            Exported::Tab(Tab::Buffers) => self.buffers.source(view),
            Exported::Tab(Tab::Bytes) => self.bytes.source(view),
            Exported::Tab(Tab::Power) => self.power.source(view),
            Exported::Tab(Tab::Findings) => self.findings.source(),
            Exported::Tab(Tab::Charts) => ChartsState::source(view),
            Exported::Map => map_source(view),
            Exported::Timeline => timeline_source(view),
            Exported::Selection => SelectionState::source(view),
            Exported::Tab(Tab::Operations) | Exported::Shown => self.operations.source(view),
        }
    }

    /// The bytes of what is exported; none where it has none.
    fn raw(&mut self, view: &View<'_>, what: Exported) -> Vec<u8> {
        match what.resolved(view.tab) {
            Exported::Tab(Tab::Buffers) => self.buffers.raw(view),
            Exported::Tab(Tab::Bytes) => self.bytes.raw(view),
            _ => Vec::new(),
        }
    }
}

/// Shows what lies below a dialog: nothing there is under the pointer, so that a tooltip that was open
/// when the dialog came is closed.
fn without_pointer<T>(ui: &mut Ui, show: impl FnOnce(&mut Ui) -> T) -> T {
    let pointer = ui.input_mut(|input| std::mem::take(&mut input.pointer));
    let shown = show(ui);
    ui.input_mut(|input| input.pointer = pointer);
    shown
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
        self.context = Some(context.clone());
        let mut answer = FrameAnswer::default();
        app.set_dialog_open(self.path.is_some() || self.profiles.is_some());
        let mut actions = std::mem::take(&mut self.answered);
        actions.extend(keyboard::pressed(&context, app));
        actions.extend(dropped(&context, app));
        self.execute(app, actions, &mut answer);
        app.advance(now);
        app.work(has_time);
        if self.serial != app.serial() {
            self.serial = app.serial();
            self.panels = Panels::default();
            self.job = None;
        }
        let edition = app.session().map_or(0, Opened::edition);
        if self.edition != edition {
            self.edition = edition;
            self.panels.forget_run();
        }
        self.export_on(app, has_time, &mut answer);
        show_theme(&context, app.settings().appearance);

        let mut actions = Vec::new();
        let covered = self.is_covered(app);
        let above = if covered {
            without_pointer(ui, |ui| self.page_ui(ui, app, &mut actions))
        } else {
            self.page_ui(ui, app, &mut actions)
        };
        app.set_saved_in_sight(self.start.in_sight());
        let told = app.notices().len();
        notices_ui(ui, app.notices(), above, &mut actions);
        self.help.ui(ui, app, &mut actions);
        let question = app.unsaved_question();
        let conflict = app.conflict_question();
        if question.is_some() || conflict.is_some() {
            // What it was open for comes after the answer.
            self.path = None;
            self.profiles = None;
        }
        self.path_ui(ui, &mut actions);
        self.profiles_ui(ui, &mut actions);
        self.palette.ui(ui, app, &mut actions);
        self.unsaved.ui(ui, question.as_ref(), &mut actions);
        self.conflict.ui(ui, conflict.as_ref(), &mut actions);
        if let Some(wanted) = &self.waiting {
            answer.ignore_dialog = waiting_ui(ui, wanted);
        }
        if let Some(job) = &self.job
            && exporting_ui(ui, job.percent())
        {
            self.job = None;
        }
        drop_hint(ui, app);

        let changed = settle_hover(&mut actions, app);
        let again = changed || !actions.is_empty() || self.job.is_some();
        self.execute(app, actions, &mut answer);
        app.keep();
        // A notice knows its place only when it was drawn once.
        let again = again || told != self.told || told != app.notices().len();
        self.told = told;
        // A dialog has its size once it was laid out, and tooltips below it go in the frame after.
        let again = again || covered != self.covered;
        self.covered = covered;
        if again {
            context.request_repaint();
        } else if let Some(wait) = app.wakes_in(now) {
            context.request_repaint_after(wait);
        }
        answer
    }

    /// Whether something lies over the page that has to be answered or closed first.
    fn is_covered(&self, app: &App) -> bool {
        self.path.is_some()
            || self.profiles.is_some()
            || app.shows_help()
            || app.shows_palette()
            || app.unsaved_question().is_some()
            || app.conflict_question().is_some()
    }

    /// Says what time it is, for files that are listed with theirs.
    pub const fn set_now(&mut self, now: WallTime) {
        self.now = now;
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
                Effect::ExportView(what, format) => self.export(app, what, format, answer),
                Effect::Quit => answer.quit = true,
                Effect::CopyText(text) => answer.copy = Some(text),
                Effect::ProfileDialog => self.profiles = Some(ProfilesDialog::new()),
                Effect::CloseDialog => {
                    self.profiles = None;
                    if self.path.take().is_some_and(|path| path.saves()) {
                        app.dispatch(Action::CancelSave);
                    }
                }
                Effect::Zoom(zoom) => self.zoom(app, zoom),
            }
        }
    }

    /// Makes what is asked for: bytes and pictures at once, tables in slices.
    fn export(
        &mut self,
        app: &mut App,
        what: Exported,
        format: ExportFormat,
        answer: &mut FrameAnswer,
    ) {
        let Some(view) = app.view() else { return };
        let bytes = match format {
            ExportFormat::Csv | ExportFormat::Json => {
                let source = self.panels.source(&view, what);
                self.job = Some(Job::new(&view, what, format, source));
                // What is small is made before the frame is over.
                self.export_on(app, &mut || false, answer);
                return;
            }
            ExportFormat::Binary => self.panels.raw(&view, what),
            ExportFormat::Png => {
                let name = panel_of(what);
                let place = self.places.get(&name).copied();
                place.and_then(|place| self.photograph(app, place)).unwrap_or_default()
            }
        };
        if bytes.is_empty() {
            let why = "There is nothing of it on the screen at this step.";
            let title = String::from("Nothing is exported");
            app.tell(Notice::error(title, vec![why.to_owned()]));
            return;
        }
        let Some(view) = app.view() else { return };
        let export = Export { name: name(&view, what, format), bytes: bytes.into() };
        self.execute(app, vec![Action::Export(export)], answer);
    }

    /// Goes on with the table that is on its way.
    fn export_on(
        &mut self,
        app: &mut App,
        has_time: &mut dyn FnMut() -> bool,
        answer: &mut FrameAnswer,
    ) {
        let (Some(mut job), Some(view)) = (self.job.take(), app.view()) else { return };
        let given_up = match job.work(&view, has_time) {
            Progress::Working => {
                self.job = Some(job);
                return;
            }
            Progress::Done => {
                self.execute(app, vec![Action::Export(job.finish())], answer);
                return;
            }
            Progress::Moved => "The session moved on while the table was made.".to_owned(),
            Progress::TooLarge => {
                let most = crate::base::text::count(u64::try_from(MOST_BYTES).unwrap_or(u64::MAX));
                format!("The table has more than {most} bytes. A filter makes it smaller.")
            }
        };
        app.tell(Notice::error(String::from("Nothing is exported"), vec![given_up]));
    }

    /// A part of the window as a picture, drawn again on the processor with everything where it is.
    fn photograph(&mut self, app: &App, place: Rect) -> Option<Vec<u8>> {
        let context = self.context.clone()?;
        let (points, scale) = (context.content_rect().max, context.pixels_per_point());
        let memory = context.memory(Clone::clone);
        let mut headless = picture::headless(app, [points.x, points.y], scale);
        headless.context().memory_mut(|own| *own = memory);
        let image = headless.frame(|ui| {
            self.page_ui(ui, app, &mut Vec::new());
        });
        picture::cut(&image, place, scale)
    }

    fn zoom(&mut self, app: &App, zoom: Zoom) {
        match (zoom, app.view()) {
            (Zoom::ToSelection, Some(view)) => self.panels.map.zoom_to_selection(&view),
            _ => {
                self.panels.map.zoom_home();
                self.panels.charts.zoom_home();
            }
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

    fn profiles_ui(&mut self, ui: &Ui, actions: &mut Vec<Action>) {
        match self.profiles.as_mut().map(|dialog| dialog.ui(ui)) {
            Some(ProfilesAnswer::Cancelled) => self.profiles = None,
            Some(ProfilesAnswer::Chosen(action)) => {
                actions.push(action);
                self.profiles = None;
            }
            Some(ProfilesAnswer::Open) | None => {}
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
            let keyboard = !self.is_covered(app);
            start_ui(ui, app, &mut self.start, keyboard, self.now, actions);
            size::STATUS_BAR
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
            .show(ui, |ui| status_ui(ui, view, &mut self.panels.status, actions));
        let gutter = self.left_width.unwrap_or(size::LEFT_PANEL);
        // In a small window the sides give way before the map does.
        let (wide, high) = (ui.available_width(), ui.available_height());
        panel(Panel::bottom("timeline"), tokens.canvas)
            .resizable(true)
            .default_size(size::TIMELINE)
            .size_range(size::TIMELINE..=(high * 0.4).max(size::TIMELINE))
            .show(ui, |ui| {
                self.places.insert(PanelName::Timeline, ui.max_rect());
                timeline_ui(ui, view, &mut self.panels.timeline, gutter, actions);
            });
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
        self.places.insert(panel, ui.max_rect());
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
            PanelName::Charts => charts_ui(ui, view, &mut panels.charts, actions),
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
            self.panel_ui(ui, view, PanelName::Map, actions);
        });
        inside(ui, "below", below, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            self.panels.findings.advance(ui, view);
            let found = self.panels.findings.count();
            let titles = Tab::ALL.map(|tab| (tab, tab_title(found, tab)));
            let tabs = titles.each_ref().map(|(tab, title)| (*tab, title.as_str()));
            let panels = &mut self.panels;
            let mut exports = Vec::new();
            let asked = tab_bar(ui, "below the map", &tabs, view.tab, |ui| {
                export_button(ui, Exported::Shown, view.tab, &mut exports);
                if ui.available_width() < FILTER_LEAST {
                    return;
                }
                match view.tab {
                    Tab::Operations => operations_filter_ui(ui, view, &mut panels.operations),
                    Tab::Allocations => allocations_filter_ui(ui, view, &mut panels.allocations),
                    Tab::Findings => findings_filter_ui(ui, view, &mut panels.findings),
                    Tab::Buffers | Tab::Bytes | Tab::Power | Tab::Charts => {}
                }
            });
            actions.append(&mut exports);
            actions.extend(asked.map(Action::SetTab));
            self.panel_ui(ui, view, panel_of_tab(view.tab), actions);
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

/// The panel of a tab.
const fn panel_of_tab(tab: Tab) -> PanelName {
    match tab {
        Tab::Operations => PanelName::Operations,
        Tab::Allocations => PanelName::Allocations,
        Tab::Buffers => PanelName::Buffers,
        Tab::Bytes => PanelName::Bytes,
        Tab::Power => PanelName::Power,
        Tab::Findings => PanelName::Findings,
        Tab::Charts => PanelName::Charts,
    }
}

/// The panel that shows what is exported; the tabs must be resolved.
const fn panel_of(what: Exported) -> PanelName {
    match what {
        Exported::Shown => PanelName::Window,
        Exported::Tab(tab) => panel_of_tab(tab),
        Exported::Map => PanelName::Map,
        Exported::Timeline => PanelName::Timeline,
        Exported::Selection => PanelName::Selection,
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
        Tab::Charts => "Charts".to_owned(),
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
