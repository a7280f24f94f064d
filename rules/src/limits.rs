//! The limits of an account, their names, and the moves a decision makes on them.
//!
//! Everything is an integer in minor units of the account's currency. Nothing here decides whether
//! a move is allowed: that is `evaluate`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hundredths of a percent in a whole.
const WHOLE_IN_PERCENT_HUNDREDTHS: i128 = 10_000;

/// The limits of one account in minor units of its currency (limits and balances API, fields).
///
/// The field order is a stored format: never reorder, only append.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Granted maximum.
    pub max_credit_limit: i64,
    /// Chosen by the holder; at most the maximum.
    pub total_credit_limit: i64,
    /// Spendable now: remaining credit, or the balance of a debit account. May be negative.
    pub available_credit_limit: i64,
    /// Granted for purchases in instalments.
    pub total_installment_credit_limit: i64,
    /// What is left for purchases in instalments.
    pub available_total_installment_credit: i64,
    /// Granted for cash.
    pub withdrawal_credit_limit: i64,
    /// What is left for cash.
    pub available_withdrawal_credit: i64,
    /// Savings balance.
    pub available_savings_account_limit: i64,
    /// Overdraft granted on top of the balance.
    pub total_overdraft_limit: i64,
    /// Percent of `max_credit_limit` usable above the limit, in hundredths of a percent:
    /// 12.50 % is 1250.
    pub over_limit_percentage_hundredths: i64,
    /// Blocked funds.
    pub held_funds: i64,
    /// Supplementary funds.
    pub additional_funds: i64,
}

impl Limits {
    /// The present value of a movable limit, in minor units.
    pub fn get(&self, limit: LimitName) -> i64 {
        match limit {
            LimitName::AvailableCreditLimit => self.available_credit_limit,
            LimitName::AvailableTotalInstallmentCredit => self.available_total_installment_credit,
            LimitName::AvailableWithdrawalCredit => self.available_withdrawal_credit,
            LimitName::AvailableSavingsAccountLimit => self.available_savings_account_limit,
            LimitName::AdditionalFunds => self.additional_funds,
            LimitName::HeldFunds => self.held_funds,
        }
    }

    /// The limits after the moves; `None` when one of them would leave the range of `i64`.
    pub fn checked_apply(&self, deltas: &Deltas) -> Option<Self> {
        let mut after = *self;
        for (limit, delta) in deltas.iter() {
            let slot = after.slot(limit);
            *slot = slot.checked_add(delta)?;
        }
        Some(after)
    }

    /// The allowance above the limit: percent of the maximum limit, rounded down to whole minor units.
    pub fn over_limit_allowance_minor(&self) -> i128 {
        // The product of two i64 always fits an i128, so saturation cannot happen.
        i128::from(self.over_limit_percentage_hundredths)
            .saturating_mul(i128::from(self.max_credit_limit))
            .checked_div_euclid(WHOLE_IN_PERCENT_HUNDREDTHS)
            .unwrap_or(0)
    }

    fn slot(&mut self, limit: LimitName) -> &mut i64 {
        match limit {
            LimitName::AvailableCreditLimit => &mut self.available_credit_limit,
            LimitName::AvailableTotalInstallmentCredit => {
                &mut self.available_total_installment_credit
            }
            LimitName::AvailableWithdrawalCredit => &mut self.available_withdrawal_credit,
            LimitName::AvailableSavingsAccountLimit => &mut self.available_savings_account_limit,
            LimitName::AdditionalFunds => &mut self.additional_funds,
            LimitName::HeldFunds => &mut self.held_funds,
        }
    }
}

/// A limit that a transaction can move (balance-configuration API, impact names).
///
/// The declaration order is a stored format: never reorder, only append.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[repr(u8)]
pub enum LimitName {
    /// Spendable balance or credit.
    AvailableCreditLimit,
    /// What is left for purchases in instalments.
    AvailableTotalInstallmentCredit,
    /// What is left for cash.
    AvailableWithdrawalCredit,
    /// Savings balance.
    AvailableSavingsAccountLimit,
    /// Supplementary funds.
    AdditionalFunds,
    /// Blocked funds.
    HeldFunds,
}

impl LimitName {
    /// All names, in declaration order.
    pub const ALL: [Self; 6] = [
        Self::AvailableCreditLimit,
        Self::AvailableTotalInstallmentCredit,
        Self::AvailableWithdrawalCredit,
        Self::AvailableSavingsAccountLimit,
        Self::AdditionalFunds,
        Self::HeldFunds,
    ];

    /// The name in documents and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AvailableCreditLimit => "AvailableCreditLimit",
            Self::AvailableTotalInstallmentCredit => "AvailableTotalInstallmentCredit",
            Self::AvailableWithdrawalCredit => "AvailableWithdrawalCredit",
            Self::AvailableSavingsAccountLimit => "AvailableSavingsAccountLimit",
            Self::AdditionalFunds => "AdditionalFunds",
            Self::HeldFunds => "HeldFunds",
        }
    }
}

/// A limit that can be considered (balance-configuration API, consider names).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[repr(u8)]
pub enum ConsiderName {
    /// Available credit limit + savings + overdraft.
    AvailableCreditLimit,
    /// Adds the over-limit allowance to `AvailableCreditLimit`; only together with it.
    OverLimit,
    /// Savings balance.
    AvailableSavingsAccountLimit,
    /// What is left for cash.
    AvailableWithdrawalCredit,
    /// What is left for purchases in instalments.
    AvailableTotalInstallmentCredit,
}

