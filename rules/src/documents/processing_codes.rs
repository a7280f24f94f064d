//! `processing-codes.toml`: operations, the codes that reverse them, and the transaction types
//! both post (processing codes, transaction types and flows of the platform-setup API).

use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::transaction_types::{
    LinkTable, TransactionTypeTable, TransactionTypes, links, transaction_types,
};
use super::{Document, Known, PROCESSING_CODES, RuleError, file};
use crate::snapshot::Tables;
use crate::{BalanceImpact, OperationKind, ProcessingCode, ProcessingCodeEntry, ReversalCode};

table! {
    /// The file.
    ProcessingCodesTable {
        /// What statements show.
        optional transaction_types: Vec<Given<TransactionTypeTable>>,
        /// Under which codes operations are undone.
        optional reversal_processing_codes: Vec<Given<ReversalTable>>,
        /// The operations.
        required processing_codes: Vec<Given<OperationTable>>,
    }
}

table! {
    /// A code that undoes operations.
    ReversalTable {
        /// The code, 3 to 6 letters or digits.
        required processing_code: ProcessingCode,
        /// What it is, at most 50 characters.
        required description: String,
        /// -1 out of the account, 1 into the account: the opposite of what it undoes.
        required balance_impact: i64,
    }
}

table! {
    /// An operation.
    OperationTable {
        /// The code; two digits are DE3 positions 1-2.
        required processing_code: ProcessingCode,
        /// What it is, at most 50 characters.
        required description: String,
        /// What sort of operation it is.
        required kind: OperationKind,
        /// -1 out of the account, 0 nothing moves, 1 into the account.
        required balance_impact: i64,
        /// The code that undoes it; not for operations that move nothing.
        optional reversal_processing_code: ProcessingCode,
        /// The code that undoes a part of it; missing: the reversal code.
        optional partial_reversal_processing_code: ProcessingCode,
        /// The code, of kind cash, whose balance configurations decide the cash part of the amount;
        /// only for kind purchase_with_cashback. Missing: the whole amount is decided as one.
        optional cashback_processing_code: ProcessingCode,
        /// What it posts; not for operations that move nothing.
        optional transaction_types: Vec<Given<LinkTable>>,
        /// What its reversal posts.
        optional reversal_transaction_types: Vec<Given<LinkTable>>,
    }
}

/// Longest description of a processing code, in characters.
const CODE_CHARACTERS: usize = 50;
/// Codes with this start belong to the platform.
const RESERVED_PREFIX: &str = "PSM";

const RIGHT_CODE: &str = "2 to 6 letters or digits, such as \"00\"";
const RIGHT_LIST: &str = "a list of tables";

/// Checks the file, if it is among the documents, and adds its codes.
pub(super) fn read(
    documents: &[Document],
    known: &mut Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let document = file(documents, PROCESSING_CODES);
    let opened = document.map(|document| Report::open::<ProcessingCodesTable>(document, errors));
    let Some((mut report, Some(table))) = opened else {
        known.processing_codes_unsure = true;
        return;
    };

    let types = transaction_types(&mut report, table.transaction_types);

    let key = "reversal_processing_codes";
    let list = report.optional(table.reversal_processing_codes, key, RIGHT_LIST);
    for (key, table) in report.tables(list.unwrap_or_default(), key) {
        if let Some(code) = reversal(&mut report, table, &key, known) {
            tables.reversal_codes.insert(code.code, code);
        }
    }

    let key = "processing_codes";
    let list = report.required(table.processing_codes, key, RIGHT_LIST);
    for (key, table) in report.tables(list.unwrap_or_default(), key) {
        if let Some(entry) = operation(&mut report, table, &key, known, tables, &types) {
            let place = (report.line(&key), key);
            tables.code_places.insert(entry.code, place);
            tables.processing_codes.insert(entry.code, entry);
        }
    }
    // The operations may stand in any order, so all of them are read first.
    for entry in tables.processing_codes.values() {
        if let Some((_, key)) = tables.code_places.get(&entry.code) {
            cashback_is_cash(&mut report, entry, key, known, tables);
        }
    }
}

