//! Distances in points. The grid is of 4; edges of painted things are rounded to whole pixels.

/// Height of the bar with menus and transport.
pub const TOP_BAR: f32 = 40.0;
/// Height of the header of a panel.
pub const PANEL_HEADER: f32 = 28.0;
/// Height of a row of tabs.
pub const TAB_BAR: f32 = 28.0;
/// Height of the status bar at the foot of the window.
pub const STATUS_BAR: f32 = 24.0;
/// Height of a row of a table.
pub const TABLE_ROW: f32 = 20.0;
/// Height of a row of a tree.
pub const TREE_ROW: f32 = 20.0;
/// Height of a row of a list of facts.
pub const LIST_ROW: f32 = 16.0;
/// Height of a button, a field or a segmented control.
pub const CONTROL: f32 = 26.0;
/// Width of a button that holds one icon.
pub const ICON_BUTTON: f32 = 28.0;

/// Width of the left panel, and of the timeline's gutter below it.
pub const LEFT_PANEL: f32 = 256.0;
/// Width of the selection panel.
pub const RIGHT_PANEL: f32 = 320.0;
/// Height of the timeline.
pub const TIMELINE: f32 = 140.0;
/// Height of the memory map at the usual window size.
pub const MAP: f32 = 400.0;
/// Size of a new window, width and height.
pub const WINDOW: [f32; 2] = [1440.0, 900.0];
/// Smallest size at which the window stays usable, width and height.
pub const WINDOW_LEAST: [f32; 2] = [960.0, 600.0];

/// Distance between the edge of a side panel and what it holds.
pub const PANEL_INSET: f32 = 12.0;
/// Distance between the edge of the memory map and its lanes.
pub const MAP_INSET: f32 = 16.0;
/// Distance between two lanes.
pub const LANE_GAP: f32 = 8.0;
/// Distance between a label and its control.
pub const LABEL_GAP: f32 = 4.0;

/// Height of the strip with bank brackets above a lane.
pub const BANK_STRIP: f32 = 18.0;
/// Height of the blocks of the segment in focus.
pub const LANE_FOCUSED: f32 = 48.0;
/// Height of the blocks of the other segments.
pub const LANE: f32 = 36.0;
/// Height of the ruler below a lane.
pub const RULER: f32 = 22.0;
/// Height of the lane of an aperture.
pub const APERTURE_LANE: f32 = 24.0;
/// Height of the wedge between an aperture and its enlarged pages.
pub const APERTURE_LENS: f32 = 20.0;
/// Height of the enlarged pages.
pub const APERTURE_PAGES: f32 = 18.0;
/// Height of the links between pages and frames.
pub const APERTURE_LINKS: f32 = 40.0;
/// Height of the frames of system memory.
pub const APERTURE_FRAMES: f32 = 14.0;
/// Height of the strip of full colour on top of a block.
pub const BLOCK_CAP: f32 = 3.0;
/// Distance between two lines of the hatching that means "free".
pub const HATCH_STEP: f32 = 7.0;

/// Corner radius of controls and tooltips.
pub const RADIUS: f32 = 4.0;
/// Corner radius of small fields, keys for example.
pub const RADIUS_SMALL: f32 = 3.0;
/// Width of the ring around what has the keyboard's focus, and around what is selected.
pub const FOCUS_RING: f32 = 2.0;

/// Font size of the title of the selection.
pub const TEXT_TITLE: f32 = 15.0;
/// Font size of names, tables and headers.
pub const TEXT_BODY: f32 = 12.5;
/// Font size of labels, facts and legends.
pub const TEXT_SMALL: f32 = 11.5;
/// Font size of rulers and plates.
pub const TEXT_TINY: f32 = 10.5;
/// Font size of the step counter and of bytes.
pub const MONO_LARGE: f32 = 13.0;
/// Font size of hexadecimal words, step numbers and packet names.
pub const MONO: f32 = 11.0;
/// Font size of the addresses on a ruler.
pub const MONO_TINY: f32 = 10.5;
