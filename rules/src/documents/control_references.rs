//! What flex controls refer to: operations, attribute groups, other controls. The same for controls of
//! the files and for one that a client sends.

use std::collections::BTreeMap;

use super::lines::{Lines, join};
use super::{Document, ErrorCode, Known, RuleError, RuleErrors};
use crate::controls::{
    AttributeGroup, AttributeGroupId, ControlAttribute, ControlId, ControlLevel, FlexControl,
    OwnControls, Test, override_cycle,
};
use crate::snapshot::Tables;
use crate::{AttributeGroupKind, ControlTarget, ProcessingCode, Snapshot};

/// What a control may refer to. `None`: some could not be read, so a missing one may be that.
struct References<'a> {
    is_operation: Option<&'a dyn Fn(ProcessingCode) -> bool>,
    groups: Option<&'a BTreeMap<AttributeGroupId, AttributeGroup>>,
    controls: Option<&'a BTreeMap<ControlId, ControlTarget>>,
}

/// Something wrong: its key in the control, its code, and why.
type Problem = (String, ErrorCode, String);

/// Checks every control of the files.
pub(super) fn check(
    documents: &[Document],
    known: &Known,
    tables: &Tables,
    errors: &mut Vec<RuleError>,
) {
    let is_operation = |code| known.processing_codes.contains(&code);
    let controls = tables.flex_controls.iter();
    let targets = controls
        .map(|control| (control.id, control.target))
        .collect();
    let references = References {
        is_operation: (!known.processing_codes_unsure).then_some(&is_operation),
        groups: (!known.attribute_groups_unsure).then_some(&tables.attribute_groups),
        controls: (!known.flex_controls_unsure).then_some(&targets),
    };
    let cycle = override_cycle(tables.flex_controls.iter().map(AsRef::as_ref));
    for control in &tables.flex_controls {
        let mut problems = references.problems(control);
        if cycle.contains(&control.id) {
            problems.push(cycle_problem());
        }
        if problems.is_empty() {
            continue;
        }
        let document = documents.iter().find(|one| one.path == control.file);
        let lines = document.map_or_else(Lines::default, |one| Lines::of(&one.content).0);
        errors.extend(problems.into_iter().map(|(key, code, reason)| {
            let key = join(&control.key, &key);
            RuleError {
                line: lines.line(&key),
                key,
                code: Some(code),
                ..RuleError::of_file(control.file.clone(), reason)
            }
        }));
    }
}

fn cycle_problem() -> Problem {
    let reason = "is skipped in favour of itself, over others; leave one of them out";
    let key = "override_controls".to_owned();
    (key, ErrorCode::Erul0701, reason.to_owned())
}

impl Snapshot {
    /// Checks what a control that was compiled alone refers to: operations and groups of these rules, and
    /// controls of these rules or of those made at run time for the same operations.
    ///
    /// # Errors
    /// Everything it refers to that is not there.
    pub fn check_control(
        &self,
        control: &FlexControl,
        own: &OwnControls<'_>,
    ) -> Result<(), RuleErrors> {
        let is_operation = |code| self.processing_code(code).is_some();
        let sets = [own.account, own.customer, own.card];
        let others = self
            .flex_controls()
            .chain(sets.into_iter().flat_map(|set| set.iter()));
        let others: Vec<&FlexControl> = others.filter(|other| other.id != control.id).collect();
        let targets = others
            .iter()
            .map(|other| (other.id, other.target))
            .collect();
        let references = References {
            is_operation: Some(&is_operation),
            groups: Some(&self.tables().attribute_groups),
            controls: Some(&targets),
        };
        let mut problems = references.problems(control);
        let all = others.into_iter().chain([control]);
        if override_cycle(all).contains(&control.id) {
            problems.push(cycle_problem());
        }
        if problems.is_empty() {
            return Ok(());
        }
        let errors = problems.into_iter().map(|(key, code, reason)| RuleError {
            key: join(&control.key, &key),
            code: Some(code),
            ..RuleError::of_file(control.file.clone(), reason)
        });
        Err(RuleErrors(errors.collect()))
    }
}

impl References<'_> {
    fn problems(&self, control: &FlexControl) -> Vec<Problem> {
        let mut problems = Vec::new();
        for code in &control.scope.processing_codes {
            if self
                .is_operation
                .is_some_and(|is_operation| !is_operation(*code))
            {
                let reason =
                    format!("{code} is not an operation of processing-codes.toml; list it there");
                problems.push(("processing_codes".to_owned(), ErrorCode::Erul0701, reason));
            }
        }
        for (index, condition) in control.conditions.iter().enumerate() {
            if let Test::Group { id, .. } = &condition.test
                && let Some((code, reason)) = self.group(*id, condition.attribute)
            {
                problems.push((format!("conditions[{index}].value"), code, reason));
            }
        }
        for (index, id) in control.overrides.iter().enumerate() {
            if let Some((code, reason)) = self.overridden(*id, control.target) {
                problems.push((format!("override_controls[{index}]"), code, reason));
            }
        }
        problems
    }

    fn group(
        &self,
        id: AttributeGroupId,
        attribute: ControlAttribute,
    ) -> Option<(ErrorCode, String)> {
        let Some(group) = self.groups?.get(&id) else {
            let reason = format!("no group {id}; write it in attribute-groups/NAME.toml");
            return Some((ErrorCode::Erul0805, reason));
        };
        let kind = match attribute == ControlAttribute::MerchantId {
            true => AttributeGroupKind::MerchantId,
            false => AttributeGroupKind::MerchantCategoryCode,
        };
        (group.kind != kind).then(|| {
            let (found, wanted) = (group.kind.as_str(), kind.as_str());
            let reason = format!("group {id} has values of {found}; write one of {wanted}");
            (ErrorCode::Erul0701, reason)
        })
    }

    fn overridden(&self, id: ControlId, by: ControlTarget) -> Option<(ErrorCode, String)> {
        let Some(target) = self.controls?.get(&id) else {
            let reason = format!("no control {id}; leave it out");
            return Some((ErrorCode::Erul0004, reason));
        };
        if target.level() == ControlLevel::Program {
            let reason = format!(
                "{id} is a control of {target}; write rule_reference_id and customized instead"
            );
            return Some((ErrorCode::Erul1007, reason));
        }
        let reach = target.level() < by.level() || *target == by;
        (!reach).then(|| {
            let reason = format!("{id} is for {target}, which this control does not reach");
            (ErrorCode::Erul0701, reason)
        })
    }
}
