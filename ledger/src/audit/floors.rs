//! The floors of limits.
//!
//! Owns: that an approval of the switch's own leaves the limits that it lowers at or above their floors
//! (DESIGN section 5), unless the scenario that bore it opts out or checks nothing. What a network or an
//! operator forced is measured by nobody. Must never: decide again.

use std::sync::Arc;

use rules::{
    AccountId, AuthorizationFlow, BalanceImpact, ConsiderName, Deltas, LimitName, Limits, Scenario,
    ScenarioKind, Snapshot,
};

use super::accounts::Course;
use super::{Audit, AuditError, Rule};
use crate::authorization::{Approval, AuthorizationDecided, Clearing, Decision};
use crate::books::BookStore;
use crate::books::rows::{MessageBody, StoredMessage};
use crate::operation::Operation;

/// Hundredths of a percent in a whole.
const WHOLE: i128 = 10_000;

/// How a record is measured.
enum Measure {
    /// With this allowance above the limit, or without one.
    With { over_limit: bool },
    /// It cannot be.
    Unknown,
    /// It need not be.
    Exempt,
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Measures what a record leaves of the limits of the account that it lowers.
    pub(super) fn check_floors(
        &mut self,
        course: &Course,
        message: &StoredMessage,
        deltas: &Deltas,
    ) -> Result<(), AuditError> {
        let measure = match &message.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Approved(approval) => self.measure(decided, approval),
                Decision::Declined(_) | Decision::Completed(_) => Measure::Exempt,
            },
            MessageBody::Operation { done, .. } => of_operation(&done.request.operation),
            MessageBody::Reversal { .. } | MessageBody::Dropped(_) | MessageBody::FileAction(_) => {
                Measure::Exempt
            }
        };
        let over_limit = match measure {
            Measure::Exempt => return Ok(()),
            Measure::Unknown => {
                let count = &mut self.summary.floors_not_measured;
                *count = count.saturating_add(1);
                return Ok(());
            }
            Measure::With { over_limit } => over_limit,
        };
        self.summary.floors = self.summary.floors.saturating_add(1);
        let Some(after) = course.limits.checked_apply(deltas) else {
            return Ok(());
        };
        let mut lowered = deltas.iter().filter(|(_, delta)| *delta < 0);
        let below = lowered
            .find(|(limit, _)| i128::from(after.get(*limit)) < floor(*limit, &after, over_limit));
        let Some((limit, _)) = below else {
            return Ok(());
        };
        let finding = format!(
            "record {} takes {} of account {} to {}, below its floor {}",
            message.id,
            limit.as_str(),
            course.account.id,
            after.get(limit),
            floor(limit, &after, over_limit)
        );
        Err(AuditError::violation(Rule::Floors, finding, [message.id]))
    }

    fn measure(&mut self, decided: &AuthorizationDecided, approval: &Approval) -> Measure {
        let forced = decided.facts.advice.is_some();
        if forced || decided.direction != Some(BalanceImpact::Debit) || approval.moves.is_none() {
            return Measure::Exempt;
        }
        let Some(rules) = self.rules_of(decided.rules) else {
            return Measure::Unknown;
        };
        // The cash part has a configuration of its own, which is not recorded.
        let entry = rules.processing_code(decided.processing_code);
        let of_cash = entry
            .and_then(|entry| entry.cashback_processing_code)
            .is_some();
        if of_cash && decided.facts.cashback_minor.is_some_and(|cash| cash > 0) {
            return Measure::Unknown;
        }
        let Some(scenario) = scenario(&rules, approval) else {
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
        let over_limit = considered.contains(&ConsiderName::OverLimit)
            && self.accepts_over_limit(&rules, decided);
        Measure::With { over_limit }
    }

    fn accepts_over_limit(&self, rules: &Arc<Snapshot>, decided: &AuthorizationDecided) -> bool {
        let id: Option<AccountId> = decided.account;
        let account = id.and_then(|id| self.views.account(id).ok().flatten());
        account.is_some_and(|account| {
            let (program, code) = (account.program, decided.processing_code);
            let flow = AuthorizationFlow::Network;
            rules.over_limit(account.id, program, code, flow).over_limit
        })
    }
}

/// The scenario that bore an approval.
fn scenario<'a>(rules: &'a Snapshot, approval: &Approval) -> Option<&'a Scenario> {
    let (configuration, order) = approval.configuration?;
    let place = usize::try_from(configuration).ok()?;
    let configuration = rules.configurations().get(place)?;
    let mut scenarios = configuration.scenarios.iter();
    scenarios.find(|scenario| scenario.order == order)
}

/// Funds are held, given back and taken only where they are there; other operations ask no limit.
fn of_operation(operation: &Operation) -> Measure {
    match operation {
        Operation::HoldFunds(funds)
        | Operation::ReleaseFunds(funds)
        | Operation::TransferFunds { funds, .. }
            if !funds.skip_balance =>
        {
            Measure::With { over_limit: false }
        }
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
        | Operation::SuspendModes { .. } => Measure::Exempt,
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
