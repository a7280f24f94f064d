//! Transaction types and the flows that link operations to them (transaction types and flows of the
//! transactions API): their part of `processing-codes.toml`.

use std::collections::BTreeMap;

use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use crate::{AmountKey, BalanceImpact, CustomKey, ErrorCode, TransactionTypeLink};

table! {
    /// A transaction type.
    TransactionTypeTable {
        /// Number, from 1, unique.
        required transaction_type_id: i64,
        /// What the statement says, at most 30 characters.
        required description: String,
        /// Whether it adds to the account.
        required credit: bool,
    }
}

table! {
    /// Which amount goes to which transaction type.
    LinkTable {
        /// A transaction type of the list.
        required transaction_type_id: i64,
        /// Which amount it posts. PRINCIPAL and CONTRACT exclude each other.
        required key: AmountKey,
        /// The custom amount it posts, such as transaction_fee; with key OTHER, always and only there.
        optional custom_key: CustomKey,
    }
}

/// Longest description of a transaction type, in characters: it stands on the statement.
const TYPE_CHARACTERS: usize = 30;
const RIGHT_LIST: &str = "a list of tables";

/// The transaction types that links refer to.
#[derive(Debug, Default)]
pub(super) struct TransactionTypes {
    /// Description and whether it is a credit.
    by_id: BTreeMap<u32, (String, bool)>,
    /// Some type could not be read, so a missing one may be that.
    unsure: bool,
}

/// Checks the list of transaction types.
pub(super) fn transaction_types(
    report: &mut Report<'_>,
    list: Given<Vec<Given<TransactionTypeTable>>>,
) -> TransactionTypes {
    let key = "transaction_types";
    let list = report.optional(list, key, RIGHT_LIST).unwrap_or_default();
    let mut types = TransactionTypes::default();
    for (key, table) in report.tables(list, key) {
        let id_key = join(&key, "transaction_type_id");
        let id = report.required_number(table.transaction_type_id, &id_key, &(1..=u32::MAX));
        let description = report.text(
            table.description,
            &join(&key, "description"),
            TYPE_CHARACTERS,
        );
        let credit = report.required(table.credit, &join(&key, "credit"), "true or false");
        let (Some(id), Some(description), Some(credit)) = (id, description, credit) else {
            types.unsure = true;
            continue;
        };
        if types.by_id.insert(id, (description, credit)).is_some() {
            report.error(
                &id_key,
                format!("transaction type {id} is listed twice; keep one"),
            );
        }
    }
    types
}

/// The transaction types one side posts. Their sign is that of the side.
pub(super) fn links(
    report: &mut Report<'_>,
    list: Given<Vec<Given<LinkTable>>>,
    key: &str,
    impact: Option<BalanceImpact>,
    types: &TransactionTypes,
) -> Vec<TransactionTypeLink> {
    let list = match list {
        Given::Absent => Vec::new(),
        Given::Good(_) | Given::Bad(_) => match report.optional(list, key, RIGHT_LIST) {
            Some(list) => list,
            None => return Vec::new(),
        },
    };
    match (impact, list.is_empty()) {
        (Some(BalanceImpact::None), false) => {
            report.error(
                key,
                "an operation that moves nothing posts nothing; leave it out",
            );
        }
        (Some(BalanceImpact::Debit | BalanceImpact::Credit), true) => {
            let right = "at least { transaction_type_id = 101, key = \"PRINCIPAL\" }";
            report.error(key, format!("missing; write {right}"));
        }
        (Some(_) | None, _) => {}
    }
    let mut links: Vec<TransactionTypeLink> = Vec::new();
    for (key, table) in report.tables(list, key) {
        let Some(link) = link(report, table, &key, impact, types) else {
            continue;
        };
        if links
            .iter()
            .any(|other| other.transaction_type_id == link.transaction_type_id)
        {
            let reason = "the transaction type is linked twice; keep one";
            report.error_of_code(ErrorCode::Etrc04004, &key, reason);
        }
        let amount = (link.key, &link.custom_key);
        if links
            .iter()
            .any(|other| (other.key, &other.custom_key) == amount)
        {
            let reason = "the amount key is linked twice; keep one";
            report.error_of_code(ErrorCode::Etrc04003, &key, reason);
        }
        if links
            .iter()
            .any(|other| exclude_each_other(other.key, link.key))
        {
            let reason = "PRINCIPAL and CONTRACT exclude each other; keep one";
            report.error_of_code(ErrorCode::Etrc04005, &key, reason);
        }
        links.push(link);
    }
    links
}

/// The contract amount contains the principal: both together would post it twice.
fn exclude_each_other(one: AmountKey, other: AmountKey) -> bool {
    matches!(
        (one, other),
        (AmountKey::Principal, AmountKey::Contract) | (AmountKey::Contract, AmountKey::Principal)
    )
}

fn link(
    report: &mut Report<'_>,
    table: LinkTable,
    key: &str,
    impact: Option<BalanceImpact>,
    types: &TransactionTypes,
) -> Option<TransactionTypeLink> {
    let id_key = join(key, "transaction_type_id");
    let id = report.required_number(table.transaction_type_id, &id_key, &(1..=u32::MAX));
    let right = "\"PRINCIPAL\", \"INSTALLMENT\", \"CONTRACT\" or \"OTHER\"";
    let amount_key = report.required(table.key, &join(key, "key"), right);
    let custom_key = custom_key(report, table.custom_key, amount_key, key);
    let (id, amount_key, custom_key) = (id?, amount_key?, custom_key?);
    let Some((description, credit)) = types.by_id.get(&id) else {
        if !types.unsure {
            report.error(
                &id_key,
                format!("{id} is not in transaction_types; list it there"),
            );
        }
        return None;
    };
    let expected = match impact {
        Some(BalanceImpact::Debit) => false,
        Some(BalanceImpact::Credit) => true,
        // Reported for the list, or for the direction itself.
        Some(BalanceImpact::None) | None => *credit,
    };
    if *credit != expected {
        let reason = format!("type {id} has credit = {credit}; take one with credit = {expected}");
        report.error_of_code(ErrorCode::Etrc04006, &id_key, reason);
    }
    Some(TransactionTypeLink {
        transaction_type_id: id,
        description: description.clone(),
        credit: *credit,
        key: amount_key,
        custom_key,
    })
}

/// The custom key of a link: with OTHER always, with any other key never. `None` where it is not right.
#[expect(clippy::option_option, reason = "not right, and rightly absent")]
fn custom_key(
    report: &mut Report<'_>,
    given: Given<CustomKey>,
    amount_key: Option<AmountKey>,
    key: &str,
) -> Option<Option<CustomKey>> {
    let key = join(key, "custom_key");
    let right = "a text of 1 to 200 characters, such as \"transaction_fee\"";
    match (amount_key, given) {
        (_, Given::Bad(_)) => {
            let reason = format!("no custom key; write {right}");
            report.error_of_code(ErrorCode::Wtrc04005, &key, reason);
            None
        }
        (Some(AmountKey::Other), Given::Absent) => {
            let reason = format!("missing with key OTHER; write {right}");
            report.error_of_code(ErrorCode::Wtrc04004, &key, reason);
            None
        }
        (
            Some(AmountKey::Principal | AmountKey::Installment | AmountKey::Contract),
            Given::Good(_),
        ) => {
            let reason = "only key OTHER has one; leave it out";
            report.error_of_code(ErrorCode::Wtrc04006, &key, reason);
            None
        }
        (_, Given::Good(custom)) => Some(Some(custom)),
        (_, Given::Absent) => Some(None),
    }
}
