//! The state that deciding reads, and the only code that changes it.
//!
//! Owns: accounts, card facts and recent messages in memory, and how a record changes them. Keeps: the
//! limits of an account equal what it was opened with plus the deltas of its records; a record is applied
//! to an account once. Must never: change by anything but [`State::apply`], or decide.

use std::collections::VecDeque;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use rules::{AccountId, Deltas, LimitName, Reason};

use crate::authorization::{
    Answer, AuthorizationDecided, Clearing, Decision, Fingerprint, MatchKey, Posting,
    ReversalDecided, ReversalResult,
};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::command::{Decided, Outcome};
use crate::entities::{Account, Card, CardFacts, Customer};
use crate::identifiers::{CardHash, CustomerId, RecordId, Timestamp};
use crate::map::Map;
use crate::record::Record;

/// The books as deciding sees them.
#[derive(Debug, Default)]
pub struct State {
    /// A hash of each customer's content: enough to know a repeated command from another customer.
    customers: Map<CustomerId, u64>,
    accounts: Map<AccountId, Account>,
    cards: Map<CardHash, CardFacts>,
    recent: Map<MatchKey, Recent>,
    /// Keys in the order in which they may be forgotten.
    ages: VecDeque<(Timestamp, MatchKey)>,
}

/// What is remembered under a match key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recent {
    /// A message was decided.
    Message(Remembered),
    /// It has not arrived, but its reversal has.
    ReversedBeforeArrival(RecordId),
}

/// What is kept of a decided message to recognise its repeats and to undo it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) id: RecordId,
    /// The newest record that changed this entry.
    touched: RecordId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) answer: Answer,
    pub(crate) reason: Option<Reason>,
    /// `None` when there is nothing to undo.
    pub(crate) effect: Option<Box<Effect>>,
}

/// What an approval did, as its reversal needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) account: AccountId,
    pub(crate) processing_code: rules::ProcessingCode,
    pub(crate) deltas: Deltas,
    pub(crate) amount_minor: i64,
    pub(crate) remaining_minor: i64,
    pub(crate) cleared: bool,
    pub(crate) compensations: Vec<Posting>,
}

/// A record that cannot be applied: the books would no longer be the sum of their records. The
/// process must stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {id} breaks the books: {reason}")]
pub struct InvariantViolation {
    /// The record.
    pub id: RecordId,
    /// What it breaks.
    pub reason: &'static str,
}

/// Moves the limits of an account by what a record decided; shared by the state and the views.
///
/// Returns whether the account changed: it does not when it reflects the record already.
///
/// # Errors
/// [`InvariantViolation`] when a limit would leave the range of its type.
pub(crate) fn move_limits(
    account: &mut Account,
    id: RecordId,
    deltas: &Deltas,
    pending: &Deltas,
) -> Result<bool, InvariantViolation> {
    if account.reflects >= id {
        return Ok(false);
    }
    let overflow = InvariantViolation {
        id,
        reason: "a limit leaves its range",
    };
    account.limits = account
        .limits
        .checked_apply(deltas)
        .ok_or_else(|| overflow.clone())?;
    account.pending = sum(&account.pending, pending).ok_or(overflow)?;
    account.reflects = id;
    account.latest = Some(id);
    Ok(true)
}

/// The sum of two sets of deltas; `None` when one leaves its range.
pub(crate) fn sum(left: &Deltas, right: &Deltas) -> Option<Deltas> {
    let mut total = *left;
    for limit in LimitName::ALL {
        if !total.set(limit, left.get(limit).checked_add(right.get(limit))?) {
            return None;
        }
    }
    Some(total)
}

/// The deltas and the pending deltas of an authorization's record.
pub(crate) fn effect_of(decided: &AuthorizationDecided) -> (Deltas, Deltas) {
    match (&decided.decision, decided.facts.clearing) {
        (Decision::Approved(approval), Clearing::Offline) => (approval.deltas, approval.deltas),
        (Decision::Approved(approval), Clearing::Online) => (approval.deltas, Deltas::NONE),
        (Decision::Declined(_), _) => (Deltas::NONE, Deltas::NONE),
    }
}

/// The deltas and the pending deltas of a reversal's record.
pub(crate) fn effect_of_reversal(decided: &ReversalDecided) -> (Deltas, Deltas) {
    (
        decided.deltas,
        if decided.cleared {
            Deltas::NONE
        } else {
            decided.deltas
        },
    )
}

/// Whether an authorization's record takes the place of its match key.
pub(crate) fn takes_match_key(decided: &AuthorizationDecided) -> bool {
    !matches!(decided.decision, Decision::Declined(Reason::MatchConflict))
}

