//! What lies under a place on the map, and what it is for the rest of the window.

use egui::{Pos2, vec2};

use super::aperture::{LensCache, LensView};
use super::lane::{LaneCache, LaneView};
use super::scene::Scene;
use super::strip;
use crate::analysis::lanes::LaneItem;
use crate::analysis::lens::LensPage;
use crate::analysis::strips::ApartKind;
use crate::app::Item;
use crate::base::{FrameNumber, SegmentId, Span};
use crate::rules::SegmentKind;
use crate::vidmm::ExtentOwner;

/// Something on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    /// The row that names a segment.
    Title(SegmentId),
    /// A bracket of banks: the first and the last.
    Banks(SegmentId, u8, u8),
    /// A bracket of a range set apart.
    Apart(SegmentId, ApartKind, Span),
    /// A block.
    Extent(SegmentId, ExtentOwner, Span),
    /// A column of merged blocks: its positions, and where the pointer is in them.
    Merged {
        /// The segment.
        segment: SegmentId,
        /// The positions of the column.
        column: Span,
        /// Blocks of the run.
        count: u64,
    },
    /// A hole, whole.
    Hole(SegmentId, Span),
    /// An enlarged page of an aperture, or its link.
    Page(SegmentId, LensPage),
    /// A frame of system memory.
    Frame(FrameNumber),
}

impl Hit {
    /// What it is for the rest of the window.
    pub(super) fn item(&self) -> Option<Item> {
        Some(match *self {
            Self::Title(segment) | Self::Banks(segment, ..) | Self::Apart(segment, ..) => {
                Item::Segment(segment)
            }
            Self::Extent(_, ExtentOwner::Allocation(id) | ExtentOwner::Eviction(id), _) => {
                Item::Allocation(id)
            }
            Self::Extent(
                _,
                ExtentOwner::PagingBuffer(index) | ExtentOwner::DmaBuffer(index),
                _,
            ) => Item::Buffer(index),
            Self::Extent(
                segment,
                ExtentOwner::InvalidRange(_) | ExtentOwner::UefiFrameBuffer(_),
                _,
            ) => Item::Segment(segment),
            Self::Merged { .. } => return None,
            Self::Hole(segment, span) => Item::Hole(segment, span),
            Self::Page(segment, page) => Item::AperturePage(segment, page.page),
            Self::Frame(frame) => Item::Frame(frame),
        })
    }
}

/// What of a lane lies under a place.
pub(super) fn in_lane(
    scene: &Scene<'_>,
    lane: &LaneView<'_>,
    cache: &LaneCache,
    at: Pos2,
) -> Option<Hit> {
    let segment = lane.segment.id;
    if lane.rects.title.contains(at) {
        return Some(Hit::Title(segment));
    }
    let column = |x: f32| f64::from((x - lane.rects.blocks.left()) * scene.pixels_per_point);
    if lane.rects.banks.is_some_and(|rect| rect.contains(at)) {
        let parts = strip::bank_parts(scene, lane);
        let here = parts.iter().find(|part| (part.x0..part.x1).contains(&column(at.x)))?;
        return Some(Hit::Banks(segment, here.first, here.last));
    }
    if let Some(rect) = lane.rects.apart.filter(|rect| rect.contains(at)) {
        let parts = strip::apart_parts(scene, lane);
        let here = parts.iter().find(|part| {
            let row = strip::row_of(rect, part.kind);
            row.contains(at) && (part.x0..part.x1).contains(&column(at.x))
        })?;
        return Some(Hit::Apart(segment, here.kind, here.span));
    }
    // The edge counts, so that the first and last block are easy to reach.
    if !lane.rects.blocks.expand2(vec2(0.0, 1.0)).contains(at) {
        return None;
    }
    let (position, column) = lane.position_at(scene, at.x);
    match cache.item_at(column)? {
        LaneItem::Block(block) => Some(Hit::Extent(segment, block.owner, block.span)),
        LaneItem::Merged(merged) => {
            let number = crate::analysis::coverage::column_number(column);
            let column = lane.scale.span_of_column(number);
            Some(Hit::Merged { segment, column, count: merged.count })
        }
        LaneItem::Hole { .. } => {
            let hole = lane.usage.space().hole_at(position)?;
            Some(Hit::Hole(segment, hole))
        }
    }
}

/// What of a lens lies under a place.
pub(super) fn in_lens(
    scene: &Scene<'_>,
    lens: &LensView<'_>,
    cache: &LensCache,
    at: Pos2,
) -> Option<Hit> {
    let segment = lens.lane.segment.id;
    debug_assert_eq!(lens.lane.segment.kind, SegmentKind::Aperture, "only apertures have a lens");
    if let Some(page) = cache.page_at(lens, at).or_else(|| cache.link_at(scene, lens, at)) {
        return Some(Hit::Page(segment, *page));
    }
    cache.frame_at(scene, lens, at).map(Hit::Frame)
}
