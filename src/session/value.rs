//! How single values of a session are read: sizes, flag words, lists of segments, bytes.
//!
//! Each accepts every form that the grammar allows and says in its error what it wants.

mod power;
mod structures;
mod submission;

use std::fmt;
use std::marker::PhantomData;

use ron::value::RawValue;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use crate::base::text::{count, parse_size};
use crate::base::{FenceId, SegmentId};
use crate::config::{EnginePolicy, EvictionPolicy, FitPolicy, OfferPolicy, Policies};
use crate::ddi::{BankHint, InterfaceVersion, NtStatus, OfferPriority, Priority, SystemMemoryId};
use crate::machine::{ContentState, Counter, OfferState, RunGpu};
use crate::rules::Rule;

pub(super) use self::power::{
    DevicePowerStateName, FateName, PowerName, SleepName, hardware_keeps,
};
pub(super) use self::structures::{
    optional_agp_aperture, optional_cpu_host_aperture, optional_descriptors, optional_quirks,
    optional_rows, optional_segments, optional_video_protected_range, ranges,
};
pub(super) use self::submission::context_priority;
use super::document::{
    EnginePolicyName, EvictionPolicyName, FORMAT_VERSION, FitPolicyName, NamedBankHints,
    NamedPreference, NamedPreferences, NamedSegmentSet, OfferPolicyName, SegmentName,
};
use super::flag_words;
use super::limits;
use super::name::Name;
use super::suggest;

/// The error for a number below zero.
pub(super) fn negative<E: de::Error>(value: i64) -> E {
    E::custom(format_args!("{value} is negative; write a whole number from 0"))
}

/// A size, offset or address: an integer, or a text with a unit.
pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct SizeVisitor;

    impl Visitor<'_> for SizeVisitor {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number of bytes or a size such as \"64 KiB\"")
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
            Ok(value)
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<u64, E> {
            u64::try_from(value).map_err(|_| negative(value))
        }

        /// The format makes integers beyond 64 bits into this.
        fn visit_f64<E: de::Error>(self, value: f64) -> Result<u64, E> {
            Err(E::custom(format_args!("{value} is not a whole number of at most 64 bits")))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
            parse_size(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_any(SizeVisitor)
}

struct SizeWrapper(u64);

impl<'de> Deserialize<'de> for SizeWrapper {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        size(deserializer).map(Self)
    }
}

/// A size that may be left out.
pub(super) fn optional_size<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    Ok(Option::<SizeWrapper>::deserialize(deserializer)?.map(|size| size.0))
}

/// A size that the kit keeps in 32 bits.
pub(super) fn size_32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    word(size(deserializer)?)
}

/// Where banks end.
pub(super) fn bank_ends<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    let ends = bounded::<_, SizeWrapper, { limits::RANGES }>(deserializer)?;
    Ok(ends.into_iter().map(|end| end.0).collect())
}

/// Refuses every version of the format but ours, before anything else is read.
pub(super) fn format_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let version = u32::deserialize(deserializer)?;
    if version == FORMAT_VERSION {
        Ok(version)
    } else {
        Err(de::Error::custom(format_args!(
            "format version {version} is not one that this program reads; it reads {FORMAT_VERSION}"
        )))
    }
}

/// A list with at most `LIMIT` items.
pub(super) fn bounded<'de, D, T, const LIMIT: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct ListVisitor<T, const LIMIT: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const LIMIT: usize> Visitor<'de> for ListVisitor<T, LIMIT> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list in square brackets")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Vec<T>, A::Error> {
            collect(sequence, LIMIT)
        }
    }

    deserializer.deserialize_seq(ListVisitor::<T, LIMIT>(PhantomData))
}

/// The items of a list, at most `limit`.
fn collect<'de, T, A>(mut sequence: A, limit: usize) -> Result<Vec<T>, A::Error>
where
    T: Deserialize<'de>,
    A: SeqAccess<'de>,
{
    let mut items = Vec::new();
    while let Some(item) = sequence.next_element()? {
        if items.len() == limit {
            let limit = count(u64::try_from(limit).unwrap_or(u64::MAX));
            return Err(de::Error::custom(format_args!(
                "the list has more than {limit} items, which is the limit"
            )));
        }
        items.push(item);
    }
    // A session of a million commands has a million lists.
    items.shrink_to_fit();
    Ok(items)
}