impl State {
    /// An account.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// Every account, in no particular order: for audits, never for deciding.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// How many messages are remembered.
    #[must_use]
    pub fn recent_count(&self) -> usize {
        self.recent.len()
    }

    pub(crate) fn customer(&self, id: CustomerId) -> Option<u64> {
        self.customers.get(&id).copied()
    }

    pub(crate) fn card(&self, hash: &CardHash) -> Option<&CardFacts> {
        self.cards.get(hash)
    }

    pub(crate) fn recent(&self, key: &MatchKey) -> Option<&Recent> {
        self.recent.get(key)
    }

    /// Takes a customer from the books.
    pub(crate) fn load_customer(&mut self, customer: &Customer) {
        self.customers.insert(customer.id, content_hash(customer));
    }

    /// Takes an account from the books.
    pub(crate) fn load_account(&mut self, account: Account) {
        self.accounts.insert(account.id, account);
    }

    /// Takes a card from the books.
    pub(crate) fn load_card(&mut self, card: &Card) {
        self.cards.insert(card.hash, card.facts);
    }

    /// Takes back a message that the books hold under a key, unless the key is remembered: memory is
    /// never older than the books.
    pub(crate) fn recall(&mut self, key: &MatchKey, stored: &StoredMessage, now: Timestamp) {
        if self.recent.contains_key(key) {
            return;
        }
        if let Some(recent) = Recent::of(key, stored) {
            self.remember(*key, recent, now);
        }
    }

    /// Takes a message from the books, older ones first.
    pub(crate) fn load_message(&mut self, stored: &StoredMessage) {
        let keys = match &stored.body {
            MessageBody::Authorization { decided, .. } if takes_match_key(decided) => {
                [Some(decided.facts.key), None]
            }
            MessageBody::Authorization { .. } => [None, None],
            MessageBody::Reversal(decided) => match decided.result {
                ReversalResult::MatchConflict => [None, None],
                ReversalResult::UnknownOriginal => {
                    [Some(decided.facts.key), Some(decided.facts.original)]
                }
                ReversalResult::Reversed
                | ReversalResult::NoEffect
                | ReversalResult::AmountMismatch => [Some(decided.facts.key), None],
            },
        };
        for key in keys.into_iter().flatten() {
            if let Some(recent) = Recent::of(&key, stored) {
                self.remember(key, recent, stored.time);
            }
        }
    }

    fn remember(&mut self, key: MatchKey, recent: Recent, time: Timestamp) {
        if self.recent.insert(key, recent).is_none() {
            self.ages.push_back((time, key));
        }
    }

    /// Forgets messages last remembered before `before`, as far as the books hold them: nothing whose
    /// record is newer than batch `in_books` leaves memory.
    pub fn forget(&mut self, before: Timestamp, in_books: u64) {
        while let Some((time, key)) = self.ages.front().copied() {
            let touched = match self.recent.get(&key) {
                Some(Recent::Message(message)) => message.touched,
                Some(Recent::ReversedBeforeArrival(reversal)) => *reversal,
                None => RecordId::default(),
            };
            if time >= before || touched.sequence > in_books {
                return;
            }
            self.ages.pop_front();
            self.recent.remove(&key);
        }
    }

    /// Applies one record. Applying a record again, as a replay over newer books does, changes nothing
    /// that the books already reflect.
    ///
    /// # Errors
    /// [`InvariantViolation`]: the record does not fit the books, which must then not be used.
    pub fn apply(
        &mut self,
        id: RecordId,
        time: Timestamp,
        record: &Record,
    ) -> Result<(), InvariantViolation> {
        match record {
            Record::CustomerCreated(customer) => self.load_customer(customer),
            Record::AccountOpened(account) => {
                if !self.accounts.contains_key(&account.id) {
                    self.load_account(Account {
                        reflects: id,
                        ..account.clone()
                    });
                }
            }
            Record::CardIssued(card) => self.load_card(card),
            Record::AuthorizationDecided(decided) => self.apply_authorization(id, time, decided)?,
            Record::ReversalDecided(decided) => self.apply_reversal(id, time, decided)?,
            Record::TransactionPosted(_) => {}
        }
        Ok(())
    }

    fn apply_authorization(
        &mut self,
        id: RecordId,
        time: Timestamp,
        decided: &AuthorizationDecided,
    ) -> Result<(), InvariantViolation> {
        let (deltas, pending) = effect_of(decided);
        self.move_account(id, decided.account, &deltas, &pending)?;
        if takes_match_key(decided) {
            let key = decided.facts.key;
            let remembered = Remembered::authorization(id, decided, None);
            self.remember(key, Recent::Message(remembered), time);
        }
        Ok(())
    }

