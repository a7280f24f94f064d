//! Random histories: what a network, an acquirer and an operator send to a small world. So few cards,
//! amounts and names that everything meets everything else.
//!
//! Each step is drawn from bytes: fewer and smaller bytes are a shorter and plainer history, so a failing
//! one shrinks.

use ledger::Command;
use ledger::authorization::{
    AcknowledgementFacts, Advice, ClearingFacts, FileAction, FileActionFacts, Fingerprint,
    MatchKey, MessageClass, MessageKey, NetworkReference, RequestFacts, TrackingId,
};
use ledger::entities::SuspendedModes;
use ledger::identifiers::CardHash;
use ledger::operation::{Operation, OperationRequest};
use ledger::transfer::Transfer;
use rules::AccountId;

use crate::draw::{
    ACCOUNTS, AMOUNTS, CARDS, CODES, Draw, REFERENCES, STATUSES, amount, card_operation, facts,
    funds, granted, like, relate, status,
};
use crate::support::{card_hash, made, match_key};

/// Bytes of one step.
pub(crate) type Bytes = [u8; 12];

/// What happens.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Something is sent after so many seconds.
    Send(i64, Command),
    /// A record of a clearing file; with the approval code of a message, if it was approved.
    Clear(Box<ClearingFacts>, Option<MatchKey>),
    /// The oldest open transfers are carried on by so many steps; the last one may be asked again before.
    CarryOn { steps: usize, again: bool },
    /// Time passes, seconds.
    Wait(i64),
    /// The rules are reloaded.
    Reload(&'static str),
    /// Memory forgets what the books hold.
    Forget,
    /// The history is purged.
    Purge(Purging),
}

/// How the history is purged.
#[derive(Clone, Debug)]
pub(crate) struct Purging {
    pub(crate) after_days: i64,
    /// Whether what is due is let go of first.
    pub(crate) drops: bool,
    /// How many days of the history stay.
    pub(crate) kept_days: i64,
    /// How many decisions a step takes, and how many steps.
    pub(crate) most: usize,
    pub(crate) steps: usize,
}

/// The sets of rules that histories are decided under.
pub(crate) const RULES: [&str; 6] = [
    "related+counted",
    "related",
    "related+changed+counted",
    "related+hold",
    "related+no-part+counted",
    "related+denied",
];

/// What was sent so far.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) sent: Vec<Command>,
    /// Those of them that were approved.
    pub(crate) approved: Vec<Command>,
    /// Records of clearing files.
    pub(crate) presented: Vec<(Box<ClearingFacts>, Option<MatchKey>)>,
    /// The presentment that was undone last.
    pub(crate) undone: Option<(Box<ClearingFacts>, Option<MatchKey>)>,
    stan: u32,
}

impl History {
    /// The next act.
    pub(crate) fn act(&mut self, bytes: &Bytes) -> Act {
        let mut draw = Draw(bytes.iter());
        let kind = draw.below(91);
        let draw = &mut draw;
        let command = match kind {
            0..=15 => self.request(draw),
            16..=20 => self.increment(draw),
            21..=30 => self.advice(draw),
            31..=42 => self.reversal(draw),
            43..=45 => self.again(draw),
            46..=47 => self.conflict(draw),
            48 => self.acknowledgement(draw),
            49..=51 => self.expiry(draw),
            52 => self.file_action(draw),
            53..=58 => self.operation(draw),
            59..=60 => return Act::Wait([1, 86_400, 11 * 86_400, 40 * 86_400][draw.below(4)]),
            61..=62 => return Act::Reload(draw.of(&RULES)),
            63 => return Act::Forget,
            64..=71 => return self.presentment(draw),
            72..=74 | 83..=84 => return self.undoing(draw),
            75 => return self.cleared_again(draw),
            76..=78 => self.settlement(draw),
            79..=82 => self.transfer(draw),
            88..=90 => return Act::Purge(purging(draw)),
            _ => {
                let steps = 1 + draw.below(3);
                let again = draw.one_in(3);
                return Act::CarryOn { steps, again };
            }
        };
        self.sent.push(command.clone());
        let expiry = matches!(command, Command::DropExpired { .. });
        let after = if expiry {
            [11, 0, 31][draw.below(3)]
        } else {
            0
        };
        Act::Send(after * 86_400, command)
    }

    /// Takes notice that what was sent last was approved.
    pub(crate) fn note_approval(&mut self) {
        self.approved.extend(self.sent.last().cloned());
    }

    /// Something that was sent before, of those that fit.
    fn earlier(&self, draw: &mut Draw<'_>, fits: impl Fn(&&Command) -> bool) -> Option<&Command> {
        one_of(&self.sent, draw, fits)
    }

