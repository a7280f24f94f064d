//! `rule-models/*.toml`: one rule model per file, with its lists and the targets it is attached to
//! (rule-model API). Conditions are in `conditions`.

use std::collections::BTreeMap;

use super::conditions::{ConditionTable, condition};
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::targets::{TargetKeys, target};
use super::{Document, ErrorCode, Known, RuleError};
use crate::snapshot::Tables;
use crate::{Level, MappingRule, ProcessingCode, RuleModel, Target};

table! {
    /// A rule model: which internal code an incoming processing code stands for.
    RuleModelTable {
        /// Identifier, unique, at most 36 characters.
        required id: String,
        /// Name, at most 100 characters.
        required name: String,
        /// Whom it is attached to. A target has at most one model; account before program before
        /// tenant.
        optional attached_to: Vec<Given<AttachmentTable>>,
        /// Lists that conditions on the merchant's name refer to.
        optional lists: Vec<Given<ListTable>>,
        /// The rules, tried by ascending order; the first whose conditions all hold decides.
        required rules: Vec<Given<RuleTable>>,
    }
}

table! {
    /// A target.
    AttachmentTable {
        /// Its level.
        required level: Level,
        /// The program, for level program.
        optional program_id: i64,
        /// The account, for level account.
        optional account_id: i64,
    }
}

table! {
    /// A list of names.
    ListTable {
        /// Identifier, unique in the model, at most 36 characters.
        required id: String,
        /// The names. Upper and lower case are the same.
        required data: Vec<Given<String>>,
    }
}

table! {
    /// One rule.
    RuleTable {
        /// Position; lower is tried first.
        required order: i64,
        /// Name, at most 100 characters.
        required name: String,
        /// All of these must hold. An empty list always holds.
        required conditions: Vec<Given<ConditionTable>>,
        /// What the incoming code becomes.
        required processing_code: ProcessingCode,
        /// What it becomes on an international operation; missing: the same.
        optional international_processing_code: ProcessingCode,
    }
}

/// Longest identifier of a model or a list, in characters.
const ID_CHARACTERS: usize = 36;
/// Longest name of a model or a rule, in characters.
const NAME_CHARACTERS: usize = 100;

/// Lists by identifier; `None` for one that could not be read.
pub(super) type Lists = BTreeMap<String, Option<Vec<String>>>;

/// Checks one file and adds its model.
pub(super) fn read(
    document: &Document,
    known: &mut Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<RuleModelTable>(document, errors);
    let Some(table) = table else { return };
    report.errors_have_code(ErrorCode::Pc0001);

    let id = report.text(table.id, "id", ID_CHARACTERS);
    let taken = id.as_ref().and_then(|id| known.rule_models.get(id));
    if let (Some(id), Some(file)) = (&id, taken) {
        let reason = format!("model {id:?} is already in {file}; take another id");
        report.error("id", reason);
    }
    let name = report.text(table.name, "name", NAME_CHARACTERS);
    let attached_to = attachments(&mut report, table.attached_to, known, tables);
    let lists = lists(&mut report, table.lists);
    let right = "at least one [[rules]]";
    let list = report.required(table.rules, "rules", right);
    let mut rules: Vec<MappingRule> = Vec::new();
    for (key, table) in report.tables(list.unwrap_or_default(), "rules") {
        let Some(rule) = rule(&mut report, table, &key, &lists, known) else {
            continue;
        };
        if rules.iter().any(|other| other.order == rule.order) {
            let reason = format!("order {} is taken; give each its own", rule.order);
            report.error(&join(&key, "order"), reason);
        }
        rules.push(rule);
    }
    rules.sort_by_key(|rule| rule.order);
    let (Some(id), Some(name)) = (id, name) else {
        return;
    };
    known.rule_models.insert(id.clone(), document.path.clone());
    let number = tables.rule_models.len();
    for target in &attached_to {
        tables.rule_model_of.insert(*target, number);
    }
    tables.rule_models.push(RuleModel {
        id,
        name,
        file: document.path.clone(),
        attached_to,
        rules,
    });
}

