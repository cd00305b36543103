//! Status codes as ntstatus.h numbers them.

use std::fmt;

/// An `NTSTATUS`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NtStatus(pub u32);

macro_rules! statuses {
    ($($(#[$meta:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl NtStatus {
            $($(#[$meta])* pub const $name: Self = Self($value);)*

            /// The name in ntstatus.h, where this is one of the codes used here.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }

            /// The code of a name in ntstatus.h.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self($value)),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    /// Done.
    SUCCESS = 0x0000_0000, "STATUS_SUCCESS";
    /// Informational: nothing of the allocation needed preparing.
    SKIP_ALLOCATION_PREPARATION = 0x401E_0201, "STATUS_GRAPHICS_SKIP_ALLOCATION_PREPARATION";
    /// It failed, for no reason that is given.
    UNSUCCESSFUL = 0xC000_0001, "STATUS_UNSUCCESSFUL";
    /// A handle is none.
    INVALID_HANDLE = 0xC000_0008, "STATUS_INVALID_HANDLE";
    /// An argument is wrong.
    INVALID_PARAMETER = 0xC000_000D, "STATUS_INVALID_PARAMETER";
    /// System memory is exhausted.
    NO_MEMORY = 0xC000_0017, "STATUS_NO_MEMORY";
    /// The command buffer holds no command where one begins.
    ILLEGAL_INSTRUCTION = 0xC000_001D, "STATUS_ILLEGAL_INSTRUCTION";
    /// The command is one that users may not give.
    PRIVILEGED_INSTRUCTION = 0xC000_0096, "STATUS_PRIVILEGED_INSTRUCTION";
    /// The command buffer ends inside a command.
    INVALID_USER_BUFFER = 0xC000_00E8, "STATUS_INVALID_USER_BUFFER";
    /// The driver does not implement the operation.
    NOT_SUPPORTED = 0xC000_00BB, "STATUS_NOT_SUPPORTED";
    /// Commit is exhausted.
    COMMITMENT_LIMIT = 0xC000_012D, "STATUS_COMMITMENT_LIMIT";
    /// The device is not ready: the adapter did not start or has stopped.
    DEVICE_NOT_READY = 0xC000_00A3, "STATUS_DEVICE_NOT_READY";
    /// The state of the device does not allow it.
    INVALID_DEVICE_STATE = 0xC000_0184, "STATUS_INVALID_DEVICE_STATE";
    /// The rest does not fit in the buffer; go on in a new one.
    INSUFFICIENT_DMA_BUFFER = 0xC01E_0001, "STATUS_GRAPHICS_INSUFFICIENT_DMA_BUFFER";
    /// No room in any segment that would do.
    NO_VIDEO_MEMORY = 0xC01E_0100, "STATUS_GRAPHICS_NO_VIDEO_MEMORY";
    /// The memory cannot be locked.
    CANT_LOCK_MEMORY = 0xC01E_0101, "STATUS_GRAPHICS_CANT_LOCK_MEMORY";
    /// The GPU still uses the allocation.
    ALLOCATION_BUSY = 0xC01E_0102, "STATUS_GRAPHICS_ALLOCATION_BUSY";
    /// The allocation is locked, and lies where it may not be rendered from.
    CANT_RENDER_LOCKED_ALLOCATION = 0xC01E_0111, "STATUS_GRAPHICS_CANT_RENDER_LOCKED_ALLOCATION";
    /// The allocation is not one.
    ALLOCATION_INVALID = 0xC01E_0106, "STATUS_GRAPHICS_ALLOCATION_INVALID";
    /// The allocation is pinned.
    CANT_EVICT_PINNED_ALLOCATION = 0xC01E_0109, "STATUS_GRAPHICS_CANT_EVICT_PINNED_ALLOCATION";
    /// The allocation may not be used like this.
    INVALID_ALLOCATION_USAGE = 0xC01E_0110, "STATUS_GRAPHICS_INVALID_ALLOCATION_USAGE";
    /// The allocation has been closed.
    ALLOCATION_CLOSED = 0xC01E_0112, "STATUS_GRAPHICS_ALLOCATION_CLOSED";
    /// There is no such allocation.
    INVALID_ALLOCATION_HANDLE = 0xC01E_0114, "STATUS_GRAPHICS_INVALID_ALLOCATION_HANDLE";
    /// The allocation belongs to another device.
    WRONG_ALLOCATION_DEVICE = 0xC01E_0115, "STATUS_GRAPHICS_WRONG_ALLOCATION_DEVICE";
    /// The content of the allocation is gone.
    ALLOCATION_CONTENT_LOST = 0xC01E_0116, "STATUS_GRAPHICS_ALLOCATION_CONTENT_LOST";
    /// The GPU raised an exception.
    GPU_EXCEPTION_ON_DEVICE = 0xC01E_0200, "STATUS_GRAPHICS_GPU_EXCEPTION_ON_DEVICE";
}

impl NtStatus {
    /// Whether the two severity bits say success or information.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 < 0x8000_0000
    }
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "status {}", crate::base::text::word(self.0)),
        }
    }
}

impl fmt::Debug for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facility 0x1E, severity error: 0xC01E0000 and the number, as ntstatus.h lists them.
    #[test]
    fn codes_are_those_of_the_header_and_go_both_ways() {
        let graphics = [
            (0x0001, "INSUFFICIENT_DMA_BUFFER"),
            (0x0100, "NO_VIDEO_MEMORY"),
            (0x0101, "CANT_LOCK_MEMORY"),
            (0x0102, "ALLOCATION_BUSY"),
            (0x0106, "ALLOCATION_INVALID"),
            (0x0109, "CANT_EVICT_PINNED_ALLOCATION"),
            (0x0110, "INVALID_ALLOCATION_USAGE"),
            (0x0111, "CANT_RENDER_LOCKED_ALLOCATION"),
            (0x0112, "ALLOCATION_CLOSED"),
            (0x0114, "INVALID_ALLOCATION_HANDLE"),
            (0x0115, "WRONG_ALLOCATION_DEVICE"),
            (0x0116, "ALLOCATION_CONTENT_LOST"),
            (0x0200, "GPU_EXCEPTION_ON_DEVICE"),
        ];
        for (number, name) in graphics {
            let (code, name) = (NtStatus(0xC01E_0000 | number), format!("STATUS_GRAPHICS_{name}"));
            assert_eq!(NtStatus::from_name(&name), Some(code), "{name}");
            assert_eq!(code.name(), Some(&name[..]));
            assert!(!code.is_success());
        }
        assert_eq!(NtStatus::SKIP_ALLOCATION_PREPARATION, NtStatus(0x401E_0201));
        assert!(
            NtStatus::SKIP_ALLOCATION_PREPARATION.is_success() && NtStatus::SUCCESS.is_success()
        );
        assert_eq!(NtStatus::from_name("STATUS_GRAPHICS_NO_SUCH"), None);
    }
}
