//! From files to a snapshot: reads the configuration directory, checks every document, collects
//! every error of every file, and compiles only when there is none.
//!
//! The only place of the crate that does IO, and it only reads.

mod attribute_groups;
mod authorization_options;
mod balance_configurations;
mod clearing_options;
mod conditions;
mod control_conditions;
mod control_limits;
mod control_periods;
mod control_references;
mod control_scopes;
mod control_targets;
mod decimals;
mod error;
mod error_code;
mod exchange_rates;
mod filter_templates;
mod filters;
mod flex_controls;
mod given;
mod lines;
mod moves;
mod networks;
mod organization;
mod over_limit;
mod processing_codes;
mod programs;
mod read;
mod report;
mod response_codes;
mod results;
mod rule_models;
mod rule_test_transactions;
mod rule_tests;
mod schemas;
mod targets;
mod transaction_types;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::snapshot::{Snapshot, Tables};
use crate::{ControlId, NetworkId, ProcessingCode, ProgramId, RulesVersion};

pub use error::{RuleError, RuleErrors};
pub use error_code::ErrorCode;
pub(crate) use filter_templates::FilterTemplate;
pub use rule_tests::load_tests;
pub use schemas::schemas;

/// One file that a rule set was compiled from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Path relative to the configuration directory, with `/` between its parts.
    pub path: String,
    /// The whole text.
    pub content: String,
}

pub(crate) const PROCESSING_CODES: &str = "processing-codes.toml";
const ORGANIZATION: &str = "organization.toml";
pub(crate) const EXCHANGE_RATES: &str = "exchange-rates.toml";
const PROGRAMS: &str = "programs";
const NETWORKS: &str = "networks";
const FILTER_TEMPLATES: &str = "filter-templates";
const BALANCE_CONFIGURATIONS: &str = "balance-configurations";
const RULE_MODELS: &str = "rule-models";
const OVER_LIMIT: &str = "over-limit";
const AUTHORIZATION_OPTIONS: &str = "authorization-options";
const ATTRIBUTE_GROUPS: &str = "attribute-groups";
const FLEX_CONTROLS: &str = "flex-controls";
/// No rules: what must come of them.
const RULE_TESTS: &str = "rule-tests";

/// Documents that stand directly in the configuration directory, and whether each must be there.
const FILES: [(&str, bool); 3] = [
    (PROCESSING_CODES, true),
    (ORGANIZATION, false),
    (EXCHANGE_RATES, false),
];

/// A folder of rule documents.
#[derive(Debug)]
struct Folder {
    name: &'static str,
    /// Whether the folder itself must be there.
    required: bool,
}

const fn folder(name: &'static str, required: bool) -> Folder {
    Folder { name, required }
}

const FOLDERS: [Folder; 9] = [
    folder(PROGRAMS, true),
    folder(NETWORKS, true),
    folder(FILTER_TEMPLATES, false),
    folder(BALANCE_CONFIGURATIONS, true),
    folder(RULE_MODELS, false),
    folder(OVER_LIMIT, false),
    folder(AUTHORIZATION_OPTIONS, false),
    folder(ATTRIBUTE_GROUPS, false),
    folder(FLEX_CONTROLS, false),
];

/// Documents with this ending are JSON, as an API client sends them; all others are TOML.
const JSON_EXTENSION: &str = ".json";

/// Reads, checks and compiles `processing-codes.toml`, `organization.toml` and `exchange-rates.toml`
/// where they are there, and every `*.toml` in `programs/`, `networks/`, `filter-templates/`,
/// `balance-configurations/`, `rule-models/`, `over-limit/`, `authorization-options/`,
/// `attribute-groups/` and `flex-controls/` of a configuration directory.
///
/// # Errors
/// Every error of every file, each with file, line and key. Files are named as they can be opened
/// from here: the given directory included.
pub fn load(config_dir: &Path) -> Result<Snapshot, RuleErrors> {
    let (documents, errors) = read::documents(config_dir, true);
    build(documents, errors).map_err(|errors| errors.under(config_dir))
}

