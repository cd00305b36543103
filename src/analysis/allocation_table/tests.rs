//! The table of a walk of which every step is known.

use super::*;
use crate::analysis::explain::Words;
use crate::analysis::export::{About, ExportFormat, table};
use crate::base::{SegmentId, SplitMix};
use crate::machine::Place;
use crate::session::Names;

/// Primary (0), terrain (1), upload (2), shadow (3) and history (4) are created by commands 5, 7,
/// 10, 13 and 15. Primary lies at VRAM 0 from command 6 on, terrain at 4 MiB from 9 to 16, where
/// history takes its place; from 17 on it lies in VRAM (invisible). Upload is mapped by 12 and
/// evicted by 18.
const WALK: &str = include_str!("../../../tests/sessions/walk.ron");

struct Stage {
    run: Run,
    names: Names,
}

impl Stage {
    fn of(text: &str) -> Self {
        let adapter = |name: &str| crate::kmd::profile(name).map(|profile| profile.adapter);
        let bound = crate::session::open(text, "a.ron", &adapter).expect("valid").bound;
        let profile = crate::kmd::profile(&bound.adapter.profile).expect("known");
        let run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
        Self { run, names: bound.names }
    }

    fn walk(command: usize) -> Self {
        let mut stage = Self::of(WALK);
        stage.run.execute_all();
        assert_eq!(stage.run.go_to(Place::after(command)), Ok(true));
        stage
    }

    fn list(&mut self, filter: &str, order: Option<Order>) -> Listing {
        let vidmm = self.run.machine().started().expect("it starts").vidmm();
        let words = Words::new(&self.names, &vidmm.adapter().segments);
        let filter = Filter::new(filter, words);
        list(vidmm, words, filter, order)
    }

    fn found(&mut self, filter: &str) -> Vec<u32> {
        numbers(&self.list(filter, None))
    }

    fn sorted(&mut self, column: Column, descending: bool) -> Vec<u32> {
        numbers(&self.list("", Some(Order { column, descending })))
    }

    fn rows(&self) -> Vec<AllocationRow> {
        let started = self.run.machine().started().expect("it starts");
        let words = Words::new(&self.names, &started.vidmm().adapter().segments);
        let book = started.vidmm().book();
        let row = |known: &Allocation| row(&self.run, started, words, known.id());
        book.allocations().filter_map(row).collect()
    }
}

fn numbers(listing: &Listing) -> Vec<u32> {
    listing.rows.iter().map(|id| id.0).collect()
}

fn segment(number: u8) -> SegmentId {
    SegmentId::new(number).expect("from 1 to 31")
}

const MIB: u64 = 1 << 20;

#[test]
fn an_address_finds_the_block_around_it() {
    let mut stage = Stage::walk(9);
    let table: [(&str, &[u32]); 9] = [
        ("0x3FFFFF", &[0]),
        ("0x400000", &[1]),
        ("0x0040_0000", &[1]),
        ("4194304", &[1]),
        ("VRAM+0x9FFFFF", &[1]),
        ("vram + 4194303", &[0]),
        ("vram+0xA00000", &[]),
        ("GART+0x0", &[]),
        ("nowhere+0x0", &[]),
    ];
    for (filter, found) in table {
        assert_eq!(stage.found(filter), found, "{filter}");
    }
}

#[test]
fn every_word_must_be_found_somewhere() {
    let mut stage = Stage::walk(17);
    let table: [(&str, &[u32]); 9] = [
        ("", &[0, 1, 2, 3, 4]),
        ("  ", &[0, 1, 2, 3, 4]),
        ("dwm.exe", &[0]),
        ("GAME gart", &[2]),
        ("high", &[0]),
        ("Cached", &[2]),
        ("cpuvisible vram", &[0, 1]),
        ("invisible", &[1]),
        ("shadow terrain", &[]),
    ];
    for (filter, found) in table {
        assert_eq!(stage.found(filter), found, "{filter}");
    }
    assert_eq!(Stage::walk(10).found("never"), [2], "upload is created and not yet used");
    assert_eq!(Stage::walk(8).found("system memory"), [1], "the CPU wrote terrain there");
}

