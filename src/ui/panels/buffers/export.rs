//! The buffer that is shown, for other programs: its packets, or its bytes.

use super::{BuffersState, prepare, subject};
use crate::analysis::buffers::Sources;
use crate::analysis::export::{Cell, PACKET_COLUMNS, packet_cells};
use crate::app::View;
use crate::ui::panels::export::Source;
use crate::ui::panels::operations::trace_of;

impl BuffersState {
    fn prepared(&mut self, view: &View<'_>) -> Option<&super::Prepared> {
        let of = subject(view, self);
        let (started, trace) = (view.started?, trace_of(view, of.0)?);
        prepare(self, view, Sources { started, names: view.names, trace }, of);
        self.scene.as_ref()
    }

    /// The packets of the buffer with their bytes; empty where none is shown.
    pub(crate) fn source(&mut self, view: &View<'_>) -> Source {
        let Some(prepared) = self.prepared(view) else {
            return Source::of(&PACKET_COLUMNS, Vec::new());
        };
        let lines = (0..).zip(&prepared.lines);
        let bytes = &prepared.fetched.bytes;
        let rows = lines.map(|(index, line)| packet_cells(index, line, bytes)).collect();
        let name = Cell::some_text(prepared.buffer_name());
        Source::of(&PACKET_COLUMNS, rows).note("buffer", name)
    }

    /// The bytes of the buffer as the device fetches them.
    pub(crate) fn raw(&mut self, view: &View<'_>) -> Vec<u8> {
        self.prepared(view).map_or_else(Vec::new, |prepared| prepared.fetched.bytes.clone())
    }
}
