//! The messages of the match window, in memory.
//!
//! Owns: what is remembered of a decided message to recognise its repeats and to change what it approved
//! ([`Remembered`]), how it is kept (`kept`) and found (`messages`). Must never: hold what neither asks for.

mod clearing;
mod kept;
mod messages;

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use rules::Reason;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::authorization::{
    Answer, AuthorizationDecided, Change, ClearingSettled, Decision, FileActionDecided,
    Fingerprint, MatchKey, MessageKey, Presented, Reference, Refund, Relation, ReversalDecided,
    Standing,
};
use crate::books::rows::{MessageBody, StoredMessage};
use crate::command::{Decided, Done, Outcome};
use crate::identifiers::{BusinessDate, RecordId, Timestamp};
use crate::operation::{OperationDone, OperationRequest};
use crate::record::Record;

pub(crate) use clearing::RememberedClearing;
pub(crate) use messages::RecentMessages;

/// What is remembered under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Recent {
    /// A message was decided.
    Message(Box<Remembered>),
    /// It has not arrived, but its reversal has.
    ReversedBeforeArrival(RecordId),
}

/// What the repeats of a message must have in common with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Content {
    /// A network's message.
    Message(Fingerprint),
    /// An operation: the hash of what was asked.
    Operation(u64),
    /// A clearing: the hash of what it says.
    Clearing(u64),
}

/// What a message did to an authorization that another message made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Link {
    /// It raised it by a part of its own.
    Increment {
        of: MessageKey,
        authorization: RecordId,
    },
    /// It changed what remains of it, as a completion or another advice.
    Completion {
        of: MessageKey,
        authorization: RecordId,
    },
    /// It is a refund of it, and stands for itself.
    Refund(Box<Refund>),
    /// It undid it, in full or in part; `None` once that was undone in its turn.
    Reversal(Option<Box<Change>>),
    /// It is a clearing, or settled one of the work list.
    Clearing(Box<RememberedClearing>),
    /// It is a side of a transfer.
    Transfer,
}

/// What is kept of a decided message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) id: RecordId,
    /// When it was decided.
    pub(crate) time: Timestamp,
    /// The newest record that changed this entry.
    pub(crate) touched: RecordId,
    pub(crate) content: Content,
    /// `None` for an operation.
    pub(crate) answer: Option<Answer>,
    pub(crate) reason: Option<Reason>,
    /// The business day that the answer names.
    pub(crate) business_date: Option<BusinessDate>,
    /// What it stands for, where it approved something of its own.
    pub(crate) standing: Option<Standing>,
    /// What it did to another's.
    pub(crate) link: Option<Link>,
    /// Names it is found by beside its key; kept before the rest.
    #[serde(skip)]
    pub(crate) references: SmallVec<[Reference; 2]>,
    /// DE37, by which an approval code that several authorizations bear is told apart.
    pub(crate) retrieval: Option<[u8; RETRIEVAL_CHARACTERS]>,
    /// What clearings presented of it and refunds gave back.
    pub(crate) presented: Presented,
}

/// Characters of DE37.
const RETRIEVAL_CHARACTERS: usize = 12;

/// DE37 in a fixed length; `None` when it is longer.
pub(crate) fn retrieval(text: &str) -> Option<[u8; RETRIEVAL_CHARACTERS]> {
    let mut padded = [b' '; RETRIEVAL_CHARACTERS];
    let text = text.trim_end();
    padded
        .get_mut(..text.len())?
        .copy_from_slice(text.as_bytes());
    Some(padded)
}

impl Recent {
    /// The record of it.
    pub(crate) fn id(&self) -> RecordId {
        match self {
            Self::Message(message) => message.id,
            Self::ReversedBeforeArrival(id) => *id,
        }
    }

    /// The newest record that changed it.
    fn touched(&self) -> RecordId {
        match self {
            Self::Message(message) => message.touched,
            Self::ReversedBeforeArrival(id) => *id,
        }
    }

    /// Names it is found by beside its key.
    fn references(&self) -> &[Reference] {
        match self {
            Self::Message(message) => &message.references,
            Self::ReversedBeforeArrival(_) => &[],
        }
    }

    fn message(message: Remembered) -> Self {
        Self::Message(Box::new(message))
    }

    /// What a stored message means, with the key under which it means it.
    pub(crate) fn of(stored: &StoredMessage) -> SmallVec<[(MessageKey, Self); 2]> {
        let mut found = SmallVec::new();
        match &stored.body {
            MessageBody::Authorization {
                decided, standing, ..
            } => {
                if decided.takes_match_key() {
                    let place = (stored.id, stored.time);
                    let mut message = Remembered::authorization(place, decided);
                    message.standing.clone_from(standing);
                    message.presented = stored.presented;
                    found.push((decided.facts.key.into(), Self::message(message)));
                }
            }
            MessageBody::Reversal { decided, restored } => {
                if decided.takes_match_key() {
                    let mut message = Remembered::reversal((stored.id, stored.time), decided);
                    if *restored {
                        message.link = Some(Link::Reversal(None));
                    }
                    found.push((decided.facts.key.into(), Self::message(message)));
                }
                if let Some(original) = decided.overtaken() {
                    found.push((original.into(), Self::ReversedBeforeArrival(stored.id)));
                }
            }
            MessageBody::FileAction(decided) if !decided.takes_match_key() => {}
            MessageBody::FileAction(decided) => {
                let message = Remembered::file_action((stored.id, stored.time), decided);
                found.push((decided.facts.key.into(), Self::message(message)));
            }
            MessageBody::Operation { done, standing } => {
                let mut message = Remembered::operation((stored.id, stored.time), done);
                message.standing.clone_from(standing);
                let key = done.request.key();
                found.push((key, Self::message(message)));
            }
            MessageBody::Clearing {
                decided,
                standing,
                settled,
            } => {
                let mut message = Remembered::clearing((stored.id, stored.time), decided);
                message.standing.clone_from(standing);
                message.settle(*settled);
                let key = MessageKey::Clearing(decided.facts.key.clone());
                found.push((key, Self::message(message)));
            }
            MessageBody::Dropped(_) => {}
        }
        found
    }
}