    /// The key of a message that was sent before; now and then of one that is yet to come.
    fn original(&self, draw: &mut Draw<'_>) -> (MatchKey, Option<Fingerprint>) {
        let to_come = (card_hash(draw.of(&CARDS[..2])), MessageClass::Authorization);
        let to_come = match_key(to_come.0, to_come.1, self.stan + 2);
        if draw.one_in(12) {
            return (to_come, None);
        }
        let others = |command: &&Command| {
            matches!(
                command,
                Command::Reverse { .. } | Command::FileAction { .. }
            )
        };
        let earlier = match draw.below(8) {
            0 => self.earlier(draw, |_| true),
            1 | 2 => self.earlier(draw, others),
            _ => one_of(&self.approved, draw, |_| true),
        };
        match earlier {
            Some(Command::Authorize { facts, .. }) => (facts.key, Some(facts.fingerprint)),
            Some(Command::Reverse { facts, .. }) => (facts.key, Some(facts.fingerprint)),
            Some(Command::FileAction { facts, .. }) => (facts.key, None),
            _ => (to_come, None),
        }
    }

    fn key(&mut self, card: CardHash, class: MessageClass) -> MatchKey {
        self.stan += 1;
        match_key(card, class, self.stan)
    }

    fn request(&mut self, draw: &mut Draw<'_>) -> Command {
        let name = draw
            .of(&[0, 1, 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 7, 8, 9].map(|card| CARDS[card]));
        let class = if draw.one_in(3) {
            MessageClass::Financial
        } else {
            MessageClass::Authorization
        };
        let key = self.key(card_hash(name), class);
        authorize(facts(key, draw))
    }

    fn increment(&mut self, draw: &mut Draw<'_>) -> Command {
        let (original, fingerprint) = self.original(draw);
        let class = if draw.one_in(8) {
            MessageClass::Financial
        } else {
            MessageClass::Authorization
        };
        let key = self.key(original.card, class);
        let code = if draw.one_in(6) { Some("20") } else { None };
        let mut facts = like(key, fingerprint, code, draw);
        facts.incremental = !draw.one_in(4);
        relate(&mut facts, original, draw);
        authorize(facts)
    }

    fn advice(&mut self, draw: &mut Draw<'_>) -> Command {
        let (original, fingerprint) = self.original(draw);
        let class = if draw.below(3) > 0 {
            MessageClass::Financial
        } else {
            MessageClass::Authorization
        };
        let approved = !draw.one_in(6);
        let mut facts = if draw.one_in(4) {
            let card = draw.of(&CARDS);
            facts(self.key(card_hash(card), class), draw)
        } else {
            let key = self.key(original.card, class);
            let code = if draw.one_in(8) { Some("20") } else { None };
            let mut facts = like(key, fingerprint, code, draw);
            relate(&mut facts, original, draw);
            facts
        };
        facts.advice = Some(Advice {
            response_code: None,
            approved,
        });
        authorize(facts)
    }

    fn reversal(&mut self, draw: &mut Draw<'_>) -> Command {
        let (original, fingerprint) = self.original(draw);
        let key = self.key(original.card, MessageClass::Reversal);
        let mut fingerprint = fingerprint.unwrap_or_else(|| made::fingerprint(*b"000000", 1_000));
        let advice = draw.below(2) == 1;
        let replacement_minor = draw
            .one_in(3)
            .then(|| draw.of(&[50, 600, 1, 332, 20_000, 0]));
        match draw.below(8) {
            6 => fingerprint.amount_minor = 0,
            7 => fingerprint.amount_minor = draw.of(&AMOUNTS),
            _ => {}
        }
        let by_reference = draw.one_in(8);
        let mut facts = made::reversal(key, original, fingerprint);
        facts.advice = advice;
        facts.replacement_minor = replacement_minor;
        if by_reference {
            facts.original = None;
            facts.network_reference = NetworkReference::new(draw.of(&REFERENCES));
        }
        Command::Reverse {
            facts: Box::new(facts),
            stored: Vec::new(),
        }
    }

    /// The same again.
    fn again(&mut self, draw: &mut Draw<'_>) -> Command {
        match self.earlier(draw, |_| true).cloned() {
            Some(command) => command,
            None => self.request(draw),
        }
    }

    /// The key of an earlier message with another content.
    fn conflict(&mut self, draw: &mut Draw<'_>) -> Command {
        match self.earlier(draw, |_| true).cloned() {
            Some(Command::Authorize { mut facts, stored }) => {
                facts.fingerprint.amount_minor += 1;
                Command::Authorize { facts, stored }
            }
            Some(Command::Reverse { mut facts, stored }) => {
                facts.fingerprint.amount_minor += 1;
                Command::Reverse { facts, stored }
            }
            Some(Command::FileAction { mut facts, stored }) => {
                facts.action = None;
                Command::FileAction { facts, stored }
            }
            Some(Command::Operate {
                mut request,
                stored,
            }) => {
                request.description.push('!');
                Command::Operate { request, stored }
            }
            _ => self.request(draw),
        }
    }

