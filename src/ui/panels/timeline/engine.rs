//! The lanes of contexts: when each gives the GPU work, and what of it is under way.

use egui::{Align2, Mesh, Painter, Rect, Role, Sense, Shape, Ui, WidgetInfo, pos2, vec2};

use super::lanes::{add, columns};
use super::layout::{Layout, share};
use crate::analysis::engine::{ContextLane, EngineLog, in_flight};
use crate::app::View;
use crate::base::text::{count, counted, duration, hex};
use crate::ui::theme::{OwnerPalette, OwnerSlot, mix, size, text, tokens, tokens_of_context};
use crate::ui::widgets::{Icon, elide};
use crate::vidmm::Asked;

/// Fences that are named.
const NAMED: usize = 4;

/// What a lane shows: one context, or several that have no lane of their own.
pub(super) struct EngineLane {
    lanes: Vec<ContextLane>,
    /// Machine time by bucket.
    buckets: Vec<u64>,
}

/// The lanes in the order of their priority, in as many rows as there is room for.
pub(super) fn engine_lanes(
    log: &EngineLog,
    room: usize,
    (commands, buckets): (usize, usize),
) -> Vec<EngineLane> {
    let lanes = log.lanes();
    let mut shown: Vec<EngineLane> = Vec::with_capacity(room);
    for lane in lanes {
        let sums = lane.buckets(commands, buckets);
        if shown.len() < room {
            shown.push(EngineLane { lanes: vec![lane.clone()], buckets: sums });
        } else if let Some(last) = shown.last_mut() {
            for (sum, more) in last.buckets.iter_mut().zip(sums) {
                *sum = sum.saturating_add(more);
            }
            last.lanes.push(lane.clone());
        }
    }
    shown
}

impl EngineLane {
    fn name(&self, view: &View<'_>) -> String {
        match &self.lanes[..] {
            [lane] => view.names.context_ref(lane.context).to_owned(),
            lanes => format!("{} contexts", lanes.len()),
        }
    }

    fn slot(&self, view: &View<'_>, palette: &OwnerPalette) -> OwnerSlot {
        let process = match &self.lanes[..] {
            [lane] => lane.process,
            _ => None,
        };
        process.map_or(OwnerSlot::System, |process| palette.slot(view.names.process(process)))
    }
}

/// Paints the lanes as outlined bars: work given, while those of processes are bytes named.
pub(super) fn engine_mesh(
    painter: &Painter,
    layout: &Layout,
    lanes: &[EngineLane],
    view: &View<'_>,
    palette: &OwnerPalette,
) -> Mesh {
    let tokens = tokens_of_context(painter.ctx());
    let mut mesh = Mesh::default();
    let most = lanes.iter().flat_map(|lane| lane.buckets.iter().copied()).max().unwrap_or(0);
    for (lane, rect) in lanes.iter().zip(&layout.contexts) {
        let owner = tokens.owner(lane.slot(view, palette)).color;
        let (ground, cap) = (mix(tokens.canvas, owner, 0.35), mix(tokens.canvas, owner, 0.9));
        let foot = rect.bottom() - 2.0;
        for (bucket, time) in lane.buckets.iter().enumerate() {
            let part = share(*time, most);
            if part > 0.0 {
                let height = (part * (rect.height() - 3.0)).max(2.0);
                let (from, to) = columns(layout, lane.buckets.len(), bucket);
                add(&mut mesh, painter, from, to, foot - height..=foot, ground);
                add(&mut mesh, painter, from, to, foot - height..=foot - height + 1.0, cap);
            }
        }
        let all = layout.steps.x_range();
        add(&mut mesh, painter, all.min, all.max, foot..=foot + 1.0, tokens.separator);
    }
    mesh
}

