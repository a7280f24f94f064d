//! A decision made again over what the books still know of it.
//!
//! Owns: the state that one decision found, put together from the rows that it touched: the card, the accounts
//! with everything undone that came since, and the messages that it belongs to. That takes as many reads as the
//! accounts had records since, not as many as the journal has. What cannot be undone from the rows alone, or does
//! not come out as it was recorded, is left to the journal ([`super::Rehearsal`]). Must never: explain a decision
//! that it does not reproduce.

use std::collections::BTreeSet;

use rules::{AccountId, ControlTarget, Snapshot};

use super::{Check, Explanation, Finding};
use crate::authorization::moves::sum;
use crate::authorization::{AuthorizationDecided, Decision, ReversalResult};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::books::{BookStore, StoreError, Views};
use crate::command::Command;
use crate::decide::{self, Context};
use crate::entities::{Account, Card, CardMode};
use crate::identifiers::{RecordId, Timestamp};
use crate::operation::OperationEffect;
use crate::state::State;

/// Records that are undone at most; more are left to the journal.
const MOST_UNDONE: usize = 10_000;
/// Accounts above an account at most.
const MOST_PARENTS: usize = 16;

/// What one decision found.
#[derive(Debug)]
pub struct Recollection {
    state: State,
    id: RecordId,
    time: Timestamp,
    decided: Box<AuthorizationDecided>,
}

impl Recollection {
    /// What the books still know of a decision on a request or an advice; nothing where that is not enough.
    ///
    /// # Errors
    /// [`StoreError`] when the books cannot be read.
    pub fn of<S: BookStore>(views: &Views<S>, id: RecordId) -> Result<Option<Self>, StoreError> {
        let Some(message) = views.message(id)? else {
            return Ok(None);
        };
        let MessageBody::Authorization { decided, .. } = message.body else {
            return Ok(None);
        };
        let mut undone = Undone {
            views,
            id,
            records: Vec::new(),
        };
        let mut state = State::default();
        let mut accounts = accounts_of(&decided);
        if let Some(card) = views.card(&decided.facts.key.card)? {
            match card.facts.mode {
                CardMode::Single(account) => accounts.push(account),
                CardMode::Combo { credit, debit } => accounts.extend([credit, debit]),
            }
            // Controls made at run time come and go; only the journal knows which there were.
            for account in &accounts {
                if has_controls(views, &card, *account)? {
                    return Ok(None);
                }
            }
            state.load_card(&card);
        }
        if !undone.load(&mut state, accounts)? {
            return Ok(None);
        }
        let command = Command::Authorize {
            facts: Box::new(decided.facts.clone()),
            stored: Vec::new(),
        };
        let lookups = command.lookups();
        let mut stored = views.related(lookups.iter().cloned())?;
        stored.retain(|stored| stored.id < id);
        for stored in &mut stored {
            undone.take_back(stored);
        }
        state.recall(&stored, &lookups, message.time);
        Ok(Some(Self {
            state,
            id,
            time: message.time,
            decided,
        }))
    }

    /// The decision.
    #[must_use]
    pub fn decided(&self) -> &AuthorizationDecided {
        &self.decided
    }

    /// Explains the decision under the rules that it was made under; nothing where it does not come out as it was
    /// recorded, or where what decided is not kept with its time.
    ///
    /// # Errors
    /// [`StoreError`] when the books cannot be read.
    pub fn explain<S: BookStore>(
        mut self,
        views: &Views<S>,
        rules: &Snapshot,
    ) -> Result<Option<Explanation>, StoreError> {
        let mut undone = Undone {
            views,
            id: self.id,
            records: Vec::new(),
        };
        let account = self.decided.account.and_then(|id| self.state.account(id));
        if let Some(group) = account.map(|account| account.group) {
            for id in named_in(rules) {
                // Accounts of other groups are never looked at.
                let known = self.state.account(id).is_some();
                let of_group = views.account(id)?.is_some_and(|named| named.group == group);
                if !known && of_group && !undone.load(&mut self.state, vec![id])? {
                    return Ok(None);
                }
            }
        }
        Ok(self.explained(rules))
    }

    fn explained(&self, rules: &Snapshot) -> Option<Explanation> {
        let context = Context {
            state: &self.state,
            rules,
            now: self.time,
            id: self.id,
        };
        let explanation = decide::explain(context, &self.decided);
        // What controls had counted then is not kept.
        let controls = explanation.controls.as_ref();
        if controls.is_some_and(|asked| !asked.controls.is_empty()) {
            return None;
        }
        // A card's status and modes are known as they are now.
        let by_card = explanation.steps.iter().any(|step| {
            let of_card = matches!(step.check, Check::CardStatus | Check::Account);
            of_card && matches!(step.finding, Finding::Failed(_))
        });
        (explanation.as_recorded && !by_card).then_some(explanation)
    }
}

/// The accounts that balance configurations move beside the one of the operation, each once.
fn named_in(rules: &Snapshot) -> BTreeSet<AccountId> {
    let scenarios = rules.configurations().iter();
    let scenarios = scenarios.flat_map(|configuration| &configuration.scenarios);
    let named = scenarios.flat_map(|scenario| {
        let impact = scenario.result.impact_account;
        let counterpart = scenario.result.counterpart_account;
        let impact = impact.map(|impact| impact.account_id);
        let counterpart = counterpart.map(|counterpart| counterpart.account_id);
        impact.into_iter().chain(counterpart)
    });
    named.collect()
}

