//! Each table of a walk against values worked out by hand, and texts that are hard to write.

use super::*;
use crate::analysis::density::Density;
use crate::analysis::explain::Words;
use crate::analysis::testing::session;
use crate::machine::{Place, Run};
use crate::session::Names;

const MIB: u64 = 1 << 20;

/// See `tests/sessions/walk.ron`: VRAM of 16 MiB at 0, its invisible part of 8 MiB at 256 MiB, an
/// aperture of 8 MiB at 3 GiB.
fn walk(command: usize) -> (Run, Names) {
    let text = include_str!("../../../tests/sessions/walk.ron");
    let (mut run, names) = session(text);
    run.execute_all();
    assert_eq!(run.go_to(Place::after(command)), Ok(true));
    (run, names)
}

fn about(kind: &'static str) -> About {
    About { kind, session: "Käse, \"1\"\n2".to_owned(), step: "17".to_owned(), notes: Vec::new() }
}

fn plain(cells: &[Cell]) -> Vec<String> {
    cells.iter().map(Cell::plain).collect()
}

/// A reader after RFC 4180 of its own: the fields of each record.
fn parsed(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted && rest.peek() == Some(&'\n') => {
                rest.next();
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other => field.push(other),
        }
    }
    assert!(record.is_empty() && field.is_empty(), "the last line ends");
    records
}

#[test]
fn what_is_hard_to_write_reads_back_as_it_was() {
    let texts = ["plain", "a,b", "say \"ja\"", "two\r\nlines", "Größe 大小", "", "\"", ",\"\n"];
    let columns: Vec<&str> = ["a", "b", "c", "d", "e", "f", "g", "h"].to_vec();
    let row: Vec<Cell> = texts.iter().copied().map(Cell::text).collect();
    let csv = table(&about("test"), &columns, std::iter::once(row.clone()), ExportFormat::Csv);
    let records = parsed(&csv);
    assert_eq!(records, [columns.clone(), texts.to_vec()]);
    let json = table(&about("test"), &columns, [row.clone(), row].into_iter(), ExportFormat::Json);
    let value: serde_json::Value = serde_json::from_str(&json).expect("valid");
    assert_eq!(value["version"], VERSION);
    assert_eq!((&value["kind"], &value["step"]), (&"test".into(), &"17".into()));
    assert_eq!(value["session"], "Käse, \"1\"\n2");
    for (column, text) in columns.iter().zip(texts) {
        assert_eq!(value["rows"][1][column], text);
    }
}

#[test]
fn empty_tables_and_every_kind_of_cell_are_valid() {
    let none = table(&about("test"), &["a"], std::iter::empty(), ExportFormat::Json);
    let value: serde_json::Value = serde_json::from_str(&none).expect("valid");
    assert_eq!(value["rows"], serde_json::json!([]));
    let cells = vec![Cell::Empty, Cell::Number(u64::MAX), Cell::Truth(true)];
    let mut head = about("test");
    head.notes.push(("filter", Cell::text("a \"b\"")));
    let json = table(&head, &["a", "b", "c"], std::iter::once(cells), ExportFormat::Json);
    let value: serde_json::Value = serde_json::from_str(&json).expect("valid");
    assert_eq!(value["filter"], "a \"b\"");
    assert_eq!(value["rows"], serde_json::json!([{"a": null, "b": u64::MAX, "c": true}]));
}

#[test]
fn the_map_lists_blocks_and_holes_by_address() {
    let (run, names) = walk(17);
    let started = run.machine().started().expect("it starts");
    let cells = extents(started);
    let rows: Vec<Vec<String>> = cells
        .iter()
        .filter_map(|extent| extent_cells(started, &names, extent))
        .map(|cells| plain(&cells))
        .collect();
    let row = |fields: [&str; 8]| fields.map(str::to_owned).to_vec();
    assert_eq!(
        rows[0],
        row(["1", "VRAM", "0x0", "0x0", "0x3FFFFF", "4194304", "primary", "dwm.exe"])
    );
    assert_eq!(
        rows[1][2..7],
        row(["1", "VRAM", "0x400000", "0x400000", "0x7FFFFF", "4194304", "history", ""])[2..7]
    );
    assert_eq!(
        rows[2],
        row(["1", "VRAM", "0x800000", "0x800000", "0x9FFFFF", "2097152", "free", ""])
    );
    assert_eq!((rows[3][2].as_str(), rows[3][6].as_str()), ("0xA00000", "shadow"));
    let terrain = row([
        "2",
        "VRAM (invisible)",
        "0x0",
        "0x10000000",
        "0x105FFFFF",
        "6291456",
        "terrain",
        "game.exe",
    ]);
    assert_eq!(rows[4], terrain);
    assert_eq!(rows[6][..4], row(["3", "GART", "0x0", "0xC0000000", "", "", "", ""])[..4]);
    // All of a segment is told, and nothing twice.
    let total: u64 = cells.iter().map(|(_, span, _)| span.len()).sum();
    assert_eq!(total, 32 * MIB);
}

