//! Flag words: what a driver claims about its segments and allocations, and what VidMm says about
//! an operation. Names and bits from d3dkmddi.h.

use bitflags::bitflags;

bitflags! {
    /// The 32-bit `Value` of `DXGK_SEGMENTFLAGS`.
    ///
    /// Whether a combination is legal is for `rules` to say, so that an illegal one can be shown
    /// and repaired. Bits 22 to 31 are reserved; a word that has them keeps them.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SegmentFlags: u32 {
        /// Address space only: paging in maps system pages instead of moving bytes.
        const Aperture = 1 << 0;
        /// AGP-type aperture; VidMm has the GART driver map it. Must be the only bit set.
        const Agp = 1 << 1;
        /// The CPU reaches the segment linearly at its `CpuTranslatedAddress`.
        const CpuVisible = 1 << 2;
        /// The bank count and bank table are valid.
        const UseBanking = 1 << 3;
        /// Cacheable pages mapped into this aperture stay coherent with the CPU cache.
        const CacheCoherent = 1 << 4;
        /// Allocations take `PitchAlignedSize` here and `Size` in the backing store.
        const PitchAlignment = 1 << 5;
        /// The segment is carved out of system memory that the operating system counts.
        const PopulatedFromSystemMemory = 1 << 6;
        /// Content survives standby.
        const PreservedDuringStandby = 1 << 7;
        /// Content survives hibernation.
        const PreservedDuringHibernate = 1 << 8;
        /// Content up to `SystemMemoryEndAddress` survives hibernation.
        const PartiallyPreservedDuringHibernate = 1 << 9;
        /// Direct Flip allocations can be pinned and scanned out from here.
        const DirectFlip = 1 << 10;
        /// Managed in pages of 64 KiB instead of 4 KiB.
        const Use64KBPages = 1 << 11;
        /// For the operating system; drivers leave it clear.
        const ReservedSysMem = 1 << 12;
        /// The CPU reaches the segment through a programmable window.
        const SupportsCpuHostAperture = 1 << 13;
        /// That window is coherent with the CPU cache.
        const SupportsCachedCpuHostAperture = 1 << 14;
        /// Takes part in the budgets of applications.
        const ApplicationTarget = 1 << 15;
        /// Video protected regions are supported.
        const VprSupported = 1 << 16;
        /// Content of video protected regions survives standby.
        const VprPreservedDuringStandby = 1 << 17;
        /// Hardware-protected allocations are encrypted while they are paged.
        const EncryptedPagingSupported = 1 << 18;
        /// Counts against the local budget group.
        const LocalBudgetGroup = 1 << 19;
        /// Counts against the non-local budget group.
        const NonLocalBudgetGroup = 1 << 20;
        /// Backed by DDR memory that the firmware reserved.
        const PopulatedByReservedDDRByFirmware = 1 << 21;
    }
}

bitflags! {
    /// The `Value` of `DXGK_ALLOCATIONINFOFLAGS`, as far as WDDM 1.x names it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct AllocationFlags: u32 {
        /// The CPU may read and write it.
        const CpuVisible = 1 << 0;
        /// The backing store is kept while the allocation is resident in a memory segment.
        const PermanentSysMem = 1 << 1;
        /// The backing store is cacheable.
        const Cached = 1 << 2;
        /// The backing store is kernel memory.
        const Protected = 1 << 3;
        /// Wraps a range of user memory that exists already.
        const ExistingSysMem = 1 << 4;
        /// Wraps a range of kernel memory that exists already.
        const ExistingKernelSysMem = 1 << 5;
        /// Searched for from the end of the segment.
        const FromEndOfSegment = 1 << 6;
        /// The CPU sees it linearly only through an unswizzling aperture.
        const Swizzled = 1 << 7;
        /// An overlay surface: pinned.
        const Overlay = 1 << 8;
        /// A capture surface: pinned.
        const Capture = 1 << 9;
        /// A primary that is locked through an address of its own.
        const UseAlternateVA = 1 << 10;
        /// Paged only while the GPU is idle.
        const SynchronousPaging = 1 << 11;
        /// The same content on every linked adapter.
        const LinkMirrored = 1 << 12;
        /// An instance on every linked adapter.
        const LinkInstanced = 1 << 13;
        /// A history buffer.
        const HistoryBuffer = 1 << 14;
    }
}

