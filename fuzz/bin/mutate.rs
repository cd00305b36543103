//! Changes of texts that keep more of them whole than changes of bytes do: lines, words, numbers and
//! quoted names move within a text or come from others.

use std::ops::Range;

use vidmm_inspector::base::SplitMix;

/// Numbers at which something often ends.
const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "3",
    "-1",
    "255",
    "4095",
    "4096",
    "4097",
    "65536",
    "0x80000000",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "1 TiB",
    "16777216",
];

/// Changes a text in place; its new length. `lines` are lines of other texts. Leaves what is no text
/// alone.
pub(crate) fn text(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    lines: &[&str],
) -> usize {
    let mut random = SplitMix::new(seed.into());
    let Ok(old) = std::str::from_utf8(&data[..size]) else { return size };
    let mut new = old.to_owned();
    for _ in 0..=random.below(3) {
        once(&mut new, &mut random, lines);
    }
    let mut end = new.len().min(max_size).min(data.len());
    while !new.is_char_boundary(end) {
        end -= 1;
    }
    data[..end].copy_from_slice(&new.as_bytes()[..end]);
    end
}

fn once(text: &mut String, random: &mut SplitMix, lines: &[&str]) {
    let quoted = |c: char| c != '"' && c != '\n';
    match random.below(10) {
        0 | 1 => {
            let (Some(from), Some(to)) = (line(text, random), line(text, random)) else { return };
            let copy = text[from].to_owned();
            text.insert_str(to.start, &copy);
        }
        2 => {
            let Some(gone) = line(text, random) else { return };
            text.replace_range(gone, "");
        }
        3 => {
            let Some(moved) = line(text, random) else { return };
            let copy = text[moved.clone()].to_owned();
            text.replace_range(moved, "");
            let Some(to) = line(text, random) else { return };
            text.insert_str(to.start, &copy);
        }
        4 | 5 => {
            let Some(new) = pick(lines.len(), random).map(|at| lines[at]) else { return };
            let Some(to) = line(text, random) else { return };
            let to = if random.below(2) == 0 { to.start..to.start } else { to };
            text.replace_range(to, &format!("{new}\n"));
        }
        6 => {
            let Some(at) = token(text, random, |c| c.is_ascii_digit()) else { return };
            let number = pick(NUMBERS.len(), random).map_or("0", |at| NUMBERS[at]);
            text.replace_range(at, number);
        }
        7 => exchange(text, random, |c| c.is_ascii_digit()),
        8 => exchange(text, random, |c| c.is_alphanumeric() || c == '_'),
        _ => exchange(text, random, quoted),
    }
}

/// Writes one run of such characters over another.
fn exchange(text: &mut String, random: &mut SplitMix, of: impl Fn(char) -> bool + Copy) {
    let (Some(from), Some(to)) = (token(text, random, of), token(text, random, of)) else { return };
    let copy = text[from].to_owned();
    text.replace_range(to, &copy);
}

fn pick(count: usize, random: &mut SplitMix) -> Option<usize> {
    usize::try_from(random.below(count as u64)).ok().filter(|_| count > 0)
}

/// Some line with its break.
fn line(text: &str, random: &mut SplitMix) -> Option<Range<usize>> {
    let at = pick(text.len(), random)?;
    let start = text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = text.as_bytes()[at..].iter().position(|byte| *byte == b'\n');
    Some(start..end.map_or(text.len(), |end| at + end + 1))
}

/// The first run of such characters behind some place.
fn token(text: &str, random: &mut SplitMix, of: impl Fn(char) -> bool) -> Option<Range<usize>> {
    let mut at = pick(text.len(), random)?;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let start = at + text[at..].find(&of)?;
    let end = text[start..].find(|c| !of(c)).map_or(text.len(), |end| start + end);
    Some(start..end)
}
