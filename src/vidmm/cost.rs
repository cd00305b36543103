//! What things cost on the machine's clock, in nanoseconds.
//!
//! Defaults of a plausible machine: a link of 16 GB/s, local memory filled at 64 GB/s. They order
//! and scale the timeline; they predict no real adapter.

/// A command reaches VidMm.
pub(crate) const COMMAND: u64 = 1_000;
/// A call of the driver to build.
pub(crate) const BUILD_CALL: u64 = 500;
/// A word to the platform: the GART driver, or the CPU about its cache.
pub(crate) const PLATFORM: u64 = 500;
/// A submission: doorbell, fetch and interrupt.
pub(crate) const SUBMISSION: u64 = 2_000;
/// A packet, whatever it does.
const PACKET: u64 = 100;
/// Bytes moved in a nanosecond.
const BYTES: u64 = 16;

/// A packet that touches so many bytes, in nanoseconds.
#[must_use]
pub const fn packet(bytes: u64) -> u64 {
    PACKET + bytes / BYTES
}
