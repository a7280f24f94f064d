//! Amounts whose currency stands beside them.
//!
//! Owns which currency belongs to which amount. Must never look at a value that is hidden.

use super::Described;
use crate::meaning;

/// Elements with an amount, and those with its currency.
pub(super) const OF_ELEMENTS: [(&str, &str); 3] = [("4", "49"), ("5", "50"), ("6", "51")];
/// The same of parts: names of subfields, tags of chip data.
pub(super) const OF_PARTS: [(&str, &str); 3] =
    [("amount", "currency"), ("9F02", "5F2A"), ("9F03", "5F2A")];

/// Adds the amounts in words where nothing else explains them.
pub(super) fn explain(described: &mut [Described], pairs: &[(&str, &str)]) {
    for (amount, currency) in pairs {
        let find = |described: &[Described], what: &str| {
            let is = |it: &Described| it.key == what || it.name == what;
            described.iter().position(is)
        };
        let currency = find(described, currency).and_then(|at| described.get(at));
        let Some(currency) = currency.map(|currency| currency.value.clone()) else {
            continue;
        };
        let place = find(described, amount).and_then(|at| described.get_mut(at));
        if let Some(place) = place
            && place.meanings.is_empty()
        {
            let words = meaning::in_currency(&place.value, &currency);
            place.meanings.extend(words);
        }
    }
}
