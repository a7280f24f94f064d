//! How the words of a line become a clearing, and how clearings are shown.

use ledger::Command;
use ledger::authorization::{
    AcquirerReference, ApprovalCode, ClearingDecided, ClearingFacts, ClearingKey, ClearingKind,
    NetworkReference,
};
use ledger::command::{ClearedAs, Outcome};
use rules::{AccountType, ClearingAction, Currency, NetworkId};

use crate::entities::{card, number, yes_or_no};
use crate::line::{self, Words};
use crate::messages::{AllSent, approval_code, de3};
use crate::shown;
use crate::support::made::dollar;
use crate::world::Came;

/// `clearing 1`, `clearing 1 file DAY2`: the first day's file unless said.
pub(crate) fn key(word: &str, words: &mut Words) -> Result<Option<ClearingKey>, String> {
    let Some(record) = words.read(word, number)? else {
        return Ok(None);
    };
    let file = words.read("file", number)?;
    Ok(Some(ClearingKey {
        file: file.unwrap_or_else(|| "DAY1".parse().unwrap()),
        record,
    }))
}

/// `present clearing 1 …` or `undo clearing 1 …`.
pub(crate) fn clearing(verb: &str, words: &mut Words, sent: &AllSent) -> Result<Command, String> {
    let key = key("clearing", words)?.ok_or("the word \"clearing\" is missing")?;
    let code = words.need("code", de3)?;
    let digits = String::from_utf8_lossy(&code).into_owned();
    let account_type = |range| digits.get(range).and_then(AccountType::parse);
    let code_of: Option<u32> = words.read("code-of", number)?;
    let approval = |text: &str| Some(ApprovalCode(text.as_bytes().try_into().ok()?));
    let said = words.read("approval", approval)?;
    let billed = words.read("billed", line::amount)?;
    let billed_currency: Option<Currency> = words.read("billed-currency", number)?;
    let arn = |text: &str| AcquirerReference::new(&format!("{text:0>23}"));
    let facts = ClearingFacts {
        key,
        network: NetworkId(words.read("network", number)?.unwrap_or(1)),
        card: words.need("card", card)?,
        kind: if verb == "undo" {
            ClearingKind::Reversal
        } else {
            ClearingKind::Presentment
        },
        processing_code: digits
            .get(..2)
            .and_then(number)
            .ok_or("cannot read the code")?,
        from_account: account_type(2..4).ok_or("unknown from-account in the code")?,
        to_account: account_type(4..6).ok_or("unknown to-account in the code")?,
        amount_minor: words.need("amount", line::amount)?,
        currency: words.read("currency", number)?.unwrap_or_else(dollar),
        billing: billed.map(|minor| (minor, billed_currency.unwrap_or_else(dollar))),
        fee_minor: words.read("fee", line::amount)?,
        mcc: words.read("mcc", number)?,
        installments: words.read("instalments", number)?.unwrap_or(1),
        is_final: words.read("final", yes_or_no)?.unwrap_or(true),
        processing_date: words.read("processed", number)?,
        network_reference: words.read("reference", NetworkReference::new)?,
        approval_code: match code_of {
            Some(stan) => approval_code(stan, sent)?,
            None => said,
        },
        retrieval_reference: words.take("rrn"),
        acquirer_reference: words.read("arn", arn)?,
        card_acceptor: words.take("acceptor"),
    };
    Ok(Command::Clear {
        facts: Box::new(facts),
        stored: Vec::new(),
    })
}

/// What came of a clearing.
pub(crate) fn came(came: &Came) -> String {
    match came {
        Came::Of(Outcome::Cleared(cleared), recorded) if *recorded != cleared.repeat => {
            outcome(cleared)
        }
        Came::Of(Outcome::OtherClearing, false) => "other clearing".to_owned(),
        other => shown::entity(other),
    }
}

fn outcome(cleared: &ClearedAs) -> String {
    let verdict = match cleared.verdict {
        ClearingAction::Post => "posted",
        ClearingAction::Hold => "held",
        ClearingAction::Reject => "rejected",
    };
    let mut shown = verdict.to_owned();
    if cleared.repeat {
        shown += " again";
    }
    for reason in &cleared.reasons {
        shown += " ";
        shown += reason.as_str();
    }
    shown
}

/// The record of a clearing.
pub(crate) fn record(decided: &ClearingDecided) -> String {
    let result = decided.result.as_str();
    let change = decided
        .cleared()
        .filter(|cleared| !cleared.refunds())
        .and_then(|cleared| cleared.change.as_ref());
    let made = change.map_or_else(String::new, |change| {
        format!(" made it {}", change.status.as_str())
    });
    format!("{result}{made} moves {}", shown::moves(&decided.moves))
}
