//! How the words of a line become a command.

use std::collections::BTreeMap;

use ledger::Command;
use ledger::authorization::{
    Clearing, Fingerprint, MatchKey, MessageClass, RequestFacts, ReversalFacts,
};
use ledger::entities::{
    Account, AccountStatus, Card, CardFacts, CardMode, CardStatus, Customer, CustomerKind, Expiry,
};
use ledger::identifiers::{CardHash, CustomerId, GroupId, RecordId, Timestamp};
use rules::{AccountId, AccountType, Currency, Deltas, Limits, NetworkId, ProgramId};
use serde::de::DeserializeOwned;

use crate::line::{self, Words};
use crate::support::{card_hash, match_key};
use crate::world::Sent;

/// An instant as RFC 3339 writes it.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    Some(Timestamp(
        text.parse::<jiff::Timestamp>().ok()?.as_microsecond(),
    ))
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A name as the stored form of the type writes it.
fn named<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(text.into()).ok()
}

fn card(text: &str) -> Option<CardHash> {
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
        ..Limits::default()
    };
    Ok(Command::OpenAccount(Account {
        id: AccountId(id),
        program: ProgramId(program),
        owner: CustomerId(owner),
        group: GroupId(group),
        status,
        currency: currency.unwrap_or_else(dollar),
        limits,
        pending: Deltas::NONE,
        latest: None,
        reflects: RecordId::default(),
    }))
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
    Ok(Command::IssueCard(Card {
        hash,
        masked_pan: "400000******0016".to_owned(),
        encrypted_pan: vec![1, 2, 3],
        facts: CardFacts {
            expiry: words.need("expiry", expiry)?,
            status: words.read("status", named)?.unwrap_or(CardStatus::Normal),
            mode,
            holder: CustomerId(words.read("holder", number)?.unwrap_or(1)),
        },
    }))
}

fn dollar() -> Currency {
    "840".parse().unwrap()
}

/// Words that make a message another message.
fn key(
    stan: u32,
    class: MessageClass,
    card: CardHash,
    words: &mut Words,
) -> Result<MatchKey, String> {
    let terminal = |text: &str| format!("{text:<8}").into_bytes().try_into().ok();
    let unsaid = match_key(card, class, stan);
    Ok(MatchKey {
        transmission: words.read("sent", number)?.unwrap_or(unsaid.transmission),
        acquirer: words.read("acquirer", number)?.unwrap_or(unsaid.acquirer),
        terminal: words.read("terminal", terminal)?.unwrap_or(unsaid.terminal),
        network: words
            .read("network", number)?
            .map_or(unsaid.network, NetworkId),
        ..unsaid
    })
}

/// DE3 from its first two digits or from all six.
fn de3(text: &str) -> Option<[u8; 6]> {
    if !matches!(text.len(), 2 | 6) {
        return None;
    }
    format!("{text:0<6}").into_bytes().try_into().ok()
}

/// `authorize …` (01xx) or `financial …` (02xx).
pub(crate) fn request(
    stan: u32,
    class: MessageClass,
    words: &mut Words,
) -> Result<Command, String> {
    let card = words.need("card", card)?;
    let processing_code = words.need("code", de3)?;
    let digits = String::from_utf8_lossy(&processing_code).into_owned();
    let account_type = |range| digits.get(range).and_then(AccountType::parse);
    let facts = RequestFacts {
        key: key(stan, class, card, words)?,
        fingerprint: Fingerprint {
            processing_code,
            amount_minor: words.read("amount", line::amount)?.unwrap_or(0),
            currency: Some(words.read("currency", number)?.unwrap_or_else(dollar)),
            billing_amount_minor: words.read("billed", line::amount)?,
        },
        clearing: match class {
            MessageClass::Financial => Clearing::Online,
            MessageClass::Authorization | MessageClass::Reversal => Clearing::Offline,
        },
        processing_code: digits
            .get(..2)
            .unwrap_or_default()
            .parse()
            .map_err(|error| format!("code {digits:?}: {error}"))?,
        from_account: account_type(2..4).ok_or("unknown from-account in the code")?,
        to_account: account_type(4..6).ok_or("unknown to-account in the code")?,
        expiry_yymm: words.read("expiry", number)?,
        mcc: words.read("mcc", number)?,
        entry_mode: None,
        installments: words.read("instalments", number)?.unwrap_or(1),
        cashback_minor: words.read("cashback", line::amount)?,
        billing_currency: words.read("billed-currency", number)?,
        retrieval_reference: words.take("rrn"),
        card_acceptor: None,
        card_acceptor_name: None,
    };
    Ok(Command::Authorize {
        facts: Box::new(facts),
        stored: None,
    })
}

/// `inquire …`: a balance inquiry, code 31 without an amount and a currency.
pub(crate) fn inquiry(stan: u32, words: &mut Words) -> Result<Command, String> {
    words.give("code", "310000");
    let mut command = request(stan, MessageClass::Authorization, words)?;
    if let Command::Authorize { facts, .. } = &mut command {
        facts.fingerprint.currency = None;
    }
    Ok(command)
}

/// `reverse …` (0400) or `advice …` (0420).
pub(crate) fn reversal(
    stan: u32,
    advice: bool,
    words: &mut Words,
    sent: &BTreeMap<u32, Sent>,
) -> Result<Command, String> {
    let of: u32 = words.need("of", number)?;
    let known = sent.get(&of).map(|sent| match &sent.command {
        Command::Authorize { facts, .. } => (facts.key, facts.fingerprint),
        Command::Reverse { facts, .. } => (facts.key, facts.fingerprint),
        _ => unreachable!("only messages are sent"),
    });
    let (original, mut fingerprint) = match known {
        Some(known) => known,
        None => {
            let card = words.need("card", card)?;
            let fingerprint = Fingerprint {
                processing_code: *b"000000",
                amount_minor: 0,
                currency: None,
                billing_amount_minor: None,
            };
            (
                match_key(card, MessageClass::Authorization, of),
                fingerprint,
            )
        }
    };
    if let Some(amount_minor) = words.read("amount", line::amount)? {
        fingerprint.amount_minor = amount_minor;
    }
    if let Some(currency) = words.read("currency", number)? {
        fingerprint.currency = Some(currency);
    }
    let facts = ReversalFacts {
        key: key(stan, MessageClass::Reversal, original.card, words)?,
        fingerprint,
        original,
        advice,
        replacement_minor: words.read("keeping", line::amount)?,
        retrieval_reference: words.take("rrn"),
    };
    Ok(Command::Reverse {
        facts: Box::new(facts),
        stored: None,
        stored_original: None,
    })
}
