//! Flag words by names, and the two generations of names that the flags of an allocation have.

use std::fmt;

use bitflags::{Flag, Flags};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::ddi::{AllocationFlags, AllocationFlagsWddm2, InterfaceVersion};

use super::suggest;
use super::value::{negative, word};

/// Which names the bits of an allocation's flags have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagGeneration {
    /// `DXGK_ALLOCATIONINFOFLAGS`: up to WDDM 1.3.
    Wddm1,
    /// `DXGK_ALLOCATIONINFOFLAGS_WDDM2_0`: from WDDM 2.0.
    Wddm2,
}

impl FlagGeneration {
    /// The generation of an interface version.
    #[must_use]
    pub fn of_version(version: InterfaceVersion) -> Self {
        if version < InterfaceVersion::Wddm2_0 { Self::Wddm1 } else { Self::Wddm2 }
    }

    /// The bit of a name that this generation has and the other has not.
    fn own_bit(self, name: &str) -> Option<u32> {
        let first = AllocationFlags::from_name(name).map(|flag| flag.bits());
        let second = AllocationFlagsWddm2::from_name(name).map(|flag| flag.bits());
        match self {
            Self::Wddm1 => first.filter(|_| second.is_none()),
            Self::Wddm2 => second.filter(|_| first.is_none()),
        }
    }

    /// The names that the other generation has not, in the order of their bits.
    fn own_names(self) -> impl Iterator<Item = &'static str> {
        names(self).filter(move |name| self.own_bit(name).is_some())
    }
}

impl fmt::Display for FlagGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wddm1 => "WDDM 1.x",
            Self::Wddm2 => "WDDM 2.x",
        })
    }
}

/// All names of a generation, in the order of their bits.
fn names(generation: FlagGeneration) -> impl Iterator<Item = &'static str> {
    let (first, second) = (AllocationFlags::FLAGS, AllocationFlagsWddm2::FLAGS);
    let (first, second) = match generation {
        FlagGeneration::Wddm1 => (first, &second[..0]),
        FlagGeneration::Wddm2 => (&first[..0], second),
    };
    first.iter().map(Flag::name).chain(second.iter().map(Flag::name))
}

/// The flags of an allocation, and the generation that their names in the file fix, if one does.
///
/// Names that both generations have fix none; neither do numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamedAllocationFlags {
    flags: AllocationFlags,
    generation: Option<FlagGeneration>,
}

impl NamedAllocationFlags {
    /// The word, to be written with the names of a generation. A word without a bit that only this
    /// generation names fixes none.
    #[must_use]
    pub fn new(flags: AllocationFlags, generation: Option<FlagGeneration>) -> Self {
        let fixes = |generation: &FlagGeneration| {
            let mut bits = generation.own_names().filter_map(|name| generation.own_bit(name));
            bits.any(|bit| flags.bits() & bit != 0)
        };
        Self { flags, generation: generation.filter(fixes) }
    }

    /// The word, reserved bits included.
    #[must_use]
    pub const fn flags(self) -> AllocationFlags {
        self.flags
    }

    /// The generation that the names fix.
    #[must_use]
    pub const fn generation(self) -> Option<FlagGeneration> {
        self.generation
    }

    /// A name in the word that only its generation has.
    pub(super) fn own_name(self) -> Option<&'static str> {
        let generation = self.generation?;
        let in_word = |name: &&'static str| {
            generation.own_bit(name).is_some_and(|bit| self.flags.bits() & bit != 0)
        };
        generation.own_names().find(in_word)
    }

    /// Reads `A | B | 0x400000`.
    fn from_names(text: &str) -> Result<Self, String> {
        // The first name that only one generation has fixes it.
        let mut fixed: Option<(FlagGeneration, &str)> = None;
        let bits = word_from_names(text, |part| {
            for generation in [FlagGeneration::Wddm1, FlagGeneration::Wddm2] {
                let Some(bit) = generation.own_bit(part) else { continue };
                match fixed {
                    Some((first, name)) if first != generation => {
                        return Err(format!(
                            "`{name}` is a flag of {first} and `{part}` one of {generation}; \
                             the names of one word are of one generation"
                        ));
                    }
                    _ => fixed = Some(fixed.unwrap_or((generation, part))),
                }
                return Ok(bit);
            }
            AllocationFlags::from_name(part).map(|flag| flag.bits()).ok_or_else(|| {
                let both = names(FlagGeneration::Wddm1).chain(FlagGeneration::Wddm2.own_names());
                unknown_flag(part, both)
            })
        })?;
        let generation = fixed.map(|(generation, _)| generation);
        Ok(Self { flags: AllocationFlags::from_bits_retain(bits), generation })
    }
}

impl From<AllocationFlags> for NamedAllocationFlags {
    /// The word, with no generation fixed.
    fn from(flags: AllocationFlags) -> Self {
        Self { flags, generation: None }
    }
}

impl fmt::Display for NamedAllocationFlags {
    /// In quotes: names of the generation, or those that both have; what is left as a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.flags.bits();
        match self.generation {
            Some(FlagGeneration::Wddm1) => write!(f, "\"{}\"", Names(self.flags)),
            Some(FlagGeneration::Wddm2) => write!(f, "\"{}\"", Names(self.flags.as_wddm2())),
            None => {
                let common = AllocationFlags::from_bits_truncate(word)
                    & AllocationFlags::from_bits_retain(
                        names(FlagGeneration::Wddm1)
                            .filter(|name| FlagGeneration::Wddm1.own_bit(name).is_none())
                            .filter_map(AllocationFlags::from_name)
                            .fold(0, |bits, flag| bits | flag.bits()),
                    );
                let rest = word & !common.bits();
                let bar = if common.is_empty() || rest == 0 { "" } else { " | " };
                write!(f, "\"{}{bar}", Names(common))?;
                if rest != 0 {
                    write!(f, "{rest:#x}")?;
                }
                f.write_str("\"")
            }
        }
    }
}