    fn apply_reversal(
        &mut self,
        id: RecordId,
        time: Timestamp,
        decided: &ReversalDecided,
    ) -> Result<(), InvariantViolation> {
        let (deltas, pending) = effect_of_reversal(decided);
        self.move_account(id, decided.account, &deltas, &pending)?;
        let original = decided.facts.original;
        match decided.result {
            ReversalResult::Reversed => {
                if let Some(Recent::Message(message)) = self.recent.get_mut(&original) {
                    message.touched = id;
                    if let Some(effect) = message.effect.as_mut() {
                        effect.remaining_minor = decided.remaining_minor;
                    }
                }
            }
            ReversalResult::UnknownOriginal => {
                self.remember(original, Recent::ReversedBeforeArrival(id), time);
            }
            ReversalResult::MatchConflict => return Ok(()),
            ReversalResult::NoEffect | ReversalResult::AmountMismatch => {}
        }
        let remembered = Remembered::reversal(id, decided);
        self.remember(decided.facts.key, Recent::Message(remembered), time);
        Ok(())
    }

    fn move_account(
        &mut self,
        id: RecordId,
        account: Option<AccountId>,
        deltas: &Deltas,
        pending: &Deltas,
    ) -> Result<(), InvariantViolation> {
        let Some(account) = account else {
            return Ok(());
        };
        let account = self.accounts.get_mut(&account).ok_or(InvariantViolation {
            id,
            reason: "its account does not exist",
        })?;
        move_limits(account, id, deltas, pending).map(|_| ())
    }
}

impl Recent {
    /// What a stored message means under a key.
    fn of(key: &MatchKey, stored: &StoredMessage) -> Option<Self> {
        match &stored.body {
            MessageBody::Authorization {
                decided,
                remaining_minor,
            } => {
                let message = Remembered::authorization(stored.id, decided, Some(*remaining_minor));
                (decided.facts.key == *key).then_some(Self::Message(message))
            }
            MessageBody::Reversal(decided) if decided.facts.key == *key => {
                Some(Self::Message(Remembered::reversal(stored.id, decided)))
            }
            MessageBody::Reversal(decided) => {
                (decided.facts.original == *key).then_some(Self::ReversedBeforeArrival(stored.id))
            }
        }
    }
}

impl Remembered {
    /// The outcome of a repeat: the stored answer, and nothing to record.
    pub(crate) fn again(&self) -> (Vec<Record>, Outcome) {
        let decided = Decided {
            id: self.id,
            answer: self.answer,
            reason: self.reason,
            repeat: true,
        };
        (Vec::new(), Outcome::Decided(decided))
    }

    fn authorization(
        id: RecordId,
        decided: &AuthorizationDecided,
        remaining_minor: Option<i64>,
    ) -> Self {
        let (reason, effect) = match (&decided.decision, decided.account) {
            (Decision::Approved(approval), Some(account)) if !approval.deltas.is_none() => {
                let effect = Effect {
                    account,
                    processing_code: decided.facts.processing_code,
                    deltas: approval.deltas,
                    amount_minor: approval.amount_minor,
                    remaining_minor: remaining_minor.unwrap_or(approval.amount_minor),
                    cleared: decided.facts.clearing == Clearing::Online,
                    compensations: approval.compensations.clone(),
                };
                (None, Some(Box::new(effect)))
            }
            (Decision::Approved(_), _) => (None, None),
            (Decision::Declined(reason), _) => (Some(*reason), None),
        };
        let fingerprint = decided.facts.fingerprint;
        Self {
            id,
            touched: id,
            fingerprint,
            answer: decided.answer,
            reason,
            effect,
        }
    }

    fn reversal(id: RecordId, decided: &ReversalDecided) -> Self {
        Self {
            id,
            touched: id,
            fingerprint: decided.facts.fingerprint,
            answer: decided.answer,
            reason: decided.reason(),
            effect: None,
        }
    }
}

impl ReversalDecided {
    /// Why it was refused; `None` when it was accepted.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self.result {
            ReversalResult::MatchConflict => Some(Reason::MatchConflict),
            ReversalResult::UnknownOriginal if !self.facts.advice => Some(Reason::UnknownOriginal),
            ReversalResult::AmountMismatch if !self.facts.advice => {
                Some(Reason::OriginalAmountMismatch)
            }
            ReversalResult::Reversed
            | ReversalResult::NoEffect
            | ReversalResult::UnknownOriginal
            | ReversalResult::AmountMismatch => None,
        }
    }
}

/// Hash of a customer's content, the same in every run of one build.
pub(crate) fn content_hash(customer: &Customer) -> u64 {
    let content = (
        customer.kind as u8,
        customer.name.as_str(),
        customer.document_number.as_str(),
    );
    BuildHasherDefault::<DefaultHasher>::default().hash_one(content)
}