/// What each lane is, and what the GPU has of it at this step.
pub(super) fn engine_gutter_ui(
    ui: &mut Ui,
    view: &View<'_>,
    layout: &Layout,
    lanes: &[EngineLane],
    palette: &OwnerPalette,
) {
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(layout.gutter);
    let left = layout.gutter.left() + size::PANEL_INSET;
    let right = layout.gutter.right() - size::PANEL_INSET - 1.0;
    for (lane, rect) in lanes.iter().zip(&layout.contexts) {
        let middle = rect.center().y;
        let color = tokens.owner(lane.slot(view, palette)).color;
        let sign = Rect::from_center_size(pos2(left + 4.5, middle), vec2(9.0, 9.0));
        crate::ui::widgets::outline(&painter, sign, 0.0, 2.0, color);
        let fences: Vec<_> = view.started.map_or_else(Vec::new, |started| {
            lane.lanes.iter().flat_map(|lane| in_flight(started, lane.context)).collect()
        });
        let number = u64::try_from(fences.len()).unwrap_or(u64::MAX);
        let (said, ink) = match (&lane.lanes[..], number) {
            (_, 1..) => (format!("{} in flight", count(number)), tokens.accent_text),
            ([lane], _) if lane.priority != 0 => {
                (format!("priority {}", lane.priority), tokens.text_faint)
            }
            _ => (String::new(), tokens.text_faint),
        };
        let at = pos2(right, middle);
        let align = Align2::RIGHT_CENTER;
        let end = text::paint(&painter, at, align, &said, size::TEXT_SMALL, ink).left() - 8.0;
        let name = lane.name(view);
        let ink = tokens.text_secondary;
        let galley = elide(&painter, &name, size::TEXT_SMALL, ink, (end - left - 15.0).max(0.0));
        text::paint_galley(&painter, pos2(left + 15.0, middle), Align2::LEFT_CENTER, galley, ink);
        let row = Rect::from_x_y_ranges(layout.gutter.x_range(), rect.y_range());
        let response = ui.interact(row, ui.scope_id().with(("context", &name)), Sense::hover());
        let steps: usize = lane.lanes.iter().map(|lane| lane.steps.len()).sum();
        let steps = counted(u64::try_from(steps).unwrap_or(u64::MAX), "step");
        let named: Vec<String> = fences.iter().take(NAMED).map(|fence| hex(fence.0)).collect();
        let flying = match fences.len() {
            0 => "nothing in flight".to_owned(),
            known if known > NAMED => format!("{known} in flight: {} …", named.join(", ")),
            known => format!("{known} in flight: {}", named.join(", ")),
        };
        let words = format!("Context {name}: submits in {steps}, {flying}");
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
        response.on_hover_ui(|ui| {
            ui.label(&words);
            for lane in lane.lanes.iter().take(8) {
                let time = lane.steps.iter().map(|step| step.time).fold(0, u64::saturating_add);
                let name = view.names.context_ref(lane.context);
                let (priority, time) = (lane.priority, duration(time));
                ui.label(format!("{name}: priority {priority}, {time}"));
            }
            ui.weak(
                "Height: machine time of the steps in which it submits, on a scale of square \
                 roots. What is in flight was given to the GPU and has not ended at this step.",
            );
        });
    }
}

/// Marks the steps taken apart in which work of a context was preempted.
pub(super) fn paint_preemptions(ui: &Ui, view: &View<'_>, layout: &Layout, lanes: &[EngineLane]) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let here = view.trace.into_iter();
    let traces = here.chain(view.opened.values().take(MOST_MARKED));
    for trace in traces {
        let preempted = trace.operations.iter().take(MOST_LOOKED_AT).filter_map(|operation| {
            let crate::machine::TracedKind::Asked(record) = &operation.kind else { return None };
            match &record.asked {
                Asked::Submit(submit) => submit.preempted.map(|_| submit.context),
                _ => None,
            }
        });
        for context in preempted {
            let place =
                lanes.iter().position(|lane| lane.lanes.iter().any(|lane| lane.context == context));
            let Some(rect) = place.and_then(|place| layout.contexts.get(place)) else { continue };
            let (from, to) = (
                layout.x(super::layout::float(trace.command.saturating_sub(1))),
                layout.x(super::layout::float(trace.command)),
            );
            let at = pos2(f32::midpoint(from, to), rect.center().y);
            let plate = Rect::from_center_size(at, vec2(12.0, 12.0));
            painter.add(Shape::rect_filled(plate, size::RADIUS_SMALL, tokens.canvas));
            Icon::Back.paint(painter, at, 10.0, tokens.warn);
        }
    }
}

