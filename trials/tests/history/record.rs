//! Histories made up by clients that ask an account at the same time, which may be broken in one place.

use trials::history::{
    Account, Answer, Decline, History, Kind, Limits, MessageId, Operation, Request,
};
use trials::random::Random;

/// One way in which an account is broken, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An approved purchase does not move the limit.
    LostApproval,
    /// An approved purchase moves it twice.
    DoubleDebit,
    /// An inquiry shows what was before a purchase that had returned when it was called.
    StaleBalance,
    /// A purchase moves the limit only after it was answered and somebody looked.
    AnsweredBeforeItsEffect,
    /// A reversal gives back twice.
    ReversedTwice,
    /// A purchase is declined although the funds suffice.
    DeclinedWithFunds,
}

impl Fault {
    pub(crate) const ALL: [Self; 6] = [
        Self::LostApproval,
        Self::DoubleDebit,
        Self::StaleBalance,
        Self::AnsweredBeforeItsEffect,
        Self::ReversedTwice,
        Self::DeclinedWithFunds,
    ];
}

/// What is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) opening: Limits,
    pub(crate) operations: usize,
    /// Operations under way at once.
    pub(crate) clients: usize,
    pub(crate) greatest_amount_minor: usize,
    /// How many of a hundred operations are never answered.
    pub(crate) lost_percent: u64,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) history: History,
    /// Whether the fault came about.
    pub(crate) broken: bool,
}

/// An operation under way, by its place in the history.
struct Open {
    place: usize,
    answer: Option<Answer>,
    lost: bool,
}

struct Recorder<'a> {
    plan: &'a Plan,
    random: &'a mut Random,
    account: Account,
    operations: Vec<Operation>,
    open: Vec<Open>,
    time: u64,
    /// Messages whose original has been named, but not called.
    late: Vec<(MessageId, Request)>,
    next_message: u32,
    fault: Option<Fault>,
    /// A purchase of the fault, and the account before it.
    suspect: Option<(usize, Account)>,
    broken: bool,
}

pub(crate) fn record(plan: &Plan, random: &mut Random) -> Recorded {
    let mut recorder = Recorder {
        plan,
        random,
        account: Account::new(plan.opening),
        operations: Vec::new(),
        open: Vec::new(),
        time: 0,
        late: Vec::new(),
        next_message: 0,
        fault: plan.fault,
        suspect: None,
        broken: false,
    };
    while recorder.operations.len() < plan.operations || !recorder.open.is_empty() {
        recorder.step();
    }
    Recorded {
        history: History {
            opening: plan.opening,
            operations: recorder.operations,
            closing: Some(recorder.account.limits()),
        },
        broken: recorder.broken,
    }
}

/// Beyond the names of real messages: what a fault does behind the back of the history.
const HIDDEN: u32 = 1_000_000;

