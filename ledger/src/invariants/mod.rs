//! What must hold of a record before it is taken into the books.
//!
//! Owns: the invariants of the books that one record and the state before it can show: the writer asserts them of
//! every record that it decided, and the audit measures the records of the books by the same rules. What is
//! checked here is worked out a second time, from the standing, the limits and the rules, and compared with what
//! was decided. Must never: decide, or change anything.
//!
//! A replay does not ask: records of older layouts may state less than these checks look at, and they were
//! checked when they were decided.

pub(crate) mod change;
pub(crate) mod effect;
pub(crate) mod floors;

use rules::{Deltas, Limits, Snapshot};

use crate::authorization::{
    AccountMove, AuthorizationDecided, AuthorizationStatus, Change, Cleared, Decision, MessageKey,
    Standing,
};
use crate::identifiers::RecordId;
use crate::operation::{OperationDone, OperationEffect};
use crate::recent::Recent;
use crate::record::Record;
use crate::state::{InvariantViolation, State};
use effect::Expected;
use floors::Measure;

/// Checks a record that was just decided under these rules against the state that it is about to change.
///
/// # Errors
/// [`InvariantViolation`]: the decision is wrong; neither the record nor an answer may leave.
pub(crate) fn check(
    state: &State,
    rules: &Snapshot,
    id: RecordId,
    record: &Record,
) -> Result<(), InvariantViolation> {
    let asserted = Asserted { state, rules, id };
    match record {
        Record::AuthorizationDecided(decided) => asserted.authorization(decided),
        Record::ReversalDecided(decided) => match &decided.change {
            Some(change) => asserted.change(change, &decided.moves),
            None => asserted.moves(&Expected::default(), &decided.moves),
        },
        Record::HoldDropped(dropped) => asserted.change(&dropped.change, &dropped.moves),
        Record::OperationDone(done) => asserted.operation(done),
        Record::ClearingDecided(decided) => asserted.cleared(decided.cleared(), &decided.moves),
        Record::TransactionPosted(posted) => {
            let known = state.account(posted.account);
            let fits = known.is_some_and(|account| account.currency == posted.currency);
            asserted.that(fits, || {
                "a transaction is posted on no account of its currency".to_owned()
            })
        }
        Record::HistoryPurged(purged) => {
            let ordered = purged.messages.is_sorted_by(|one, next| one < next);
            let first = purged.messages.first();
            let follows = first.is_some_and(|first| *first > purged.after)
                && purged.after == state.purge().through
                && purged.messages.last() <= Some(&purged.through);
            asserted.that(ordered && follows, || {
                "it purges what does not follow the last that was purged".to_owned()
            })
        }
        Record::CustomerCreated(_)
        | Record::AccountOpened(_)
        | Record::CardIssued(_)
        | Record::ResponseAcknowledged(_)
        | Record::FileActionDecided(_) => Ok(()),
    }
}

/// A record and what it is checked against.
#[derive(Clone, Copy)]
struct Asserted<'a> {
    state: &'a State,
    rules: &'a Snapshot,
    id: RecordId,
}

