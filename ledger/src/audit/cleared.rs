//! What the records of an account clear, beside what is posted on it.
//!
//! Owns: what the decision of a record clears, worked out from what the parts of its authorization post as a whole and
//! what of them is cleared before and after; and that the transactions of an account are that, authorization by
//! authorization: none missing, none twice, none of nothing. Must never: ask the transactions what should be posted,
//! but where what would say it was purged.

use std::collections::BTreeMap;

use rules::AccountId;

use super::course::Course;
use super::entries::{Difference, Entry, Side, Sums};
use super::walk::Walk;
use super::{Audit, AuditError, Rule, Step};
use crate::authorization::moves::prorate;
use crate::authorization::{
    AuthorizationStatus, Change, Cleared, Clearing, Decision, PlannedPosting, Standing,
    TransactionPosted,
};
use crate::books::BookStore;
use crate::books::rows::{self, MessageBody, StoredMessage, Table};
use crate::identifiers::RecordId;
use crate::operation::OperationDone;

impl<S: BookStore> Audit<'_, '_, S> {
    /// Adds what a message clears to the accounts it is posted on.
    pub(super) fn clear(
        &mut self,
        courses: &mut BTreeMap<AccountId, Course>,
        message: &StoredMessage,
    ) -> Result<(), AuditError> {
        let listed = message.moves().first();
        let course = listed.and_then(|moved| courses.get(&moved.account));
        let cleared = self.cleared_by(course, message)?;
        for entry in cleared {
            if let Some(course) = courses.get_mut(&entry.account) {
                let side = (Side::of(message), course.currency);
                self.ledger.cleared(side, message.id, &entry);
                course.open.cleared(&entry);
            }
        }
        Ok(())
    }

    /// Takes every transaction off what is cleared on its account.
    pub(super) fn post(
        &mut self,
        courses: &mut BTreeMap<AccountId, Course>,
    ) -> Result<(), AuditError> {
        let mut walk = Walk::of(Table::Transactions);
        while let Some((key, row)) = walk.next(self, Step::Accounts)? {
            if let Some((id, posted)) = self.transaction_of(&key, row.as_deref())?
                && let Some(course) = courses.get_mut(&posted.account)
            {
                check_currency(course, id, &posted)?;
                course.open.posted(&Entry::of(&posted));
            }
        }
        Ok(())
    }

    /// The transaction of a row, if every check includes it.
    pub(super) fn transaction_of(
        &self,
        key: &[u8],
        row: Option<&[u8]>,
    ) -> Result<Option<(RecordId, TransactionPosted)>, AuditError> {
        let found = rows::transaction_of(key);
        let found = found.filter(|(_, id)| self.includes(*id) && !self.purged.includes(*id));
        let Some((account, id)) = found else {
            return Ok(None);
        };
        let posted = match row {
            // A transaction never changes.
            Some(row) => Some(self.views.transaction_over(row)?),
            None => self.views.transaction(account, id)?,
        };
        Ok(posted.map(|posted| (id, posted)))
    }

    /// Everything that is cleared on an account is posted there.
    pub(super) fn check_posted(
        &mut self,
        account: AccountId,
        open: Difference,
    ) -> Result<(), AuditError> {
        if open == Difference::default() {
            return Ok(());
        }
        let mut of_each: BTreeMap<RecordId, (Sums, Sums)> = BTreeMap::new();
        let mut messages = Walk::of(Table::Messages);
        while let Some((key, row)) = messages.next(self, Step::Accounts)? {
            if let Some(message) = self.message_of(&key, row.as_deref())? {
                let cleared = self.cleared_by(None, &message)?.into_iter();
                for entry in cleared.filter(|entry| entry.account == account) {
                    of_each
                        .entry(entry.authorization)
                        .or_default()
                        .0
                        .add(&entry);
                }
            }
        }
        let mut transactions = Walk::of(Table::Transactions);
        while let Some((key, row)) = transactions.next(self, Step::Accounts)? {
            let posted = self.transaction_of(&key, row.as_deref())?;
            if let Some((_, posted)) = posted.filter(|(_, posted)| posted.account == account) {
                let entry = Entry::of(&posted);
                of_each
                    .entry(entry.authorization)
                    .or_default()
                    .1
                    .add(&entry);
            }
        }
        let differing = of_each
            .into_iter()
            .find(|(_, (cleared, posted))| cleared != posted);
        let (id, (cleared, posted)) = differing.unwrap_or_default();
        let finding = format!(
            "of record {id}, account {account} has {} cleared as credit and {} as debit; posted are {} and {}",
            cleared.credits_minor, cleared.debits_minor, posted.credits_minor, posted.debits_minor
        );
        Err(AuditError::violation(Rule::Cleared, finding, [id]))
    }

    /// What a message clears, by its decision and by what the parts of its authorization post as a whole.
    fn cleared_by(
        &mut self,
        course: Option<&Course>,
        message: &StoredMessage,
    ) -> Result<Vec<Entry>, AuditError> {
        match &message.body {
            MessageBody::Authorization { decided, .. } => match &decided.decision {
                Decision::Approved(approval) if decided.facts.clearing == Clearing::Online => {
                    Ok(whole(message.id, &approval.postings))
                }
                Decision::Completed(change) => self.by_change(course, message, change),
                Decision::Approved(_) | Decision::Declined(_) => Ok(Vec::new()),
            },
            MessageBody::Reversal { decided, .. } => match &decided.change {
                Some(change) => self.by_change(course, message, change),
                None => Ok(Vec::new()),
            },
            MessageBody::Clearing { decided, .. } => {
                let of = decided.of.as_ref().map_or(message.id, |(_, of)| *of);
                self.of_clearing(course, message, (of, decided.cleared()))
            }
            MessageBody::Operation { done, .. } => self.by_operation_done(course, message, done),
            MessageBody::Dropped(_) | MessageBody::FileAction(_) => Ok(Vec::new()),
        }
    }

