//! The cards that changed.
//!
//! Owns: what messages made of cards, each change from where the one before it ended, and that a card has the status it
//! was last given. Must never: take a card for unchanged because no message is left that changed it.

use std::collections::BTreeMap;

use super::walk::Walk;
use super::{Audit, AuditError, Rule, Step};
use crate::books::BookStore;
use crate::books::rows::{MessageBody, StoredMessage, Table};
use crate::entities::{CardFacts, CardStatus, SuspendedModes};
use crate::identifiers::{CardHash, RecordId};
use crate::operation::OperationEffect;

/// What the messages made of cards, and the cards that the journal issued.
#[derive(Default)]
pub(super) struct Cards {
    changed: BTreeMap<CardHash, Changed>,
    pub(super) issued: BTreeMap<CardHash, (RecordId, CardFacts)>,
    /// Key of the last message looked at.
    seen: Option<Vec<u8>>,
}

/// What became of a card.
#[derive(Default)]
struct Changed {
    last: RecordId,
    status: Option<CardStatus>,
    suspended: Option<SuspendedModes>,
}

impl Cards {
    /// Takes in what a message did to a card; each change begins where the one before it ended.
    pub(super) fn take(&mut self, message: &StoredMessage) -> Result<(), AuditError> {
        self.seen = Some(message.id.to_key().to_vec());
        let (card, before, status, suspended) = match &message.body {
            MessageBody::FileAction(decided) => {
                let Some(status) = decided.status else {
                    return Ok(());
                };
                let card = decided.facts.key.card;
                (card, decided.status_before, Some(status), None)
            }
            MessageBody::Operation { done, .. } => match &done.effect {
                OperationEffect::CardStatus {
                    card,
                    before,
                    status,
                } => (*card, Some(*before), Some(*status), None),
                OperationEffect::CardModes {
                    card, suspended, ..
                } => (*card, None, None, Some(*suspended)),
                OperationEffect::Moved
                | OperationEffect::Forced(_)
                | OperationEffect::Canceled(_)
                | OperationEffect::Granted { .. }
                | OperationEffect::AccountStatus { .. }
                | OperationEffect::Holder(_)
                | OperationEffect::Control { .. }
                | OperationEffect::AvailableLimit { .. }
                | OperationEffect::ClearingSettled(_)
                | OperationEffect::LimitRefunded { .. }
                | OperationEffect::TransferSent(_)
                | OperationEffect::TransferReceived(_)
                | OperationEffect::TransferRefused(_)
                | OperationEffect::TransferSettled(_)
                | OperationEffect::PurgeOrdered => return Ok(()),
            },
            MessageBody::Authorization { .. }
            | MessageBody::Reversal { .. }
            | MessageBody::Dropped(_)
            | MessageBody::Clearing { .. } => return Ok(()),
        };
        let changed = self.changed.entry(card).or_default();
        if let (Some(known), Some(before)) = (changed.status, before)
            && known != before
        {
            let finding = format!("the card was {known:?}, the next change found it {before:?}");
            let records = [changed.last, message.id];
            return Err(AuditError::violation(Rule::Statuses, finding, records));
        }
        changed.last = message.id;
        changed.status = status.or(changed.status);
        changed.suspended = suspended.or(changed.suspended);
        Ok(())
    }
}

impl<S: BookStore> Audit<'_, '_, S> {
    /// Every card that changed is what its last change made of it.
    pub(super) fn cards(&mut self, mut cards: Cards) -> Result<(), AuditError> {
        self.summary.cards_changed = u64::try_from(cards.changed.len()).unwrap_or(u64::MAX);
        loop {
            let Err(error) = self.check_cards(&cards) else {
                return Ok(());
            };
            // It may have changed since its messages were read.
            let mut walk = Walk::behind(Table::Messages, cards.seen.clone());
            let mut news = false;
            while let Some((key, _)) = walk.next(self, Step::Cards)? {
                let id = RecordId::from_key(&key);
                let message = id.map_or(Ok(None), |id| self.views.message(id))?;
                if let Some(message) = message {
                    news |= cards.seen.as_deref() < Some(key.as_slice());
                    cards.take(&message)?;
                }
            }
            if !news {
                return Err(error);
            }
        }
    }

    fn check_cards(&mut self, cards: &Cards) -> Result<(), AuditError> {
        for (hash, changed) in &cards.changed {
            self.row(Step::Cards)?;
            let card = self.views.card(hash)?.map(|card| card.facts);
            let good = card.is_some_and(|card| {
                changed.status.is_none_or(|status| card.status == status)
                    && changed
                        .suspended
                        .is_none_or(|suspended| card.suspended == suspended)
            });
            if !good {
                let finding = format!("card {hash} is not what its last change made of it");
                return Err(AuditError::violation(
                    Rule::Statuses,
                    finding,
                    [changed.last],
                ));
            }
        }
        for (hash, (id, issued)) in &cards.issued {
            self.row(Step::Cards)?;
            let changed = cards.changed.get(hash);
            let status = changed.and_then(|changed| changed.status);
            let suspended = changed.and_then(|changed| changed.suspended);
            let expected = CardFacts {
                status: status.unwrap_or(issued.status),
                suspended: suspended.unwrap_or(issued.suspended),
                ..*issued
            };
            if self.views.card(hash)?.map(|card| card.facts) != Some(expected) {
                let finding = format!("card {hash} is not the one that was issued");
                return Err(AuditError::violation(Rule::Journal, finding, [*id]));
            }
        }
        Ok(())
    }
}