/// The code that decides the cash part of a purchase is an operation of kind cash.
fn cashback_is_cash(
    report: &mut Report<'_>,
    entry: &ProcessingCodeEntry,
    key: &str,
    known: &Known,
    tables: &Tables,
) {
    let Some(code) = entry.cashback_processing_code else {
        return;
    };
    let key = join(key, "cashback_processing_code");
    match tables.processing_codes.get(&code) {
        Some(cash) if cash.kind == OperationKind::Cash => {}
        Some(_) => {
            let reason = format!("{code} is not of kind cash; write the code of a cash withdrawal");
            report.error(&key, reason);
        }
        // A code that could not be read has its own error.
        None if known.processing_codes.contains(&code) || known.processing_codes_unsure => {}
        None => report.error(
            &key,
            format!("{code} is not an operation of this table; write one of kind cash"),
        ),
    }
}

/// A code that is well formed and not yet taken, by an operation or a reversal.
fn free_code(
    report: &mut Report<'_>,
    code: Given<ProcessingCode>,
    key: &str,
    known: &Known,
) -> Option<ProcessingCode> {
    let code = report.required(code, key, RIGHT_CODE)?;
    let text = code.as_str();
    if text.starts_with(RESERVED_PREFIX) {
        report.error(
            key,
            format!("codes with {RESERVED_PREFIX} are reserved; take another"),
        );
        return None;
    }
    if text.len() == 2 && !text.bytes().all(|byte| byte.is_ascii_digit()) {
        report.error(
            key,
            "a code of two is DE3 positions 1-2; write two digits, or 3 to 6",
        );
        return None;
    }
    if known.processing_codes.contains(&code) || known.reversal_codes.contains(&code) {
        report.error(key, format!("code {code} is listed twice; keep one"));
        return None;
    }
    Some(code)
}

fn balance_impact(report: &mut Report<'_>, sign: Given<i64>, key: &str) -> Option<BalanceImpact> {
    let key = join(key, "balance_impact");
    let right = "-1 (out of the account), 0 (nothing moves) or 1 (into the account)";
    let sign = report.required(sign, &key, right)?;
    let impact = BalanceImpact::from_sign(sign);
    if impact.is_none() {
        report.error(&key, format!("{sign} is no direction; write {right}"));
    }
    impact
}

fn reversal(
    report: &mut Report<'_>,
    table: ReversalTable,
    key: &str,
    known: &mut Known,
) -> Option<ReversalCode> {
    let code_key = join(key, "processing_code");
    let code = free_code(report, table.processing_code, &code_key, known);
    known.reversal_codes.extend(code);
    known.reversal_codes_unsure |= code.is_none();
    if code.is_some_and(|code| code.as_str().len() == 2) {
        known.reversal_codes_unsure = true;
        report.error(
            &code_key,
            "two digits are DE3's; write 3 to 6 letters or digits",
        );
    }
    let description = report.text(
        table.description,
        &join(key, "description"),
        CODE_CHARACTERS,
    );
    let balance_impact = balance_impact(report, table.balance_impact, key);
    Some(ReversalCode {
        code: code?,
        description: description?,
        balance_impact: balance_impact?,
    })
}

