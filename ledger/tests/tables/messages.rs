//! How the words of a line become a request or an advice.

use std::collections::BTreeMap;

use ledger::Command;
use ledger::authorization::{
    AddressResult, Advice, ApprovalCode, Conversion, Fees, Fingerprint, MatchKey, MessageClass,
    NetworkReference, RequestFacts,
};
use ledger::identifiers::CardHash;
use rules::{AccountType, Currency, NetworkId};

use crate::controls;
use crate::entities::{card, number, yes_or_no};
use crate::line::{self, Words};
use crate::support::made::{self, dollar};
use crate::support::match_key;
use crate::world::Sent;

/// What was first sent under each STAN.
pub(crate) type AllSent = BTreeMap<u32, Sent>;

/// Words that make a message another message.
pub(crate) fn key(
    stan: u32,
    class: MessageClass,
    card: CardHash,
    words: &mut Words,
) -> Result<MatchKey, String> {
    let terminal = |text: &str| format!("{text:<8}").into_bytes().try_into().ok();
    let unsaid = match_key(card, class, stan);
    Ok(MatchKey {
        network: words
            .read("network", number)?
            .map_or(unsaid.network, NetworkId),
        transmission: words.read("sent", number)?.unwrap_or(unsaid.transmission),
        acquirer: words.read("acquirer", number)?.unwrap_or(unsaid.acquirer),
        terminal: words.read("terminal", terminal)?.unwrap_or(unsaid.terminal),
        ..unsaid
    })
}

/// DE3 from its first two digits or from all six.
pub(crate) fn de3(text: &str) -> Option<[u8; 6]> {
    if !matches!(text.len(), 2 | 6) {
        return None;
    }
    format!("{text:0<6}").into_bytes().try_into().ok()
}

/// `authorize …` (0100), `financial …` (0200) and the advices of both (0120, 0220).
pub(crate) fn request(
    verb: &str,
    stan: u32,
    words: &mut Words,
    sent: &AllSent,
) -> Result<Command, String> {
    let (mti, class) = match verb {
        "financial" => (200, MessageClass::Financial),
        "financial-advice" => (220, MessageClass::Financial),
        "authorization-advice" => (120, MessageClass::Authorization),
        _ => (100, MessageClass::Authorization),
    };
    let card = words.need("card", card)?;
    let code = if verb == "inquire" {
        words.read("code", de3)?.unwrap_or(*b"310000")
    } else {
        words.need("code", de3)?
    };
    let digits = String::from_utf8_lossy(&code).into_owned();
    let account_type = |range| digits.get(range).and_then(AccountType::parse);
    account_type(2..4).ok_or("unknown from-account in the code")?;
    account_type(4..6).ok_or("unknown to-account in the code")?;
    let key = key(stan, class, card, words)?;
    let currency = words.read("currency", number)?.unwrap_or_else(dollar);
    let fingerprint = Fingerprint {
        processing_code: code,
        amount_minor: words.read("amount", line::amount)?.unwrap_or(0),
        currency: (verb != "inquire").then_some(currency),
        billing_amount_minor: words.read("billed", line::amount)?,
    };
    let mut facts = made::request(key, fingerprint);
    facts.mti = words.read("mti", number)?.unwrap_or(mti);
    if matches!(verb, "authorization-advice" | "financial-advice") {
        facts.advice = Some(said(words)?);
    }
    contents(&mut facts, words)?;
    relations(&mut facts, words, sent)?;
    Ok(Command::Authorize {
        facts: Box::new(facts),
        stored: Vec::new(),
    })
}

/// What the network decided: `said 05`; an advice that does not say was approved.
fn said(words: &mut Words) -> Result<Advice, String> {
    let response_code: Option<rules::ResponseCode> = words.read("said", number)?;
    let approved = response_code.is_none_or(|code| matches!(code.as_str(), "00" | "10" | "85"));
    Ok(Advice {
        response_code,
        approved,
    })
}

