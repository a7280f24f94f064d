//! Double entry: both sides of what is posted, per currency.
//!
//! Owns: the sums of an account's transactions and of what its records clear, who stands behind an amount, and that
//! per currency both come to the same on every side. What belongs to which authorization is told by a weight, so
//! that an account needs no list of them. Must never: fill one side from the other.

use std::collections::BTreeMap;

use rules::{AccountId, Currency, NetworkId};
use serde::{Deserialize, Serialize};

use super::{AuditError, Rule};
use crate::authorization::{PlannedPosting, TransactionPosted};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::identifiers::RecordId;

/// What was posted in a currency, and its counter entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencyEntries {
    /// The currency.
    pub currency: Currency,
    /// What transactions credit accounts, minor units.
    pub credits_minor: i64,
    /// What they debit them.
    pub debits_minor: i64,
    /// The counter entries, side by side: together they are the same, the other way round.
    pub counter_entries: Vec<CounterEntry>,
    /// What was transferred between accounts.
    pub transfers: TransferSums,
}

/// The counter entry of what was posted for one side, by its decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterEntry {
    /// `network` and its number, which settles; `operations`, the issuer's own side; or `transfers`.
    pub side: String,
    /// What is credited to it: debits of accounts, minor units.
    pub credits_minor: i64,
    /// What it is debited: credits of accounts.
    pub debits_minor: i64,
}

/// Transfers in a currency: what was sent was received, came back or is on its way. Minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferSums {
    /// What left accounts.
    pub sent_minor: i64,
    /// What reached their counterparts.
    pub received_minor: i64,
    /// What was refused and given back.
    pub returned_minor: i64,
    /// What neither reached its counterpart nor came back.
    pub in_flight_minor: i64,
}

/// An amount of an authorization on an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) account: AccountId,
    pub(super) authorization: RecordId,
    pub(super) credit: bool,
    pub(super) amount_minor: i64,
}

impl Entry {
    pub(super) fn of(posted: &TransactionPosted) -> Self {
        Self {
            account: posted.account,
            authorization: posted.authorization,
            credit: posted.posting.credit,
            amount_minor: posted.posting.amount_minor,
        }
    }

    pub(super) fn planned(authorization: RecordId, planned: &PlannedPosting) -> Self {
        Self {
            account: planned.account,
            authorization,
            credit: planned.posting.credit,
            amount_minor: planned.posting.amount_minor,
        }
    }

    /// A number that tells authorizations and directions apart: sums that are weighed with it agree only when those
    /// of every authorization do.
    fn weight(&self) -> i64 {
        let RecordId {
            sequence, index, ..
        } = self.authorization;
        let mut mixed =
            sequence.rotate_left(24) ^ u64::from(index) ^ (u64::from(self.credit) << 63);
        for factor in [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
            mixed = (mixed ^ (mixed >> 31)).wrapping_mul(factor);
        }
        (mixed ^ (mixed >> 29)).cast_signed()
    }
}

/// What is cleared less what is posted; nothing when all is read. May wrap: it is compared with nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    sum_minor: i64,
    weighed: i64,
}

impl Difference {
    pub(super) fn cleared(&mut self, entry: &Entry) {
        self.add(entry, entry.amount_minor);
    }

    pub(super) fn posted(&mut self, entry: &Entry) {
        self.add(entry, entry.amount_minor.wrapping_neg());
    }

    fn add(&mut self, entry: &Entry, amount_minor: i64) {
        self.sum_minor = self.sum_minor.wrapping_add(amount_minor);
        let weighed = entry.weight().wrapping_mul(amount_minor);
        self.weighed = self.weighed.wrapping_add(weighed);
    }
}

/// Credits and debits of accounts, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) credits_minor: i128,
    pub(super) debits_minor: i128,
}

impl Sums {
    pub(super) fn add(&mut self, entry: &Entry) {
        let sum = match entry.credit {
            true => &mut self.credits_minor,
            false => &mut self.debits_minor,
        };
        *sum = sum.saturating_add(i128::from(entry.amount_minor));
    }
}

/// Who stands behind what is posted on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// A network: it settles.
    Network(NetworkId),
    /// The issuer, by its operators.
    Operations,
    /// Another account.
    Transfers,
}

impl Side {
    /// The side of what a message posts.
    pub(super) fn of(message: &StoredMessage) -> Self {
        match &message.body {
            MessageBody::Authorization { decided, .. } => Self::Network(decided.facts.key.network),
            MessageBody::Reversal { decided, .. } => Self::Network(decided.facts.key.network),
            MessageBody::Clearing { decided, .. } => Self::Network(decided.facts.network),
            MessageBody::Operation { done, .. } => match done.effect.settled() {
                Some(settled) => Self::Network(settled.facts.network),
                None if done.effect.is_transfer() => Self::Transfers,
                None => Self::Operations,
            },
            // Neither posts.
            MessageBody::Dropped(_) | MessageBody::FileAction(_) => Self::Operations,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Network(network) => format!("network {network}"),
            Self::Operations => "operations".to_owned(),
            Self::Transfers => "transfers".to_owned(),
        }
    }
}