/// What one decision moved, per limit, in signed minor units.
///
/// Never holds `i64::MIN`, so a negation is always exact. Stored as six integers in the order of
/// [`LimitName::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[i64; 6]")]
pub struct Deltas([i64; 6]);

impl Deltas {
    /// Moves nothing.
    pub const NONE: Self = Self([0; 6]);

    /// The move of one limit, in minor units; negative is down.
    pub fn get(&self, limit: LimitName) -> i64 {
        let [available, installment, cash, savings, additional, held] = self.0;
        match limit {
            LimitName::AvailableCreditLimit => available,
            LimitName::AvailableTotalInstallmentCredit => installment,
            LimitName::AvailableWithdrawalCredit => cash,
            LimitName::AvailableSavingsAccountLimit => savings,
            LimitName::AdditionalFunds => additional,
            LimitName::HeldFunds => held,
        }
    }

    /// Sets the move of one limit. Refuses `i64::MIN`, which has no opposite: returns `false` and
    /// changes nothing. Moves made by an evaluation are never that value.
    pub fn set(&mut self, limit: LimitName, delta_minor: i64) -> bool {
        if delta_minor == i64::MIN {
            return false;
        }
        let [available, installment, cash, savings, additional, held] = &mut self.0;
        *match limit {
            LimitName::AvailableCreditLimit => available,
            LimitName::AvailableTotalInstallmentCredit => installment,
            LimitName::AvailableWithdrawalCredit => cash,
            LimitName::AvailableSavingsAccountLimit => savings,
            LimitName::AdditionalFunds => additional,
            LimitName::HeldFunds => held,
        } = delta_minor;
        true
    }

    /// The exact opposite moves.
    #[must_use]
    pub fn negated(&self) -> Self {
        // Saturation cannot happen: no element is i64::MIN.
        Self(self.0.map(i64::saturating_neg))
    }

    /// Both moves as one; `None` when a limit would leave the range.
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        let mut sum = *self;
        for (limit, delta) in other.iter() {
            let both = sum.get(limit).checked_add(delta)?;
            sum.set(limit, both).then_some(())?;
        }
        Some(sum)
    }

    /// Whether nothing moves.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// The limits that move and by how much, in the order of [`LimitName::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (LimitName, i64)> {
        LimitName::ALL
            .into_iter()
            .zip(self.0)
            .filter(|(_, delta)| *delta != 0)
    }
}

impl TryFrom<[i64; 6]> for Deltas {
    type Error = &'static str;

    /// Refuses `i64::MIN`, which has no opposite.
    fn try_from(moves: [i64; 6]) -> Result<Self, Self::Error> {
        if moves.contains(&i64::MIN) {
            return Err("a move of i64::MIN has no opposite");
        }
        Ok(Self(moves))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applying_moves_and_their_opposite_gives_the_limits_back() {
        let limits = Limits {
            available_credit_limit: 100,
            held_funds: 7,
            ..Limits::default()
        };
        let mut deltas = Deltas::NONE;
        for (index, limit) in LimitName::ALL.into_iter().enumerate() {
            assert!(deltas.set(limit, 10 - i64::try_from(index).unwrap()));
            assert_eq!(deltas.get(limit), 10 - i64::try_from(index).unwrap());
        }
        let after = limits.checked_apply(&deltas).unwrap();
        assert_eq!(after.get(LimitName::AvailableCreditLimit), 110);
        assert_eq!(after.get(LimitName::HeldFunds), 12);
        assert_eq!(after.checked_apply(&deltas.negated()), Some(limits));
        assert_eq!(deltas.iter().count(), 6);
        assert_eq!(deltas.checked_add(&deltas.negated()), Some(Deltas::NONE));
        let mut most = Deltas::NONE;
        most.set(LimitName::HeldFunds, i64::MAX);
        assert_eq!(most.checked_add(&deltas), None);
    }

    #[test]
    fn a_move_without_an_opposite_is_refused() {
        let mut deltas = Deltas::NONE;
        assert!(!deltas.set(LimitName::HeldFunds, i64::MIN));
        assert!(deltas.is_none());
        assert!(serde_json::from_str::<Deltas>("[0,0,0,0,0,-9223372036854775808]").is_err());
        assert_eq!(
            serde_json::from_str::<Deltas>("[0,0,0,0,0,0]").unwrap(),
            Deltas::NONE
        );
    }

    #[test]
    fn a_move_past_the_range_is_none() {
        let limits = Limits {
            additional_funds: i64::MAX,
            ..Limits::default()
        };
        let mut deltas = Deltas::NONE;
        deltas.set(LimitName::AdditionalFunds, 1);
        assert_eq!(limits.checked_apply(&deltas), None);
    }

    #[test]
    fn names_are_written_as_the_api_writes_them() {
        let names = serde_json::to_string(&LimitName::ALL).unwrap();
        assert_eq!(
            names,
            "[\"AvailableCreditLimit\",\"AvailableTotalInstallmentCredit\",\
             \"AvailableWithdrawalCredit\",\"AvailableSavingsAccountLimit\",\
             \"AdditionalFunds\",\"HeldFunds\"]"
        );
        let shown = LimitName::ALL.map(|limit| format!("\"{}\"", limit.as_str()));
        assert_eq!(format!("[{}]", shown.join(",")), names);
    }
}