impl Recorder<'_> {
    fn step(&mut self) {
        self.time += 1;
        let more = self.operations.len() < self.plan.operations;
        if more
            && (self.open.is_empty()
                || self.open.len() < self.plan.clients && self.random.percent(50))
        {
            return self.call();
        }
        let place = self.random.below(self.open.len());
        if self.open[place].lost && self.random.percent(30) {
            // The connection is cut, before or after it was decided.
            self.open.remove(place);
        } else if self.open[place].answer.is_none() {
            self.decide(place);
        } else if !self.open[place].lost {
            let open = self.open.remove(place);
            self.operations[open.place].returned = open.answer.map(|answer| (self.time, answer));
        }
    }

    fn call(&mut self) {
        let (message, request) = self.request();
        let lost = self.random.percent(self.plan.lost_percent);
        self.open.push(Open {
            place: self.operations.len(),
            answer: None,
            lost,
        });
        self.operations.push(Operation {
            message,
            request,
            called: self.time,
            returned: None,
        });
    }

    fn request(&mut self) -> (MessageId, Request) {
        let choice = self.random.below(100);
        let earlier = match self.operations.len() {
            0 => None,
            count => Some(self.operations[count - 1 - self.random.below(count.min(12))]),
        };
        match (choice, earlier) {
            (0..55, _) | (_, None) => (self.fresh(), self.money()),
            (55..70, _) => (self.fresh(), Request::Inquiry),
            (70..80, Some(earlier)) => (earlier.message, earlier.request),
            (80..93, Some(earlier)) => (
                self.fresh(),
                self.reversal(earlier.message, &earlier.request),
            ),
            (93..96, Some(_)) => {
                let original = (self.fresh(), self.money());
                self.late.push(original);
                (self.fresh(), self.reversal(original.0, &original.1))
            }
            (96..98, Some(earlier)) => self
                .late
                .pop()
                .unwrap_or((earlier.message, earlier.request)),
            (_, Some(earlier)) => (earlier.message, self.money()),
        }
    }

    fn fresh(&mut self) -> MessageId {
        self.next_message += 1;
        MessageId(self.next_message)
    }

    fn amount(&mut self) -> i64 {
        1 + self.random.below(self.plan.greatest_amount_minor) as i64
    }

    fn money(&mut self) -> Request {
        let amount_minor = self.amount();
        let cashback = Kind::Cashback {
            cash_minor: self.random.below_us(amount_minor + 1),
        };
        let kinds = [
            Kind::Purchase,
            Kind::Purchase,
            Kind::Cash,
            cashback,
            Kind::Refund,
        ];
        Request::Authorization {
            kind: kinds[self.random.below(kinds.len())],
            amount_minor,
            cleared: self.random.percent(30),
        }
    }

    fn reversal(&mut self, original: MessageId, request: &Request) -> Request {
        let claimed_minor = match request {
            Request::Authorization { amount_minor, .. } if self.random.percent(90) => *amount_minor,
            _ => self.amount(),
        };
        Request::Reversal {
            original,
            claimed_minor,
            replacement_minor: self.random.percent(30).then(|| self.amount()),
            advice: self.random.percent(40),
        }
    }

    /// Decides an open operation, rightly or as the fault would.
    fn decide(&mut self, open: usize) {
        let operation = self.operations[self.open[open].place];
        let before = self.account.clone();
        let due = self
            .fault
            .filter(|_| self.operations.len() > self.plan.operations / 3);
        let answer = match due {
            Some(fault) if !self.open[open].lost => self.broken_answer(fault, open, &operation),
            _ => None,
        };
        let answer =
            answer.unwrap_or_else(|| self.account.take(operation.message, &operation.request));
        self.open[open].answer = Some(answer);
        if self.fault == Some(Fault::StaleBalance)
            && self.suspect.is_none()
            && is_purchase(&operation)
        {
            self.suspect = Some((self.open[open].place, before));
        }
    }

    /// The answer of a broken account; none where the fault does not apply.
    fn broken_answer(
        &mut self,
        fault: Fault,
        open: usize,
        operation: &Operation,
    ) -> Option<Answer> {
        let Operation {
            message, request, ..
        } = *operation;
        let before = self.account.limits().available_minor;
        let mut after = self.account.clone();
        let right = after.take(message, &request);
        let moved_minor = after.limits().available_minor - before;
        let purchase = is_purchase(operation) && right == Answer::Approved && moved_minor < 0;
        let answer = match fault {
            Fault::LostApproval if purchase => {
                self.account = after;
                self.hidden(-moved_minor, &request);
                Some(right)
            }
            Fault::DoubleDebit if purchase => {
                self.account = after;
                self.hidden(moved_minor, &request);
                Some(right)
            }
            Fault::ReversedTwice
                if matches!(request, Request::Reversal { .. }) && moved_minor > 0 =>
            {
                self.account = after;
                self.hidden(moved_minor, &request);
                Some(right)
            }
            Fault::DeclinedWithFunds if purchase => {
                Some(Answer::Declined(Decline::InsufficientFunds))
            }
            Fault::StaleBalance if request == Request::Inquiry => {
                let (place, mut stale) = self.suspect.clone()?;
                let returned = self.operations[place].returned.is_some_and(|(at, answer)| {
                    at < operation.called && answer == Answer::Approved
                });
                let first = !self
                    .operations
                    .iter()
                    .any(|o| o.message == message && o != operation);
                (returned && first).then(|| stale.take(message, &request))
            }
            Fault::AnsweredBeforeItsEffect => return self.answer_early(open, operation, purchase),
            _ => None,
        };
        if answer.is_some() {
            (self.fault, self.broken) = (None, true);
        }
        answer
    }

    /// Answers a purchase; lets an inquiry that is called after it look before it moves the limit.
    fn answer_early(
        &mut self,
        open: usize,
        operation: &Operation,
        purchase: bool,
    ) -> Option<Answer> {
        let Operation {
            message, request, ..
        } = *operation;
        match self.suspect.clone() {
            None if purchase => {
                self.suspect = Some((self.open[open].place, self.account.clone()));
                Some(Answer::Approved)
            }
            None => None,
            Some((place, _)) => {
                let early = self.operations[place];
                let returned = early.returned.is_some_and(|(at, _)| at < operation.called);
                let first = !self
                    .operations
                    .iter()
                    .any(|o| o.message == message && o != operation);
                if returned && first && request == Request::Inquiry {
                    let answer = self.account.take(message, &request);
                    let before = self.account.limits();
                    self.account.take(early.message, &early.request);
                    // A repeat may have had the effect in the meantime: then nothing is wrong.
                    (self.fault, self.broken) = (None, self.account.limits() != before);
                    return Some(answer);
                }
                None
            }
        }
    }

    /// Moves the available limit by an amount that no operation accounts for.
    fn hidden(&mut self, by_minor: i64, like: &Request) {
        let request = Request::Authorization {
            kind: if by_minor < 0 {
                Kind::Purchase
            } else {
                Kind::Refund
            },
            amount_minor: by_minor.abs(),
            cleared: matches!(like, Request::Authorization { cleared: true, .. }),
        };
        self.account.take(MessageId(HIDDEN), &request);
    }
}

fn is_purchase(operation: &Operation) -> bool {
    let purchase = |kind| kind == Kind::Purchase;
    matches!(operation.request, Request::Authorization { kind, .. } if purchase(kind))
}
