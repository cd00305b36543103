//! Placement beside the crate offset-allocator.

fn main() {}
