//! Why VidMm did what it did, as data with the numbers that decided it.

use crate::base::{AllocationId, Bytes, FenceId, Pages, PagesId, SegmentId, Span};
use crate::ddi::{LockFlags, NtStatus, Priority};
use crate::placement::Direction;
use crate::rules::Rule;

use super::power::{FateReason, Power, Transition};

/// The passes of a search for room, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// Preferred segments, nothing evicted.
    Preferred,
    /// Preferred segments, evicting what has a strictly lower priority.
    PreferredEvictingLower,
    /// The other supported segments, nothing evicted.
    Supported,
    /// Preferred, then supported segments, evicting up to equal priority.
    EvictingEqual,
    /// The same, evicting anything that is not pinned and below MAXIMUM.
    EvictingAny,
    /// The same, evicting what is soft-pinned as well.
    EvictingSoftPinned,
}

impl Pass {
    /// The passes in order. Splitting the DMA buffer, between the last two, waits for DMA buffers.
    pub const ALL: [Self; 6] = [
        Self::Preferred,
        Self::PreferredEvictingLower,
        Self::Supported,
        Self::EvictingEqual,
        Self::EvictingAny,
        Self::EvictingSoftPinned,
    ];

    /// The number under which the search order is documented.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Preferred => 1,
            Self::PreferredEvictingLower => 2,
            Self::Supported => 3,
            Self::EvictingEqual => 4,
            Self::EvictingAny => 5,
            Self::EvictingSoftPinned => 7,
        }
    }
}

/// Why a segment could not take an allocation, with the numbers that decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Larger than the segment, or than the part of it where such an allocation may lie.
    LargerThanSegment {
        /// Bytes wanted.
        needed: Bytes,
        /// Bytes that there are at most.
        size: Bytes,
    },
    /// Not enough is free, or would be if everything that may leave did.
    NotEnough {
        /// Bytes wanted.
        needed: Bytes,
        /// Bytes free or evictable in this pass.
        free: Bytes,
    },
    /// Enough is free, but not in one piece: `largest < needed <= free`.
    Fragmented {
        /// Bytes wanted.
        needed: Bytes,
        /// Bytes free or evictable in this pass.
        free: Bytes,
        /// The largest piece.
        largest: Bytes,
    },
    /// The commit limit of the segment would be passed.
    CommitLimit {
        /// Bytes wanted.
        needed: Bytes,
        /// Bytes committed.
        committed: Bytes,
        /// The limit.
        limit: Bytes,
    },
    /// The limit of all apertures together would be passed.
    ApertureCommitLimit {
        /// Bytes wanted.
        needed: Bytes,
        /// Bytes mapped into all apertures.
        committed: Bytes,
        /// The limit.
        limit: Bytes,
    },
}

/// An allocation that leaves to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Victim {
    /// Which.
    pub allocation: AllocationId,
    /// Its size.
    pub size: Bytes,
    /// Its priority, which the pass allowed to leave.
    pub priority: Priority,
    /// When the GPU last referenced it, on the scale of references.
    pub last_reference: u64,
    /// Its content was offered.
    pub offered: bool,
}

/// What came of trying one segment in one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Room was found: the search ends here.
    Placed {
        /// Where, in bytes from the start of the segment.
        span: Span,
        /// Who leaves for it, in the order in which they leave.
        victims: Vec<Victim>,
    },
    /// There was none.
    Rejected(Rejection),
    /// The search had ended; what the segment would have had to offer.
    NotReached {
        /// Bytes free.
        free: Bytes,
        /// Largest hole.
        largest: Bytes,
    },
}

/// One segment tried in one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The pass.
    pub pass: Pass,
    /// The segment.
    pub segment: SegmentId,
    /// From which end.
    pub direction: Direction,
    /// The hinted bank, where only that part of the segment was tried.
    pub bank: Option<u8>,
    /// What came of it.
    pub outcome: Outcome,
}

/// A search for room, with all that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// For whom.
    pub allocation: AllocationId,
    /// Bytes wanted.
    pub needed: Bytes,
    /// Candidates in the order in which they were tried.
    pub attempts: Vec<Attempt>,
}

impl Decision {
    /// Whether an allocation leaves for what is placed.
    #[must_use]
    pub fn has_victim(&self, id: AllocationId) -> bool {
        self.attempts.iter().any(|attempt| match &attempt.outcome {
            Outcome::Placed { victims, .. } => victims.iter().any(|it| it.allocation == id),
            Outcome::Rejected(_) | Outcome::NotReached { .. } => false,
        })
    }
}