impl ReversalDecided {
    /// Whether it takes the place of its match key.
    pub(crate) fn takes_match_key(&self) -> bool {
        self.result != crate::authorization::ReversalResult::MatchConflict
    }

    /// The message that it undoes and that has not arrived.
    pub(crate) fn overtaken(&self) -> Option<MatchKey> {
        let unknown = self.result == crate::authorization::ReversalResult::UnknownOriginal;
        self.facts.original.filter(|_| unknown)
    }
}

impl FileActionDecided {
    /// Whether it takes the place of its match key.
    pub(crate) fn takes_match_key(&self) -> bool {
        self.reason != Some(Reason::MatchConflict)
    }
}

impl Remembered {
    /// The outcome of a repeat: the stored answer, and nothing to record.
    pub(crate) fn again(&self) -> (Vec<Record>, Outcome) {
        let outcome = match (self.answer, self.content, &self.link) {
            (Some(answer), ..) => Outcome::Decided(Decided {
                id: self.id,
                answer,
                reason: self.reason,
                repeat: true,
                business_date: self.business_date,
            }),
            (None, Content::Clearing(_), Some(Link::Clearing(clearing))) => clearing.again(self.id),
            (None, ..) => Outcome::Done(Done {
                id: self.id,
                repeat: true,
            }),
        };
        (Vec::new(), outcome)
    }

    /// What is remembered of any message: nothing but its place and content.
    fn plain((id, time): (RecordId, Timestamp), content: Content) -> Self {
        Self {
            id,
            time,
            touched: id,
            content,
            answer: None,
            reason: None,
            business_date: None,
            standing: None,
            link: None,
            references: SmallVec::new(),
            retrieval: None,
            presented: Presented::default(),
        }
    }

    pub(crate) fn authorization(
        place: (RecordId, Timestamp),
        decided: &AuthorizationDecided,
    ) -> Self {
        let link = match &decided.decision {
            Decision::Approved(approval) => match &approval.relation {
                Relation::Alone => None,
                Relation::Raises((of, authorization)) => Some(Link::Increment {
                    of: of.clone(),
                    authorization: *authorization,
                }),
                Relation::Refunds(refund) => Some(Link::Refund(Box::new(refund.clone()))),
            },
            Decision::Completed(change) => Some(Link::Completion {
                of: change.key.clone(),
                authorization: change.authorization,
            }),
            Decision::Declined(_) => None,
        };
        let standing = decided.standing(place.0);
        let references = match &standing {
            Some(_) => decided.references().collect(),
            None => SmallVec::new(),
        };
        Self {
            answer: Some(decided.answer),
            reason: decided.reason(),
            business_date: decided.facts.business_date,
            standing,
            link,
            references,
            retrieval: decided
                .facts
                .retrieval_reference
                .as_deref()
                .and_then(retrieval),
            ..Self::plain(place, Content::Message(decided.facts.fingerprint))
        }
    }

    pub(crate) fn reversal(place: (RecordId, Timestamp), decided: &ReversalDecided) -> Self {
        let undone = decided.result == crate::authorization::ReversalResult::Reversed;
        Self {
            answer: Some(decided.answer),
            reason: decided.reason(),
            business_date: decided.facts.business_date,
            link: Some(Link::Reversal(decided.change.clone().filter(|_| undone))),
            ..Self::plain(place, Content::Message(decided.facts.fingerprint))
        }
    }

    pub(crate) fn file_action(place: (RecordId, Timestamp), decided: &FileActionDecided) -> Self {
        Self {
            answer: Some(decided.answer),
            reason: decided.reason,
            business_date: decided.facts.business_date,
            ..Self::plain(place, Content::Operation(decided.facts.hash()))
        }
    }

    pub(crate) fn operation(place: (RecordId, Timestamp), done: &OperationDone) -> Self {
        let settled = done.effect.settled();
        let transferred = done.effect.is_transfer().then_some(Link::Transfer);
        Self {
            standing: done.effect.standing().cloned(),
            link: settled.map(RememberedClearing::settling).or(transferred),
            references: settled
                .and_then(ClearingSettled::reference)
                .into_iter()
                .collect(),
            ..Self::plain(place, Content::Operation(done.request.hash()))
        }
    }
}

impl OperationRequest {
    /// Hash of what is asked, the same in every run of one build; who asks does not count.
    pub(crate) fn hash(&self) -> u64 {
        let asked = (&self.operation, &self.description);
        BuildHasherDefault::<DefaultHasher>::default().hash_one(asked)
    }
}

impl crate::authorization::FileActionFacts {
    /// Hash of what is asked, the same in every run of one build.
    pub(crate) fn hash(&self) -> u64 {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(self.action)
    }
}

impl AuthorizationDecided {
    /// The names that an approval is found by beside its key.
    pub(crate) fn references(&self) -> impl Iterator<Item = Reference> {
        let key = &self.facts.key;
        let network = self.facts.network_reference;
        let network = network.map(|reference| Reference::network(key, reference));
        let code = self.answer.approval_code;
        let code = code.map(|code| Reference::approval_code(key, code));
        network.into_iter().chain(code)
    }
}
