//! The state that deciding reads, and the only code that changes it.
//!
//! Owns: customers, accounts, card facts and recent messages in memory, and how a record changes them.
//! Keeps: the limits of an account equal what it was opened with plus the deltas of its records; a record is applied
//! to an account once. Must never: change by anything but [`State::apply`], or decide.

mod clearing;
pub(crate) mod entities;
mod purge;
mod refund;
mod replay;

use std::borrow::Cow;

use rules::{AccountId, Limits, ProgramId, RelatedLimits, Snapshot};

use self::entities::{Accounts, Cards, Customers, KnownCustomer};
use crate::authorization::moves::sum;
use crate::authorization::{
    AccountMove, AuthorizationDecided, Change, Decision, HoldDropped, Lookup, MessageKey, Moves,
    Relation, ReversalDecided, ReversalResult,
};
use crate::books::rows::StoredMessage;
use crate::controls::{ControlChange, Controls, Counting};
use crate::entities::{Account, Card, CardFacts};
use crate::identifiers::{CardHash, CustomerId, RecordId, Timestamp};
use crate::invariants;
use crate::operation::{Operation, OperationDone, OperationEffect};
use crate::recent::{Link, Recent, RecentMessages, Remembered};
use crate::record::Record;

use purge::PurgeState;

/// The books as deciding sees them.
#[derive(Debug, Default)]
pub struct State {
    customers: Customers,
    accounts: Accounts,
    cards: Cards,
    controls: Controls,
    recent: RecentMessages,
    purge: PurgeState,
}

/// A record that cannot be applied: the books would no longer be the sum of their records. The
/// process must stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {id} breaks the books: {reason}")]
pub struct InvariantViolation {
    /// The record.
    pub id: RecordId,
    /// What it breaks.
    pub reason: Cow<'static, str>,
}

impl InvariantViolation {
    pub(crate) fn of_standing(id: RecordId) -> Self {
        Self {
            id,
            reason: Cow::Borrowed("what an authorization holds leaves its range"),
        }
    }
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
    moved: &AccountMove,
) -> Result<bool, InvariantViolation> {
    if account.reflects >= id {
        return Ok(false);
    }
    let overflow = InvariantViolation {
        id,
        reason: Cow::Borrowed("a limit leaves its range"),
    };
    account.limits = account
        .limits
        .checked_apply(&moved.deltas)
        .ok_or_else(|| overflow.clone())?;
    account.pending = sum(&account.pending, &moved.pending).ok_or(overflow)?;
    account.reflects = id;
    account.latest = Some(id);
    Ok(true)
}

/// Changes of an account beside its limits that move; shared by the state and the views. Must come before
/// [`move_limits`], which says that the record is included.
pub(crate) fn change_account(account: &mut Account, id: RecordId, effect: &OperationEffect) {
    if account.reflects >= id {
        return;
    }
    match effect {
        OperationEffect::Granted { granted, .. } => {
            account.limits = granted.put_into(&account.limits);
        }
        OperationEffect::AccountStatus {
            status, reason_id, ..
        } => {
            account.status = status.clone();
            account.status_reason = *reason_id;
        }
        OperationEffect::Holder(customer) => account.holders.push(*customer),
        OperationEffect::Moved
        | OperationEffect::Forced(_)
        | OperationEffect::Canceled(_)
        | OperationEffect::CardStatus { .. }
        | OperationEffect::CardModes { .. }
        | OperationEffect::Control { .. }
        | OperationEffect::AvailableLimit { .. }
        | OperationEffect::ClearingSettled(_)
        | OperationEffect::LimitRefunded { .. }
        | OperationEffect::TransferSent(_)
        | OperationEffect::TransferReceived(_)
        | OperationEffect::TransferRefused(_)
        | OperationEffect::TransferSettled(_)
        | OperationEffect::PurgeOrdered => {}
    }
}

/// What a record makes of a card; shared by the state and the views.
pub(crate) fn change_card(card: &mut CardFacts, effect: &OperationEffect) {
    match effect {
        OperationEffect::CardStatus { status, .. } => card.status = *status,
        OperationEffect::CardModes { suspended, .. } => card.suspended = *suspended,
        OperationEffect::Moved
        | OperationEffect::Forced(_)
        | OperationEffect::Canceled(_)
        | OperationEffect::Granted { .. }
        | OperationEffect::AccountStatus { .. }
        | OperationEffect::Holder(_)
        | OperationEffect::Control { .. }
        | OperationEffect::AvailableLimit { .. }
        | OperationEffect::ClearingSettled(_)
        | OperationEffect::LimitRefunded { .. }
        | OperationEffect::TransferSent(_)
        | OperationEffect::TransferReceived(_)
        | OperationEffect::TransferRefused(_)
        | OperationEffect::TransferSettled(_)
        | OperationEffect::PurgeOrdered => {}
    }
}

