//! `import`: a session from a recorded trace, and how what happens here compares with what the
//! trace knows.

use std::collections::BTreeSet;
use std::io::Write;

use crate::app::Opened;
use crate::base::text::{count, counted, size};
use crate::base::{AllocationId, Position, SegmentId, Span};
use crate::config::FitPolicy;
use crate::machine::{Counter, Place};
use crate::session::import::{
    self, Chosen, Format, HeapsReport, ImportError, Imported, Observed, Options, PackingReport,
    Report, SnapshotReport, Tally,
};
use crate::session::{load, save, write};

use super::args::{FitArgument, FormatArgument, ImportArguments};
use super::{Status, Streams};

/// What the capture's allocations of 64 KiB and more are aligned to.
const OBSERVED_ALIGNMENT: u64 = 65_536;

pub(super) fn import(
    arguments: &ImportArguments,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let imported = match read(arguments) {
        Ok(imported) => imported,
        Err(said) => {
            writeln!(streams.err, "{said}")?;
            return Ok(Status::Unusable);
        }
    };
    if let Some(out) = &arguments.out {
        if let Err(error) = save(out, &imported.document) {
            writeln!(streams.err, "{error}")?;
            return Ok(Status::Unusable);
        }
        writeln!(streams.out, "written to {}", out.display())?;
    }
    let text = write(&imported.document);
    let origin = arguments.out.as_deref();
    let origin =
        origin.map_or_else(|| "the imported session".to_owned(), |p| p.display().to_string());
    let mut opened = match Opened::read(&text, &origin) {
        Ok(opened) => opened,
        Err(errors) => {
            for error in errors {
                writeln!(streams.err, "{error}")?;
            }
            return Ok(Status::Failure);
        }
    };
    let end = Place::after(opened.run().commands().len());
    opened.go_to(end);
    report(&imported, &opened, streams.out)?;
    Ok(if opened.run().bad_count() == 0 { Status::Success } else { Status::Failure })
}

/// The trace as a session, or what to say instead.
fn read(arguments: &ImportArguments) -> Result<Imported, String> {
    let file = arguments.trace.display().to_string();
    let located = |error: ImportError| error.in_file(&file).to_string();
    let text = load::read(&arguments.trace).map_err(|error| error.to_string())?;
    let format = match arguments.format {
        Some(format) => format_of(format),
        None => Format::of_text(&text).map_err(located)?,
    };
    let options = Options {
        fit: match arguments.fit {
            FitArgument::First => FitPolicy::First,
            FitArgument::Best => FitPolicy::Best,
        },
        first: arguments.first,
        local_size: arguments.local_size,
        invisible_size: arguments.invisible_size,
        capacity: arguments.capacity,
        scale: arguments.scale,
        process: arguments.process.clone(),
    };
    if let Some(option) = options.without_meaning(format) {
        return Err(format!("{file}: {option} says nothing about {}", format.name()));
    }
    import::import(&text, format, &options).map_err(located)
}

const fn format_of(argument: FormatArgument) -> Format {
    match argument {
        FormatArgument::Rmv => Format::Rmv,
        FormatArgument::D3d12Heaps => Format::D3d12Heaps,
        FormatArgument::MiniMalloc => Format::MiniMalloc,
        FormatArgument::Vma => Format::Vma,
    }
}

/// Says what the trace knew beside what happened here.
fn report(imported: &Imported, opened: &Opened, out: &mut dyn Write) -> std::io::Result<()> {
    let commands = u64::try_from(imported.document.commands.len()).unwrap_or(u64::MAX);
    writeln!(out, "{}", counted(commands, "command"))?;
    match &imported.report {
        Report::Observed(observed) => report_observed(observed, opened, out)?,
        Report::Heaps(heaps) => report_heaps(heaps, out)?,
        Report::Packing(packing) => report_packing(packing, opened, out)?,
        Report::Snapshot(snapshot) => report_snapshot(snapshot, out)?,
    }
    if let Ok(started) = opened.run().machine().started() {
        let counters = started.vidmm().book().counters();
        writeln!(out, "page-ins {}, evictions {}", counters.page_ins, counters.evictions)?;
        match started.counter(Counter::Refusals) {
            0 => {}
            refusals => writeln!(out, "{} of a command", counted(refusals, "refusal"))?,
        }
    }
    Ok(())
}

