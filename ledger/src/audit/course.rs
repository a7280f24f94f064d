//! An account on the way from its opening to what it is.
//!
//! Owns: its limits and what is pending, record by record. Must never: take a record whose limits are not those that the
//! one before it left.

use std::collections::BTreeMap;

use rules::{AccountId, Currency, Deltas, LimitName, Limits};

use super::entries::Difference;
use super::lives::Life;
use super::{AuditError, Rule};
use crate::authorization::AccountMove;
use crate::authorization::moves::sum;
use crate::books::rows::{MessageBody, StoredMessage};
use crate::entities::Account;
use crate::identifiers::RecordId;
use crate::operation::OperationEffect;
use crate::over_limit::Watch;

/// An account on the way from its opening to what it is.
pub(super) struct Course {
    pub(super) account: AccountId,
    /// Its limits before the next record.
    pub(super) limits: Limits,
    pending: Deltas,
    /// Whether the limits that were granted are those that a record found, not those of now.
    found: bool,
    /// The newest record it took.
    pub(super) last: Option<RecordId>,
    /// The newest change of its status.
    pub(super) status: Option<RecordId>,
    pub(super) currency: Currency,
    /// What is cleared on it and not posted.
    pub(super) open: Difference,
    /// Authorizations that later records change.
    pub(super) lives: BTreeMap<RecordId, Life>,
    pub(super) over_limit: Watch,
}

impl Course {
    /// The account as it was opened: what moves is given, what was granted is as it is, until a record says what it
    /// found.
    pub(super) fn opened(
        account: &Account,
        movable: &Deltas,
        pending: Deltas,
    ) -> Result<Self, AuditError> {
        let limits = with_movable(account.limits, movable);
        let limits = limits.ok_or_else(|| out_of_range(account.id, account.reflects))?;
        Ok(Self {
            over_limit: Watch::from(&limits),
            account: account.id,
            currency: account.currency,
            open: Difference::default(),
            limits,
            pending,
            found: false,
            last: None,
            status: None,
            lives: BTreeMap::new(),
        })
    }

    /// The limits that a record found are those that the one before it left. The first that says what it found
    /// says what was granted until then.
    pub(super) fn check_before(&mut self, message: &StoredMessage) -> Result<(), AuditError> {
        let found = if let MessageBody::Authorization { decided, .. } = &message.body {
            let own = decided.account == Some(self.account);
            decided.limits_before.filter(|_| own)
        } else {
            granted_before(message)
        };
        let Some(found) = found else {
            return Ok(());
        };
        if !std::mem::replace(&mut self.found, true) {
            let granted = movable(&self.limits).and_then(|movable| with_movable(found, &movable));
            let granted = granted.filter(|granted| *granted != self.limits);
            if let Some(granted) = granted {
                self.over_limit = Watch::from(&granted);
                self.limits = granted;
            }
        }
        if found == self.limits {
            return Ok(());
        }
        let finding = format!(
            "record {} found other limits on account {} than the records before it leave",
            message.id, self.account
        );
        Err(AuditError::violation(Rule::Sums, finding, [message.id]))
    }

    /// Takes what a record moves and grants.
    pub(super) fn take(
        &mut self,
        message: &StoredMessage,
        moved: &AccountMove,
    ) -> Result<(), AuditError> {
        if let MessageBody::Operation { done, .. } = &message.body {
            match &done.effect {
                OperationEffect::Granted { granted, .. } => {
                    self.limits = granted.put_into(&self.limits);
                }
                OperationEffect::AccountStatus { .. } => self.status = Some(message.id),
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
        let range = || out_of_range(self.account, message.id);
        let limits = self.limits.checked_apply(&moved.deltas);
        let pending = sum(&self.pending, &moved.pending);
        (self.limits, self.pending) = limits.zip(pending).ok_or_else(range)?;
        self.over_limit.step(message, moved, &self.limits);
        self.last = Some(message.id);
        Ok(())
    }

    /// The books have of the account what its records left of it.
    pub(super) fn check_arrival(&self, account: &Account) -> Result<(), AuditError> {
        if self.limits == account.limits && self.pending == account.pending {
            return Ok(());
        }
        let finding = self.difference(account);
        Err(AuditError::violation(Rule::Sums, finding, account.latest))
    }

    /// Where the books have not what the records say.
    fn difference(&self, account: &Account) -> String {
        for limit in LimitName::ALL {
            let (books, records) = (account.limits.get(limit), self.limits.get(limit));
            if books != records {
                return format!(
                    "account {}: the books have {} {books}, its records add up to {records}",
                    account.id,
                    limit.as_str()
                );
            }
            let (books, records) = (account.pending.get(limit), self.pending.get(limit));
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

pub(super) fn out_of_range(account: AccountId, id: RecordId) -> AuditError {
    let finding = format!("account {account}: the sum of its records leaves its range");
    AuditError::violation(Rule::Sums, finding, [id])
}
