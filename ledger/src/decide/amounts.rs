//! The amounts of an operation, in the currency of its account.
//!
//! Owns: which element is billed, conversion where the program allows it, the fees that DE28 and DE30 carry, and the
//! custom amounts of operators. Must never: move anything.

use rules::{
    CurrencyConversion, CustomKey, Network, OperationKind, ProcessingCodeEntry, Reason,
    TransactionTypeLink,
};

use super::Context;
use crate::authorization::moves::prorate;
use crate::authorization::{CustomAmount, RequestFacts};
use crate::entities::Account;
use crate::operation::{Amount, OperationError};

/// The amounts of an operation, minor units of the account's currency but for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amounts<'a> {
    /// DE4, minor units of its own currency.
    pub(super) transaction_minor: i64,
    /// Without fees.
    pub(super) principal_minor: i64,
    /// With the fees that the account bears.
    pub(super) contract_minor: i64,
    /// Share of one instalment of the principal.
    pub(super) installment_minor: i64,
    pub(super) installments: u8,
    /// DE28, within the contract amount.
    fee_minor: i64,
    /// DE30, within the contract amount where the code posts it, else 0.
    processing_fee_minor: i64,
    /// The cash of a purchase with cashback, within the principal; 0 once it is a part of its own.
    cashback_minor: i64,
    /// What an operator gives, within the contract amount.
    custom: &'a [CustomAmount],
}

