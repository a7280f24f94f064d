//! The accounts, by their records from their openings to now.
//!
//! Owns: that the limits of an account are the sum of its records, that each record moves what its decision
//! says, and that its authorizations stand where their records left them. Messages are read in the order of
//! their records, which is the order of the store, once for every so many accounts: following one account
//! after the other would read them all over the store. What is kept is a place per account, and the
//! authorizations that later records change. Must never: rest on anything but the records of an account and
//! what it was opened with.

use std::collections::BTreeMap;

use rules::{AccountId, Currency, Deltas, LimitName, Limits};

use super::entries::Difference;
use super::expected::check_moves;
use super::lives::Life;
use super::walk::Walk;
use super::{Audit, AuditError, Rule, Step};
use crate::authorization::moves::sum;
use crate::authorization::{AccountMove, AuthorizationStatus, Presented};
use crate::books::BookStore;
use crate::books::rows::{Lead, MessageBody, StoredMessage, Table};
use crate::entities::Account;
use crate::identifiers::RecordId;
use crate::operation::OperationEffect;
use crate::over_limit::Watch;

/// Accounts that are followed at once.
pub(super) const ACCOUNTS_AT_ONCE: u64 = 250_000;

/// An account on the way from its opening to what it is.
pub(super) struct Course {
    pub(super) account: AccountId,
    /// Its limits before the next record.
    pub(super) limits: Limits,
    pending: Deltas,
    /// Whether the limits that were granted are those that a record found, not those of now.
    found: bool,
    /// The newest record it took.
    last: Option<RecordId>,
    /// The newest change of its status.
    status: Option<RecordId>,
    pub(super) currency: Currency,
    /// What is cleared on it and not posted.
    pub(super) open: Difference,
    /// Authorizations that later records change.
    pub(super) lives: BTreeMap<RecordId, Life>,
    over_limit: Watch,
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Every account.
    pub(super) fn accounts(&mut self) -> Result<(), AuditError> {
        let mut accounts = Walk::of(Table::Accounts);
        loop {
            let mut courses = self.openings(&mut accounts)?;
            if courses.is_empty() {
                return Ok(());
            }
            self.follow(&mut courses)?;
            self.post(&mut courses)?;
            while let Some((_, course)) = courses.pop_first() {
                self.row(Step::Accounts)?;
                self.summary.accounts = self.summary.accounts.saturating_add(1);
                self.arrive(course)?;
            }
        }
    }

    /// The next accounts, as they were opened.
    fn openings(&mut self, accounts: &mut Walk) -> Result<BTreeMap<AccountId, Course>, AuditError> {
        let mut courses = BTreeMap::new();
        for _ in 0..ACCOUNTS_AT_ONCE {
            let Some((key, _)) = accounts.next(self, Step::Accounts)? else {
                break;
            };
            let id = key.as_slice().try_into().map(u64::from_be_bytes);
            if let Ok(id) = id
                && let Some(account) = self.views.account(AccountId(id))?
            {
                courses.insert(account.id, self.opening(&account)?);
            }
        }
        Ok(courses)
    }

    /// Takes every record that is about the accounts.
    fn follow(&mut self, courses: &mut BTreeMap<AccountId, Course>) -> Result<(), AuditError> {
        let mut walk = Walk::of(Table::Messages);
        while let Some((key, row)) = walk.next(self, Step::Accounts)? {
            let Some(message) = self.message_of(&key, row.as_deref())? else {
                continue;
            };
            self.clear(courses, &message)?;
            for moved in message.moves() {
                if let Some(course) = courses.get_mut(&moved.account) {
                    self.step(course, &message, moved)?;
                }
            }
        }
        Ok(())
    }

    /// The records of an account behind `last`, the oldest first.
    fn chain(
        &mut self,
        account: &Account,
        last: Option<RecordId>,
    ) -> Result<Vec<StoredMessage>, AuditError> {
        // A batch is shown record by record: its messages may follow.
        while self.views.shown() < account.reflects.sequence {
            self.pause()?;
        }
        let mut chain: Vec<StoredMessage> = Vec::new();
        let mut next = account.latest;
        let purged = self.purged;
        let held = |id: &RecordId| !purged.includes(*id);
        while let Some(id) = next.filter(|id| held(id) && last.is_none_or(|last| *id > last)) {
            self.row(Step::Accounts)?;
            let message = self.views.message(id)?;
            let before = chain.last().map(|message| message.id);
            let listed = message.filter(|message| moved_in(message, account.id).is_some());
            let Some(message) = listed.filter(|_| before.is_none_or(|before| id < before)) else {
                let finding = format!("record {id} is not one of account {}", account.id);
                let records = std::iter::once(id).chain(before);
                return Err(AuditError::violation(Rule::Chain, finding, records));
            };
            next = message.previous(account.id);
            chain.push(message);
        }
        if next.filter(held) != last {
            let finding = format!(
                "account {} does not lead to its record {}",
                account.id,
                last.unwrap_or_default()
            );
            return Err(AuditError::violation(Rule::Chain, finding, last));
        }
        chain.reverse();
        Ok(chain)
    }

