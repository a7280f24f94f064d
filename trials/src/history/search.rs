//! The search for an order that explains a history.
//!
//! Owns: the algorithm of Wing and Gong with the memory of Lowe: operations are placed one after the
//! other, each only after every operation that had returned before its call; what the account would not
//! have answered is not placed; a configuration (what is placed, what the account then knows) is looked at
//! once. Must never: call a history explained because the search got too long.
//!
//! Three observations keep it short. An answered operation that moves nothing and matches may be placed at
//! once: nothing that comes later can need it to come later. An unanswered one needs no place of its own in
//! a configuration: whether it happened is what the account knows of its message. And where an inquiry
//! waits for its place, what can still come before it must add up to what it was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::account::{Account, Decision, Known, Limits};
use super::steps::{Step, Steps};
use super::sums::{Balances, Part, may_add_up};
use super::violation::{Blocked, Violation};
use super::{Answer, Decline, History, MessageId, Operation, Request};

/// How many configurations are looked at before the search gives up: some tens of megabytes.
pub const MOST_CONFIGURATIONS: usize = 2_000_000;

/// Whether an order of the operations explains every answer, and the limits that were read at the end.
///
/// # Errors
/// [`Violation`]: no order does, or none was found within [`MOST_CONFIGURATIONS`].
pub fn check(history: &History) -> Result<(), Violation> {
    check_within(history, MOST_CONFIGURATIONS)
}

/// The same with a bound of the caller's.
///
/// # Errors
/// [`Violation`]: no order explains the history, or none was found within the bound.
pub fn check_within(history: &History, most_configurations: usize) -> Result<(), Violation> {
    Search::of(history).run(most_configurations)
}

/// What may be placed next, and what it does.
#[derive(Clone, Copy)]
struct Choice {
    place: Place,
    decision: Decision,
}

#[derive(Clone, Copy)]
enum Place {
    Step(usize),
    Unanswered(usize),
}

/// What undoing the last placement takes.
struct Placed {
    place: Place,
    limits: Limits,
    known: [Option<(MessageId, Option<Known>)>; 2],
}

struct Search {
    steps: Steps,
    account: Account,
    placed: Vec<bool>,
    left: usize,
    /// No step before this one is left.
    first_left: usize,
    /// Fingerprint of what is placed and what is known.
    key: u128,
    path: Vec<Placed>,
    longest: Option<Violation>,
}

impl Search {
    fn of(history: &History) -> Self {
        let steps = Steps::of(history);
        Self {
            placed: vec![false; steps.count()],
            left: steps.count(),
            steps,
            account: Account::new(history.opening),
            first_left: 0,
            key: 0,
            path: Vec::new(),
            longest: None,
        }
    }

    fn run(mut self, most_configurations: usize) -> Result<(), Violation> {
        let mut seen = BTreeSet::new();
        let mut frames = vec![self.choices().into_iter()];
        while self.left > 0 {
            let Some(frame) = frames.last_mut() else {
                return Err(self.violation(false));
            };
            let Some(choice) = frame.next() else {
                self.remember_if_longest();
                frames.pop();
                self.take_back();
                continue;
            };
            self.put(choice);
            if !seen.insert(self.key ^ fingerprint(b'l', &self.account.limits())) {
                self.take_back();
                continue;
            }
            if seen.len() > most_configurations {
                self.remember_if_longest();
                return Err(self.violation(true));
            }
            frames.push(self.choices().into_iter());
        }
        Ok(())
    }

    /// What may come next: steps whose answers match by their return, then unanswered operations.
    fn choices(&mut self) -> Vec<Choice> {
        while self
            .placed
            .get(self.first_left)
            .is_some_and(|placed| *placed)
        {
            self.first_left += 1;
        }
        let (candidates, until) = self.candidates();
        let mut choices = Vec::new();
        if candidates
            .iter()
            .any(|number| self.is_out_of_reach(*number))
        {
            return choices;
        }
        for number in candidates {
            let Some(decision) = self.matching(number) else {
                continue;
            };
            let place = Place::Step(number);
            if self.is_quiet(&decision) {
                return vec![Choice { place, decision }];
            }
            choices.push(Choice { place, decision });
        }
        for (number, operation) in self.steps.unanswered_until(until) {
            let decision = self.account.decide(operation.message, &operation.request);
            if self.is_worthwhile(operation, &decision)
                && !self.is_refuted(operation.message, &decision)
            {
                let place = Place::Unanswered(number);
                choices.push(Choice { place, decision });
            }
        }
        choices
    }

