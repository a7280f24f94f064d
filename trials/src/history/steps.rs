//! A history as the search needs it.
//!
//! Owns: what must be placed and what may be, by call, and the ways to find it. Never changes during a
//! search. Must never: know what is placed.

use std::collections::BTreeMap;

use super::account::Limits;
use super::sums::Moves;
use super::{Answer, History, MessageId, Operation, Request};

/// What must be placed.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// An answered operation.
    Answered(Operation, Answer),
    /// The limits read after everything else.
    Closing(Limits),
}

impl Step {
    pub(super) fn called(&self) -> u64 {
        match self {
            Self::Answered(operation, _) => operation.called,
            Self::Closing(_) => u64::MAX,
        }
    }

    pub(super) fn returned(&self) -> u64 {
        match self {
            Self::Answered(operation, _) => operation.returned.map_or(u64::MAX, |(at, _)| at),
            Self::Closing(_) => u64::MAX,
        }
    }

    /// The operation; none for the limits at the end.
    pub(super) fn operation(&self) -> Option<&Operation> {
        match self {
            Self::Answered(operation, _) => Some(operation),
            Self::Closing(_) => None,
        }
    }
}

/// All of a history.
pub(super) struct Steps {
    /// By call.
    all: Vec<Step>,
    /// By call.
    unanswered: Vec<Operation>,
    /// How many operations speak of a message.
    mentions: BTreeMap<MessageId, usize>,
    of_message: BTreeMap<MessageId, Vec<usize>>,
    moves: Moves,
}

impl Steps {
    pub(super) fn of(history: &History) -> Self {
        let mut all: Vec<Step> = Vec::new();
        let mut unanswered = Vec::new();
        let mut mentions: BTreeMap<MessageId, usize> = BTreeMap::new();
        for operation in &history.operations {
            *mentions.entry(operation.message).or_default() += 1;
            if let Request::Reversal { original, .. } = operation.request {
                *mentions.entry(original).or_default() += 1;
            }
            match operation.returned {
                Some((_, answer)) => all.push(Step::Answered(*operation, answer)),
                None => unanswered.push(*operation),
            }
        }
        all.extend(history.closing.map(Step::Closing));
        all.sort_by_key(Step::called);
        unanswered.sort_by_key(|operation| operation.called);
        let mut of_message: BTreeMap<MessageId, Vec<usize>> = BTreeMap::new();
        for (number, step) in all.iter().enumerate() {
            if let Some(operation) = step.operation() {
                of_message
                    .entry(operation.message)
                    .or_default()
                    .push(number);
            }
        }
        Self {
            all,
            unanswered,
            mentions,
            of_message,
            moves: Moves::of(&history.operations),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, number: usize) -> Option<&Step> {
        self.all.get(number)
    }

    /// The steps from a number on, by call.
    pub(super) fn from(&self, number: usize) -> impl Iterator<Item = (usize, &Step)> {
        self.all.iter().enumerate().skip(number)
    }

    /// The unanswered operations called up to a time, by call.
    pub(super) fn unanswered_until(&self, time: u64) -> impl Iterator<Item = (usize, &Operation)> {
        let operations = self.unanswered.iter().enumerate();
        operations.take_while(move |(_, operation)| operation.called <= time)
    }

    pub(super) fn unanswered(&self, number: usize) -> Option<&Operation> {
        self.unanswered.get(number)
    }

    /// Whether more than one operation speaks of a message.
    pub(super) fn is_heard_of(&self, message: MessageId) -> bool {
        self.mentions.get(&message).is_some_and(|count| *count > 1)
    }

    /// The answered operations of a message.
    pub(super) fn of_message(
        &self,
        message: MessageId,
    ) -> impl Iterator<Item = (usize, &Operation, &Answer)> {
        let numbers = self.of_message.get(&message).into_iter().flatten();
        numbers.filter_map(|number| match self.all.get(*number)? {
            Step::Answered(operation, answer) => Some((*number, operation, answer)),
            Step::Closing(_) => None,
        })
    }

    /// What each message can move.
    pub(super) fn moves(&self) -> &Moves {
        &self.moves
    }
}
