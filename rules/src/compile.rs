//! The compiled form of balance configurations: an index from (level key, processing code) to a
//! short list of candidates, best first, each with its scenarios as flat checks and moves.
//!
//! Knows the precedence among configurations; decides nothing about a request.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::{
    Amount, Configuration, ConsiderName, Filters, Level, LimitName, ProcessingCode, ProgramId,
    Scenario, ScenarioKind,
};

/// Candidates by level key and processing code. A program key is `Some`, the tenant is `None`.
#[derive(Debug, Default)]
pub(crate) struct Index {
    lists: BTreeMap<(ProcessingCode, Option<ProgramId>), Vec<Candidate>>,
}

/// A configuration in the list of one key.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Index into the configurations of the snapshot.
    pub(crate) configuration: u32,
    pub(crate) level: Level,
    pub(crate) filters: Filters,
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
    /// Whether the over-limit allowance lowers the floor of the available credit limit.
    pub(crate) over_limit: bool,
    pub(crate) amount: Amount,
    pub(crate) impact: Vec<LimitName>,
    pub(crate) opposite_impact: Vec<LimitName>,
}

/// The values of a sum, each at most once, and the amounts it must cover.
#[derive(Debug, Clone)]
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

impl Index {
    /// Indexes the active configurations. Their order in the slice is the file order.
    pub(crate) fn build(configurations: &[Configuration]) -> Self {
        let mut index = Self::default();
        for (number, configuration) in (0_u32..).zip(configurations) {
            if !configuration.is_active {
                continue;
            }
            let candidate = Candidate {
                configuration: number,
                level: configuration.level,
                filters: configuration.filters.clone(),
                scenarios: configuration.scenarios.iter().map(Check::new).collect(),
            };
            for code in &configuration.filters.processing_codes {
                let key = (*code, configuration.program);
                index.lists.entry(key).or_default().push(candidate.clone());
            }
        }
        for list in index.lists.values_mut() {
            // Stable: equals stay in file order.
            list.sort_by_key(|candidate| rank(&candidate.filters));
        }
        index
    }

    /// The candidates of the most specific level that has any for this code, best first.
    pub(crate) fn candidates(&self, code: ProcessingCode, program: ProgramId) -> &[Candidate] {
        self.lists
            .get(&(code, Some(program)))
            .or_else(|| self.lists.get(&(code, None)))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// Sort key, smallest is best: more constrained dimensions, then account type given, instalments
/// given and narrower, MCC given, currency given.
fn rank(filters: &Filters) -> impl Ord + use<> {
    let installments = filters.min_installments.is_some() || filters.max_installments.is_some();
    let dimensions = [
        filters.account_type.is_some(),
        installments,
        filters.mcc.is_some(),
        filters.currency.is_some(),
    ];
    let width = filters
        .max_installments
        .unwrap_or(u8::MAX)
        .saturating_sub(filters.min_installments.unwrap_or(0));
    (
        Reverse(dimensions.iter().filter(|given| **given).count()),
        Reverse(filters.account_type.is_some()),
        Reverse(installments),
        width,
        Reverse(filters.mcc.is_some()),
        Reverse(filters.currency.is_some()),
    )
}

impl Check {
    fn new(scenario: &Scenario) -> Self {
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
            impact: result.impact.clone(),
            opposite_impact: result.opposite_impact.clone(),
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