    fn by_operation_done(
        &mut self,
        course: Option<&Course>,
        message: &StoredMessage,
        done: &OperationDone,
    ) -> Result<Vec<Entry>, AuditError> {
        if let Some(settled) = done.effect.settled() {
            // Which authorization an item refunds was found when it was resolved, and is told by what it posted.
            let posted = self.views.posted_by(message)?;
            let of = posted
                .first()
                .map_or(message.id, |(_, posted)| posted.authorization);
            return self.of_clearing(course, message, (of, settled.cleared.as_ref()));
        }
        if let Some(change) = done.effect.undone() {
            return self.by_change(course, message, change);
        }
        Ok(match done.effect.standing() {
            Some(standing) => of_standing(message.id, standing),
            None => whole(message.id, &done.postings),
        })
    }

    /// A clearing posts what it stands for by itself, for the authorization that it clears or refunds.
    fn of_clearing(
        &mut self,
        course: Option<&Course>,
        message: &StoredMessage,
        (of, cleared): (RecordId, Option<&Cleared>),
    ) -> Result<Vec<Entry>, AuditError> {
        let Some(cleared) = cleared else {
            return Ok(Vec::new());
        };
        let mut entries = match &cleared.change {
            // What it stands for was posted for what it clears: that is told below, also of what was purged.
            Some(change)
                if cleared.standing.is_some() && self.purged.includes(change.authorization) =>
            {
                Vec::new()
            }
            Some(change) => self.by_change(course, message, change)?,
            None => Vec::new(),
        };
        if let Some(standing) = &cleared.standing {
            entries.extend(of_standing(of, standing));
        }
        Ok(entries)
    }

    /// A change clears the share of what it leaves, less that of what it finds.
    fn by_change(
        &mut self,
        course: Option<&Course>,
        message: &StoredMessage,
        change: &Change,
    ) -> Result<Vec<Entry>, AuditError> {
        if self.purged.includes(change.authorization) {
            // What it posts as a whole is gone: its transactions alone tell.
            let posted = self.views.posted_by(message)?;
            return Ok(posted.iter().map(|(_, posted)| Entry::of(posted)).collect());
        }
        let life = course.and_then(|course| course.lives.get(&change.authorization));
        if let Some(life) = life {
            return steps(&life.standing, change).ok_or_else(|| leaves_range(message));
        }
        self.row(Step::Accounts)?;
        let authorization = self.views.message(change.authorization)?;
        match authorization.as_ref().and_then(StoredMessage::standing) {
            Some(standing) => steps(standing, change).ok_or_else(|| leaves_range(message)),
            // That there is none is found where it is followed.
            None => Ok(Vec::new()),
        }
    }
}

/// A transaction is posted in the currency of its account.
fn check_currency(
    course: &Course,
    id: RecordId,
    posted: &TransactionPosted,
) -> Result<(), AuditError> {
    if posted.currency == course.currency {
        return Ok(());
    }
    let finding = format!(
        "transaction {id} is posted in currency {}, account {} is kept in {}",
        posted.currency, course.account, course.currency
    );
    let cause = posted.reversal.unwrap_or(posted.authorization);
    Err(AuditError::violation(Rule::DoubleEntry, finding, [cause]))
}

/// Transactions that are posted as they are planned.
fn whole(authorization: RecordId, planned: &[PlannedPosting]) -> Vec<Entry> {
    let entries = planned.iter();
    entries
        .map(|planned| Entry::planned(authorization, planned))
        .collect()
}

/// What is cleared at once.
fn of_standing(authorization: RecordId, standing: &Standing) -> Vec<Entry> {
    let parts = standing.parts.iter();
    parts
        .flat_map(|part| whole(authorization, &part.postings))
        .collect()
}

/// The amounts that a change clears more, or less, of each part: on each account in each direction the share of their
/// sum. `None` when one leaves its range.
fn steps(standing: &Standing, change: &Change) -> Option<Vec<Entry>> {
    let cleared = |status, left_minor| match status {
        AuthorizationStatus::Processed => left_minor,
        AuthorizationStatus::Pending
        | AuthorizationStatus::Dropped
        | AuthorizationStatus::Declined
        | AuthorizationStatus::Canceled => 0,
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (part, changed) in standing.parts.iter().zip(&change.parts) {
        let before = cleared(change.status_before, changed.before_minor);
        let after = cleared(change.status, changed.after_minor);
        let planned = match after >= before {
            true => &part.postings,
            false => &part.compensations,
        };
        let mut sums: BTreeMap<(AccountId, bool), i64> = BTreeMap::new();
        for planned in planned {
            let sum = sums
                .entry((planned.account, planned.posting.credit))
                .or_default();
            *sum = sum.checked_add(planned.posting.amount_minor)?;
        }
        for ((account, credit), sum) in sums {
            let share = |left_minor| prorate(sum, left_minor, part.transaction_minor);
            let step = share(after.max(before))?.checked_sub(share(after.min(before))?)?;
            entries.push(Entry {
                account,
                authorization: change.authorization,
                credit,
                amount_minor: step,
            });
        }
    }
    Some(entries)
}

fn leaves_range(message: &StoredMessage) -> AuditError {
    let finding = format!("what record {} clears leaves its range", message.id);
    AuditError::violation(Rule::Cleared, finding, [message.id])
}
