//! Cases from bytes: what the strategies choose at random, chosen by a fuzzer.

use super::{
    Case, Kind, LISTS, RawCreate, RawCreateMore, RawData, RawMore, RawRange, RawRaw, RawSegment,
    Step, feature,
};
use crate::source::Source;

/// Steps of a case at most.
const MOST_STEPS: usize = 80;

impl Case {
    /// The case that bytes stand for.
    pub(crate) fn from_source(from: &mut Source<'_>) -> Self {
        let flags = from.byte();
        let features = u32::from(from.two()) & feature::ALL;
        let kind = Kind {
            record: flags & 3 == 3,
            manual: flags & 4 != 0,
            // The oracle knows no contiguous pages, of which the DMA buffers of several devices take
            // many.
            small_memory: flags & 0x18 == 0x18 && features == 0,
            steps: MOST_STEPS,
            features,
        };
        Self {
            kind,
            segments: from.list(1, 4, segment),
            aperture_limit: from.seldom_some(3, |from| from.within(12, 80)),
            buffer_size: from.byte(),
            buffer_count: u32::from(from.small(3)) + 1,
            buffer_in_aperture: from.bool(),
            fit: from.bool(),
            eviction: from.small(3),
            frame_seed: from.byte().into(),
            wddm2: from.bool(),
            offers_keep: from.bool(),
            transfer_limit: from.below(5),
            steps: from.until_end(MOST_STEPS, |from| step(from, kind.features)),
        }
    }
}

fn segment(from: &mut Source<'_>) -> RawSegment {
    let flags = from.byte();
    RawSegment {
        aperture: flags & 1 != 0,
        visible: flags & 2 != 0,
        coherent: flags & 4 != 0,
        limit: u64::from(flags >> 3 & 7) + 1,
        pages: from.within(16, 64),
        base: from.below(3) * 0x10_0000,
        more: RawMore {
            flags: from.small(16),
            banks: from.list(0, 3, |from| from.within(1, 24)),
            ranges: from.list(0, 3, |from| (from.below(13), from.within(1, 4), from.bool())),
            protected: from.seldom_some(3, |from| (from.below(40), from.within(1, 24))),
        },
    }
}

fn creation(from: &mut Source<'_>, features: u32) -> RawCreate {
    let mistake = from.byte();
    let pages = match from.weighted(&[4, 2, 1]) {
        0 => from.within(1, 8),
        1 => from.within(8, 24),
        _ => from.within(24, 70),
    };
    RawCreate {
        pages,
        short: from.seldom_some(4, |from| from.within(1, 4095)).unwrap_or(0),
        alignment: from.seldom_some(3, |from| from.small(6)).unwrap_or(0),
        supported: from.byte(),
        read: from.seldom_some(7, Source::byte),
        preferred: from.list(0, 3, |from| (from.byte(), from.bool())),
        eviction: from.byte(),
        flags: from.byte(),
        priority: from.seldom_some(3, |from| from.small(8)).unwrap_or(0),
        fill: from.byte().into(),
        resident: from.bool(),
        // One in seventeen or so breaks a rule.
        mistake: match mistake {
            241..=247 => mistake - 240,
            248..=253 if features != 0 => mistake - 240,
            _ => 0,
        },
        more: more(from, features),
    }
}

/// Nothing of it counts without features.
fn more(from: &mut Source<'_>, features: u32) -> RawCreateMore {
    if features == 0 {
        let hints = Vec::new();
        return RawCreateMore { hints, pitch: 0, rows: None, flags: 0, device: 0, existing: None };
    }
    RawCreateMore {
        hints: from.list(0, 3, |from| (from.byte(), from.bool())),
        pitch: from.below(10),
        rows: from.seldom_some(2, |from| {
            let more = if from.bool() { 4 } else { from.below(300) };
            (from.small(6), u32::try_from(more).unwrap_or(4))
        }),
        flags: from.byte(),
        device: from.seldom_some(4, |from| from.small(3)).unwrap_or(0),
        existing: from.seldom_some(6, |from| from.small(LISTS)),
    }
}

