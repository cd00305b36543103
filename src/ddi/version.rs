//! Driver model versions, as `DXGKDDI_INTERFACE_VERSION_*` numbers them.

use std::fmt;

/// The interface version that an adapter's driver was built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InterfaceVersion {
    /// Windows Vista.
    Wddm1_0,
    /// Windows 7.
    Wddm1_1,
    /// Windows 8.
    Wddm1_2,
    /// Windows 8.1.
    #[default]
    Wddm1_3,
    /// Windows 10.
    Wddm2_0,
    /// Windows 10, 1607.
    Wddm2_1,
    /// Windows 10, 1703.
    Wddm2_2,
    /// Windows 10, 1709.
    Wddm2_3,
    /// Windows 10, 1803.
    Wddm2_4,
    /// Windows 10, 1809.
    Wddm2_5,
    /// Windows 10, 1903.
    Wddm2_6,
    /// Windows 10, 2004.
    Wddm2_7,
    /// Between Windows 10 and Server 2022.
    Wddm2_8,
    /// Windows Server 2022.
    Wddm2_9,
    /// Windows 11, 21H2.
    Wddm3_0,
    /// Windows 11, 22H2.
    Wddm3_1,
    /// Windows 11, 24H2.
    Wddm3_2,
}

impl InterfaceVersion {
    /// Every version with its name and interface number, oldest first.
    pub const ALL: [(Self, &'static str, u32); 17] = [
        (Self::Wddm1_0, "1.0", 0x1053),
        (Self::Wddm1_1, "1.1", 0x2005),
        (Self::Wddm1_2, "1.2", 0x300E),
        (Self::Wddm1_3, "1.3", 0x4002),
        (Self::Wddm2_0, "2.0", 0x5023),
        (Self::Wddm2_1, "2.1", 0x6003),
        (Self::Wddm2_2, "2.2", 0x700A),
        (Self::Wddm2_3, "2.3", 0x8001),
        (Self::Wddm2_4, "2.4", 0x9006),
        (Self::Wddm2_5, "2.5", 0xA00B),
        (Self::Wddm2_6, "2.6", 0xB004),
        (Self::Wddm2_7, "2.7", 0xC004),
        (Self::Wddm2_8, "2.8", 0xD001),
        (Self::Wddm2_9, "2.9", 0xE003),
        (Self::Wddm3_0, "3.0", 0xF003),
        (Self::Wddm3_1, "3.1", 0x1_0004),
        (Self::Wddm3_2, "3.2", 0x1_1007),
    ];

    /// The version of a name such as `1.3`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(version, ..)| *version)
    }

    /// The name, such as `1.3`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(version, ..)| *version == self).map_or("", |(_, name, _)| name)
    }

    /// Bytes of `DXGKARG_BUILDPAGINGBUFFER` on a 64-bit system: the size of one record of drivers
    /// that copy the structure into their paging buffer.
    ///
    /// 304 up to WDDM 1.3; 2.0 adds `DmaBufferGpuVirtualAddress` (312), and from interface 0x5012
    /// on, that is in every released 2.x kit, `DmaBufferWriteOffset` (320).
    #[must_use]
    pub fn paging_record_size(self) -> u32 {
        if self < Self::Wddm2_0 { 304 } else { 320 }
    }
}

/// Which segment query a driver answers, and so which fields a descriptor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DescriptorGeneration {
    /// `DXGK_SEGMENTDESCRIPTOR`, query type 2.
    Descriptor1,
    /// `DXGK_SEGMENTDESCRIPTOR3`, query type 5, since Windows 8.
    Descriptor3,
    /// `DXGK_SEGMENTDESCRIPTOR4`, query type 11, since WDDM 2.0.
    Descriptor4,
}

impl DescriptorGeneration {
    /// Every generation with the number in its name, oldest first.
    pub const ALL: [(Self, u8); 3] =
        [(Self::Descriptor1, 1), (Self::Descriptor3, 3), (Self::Descriptor4, 4)];

    /// The generation of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == number).map(|(generation, _)| *generation)
    }

    /// The number in its name: 1, 3 or 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Descriptor1 => 1,
            Self::Descriptor3 => 3,
            Self::Descriptor4 => 4,
        }
    }

    /// The newest generation that an interface version has.
    #[must_use]
    pub fn newest(version: InterfaceVersion) -> Self {
        if version >= InterfaceVersion::Wddm2_0 {
            Self::Descriptor4
        } else if version >= InterfaceVersion::Wddm1_2 {
            Self::Descriptor3
        } else {
            Self::Descriptor1
        }
    }
}

impl fmt::Display for InterfaceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WDDM {}", self.name())
    }
}
