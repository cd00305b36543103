//! The rule book: every rule with its id, severity, sentence and source.
//!
//! Errors and warnings say the rule. Disagreements say both sides. Notes say the consequence.
//! Documents are named by structure and member, or by the title of the page, of the display driver
//! documentation. What tells a rule from its neighbours is in the files that look for it.

use super::{Severity, Subject};

macro_rules! fix {
    () => {
        None
    };
    ($fix:literal) => {
        Some($fix)
    };
}

macro_rules! rules {
    ($($subject:ident {
        $($(#[$meta:meta])* $name:ident = $id:literal, $severity:ident, $sentence:literal, $source:literal
            $(, fix $fix:literal)?;)*
    })*) => {
        /// The rules on adapters and allocations.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($($(#[$meta])* $name,)*)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// A short name that never changes.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $($(Self::$name => $id,)*)* }
            }

            /// What it is about.
            #[must_use]
            pub const fn subject(self) -> Subject {
                match self { $($(Self::$name => Subject::$subject,)*)* }
            }

            /// How bad it is to break it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $($(Self::$name => Severity::$severity,)*)* }
            }

            /// The rule as a sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $($(Self::$name => $sentence,)*)* }
            }

            /// Where it comes from.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $($(Self::$name => $source,)*)* }
            }

            /// What to do about it, where there is one thing to do.
            #[must_use]
            pub const fn fix(self) -> Option<&'static str> {
                match self { $($(Self::$name => fix!($($fix)?),)*)* }
            }
        }
    };
}

