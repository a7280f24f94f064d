//! Daily totals per network: what was answered, counted from the records.
//!
//! Owns: which record counts as what, and the sums of the last business days ([`Totals`]); the reader behind the journal
//! that keeps them over restarts ([`TotalsReader`]). A record counts once, however often its batch is read. Must never:
//! be ahead of the watermark, or be asked by a decision.
//!
//! A record counts on the business day that it says, which its answer names. Messages that were under way when a day
//! began are recorded behind the first of that day, so for a while two days grow.
//!
//! As the 1987 edition has it: financial messages (02xx) count as debits and credits with their amounts, what undoes
//! them as reversals; authorizations (01xx) move no money between the parties and are only counted, and so are
//! inquiries. What was declined counts as nothing. Amounts are those of DE4, apart by currency. A transfer (DE3 40 to
//! 49) is counted as one and as neither debit nor credit. Fees are those that financial messages say, see `fees`.

mod fees;
mod kept;
mod reader;

use std::collections::BTreeMap;

use ledger::Record;
use ledger::authorization::{
    AuthorizationDecided, Clearing, Fingerprint, MessageClass, MessageKey, ReversalDecided,
    ReversalResult,
};
use ledger::identifiers::{BusinessDate, ShardId, Timestamp};
use ledger::journal::Batch;
use ledger::record::{Unreadable, records_of};
use rules::{BalanceImpact, Currency, NetworkId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::fees::FeeSums;
pub use self::kept::kept_sequence;
pub use self::reader::{SharedTotals, TotalsError, TotalsReader, follow};

/// Business days of a network that are kept.
const DAYS: usize = 16;

/// No message is longer under way than this.
const UNDER_WAY_US: i64 = 60_000_000;

/// No business day is longer than this, holidays and all.
const LONGEST_DAY_US: i64 = 7 * 86_400_000_000;

/// Within this time a date names one day.
const HALF_A_YEAR_US: i64 = 183 * 86_400_000_000;

/// A number of operations and their amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// How many.
    pub count: i64,
    /// Minor units.
    pub minor: i64,
}

/// The sums of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Into accounts.
    pub credits: Sum,
    /// Credits that were undone.
    pub credit_reversals: Sum,
    /// Out of accounts.
    pub debits: Sum,
    /// Debits that were undone.
    pub debit_reversals: Sum,
    /// Fees that the network owes.
    #[serde(default)]
    pub credit_fees: FeeSums,
    /// Fees that are owed to the network.
    #[serde(default)]
    pub debit_fees: FeeSums,
}

impl Sums {
    /// What the network owes, minor units: credits less debits, each less what was undone of it. Without fees.
    #[must_use]
    pub fn net_minor(&self) -> i64 {
        let credits = self
            .credits
            .minor
            .saturating_sub(self.credit_reversals.minor);
        let debits = self.debits.minor.saturating_sub(self.debit_reversals.minor);
        credits.saturating_sub(debits)
    }
}

/// A business day of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// The network.
    network: u8,
    date: BusinessDate,
    /// The time of the first batch that counts in it.
    #[serde(default)]
    began: Timestamp,
    /// Whether records are missing: the journal let go of them before they were counted.
    pub incomplete: bool,
    /// Authorizations approved.
    pub authorizations: i64,
    /// Inquiries answered.
    pub inquiries: i64,
    /// Transfers approved.
    #[serde(default)]
    pub transfers: i64,
    /// Transfers that were undone.
    #[serde(default)]
    pub transfer_reversals: i64,
    /// By currency, its number.
    sums: BTreeMap<u16, Sums>,
}

impl Day {
    /// The sums of a currency; without one, those of the only currency there is. `None` where several could be meant.
    #[must_use]
    pub fn sums(&self, currency: Option<Currency>) -> Option<Sums> {
        match (currency, self.sums.len()) {
            (Some(currency), _) => Some(
                self.sums
                    .get(&currency.numeric())
                    .copied()
                    .unwrap_or_default(),
            ),
            (None, 0) => Some(Sums::default()),
            (None, 1) => self.sums.values().next().copied(),
            (None, _) => None,
        }
    }

    fn sums_of(&mut self, currency: Option<Currency>) -> &mut Sums {
        // A reversal without DE49 is of the only currency, where there is one.
        let only = self
            .sums
            .keys()
            .next()
            .copied()
            .filter(|_| self.sums.len() == 1);
        let number = currency.map(Currency::numeric).or(only).unwrap_or_default();
        self.sums.entry(number).or_default()
    }

