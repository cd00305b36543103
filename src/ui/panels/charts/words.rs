//! What the charts say in words: under the pointer, and to screen readers.

use super::paint::Chart;
use super::{ChartsState, Scene};
use crate::analysis::explain::command_text;
use crate::base::text::{count, size as bytes};
use crate::rules::CheckedSegment;

fn wide(number: usize) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}

/// A size to read and to copy: `4 MiB (4,194,304 bytes)`.
fn exactly(amount: u64) -> String {
    if amount < 1024 {
        bytes(amount)
    } else {
        format!("{} ({} bytes)", bytes(amount), count(amount))
    }
}

/// What a chart tells of a command under the pointer, which is at `position` of the axis.
pub(super) fn tooltip(
    scene: &Scene<'_>,
    state: &ChartsState,
    chart: Chart,
    command: usize,
    position: f64,
) -> Vec<String> {
    let mut lines = vec![match scene.view.run.command(command) {
        None => "Before the first command".to_owned(),
        Some(known) => {
            let told = command_text(known, scene.view.words());
            format!("After command {}  {} {}", wide(command), told.title, told.what)
        }
    }];
    if command > state.data.executed() {
        lines.push("not executed yet".to_owned());
        return lines;
    }
    lines.extend(values(scene, state, chart, command, position));
    lines
}

/// The figures of a chart after a command.
fn values(
    scene: &Scene<'_>,
    state: &ChartsState,
    chart: Chart,
    command: usize,
    position: f64,
) -> Vec<String> {
    let data = &state.data;
    match chart {
        Chart::Used => scene
            .segments
            .iter()
            .filter(|segment| state.is_chosen(segment.id))
            .filter_map(|segment| {
                let used = data.segment(segment.id)?.used.value_at(command)?;
                Some(format!(
                    "{}: {} used of {}",
                    segment.name,
                    exactly(used),
                    bytes(segment.size.get())
                ))
            })
            .collect(),
        Chart::Free => scene.focus.map_or_else(Vec::new, |segment| free(state, segment, command)),
        Chart::Moved => moved(state, position),
        Chart::Commit => {
            let line = |value: Option<u64>, what: &str| Some(format!("{} {what}", exactly(value?)));
            let limit = scene.view.started.map(|started| started.vidmm().commit_limit().get());
            [
                line(data.commit.value_at(command), "of system memory promised to allocations"),
                line(limit, "may be promised"),
                line(data.mapped.value_at(command), "mapped into apertures"),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
    }
}

fn free(state: &ChartsState, segment: &CheckedSegment, command: usize) -> Vec<String> {
    let Some(series) = state.data.segment(segment.id) else { return Vec::new() };
    let free = series.used.value_at(command).map(|used| segment.size.get().saturating_sub(used));
    let hole = series.largest_hole.value_at(command);
    let (Some(free), Some(hole)) = (free, hole) else { return Vec::new() };
    vec![
        format!("{}: {} free", segment.name, exactly(free)),
        format!("largest hole {}", exactly(hole)),
    ]
}

/// What the bar at a position stands for.
fn moved(state: &ChartsState, position: f64) -> Vec<String> {
    let drawn = state.drawn.as_ref().map_or(&[][..], |(_, drawn)| &drawn.moved);
    let at = super::layout::whole_number(position.ceil());
    let bucket = drawn.iter().find(|bucket| bucket.from < at && at <= bucket.to);
    let Some(bucket) = bucket else { return vec!["nothing moves here".to_owned()] };
    let mut lines = vec![if bucket.first == bucket.last {
        format!("command {} moved", wide(bucket.first))
    } else {
        format!("commands {} to {} moved together", wide(bucket.first), wide(bucket.last))
    }];
    lines.extend(kind_lines(bucket.bytes));
    lines
}

/// Each kind that moved anything, in words.
pub(super) fn kind_lines(moved: [u64; 4]) -> Vec<String> {
    let words =
        ["into memory segments", "out of memory segments", "mapped into apertures", "unmapped"];
    let told = moved.into_iter().zip(words).filter(|(amount, _)| *amount > 0);
    told.map(|(amount, word)| format!("{} {word}", exactly(amount))).collect()
}

/// A chart in a sentence, for screen readers.
pub(super) fn spoken(scene: &Scene<'_>, state: &ChartsState, chart: Chart) -> String {
    let title = match chart {
        Chart::Used => "Chart of bytes used in segments",
        Chart::Free => "Chart of free space and largest hole",
        Chart::Moved => "Chart of bytes moved",
        Chart::Commit => "Chart of commit",
    };
    let command = scene.view.place.command;
    let position = super::layout::float(scene.positions.of(command));
    let values = values(scene, state, chart, command, position).join("; ");
    format!(
        "{title}, known up to command {}. After command {}: {values}",
        { wide(state.data.executed()) },
        wide(command)
    )
}