rules! {
Segments {
    /// An adapter has segments.
    NoSegments = "segment-none", Error,
        "an adapter reports at least one segment", "DXGK_QUERYSEGMENTOUT, NbSegment";
    /// Ids have five bits, and 0 is none.
    TooManySegments = "segment-count", Error,
        "segment ids go from 1 to 31; only the first 31 segments are looked at",
        "D3DDDI_SEGMENTPREFERENCE, SegmentId0";
    /// Names tell segments apart.
    SegmentNames = "segment-names", Error,
        "segments have names, all different", "sessions name segments";
    /// A segment has a size.
    SizeZero = "segment-size-zero", Error,
        "a segment has a size", "DXGK_SEGMENTDESCRIPTOR, Size";
    /// A segment consists of pages.
    SizeNotPages = "segment-size-pages", Error,
        "the size of a segment is a multiple of the host page", "DXGK_SEGMENTDESCRIPTOR, Size",
        fix "round it down to a multiple of 4 KiB";
    /// The rest behind the last large page.
    SizeNotLargePages = "segment-size-large-pages", Note,
        "what is behind the last whole page of 64 KiB is never used", "DXGK_SEGMENTFLAGS, Use64KBPages";
    /// A base address begins a page.
    BaseNotPages = "segment-base-pages", Error,
        "the base address of a segment is a multiple of the host page",
        "DXGK_SEGMENTDESCRIPTOR, BaseAddress";
    /// Addresses have 64 bits.
    EndBeyondAddresses = "segment-end", Error,
        "base address plus size fits in 64 bits", "DXGK_SEGMENTDESCRIPTOR, BaseAddress";
    /// Several bases of 0.
    SegmentsOverlap = "segment-overlap", Warning,
        "the addresses of segments do not overlap; drivers that report several bases of 0 work, \
         because an address never stands without its segment",
        "Using memory segments to describe the GPU address space";
    /// A limit above the size limits nothing.
    CommitAboveSize = "commit-above-size", Error,
        "the commit limit does not exceed the size", "DXGK_SEGMENTDESCRIPTOR, CommitLimit",
        fix "set it to the size, or to 0";
    /// Memory segments commit all of themselves.
    CommitOnMemory = "commit-on-memory", Warning,
        "the commit limit of a memory segment is its size, or 0",
        "DXGK_SEGMENTDESCRIPTOR, CommitLimit";
    /// A limit left out.
    CommitZero = "commit-zero", Note,
        "a commit limit of 0 stands for the size of the segment",
        "DXGK_SEGMENTDESCRIPTOR, CommitLimit";
    /// Coherence belongs to mappings.
    CoherentMemory = "coherent-memory", Warning,
        "CacheCoherent has no meaning for a memory segment", "DXGK_SEGMENTFLAGS, CacheCoherent",
        fix "clear it";
    /// Rows take their aligned pitch there only.
    PitchSegment = "pitch-segment", Note,
        "allocations take PitchAlignedSize in a pitch-aligned segment, and none is ever evicted \
         through it",
        "DXGK_SEGMENTFLAGS, PitchAlignment";
    /// The bit of the operating system.
    ReservedSysMem = "segment-reserved-sysmem", Warning,
        "ReservedSysMem is for the operating system; drivers leave it clear",
        "DXGK_SEGMENTFLAGS, ReservedSysMem", fix "clear it";
    /// Bits 22 to 31.
    ReservedBits = "segment-reserved-bits", Warning,
        "bits 22 to 31 of the segment flags are reserved", "DXGK_SEGMENTFLAGS, Reserved",
        fix "clear them";
    /// A flag from the future.
    FlagNewer = "segment-flag-newer", Note,
        "the flag has its meaning since a newer interface version than that of the driver",
        "DXGK_SEGMENTFLAGS", fix "raise the interface version, or clear the flag";
    /// A query from the future.
    DescriptorNewer = "descriptor-newer", Error,
        "a driver answers no segment query that is newer than its interface version",
        "DXGK_QUERYADAPTERINFOTYPE", fix "raise the interface version";
}
Apertures {
    /// Two documents disagree.
    VisibleAperture = "visible-aperture", Disagreement,
        "documents disagree on CpuVisible for an aperture: the flags page gives it no meaning but \
         for a primary locked without an address of its own, the page on linear apertures lets it \
         say that the CPU reaches the aperture",
        "DXGK_SEGMENTFLAGS, CpuVisible; Linear Aperture-Space Segments";
    /// One aperture, or as many as there are.
    SingleAperture = "aperture-single", Disagreement,
        "documents want exactly one aperture segment on WDDM 2.x; Microsoft's compute-only sample \
         has none and starts",
        "GPU segments";
    /// The limit of all apertures.
    ApertureLimitLowered = "aperture-limit-lowered", Note,
        "ApertureSegmentCommitLimit is below what the apertures may commit together: less system \
         memory is shared, which the documents advise against",
        "DXGK_DRIVERCAPS, ApertureSegmentCommitLimit", fix "set it to 0 for no limit";
    /// AGP stands alone.
    AgpNotAlone = "agp-alone", Error,
        "Agp is the only bit set in its segment; otherwise the adapter does not start",
        "DXGK_SEGMENTFLAGS, Agp", fix "clear the other bits, or set Aperture instead of Agp";
    /// There is one AGP aperture.
    AgpTwice = "agp-twice", Error,
        "an adapter has at most one AGP segment", "DXGK_SEGMENTFLAGS, Agp";
    /// AGP without AGP.
    AgpWithoutPlatform = "agp-platform", Error,
        "an AGP segment needs the AGP aperture of a platform, announced in the query; without it \
         the adapter does not start",
        "Initializing use of memory segments; DXGK_QUERYSEGMENTIN", fix "give the platform an AGP aperture";
    /// The newer query announces no aperture.
    AgpGeneration = "agp-descriptor", Error,
        "the query for DXGK_SEGMENTDESCRIPTOR4 announces no AGP aperture, so that no AGP segment \
         can be reported",
        "DXGK_QUERYSEGMENTIN4";
    /// What the driver says of it does not count.
    AgpIgnored = "agp-ignored", Note,
        "base address and size of an AGP segment are ignored: those of the platform's aperture count",
        "DXGK_SEGMENTDESCRIPTOR, BaseAddress, Size";
    /// The GART driver maps it.
    AgpGart = "agp-gart", Note,
        "maps and unmaps of an AGP segment go to the GART driver and never reach the display driver",
        "AGP-Type Aperture-Space Segments";
    /// The platform's aperture has a size.
    PlatformApertureZero = "platform-aperture-zero", Error,
        "the AGP aperture of a platform has a size", "DXGK_QUERYSEGMENTIN, AgpApertureSize",
        fix "give it a size, or leave the AGP aperture out";
    /// The platform's aperture consists of pages.
    PlatformAperturePages = "platform-aperture-pages", Error,
        "base and size of the AGP aperture of a platform are multiples of the host page",
        "DXGK_QUERYSEGMENTIN, AgpApertureBase, AgpApertureSize";
    /// The platform's aperture ends within 64 bits.
    PlatformApertureEnd = "platform-aperture-end", Error,
        "base plus size of the AGP aperture of a platform fits in 64 bits",
        "DXGK_QUERYSEGMENTIN, AgpApertureBase";
    /// Nobody reports it.
    PlatformApertureUnused = "platform-aperture-unused", Note,
        "no segment is reported for the AGP aperture of the platform", "DXGK_QUERYSEGMENTIN";
}
Banks {
    /// The newer descriptor has no banks.
    BanksGeneration = "banks-descriptor", Error,
        "DXGK_SEGMENTDESCRIPTOR4 has no members for banks",
        "DXGK_SEGMENTDESCRIPTOR4", fix "clear UseBanking and the table, or report an older descriptor";
    /// Banks without the flag.
    BanksUnused = "banks-unused", Note,
        "banks are not looked at where UseBanking is clear", "DXGK_SEGMENTFLAGS, UseBanking",
        fix "set UseBanking";
    /// The flag without banks.
    BankCountZero = "bank-count-zero", Error,
        "a segment that uses banking has at least one bank", "DXGK_SEGMENTDESCRIPTOR, NbOfBanks";
    /// Bank ids have seven bits.
    BankCountLarge = "bank-count", Error,
        "a segment has at most 127 banks: a hint names its bank in seven bits",
        "DXGK_SEGMENTBANKPREFERENCE, Bank0";
    /// Ends are missing.
    BankTableShort = "bank-table-short", Error,
        "the bank table holds the end of every bank but the last",
        "DXGK_SEGMENTDESCRIPTOR, pBankRangeTable";
    /// More ends than banks.
    BankTableLong = "bank-table-long", Note,
        "entries of the bank table behind the last bank are not read",
        "DXGK_SEGMENTDESCRIPTOR, NbOfBanks";
    /// The table goes forward.
    BankOrder = "bank-order", Error,
        "the ends of banks rise: every bank holds at least a byte",
        "Dividing a Memory-Space Segment into Banks";
    /// The table stays inside.
    BankBeyondSegment = "bank-beyond", Error,
        "every bank but the last ends before the segment does",
        "Dividing a Memory-Space Segment into Banks";
    /// The last end.
    BankLastEnd = "bank-last-end", Note,
        "the end given for the last bank is ignored: it ends with the segment",
        "Dividing a Memory-Space Segment into Banks";
    /// Banks divide memory.
    BankedAperture = "bank-aperture", Warning,
        "banks are described for linear memory segments, not for apertures",
        "Dividing a Memory-Space Segment into Banks";
}
CpuAccess {
    /// One way or the other.
    HostApertureVisible = "host-aperture-visible", Error,
        "SupportsCpuHostAperture and CpuVisible exclude each other",
        "DXGK_SEGMENTFLAGS, SupportsCpuHostAperture", fix "clear one of them";
    /// Cached needs the window.
    HostApertureCached = "host-aperture-cached", Error,
        "SupportsCachedCpuHostAperture needs SupportsCpuHostAperture",
        "DXGK_SEGMENTFLAGS, SupportsCachedCpuHostAperture", fix "set SupportsCpuHostAperture as well";
    /// Older descriptors have no window.
    HostApertureGeneration = "host-aperture-descriptor", Error,
        "only DXGK_SEGMENTDESCRIPTOR4 has a member for a CPU host aperture",
        "DXGK_SEGMENTDESCRIPTOR4, CpuHostAperture";
    /// One union.
    CpuAddressUnion = "host-aperture-union", Error,
        "CpuTranslatedAddress and CpuHostAperture share their place in the descriptor: a segment \
         has one of them",
        "DXGK_SEGMENTDESCRIPTOR4, CpuHostAperture";
    /// The window has no pages.
    HostApertureEmpty = "host-aperture-empty", Warning,
        "a segment with SupportsCpuHostAperture describes a window of at least one page",
        "DXGK_CPUHOSTAPERTURE, SizeInPages";
    /// The window ends within 64 bits.
    HostApertureEnd = "host-aperture-end", Error,
        "a CPU host aperture ends within 64 bits", "DXGK_CPUHOSTAPERTURE, PhysicalAddress";
    /// A window without the flag.
    HostApertureUnused = "host-aperture-unused", Note,
        "a CPU host aperture is not looked at where SupportsCpuHostAperture is clear",
        "DXGK_SEGMENTFLAGS, SupportsCpuHostAperture";
    /// An address for nobody.
    CpuAddressIgnored = "cpu-address-ignored", Note,
        "CpuTranslatedAddress is not looked at where CpuVisible is clear",
        "DXGK_SEGMENTDESCRIPTOR, CpuTranslatedAddress";
    /// The CPU's addresses have 64 bits.
    CpuAddressEnd = "cpu-address-end", Error,
        "the CPU address plus the size of a visible memory segment fits in 64 bits",
        "DXGK_SEGMENTDESCRIPTOR, CpuTranslatedAddress";
}
Power {
    /// Hibernation without standby.
    PreservedStandby = "preserved-standby", Error,
        "PreservedDuringHibernate and PartiallyPreservedDuringHibernate need \
         PreservedDuringStandby; the operating system does not recognise them without it",
        "DXGK_SEGMENTFLAGS, Remarks", fix "set PreservedDuringStandby as well";
    /// All and part.
    PreservedBoth = "preserved-both", Error,
        "PreservedDuringHibernate and PartiallyPreservedDuringHibernate exclude each other; the \
         operating system does not recognise the combination",
        "DXGK_SEGMENTFLAGS, Remarks", fix "clear one of them";
    /// No part.
    PartialWithoutEnd = "preserved-partial-end", Error,
        "PartiallyPreservedDuringHibernate needs a SystemMemoryEndAddress other than 0",
        "DXGK_SEGMENTFLAGS, PartiallyPreservedDuringHibernate";
    /// The part is all.
    PartialBeyondSegment = "preserved-partial-beyond", Error,
        "SystemMemoryEndAddress is the offset of a byte of the segment",
        "DXGK_SEGMENTDESCRIPTOR3, SystemMemoryEndAddress";
    /// The oldest descriptor has no end.
    EndAddressGeneration = "preserved-partial-descriptor", Error,
        "DXGK_SEGMENTDESCRIPTOR has no member for SystemMemoryEndAddress; generation 3 brought it",
        "DXGK_SEGMENTDESCRIPTOR3, SystemMemoryEndAddress";
    /// An end for nothing.
    EndAddressUnused = "preserved-partial-unused", Note,
        "SystemMemoryEndAddress is not looked at where PartiallyPreservedDuringHibernate is clear",
        "DXGK_SEGMENTDESCRIPTOR3, SystemMemoryEndAddress";
    /// On both sides of the end.
    PartialStraddlers = "preserved-partial-straddlers", Disagreement,
        "documents disagree on an allocation that lies on both sides of SystemMemoryEndAddress: \
         the page of generation 3 purges what begins behind it, that of generation 4 and the \
         header what ends behind it; here it is purged",
        "DXGK_SEGMENTDESCRIPTOR3, DXGK_SEGMENTDESCRIPTOR4, SystemMemoryEndAddress";
    /// No bit at all.
    PreservedNone = "preserved-none", Disagreement,
        "documents disagree on a segment that preserves nothing: the page on standby and \
         hibernation wants at least one of the flags from drivers of WDDM 1.2 and later, the table \
         of the flags has the row in which everything is purged",
        "Standby hibernate optimizations; DXGK_SEGMENTFLAGS, Remarks";
    /// Bits without a version.
    PreservedBeforeWindows8 = "preserved-before-windows-8", Disagreement,
        "documents disagree on the preservation flags before WDDM 1.2: the page has them since \
         Windows 8, the header in every version",
        "DXGK_SEGMENTFLAGS, PreservedDuringStandby";
    /// Hybrid sleep is hibernation.
    HybridSleep = "preserved-hybrid-sleep", Note,
        "hybrid sleep goes by the column of hibernation: what standby keeps is purged all the same",
        "DXGK_SEGMENTFLAGS, Remarks";
    /// A claim that does not hold.
    KeptLess = "hardware-keeps-less", Warning,
        "the hardware keeps less in a sleep than the driver claims: bytes will be lost",
        "DXGK_SEGMENTFLAGS, PreservedDuringStandby, PreservedDuringHibernate",
        fix "claim less, or let the hardware keep what is claimed";
    /// A claim that is too modest.
    KeptMore = "hardware-keeps-more", Note,
        "the hardware keeps more in a sleep than the driver claims: bytes are moved for nothing",
        "DXGK_SEGMENTFLAGS, PreservedDuringStandby, PreservedDuringHibernate";
    /// Nothing to keep.
    KeptAperture = "hardware-keeps-aperture", Note,
        "what the hardware keeps of an aperture is ignored: an aperture holds no bytes",
        "DXGK_SEGMENTFLAGS, Aperture", fix "leave it out";
    /// More than there is.
    KeptBeyondSegment = "hardware-keeps-beyond", Note,
        "what the hardware keeps ends with the segment, however many bytes are given",
        "DXGK_SEGMENTDESCRIPTOR, Size", fix "give at most the size of the segment";
}
Ranges {
    /// Older descriptors have no invalid ranges.
    InvalidRangesGeneration = "ranges-descriptor", Error,
        "only DXGK_SEGMENTDESCRIPTOR4 has a member for invalid memory ranges",
        "DXGK_SEGMENTDESCRIPTOR4, NumInvalidMemoryRanges";
    /// Older descriptors have no boot frame buffer.
    FrameBufferGeneration = "ranges-frame-buffer-version", Error,
        "ranges of the boot frame buffer are reported since WDDM 2.2, with DXGK_SEGMENTDESCRIPTOR4",
        "DXGK_SEGMENTDESCRIPTOR4, NumUEFIFrameBufferRanges";
    /// A limit of the model.
    TooManyRanges = "ranges-count", Error,
        "a segment has at most 4,096 ranges of a kind; more are not looked at",
        "limit of this program";
    /// Nothing is a range.
    RangeEmpty = "range-empty", Error,
        "a range has a size", "DXGK_SEGMENTMEMORYSTATE, SizeInBytes";
    /// Ranges consist of pages.
    RangePages = "range-pages", Error,
        "offset and size of a range are multiples of the segment's page",
        "DXGK_SEGMENTMEMORYSTATE, SegmentOffset, SizeInBytes";
    /// Ranges stay inside.
    RangeBeyondSegment = "range-beyond", Error,
        "a range lies in its segment", "DXGK_SEGMENTMEMORYSTATE, SegmentOffset";
    /// Ranges are apart.
    RangesOverlap = "range-overlap", Error,
        "ranges of a segment do not overlap: a byte is invalid, or of the boot frame buffer, once",
        "DXGK_SEGMENTMEMORYSTATE; DXGK_UEFIFRAMEBUFFERRANGES";
    /// Older descriptors have no protected range.
    ProtectedGeneration = "vpr-descriptor", Error,
        "only DXGK_SEGMENTDESCRIPTOR4 has members for a video protected range",
        "DXGK_SEGMENTDESCRIPTOR4, VprRangeStartOffset";
    /// The flag without a range.
    ProtectedEmpty = "vpr-empty", Warning,
        "a segment with VprSupported describes a video protected range with a size",
        "DXGK_SEGMENTDESCRIPTOR4, VprRangeSize";
    /// A range without the flag.
    ProtectedUnused = "vpr-unused", Note,
        "a video protected range is not looked at where VprSupported is clear",
        "DXGK_SEGMENTFLAGS, VprSupported";
    /// The protected range stays inside.
    ProtectedBeyondSegment = "vpr-beyond", Error,
        "a video protected range lies in its segment",
        "DXGK_SEGMENTDESCRIPTOR4, VprRangeStartOffset, VprRangeSize";
    /// The protected range keeps its own alignment.
    ProtectedAlignment = "vpr-alignment", Warning,
        "start and size of a video protected range are multiples of its alignment",
        "DXGK_SEGMENTDESCRIPTOR4, VprAlignment";
    /// More is kept than there is.
    ProtectedReserve = "vpr-reserve", Warning,
        "what hardware and driver keep of a video protected range is part of it",
        "DXGK_SEGMENTDESCRIPTOR4, VprReserveSize";
    /// Standby of nothing.
    ProtectedStandby = "vpr-standby", Note,
        "VprPreservedDuringStandby keeps nothing where VprSupported is clear",
        "DXGK_SEGMENTFLAGS, VprPreservedDuringStandby";
}
Budgets {
    /// One group a segment.
    BudgetBoth = "budget-both", Error,
        "a segment counts against one budget group: its report has one value for it",
        "DXGK_SEGMENTFLAGS, LocalBudgetGroup, NonLocalBudgetGroup", fix "clear one of them";
    /// No group.
    BudgetNone = "budget-none", Note,
        "without a budget group a segment of a WDDM 2.x driver is reported as memory without budget",
        "D3DKMT_SEGMENTGROUPSIZEINFO, NonBudgetMemory";
    /// A flag in two places.
    ApplicationTarget = "budget-application-target", Disagreement,
        "documents disagree on ApplicationTarget: the page on budgets has it in \
         DXGK_SEGMENTFLAGS2, the header in bit 15 of DXGK_SEGMENTFLAGS and replaced by the budget \
         groups",
        "Process residency budgets; DXGK_SEGMENTFLAGS, ApplicationTarget",
        fix "set LocalBudgetGroup or NonLocalBudgetGroup instead";
    /// Carved out.
    Populated = "populated", Note,
        "the segment is carved out of system memory: its bytes leave the shared total, and its \
         frames nobody else gets",
        "DXGK_SEGMENTFLAGS, PopulatedFromSystemMemory; Calculating graphics memory";
    /// Nothing to carve.
    PopulatedAperture = "populated-aperture", Note,
        "PopulatedFromSystemMemory is ignored on an aperture",
        "DXGK_SEGMENTFLAGS, PopulatedFromSystemMemory", fix "clear it";
    /// More than the half.
    PopulatedAboveAvailable = "populated-above-available", Warning,
        "segments carved out of system memory stay within what is available for graphics: half of \
         system memory, or 64 MiB",
        "Calculating graphics memory";
    /// More than there is.
    PopulatedAboveMemory = "populated-above-memory", Error,
        "segments carved out of system memory are smaller than system memory",
        "DXGK_SEGMENTFLAGS, PopulatedFromSystemMemory";
}
PagingBuffer {
    /// No such segment.
    PagingBufferSegment = "paging-buffer-segment", Error,
        "the paging buffer names a segment of the adapter, or 0: contiguous system memory",
        "DXGK_QUERYSEGMENTOUT, PagingBufferSegmentId", fix "set it to 0";
    /// Memory that the CPU sees.
    PagingBufferMemory = "paging-buffer-memory", Disagreement,
        "documents want the paging buffer in an aperture or in contiguous system memory; a shipping \
         driver has it in a memory segment that the CPU sees, and works",
        "DXGK_QUERYSEGMENTOUT, PagingBufferSegmentId";
    /// Memory that the CPU does not see.
    PagingBufferInvisible = "paging-buffer-invisible", Error,
        "the CPU writes paging buffers: it must see the memory segment that they lie in",
        "DXGK_QUERYSEGMENTOUT, PagingBufferSegmentId", fix "name an aperture, or 0";
    /// The paging buffer has a size.
    PagingBufferSize = "paging-buffer-size", Error,
        "the paging buffer has at least 64 bytes and at most 16 MiB",
        "DXGK_QUERYSEGMENTOUT, PagingBufferSize; limits of this program";
    /// Private data is small.
    PagingBufferPrivateData = "paging-buffer-private-data", Error,
        "the private data of a paging buffer has at most 1 MiB",
        "DXGK_QUERYSEGMENTOUT, PagingBufferPrivateDataSize; limit of this program";
    /// There is at least one paging buffer.
    PagingBufferCount = "paging-buffer-count", Error,
        "there are 1 to 64 paging buffers", "limits of this program";
    /// There is room for all paging buffers.
    PagingBufferRoom = "paging-buffer-room", Error,
        "all paging buffers fit into their segment, beside its invalid ranges and the boot frame \
         buffer",
        "Initializing use of memory segments";
}
SystemMemory {
    /// System memory must hold what the adapter needs to start.
    SystemMemory = "system-memory", Error,
        "system memory is a multiple of the page, at least 1 MiB, and its frames are addressable",
        "MmGetMdlPfnArray";
    /// Three documents, three ids.
    SystemMemoryIdDisputed = "system-memory-id", Disagreement,
        "documents disagree on the id of system memory: the pages say 0, the headers 31, and \
         Microsoft's compute-only sample uses the number of segments plus one",
        "GPU segments; DXGK_SEGMENT_ID_SYSTEMMEMORY";
    /// A fourth.
    SystemMemoryIdOther = "system-memory-id-other", Warning,
        "the id of system memory is 0, 31 or the number of segments plus one",
        "GPU segments; DXGK_SEGMENT_ID_SYSTEMMEMORY";
    /// An id twice.
    SystemMemoryIdTaken = "system-memory-id-taken", Error,
        "the id of system memory is not that of a segment",
        "GPU segments; DXGK_SEGMENT_ID_SYSTEMMEMORY";
    /// An id beyond five bits.
    SystemMemoryIdLarge = "system-memory-id-large", Error,
        "the id of system memory fits in five bits", "D3DDDI_SEGMENTPREFERENCE, SegmentId0";
}
Allocations {
    /// Nothing is no allocation.
    AllocationSizeZero = "allocation-size-zero", Error,
        "an allocation has a size", "DXGK_ALLOCATIONINFO, Size";
    /// Sizes are rounded up to pages.
    AllocationSizeLimit = "allocation-size-limit", Error,
        "the size of an allocation, rounded up to whole pages, fits in 64 bits",
        "DXGK_ALLOCATIONINFO, Size";
    /// It fits nowhere.
    AllocationLargerThanSegments = "allocation-larger-than-segments", Note,
        "no supported segment is as large: it can be created, but never be resident",
        "DXGK_ALLOCATIONINFO, Size";
    /// Alignments are powers of two.
    AllocationAlignment = "allocation-alignment", Error,
        "an alignment is a power of two; anything below a page means a page",
        "DXGK_ALLOCATIONINFO, Alignment";
    /// Large pages want large alignments.
    AllocationLargePages = "allocation-large-pages", Error,
        "what supports a segment of 64 KiB pages has an alignment that is a multiple of 64 KiB",
        "DXGK_SEGMENTFLAGS, Use64KBPages", fix "set the alignment to 64 KiB";
    /// Priorities begin above 0.
    AllocationPriority = "allocation-priority", Error,
        "an allocation starts with a priority other than 0",
        "DXGK_ALLOCATIONINFO, AllocationPriority", fix "set it to NORMAL";
    /// A set names what is not there.
    AllocationUnknownSegment = "allocation-unknown-segment", Error,
        "a segment set names segments of the adapter", "DXGK_ALLOCATIONINFO, SupportedWriteSegmentSet";
    /// A set names system memory.
    AllocationSystemMemory = "allocation-system-memory", Error,
        "system memory is not a segment in which VidMm places: the documents have an aperture \
         named for it, although Microsoft's compute-only sample names system memory itself",
        "GPU segments", fix "name an aperture segment instead";
    /// Nowhere to go.
    AllocationUnsupported = "allocation-unsupported", Error,
        "an allocation supports at least one segment",
        "DXGK_ALLOCATIONINFO, SupportedReadSegmentSet, SupportedWriteSegmentSet";
    /// One set is enough.
    AllocationReadSetIgnored = "allocation-read-set-ignored", Note,
        "WDDM 2.x does not look at the read set: the write set is the only supported set",
        "DXGK_ALLOCATIONINFO, SupportedReadSegmentSet";
    /// A wish that cannot come true.
    AllocationPreferenceOutside = "allocation-preference-outside", Error,
        "a preferred segment is in the supported set", "DXGK_ALLOCATIONINFO, PreferredSegment";
    /// A direction without a definition.
    AllocationPreferenceDirection = "allocation-preference-direction", Note,
        "the documents define only direction 0 of a preferred segment; 1 is taken here as a search \
         from the end, as it is for banks",
        "D3DDDI_SEGMENTPREFERENCE, Direction0";
    /// Eviction goes through mappings.
    AllocationEvictionMemory = "allocation-eviction-memory", Error,
        "an eviction set names aperture segments only", "DXGK_ALLOCATIONINFO, EvictionSegmentSet";
    /// Not through pitch.
    AllocationEvictionPitch = "allocation-eviction-pitch", Error,
        "a pitch-aligned segment is never an eviction segment", "DXGK_SEGMENTFLAGS, PitchAlignment";
    /// A size for pitch.
    AllocationPitchMissing = "allocation-pitch-missing", Error,
        "what supports a pitch-aligned segment has a PitchAlignedSize; 0 says that it cannot lie there",
        "DXGK_ALLOCATIONINFO, PitchAlignedSize";
    /// Pitch never saves.
    AllocationPitchSmall = "allocation-pitch-small", Error,
        "PitchAlignedSize is 0, or at least the size", "DXGK_ALLOCATIONINFO, PitchAlignedSize";
    /// The rows must fit.
    AllocationPitchRows = "allocation-pitch-rows", Error,
        "PitchAlignedSize holds all rows at their aligned pitch", "DXGK_ALLOCATIONINFO, PitchAlignedSize";
    /// Rows without bytes.
    AllocationRowsEmpty = "allocation-rows-empty", Error,
        "there is at least one row, with at least one byte", "DXGK_ALLOCATIONINFO, pAllocationUsageHint";
    /// A limit of the model.
    AllocationRowsCount = "allocation-rows-count", Error,
        "there are at most 65,536 rows", "limit of this program";
    /// The rows are the content.
    AllocationRowsSize = "allocation-rows-size", Error,
        "rows times pitch is the size", "DXGK_ALLOCATIONINFO, Size, pAllocationUsageHint";
    /// Alignment never narrows.
    AllocationRowsPitch = "allocation-rows-pitch", Error,
        "the aligned pitch is at least the pitch", "DXGK_ALLOCATIONINFO, PitchAlignedSize";
    /// A bank that is not there.
    AllocationBankUnknown = "allocation-bank-unknown", Note,
        "the first preferred segment has no such bank; the hint is passed over",
        "DXGK_ALLOCATIONINFO, HintedBank";
    /// Banks that are not there.
    AllocationBanksUnused = "allocation-banks-unused", Note,
        "banks are hinted for a first preferred segment that has none; the hints are passed over",
        "DXGK_ALLOCATIONINFO, HintedBank";
    /// The copy that is kept is seen by the CPU.
    AllocationPermanentVisible = "allocation-permanent-visible", Error,
        "PermanentSysMem needs CpuVisible", "DXGK_ALLOCATIONINFOFLAGS, PermanentSysMem",
        fix "set CpuVisible as well";
    /// What is cached is seen by the CPU.
    AllocationCachedVisible = "allocation-cached-visible", Error,
        "Cached needs CpuVisible", "DXGK_ALLOCATIONINFOFLAGS, Cached", fix "set CpuVisible as well";
    /// Kernel memory alone.
    AllocationProtectedExcludes = "allocation-protected-excludes", Error,
        "Protected excludes PermanentSysMem, ExistingSysMem and ExistingKernelSysMem",
        "DXGK_ALLOCATIONINFOFLAGS, Protected";
    /// Existing memory is one kind.
    AllocationExistingExcludes = "allocation-existing-excludes", Error,
        "ExistingSysMem, ExistingKernelSysMem and PermanentSysMem exclude each other",
        "DXGK_ALLOCATIONINFOFLAGS, ExistingSysMem";
    /// Existing memory exists.
    AllocationExistingPages = "allocation-existing-pages", Error,
        "ExistingSysMem and ExistingKernelSysMem wrap pages that exist",
        "DXGK_ALLOCATIONINFOFLAGS, ExistingSysMem", fix "name the reserved pages that it wraps";
    /// Pages need a flag.
    AllocationPagesWithoutFlag = "allocation-pages-without-flag", Error,
        "pages that exist are wrapped with ExistingSysMem or ExistingKernelSysMem",
        "DXGK_ALLOCATIONINFOFLAGS, ExistingSysMem", fix "set one of the flags, or name no pages";
    /// Existing memory consists of pages.
    AllocationExistingSize = "allocation-existing-size", Error,
        "the size of an allocation that wraps existing memory is a multiple of the page",
        "DXGK_ALLOCATIONINFOFLAGS, ExistingSysMem";
    /// A primary is plain.
    AllocationPrimaryFlags = "allocation-primary-flags", Error,
        "a primary is neither PermanentSysMem, Cached nor Protected, and wraps no existing memory",
        "DXGK_ALLOCATIONINFOFLAGS, PermanentSysMem, Cached, Protected";
    /// History buffers are exactly so.
    AllocationHistoryBuffer = "allocation-history-buffer", Error,
        "HistoryBuffer goes with CpuVisible, with Cached where the adapter has a coherent aperture, \
         and with no other flag",
        "DXGK_ALLOCATIONINFOFLAGS, HistoryBuffer";
    /// Told of addresses.
    AllocationResidencyPhysical = "allocation-residency-physical", Error,
        "ExplicitResidencyNotification needs AccessedPhysically",
        "DXGK_ALLOCATIONINFOFLAGS_WDDM2_0, ExplicitResidencyNotification",
        fix "set AccessedPhysically as well";
    /// A capability that the adapters here do not have.
    AllocationMapAperture2 = "allocation-map-aperture-2", Error,
        "MapApertureCpuVisible needs a driver with MapAperture2Supported; the drivers here lack it",
        "DXGK_VIDMMCAPS, MapAperture2Supported", fix "clear MapApertureCpuVisible";
    /// An address for primaries.
    AllocationAlternateAddress = "allocation-alternate-address", Error,
        "UseAlternateVA is for primaries", "DXGK_ALLOCATIONINFOFLAGS, UseAlternateVA", fix "clear it";
    /// No protected range.
    AllocationProtectedRange = "allocation-protected-range", Error,
        "CreateInVpr needs a supported segment with a video protected range",
        "DXGK_ALLOCATIONINFOFLAGS_WDDM2_0, CreateInVpr";
    /// Bits of nobody.
    AllocationReservedBits = "allocation-reserved-bits", Warning,
        "bits 19 to 31 of the allocation flags are reserved", "DXGK_ALLOCATIONINFOFLAGS, Reserved",
        fix "clear them";
    /// Bits of another model.
    AllocationOtherGeneration = "allocation-other-generation", Warning,
        "the flag has a meaning only in the other generation of the driver model, and is reserved \
         in this one",
        "DXGK_ALLOCATIONINFOFLAGS; DXGK_ALLOCATIONINFOFLAGS_WDDM2_0", fix "clear it";
    /// Bits of a later version.
    AllocationFlagNewer = "allocation-flag-newer", Note,
        "the flag has its meaning since a newer interface version than that of the driver",
        "DXGK_ALLOCATIONINFOFLAGS; DXGK_ALLOCATIONINFOFLAGS_WDDM2_0",
        fix "raise the interface version, or clear the flag";
    /// The staging is too small.
    AllocationOverlayEviction = "allocation-overlay-eviction", Warning,
        "an overlay is at most 80 % of the aperture through which it is evicted; a larger one can \
         lose its content",
        "DXGK_ALLOCATIONINFO, EvictionSegmentSet";
    /// The part for pinned surfaces is too small.
    AllocationOverlayFifth = "allocation-overlay-fifth", Warning,
        "an overlay fits into the last fifth of a supported segment, where overlays are put",
        "DXGK_ALLOCATIONINFOFLAGS, Overlay";
    /// The cache is flushed.
    AllocationCachedFlushed = "allocation-cached-flushed", Note,
        "an aperture in the supported set is not coherent: VidMm flushes the CPU cache before the \
         pages are used through it",
        "DXGK_ALLOCATIONINFOFLAGS, Cached";
    /// The CPU needs a place.
    AllocationVisibleFallback = "allocation-visible-fallback", Warning,
        "on WDDM 2.x what the CPU sees supports an aperture beside memory that the CPU does not \
         see, so that a lock can fall back to system memory",
        "Allocation usage tracking", fix "add an aperture to the supported set";
    /// Only its creator.
    AllocationSharedLock = "allocation-shared-lock", Note,
        "only the process that creates a shared allocation may lock it",
        "DXGK_ALLOCATIONINFOFLAGS, CpuVisible";
}
}
