//! `rule-tests/*.toml`: accounts, transactions and what must come of them. Not rules: they are no part of
//! a version. Their transactions are read in `rule_test_transactions`.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use super::decimals::{amount, hundredths, signed_amount};
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::rule_test_transactions::{TransactionTable, transaction};
use super::{Document, RuleError, RuleErrors, read};
use crate::rule_test::{RuleTest, TestAccount, World};
use crate::{AccountId, Currency, Limits, ProgramId, Snapshot};

table! {
    /// Accounts, and transactions in order: the limits after one are those before the next.
    RuleTestTable {
        /// What is tested.
        optional description: String,
        /// A directory inside the configuration directory, with rule documents that are put beside those
        /// of the configuration; one of the same path takes the other's place.
        optional further_documents: String,
        /// The accounts. The first is the one that transactions are on, unless they name another.
        required accounts: Vec<Given<AccountTable>>,
        /// The transactions, in order.
        required transactions: Vec<Given<TransactionTable>>,
    }
}

table! {
    /// An account.
    AccountTable {
        /// Number, from 1, unique in the file.
        required id: i64,
        /// The number of its program.
        required program: i64,
        /// Its parent account, written before it.
        optional parent: i64,
        /// Its status; default NORMAL.
        optional status: String,
        /// The number of the reason for its status.
        optional status_reason: i64,
        /// Its limits at the start. What is missing is zero.
        optional limits: LimitsTable,
    }
}

table! {
    /// Limits of an account, as texts in units of its currency, such as "5000.00".
    LimitsTable {
        /// Granted maximum.
        optional max_credit_limit: String,
        /// Chosen by the holder.
        optional total_credit_limit: String,
        /// Spendable: remaining credit, or the balance. May be negative.
        optional available_credit_limit: String,
        /// Granted for instalments.
        optional total_installment_credit_limit: String,
        /// Left for instalments.
        optional available_total_installment_credit: String,
        /// Granted for cash.
        optional withdrawal_credit_limit: String,
        /// Left for cash.
        optional available_withdrawal_credit: String,
        /// Savings balance.
        optional available_savings_account_limit: String,
        /// Overdraft on top of the balance.
        optional total_overdraft_limit: String,
        /// Percent of the maximum limit usable above the limit, such as "10.00".
        optional percentage_over_limit: String,
        /// Blocked funds.
        optional held_funds: String,
        /// Supplementary funds.
        optional additional_funds: String,
    }
}

/// Largest number of an account: what TOML can write.
const ACCOUNT_MAX: u64 = i64::MAX.unsigned_abs();
/// Longest description, in characters.
const DESCRIPTION_CHARACTERS: usize = 1_000;
/// Most that an account may have above its limit, in hundredths of a percent.
const OVER_LIMIT_HUNDREDTHS_MAX: i64 = 10_000;

/// Reads `rule-tests/*.toml` of a configuration directory whose rules are these.
///
/// # Errors
/// Every error of every file, each with file, line and key; those of further documents too.
pub fn load_tests(config_dir: &Path, rules: &Snapshot) -> Result<Vec<RuleTest>, RuleErrors> {
    let (documents, mut errors) = read::folder_documents(config_dir, super::RULE_TESTS);
    errors = RuleErrors(errors).under(config_dir).0;
    let mut further = Further {
        config_dir,
        rules,
        known: BTreeMap::new(),
    };
    let mut tests = Vec::new();
    for document in &documents {
        let mut own = Vec::new();
        tests.extend(test(document, &mut further, &mut own));
        errors.extend(RuleErrors(own).under(config_dir).0);
    }
    errors.extend(
        further
            .known
            .into_values()
            .filter_map(Result::err)
            .flatten(),
    );
    if errors.is_empty() {
        Ok(tests)
    } else {
        errors.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        Err(RuleErrors(errors))
    }
}

/// Rules with documents beside those of the configuration, by the directory of these.
struct Further<'a> {
    config_dir: &'a Path,
    rules: &'a Snapshot,
    known: BTreeMap<String, Result<Arc<Snapshot>, Vec<RuleError>>>,
}

