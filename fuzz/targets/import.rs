//! Any text as a recorded trace: the first byte says of which format and with which options. What is
//! imported is a session that loads; what is not says where in the text it is wrong.

use vidmm_inspector::config::FitPolicy;
use vidmm_inspector::session::import::{Format, Options, import};
use vidmm_inspector::session::{parse, write};

use super::place::assert_inside;
use super::session;

/// Bytes of a text that is looked at.
const MOST_BYTES: usize = 64 << 10;

/// Commands of what was imported that are run.
const MOST_COMMANDS: usize = 8;

/// The target.
pub(crate) fn check(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    if text.len() > MOST_BYTES {
        return;
    }
    if let Err(error) = Format::of_text(text) {
        assert_inside(text, error.position, &error);
    }
    let format = Format::ALL[usize::from(choice & 3)];
    let given = |bit: u8| choice >> bit & 1 == 1;
    let options = Options {
        fit: if given(2) { FitPolicy::Best } else { FitPolicy::First },
        first: given(3).then_some(5),
        local_size: given(4).then_some(64 << 20),
        invisible_size: given(5).then_some(32 << 20),
        capacity: given(6).then_some(1 << 20),
        scale: given(7).then_some(4096),
        process: (given(7) && format == Format::D3d12Heaps).then(|| "p".to_owned()),
    };
    let imported = match import(text, format, &options) {
        Ok(imported) => imported,
        Err(error) => {
            let told = error.in_file("fuzz");
            assert_inside(text, error.position, &told);
            assert!(!told.message.is_empty(), "an error without words: {error:?}");
            return;
        }
    };
    let written = write(&imported.document);
    match parse(&written, "imported.ron") {
        Ok(again) => assert_eq!(again, imported.document, "read from\n{written}"),
        Err(error) => panic!("{error}, in what was imported:\n{written}"),
    }
    session::bound(&written, &imported.document, MOST_COMMANDS);
}