fn step(from: &mut Source<'_>, features: u32) -> Step {
    let has = |feature: u32, weight: u32| if features & feature != 0 { weight } else { 0 };
    let weights = [
        55,
        has(feature::OFFERS, 8),
        has(feature::LOCKS, 9),
        has(feature::SHARED, 5),
        has(feature::DISPLAY, 4),
        has(feature::PAGES, 7),
        has(feature::RAW, 6),
    ];
    match from.weighted(&weights) {
        0 => plain(from, features),
        1 if from.bool() => Step::Reclaim(from.list(1, 3, Source::byte)),
        1 => Step::Offer(from.list(1, 3, Source::byte), from.small(4)),
        2 => locking(from),
        3 if from.bool() => Step::Open(from.byte(), from.byte()),
        3 => Step::Close(from.byte(), from.byte()),
        4 if from.seldom(6) => Step::Display(None),
        4 => Step::Display(Some(from.byte())),
        5 => listing(from),
        _ => Step::Raw(RawRaw {
            kind: from.small(10),
            segment: from.byte(),
            at: from.below(66),
            count: from.below(6),
            pages: from.small(LISTS),
            first: from.small(4).into(),
            allocation: from.seldom_some(3, Source::byte),
            offset: from.small(60).into(),
            fill: from.byte().into(),
        }),
    }
}

fn plain(from: &mut Source<'_>, features: u32) -> Step {
    match from.weighted(&[10, 3, 8, 12, 6, 3, 4, 1, 3, 2]) {
        0 => Step::Create(creation(from, features)),
        1 => Step::Destroy(from.byte()),
        2 => Step::MakeResident(from.list(1, 4, Source::byte)),
        3 => Step::Use(from.list(1, 4, |from| {
            let write = match from.small(7) {
                0..=2 => None,
                3 | 4 => Some(None),
                _ => Some(Some(u64::from(from.byte()))),
            };
            (from.byte(), range(from), write)
        })),
        4 => Step::CpuWrite(from.byte(), range(from), data(from)),
        5 => Step::CpuRead(from.byte(), range(from)),
        6 => Step::Evict(from.byte()),
        7 => Step::EvictAll,
        8 => Step::SetPriority(from.byte(), from.small(9)),
        _ => Step::RunGpu(from.small(10)),
    }
}

fn range(from: &mut Source<'_>) -> RawRange {
    match from.small(7) {
        0 | 1 => None,
        2..=4 => {
            let length = from.below(257);
            Some((from.byte().into(), u16::try_from(length).unwrap_or(0), from.byte()))
        }
        _ => Some((u16::from(from.small(16)) * 16, u16::from(from.small(3)) * 16, 0)),
    }
}

fn data(from: &mut Source<'_>) -> RawData {
    match from.small(3) {
        0 => RawData::Seed(from.byte().into()),
        1 => RawData::Pattern(from.two().into()),
        _ => RawData::Bytes(from.list(0, 39, Source::byte)),
    }
}

fn locking(from: &mut Source<'_>) -> Step {
    if from.seldom(3) {
        return Step::Unlock(from.byte());
    }
    let bit = |from: &mut Source<'_>| 1_u16 << from.small(12);
    let flags = match from.small(8) {
        0..=3 => 0,
        4..=6 => bit(from),
        _ => bit(from) | bit(from),
    };
    Step::Lock(from.byte(), from.seldom_some(3, Source::byte), flags)
}

fn listing(from: &mut Source<'_>) -> Step {
    match from.small(8) {
        0..=2 => Step::Reserve(from.small(LISTS), from.below(9), from.bool()),
        3 => Step::Release(from.small(LISTS)),
        _ => {
            let list = from.small(LISTS);
            let (at, len) = (from.two() % 3000, from.two() % 3000);
            Step::WritePages(list, at, len, data(from))
        }
    }
}