/// Why an operation is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationReason {
    /// The command needs the allocation resident, and it is not.
    PageIn(AllocationId),
    /// It leaves to make room.
    EvictedFor {
        /// Who leaves.
        victim: AllocationId,
        /// For whom.
        newcomer: AllocationId,
    },
    /// The command asked for its eviction.
    EvictedByCommand(AllocationId),
    /// The CPU cannot reach the segment that it is in.
    CpuAccess(AllocationId),
    /// It is resident where the GPU cannot access it as the command wants.
    Moved(AllocationId),
    /// It is destroyed.
    Destroyed(AllocationId),
    /// The mapping through which it is evicted.
    EvictionMapping(AllocationId),
    /// The adapter starts: every page of an aperture points to the dummy page.
    ApertureReset(SegmentId),
    /// The adapter starts: a paging buffer is mapped.
    PagingBufferMapping(u32),
    /// The command's own work.
    Submission,
    /// The command's own work goes on behind a split: there was no room for this one beside the rest.
    Split(AllocationId),
    /// Work of a higher priority goes first, or the engine waits while others could go on.
    Preemption,
    /// The command puts the operation together by hand.
    Raw,
    /// The CPU cache holds bytes that the GPU would not see.
    Coherence(AllocationId),
    /// It was locked, which took it out of its segment; now it goes back.
    Unlocked(AllocationId),
    /// It is locked, so that the GPU must not find it in a memory segment.
    LockedForRendering(AllocationId),
    /// It is displayed.
    Displayed(AllocationId),
    /// The CPU is about to read what the GPU wrote through an AGP aperture.
    CpuReads(AllocationId),
    /// A power transition, of which the operation is a step.
    Power(Transition),
    /// A power transition takes the allocation out of its segment.
    Purged(AllocationId, FateReason),
    /// It was taken out by a sleep and is pinned: it is back before work goes on.
    Restored(AllocationId),
    /// It was mapped before the sleep: the mapping is made again.
    Remapped(AllocationId),
    /// A power transition unmaps a paging buffer.
    PagingBufferUnmapping(u32),
    /// A DMA buffer is mapped, so that the GPU can read it.
    DmaBufferMapping(u32),
    /// The GPU is through with a DMA buffer.
    DmaBufferUnmapping(u32),
    /// It leaves an aperture in which a DMA buffer must be mapped.
    EvictedForDmaBuffer(AllocationId),
}

