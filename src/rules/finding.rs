//! What a rule says when it is broken or touched.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Documents disagree, and it works.
    Disagreement,
    /// Documents forbid it, shipping drivers do it, and it works.
    Warning,
    /// A document says that it fails, or a field cannot express it: the adapter does not start.
    Error,
}

macro_rules! rules {
    ($($(#[$meta:meta])* $name:ident = $id:literal, $severity:ident, $sentence:literal, $source:literal;)*) => {
        /// The rules on adapters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[$meta])* $name,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// A short name that never changes.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// How bad it is to break it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// The rule as a sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// Where it comes from.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$name => $source,)* }
            }
        }
    };
}

rules! {
    /// An adapter has segments.
    NoSegments = "segment-none", Error,
        "an adapter reports at least one segment", "DXGK_QUERYSEGMENTOUT, NbSegment";
    /// Ids have five bits, and one is taken by system memory.
    TooManySegments = "segment-count", Error,
        "segment ids go from 1 to 31", "D3DDDI_SEGMENTPREFERENCE, SegmentId0";
    /// A segment has a size.
    SizeZero = "segment-size-zero", Error,
        "a segment has a size", "DXGK_SEGMENTDESCRIPTOR, Size";
    /// A segment consists of pages.
    SizeNotPages = "segment-size-pages", Error,
        "the size of a segment is a multiple of the host page", "DXGK_SEGMENTDESCRIPTOR, Size";
    /// Addresses have 64 bits.
    EndBeyondAddresses = "segment-end", Error,
        "base address plus size fits in 64 bits", "DXGK_SEGMENTDESCRIPTOR, BaseAddress";
    /// A base address begins a page.
    BaseNotPages = "segment-base-pages", Error,
        "the base address of a segment is a multiple of the host page",
        "DXGK_SEGMENTDESCRIPTOR, BaseAddress";
    /// A limit above the size limits nothing.
    CommitAboveSize = "commit-above-size", Error,
        "the commit limit does not exceed the size", "DXGK_SEGMENTDESCRIPTOR, CommitLimit";
    /// Memory segments commit all of themselves.
    CommitOnMemory = "commit-on-memory", Warning,
        "the commit limit of a memory segment is its size, or 0",
        "DXGK_SEGMENTDESCRIPTOR, CommitLimit";
    /// AGP stands alone and is not an ordinary aperture.
    Agp = "segment-agp", Error,
        "AGP-type segments are not modelled: they are mapped by a GART driver of the chipset",
        "DXGK_SEGMENTFLAGS, Agp";
    /// Coherence belongs to mappings.
    CoherentMemory = "coherent-memory", Warning,
        "CacheCoherent has no meaning for a memory segment", "DXGK_SEGMENTFLAGS, CacheCoherent";
    /// Two documents disagree.
    VisibleAperture = "visible-aperture", Warning,
        "documents disagree on CpuVisible for an aperture: without meaning, or CPU-accessible",
        "DXGK_SEGMENTFLAGS, CpuVisible; Linear Aperture-Space Segments";
    /// Bits 22 to 31.
    ReservedBits = "segment-reserved-bits", Warning,
        "bits 22 to 31 of the segment flags are reserved", "DXGK_SEGMENTFLAGS, Reserved";
    /// Flags that ask for behaviour of a kind that is not modelled.
    NotModelled = "segment-not-modelled", Note,
        "banks, pitch alignment and 64 KiB pages are shown but not acted on",
        "DXGK_SEGMENTFLAGS, UseBanking, PitchAlignment, Use64KBPages";
    /// The paging buffer lies in an aperture or in contiguous system memory.
    PagingBufferSegment = "paging-buffer-segment", Error,
        "the paging buffer lies in an aperture segment, or in segment 0: contiguous system memory",
        "DXGK_QUERYSEGMENTOUT, PagingBufferSegmentId";
    /// The paging buffer has a size.
    PagingBufferSize = "paging-buffer-size", Error,
        "the paging buffer has at least 64 bytes and at most 16 MiB",
        "DXGK_QUERYSEGMENTOUT, PagingBufferSize";
    /// Private data is small.
    PagingBufferPrivateData = "paging-buffer-private-data", Error,
        "the private data of a paging buffer has at most 1 MiB",
        "DXGK_QUERYSEGMENTOUT, PagingBufferPrivateDataSize";
    /// There is at least one paging buffer and room for all.
    PagingBufferCount = "paging-buffer-count", Error,
        "there are 1 to 64 paging buffers and they fit into their segment",
        "DXGK_QUERYSEGMENTOUT, PagingBufferSegmentId";
    /// System memory must hold what the adapter needs to start.
    SystemMemory = "system-memory", Error,
        "system memory is a multiple of the page, at least 1 MiB, and its frames are addressable",
        "MmGetMdlPfnArray";
    /// Names tell segments apart.
    SegmentNames = "segment-names", Error,
        "segments have names, all different", "sessions name segments";
}

/// A rule broken or touched at a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The field, as a path in the configuration: `segments[1].commit_limit`.
    pub field: String,
    /// What the field says.
    pub value: String,
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.rule.severity()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, field, value } = self;
        write!(f, "{field} is {value}: {} ({}; {})", rule.sentence(), rule.id(), rule.source())
    }
}
