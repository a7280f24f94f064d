//! `flex-controls/*.toml`: the flex controls of one target per file (flex-controls API), and single
//! controls that a client sends. What controls refer to is checked in `control_references`.

use std::sync::Arc;

use super::control_conditions::{ControlConditionTable, condition};
use super::control_limits::{LimitKeys, rule};
use super::control_periods::{ResetPeriodTable, ResetStrategyTable};
use super::control_scopes::{CodeKeys, ReplacementKeys, ScopeKeys, codes, replacements, scope};
use super::control_targets::{ControlTargetKeys, target};
use super::given::{Given, table};
use super::lines::join;
use super::report::Report;
use super::{Document, ErrorCode, Known, RuleError, RuleErrors};
use crate::controls::ControlCardMode;
use crate::controls::{
    CONTROLS_MAX, CardHash, ControlAttribute, ControlCondition, ControlEffect, ControlId,
    ControlKind, ControlLevel, ControlTarget, CountedPer, CustomCode, FlexControl, Zone,
};
use crate::snapshot::Tables;
use crate::{Currency, ProcessingCode, ResponseCode};

table! {
    /// Flex controls of one target.
    FlexControlsTable {
        /// Whom the controls are for. The controls of all levels are evaluated.
        required level: ControlLevel,
        /// The program, for level program.
        optional program_id: i64,
        /// The account, for levels account and customer.
        optional account_id: i64,
        /// The customer, for level customer.
        optional customer_id: i64,
        /// The hash of the card number, for level card.
        optional card_id: CardHash,
        /// The controls.
        required controls: Vec<Given<FlexControlTable>>,
    }
}

table! {
    /// One flex control.
    FlexControlTable {
        /// Identifier, unique: 1 to 36 letters, digits, '-', '_' or '.'.
        required id: ControlId,
        /// What it is; it never changes.
        required r#type: ControlKind,
        /// Name, at most 100 characters.
        required name: String,
        /// What it is for, at most 255 characters.
        optional description: String,
        /// Whether it is evaluated; missing: true.
        optional active: bool,
        /// Position, 1 to 99; lower is tried first, and the first that denies decides. Missing: last.
        optional evaluation_order: i64,
        /// Which way a restriction denies; missing: deny_when_met.
        optional effect: ControlEffect,
        /// Whose operations a limit of a program or an account counts together; missing: account.
        optional counted_per: CountedPer,
        /// The operations; missing or empty: all, but of a limit that names no operation_type only those
        /// that take money out.
        optional processing_codes: Vec<Given<ProcessingCode>>,
        /// Currency of its amounts; missing: that of the account.
        optional currency_code: Currency,
        /// All of these must be met. A restriction has at least one; of a limit they select what counts.
        optional conditions: Vec<Given<ControlConditionTable>>,
        /// Most that may be spent, in minor units of the currency, or most operations.
        optional max_limit: i64,
        /// For cumulative_limit: most that may be spent, in minor units of the currency.
        optional max_amount: i64,
        /// For cumulative_limit: most operations.
        optional max_transactions: i64,
        /// ISO 8601 duration in which a limit counts, such as P1M. Missing: each operation alone.
        optional limit_duration: String,
        /// Where a period begins.
        optional reset_period: ResetPeriodTable,
        /// What resets a cumulative limit.
        optional reset_strategy: ResetStrategyTable,
        /// IANA time zone of week_day, month_day, time_now and reset_period; missing: UTC.
        optional time_zone: String,
        /// The only beneficiary it is for, at most 100 characters.
        optional beneficiary_id: String,
        /// Controls that are skipped where this one applies; never those of a program.
        optional override_controls: Vec<Given<ControlId>>,
        /// The control of the program that this is a copy of. Where the program has it, it takes the place
        /// of this one, unless this one is customized.
        optional rule_reference_id: ControlId,
        /// Whether this copy takes the place of the program's control; missing: false.
        optional customized: bool,
        /// The only cards it is for, by the hash of their numbers; level customer.
        optional card_ids: Vec<Given<CardHash>>,
        /// The only mode of a card it is for.
        optional card_mode: ControlCardMode,
        /// Denial code of the business, at most 100 characters. Levels program and account must have it.
        optional deny_code: String,
        /// Code of DE39 of the decline; missing: that of the network's table.
        optional response_code: ResponseCode,
        /// Decline code of the issuer, 1 to 3 letters or digits.
        optional custom_code: CustomCode,
    }
}

