//! `organization.toml`: the organization's name, the statuses its accounts can have beside the
//! predefined ones, and the reasons for a status (accounts API).

use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::{Document, ErrorCode, RuleError};
use crate::organization::PREDEFINED;
use crate::snapshot::Tables;
use crate::{AccountStatusRule, AllowedOperations, Organization, StatusReason};

table! {
    /// The organization.
    OrganizationTable {
        /// Its name, at most 50 characters.
        required name: String,
        /// Statuses of accounts, beside NORMAL, BLOCKED, DEBIT_ONLY, CANCELLED and STAND-BY.
        optional account_statuses: Vec<Given<AccountStatusTable>>,
        /// Reasons that a status is given for.
        optional account_status_reasons: Vec<Given<StatusReasonTable>>,
    }
}

table! {
    /// A status that an account can have.
    AccountStatusTable {
        /// 1 to 40 capitals, _ and -, unique.
        required name: String,
        /// What an account with this status may do.
        required allowed_operations: AllowedOperations,
        /// Whether it is the last, which can only be rolled back; default false.
        optional is_final: bool,
        /// Whether an account may be given it; default true. An account that has it keeps it.
        optional is_active: bool,
    }
}

table! {
    /// Why an account has a status.
    StatusReasonTable {
        /// Number, from 1, unique.
        required reason_id: i64,
        /// Name, at most 60 characters.
        required name: String,
        /// What it means, at most 80 characters.
        required description: String,
        /// What an account may do with it; the stricter of this and the status counts. Missing: what
        /// the status says.
        optional allowed_operations: AllowedOperations,
        /// Whether it may be given; default true.
        optional is_active: bool,
    }
}

/// Longest name of an organization, in characters.
const NAME_CHARACTERS: usize = 50;
/// Longest name of a status.
const STATUS_CHARACTERS: usize = 40;
/// Longest name and description of a reason, in characters.
const REASON_NAME_CHARACTERS: usize = 60;
const REASON_CHARACTERS: usize = 80;

const RIGHT_OPERATIONS: &str =
    "\"ALL_OPERATIONS\", \"CREDIT_ONLY\", \"DEBIT_ONLY\" or \"NO_OPERATIONS\"";
const RIGHT_LIST: &str = "a list of tables";
const RIGHT_FLAG: &str = "true or false";

/// Checks the file and takes what it says in the place of the defaults.
pub(super) fn read(document: &Document, tables: &mut Tables, errors: &mut Vec<RuleError>) {
    let (mut report, table) = Report::open::<OrganizationTable>(document, errors);
    let Some(table) = table else { return };
    let organization = &mut tables.organization;
    organization.name = report.text(table.name, "name", NAME_CHARACTERS);

    let key = "account_statuses";
    let list = report.optional(table.account_statuses, key, RIGHT_LIST);
    for (key, table) in report.tables(list.unwrap_or_default(), key) {
        if let Some(status) = status(&mut report, table, &key, organization) {
            let name = status.name.clone();
            organization.account_statuses.insert(name, status);
        }
    }

    let key = "account_status_reasons";
    let list = report.optional(table.account_status_reasons, key, RIGHT_LIST);
    for (key, table) in report.tables(list.unwrap_or_default(), key) {
        let id_key = join(&key, "reason_id");
        let Some(reason) = reason(&mut report, table, &key) else {
            continue;
        };
        let id = reason.id;
        if organization.status_reasons.insert(id, reason).is_some() {
            let text = format!("reason {id} is listed twice; take a free number");
            report.error(&id_key, text);
        }
    }
}

fn status(
    report: &mut Report<'_>,
    table: AccountStatusTable,
    key: &str,
    organization: &Organization,
) -> Option<AccountStatusRule> {
    let name_key = join(key, "name");
    let name = report.required(table.name, &name_key, "a name such as \"IN_COLLECTION\"");
    if let Some(name) = &name {
        status_name(report, name, &name_key, organization);
    }
    let operations_key = join(key, "allowed_operations");
    let allowed = report.required(table.allowed_operations, &operations_key, RIGHT_OPERATIONS);
    let is_final = report.optional(table.is_final, &join(key, "is_final"), RIGHT_FLAG);
    let is_active = report.optional(table.is_active, &join(key, "is_active"), RIGHT_FLAG);
    Some(AccountStatusRule {
        name: name?,
        allowed_operations: allowed?,
        is_final: is_final.unwrap_or(false),
        is_active: is_active.unwrap_or(true),
    })
}

fn status_name(report: &mut Report<'_>, name: &str, key: &str, organization: &Organization) {
    let letters = |byte: u8| byte.is_ascii_uppercase() || byte == b'_' || byte == b'-';
    let well_formed = (1..=STATUS_CHARACTERS).contains(&name.len()) && name.bytes().all(letters);
    if !well_formed {
        let right = format!("1 to {STATUS_CHARACTERS} capitals, _ and -");
        report.error(
            key,
            format!("{name:?} is not a name of a status; write {right}"),
        );
    } else if PREDEFINED
        .iter()
        .any(|(predefined, ..)| *predefined == name)
    {
        let reason = format!("{name} is predefined and stays as it is; take another name");
        report.error_of_code(ErrorCode::Eacc0018, key, reason);
    } else if organization.account_statuses.contains_key(name) {
        let reason = format!("{name} is listed twice; keep one");
        report.error_of_code(ErrorCode::Eacc0018, key, reason);
    }
}

fn reason(report: &mut Report<'_>, table: StatusReasonTable, key: &str) -> Option<StatusReason> {
    let id_key = join(key, "reason_id");
    let id = report.required_number(table.reason_id, &id_key, &(1..=u32::MAX));
    let name = report.text(table.name, &join(key, "name"), REASON_NAME_CHARACTERS);
    let description_key = join(key, "description");
    let description = report.text(table.description, &description_key, REASON_CHARACTERS);
    let operations_key = join(key, "allowed_operations");
    let allowed = report.optional(table.allowed_operations, &operations_key, RIGHT_OPERATIONS);
    let is_active = report.optional(table.is_active, &join(key, "is_active"), RIGHT_FLAG);
    Some(StatusReason {
        id: id?,
        name: name?,
        description: description?,
        allowed_operations: allowed,
        is_active: is_active.unwrap_or(true),
    })
}
