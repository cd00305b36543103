//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Quirks;
use crate::machine::Place;

// Behind the options of a call stand sections like `Exit status:`, each with entries that begin two
// columns in: a term, then two spaces or a new line further in, then what it means. The man page is
// made of them too; `UPDATE_GOLDEN=1 cargo test --test it man` writes it anew.

/// Behind the options of the program.
const MORE: &str = "\
Exit status:
  0  Everything holds.
  1  Something does not; it is printed what.
  2  The input is unusable, or no window can be opened.

Files:
  *.ron
      Sessions: texts for people. The grammar is in saved-sessions/README.md of the sources. Those
      that come with the program are inside it and stand on the start page.
  vidmm-inspector-SESSION.png
      In the folder for temporary files: the window as a picture, where there is no display.

Environment:
  VIDMM_INSPECTOR_STATE
      Folder in which the window keeps recent files, preferences and copies of unsaved changes; set but
      empty, it keeps nothing. By default $XDG_STATE_HOME/vidmm-inspector or
      ~/.local/state/vidmm-inspector, %LOCALAPPDATA%\\vidmm-inspector on Windows, and
      ~/Library/Application Support/vidmm-inspector on macOS.

Examples:
  vidmm-inspector
      Choose a session on the start page.
  vidmm-inspector session.ron
      Open a session.
  vidmm-inspector check --steps sessions/
      Replay every session of a folder, every moment forward and back.
  vidmm-inspector lint my-adapter.ron --json
      What is wrong with an adapter, for another program.
  vidmm-inspector screenshot session.ron --step 30 --panel map --out map.png
      Draw the memory map after command 30.";

/// Behind the options of `check`.
const CHECK_MORE: &str = "\
Exit status:
  0  Every expectation, invariant and byte holds.
  1  Something does not; it is printed what, session by session.
  2  A session cannot be read, or there is none.

Examples:
  vidmm-inspector check --quirk UnmapToPageZero session.ron
      Which bytes a driver costs that unmaps aperture pages to page 0.";

/// Behind the options of `lint`.
const LINT_MORE: &str = "\
Exit status:
  0  No finding is an error.
  1  Some are.
  2  The session cannot be read.";

/// Behind the options of `replay`.
const REPLAY_MORE: &str = "\
Exit status:
  0  It is printed, whether or not everything holds; `check` says that.
  1  Going back did not lead to the recorded state.
  2  The session cannot be read, or has no such step.

Examples:
  vidmm-inspector replay session.ron --to 30.1
      The log up to the first operation of command 30, then the state.";

/// Behind the options of `screenshot`.
const SCREENSHOT_MORE: &str = "\
Exit status:
  0  The picture is written.
  2  It is not: the session cannot be read, what is named is not there, or the file cannot be written.

Examples:
  vidmm-inspector screenshot session.ron --theme light --scale 2 --out session.png
      The window at the end of a session, twice as sharp.";

/// Behind the options of `import`.
const IMPORT_MORE: &str = "\
Exit status:
  0  The trace is read, and everything in its session holds.
  1  Something in its session does not hold.
  2  The trace cannot be read, or the session cannot be written.

Examples:
  vidmm-inspector import trace.csv --fit best --out trace.ron
      A session from a trace of any known format, placed by best fit.";

/// See, step and question a WDDM-style video memory manager at work on an emulated GPU.
///
/// VidMm decides where allocations go and who has to leave, an emulated display miniport driver turns
/// each decision into bytes of a paging buffer, an emulated GPU executes those bytes on byte-exact
/// memory, and the window shows the result: one command, one operation or one packet at a time,
/// forward and back, with the reason for every decision. Without a display, it says so and draws the
/// session to a PNG file. Every subcommand works without a display.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true, after_help = MORE)]
#[command(verbatim_doc_comment)]
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
#[command(after_help = CHECK_MORE)]
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
#[command(after_help = LINT_MORE)]
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
#[command(after_help = REPLAY_MORE)]
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
#[command(after_help = SCREENSHOT_MORE)]
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
    /// findings, charts, selection, timeline.
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
#[command(after_help = IMPORT_MORE)]
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