bitflags! {
    /// The same word as WDDM 2.x names it: `DXGK_ALLOCATIONINFOFLAGS_WDDM2_0`.
    ///
    /// Bits 11 and 12, and 19 to 31, are reserved.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct AllocationFlagsWddm2: u32 {
        /// The CPU may read and write it.
        const CpuVisible = 1 << 0;
        /// The backing store is kept while the allocation is resident in a memory segment.
        const PermanentSysMem = 1 << 1;
        /// The backing store is cacheable.
        const Cached = 1 << 2;
        /// The backing store is kernel memory.
        const Protected = 1 << 3;
        /// Wraps a range of user memory that exists already.
        const ExistingSysMem = 1 << 4;
        /// Wraps a range of kernel memory that exists already.
        const ExistingKernelSysMem = 1 << 5;
        /// Searched for from the end of the segment.
        const FromEndOfSegment = 1 << 6;
        /// Never mapped with a large page, since WDDM 2.1.
        const DisableLargePageMapping = 1 << 7;
        /// An overlay surface: pinned.
        const Overlay = 1 << 8;
        /// A capture surface: pinned.
        const Capture = 1 << 9;
        /// Lies in the video protected range, since WDDM 2.1.
        const CreateInVpr = 1 << 10;
        /// Mapped into the aperture with an address for the CPU, since WDDM 2.9.
        const MapApertureCpuVisible = 1 << 13;
        /// A history buffer.
        const HistoryBuffer = 1 << 14;
        /// Accessed by physical address: contiguous, and mapped whenever it is in system memory.
        const AccessedPhysically = 1 << 15;
        /// The driver is told when it becomes resident and when it leaves.
        const ExplicitResidencyNotification = 1 << 16;
        /// Holds content under hardware protection.
        const HardwareProtected = 1 << 17;
        /// Has an address for the CPU only while it is locked.
        const CpuVisibleOnDemand = 1 << 18;
    }
}

impl AllocationFlags {
    /// The names of a word as a generation of the flags spells them, joined by ` | `; bits without
    /// a name follow in hexadecimal. Empty for no bit.
    #[must_use]
    pub fn names(self, version: super::InterfaceVersion) -> String {
        fn joined<F: bitflags::Flags<Bits = u32>>(word: u32) -> String {
            let flags = F::from_bits_retain(word);
            let mut names: Vec<String> =
                flags.iter_names().map(|(name, _)| name.to_owned()).collect();
            let rest = word & !F::all().bits();
            if rest != 0 {
                names.push(format!("{rest:#X}"));
            }
            names.join(" | ")
        }
        if version >= super::InterfaceVersion::Wddm2_0 {
            joined::<AllocationFlagsWddm2>(self.bits())
        } else {
            joined::<Self>(self.bits())
        }
    }

    /// The same word as WDDM 2.x reads it.
    #[must_use]
    pub const fn as_wddm2(self) -> AllocationFlagsWddm2 {
        AllocationFlagsWddm2::from_bits_retain(self.bits())
    }
}

bitflags! {
    /// `D3DDDICB_LOCKFLAGS`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct LockFlags: u32 {
        /// The CPU only reads.
        const ReadOnly = 1 << 0;
        /// The CPU only writes.
        const WriteOnly = 1 << 1;
        /// Fails rather than wait for the GPU.
        const DonotWait = 1 << 2;
        /// Does not wait for the GPU.
        const IgnoreSync = 1 << 3;
        /// All of the allocation.
        const LockEntire = 1 << 4;
        /// Fails rather than evict the allocation.
        const DonotEvict = 1 << 5;
        /// Takes an unswizzling aperture.
        const AcquireAperture = 1 << 6;
        /// The content may be dropped: another instance may be handed out.
        const Discard = 1 << 7;
        /// Nothing in flight names the allocation.
        const NoExistingReference = 1 << 8;
        /// Through an address of its own.
        const UseAlternateVA = 1 << 9;
        /// Does not wait for reads of the GPU.
        const IgnoreReadSync = 1 << 10;
    }
}

