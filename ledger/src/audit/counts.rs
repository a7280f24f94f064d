//! What the limits of flex controls have counted, and the controls that were made at run time.
//!
//! Owns: that each accumulator is what its records count, one after the other, and that the controls of the
//! books are those that operations left. Must never: evaluate a control.

use std::collections::BTreeMap;
use std::convert::Infallible;

use rules::{AccumulatorKey, ControlId, ControlTarget};

use super::walk::Walk;
use super::{Audit, AuditError, Rule, Step};
use crate::authorization::Decision;
use crate::books::BookStore;
use crate::books::rows::{self, MessageBody, StoredMessage, Table};
use crate::controls::{ControlChange, Counted, Counting};
use crate::identifiers::RecordId;
use crate::operation::ControlDocument;

/// What the messages made of accumulators and of controls.
#[derive(Default)]
pub(super) struct Counts {
    counted: BTreeMap<AccumulatorKey, Counted>,
    controls: BTreeMap<(ControlTarget, ControlId), (RecordId, Option<ControlDocument>)>,
}

impl Counts {
    /// Takes in what a message counts, and what it makes of controls.
    pub(super) fn take(&mut self, message: &StoredMessage) {
        match &message.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Approved(approval) => {
                    self.count(message.id, Counting::Reserved(&approval.reservations));
                }
                Decision::Completed(change) => {
                    self.count(message.id, Counting::Changed(&change.counts));
                }
                Decision::Declined(_) => {}
            },
            MessageBody::Reversal { decided, .. } => {
                if let Some(change) = &decided.change {
                    self.count(message.id, Counting::Changed(&change.counts));
                }
            }
            MessageBody::Dropped(dropped) => {
                self.count(message.id, Counting::Changed(&dropped.change.counts));
            }
            MessageBody::Operation { done, .. } => match done.control_change() {
                Some(ControlChange::Put(target, control, document)) => {
                    let document = Some(document.clone());
                    self.controls
                        .insert((target, control), (message.id, document));
                }
                Some(ControlChange::TakenAway(target, control)) => {
                    self.controls.insert((target, control), (message.id, None));
                }
                Some(ControlChange::Counted(counting)) => self.count(message.id, counting),
                None => {}
            },
            MessageBody::FileAction(_) | MessageBody::Clearing { .. } => {}
        }
        if let Some(cleared) = message.cleared() {
            let (changed, reserved) = cleared.counts();
            self.count(message.id, Counting::Changed(&changed));
            self.count(message.id, Counting::Reserved(reserved));
        }
    }

    fn count(&mut self, id: RecordId, counting: Counting<'_>) {
        let known = &mut self.counted;
        let counted: Result<(), Infallible> = counting.each(id, |key, after| {
            if let Some(after) = after(known.get(&key).copied()) {
                known.insert(key, after);
            }
            Ok(())
        });
        let Ok(()) = counted;
    }
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Every accumulator is the sum of what its records count, and no other is there.
    pub(super) fn counts(&mut self, counts: &Counts) -> Result<(), AuditError> {
        for (key, expected) in &counts.counted {
            self.row(Step::Counts)?;
            let found = self.views.accumulator(key)?;
            // One that changed since its messages were read is another's to judge.
            let since = found.filter(|found| !self.includes(found.reflects));
            if found.is_some_and(|found| self.began_before_the_purge(&found)) {
                let count = &mut self.summary.accumulators_not_measured;
                *count = count.saturating_add(1);
                continue;
            }
            if since.is_none() && found != Some(*expected) {
                let found = found.map(|found| found.accumulator);
                let finding = format!(
                    "the books have {found:?} for {key:?}, its records count {:?}",
                    expected.accumulator
                );
                return Err(AuditError::violation(
                    Rule::Counts,
                    finding,
                    [expected.reflects],
                ));
            }
            self.summary.accumulators = self.summary.accumulators.saturating_add(1);
        }
        let mut walk = Walk::of(Table::Accumulators);
        while let Some((key, _)) = walk.next(self, Step::Counts)? {
            let Some(key) = rows::accumulator_of(&key) else {
                continue;
            };
            let Some(counted) = self.views.accumulator(&key)? else {
                continue;
            };
            let purged = self.began_before_the_purge(&counted);
            if !counts.counted.contains_key(&key) && self.includes(counted.reflects) && !purged {
                let finding = format!("no record counts {key:?}");
                return Err(AuditError::violation(
                    Rule::Counts,
                    finding,
                    [counted.reflects],
                ));
            }
        }
        self.controls(counts)
    }

    /// Whether decisions that were purged may count towards it.
    fn began_before_the_purge(&self, counted: &Counted) -> bool {
        let began_us = counted.accumulator.period.start_us;
        self.purged.messages > 0 && began_us < self.purged.line.0
    }

    /// The controls are those that the operations left. Where they are being changed, that is for the
    /// next audit to say.
    fn controls(&mut self, counts: &Counts) -> Result<(), AuditError> {
        if !self.still {
            return Ok(());
        }
        for ((target, control), (id, expected)) in &counts.controls {
            self.row(Step::Counts)?;
            if self.views.control(*target, *control)? != *expected {
                let finding = format!("control {control} is not what its last change made of it");
                return Err(AuditError::violation(Rule::Counts, finding, [*id]));
            }
        }
        Ok(())
    }
}
