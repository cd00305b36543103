//! What a session says must hold.

use serde::Deserialize;

use super::SegmentName;
use crate::ddi::NtStatus;
use crate::machine::{ContentState, Counter, OfferState};
use crate::rules::Rule;
use crate::session::name::Name;
use crate::session::value;
use crate::vidmm::{Fate, Power};

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Expectation", deny_unknown_fields)]
pub enum NamedExpectation {
    /// Resident in this segment, at this offset if one is given.
    Place {
        /// The allocation.
        allocation: Name,
        /// The segment.
        segment: SegmentName,
        /// Bytes from the start of the segment.
        #[serde(default, deserialize_with = "value::optional_size")]
        offset: Option<u64>,
    },
    /// Not resident in any segment.
    NotResident(Name),
    /// Destroyed, or never created.
    Absent(Name),
    /// The allocation's bytes are in this state.
    Content(Name, #[serde(with = "value::ContentStateName")] ContentState),
    /// The last command that was not an expectation ended with this status.
    Status(#[serde(deserialize_with = "value::status")] NtStatus),
    /// A counter stands at this value.
    Counter(#[serde(with = "value::CounterName")] Counter, u64),
    /// Bytes of an allocation, wherever they are now.
    Bytes {
        /// The allocation.
        allocation: Name,
        /// Bytes from its start.
        #[serde(default, deserialize_with = "value::size")]
        offset: u64,
        /// What must be there.
        #[serde(deserialize_with = "value::bytes")]
        bytes: Box<[u8]>,
    },
    /// Bytes of a segment, as the GPU sees them.
    SegmentBytes {
        /// The segment.
        segment: SegmentName,
        /// Bytes from its start.
        #[serde(default, deserialize_with = "value::size")]
        offset: u64,
        /// What must be there.
        #[serde(deserialize_with = "value::bytes")]
        bytes: Box<[u8]>,
    },
    /// Bytes of system memory.
    PhysicalBytes {
        /// Physical address.
        #[serde(deserialize_with = "value::size")]
        address: u64,
        /// What must be there.
        #[serde(deserialize_with = "value::bytes")]
        bytes: Box<[u8]>,
    },
    /// The hash of an allocation's bytes.
    Hash(Name, u64),
    /// The machine has stopped.
    Stopped {
        /// Bug check.
        code: u32,
        /// First parameter.
        parameter: u32,
    },
    /// Offered or not.
    Offer(Name, #[serde(with = "value::OfferStateName")] OfferState),
    /// Locked by the CPU.
    Locked(Name),
    /// Not locked.
    Unlocked(Name),
    /// Displayed.
    Displayed(Name),
    /// Not displayed.
    NotDisplayed(Name),
    /// A device owns a shared allocation.
    Owner {
        /// The allocation.
        allocation: Name,
        /// The device.
        device: Name,
    },
    /// Bytes of reserved pages.
    PagesBytes {
        /// The pages.
        pages: Name,
        /// Bytes from their start.
        #[serde(default, deserialize_with = "value::size")]
        offset: u64,
        /// What must be there.
        #[serde(deserialize_with = "value::bytes")]
        bytes: Box<[u8]>,
    },
    /// The adapter breaks or touches a rule.
    Finding(#[serde(deserialize_with = "value::rule")] Rule),
    /// The command before did this damage.
    Damage(NamedDamage),
    /// The machine is in this power state.
    Power(#[serde(with = "value::PowerName")] Power),
    /// The last power transition left the allocation like this.
    Fate(Name, #[serde(with = "value::FateName")] Fate),
    /// So many bytes of the allocation are gone: those of the pages that hold a wrong one.
    LostBytes(Name, #[serde(deserialize_with = "value::size")] u64),
}

/// Damage that is expected: the first wrong byte or page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Damage", deny_unknown_fields)]
pub enum NamedDamage {
    /// Of an allocation.
    Content {
        /// The allocation.
        allocation: Name,
        /// Bytes from its start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
    /// Of reserved pages.
    Pages {
        /// The pages.
        pages: Name,
        /// Bytes from their start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
    /// Of a segment, where no allocation lies.
    Segment {
        /// The segment.
        segment: SegmentName,
        /// Bytes from its start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
    /// Of an aperture.
    Aperture {
        /// The segment.
        segment: SegmentName,
        /// The page.
        page: u64,
    },
    /// Of what the GPU read.
    WrongRead {
        /// The allocation.
        allocation: Name,
        /// Bytes from its start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
    /// Of what the CPU read.
    WrongCpuRead {
        /// The allocation.
        allocation: Name,
        /// Bytes from its start.
        #[serde(deserialize_with = "value::size")]
        offset: u64,
    },
}
