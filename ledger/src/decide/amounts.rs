//! The amounts of an operation, in the currency of its account.
//!
//! Owns: which element is billed, conversion where the program allows it, and the fee that DE28 carries.
//! Must never: move anything.

use rules::{AmountKey, CurrencyConversion, Network, OperationKind, ProcessingCodeEntry, Reason};

use super::Context;
use crate::authorization::RequestFacts;
use crate::authorization::moves::prorate;
use crate::entities::Account;

/// The amounts of an operation, minor units of the account's currency but for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amounts {
    /// DE4, minor units of its own currency.
    pub(super) transaction_minor: i64,
    /// Without the fee.
    pub(super) principal_minor: i64,
    /// With the fee.
    pub(super) contract_minor: i64,
    /// Share of one instalment of the principal.
    pub(super) installment_minor: i64,
    installments: i64,
}

impl Amounts {
    /// The amount billed (DE6) where the network converted, else DE4 in the account's own currency, else
    /// DE4 converted at the rates of the organization where the program says so.
    pub(super) fn of(
        context: Context<'_>,
        facts: &RequestFacts,
        account: &Account,
        entry: &ProcessingCodeEntry,
        network: Option<&Network>,
    ) -> Result<Self, Reason> {
        let transaction_minor = facts.fingerprint.amount_minor;
        let billed_minor = billed(context, facts, account)?;
        if transaction_minor <= 0 || billed_minor <= 0 {
            return Err(Reason::InvalidAmount);
        }
        check_cashback(facts, entry)?;
        let fee_minor = facts.fees.transaction_minor.unwrap_or(0);
        let fee_minor = prorate(fee_minor, billed_minor, transaction_minor);
        let fee_minor = fee_minor.ok_or(Reason::InvalidAmount)?;
        let included = network.is_none_or(|network| network.transaction_fee_included);
        let (principal_minor, contract_minor) = if included {
            (billed_minor.checked_sub(fee_minor), Some(billed_minor))
        } else {
            (Some(billed_minor), billed_minor.checked_add(fee_minor))
        };
        let amounts = principal_minor.zip(contract_minor);
        let (principal_minor, contract_minor) = amounts
            .filter(|(principal, contract)| *principal > 0 && *contract > 0)
            .ok_or(Reason::InvalidAmount)?;
        let installments = i64::from(facts.installments.max(1));
        Ok(Self {
            transaction_minor,
            principal_minor,
            contract_minor,
            installment_minor: principal_minor.checked_div(installments).unwrap_or(0),
            installments,
        })
    }

    /// One amount in the account's own currency, without fee and instalments.
    pub(super) fn plain(minor: i64) -> Self {
        Self {
            transaction_minor: minor,
            principal_minor: minor,
            contract_minor: minor,
            installment_minor: minor,
            installments: 1,
        }
    }

    /// The amounts for a part of DE4, each rounded down; `None` when nothing of the principal is left.
    pub(super) fn part(self, transaction_minor: i64) -> Option<Self> {
        let share = |minor: i64| {
            let product = i128::from(minor).checked_mul(i128::from(transaction_minor))?;
            i64::try_from(product.checked_div(i128::from(self.transaction_minor))?).ok()
        };
        let principal_minor = share(self.principal_minor).filter(|minor| *minor > 0)?;
        Some(Self {
            transaction_minor,
            principal_minor,
            contract_minor: share(self.contract_minor).filter(|minor| *minor > 0)?,
            installment_minor: principal_minor.checked_div(self.installments)?,
            installments: self.installments,
        })
    }

    /// What is left of these without a part of them.
    pub(super) fn without(self, part: Self) -> Option<Self> {
        let principal_minor = self.principal_minor.checked_sub(part.principal_minor)?;
        let rest = Self {
            transaction_minor: self.transaction_minor.checked_sub(part.transaction_minor)?,
            principal_minor,
            contract_minor: self.contract_minor.checked_sub(part.contract_minor)?,
            installment_minor: principal_minor.checked_div(self.installments)?,
            installments: self.installments,
        };
        (rest.transaction_minor > 0 && rest.principal_minor > 0).then_some(rest)
    }

    /// The amounts that a transaction type takes, a transaction each: an instalment plan is posted instalment by
    /// instalment, each rounded down, the first takes the rest.
    pub(super) fn of_key(self, key: AmountKey) -> impl Iterator<Item = i64> {
        let (first, others) = match key {
            AmountKey::Principal => (self.principal_minor, 0),
            AmountKey::Contract => (self.contract_minor, 0),
            AmountKey::Installment => {
                let others = self.installments.saturating_sub(1);
                let rest = self.installment_minor.saturating_mul(others);
                (self.principal_minor.saturating_sub(rest), others)
            }
        };
        let others = (0..others).map(move |_| self.installment_minor);
        // Less than a minor unit for each: what is nothing is not posted.
        std::iter::once(first)
            .chain(others)
            .filter(|minor| *minor != 0)
    }
}

fn billed(context: Context<'_>, facts: &RequestFacts, account: &Account) -> Result<i64, Reason> {
    let fingerprint = &facts.fingerprint;
    let billed = fingerprint.billing_amount_minor.zip(facts.billing_currency);
    let billed = billed.filter(|(_, currency)| *currency == account.currency);
    if let Some((minor, _)) = billed {
        return Ok(minor);
    }
    let currency = fingerprint.currency.ok_or(Reason::CurrencyNotSupported)?;
    if currency == account.currency {
        return Ok(fingerprint.amount_minor);
    }
    let converts = context
        .rules
        .program(account.program)
        .is_some_and(|program| program.currency_conversion == CurrencyConversion::Convert);
    let rate = context.rules.exchange_rate(currency, account.currency);
    let rate = rate
        .filter(|_| converts)
        .ok_or(Reason::CurrencyNotSupported)?;
    rate.convert(fingerprint.amount_minor)
        .ok_or(Reason::InvalidAmount)
}

/// Cashback is part of a purchase with cashback, and of nothing else.
fn check_cashback(facts: &RequestFacts, entry: &ProcessingCodeEntry) -> Result<(), Reason> {
    let with_cashback = entry.kind == OperationKind::PurchaseWithCashback;
    match facts.cashback_minor {
        Some(cashback) if !with_cashback || cashback > facts.fingerprint.amount_minor => {
            Err(Reason::InvalidAmount)
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_installments(principal_minor: i64, installments: i64) -> Amounts {
        Amounts {
            installment_minor: principal_minor / installments,
            installments,
            ..Amounts::plain(principal_minor)
        }
    }

    #[test]
    fn instalments_round_down_and_the_first_takes_the_rest() {
        for (principal_minor, installments, plan) in [
            (10_000, 1, vec![10_000]),
            (10_000, 3, vec![3_334, 3_333, 3_333]),
            (9_999, 3, vec![3_333, 3_333, 3_333]),
            (10_005, 4, vec![2_502, 2_501, 2_501, 2_501]),
            (2, 3, vec![2]),
        ] {
            let amounts = in_installments(principal_minor, installments);
            let found: Vec<i64> = amounts.of_key(AmountKey::Installment).collect();
            assert_eq!(found, plan, "{principal_minor} in {installments}");
            for key in [AmountKey::Principal, AmountKey::Contract] {
                let whole: Vec<i64> = amounts.of_key(key).collect();
                assert_eq!(whole, [principal_minor]);
            }
        }
    }
}
