//! Writing raw operations.

use std::fmt::{self, Display};

use super::{Fields, Flags, Quoted, Size};
use crate::base::text::{hex, word};
use crate::session::document::{
    NamedDiscardContent, NamedFill, NamedLocation, NamedMapApertureSegment,
    NamedSpecialLockTransfer, NamedTransfer, NamedUnmapApertureSegment,
};

impl Display for NamedLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(segment, address) => write!(f, "Segment({segment}, {})", hex(*address)),
            Self::Pages(name) => write!(f, "Pages({})", Quoted(name.as_str())),
        }
    }
}

pub(super) fn transfer_fields(operation: &NamedTransfer) -> Fields {
    let NamedTransfer {
        allocation,
        transfer_offset,
        transfer_size,
        source,
        destination,
        flags,
        mdl_offset,
    } = operation;
    let mut fields = Fields::default();
    fields.some("allocation", allocation.as_ref().map(|name| Quoted(name.as_str())));
    fields.unless(*transfer_offset == 0, "transfer_offset", hex(u64::from(*transfer_offset)));
    fields.add("transfer_size", Size(*transfer_size));
    fields.add("source", source);
    fields.add("destination", destination);
    fields.unless(flags.is_empty(), "flags", Flags(*flags));
    fields.unless(*mdl_offset == 0, "mdl_offset", mdl_offset);
    fields
}

pub(super) fn special_lock_transfer_fields(operation: &NamedSpecialLockTransfer) -> Fields {
    let NamedSpecialLockTransfer {
        allocation,
        transfer_offset,
        transfer_size,
        source,
        destination,
        flags,
        swizzling_range_id,
        swizzling_range_data,
    } = operation;
    let mut fields = Fields::default();
    fields.some("allocation", allocation.as_ref().map(|name| Quoted(name.as_str())));
    fields.unless(*transfer_offset == 0, "transfer_offset", hex(u64::from(*transfer_offset)));
    fields.add("transfer_size", Size(*transfer_size));
    fields.add("source", source);
    fields.add("destination", destination);
    fields.unless(flags.is_empty(), "flags", Flags(*flags));
    fields.unless(*swizzling_range_id == 0, "swizzling_range_id", swizzling_range_id);
    let data = *swizzling_range_data;
    fields.unless(data == 0, "swizzling_range_data", word(data));
    fields
}

pub(super) fn fill_fields(operation: &NamedFill) -> Fields {
    let NamedFill { allocation, fill_size, fill_pattern, segment, address } = operation;
    let mut fields = Fields::default();
    fields.some("allocation", allocation.as_ref().map(|name| Quoted(name.as_str())));
    fields.add("fill_size", Size(*fill_size));
    fields.unless(*fill_pattern == 0, "fill_pattern", word(*fill_pattern));
    fields.add("segment", segment);
    fields.add("address", hex(*address));
    fields
}

pub(super) fn discard_content_fields(operation: &NamedDiscardContent) -> Fields {
    let NamedDiscardContent { allocation, flags, segment, address } = operation;
    let mut fields = Fields::default();
    fields.some("allocation", allocation.as_ref().map(|name| Quoted(name.as_str())));
    fields.unless(flags.is_empty(), "flags", Flags(*flags));
    fields.add("segment", segment);
    fields.add("address", hex(*address));
    fields
}

pub(super) fn map_fields(operation: &NamedMapApertureSegment) -> Fields {
    let NamedMapApertureSegment {
        device,
        allocation,
        segment,
        offset_in_pages,
        number_of_pages,
        pages,
        flags,
        mdl_offset,
    } = operation;
    let mut fields = Fields::default();
    fields.some("device", device.as_ref().map(|name| Quoted(name.as_str())));
    fields.some("allocation", allocation.as_ref().map(|name| Quoted(name.as_str())));
    fields.add("segment", segment);
    fields.unless(*offset_in_pages == 0, "offset_in_pages", offset_in_pages);
    fields.add("number_of_pages", number_of_pages);
    fields.add("pages", Quoted(pages.as_str()));
    fields.unless(flags.is_empty(), "flags", Flags(*flags));
    fields.unless(*mdl_offset == 0, "mdl_offset", mdl_offset);
    fields
}

pub(super) fn unmap_fields(operation: &NamedUnmapApertureSegment) -> Fields {
    let NamedUnmapApertureSegment {
        device,
        allocation,
        segment,
        offset_in_pages,
        number_of_pages,
        dummy_page,
    } = operation;
    let mut fields = Fields::default();
    fields.some("device", device.as_ref().map(|name| Quoted(name.as_str())));
    fields.some("allocation", allocation.as_ref().map(|name| Quoted(name.as_str())));
    fields.add("segment", segment);
    fields.unless(*offset_in_pages == 0, "offset_in_pages", offset_in_pages);
    fields.add("number_of_pages", number_of_pages);
    fields.some("dummy_page", dummy_page.map(hex));
    fields
}
