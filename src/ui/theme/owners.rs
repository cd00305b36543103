//! Which colour an owner gets: by its name, so that filters, sorting and comparing keep it.

use std::collections::BTreeMap;

use egui::Color32;

/// How many hues owners are told apart by; each comes plain and with a notched cap.
pub const OWNER_HUES: usize = 7;

/// How many owners can be told apart.
const SLOTS: usize = 2 * OWNER_HUES;

/// Chosen so that the owners of the sample sessions (game.exe, browser.exe, dwm.exe,
/// ml-worker.exe) fall on the first four hues, which differ most.
const SEED: u64 = 17_243;

/// Where an owner's colour comes from, the same in both themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerSlot {
    /// The operating system, and whatever belongs to nobody: grey.
    System,
    /// One of the hues.
    Hue {
        /// Which hue, below [`OWNER_HUES`].
        index: usize,
        /// Whether the cap of its blocks is notched, because the plain hue belongs to another.
        notched: bool,
    },
}

impl OwnerSlot {
    fn numbered(number: usize) -> Self {
        Self::Hue { index: number % OWNER_HUES, notched: number % SLOTS >= OWNER_HUES }
    }
}

/// How an owner is painted in one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerColor {
    /// Full colour: cap of blocks, swatch in lists.
    pub color: Color32,
    /// Whether the cap is notched.
    pub notched: bool,
}

/// The slot of the owner called `name`, by its name alone.
#[must_use]
pub fn owner_slot(name: &str) -> OwnerSlot {
    if is_system(name) { OwnerSlot::System } else { OwnerSlot::numbered(slot_number(name)) }
}

fn is_system(name: &str) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case("system")
}

/// FNV-1a over the name, folded into the number of slots.
fn slot_number(name: &str) -> usize {
    let mut hash = 0xCBF2_9CE4_8422_2325 ^ SEED;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    hash ^= hash >> 32;
    let slots = u64::try_from(SLOTS).unwrap_or(1);
    usize::try_from(hash % slots).unwrap_or(0)
}

/// Slots of all owners of one session, no two alike as long as there are enough.
///
/// Each owner has the slot of its name unless an owner before it in the alphabet has it already;
/// then it has the next free one. Build it from every owner of the session, not of a filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerPalette {
    slots: BTreeMap<String, OwnerSlot>,
}

impl OwnerPalette {
    /// A palette for the owners called `names`, in any order and with repetitions.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut slots: BTreeMap<String, OwnerSlot> =
            names.into_iter().map(|name| (name.to_owned(), OwnerSlot::System)).collect();
        let mut taken = [false; SLOTS];
        for (name, slot) in &mut slots {
            if is_system(name) {
                continue;
            }
            let wanted = slot_number(name);
            let number = (0..SLOTS)
                .map(|step| (wanted + step) % SLOTS)
                .find(|&number| taken.get(number) == Some(&false))
                .unwrap_or(wanted);
            if let Some(flag) = taken.get_mut(number) {
                *flag = true;
            }
            *slot = OwnerSlot::numbered(number);
        }
        Self { slots }
    }

    /// The slot of the owner called `name`; of its name alone where the palette lacks it.
    #[must_use]
    pub fn slot(&self, name: &str) -> OwnerSlot {
        self.slots.get(name).copied().unwrap_or_else(|| owner_slot(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn plain(index: usize) -> OwnerSlot {
        OwnerSlot::Hue { index, notched: false }
    }

    #[test]
    fn sample_owners_have_the_first_hues_and_system_none() {
        assert_eq!(owner_slot("game.exe"), plain(0));
        assert_eq!(owner_slot("browser.exe"), plain(1));
        assert_eq!(owner_slot("dwm.exe"), plain(2));
        assert_eq!(owner_slot("ml-worker.exe"), plain(3));
        assert_eq!(owner_slot("System"), OwnerSlot::System);
        assert_eq!(owner_slot(""), OwnerSlot::System);
    }

    #[test]
    fn a_palette_keeps_fourteen_owners_apart() {
        let names: Vec<String> = (0..SLOTS).map(|number| format!("process {number}")).collect();
        let palette = OwnerPalette::new(names.iter().map(String::as_str));
        let mut slots: Vec<OwnerSlot> = names.iter().map(|name| palette.slot(name)).collect();
        slots.sort();
        slots.dedup();
        assert_eq!(slots.len(), SLOTS);
    }

    #[test]
    fn order_and_repetition_do_not_change_a_palette() {
        let forward = OwnerPalette::new(["a", "b", "game.exe", "system", "a"]);
        let backward = OwnerPalette::new(["system", "game.exe", "b", "a"]);
        assert_eq!(forward, backward);
        assert_eq!(forward.slot("system"), OwnerSlot::System);
    }

    #[test]
    fn more_owners_than_slots_still_have_a_colour() {
        let names: Vec<String> = (0..40).map(|number| format!("process {number}")).collect();
        let palette = OwnerPalette::new(names.iter().map(String::as_str));
        assert!(names.iter().all(
            |name| matches!(palette.slot(name), OwnerSlot::Hue { index, .. } if index < OWNER_HUES)
        ));
    }
}
