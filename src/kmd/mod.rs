//! The emulated display miniport driver: turns what VidMm asks for into packets of the GPU.
//!
//! The only room that knows both languages. It implements [`crate::ddi::Miniport`] and owns the
//! GPU that it drives; segments of the adapter become regions of the hardware under the same
//! numbers, and a segment address becomes an offset by taking the segment's base address away.
//! It knows nothing of what VidMm keeps in its books or why it asks.

mod decode;
mod driver;
mod instruction;
mod native;
mod patch;
mod profiles;
mod record;
mod render;
mod rows;
mod state;
mod window;

#[cfg(test)]
mod tests;

pub use decode::{DecodedPacket, FieldText, decode};
pub use driver::{Driver, StartError};
pub use profiles::{AllocationStyle, Encoding, Origin, Profile, Quirk, profile, profiles};
