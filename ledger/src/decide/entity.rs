//! Creating customers, accounts and cards. The same command again has the same outcome and no record.

use rules::Deltas;

use super::limits::{self, NotGranted};
use super::{Context, status};
use crate::command::{EntityError, Outcome};
use crate::entities::{Account, Card, CardMode, Customer};
use crate::identifiers::{CustomerId, RecordId};
use crate::record::Record;
use crate::state::entities::content_hash;

fn created(record: Record) -> (Vec<Record>, Outcome) {
    (vec![record], Outcome::Created)
}

fn existed_as(same: bool) -> (Vec<Record>, Outcome) {
    let outcome = if same {
        Outcome::Created
    } else {
        Outcome::Rejected(EntityError::Taken)
    };
    (Vec::new(), outcome)
}

fn rejected(error: EntityError) -> (Vec<Record>, Outcome) {
    (Vec::new(), Outcome::Rejected(error))
}

pub(super) fn create_customer(context: Context<'_>, customer: &Customer) -> (Vec<Record>, Outcome) {
    if let Some(existing) = context.state.customer(customer.id) {
        return existed_as(existing.content == content_hash(customer));
    }
    created(Record::CustomerCreated(customer.clone()))
}

pub(super) fn open_account(context: Context<'_>, account: &Account) -> (Vec<Record>, Outcome) {
    if let Some(existing) = context.state.account(account.id) {
        // The group of an account with a parent is the parent's, whatever the command says.
        let same_group = account.parent.is_some() || existing.group == account.group;
        let same = (
            existing.program,
            existing.owner,
            existing.parent,
            existing.currency,
        ) == (
            account.program,
            account.owner,
            account.parent,
            account.currency,
        ) && same_group;
        return existed_as(same);
    }
    let Some(owner) = context.state.customer(account.owner) else {
        return rejected(EntityError::UnknownCustomer);
    };
    if !owner.is_active {
        return rejected(EntityError::InactiveOwner);
    }
    let known = |customer: &CustomerId| context.state.customer(*customer).is_some();
    if !account.holders.iter().all(known) {
        return rejected(EntityError::UnknownCustomer);
    }
    let Some(program) = context.rules.program(account.program) else {
        return rejected(EntityError::UnknownProgram);
    };
    if !status::is_in_use(context, &account.status) {
        return rejected(EntityError::UnknownStatus);
    }
    match limits::check(context, program, &account.limits, 0) {
        Ok(()) => {}
        Err(NotGranted::Order) => return rejected(EntityError::LimitOrder),
        Err(NotGranted::Program) => return rejected(EntityError::ProgramLimit),
    }
    let group = match account.parent {
        None => account.group,
        Some(parent) => match context.state.account(parent) {
            Some(parent) => parent.group,
            None => return rejected(EntityError::UnknownAccount),
        },
    };
    let mut account = Account {
        group,
        pending: Deltas::NONE,
        latest: None,
        reflects: RecordId::default(),
        ..account.clone()
    };
    account.opening = account.movable().map(Box::new);
    created(Record::AccountOpened(Box::new(account)))
}

pub(super) fn issue_card(context: Context<'_>, card: &Card) -> (Vec<Record>, Outcome) {
    if let Some(existing) = context.state.card(&card.hash) {
        return existed_as(*existing == card.facts);
    }
    if context.state.customer(card.facts.holder).is_none() {
        return rejected(EntityError::UnknownCustomer);
    }
    let group = |id| context.state.account(id).map(|account| account.group);
    let groups = match card.facts.mode {
        CardMode::Single(account) => (group(account), group(account)),
        CardMode::Combo { credit, debit } => (group(credit), group(debit)),
    };
    match groups {
        (Some(first), Some(second)) if first == second => created(Record::CardIssued(card.clone())),
        (Some(_), Some(_)) => rejected(EntityError::AcrossGroups),
        (None, _) | (_, None) => rejected(EntityError::UnknownAccount),
    }
}
