//! The words of flex controls: what a request says for them, the operations on them, what they counted.

use std::path::Path;

use ledger::Record;
use ledger::authorization::RequestFacts;
use ledger::operation::{ControlDocument, Operation};
use rules::{
    AccountId, AccumulatorKey, AccumulatorOwner, AuthenticationMethod, ControlId, ControlTarget,
    Country, CustomerId, InitiationMode,
};

use crate::entities::{card, number, yes_or_no};
use crate::line::{self, Words};
use crate::world::World;

/// The verbs of operations on controls.
pub(crate) const VERBS: [&str; 4] = [
    "create-control",
    "change-control",
    "delete-control",
    "set-available",
];

/// What a request says of its circumstances.
pub(crate) fn circumstances(facts: &mut RequestFacts, words: &mut Words) -> Result<(), String> {
    let yes = |words: &mut Words, word| words.read(word, yes_or_no);
    let pin = yes(words, "pin")?;
    facts.entry_mode = words.take("entry-mode");
    facts.card_acceptor = words.take("merchant-id");
    let told = &mut facts.circumstances;
    told.country = words.read("country", Country::from_alpha3)?;
    told.acquirer_country = words.read("acquirer-country", Country::from_alpha3)?;
    told.is_physical_card_present = yes(words, "present")?;
    told.is_pin_validated_offline = yes(words, "offline-pin")?;
    told.is_token_present = yes(words, "token")?;
    told.is_password_present = pin;
    told.authentication_method = pin
        .filter(|pin| *pin)
        .map(|_| AuthenticationMethod::Password);
    told.initiation_mode = words.read("initiated", |text| match text {
        "moto" => Some(InitiationMode::Moto),
        "mit" => Some(InitiationMode::Mit),
        _ => None,
    })?;
    told.beneficiary = words.take("beneficiary");
    Ok(())
}

/// The operation of a line.
pub(crate) fn operation(verb: &str, words: &mut Words) -> Result<Operation, String> {
    Ok(match verb {
        "create-control" => Operation::CreateControl(document(words)?),
        "change-control" => Operation::ChangeControl(document(words)?),
        "delete-control" => Operation::DeleteControl {
            control: words.need("control", number)?,
        },
        _ => Operation::SetAvailableLimit {
            control: words.need("control", number)?,
            account: AccountId(words.need("account", number)?),
            card: words.read("card", card)?,
            available: words.need("left", number)?,
        },
    })
}

/// `control NAME` is the document `tables/controls/NAME.json`.
fn document(words: &mut Words) -> Result<ControlDocument, String> {
    let name: String = words.need("control", number)?;
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/controls");
    let path = directory.join(format!("{name}.json"));
    let json = std::fs::read_to_string(&path);
    let json = json.map_err(|error| format!("{}: {error}", path.display()))?;
    let account: Option<u64> = words.read("account", number)?;
    let customer: Option<u64> = words.read("customer", number)?;
    let program: Option<u32> = words.read("program", number)?;
    let target = match (words.read("card", card)?, customer, account, program) {
        (Some(hash), ..) => ControlTarget::Card(rules::CardHash(hash.0)),
        (None, Some(customer), Some(account), _) => ControlTarget::Customer {
            customer: CustomerId(customer),
            account: AccountId(account),
        },
        (None, _, Some(account), _) => ControlTarget::Account(AccountId(account)),
        (None, _, None, Some(program)) => ControlTarget::Program(rules::ProgramId(program)),
        (None, _, None, None) => return Err("whom the control is for is missing".to_owned()),
    };
    Ok(ControlDocument { target, json })
}

/// What a control has counted: `counted control night account 1`.
pub(crate) fn counted(world: &World, words: &mut Words) -> Result<String, String> {
    let control: ControlId = words.need("control", number)?;
    let account: Option<u64> = words.read("account", number)?;
    let customer: Option<u64> = words.read("customer", number)?;
    let owner = match (words.read("card", card)?, customer, account) {
        (Some(hash), ..) => AccumulatorOwner::Card(rules::CardHash(hash.0)),
        (None, Some(customer), _) => AccumulatorOwner::Customer(CustomerId(customer)),
        (None, None, Some(account)) => AccumulatorOwner::Account(AccountId(account)),
        (None, None, None) => return Err("whose operations is missing".to_owned()),
    };
    let key = AccumulatorKey { control, owner };
    let counted = world.books.views().accumulator(&key);
    let Some(counted) = counted.map_err(|error| error.to_string())? else {
        return Ok("nothing".to_owned());
    };
    let accumulator = counted.accumulator;
    let from = jiff::Timestamp::from_microsecond(accumulator.period.start_us);
    let from = from.map_or_else(|_| "ever".to_owned(), |from| from.to_string());
    let resets = match accumulator.period.resets {
        0 => String::new(),
        resets => format!(" resets {resets}"),
    };
    Ok(format!(
        "{} operations {} from {from}{resets}",
        line::show(accumulator.amount_minor),
        accumulator.count
    ))
}

/// What the control that denies says.
pub(crate) fn denial(record: &Record) -> Result<String, String> {
    let decided = record.decided().ok_or("it is no request or advice")?;
    let Some(denial) = &decided.denial else {
        return Ok("none".to_owned());
    };
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    Ok(format!(
        "{} {:?} {} {} {}",
        denial.control,
        denial.cause,
        or_none(denial.deny_code.clone()),
        or_none(denial.response_code.map(|code| code.to_string())),
        or_none(denial.custom_code.map(|code| code.to_string())),
    ))
}

/// The controls made for an account: `controls account 1`.
pub(crate) fn controls(world: &World, words: &mut Words) -> Result<String, String> {
    let account = AccountId(words.need("account", number)?);
    let target = ControlTarget::Account(account);
    let made = world.books.views().controls_of(target);
    let made = made.map_err(|error| error.to_string())?;
    let ids: Vec<String> = made
        .iter()
        .map(|control| control.id().to_string())
        .collect();
    Ok(if ids.is_empty() {
        "none".to_owned()
    } else {
        ids.join(" ")
    })
}
