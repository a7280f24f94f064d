//! What two messages do not have in common.
//!
//! Owns the comparison, element by element and part by part. Must never show a value that a description would mask: of
//! values that differ only where they are masked it says just that.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::describe::{Described, Description, Shown};
use crate::dialect::Dialect;
use crate::message::Message;

/// One difference.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where: `MTI`, `DE4`, `DE55.9F02`; the second tag of the same number is `DE55.9F02#2`.
    pub path: String,
    /// The element or part in words.
    pub name: String,
    /// What the first message has there, or `None` when nothing.
    pub left: Option<Zeroizing<String>>,
    /// What the second one has.
    pub right: Option<Zeroizing<String>>,
}

/// Prints the place only.
impl std::fmt::Debug for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)
    }
}

/// A message and the dialect that decoded it.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The dialect.
    pub dialect: &'a Dialect,
    /// The message.
    pub message: &'a Message,
}

/// The differences in the order of the elements.
pub fn diff(left: Side<'_>, right: Side<'_>, shown: Shown) -> Vec<Difference> {
    let describe = |side: Side<'_>, shown| Description::new(side.dialect, side.message, shown);
    let (left_clear, right_clear) = (describe(left, Shown::Clear), describe(right, Shown::Clear));
    let (left, right) = (describe(left, shown), describe(right, shown));
    let mut differences = Vec::new();
    if left.mti != right.mti {
        differences.push(Difference {
            path: "MTI".to_owned(),
            name: "Message type indicator".to_owned(),
            left: Some(Zeroizing::new(left.mti.to_string())),
            right: Some(Zeroizing::new(right.mti.to_string())),
        });
    }
    let left = Views::new(&left.elements, &left_clear.elements);
    let right = Views::new(&right.elements, &right_clear.elements);
    compare("DE", &left, &right, &mut differences);
    differences
}

/// A part as it is shown, and as it is.
#[derive(Clone, Copy)]
struct View<'a> {
    shown: &'a Described,
    clear: &'a Described,
}

/// Parts in their order under keys that are unique.
struct Views<'a> {
    order: Vec<(String, View<'a>)>,
    places: BTreeMap<String, usize>,
}

impl<'a> Views<'a> {
    /// Both lists describe the same parts.
    fn new(shown: &'a [Described], clear: &'a [Described]) -> Self {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut views = Self {
            order: Vec::with_capacity(shown.len()),
            places: BTreeMap::new(),
        };
        for (shown, clear) in shown.iter().zip(clear) {
            let count = seen.entry(&shown.key).or_default();
            *count = count.saturating_add(1);
            let key = match *count {
                1 => shown.key.clone(),
                count => format!("{}#{count}", shown.key),
            };
            views.places.insert(key.clone(), views.order.len());
            views.order.push((key, View { shown, clear }));
        }
        views
    }

    fn get(&self, key: &str) -> Option<View<'a>> {
        let (_, view) = self.order.get(*self.places.get(key)?)?;
        Some(*view)
    }
}

/// `prefix` stands in front of each key.
fn compare(prefix: &str, left: &Views<'_>, right: &Views<'_>, out: &mut Vec<Difference>) {
    let only_right = right
        .order
        .iter()
        .filter(|(key, _)| left.get(key).is_none());
    let mut keys: Vec<&str> = left.order.iter().map(|(key, _)| key.as_str()).collect();
    keys.extend(only_right.map(|(key, _)| key.as_str()));
    // Elements by number; parts stay in the order in which they were sent.
    keys.sort_by_key(|key| key.parse::<u32>().unwrap_or(u32::MAX));
    for key in keys {
        let path = format!("{prefix}{key}");
        match (left.get(key), right.get(key)) {
            (Some(left), Some(right)) => compare_one(path, left, right, out),
            (left, right) => {
                let side = left.or(right);
                out.push(Difference {
                    path,
                    name: side.map(|view| view.shown.name.clone()).unwrap_or_default(),
                    left: left.map(|view| summary(view.shown)),
                    right: right.map(|view| summary(view.shown)),
                });
            }
        }
    }
}

fn compare_one(path: String, left: View<'_>, right: View<'_>, out: &mut Vec<Difference>) {
    match (&left.clear.parts, &right.clear.parts) {
        (Some(_), Some(_)) => {
            compare(&format!("{path}."), &views(left), &views(right), out);
            return;
        }
        (None, None) if left.clear.value == right.clear.value => return,
        _ => {}
    }
    out.push(Difference {
        path,
        name: left.shown.name.clone(),
        left: Some(summary(left.shown)),
        right: Some(summary(right.shown)),
    });
}

fn views(view: View<'_>) -> Views<'_> {
    Views::new(
        view.shown.parts.as_deref().unwrap_or_default(),
        view.clear.parts.as_deref().unwrap_or_default(),
    )
}

/// A value, or how many parts there are.
fn summary(described: &Described) -> Zeroizing<String> {
    match &described.parts {
        None => described.value.clone(),
        Some(parts) => Zeroizing::new(format!("[{} parts]", parts.len())),
    }
}
