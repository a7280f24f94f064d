//! The controls of one target, in the order of trying, and the controls of all targets of the rules in
//! force. Never changes: a change is another set.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::control::FlexControl;
use super::facts::ControlFacts;
use super::group::AttributeGroup;
use super::kinds::ControlTarget;
use super::names::{AttributeGroupId, CardHash, ControlId, CustomerId};
use crate::index::Map;
use crate::{AccountId, ErrorCode, ProgramId};

/// Most controls of one target.
pub const CONTROLS_MAX: usize = 200;

/// The controls of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlSet {
    /// In the order of trying.
    controls: Vec<Arc<FlexControl>>,
    /// Those that may make others be skipped.
    overriding: Vec<Arc<FlexControl>>,
}

/// No control.
pub(crate) static NO_CONTROLS: ControlSet = ControlSet {
    controls: Vec::new(),
    overriding: Vec::new(),
};

/// Why a control cannot be among the others of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlConflict {
    /// The target has as many as it may have.
    #[error("the target has {CONTROLS_MAX} controls already; change one of them")]
    TooMany(ControlTarget),
    /// A change of the type.
    #[error("the type of a control never changes; make another control")]
    TypeChanged,
    /// A control that would be skipped in favour of itself.
    #[error("the control is skipped in favour of one that it is to be skipped for")]
    OverridesItself,
}

impl ControlConflict {
    /// The code under which an API client is told.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::TooMany(ControlTarget::Customer { .. } | ControlTarget::Card(_)) => {
                ErrorCode::Wrul1207
            }
            Self::TooMany(ControlTarget::Program(_) | ControlTarget::Account(_)) => {
                ErrorCode::Wrul0707
            }
            Self::TypeChanged | Self::OverridesItself => ErrorCode::Erul0701,
        }
    }
}

impl ControlSet {
    /// A set of controls of one target.
    pub(crate) fn new(mut controls: Vec<Arc<FlexControl>>) -> Self {
        controls.sort_by_key(|control| control.rank());
        let overriding = controls
            .iter()
            .filter(|control| !control.overrides.is_empty() || control.is_customized)
            .cloned()
            .collect();
        Self {
            controls,
            overriding,
        }
    }

    /// The set with a control more, or with another in the place of the one with its id.
    ///
    /// # Errors
    /// A set that has as many as it may have, another type than before, or controls that would be
    /// skipped in favour of each other.
    pub fn with(&self, control: FlexControl) -> Result<Self, ControlConflict> {
        let mut controls = self.controls.clone();
        let is_full = controls.len() >= CONTROLS_MAX;
        match controls.iter_mut().find(|other| other.id == control.id) {
            Some(other) if other.kind() != control.kind() => {
                return Err(ControlConflict::TypeChanged);
            }
            Some(other) => *other = Arc::new(control),
            None if is_full => return Err(ControlConflict::TooMany(control.target)),
            None => controls.push(Arc::new(control)),
        }
        if !override_cycle(controls.iter().map(Arc::as_ref)).is_empty() {
            return Err(ControlConflict::OverridesItself);
        }
        Ok(Self::new(controls))
    }

    /// The set with a control in its place, whatever [`with`](Self::with) would say: for what was taken in
    /// before.
    #[must_use]
    pub fn put(&self, control: FlexControl) -> Self {
        let mut controls = self.without(control.id).controls;
        controls.push(Arc::new(control));
        Self::new(controls)
    }

    /// The set without the control of this id.
    #[must_use]
    pub fn without(&self, id: ControlId) -> Self {
        let controls = self.controls.iter().filter(|control| control.id != id);
        Self::new(controls.cloned().collect())
    }

    /// The controls in the order of trying.
    pub fn iter(&self) -> impl Iterator<Item = &FlexControl> {
        self.controls.iter().map(Arc::as_ref)
    }

    /// The control with this id.
    pub fn get(&self, id: ControlId) -> Option<&FlexControl> {
        self.iter().find(|control| control.id == id)
    }

    /// How many controls there are.
    pub fn len(&self) -> usize {
        self.controls.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.controls.is_empty()
    }
}

/// The ids of controls that would be skipped in favour of themselves over others; none where all is well.
/// That a control names itself is refused where it is read.
pub(crate) fn override_cycle<'a>(
    controls: impl Iterator<Item = &'a FlexControl>,
) -> Vec<ControlId> {
    let mut left: BTreeMap<ControlId, &[ControlId]> = controls
        .map(|control| (control.id, control.overrides.as_slice()))
        .collect();
    // What overrides nothing that is left is on no cycle.
    loop {
        let before = left.len();
        let ids: Vec<ControlId> = left.keys().copied().collect();
        left.retain(|own, overrides| {
            let mut others = overrides.iter().filter(|id| *id != own);
            others.any(|id| ids.binary_search(id).is_ok())
        });
        if left.len() == before {
            return left.into_keys().collect();
        }
    }
}

/// Controls that were made at run time, of one operation: those of its account, of its customer and of
/// its card.
#[derive(Clone, Copy, Debug)]
pub struct OwnControls<'a> {
    /// Of the account.
    pub account: &'a ControlSet,
    /// Of the customer.
    pub customer: &'a ControlSet,
    /// Of the card.
    pub card: &'a ControlSet,
}

impl OwnControls<'static> {
    /// None.
    pub const NONE: Self = Self {
        account: &NO_CONTROLS,
        customer: &NO_CONTROLS,
        card: &NO_CONTROLS,
    };
}

/// The controls and groups of the rules in force.
#[derive(Debug, Default)]
pub(crate) struct ControlRules {
    by_program: Map<ProgramId, ControlSet>,
    by_account: Map<AccountId, ControlSet>,
    by_customer: Map<CustomerId, ControlSet>,
    by_card: Map<CardHash, ControlSet>,
    groups: Map<AttributeGroupId, AttributeGroup>,
}