/// A flag word: names joined by `|`, or a number. Reserved bits are kept.
pub(super) fn flags<'de, D, F>(deserializer: D) -> Result<F, D::Error>
where
    D: Deserializer<'de>,
    F: bitflags::Flags<Bits = u32>,
{
    struct FlagsVisitor<F>(PhantomData<F>);

    impl<F: bitflags::Flags<Bits = u32>> Visitor<'_> for FlagsVisitor<F> {
        type Value = F;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(flag_words::EXPECTED)
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<F, E> {
            word(value).map(F::from_bits_retain)
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<F, E> {
            u64::try_from(value)
                .map_err(|_| negative(value))
                .and_then(|value| self.visit_u64(value))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<F, E> {
            flag_words::flags_from_names(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_any(FlagsVisitor(PhantomData))
}

/// A 32-bit word.
pub(super) fn word<E: de::Error>(value: u64) -> Result<u32, E> {
    u32::try_from(value)
        .map_err(|_| E::custom(format_args!("{value:#X} does not fit in a 32-bit word")))
}

/// A priority: a name, bare or in quotes, or a number.
pub(super) fn priority<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Priority, D::Error> {
    // The format gives no name to a visitor that could also take a number, so the text of the value
    // is read as it stands.
    let raw = <&RawValue>::deserialize(deserializer)?;
    let text = raw.trim().get_ron().trim_matches('"');
    if let Some((_, value)) = Priority::NAMED.into_iter().find(|(name, _)| *name == text) {
        return Ok(value);
    }
    if text.starts_with(|c: char| c.is_ascii_digit())
        && let Ok(value) = parse_size(text)
    {
        return word(value).map(Priority);
    }
    let shown: String = text.chars().take(40).collect();
    let close = suggest::close(&shown, Priority::NAMED.into_iter().map(|(name, _)| name));
    Err(de::Error::custom(format_args!(
        "`{shown}` is not a priority: write MINIMUM, LOW, NORMAL, HIGH, MAXIMUM or a 32-bit number{}",
        suggest::did_you_mean(&close)
    )))
}

/// A status by its name in ntstatus.h or its number.
pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NtStatus, D::Error> {
    struct StatusVisitor;

    impl Visitor<'_> for StatusVisitor {
        type Value = NtStatus;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a status such as \"STATUS_SUCCESS\" or its 32-bit code")
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<NtStatus, E> {
            word(value).map(NtStatus)
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<NtStatus, E> {
            u64::try_from(value)
                .map_err(|_| negative(value))
                .and_then(|value| self.visit_u64(value))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<NtStatus, E> {
            NtStatus::from_name(text).ok_or_else(|| {
                let shown: String = text.chars().take(80).collect();
                E::custom(format_args!(
                    "`{shown}` is not a status known here; its 32-bit code can be written instead"
                ))
            })
        }
    }

    deserializer.deserialize_any(StatusVisitor)
}

/// Explicit bytes: pairs of hexadecimal digits, white space between pairs if wanted.
pub(super) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[u8]>, D::Error> {
    struct BytesVisitor;

    impl Visitor<'_> for BytesVisitor {
        type Value = Box<[u8]>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes as pairs of hexadecimal digits, such as \"40 E1 0B\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Box<[u8]>, E> {
            bytes_from_digits(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(BytesVisitor)
}

fn bytes_from_digits(text: &str) -> Result<Box<[u8]>, String> {
    let mut bytes = Vec::new();
    for group in text.split_ascii_whitespace() {
        let mut digits = group.chars();
        while let Some(high) = digits.next() {
            let digit = |c: char| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let value = digit(high).zip(digits.next().and_then(digit));
            let (high, low) = value.ok_or_else(|| {
                let shown: String = group.chars().take(40).collect();
                format!("`{shown}` is not pairs of hexadecimal digits, such as \"40 E1 0B\"")
            })?;
            bytes.push(high << 4 | low);
        }
    }
    Ok(bytes.into_boxed_slice())
}

struct InterfaceVersionName(InterfaceVersion);

impl<'de> Deserialize<'de> for InterfaceVersionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        InterfaceVersion::from_name(&text).map(Self).ok_or_else(|| {
            let known: Vec<&str> = InterfaceVersion::ALL.iter().map(|(_, name, _)| *name).collect();
            let shown: String = text.chars().take(20).collect();
            de::Error::custom(format_args!(
                "`{shown}` is not a version of the driver model; known are {}",
                known.join(", ")
            ))
        })
    }
}

/// A driver model version such as `"1.3"`.
pub(super) fn optional_interface_version<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<InterfaceVersion>, D::Error> {
    Ok(Option::<InterfaceVersionName>::deserialize(deserializer)?.map(|version| version.0))
}

/// The driver's number for system memory.
pub(super) fn optional_system_memory_id<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SystemMemoryId>, D::Error> {
    Ok(Option::<u8>::deserialize(deserializer)?.map(SystemMemoryId))
}

/// A rule on adapters by its id.
pub(super) fn rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rule, D::Error> {
    struct RuleVisitor;

    impl Visitor<'_> for RuleVisitor {
        type Value = Rule;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the id of a rule, such as \"segment-size-zero\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Rule, E> {
            Rule::ALL.iter().copied().find(|rule| rule.id() == text).ok_or_else(|| {
                let shown: String = text.chars().take(80).collect();
                let close = suggest::close(&shown, Rule::ALL.iter().map(|rule| rule.id()));
                E::custom(format_args!(
                    "`{shown}` is not the id of a rule{}",
                    suggest::did_you_mean(&close)
                ))
            })
        }
    }

    deserializer.deserialize_str(RuleVisitor)
}

/// The policies of a session.
pub(super) fn policies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Policies, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, default, rename = "Policies")]
    struct PoliciesText {
        #[serde(with = "FitPolicyName")]
        fit: FitPolicy,
        #[serde(with = "EvictionPolicyName")]
        eviction: EvictionPolicy,
        #[serde(with = "EnginePolicyName")]
        engine: EnginePolicy,
        #[serde(with = "OfferPolicyName")]
        offers: OfferPolicy,
        #[serde(deserialize_with = "size")]
        transfer_limit: u64,
    }

    impl Default for PoliciesText {
        fn default() -> Self {
            let Policies { fit, eviction, engine, offers, transfer_limit } = Policies::default();
            Self { fit, eviction, engine, offers, transfer_limit }
        }
    }

    let PoliciesText { fit, eviction, engine, offers, transfer_limit } =
        PoliciesText::deserialize(deserializer)?;
    Ok(Policies { fit, eviction, engine, offers, transfer_limit })
}

