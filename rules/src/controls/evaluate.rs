//! Deciding what the flex controls say to one operation: which apply, which are skipped, the first that
//! denies, and what the others count.
//!
//! A function of rules, facts and accumulators; allocates nothing. The ledger applies what comes out.

use serde::{Deserialize, Serialize};

use super::accumulator::{Accumulator, AccumulatorKey, Accumulators, Reservation};
use super::condition::Seen;
use super::control::{FlexControl, Rule};
use super::facts::ControlFacts;
use super::kinds::{ControlEffect, ControlLevel};
use super::names::ControlId;
use super::set::{Candidates, ControlRules, OwnControls};

/// What the controls say to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlOutcome<'a> {
    /// No control denies it.
    Passed,
    /// A control denies it.
    Denied {
        /// The control: it has the codes.
        control: &'a FlexControl,
        /// Why.
        cause: DenialCause,
    },
}

/// Why a control denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenialCause {
    /// The conditions of a restriction.
    Restricted,
    /// The amount goes beyond the limit.
    AmountExceeded,
    /// The number of operations goes beyond the limit.
    CountExceeded,
}

/// What one control says to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlVerdict {
    /// Not evaluated: it is not active.
    Inactive,
    /// Not evaluated: another card, mode of the card or account.
    OtherHolder,
    /// Not evaluated: another processing code, direction or beneficiary.
    OtherOperation,
    /// Not evaluated: the amount is not known in its currency.
    OtherCurrency,
    /// Not evaluated: it counts by card, and there is none.
    WithoutCard,
    /// Not evaluated: another control takes its place.
    OverriddenBy(ControlId),
    /// Not evaluated: it is a copy of a control of the program, which decides itself.
    FollowsProgram(ControlId),
    /// Its conditions do not select the operation.
    NotSelected,
    /// A restriction that does not deny.
    Passed,
    /// A limit that is not exceeded, and what it counts. `None` when it counts nothing.
    WithinLimit(Option<Reservation>),
    /// It resets its count, because the holder was authenticated.
    Resets(Reservation),
    /// It denies.
    Denied(DenialCause),
}

impl ControlVerdict {
    /// What it counts.
    fn reservation(&self) -> Option<Reservation> {
        match self {
            Self::WithinLimit(counted) => *counted,
            Self::Resets(reservation) => Some(*reservation),
            Self::Inactive
            | Self::OtherHolder
            | Self::OtherOperation
            | Self::OtherCurrency
            | Self::WithoutCard
            | Self::OverriddenBy(_)
            | Self::FollowsProgram(_)
            | Self::NotSelected
            | Self::Passed
            | Self::Denied(_) => None,
        }
    }
}

/// Whether controls may deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// The first that denies decides.
    MayDeny,
    /// The operation happens whatever they say: limits count it beyond their end.
    Forced,
}

/// One evaluation under way.
struct Evaluation<'a, A: ?Sized> {
    asking: Asking,
    candidates: Candidates<'a>,
    any_overriding: bool,
    accumulators: &'a A,
    seen: Seen<'a>,
}

impl ControlRules {
    /// Decides; what the limits count is left in `reservations`, which are none after a denial.
    pub(crate) fn evaluate<'a, A: Accumulators + ?Sized>(
        &'a self,
        facts: &'a ControlFacts<'a>,
        own: &OwnControls<'a>,
        accumulators: &'a A,
        reservations: &mut Vec<Reservation>,
    ) -> ControlOutcome<'a> {
        let asked = (facts, Asking::MayDeny);
        let outcome = self.gather(asked, own, accumulators, reservations);
        if outcome != ControlOutcome::Passed {
            reservations.clear();
        }
        outcome
    }

    /// What the limits count of an operation that happens whatever they say.
    pub(crate) fn count<'a, A: Accumulators + ?Sized>(
        &'a self,
        facts: &'a ControlFacts<'a>,
        own: &OwnControls<'a>,
        accumulators: &'a A,
        reservations: &mut Vec<Reservation>,
    ) {
        self.gather((facts, Asking::Forced), own, accumulators, reservations);
    }

    /// Judges the controls and keeps what they count, in place of what was in `reservations`.
    fn gather<'a, A: Accumulators + ?Sized>(
        &'a self,
        asked: (&'a ControlFacts<'a>, Asking),
        own: &OwnControls<'a>,
        accumulators: &'a A,
        reservations: &mut Vec<Reservation>,
    ) -> ControlOutcome<'a> {
        reservations.clear();
        self.visit(asked, own, accumulators, |_, verdict, _| {
            reservations.extend(verdict.reservation());
        })
    }

    /// Judges the controls in order, up to the first that denies, and shows each to the visitor.
    pub(crate) fn visit<'a, A: Accumulators + ?Sized>(
        &'a self,
        (facts, asking): (&'a ControlFacts<'a>, Asking),
        own: &OwnControls<'a>,
        accumulators: &'a A,
        mut visitor: impl FnMut(&'a FlexControl, &ControlVerdict, &mut Seen<'a>),
    ) -> ControlOutcome<'a> {
        let candidates = self.candidates(facts, own);
        let mut evaluation = Evaluation {
            asking,
            any_overriding: candidates.any_overriding(),
            candidates,
            accumulators,
            seen: Seen::new(facts, self.groups()),
        };
        for control in candidates.in_order() {
            let verdict = evaluation.judge(control);
            visitor(control, &verdict, &mut evaluation.seen);
            if asking == Asking::MayDeny
                && let ControlVerdict::Denied(cause) = verdict
            {
                return ControlOutcome::Denied { control, cause };
            }
        }
        ControlOutcome::Passed
    }
}