impl ControlRules {
    pub(crate) fn new(
        controls: &[Arc<FlexControl>],
        groups: impl Iterator<Item = AttributeGroup>,
    ) -> Self {
        /// The targets of one level with their controls.
        fn sets<K: Ord + std::hash::Hash + Copy>(
            controls: &[Arc<FlexControl>],
            key: impl Fn(ControlTarget) -> Option<K>,
        ) -> Map<K, ControlSet> {
            let mut by_key: BTreeMap<K, Vec<Arc<FlexControl>>> = BTreeMap::new();
            for control in controls {
                if let Some(key) = key(control.target) {
                    by_key.entry(key).or_default().push(Arc::clone(control));
                }
            }
            let sets = by_key.into_iter();
            sets.map(|(key, controls)| (key, ControlSet::new(controls)))
                .collect()
        }
        use ControlTarget as Target;
        Self {
            by_program: sets(controls, |target| match target {
                Target::Program(id) => Some(id),
                Target::Account(_) | Target::Customer { .. } | Target::Card(_) => None,
            }),
            by_account: sets(controls, |target| match target {
                Target::Account(id) => Some(id),
                Target::Program(_) | Target::Customer { .. } | Target::Card(_) => None,
            }),
            by_customer: sets(controls, |target| match target {
                Target::Customer { customer, .. } => Some(customer),
                Target::Program(_) | Target::Account(_) | Target::Card(_) => None,
            }),
            by_card: sets(controls, |target| match target {
                Target::Card(hash) => Some(hash),
                Target::Program(_) | Target::Account(_) | Target::Customer { .. } => None,
            }),
            groups: groups.map(|group| (group.id, group)).collect(),
        }
    }

    pub(crate) fn groups(&self) -> &Map<AttributeGroupId, AttributeGroup> {
        &self.groups
    }

    pub(crate) fn of_program(&self, program: ProgramId) -> &ControlSet {
        get(&self.by_program, &program)
    }

    pub(crate) fn of_account(&self, account: AccountId) -> &ControlSet {
        get(&self.by_account, &account)
    }

    /// The sets of an operation: first those of the rules, then those made at run time.
    pub(crate) fn candidates<'a>(
        &'a self,
        facts: &ControlFacts<'_>,
        own: &OwnControls<'a>,
    ) -> Candidates<'a> {
        let of_customer = facts.customer.map(|id| get(&self.by_customer, &id));
        let of_card = facts.card.map(|hash| get(&self.by_card, &hash));
        Candidates {
            sets: [
                self.of_program(facts.program),
                self.of_account(facts.account),
                of_customer.unwrap_or(&NO_CONTROLS),
                of_card.unwrap_or(&NO_CONTROLS),
                own.account,
                own.customer,
                own.card,
            ],
        }
    }
}

/// The set of a key. Most rules have none at most levels, and the path of an authorization asks.
fn get<'a, K: Eq + std::hash::Hash>(sets: &'a Map<K, ControlSet>, key: &K) -> &'a ControlSet {
    if sets.is_empty() {
        return &NO_CONTROLS;
    }
    sets.get(key).unwrap_or(&NO_CONTROLS)
}

/// The sets that can apply to one operation, the program's first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidates<'a> {
    sets: [&'a ControlSet; 7],
}

impl<'a> Candidates<'a> {
    /// Those of the program.
    pub(crate) fn program(&self) -> &'a ControlSet {
        let [program, ..] = self.sets;
        program
    }

    /// Those that may make others be skipped.
    pub(crate) fn overriding(&self) -> impl Iterator<Item = &'a FlexControl> + use<'a> {
        let sets = self.sets.into_iter();
        sets.flat_map(|set| set.overriding.iter().map(Arc::as_ref))
    }

    /// Whether any control may make others be skipped.
    pub(crate) fn any_overriding(&self) -> bool {
        self.sets.iter().any(|set| !set.overriding.is_empty())
    }

    /// All controls in the order of trying: by evaluation order, those without one last; then the more
    /// specific level; then by id.
    pub(crate) fn in_order(&self) -> InOrder<'a> {
        let mut in_order = InOrder {
            rest: [&[]; 7],
            filled: 0,
        };
        let filled = self.sets.iter().filter(|set| !set.is_empty());
        for (slot, set) in in_order.rest.iter_mut().zip(filled) {
            *slot = &set.controls;
            in_order.filled = in_order.filled.saturating_add(1);
        }
        in_order
    }
}

/// Goes over several sets at once, in the order of trying.
#[derive(Debug)]
pub(crate) struct InOrder<'a> {
    rest: [&'a [Arc<FlexControl>]; 7],
    /// Behind so many of them there are no controls.
    filled: usize,
}

impl<'a> Iterator for InOrder<'a> {
    type Item = &'a FlexControl;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut best, others) = self.rest.get_mut(..self.filled)?.split_first_mut()?;
        for other in others {
            let is_better = match (best.first(), other.first()) {
                (Some(best), Some(other)) => order(other, best) == Ordering::Less,
                (None, Some(_)) => true,
                (_, None) => false,
            };
            if is_better {
                best = other;
            }
        }
        let (control, rest) = best.split_first()?;
        *best = rest;
        Some(control)
    }
}

fn order(one: &FlexControl, other: &FlexControl) -> Ordering {
    let place = |control: &FlexControl| control.evaluation_order.unwrap_or(u8::MAX);
    let by_order = place(one).cmp(&place(other));
    let by_level = || other.target.level().cmp(&one.target.level());
    by_order
        .then_with(by_level)
        .then_with(|| one.id.cmp(&other.id))
}