impl Further<'_> {
    /// The rules with the documents of a directory; `None` when these are wrong, which is told once.
    fn rules(&mut self, directory: &str) -> Option<Arc<Snapshot>> {
        let (config_dir, rules) = (self.config_dir, self.rules);
        let compiled = self.known.entry(directory.to_owned()).or_insert_with(|| {
            let compiled = with_documents_of(&config_dir.join(directory), config_dir, rules);
            compiled.map(Arc::new).map_err(|errors| errors.0)
        });
        compiled.as_ref().ok().cloned()
    }
}

fn with_documents_of(
    directory: &Path,
    config_dir: &Path,
    rules: &Snapshot,
) -> Result<Snapshot, RuleErrors> {
    let (further, errors) = read::documents(directory, false);
    let replaced = |path: &str| further.iter().any(|document| document.path == path);
    let mut documents: Vec<Document> = rules.documents().to_vec();
    documents.retain(|document| !replaced(&document.path));
    documents.extend(further.iter().cloned());
    super::build(documents, errors).map_err(|mut errors| {
        for error in &mut errors.0 {
            let home = if replaced(&error.file) {
                directory
            } else {
                config_dir
            };
            error.file = home.join(&error.file).display().to_string();
        }
        errors
    })
}

/// One file; `None` when its rules are not known.
fn test(
    document: &Document,
    further: &mut Further<'_>,
    errors: &mut Vec<RuleError>,
) -> Option<RuleTest> {
    let (mut report, table) = Report::open::<RuleTestTable>(document, errors);
    let table = table?;
    if !table.description.is_absent() {
        report.text(table.description, "description", DESCRIPTION_CHARACTERS);
    }
    let directory = further_documents(&mut report, table.further_documents, further.config_dir);
    let rules = match &directory {
        None => None,
        Some(directory) => Some(further.rules(directory)?),
    };
    let in_force = rules.as_deref().unwrap_or(further.rules);

    let mut world = World::default();
    let list = report.required(table.accounts, "accounts", "at least one [[accounts]]");
    let mut first = None;
    for (key, table) in report.tables(list.unwrap_or_default(), "accounts") {
        if let Some((id, account)) = account(&mut report, table, &key, in_force, &world) {
            first = first.or(Some(id));
            world.accounts.insert(id, account);
        }
    }
    let right = "at least one [[transactions]]";
    let list = report.required(table.transactions, "transactions", right);
    let tables = report.tables(list.unwrap_or_default(), "transactions");
    let mut transactions = Vec::new();
    if let Some(first) = first {
        for (key, table) in tables {
            transactions.extend(transaction(
                &mut report,
                table,
                &key,
                in_force,
                &world,
                first,
            ));
        }
    }
    Some(RuleTest {
        file: further
            .config_dir
            .join(&document.path)
            .display()
            .to_string(),
        rules,
        world,
        transactions,
    })
}

/// The directory of further documents: inside the configuration directory, and there.
fn further_documents(
    report: &mut Report<'_>,
    given: Given<String>,
    config_dir: &Path,
) -> Option<String> {
    let key = "further_documents";
    let right = "a directory inside this configuration, such as \"examples/rules\"";
    let directory = report.optional(given, key, right)?;
    let path = Path::new(&directory);
    let inside = path
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    if !inside || directory.is_empty() {
        report.error(
            key,
            format!("leads out of this configuration; write {right}"),
        );
        return None;
    }
    if !config_dir.join(path).is_dir() {
        report.error(key, format!("no such directory; write {right}"));
        return None;
    }
    Some(directory)
}