/// The targets of the model that have no other.
fn attachments(
    report: &mut Report<'_>,
    list: Given<Vec<Given<AttachmentTable>>>,
    known: &Known,
    tables: &Tables,
) -> Vec<Target> {
    let (key, right) = ("attached_to", "a list such as [{ level = \"tenant\" }]");
    let list = report.optional(list, key, right).unwrap_or_default();
    let mut targets = Vec::new();
    for (key, table) in report.tables(list, key) {
        let keys = TargetKeys {
            level: table.level,
            program_id: table.program_id,
            account_id: table.account_id,
        };
        let Some(target) = target(report, keys, &key, known) else {
            continue;
        };
        let other = tables
            .rule_model_of
            .get(target)
            .and_then(|number| tables.rule_models.get(*number));
        if let Some(other) = other {
            let reason = format!("{target} has the model of {} already; keep one", other.file);
            report.error(&key, reason);
        } else if targets.contains(&target) {
            report.error(&key, "listed twice; write it once");
        } else {
            targets.push(target);
        }
    }
    targets
}

fn lists(report: &mut Report<'_>, list: Given<Vec<Given<ListTable>>>) -> Lists {
    let (key, right) = ("lists", "a list of tables");
    let list = report.optional(list, key, right).unwrap_or_default();
    let mut lists = Lists::new();
    for (key, table) in report.tables(list, key) {
        let id_key = join(&key, "id");
        let id = report.text(table.id, &id_key, ID_CHARACTERS);
        let data_key = join(&key, "data");
        let right = "at least one text";
        let data = report.required(table.data, &data_key, right);
        let data = data.and_then(|data| texts(report, data, &data_key));
        let Some(id) = id else { continue };
        if lists.insert(id.clone(), data).is_some() {
            report.error(
                &id_key,
                format!("list {id:?} is there already; take another id"),
            );
        }
    }
    lists
}

/// Texts, at least one and none blank: a blank one would be found in everything.
pub(super) fn texts(
    report: &mut Report<'_>,
    list: Vec<Given<String>>,
    key: &str,
) -> Option<Vec<String>> {
    if list.is_empty() {
        report.error(
            key,
            "empty, so nothing would ever match; write at least one text",
        );
    }
    let mut texts = Some(Vec::new());
    for (index, given) in list.into_iter().enumerate() {
        let text = report.text(given, &format!("{key}[{index}]"), NAME_CHARACTERS);
        match (&mut texts, text) {
            (Some(texts), Some(text)) => texts.push(text.trim().to_owned()),
            (texts, None) => *texts = None,
            (None, Some(_)) => {}
        }
    }
    texts
}

fn rule(
    report: &mut Report<'_>,
    table: RuleTable,
    key: &str,
    lists: &Lists,
    known: &Known,
) -> Option<MappingRule> {
    let order = report.required_number(table.order, &join(key, "order"), &(i32::MIN..=i32::MAX));
    let name = report.text(table.name, &join(key, "name"), NAME_CHARACTERS);
    let code_key = join(key, "processing_code");
    let right = "a code of processing-codes.toml";
    let code = report.required(table.processing_code, &code_key, right);
    operation(report, code, &code_key, known);
    let abroad_key = join(key, "international_processing_code");
    let abroad = report.optional(table.international_processing_code, &abroad_key, right);
    operation(report, abroad, &abroad_key, known);
    let conditions_key = join(key, "conditions");
    let right = "a list of conditions; [] always holds";
    let list = report.required(table.conditions, &conditions_key, right)?;
    let given = list.len();
    let tables = report.tables(list, &conditions_key);
    let conditions: Vec<_> = tables
        .into_iter()
        .filter_map(|(key, table)| condition(report, table, &key, lists, known))
        .collect();
    // A rule without one of its conditions would hold more often than it says.
    if conditions.len() != given {
        return None;
    }
    Some(MappingRule {
        order: order?,
        line: report.line(key),
        key: key.to_owned(),
        name: name?,
        conditions,
        processing_code: code?,
        international_processing_code: abroad,
    })
}

fn operation(report: &mut Report<'_>, code: Option<ProcessingCode>, key: &str, known: &Known) {
    if let Some(code) = code
        && !known.processing_codes.contains(&code)
        && !known.processing_codes_unsure
    {
        let reason = format!("{code} is not an operation of processing-codes.toml; list it there");
        report.error(key, reason);
    }
}
