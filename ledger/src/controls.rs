//! The flex controls that were made at run time, and what limits have counted, in memory.
//!
//! Owns: one set of controls per account, customer and card; where each control is; the accumulators, each
//! with the newest record that it includes. Must never: decide, or change by anything but records and rows.

use std::convert::Infallible;

use rules::{
    AccountId, Accumulator, AccumulatorKey, Accumulators, ControlId, ControlSet, ControlTarget,
    FlexControl, OwnControls, Reservation,
};
use serde::{Deserialize, Serialize};

use crate::authorization::CountChange;
use crate::identifiers::{CardHash, CustomerId, RecordId};
use crate::map::Map;
use crate::operation::{ControlDocument, Operation, OperationDone, OperationEffect};

/// An accumulator as the books keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// What it has counted.
    pub accumulator: Accumulator,
    /// The newest record this includes. A record at or before it is not applied again.
    pub reflects: RecordId,
}

/// What a record does to accumulators.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counting<'a> {
    /// An operation was approved.
    Reserved(&'a [Reservation]),
    /// What remains of an operation changed.
    Changed(&'a [CountChange]),
    /// What is left of a limit was written.
    Set(AccumulatorKey, Accumulator),
}

impl Counting<'_> {
    /// Hands out each accumulator that the record `id` changes, once, with what becomes of it: `None` where
    /// nothing was counted, and nothing is.
    pub(crate) fn each<E>(
        &self,
        id: RecordId,
        mut change: impl FnMut(
            AccumulatorKey,
            &dyn Fn(Option<Counted>) -> Option<Counted>,
        ) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            // An evaluation reserves once of each accumulator.
            Self::Reserved(reserved) => {
                for reservation in *reserved {
                    let after = |counted| Some(Accumulator::after(counted, reservation));
                    change(reservation.key, &|before| at(id, before, after))?;
                }
            }
            // Several parts of an authorization may have been counted by one.
            Self::Changed(changed) => {
                let mut changed = changed.to_vec();
                changed.sort_by_key(|change| change.key);
                for of_one in changed.chunk_by(|one, other| one.key == other.key) {
                    let Some(first) = of_one.first() else {
                        continue;
                    };
                    let after = |counted: Option<Accumulator>| {
                        let after = |counted, change: &CountChange| change.applied_to(counted);
                        Some(of_one.iter().fold(counted?, after))
                    };
                    change(first.key, &|before| at(id, before, after))?;
                }
            }
            Self::Set(key, written) => {
                change(*key, &|before| at(id, before, |_| Some(*written)))?;
            }
        }
        Ok(())
    }
}

/// What a record makes of an accumulator, unless it is included already.
fn at(
    id: RecordId,
    before: Option<Counted>,
    after: impl Fn(Option<Accumulator>) -> Option<Accumulator>,
) -> Option<Counted> {
    if before.is_some_and(|before| before.reflects >= id) {
        return before;
    }
    let accumulator = after(before.map(|before| before.accumulator))?;
    Some(Counted {
        accumulator,
        reflects: id,
    })
}

/// A control made at run time that cannot be read again: another build took it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnreadableControl;

/// Controls made at run time, and accumulators.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    by_account: Map<AccountId, ControlSet>,
    by_customer: Map<rules::CustomerId, ControlSet>,
    by_card: Map<rules::CardHash, ControlSet>,
    targets: Map<ControlId, ControlTarget>,
    accumulators: Map<AccumulatorKey, Counted>,
}

impl Accumulators for Controls {
    fn accumulator(&self, key: &AccumulatorKey) -> Option<Accumulator> {
        let counted = self.accumulators.get(key)?;
        Some(counted.accumulator)
    }
}