fn operation(
    report: &mut Report<'_>,
    table: OperationTable,
    key: &str,
    known: &mut Known,
    tables: &Tables,
    types: &TransactionTypes,
) -> Option<ProcessingCodeEntry> {
    let code = free_code(
        report,
        table.processing_code,
        &join(key, "processing_code"),
        known,
    );
    known.processing_codes.extend(code);
    known.processing_codes_unsure |= code.is_none();
    let description = report.text(
        table.description,
        &join(key, "description"),
        CODE_CHARACTERS,
    );
    let right = "\"purchase\", \"cash\", \"purchase_with_cashback\", \"refund\", \
                 \"balance_inquiry\", \"quasi_cash\", \"account_funding\", \"deposit\", \
                 \"original_credit\", \"account_verification\" or \"other\"";
    let kind = report.required(table.kind, &join(key, "kind"), right);
    let impact = balance_impact(report, table.balance_impact, key);
    if let (Some(kind), Some(impact)) = (kind, impact) {
        kind_fits_impact(report, kind, impact, key);
    }

    let reversal_key = join(key, "reversal_processing_code");
    let right = "a code of reversal_processing_codes";
    let reversal = report.optional(table.reversal_processing_code, &reversal_key, right);
    if let Some(impact) = impact {
        reversal_fits(report, reversal, impact, &reversal_key, known, tables);
    }

    let partial_key = join(key, "partial_reversal_processing_code");
    let partial = report.optional(table.partial_reversal_processing_code, &partial_key, right);
    if let (Some(impact), Some(_)) = (impact, partial) {
        reversal_fits(report, partial, impact, &partial_key, known, tables);
    }

    let cashback_key = join(key, "cashback_processing_code");
    let right = "a code of kind cash, such as \"01\"";
    let cashback = report.optional(table.cashback_processing_code, &cashback_key, right);
    let with_cashback = kind.is_none_or(|kind| kind == OperationKind::PurchaseWithCashback);
    if cashback.is_some() && !with_cashback {
        let reason = "only kind purchase_with_cashback has a cash part; leave it out";
        report.error(&cashback_key, reason);
    }

    let links_key = join(key, "transaction_types");
    let transaction_types = links(report, table.transaction_types, &links_key, impact, types);
    let links_key = join(key, "reversal_transaction_types");
    let reversal_transaction_types = links(
        report,
        table.reversal_transaction_types,
        &links_key,
        impact.map(BalanceImpact::opposite),
        types,
    );

    Some(ProcessingCodeEntry {
        code: code?,
        description: description?,
        kind: kind?,
        balance_impact: impact?,
        reversal_processing_code: reversal,
        partial_reversal_processing_code: partial.or(reversal),
        cashback_processing_code: cashback,
        transaction_types,
        reversal_transaction_types,
    })
}

fn kind_fits_impact(
    report: &mut Report<'_>,
    kind: OperationKind,
    impact: BalanceImpact,
    key: &str,
) {
    let expected = match kind {
        OperationKind::Purchase
        | OperationKind::Cash
        | OperationKind::PurchaseWithCashback
        | OperationKind::QuasiCash
        | OperationKind::AccountFunding => BalanceImpact::Debit,
        OperationKind::Refund | OperationKind::Deposit | OperationKind::OriginalCredit => {
            BalanceImpact::Credit
        }
        OperationKind::BalanceInquiry | OperationKind::AccountVerification => BalanceImpact::None,
        OperationKind::Other => return,
    };
    if impact != expected {
        let reason = format!("does not fit the kind; write {}", expected.sign());
        report.error(&join(key, "balance_impact"), reason);
    }
}

/// What moves money can be undone, under a code of the opposite direction.
fn reversal_fits(
    report: &mut Report<'_>,
    reversal: Option<ProcessingCode>,
    impact: BalanceImpact,
    key: &str,
    known: &Known,
    tables: &Tables,
) {
    match (impact, reversal) {
        (BalanceImpact::None, None) => {}
        (BalanceImpact::None, Some(_)) => {
            report.error(
                key,
                "an operation that moves nothing is not reversed; leave it out",
            );
        }
        (BalanceImpact::Debit | BalanceImpact::Credit, None) => {
            report.error(key, "missing; write a code of reversal_processing_codes");
        }
        (BalanceImpact::Debit | BalanceImpact::Credit, Some(code)) => {
            match tables.reversal_codes.get(&code) {
                Some(found) if found.balance_impact != impact.opposite() => report.error(
                    key,
                    format!(
                        "{code} moves {}, not the opposite of this operation; write a code with {}",
                        found.balance_impact.sign(),
                        impact.opposite().sign(),
                    ),
                ),
                // A reversal code that could not be read has its own error.
                None if !known.reversal_codes.contains(&code) && !known.reversal_codes_unsure => {
                    report.error(
                        key,
                        format!("{code} is not in reversal_processing_codes; list it there"),
                    )
                }
                Some(_) | None => {}
            }
        }
    }
}
