//! How one message is kept: closed, as bytes, until somebody asks for it.
//!
//! Owns: what is closed and opened. Few messages are ever asked for again: repeats, reversals and completions are about
//! them, and what a message takes once it is read is several times its bytes. Must never: close what may have changed
//! since, or go on without a message that cannot be opened.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Recent;
use crate::authorization::key::REFERENCE_CHARACTERS;
use crate::authorization::{MatchKey, MessageKey, Reference, ReferenceKind};
use crate::encoding;

/// What a message has one or two of.
pub(super) type References<T> = SmallVec<[T; 2]>;

/// A message and its key.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) key: MessageKey,
    /// The batch of the newest record that changed it, while it is closed.
    sequence: u64,
    /// Its references and then the rest of it; nothing when it was never closed.
    closed: Box<[u8]>,
    /// What was opened stays open.
    opened: OnceLock<Box<Recent>>,
}

impl Kept {
    /// Keeps a message that nobody is expected to ask for.
    pub(super) fn closed(key: MessageKey, recent: Recent) -> Self {
        let Ok(closed) = close(&key, &recent) else {
            return Self::opened(key, recent);
        };
        debug_assert_eq!(open(&key, &closed).ok().as_ref(), Some(&recent));
        Self {
            key,
            sequence: recent.touched().sequence,
            closed: closed.into(),
            opened: OnceLock::new(),
        }
    }

    /// Keeps a message that is about to be asked for.
    pub(super) fn opened(key: MessageKey, recent: Recent) -> Self {
        Self {
            key,
            sequence: recent.touched().sequence,
            closed: Box::default(),
            opened: Box::new(recent).into(),
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "this process wrote the bytes: going on without the message could move its money twice"
    )]
    pub(super) fn get(&self) -> &Recent {
        self.opened.get_or_init(|| {
            Box::new(open(&self.key, &self.closed).expect("a message that was closed"))
        })
    }

    /// The same, to change it.
    pub(super) fn get_mut(&mut self) -> Option<&mut Recent> {
        self.get();
        self.closed = Box::default();
        self.opened.get_mut().map(AsMut::as_mut)
    }

    /// The batch of the newest record that changed it.
    pub(super) fn sequence(&self) -> u64 {
        let opened = self.opened.get();
        opened.map_or(self.sequence, |recent| recent.touched().sequence)
    }

    /// Names it is found by beside its key.
    pub(super) fn references(&self) -> References<Reference> {
        let closed = match self.opened.get() {
            Some(_) => None,
            None => open_references(&self.key, &self.closed).ok(),
        };
        match closed {
            Some((references, _)) => references,
            None => self.get().references().into(),
        }
    }
}

/// A reference beside the key of the message that bears it.
#[derive(Serialize, Deserialize)]
enum Borne {
    /// On the network and card of the key.
    OfKey(ReferenceKind, [u8; REFERENCE_CHARACTERS]),
    /// On others.
    Other(Reference),
}

impl Borne {
    fn by(key: &MessageKey, reference: &Reference) -> Self {
        match key {
            MessageKey::Network(MatchKey { network, card, .. })
                if (*network, *card) == (reference.network, reference.card) =>
            {
                Self::OfKey(reference.kind, reference.text)
            }
            MessageKey::Network(_)
            | MessageKey::Operator(_)
            | MessageKey::Clearing(_)
            | MessageKey::Transfer(..) => Self::Other(*reference),
        }
    }

    fn of(self, key: &MessageKey) -> Option<Reference> {
        match (self, key) {
            (Self::OfKey(kind, text), MessageKey::Network(key)) => Some(Reference {
                network: key.network,
                card: key.card,
                kind,
                text,
            }),
            (Self::OfKey(..), _) => None,
            (Self::Other(reference), _) => Some(reference),
        }
    }
}

fn close(key: &MessageKey, recent: &Recent) -> Result<Vec<u8>, postcard::Error> {
    let references = recent.references().iter();
    let borne: References<Borne> = references
        .map(|reference| Borne::by(key, reference))
        .collect();
    encoding::encode(&[], &(borne, recent))
}

fn open(key: &MessageKey, closed: &[u8]) -> Result<Recent, postcard::Error> {
    let (references, rest) = open_references(key, closed)?;
    let mut recent = postcard::from_bytes(rest)?;
    if let Recent::Message(message) = &mut recent {
        message.references = references;
    }
    Ok(recent)
}

/// The references of a closed message, and the rest of it.
fn open_references<'a>(
    key: &MessageKey,
    closed: &'a [u8],
) -> Result<(References<Reference>, &'a [u8]), postcard::Error> {
    let (borne, rest) = postcard::take_from_bytes::<References<Borne>>(closed)?;
    let references = borne.into_iter().filter_map(|borne| borne.of(key));
    Ok((references.collect(), rest))
}
