//! Version 4 of authorizations, 3 of reversals and 1 of file actions, before records said the business day that a
//! message came in.
//!
//! Owns: what a journal of those versions holds, and what it means to this build: the day is not known. The types
//! here never change; `tests/fixtures/journal-v6` holds them to it. Must never: be written.

use rules::{Reason, RulesVersion};
use serde::Deserialize;

use crate::authorization::{
    self as current, Answer, Change, Decision, FileAction, Fingerprint, MatchKey, NetworkReference,
    StandInReason,
};
use crate::entities::CardStatus;
use crate::record::{version_2, version_3};

/// The encoding has no frame of its own around what was there before.
#[derive(Deserialize)]
pub(crate) struct RequestFacts {
    before: version_3::RequestFacts,
    stand_in_reason: Option<StandInReason>,
}

impl From<RequestFacts> for current::RequestFacts {
    fn from(old: RequestFacts) -> Self {
        Self {
            stand_in_reason: old.stand_in_reason,
            ..old.before.into()
        }
    }
}

pub(crate) type AuthorizationDecided = version_3::AuthorizationDecided<RequestFacts, Decision>;

/// What versions 2 and 3 of a reversal have.
#[derive(Deserialize)]
pub(super) struct ReversalFacts {
    key: MatchKey,
    fingerprint: Fingerprint,
    original: Option<MatchKey>,
    network_reference: Option<NetworkReference>,
    advice: bool,
    replacement_minor: Option<i64>,
    retrieval_reference: Option<String>,
}

impl From<ReversalFacts> for current::ReversalFacts {
    fn from(old: ReversalFacts) -> Self {
        Self {
            key: old.key,
            fingerprint: old.fingerprint,
            original: old.original,
            network_reference: old.network_reference,
            advice: old.advice,
            replacement_minor: old.replacement_minor,
            retrieval_reference: old.retrieval_reference,
            business_date: None,
        }
    }
}

pub(crate) type ReversalDecided = version_2::ReversalDecided<Change>;

#[derive(Deserialize)]
struct FileActionFacts {
    key: MatchKey,
    action: Option<FileAction>,
}

#[derive(Deserialize)]
pub(crate) struct FileActionDecided {
    facts: FileActionFacts,
    status_before: Option<CardStatus>,
    status: Option<CardStatus>,
    reason: Option<Reason>,
    rules: RulesVersion,
    answer: Answer,
}

impl From<FileActionDecided> for current::FileActionDecided {
    fn from(old: FileActionDecided) -> Self {
        Self {
            facts: current::FileActionFacts {
                key: old.facts.key,
                action: old.facts.action,
                business_date: None,
            },
            status_before: old.status_before,
            status: old.status,
            reason: old.reason,
            rules: old.rules,
            answer: old.answer,
        }
    }
}
