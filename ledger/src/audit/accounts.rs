//! One account after the other, by the chain of its records from its opening to now.
//!
//! Owns: that its limits are the sum of its records, that each record moves what its decision says, and that
//! its authorizations stand where their records left them. Must never: rest on anything but the records of the account and what it was opened with.

use std::collections::BTreeMap;

use rules::{AccountId, Deltas, LimitName, Limits};

use super::expected::check_moves;
use super::lives::Life;
use super::walk::Walk;
use super::{Audit, AuditError, Rule};
use crate::authorization::moves::sum;
use crate::authorization::{AccountMove, AuthorizationStatus, Standing};
use crate::books::BookStore;
use crate::books::rows::{Lead, MessageBody, StoredMessage, Table};
use crate::entities::Account;
use crate::identifiers::RecordId;
use crate::operation::OperationEffect;
use crate::over_limit::Watch;

/// An account on the way from its opening to what it is.
pub(super) struct Course {
    pub(super) account: Account,
    /// Its limits before the next record.
    pub(super) limits: Limits,
    pending: Deltas,
    /// The newest change of its status, and what it was then given.
    status: Option<RecordId>,
    pub(super) lives: BTreeMap<RecordId, Life>,
    over_limit: Watch,
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Every account.
    pub(super) fn accounts(&mut self) -> Result<(), AuditError> {
        let mut walk = Walk::of(Table::Accounts);
        while let Some(key) = walk.next(self)? {
            let id = key.as_slice().try_into().map(u64::from_be_bytes);
            if let Ok(id) = id {
                self.account(AccountId(id))?;
                self.summary.accounts = self.summary.accounts.saturating_add(1);
            }
        }
        Ok(())
    }

    fn account(&mut self, id: AccountId) -> Result<(), AuditError> {
        let Some(account) = self.views.account(id)? else {
            return Ok(());
        };
        // A batch is shown record by record: its messages may follow.
        while self.views.shown() < account.reflects.sequence {
            self.pause()?;
        }
        let chain = self.chain(&account)?;
        let mut course = self.opening(account, &chain)?;
        for id in chain {
            self.row()?;
            if let Some(message) = self.views.message(id)? {
                self.step(&mut course, &message)?;
            }
        }
        self.arrive(course)
    }

    /// The records of an account, the oldest first.
    fn chain(&mut self, account: &Account) -> Result<Vec<RecordId>, AuditError> {
        let mut chain = Vec::new();
        let mut next = account.latest;
        while let Some(id) = next {
            self.row()?;
            let message = self.views.message(id)?;
            let last = chain.last().copied();
            let listed = message.filter(|message| {
                let moves = message.moves();
                moves
                    .iter()
                    .filter(|moved| moved.account == account.id)
                    .count()
                    == 1
            });
            let Some(message) = listed.filter(|_| last.is_none_or(|last| id < last)) else {
                let finding = format!("record {id} is not one of account {}", account.id);
                let records = std::iter::once(id).chain(last);
                return Err(AuditError::violation(Rule::Chain, finding, records));
            };
            next = message.previous(account.id);
            chain.push(id);
        }
        chain.reverse();
        Ok(chain)
    }

    /// The account as it was opened: what moves as the books say, what was granted as it was before it was
    /// first changed.
    fn opening(&mut self, account: Account, chain: &[RecordId]) -> Result<Course, AuditError> {
        let mut limits = account.limits;
        let mut sum_of_moves = Deltas::NONE;
        let mut granted = None;
        for id in chain {
            self.row()?;
            let Some(message) = self.views.message(*id)? else {
                continue;
            };
            if let Some(moved) = moved_in(&message, account.id) {
                sum_of_moves = sum(&sum_of_moves, &moved.deltas)
                    .ok_or_else(|| out_of_range(account.id, *id))?;
            }
            if let (None, Some(before)) = (granted, granted_before(&message)) {
                granted = Some(before);
            }
        }
        if let Some(granted) = granted {
            limits = granted;
        }
        let opened = match account.opening {
            Some(opening) => opening,
            None => {
                let known = &mut self.summary.accounts_without_opening;
                *known = known.saturating_add(1);
                let movable = account.movable();
                let opened = movable.and_then(|now| sum(&now, &sum_of_moves.negated()));
                opened.ok_or_else(|| out_of_range(account.id, account.reflects))?
            }
        };
        let limits = with_movable(limits, &opened)
            .ok_or_else(|| out_of_range(account.id, account.reflects))?;
        Ok(Course {
            over_limit: Watch::from(&limits),
            limits,
            account,
            pending: Deltas::NONE,
            status: None,
            lives: BTreeMap::new(),
        })
    }