/// A segment number: 0 for none (where that is allowed) to 31.
fn segment_number<E: de::Error>(value: u64) -> Result<SegmentName, E> {
    u8::try_from(value).ok().filter(|number| *number <= SegmentId::MAX).map_or_else(
        || {
            Err(E::custom(format_args!(
                "{value} is not a segment number: segments count from 1 to {}",
                SegmentId::MAX
            )))
        },
        |number| Ok(SegmentName::Number(number)),
    )
}

impl<'de> Deserialize<'de> for SegmentName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SegmentVisitor;

        impl Visitor<'_> for SegmentVisitor {
            type Value = SegmentName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name or the number of a segment")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<SegmentName, E> {
                segment_number(value)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<SegmentName, E> {
                Err(negative(value))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SegmentName, E> {
                Name::new(text).map(SegmentName::Name).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(SegmentVisitor)
    }
}

/// A segment by its name or any number, also one that none can have.
struct AnySegment(SegmentName);

impl<'de> Deserialize<'de> for AnySegment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnySegmentVisitor;

        impl Visitor<'_> for AnySegmentVisitor {
            type Value = AnySegment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name or the number of a segment")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<AnySegment, E> {
                let number = u8::try_from(value).map_err(|_| {
                    E::custom(format_args!("{value} does not fit in an 8-bit segment number"))
                })?;
                Ok(AnySegment(SegmentName::Number(number)))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<AnySegment, E> {
                Err(negative(value))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AnySegment, E> {
                Name::new(text).map(|name| AnySegment(SegmentName::Name(name))).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(AnySegmentVisitor)
    }
}

/// The segment of a paging buffer.
pub(super) fn optional_any_segment<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SegmentName>, D::Error> {
    Ok(Option::<AnySegment>::deserialize(deserializer)?.map(|segment| segment.0))
}

#[derive(Deserialize)]
enum SearchFrom {
    FromStart,
    FromEnd,
}

impl<'de> Deserialize<'de> for NamedPreference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PreferenceVisitor;

        impl<'de> Visitor<'de> for PreferenceVisitor {
            type Value = NamedPreference;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a segment such as \"VRAM\" or (\"VRAM\", FromEnd)")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<NamedPreference, E> {
                Ok(NamedPreference { segment: segment_number(value)?, from_end: false })
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<NamedPreference, E> {
                Err(negative(value))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NamedPreference, E> {
                let segment = SegmentName::Name(Name::new(text).map_err(E::custom)?);
                Ok(NamedPreference { segment, from_end: false })
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<NamedPreference, A::Error> {
                let missing = |index| de::Error::invalid_length(index, &self);
                let segment = list.next_element()?.ok_or_else(|| missing(0))?;
                let from: SearchFrom = list.next_element()?.ok_or_else(|| missing(1))?;
                Ok(NamedPreference { segment, from_end: matches!(from, SearchFrom::FromEnd) })
            }
        }

        deserializer.deserialize_any(PreferenceVisitor)
    }
}

struct BankHintText(BankHint);

/// A hint at a bank that its seven bits can name.
fn bank_hint<E: de::Error>(value: u64, from_end: bool) -> Result<BankHintText, E> {
    let bank = u8::try_from(value).ok().filter(|bank| (1..=BankHint::MAX_BANK).contains(bank));
    bank.map(|bank| BankHintText(BankHint { bank, from_end })).ok_or_else(|| {
        E::custom(format_args!(
            "{value} is not a bank: banks count from 1 to {}",
            BankHint::MAX_BANK
        ))
    })
}

