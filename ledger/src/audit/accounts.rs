//! The accounts, by their records from their openings to now.
//!
//! Owns: that the limits of an account are the sum of its records, that each record moves what its decision
//! says, and that its authorizations stand where their records left them. Messages are read in the order of
//! their records, which is the order of the store, once for every so many accounts: following one account
//! after the other would read them all over the store. What is kept is a place per account, and the
//! authorizations that later records change. Must never: rest on anything but the records of an account and
//! what it was opened with.

use std::collections::BTreeMap;

use rules::AccountId;

use super::course::{Course, out_of_range};
use super::expected::check_moves;
use super::lives::elsewhere;
use super::walk::Walk;
use super::{Audit, AuditError, Rule, Step};
use crate::authorization::AccountMove;
use crate::authorization::moves::sum;
use crate::books::BookStore;
use crate::books::rows::{MessageBody, StoredMessage, Table};
use crate::entities::Account;
use crate::identifiers::RecordId;
use crate::operation::OperationEffect;

/// Accounts that are followed at once.
pub(super) const ACCOUNTS_AT_ONCE: u64 = 250_000;

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

    /// The account as it was opened: what moved it says, or follows from its records.
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
        let pending = self.views.purged_pending(account.id)?;
        Course::opened(account, &opened, pending)
    }

    /// One record of the account.
    fn step(
        &mut self,
        course: &mut Course,
        message: &StoredMessage,
        moved: &AccountMove,
    ) -> Result<(), AuditError> {
        course.check_before(message)?;
        if let Some(expected) = self.expected(course, message)? {
            check_moves(message, &expected)?;
        }
        self.check_floors(course, message, &moved.deltas)?;
        course.take(message, moved)
    }

    /// The account as its records left it is the account of the books, with those that came meanwhile.
    fn arrive(&mut self, mut course: Course) -> Result<(), AuditError> {
        let Some(account) = self.views.account(course.account)? else {
            return Ok(());
        };
        for message in self.chain(&account, course.last)? {
            if let Some(moved) = moved_in(&message, account.id) {
                course.take(&message, moved)?;
            }
        }
        course.check_arrival(&account)?;
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
}

fn moved_in(message: &StoredMessage, account: AccountId) -> Option<&AccountMove> {
    message
        .moves()
        .iter()
        .find(|moved| moved.account == account)
}