#[test]
fn columns_sort_both_ways_and_what_does_not_apply_is_last() {
    let mut stage = Stage::walk(17);
    assert_eq!(stage.sorted(Column::Size, false), [2, 0, 4, 1, 3]);
    assert_eq!(stage.sorted(Column::Size, true), [1, 3, 0, 4, 2]);
    assert_eq!(stage.sorted(Column::Address, false), [0, 4, 3, 1, 2]);
    assert_eq!(stage.sorted(Column::Name, false), [4, 0, 3, 1, 2]);
    assert_eq!(stage.sorted(Column::Owner, false), [0, 1, 2, 3, 4], "dwm.exe before game.exe");
    assert_eq!(stage.sorted(Column::Owner, true), [1, 2, 3, 4, 0]);
    assert_eq!(stage.sorted(Column::Priority, true), [0, 1, 2, 3, 4]);
    let mut stage = Stage::walk(18);
    assert_eq!(stage.sorted(Column::Address, false), [0, 4, 3, 1, 2]);
    assert_eq!(stage.sorted(Column::Address, true), [1, 3, 4, 0, 2]);
    assert_eq!(stage.sorted(Column::State, false), [0, 1, 3, 4, 2]);
}

#[test]
fn totals_are_of_what_the_filter_leaves() {
    let mut stage = Stage::walk(17);
    let totals = stage.list("", None).totals;
    assert_eq!((totals.count, totals.committed), (5, 21 * MIB));
    let expected = [(segment(1), 14 * MIB), (segment(2), 6 * MIB), (segment(3), MIB)];
    assert_eq!(totals.resident, expected.into_iter().collect());
    assert_eq!((totals.resident_bytes(), totals.in_system_memory), (21 * MIB, 0));
    let mut stage = Stage::walk(18);
    let listing = stage.list("game.exe", None);
    assert_eq!((listing.totals.count, listing.existing), (4, 5));
    assert_eq!(listing.totals.committed, 17 * MIB);
    assert_eq!(listing.totals.in_system_memory, MIB);
}

#[test]
fn rows_tell_where_why_and_since_when() {
    let rows = Stage::walk(17).rows();
    let standing: Vec<Preferred> = rows.iter().map(|row| row.standing).collect();
    let (first, elsewhere) = (Preferred::First, Preferred::Elsewhere);
    assert_eq!(standing, [first, elsewhere, first, first, first]);
    let used: Vec<Option<usize>> = rows.iter().map(|row| row.reference).collect();
    assert_eq!(used, [Some(16), Some(17), Some(12), Some(14), Some(16)]);
    assert_eq!(rows[0].address_text(), "0x0000–0x003F_FFFF");
    assert_eq!(rows[4].address_text(), "0x0040_0000–0x007F_FFFF");
    assert_eq!((rows[0].priority.as_str(), rows[0].priority_value), ("HIGH", 0xA000_0000));
    assert_eq!((rows[2].flags.as_str(), rows[2].flags_value), ("CpuVisible | Cached", 0x5));
    assert!(rows.iter().all(|row| row.bytes == ByteVerdict::Intact));
    let rows = Stage::walk(10).rows();
    assert_eq!(rows[2].state, State::NeverResident);
    assert_eq!((rows[2].reference, rows[2].bytes), (None, ByteVerdict::NeverWritten));
    assert_eq!(rows[0].reference, Some(9));
}

