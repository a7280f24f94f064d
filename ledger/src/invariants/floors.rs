//! The floors of limits.
//!
//! Owns: which records are measured against floors, with which allowance, and what the floors are (DESIGN
//! section 5): an approval of the switch's own leaves the limits that it lowers at or above them, unless the
//! scenario that bore it opts out or checks nothing. What a network or an operator forced is measured by
//! nobody. Must never: decide again.

use rules::{
    AccountId, AuthorizationFlow, BalanceImpact, ConsiderName, Deltas, LimitName, Limits,
    ProgramId, Scenario, ScenarioKind, Snapshot,
};

use crate::authorization::{Approval, AuthorizationDecided, Clearing, Decision};
use crate::operation::Operation;

/// Hundredths of a percent in a whole.
const WHOLE: i128 = 10_000;

/// How a record is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// With this allowance above the limit, or without one.
    With {
        /// Whether the over-limit allowance counts.
        over_limit: bool,
    },
    /// It cannot be.
    Unknown,
    /// It need not be.
    Exempt,
}

/// A limit that a record takes below its floor, minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Below {
    pub(crate) limit: LimitName,
    pub(crate) after_minor: i64,
    pub(crate) floor_minor: i128,
}

/// The approval that a decision is measured by; `None` where no floor counts, whatever its rules say.
pub(crate) fn measured(decided: &AuthorizationDecided) -> Option<&Approval> {
    let Decision::Approved(approval) = &decided.decision else {
        return None;
    };
    let forced = decided.facts.advice.is_some();
    let debits = decided.direction == Some(BalanceImpact::Debit);
    (!forced && debits && !approval.moves.is_none()).then_some(approval)
}

/// How an approval is measured by the rules it was decided under. `program` finds that of an account.
pub(crate) fn by_rules(
    decided: &AuthorizationDecided,
    approval: &Approval,
    rules: &Snapshot,
    program: impl FnOnce(AccountId) -> Option<ProgramId>,
) -> Measure {
    // The cash part has a configuration of its own, which is not recorded.
    let entry = rules.processing_code(decided.processing_code);
    let of_cash = entry
        .and_then(|entry| entry.cashback_processing_code)
        .is_some();
    if of_cash && decided.facts.cashback_minor.is_some_and(|cash| cash > 0) {
        return Measure::Unknown;
    }
    let Some(scenario) = scenario(rules, approval) else {
        return Measure::Unknown;
    };
    let confirmed =
        decided.facts.clearing == Clearing::Online && scenario.result.confirmation.is_some();
    let unchecked = matches!(
        scenario.kind,
        ScenarioKind::Default {
            enforce_funds: false
        }
    );
    if confirmed || unchecked || scenario.result.may_go_negative {
        return Measure::Exempt;
    }
    let considered = scenario.result.consider.as_deref().unwrap_or_default();
    let accepted = |account| {
        let (code, flow) = (decided.processing_code, AuthorizationFlow::Network);
        let program = program(account)?;
        Some(rules.over_limit(account, program, code, flow).over_limit)
    };
    let over_limit = considered.contains(&ConsiderName::OverLimit)
        && decided.account.and_then(accepted).unwrap_or(false);
    Measure::With { over_limit }
}

/// The first limit that deltas lower below its floor; `None` as well when the sum leaves its range.
pub(crate) fn below(before: &Limits, deltas: &Deltas, over_limit: bool) -> Option<Below> {
    let after = before.checked_apply(deltas)?;
    let mut lowered = deltas.iter().filter(|(_, delta)| *delta < 0);
    lowered.find_map(|(limit, _)| {
        let (after_minor, floor_minor) = (after.get(limit), floor(limit, &after, over_limit));
        (i128::from(after_minor) < floor_minor).then_some(Below {
            limit,
            after_minor,
            floor_minor,
        })
    })
}

/// The scenario that bore an approval.
fn scenario<'a>(rules: &'a Snapshot, approval: &Approval) -> Option<&'a Scenario> {
    let (configuration, order) = approval.configuration?;
    let place = usize::try_from(configuration).ok()?;
    let configuration = rules.configurations().get(place)?;
    let mut scenarios = configuration.scenarios.iter();
    scenarios.find(|scenario| scenario.order == order)
}

/// Funds are held, given back, taken and sent only where they are there; other operations ask no limit.
pub(crate) fn of_operation(operation: &Operation) -> Measure {
    match operation {
        Operation::HoldFunds(funds)
        | Operation::ReleaseFunds(funds)
        | Operation::TransferFunds { funds, .. }
            if !funds.skip_balance =>
        {
            Measure::With { over_limit: false }
        }
        Operation::SendTransfer(_) => Measure::With { over_limit: false },
        Operation::HoldFunds(_)
        | Operation::ReleaseFunds(_)
        | Operation::TransferFunds { .. }
        | Operation::Adjust(_)
        | Operation::Force(_)
        | Operation::CancelForce { .. }
        | Operation::ChangeLimits { .. }
        | Operation::ChangeAccountStatus { .. }
        | Operation::RollBackAccountStatus { .. }
        | Operation::AddHolder { .. }
        | Operation::ChangeCardStatus { .. }
        | Operation::ActivateCard { .. }
        | Operation::SuspendModes { .. }
        | Operation::CreateControl(_)
        | Operation::ChangeControl(_)
        | Operation::DeleteControl { .. }
        | Operation::SetAvailableLimit { .. }
        | Operation::ResolveClearing { .. }
        | Operation::RejectClearing { .. }
        | Operation::RefundLimit { .. }
        | Operation::ReceiveTransfer(_)
        | Operation::SettleTransfer { .. }
        | Operation::PurgeHistory { .. } => Measure::Exempt,
    }
}

/// The lowest value that a limit may be lowered to, given the limits after the move.
fn floor(limit: LimitName, after: &Limits, over_limit: bool) -> i128 {
    match limit {
        LimitName::AvailableCreditLimit => {
            let percentage = i128::from(after.over_limit_percentage_hundredths);
            let whole = percentage.saturating_mul(after.max_credit_limit.into());
            let allowance = whole.checked_div_euclid(WHOLE).filter(|_| over_limit);
            i128::from(after.available_savings_account_limit)
                .saturating_add(after.total_overdraft_limit.into())
                .saturating_add(allowance.unwrap_or(0))
                .saturating_neg()
        }
        LimitName::AvailableTotalInstallmentCredit
        | LimitName::AvailableWithdrawalCredit
        | LimitName::AvailableSavingsAccountLimit
        | LimitName::AdditionalFunds
        | LimitName::HeldFunds => 0,
    }
}
