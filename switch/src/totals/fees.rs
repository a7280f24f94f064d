//! The fees of financial messages.
//!
//! Owns: which fee of a message counts where. DE28 and DE30 are in the currency of DE4, DE29 and DE31 the same fees in
//! that of the settlement; said in one currency they count once. Sign C is a credit, D a debit. Of a part that is
//! approved DE28 and 29 count in proportion, as DE28 is charged. What is undone later keeps its fees: there is no total
//! of fees that were given back. Must never: change the net amount.

use ledger::authorization::AuthorizationDecided;
use ledger::authorization::moves::prorate;
use rules::Currency;
use serde::{Deserialize, Serialize};

use super::Day;

/// The fees of one direction, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeSums {
    /// For carrying the messages (DE30, DE31).
    pub processing_minor: i64,
    /// For the transactions (DE28, DE29).
    pub transaction_minor: i64,
}

/// Counts the fees of a financial message that was approved.
pub(super) fn add(day: &mut Day, decided: &AuthorizationDecided) {
    let facts = &decided.facts;
    let charged = |fee: Option<i64>| match &decided.answer.partial {
        Some(part) => fee.and_then(|fee| prorate(fee, part.approved_minor, part.asked_minor)),
        None => fee,
    };
    let transaction = facts.fingerprint.currency;
    let settlement = facts.conversion.settlement_currency;
    let fees = &facts.fees;
    let own = FeeSums {
        processing_minor: fees.transaction_processing_minor.unwrap_or(0),
        transaction_minor: charged(fees.transaction_minor).unwrap_or(0),
    };
    count(day, transaction, own);
    let Some(settlement) = settlement else {
        return;
    };
    let twice = transaction == Some(settlement);
    let unless = |said: Option<i64>, fee: Option<i64>| fee.filter(|_| !twice || said.is_none());
    let processing = unless(
        fees.transaction_processing_minor,
        fees.settlement_processing_minor,
    );
    let settled = FeeSums {
        processing_minor: processing.unwrap_or(0),
        transaction_minor: charged(unless(fees.transaction_minor, fees.settlement_minor))
            .unwrap_or(0),
    };
    count(day, Some(settlement), settled);
}

/// Adds fees, positive where the card's side bears them.
fn count(day: &mut Day, currency: Option<Currency>, fees: FeeSums) {
    if fees == FeeSums::default() {
        return;
    }
    let sums = day.sums_of(currency);
    let (debit, credit) = (&mut sums.debit_fees, &mut sums.credit_fees);
    add_to(
        &mut debit.processing_minor,
        &mut credit.processing_minor,
        fees.processing_minor,
    );
    add_to(
        &mut debit.transaction_minor,
        &mut credit.transaction_minor,
        fees.transaction_minor,
    );
}

fn add_to(debit: &mut i64, credit: &mut i64, fee_minor: i64) {
    let sum = if fee_minor < 0 { credit } else { debit };
    *sum = sum.saturating_add(fee_minor.saturating_abs());
}
