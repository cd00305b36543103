//! Back and forward between selections.

use super::item::Item;

/// Selections remembered in either direction.
const KEPT: usize = 200;

/// The selections before and after the present one.
#[derive(Clone, Debug, Default)]
pub struct SelectionHistory {
    back: Vec<Item>,
    forward: Vec<Item>,
}

impl SelectionHistory {
    /// Whether there is a selection to go back to.
    #[must_use]
    pub const fn has_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// Whether there is a selection to go forward to.
    #[must_use]
    pub const fn has_forward(&self) -> bool {
        !self.forward.is_empty()
    }

    /// Remembers that `left` was given up for another selection.
    pub fn leave(&mut self, left: Option<Item>) {
        self.forward.clear();
        remember(&mut self.back, left);
    }

    /// The selection before `present`.
    pub fn back(&mut self, present: Option<Item>) -> Option<Item> {
        let item = self.back.pop()?;
        remember(&mut self.forward, present);
        Some(item)
    }

    /// The selection after `present`.
    pub fn forward(&mut self, present: Option<Item>) -> Option<Item> {
        let item = self.forward.pop()?;
        remember(&mut self.back, present);
        Some(item)
    }
}

fn remember(items: &mut Vec<Item>, item: Option<Item>) {
    let Some(item) = item else { return };
    if items.last() == Some(&item) {
        return;
    }
    if items.len() == KEPT {
        items.remove(0);
    }
    items.push(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::AllocationId;

    const fn item(number: u32) -> Item {
        Item::Allocation(AllocationId(number))
    }

    #[test]
    fn back_and_forward_walk_the_same_selections() {
        let mut history = SelectionHistory::default();
        history.leave(None);
        assert!(!history.has_back());
        history.leave(Some(item(1)));
        history.leave(Some(item(2)));
        assert_eq!(history.back(Some(item(3))), Some(item(2)));
        assert_eq!(history.back(Some(item(2))), Some(item(1)));
        assert_eq!(history.back(Some(item(1))), None);
        assert_eq!(history.forward(Some(item(1))), Some(item(2)));
        history.leave(Some(item(2)));
        assert!(!history.has_forward());
    }

    #[test]
    fn nothing_selected_is_no_station() {
        let mut history = SelectionHistory::default();
        history.leave(Some(item(1)));
        assert_eq!(history.back(None), Some(item(1)));
        assert!(!history.has_forward());
    }
}
