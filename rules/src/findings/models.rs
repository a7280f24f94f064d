//! Rule models: rules that are never reached, codes whose direction changes, models without a
//! target.

use super::{Finding, FindingKind, Severity};
use crate::{ConditionData, ConditionType, MappingRule, Operator, RuleModel, Snapshot};

/// Looks at every rule model.
pub(super) fn find(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    for model in snapshot.rule_models() {
        if model.attached_to.is_empty() {
            let message = format!("model {:?} is attached to no target", model.id);
            findings.push(Finding {
                severity: Severity::Note,
                kind: FindingKind::Unused,
                file: model.file.clone(),
                line: 1,
                key: "attached_to".to_owned(),
                message,
                example: None,
            });
        }
        for (index, rule) in model.rules.iter().enumerate() {
            let earlier = model.rules.get(..index).unwrap_or_default();
            let first = earlier.iter().find(|first| {
                first
                    .conditions
                    .iter()
                    .all(|one| rule.conditions.contains(one))
            });
            if let Some(first) = first {
                let message = format!(
                    "rule {} is never reached: rule {} is tried first and has no condition that \
                     this one has not",
                    rule.order, first.order
                );
                findings.push(at(model, rule, FindingKind::UnreachableRule, message));
            }
            findings.extend(direction_changed(snapshot, model, rule));
        }
    }
}

fn at(model: &RuleModel, rule: &MappingRule, kind: FindingKind, message: String) -> Finding {
    Finding {
        severity: Severity::Warning,
        kind,
        file: model.file.clone(),
        line: rule.line,
        key: rule.key.clone(),
        message,
        example: None,
    }
}

/// A rule that names the incoming code, and gives one that moves money the other way.
fn direction_changed(
    snapshot: &Snapshot,
    model: &RuleModel,
    rule: &MappingRule,
) -> Option<Finding> {
    let incoming = rule.conditions.iter().find_map(|condition| {
        let names = condition.subject == ConditionType::ProcessingCode
            && [Operator::Eq, Operator::In].contains(&condition.operator);
        match &condition.data {
            ConditionData::Texts(texts) if names => Some(texts),
            ConditionData::Texts(_) | ConditionData::Flag(_) | ConditionData::Number(_) => None,
        }
    })?;
    let impact = |code| Some(snapshot.processing_code(code)?.balance_impact);
    let outgoing = [
        Some(rule.processing_code),
        rule.international_processing_code,
    ];
    for code in outgoing.into_iter().flatten() {
        let other = incoming.iter().find(|text| {
            let found = text.parse().ok().and_then(impact);
            found.is_some() && found != impact(code)
        });
        if let Some(other) = other {
            let message = format!(
                "rule {} turns code {other} into {code}, which does not move money the same way",
                rule.order
            );
            return Some(at(model, rule, FindingKind::DirectionChanged, message));
        }
    }
    None
}
