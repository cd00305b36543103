//! Rules on banks.

use crate::base::text::{hex, word};
use crate::ddi::{BankHint, DescriptorGeneration, SegmentFlags};

use super::Rule;
use super::finding::Found;
use super::seen::Seen;

/// The banks of a segment.
pub(super) fn check(segment: &Seen<'_>, found: &mut Found<'_>) {
    let (raw, banking) = (segment.raw, segment.has(SegmentFlags::UseBanking));
    let described = raw.bank_count != 0 || !raw.bank_ends.is_empty();
    if segment.generation >= DescriptorGeneration::Descriptor4 && (banking || described) {
        let (field, value) = if banking {
            ("flags", word(raw.flags.bits()))
        } else {
            ("bank_count", raw.bank_count.to_string())
        };
        found.add(Rule::BanksGeneration, field, value);
        return;
    }
    if !banking {
        if described {
            found.add(Rule::BanksUnused, "bank_count", raw.bank_count.to_string());
        }
        return;
    }
    if segment.aperture {
        found.add(Rule::BankedAperture, "flags", word(raw.flags.bits()));
    }
    check_table(segment, found);
}

/// The count, and the first entry of the table that is wrong.
fn check_table(segment: &Seen<'_>, found: &mut Found<'_>) {
    let (count, ends) = (segment.raw.bank_count, &segment.raw.bank_ends);
    if count == 0 {
        found.add(Rule::BankCountZero, "bank_count", "0");
        return;
    }
    if count > u32::from(BankHint::MAX_BANK) {
        found.add(Rule::BankCountLarge, "bank_count", count.to_string());
        return;
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if ends.len() + 1 < count {
        let value = format!("of {} entries for {count} banks", ends.len());
        found.add(Rule::BankTableShort, "bank_ends", value);
        return;
    }
    let mut before = 0;
    for (index, end) in ends.iter().copied().take(count - 1).enumerate() {
        let field = format!("bank_ends[{index}]");
        let rule = if end <= before {
            Some(Rule::BankOrder)
        } else if end >= segment.size && segment.size > 0 {
            Some(Rule::BankBeyondSegment)
        } else {
            None
        };
        if let Some(rule) = rule {
            found.add(rule, &field, hex(end));
            break;
        }
        before = end;
    }
    if let Some(last) = ends.get(count - 1).filter(|last| **last != segment.size) {
        found.add(Rule::BankLastEnd, &format!("bank_ends[{}]", count - 1), hex(*last));
    }
    if ends.len() > count {
        let value = format!("of {} entries for {count} banks", ends.len());
        found.add(Rule::BankTableLong, "bank_ends", value);
    }
}