    fn decided(&mut self, decided: &AuthorizationDecided) {
        if decided.reason().is_some() {
            return;
        }
        let facts = &decided.facts;
        let direction = match decided.direction {
            Some(direction @ (BalanceImpact::Debit | BalanceImpact::Credit)) => direction,
            Some(BalanceImpact::None) | None => {
                self.inquiries = self.inquiries.saturating_add(1);
                return;
            }
        };
        if facts.clearing == Clearing::Offline {
            self.authorizations = self.authorizations.saturating_add(1);
            return;
        }
        fees::add(self, decided);
        if is_transfer(&facts.fingerprint) {
            self.transfers = self.transfers.saturating_add(1);
            return;
        }
        let partial = decided.answer.partial.map(|partial| partial.approved_minor);
        let minor = partial.unwrap_or(facts.fingerprint.amount_minor);
        let sums = self.sums_of(facts.fingerprint.currency);
        let sum = match direction {
            BalanceImpact::Credit => &mut sums.credits,
            BalanceImpact::Debit | BalanceImpact::None => &mut sums.debits,
        };
        add(sum, 1, minor);
    }

    fn reversed(&mut self, decided: &ReversalDecided) {
        let sign = match decided.result {
            ReversalResult::Reversed => 1,
            // What had been undone is in force again.
            ReversalResult::Restored => -1,
            ReversalResult::NoEffect
            | ReversalResult::UnknownOriginal
            | ReversalResult::AmountMismatch
            | ReversalResult::MatchConflict => return,
        };
        let Some(change) = decided.change.as_deref() else {
            return;
        };
        let MessageKey::Network(key) = &change.key else {
            return;
        };
        if key.class != MessageClass::Financial {
            return;
        }
        let facts = &decided.facts;
        if is_transfer(&facts.fingerprint) {
            self.transfer_reversals = self.transfer_reversals.saturating_add(sign);
            return;
        }
        // What is undone, not what the message names: that may be the whole where a part was left.
        let parts = change.parts.iter();
        let undone = parts.map(|part| part.before_minor.saturating_sub(part.after_minor));
        let minor = undone.fold(0, i64::saturating_add).saturating_abs();
        let moved = decided.moves.first().map_or(0, |moved| {
            let deltas = moved.deltas.iter().map(|(_, delta)| delta);
            deltas.fold(0_i64, i64::saturating_add)
        });
        let sums = self.sums_of(facts.fingerprint.currency);
        // What comes back to the account had gone out of it.
        let sum = if moved.saturating_mul(sign) >= 0 {
            &mut sums.debit_reversals
        } else {
            &mut sums.credit_reversals
        };
        add(sum, sign, minor);
    }

    fn to_json(&self, network: &str) -> Value {
        let sum = |sum: Sum| json!({ "count": sum.count, "amount_minor": sum.minor });
        let fees = |fees: FeeSums| json!({ "processing_minor": fees.processing_minor, "transaction_minor": fees.transaction_minor });
        let sums = self.sums.iter().map(|(currency, sums)| {
            json!({
                "currency": format!("{currency:03}"),
                "credits": sum(sums.credits),
                "credit_reversals": sum(sums.credit_reversals),
                "debits": sum(sums.debits),
                "debit_reversals": sum(sums.debit_reversals),
                "credit_fees": fees(sums.credit_fees),
                "debit_fees": fees(sums.debit_fees),
                "net_minor": sums.net_minor(),
            })
        });
        json!({
            "network": network,
            "business_date": self.date.to_string(),
            "complete": !self.incomplete,
            "authorizations": self.authorizations,
            "inquiries": self.inquiries,
            "transfers": self.transfers,
            "transfer_reversals": self.transfer_reversals,
            "sums": sums.collect::<Vec<_>>(),
        })
    }
}

/// Whether DE3 names a transfer between accounts.
fn is_transfer(fingerprint: &Fingerprint) -> bool {
    fingerprint.processing_code.first() == Some(&b'4')
}

fn add(sum: &mut Sum, sign: i64, minor: i64) {
    sum.count = sum.count.saturating_add(sign);
    sum.minor = sum.minor.saturating_add(minor.saturating_mul(sign));
}

/// Tells the business day of a network that had begun by a time: the one of a record that says none.
pub type DateOf<'a> = &'a dyn Fn(NetworkId, Timestamp) -> BusinessDate;

