//! Names close to a misspelt one.

/// Names further away than this many edits are no help.
const MOST_EDITS: usize = 3;
/// So many names are looked at, so that a hundred errors in a huge session stay quick.
const MOST_CANDIDATES: usize = 10_000;
/// So many names are offered.
const MOST_OFFERED: usize = 3;

/// The candidates closest to `wanted`, closest first, at most three.
pub(super) fn close<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // About a third of a short name may be wrong, else everything is close to everything.
    let allowed = match wanted.chars().count() {
        0..=1 => 0,
        letters => MOST_EDITS.min(letters.div_ceil(3)),
    };
    let mut scored: Vec<(usize, &str)> = candidates
        .take(MOST_CANDIDATES)
        .filter_map(|candidate| {
            let edits = edits(wanted, candidate, allowed)?;
            Some((edits, candidate))
        })
        .collect();
    scored.sort_by_key(|(edits, _)| *edits);
    scored.dedup();
    scored.into_iter().take(MOST_OFFERED).map(|(_, candidate)| candidate).collect()
}

/// The end of a message: `; did you mean ...?`, or nothing.
pub(super) fn did_you_mean(close: &[impl AsRef<str>]) -> String {
    if close.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = close.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    format!("; did you mean {}?", quoted.join(" or "))
}

/// Letters to insert, delete or replace, without regard to case; `None` beyond `allowed`.
fn edits(left: &str, right: &str, allowed: usize) -> Option<usize> {
    let left: Vec<char> = left.chars().flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).collect();
    if left.len().abs_diff(right.len()) > allowed {
        return None;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
        if row.iter().min().is_some_and(|least| *least > allowed) {
            return None;
        }
    }
    row.last().copied().filter(|edits| *edits <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted_up_to_a_bound() {
        assert_eq!(edits("tex", "TEX", 3), Some(0));
        assert_eq!(edits("tex", "text", 3), Some(1));
        assert_eq!(edits("kitten", "sitting", 3), Some(3));
        assert_eq!(edits("kitten", "sitting", 2), None);
        assert_eq!(edits("", "abc", 3), Some(3));
    }

    #[test]
    fn the_closest_come_first() {
        let names = ["vertices", "texture", "text", "textures"];
        assert_eq!(close("textur", names.into_iter()), ["texture", "text", "textures"]);
        assert!(close("q", ["tex"].into_iter()).is_empty());
        assert_eq!(did_you_mean(&["a", "b"]), "; did you mean `a` or `b`?");
    }
}