bitflags! {
    /// `DXGK_TRANSFERFLAGS`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TransferFlags: u32 {
        /// Swizzle on the way.
        const Swizzle = 1 << 0;
        /// Unswizzle on the way.
        const Unswizzle = 1 << 1;
        /// The GPU has finished every reference to the allocation.
        const AllocationIsIdle = 1 << 2;
        /// First sub-transfer of a transfer.
        const TransferStart = 1 << 3;
        /// Last sub-transfer of a transfer.
        const TransferEnd = 1 << 4;
    }
}

bitflags! {
    /// `DXGK_DISCARDCONTENTFLAGS`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct DiscardContentFlags: u32 {
        /// The GPU has finished every reference to the allocation.
        const AllocationIsIdle = 1 << 0;
    }
}

bitflags! {
    /// `DXGK_MAPAPERTUREFLAGS`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MapApertureFlags: u32 {
        /// Cacheable pages are mapped into a cache-coherent aperture.
        const CacheCoherent = 1 << 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values as the documents print them, in hexadecimal, independent of the shifts above.
    #[test]
    fn segment_flag_values_are_those_of_the_documents() {
        let table = [
            (SegmentFlags::Aperture, 0x0000_0001),
            (SegmentFlags::Agp, 0x0000_0002),
            (SegmentFlags::CpuVisible, 0x0000_0004),
            (SegmentFlags::UseBanking, 0x0000_0008),
            (SegmentFlags::CacheCoherent, 0x0000_0010),
            (SegmentFlags::PitchAlignment, 0x0000_0020),
            (SegmentFlags::PopulatedFromSystemMemory, 0x0000_0040),
            (SegmentFlags::PreservedDuringStandby, 0x0000_0080),
            (SegmentFlags::PreservedDuringHibernate, 0x0000_0100),
            (SegmentFlags::PartiallyPreservedDuringHibernate, 0x0000_0200),
            (SegmentFlags::DirectFlip, 0x0000_0400),
            (SegmentFlags::Use64KBPages, 0x0000_0800),
            (SegmentFlags::ReservedSysMem, 0x0000_1000),
            (SegmentFlags::SupportsCpuHostAperture, 0x0000_2000),
            (SegmentFlags::SupportsCachedCpuHostAperture, 0x0000_4000),
            (SegmentFlags::ApplicationTarget, 0x0000_8000),
            (SegmentFlags::VprSupported, 0x0001_0000),
            (SegmentFlags::VprPreservedDuringStandby, 0x0002_0000),
            (SegmentFlags::EncryptedPagingSupported, 0x0004_0000),
            (SegmentFlags::LocalBudgetGroup, 0x0008_0000),
            (SegmentFlags::NonLocalBudgetGroup, 0x0010_0000),
            (SegmentFlags::PopulatedByReservedDDRByFirmware, 0x0020_0000),
        ];
        assert_eq!(table.len(), 22);
        for (flag, value) in table {
            assert_eq!(flag.bits(), value, "{flag:?}");
        }
        assert_eq!(SegmentFlags::all().bits(), 0x003F_FFFF, "bits 22 to 31 are reserved");
    }

    #[test]
    fn operation_flag_values_are_those_of_the_documents() {
        let table = [
            (TransferFlags::Swizzle, 0x1),
            (TransferFlags::Unswizzle, 0x2),
            (TransferFlags::AllocationIsIdle, 0x4),
            (TransferFlags::TransferStart, 0x8),
            (TransferFlags::TransferEnd, 0x10),
        ];
        for (flag, value) in table {
            assert_eq!(flag.bits(), value, "{flag:?}");
        }
        assert_eq!(TransferFlags::all().bits(), 0x1F);
        assert_eq!(DiscardContentFlags::AllocationIsIdle.bits(), 0x1);
        assert_eq!(MapApertureFlags::CacheCoherent.bits(), 0x1);
    }

    /// Both generations in hexadecimal, as the documents print them: where they agree, and where
    /// the same bit has another name or none.
    #[test]
    fn allocation_flag_values_are_those_of_the_documents() {
        let both = [
            ("CpuVisible", 0x1),
            ("PermanentSysMem", 0x2),
            ("Cached", 0x4),
            ("Protected", 0x8),
            ("ExistingSysMem", 0x10),
            ("ExistingKernelSysMem", 0x20),
            ("FromEndOfSegment", 0x40),
            ("Overlay", 0x100),
            ("Capture", 0x200),
            ("HistoryBuffer", 0x4000),
        ];
        for (name, value) in both {
            assert_eq!(AllocationFlags::from_name(name).map(|flag| flag.bits()), Some(value));
            assert_eq!(AllocationFlagsWddm2::from_name(name).map(|flag| flag.bits()), Some(value));
        }
        let first = [
            (AllocationFlags::Swizzled, 0x80),
            (AllocationFlags::UseAlternateVA, 0x400),
            (AllocationFlags::SynchronousPaging, 0x800),
            (AllocationFlags::LinkMirrored, 0x1000),
            (AllocationFlags::LinkInstanced, 0x2000),
        ];
        for (flag, value) in first {
            assert_eq!(flag.bits(), value, "{flag:?}");
        }
        let second = [
            (AllocationFlagsWddm2::DisableLargePageMapping, 0x80),
            (AllocationFlagsWddm2::CreateInVpr, 0x400),
            (AllocationFlagsWddm2::MapApertureCpuVisible, 0x2000),
            (AllocationFlagsWddm2::AccessedPhysically, 0x8000),
            (AllocationFlagsWddm2::ExplicitResidencyNotification, 0x1_0000),
            (AllocationFlagsWddm2::HardwareProtected, 0x2_0000),
            (AllocationFlagsWddm2::CpuVisibleOnDemand, 0x4_0000),
        ];
        for (flag, value) in second {
            assert_eq!(flag.bits(), value, "{flag:?}");
        }
        assert_eq!(AllocationFlags::all().bits(), 0x7FFF);
        assert_eq!(AllocationFlagsWddm2::all().bits(), 0x7_E7FF, "bits 11 and 12 are reserved");
    }

    #[test]
    fn a_word_is_named_by_its_generation_and_keeps_what_has_no_name() {
        let word = AllocationFlags::from_bits_retain(0x1_8480);
        let first = "Swizzled | UseAlternateVA | 0x18000";
        let second = "DisableLargePageMapping | CreateInVpr | AccessedPhysically | \
             ExplicitResidencyNotification";
        assert_eq!(word.names(super::super::InterfaceVersion::Wddm1_3), first);
        assert_eq!(word.names(super::super::InterfaceVersion::Wddm2_9), second);
        assert_eq!(AllocationFlags::empty().names(super::super::InterfaceVersion::Wddm2_0), "");
    }

    #[test]
    fn lock_flag_values_are_those_of_the_documents() {
        let names = [
            "ReadOnly",
            "WriteOnly",
            "DonotWait",
            "IgnoreSync",
            "LockEntire",
            "DonotEvict",
            "AcquireAperture",
            "Discard",
            "NoExistingReference",
            "UseAlternateVA",
            "IgnoreReadSync",
        ];
        for (bit, name) in names.into_iter().enumerate() {
            assert_eq!(LockFlags::from_name(name).map(|flag| flag.bits()), Some(1 << bit));
        }
        assert_eq!(LockFlags::all().bits(), 0x7FF);
    }
}
