//! Writing what must hold.

use std::fmt::{self, Display};

use super::power::{PowerText, fate_name};
use super::{BytesText, Fields, Quoted, Size};
use crate::base::text::{hex, word};
use crate::machine::{ContentState, Counter, OfferState};
use crate::session::document::{NamedDamage, NamedExpectation};

/// An expectation as a session writes it.
pub(super) struct ExpectationText<'a>(pub(super) &'a NamedExpectation);

impl Display for ExpectationText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        match self.0 {
            NamedExpectation::Place { allocation, segment, offset } => {
                fields.add("allocation", Quoted(allocation.as_str()));
                fields.add("segment", segment);
                fields.some("offset", offset.map(hex));
                write!(f, "Place{fields}")
            }
            NamedExpectation::NotResident(name) => {
                write!(f, "NotResident({})", Quoted(name.as_str()))
            }
            NamedExpectation::Absent(name) => write!(f, "Absent({})", Quoted(name.as_str())),
            NamedExpectation::Content(name, state) => {
                let state = match state {
                    ContentState::Intact => "Intact",
                    ContentState::Damaged => "Damaged",
                    ContentState::NeverWritten => "NeverWritten",
                    ContentState::Discarded => "Discarded",
                    ContentState::Lost => "Lost",
                };
                write!(f, "Content({}, {state})", Quoted(name.as_str()))
            }
            NamedExpectation::Status(status) => match status.name() {
                Some(name) => write!(f, "Status({})", Quoted(name)),
                None => write!(f, "Status({})", word(status.0)),
            },
            NamedExpectation::Counter(counter, value) => {
                write!(f, "Counter({}, {value})", counter_name(*counter))
            }
            NamedExpectation::Bytes { allocation, offset, bytes } => {
                fields.add("allocation", Quoted(allocation.as_str()));
                fields.add("offset", hex(*offset));
                fields.add("bytes", BytesText(bytes));
                write!(f, "Bytes{fields}")
            }
            NamedExpectation::SegmentBytes { segment, offset, bytes } => {
                fields.add("segment", segment);
                fields.add("offset", hex(*offset));
                fields.add("bytes", BytesText(bytes));
                write!(f, "SegmentBytes{fields}")
            }
            NamedExpectation::PhysicalBytes { address, bytes } => {
                fields.add("address", hex(*address));
                fields.add("bytes", BytesText(bytes));
                write!(f, "PhysicalBytes{fields}")
            }
            NamedExpectation::Hash(name, hash) => {
                write!(f, "Hash({}, {})", Quoted(name.as_str()), hex(*hash))
            }
            NamedExpectation::Stopped { code, parameter } => {
                fields.add("code", format_args!("{code:#X}"));
                fields.add("parameter", format_args!("{parameter:#X}"));
                write!(f, "Stopped{fields}")
            }
            NamedExpectation::Offer(name, state) => {
                let state = match state {
                    OfferState::NotOffered => "NotOffered",
                    OfferState::Offered => "Offered",
                    OfferState::Discarded => "Discarded",
                };
                write!(f, "Offer({}, {state})", Quoted(name.as_str()))
            }
            NamedExpectation::Locked(name) => write!(f, "Locked({})", Quoted(name.as_str())),
            NamedExpectation::Unlocked(name) => write!(f, "Unlocked({})", Quoted(name.as_str())),
            NamedExpectation::Displayed(name) => write!(f, "Displayed({})", Quoted(name.as_str())),
            NamedExpectation::NotDisplayed(name) => {
                write!(f, "NotDisplayed({})", Quoted(name.as_str()))
            }
            NamedExpectation::Owner { allocation, device } => {
                fields.add("allocation", Quoted(allocation.as_str()));
                fields.add("device", Quoted(device.as_str()));
                write!(f, "Owner{fields}")
            }
            NamedExpectation::PagesBytes { pages, offset, bytes } => {
                fields.add("pages", Quoted(pages.as_str()));
                fields.add("offset", hex(*offset));
                fields.add("bytes", BytesText(bytes));
                write!(f, "PagesBytes{fields}")
            }
            NamedExpectation::Finding(rule) => write!(f, "Finding({})", Quoted(rule.id())),
            NamedExpectation::Damage(damage) => write!(f, "Damage({})", DamageText(damage)),
            NamedExpectation::Power(power) => write!(f, "Power({})", PowerText(*power)),
            NamedExpectation::Fate(name, fate) => {
                write!(f, "Fate({}, {})", Quoted(name.as_str()), fate_name(*fate))
            }
            NamedExpectation::LostBytes(name, bytes) => {
                write!(f, "LostBytes({}, {})", Quoted(name.as_str()), Size(*bytes))
            }
        }
    }
}

struct DamageText<'a>(&'a NamedDamage);

impl Display for DamageText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        let variant = match self.0 {
            NamedDamage::Content { allocation, offset } => {
                fields.add("allocation", Quoted(allocation.as_str()));
                fields.add("offset", hex(*offset));
                "Content"
            }
            NamedDamage::Pages { pages, offset } => {
                fields.add("pages", Quoted(pages.as_str()));
                fields.add("offset", hex(*offset));
                "Pages"
            }
            NamedDamage::Segment { segment, offset } => {
                fields.add("segment", segment);
                fields.add("offset", hex(*offset));
                "Segment"
            }
            NamedDamage::Aperture { segment, page } => {
                fields.add("segment", segment);
                fields.add("page", page);
                "Aperture"
            }
            NamedDamage::WrongRead { allocation, offset } => {
                fields.add("allocation", Quoted(allocation.as_str()));
                fields.add("offset", hex(*offset));
                "WrongRead"
            }
            NamedDamage::WrongCpuRead { allocation, offset } => {
                fields.add("allocation", Quoted(allocation.as_str()));
                fields.add("offset", hex(*offset));
                "WrongCpuRead"
            }
        };
        write!(f, "{variant}{fields}")
    }
}

const fn counter_name(counter: Counter) -> &'static str {
    match counter {
        Counter::PageIns => "PageIns",
        Counter::Evictions => "Evictions",
        Counter::BytesFilled => "BytesFilled",
        Counter::BytesDiscarded => "BytesDiscarded",
        Counter::BytesMappedIntoAperture => "BytesMappedIntoAperture",
        Counter::BytesUnmappedFromAperture => "BytesUnmappedFromAperture",
        Counter::BytesMdlToMemory => "BytesMdlToMemory",
        Counter::BytesMemoryToMdl => "BytesMemoryToMdl",
        Counter::BytesApertureToMemory => "BytesApertureToMemory",
        Counter::BytesMemoryToAperture => "BytesMemoryToAperture",
        Counter::Refusals => "Refusals",
        Counter::Faults => "Faults",
        Counter::Submissions => "Submissions",
        Counter::BytesFlushed => "BytesFlushed",
    }
}