impl Controls {
    /// The controls made for the account, the customer and the card of an operation.
    pub(crate) fn own(
        &self,
        account: AccountId,
        customer: Option<CustomerId>,
        card: Option<CardHash>,
    ) -> OwnControls<'_> {
        let none = OwnControls::NONE;
        let customer = customer.and_then(|id| self.by_customer.get(&rules::CustomerId(id.0)));
        let card = card.and_then(|hash| self.by_card.get(&rules::CardHash(hash.0)));
        OwnControls {
            account: self.by_account.get(&account).unwrap_or(none.account),
            customer: customer.unwrap_or(none.customer),
            card: card.unwrap_or(none.card),
        }
    }

    /// Whom a control that was made at run time is for.
    pub(crate) fn target(&self, control: ControlId) -> Option<ControlTarget> {
        self.targets.get(&control).copied()
    }

    /// The controls that were made for a target.
    pub(crate) fn set(&self, target: ControlTarget) -> &ControlSet {
        let set = match target {
            ControlTarget::Program(_) => None,
            ControlTarget::Account(account) => self.by_account.get(&account),
            ControlTarget::Customer { customer, .. } => self.by_customer.get(&customer),
            ControlTarget::Card(card) => self.by_card.get(&card),
        };
        set.unwrap_or(OwnControls::NONE.account)
    }

    /// Takes in a control, in the place of the one with its id.
    pub(crate) fn put(&mut self, document: &ControlDocument) -> Result<(), UnreadableControl> {
        let compiled = FlexControl::compile(document.target, &document.json);
        let compiled = compiled.map_err(|_errors| UnreadableControl)?;
        let control = compiled.id();
        self.take_away(control);
        let set = self.set(document.target).put(compiled);
        self.replace(document.target, set);
        self.targets.insert(control, document.target);
        Ok(())
    }

    /// Takes a control away.
    pub(crate) fn take_away(&mut self, control: ControlId) {
        if let Some(target) = self.targets.remove(&control) {
            let set = self.set(target).without(control);
            self.replace(target, set);
        }
    }

    fn replace(&mut self, target: ControlTarget, set: ControlSet) {
        match target {
            // Those of programs are of the rules alone.
            ControlTarget::Program(_) => {}
            ControlTarget::Account(account) => {
                self.by_account.insert(account, set);
            }
            ControlTarget::Customer { customer, .. } => {
                self.by_customer.insert(customer, set);
            }
            ControlTarget::Card(card) => {
                self.by_card.insert(card, set);
            }
        }
    }

    /// Does what a record does to accumulators.
    pub(crate) fn count(&mut self, id: RecordId, counting: Counting<'_>) {
        let accumulators = &mut self.accumulators;
        let counted: Result<(), Infallible> = counting.each(id, |key, after| {
            if let Some(after) = after(accumulators.get(&key).copied()) {
                accumulators.insert(key, after);
            }
            Ok(())
        });
        let Ok(()) = counted;
    }

    /// Takes an accumulator from the books.
    pub(crate) fn load_counted(&mut self, key: AccumulatorKey, counted: Counted) {
        self.accumulators.insert(key, counted);
    }
}

/// What an operation made of controls and accumulators.
pub(crate) enum ControlChange<'a> {
    /// A control was made or changed.
    Put(ControlTarget, ControlId, &'a ControlDocument),
    /// A control was taken away.
    TakenAway(ControlTarget, ControlId),
    /// An accumulator was written.
    Counted(Counting<'a>),
}

impl OperationDone {
    /// What it made of controls and accumulators, if anything.
    pub(crate) fn control_change(&self) -> Option<ControlChange<'_>> {
        if let OperationEffect::AvailableLimit { key, after, .. } = &self.effect {
            return Some(ControlChange::Counted(Counting::Set(*key, *after)));
        }
        let OperationEffect::Control { target, control } = &self.effect else {
            return None;
        };
        if let Operation::CreateControl(document) | Operation::ChangeControl(document) =
            &self.request.operation
        {
            Some(ControlChange::Put(*target, *control, document))
        } else {
            Some(ControlChange::TakenAway(*target, *control))
        }
    }
}
