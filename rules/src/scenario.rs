//! Trying one scenario: does the considered sum cover the amount, and can every account that moves
//! bear its move. The only place where funds are compared.
//!
//! Allocates nothing. Must never let a limit move that was not looked at.

use crate::compile::{Check, Considered, Moved, SumCheck};
use crate::trace::ConsideredPart;
use crate::{
    AccountId, Amount, BalanceImpact, Deltas, EvaluationRequest, LimitName, Limits, RelatedAccount,
    RelatedLimits, RelatedMove, RelatedMoves,
};

/// What the scenarios of one configuration are tried with.
#[derive(Debug)]
pub(crate) struct Attempt<'a, R: ?Sized> {
    pub(crate) request: &'a EvaluationRequest,
    /// Of the account of the request.
    pub(crate) limits: &'a Limits,
    pub(crate) related: &'a R,
    /// Whether the over-limit allowance counts where a scenario considers it.
    pub(crate) over_limit_accepted: bool,
    /// Whether the parent accounts move too.
    pub(crate) parents: bool,
}

/// What a scenario that holds moves.
#[derive(Debug)]
pub(crate) struct Moves {
    pub(crate) own: Deltas,
    pub(crate) related: RelatedMoves,
    pub(crate) confirmation: Option<Deltas>,
}

/// Why one scenario does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Overflow,
    Short(Shortage),
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// The cash limit first of all.
    Cash,
    /// The considered sum.
    Sum,
    /// A limit would fall below its floor; `None` is the account of the request.
    Floor(Option<AccountId>, LimitName),
    /// The limits of a related account are not known.
    RelatedUnknown(AccountId),
}

impl<R: RelatedLimits + ?Sized> Attempt<'_, R> {
    /// The moves of a scenario, if it holds.
    pub(crate) fn run(&self, check: &Check) -> Result<Moves, Failure> {
        let deltas = deltas(&check.moves, check.amount, self.request);
        let (bearer, limits) = match check.impact_account {
            None => (None, Ok(*self.limits)),
            Some(impact) => (Some(impact.account_id), self.limits_of(impact.account_id)),
        };
        self.covers(check, &deltas, limits.as_ref().ok())?;
        let over_limit = self.counts_over_limit(check);
        bears(check, bearer, &limits?, &deltas, over_limit)?;

        if let Some(counterpart) = check.counterpart_account {
            let account_id = counterpart.account_id;
            let limits = self.limits_of(account_id)?;
            bears(check, Some(account_id), &limits, &deltas.negated(), false)?;
        }
        if self.parents {
            let parents = (0..).map_while(|number| self.related.parent(number));
            for (parent, limits) in parents {
                bears(check, Some(parent), &limits, &deltas, over_limit)?;
            }
        }
        Ok(self.moves(check, deltas))
    }

    /// The moves of a scenario, whatever the limits say. A related account that is not known still
    /// keeps them from being made.
    pub(crate) fn forced(&self, check: &Check) -> Result<Moves, Failure> {
        if let Some(impact) = check.impact_account {
            self.limits_of(impact.account_id)?;
        }
        if let Some(counterpart) = check.counterpart_account {
            self.limits_of(counterpart.account_id)?;
        }
        let deltas = deltas(&check.moves, check.amount, self.request);
        Ok(self.moves(check, deltas))
    }

    fn moves(&self, check: &Check, deltas: Deltas) -> Moves {
        let moved = |account| RelatedMove {
            account,
            deltas,
            processing_code: None,
        };
        let impacted = check.impact_account.map(|impact| {
            moved(RelatedAccount::Impacted {
                account_id: impact.account_id,
                customer_id: impact.customer_id,
            })
        });
        let counterpart = check.counterpart_account.map(|counterpart| RelatedMove {
            account: RelatedAccount::Counterpart {
                account_id: counterpart.account_id,
            },
            deltas: deltas.negated(),
            processing_code: Some(counterpart.processing_code),
        });
        let parents = self.parents.then(|| moved(RelatedAccount::Parents));
        let confirmation = check.confirmation.as_ref();
        Moves {
            own: if impacted.is_some() {
                Deltas::NONE
            } else {
                deltas
            },
            related: RelatedMoves::new(impacted, counterpart, parents),
            confirmation: confirmation.map(|moved| self::deltas(moved, check.amount, self.request)),
        }
    }

    /// Whether the considered sum covers what it must, and the cash limit what moves it. The cash
    /// limit is looked at before everything else, so that a withdrawal above it is told from a
    /// plain lack of funds.
    fn covers(
        &self,
        check: &Check,
        deltas: &Deltas,
        bearing: Option<&Limits>,
    ) -> Result<(), Failure> {
        let short = self.sum_that_counts(check).filter(|sum| {
            let allowance = self.counts_over_limit(check);
            considered_sum(sum.considered, self.limits, allowance) < required(sum, self.request)
        });
        let cash_short = short.is_some_and(|sum| {
            let cash = i128::from(self.limits.available_withdrawal_credit);
            sum.considered.cash && cash < required(sum, self.request)
        });
        let cash_delta = deltas.get(LimitName::AvailableWithdrawalCredit);
        let cash_below = check.floors
            && cash_delta < 0
            && bearing.is_some_and(|limits| {
                // Saturation keeps the sign, which is all that is asked.
                limits
                    .available_withdrawal_credit
                    .saturating_add(cash_delta)
                    < 0
            });
        if cash_short || cash_below {
            return Err(Failure::Short(Shortage::Cash));
        }
        if short.is_some() {
            return Err(Failure::Short(Shortage::Sum));
        }
        Ok(())
    }

    /// The sum check of a scenario. Money coming in needs no cover.
    pub(crate) fn sum_that_counts<'c>(&self, check: &'c Check) -> Option<&'c SumCheck> {
        check
            .sum
            .as_ref()
            .filter(|_| self.request.direction == BalanceImpact::Debit)
    }

    /// Whether the over-limit allowance counts in a scenario.
    pub(crate) fn counts_over_limit(&self, check: &Check) -> bool {
        check.over_limit && self.over_limit_accepted
    }

    /// The limits of an account; one whose limits are not known cannot be moved.
    pub(crate) fn limits_of(&self, account: AccountId) -> Result<Limits, Failure> {
        if account == self.request.account {
            return Ok(*self.limits);
        }
        let limits = self.related.limits(account);
        limits.ok_or(Failure::Short(Shortage::RelatedUnknown(account)))
    }
}

