//! What is remembered of clearings, and of the operations that settle those of the work list.
//!
//! Owns: how they are recognised when they come again, and by what they are found. Must never: hold more of one
//! than its facts and what became of it.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use rules::{ClearingAction, ClearingReason};
use serde::{Deserialize, Serialize};

use super::{Content, Link, Remembered};
use crate::authorization::{
    Cleared, ClearingDecided, ClearingFacts, ClearingKind, ClearingResult, ClearingSettled,
    MessageKey, Reference,
};
use crate::command::{ClearedAs, Outcome};
use crate::identifiers::{RecordId, Timestamp};

/// What is kept of a clearing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RememberedClearing {
    pub(crate) facts: ClearingFacts,
    pub(crate) verdict: ClearingAction,
    pub(crate) reasons: Vec<ClearingReason>,
    /// What it changed: an authorization, or another clearing.
    pub(crate) changed: Option<(MessageKey, RecordId)>,
    /// What more of that was presented.
    pub(crate) presented_minor: i64,
    /// The operation that took it out of the work list.
    pub(crate) settled: Option<RecordId>,
}

impl RememberedClearing {
    /// What an operation that settles one is linked to.
    pub(super) fn settling(settled: &ClearingSettled) -> Link {
        let cleared = settled.cleared.as_ref();
        Link::Clearing(Box::new(Self {
            facts: settled.facts.clone(),
            verdict: cleared.map_or(ClearingAction::Reject, |_| ClearingAction::Post),
            reasons: Vec::new(),
            changed: cleared.and_then(Cleared::changed),
            presented_minor: cleared.map_or(0, |cleared| cleared.presented_minor),
            settled: None,
        }))
    }

    /// The outcome of a repeat.
    pub(super) fn again(&self, id: RecordId) -> Outcome {
        Outcome::Cleared(ClearedAs {
            id,
            verdict: self.verdict,
            reasons: self.reasons.clone(),
            repeat: true,
        })
    }
}

impl Remembered {
    pub(crate) fn clearing(place: (RecordId, Timestamp), decided: &ClearingDecided) -> Self {
        let verdict = match &decided.result {
            ClearingResult::Posted(_) => ClearingAction::Post,
            ClearingResult::Held => ClearingAction::Hold,
            ClearingResult::Rejected => ClearingAction::Reject,
        };
        let clearing = RememberedClearing {
            facts: decided.facts.clone(),
            verdict,
            reasons: decided.reasons.clone(),
            changed: decided.cleared().and_then(Cleared::changed),
            presented_minor: decided
                .cleared()
                .map_or(0, |cleared| cleared.presented_minor),
            settled: None,
        };
        Self {
            standing: decided
                .cleared()
                .and_then(|cleared| cleared.standing.clone()),
            link: Some(Link::Clearing(Box::new(clearing))),
            references: decided.reference().into_iter().collect(),
            ..Self::plain(place, Content::Clearing(decided.facts.hash()))
        }
    }

    /// Notes the operation that took it out of the work list.
    pub(crate) fn settle(&mut self, by: Option<RecordId>) {
        if let Some(Link::Clearing(clearing)) = &mut self.link {
            clearing.settled = by;
        }
    }
}

impl Cleared {
    /// What it changed, by its key and its record.
    fn changed(&self) -> Option<(MessageKey, RecordId)> {
        let change = self.change.as_ref()?;
        Some((change.key.clone(), change.authorization))
    }
}

impl ClearingDecided {
    /// The name that a presentment which posted is found by beside its key.
    pub(crate) fn reference(&self) -> Option<Reference> {
        self.cleared().and_then(|_| self.facts.bears())
    }
}

impl ClearingSettled {
    /// The same of one that was resolved.
    pub(crate) fn reference(&self) -> Option<Reference> {
        self.cleared.as_ref().and_then(|_| self.facts.bears())
    }
}

impl ClearingFacts {
    /// The name that it is found by once it posted: a reversal bears that of what it undoes.
    fn bears(&self) -> Option<Reference> {
        let presents = self.kind == ClearingKind::Presentment;
        self.acquirer().filter(|_| presents)
    }

    /// Hash of what it says, the same in every run of one build.
    pub(crate) fn hash(&self) -> u64 {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(self)
    }
}
