//! The floors of limits, measured with the rules of the time.
//!
//! Owns: which rules and which program an old decision is measured by, and how many could not be. What is
//! measured and where the floors are is [`crate::invariants::floors`]'s. Must never: decide again.

use rules::Deltas;

use super::course::Course;
use super::{Audit, AuditError, Rule};
use crate::authorization::AuthorizationDecided;
use crate::books::BookStore;
use crate::books::rows::{MessageBody, StoredMessage};
use crate::invariants::floors::{self, Measure};

impl<S: BookStore> Audit<'_, '_, S> {
    /// Measures what a record leaves of the limits of the account that it lowers.
    pub(super) fn check_floors(
        &mut self,
        course: &Course,
        message: &StoredMessage,
        deltas: &Deltas,
    ) -> Result<(), AuditError> {
        let measure = match &message.body {
            MessageBody::Authorization { decided, .. } => self.measure(decided),
            MessageBody::Operation { done, .. } => floors::of_operation(&done.request.operation),
            MessageBody::Reversal { .. }
            | MessageBody::Dropped(_)
            | MessageBody::FileAction(_)
            | MessageBody::Clearing { .. } => Measure::Exempt,
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
        let Some(below) = floors::below(&course.limits, deltas, over_limit) else {
            return Ok(());
        };
        let finding = format!(
            "record {} takes {} of account {} to {}, below its floor {}",
            message.id,
            below.limit.as_str(),
            course.account,
            below.after_minor,
            below.floor_minor
        );
        Err(AuditError::violation(Rule::Floors, finding, [message.id]))
    }

    fn measure(&mut self, decided: &AuthorizationDecided) -> Measure {
        let Some(approval) = floors::measured(decided) else {
            return Measure::Exempt;
        };
        let Some(rules) = self.rules_of(decided.rules) else {
            return Measure::Unknown;
        };
        floors::by_rules(decided, approval, &rules, |account| {
            let account = self.views.account(account).ok().flatten()?;
            Some(account.program)
        })
    }
}
