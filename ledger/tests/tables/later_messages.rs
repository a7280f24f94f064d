//! How the words of a line become a message about an earlier one, or about a card: reversals,
//! acknowledgements, file actions.

use ledger::Command;
use ledger::authorization::{
    AcknowledgementFacts, FileAction, FileActionFacts, Fingerprint, MessageClass, NetworkReference,
    ReversalFacts,
};

use crate::entities::{card, number};
use crate::line::{self, Words};
use crate::messages::{AllSent, de3, key, original};

/// `reverse …` (0400) or `advice …` (0420).
pub(crate) fn reversal(
    verb: &str,
    stan: u32,
    words: &mut Words,
    sent: &AllSent,
) -> Result<Command, String> {
    let of: Option<u32> = words.read("of", number)?;
    let known = of.and_then(|of| match &sent.get(&of)?.command {
        Command::Authorize { facts, .. } => Some((facts.key.card, facts.fingerprint)),
        Command::Reverse { facts, .. } => Some((facts.key.card, facts.fingerprint)),
        _ => None,
    });
    let (card, mut fingerprint) = match known {
        Some(known) => known,
        None => {
            let fingerprint = Fingerprint {
                processing_code: words.read("code", de3)?.unwrap_or(*b"000000"),
                amount_minor: 0,
                currency: None,
                billing_amount_minor: None,
            };
            (words.need("card", card)?, fingerprint)
        }
    };
    if let Some(amount_minor) = words.read("amount", line::amount)? {
        fingerprint.amount_minor = amount_minor;
    }
    if let Some(currency) = words.read("currency", number)? {
        fingerprint.currency = Some(currency);
    }
    let facts = ReversalFacts {
        key: key(stan, MessageClass::Reversal, card, words)?,
        fingerprint,
        original: of.map(|of| original(of, card, sent)),
        network_reference: words.read("reference", NetworkReference::new)?,
        advice: verb == "advice",
        replacement_minor: words.read("keeping", line::amount)?,
        retrieval_reference: words.take("rrn"),
        business_date: None,
    };
    Ok(Command::Reverse {
        facts: Box::new(facts),
        stored: Vec::new(),
    })
}

/// `acknowledge stan 1`: the network has the response to the message first sent under that STAN. `card` names
/// the card of one that was never sent.
pub(crate) fn acknowledgement(
    stan: u32,
    words: &mut Words,
    sent: &AllSent,
) -> Result<Command, String> {
    let card = words
        .read("card", card)?
        .unwrap_or_else(|| crate::support::card_hash(""));
    Ok(Command::Acknowledge {
        facts: AcknowledgementFacts {
            original: original(stan, card, sent),
        },
        stored: Vec::new(),
    })
}

/// `file-action stan 1 card A set LOST`, or `action delete`, `inquire`, `other`.
pub(crate) fn file_action(stan: u32, words: &mut Words) -> Result<Command, String> {
    let card = words.need("card", card)?;
    let named = |text: &str| match text {
        "delete" => Some(Some(FileAction::Delete)),
        "inquire" => Some(Some(FileAction::Inquire)),
        "other" => Some(None),
        _ => None,
    };
    let status = words.read("set", crate::entities::named)?;
    let action = match status.map(FileAction::Set) {
        Some(action) => Some(action),
        None => words.need("action", named)?,
    };
    Ok(Command::FileAction {
        facts: FileActionFacts {
            key: key(stan, MessageClass::FileAction, card, words)?,
            action,
            business_date: None,
        },
        stored: Vec::new(),
    })
}
