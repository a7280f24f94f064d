//! Creating customers, accounts and cards. The same command again has the same outcome and no record.

use rules::Deltas;

use super::Context;
use crate::command::{EntityError, Outcome};
use crate::entities::{Account, Card, CardMode, Customer};
use crate::identifiers::RecordId;
use crate::record::Record;
use crate::state::content_hash;

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
        return existed_as(existing == content_hash(customer));
    }
    created(Record::CustomerCreated(customer.clone()))
}

pub(super) fn open_account(context: Context<'_>, account: &Account) -> (Vec<Record>, Outcome) {
    if let Some(existing) = context.state.account(account.id) {
        let same = (
            existing.program,
            existing.owner,
            existing.group,
            existing.currency,
        ) == (
            account.program,
            account.owner,
            account.group,
            account.currency,
        );
        return existed_as(same);
    }
    if context.state.customer(account.owner).is_none() {
        return rejected(EntityError::UnknownCustomer);
    }
    if context.rules.program(account.program).is_none() {
        return rejected(EntityError::UnknownProgram);
    }
    if account.limits.total_credit_limit > account.limits.max_credit_limit {
        return rejected(EntityError::LimitOrder);
    }
    let mut account = account.clone();
    (account.pending, account.latest, account.reflects) = (Deltas::NONE, None, RecordId::default());
    created(Record::AccountOpened(account))
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