impl<'a, A: Accumulators + ?Sized> Evaluation<'a, A> {
    #[inline]
    fn judge(&mut self, control: &'a FlexControl) -> ControlVerdict {
        let facts = self.seen.facts;
        if !control.is_active {
            return ControlVerdict::Inactive;
        }
        if !control.scope.has_holder(control.target, facts) {
            return ControlVerdict::OtherHolder;
        }
        if let Some(verdict) = self.skipped(control) {
            return verdict;
        }
        if let Rule::Cumulative { trigger, .. } = &control.rule
            && trigger.is_shown(facts)
        {
            return self.reset(control);
        }
        if !control.scope.has_operation(facts) {
            return ControlVerdict::OtherOperation;
        }
        let Some(amount_minor) = facts.amount_in(control.scope.currency) else {
            return ControlVerdict::OtherCurrency;
        };
        let met = self
            .seen
            .meets_all(&control.conditions, &control.zone, amount_minor);
        match &control.rule {
            Rule::Restriction(effect) if met == (*effect == ControlEffect::DenyWhenMet) => {
                ControlVerdict::Denied(DenialCause::Restricted)
            }
            Rule::Restriction(_) => ControlVerdict::Passed,
            Rule::Spending { .. } | Rule::Usage { .. } | Rule::Cumulative { .. } if !met => {
                ControlVerdict::NotSelected
            }
            Rule::Spending { max_minor, .. } => {
                self.limit(control, (amount_minor, 0), (Some(*max_minor), None))
            }
            Rule::Usage { max, .. } => self.limit(control, (0, 1), (None, Some(*max))),
            Rule::Cumulative {
                max_minor,
                max_count,
                ..
            } => self.limit(control, (amount_minor, 1), (*max_minor, *max_count)),
        }
    }

    /// Whether another control takes the place of one.
    fn skipped(&self, control: &FlexControl) -> Option<ControlVerdict> {
        if let Some(reference) = control.rule_reference.filter(|_| !control.is_customized) {
            let original = self.candidates.program().get(reference);
            if original.is_some_and(FlexControl::is_active) {
                return Some(ControlVerdict::FollowsProgram(reference));
            }
        }
        if !self.any_overriding {
            return None;
        }
        let mut others = self.candidates.overriding();
        let other = others.find(|other| self.overrides(other, control))?;
        Some(ControlVerdict::OverriddenBy(other.id))
    }

    /// Whether a control takes the place of another in this operation. Only controls of the same level
    /// or a broader one can be overridden; those of a program only by a copy that is customized.
    fn overrides(&self, control: &FlexControl, other: &FlexControl) -> bool {
        let facts = self.seen.facts;
        let named = if other.target.level() == ControlLevel::Program {
            control.is_customized && control.rule_reference == Some(other.id)
        } else {
            control.overrides.contains(&other.id) && control.target.level() >= other.target.level()
        };
        named
            && control.is_active
            && control.scope.has_holder(control.target, facts)
            && control.scope.has_operation(facts)
            && facts.amount_in(control.scope.currency).is_some()
            && control.can_count(facts.account, facts.card)
    }

    /// Compares what was counted and what comes with the limits.
    #[inline]
    fn limit(
        &self,
        control: &FlexControl,
        (amount_minor, count): (i64, i64),
        (max_minor, max_count): (Option<i64>, Option<i64>),
    ) -> ControlVerdict {
        let exceeds = |counted: i64, added: i64, most: Option<i64>| {
            let sum = counted.checked_add(added).filter(|_| added >= 0);
            added != 0 && most.is_some_and(|most| sum.is_none_or(|sum| sum > most))
        };
        let counted = match control.periods() {
            None => None,
            Some(_) => {
                let Some(counted) = self.counted(control) else {
                    return ControlVerdict::WithoutCard;
                };
                Some(counted)
            }
        };
        let (counted_minor, counted_count) =
            counted.map_or((0, 0), |(_, counted)| (counted.amount_minor, counted.count));
        let may_deny = self.asking == Asking::MayDeny;
        if may_deny && exceeds(counted_minor, amount_minor, max_minor) {
            return ControlVerdict::Denied(DenialCause::AmountExceeded);
        }
        if may_deny && exceeds(counted_count, count, max_count) {
            return ControlVerdict::Denied(DenialCause::CountExceeded);
        }
        let reservation = counted.map(|(key, counted)| Reservation {
            key,
            period: counted.period,
            amount_minor,
            count,
        });
        ControlVerdict::WithinLimit(reservation.filter(|added| added.amount_minor > 0 || count > 0))
    }

    /// Begins the count of a cumulative limit again.
    fn reset(&self, control: &FlexControl) -> ControlVerdict {
        let Some((key, counted)) = self.counted(control) else {
            return ControlVerdict::WithoutCard;
        };
        if (counted.amount_minor, counted.count) == (0, 0) {
            return ControlVerdict::WithinLimit(None);
        }
        let mut period = counted.period;
        period.resets = period.resets.saturating_add(1);
        ControlVerdict::Resets(Reservation {
            key,
            period,
            amount_minor: 0,
            count: 0,
        })
    }

    /// The accumulator of a control, as it counts at this instant.
    #[inline]
    fn counted(&self, control: &FlexControl) -> Option<(AccumulatorKey, Accumulator)> {
        let facts = self.seen.facts;
        let key = control.accumulator_key(facts.account, facts.card)?;
        let stored = self.accumulators.accumulator(&key);
        Some((key, control.in_force(stored, facts.at_us)?))
    }
}