impl<'de> Deserialize<'de> for BankHintText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BankVisitor;

        impl<'de> Visitor<'de> for BankVisitor {
            type Value = BankHintText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a bank such as 2 or (2, FromEnd)")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<BankHintText, E> {
                bank_hint(value, false)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<BankHintText, E> {
                Err(negative(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<BankHintText, A::Error> {
                let missing = |index| de::Error::invalid_length(index, &self);
                let bank = list.next_element()?.ok_or_else(|| missing(0))?;
                let from: SearchFrom = list.next_element()?.ok_or_else(|| missing(1))?;
                bank_hint(bank, matches!(from, SearchFrom::FromEnd))
            }
        }

        deserializer.deserialize_any(BankVisitor)
    }
}

impl<'de> Deserialize<'de> for NamedBankHints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read =
            ListOrWord("a list of banks such as [2, (3, FromEnd)] or a 32-bit word", PhantomData);
        Ok(match deserializer.deserialize_any(read)? {
            EitherListOrWord::List(list) => {
                Self::List(list.into_iter().map(|hint: BankHintText| hint.0).collect())
            }
            EitherListOrWord::Word(word) => Self::Word(word),
        })
    }
}

/// What stands for segments.
const SEGMENTS_EXPECTED: &str = "a list of segments such as [\"VRAM\"] or a 32-bit word";

/// Reads a list or a word in its place, and says what it expects.
struct ListOrWord<T>(&'static str, PhantomData<T>);

enum EitherListOrWord<T> {
    List(Vec<T>),
    Word(u32),
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListOrWord<T> {
    type Value = EitherListOrWord<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        word(value).map(EitherListOrWord::Word)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Err(negative(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        collect(sequence, limits::SEGMENTS).map(EitherListOrWord::List)
    }
}

impl<'de> Deserialize<'de> for NamedPreferences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match deserializer.deserialize_any(ListOrWord(SEGMENTS_EXPECTED, PhantomData))? {
            EitherListOrWord::List(list) => Self::List(list),
            EitherListOrWord::Word(word) => Self::Word(word),
        })
    }
}

impl<'de> Deserialize<'de> for NamedSegmentSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match deserializer.deserialize_any(ListOrWord(SEGMENTS_EXPECTED, PhantomData))? {
            EitherListOrWord::List(list) => Self::List(list),
            EitherListOrWord::Word(word) => Self::Word(word),
        })
    }
}

/// The grammar of [`RunGpu`].
#[derive(Deserialize)]
#[serde(remote = "RunGpu", rename = "RunGpu")]
pub(super) enum RunGpuName {
    UntilIdle,
    Packets(u32),
    UntilFence(#[serde(deserialize_with = "fence")] FenceId),
}

fn fence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FenceId, D::Error> {
    u64::deserialize(deserializer).map(FenceId)
}

/// The grammar of [`OfferPriority`].
#[derive(Deserialize)]
#[serde(remote = "OfferPriority", rename = "OfferPriority", rename_all = "UPPERCASE")]
pub(super) enum OfferPriorityName {
    Low,
    Normal,
    High,
    Auto,
}

/// The grammar of [`OfferState`].
#[derive(Deserialize)]
#[serde(remote = "OfferState", rename = "OfferState")]
pub(super) enum OfferStateName {
    NotOffered,
    Offered,
    Discarded,
}

/// The grammar of [`ContentState`].
#[derive(Deserialize)]
#[serde(remote = "ContentState", rename = "ContentState")]
pub(super) enum ContentStateName {
    Intact,
    Damaged,
    NeverWritten,
    Discarded,
    Lost,
}

/// The grammar of [`Counter`].
#[derive(Deserialize)]
#[serde(remote = "Counter", rename = "Counter")]
pub(super) enum CounterName {
    PageIns,
    Evictions,
    BytesFilled,
    BytesDiscarded,
    BytesMappedIntoAperture,
    BytesUnmappedFromAperture,
    BytesMdlToMemory,
    BytesMemoryToMdl,
    BytesApertureToMemory,
    BytesMemoryToAperture,
    Refusals,
    Faults,
    Submissions,
    BytesFlushed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_with_and_without_spaces() {
        assert_eq!(bytes_from_digits("40 E1 0b").as_deref(), Ok(&[0x40, 0xE1, 0x0B][..]));
        assert_eq!(bytes_from_digits("40E1\n0B").as_deref(), Ok(&[0x40, 0xE1, 0x0B][..]));
        assert_eq!(bytes_from_digits("").as_deref(), Ok(&[][..]));
        for bad in ["4", "40 E", "zz", "4\u{e9}", "0x40"] {
            assert!(bytes_from_digits(bad).is_err(), "{bad}");
        }
    }
}
