//! Where everything of the map lies: rectangles from sizes, nothing else.

use egui::{Rect, pos2, vec2};

use crate::base::SegmentId;
use crate::ui::theme::size;

/// Height of the row above a lane that names it.
pub(super) const TITLE: f32 = 18.0;
/// Distance between a lane and its ruler.
const RULER_GAP: f32 = 3.0;
/// Height of the row below the frames that names them.
const FRAMES_FOOT: f32 = 18.0;

/// What a lane needs to know of its segment to be laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LaneShape {
    /// The segment.
    pub(super) segment: SegmentId,
    /// It has pages and frames behind it.
    pub(super) aperture: bool,
    /// The selection lies in it.
    pub(super) focused: bool,
    /// It has banks.
    pub(super) banks: bool,
    /// How many ranges its descriptor sets apart: each has a row of its own.
    pub(super) apart: u8,
}

/// Where the parts of an aperture lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ApertureRects {
    /// Between the lane and its enlarged pages.
    pub(super) wedge: Rect,
    /// The enlarged pages.
    pub(super) pages: Rect,
    /// Between pages and frames.
    pub(super) links: Rect,
    /// System memory, to scale.
    pub(super) frames: Rect,
    /// The names below.
    pub(super) foot: Rect,
}

/// Where the parts of a lane lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LaneRects {
    /// The segment.
    pub(super) segment: SegmentId,
    /// The row that names it.
    pub(super) title: Rect,
    /// The brackets of its banks, where it has some.
    pub(super) banks: Option<Rect>,
    /// The brackets of ranges set apart, where there are some.
    pub(super) apart: Option<Rect>,
    /// The blocks.
    pub(super) blocks: Rect,
    /// The addresses below; apertures have them only where there is room.
    pub(super) ruler: Option<Rect>,
    /// What an aperture has below its lane.
    pub(super) aperture: Option<ApertureRects>,
}

impl LaneRects {
    /// All of the lane.
    pub(super) fn whole(&self) -> Rect {
        let last = self.aperture.map_or(self.ruler.unwrap_or(self.blocks), |parts| parts.foot);
        self.title.union(last)
    }
}

/// Lays lanes out below each other from `top`, between `left` and `left + width`.
///
/// Returns the height from `top` to the end of the last lane with its margin. Where `room` is at
/// least that much, apertures have a ruler too.
pub(super) fn lanes(
    shapes: &[LaneShape],
    (left, top): (f32, f32),
    width: f32,
    room: f32,
) -> (Vec<LaneRects>, f32) {
    let with_rulers = stack(shapes, (left, top), width, true);
    if with_rulers.1 <= room { with_rulers } else { stack(shapes, (left, top), width, false) }
}

fn stack(
    shapes: &[LaneShape],
    (left, top): (f32, f32),
    width: f32,
    aperture_rulers: bool,
) -> (Vec<LaneRects>, f32) {
    let mut y = top + size::LANE_GAP;
    let mut row = |height: f32, gap: f32| {
        let rect = Rect::from_min_size(pos2(left, y + gap), vec2(width, height));
        y = rect.bottom();
        rect
    };
    let mut placed = Vec::with_capacity(shapes.len());
    for shape in shapes {
        let title = row(TITLE, 0.0);
        let height = match (shape.aperture, shape.focused) {
            (true, _) => size::APERTURE_LANE,
            (false, true) => size::LANE_FOCUSED,
            (false, false) => size::LANE,
        };
        let banks = shape.banks.then(|| row(size::BANK_STRIP, 0.0));
        let apart = f32::from(shape.apart) * size::BANK_STRIP;
        let apart = (apart > 0.0).then(|| row(apart, 0.0));
        let blocks = row(height, 0.0);
        let has_ruler = !shape.aperture || aperture_rulers;
        let ruler = has_ruler.then(|| row(size::RULER, RULER_GAP));
        let aperture = shape.aperture.then(|| ApertureRects {
            wedge: row(size::APERTURE_LENS, 0.0),
            pages: row(size::APERTURE_PAGES, 0.0),
            links: row(size::APERTURE_LINKS, 0.0),
            frames: row(size::APERTURE_FRAMES, 0.0),
            foot: row(FRAMES_FOOT, 0.0),
        });
        row(0.0, size::LANE_GAP);
        placed.push(LaneRects {
            segment: shape.segment,
            title,
            banks,
            apart,
            blocks,
            ruler,
            aperture,
        });
    }
    (placed, y - top)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(apertures: &[bool]) -> Vec<LaneShape> {
        let shape = |(index, aperture): (usize, &bool)| LaneShape {
            segment: SegmentId::from_index(index).expect("few"),
            aperture: *aperture,
            focused: index == 0,
            banks: index == 1,
            apart: if index == 2 { 2 } else { 0 },
        };
        apertures.iter().enumerate().map(shape).collect()
    }

    fn parts(lane: &LaneRects) -> Vec<Rect> {
        let mut parts = vec![lane.title];
        parts.extend(lane.banks);
        parts.extend(lane.apart);
        parts.push(lane.blocks);
        parts.extend(lane.ruler);
        if let Some(aperture) = lane.aperture {
            let ApertureRects { wedge, pages, links, frames, foot } = aperture;
            parts.extend([wedge, pages, links, frames, foot]);
        }
        parts
    }

    #[test]
    fn nothing_overlaps_and_everything_is_inside() {
        for room in [0.0, 372.0, 2000.0] {
            for apertures in [&[false][..], &[false, false, true], &[true, true, false, true]] {
                let (lanes, height) = lanes(&shapes(apertures), (16.0, 28.0), 700.0, room);
                let parts: Vec<Rect> = lanes.iter().flat_map(parts).collect();
                for pair in parts.windows(2) {
                    assert!(pair[0].bottom() <= pair[1].top(), "{pair:?}");
                }
                let last = parts.last().expect("there is a lane").bottom();
                assert!(last < 28.0 + height);
                assert!(lanes.iter().all(|lane| lane.whole().width() == 700.0));
            }
        }
    }

    /// Two memories and an aperture fit the usual map of 400 points under its header of 28.
    #[test]
    fn the_usual_adapter_fits() {
        let mut usual = shapes(&[false, false, true]);
        usual[2].apart = 0;
        let (_, height) = lanes(&usual, (0.0, 0.0), 800.0, 372.0);
        assert!(height <= 372.0, "{height}");
    }

    #[test]
    fn brackets_stand_between_the_name_and_the_blocks() {
        let mut shape = shapes(&[false])[0];
        shape.apart = 2;
        let (plain, _) = lanes(&shapes(&[false]), (0.0, 0.0), 800.0, 0.0);
        let (lanes, _) = lanes(&[LaneShape { banks: true, ..shape }], (0.0, 0.0), 800.0, 0.0);
        let lane = lanes[0];
        // Gap 8, title 18: banks from 26 to 44, two rows of ranges to 80, blocks from there.
        assert_eq!(plain[0].blocks.top(), 26.0);
        assert_eq!(lane.banks.map(|rect| (rect.top(), rect.bottom())), Some((26.0, 44.0)));
        assert_eq!(lane.apart.map(|rect| (rect.top(), rect.bottom())), Some((44.0, 80.0)));
        assert_eq!(lane.blocks.top(), 80.0);
    }

    #[test]
    fn an_aperture_has_a_ruler_where_there_is_room() {
        let ruler = |room| lanes(&shapes(&[true]), (0.0, 0.0), 800.0, room).0[0].ruler.is_some();
        assert!(ruler(1000.0) && !ruler(100.0));
    }
}
