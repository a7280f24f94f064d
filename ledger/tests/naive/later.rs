//! How the naive ledger decides what comes after an authorization: reversals, acknowledgements, expiries;
//! and what a network does to a card.

use ledger::authorization::{
    AuthorizationStatus, Divergence, FileAction, FileActionFacts, MatchKey, MessageKey,
    ReversalFacts,
};
use ledger::entities::CardStatus;
use rules::Reason;

use crate::books::{Became, Naive, Seen};
use crate::said::{Answer, Said};

/// How a reversal ends.
struct Ending {
    reason: Option<Reason>,
    divergence: Option<Divergence>,
    became: Became,
}

fn without_effect(divergence: Option<Divergence>) -> Ending {
    Ending {
        reason: None,
        divergence,
        became: Became::Reversal(None),
    }
}

impl Naive {
    pub(crate) fn reverse(&mut self, facts: &ReversalFacts) -> Said {
        let content = format!("{:?}", facts.fingerprint);
        let key = MessageKey::Network(facts.key);
        let known = self.keys.get(&key).map(|message| &self.messages[*message]);
        match known {
            Some(seen) if seen.content == content => return seen.said.again(),
            Some(_) => {
                let ending = Ending {
                    reason: Some(Reason::MatchConflict),
                    ..without_effect(None)
                };
                return self.end(None, facts, content, ending);
            }
            None => {}
        }
        let reference = facts.network_reference;
        let name = reference.map(|reference| format!("reference {}", reference.as_str()));
        let named = self.named(facts.key.card, facts.original, &[name]);
        let ending = match named.flatten() {
            Some(message) => self.undo(facts, message),
            None => {
                let event = self.messages.len();
                let original = facts.original.map(|original| (original, event));
                self.overtaken.extend(original);
                Ending {
                    reason: (!facts.advice).then_some(Reason::UnknownOriginal),
                    ..without_effect(None)
                }
            }
        };
        self.end(Some(key), facts, content, ending)
    }

    fn end(
        &mut self,
        key: Option<MessageKey>,
        facts: &ReversalFacts,
        content: String,
        ending: Ending,
    ) -> Said {
        let network = self.rules.network(facts.key.network).unwrap();
        let code = ending
            .reason
            .map(|reason| network.response_code(reason).to_string());
        let said = Said::Answer(Answer {
            code: code.unwrap_or_else(|| "00".to_owned()),
            reason: ending.reason,
            divergences: ending.divergence.into_iter().collect(),
            ..Answer::default()
        });
        let seen = Seen {
            content,
            fingerprint: Some(facts.fingerprint),
            said: said.clone(),
            became: ending.became,
        };
        self.take(key, seen);
        said
    }

    fn undo(&mut self, facts: &ReversalFacts, message: usize) -> Ending {
        if let Became::Reversal(_) = &self.messages[message].became {
            return self.take_back(message);
        }
        let Some((number, increment)) = self.hold_of(message) else {
            return without_effect(None);
        };
        let (hold, event) = (&self.holds[number], self.messages.len());
        let left = hold.left();
        let Some(named) = self.messages[message].fingerprint.filter(|_| left > 0) else {
            return without_effect(None);
        };
        let asked = facts.fingerprint;
        let keeping = facts.replacement_minor.unwrap_or(0).max(0);
        let most = match increment {
            Some(_) => named.amount_minor,
            None => {
                let approved: i64 = hold.parts.iter().map(|part| part.approved).sum();
                approved.max(named.amount_minor).max(left)
            }
        };
        let agrees = [0, named.amount_minor, left].contains(&asked.amount_minor.max(0))
            && (asked.currency.is_none() || asked.currency == named.currency);
        let wrong = !agrees && keeping == 0;
        if keeping > most || (wrong && !facts.advice) {
            return Ending {
                reason: (!facts.advice).then_some(Reason::OriginalAmountMismatch),
                ..without_effect(facts.advice.then_some(Divergence::Amount))
            };
        }
        let divergence = wrong.then_some(Divergence::Amount);
        let before = hold.before(number);
        let hold = &mut self.holds[number];
        match increment {
            None if keeping < left => hold.leave(keeping),
            None => {}
            Some(message) => {
                let part = hold.parts.iter_mut().find(|part| part.message == message);
                let part = part.unwrap();
                part.left = part.left.min(keeping);
            }
        }
        if hold.left() == left {
            return without_effect(divergence);
        }
        if hold.left() == 0 {
            hold.status = AuthorizationStatus::Canceled;
        }
        hold.changed_by = event;
        Ending {
            reason: None,
            divergence,
            became: Became::Reversal(Some(before)),
        }
    }