/// Steps taken apart that are looked at for preemptions.
const MOST_MARKED: usize = 64;
/// Operations of each that are.
const MOST_LOOKED_AT: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Looking, Opened};
    use crate::ui::panels::buffers::tests::{keep, window};

    const CONTEXTS: &str = r#"(
        version: 1, title: "contexts", adapter: (profile: "inspector"), policies: (engine: Manual),
        commands: [
            CreateProcess("game.exe"),
            CreateDevice(name: "d", process: "game.exe"),
            CreateProcess("dwm.exe"),
            CreateDevice(name: "e", process: "dwm.exe"),
            CreateContext(name: "background", device: "d", priority: -2),
            CreateContext(name: "present", device: "e", priority: 3),
            CreateAllocation(name: "x", device: "d", size: "1 MiB", preferred: [1], supported: [1]),
            CreateAllocation(name: "y", device: "e", size: "1 MiB", preferred: [1], supported: [1]),
            Submit(context: "background", commands: [Fill(allocation: "x", pattern: 1)]),
            Submit(context: "present", commands: [Fill(allocation: "y", pattern: 2)]),
            Submit(context: "background", commands: [Fill(allocation: "x", pattern: 1)]),
            Submit(context: "present", commands: [Fill(allocation: "y", pattern: 2)]),
            Use([Read("x")]),
            Use([Read("y")]),
        ],
    )"#;

    /// Pictures for whoever looks, and no panic at any size.
    #[test]
    fn lanes_of_contexts_are_painted_everywhere() {
        let place = "10".parse().expect("a place");
        let mut opened = Opened::read(CONTEXTS, "a.ron").expect("it is a session");
        opened.execute(usize::MAX);
        assert!(opened.go_to(place));
        let sizes =
            [(1440.0, 140.0), (1280.0, 140.0), (960.0, 120.0), (960.0, 260.0), (300.0, 40.0)];
        for (width, height) in sizes {
            for (theme, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
                for scale in [1.0, 2.0] {
                    let mut headless = window([width, height], scale, theme);
                    let mut state = super::super::TimelineState::default();
                    let view = opened.view(Looking::default());
                    let picture = headless.frame(|ui| {
                        super::super::timeline_ui(ui, &view, &mut state, 256.0, &mut Vec::new());
                    });
                    keep(&picture, &format!("timeline-{width}x{height}-{name}-{scale}x"));
                    assert_eq!(state.engine.len(), 4);
                }
            }
        }
    }

    /// Three contexts in two rows: the highest priority alone, the others together.
    #[test]
    fn what_has_no_row_of_its_own_is_added_up() {
        let text = r#"(version: 1, adapter: (profile: "inspector"), commands: [
            CreateProcess("a"),
            CreateDevice(name: "d", process: "a"),
            CreateContext(name: "low", device: "d", priority: -2),
            CreateContext(name: "high", device: "d", priority: 3),
            CreateAllocation(name: "x", device: "d", size: "1 MiB", preferred: [1], supported: [1]),
            Submit(context: "low", commands: [Fill(allocation: "x", pattern: 1)]),
            Submit(context: "high", commands: [Fill(allocation: "x", pattern: 2)]),
            Use([Read("x")]),
        ])"#;
        let mut opened = Opened::read(text, "a.ron").expect("it is a session");
        opened.execute(usize::MAX);
        let mut log = EngineLog::default();
        log.extend(opened.run().commands(), opened.run().records());
        let lanes = engine_lanes(&log, 2, (8, 8));
        let priorities: Vec<Vec<i8>> = lanes
            .iter()
            .map(|lane| lane.lanes.iter().map(|lane| lane.priority).collect())
            .collect();
        assert_eq!(priorities, [vec![3], vec![0, -2]]);
        let busy = |lane: &EngineLane| -> Vec<usize> {
            let buckets = lane.buckets.iter().enumerate();
            buckets.filter(|(_, time)| **time > 0).map(|(bucket, _)| bucket + 1).collect()
        };
        assert_eq!((busy(&lanes[0]), busy(&lanes[1])), (vec![7], vec![6, 8]));
        assert!(engine_lanes(&log, 0, (8, 8)).is_empty());
    }
}
