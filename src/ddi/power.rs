//! Power states of the device and of the system, and why they change.

/// `DEVICE_POWER_STATE`: the state of the adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DevicePowerState {
    /// `PowerDeviceD0`: on.
    #[default]
    D0,
    /// `PowerDeviceD1`: the lightest sleep.
    D1,
    /// `PowerDeviceD2`: a deeper sleep.
    D2,
    /// `PowerDeviceD3`: off.
    D3,
}

impl DevicePowerState {
    /// The states in order of depth.
    pub const ALL: [Self; 4] = [Self::D0, Self::D1, Self::D2, Self::D3];

    /// The number of the enumeration: `PowerDeviceD0` is 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::D0 => 1,
            Self::D1 => 2,
            Self::D2 => 3,
            Self::D3 => 4,
        }
    }

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::D0 => "D0",
            Self::D1 => "D1",
            Self::D2 => "D2",
            Self::D3 => "D3",
        }
    }
}

/// `POWER_ACTION`: why the state of the device changes. Not to be relied on for D0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PowerAction {
    /// `PowerActionNone`: the device alone changes its state.
    #[default]
    None,
    /// `PowerActionSleep`.
    Sleep,
    /// `PowerActionHibernate`.
    Hibernate,
    /// `PowerActionShutdown`.
    Shutdown,
}

impl PowerAction {
    /// The number of the enumeration.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Sleep => 2,
            Self::Hibernate => 3,
            Self::Shutdown => 4,
        }
    }

    /// The name of the enumeration, without its prefix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Sleep => "Sleep",
            Self::Hibernate => "Hibernate",
            Self::Shutdown => "Shutdown",
        }
    }
}

/// A sleeping state of the system, for what the hardware keeps in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemSleepState {
    /// S3: memory is refreshed.
    Standby,
    /// S4: the power is off, what is kept lies in a file.
    Hibernate,
}

/// The arguments of `DxgkDdiSetPowerState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetPowerState {
    /// `DeviceUid`: the adapter itself, or one of its children.
    pub device_uid: u32,
    /// `DevicePowerState`.
    pub state: DevicePowerState,
    /// `ActionType`.
    pub action: PowerAction,
}

impl SetPowerState {
    /// `DISPLAY_ADAPTER_HW_ID`: the `DeviceUid` of the adapter itself.
    pub const ADAPTER: u32 = 0xFFFF_FFFF;
}
