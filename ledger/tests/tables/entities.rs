//! How the words of a line become a customer, an account or a card.

use ledger::Command;
use ledger::entities::{
    Account, AccountStatus, Address, Card, CardFacts, CardKind, CardMode, CardStatus, Customer,
    CustomerKind, Expiry, SuspendedModes,
};
use ledger::identifiers::{CardHash, CustomerId, GroupId, Timestamp};
use rules::{AccountId, Currency, Limits};
use serde::de::DeserializeOwned;

use crate::line::{self, Words};
use crate::support::card_hash;
use crate::support::made::{self, dollar};

/// An instant as RFC 3339 writes it.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    Some(Timestamp(
        text.parse::<jiff::Timestamp>().ok()?.as_microsecond(),
    ))
}

pub(crate) fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A name as the stored form of the type writes it.
pub(crate) fn named<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(text.into()).ok()
}

pub(crate) fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

pub(crate) fn card(text: &str) -> Option<CardHash> {
    (text.len() <= 32).then(|| card_hash(text))
}

/// `customer 1`, `account 1 …` or `card A …`.
pub(crate) fn entity(verb: &str, subject: &str, words: &mut Words) -> Result<Command, String> {
    if verb == "card" {
        return issue_card(subject, words);
    }
    let id: u64 = subject
        .parse()
        .map_err(|error| format!("cannot read the number {subject:?}: {error}"))?;
    if verb == "account" {
        return open_account(id, words);
    }
    Ok(Command::CreateCustomer(Customer {
        id: CustomerId(id),
        kind: words.read("kind", named)?.unwrap_or(CustomerKind::Person),
        name: words.take("name").unwrap_or_else(|| "Ada".to_owned()),
        document_number: words
            .take("document")
            .unwrap_or_else(|| format!("D{id:04}")),
        is_active: words.read("active", yes_or_no)?.unwrap_or(true),
        address: words.take("postcode").map(|postal_code| Address {
            line: "1 High Street".to_owned(),
            postal_code,
        }),
    }))
}

fn open_account(id: u64, words: &mut Words) -> Result<Command, String> {
    let owner: u64 = words.read("owner", number)?.unwrap_or(1);
    let group: u64 = words.read("group", number)?.unwrap_or(owner);
    let program = words.need("program", number)?;
    let status = words
        .read("status", named)?
        .unwrap_or(AccountStatus::Normal);
    let currency: Option<Currency> = words.read("currency", number)?;
    let mut limit = |word: &str| Ok::<_, String>(words.read(word, line::amount)?.unwrap_or(0));
    let limits = Limits {
        max_credit_limit: limit("maximum")?,
        total_credit_limit: limit("total")?,
        available_credit_limit: limit("available")?,
        total_installment_credit_limit: limit("instalments-total")?,
        available_total_installment_credit: limit("instalments")?,
        withdrawal_credit_limit: limit("cash-total")?,
        available_withdrawal_credit: limit("cash")?,
        available_savings_account_limit: limit("savings")?,
        total_overdraft_limit: limit("overdraft")?,
        over_limit_percentage_hundredths: limit("over-limit")?,
        held_funds: limit("held")?,
        ..Limits::default()
    };
    let holder = |id: u64| vec![CustomerId(id)];
    Ok(Command::OpenAccount(Box::new(Account {
        owner: CustomerId(owner),
        holders: words.read("holder", number)?.map_or_else(Vec::new, holder),
        parent: words.read("parent", number)?.map(AccountId),
        group: GroupId(group),
        status,
        status_reason: words.read("reason", number)?,
        currency: currency.unwrap_or_else(dollar),
        ..made::account(id, program, limits)
    })))
}

fn issue_card(name: &str, words: &mut Words) -> Result<Command, String> {
    let hash = card(name).ok_or("the name of a card has at most 32 letters")?;
    let expiry = |text: &str| Expiry::try_from(number::<u16>(text)?).ok();
    let mode = match words.read("account", number)? {
        Some(account) => CardMode::Single(AccountId(account)),
        None => CardMode::Combo {
            credit: AccountId(words.need("credit", number)?),
            debit: AccountId(words.need("debit", number)?),
        },
    };
    let bin = |text: &str| text.as_bytes().try_into().ok();
    let made = made::card(hash, mode);
    Ok(Command::IssueCard(Card {
        facts: CardFacts {
            expiry: words.need("expiry", expiry)?,
            status: words.read("status", named)?.unwrap_or(CardStatus::Normal),
            kind: words.read("kind", named)?.unwrap_or(CardKind::Plastic),
            bin: Some(words.read("bin", bin)?.unwrap_or(*b"40000000")),
            holder: CustomerId(words.read("holder", number)?.unwrap_or(1)),
            suspended: SuspendedModes::default(),
            ..made.facts
        },
        ..made
    }))
}