    /// The steps that were called before any that is left had returned, by their return; and that return.
    fn candidates(&self) -> (Vec<usize>, u64) {
        let mut until = u64::MAX;
        let mut candidates = Vec::new();
        for (number, step) in self.steps.from(self.first_left) {
            if step.called() > until {
                break;
            }
            if !self.is_placed(number) {
                until = until.min(step.returned());
                candidates.push((step.returned(), number));
            }
        }
        candidates.sort_unstable();
        let numbers = candidates.into_iter().map(|(_, number)| number);
        (numbers.collect(), until)
    }

    /// What a step does, if the account would now answer as it was answered.
    fn matching(&self, number: usize) -> Option<Decision> {
        match *self.steps.get(number)? {
            Step::Answered(operation, answer) => {
                let decision = self.account.decide(operation.message, &operation.request);
                let matches = decision.answer == answer;
                (matches && !self.is_refuted(operation.message, &decision)).then_some(decision)
            }
            Step::Closing(limits) => {
                (limits == self.account.limits()).then(|| self.account.nothing())
            }
        }
    }

    /// Whether what an operation tells of a message is not what its other operations were answered.
    fn is_refuted(&self, message: MessageId, decision: &Decision) -> bool {
        let own = decision.own.map(|known| (message, known));
        own.into_iter()
            .chain(decision.original)
            .any(|(message, known)| {
                let mut steps = self.steps.of_message(message);
                steps.any(|(number, operation, answer)| {
                    !self.is_placed(number) && !known.allows(&operation.request, answer)
                })
            })
    }

    /// Whether a step is an inquiry that shows what no choice of messages before it adds up to.
    fn is_out_of_reach(&self, number: usize) -> bool {
        let Some(Step::Answered(
            inquiry,
            Answer::Balances {
                ledger_minor,
                available_minor,
            },
        )) = self.steps.get(number).copied()
        else {
            return false;
        };
        if self.account.known(inquiry.message).is_some() {
            return false;
        }
        let limits = self.account.limits();
        let difference: Balances = (
            available_minor + limits.floor_minor - limits.available_minor,
            ledger_minor - limits.ledger_minor,
        );
        let returned = inquiry.returned.map_or(u64::MAX, |(at, _)| at);
        // By message, because a message moves once; whether it must come before the inquiry.
        let mut before: BTreeMap<MessageId, bool> = BTreeMap::new();
        for (number, step) in self.steps.from(self.first_left) {
            let Step::Answered(operation, answer) = step else {
                continue;
            };
            if operation.called > returned {
                break;
            }
            if !self.is_placed(number) {
                let due = step.returned() < inquiry.called
                    && *answer == Answer::Approved
                    && matches!(operation.request, Request::Authorization { .. });
                *before.entry(operation.message).or_default() |= due;
            }
        }
        for (_, operation) in self.steps.unanswered_until(returned) {
            before.entry(operation.message).or_default();
        }
        let left = before
            .into_iter()
            .filter(|(message, _)| self.account.known(*message).is_none());
        let parts: Vec<Part<'_>> = left
            .map(|(message, due)| Part {
                moves: self.steps.moves().by(message),
                optional: !due,
            })
            .filter(|part| !part.moves.is_empty())
            .collect();
        !may_add_up(&parts, difference)
    }

    /// Whether placing it now rather than later makes no difference to anything but its own message.
    fn is_quiet(&self, decision: &Decision) -> bool {
        // A late original that is declined changes what a further reversal of it is answered.
        let late = decision.answer == Answer::Declined(Decline::ReversedBeforeArrival);
        decision.limits == self.account.limits()
            && decision.original.is_none()
            && (decision.own.is_none() || !late)
    }

