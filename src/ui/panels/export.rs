//! What every panel offers to export, and a table on its way to a file.
//!
//! A table is made in slices between frames, so that a million rows do not hold the window up. What
//! it lists was settled when somebody asked; where the run moves on meanwhile, it is given up rather
//! than mixed.

use egui::{Popup, Ui};

use crate::analysis::density::Density;
use crate::analysis::export::{
    About, Cell, EXTENT_COLUMNS, ExportFormat, TableWriter, bucket_cells, bucket_columns,
    extent_cells, extents,
};
use crate::app::registry::{find, keys_of};
use crate::app::{Action, Export, Exported, Tab, View, files};
use crate::machine::Place;
use crate::ui::widgets::{Icon, IconButton};

/// Rows between two looks at the clock.
const SLICE: usize = 256;
/// Rows that are made at once without asking for the time: what nobody notices.
const AT_ONCE: usize = 2_000;
/// Bytes of a file at most: it is made in memory.
pub(crate) const MOST_BYTES: usize = 512 << 20;

/// What makes a row: its cells, or `None` where it is gone.
type MakeRow = Box<dyn FnMut(&View<'_>, usize) -> Option<Vec<Cell>>>;

/// A table that can be made a row at a time.
pub(crate) struct Source {
    pub(crate) columns: Vec<String>,
    pub(crate) count: usize,
    pub(crate) notes: Vec<(&'static str, Cell)>,
    pub(crate) row: MakeRow,
}

impl Source {
    /// A table of `count` rows that `row` makes.
    pub(crate) fn new(
        columns: &[&str],
        count: usize,
        row: impl FnMut(&View<'_>, usize) -> Option<Vec<Cell>> + 'static,
    ) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self { columns, count, notes: Vec::new(), row: Box::new(row) }
    }

    /// A table of rows that are made already.
    pub(crate) fn of(columns: &[&str], rows: Vec<Vec<Cell>>) -> Self {
        Self::new(columns, rows.len(), move |_, index| rows.get(index).cloned())
    }

    /// Says something about the whole in the head of a document.
    pub(crate) fn note(mut self, name: &'static str, cell: Cell) -> Self {
        self.notes.push((name, cell));
        self
    }
}

/// How far a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is more to do.
    Working,
    /// It is whole.
    Done,
    /// The run stands elsewhere than when it was asked for.
    Moved,
    /// It is larger than [`MOST_BYTES`].
    TooLarge,
}

/// A table on its way.
pub(crate) struct Job {
    name: String,
    writer: TableWriter,
    source: Source,
    next: usize,
    place: Place,
    commands: usize,
}

impl Job {
    /// Begins to make a table of `source`.
    pub(crate) fn new(
        view: &View<'_>,
        what: Exported,
        format: ExportFormat,
        source: Source,
    ) -> Self {
        let about = About {
            kind: what.kind(),
            session: view.document.title.clone(),
            step: view.place.to_string(),
            notes: source.notes.clone(),
        };
        Self {
            name: name(view, what, format),
            writer: TableWriter::new(&about, source.columns.clone(), format),
            source,
            next: 0,
            place: view.place,
            commands: view.run.commands().len(),
        }
    }

    /// Goes on as long as `has_time` says so, a slice at least.
    pub(crate) fn work(&mut self, view: &View<'_>, has_time: &mut dyn FnMut() -> bool) -> Progress {
        if view.place != self.place || view.run.commands().len() != self.commands {
            return Progress::Moved;
        }
        while self.next < self.source.count {
            if self.next >= AT_ONCE && self.next.is_multiple_of(SLICE) && !has_time() {
                // The next call gets past this row.
                self.step(view);
                return Progress::Working;
            }
            self.step(view);
            if self.writer.len() > MOST_BYTES {
                return Progress::TooLarge;
            }
        }
        Progress::Done
    }

    fn step(&mut self, view: &View<'_>) {
        if let Some(cells) = (self.source.row)(view, self.next) {
            self.writer.row(&cells);
        }
        self.next += 1;
    }

    /// How much of it is made, in hundredths.
    pub(crate) const fn percent(&self) -> usize {
        match self.next.saturating_mul(100).checked_div(self.source.count) {
            Some(percent) => percent,
            None => 100,
        }
    }

    /// The file.
    pub(crate) fn finish(self) -> Export {
        Export { name: self.name, bytes: self.writer.finish().into_bytes().into() }
    }
}

/// The name of a file: `a-walk-map-17.csv`.
pub(crate) fn name(view: &View<'_>, what: Exported, format: ExportFormat) -> String {
    let session = files::suggested_name(&view.document.title);
    let session = session.strip_suffix(".ron").unwrap_or(&session);
    format!("{session}-{}-{}.{}", what.kind(), view.place, format.extension())
}

/// A small button at the right end of a header, with a menu of formats.
pub(crate) fn export_button(ui: &mut Ui, what: Exported, shown: Tab, actions: &mut Vec<Action>) {
    let label = format!("Export {}", what.resolved(shown).kind());
    let response = ui.add(IconButton::new(Icon::Save, &label).frameless());
    Popup::menu(&response).show(|ui| export_items(ui, what, shown, actions));
}

/// The formats, as items of a menu.
pub(crate) fn export_items(ui: &mut Ui, what: Exported, shown: Tab, actions: &mut Vec<Action>) {
    ui.set_min_width(150.0);
    for format in what.formats(shown) {
        // Keys are those of the tab that is shown.
        let known = [what, Exported::Shown].map(|what| Action::ExportView(what, *format));
        let same = what.resolved(shown) == Exported::Shown.resolved(shown);
        let [own, of_tab] = &known;
        let entry = find(own).or_else(|| find(of_tab).filter(|_| same));
        let keys = entry.map_or_else(String::new, |entry| keys_of(&entry.action));
        let title = format!("Export as {}", format.title());
        let title = if *format == ExportFormat::Binary { "Export raw bytes…" } else { &title };
        let response = ui.add(egui::Button::new(title).shortcut_text(keys));
        let response = match entry {
            Some(entry) => response.on_hover_text(entry.tooltip),
            None => response,
        };
        if response.clicked() {
            actions.push(Action::ExportView(what, *format));
            ui.close();
        }
    }
}

/// The blocks and holes of all segments where the run stands.
pub(crate) fn map_source(view: &View<'_>) -> Source {
    let found = view.started.map_or_else(Vec::new, extents);
    let count = found.len();
    Source::new(&EXTENT_COLUMNS, count, move |view, index| {
        extent_cells(view.started?, view.names, found.get(index)?)
    })
}

/// Buckets of the timeline at most.
const BUCKETS: usize = 4_096;

/// What the timeline shows of the executed part of the run: a row for each command where there are
/// no more than 4,096, else as many rows of commands together.
pub(crate) fn timeline_source(view: &View<'_>) -> Source {
    let density = Density::of(view.run, view.names, BUCKETS);
    let columns = bucket_columns(view.names);
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let executed = view.run.executed();
    let known = executed.checked_sub(1).and_then(|_| density.bucket_of(executed));
    let count = known.map_or(0, |bucket| bucket + 1);
    Source::new(&columns, count, move |_, bucket| bucket_cells(&density, bucket))
        .note("executed_commands", Cell::count(executed))
}
