//! Creating an allocation: what is refused, and what it becomes.

use crate::base::{AllocationId, Bytes, DeviceId, FenceId, PAGE_SIZE, PagesId, SegmentId};
use crate::ddi::{
    AllocationFlags, AllocationInfo, CreateAllocation, InterfaceVersion, NtStatus, SegmentSet,
};
use crate::rules::SegmentKind;

use super::allocation::{Allocation, Offer};
use super::book::BookChange;
use super::paging::Environment;
use super::reason::{Failure, Refusal, RefusalReason};
use super::{VidMm, invalid};

/// What a device asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAllocation {
    /// Its identity, not used before.
    pub id: AllocationId,
    /// The device.
    pub device: DeviceId,
    /// What the user-mode driver asks for.
    pub info: AllocationInfo,
    /// What a first page-in without content fills it with.
    pub fill_pattern: u32,
    /// Other devices may open it.
    pub shared: bool,
    /// A primary: operations that map it name no device.
    pub primary: bool,
    /// The reserved pages that it wraps.
    pub existing: Option<PagesId>,
}

/// Flags whose behaviour is not modelled: as WDDM 1.x names them, and as 2.x does.
const NOT_MODELLED: [(AllocationFlags, &str); 4] = [
    (AllocationFlags::Swizzled, "Swizzled"),
    (AllocationFlags::UseAlternateVA, "UseAlternateVA"),
    (AllocationFlags::LinkMirrored, "LinkMirrored"),
    (AllocationFlags::LinkInstanced, "LinkInstanced"),
];
impl VidMm {
    /// Creates an allocation: charged to commit, resident nowhere, without content.
    ///
    /// # Errors
    /// When the device does not exist, the driver refuses, the adapter cannot hold what is asked,
    /// or system memory promised would pass what there is.
    pub fn create_allocation(
        &mut self,
        environment: &mut Environment<'_>,
        new: &NewAllocation,
    ) -> Result<(), Failure> {
        if self.book().allocation(new.id).is_some() {
            return Err(invalid(RefusalReason::AlreadyExists));
        }
        let Some(device) = self.book().device(new.device).copied() else {
            return Err(invalid(RefusalReason::NoDevice));
        };
        let backing = match new.existing {
            None => None,
            Some(pages) => Some(self.unwrapped_pages(pages)?),
        };
        let arguments = CreateAllocation { requested: new.info.clone() };
        let (handle, mut info) = environment
            .driver
            .create_allocation(&arguments)
            .map_err(|status| Refusal::new(status, RefusalReason::Driver))?;
        if self.adapter.version >= InterfaceVersion::Wddm2_0 {
            info.supported_read = info.supported_write;
        }
        let size = self.check(&info)?;
        let pages = backing.as_ref().map(|mdl| mdl.pages().bytes());
        if let Some(pages) = pages.filter(|pages| *pages != size) {
            return Err(invalid(RefusalReason::BadSize(pages)));
        }
        let commit = if backing.is_some() { Bytes::ZERO } else { size };
        let before = self.book().commit();
        let after = Bytes(before.get().saturating_add(commit.get()));
        if after > self.commit_limit {
            let (needed, limit) = (size, self.commit_limit);
            let reason = RefusalReason::OutOfCommit { needed, committed: before, limit };
            return Err(Refusal::new(NtStatus::COMMITMENT_LIMIT, reason).into());
        }
        self.book.apply(BookChange::SystemCommit { before, after });
        let priority = info.priority;
        let has_content = backing.is_some();
        let allocation = Allocation {
            id: new.id,
            device: new.device,
            creator: device.process,
            openers: Vec::new(),
            shared: new.shared,
            primary: new.primary,
            displayed: false,
            existing: new.existing,
            locks: 0,
            left_for_lock: false,
            offer: Offer::None,
            cache_dirty: false,
            handle,
            info,
            wddm2: self.adapter.version >= InterfaceVersion::Wddm2_0,
            size,
            fill_pattern: new.fill_pattern,
            priority,
            placement: None,
            backing,
            has_content,
            dirty: false,
            last_reference: 0,
            paged_in: 0,
            fence: FenceId::default(),
            eviction_policy: self.policies.eviction,
        };
        let after = Some(Box::new(allocation));
        self.book.apply(BookChange::Allocation { id: new.id, before: None, after });
        if let Some(pages) = new.existing {
            self.wrap_pages(pages, Some(new.id));
        }
        Ok(())
    }

    /// The size in whole pages, unless something is wrong with what the driver asks for.
    fn check(&self, info: &AllocationInfo) -> Result<Bytes, Failure> {
        let size = info.size.page_rounded().filter(|size| *size > Bytes::ZERO);
        let size = size.ok_or_else(|| invalid(RefusalReason::BadSize(info.size)))?;
        let alignment = info.alignment.get();
        if alignment > PAGE_SIZE && !alignment.is_power_of_two() {
            return Err(invalid(RefusalReason::BadAlignment(info.alignment)));
        }
        if info.priority.0 == 0 {
            return Err(invalid(RefusalReason::ZeroPriority));
        }
        self.check_segments(info)?;
        check_flags(info.flags)?;
        Ok(size)
    }

    fn check_segments(&self, info: &AllocationInfo) -> Result<(), Failure> {
        let supported = SegmentSet(info.supported_read.0 | info.supported_write.0);
        for set in [supported, info.eviction] {
            let known = (1u64 << self.adapter.segments.len()) - 1;
            let unknown = u64::from(set.0) & !known;
            if unknown != 0 {
                let number = unknown.trailing_zeros() + 1;
                return Err(invalid(RefusalReason::NoSuchSegment(number)));
            }
        }
        if info.supported_write.is_empty() && info.supported_read.is_empty() {
            return Err(invalid(RefusalReason::NoSupportedSegment));
        }
        let outside =
            info.preferred.iter().find(|preference| !supported.contains(preference.segment));
        if let Some(preference) = outside {
            let segment = preference.segment;
            return Err(invalid(RefusalReason::PreferenceOutsideSupported(segment)));
        }
        let is_aperture = |id: &SegmentId| {
            self.adapter.segment(*id).is_some_and(|s| s.kind == SegmentKind::Aperture)
        };
        if let Some(memory) = info.eviction.iter().find(|id| !is_aperture(id)) {
            return Err(invalid(RefusalReason::EvictionSegmentNotAperture(memory)));
        }
        Ok(())
    }
}

fn check_flags(flags: AllocationFlags) -> Result<(), Failure> {
    for (flag, name) in NOT_MODELLED {
        if flags.contains(flag) {
            let reason = RefusalReason::FlagNotModelled(name);
            return Err(Refusal::new(NtStatus::NOT_SUPPORTED, reason).into());
        }
    }
    let visible = flags.contains(AllocationFlags::CpuVisible);
    for (flag, name) in
        [(AllocationFlags::PermanentSysMem, "PermanentSysMem"), (AllocationFlags::Cached, "Cached")]
    {
        if flags.contains(flag) && !visible {
            return Err(invalid(RefusalReason::FlagNeeds(name, "CpuVisible")));
        }
    }
    if flags.contains(AllocationFlags::Protected | AllocationFlags::PermanentSysMem) {
        return Err(invalid(RefusalReason::FlagsExclude("Protected", "PermanentSysMem")));
    }
    Ok(())
}