/// Reads the documents of a directory that they were stored in, without compiling them. What is not
/// there is not missed.
///
/// # Errors
/// What cannot be read. Files are named as they can be opened from here.
pub fn stored_documents(directory: &Path) -> Result<Vec<Document>, RuleErrors> {
    let (mut documents, errors) = read::documents(directory, false);
    if !errors.is_empty() {
        return Err(RuleErrors(errors).under(directory));
    }
    documents.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(documents)
}

/// Checks and compiles documents that were read before, such as those of
/// [`Snapshot::documents`]. A document whose path ends in `.json` is JSON, of the same shape: so an
/// API puts what a client sends beside the documents in force and compiles all of them.
///
/// # Errors
/// Every error of every document, each with file (its path), line and key.
pub fn compile(documents: Vec<Document>) -> Result<Snapshot, RuleErrors> {
    build(documents, Vec::new())
}

fn build(mut documents: Vec<Document>, mut errors: Vec<RuleError>) -> Result<Snapshot, RuleErrors> {
    documents.sort_by(|one, other| one.path.cmp(&other.path));
    let tables = tables(&documents, &mut errors);
    if !errors.is_empty() {
        errors.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        return Err(RuleErrors(errors));
    }
    Ok(Snapshot::new(version(&documents), documents, tables))
}

/// Checks all documents, those that others refer to first.
fn tables(documents: &[Document], errors: &mut Vec<RuleError>) -> Tables {
    let mut tables = Tables::default();
    let mut known = Known {
        programs_unsure: errors.iter().any(|error| error.file.starts_with(PROGRAMS)),
        filter_templates_unsure: errors
            .iter()
            .any(|error| error.file.starts_with(FILTER_TEMPLATES)),
        attribute_groups_unsure: errors
            .iter()
            .any(|error| error.file.starts_with(ATTRIBUTE_GROUPS)),
        flex_controls_unsure: errors
            .iter()
            .any(|error| error.file.starts_with(FLEX_CONTROLS)),
        ..Known::default()
    };
    all_there(documents, errors);
    if let Some(document) = file(documents, ORGANIZATION) {
        organization::read(document, &mut tables, errors);
    }
    if let Some(document) = file(documents, EXCHANGE_RATES) {
        exchange_rates::read(document, &mut tables, errors);
    }
    for document in in_folder(documents, PROGRAMS) {
        programs::read(document, &mut known, &mut tables, errors);
    }
    processing_codes::read(documents, &mut known, &mut tables, errors);
    for document in in_folder(documents, NETWORKS) {
        networks::read(document, &mut known, &mut tables, errors);
    }
    for document in in_folder(documents, FILTER_TEMPLATES) {
        filter_templates::read(document, &mut known, &mut tables, errors);
    }
    for document in in_folder(documents, BALANCE_CONFIGURATIONS) {
        balance_configurations::read(document, &known, &mut tables, errors);
    }
    for document in in_folder(documents, RULE_MODELS) {
        rule_models::read(document, &mut known, &mut tables, errors);
    }
    for document in in_folder(documents, OVER_LIMIT) {
        over_limit::read(document, &known, &mut tables, errors);
    }
    for document in in_folder(documents, AUTHORIZATION_OPTIONS) {
        authorization_options::read(document, &known, &mut tables, errors);
    }
    for document in in_folder(documents, ATTRIBUTE_GROUPS) {
        attribute_groups::read(document, &mut known, &mut tables, errors);
    }
    for document in in_folder(documents, FLEX_CONTROLS) {
        flex_controls::read(document, &mut known, &mut tables, errors);
    }
    control_references::check(documents, &known, &tables, errors);
    tables
}