    /// The account as it was opened: what moves as the books say, what was granted as it is, until a record
    /// says what it found.
    fn opening(&mut self, account: &Account) -> Result<Course, AuditError> {
        let out_of_range = || out_of_range(account.id, account.reflects);
        let opened = match &account.opening {
            Some(opening) => **opening,
            None => {
                let known = &mut self.summary.accounts_without_opening;
                *known = known.saturating_add(1);
                let mut opened = account.movable().ok_or_else(out_of_range)?;
                for message in self.chain(account, None)? {
                    if let Some(moved) = moved_in(&message, account.id) {
                        opened = sum(&opened, &moved.deltas.negated()).ok_or_else(out_of_range)?;
                    }
                }
                opened
            }
        };
        let limits = with_movable(account.limits, &opened).ok_or_else(out_of_range)?;
        Ok(Course {
            over_limit: Watch::from(&limits),
            account: account.id,
            currency: account.currency,
            open: Difference::default(),
            limits,
            pending: self.views.purged_pending(account.id)?,
            found: false,
            last: None,
            status: None,
            lives: BTreeMap::new(),
        })
    }

    /// One record of the account.
    fn step(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        moved: &AccountMove,
    ) -> Result<(), AuditError> {
        check_before(course, message)?;
        if let Some(expected) = self.expected(course, message)? {
            check_moves(message, &expected)?;
        }
        self.check_floors(course, message, &moved.deltas)?;
        take(course, message, moved)
    }

    /// The account as its records left it is the account of the books, with those that came meanwhile.
    fn arrive(&mut self, mut course: Course) -> Result<(), AuditError> {
        let Some(account) = self.views.account(course.account)? else {
            return Ok(());
        };
        for message in self.chain(&account, course.last)? {
            if let Some(moved) = moved_in(&message, account.id) {
                take(&mut course, &message, moved)?;
            }
        }
        if course.limits != account.limits || course.pending != account.pending {
            let finding = difference(&account, &course.limits, &course.pending);
            return Err(AuditError::violation(Rule::Sums, finding, account.latest));
        }
        self.check_posted(course.account, course.open)?;
        for excursion in course.over_limit.excursions() {
            let count = match excursion.left {
                Some(_) => &mut self.summary.excursions_ended,
                None => &mut self.summary.excursions_lasting,
            };
            *count = count.saturating_add(1);
        }
        if let Some(id) = course.status {
            self.check_status(&account, id)?;
        }
        for (id, life) in course.lives {
            // One that changed since says so.
            if self.includes(life.stored.reflects) {
                return Err(elsewhere(id, &life));
            }
        }
        Ok(())
    }

    fn check_status(&mut self, account: &Account, id: RecordId) -> Result<(), AuditError> {
        let message = self.views.message(id)?;
        if let Some(MessageBody::Operation { done, .. }) = message.map(|message| message.body)
            && let OperationEffect::AccountStatus {
                status, reason_id, ..
            } = &done.effect
            && (status, reason_id) != (&account.status, &account.status_reason)
        {
            let finding = format!(
                "account {} is {}, its last change made it {status}",
                account.id, account.status
            );
            return Err(AuditError::violation(Rule::Statuses, finding, [id]));
        }
        Ok(())
    }

    /// Lets go of an authorization that no later record changes: it stands where its records left it, and is
    /// found when it is due.
    pub(super) fn settle(&mut self, course: &mut Course, id: RecordId) -> Result<(), AuditError> {
        let Some(life) = course.lives.get(&id) else {
            return Ok(());
        };
        if life.standing.reflects < life.stored.reflects {
            return Ok(());
        }
        if life.stored_presented != life.presented {
            let finding = format!(
                "the books have {} of record {id}, its records {}",
                told(life.stored_presented),
                told(life.presented)
            );
            return Err(AuditError::violation(Rule::Lives, finding, [id, life.last]));
        }
        if life.standing != life.stored {
            return Err(elsewhere(id, life));
        }
        let pending = life.stored.status == AuthorizationStatus::Pending;
        if let Some(due) = life.stored.expires.filter(|_| pending)
            && self.views.led_to(&Lead::Expiry(due, id))? != Some(id)
        {
            // It may have changed at this moment; then it is not pending there any more.
            let now = self.views.message(id)?;
            if now.as_ref().and_then(StoredMessage::standing) == Some(&life.stored) {
                let finding = format!("record {id} would not be found when it is due");
                return Err(AuditError::violation(Rule::Lives, finding, [id]));
            }
        }
        self.summary.authorizations = self.summary.authorizations.saturating_add(1);
        course.lives.remove(&id);
        Ok(())
    }
}