impl State {
    /// An account.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// Every account, in no particular order: for audits, never for deciding.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.all()
    }

    /// How many messages are remembered.
    #[must_use]
    pub fn recent_count(&self) -> usize {
        self.recent.count()
    }

    pub(crate) fn customer(&self, id: CustomerId) -> Option<KnownCustomer> {
        self.customers.get(id)
    }

    pub(crate) fn card(&self, hash: &CardHash) -> Option<&CardFacts> {
        self.cards.get(hash)
    }

    /// Reads what commands about cards will be decided on, before the first of them is decided.
    pub(crate) fn read_ahead<'a>(&self, cards: impl IntoIterator<Item = &'a CardHash>) {
        let accounts = self.cards.read_ahead(cards);
        self.accounts.read_ahead(&accounts);
    }

    /// Sum of the maximum limits of a program's accounts, minor units.
    pub(crate) fn granted(&self, program: ProgramId) -> i128 {
        self.accounts.granted(program)
    }

    /// The controls made at run time, and what limits have counted.
    pub(crate) fn controls(&self) -> &Controls {
        &self.controls
    }

    pub(crate) fn recent(&self, key: &MessageKey) -> Option<&Recent> {
        self.kept(self.recent.get(key)?)
    }

    /// The message of a record, as far as the books hold it.
    pub(crate) fn message(&self, key: &MessageKey, id: RecordId) -> Option<&Remembered> {
        let there = id > self.purge.through;
        self.recent.message(key, id).filter(|_| there)
    }

    /// What the books hold as well: memory may outlast a decision that left them.
    fn kept<'a>(&self, recent: &'a Recent) -> Option<&'a Recent> {
        (recent.id() > self.purge.through).then_some(recent)
    }

    /// The message that a key or a reference leads to, with its key.
    pub(crate) fn find(&self, lookup: &Lookup) -> Option<(MessageKey, &Recent)> {
        let (key, recent) = self.recent.find(lookup)?;
        Some((key, self.kept(recent)?))
    }

    /// The limits of the accounts that an account's operations may move beside its own, after what is planned.
    pub(crate) fn related_to<'a>(
        &'a self,
        account: &'a Account,
        planned: &'a Moves,
    ) -> Related<'a> {
        Related {
            state: self,
            account,
            planned,
        }
    }

    /// The parents of an account, nearest first.
    pub(crate) fn parents<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Account> {
        let above = |account: &'a Account| self.account(account.parent?);
        std::iter::successors(above(account), move |account| above(account))
    }

    /// The state of books that hold these, without messages.
    pub(crate) fn of_books(
        customers: Customers,
        accounts: Accounts,
        cards: Cards,
        controls: Controls,
    ) -> Self {
        Self {
            customers,
            accounts,
            cards,
            controls,
            ..Self::default()
        }
    }

    /// Takes an account from the books.
    pub(crate) fn load_account(&mut self, account: Account) {
        self.accounts.load(account);
    }

    /// Takes a card from the books.
    pub(crate) fn load_card(&mut self, card: &Card) {
        self.cards.load(card);
    }

    /// Takes back the messages that the books hold for a command, each under its own key, unless that is
    /// remembered: memory is never older than the books. What else leads to them is taken only where the
    /// command looked for it: under another name the books may hold a later message.
    pub(crate) fn recall(&mut self, stored: &[StoredMessage], lookups: &[Lookup], now: Timestamp) {
        let mut overtaken = Vec::new();
        let through = self.purge.through;
        let stored = || stored.iter().filter(|stored| stored.id > through);
        for (key, recent) in stored().flat_map(Recent::of) {
            match recent {
                Recent::Message(message) if !self.recent.contains(&key) => {
                    self.recent.recall(key, message, now);
                }
                Recent::Message(_) => {}
                Recent::ReversedBeforeArrival(_) => overtaken.push((key, recent)),
            }
        }
        for (key, recent) in overtaken {
            let looked_for = lookups.contains(&Lookup::Key(key.clone()));
            if looked_for && !self.recent.contains(&key) {
                self.recent.remember(key, recent, now);
            }
        }
        for lookup in lookups {
            if let Lookup::Reference(reference) = lookup {
                let keys = stored().flat_map(Recent::of).map(|(key, _)| key);
                self.recent.refer(*reference, keys);
            }
        }
    }

    /// Takes a message from the books, older ones first.
    pub(crate) fn load_message(&mut self, stored: &StoredMessage) {
        for (key, recent) in Recent::of(stored) {
            self.recent.remember(key, recent, stored.time);
        }
    }

    /// Forgets messages last remembered before `before`, as far as the books hold them: nothing whose
    /// record is newer than batch `in_books` leaves memory.
    pub fn forget(&mut self, before: Timestamp, in_books: u64) {
        self.recent.forget(before, in_books);
    }

    /// Checks what must hold of a record that was decided on this state under these rules, before it is
    /// applied again, by other arithmetic.
    ///
    /// # Errors
    /// [`InvariantViolation`]: the decision is wrong; neither the record nor an answer may leave.
    pub fn admits(
        &self,
        rules: &Snapshot,
        id: RecordId,
        record: &Record,
    ) -> Result<(), InvariantViolation> {
        invariants::check(self, rules, id, record)
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
            Record::CustomerCreated(customer) => self.customers.load(customer),
            Record::AccountOpened(account) => {
                if self.account(account.id).is_none() {
                    self.load_account(Account {
                        reflects: id,
                        ..(**account).clone()
                    });
                }
            }
            Record::CardIssued(card) => {
                // The books may already hold a later state of it.
                if self.card(&card.hash).is_none() {
                    self.load_card(card);
                }
            }
            Record::AuthorizationDecided(decided) => self.apply_authorization(id, time, decided)?,
            Record::ReversalDecided(decided) => self.apply_reversal(id, time, decided)?,
            Record::HoldDropped(dropped) => self.apply_drop(id, dropped)?,
            Record::OperationDone(done) => self.apply_operation(id, time, done)?,
            Record::ClearingDecided(decided) => self.apply_clearing(id, time, decided)?,
            Record::HistoryPurged(purged) => self.apply_purge(purged.through),
            Record::FileActionDecided(decided) => {
                if let Some((card, status)) = self
                    .cards
                    .get_mut(&decided.facts.key.card)
                    .zip(decided.status)
                {
                    card.status = status;
                }
                if decided.takes_match_key() {
                    let message = Remembered::file_action((id, time), decided);
                    self.remember(decided.facts.key.into(), message, time);
                }
            }
            Record::ResponseAcknowledged(_) | Record::TransactionPosted(_) => {}
        }
        Ok(())
    }

    fn remember(&mut self, key: MessageKey, message: Remembered, time: Timestamp) {
        self.recent
            .remember(key, Recent::Message(Box::new(message)), time);
    }

    fn apply_authorization(
        &mut self,
        id: RecordId,
        time: Timestamp,
        decided: &AuthorizationDecided,
    ) -> Result<(), InvariantViolation> {
        self.move_accounts(id, &decided.moves)?;
        match &decided.decision {
            Decision::Completed(change) => self.change(id, change)?,
            Decision::Approved(approval) => {
                self.controls
                    .count(id, Counting::Reserved(&approval.reservations));
                match &approval.relation {
                    Relation::Alone => {}
                    Relation::Raises((of, raised)) => {
                        if let Some(message) = self.recent.message_mut(of, *raised) {
                            message.touched = message.touched.max(id);
                            if let Some(standing) = message.standing.as_mut() {
                                standing.raise(id, approval.part(id), approval.expires);
                            }
                        }
                    }
                    Relation::Refunds(refund) => {
                        let of = (&refund.of, refund.authorization);
                        self.refund(id, of, refund.minor);
                    }
                }
            }
            Decision::Declined(_) => {}
        }
        if decided.takes_match_key() {
            let message = Remembered::authorization((id, time), decided);
            self.remember(decided.facts.key.into(), message, time);
        }
        Ok(())
    }

    fn apply_reversal(
        &mut self,
        id: RecordId,
        time: Timestamp,
        decided: &ReversalDecided,
    ) -> Result<(), InvariantViolation> {
        self.move_accounts(id, &decided.moves)?;
        if let Some(change) = &decided.change {
            self.change(id, change)?;
        }
        if decided.result == ReversalResult::Restored {
            self.purge.restored = self.purge.restored.max(id);
        }
        if decided.result == ReversalResult::Restored
            && let Some(original) = decided.facts.original
            && let Some(Recent::Message(reversal)) = self.recent.get_mut(&original.into())
        {
            reversal.touched = reversal.touched.max(id);
            reversal.link = Some(Link::Reversal(None));
        }
        if let Some(original) = decided.overtaken() {
            let overtaken = Recent::ReversedBeforeArrival(id);
            self.recent.remember(original.into(), overtaken, time);
        }
        if decided.takes_match_key() {
            self.remember(
                decided.facts.key.into(),
                Remembered::reversal((id, time), decided),
                time,
            );
        }
        Ok(())
    }

    fn apply_drop(
        &mut self,
        id: RecordId,
        dropped: &HoldDropped,
    ) -> Result<(), InvariantViolation> {
        self.move_accounts(id, &dropped.moves)?;
        self.change(id, &dropped.change)
    }

    fn apply_operation(
        &mut self,
        id: RecordId,
        time: Timestamp,
        done: &OperationDone,
    ) -> Result<(), InvariantViolation> {
        if let Some(account) = done.account.and_then(|id| self.accounts.get_mut(id)) {
            let (program, reflected) = (account.program, account.reflects);
            change_account(account, id, &done.effect);
            if let OperationEffect::Granted { before, granted } = &done.effect
                && reflected < id
            {
                let after = granted.put_into(before).max_credit_limit;
                let before = before.max_credit_limit;
                self.accounts.grant(program, (before, after));
            }
        }
        self.move_accounts(id, &done.moves)?;
        match &done.effect {
            OperationEffect::CardStatus { card, .. } | OperationEffect::CardModes { card, .. } => {
                if let Some(card) = self.cards.get_mut(card) {
                    change_card(card, &done.effect);
                }
            }
            OperationEffect::Canceled(_) | OperationEffect::TransferSettled(_) => {
                if let Some(change) = done.effect.undone() {
                    self.change(id, change)?;
                }
            }
            OperationEffect::ClearingSettled(settled) => self.settle(id, settled)?,
            OperationEffect::LimitRefunded {
                key,
                authorization,
                paid,
            } => {
                if let Some(message) = self.recent.message_mut(key, *authorization) {
                    message.touched = message.touched.max(id);
                    if let Some(standing) = message.standing.as_mut() {
                        standing.refund(id, *paid);
                    }
                }
            }
            OperationEffect::Moved
            | OperationEffect::Forced(_)
            | OperationEffect::Granted { .. }
            | OperationEffect::AccountStatus { .. }
            | OperationEffect::Holder(_)
            | OperationEffect::Control { .. }
            | OperationEffect::AvailableLimit { .. }
            | OperationEffect::TransferSent(_)
            | OperationEffect::TransferReceived(_)
            | OperationEffect::TransferRefused(_) => {}
            OperationEffect::PurgeOrdered => {
                if let Operation::PurgeHistory { before } = done.request.operation {
                    self.order_purge(before);
                }
            }
        }
        self.change_controls(id, done)?;
        let key = done.request.key();
        self.remember(key, Remembered::operation((id, time), done), time);
        Ok(())
    }

    fn change_controls(
        &mut self,
        id: RecordId,
        done: &OperationDone,
    ) -> Result<(), InvariantViolation> {
        match done.control_change() {
            Some(ControlChange::Put(_, _, document)) => {
                let put = self.controls.put(document);
                put.map_err(|_unreadable| InvariantViolation {
                    id,
                    reason: Cow::Borrowed("a flex control that was taken in cannot be read"),
                })?;
            }
            Some(ControlChange::TakenAway(_, control)) => self.controls.take_away(control),
            Some(ControlChange::Counted(counting)) => self.controls.count(id, counting),
            None => {}
        }
        Ok(())
    }

    /// Makes a change of an authorization, of which what it holds may be remembered.
    fn change(&mut self, id: RecordId, change: &Change) -> Result<(), InvariantViolation> {
        self.controls.count(id, Counting::Changed(&change.counts));
        self.refunded_by(id, (&change.key, change.authorization), change.left_minor());
        self.change_standing(id, change)
    }

    /// The same, where what it counts was counted.
    fn change_standing(&mut self, id: RecordId, change: &Change) -> Result<(), InvariantViolation> {
        let name = (&change.key, change.authorization);
        let Some(message) = self.recent.message_mut(name.0, name.1) else {
            return Ok(());
        };
        message.touched = message.touched.max(id);
        let Some(standing) = message.standing.as_mut() else {
            return Ok(());
        };
        if standing.take(id, change) {
            Ok(())
        } else {
            Err(InvariantViolation::of_standing(id))
        }
    }

    fn move_accounts(
        &mut self,
        id: RecordId,
        moves: &[AccountMove],
    ) -> Result<(), InvariantViolation> {
        for moved in moves {
            let account = self
                .accounts
                .get_mut(moved.account)
                .ok_or(InvariantViolation {
                    id,
                    reason: Cow::Borrowed("its account does not exist"),
                })?;
            move_limits(account, id, moved)?;
        }
        Ok(())
    }
}

/// The limits of the accounts that an account's operations may move beside its own: those of its group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Related<'a> {
    state: &'a State,
    account: &'a Account,
    planned: &'a Moves,
}

impl RelatedLimits for Related<'_> {
    fn limits(&self, account: AccountId) -> Option<Limits> {
        let related = self.state.account(account)?;
        let in_group = related.group == self.account.group;
        let after = || self.planned.applied_to(account, &related.limits);
        in_group.then(after)?
    }

    fn parent(&self, number: usize) -> Option<(AccountId, Limits)> {
        let parent = self.state.parents(self.account).nth(number)?;
        let after = self.planned.applied_to(parent.id, &parent.limits)?;
        Some((parent.id, after))
    }
}