    /// Whether it makes a difference that an unanswered operation happened.
    fn is_worthwhile(&self, operation: &Operation, decision: &Decision) -> bool {
        let moves = decision.limits != self.account.limits();
        let original = decision.original.map(|(original, _)| original);
        let mut told = [Some(operation.message), original].into_iter().flatten();
        let tells = told.any(|message| self.steps.is_heard_of(message));
        decision.own.is_some() && (moves || tells)
    }

    fn operation(&self, place: Place) -> Option<&Operation> {
        match place {
            Place::Step(number) => self.steps.get(number)?.operation(),
            Place::Unanswered(number) => self.steps.unanswered(number),
        }
    }

    fn is_placed(&self, number: usize) -> bool {
        self.placed.get(number) == Some(&true)
    }

    fn put(&mut self, choice: Choice) {
        let Choice { place, decision } = choice;
        let limits = self.account.limits();
        if let Place::Step(number) = place {
            self.mark(number, true);
        }
        let message = self.operation(place).map(|operation| operation.message);
        self.account.set(decision.limits);
        let own = message.zip(decision.own);
        let known = [own, decision.original].map(|learned| {
            let (message, known) = learned?;
            Some((message, self.know(message, Some(known))))
        });
        self.path.push(Placed {
            place,
            limits,
            known,
        });
    }

    fn take_back(&mut self) {
        let Some(placed) = self.path.pop() else {
            return;
        };
        if let Place::Step(number) = placed.place {
            self.mark(number, false);
            self.first_left = self.first_left.min(number);
        }
        self.account.set(placed.limits);
        for (message, known) in placed.known.into_iter().rev().flatten() {
            self.know(message, known);
        }
    }

    fn mark(&mut self, number: usize, placed: bool) {
        if let Some(mark) = self.placed.get_mut(number) {
            *mark = placed;
        }
        self.left = if placed { self.left - 1 } else { self.left + 1 };
        self.key ^= fingerprint(b's', &number);
    }

    /// Knows this of a message; returns what was known before.
    fn know(&mut self, message: MessageId, known: Option<Known>) -> Option<Known> {
        let before = self.account.known(message).copied();
        for part in [before, known].into_iter().flatten() {
            self.key ^= fingerprint(b'k', &(message, part));
        }
        self.account.know(message, known);
        before
    }

    fn remember_if_longest(&mut self) {
        let explained = self.longest.as_ref().map(|longest| longest.explained.len());
        if explained.is_some_and(|explained| explained >= self.path.len()) {
            return;
        }
        let explained = self
            .path
            .iter()
            .filter_map(|placed| self.operation(placed.place));
        let (candidates, _) = self.candidates();
        let blocked = candidates.into_iter().filter_map(|number| {
            Some(match *self.steps.get(number)? {
                Step::Answered(operation, _) => Blocked::Operation {
                    operation,
                    expected: self
                        .account
                        .decide(operation.message, &operation.request)
                        .answer,
                },
                Step::Closing(limits) => Blocked::Closing(limits),
            })
        });
        self.longest = Some(Violation {
            explained: explained.copied().collect(),
            limits: self.account.limits(),
            blocked: blocked.collect(),
            left: self.left,
            gave_up: false,
        });
    }

    fn violation(self, gave_up: bool) -> Violation {
        let limits = self.account.limits();
        let longest = self.longest.unwrap_or(Violation {
            explained: Vec::new(),
            limits,
            blocked: Vec::new(),
            left: self.left,
            gave_up,
        });
        Violation { gave_up, ..longest }
    }
}

/// 128 bits of a value, the same in every run. Two configurations that share them would be taken for one;
/// among some millions the chance of that is below one in 2^80.
fn fingerprint(tag: u8, value: &impl Hash) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (tag, salt).hash(&mut hasher);
        value.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(1) << 64) | half(2)
}