/// Why a command was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The adapter breaks a rule and did not start.
    AdapterNotStarted,
    /// An earlier command stopped the machine.
    Stopped {
        /// Its number, counted from 1.
        command: u64,
    },
    /// The process does not exist, or not any more.
    NoProcess,
    /// The process or device exists already.
    AlreadyExists,
    /// The device does not exist.
    NoDevice,
    /// The allocation does not exist yet.
    NotCreated(AllocationId),
    /// The allocation has been destroyed.
    Destroyed(AllocationId),
    /// A size of 0, or one that no address space holds.
    BadSize(Bytes),
    /// A segment named is not one of the adapter's.
    NoSuchSegment(u32),
    /// The priority is 0.
    ZeroPriority,
    /// The flag asks for something that is not modelled.
    FlagNotModelled(&'static str),
    /// The range reaches beyond the allocation.
    RangeBeyondAllocation {
        /// First byte.
        offset: u64,
        /// Bytes.
        length: u64,
        /// Bytes of the allocation.
        size: Bytes,
    },
    /// The CPU may not see the allocation.
    NotCpuVisible(AllocationId),
    /// The allocation holds content under hardware protection.
    HardwareProtected(AllocationId),
    /// The allocation is pinned.
    Pinned(AllocationId),
    /// No room: the search is in the command's decisions.
    NoRoom(AllocationId),
    /// System memory has not enough free frames.
    OutOfFrames {
        /// Frames wanted.
        needed: Pages,
        /// Frames free.
        free: Pages,
        /// The most of them that lie together, which decides what must be contiguous.
        largest_run: Pages,
    },
    /// System memory promised to allocations would pass what there is.
    OutOfCommit {
        /// Bytes wanted.
        needed: Bytes,
        /// Bytes promised.
        committed: Bytes,
        /// Bytes that may be promised.
        limit: Bytes,
    },
    /// The driver refused.
    Driver,
    /// The fence was never handed out.
    NoSuchFence(FenceId),
    /// The same allocation is named twice where once is meant.
    NamedTwice(AllocationId),
    /// What is asked for breaks a rule on allocations.
    Rule(Rule),
    /// The allocation is not shared.
    NotShared(AllocationId),
    /// The device has opened the allocation already.
    OpenAlready(AllocationId),
    /// The device has not opened the allocation.
    NotOpen(AllocationId),
    /// The process is not the one that created the allocation, which alone may lock it.
    NotTheCreator(AllocationId),
    /// The lock flags exclude each other, or ask for what needs swizzling or renaming.
    LockFlags(LockFlags),
    /// The allocation is locked.
    Locked(AllocationId),
    /// The allocation is not locked.
    NotLocked(AllocationId),
    /// Locking it would evict it, which the flags forbid.
    WouldEvict(AllocationId),
    /// The GPU still uses it, and the flags say not to wait.
    Busy(AllocationId),
    /// The CPU cannot reach it where it is, and it may not go where the CPU can.
    NoCpuPlace(AllocationId),
    /// It is locked and may be rendered only from a memory segment.
    LockedOutsideAperture(AllocationId),
    /// The allocation is offered: it must be reclaimed first.
    Offered(AllocationId),
    /// The allocation is not offered.
    NotOffered(AllocationId),
    /// The allocation is displayed.
    Displayed(AllocationId),
    /// No supported segment can be scanned out.
    NotDisplayable(AllocationId),
    /// The pages are not reserved, or not any more.
    NoPages(PagesId),
    /// The pages are wrapped by an allocation.
    PagesInUse(PagesId),
    /// The range reaches beyond the reserved pages.
    RangeBeyondPages(PagesId),
    /// A raw operation reaches beyond a segment, or below its base.
    RangeBeyondSegment(SegmentId),
    /// A raw transfer has a page list on both sides.
    NoSegmentSide,
    /// A raw operation names a page list that is too short for it.
    ListTooShort {
        /// Pages needed.
        needed: Pages,
        /// Pages there are.
        pages: Pages,
    },
    /// A raw operation maps in a segment that is no aperture of the display driver.
    NotAnAperture(SegmentId),
    /// A raw operation fills, or discards from, a segment that holds no bytes.
    NotMemory(SegmentId),
    /// The physical address is no page of system memory.
    BadDummyPage(u64),
    /// A raw operation has a size that is not a multiple of what it moves, or 0.
    BadRawSize(Bytes),
    /// A raw operation maps or unmaps pages that VidMm uses.
    PagesOfVidMm(SegmentId),
    /// The machine sleeps, or the adapter is not in D0.
    PowerState(Power),
    /// The driver names a memory segment for DMA buffers, which only apertures may be.
    DmaBufferInMemory(SegmentId),
    /// No aperture that the driver names has room for the DMA buffer.
    NoRoomForDmaBuffer {
        /// Bytes.
        size: Bytes,
    },
    /// The context does not exist.
    NoContext,
    /// Priorities of contexts go from -7 to 7.
    ContextPriority(i8),
    /// The device has not opened the allocation.
    OtherDevice(AllocationId),
    /// The command buffer names more allocations than its list takes, and nothing may grow.
    AllocationListFull {
        /// Allocations named.
        needed: u32,
        /// What the list takes.
        size: u32,
    },
    /// The command buffer has more bytes than fit, and nothing may grow.
    CommandBufferFull {
        /// Bytes.
        needed: Bytes,
        /// What it takes.
        size: Bytes,
    },
    /// One command needs more than the largest DMA buffer.
    DmaBufferFull {
        /// Bytes of the buffer.
        size: Bytes,
    },
    /// The driver refused the content of the command buffer.
    CommandBuffer,
    /// Additions and blits of the run would have to be kept byte by byte beyond what this program
    /// keeps.
    TooManyBytes {
        /// Bytes that it keeps.
        limit: Bytes,
    },
    /// The engine hangs on what the command itself submits.
    Hangs,
    /// No such transition leads from the power state.
    Transition {
        /// The state.
        from: Power,
        /// What was asked.
        transition: Transition,
    },
}

