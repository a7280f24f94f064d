//! Running commands through a writer in batches.

use ledger::command::{Outcome, Submission};
use ledger::identifiers::Timestamp;
use ledger::journal::Batch;
use ledger::writer::Writer;
use ledger::{Command, State};

use crate::steps::world;
use crate::support::{SHARD, release, rules};

/// 2026-11-20 12:00 UTC; the n-th message is decided n seconds later.
const START: Timestamp = Timestamp(1_795_176_000_000_000);

/// A writer with all that it made.
pub(crate) struct Run {
    pub(crate) writer: Writer,
    pub(crate) batches: Vec<Batch>,
    pub(crate) outcomes: Vec<Outcome>,
    decided: i64,
}

impl Run {
    /// A writer over the world of the tests.
    pub(crate) fn new() -> Self {
        let mut run = Self::over(Writer::new(
            SHARD,
            State::default(),
            0,
            Timestamp::default(),
        ));
        run.decide(world());
        assert!(
            run.outcomes
                .iter()
                .all(|outcome| *outcome == Outcome::Created)
        );
        run.outcomes.clear();
        run
    }

    /// A run that goes on with a writer.
    pub(crate) fn over(writer: Writer) -> Self {
        Self {
            writer,
            batches: Vec::new(),
            outcomes: Vec::new(),
            decided: 0,
        }
    }

    /// Decides commands as one batch.
    pub(crate) fn decide(&mut self, commands: Vec<Command>) {
        let now = START.plus_us(self.decided * 1_000_000);
        self.decided += i64::try_from(commands.len()).unwrap();
        let submissions = (0_usize..)
            .zip(commands)
            .map(|(ticket, command)| Submission {
                command,
                deadline: None,
                ticket,
            });
        let decided = self.writer.decide(submissions, rules(), now).unwrap();
        assert!(decided.undecided.is_empty());
        self.batches.extend(decided.batch);
        for (place, (ticket, outcome)) in release(decided.pending).into_iter().enumerate() {
            assert_eq!(
                place, ticket,
                "outcomes leave in the order of their commands"
            );
            self.outcomes.push(outcome);
        }
    }

    /// Decides commands in batches of these sizes, taken in turn.
    pub(crate) fn decide_in(&mut self, commands: &[Command], sizes: &[usize]) {
        for batch in split(commands, sizes) {
            self.decide(batch.to_vec());
        }
    }
}

/// Commands in batches of these sizes, taken in turn.
pub(crate) fn split<'a>(
    commands: &'a [Command],
    sizes: &'a [usize],
) -> impl Iterator<Item = &'a [Command]> {
    let mut rest = commands;
    let mut sizes = sizes.iter().cycle();
    std::iter::from_fn(move || {
        let size = (*sizes.next()?).min(rest.len());
        let (batch, after) = rest.split_at(size);
        rest = after;
        (size > 0).then_some(batch)
    })
}

/// What a writer answers to commands, each in a batch of its own: all that it knows comes out.
pub(crate) fn answers(writer: Writer, commands: &[Command]) -> Vec<Outcome> {
    let mut run = Run::over(writer);
    run.decide_in(commands, &[1]);
    run.outcomes
}
