//! What the host knows of one operation of a cardholder.
//!
//! Owns: its messages and how it stands, from answers alone. Must never: guess.

use codec::{Element, Message};
use ledger::identifiers::Timestamp;

use super::message::Request;
use super::scheme::Scheme;

/// Days after which nobody counts on being understood when naming a message. The books keep it for a day more at least:
/// so far the switch's clock may be ahead.
const LATE_DAYS: i64 = 30;

/// Whether what was asked may have left the books by then.
pub fn is_late(asked: Timestamp, then: Timestamp) -> bool {
    then.0 - asked.0 >= LATE_DAYS * 86_400_000_000
}

/// What a cardholder asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Purchase,
    Cash,
    Cashback,
    Instalments,
    Refund,
    Inquiry,
    /// An operation that the shipped rules decline.
    Special,
    /// A purchase with the STAN and time of another acquirer's.
    SharedStan,
    /// A purchase on a card that is blocked.
    BlockedCard,
    /// A purchase on a card that nobody issued.
    UnknownCard,
    /// A purchase that the network approved in the switch's stead.
    StandIn,
    /// A purchase on a card whose status networks change.
    FiledCard,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Purchase,
        Self::Cash,
        Self::Cashback,
        Self::Instalments,
        Self::Refund,
        Self::Inquiry,
        Self::Special,
        Self::SharedStan,
        Self::BlockedCard,
        Self::UnknownCard,
    ];

    /// What an approval of one moves the available limit by.
    pub fn move_minor(self, amount_minor: i64) -> i64 {
        match self {
            Self::Refund => amount_minor,
            Self::Inquiry => 0,
            _ => -amount_minor,
        }
    }
}

/// What of a purchase with cashback is cash.
pub fn cash_minor(amount_minor: i64) -> i64 {
    amount_minor / 2
}

/// What an answer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub code: String,
    pub approval: Option<String>,
    pub balances: Option<String>,
    /// DE120.
    pub file_record: Option<String>,
    /// DE15.
    pub date: Option<String>,
}

impl Heard {
    pub fn in_answer(answer: &Message) -> Self {
        let text = |element| answer.text(element).map(str::to_owned);
        Self {
            code: text(Element::RESPONSE_CODE).unwrap_or_default(),
            approval: text(Element::AUTHORIZATION_ID_RESPONSE),
            balances: text(Element::ADDITIONAL_AMOUNTS),
            file_record: Element::new(120).and_then(text),
            date: text(Element::SETTLEMENT_DATE),
        }
    }

    /// Whether nothing was decided: the same may be asked again.
    pub fn is_refusal(&self) -> bool {
        self.code == "91" || self.code == "96"
    }
}

/// How an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No answer yet.
    Asked,
    /// Approved, and so much of it is left.
    Approved { remaining_minor: i64 },
    /// Declined.
    Declined,
    /// Its reversal was accepted: nothing is left.
    Reversed,
}

/// What a reversal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// Nothing is to be left.
    All,
    /// So much is to be left.
    Part { remaining_minor: i64 },
    /// Its amount is wrong: nothing is undone.
    Mismatched,
    /// Everything was undone before.
    Again,
    /// Nothing is to be left of what is so old that it may not be known any more.
    Late,
}

/// What a later message of an operation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowKind {
    /// So much more.
    Increment,
    /// So much in the end; the network approved it.
    Completion,
}

/// An increment or a completion.
#[derive(Clone, Debug)]
pub struct Follow {
    pub request: Request,
    pub kind: FollowKind,
    pub amount_minor: i64,
    pub sent: bool,
    pub answer: Option<Heard>,
}

impl Follow {
    /// Whether it was approved.
    pub fn is_approved(&self) -> bool {
        self.answer.as_ref().is_some_and(|heard| heard.code == "00")
    }
}

/// One reversal.
#[derive(Clone, Debug)]
pub struct Reversal {
    pub request: Request,
    pub undoing: Undoing,
    pub sent: bool,
    pub called: u64,
    pub returned: u64,
    pub answer: Option<Heard>,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// The account that it draws on, by its place in the world; `None` for cards without one.
    pub account: Option<usize>,
    pub kind: Kind,
    pub amount_minor: i64,
    pub request: Request,
    pub standing: Standing,
    /// The first answer that was a decision.
    pub answer: Option<Heard>,
    /// Whether it was repeated when the first answer might have been gone.
    pub repeated_late: bool,
    /// What such a repeat was answered, where it was decided anew.
    pub answer_anew: Option<Heard>,
    /// The true time at which it was first asked.
    pub asked: Timestamp,
    /// The order of its first asking and its first answer.
    pub called: u64,
    pub returned: u64,
    pub reversals: Vec<Reversal>,
    /// Increments, or one completion.
    pub follows: Vec<Follow>,
    /// Whether a clearing file has presented it.
    pub presented: bool,
}

impl Purchase {
    /// The network that it came by.
    pub fn scheme(&self) -> Scheme {
        self.request.scheme()
    }

    /// The reversal that has no answer yet.
    pub fn reversing(&self) -> Option<usize> {
        self.reversals.iter().position(|r| r.answer.is_none())
    }

    /// The increment or completion that has no answer yet.
    pub fn following(&self) -> Option<usize> {
        self.follows.iter().position(|f| f.answer.is_none())
    }

    /// Whether the host waits for anything of it.
    pub fn is_open(&self) -> bool {
        let unanswered = self.reversing().or_else(|| self.following());
        self.standing == Standing::Asked || unanswered.is_some()
    }

    /// Whether its messages were one request and reversals in time, and no file has presented it.
    pub fn is_plain(&self) -> bool {
        let late = |reversal: &Reversal| reversal.undoing == Undoing::Late;
        let in_time = !self.repeated_late && !self.reversals.iter().any(late);
        self.kind != Kind::StandIn && self.follows.is_empty() && !self.presented && in_time
    }

    /// Whether the host waits for nothing of it, and may go on with it.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        !self.is_open() && !self.is_late(now)
    }

    /// Whether it is so old by then that it may have left the books.
    pub fn is_late(&self, then: Timestamp) -> bool {
        is_late(self.asked, then)
    }

    /// Whether a repeat must get an answer that was given before.
    pub fn may_be_repeated(&self, now: Timestamp) -> bool {
        self.repeated_late || !self.is_late(now)
    }

    /// Whether it was authorized to be cleared later.
    pub fn is_authorization(&self) -> bool {
        self.request.mti().starts_with("01")
    }

    /// Whether an approval of it stands.
    pub fn is_approved(&self) -> bool {
        matches!(self.standing, Standing::Approved { .. })
    }
}
