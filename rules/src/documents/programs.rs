//! `programs/*.toml`: one program per file.

use super::given::table;
use super::report::Report;
use super::{Document, Known, RuleError};
use crate::snapshot::Tables;
use crate::{Currency, Program, ProgramId, ProgramKind};

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
    }
}

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

    let id = report
        .required_number(table.id, "id", &(1..=u32::MAX))
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
            known.programs.insert(id, document.path.clone());
        }
        None => known.programs_unsure = true,
    }

    let name = report.text(table.name, "name", NAME_CHARACTERS);
    if let Some(name) = &name {
        match known.program_names.get(name) {
            Some(file) => {
                report.error(
                    "name",
                    format!("{name:?} is already in {file}; take another name"),
                );
            }
            None => {
                known
                    .program_names
                    .insert(name.clone(), document.path.clone());
            }
        }
    }

    let kind = report.required(table.r#type, "type", "\"credit\", \"debit\" or \"prepaid\"");
    let right = "an ISO 4217 currency such as \"840\" or \"USD\"";
    let currency = report.required(table.currency, "currency", right);

    if let (Some(id), Some(name), Some(kind), Some(currency)) = (id, name, kind, currency) {
        tables.programs.insert(
            id,
            Program {
                id,
                name,
                kind,
                currency,
            },
        );
    }
}
