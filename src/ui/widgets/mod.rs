//! Small painted parts that panels are made of: icons, patterns, headers, controls, rulers.
//!
//! Knows the theme and egui, and nothing of video memory. A control never changes what it shows:
//! it returns what was asked for. Every one has an accessible name and shows the keyboard's focus.

mod bars;
mod controls;
mod facts;
mod filter;
mod headers;
mod icons;
mod patterns;
mod rows;
mod ruler;

#[cfg(test)]
mod gallery;

pub use bars::{BarFill, BarPart, UsedBar};
pub use controls::{
    ButtonAt, IconButton, button_at, disclosure, filter_chip, focus_ring, primary_button,
    segmented, tab_bar,
};
pub(crate) use facts::tooltip_lines;
pub use facts::{
    KeyValue, Tone, badge, empty_filter, empty_state, key_cap, link, link_mono, status,
};
pub use filter::{filter_field, filter_strip};
pub use headers::{panel_header, section_header};
pub use icons::{Icon, app_icon, mark};
pub use patterns::{
    Slope, cross_hatch, dashed_rect, dots, dots_mesh, elide, halo, hatch, hatch_mesh,
    horizontal_line, outline, owner_cap, snap, snap_position, swatch, vertical_line,
};
pub use rows::{ROW, offset_for, row_at, row_top, rows_in_sight};
pub use ruler::{Tick, decimal_ticks, hexadecimal_ticks, paint_ticks};