/// What the message says beside its key and its fingerprint.
fn contents(facts: &mut RequestFacts, words: &mut Words) -> Result<(), String> {
    let yes = |words: &mut Words, word| words.read(word, yes_or_no);
    facts.expiry_yymm = words.read("expiry", number)?;
    facts.mcc = words.read("mcc", number)?;
    facts.installments = words.read("instalments", number)?.unwrap_or(1);
    facts.cashback_minor = words.read("cashback", line::amount)?;
    facts.billing_currency = words.read("billed-currency", number)?;
    facts.retrieval_reference = words.take("rrn");
    facts.card_acceptor_name = words.take("merchant");
    facts.domestic = yes(words, "domestic")?.unwrap_or(true);
    facts.pre_authorization = yes(words, "preauthorization")?.unwrap_or(false);
    facts.recurring = yes(words, "recurring")?.unwrap_or(false);
    facts.partial_capable = yes(words, "partial")?.unwrap_or(false);
    controls::circumstances(facts, words)?;
    facts.address_result = words.read("address", address)?;
    facts.fees = Fees {
        transaction_minor: words.read("fee", line::amount)?,
        settlement_minor: words.read("settlement-fee", line::amount)?,
        transaction_processing_minor: words.read("processing-fee", line::amount)?,
        settlement_processing_minor: words.read("settlement-processing-fee", line::amount)?,
    };
    let settlement_currency: Option<Currency> = words.read("settled-currency", number)?;
    facts.conversion = Conversion {
        settlement_amount_minor: words.read("settled", line::amount)?,
        settlement_currency,
        settlement_rate: words.read("settlement-rate", number)?,
        billing_rate: words.read("billing-rate", number)?,
    };
    Ok(())
}

fn address(text: &str) -> Option<AddressResult> {
    match text {
        "both" => Some(AddressResult::Both),
        "address-only" => Some(AddressResult::AddressOnly),
        "postal-code-only" => Some(AddressResult::PostalCodeOnly),
        "neither" => Some(AddressResult::Neither),
        "unavailable" => Some(AddressResult::Unavailable),
        _ => None,
    }
}

/// Which message it belongs to: `raising 1`, `of 1`, `reference R`, `code-of 1`, `approval ABC123`.
fn relations(facts: &mut RequestFacts, words: &mut Words, sent: &AllSent) -> Result<(), String> {
    let raising: Option<u32> = words.read("raising", number)?;
    let of: Option<u32> = words.read("of", number)?;
    let incremental = words.read("incremental", yes_or_no)?.unwrap_or(false);
    facts.incremental = incremental || raising.is_some();
    facts.original = raising
        .or(of)
        .map(|stan| original(stan, facts.key.card, sent));
    facts.network_reference = words.read("reference", NetworkReference::new)?;
    let code = |text: &str| Some(ApprovalCode(text.as_bytes().try_into().ok()?));
    let said = words.read("approval", code)?;
    let code_of: Option<u32> = words.read("code-of", number)?;
    facts.approval_code = match code_of {
        Some(stan) => approval_code(stan, sent)?,
        None => said,
    };
    Ok(())
}

/// The key of what was first sent under a STAN; of an authorization that never was, where nothing was.
pub(crate) fn original(stan: u32, card: CardHash, sent: &AllSent) -> MatchKey {
    let first = sent.get(&stan).and_then(|sent| sent.command.network_key());
    first.unwrap_or_else(|| match_key(card, MessageClass::Authorization, stan))
}

pub(crate) fn approval_code(stan: u32, sent: &AllSent) -> Result<Option<ApprovalCode>, String> {
    let decided = sent.get(&stan).and_then(|sent| sent.decided);
    let decided = decided.ok_or_else(|| format!("nothing was answered under stan {stan}"))?;
    Ok(decided.answer.approval_code)
}

/// What network messages have in common.
pub(crate) trait NetworkMessage {
    /// The match key.
    fn network_key(&self) -> Option<MatchKey>;
}

impl NetworkMessage for Command {
    fn network_key(&self) -> Option<MatchKey> {
        match self {
            Self::Authorize { facts, .. } => Some(facts.key),
            Self::Reverse { facts, .. } => Some(facts.key),
            Self::FileAction { facts, .. } => Some(facts.key),
            Self::Acknowledge { facts, .. } => Some(facts.original),
            _ => None,
        }
    }
}