fn report_observed(
    observed: &[Observed],
    opened: &Opened,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let agreement = import::compare(observed, &chosen(opened));
    let tally = |tally: Tally| format!("{} of {}", tally.agree, tally.total);
    writeln!(out, "observed by the trace:")?;
    writeln!(out, "  overlaps       {}", import::overlaps(observed).len())?;
    let misaligned = import::misaligned(observed, OBSERVED_ALIGNMENT).len();
    writeln!(out, "  misaligned     {misaligned} (not at {})", size(OBSERVED_ALIGNMENT))?;
    writeln!(out, "  order breaks   {}", import::order_breaks(observed).len())?;
    writeln!(out, "chosen here as observed:")?;
    writeln!(out, "  segment        {}", tally(agreement.segment))?;
    writeln!(out, "  step           {} from the previous of its segment", tally(agreement.step))
}

fn report_heaps(heaps: &HeapsReport, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "said by the trace:")?;
    writeln!(out, "  traces         {}", count(heaps.processes))?;
    writeln!(out, "  heaps          {}, {} at the end", count(heaps.heaps), heaps.heaps_at_end)?;
    let (resources, bytes) = (count(heaps.resources), counted(heaps.resource_bytes, "byte"));
    writeln!(
        out,
        "  resources      {resources} of {bytes}, {} at the end",
        heaps.resources_at_end
    )?;
    writeln!(out, "  most local     {}", counted(heaps.local_peak, "byte"))?;
    writeln!(out, "  most nonlocal  {}", counted(heaps.nonlocal_peak, "byte"))
}

fn report_packing(
    packing: &PackingReport,
    opened: &Opened,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let height = packing.height(highest_end(opened));
    writeln!(out, "in units of the trace, {} each:", counted(packing.scale, "byte"))?;
    writeln!(out, "  buffers        {} of {}", count(packing.buffers), count(packing.total))?;
    writeln!(out, "  peak live      {}", count(packing.peak_live))?;
    writeln!(out, "  height         {}", count(height))?;
    writeln!(out, "  quotient       {}", quotient(height, packing.peak_live))
}

/// A quotient to three digits, rounded; none without a divisor.
fn quotient(dividend: u64, divisor: u64) -> String {
    let thousandths =
        (u128::from(dividend) * 2000 + u128::from(divisor)).checked_div(u128::from(divisor) * 2);
    thousandths.map_or_else(
        || "none".to_owned(),
        |thousandths| format!("{}.{:03}", thousandths / 1000, thousandths % 1000),
    )
}

fn report_snapshot(snapshot: &SnapshotReport, out: &mut dyn Write) -> std::io::Result<()> {
    let SnapshotReport { stated, found, blocks_that_differ } = snapshot;
    let rows = [
        ("blocks", found.blocks, stated.blocks),
        ("block bytes", found.block_bytes, stated.block_bytes),
        ("allocations", found.allocations, stated.allocations),
        ("their bytes", found.allocation_bytes, stated.allocation_bytes),
        ("gaps", found.gaps, stated.gaps),
    ];
    writeln!(out, "found in the dump:")?;
    for (what, found, stated) in rows {
        let differs = if found == stated {
            String::new()
        } else {
            format!(", though its total says {}", count(stated))
        };
        writeln!(out, "  {what:<14} {}{differs}", count(found))?;
    }
    if *blocks_that_differ > 0 {
        let blocks = counted(*blocks_that_differ, "block");
        writeln!(out, "  {blocks} with counts other than those of the parts")?;
    }
    Ok(())
}

/// Every place that an allocation got, in the order of time.
fn places(opened: &Opened) -> Vec<(AllocationId, SegmentId, Span)> {
    let Ok(started) = opened.run().machine().started() else { return Vec::new() };
    let Some(last) = opened.run().records().last() else { return Vec::new() };
    let changes = started.vidmm().residency_changes(Position(0), last.end.vidmm.book);
    changes
        .filter_map(|change| {
            let place = change.after?;
            Some((change.allocation, place.segment, place.span))
        })
        .collect()
}

/// Where each allocation was placed first.
fn chosen(opened: &Opened) -> Vec<Chosen> {
    let mut placed = BTreeSet::new();
    let first = places(opened).into_iter().filter(|(allocation, ..)| placed.insert(*allocation));
    first
        .map(|(allocation, segment, span)| Chosen { allocation, segment, offset: span.start() })
        .collect()
}

/// The highest address below which something ever lay, in a session with one segment.
fn highest_end(opened: &Opened) -> u64 {
    places(opened).into_iter().map(|(.., span)| span.end()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_rounded_to_three_digits() {
        for (dividend, divisor, expected) in [
            (3, 2, "1.500"),
            (2, 3, "0.667"),
            (1, 3, "0.333"),
            (5, 0, "none"),
            (u64::MAX, u64::MAX, "1.000"),
        ] {
            assert_eq!(quotient(dividend, divisor), expected);
        }
    }
}
