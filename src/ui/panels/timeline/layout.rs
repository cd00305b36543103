//! Where the parts of the timeline lie, and which command lies where.

use egui::{Rect, pos2};

/// Height of the row with title, bookmarks and the plate of the playhead.
const HEADER: f32 = 20.0;
/// Height of the ruler and the line with the events of the selection.
pub(super) const RULER: f32 = 28.0;
/// Height of the lane of paging.
pub(super) const PAGING: f32 = 28.0;
/// Height of the row of marks for refusals and damage.
const MARKS: f32 = 12.0;
/// Height of the bands of the power states.
pub(super) const POWER: f32 = 14.0;
/// Least and most height of the lane of a process.
const LANE: (f32, f32) = (13.0, 30.0);
/// Distance of the lanes from the gutter and from the right edge.
const INSET: f32 = 16.0;

/// Where everything lies.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) header: Rect,
    pub(super) gutter: Rect,
    /// From the first to the last step, below the header.
    pub(super) steps: Rect,
    pub(super) events: f32,
    /// The bands of the power states, where there are others than working.
    pub(super) power: Option<Rect>,
    pub(super) lanes: Vec<Rect>,
    /// The lanes of contexts, below those of processes.
    pub(super) contexts: Vec<Rect>,
    pub(super) paging: Rect,
    pub(super) marks: Rect,
    pub(super) commands: usize,
}

/// How many lanes of processes and of contexts `slots` lanes are divided into: contexts take what
/// processes leave, and up to half.
fn divided(processes: usize, contexts: usize, slots: usize) -> (usize, usize) {
    let shown = contexts.min((slots / 2).max(slots.saturating_sub(processes)));
    (processes.min(slots.saturating_sub(shown).max(1)), shown)
}

/// Lays `processes` and `contexts` lanes out; where there are too many, the last of each stands for
/// the rest.
pub(super) fn layout(
    rect: Rect,
    gutter: f32,
    (processes, contexts): (usize, usize),
    commands: usize,
    power: bool,
) -> Layout {
    let left = (rect.left() + gutter + INSET).min(rect.right() - 1.0);
    let right = (rect.right() - INSET).max(left + 1.0);
    let top = rect.top() + HEADER;
    let steps = Rect::from_min_max(pos2(left, top), pos2(right, rect.bottom().max(top)));
    let marks = steps.with_min_y((rect.bottom() - MARKS).max(top));
    let paging =
        Rect::from_x_y_ranges(steps.x_range(), (marks.top() - PAGING).max(top)..=marks.top());
    let bands = (paging.top() - POWER).max(top);
    let power = power.then(|| Rect::from_x_y_ranges(steps.x_range(), bands..=paging.top()));
    let first = top + RULER;
    let room = (power.map_or(paging.top(), |power| power.top()) - first).max(0.0);
    // At least one process, however little room there is.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let slots = ((room / LANE.0).clamp(0.0, 1024.0) as usize).max(1);
    let (processes, contexts) = divided(processes, contexts, slots);
    let height = (room / float((processes + contexts).max(1))).min(LANE.1).floor();
    let mut lanes: Vec<Rect> = (0..processes + contexts)
        .map(|index| {
            let lane_top = first + height * float(index);
            Rect::from_x_y_ranges(steps.x_range(), lane_top..=lane_top + height)
        })
        .collect();
    let contexts = lanes.split_off(processes);
    Layout {
        header: rect.with_max_y(top),
        gutter: Rect::from_min_max(rect.min, pos2(rect.left() + gutter, rect.bottom())),
        steps,
        events: top + RULER - 8.0,
        power,
        lanes,
        contexts,
        paging,
        marks,
        commands,
    }
}

impl Layout {
    /// Where a step lies; steps may be broken.
    pub(super) fn x(&self, step: f32) -> f32 {
        self.steps.left() + self.steps.width() * step / float(self.commands.max(1))
    }

    /// The step that a click at `x` goes to: after the command there, which is the one that its
    /// tooltip tells of; before the first at the left end.
    pub(super) fn step_at(&self, x: f32) -> usize {
        if x <= self.steps.left() + 1.0 { 0 } else { self.command_at(x) }
    }

    /// The command under `x`, counted from 1; 0 where there is none.
    pub(super) fn command_at(&self, x: f32) -> usize {
        let share = ((x - self.steps.left()) / self.steps.width().max(1.0)).clamp(0.0, 1.0);
        // Between 0 and the number of commands by the clamp; exact to a point of the screen.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let before = (share * float(self.commands)) as usize;
        (before + 1).min(self.commands)
    }
}

