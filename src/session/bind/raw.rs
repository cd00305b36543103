//! Binding raw operations.

use super::{At, Binder};
use crate::machine::{RawLocation, RawOperation, RawTransfer};
use crate::session::document::{NamedCommand, NamedLocation};

impl Binder {
    /// One of the raw operations; `None` when it has errors.
    pub(super) fn raw_operation(
        &mut self,
        command: &NamedCommand,
        at: At<'_>,
    ) -> Option<RawOperation> {
        Some(match command {
            NamedCommand::Transfer(named) => {
                let allocation = self.optional_allocation(named.allocation.as_ref(), at);
                let source = self.location(&named.source, &|| at().field("source"));
                let destination = self.location(&named.destination, &|| at().field("destination"));
                RawOperation::Transfer(RawTransfer {
                    allocation: allocation?,
                    transfer_offset: named.transfer_offset,
                    transfer_size: named.transfer_size,
                    source: source?,
                    destination: destination?,
                    flags: named.flags,
                    mdl_offset: named.mdl_offset,
                })
            }
            NamedCommand::SpecialLockTransfer(named) => {
                let allocation = self.optional_allocation(named.allocation.as_ref(), at);
                let source = self.location(&named.source, &|| at().field("source"));
                let destination = self.location(&named.destination, &|| at().field("destination"));
                let transfer = RawTransfer {
                    allocation: allocation?,
                    transfer_offset: named.transfer_offset,
                    transfer_size: named.transfer_size,
                    source: source?,
                    destination: destination?,
                    flags: named.flags,
                    mdl_offset: 0,
                };
                let (id, data) = (named.swizzling_range_id, named.swizzling_range_data);
                RawOperation::SpecialLockTransfer(transfer, id, data)
            }
            NamedCommand::Fill(named) => {
                let allocation = self.optional_allocation(named.allocation.as_ref(), at);
                let segment = self.segment(&named.segment, &|| at().field("segment"));
                RawOperation::Fill {
                    allocation: allocation?,
                    fill_size: named.fill_size,
                    fill_pattern: named.fill_pattern,
                    segment: segment?,
                    address: named.address,
                }
            }
            NamedCommand::DiscardContent(named) => {
                let allocation = self.optional_allocation(named.allocation.as_ref(), at);
                let segment = self.segment(&named.segment, &|| at().field("segment"));
                RawOperation::DiscardContent {
                    allocation: allocation?,
                    flags: named.flags,
                    segment: segment?,
                    address: named.address,
                }
            }
            NamedCommand::ReadPhysical(named) => {
                let segment = self.segment(&named.segment, &|| at().field("segment"));
                RawOperation::ReadPhysical { segment: segment?, address: named.address }
            }
            NamedCommand::WritePhysical(named) => {
                let segment = self.segment(&named.segment, &|| at().field("segment"));
                RawOperation::WritePhysical { segment: segment?, address: named.address }
            }
            NamedCommand::MapApertureSegment(named) => {
                let device = self.optional_device(named.device.as_ref(), at);
                let allocation = self.optional_allocation(named.allocation.as_ref(), at);
                let segment = self.segment(&named.segment, &|| at().field("segment"));
                let pages = self.pages(&named.pages, &|| at().field("pages"));
                RawOperation::MapApertureSegment {
                    device: device?,
                    allocation: allocation?,
                    segment: segment?,
                    offset_in_pages: named.offset_in_pages,
                    number_of_pages: named.number_of_pages,
                    pages: pages?,
                    flags: named.flags,
                    mdl_offset: named.mdl_offset,
                }
            }
            NamedCommand::UnmapApertureSegment(named) => {
                let device = self.optional_device(named.device.as_ref(), at);
                let allocation = self.optional_allocation(named.allocation.as_ref(), at);
                let segment = self.segment(&named.segment, &|| at().field("segment"));
                RawOperation::UnmapApertureSegment {
                    device: device?,
                    allocation: allocation?,
                    segment: segment?,
                    offset_in_pages: named.offset_in_pages,
                    number_of_pages: named.number_of_pages,
                    dummy_page: named.dummy_page,
                }
            }
            _ => return None,
        })
    }

    fn location(&mut self, location: &NamedLocation, at: At<'_>) -> Option<RawLocation> {
        Some(match location {
            NamedLocation::Segment(segment, address) => {
                let id = self.segment(segment, &|| at().variant("Segment").index(0))?;
                RawLocation::Segment { id, address: *address }
            }
            NamedLocation::Pages(name) => {
                RawLocation::Pages(self.pages(name, &|| at().variant("Pages"))?)
            }
        })
    }
}