/// What is posted on accounts of a currency for one side, and what that side's decisions clear.
#[derive(Debug, Default)]
struct Both {
    posted: Sums,
    cleared: Sums,
    /// The last record that had to do with it.
    last: RecordId,
}

/// What was transferred between accounts of a currency, as its records leave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Transferred {
    pub(super) sent_minor: i128,
    pub(super) received_minor: i128,
    pub(super) returned_minor: i128,
    pub(super) in_flight_minor: i128,
    last: RecordId,
}

/// Both sides of what was posted and transferred.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sides: BTreeMap<(Currency, Side), Both>,
    transferred: BTreeMap<Currency, Transferred>,
}

impl Ledger {
    /// A transaction, for the side of the message that caused it.
    pub(super) fn posted(&mut self, side: Side, id: RecordId, posted: &TransactionPosted) {
        let both = self.sides.entry((posted.currency, side)).or_default();
        both.posted.add(&Entry::of(posted));
        both.last = both.last.max(id);
    }

    /// What a record clears on an account of a currency.
    pub(super) fn cleared(
        &mut self,
        (side, currency): (Side, Currency),
        id: RecordId,
        entry: &Entry,
    ) {
        let both = self.sides.entry((currency, side)).or_default();
        both.cleared.add(entry);
        both.last = both.last.max(id);
    }

    /// The sums of transfers in a currency, which a record has to do with.
    pub(super) fn transferred(&mut self, currency: Currency, id: RecordId) -> &mut Transferred {
        let sums = self.transferred.entry(currency).or_default();
        sums.last = sums.last.max(id);
        sums
    }

    /// Whether both sides balance, and their figures.
    pub(super) fn balance(&self) -> Result<Vec<CurrencyEntries>, AuditError> {
        let mut balanced: BTreeMap<Currency, CurrencyEntries> = BTreeMap::new();
        for ((currency, side), both) in &self.sides {
            if both.posted != both.cleared {
                return Err(unbalanced(*currency, *side, both));
            }
            let of = entries_of(&mut balanced, *currency);
            of.credits_minor = of
                .credits_minor
                .saturating_add(figure(both.posted.credits_minor));
            of.debits_minor = of
                .debits_minor
                .saturating_add(figure(both.posted.debits_minor));
            of.counter_entries.push(CounterEntry {
                side: side.name(),
                // What an account is debited is its side's credit.
                credits_minor: figure(both.cleared.debits_minor),
                debits_minor: figure(both.cleared.credits_minor),
            });
        }
        for (currency, sums) in &self.transferred {
            let reached = sums.received_minor.saturating_add(sums.returned_minor);
            if sums.sent_minor != reached.saturating_add(sums.in_flight_minor) {
                let finding = format!(
                    "{} of currency {currency} were sent; {} were received, {} came back, {} are on their way",
                    sums.sent_minor, sums.received_minor, sums.returned_minor, sums.in_flight_minor
                );
                return Err(AuditError::violation(
                    Rule::DoubleEntry,
                    finding,
                    [sums.last],
                ));
            }
            entries_of(&mut balanced, *currency).transfers = TransferSums {
                sent_minor: figure(sums.sent_minor),
                received_minor: figure(sums.received_minor),
                returned_minor: figure(sums.returned_minor),
                in_flight_minor: figure(sums.in_flight_minor),
            };
        }
        Ok(balanced.into_values().collect())
    }
}

fn entries_of(
    balanced: &mut BTreeMap<Currency, CurrencyEntries>,
    currency: Currency,
) -> &mut CurrencyEntries {
    balanced.entry(currency).or_insert_with(|| CurrencyEntries {
        currency,
        credits_minor: 0,
        debits_minor: 0,
        counter_entries: Vec::new(),
        transfers: TransferSums::default(),
    })
}

fn unbalanced(currency: Currency, side: Side, both: &Both) -> AuditError {
    let finding = format!(
        "in currency {currency}, {} has {} debited and {} credited to it, its transactions {} and {}",
        side.name(),
        both.cleared.credits_minor,
        both.cleared.debits_minor,
        both.posted.credits_minor,
        both.posted.debits_minor
    );
    AuditError::violation(Rule::DoubleEntry, finding, [both.last])
}

/// A sum as it is reported; one that leaves the range stands at its end.
fn figure(sum_minor: i128) -> i64 {
    let end = if sum_minor < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(sum_minor).unwrap_or(end)
}