    /// A reversal of a reversal.
    fn take_back(&mut self, reversal: usize) -> Ending {
        let event = self.messages.len();
        let Became::Reversal(undone) = &mut self.messages[reversal].became else {
            return without_effect(None);
        };
        let Some(before) = undone else {
            return without_effect(None);
        };
        if self.holds[before.hold].parts[0].message < self.gone {
            return without_effect(None);
        }
        let hold = &mut self.holds[before.hold];
        if hold.changed_by != reversal {
            return without_effect(Some(Divergence::ChangedSince));
        }
        hold.status = before.status;
        for (part, left) in hold.parts.iter_mut().zip(&before.left) {
            part.left = *left;
        }
        hold.changed_by = event;
        *undone = None;
        without_effect(None)
    }

    pub(crate) fn acknowledge(&self, original: MatchKey) -> Said {
        Said::Acknowledged(self.keys.contains_key(&original.into()))
    }

    pub(crate) fn expire(&mut self, key: &MessageKey) -> Said {
        let (event, now, gone) = (self.messages.len(), self.now, self.gone);
        let mut holds = self.holds.iter_mut();
        let hold = holds.find(|hold| hold.key == *key && hold.parts[0].message >= gone);
        let Some(hold) = hold else {
            return Said::Dropped(false);
        };
        let pending = hold.status == AuthorizationStatus::Pending;
        if !pending || hold.due.is_none_or(|due| due > now) {
            return Said::Dropped(false);
        }
        hold.leave(0);
        hold.status = AuthorizationStatus::Dropped;
        hold.changed_by = event;
        let seen = Seen {
            content: String::new(),
            fingerprint: None,
            said: Said::Dropped(true),
            became: Became::Nothing,
        };
        self.take(None, seen);
        Said::Dropped(true)
    }

    pub(crate) fn file_action(&mut self, facts: &FileActionFacts) -> Said {
        let content = format!("{:?}", facts.action);
        let key = MessageKey::Network(facts.key);
        let known = self.keys.get(&key).map(|message| &self.messages[*message]);
        let before = self.cards.get(&facts.key.card).map(|card| card.status);
        let (key, result) = match known {
            Some(seen) if seen.content == content => return seen.said.again(),
            Some(_) => (None, Err(Reason::MatchConflict)),
            None => (Some(key), file_action(facts.action, before)),
        };
        let network = self.rules.network(facts.key.network).unwrap();
        let reason = result.err();
        let code = reason.map(|reason| network.response_code(reason).to_string());
        if let (Ok(status), Some(card)) = (result, self.cards.get_mut(&facts.key.card)) {
            card.status = status;
        }
        let inquiry = facts.action == Some(FileAction::Inquire) && reason.is_none();
        let said = Said::Answer(Answer {
            code: code.unwrap_or_else(|| "00".to_owned()),
            reason,
            card: before.filter(|_| inquiry),
            ..Answer::default()
        });
        let seen = Seen {
            content,
            fingerprint: None,
            said: said.clone(),
            became: Became::Nothing,
        };
        self.take(key, seen);
        said
    }
}

/// The status that a card has after a file action.
fn file_action(
    action: Option<FileAction>,
    before: Option<CardStatus>,
) -> Result<CardStatus, Reason> {
    let action = action.ok_or(Reason::FileActionNotSupported)?;
    let before = before.ok_or(Reason::FileRecordNotFound)?;
    let asked = match action {
        FileAction::Inquire => return Ok(before),
        FileAction::Delete => CardStatus::Normal,
        FileAction::Set(status) => status,
    };
    if asked == before || may_become(before, asked) {
        Ok(asked)
    } else {
        Err(Reason::FileActionRefused)
    }
}

/// Whether a card may go from one status to another, of those that the histories use.
pub(crate) fn may_become(before: CardStatus, asked: CardStatus) -> bool {
    use CardStatus::{Blocked, Canceled, Created, Lost, Normal, Theft};
    match (before, asked) {
        (_, Lost | Theft | Canceled) => true,
        (Created, Blocked) => true,
        (Created, _) | (_, Created) => false,
        (Normal | Blocked, Normal | Blocked) => true,
        _ => false,
    }
}
