//! A list by element that needs no heap for a usual message.
//!
//! Owns the places of items. Must never cost an allocation for up to 32 elements.

use crate::dialect::plan::SLOTS;
use crate::element::Element;

/// Elements of a message that need no heap.
const USUAL: usize = 32;

/// One item per element, in the order of their coming.
#[derive(Clone)]
pub(crate) struct ByElement<T> {
    /// Indexed by element number: the place of its item from 1 on; 0 where it is absent.
    places: [u8; SLOTS],
    count: u8,
    first: [T; USUAL],
    more: Vec<T>,
}

impl<T: Copy> ByElement<T> {
    /// An empty list; `blank` fills what is not used.
    pub(crate) fn new(blank: T) -> Self {
        Self {
            places: [0; SLOTS],
            count: 0,
            first: [blank; USUAL],
            more: Vec::new(),
        }
    }

    pub(crate) fn has(&self, element: Element) -> bool {
        self.place(element) != 0
    }

    #[inline]
    pub(crate) fn get(&self, element: Element) -> Option<&T> {
        let index = usize::from(self.place(element).checked_sub(1)?);
        match self.first.get(index) {
            Some(item) => Some(item),
            None => self.more.get(index.checked_sub(USUAL)?),
        }
    }

    /// Adds an item, or replaces the one that the element has.
    #[inline]
    pub(crate) fn put(&mut self, element: Element, item: T) {
        let Some(place) = self.places.get_mut(usize::from(element.number())) else {
            return;
        };
        let new = *place == 0;
        if new {
            // There are fewer elements than a byte can count.
            self.count = self.count.saturating_add(1);
            *place = self.count;
        }
        let index = usize::from(place.saturating_sub(1));
        match self.first.get_mut(index) {
            Some(slot) => *slot = item,
            None if new => self.more.push(item),
            None => {
                if let Some(slot) = self.more.get_mut(index.saturating_sub(USUAL)) {
                    *slot = item;
                }
            }
        }
    }

    /// All items, in the order of their coming.
    pub(crate) fn items(&self) -> impl Iterator<Item = &T> {
        let first = self.first.iter().take(usize::from(self.count));
        first.chain(&self.more)
    }

    fn place(&self, element: Element) -> u8 {
        let place = self.places.get(usize::from(element.number()));
        place.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_and_replaced_whether_they_are_few_or_many() {
        for last in [5, 33, 34, 64, 192] {
            let mut list = ByElement::new(0);
            let elements = || (2..=last).rev().filter_map(Element::new);
            for element in elements() {
                list.put(element, u32::from(element.number()));
            }
            assert_eq!(list.items().count(), usize::from(last) - 1);
            for element in elements() {
                assert_eq!(list.get(element), Some(&u32::from(element.number())));
                list.put(element, 1000 + u32::from(element.number()));
            }
            assert_eq!(list.items().count(), usize::from(last) - 1);
            for element in (2..=192).filter_map(Element::new) {
                let expected = 1000 + u32::from(element.number());
                let found = list.get(element).copied();
                assert_eq!(found, (element.number() <= last).then_some(expected));
                assert_eq!(list.has(element), found.is_some());
            }
        }
    }
}
