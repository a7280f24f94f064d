//! What can happen in a world, and how often.
//!
//! Owns: the actions and their weights. Must never: draw.

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The host sends something new.
    Ask,
    /// The host repeats or reverses what it waits for.
    Insist,
    /// The host reverses an approval, in full or in part.
    Reverse,
    /// The host reverses with another amount than the original's.
    ReverseMismatched,
    /// A host raises an approved amount.
    Raise,
    /// A network says what an approved operation came to.
    Complete,
    /// A host changes the file of card statuses, or asks again for what it has no answer to.
    ActOnFile,
    /// Days pass.
    Age,
    /// The switch lets go of holds that are due.
    Expire,
    /// An operator asks for an operation.
    Operate,
    /// A clearing is presented, undone, or presented again.
    Clear,
    /// The issuer repeats what it has no outcome of.
    InsistInOffice,
    /// An operator orders that old history goes, or a step is taken.
    Purge,
    /// A host names what it asked for so long ago that it may be gone.
    NameTheOld,
    /// The host reverses once more what is reversed.
    ReverseAgain,
    /// The host repeats what was answered.
    RepeatAnswered,
    /// Somebody sends another amount under the key of an answered message.
    Conflict,
    /// A link sends bytes that are no message, or half of one.
    Garbage,
    /// A link sends an echo.
    Echo,
    /// A host signs off on one of its links, and on again.
    SignOff,
    /// The switch is asked for an echo of its own.
    AskEcho,
    /// A network signs on, or off, for all of its links.
    SignOnGroup,
    /// A network begins a business day.
    CutOver,
    /// A network brings keys.
    BringKeys,
    /// A network asks for the totals of a day.
    AskTotals,
    /// The totals take in durable batches.
    Count,
    /// Messages and bytes move between the host and its end of the links.
    Pump,
    /// The switch serves one of its links.
    Serve,
    /// The writer takes some of what waits.
    Decide,
    /// The committer takes batches and writes them.
    BeginCommit,
    /// The sync of the commit returns.
    EndCommit,
    /// The view-writer takes in durable batches.
    View,
    /// The books are written.
    Checkpoint,
    /// The emitter takes in durable batches.
    Emit,
    /// The emitter saves its place.
    SaveEvents,
    /// A link carries nothing, or carries again.
    Partition,
    /// The host's end of a link is gone without a word.
    HalfOpen,
    /// The host closes a link in order.
    Close,
    /// The host stops reading a link for a while.
    StopReading,
    /// Other rules are put in force.
    Reload,
    /// The clock is set.
    Jump,
    /// The process stands still.
    Pause,
    /// The process is killed, or power is lost.
    Crash,
    /// The disk fails under a commit.
    FailCommit,
    /// The books fail under a checkpoint.
    FailCheckpoint,
    /// A piece of the next segment is written.
    Prepare,
    /// What nobody needs leaves the journal.
    Retain,
    /// A snapshot is taken.
    Snapshot,
    /// The process is told to end and is started again.
    Drain,
}

/// Without these nothing would ever be decided: part of every world, with the most of their weight.
pub(super) const ALWAYS: [(Action, usize); 8] = [
    (Action::Ask, 14),
    (Action::Insist, 4),
    (Action::Pump, 24),
    (Action::Serve, 20),
    (Action::Decide, 9),
    (Action::BeginCommit, 8),
    (Action::EndCommit, 10),
    (Action::View, 4),
];

/// Each of these is part of a world so many times in a hundred, with up to so much weight.
pub(super) const SOMETIMES: [(Action, u64, usize); 32] = [
    (Action::ActOnFile, 40, 3),
    (Action::Reverse, 70, 5),
    (Action::ReverseMismatched, 50, 2),
    (Action::ReverseAgain, 50, 3),
    (Action::RepeatAnswered, 60, 4),
    (Action::Conflict, 50, 2),
    (Action::Garbage, 50, 2),
    (Action::Echo, 50, 2),
    (Action::SignOff, 30, 1),
    (Action::AskEcho, 40, 2),
    (Action::SignOnGroup, 40, 1),
    (Action::CutOver, 50, 1),
    (Action::BringKeys, 30, 1),
    (Action::AskTotals, 50, 2),
    (Action::Count, 80, 4),
    (Action::Checkpoint, 80, 4),
    (Action::Emit, 80, 4),
    (Action::SaveEvents, 50, 3),
    (Action::Prepare, 50, 6),
    (Action::Retain, 75, 3),
    (Action::Snapshot, 75, 2),
    (Action::Partition, 50, 2),
    (Action::HalfOpen, 50, 1),
    (Action::Close, 50, 1),
    (Action::StopReading, 50, 2),
    (Action::Reload, 50, 2),
    (Action::Jump, 50, 1),
    (Action::Pause, 50, 2),
    (Action::Crash, 80, 2),
    (Action::FailCommit, 60, 2),
    (Action::FailCheckpoint, 40, 1),
    (Action::Drain, 40, 1),
];

/// What goes beyond requests and their reversals.
pub(super) const BEYOND: [(Action, u64, usize); 5] = [
    (Action::Raise, 60, 10),
    (Action::Complete, 60, 8),
    (Action::Age, 60, 1),
    (Action::Operate, 60, 5),
    (Action::Clear, 70, 8),
];

/// Where history is purged: worlds that last longer than it must be kept.
pub(super) const PURGING: [(Action, usize); 6] = [
    (Action::Insist, 8),
    (Action::InsistInOffice, 4),
    (Action::Age, 2),
    (Action::Purge, 6),
    (Action::NameTheOld, 6),
    (Action::Checkpoint, 2),
];