fn account(
    report: &mut Report<'_>,
    table: AccountTable,
    key: &str,
    rules: &Snapshot,
    world: &World,
) -> Option<(AccountId, TestAccount)> {
    let numbers = &(1..=ACCOUNT_MAX);
    let id_key = join(key, "id");
    let id = report
        .required_number(table.id, &id_key, numbers)
        .map(AccountId);
    if id.is_some_and(|id| world.account(id).is_some()) {
        report.error(&id_key, "there is an account of this number already");
    }
    let program_key = join(key, "program");
    let program = report.required_number(table.program, &program_key, &(1..=u32::MAX));
    let found = program.and_then(|id| rules.program(ProgramId(id)));
    if let (Some(id), None) = (program, found) {
        let programs: Vec<String> = rules.programs().map(|one| one.id.to_string()).collect();
        let reason = format!("no program {id}; the programs are {}", programs.join(", "));
        report.error(&program_key, reason);
    }
    let parent_key = join(key, "parent");
    let parent = report
        .number(table.parent, &parent_key, numbers)
        .map(AccountId);
    if parent.is_some_and(|parent| world.account(parent).is_none()) {
        report.error(&parent_key, "no account before this one has the number");
    }
    let status_key = join(key, "status");
    let status = report.optional(table.status, &status_key, "the name of a status");
    let rule = rules.account_status(status.as_deref().unwrap_or("NORMAL"));
    if rule.is_none() {
        let statuses = rules.organization().account_statuses();
        let names: Vec<&str> = statuses.map(|status| status.name.as_str()).collect();
        let reason = format!("no such status; the statuses are {}", names.join(", "));
        report.error(&status_key, reason);
    }
    let reason_key = join(key, "status_reason");
    let number = report.number(table.status_reason, &reason_key, &(1..=u32::MAX));
    let reason = number.and_then(|id| rules.status_reason(id));
    if number.is_some() && reason.is_none() {
        report.error(
            &reason_key,
            "no reason of this number; see organization.toml",
        );
    }
    let limits_key = join(key, "limits");
    let limits_table = report.table(table.limits, &limits_key).unwrap_or_default();
    let (program, rule) = (found?, rule?);
    let allowed_by_reason = reason.and_then(|reason| reason.allowed_operations);
    let account = TestAccount {
        program: program.id,
        currency: program.currency,
        parent,
        allowed_operations: allowed_by_reason.map_or(rule.allowed_operations, |allowed| {
            allowed.stricter(rule.allowed_operations)
        }),
        limits: limits(report, limits_table, &limits_key, program.currency),
    };
    Some((id?, account))
}

fn limits(report: &mut Report<'_>, table: LimitsTable, key: &str, currency: Currency) -> Limits {
    let percentage_key = join(key, "percentage_over_limit");
    let percentage = table.percentage_over_limit;
    let over_limit = hundredths(
        report,
        percentage,
        &percentage_key,
        OVER_LIMIT_HUNDREDTHS_MAX,
    );
    let available_key = join(key, "available_credit_limit");
    let available = signed_amount(
        report,
        table.available_credit_limit,
        &available_key,
        currency,
    );
    let mut at = |given, name| {
        let key = join(key, name);
        amount(report, given, &key, currency).unwrap_or(0)
    };
    Limits {
        max_credit_limit: at(table.max_credit_limit, "max_credit_limit"),
        total_credit_limit: at(table.total_credit_limit, "total_credit_limit"),
        available_credit_limit: available.unwrap_or(0),
        total_installment_credit_limit: at(
            table.total_installment_credit_limit,
            "total_installment_credit_limit",
        ),
        available_total_installment_credit: at(
            table.available_total_installment_credit,
            "available_total_installment_credit",
        ),
        withdrawal_credit_limit: at(table.withdrawal_credit_limit, "withdrawal_credit_limit"),
        available_withdrawal_credit: at(
            table.available_withdrawal_credit,
            "available_withdrawal_credit",
        ),
        available_savings_account_limit: at(
            table.available_savings_account_limit,
            "available_savings_account_limit",
        ),
        total_overdraft_limit: at(table.total_overdraft_limit, "total_overdraft_limit"),
        over_limit_percentage_hundredths: over_limit.unwrap_or(0),
        held_funds: at(table.held_funds, "held_funds"),
        additional_funds: at(table.additional_funds, "additional_funds"),
    }
}