/// The totals of all networks up to a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// The last batch that is counted.
    sequence: u64,
    /// Its time.
    #[serde(default)]
    time: Timestamp,
    /// The oldest first.
    days: Vec<Day>,
    /// Whether batches were missed before the next one.
    missed: bool,
    /// When the last batches that were missed were over: days that had begun by then are incomplete.
    missed_until: Option<Timestamp>,
}

impl Totals {
    /// The last batch that is counted.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Counts a batch, unless it is counted already.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn take(
        &mut self,
        shard: ShardId,
        batch: &Batch,
        date_of: DateOf<'_>,
    ) -> Result<(), Unreadable> {
        if batch.sequence <= self.sequence {
            return Ok(());
        }
        if std::mem::take(&mut self.missed) {
            self.missed_until = Some(batch.time);
        }
        for record in records_of(shard, batch) {
            let (_, record) = record?;
            match &record {
                Record::AuthorizationDecided(decided) => {
                    let facts = &decided.facts;
                    let said = (facts.key.network, facts.business_date);
                    self.day_of(said, batch.time, date_of).decided(decided);
                }
                Record::ReversalDecided(decided) => {
                    let facts = &decided.facts;
                    let said = (facts.key.network, facts.business_date);
                    self.day_of(said, batch.time, date_of).reversed(decided);
                }
                _ => {}
            }
        }
        (self.sequence, self.time) = (batch.sequence, batch.time);
        Ok(())
    }

    /// Batches up to this one were let go by the journal before they were counted.
    pub fn miss(&mut self, through: u64) {
        self.sequence = through;
        self.missed = true;
        let under_way = self.time.plus_us(UNDER_WAY_US.saturating_neg());
        let mut next = BTreeMap::new();
        for day in self.days.iter_mut().rev() {
            // The last one of each network went on, and so did those that had just ended.
            let ended = next.insert(day.network, day.began);
            day.incomplete |= ended.is_none_or(|ended| ended >= under_way);
        }
    }

    /// The totals of a day, all zero for one of which nothing was counted.
    #[must_use]
    pub fn day(&self, network: NetworkId, date: BusinessDate) -> Day {
        let mut days = self.days.iter().rev();
        let found = days.find(|day| day.network == network.0 && day.date == date);
        found.cloned().unwrap_or_else(|| Day {
            network: network.0,
            date,
            incomplete: self.missed || self.missed_until.is_some(),
            ..Day::default()
        })
    }

    /// Everything that is kept, the oldest day first, under the names of networks.
    #[must_use]
    pub fn to_json(&self, name: &dyn Fn(NetworkId) -> String) -> Value {
        let days = self.days.iter();
        let days = days.map(|day| day.to_json(&name(NetworkId(day.network))));
        json!({ "through_sequence": self.sequence, "days": days.collect::<Vec<_>>() })
    }

    /// The day that a record of a network counts in, made where there is none.
    fn day_of(
        &mut self,
        (network, said): (NetworkId, Option<BusinessDate>),
        time: Timestamp,
        date_of: DateOf<'_>,
    ) -> &mut Day {
        let begun = date_of(network, time);
        let date = said.unwrap_or(begun);
        let index = self.place_of(network, date, time).unwrap_or_else(|| {
            let of_network = |day: &Day| day.network == network.0;
            if self.days.iter().filter(|day| of_network(day)).count() >= DAYS
                && let Some(oldest) = self.days.iter().position(of_network)
            {
                self.days.remove(oldest);
            }
            let had_begun = |until: Timestamp| match date == begun {
                true => date_of(network, until) == date,
                // Nobody knows when it began.
                false => time < until.plus_us(LONGEST_DAY_US),
            };
            self.days.push(Day {
                network: network.0,
                date,
                began: time,
                incomplete: self.missed_until.is_some_and(had_begun),
                ..Day::default()
            });
            self.days.len().saturating_sub(1)
        });
        &mut self.days[index]
    }

    /// Where a day stands: the last one of the network goes on for as long as it takes, one before it has the date of
    /// this year.
    fn place_of(&self, network: NetworkId, date: BusinessDate, time: Timestamp) -> Option<usize> {
        let last_year = time.plus_us(HALF_A_YEAR_US.saturating_neg());
        let days = self.days.iter().enumerate().rev();
        let of_network = days.filter(|(_, day)| day.network == network.0);
        let mut of_date = of_network
            .enumerate()
            .filter(|(_, (_, day))| day.date == date);
        let (before, (index, day)) = of_date.next()?;
        (before == 0 || day.began >= last_year).then_some(index)
    }
}

#[cfg(test)]
mod tests;