/// Whether an account stays in range and, where floors count, at or above them.
fn bears(
    check: &Check,
    account: Option<AccountId>,
    limits: &Limits,
    deltas: &Deltas,
    over_limit: bool,
) -> Result<(), Failure> {
    let after = limits.checked_apply(deltas).ok_or(Failure::Overflow)?;
    if !check.floors {
        return Ok(());
    }
    let below = deltas.iter().find(|(limit, delta)| {
        *delta < 0 && i128::from(after.get(*limit)) < floor(*limit, &after, over_limit)
    });
    match below {
        Some((limit, _)) => Err(Failure::Short(Shortage::Floor(account, limit))),
        None => Ok(()),
    }
}

/// Each limit moves by the full amount, with the direction of the operation or against it. No
/// limit is in both lists.
pub(crate) fn deltas(moved: &Moved, amount: Amount, request: &EvaluationRequest) -> Deltas {
    let amount = amount.of(request);
    // Amounts are not negative, so the negation is exact.
    let with = match request.direction {
        BalanceImpact::Debit => amount.saturating_neg(),
        BalanceImpact::None => 0,
        BalanceImpact::Credit => amount,
    };
    let against = with.saturating_neg();
    let mut deltas = Deltas::NONE;
    for limit in moved.with.iter() {
        deltas.set(limit, with);
    }
    for limit in moved.against.iter() {
        deltas.set(limit, against);
    }
    deltas
}

/// The amount that a sum must cover, in minor units.
pub(crate) fn required(sum: &SumCheck, request: &EvaluationRequest) -> i128 {
    let further = sum.further_amount.map_or(0, |amount| amount.of(request));
    i128::from(sum.amount.of(request).max(further))
}

/// The sum of the considered limits, in minor units. A few `i64` never overflow an `i128`, so
/// saturation cannot happen.
pub(crate) fn considered_sum(considered: Considered, limits: &Limits, over_limit: bool) -> i128 {
    considered_parts(considered, limits, over_limit)
        .map(|(_, value)| value)
        .fold(0, i128::saturating_add)
}

/// What a considered sum is made of.
pub(crate) fn considered_parts(
    considered: Considered,
    limits: &Limits,
    over_limit: bool,
) -> impl Iterator<Item = (ConsideredPart, i128)> {
    use ConsideredPart as Part;
    let allowance = if over_limit {
        limits.over_limit_allowance_minor()
    } else {
        0
    };
    let part = |counted: bool, part: Part, value: i64| (counted, part, i128::from(value));
    let (available, overdraft) = (limits.available_credit_limit, limits.total_overdraft_limit);
    let savings = limits.available_savings_account_limit;
    let cash = limits.available_withdrawal_credit;
    let installment = limits.available_total_installment_credit;
    [
        part(considered.available, Part::AvailableCreditLimit, available),
        part(considered.available, Part::TotalOverdraftLimit, overdraft),
        part(
            considered.savings,
            Part::AvailableSavingsAccountLimit,
            savings,
        ),
        part(considered.cash, Part::AvailableWithdrawalCredit, cash),
        part(
            considered.installment,
            Part::AvailableTotalInstallmentCredit,
            installment,
        ),
        (
            considered.over_limit && over_limit,
            Part::OverLimitAllowance,
            allowance,
        ),
    ]
    .into_iter()
    .filter(|(counted, _, _)| *counted)
    .map(|(_, part, value)| (part, value))
}

/// The lowest value a limit may move down to, in minor units, given the limits after the move.
pub(crate) fn floor(limit: LimitName, after: &Limits, over_limit: bool) -> i128 {
    match limit {
        LimitName::AvailableCreditLimit => {
            let allowance = if over_limit {
                after.over_limit_allowance_minor()
            } else {
                0
            };
            i128::from(after.available_savings_account_limit)
                .saturating_add(i128::from(after.total_overdraft_limit))
                .saturating_add(allowance)
                .saturating_neg()
        }
        LimitName::AvailableTotalInstallmentCredit
        | LimitName::AvailableWithdrawalCredit
        | LimitName::AvailableSavingsAccountLimit
        | LimitName::AdditionalFunds
        | LimitName::HeldFunds => 0,
    }
}
