//! Creating an allocation: what is refused, and what it becomes.

use crate::base::{AllocationId, Bytes, DeviceId, FenceId, PagesId};
use crate::ddi::{AllocationFlags, AllocationInfo, CreateAllocation, InterfaceVersion, NtStatus};
use crate::rules::{AllocationKind, Severity, check_allocation};

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

/// Flags of WDDM 1.x whose behaviour is not modelled.
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
        let size = self.check(&info, new)?;
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
            info: info.into(),
            wddm2: self.adapter.version >= InterfaceVersion::Wddm2_0,
            size,
            fill_pattern: new.fill_pattern,
            priority,
            placement: None,
            backing,
            has_content,
            uncopied: false,
            dirty: false,
            last_reference: 0,
            paged_in: 0,
            fence: FenceId::default(),
            paging_fence: FenceId::default(),
            eviction_policy: self.policies.eviction,
        };
        let after = Some(Box::new(allocation));
        self.book.apply(BookChange::Allocation { id: new.id, before: None, after });
        if let Some(pages) = new.existing {
            self.wrap_pages(pages, Some(new.id));
        }
        Ok(())
    }

    /// The size in whole pages, unless what the driver asks for breaks a rule.
    fn check(&self, info: &AllocationInfo, new: &NewAllocation) -> Result<Bytes, Failure> {
        let kind = AllocationKind {
            shared: new.shared,
            primary: new.primary,
            has_existing_pages: new.existing.is_some(),
        };
        let findings = check_allocation(&self.adapter, info, kind);
        if let Some(error) = findings.iter().find(|found| found.severity() == Severity::Error) {
            return Err(invalid(RefusalReason::Rule(error.rule)));
        }
        if self.adapter.version < InterfaceVersion::Wddm2_0 {
            for (flag, name) in NOT_MODELLED {
                if info.flags.contains(flag) {
                    let reason = RefusalReason::FlagNotModelled(name);
                    return Err(Refusal::new(NtStatus::NOT_SUPPORTED, reason).into());
                }
            }
        }
        info.size.page_rounded().ok_or_else(|| invalid(RefusalReason::BadSize(info.size)))
    }
}
