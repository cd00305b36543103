//! The lanes of the processes and of paging, as one mesh.

use egui::{Color32, Mesh, Painter, Rect};

use super::layout::{Layout, PAGING, float, share};
use crate::analysis::density::{Density, DensityLane, PagingBucket};
use crate::app::View;
use crate::ui::theme::{Mark, OwnerPalette, OwnerSlot, Tokens, mix};
use crate::ui::widgets::snap;

/// A lane as it is shown: one process, or several that have no lane of their own.
pub(super) struct ShownLane<'a> {
    pub(super) lanes: Vec<&'a DensityLane>,
}

impl ShownLane<'_> {
    pub(super) fn bytes(&self, bucket: usize) -> u64 {
        let bytes = self.lanes.iter().filter_map(|lane| lane.bytes.get(bucket));
        bytes.fold(0, |sum: u64, bytes| sum.saturating_add(*bytes))
    }

    pub(super) fn name(&self, view: &View<'_>) -> String {
        match self.lanes[..] {
            [lane] => view.names.process(lane.process).to_owned(),
            ref lanes => format!("{} others", lanes.len()),
        }
    }

    pub(super) fn slot(&self, view: &View<'_>, palette: &OwnerPalette) -> OwnerSlot {
        match self.lanes[..] {
            [lane] => palette.slot(view.names.process(lane.process)),
            _ => OwnerSlot::System,
        }
    }
}

/// The busiest processes in the order of their ids, then the rest in one lane.
pub(super) fn shown_lanes(density: &Density, room: usize) -> Vec<ShownLane<'_>> {
    let single = |lane| ShownLane { lanes: vec![lane] };
    if density.lanes.len() <= room {
        return density.lanes.iter().map(single).collect();
    }
    let mut busiest: Vec<&DensityLane> = density.lanes.iter().collect();
    busiest.sort_by_key(|lane| std::cmp::Reverse(lane.total));
    let rest = busiest.split_off(room.saturating_sub(1).min(busiest.len()));
    busiest.sort_by_key(|lane| lane.process);
    let mut lanes: Vec<ShownLane<'_>> = busiest.into_iter().map(single).collect();
    if room > 0 {
        lanes.push(ShownLane { lanes: rest });
    }
    lanes
}

pub(super) fn lanes_mesh(
    painter: &Painter,
    layout: &Layout,
    lanes: &[ShownLane<'_>],
    density: &Density,
    view: &View<'_>,
    palette: &OwnerPalette,
) -> Mesh {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let mut mesh = Mesh::default();
    let most = (0..density.buckets())
        .flat_map(|bucket| lanes.iter().map(move |lane| lane.bytes(bucket)))
        .max()
        .unwrap_or(0);
    for (lane, rect) in lanes.iter().zip(&layout.lanes) {
        let color = mix(tokens.canvas, tokens.owner(lane.slot(view, palette)).color, 0.75);
        let foot = rect.bottom() - 2.0;
        for bucket in 0..density.buckets() {
            let part = share(lane.bytes(bucket), most);
            if part > 0.0 {
                let height = (part * (rect.height() - 3.0)).max(1.0);
                let (from, to) = columns(layout, density.buckets(), bucket);
                add(&mut mesh, painter, from, to, foot - height..=foot, color);
            }
        }
        let all = layout.steps.x_range();
        add(&mut mesh, painter, all.min, all.max, foot..=foot + 1.0, tokens.separator);
    }
    let middle = layout.paging.center().y.round();
    let all = layout.steps.x_range();
    add(&mut mesh, painter, all.min, all.max, middle..=middle + 1.0, tokens.separator_strong);
    for (bucket, paging) in density.paging.iter().enumerate() {
        let (from, to) = columns(layout, density.buckets(), bucket);
        paging_bars(
            &mut mesh,
            painter,
            (from, to.min(from + 10.0)),
            middle,
            paging,
            density,
            tokens,
        );
    }
    mesh
}

fn paging_bars(
    mesh: &mut Mesh,
    painter: &Painter,
    (from, to): (f32, f32),
    middle: f32,
    paging: &PagingBucket,
    density: &Density,
    tokens: &Tokens,
) {
    let reach = PAGING / 2.0 - 2.0;
    let height = |bytes| (share(bytes, density.most_paged) * reach).max(2.0).round();
    // At least two points wide: a single move in a long run is still a mark.
    let to = to.max(from + 2.0);
    if paging.bytes_in > 0 {
        let top = middle - height(paging.bytes_in);
        add(mesh, painter, from, to, top..=middle, tokens.mark(Mark::In));
    }
    if paging.bytes_out > 0 {
        let foot = middle + 1.0 + height(paging.bytes_out);
        add(mesh, painter, from, to, middle + 1.0..=foot, tokens.mark(Mark::Out));
    }
    let square = (to - from).clamp(4.0, 5.0);
    let mut left = from;
    if paging.bytes_mapped > 0 {
        let ink = tokens.mark(Mark::Map);
        add(mesh, painter, left, left + square, middle - 2.0..=middle + 3.0, ink);
        left += square + 1.0;
    }
    if paging.bytes_unmapped > 0 {
        let ink = tokens.mark(Mark::Unmap);
        add(mesh, painter, left, left + square, middle - 2.0..=middle + 3.0, ink);
        let hole = middle - 1.0..=middle + 2.0;
        add(mesh, painter, left + 1.0, left + square - 1.0, hole, tokens.canvas);
    }
}

/// From where to where a bucket is painted: apart from the next where there is room.
pub(super) fn columns(layout: &Layout, buckets: usize, bucket: usize) -> (f32, f32) {
    let width = layout.steps.width() / float(buckets.max(1));
    let from = layout.steps.left() + width * float(bucket);
    let gap = if width >= 3.0 { 1.0 } else { 0.0 };
    (from, from + width - gap)
}

pub(super) fn add(
    mesh: &mut Mesh,
    painter: &Painter,
    from: f32,
    to: f32,
    y: std::ops::RangeInclusive<f32>,
    color: Color32,
) {
    let rect = snap(painter, Rect::from_x_y_ranges(from..=to, y));
    // A column narrower than a pixel still gets one.
    let least = rect.left() + 1.0 / painter.pixels_per_point();
    mesh.add_colored_rect(rect.with_max_x(rect.right().max(least)), color);
}
