//! The state that deciding reads, and the only code that changes it.
//!
//! Owns: accounts, card facts and recent messages in memory, and how a record changes them. Keeps: the
//! limits of an account equal what it was opened with plus the deltas of its records; a record is applied
//! to an account once. Must never: change by anything but [`State::apply`], or decide.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use rules::{AccountId, Deltas, LimitName, Reason};

use crate::authorization::{
    AuthorizationDecided, Clearing, Decision, MatchKey, ReversalDecided, ReversalResult,
};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::entities::{Account, Card, CardFacts, Customer};
use crate::identifiers::{CardHash, CustomerId, RecordId, Timestamp};
use crate::map::Map;
use crate::recent::{Recent, RecentMessages, Remembered};
use crate::record::Record;

/// The books as deciding sees them.
#[derive(Debug, Default)]
pub struct State {
    /// A hash of each customer's content: enough to know a repeated command from another customer.
    customers: Map<CustomerId, u64>,
    accounts: Map<AccountId, Account>,
    cards: Map<CardHash, CardFacts>,
    recent: RecentMessages,
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
        self.recent.count()
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
        if self.recent.get(key).is_some() {
            return;
        }
        if let Some(recent) = Recent::of(key, stored) {
            self.recent.remember(*key, recent, now);
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
                self.recent.remember(key, recent, stored.time);
            }
        }
    }

    /// Forgets messages last remembered before `before`, as far as the books hold them: nothing whose
    /// record is newer than batch `in_books` leaves memory.
    pub fn forget(&mut self, before: Timestamp, in_books: u64) {
        self.recent.forget(before, in_books);
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
            self.recent.remember(key, Recent::Message(remembered), time);
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
                self.recent
                    .remember(original, Recent::ReversedBeforeArrival(id), time);
            }
            ReversalResult::MatchConflict => return Ok(()),
            ReversalResult::NoEffect | ReversalResult::AmountMismatch => {}
        }
        let remembered = Remembered::reversal(id, decided);
        self.recent
            .remember(decided.facts.key, Recent::Message(remembered), time);
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
