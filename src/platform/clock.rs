//! What time it is, here: the one place that looks at the calendar's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::app::WallTime;

/// Bytes of the system's description of the time zone that are read.
const ZONE_BYTES: u64 = 64 * 1024;
/// Bytes of a header in it.
const HEADER: usize = 44;

/// Reads the clock; knows what clocks are ahead by from when it was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    zone: Option<Vec<u8>>,
}

impl Clock {
    /// A clock for the time zone of the system.
    pub(super) fn new() -> Self {
        Self { zone: system_zone() }
    }

    /// What time it is.
    pub(super) fn now(&self) -> WallTime {
        // A clock before 1970 is a broken one.
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| past.as_secs());
        let ahead = self.zone.as_deref().and_then(|zone| ahead(zone, seconds));
        WallTime { seconds, ahead }
    }
}

/// The description of the system's time zone, in the format of RFC 8536, where there is one and
/// nobody asked for another.
fn system_zone() -> Option<Vec<u8>> {
    use std::io::Read as _;
    if std::env::var_os("TZ").is_some_and(|zone| !zone.is_empty()) {
        return None;
    }
    let file = std::fs::File::open("/etc/localtime").ok()?;
    let mut bytes = Vec::new();
    file.take(ZONE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The six counts of a header at `at`: of indicators for Greenwich and for standard time, of leap
/// seconds, of changes, of kinds of time and of letters.
fn counts(zone: &[u8], at: usize) -> Option<[usize; 6]> {
    let header = zone.get(at..at.checked_add(HEADER)?)?;
    if !header.starts_with(b"TZif") || header.get(4).is_none_or(|version| *version < b'2') {
        return None;
    }
    let mut counts = [0; 6];
    for (count, word) in counts.iter_mut().zip(header.get(20..)?.chunks_exact(4)) {
        *count = usize::try_from(u32::from_be_bytes(word.try_into().ok()?)).ok()?;
    }
    counts.iter().all(|count| *count <= zone.len()).then_some(counts)
}

/// Seconds by which clocks of a zone are ahead at a time; `None` where the description does not
/// reach so far, or is none.
fn ahead(zone: &[u8], seconds: u64) -> Option<i32> {
    // The first part has times of 32 bits, and is there for old readers only.
    let [greenwich, standard, leaps, changes, kinds, letters] = counts(zone, 0)?;
    let first = changes * 5 + kinds * 6 + letters + leaps * 8 + standard + greenwich;
    let start = HEADER + first;
    let [greenwich, standard, leaps, changes, kinds, letters] = counts(zone, start)?;
    let times = zone.get(start + HEADER..)?;
    let (times, rest) = times.split_at_checked(changes * 8)?;
    let (kind_of, rest) = rest.split_at_checked(changes)?;
    let (described, rest) = rest.split_at_checked(kinds * 6)?;
    let footer = rest.get(letters + leaps * 12 + standard + greenwich..)?;
    let now = i64::try_from(seconds).ok()?;
    let time = |chunk: &[u8]| chunk.try_into().map_or(i64::MAX, i64::from_be_bytes);
    let past = times.chunks_exact(8).take_while(|chunk| time(chunk) <= now).count();
    // Behind the last change the footer says what holds; a comma in it is a rule for summer time.
    if past == changes && footer.contains(&b',') {
        return None;
    }
    let kind = match past.checked_sub(1) {
        Some(last) => usize::from(*kind_of.get(last)?),
        None => 0,
    };
    let offset = described.chunks_exact(6).nth(kind)?.get(..4)?;
    Some(i32::from_be_bytes(offset.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zone an hour ahead that goes two hours ahead 1,000 seconds after 1970.
    fn zone(footer: &str) -> Vec<u8> {
        let header = |changes: u32, kinds: u32, letters: u32| {
            let mut header = b"TZif2".to_vec();
            header.extend([0; 15]);
            for count in [0, 0, 0, changes, kinds, letters] {
                header.extend(count.to_be_bytes());
            }
            header
        };
        let mut zone = header(0, 1, 1);
        zone.extend([0; 7]);
        zone.extend(header(1, 2, 4));
        zone.extend(1_000_i64.to_be_bytes());
        zone.push(1);
        for offset in [3_600_i32, 7_200] {
            zone.extend(offset.to_be_bytes());
            zone.extend([0, 0]);
        }
        zone.extend(b"ABC\0");
        zone.extend(footer.bytes());
        zone
    }

    #[test]
    fn a_zone_says_by_how_much_its_clocks_are_ahead() {
        let plain = zone("\nXYZ-2\n");
        assert_eq!(ahead(&plain, 0), Some(3_600));
        assert_eq!(ahead(&plain, 999), Some(3_600));
        assert_eq!(ahead(&plain, 1_000), Some(7_200));
        let ruled = zone("\nCET-1CEST,M3.5.0,M10.5.0/3\n");
        assert_eq!(ahead(&ruled, 999), Some(3_600));
        assert_eq!(ahead(&ruled, 1_000), None, "nobody applies the rule here");
    }

    #[test]
    fn what_is_no_zone_says_nothing() {
        let zone = zone("\n\n");
        for end in 0..zone.len() - 2 {
            assert_eq!(ahead(&zone[..end], 2_000), None, "{end} bytes");
        }
        assert_eq!(ahead(&[0xFF; 200], 0), None);
        assert!(Clock::new().now().seconds > 1_700_000_000);
    }
}