impl<'de> Deserialize<'de> for NamedAllocationFlags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagsVisitor;

        impl Visitor<'_> for FlagsVisitor {
            type Value = NamedAllocationFlags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                word(value).map(|word| AllocationFlags::from_bits_retain(word).into())
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                Err(negative(value))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                NamedAllocationFlags::from_names(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(FlagsVisitor)
    }
}

/// What a flag word may be.
pub(super) const EXPECTED: &str = "flag names such as \"A | B\" or a 32-bit word";

/// Flag names, what has no name as a number.
pub(super) struct Names<F>(pub(super) F);

impl<F: Flags<Bits = u32>> fmt::Display for Names<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bitflags::parser::to_writer(&self.0, f)
    }
}

/// Reads `A | B | 0x400000`.
pub(super) fn flags_from_names<F: Flags<Bits = u32>>(text: &str) -> Result<F, String> {
    let bit_of_name = |part: &str| {
        let flag = F::from_name(part).map(|flag| flag.bits());
        flag.ok_or_else(|| unknown_flag(part, F::FLAGS.iter().map(Flag::name)))
    };
    word_from_names(text, bit_of_name).map(F::from_bits_retain)
}

/// The same for names whose bits somebody else knows.
fn word_from_names<'a>(
    text: &'a str,
    mut bit_of_name: impl FnMut(&'a str) -> Result<u32, String>,
) -> Result<u32, String> {
    let mut bits = 0;
    if text.trim().is_empty() {
        return Ok(0);
    }
    for part in text.split('|').map(str::trim) {
        let number = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
        bits |= match number {
            Some(digits) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => {
                u32::from_str_radix(&digits.replace('_', ""), 16)
                    .map_err(|_| format!("`{part}` is not a 32-bit hexadecimal word"))?
            }
            _ => bit_of_name(part)?,
        };
    }
    Ok(bits)
}

fn unknown_flag<'a>(part: &str, known: impl Iterator<Item = &'a str>) -> String {
    let close = suggest::close(part, known);
    format!("`{part}` is not a flag{}", suggest::did_you_mean(&close))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddi::SegmentFlags;

    #[test]
    fn flags_keep_reserved_bits_and_suggest_names() {
        let flags = flags_from_names::<SegmentFlags>("Aperture | 0x8000_0000");
        assert_eq!(flags.map(|flags| flags.bits()), Ok(0x8000_0001));
        let error = flags_from_names::<SegmentFlags>("Apperture").map(|flags| flags.bits());
        assert_eq!(error, Err("`Apperture` is not a flag; did you mean `Aperture`?".to_owned()));
        assert!(flags_from_names::<SegmentFlags>("Aperture |").is_err());
        assert!(flags_from_names::<SegmentFlags>("0x100000000").is_err());
    }

    /// Bit 0 has one name; bits 7 and 10 have two each; bits 12 and 18 have one in one generation.
    #[test]
    fn names_fix_the_generation_and_are_written_back() {
        use FlagGeneration::{Wddm1, Wddm2};
        let table = [
            ("", 0, None, "\"\""),
            ("CpuVisible | Overlay", 0x101, None, "\"CpuVisible | Overlay\""),
            ("CpuVisible | 0x80", 0x81, None, "\"CpuVisible | 0x80\""),
            ("0x1C80", 0x1C80, None, "\"0x1c80\""),
            ("Swizzled", 0x80, Some(Wddm1), "\"Swizzled\""),
            ("0x400 | Swizzled", 0x480, Some(Wddm1), "\"Swizzled | UseAlternateVA\""),
            ("CreateInVpr | CpuVisible", 0x401, Some(Wddm2), "\"CpuVisible | CreateInVpr\""),
            (
                "CpuVisibleOnDemand | 0x1000",
                0x4_1000,
                Some(Wddm2),
                "\"CpuVisibleOnDemand | 0x1000\"",
            ),
        ];
        for (text, word, generation, written) in table {
            let read = NamedAllocationFlags::from_names(text).expect(text);
            assert_eq!((read.flags().bits(), read.generation()), (word, generation), "{text}");
            assert_eq!(read.to_string(), written, "{text}");
            assert_eq!(NamedAllocationFlags::new(read.flags(), generation), read, "{text}");
        }
        let nothing_of_its_own = NamedAllocationFlags::new(AllocationFlags::Cached, Some(Wddm2));
        assert_eq!(nothing_of_its_own, AllocationFlags::Cached.into());
        assert_eq!(
            NamedAllocationFlags::from_names("Cached | Swizzled | HardwareProtected"),
            Err("`Swizzled` is a flag of WDDM 1.x and `HardwareProtected` one of WDDM 2.x; \
                 the names of one word are of one generation"
                .to_owned())
        );
        assert_eq!(
            NamedAllocationFlags::from_names("HardwareProtect"),
            Err("`HardwareProtect` is not a flag; did you mean `HardwareProtected`?".to_owned())
        );
    }
}