/// Commands and columns as a number of the screen; exact enough for a pixel.
pub(super) fn float(number: usize) -> f32 {
    #[expect(clippy::cast_precision_loss)]
    let float = number as f32;
    float
}

/// `part` of `whole` on a scale on which small amounts stay visible beside large ones.
pub(super) fn share(part: u64, whole: u64) -> f32 {
    if part == 0 || whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss)]
    let share = (part as f64 / whole as f64).sqrt();
    // Between 0 and 1.
    #[expect(clippy::cast_possible_truncation)]
    let share = share.min(1.0) as f32;
    share
}

/// Counts and indices as numbers to show.
pub(super) fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use egui::vec2;

    use super::*;

    fn at(width: f32, height: f32, processes: usize) -> Layout {
        let rect = Rect::from_min_size(pos2(0.0, 700.0), vec2(width, height));
        layout(rect, 256.0, (processes, 0), 412, false)
    }

    #[test]
    fn bands_of_power_lie_between_the_lanes_and_paging() {
        for processes in [0, 1, 3, 40] {
            let rect = Rect::from_min_size(pos2(0.0, 700.0), vec2(1440.0, 140.0));
            let layout = layout(rect, 256.0, (processes, 0), 412, true);
            let power = layout.power.expect("there is one");
            assert!((power.height() - POWER).abs() < 0.01);
            assert!((power.bottom() - layout.paging.top()).abs() < 0.01);
            let lowest = layout.lanes.iter().map(Rect::bottom).fold(0.0, f32::max);
            assert!(power.top() >= lowest - 0.01, "{processes}: {layout:?}");
            assert!(power.top() > layout.events);
        }
    }

    #[test]
    fn rows_lie_below_each_other_at_any_size() {
        for (width, height) in [(1440.0, 140.0), (960.0, 140.0), (1280.0, 300.0)] {
            for processes in [0, 1, 3, 4, 40] {
                let layout = at(width, height, processes);
                let mut bottom = layout.header.bottom() + RULER;
                assert!(layout.events < bottom);
                for lane in &layout.lanes {
                    assert!(lane.top() >= bottom - 0.01 && lane.height() >= LANE.0 - 1.0);
                    bottom = lane.bottom();
                }
                assert!(layout.paging.top() >= bottom - 0.01, "{processes}: {layout:?}");
                assert!(layout.marks.bottom() <= 700.0 + height);
                assert!(processes == 0 || !layout.lanes.is_empty());
            }
        }
        assert_eq!(at(1440.0, 140.0, 3).lanes.len(), 3);
    }

    #[test]
    fn contexts_have_lanes_below_those_of_processes() {
        assert_eq!(divided(1, 3, 4), (1, 3));
        assert_eq!(divided(2, 3, 4), (2, 2));
        assert_eq!(divided(5, 1, 4), (3, 1));
        assert_eq!(divided(9, 9, 4), (2, 2));
        assert_eq!(divided(1, 9, 1), (1, 0));
        assert_eq!(divided(0, 2, 4), (0, 2));
        for height in [100.0, 140.0, 300.0] {
            let rect = Rect::from_min_size(pos2(0.0, 700.0), vec2(1440.0, height));
            let layout = layout(rect, 256.0, (3, 5), 412, true);
            let mut bottom = layout.header.bottom() + RULER;
            for lane in layout.lanes.iter().chain(&layout.contexts) {
                assert!(lane.top() >= bottom - 0.01, "{layout:?}");
                bottom = lane.bottom();
            }
            assert!(height < 120.0 || layout.power.is_some_and(|power| power.top() >= bottom));
        }
    }

    #[test]
    fn a_click_goes_to_the_command_that_is_told_of() {
        let layout = at(1440.0, 140.0, 3);
        for command in 1..=412 {
            let middle = layout.x(float(command) - 0.5);
            assert_eq!(layout.command_at(middle), command);
            assert_eq!(layout.step_at(middle), command);
        }
        assert_eq!(layout.step_at(layout.steps.left()), 0);
        assert_eq!(layout.step_at(-50.0), 0);
        assert_eq!(layout.step_at(5000.0), 412);
        assert_eq!(at(1440.0, 140.0, 0).command_at(9999.0), 412);
    }

    #[test]
    fn small_amounts_stay_visible_beside_large_ones() {
        assert!((share(25, 100) - 0.5).abs() < 1e-6);
        assert!((share(7, 7) - 1.0).abs() < 1e-6);
        assert!(share(0, 5).abs() < 1e-6 && share(5, 0).abs() < 1e-6);
    }
}