impl Asserted<'_> {
    fn authorization(self, decided: &AuthorizationDecided) -> Result<(), InvariantViolation> {
        let account = decided.account.and_then(|id| self.state.account(id));
        self.found(
            account.map(|account| &account.limits),
            decided.limits_before,
        )?;
        match &decided.decision {
            Decision::Declined(_) => self.moves(&Expected::default(), &decided.moves),
            Decision::Completed(change) => self.change(change, &decided.moves),
            Decision::Approved(approval) => {
                if let Some((of, authorization)) = approval.increment_of() {
                    let standing = self.standing(of, *authorization)?;
                    self.that(standing.status == AuthorizationStatus::Pending, || {
                        format!("it raises record {authorization}, which is not pending")
                    })?;
                }
                let expected = Expected::of_approval(approval, decided.facts.clearing);
                self.moves(&expected, &decided.moves)?;
                let measure = match floors::measured(decided) {
                    None => Measure::Exempt,
                    Some(approval) => floors::by_rules(decided, approval, self.rules, |id| {
                        Some(self.state.account(id)?.program)
                    }),
                };
                self.floors(measure, &decided.moves)
            }
        }
    }

    fn operation(self, done: &OperationDone) -> Result<(), InvariantViolation> {
        let account = done.account.and_then(|id| self.state.account(id));
        let expected = match &done.effect {
            OperationEffect::Canceled(change) => return self.change(change, &done.moves),
            OperationEffect::TransferSettled(settled) => match &settled.returned {
                Some((_, change)) => return self.change(change, &done.moves),
                None => Some(Expected::default()),
            },
            OperationEffect::Moved => {
                let pending = done.moves.iter().all(|moved| moved.pending.is_none());
                self.that(pending, || "an operation moves what is pending".to_owned())?;
                self.chain(&done.moves)?;
                let measure = floors::of_operation(&done.request.operation);
                return self.floors(measure, &done.moves);
            }
            OperationEffect::ClearingSettled(settled) => {
                return self.cleared(settled.cleared.as_ref(), &done.moves);
            }
            OperationEffect::TransferSent(sent) => {
                self.floors(floors::of_operation(&done.request.operation), &done.moves)?;
                Expected::of_forced(&sent.standing)
            }
            OperationEffect::Forced(standing) | OperationEffect::TransferReceived(standing) => {
                Expected::of_forced(standing)
            }
            OperationEffect::LimitRefunded {
                key,
                authorization,
                paid,
            } => Expected::of_refund(self.standing(key, *authorization)?, *paid),
            OperationEffect::Granted { before, granted } => {
                self.found(account.map(|account| &account.limits), Some(*before))?;
                account.and_then(|account| Expected::of_grant(account.id, before, granted))
            }
            OperationEffect::AccountStatus { .. }
            | OperationEffect::Holder(_)
            | OperationEffect::CardStatus { .. }
            | OperationEffect::CardModes { .. }
            | OperationEffect::Control { .. }
            | OperationEffect::AvailableLimit { .. }
            | OperationEffect::TransferRefused(_)
            | OperationEffect::PurgeOrdered => Some(Expected::default()),
        };
        let expected = expected.ok_or_else(|| self.violation("what it moves leaves its range"))?;
        self.moves(&expected, &done.moves)
    }

    /// A clearing moves what it takes from the authorization that it clears, and what it stands for by itself.
    fn cleared(
        self,
        cleared: Option<&Cleared>,
        recorded: &[AccountMove],
    ) -> Result<(), InvariantViolation> {
        let mut expected = Some(Expected::default());
        if let Some(change) = cleared.and_then(|cleared| cleared.change.as_ref()) {
            let standing = self.standing(&change.key, change.authorization)?;
            change::check_change(standing, change).map_err(|finding| self.violation(finding))?;
            expected = Expected::of_change(standing, change);
        }
        if let Some(standing) = cleared.and_then(|cleared| cleared.standing.as_ref()) {
            expected = expected.and_then(|expected| expected.with(standing));
        }
        let expected = expected.ok_or_else(|| self.violation("what it moves leaves its range"))?;
        self.moves(&expected, recorded)
    }

    /// A change begins where the authorization stands, and moves the shares of what it leaves.
    fn change(self, change: &Change, recorded: &[AccountMove]) -> Result<(), InvariantViolation> {
        let standing = self.standing(&change.key, change.authorization)?;
        change::check_change(standing, change).map_err(|finding| self.violation(finding))?;
        let expected = Expected::of_change(standing, change);
        let expected = expected.ok_or_else(|| self.violation("what it moves leaves its range"))?;
        self.moves(&expected, recorded)
    }

    /// Where an authorization stands.
    fn standing(
        &self,
        key: &MessageKey,
        authorization: RecordId,
    ) -> Result<&Standing, InvariantViolation> {
        let message = match self.state.recent(key) {
            Some(Recent::Message(message)) if message.id == authorization => Some(message),
            Some(_) | None => None,
        };
        let standing = message.and_then(|message| message.standing.as_ref());
        standing.ok_or_else(|| {
            self.violation(format!(
                "it changes record {authorization}, which is no authorization"
            ))
        })
    }

    /// The record found the limits that the account has.
    fn found(
        self,
        limits: Option<&Limits>,
        recorded: Option<Limits>,
    ) -> Result<(), InvariantViolation> {
        self.that(limits.copied() == recorded, || {
            "it was decided on other limits than the account has".to_owned()
        })
    }

    /// The record moves what its decision says, and follows the last record of each account.
    fn moves(
        self,
        expected: &Expected,
        recorded: &[AccountMove],
    ) -> Result<(), InvariantViolation> {
        self.chain(recorded)?;
        self.that(expected.is_recorded_as(recorded), || {
            format!(
                "it moves {recorded:?}; its decision says {:?}, pending {:?}",
                expected.moves(),
                expected.pending()
            )
        })
    }

    /// Each account stands once, and the record before this one is its last.
    fn chain(self, recorded: &[AccountMove]) -> Result<(), InvariantViolation> {
        for (place, moved) in recorded.iter().enumerate() {
            let mut earlier = recorded.iter().take(place);
            let once = earlier.all(|earlier| earlier.account != moved.account);
            let account = self.state.account(moved.account);
            let follows = account.is_some_and(|account| account.latest == moved.previous);
            self.that(once && follows, || {
                format!(
                    "it does not follow the last record of account {}",
                    moved.account
                )
            })?;
        }
        Ok(())
    }

    /// No limit goes below its floor where floors count.
    fn floors(self, measure: Measure, recorded: &[AccountMove]) -> Result<(), InvariantViolation> {
        let Measure::With { over_limit } = measure else {
            return Ok(());
        };
        for moved in recorded {
            let deltas: &Deltas = &moved.deltas;
            let account = self.state.account(moved.account);
            let below =
                account.and_then(|account| floors::below(&account.limits, deltas, over_limit));
            if let Some(below) = below {
                return Err(self.violation(format!(
                    "it takes {} of account {} to {}, below its floor {}",
                    below.limit.as_str(),
                    moved.account,
                    below.after_minor,
                    below.floor_minor
                )));
            }
        }
        Ok(())
    }

    fn that(self, holds: bool, finding: impl FnOnce() -> String) -> Result<(), InvariantViolation> {
        if holds {
            Ok(())
        } else {
            Err(self.violation(finding()))
        }
    }

    fn violation(self, reason: impl Into<std::borrow::Cow<'static, str>>) -> InvariantViolation {
        InvariantViolation {
            id: self.id,
            reason: reason.into(),
        }
    }
}
