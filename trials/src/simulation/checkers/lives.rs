//! The lives of authorizations, read from the records of the journal.
//!
//! Owns: which reversals and transactions belong to which authorization. Must never: judge.

use ledger::authorization::{
    AccountMove, Approval, AuthorizationDecided, Clearing, Decision, ReversalDecided,
    TransactionPosted,
};
use ledger::identifiers::RecordId;
use ledger::operation::OperationEffect;
use ledger::record::Record;
use rules::LimitName;

use super::Recorded;

/// An approved authorization and what became of it.
pub struct Life<'a> {
    pub id: RecordId,
    pub decided: &'a AuthorizationDecided,
    pub approval: &'a Approval,
    pub reversals: Vec<&'a ReversalDecided>,
    pub postings: Vec<&'a TransactionPosted>,
    /// Whether nothing but reversals came after it.
    pub is_plain: bool,
}

impl Life<'_> {
    /// Whether it was cleared with its approval.
    pub fn is_cleared(&self) -> bool {
        self.decided.facts.clearing == Clearing::Online
    }

    /// What is left of the move of a limit.
    pub fn left_minor(&self, limit: LimitName) -> i64 {
        let undone = self.reversals.iter().map(|r| moved(&r.moves, limit));
        moved(&self.decided.moves, limit) + undone.sum::<i64>()
    }
}

/// What the account that a record is listed under moved by: no rule of this world moves another.
pub fn moved(moves: &[AccountMove], limit: LimitName) -> i64 {
    moves.first().map_or(0, |moved| moved.deltas.get(limit))
}

/// The lives of all approved authorizations, in the order of the journal.
pub fn of(records: &[Recorded]) -> Vec<Life<'_>> {
    let mut lives: Vec<Life<'_>> = Vec::new();
    let place = |lives: &[Life<'_>], id: RecordId| lives.binary_search_by_key(&id, |life| life.id);
    for recorded in records {
        match &recorded.record {
            Record::AuthorizationDecided(decided) => {
                if let Decision::Approved(approval) = &decided.decision {
                    let raised = approval.increment_of().map(|(_, id)| *id);
                    lives.push(Life {
                        is_plain: raised.is_none(),
                        id: recorded.id,
                        decided,
                        approval,
                        reversals: Vec::new(),
                        postings: Vec::new(),
                    });
                    touched(&mut lives, raised);
                }
                if let Decision::Completed(change) = &decided.decision {
                    touched(&mut lives, Some(change.authorization));
                }
            }
            Record::ReversalDecided(reversal) => {
                let original = reversal.original.map(|id| place(&lives, id));
                if let Some(Ok(place)) = original {
                    lives[place].reversals.push(reversal);
                }
            }
            Record::TransactionPosted(posted) => {
                if let Ok(place) = place(&lives, posted.authorization) {
                    lives[place].postings.push(posted);
                }
            }
            Record::HoldDropped(dropped) => {
                touched(&mut lives, Some(dropped.change.authorization));
            }
            Record::OperationDone(done) => {
                let cleared = done
                    .effect
                    .cleared()
                    .and_then(|cleared| cleared.change.as_ref());
                touched(&mut lives, cleared.map(|change| change.authorization));
                if let OperationEffect::LimitRefunded { authorization, .. } = &done.effect {
                    touched(&mut lives, Some(*authorization));
                }
            }
            Record::ClearingDecided(decided) => {
                touched(&mut lives, decided.of.as_ref().map(|(_, id)| *id));
            }
            Record::CustomerCreated(_)
            | Record::AccountOpened(_)
            | Record::CardIssued(_)
            | Record::ResponseAcknowledged(_)
            | Record::FileActionDecided(_)
            | Record::HistoryPurged(_) => {}
        }
    }
    lives
}

/// Something else than a reversal changed an authorization.
fn touched(lives: &mut [Life<'_>], id: Option<RecordId>) {
    let place = id.map(|id| lives.binary_search_by_key(&id, |life| life.id));
    if let Some(Ok(place)) = place {
        lives[place].is_plain = false;
    }
}
