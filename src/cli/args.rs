//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Quirks;
use crate::machine::Place;

/// See, step and question a WDDM-style video memory manager at work on an emulated GPU.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// A session to open; without one, the start page.
    pub session: Option<PathBuf>,
    /// Close the window after its first frame.
    #[arg(long)]
    pub smoke: bool,
    /// What to do instead of opening the window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do instead of opening the window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay sessions and check every expectation, invariant and byte.
    Check(CheckArguments),
    /// Say which rules the adapter and the allocations of a session break, and what it reports.
    Lint(LintArguments),
    /// Print what a session does, with reasons, and the state that it ends in.
    Replay(ReplayArguments),
    /// Draw the window to a PNG file, without a display.
    Screenshot(ScreenshotArguments),
    /// Make a session from a recorded trace.
    Import(ImportArguments),
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Sessions, or folders of sessions.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Also visit every moment, forward and back, and compare its hash.
    #[arg(long)]
    pub steps: bool,
    /// Run with a departure of the driver switched on, such as UnmapToPageZero; may be repeated.
    #[arg(long = "quirk", value_name = "NAME", value_parser = parse_quirk)]
    pub quirks: Vec<Quirks>,
}

/// `lint`.
#[derive(Debug, Args)]
pub struct LintArguments {
    /// The session.
    #[arg(required_unless_present = "rules", conflicts_with = "rules")]
    pub session: Option<PathBuf>,
    /// List the whole rule book instead.
    #[arg(long)]
    pub rules: bool,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `replay`.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// The session.
    pub session: PathBuf,
    /// Stop after this step: 12, 12.2 or 12.2.3; 0 is before the first command.
    #[arg(long, value_name = "STEP")]
    pub to: Option<Place>,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// The look of a screenshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ThemeArgument {
    /// Light on dark.
    #[default]
    Dark,
    /// Dark on light.
    Light,
}

/// `screenshot`.
#[derive(Debug, Args)]
pub struct ScreenshotArguments {
    /// The session; without one, the start page.
    pub session: Option<PathBuf>,
    /// Where to write the picture.
    #[arg(long, value_name = "PNG")]
    pub out: PathBuf,
    /// Where to stand: 12, 12.2 or 12.2.3; by default after the last command.
    #[arg(long, value_name = "STEP")]
    pub step: Option<Place>,
    /// Size in points.
    #[arg(long, value_name = "WxH", default_value = "1440x900", value_parser = parse_extent)]
    pub size: (u16, u16),
    /// Pixels per point.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub scale: u8,
    /// The theme.
    #[arg(long, value_enum, default_value_t)]
    pub theme: ThemeArgument,
    /// Only this panel: map, adapter, operations, allocations, buffers, bytes, power,
    /// findings, selection, timeline.
    #[arg(long, value_name = "NAME")]
    pub panel: Option<String>,
    /// What to select: the name of an allocation, a segment or a process.
    #[arg(long, value_name = "NAME")]
    pub select: Option<String>,
}

/// A kind of trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArgument {
    /// CSV of a Radeon's allocations, with the places that Windows chose.
    Rmv,
    /// CSV of Direct3D 12 heaps and the resources placed in them.
    #[value(name = "d3d12-heaps")]
    D3d12Heaps,
    /// CSV of buffers with lifetimes, as MiniMalloc reads it.
    #[value(name = "minimalloc")]
    MiniMalloc,
    /// JSON dump of the Vulkan Memory Allocator.
    Vma,
}

/// Which of several holes is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FitArgument {
    /// The first.
    #[default]
    First,
    /// The smallest that suffices.
    Best,
}

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The trace: a CSV or JSON file.
    pub trace: PathBuf,
    /// Its format; without it, the one that it begins like.
    #[arg(long, value_enum, value_name = "NAME")]
    pub format: Option<FormatArgument>,
    /// Where to write the session.
    #[arg(long, value_name = "RON")]
    pub out: Option<PathBuf>,
    /// The placement policy of the session.
    #[arg(long, value_enum, default_value_t)]
    pub fit: FitArgument,
    /// Only this many events, rows or buffers from the start.
    #[arg(long, value_name = "N")]
    pub first: Option<usize>,
    /// Another size of the local memory, such as "64 MiB" (rmv, d3d12-heaps, vma).
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub local_size: Option<u64>,
    /// Another size of the invisible segment, such as "256 MiB" (rmv).
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub invisible_size: Option<u64>,
    /// Size of the memory, such as "4 MiB"; without it, more than enough (minimalloc).
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub capacity: Option<u64>,
    /// Bytes for one unit of size; without it, as few as make whole pages (minimalloc).
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub scale: Option<u64>,
    /// Only this trace of several in the file (d3d12-heaps).
    #[arg(long, value_name = "NAME")]
    pub process: Option<String>,
}

fn parse_size(text: &str) -> Result<u64, crate::base::text::SizeError> {
    crate::base::text::parse_size(text)
}

/// Reads the name of a quirk.
fn parse_quirk(text: &str) -> Result<Quirks, String> {
    Quirks::from_name(text).ok_or_else(|| {
        let known: Vec<&str> = Quirks::all().iter_names().map(|(name, _)| name).collect();
        format!("`{text}` is not a quirk; known are {}", known.join(", "))
    })
}

/// Reads `1440x900`. From 320 x 240 to 8192 x 8192.
fn parse_extent(text: &str) -> Result<(u16, u16), String> {
    let side = |text: &str| text.parse::<u16>().ok().filter(|side| (240..=8192).contains(side));
    text.split_once('x')
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| format!("`{text}` is not a size from 240x240 to 8192x8192"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_sound() {
        Arguments::command().debug_assert();
        assert_eq!(parse_extent("1440x900"), Ok((1440, 900)));
        for text in ["1440", "x", "1440x9", "99999x900", "-1x900"] {
            assert!(parse_extent(text).is_err(), "{text}");
        }
    }
}
