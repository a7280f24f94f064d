//! What an approval is to an authorization before it: a part that raises it, or a refund of it.
//!
//! Owns: what links a refund to the purchase that it gives back, and how much of it counts while so much of the
//! refund is left. Layouts here are parts of the payloads of journal records. Must never: move anything; a refund is
//! an authorization of its own.

use serde::{Deserialize, Serialize};

use super::key::MessageKey;
use super::presented;
use super::standing::{Change, Part, Standing};
use crate::identifiers::RecordId;

/// What an approval is to an authorization before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// Nothing: it stands for itself.
    #[default]
    Alone,
    /// An increment: it raises that authorization by a part.
    Raises((MessageKey, RecordId)),
    /// A refund of that purchase, which takes note of it.
    Refunds(Refund),
}

impl Relation {
    /// As records had it that knew of increments alone.
    pub(crate) fn of_increment(raised: Option<(MessageKey, RecordId)>) -> Self {
        raised.map_or(Self::Alone, Self::Raises)
    }
}

/// A refund of a purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Names the purchase.
    pub of: MessageKey,
    /// Its record.
    pub authorization: RecordId,
    /// What the whole refund gives back, minor units of the purchase's DE4's currency.
    pub minor: i64,
}

impl Refund {
    /// What more of the purchase is refunded when so much of the refund is left as after in place of before; less than
    /// nothing where it is less. All steps add up to the whole.
    #[must_use]
    pub fn more(&self, refund: &Standing, left: (i64, i64)) -> i64 {
        let of_minor = refund
            .parts
            .first()
            .map_or(0, |part: &Part| part.transaction_minor);
        presented::difference(self.minor, left, of_minor).unwrap_or(0)
    }
}

impl Change {
    /// What is left before and after, of all parts, minor units of DE4's currency.
    #[must_use]
    pub fn left_minor(&self) -> (i64, i64) {
        let parts = self.parts.iter();
        parts.fold((0_i64, 0_i64), |(before, after), part| {
            let before = before.saturating_add(part.before_minor);
            (before, after.saturating_add(part.after_minor))
        })
    }
}