impl<'a> Amounts<'a> {
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
        let share = |minor: Option<i64>| {
            let share = prorate(minor.unwrap_or(0), billed_minor, transaction_minor);
            share.ok_or(Reason::InvalidAmount)
        };
        let fee_minor = share(facts.fees.transaction_minor)?;
        let processing_fee_minor = match links_custom(entry, CustomKey::PROCESSING_FEE) {
            true => share(facts.fees.transaction_processing_minor)?,
            false => 0,
        };
        let included = network.is_none_or(|network| network.transaction_fee_included);
        let principal_minor = if included {
            billed_minor.checked_sub(fee_minor)
        } else {
            Some(billed_minor)
        };
        let with_fees = |minor: i64| {
            let fees = fee_minor.checked_add(processing_fee_minor)?;
            minor.checked_add(fees)
        };
        let amounts = principal_minor.zip(principal_minor.and_then(with_fees));
        let (principal_minor, contract_minor) = amounts
            .filter(|(principal, contract)| *principal > 0 && *contract > 0)
            .ok_or(Reason::InvalidAmount)?;
        let installments = facts.installments.max(1);
        Ok(Self {
            transaction_minor,
            principal_minor,
            contract_minor,
            installment_minor: one_of(principal_minor, installments),
            installments,
            fee_minor,
            processing_fee_minor,
            cashback_minor: share(facts.cashback_minor)?,
            custom: &[],
        })
    }

    /// One amount in the account's own currency, without fees and instalments.
    pub(super) fn plain(minor: i64) -> Self {
        Self {
            transaction_minor: minor,
            principal_minor: minor,
            contract_minor: minor,
            installment_minor: minor,
            installments: 1,
            fee_minor: 0,
            processing_fee_minor: 0,
            cashback_minor: 0,
            custom: &[],
        }
    }

    /// What an operator asks: an amount, and custom amounts that the code posts. What of them is no part of the
    /// principal comes on top of it.
    pub(super) fn of_operator(
        amount: &'a Amount,
        entry: &ProcessingCodeEntry,
    ) -> Result<Self, OperationError> {
        let mut amounts = Self {
            custom: &amount.custom_amounts,
            ..Self::plain(amount.amount_minor)
        };
        let mut within_minor = 0_i64;
        let sum = |sum: i64, minor| sum.checked_add(minor).ok_or(OperationError::InvalidAmount);
        for (place, custom) in amounts.custom.iter().enumerate() {
            let mut earlier = amounts.custom.iter().take(place);
            let is_taken = earlier.any(|earlier| earlier.key == custom.key);
            let is_posted = links_custom(entry, custom.key.as_str());
            if is_taken || !is_posted || custom.amount_minor <= 0 {
                return Err(OperationError::CustomAmount);
            }
            if custom.key.is_within_principal() {
                within_minor = sum(within_minor, custom.amount_minor)?;
            } else {
                amounts.contract_minor = sum(amounts.contract_minor, custom.amount_minor)?;
            }
        }
        if within_minor > amounts.principal_minor {
            return Err(OperationError::CustomAmount);
        }
        amounts.transaction_minor = amounts.contract_minor;
        Ok(amounts)
    }

    /// The custom amount of a name; 0 where there is none.
    pub(super) fn custom_minor(self, key: &CustomKey) -> i64 {
        let given = self.custom.iter().find(|custom| custom.key == *key);
        match (given, key.as_str()) {
            (Some(custom), _) => custom.amount_minor,
            (None, CustomKey::TRANSACTION_FEE) => self.fee_minor,
            (None, CustomKey::PROCESSING_FEE) => self.processing_fee_minor,
            (None, CustomKey::CASHBACK) => self.cashback_minor,
            (None, _) => 0,
        }
    }

    /// The amounts for a part of DE4, each rounded down; `None` when nothing of the principal is left.
    pub(super) fn part(self, transaction_minor: i64) -> Option<Self> {
        let share = |minor: i64| {
            let product = i128::from(minor).checked_mul(i128::from(transaction_minor))?;
            i64::try_from(product.checked_div(i128::from(self.transaction_minor))?).ok()
        };
        let principal_minor = share(self.principal_minor).filter(|minor| *minor > 0)?;
        let contract_minor = share(self.contract_minor).filter(|minor| *minor > 0)?;
        let processing_fee_minor = share(self.processing_fee_minor)?;
        // What is rounded off is the fee's: principal and fees are the contract amount.
        let fees_minor = contract_minor.checked_sub(principal_minor)?;
        Some(Self {
            transaction_minor,
            principal_minor,
            contract_minor,
            installment_minor: one_of(principal_minor, self.installments),
            fee_minor: fees_minor.checked_sub(processing_fee_minor)?,
            processing_fee_minor,
            // Only the whole of a purchase has a part that is cash.
            cashback_minor: 0,
            ..self
        })
    }

    /// What is left of these without a part of them.
    pub(super) fn without(self, part: Self) -> Option<Self> {
        let principal_minor = self.principal_minor.checked_sub(part.principal_minor)?;
        let rest = Self {
            transaction_minor: self.transaction_minor.checked_sub(part.transaction_minor)?,
            principal_minor,
            contract_minor: self.contract_minor.checked_sub(part.contract_minor)?,
            installment_minor: one_of(principal_minor, self.installments),
            fee_minor: self.fee_minor.checked_sub(part.fee_minor)?,
            processing_fee_minor: self
                .processing_fee_minor
                .checked_sub(part.processing_fee_minor)?,
            cashback_minor: 0,
            ..self
        };
        (rest.transaction_minor > 0 && rest.principal_minor > 0).then_some(rest)
    }
}

/// One of several equal parts of an amount, rounded down.
pub(super) fn one_of(minor: i64, parts: u8) -> i64 {
    minor.checked_div(i64::from(parts)).unwrap_or(0)
}

/// Whether a code posts the custom amount of a name.
fn links_custom(entry: &ProcessingCodeEntry, key: &str) -> bool {
    let posts = |link: &TransactionTypeLink| {
        let custom = link.custom_key.as_ref();
        custom.is_some_and(|custom| custom.as_str() == key)
    };
    entry.transaction_types.iter().any(posts)
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
impl Amounts<'_> {
    pub(super) fn in_installments(principal_minor: i64, installments: u8) -> Self {
        Self {
            installment_minor: one_of(principal_minor, installments),
            installments,
            ..Self::plain(principal_minor)
        }
    }

    pub(super) fn with_fee_and_cash(principal_minor: i64, fee_minor: i64, cash: i64) -> Self {
        Self {
            contract_minor: principal_minor.saturating_add(fee_minor),
            fee_minor,
            cashback_minor: cash,
            ..Self::plain(principal_minor)
        }
    }
}
