//! One flex control, compiled: whom it is for, what it applies to, what it looks at, what it denies.
//! Owns what is fixed; reading it is in `documents`, deciding with it in `evaluate`.

use std::sync::Arc;

use super::accumulator::{Accumulator, AccumulatorKey, AccumulatorOwner};
use super::condition::ControlCondition;
use super::facts::{AuthenticationMethod, ControlCardMode, ControlFacts};
use super::kinds::{ControlEffect, ControlKind, ControlTarget, CountedPer};
use super::names::{CardHash, ControlId, CustomCode};
use super::period::Periods;
use super::zone::Zone;
use crate::{AccountId, BalanceImpact, Currency, ProcessingCode, ResponseCode};

/// Which operations a control applies to, before any condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Sorted. Empty: any code.
    pub(crate) processing_codes: Vec<ProcessingCode>,
    /// Only money going out.
    pub(crate) debits_only: bool,
    /// In which its amounts are; `None`: that of the account.
    pub(crate) currency: Option<Currency>,
    /// Empty: any card, and none.
    pub(crate) cards: Vec<CardHash>,
    pub(crate) card_mode: Option<ControlCardMode>,
    pub(crate) beneficiary: Option<String>,
}

/// What a control does to the operations that it applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Restriction(ControlEffect),
    /// Without periods each operation is compared alone.
    Spending {
        max_minor: i64,
        periods: Option<Periods>,
    },
    Usage {
        max: i64,
        periods: Option<Periods>,
    },
    Cumulative {
        max_minor: Option<i64>,
        max_count: Option<i64>,
        periods: Periods,
        trigger: Trigger,
    },
}

/// What shows that the holder was authenticated. One of these is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trigger {
    pub(crate) is_password_present: Option<bool>,
    pub(crate) is_pin_validated_offline: Option<bool>,
    pub(crate) authentication_methods: Vec<AuthenticationMethod>,
}

/// One flex control, compiled. Never changes; a change is another control of the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlexControl {
    pub(crate) id: ControlId,
    pub(crate) name: String,
    pub(crate) target: ControlTarget,
    pub(crate) counted_per: CountedPer,
    pub(crate) is_active: bool,
    /// Lower is tried first; those without one come last.
    pub(crate) evaluation_order: Option<u8>,
    pub(crate) scope: Scope,
    pub(crate) conditions: Vec<ControlCondition>,
    pub(crate) rule: Rule,
    pub(crate) zone: Arc<Zone>,
    /// Controls that are skipped where this one applies.
    pub(crate) overrides: Vec<ControlId>,
    pub(crate) rule_reference: Option<ControlId>,
    pub(crate) is_customized: bool,
    pub(crate) deny_code: Option<String>,
    pub(crate) response_code: Option<ResponseCode>,
    pub(crate) custom_code: Option<CustomCode>,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) key: String,
}

impl FlexControl {
    /// Its id.
    pub fn id(&self) -> ControlId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whom it is for.
    pub fn target(&self) -> ControlTarget {
        self.target
    }

    /// What it is.
    pub fn kind(&self) -> ControlKind {
        match self.rule {
            Rule::Restriction(_) => ControlKind::Restriction,
            Rule::Spending { .. } => ControlKind::SpendingLimit,
            Rule::Usage { .. } => ControlKind::UsageLimit,
            Rule::Cumulative { .. } => ControlKind::CumulativeLimit,
        }
    }

    /// Whether it is evaluated.
    pub fn is_active(&self) -> bool {
        self.is_active
    }

    /// Its conditions; all must be met.
    pub fn conditions(&self) -> &[ControlCondition] {
        &self.conditions
    }

    /// The denial code of the business.
    pub fn deny_code(&self) -> Option<&str> {
        self.deny_code.as_deref()
    }

    /// The code of DE39 that tells the network, where it is not that of the network's table.
    pub fn response_code(&self) -> Option<ResponseCode> {
        self.response_code
    }

    /// The decline code of the issuer.
    pub fn custom_code(&self) -> Option<CustomCode> {
        self.custom_code
    }

    /// The program control that it is a copy of.
    pub fn rule_reference(&self) -> Option<ControlId> {
        self.rule_reference
    }

    /// The file it comes from, relative to the configuration directory; empty for one that was
    /// compiled alone.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Line of the file where it begins.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The accumulator that counts an operation. `None`: the control counts nothing, or the operation
    /// has no card where it counts by card.
    #[inline]
    pub fn accumulator_key(
        &self,
        account: AccountId,
        card: Option<CardHash>,
    ) -> Option<AccumulatorKey> {
        let by_card =
            self.counted_per == CountedPer::Card || matches!(self.rule, Rule::Cumulative { .. });
        let owner = match self.target {
            ControlTarget::Card(card) => AccumulatorOwner::Card(card),
            _ if by_card => AccumulatorOwner::Card(card?),
            ControlTarget::Customer { customer, .. } => AccumulatorOwner::Customer(customer),
            ControlTarget::Program(_) | ControlTarget::Account(_) => {
                AccumulatorOwner::Account(account)
            }
        };
        self.periods()?;
        Some(AccumulatorKey {
            control: self.id,
            owner,
        })
    }

