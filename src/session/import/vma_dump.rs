//! The shape of a dump of the Vulkan Memory Allocator.
//!
//! Source: `GpuMemDump.schema.json` beside GpuMemDumpVis in
//! GPUOpen-LibrariesAndSDKs/VulkanMemoryAllocator (MIT, Advanced Micro Devices, Inc.). Fields that
//! an import does not use are skipped.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::MOST_EVENTS;
use super::json::Entries;
use crate::session::value;

/// The whole.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Dump {
    pub(super) general: General,
    pub(super) total: Stats,
    pub(super) memory_info: Entries<Heap>,
    /// Only a detailed dump has it.
    pub(super) default_pools: Option<Entries<Pool>>,
    /// By memory type.
    #[serde(default)]
    pub(super) custom_pools: Entries<Vec<Pool>>,
}

/// Where it is from.
#[derive(Debug, Deserialize)]
pub(super) struct General {
    #[serde(rename = "API")]
    pub(super) api: String,
    #[serde(rename = "GPU")]
    pub(super) gpu: String,
}

/// What the dump says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Stats {
    pub(super) block_count: u64,
    pub(super) block_bytes: u64,
    pub(super) allocation_count: u64,
    pub(super) allocation_bytes: u64,
    pub(super) unused_range_count: u64,
}

/// A heap of the device.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Heap {
    #[serde(default)]
    pub(super) flags: Vec<String>,
    pub(super) size: u64,
    pub(super) budget: Budget,
    /// By memory type.
    #[serde(default)]
    pub(super) memory_pools: Entries<MemoryType>,
}

/// What the operating system said of a heap.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Budget {
    pub(super) budget_bytes: u64,
    pub(super) usage_bytes: u64,
}

/// A memory type of a heap.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MemoryType {
    #[serde(default)]
    pub(super) flags: Vec<String>,
}

/// A pool: memory that was allocated from the driver.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pool {
    #[serde(default)]
    pub(super) blocks: Entries<Block>,
    #[serde(default, deserialize_with = "value::bounded::<_, _, { MOST_EVENTS }>")]
    pub(super) dedicated_allocations: Vec<Dedicated>,
}

/// A block from which parts are handed out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Block {
    pub(super) total_bytes: u64,
    pub(super) unused_bytes: u64,
    pub(super) allocations: u64,
    pub(super) unused_ranges: u64,
    #[serde(default, deserialize_with = "value::bounded::<_, _, { MOST_EVENTS }>")]
    pub(super) suballocations: Vec<Suballocation>,
}

/// A part of a block.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Suballocation {
    pub(super) offset: u64,
    pub(super) size: u64,
    #[serde(rename = "Type")]
    pub(super) kind: Kind,
}

/// Memory with one allocation in it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Dedicated {
    pub(super) size: u64,
    pub(super) name: Option<String>,
}

/// Whether a part is used; what for is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Free,
    Used,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KindVisitor;

        impl Visitor<'_> for KindVisitor {
            type Value = Kind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text such as \"BUFFER\" or \"FREE\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Kind, E> {
                Ok(if text == "FREE" { Kind::Free } else { Kind::Used })
            }
        }

        deserializer.deserialize_str(KindVisitor)
    }
}