/// What was presented, undone and refunded.
fn told(presented: Presented) -> String {
    let Presented {
        in_force_minor,
        undone_minor,
        refunded_minor,
    } = presented;
    format!("{in_force_minor} presented, {undone_minor} undone and {refunded_minor} refunded")
}

/// An authorization does not stand where its records left it.
pub(super) fn elsewhere(id: RecordId, life: &Life) -> AuditError {
    let Life {
        standing,
        stored,
        last,
        ..
    } = life;
    let finding = format!(
        "the books have record {id} as {} with {} left, its records leave it {} with {}",
        stored.status.as_str(),
        stored.remaining_minor(),
        standing.status.as_str(),
        standing.remaining_minor()
    );
    AuditError::violation(Rule::Lives, finding, [id, *last])
}

/// Takes what a record moves and grants.
fn take(
    course: &mut Course,
    message: &StoredMessage,
    moved: &AccountMove,
) -> Result<(), AuditError> {
    if let MessageBody::Operation { done, .. } = &message.body {
        match &done.effect {
            OperationEffect::Granted { granted, .. } => {
                course.limits = granted.put_into(&course.limits);
            }
            OperationEffect::AccountStatus { .. } => course.status = Some(message.id),
            OperationEffect::Moved
            | OperationEffect::Forced(_)
            | OperationEffect::Canceled(_)
            | OperationEffect::Holder(_)
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
    let range = || out_of_range(course.account, message.id);
    let limits = course.limits.checked_apply(&moved.deltas);
    let pending = sum(&course.pending, &moved.pending);
    (course.limits, course.pending) = limits.zip(pending).ok_or_else(range)?;
    course.over_limit.step(message, moved, &course.limits);
    course.last = Some(message.id);
    Ok(())
}

fn moved_in(message: &StoredMessage, account: AccountId) -> Option<&AccountMove> {
    message
        .moves()
        .iter()
        .find(|moved| moved.account == account)
}

/// What was granted before a record that changed it.
fn granted_before(message: &StoredMessage) -> Option<Limits> {
    if let MessageBody::Operation { done, .. } = &message.body
        && let OperationEffect::Granted { before, .. } = &done.effect
    {
        Some(*before)
    } else {
        None
    }
}

/// The moving part of limits.
fn movable(limits: &Limits) -> Option<Deltas> {
    let mut movable = Deltas::NONE;
    for limit in LimitName::ALL {
        movable.set(limit, limits.get(limit)).then_some(())?;
    }
    Some(movable)
}

/// Limits whose moving part is this.
fn with_movable(limits: Limits, movable: &Deltas) -> Option<Limits> {
    let mut difference = Deltas::NONE;
    for limit in LimitName::ALL {
        let missing = movable.get(limit).checked_sub(limits.get(limit))?;
        difference.set(limit, missing).then_some(())?;
    }
    limits.checked_apply(&difference)
}

/// The limits that a record found are those that the one before it left. The first that says what it found
/// says what was granted until then.
fn check_before(course: &mut Course, message: &StoredMessage) -> Result<(), AuditError> {
    let found = if let MessageBody::Authorization { decided, .. } = &message.body {
        let own = decided.account == Some(course.account);
        decided.limits_before.filter(|_| own)
    } else {
        granted_before(message)
    };
    let Some(found) = found else {
        return Ok(());
    };
    if !std::mem::replace(&mut course.found, true) {
        let granted = movable(&course.limits).and_then(|movable| with_movable(found, &movable));
        let granted = granted.filter(|granted| *granted != course.limits);
        if let Some(granted) = granted {
            course.over_limit = Watch::from(&granted);
            course.limits = granted;
        }
    }
    if found == course.limits {
        return Ok(());
    }
    let finding = format!(
        "record {} found other limits on account {} than the records before it leave",
        message.id, course.account
    );
    Err(AuditError::violation(Rule::Sums, finding, [message.id]))
}

/// What the records say and what the books have.
fn difference(account: &Account, limits: &Limits, pending: &Deltas) -> String {
    for limit in LimitName::ALL {
        let (books, records) = (account.limits.get(limit), limits.get(limit));
        if books != records {
            return format!(
                "account {}: the books have {} {books}, its records add up to {records}",
                account.id,
                limit.as_str()
            );
        }
        let (books, records) = (account.pending.get(limit), pending.get(limit));
        if books != records {
            return format!(
                "account {}: the books have {books} of {} pending, its records add up to {records}",
                account.id,
                limit.as_str()
            );
        }
    }
    format!(
        "account {}: what is granted is not what its records say",
        account.id
    )
}

fn out_of_range(account: AccountId, id: RecordId) -> AuditError {
    let finding = format!("account {account}: the sum of its records leaves its range");
    AuditError::violation(Rule::Sums, finding, [id])
}