/// Longest name of a control, in characters.
const NAME_CHARACTERS: usize = 100;
/// Longest description, in characters.
const DESCRIPTION_CHARACTERS: usize = 255;
/// Highest position.
const ORDER_MAX: u8 = 99;
/// The path of a control that stands in no file.
const ALONE: &str = "control.json";

const RIGHT_ID: &str = "1 to 36 letters, digits, '-', '_' or '.'";
const RIGHT_KIND: &str =
    "\"restriction\", \"spending_limit\", \"usage_limit\" or \"cumulative_limit\"";
const RIGHT_FLAG: &str = "true or false";

/// Checks one file and adds its controls.
pub(super) fn read(
    document: &Document,
    known: &mut Known,
    tables: &mut Tables,
    errors: &mut Vec<RuleError>,
) {
    let (mut report, table) = Report::open::<FlexControlsTable>(document, errors);
    let Some(table) = table else {
        known.flex_controls_unsure = true;
        return;
    };
    report.errors_have_code(ErrorCode::Erul0701);
    let keys = ControlTargetKeys {
        level: table.level,
        program_id: table.program_id,
        account_id: table.account_id,
        customer_id: table.customer_id,
        card_id: table.card_id,
    };
    let target = target(&mut report, keys, known);
    let list = report.required(table.controls, "controls", "at least one [[controls]]");
    let Some(target) = target else {
        known.flex_controls_unsure = true;
        return;
    };
    for (key, table) in report.tables(list.unwrap_or_default(), "controls") {
        let Some(control) = control(&mut report, table, &key, target) else {
            known.flex_controls_unsure = true;
            continue;
        };
        add(&mut report, control, known, tables);
    }
}

/// Adds a control that is the first of its id.
fn add(report: &mut Report<'_>, control: FlexControl, known: &mut Known, tables: &mut Tables) {
    let (id, target) = (control.id, control.target);
    if let Some(file) = known.flex_controls.get(&id) {
        let reason = format!("control {id} is already in {file}; take another id");
        report.error_of_code(ErrorCode::Erul0706, &join(&control.key, "id"), reason);
        return;
    }
    known.flex_controls.insert(id, control.file.clone());
    let others = tables.flex_controls.iter();
    if others.filter(|other| other.target == target).count() == CONTROLS_MAX {
        let reason =
            format!("{target} has more than {CONTROLS_MAX} controls; keep at most so many");
        let code = match target.level() {
            ControlLevel::Program | ControlLevel::Account => ErrorCode::Wrul0707,
            ControlLevel::Customer | ControlLevel::Card => ErrorCode::Wrul1207,
        };
        report.error_of_code(code, &control.key, reason);
    }
    tables.flex_controls.push(Arc::new(control));
}

impl FlexControl {
    /// Compiles one control by itself, from JSON of the shape of an entry of `controls`. What it refers to
    /// is not looked at: see [`crate::Snapshot::check_control`].
    ///
    /// # Errors
    /// Every error of it, each with its key.
    pub fn compile(target: ControlTarget, json: &str) -> Result<Self, RuleErrors> {
        let document = Document {
            path: ALONE.to_owned(),
            content: json.to_owned(),
        };
        let mut errors = Vec::new();
        let (mut report, table) = Report::open::<FlexControlTable>(&document, &mut errors);
        report.errors_have_code(ErrorCode::Erul0701);
        let control = table.and_then(|table| control(&mut report, table, "", target));
        match control {
            Some(control) if errors.is_empty() => Ok(Self {
                file: String::new(),
                ..control
            }),
            Some(_) | None => Err(RuleErrors(errors)),
        }
    }
}

/// The keys of a control, by who reads them.
struct Parts {
    head: HeadKeys,
    conditions: Given<Vec<Given<ControlConditionTable>>>,
    scope: ScopeKeys,
    replacements: ReplacementKeys,
    codes: CodeKeys,
    limit: LimitKeys,
}

/// The keys that every control has.
struct HeadKeys {
    id: Given<ControlId>,
    kind: Given<ControlKind>,
    name: Given<String>,
    description: Given<String>,
    active: Given<bool>,
    evaluation_order: Given<i64>,
    time_zone: Given<String>,
}