/// A refusal: a status code, the state unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status that the caller gets.
    pub status: NtStatus,
    /// Why.
    pub reason: RefusalReason,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub const fn new(status: NtStatus, reason: RefusalReason) -> Self {
        Self { status, reason }
    }
}

/// A bug check: the machine stops, and stepping back leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stop {
    /// The bug check code.
    pub code: u32,
    /// Its first parameter.
    pub parameter: u32,
    /// The status that the driver answered, where one did.
    pub status: Option<NtStatus>,
}

impl Stop {
    const VIDEO_MEMORY_MANAGEMENT_INTERNAL: u32 = 0x10E;
    const VIDEO_SCHEDULER_INTERNAL_ERROR: u32 = 0x119;
    const DRIVER_POWER_STATE_FAILURE: u32 = 0x9F;

    /// `VIDEO_MEMORY_MANAGEMENT_INTERNAL` 0xB: a status that building a paging buffer may not have.
    #[must_use]
    pub const fn bad_paging_status(status: NtStatus) -> Self {
        Self { code: Self::VIDEO_MEMORY_MANAGEMENT_INTERNAL, parameter: 0xB, status: Some(status) }
    }

    /// `VIDEO_MEMORY_MANAGEMENT_INTERNAL` 0x12: the driver wrote past the buffer.
    #[must_use]
    pub const fn buffer_overflow() -> Self {
        Self { code: Self::VIDEO_MEMORY_MANAGEMENT_INTERNAL, parameter: 0x12, status: None }
    }

    /// `VIDEO_MEMORY_MANAGEMENT_INTERNAL` 0x13: the driver wrote past the private data.
    #[must_use]
    pub const fn private_data_overflow() -> Self {
        Self { code: Self::VIDEO_MEMORY_MANAGEMENT_INTERNAL, parameter: 0x13, status: None }
    }

    /// `VIDEO_MEMORY_MANAGEMENT_INTERNAL` 0xE: a mapping that must succeed did not.
    #[must_use]
    pub const fn map_failed() -> Self {
        let status = Some(NtStatus::NO_MEMORY);
        Self { code: Self::VIDEO_MEMORY_MANAGEMENT_INTERNAL, parameter: 0xE, status }
    }

    /// `VIDEO_MEMORY_MANAGEMENT_INTERNAL` 0x14: purging the segments failed, for want of memory.
    #[must_use]
    pub const fn purge_failed() -> Self {
        let status = Some(NtStatus::NO_MEMORY);
        Self { code: Self::VIDEO_MEMORY_MANAGEMENT_INTERNAL, parameter: 0x14, status }
    }

    /// `DRIVER_POWER_STATE_FAILURE` 0x3: the driver refused a power state, which it must not.
    ///
    /// The documents say that `DxgkDdiSetPowerState` must not fail, and name no bug check for it:
    /// this is the one of a driver that holds a power request up.
    #[must_use]
    pub const fn power_state_failed(status: NtStatus) -> Self {
        Self { code: Self::DRIVER_POWER_STATE_FAILURE, parameter: 0x3, status: Some(status) }
    }

    /// `VIDEO_MEMORY_MANAGEMENT_INTERNAL` 0x16: a DMA buffer was too small although the driver
    /// promised that it is not.
    #[must_use]
    pub const fn contract_broken() -> Self {
        let status = Some(NtStatus::INSUFFICIENT_DMA_BUFFER);
        Self { code: Self::VIDEO_MEMORY_MANAGEMENT_INTERNAL, parameter: 0x16, status }
    }

    /// `VIDEO_SCHEDULER_INTERNAL_ERROR` 0x3: patching failed.
    #[must_use]
    pub const fn patch_failed(status: NtStatus) -> Self {
        Self { code: Self::VIDEO_SCHEDULER_INTERNAL_ERROR, parameter: 0x3, status: Some(status) }
    }

    /// `VIDEO_SCHEDULER_INTERNAL_ERROR` 0x2: a submission failed.
    #[must_use]
    pub const fn submit_failed(status: NtStatus) -> Self {
        Self { code: Self::VIDEO_SCHEDULER_INTERNAL_ERROR, parameter: 0x2, status: Some(status) }
    }
}

/// How a call can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Refused: the state is unchanged once the caller has gone back to where it began.
    Refused(Refusal),
    /// Stopped: the state stays as it is.
    Stopped(Stop),
    /// The engine waits for a value that nothing given to it can write: only a timeout helps. The
    /// caller goes back to where it began.
    Hung,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}
