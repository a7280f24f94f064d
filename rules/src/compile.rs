//! The compiled form of scenarios: flat checks and moves, so that trying one needs no look-up.
//!
//! Decides nothing about a request.

use crate::{
    Amount, Configuration, ConsiderName, CounterpartAccount, ImpactAccount, LimitName, ResetLimit,
    Scenario, ScenarioKind, Target,
};

/// A configuration, flat.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) target: Target,
    pub(crate) impact_parent_accounts: bool,
    /// In the order of trying.
    pub(crate) scenarios: Vec<Check>,
}

/// A scenario, flat: which values make the sum, which amounts it must cover, what moves.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) order: i32,
    /// What the sum is made of and must cover; `None` when nothing is summed.
    pub(crate) sum: Option<SumCheck>,
    /// Whether limits that move down must stay at or above their floors.
    pub(crate) floors: bool,
    /// Whether the over-limit allowance counts, where it is accepted.
    pub(crate) over_limit: bool,
    pub(crate) amount: Amount,
    pub(crate) moves: Moved,
    /// What moves at the confirmation.
    pub(crate) confirmation: Option<Moved>,
    pub(crate) reset_limit: Option<ResetLimit>,
    pub(crate) impact_account: Option<ImpactAccount>,
    pub(crate) counterpart_account: Option<CounterpartAccount>,
}

/// Which limits move, and which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// In the direction of the operation.
    pub(crate) with: LimitSet,
    /// Against it.
    pub(crate) against: LimitSet,
}

/// A set of limits, one bit each: a list would be a further place in memory for every evaluation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LimitSet(u8);

impl LimitSet {
    fn of(names: &[LimitName]) -> Self {
        Self(
            LimitName::ALL
                .into_iter()
                .zip(LIMIT_BITS)
                .filter(|(limit, _)| names.contains(limit))
                .fold(0, |bits, (_, bit)| bits | bit),
        )
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = LimitName> {
        LimitName::ALL
            .into_iter()
            .zip(LIMIT_BITS)
            .filter(move |(_, bit)| self.0 & bit != 0)
            .map(|(limit, _)| limit)
    }
}

/// The bit of each limit, in the order of [`LimitName::ALL`].
const LIMIT_BITS: [u8; 6] = [1, 2, 4, 8, 16, 32];

/// The values of a sum, each at most once, and the amounts it must cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SumCheck {
    pub(crate) considered: Considered,
    pub(crate) amount: Amount,
    pub(crate) further_amount: Option<Amount>,
}

/// Which stored limits are part of a sum. Flags, so that no limit is ever counted twice however
/// the names overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Considered {
    /// Available credit limit and overdraft.
    pub(crate) available: bool,
    pub(crate) savings: bool,
    pub(crate) over_limit: bool,
    pub(crate) cash: bool,
    pub(crate) installment: bool,
}

impl Compiled {
    pub(crate) fn new(configuration: &Configuration) -> Self {
        Self {
            target: configuration.target(),
            impact_parent_accounts: configuration.impact_parent_accounts,
            scenarios: configuration.scenarios.iter().map(Check::new).collect(),
        }
    }
}

impl Check {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let result = &scenario.result;
        let considered = match &result.consider {
            Some(names) => Considered::of_names(names),
            None => Considered::of_impact(&result.impact),
        };
        let (enforced, amount) = match scenario.kind {
            ScenarioKind::Custom { amount_to_check } => (true, amount_to_check),
            ScenarioKind::Default { enforce_funds } => (
                enforce_funds,
                result.amount_consider.unwrap_or(result.amount),
            ),
        };
        // An explicit empty list asks for no sum check.
        let summed = enforced
            && result
                .consider
                .as_ref()
                .is_none_or(|names| !names.is_empty());
        Self {
            order: scenario.order,
            sum: summed.then_some(SumCheck {
                considered,
                amount,
                further_amount: result.amount_consider,
            }),
            floors: enforced && !result.may_go_negative,
            over_limit: considered.over_limit,
            amount: result.amount,
            moves: Moved {
                with: LimitSet::of(&result.impact),
                against: LimitSet::of(&result.opposite_impact),
            },
            confirmation: result.confirmation.as_ref().map(|confirmation| Moved {
                with: LimitSet::of(&confirmation.impact),
                against: LimitSet::of(&confirmation.opposite_impact),
            }),
            reset_limit: result.reset_limit,
            impact_account: result.impact_account,
            counterpart_account: result.counterpart_account,
        }
    }
}

impl Considered {
    fn of_names(names: &[ConsiderName]) -> Self {
        let mut considered = Self::default();
        for name in names {
            match name {
                ConsiderName::AvailableCreditLimit => {
                    considered.available = true;
                    considered.savings = true;
                }
                ConsiderName::OverLimit => considered.over_limit = true,
                ConsiderName::AvailableSavingsAccountLimit => considered.savings = true,
                ConsiderName::AvailableWithdrawalCredit => considered.cash = true,
                ConsiderName::AvailableTotalInstallmentCredit => considered.installment = true,
            }
        }
        considered
    }

    /// The impacted limits standing in for the considered ones, with the formulas of the latter.
    /// Funds that cannot be considered add nothing.
    fn of_impact(names: &[LimitName]) -> Self {
        let mut considered = Self::default();
        for name in names {
            match name {
                LimitName::AvailableCreditLimit => {
                    considered.available = true;
                    considered.savings = true;
                }
                LimitName::AvailableTotalInstallmentCredit => considered.installment = true,
                LimitName::AvailableWithdrawalCredit => considered.cash = true,
                LimitName::AvailableSavingsAccountLimit => considered.savings = true,
                LimitName::AdditionalFunds | LimitName::HeldFunds => {}
            }
        }
        considered
    }
}
