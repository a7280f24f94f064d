//! Flex controls: conditions that contradict each other, controls that never deny, what is there twice or
//! for nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, FindingKind, Severity};
use crate::Snapshot;
use crate::controls::{
    AttributeGroupId, ControlAttribute, ControlCondition, ControlEffect, ControlId, ControlLevel,
    ControlTarget, FlexControl, Ranges, Rule, Test, TextKey, operation_type,
};

/// Looks at every active control, and at every group.
pub(super) fn find(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let active = || {
        snapshot
            .flex_controls()
            .filter(|control| control.is_active())
    };
    for control in active() {
        if let Some(problem) = contradiction(snapshot, control) {
            findings.push(contradictory(control, &problem));
        } else if let Rule::Usage { periods: None, .. } = control.rule {
            let message = format!(
                "{:?} never denies: without limit_duration it compares each operation alone",
                control.name
            );
            findings.push(at(
                control,
                Severity::Warning,
                FindingKind::NeverDenies,
                message,
            ));
        }
    }
    twice(active(), findings);
    unknown_references(snapshot, findings);
    unused_groups(snapshot, findings);
}

fn at(control: &FlexControl, severity: Severity, kind: FindingKind, message: String) -> Finding {
    Finding {
        severity,
        kind,
        file: control.file.clone(),
        line: control.line,
        key: control.key.clone(),
        message,
        example: None,
    }
}

fn contradictory(control: &FlexControl, problem: &str) -> Finding {
    let consequence = match control.rule {
        Rule::Restriction(ControlEffect::DenyWhenMet) => "never denies",
        Rule::Restriction(ControlEffect::DenyUnlessMet) => "denies whatever it applies to",
        Rule::Spending { .. } | Rule::Usage { .. } | Rule::Cumulative { .. } => "never counts",
    };
    let message = format!("{:?} {consequence}: {problem}", control.name);
    let kind = FindingKind::ContradictoryConditions;
    at(control, Severity::Warning, kind, message)
}

/// Why no operation meets all conditions.
fn contradiction(snapshot: &Snapshot, control: &FlexControl) -> Option<String> {
    let mut by_attribute: BTreeMap<ControlAttribute, Vec<&ControlCondition>> = BTreeMap::new();
    for condition in &control.conditions {
        let conditions = by_attribute.entry(condition.attribute).or_default();
        conditions.push(condition);
    }
    for (attribute, conditions) in &by_attribute {
        if never_met(conditions) {
            return Some(match conditions.as_slice() {
                [one] => format!("nothing is {attribute} {} {}", one.operator, one.value),
                _ => format!("its conditions on {attribute} contradict each other"),
            });
        }
    }
    let directions = by_attribute.get(&ControlAttribute::OperationType)?;
    let codes = &control.scope.processing_codes;
    let mut entries = codes
        .iter()
        .filter_map(|code| snapshot.processing_code(*code));
    let met = numbers(directions);
    let none = !codes.is_empty()
        && !entries.any(|entry| met.contains(operation_type(entry.balance_impact)));
    none.then(|| "none of its processing codes moves money that way".to_owned())
}

/// The numbers that meet all conditions that compare numbers.
fn numbers(conditions: &[&ControlCondition]) -> Ranges {
    let all = Ranges::of([(i64::MIN, i64::MAX)]);
    let tests = conditions.iter().map(|condition| &condition.test);
    tests.fold(all, |met, test| match test {
        Test::Ranges(ranges) => met.and(ranges),
        Test::Texts { .. } | Test::Group { .. } => met,
    })
}

/// Whether the conditions on one attribute are never met together.
fn never_met(conditions: &[&ControlCondition]) -> bool {
    let mut inside: Option<BTreeSet<TextKey>> = None;
    let mut outside: BTreeSet<TextKey> = BTreeSet::new();
    let mut groups: BTreeSet<(AttributeGroupId, bool)> = BTreeSet::new();
    for condition in conditions {
        match &condition.test {
            Test::Ranges(_) => {}
            Test::Texts {
                texts,
                inside: true,
            } => {
                let texts: BTreeSet<TextKey> = texts.iter().copied().collect();
                inside = Some(match inside {
                    None => texts,
                    Some(others) => others.intersection(&texts).copied().collect(),
                });
            }
            Test::Texts { texts, .. } => outside.extend(texts),
            Test::Group { id, inside } => {
                groups.insert((*id, *inside));
            }
        }
    }
    let no_text = inside.is_some_and(|texts| texts.is_subset(&outside));
    let no_group = groups
        .iter()
        .any(|(id, inside)| groups.contains(&(*id, !inside)));
    numbers(conditions).is_empty() || no_text || no_group
}

/// Controls of one target with one name, or that say the same.
fn twice<'a>(controls: impl Iterator<Item = &'a FlexControl>, findings: &mut Vec<Finding>) {
    let mut by_target: BTreeMap<ControlTarget, Vec<&FlexControl>> = BTreeMap::new();
    for control in controls {
        by_target.entry(control.target).or_default().push(control);
    }
    for (target, controls) in by_target {
        for (index, control) in controls.iter().enumerate() {
            let earlier = controls.get(..index).unwrap_or_default();
            if let Some(first) = earlier.iter().find(|first| says_the_same(first, control)) {
                let message = format!("{:?} says the same as {}", control.name, named(first));
                let kind = FindingKind::DuplicateControl;
                findings.push(at(control, Severity::Warning, kind, message));
            } else if let Some(first) = earlier.iter().find(|first| first.name == control.name) {
                let message = format!("{target} already has a control {}", named(first));
                let kind = FindingKind::DuplicateName;
                findings.push(at(control, Severity::Warning, kind, message));
            }
        }
    }
}

fn named(control: &FlexControl) -> String {
    format!("{:?} ({}:{})", control.name, control.file, control.line)
}

fn says_the_same(one: &FlexControl, other: &FlexControl) -> bool {
    one.rule == other.rule
        && one.scope == other.scope
        && one.conditions == other.conditions
        && one.counted_per == other.counted_per
        && one.zone == other.zone
}

/// Copies of controls that no program has.
fn unknown_references(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let of_programs: BTreeSet<ControlId> = snapshot
        .flex_controls()
        .filter(|control| control.target.level() == ControlLevel::Program)
        .map(FlexControl::id)
        .collect();
    for control in snapshot.flex_controls() {
        let unknown = control
            .rule_reference
            .filter(|id| !of_programs.contains(id));
        if let Some(id) = unknown {
            let message = format!("{:?} is a copy of {id}, which no program has", control.name);
            let kind = FindingKind::UnknownReference;
            findings.push(at(control, Severity::Note, kind, message));
        }
    }
}

fn unused_groups(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let used: BTreeSet<AttributeGroupId> = snapshot
        .flex_controls()
        .flat_map(|control| &control.conditions)
        .filter_map(|condition| match &condition.test {
            Test::Group { id, .. } => Some(*id),
            Test::Ranges(_) | Test::Texts { .. } => None,
        })
        .collect();
    for (id, group) in &snapshot.tables().attribute_groups {
        let problem = if group.is_empty() {
            "has no value"
        } else if !used.contains(id) {
            "is in no condition of these controls"
        } else {
            continue;
        };
        findings.push(Finding {
            severity: Severity::Note,
            kind: FindingKind::Unused,
            file: group.file.clone(),
            line: 1,
            key: "id".to_owned(),
            message: format!("group {id} {problem}"),
            example: None,
        });
    }
}