#[test]
fn commands_are_told_with_raw_bytes() {
    let (run, names) = walk(17);
    let segments = run.segments();
    let words = Words::new(&names, &segments);
    let cells = command_cells(&run, words, 12).expect("it is executed");
    assert_eq!(cells.len(), STEP_COLUMNS.len());
    let fields = plain(&cells);
    assert_eq!((fields[0].as_str(), fields[1].as_str()), ("12", "command"));
    // Upload is mapped.
    assert_eq!(cells[10], Cell::Number(MIB));
    assert_eq!(cells[12], Cell::Number(run.record(12).expect("executed").clock));
    assert_eq!(command_cells(&run, words, 99), None);
}

#[test]
fn operations_and_packets_are_told_with_raw_bytes() {
    let (mut run, names) = walk(17);
    let segments = run.segments();
    let trace = run.trace(17).expect("deterministic");
    let words = Words::new(&names, &segments);
    // Terrain of 6 MiB comes back with one transfer.
    let numbered = (1..).zip(&trace.operations);
    let moving: Vec<Vec<Cell>> = numbered
        .filter_map(|(number, operation)| {
            operation_cells(operation, Place::operation(17, number), words)
        })
        .filter(|cells| cells[7] == Cell::Number(6 * MIB))
        .collect();
    assert_eq!(moving.len(), 1, "{moving:?}");
    assert_eq!(moving[0].len(), STEP_COLUMNS.len());
    assert_eq!(moving[0][1], Cell::text("operation"));
}

#[test]
fn charts_tell_every_command_and_segment() {
    let (run, _) = walk(17);
    let segments = run.segments();
    let columns = chart_columns(&segments);
    assert_eq!(columns[8..10], ["1 VRAM used_bytes", "1 VRAM largest_hole_bytes"]);
    assert_eq!(columns.len(), 8 + 2 * 3);
    let row = |command| chart_cells(&run, &segments, command).expect("executed");
    let figures = |command| [row(command)[8].clone(), row(command)[9].clone()];
    assert_eq!(figures(0), [Cell::Number(0), Cell::Number(16 * MIB)]);
    assert_eq!(figures(14), [Cell::Number(16 * MIB), Cell::Number(0)]);
    assert_eq!(figures(15), figures(14), "creating takes no room");
    assert_eq!(figures(16), [Cell::Number(14 * MIB), Cell::Number(2 * MIB)]);
    assert_eq!(row(21).len(), columns.len());
    assert_eq!(chart_cells(&run, &segments, 22), None);
}

#[test]
fn the_timeline_tells_its_buckets() {
    let (run, names) = walk(17);
    let density = Density::of(&run, &names, 4_096);
    let columns = bucket_columns(&names);
    assert_eq!(columns[8..], ["game.exe named_bytes", "dwm.exe named_bytes"]);
    // Command 9 reads terrain (6 MiB, of the game) and writes primary (4 MiB, of dwm).
    let cells = bucket_cells(&density, 8).expect("21 commands");
    assert_eq!((cells[0].clone(), cells[1].clone()), (Cell::Number(9), Cell::Number(9)));
    assert_eq!(cells[8..], [Cell::Number(6 * MIB), Cell::Number(4 * MIB)]);
    assert_eq!(bucket_cells(&density, 21), None);
}

#[test]
fn bytes_are_digits_and_nothing_where_nothing_is() {
    use crate::analysis::hexview::{Backing, HexRow};
    let (_, names) = walk(17);
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&[0x0A, 0xFF]);
    let mut row = HexRow {
        offset: 0x40,
        bytes,
        len: 2,
        backing: Backing::Own,
        allocation: None,
        expected: None,
    };
    assert_eq!(plain(&byte_cells(&row, &names)), ["0x40", "2", "0AFF", "", "own bytes", ""]);
    row.backing = Backing::Nowhere;
    assert_eq!(plain(&byte_cells(&row, &names)), ["0x40", "2", "", "", "nothing", ""]);
}