#[test]
fn exports_hold_every_value_and_quote_what_must_be() {
    let mut rows = Stage::walk(9).rows();
    rows[1].name = "a \"b\", c".to_owned();
    let about = About {
        kind: "allocations",
        session: "A walk".to_owned(),
        step: "9".to_owned(),
        notes: Vec::new(),
    };
    let export = |rows: &[AllocationRow], format| {
        table(&about, &EXPORT_COLUMNS, rows.iter().map(AllocationRow::cells), format)
    };
    let csv = export(&rows, ExportFormat::Csv);
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(lines[0].starts_with("name,process,device,state,segment,offset,first_address"));
    assert_eq!(
        lines[1],
        "primary,dwm.exe,dwm,Resident,VRAM,0x0,0x0,0x3FFFFF,4194304,HIGH,0xA0000000,VRAM,\
         lies in its first preference,Dirty,intact,9,false,CpuVisible,0x00000001,,,,,"
    );
    assert!(lines[2].starts_with("\"a \"\"b\"\", c\",game.exe,game,Resident,VRAM,0x400000"));
    assert_eq!((lines.len(), lines[3]), (4, ""));
    let json = export(&rows, ExportFormat::Json);
    let value: serde_json::Value = serde_json::from_str(&json).expect("valid");
    assert_eq!((&value["version"], &value["kind"]), (&1.into(), &"allocations".into()));
    let rows = &value["rows"];
    assert_eq!(rows[1]["name"], "a \"b\", c");
    assert_eq!(rows[0]["size_bytes"], 4_194_304);
    assert_eq!(rows[0]["pinned"], false);
    assert!(rows[0]["sharing"].is_null());
}

/// What is kept up from step to step, or made while steps are made, is what would be made anew.
#[test]
fn a_list_that_follows_is_the_one_made_anew() {
    let mut random = SplitMix::new(7);
    for column in Column::ALL {
        for filter in ["", "game", "dirty", "resident", "0x0050_0000"] {
            let mut stage = Stage::walk(17);
            let order = Some(Order { column, descending: random.below(2) == 0 });
            let vidmm = stage.run.machine().started().expect("it starts").vidmm();
            let segments = vidmm.adapter().segments.clone();
            let words = Words::new(&stage.names, &segments);
            let mut followed = Listing::new(vidmm, &stage.names, Filter::new(filter, words), order);
            for _ in 0..30 {
                let end = stage.run.commands().len() as u64;
                let to = usize::try_from(random.below(end + 1)).expect("small");
                assert_eq!(stage.run.go_to(Place::after(to)), Ok(true));
                let vidmm = stage.run.machine().started().expect("it starts").vidmm();
                followed.follow(vidmm, words);
                followed.work(vidmm, words, 1);
                if !followed.is_complete() {
                    continue;
                }
                let anew = list(vidmm, words, Filter::new(filter, words), order);
                let what = format!("{column:?} {filter} at {to}");
                assert_eq!(numbers(&followed), numbers(&anew), "{what}");
                assert_eq!(followed.totals, anew.totals, "{what}");
                assert_eq!(followed.existing, anew.existing, "{what}");
                for (row, id) in followed.rows.iter().enumerate() {
                    assert_eq!(followed.row_of(id, &stage.names), Some(row), "{what}");
                    assert_eq!(followed.rows.get(row), Some(id), "{what}");
                }
                assert_eq!(followed.rows.get(followed.rows.len()), None);
            }
            assert!(followed.is_complete());
        }
    }
}

/// Names of which the first eight letters are alike, and one that begins another.
#[test]
fn names_are_compared_to_their_ends() {
    let create = |name: &str| {
        format!(
            "CreateAllocation(name: \"{name}\", device: \"d\", size: 4096, \
                 preferred: [1], supported: [1]),"
        )
    };
    let names = ["texture_10", "texture_9", "texture_", "texture_2", "a"];
    let text = format!(
        "(version: 1, adapter: (profile: \"inspector\"), commands: [CreateProcess(\"p\"), \
         CreateDevice(name: \"d\", process: \"p\"), {}])",
        names.map(create).concat()
    );
    let mut stage = Stage::of(&text);
    stage.run.execute_all();
    assert_eq!(stage.run.go_to(Place::after(7)), Ok(true));
    assert_eq!(stage.sorted(Column::Name, false), [4, 2, 0, 3, 1]);
    assert_eq!(stage.sorted(Column::Name, true), [1, 3, 0, 2, 4]);
}