/// The accounts that a decision names.
fn accounts_of(decided: &AuthorizationDecided) -> Vec<AccountId> {
    let moved = decided.moves.iter().map(|moved| moved.account);
    let mut accounts: Vec<AccountId> = decided.account.into_iter().chain(moved).collect();
    if let Decision::Approved(approval) = &decided.decision {
        let planned = approval.postings.iter().chain(&approval.compensations);
        accounts.extend(planned.map(|planned| planned.account));
        let confirmation = approval.confirmation.iter();
        accounts.extend(confirmation.map(|(account, _)| account));
    }
    accounts
}

/// Whether there are controls that were made at run time for an account, a card, or its holder.
fn has_controls<S: BookStore>(
    views: &Views<S>,
    card: &Card,
    account: AccountId,
) -> Result<bool, StoreError> {
    let customer = rules::CustomerId(card.facts.holder.0);
    for target in [
        ControlTarget::Account(account),
        ControlTarget::Customer { customer, account },
        ControlTarget::Card(rules::CardHash(card.hash.0)),
    ] {
        if !views.controls_of(target)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Undoes what came after a decision, that one included.
struct Undone<'a, S> {
    views: &'a Views<S>,
    id: RecordId,
    /// What was undone, the newest first within each account.
    records: Vec<StoredMessage>,
}

impl<S: BookStore> Undone<'_, S> {
    /// Puts accounts and those above them into a state as the decision found them; says whether it could.
    fn load(&mut self, state: &mut State, accounts: Vec<AccountId>) -> Result<bool, StoreError> {
        for account in accounts {
            let mut next = Some(account);
            for _ in 0..MOST_PARENTS {
                let Some(id) = next.filter(|id| state.account(*id).is_none()) else {
                    break;
                };
                let Some(account) = self.views.account(id)? else {
                    break;
                };
                next = account.parent;
                let Some(account) = self.rewound(account)? else {
                    return Ok(false);
                };
                state.load_account(account);
            }
        }
        Ok(true)
    }

    /// An account as it was before the decision; nothing where the rows do not tell.
    fn rewound(&mut self, mut account: Account) -> Result<Option<Account>, StoreError> {
        while let Some(id) = account.latest.filter(|latest| *latest >= self.id) {
            let message = self.views.message(id)?;
            let moved = message.as_ref().and_then(|message| {
                let mut moves = message.moves().iter();
                moves.find(|moved| moved.account == account.id).copied()
            });
            let Some((message, moved)) = message.zip(moved) else {
                return Ok(None);
            };
            let limits = account.limits.checked_apply(&moved.deltas.negated());
            let pending = sum(&account.pending, &moved.pending.negated());
            let Some((limits, pending)) = limits.zip(pending) else {
                return Ok(None);
            };
            (account.limits, account.pending) = (limits, pending);
            if let MessageBody::Operation { done, .. } = &message.body {
                match &done.effect {
                    OperationEffect::Granted { before, .. } => account.limits = *before,
                    // What the status was before is kept without its reason.
                    OperationEffect::AccountStatus { .. } => return Ok(None),
                    // What the authorization held before is not kept.
                    OperationEffect::LimitRefunded { .. } => return Ok(None),
                    OperationEffect::Holder(_) => drop(account.holders.pop()),
                    OperationEffect::Moved
                    | OperationEffect::Forced(_)
                    | OperationEffect::Canceled(_)
                    | OperationEffect::CardStatus { .. }
                    | OperationEffect::CardModes { .. }
                    | OperationEffect::Control { .. }
                    | OperationEffect::AvailableLimit { .. }
                    | OperationEffect::ClearingSettled(_)
                    | OperationEffect::TransferSent(_)
                    | OperationEffect::TransferReceived(_)
                    | OperationEffect::TransferRefused(_)
                    | OperationEffect::TransferSettled(_)
                    | OperationEffect::PurgeOrdered => {}
                }
            }
            account.latest = moved.previous;
            if self.records.iter().all(|undone| undone.id != message.id) {
                self.records.push(message);
            }
            if self.records.len() > MOST_UNDONE {
                return Ok(None);
            }
        }
        account.reflects = account.latest.unwrap_or_default();
        Ok(Some(account))
    }

    /// Takes back what the undone records made of a message, but for what was presented of it: no decision that is
    /// recollected looks at that.
    fn take_back(&mut self, stored: &mut StoredMessage) {
        self.records
            .sort_unstable_by_key(|record| std::cmp::Reverse(record.id));
        for record in &self.records {
            if let MessageBody::Reversal { decided, .. } = &record.body
                && decided.result == ReversalResult::Restored
                && decided.original == Some(stored.id)
                && let MessageBody::Reversal { restored, .. } = &mut stored.body
            {
                *restored = false;
            }
            let of = stored.id;
            let Some(standing) = stored
                .standing_mut()
                .filter(|_| record.changed() == Some(of))
            else {
                continue;
            };
            let change = match &record.body {
                MessageBody::Authorization { decided, .. } => match &decided.decision {
                    Decision::Completed(change) => Some(&**change),
                    Decision::Approved(_) | Decision::Declined(_) => None,
                },
                MessageBody::Reversal { decided, .. } => decided.change.as_deref(),
                MessageBody::Dropped(dropped) => Some(&dropped.change),
                MessageBody::Clearing { .. } | MessageBody::Operation { .. } => {
                    record.cleared().and_then(|cleared| cleared.change.as_ref())
                }
                MessageBody::FileAction(_) => None,
            };
            standing.reflects = RecordId::default();
            match change.map(|change| change.taken_back()) {
                // One that leaves its range shows in the decision, which then does not come out.
                Some(back) => drop(back.is_some_and(|back| standing.take(record.id, &back))),
                None => standing.parts.retain(|part| part.record != record.id),
            }
            standing.reflects = of;
        }
    }
}
