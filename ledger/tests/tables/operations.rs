//! How the words of a line become an operation of an operator.

use ledger::Command;
use ledger::authorization::{ClearingKey, CustomAmount, MessageClass, MessageKey, TrackingId};
use ledger::entities::{AccountStatus, CardStatus, SuspendedModes};
use ledger::identifiers::{CardHash, CustomerId};
use ledger::operation::{Amount, Funds, GrantedLimits, Operation, OperationRequest};
use rules::{AccountId, ProcessingCode, ResetLimit};

use crate::clearings;
use crate::controls;
use crate::entities::{card, named, number, yes_or_no};
use crate::line::{self, Words};
use crate::support::match_key;
use crate::{purges, transfers};

/// The verbs of operations.
pub(crate) const VERBS: [&str; 18] = [
    "purge",
    "send",
    "refund-limit",
    "resolve",
    "reject",
    "adjust",
    "force",
    "cancel-force",
    "hold-funds",
    "release-funds",
    "transfer-funds",
    "grant",
    "account-status",
    "roll-back",
    "add-holder",
    "card-status",
    "activate",
    "suspend",
];

/// The tracking id that a line names.
pub(crate) fn tracking_id(words: &mut Words) -> Result<TrackingId, String> {
    words.need("id", number)
}

/// The operation of a line.
pub(crate) fn operation(verb: &str, words: &mut Words) -> Result<Command, String> {
    let tracking_id = tracking_id(words)?;
    // `because nothing` leaves the description out.
    let description = match words.take("because").as_deref() {
        Some("nothing") => String::new(),
        Some(text) => text.to_owned(),
        None => "as the table says".to_owned(),
    };
    let request = OperationRequest {
        tracking_id,
        operation: asked(verb, words)?,
        description,
        operator: words.take("by"),
    };
    Ok(Command::Operate {
        request: Box::new(request),
        stored: Vec::new(),
    })
}

fn asked(verb: &str, words: &mut Words) -> Result<Operation, String> {
    Ok(match verb {
        "send" => transfers::sent(words)?,
        "purge" => purges::ordered(words)?,
        "adjust" => Operation::Adjust(amount(words)?),
        "force" => Operation::Force(amount(words)?),
        "cancel-force" => Operation::CancelForce {
            of: words.need("of", number)?,
        },
        "hold-funds" => Operation::HoldFunds(funds(words)?),
        "release-funds" => Operation::ReleaseFunds(funds(words)?),
        "transfer-funds" => Operation::TransferFunds {
            funds: funds(words)?,
            processing_code: code(words)?,
        },
        "refund-limit" => Operation::RefundLimit {
            authorization: authorization(words)?,
            paid: words.need("paid", named::<ResetLimit>)?,
        },
        "grant" => Operation::ChangeLimits {
            account: account(words)?,
            limits: granted(words)?,
        },
        "account-status" => Operation::ChangeAccountStatus {
            account: account(words)?,
            status: words.need("status", named::<AccountStatus>)?,
            reason_id: words.read("reason", number)?,
        },
        "roll-back" => Operation::RollBackAccountStatus {
            account: account(words)?,
            reason_id: words.read("reason", number)?,
        },
        "add-holder" => Operation::AddHolder {
            account: account(words)?,
            customer: CustomerId(words.need("customer", number)?),
        },
        "card-status" => Operation::ChangeCardStatus {
            card: card_of(words)?,
            status: words.need("status", named::<CardStatus>)?,
        },
        "resolve" => Operation::ResolveClearing { item: item(words)? },
        "reject" => Operation::RejectClearing { item: item(words)? },
        "activate" => Operation::ActivateCard {
            card: card_of(words)?,
        },
        control if controls::VERBS.contains(&control) => controls::operation(control, words)?,
        _ => Operation::SuspendModes {
            card: card_of(words)?,
            suspended: SuspendedModes {
                credit: words.read("credit", yes_or_no)?.unwrap_or(false),
                debit: words.read("debit", yes_or_no)?.unwrap_or(false),
            },
        },
    })
}

/// The clearing of the work list that a line names.
fn item(words: &mut Words) -> Result<ClearingKey, String> {
    clearings::key("item", words)?.ok_or_else(|| "the word \"item\" is missing".to_owned())
}

/// `of 3 card A`, an authorization unless `class financial` is said, or `item 1`, a clearing.
fn authorization(words: &mut Words) -> Result<MessageKey, String> {
    if let Some(clearing) = clearings::key("item", words)? {
        return Ok(MessageKey::Clearing(clearing));
    }
    let class = words.read("class", |text| {
        (text == "financial").then_some(MessageClass::Financial)
    })?;
    let class = class.unwrap_or(MessageClass::Authorization);
    let card = card_of(words)?;
    Ok(match_key(card, class, words.need("of", number)?).into())
}

fn account(words: &mut Words) -> Result<AccountId, String> {
    Ok(AccountId(words.need("account", number)?))
}

fn card_of(words: &mut Words) -> Result<CardHash, String> {
    words.need("card", card)
}

fn code(words: &mut Words) -> Result<ProcessingCode, String> {
    words.need("code", number)
}

fn amount(words: &mut Words) -> Result<Amount, String> {
    Ok(Amount {
        account: account(words)?,
        amount_minor: words.need("amount", line::amount)?,
        processing_code: code(words)?,
        custom_amounts: words.read("custom", custom_amounts)?.unwrap_or_default(),
    })
}

/// `insurance=2.50,tax=0.01`.
fn custom_amounts(text: &str) -> Option<Vec<CustomAmount>> {
    let custom = |text: &str| {
        let (key, amount) = text.split_once('=')?;
        Some(CustomAmount {
            key: key.parse().ok()?,
            amount_minor: line::amount(amount)?,
        })
    };
    text.split(',').map(custom).collect()
}

fn funds(words: &mut Words) -> Result<Funds, String> {
    Ok(Funds {
        account: account(words)?,
        amount_minor: words.need("amount", line::amount)?,
        skip_balance: words.read("skip-balance", yes_or_no)?.unwrap_or(false),
        skip_status: words.read("skip-status", yes_or_no)?.unwrap_or(false),
    })
}

fn granted(words: &mut Words) -> Result<GrantedLimits, String> {
    let mut limit = |word| words.read(word, line::amount);
    Ok(GrantedLimits {
        max_credit_limit: limit("maximum")?,
        total_credit_limit: limit("total")?,
        total_installment_credit_limit: limit("instalments-total")?,
        withdrawal_credit_limit: limit("cash-total")?,
        total_overdraft_limit: limit("overdraft")?,
        over_limit_percentage_hundredths: limit("over-limit")?,
    })
}