    /// Whether it counts nothing, or has an accumulator for an operation.
    pub(crate) fn can_count(&self, account: AccountId, card: Option<CardHash>) -> bool {
        self.periods().is_none() || self.accumulator_key(account, card).is_some()
    }

    /// What its accumulator counts at an instant, given what is stored: what was counted in a period that
    /// is over, or under another rule of periods, is no longer counted. `None`: it counts nothing.
    #[inline]
    pub fn in_force(&self, stored: Option<Accumulator>, at_us: i64) -> Option<Accumulator> {
        let periods = self.periods()?;
        let stored = stored
            .filter(|stored| stored.period.rule == periods.rule() && stored.period.contains(at_us));
        Some(stored.unwrap_or_else(|| Accumulator::empty(periods.at(at_us))))
    }

    /// What is left of the limit (amount or number of operations) in the period of an instant. `None`
    /// for kinds without one.
    pub fn available(&self, stored: Option<Accumulator>, at_us: i64) -> Option<i64> {
        let counted = self.in_force(stored, at_us)?;
        match self.rule {
            Rule::Spending { max_minor, .. } => {
                Some(max_minor.saturating_sub(counted.amount_minor).max(0))
            }
            Rule::Usage { max, .. } => Some(max.saturating_sub(counted.count).max(0)),
            Rule::Restriction(_) | Rule::Cumulative { .. } => None,
        }
    }

    /// The accumulator after somebody writes what is left. What was counted before is forgotten: nothing
    /// of it is taken back later. `None` when the kind has no such value, or it is not from 0 to the limit.
    pub fn with_available(
        &self,
        stored: Option<Accumulator>,
        available: i64,
        at_us: i64,
    ) -> Option<Accumulator> {
        let used = |most: i64| {
            let used = most.checked_sub(available);
            used.filter(|_| (0..=most).contains(&available))
        };
        let (amount_minor, count) = match self.rule {
            Rule::Spending { max_minor, .. } => (used(max_minor)?, 0),
            Rule::Usage { max, .. } => (0, used(max)?),
            Rule::Restriction(_) | Rule::Cumulative { .. } => return None,
        };
        let mut period = self.in_force(stored, at_us)?.period;
        period.resets = period.resets.saturating_add(1);
        Some(Accumulator {
            period,
            amount_minor,
            count,
        })
    }

    /// The periods that it counts in.
    pub(crate) fn periods(&self) -> Option<&Periods> {
        match &self.rule {
            Rule::Restriction(_) => None,
            Rule::Spending { periods, .. } | Rule::Usage { periods, .. } => periods.as_ref(),
            Rule::Cumulative { periods, .. } => Some(periods),
        }
    }

    /// The controls of its target in the order of trying: by evaluation order, those without one last,
    /// then by id.
    pub(crate) fn rank(&self) -> (u8, ControlId) {
        (self.evaluation_order.unwrap_or(u8::MAX), self.id)
    }
}

impl Scope {
    /// Whether the card and the account are those it is for.
    pub(crate) fn has_holder(&self, target: ControlTarget, facts: &ControlFacts<'_>) -> bool {
        let account = match target {
            ControlTarget::Customer { account, .. } => account == facts.account,
            ControlTarget::Program(_) | ControlTarget::Account(_) | ControlTarget::Card(_) => true,
        };
        let card = self.cards.is_empty()
            || facts
                .card
                .is_some_and(|card| self.cards.binary_search(&card).is_ok());
        let mode = self.card_mode.is_none() || self.card_mode == facts.card_mode;
        account && card && mode
    }

    /// Whether the operation is one it is for.
    pub(crate) fn has_operation(&self, facts: &ControlFacts<'_>) -> bool {
        let code = self.processing_codes.is_empty()
            || self
                .processing_codes
                .binary_search(&facts.processing_code)
                .is_ok();
        let direction = !self.debits_only || facts.direction == BalanceImpact::Debit;
        let beneficiary =
            self.beneficiary.is_none() || self.beneficiary.as_deref() == facts.beneficiary;
        code && direction && beneficiary
    }
}

impl Trigger {
    /// Whether an operation shows it.
    pub(crate) fn is_shown(&self, facts: &ControlFacts<'_>) -> bool {
        let shows = |wanted: Option<bool>, found| wanted.is_some() && wanted == found;
        shows(self.is_password_present, facts.is_password_present)
            || shows(
                self.is_pin_validated_offline,
                facts.is_pin_validated_offline,
            )
            || facts
                .authentication_method
                .is_some_and(|method| self.authentication_methods.contains(&method))
    }
}
