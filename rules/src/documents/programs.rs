//! `programs/*.toml`: one program per file.

use super::decimals::{amount, hundredths};
use super::given::{Given, table};
use super::report::Report;
use super::{Document, Known, RuleError};
use crate::snapshot::Tables;
use crate::{Currency, CurrencyConversion, Program, ProgramId, ProgramKind, ProgramLimits};

table! {
    /// A program file.
    ProgramTable {
        /// Number, from 1, unique.
        required id: i64,
        /// Name, unique, at most 50 characters.
        required name: String,
        /// Whose money is spent.
        required r#type: ProgramKind,
        /// Currency of its accounts, ISO 4217: "840" or "USD".
        required currency: Currency,
        /// What happens to amounts in other currencies: "refuse" (default), or "convert" by
        /// exchange-rates.toml.
        optional currency_conversion: CurrencyConversion,
        /// Least total credit limit of an account, in units of the currency; type credit only.
        optional minimum_credit_limit: String,
        /// Highest maximum credit limit of an account, in units of the currency; type credit only.
        optional maximum_credit_limit: String,
        /// Highest instalment limit of an account, in units of the currency; type credit only.
        optional maximum_installment_limit: String,
        /// The cash limit of an account as percent of its total credit limit; type credit only.
        optional withdrawal_limit_percentage: String,
        /// Most that the maximum credit limits of all accounts may add up to, in units of the
        /// currency; type credit only.
        optional global_credit_limit: String,
    }
}

const MINIMUM: &str = "minimum_credit_limit";
const MAXIMUM: &str = "maximum_credit_limit";
const INSTALLMENTS: &str = "maximum_installment_limit";
const WITHDRAWAL: &str = "withdrawal_limit_percentage";
const GLOBAL: &str = "global_credit_limit";
/// Longest name of a program, in characters.
const NAME_CHARACTERS: usize = 50;

/// Checks one program file and adds it.
pub(super) fn read(
    document: &Document,
    known: &mut Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<ProgramTable>(document, errors);
    let Some(table) = table else {
        known.programs_unsure = true;
        return;
    };

    let id = unique_id(&mut report, table.id, known);
    let name = unique_name(&mut report, table.name, known);
    let kind = report.required(table.r#type, "type", "\"credit\", \"debit\" or \"prepaid\"");
    let right = "an ISO 4217 currency such as \"840\" or \"USD\"";
    let currency = report.required(table.currency, "currency", right);

    let right = "\"refuse\" or \"convert\"";
    let key = "currency_conversion";
    let currency_conversion = report.optional(table.currency_conversion, key, right);
    let texts = LimitTexts {
        minimum: table.minimum_credit_limit,
        maximum: table.maximum_credit_limit,
        installments: table.maximum_installment_limit,
        withdrawal: table.withdrawal_limit_percentage,
        global: table.global_credit_limit,
    };
    let credit_limits = match (kind, currency) {
        (Some(kind), Some(currency)) => limits(&mut report, texts, kind, currency),
        // Type or currency has its own error.
        (_, _) => ProgramLimits::default(),
    };

    if let (Some(id), Some(name), Some(kind), Some(currency)) = (id, name, kind, currency) {
        tables.programs.insert(
            id,
            Program {
                id,
                name,
                kind,
                currency,
                currency_conversion: currency_conversion.unwrap_or_default(),
                credit_limits,
            },
        );
    }
}

fn unique_id(report: &mut Report<'_>, id: Given<i64>, known: &mut Known) -> Option<ProgramId> {
    let id = report
        .required_number(id, "id", &(1..=u32::MAX))
        .map(ProgramId);
    let id = id.filter(|id| match known.programs.get(id) {
        Some(file) => {
            report.error(
                "id",
                format!("program {id} is already in {file}; take a free number"),
            );
            false
        }
        None => true,
    });
    match id {
        Some(id) => {
            known.programs.insert(id, report.file().to_owned());
        }
        None => known.programs_unsure = true,
    }
    id
}

fn unique_name(report: &mut Report<'_>, name: Given<String>, known: &mut Known) -> Option<String> {
    let name = report.text(name, "name", NAME_CHARACTERS)?;
    if let Some(file) = known.program_names.get(&name) {
        report.error(
            "name",
            format!("{name:?} is already in {file}; take another name"),
        );
    } else {
        let file = report.file().to_owned();
        known.program_names.insert(name.clone(), file);
    }
    Some(name)
}

/// The limits of a program as the file gives them.
#[derive(Debug)]
struct LimitTexts {
    minimum: Given<String>,
    maximum: Given<String>,
    installments: Given<String>,
    withdrawal: Given<String>,
    global: Given<String>,
}

/// Most of the total credit limit that may be drawn as cash, in hundredths of a percent.
const WHOLE_HUNDREDTHS: i64 = 10_000;

fn limits(
    report: &mut Report<'_>,
    texts: LimitTexts,
    kind: ProgramKind,
    currency: Currency,
) -> ProgramLimits {
    let mut of_credit = |text: Given<String>, key| {
        if kind != ProgramKind::Credit && !text.is_absent() {
            report.error(key, "only type credit has credit limits; leave it out");
            return Given::Absent;
        }
        text
    };
    let minimum = of_credit(texts.minimum, MINIMUM);
    let maximum = of_credit(texts.maximum, MAXIMUM);
    let installments = of_credit(texts.installments, INSTALLMENTS);
    let withdrawal = of_credit(texts.withdrawal, WITHDRAWAL);
    let global = of_credit(texts.global, GLOBAL);
    let limits = ProgramLimits {
        minimum_credit_limit: amount(report, minimum, MINIMUM, currency),
        maximum_credit_limit: amount(report, maximum, MAXIMUM, currency),
        maximum_installment_limit: amount(report, installments, INSTALLMENTS, currency),
        withdrawal_limit_percentage_hundredths: hundredths(
            report,
            withdrawal,
            WITHDRAWAL,
            WHOLE_HUNDREDTHS,
        ),
        global_credit_limit: amount(report, global, GLOBAL, currency),
    };
    if let (Some(minimum), Some(maximum)) =
        (limits.minimum_credit_limit, limits.maximum_credit_limit)
        && minimum > maximum
    {
        report.error(MINIMUM, format!("above {MAXIMUM}; no account could be"));
    }
    limits
}