    fn acknowledgement(&mut self, draw: &mut Draw<'_>) -> Command {
        let (original, _) = self.original(draw);
        Command::Acknowledge {
            facts: AcknowledgementFacts { original },
            stored: Vec::new(),
        }
    }

    fn expiry(&mut self, draw: &mut Draw<'_>) -> Command {
        let (original, _) = self.original(draw);
        Command::DropExpired {
            key: MessageKey::Network(original),
            stored: Vec::new(),
        }
    }

    fn file_action(&mut self, draw: &mut Draw<'_>) -> Command {
        let card = card_hash(draw.of(&CARDS));
        let action = match draw.below(6) {
            0 => None,
            1 => Some(FileAction::Inquire),
            2 => Some(FileAction::Delete),
            _ => Some(FileAction::Set(draw.of(&STATUSES))),
        };
        let key = self.key(card, MessageClass::FileAction);
        Command::FileAction {
            facts: FileActionFacts {
                key,
                action,
                business_date: None,
            },
            stored: Vec::new(),
        }
    }

    /// An amount of one account for another.
    fn transfer(&mut self, draw: &mut Draw<'_>) -> Command {
        let operation = Operation::SendTransfer(Transfer {
            account: AccountId(draw.of(&ACCOUNTS)),
            counterpart: AccountId(draw.of(&[2, 1, 3, 900, 901, 902, 903, 904, 99])),
            amount_minor: draw.of(&AMOUNTS),
            processing_code: draw
                .of(&["00", "00", "00", "01", "26", "10"])
                .parse()
                .unwrap(),
            counterpart_code: draw
                .of(&["26", "20", "26", "26", "21", "00"])
                .parse()
                .unwrap(),
        });
        operate(&format!("T{}", self.sent.len()), operation)
    }

    fn operation(&mut self, draw: &mut Draw<'_>) -> Command {
        let number = self.sent.len();
        let id = |number: usize| format!("T{number}").parse::<TrackingId>().unwrap();
        let kind = draw.below(14);
        let is_operation = |command: &&Command| matches!(command, Command::Operate { .. });
        let account = AccountId(draw.of(&ACCOUNTS));
        let reason_id = draw.of(&[None, None, Some(1), Some(2), Some(3), Some(9)]);
        let operation = match kind {
            0 => Operation::Adjust(amount(account, draw)),
            1 | 2 => Operation::Force(amount(account, draw)),
            3 | 4 => Operation::CancelForce {
                of: match self.earlier(draw, is_operation) {
                    Some(Command::Operate { request, .. }) => request.tracking_id.clone(),
                    _ => id(number.saturating_sub(1)),
                },
            },
            5 | 6 => Operation::HoldFunds(funds(draw)),
            7 => Operation::ReleaseFunds(funds(draw)),
            8 => Operation::TransferFunds {
                funds: funds(draw),
                processing_code: draw.of(&CODES).parse().unwrap(),
            },
            9 => Operation::ChangeLimits {
                account,
                limits: granted(draw),
            },
            10 => Operation::ChangeAccountStatus {
                account,
                status: status(draw),
                reason_id,
            },
            11 => Operation::RollBackAccountStatus { account, reason_id },
            12 => card_operation(draw),
            _ => Operation::SuspendModes {
                card: card_hash(draw.of(&CARDS[..2])),
                suspended: SuspendedModes {
                    credit: draw.one_in(2),
                    debit: draw.one_in(2),
                },
            },
        };
        operate(id(number).as_str(), operation)
    }
}

/// An operation, by this id.
pub(crate) fn operate(id: &str, operation: Operation) -> Command {
    let request = OperationRequest {
        tracking_id: id.parse().unwrap(),
        operation,
        description: "why".to_owned(),
        operator: None,
    };
    Command::Operate {
        request: Box::new(request),
        stored: Vec::new(),
    }
}

fn purging(draw: &mut Draw<'_>) -> Purging {
    Purging {
        after_days: [0, 32, 45, 45][draw.below(4)],
        drops: !draw.one_in(4),
        kept_days: [31, 31, 33, 40, 30][draw.below(5)],
        most: 1 + draw.below(30),
        steps: 1 + draw.below(3),
    }
}

/// One of the newest of these that fit.
pub(crate) fn one_of<'a>(
    commands: &'a [Command],
    draw: &mut Draw<'_>,
    fits: impl Fn(&&Command) -> bool,
) -> Option<&'a Command> {
    let fitting: Vec<_> = commands.iter().rev().filter(fits).take(8).collect();
    fitting.get(draw.below(fitting.len())).copied()
}

fn authorize(facts: RequestFacts) -> Command {
    Command::Authorize {
        facts: Box::new(facts),
        stored: Vec::new(),
    }
}
