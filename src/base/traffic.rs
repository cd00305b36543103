//! What a device moves, by the way that it goes: what a step of the device costs in time.

/// Bytes moved, by their way, and entries of page tables written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Traffic {
    /// Bytes read from system memory by the device.
    pub to_device: u64,
    /// Bytes written to system memory by the device.
    pub to_host: u64,
    /// Bytes read, written or copied inside the device's own memory.
    pub local: u64,
    /// Pages of an aperture pointed elsewhere.
    pub pages: u64,
}

impl Traffic {
    /// Pages of an aperture pointed elsewhere, and no byte moved.
    #[must_use]
    pub const fn of_pages(pages: u64) -> Self {
        Self { to_device: 0, to_host: 0, local: 0, pages }
    }

    /// Bytes that go from one side to another; `true` stands for the device's own memory, `None`
    /// for a side that is no memory.
    #[must_use]
    pub const fn of_bytes(from: Option<bool>, to: Option<bool>, bytes: u64) -> Self {
        let mut traffic = Self::of_pages(0);
        match (from, to) {
            (Some(false), Some(false)) => {
                traffic.to_device = bytes;
                traffic.to_host = bytes;
            }
            (Some(false), _) => traffic.to_device = bytes,
            (_, Some(false)) => traffic.to_host = bytes,
            (None, None) => {}
            _ => traffic.local = bytes,
        }
        traffic
    }

    /// All bytes: each counted once, also where it crosses the link twice.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        let link = if self.to_device > self.to_host { self.to_device } else { self.to_host };
        link.saturating_add(self.local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_over_the_link_once_each_way_and_stay_off_it_inside_the_device() {
        let way = |from, to| {
            let Traffic { to_device, to_host, local, .. } = Traffic::of_bytes(from, to, 8);
            (to_device, to_host, local)
        };
        assert_eq!(way(Some(false), Some(true)), (8, 0, 0), "a page-in");
        assert_eq!(way(Some(true), Some(false)), (0, 8, 0), "an eviction");
        assert_eq!(way(Some(false), Some(false)), (8, 8, 0), "between two apertures");
        assert_eq!(way(Some(true), Some(true)), (0, 0, 8), "a move");
        assert_eq!(way(None, Some(true)), (0, 0, 8), "a fill");
        assert_eq!(way(None, Some(false)), (0, 8, 0), "a fill through an aperture");
        assert_eq!(way(Some(false), None), (8, 0, 0), "a read through an aperture");
        assert_eq!(way(None, None), (0, 0, 0));
        assert_eq!(Traffic::of_bytes(Some(false), Some(false), 8).bytes(), 8);
    }
}
