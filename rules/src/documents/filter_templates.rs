//! `filter-templates/*.toml`: filters that balance configurations refer to by name. One version of
//! one template per file; the highest version of a name is in force.

use super::filters::{FiltersTable, filters};
use super::given::table;
use super::report::Report;
use super::{Document, Known, RuleError};
use crate::Filters;
use crate::snapshot::Tables;

table! {
    /// One version of a filter template.
    FilterTemplateTable {
        /// Name of the template, at most 36 characters.
        required id: String,
        /// Version, from 1; missing: 1. The highest of a name is in force.
        optional version: i64,
        /// What it is for, at most 50 characters.
        optional description: String,
        /// The filters.
        required filters: FiltersTable,
    }
}

/// Longest name of a template, in characters.
const ID_CHARACTERS: usize = 36;
/// Longest description of a template, in characters.
const DESCRIPTION_CHARACTERS: usize = 50;

/// A template as far as the highest version is known.
#[derive(Clone, Debug)]
pub(crate) struct FilterTemplate {
    pub(crate) version: u32,
    pub(crate) filters: Filters,
    pub(crate) file: String,
}

/// Checks one file; its template counts if no higher version is there.
pub(super) fn read(
    document: &Document,
    known: &mut Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<FilterTemplateTable>(document, errors);
    let Some(table) = table else {
        known.filter_templates_unsure = true;
        return;
    };
    let id = report.text(table.id, "id", ID_CHARACTERS);
    let version = if table.version.is_absent() {
        Some(1)
    } else {
        report.number(table.version, "version", &(1..=u32::MAX))
    };
    if !table.description.is_absent() {
        report.text(table.description, "description", DESCRIPTION_CHARACTERS);
    }
    let right = "a table of filters";
    let given = report.required(table.filters, "filters", right);
    let filters = given.and_then(|table| {
        report.refuse_unknown(&table, "filters");
        filters(&mut report, table, "filters", known)
    });
    let (Some(id), Some(version), Some(filters)) = (id, version, filters) else {
        known.filter_templates_unsure = true;
        return;
    };
    let place = (id.clone(), version);
    if let Some(file) = known.filter_templates.get(&place) {
        let reason =
            format!("version {version} of {id:?} is already in {file}; take the next version");
        report.error("version", reason);
        return;
    }
    known
        .filter_templates
        .insert(place, report.file().to_owned());
    let template = FilterTemplate {
        version,
        filters,
        file: document.path.clone(),
    };
    match tables.filter_templates.get(&id) {
        Some(other) if other.version > version => {}
        Some(_) | None => {
            tables.filter_templates.insert(id, template);
        }
    }
}