    /// One record of the account.
    fn step(&mut self, course: &mut Course, message: &StoredMessage) -> Result<(), AuditError> {
        let id = course.account.id;
        let Some(moved) = moved_in(message, id).copied() else {
            return Ok(());
        };
        check_before(course, message)?;
        if let Some(expected) = self.expected(course, message)? {
            check_moves(message, &expected)?;
        }
        self.check_floors(course, message, &moved.deltas)?;
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
                | OperationEffect::ClearingSettled(_) => {}
            }
        }
        let range = || out_of_range(id, message.id);
        course.limits = course
            .limits
            .checked_apply(&moved.deltas)
            .ok_or_else(range)?;
        course.pending = sum(&course.pending, &moved.pending).ok_or_else(range)?;
        course.over_limit.step(message, &moved, &course.limits);
        Ok(())
    }

    /// The account as its records left it is the account of the books.
    fn arrive(&mut self, course: Course) -> Result<(), AuditError> {
        let Course {
            account,
            limits,
            pending,
            status,
            lives,
            over_limit,
        } = course;
        if limits != account.limits || pending != account.pending {
            let finding = difference(&account, &limits, &pending);
            return Err(AuditError::violation(Rule::Sums, finding, account.latest));
        }
        for excursion in over_limit.excursions() {
            let count = match excursion.left {
                Some(_) => &mut self.summary.excursions_ended,
                None => &mut self.summary.excursions_lasting,
            };
            *count = count.saturating_add(1);
        }
        if let Some(id) = status {
            self.check_status(&account, id)?;
        }
        for (id, life) in lives {
            self.row()?;
            self.summary.authorizations = self.summary.authorizations.saturating_add(1);
            self.check_standing(&account, id, &life)?;
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

    /// An authorization stands where its records left it, and is found when it is due.
    fn check_standing(
        &mut self,
        account: &Account,
        id: RecordId,
        life: &Life,
    ) -> Result<(), AuditError> {
        let stored = &life.stored;
        // One that changed since the account was looked at says so.
        if stored.reflects > account.reflects {
            return Ok(());
        }
        if life.stored_presented_minor != life.presented_minor {
            let finding = format!(
                "the books have {} of record {id} presented, its clearings presented {}",
                life.stored_presented_minor, life.presented_minor
            );
            return Err(AuditError::violation(Rule::Lives, finding, [id, life.last]));
        }
        let ended = Standing {
            reflects: stored.reflects,
            ..life.standing.clone()
        };
        if *stored != ended {
            let finding = format!(
                "the books have record {id} as {} with {} left, its records leave it {} with {}",
                stored.status.as_str(),
                stored.remaining_minor(),
                ended.status.as_str(),
                ended.remaining_minor()
            );
            return Err(AuditError::violation(Rule::Lives, finding, [id, life.last]));
        }
        let pending = stored.status == AuthorizationStatus::Pending;
        if let Some(due) = stored.expires.filter(|_| pending)
            && self.views.led_to(&Lead::Expiry(due, id))? != Some(id)
        {
            // It may have changed at this moment; then it is not pending there any more.
            let now = self.views.message(id)?;
            let now = now.as_ref().and_then(StoredMessage::standing);
            if now == Some(stored) {
                let finding = format!("record {id} would not be found when it is due");
                return Err(AuditError::violation(Rule::Lives, finding, [id]));
            }
        }
        Ok(())
    }
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

/// Limits whose moving part is this.
fn with_movable(limits: Limits, movable: &Deltas) -> Option<Limits> {
    let mut difference = Deltas::NONE;
    for limit in LimitName::ALL {
        let missing = movable.get(limit).checked_sub(limits.get(limit))?;
        difference.set(limit, missing).then_some(())?;
    }
    limits.checked_apply(&difference)
}

/// The limits that a record found are those that the one before it left.
fn check_before(course: &Course, message: &StoredMessage) -> Result<(), AuditError> {
    let found = if let MessageBody::Authorization { decided, .. } = &message.body {
        let own = decided.account == Some(course.account.id);
        decided.limits_before.filter(|_| own)
    } else {
        granted_before(message)
    };
    if found.is_none_or(|found| found == course.limits) {
        return Ok(());
    }
    let finding = format!(
        "record {} found other limits on account {} than the records before it leave",
        message.id, course.account.id
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