/// A rule set has programs, processing codes and networks, and nothing that is none of its
/// documents. Balance configurations may be missing: then every operation is declined.
fn all_there(documents: &[Document], errors: &mut Vec<RuleError>) {
    let whole_file =
        |file: &str, reason: &str| RuleError::of_file(file.to_owned(), reason.to_owned());
    // Files that are there but could not be read have their own errors.
    let mut require = |there: bool, path: &str, reason: &str| {
        if !there && !errors.iter().any(|error| error.file.starts_with(path)) {
            errors.push(whole_file(path, reason));
        }
    };
    let has = |folder| in_folder(documents, folder).next().is_some();
    let codes = file(documents, PROCESSING_CODES).is_some();
    require(
        has(PROGRAMS),
        PROGRAMS,
        "no program; write one in programs/NAME.toml",
    );
    require(
        has(NETWORKS),
        NETWORKS,
        "no network; write one in networks/NAME.toml",
    );
    require(
        codes,
        PROCESSING_CODES,
        "missing; write the table of processing codes",
    );
    for (path, _) in FILES {
        if let Some(second) = documents.iter().filter(|one| is_file(one, path)).nth(1) {
            let reason = "there as TOML and as JSON; keep one";
            errors.push(whole_file(&second.path, reason));
        }
    }
    for document in documents {
        let rule_folder = FOLDERS
            .iter()
            .any(|folder| folder_of(document) == Some(folder.name));
        let rule_file = FILES.iter().any(|(path, _)| is_file(document, path));
        if !rule_folder && !rule_file {
            errors.push(whole_file(
                &document.path,
                "not a rule document; leave it out",
            ));
        }
    }
}

/// The document of this path, or the same as JSON.
fn file<'a>(documents: &'a [Document], path: &str) -> Option<&'a Document> {
    documents.iter().find(|document| is_file(document, path))
}

fn is_file(document: &Document, path: &str) -> bool {
    let stem = document.path.strip_suffix(JSON_EXTENSION);
    document.path == path || stem.is_some_and(|stem| path.strip_suffix(".toml") == Some(stem))
}

/// The documents directly in a folder, in the order of their names.
fn in_folder<'a>(documents: &'a [Document], folder: &'a str) -> impl Iterator<Item = &'a Document> {
    documents
        .iter()
        .filter(move |document| folder_of(document) == Some(folder))
}

/// The folder that a document is directly in.
fn folder_of(document: &Document) -> Option<&str> {
    document.path.rsplit_once('/').map(|(folder, _)| folder)
}

/// What other documents may refer to and must not define again, with the file that defines it. An
/// entry counts as soon as its own key is readable, so that one error does not cause others.
#[derive(Debug, Default)]
struct Known {
    programs: BTreeMap<ProgramId, String>,
    /// Some program could not be read, so a missing one may be that.
    programs_unsure: bool,
    program_names: BTreeMap<String, String>,
    networks: BTreeMap<NetworkId, String>,
    network_names: BTreeMap<String, String>,
    processing_codes: BTreeSet<ProcessingCode>,
    /// Some code could not be read, so a missing one may be that.
    processing_codes_unsure: bool,
    reversal_codes: BTreeSet<ProcessingCode>,
    /// The same for reversal codes.
    reversal_codes_unsure: bool,
    /// By name and version.
    filter_templates: BTreeMap<(String, u32), String>,
    /// Some template could not be read, so a missing one may be that.
    filter_templates_unsure: bool,
    rule_models: BTreeMap<String, String>,
    /// Some group could not be read, so a missing one may be that.
    attribute_groups_unsure: bool,
    flex_controls: BTreeMap<ControlId, String>,
    /// Some control could not be read, so a missing one may be that.
    flex_controls_unsure: bool,
}

/// The version of documents sorted by path: SHA-256 over the path of each, a zero byte, its length in
/// bytes as eight bytes big-endian, and its content.
pub fn version(documents: &[Document]) -> RulesVersion {
    let mut hash = Sha256::new();
    for document in documents {
        let length = u64::try_from(document.content.len()).unwrap_or(u64::MAX);
        hash.update(document.path.as_bytes());
        hash.update([0]);
        hash.update(length.to_be_bytes());
        hash.update(document.content.as_bytes());
    }
    RulesVersion(hash.finalize().into())
}
