//! The emulated hardware: memories, aperture tables, a queue of submissions and the packets in them.
//!
//! It has never heard of the memory manager or of the language that drivers speak. Regions are
//! numbered places to read and write, addresses are offsets in a region, and the packet formats
//! are the hardware's own. Whoever drives it says what a region is for.
//!
//! Everything is executed on descriptions: copying a gigabyte moves runs, and what a change logs
//! depends on how the bytes are described and not on how many there are.

mod bus;
mod device;
mod execute;
mod fields;
mod packet;
mod record;
mod region;

#[cfg(test)]
mod tests;

pub use device::{
    Executed, Gpu, GpuChange, GpuState, ReadBack, Step, Submission, TakenBack, Touched,
};
pub use fields::{FieldRole, PacketField, fields_of_packet};
pub use packet::{BadPacket, Packet, PacketFormat, Place};
pub use record::{BadRecord, Record, RecordBody, RecordSide, RecordTransfer, fields_of_record};
pub use region::{Fault, PageEntry, Region, RegionConfig, RegionId};
