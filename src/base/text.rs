//! Numbers as people write them: sizes with binary units, addresses in grouped hexadecimal.

use std::num::IntErrorKind;

const UNITS: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A size for reading: the largest unit that leaves at least 1, with at most one decimal.
///
/// `21.3 MiB` is rounded; what must be exact is written with [`exact_size`].
#[must_use]
pub fn size(bytes: u64) -> String {
    let (unit, scale) =
        UNITS.into_iter().find(|(_, scale)| bytes >= *scale).unwrap_or(UNITS[UNITS.len() - 1]);
    let tenths = u128::from(bytes) * 10 / u128::from(scale);
    let rounded = (u128::from(bytes) * 20 / u128::from(scale)).div_ceil(2);
    let tenths = if rounded > tenths { rounded } else { tenths };
    if tenths.is_multiple_of(10) || scale == 1 {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// A size without loss: the largest unit that divides it.
#[must_use]
pub fn exact_size(bytes: u64) -> String {
    let (unit, scale) = UNITS
        .into_iter()
        .find(|(_, scale)| bytes != 0 && bytes.is_multiple_of(*scale))
        .unwrap_or(UNITS[UNITS.len() - 1]);
    format!("{} {unit}", bytes / scale)
}

/// Why a text is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// There is no number at its start.
    #[error("`{0}` is not a size: write a number and a unit, such as \"64 KiB\"")]
    NotANumber(String),
    /// The unit is not one of ours.
    #[error("`{0}` is not a unit of size: use B, KiB, MiB, GiB or TiB")]
    UnknownUnit(String),
    /// The size does not fit in 64 bits.
    #[error("`{0}` is larger than 64 bits can hold")]
    TooLarge(String),
}

/// Reads a size such as `"256 MiB"`, `"0x1000"` or `"4096"`.
///
/// # Errors
/// When it is not a whole number with an optional unit, or does not fit in 64 bits.
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let trimmed = text.trim();
    let split = trimmed
        .find(|c: char| c.is_whitespace())
        .or_else(|| {
            let decimal = !trimmed.starts_with("0x") && !trimmed.starts_with("0X");
            if decimal { trimmed.find(|c: char| c.is_ascii_alphabetic()) } else { None }
        })
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(split);
    let digits = number.replace('_', "");
    let parsed = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal) if !hexadecimal.starts_with('+') => u64::from_str_radix(hexadecimal, 16),
        Some(_) => return Err(SizeError::NotANumber(text.to_owned())),
        None => digits.parse::<u64>(),
    };
    let value = parsed.map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow => SizeError::TooLarge(text.to_owned()),
        _ => SizeError::NotANumber(text.to_owned()),
    })?;
    let unit = unit.trim();
    let scale = if unit.is_empty() {
        1
    } else {
        UNITS
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .map(|(_, scale)| scale)
            .ok_or_else(|| SizeError::UnknownUnit(unit.to_owned()))?
    };
    value.checked_mul(scale).ok_or_else(|| SizeError::TooLarge(text.to_owned()))
}

/// An address: at least four digits, grouped by four: `0x0A00_0000`.
#[must_use]
pub fn hex(value: u64) -> String {
    let digits = format!("{value:X}");
    let groups = digits.len().div_ceil(4).max(1);
    let padded = format!("{digits:0>width$}", width = groups * 4);
    let mut text = String::from("0x");
    for group in 0..groups {
        if group > 0 {
            text.push('_');
        }
        text.push_str(&padded[group * 4..group * 4 + 4]);
    }
    text
}

/// A 32-bit word as the kit writes flags: `0x0000000C`.
#[must_use]
pub fn word(value: u32) -> String {
    format!("{value:#010X}").replacen("0X", "0x", 1)
}

/// A count with its thousands set apart: `1,048,576`.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 page`, `2 pages`: a count with the noun that it counts.
#[must_use]
pub fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(value))
}

/// A duration of the machine's clock, given in nanoseconds.
#[must_use]
pub fn duration(nanoseconds: u64) -> String {
    let (scale, unit) = match nanoseconds {
        0..1_000 => return format!("{nanoseconds} ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    format!("{}.{:03} {unit}", nanoseconds / scale, nanoseconds % scale * 1_000 / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_reading_round_to_a_tenth() {
        let table = [
            (0, "0 B"),
            (1, "1 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (22_369_616, "21.3 MiB"),
            (268_435_456, "256 MiB"),
            (8_304_721_920, "7.7 GiB"),
        ];
        for (bytes, text) in table {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn exact_sizes_read_back_to_themselves() {
        for bytes in [0, 1, 1023, 1024, 4096, 65_537, 268_435_456, u64::MAX, 1 << 63] {
            assert_eq!(parse_size(&exact_size(bytes)), Ok(bytes));
        }
    }

    #[test]
    fn sizes_are_read_with_and_without_units() {
        for (text, bytes) in
            [("4096", 4096), ("0x1000", 4096), ("4 KiB", 4096), ("4kib", 4096), ("1_024", 1024)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        assert!(matches!(parse_size("17 TiBs"), Err(SizeError::UnknownUnit(_))));
        assert!(matches!(parse_size("99999999 TiB"), Err(SizeError::TooLarge(_))));
        assert!(matches!(parse_size("18446744073709551616"), Err(SizeError::TooLarge(_))));
        for text in ["", "MiB", "-1", "1.5 MiB", "0x", "0x+1"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(hex(0), "0x0000");
        assert_eq!(hex(0x0A00_0000), "0x0A00_0000");
        assert_eq!(hex(0x1_0000), "0x0001_0000");
        assert_eq!(word(0xC), "0x0000000C");
        assert_eq!(count(1_048_576), "1,048,576");
        assert_eq!(counted(1, "page"), "1 page");
        assert_eq!(duration(2_084_000), "2.084 ms");
    }
}