impl From<FlexControlTable> for Parts {
    fn from(table: FlexControlTable) -> Self {
        Self {
            head: HeadKeys {
                id: table.id,
                kind: table.r#type,
                name: table.name,
                description: table.description,
                active: table.active,
                evaluation_order: table.evaluation_order,
                time_zone: table.time_zone,
            },
            conditions: table.conditions,
            scope: ScopeKeys {
                processing_codes: table.processing_codes,
                currency_code: table.currency_code,
                card_ids: table.card_ids,
                card_mode: table.card_mode,
                beneficiary_id: table.beneficiary_id,
            },
            replacements: ReplacementKeys {
                override_controls: table.override_controls,
                rule_reference_id: table.rule_reference_id,
                customized: table.customized,
            },
            codes: CodeKeys {
                deny_code: table.deny_code,
                response_code: table.response_code,
                custom_code: table.custom_code,
            },
            limit: LimitKeys {
                effect: table.effect,
                counted_per: table.counted_per,
                max_limit: table.max_limit,
                max_amount: table.max_amount,
                max_transactions: table.max_transactions,
                limit_duration: table.limit_duration,
                reset_period: table.reset_period,
                reset_strategy: table.reset_strategy,
            },
        }
    }
}

/// Checks one control.
fn control(
    report: &mut Report<'_>,
    table: FlexControlTable,
    key: &str,
    target: ControlTarget,
) -> Option<FlexControl> {
    let at = |name: &str| join(key, name);
    let parts = Parts::from(table);
    let head = parts.head;
    let id = report.required(head.id, &at("id"), RIGHT_ID);
    let kind = report.required(head.kind, &at("type"), RIGHT_KIND);
    let name = report.text(head.name, &at("name"), NAME_CHARACTERS);
    if !head.description.is_absent() {
        report.text(head.description, &at("description"), DESCRIPTION_CHARACTERS);
    }
    let active = report.optional(head.active, &at("active"), RIGHT_FLAG);
    let orders = &(1..=ORDER_MAX);
    let evaluation_order = report.number(head.evaluation_order, &at("evaluation_order"), orders);
    let zone = zone(report, head.time_zone, &at("time_zone"));
    let conditions_key = at("conditions");
    let conditions = conditions(report, parts.conditions, &conditions_key);
    let scope = scope(report, parts.scope, key, target);
    let replacements = replacements(report, parts.replacements, key, (id, target));
    let codes = codes(report, parts.codes, key, target);
    let (kind, zone, conditions, mut scope) = (kind?, zone?, conditions?, scope?);
    if kind == ControlKind::Restriction && conditions.is_empty() {
        let reason = "a restriction has at least one condition; write it";
        report.error(&conditions_key, reason);
    }
    scope.debits_only = kind != ControlKind::Restriction
        && scope.processing_codes.is_empty()
        && !names_direction(&conditions);
    let (rule, counted_per) = rule(report, parts.limit, key, (kind, target), (&scope, &zone))?;
    let (replacements, codes) = (replacements?, codes?);
    Some(FlexControl {
        id: id?,
        name: name?,
        target,
        counted_per,
        is_active: active.unwrap_or(true),
        evaluation_order,
        scope,
        conditions,
        rule,
        zone,
        overrides: replacements.overrides,
        rule_reference: replacements.rule_reference,
        is_customized: replacements.is_customized,
        deny_code: codes.deny_code,
        response_code: codes.response_code,
        custom_code: codes.custom_code,
        file: report.file().to_owned(),
        line: report.line(key),
        key: key.to_owned(),
    })
}

fn names_direction(conditions: &[ControlCondition]) -> bool {
    let mut attributes = conditions.iter().map(ControlCondition::attribute);
    attributes.any(|attribute| attribute == ControlAttribute::OperationType)
}

fn zone(report: &mut Report<'_>, given: Given<String>, key: &str) -> Option<Arc<Zone>> {
    if given.is_absent() {
        return Some(Zone::utc());
    }
    let right = "an IANA time zone such as \"America/Sao_Paulo\"";
    let name = report.optional(given, key, right)?;
    let zone = Zone::named(&name);
    if zone.is_none() {
        report.error(key, format!("no time zone {name:?}; write {right}"));
    }
    zone
}

/// `None` when one of them is wrong: without it the control would mean something else.
fn conditions(
    report: &mut Report<'_>,
    list: Given<Vec<Given<ControlConditionTable>>>,
    key: &str,
) -> Option<Vec<ControlCondition>> {
    let wrong = matches!(list, Given::Bad(_));
    let list = report.optional(list, key, "a list of conditions");
    let list = list.unwrap_or_default();
    let given = list.len();
    let conditions: Vec<ControlCondition> = report
        .tables(list, key)
        .into_iter()
        .filter_map(|(key, table)| condition(report, table, &key))
        .collect();
    (conditions.len() == given && !wrong).then_some(conditions)
}
