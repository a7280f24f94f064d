//! Coverage marks: the interesting states a simulation reaches.
//!
//! Owns: their names and counts. A mark at zero means that the generators no longer reach what it names, so
//! that the checkers behind it prove nothing. Must never: be read by anything that decides.

macro_rules! marks {
    ($($(#[$documentation:meta])+ $name:ident,)+) => {
        /// An interesting state.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mark {
            $($(#[$documentation])+ $name,)+
        }

        impl Mark {
            /// Every mark.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];
        }
    };
}

marks! {
    /// A purchase or another debit was approved to a host of the generic network.
    Approved,
    /// ... of the Visa-like network.
    ApprovedOnVisa,
    /// ... of the Mastercard-like network.
    ApprovedOnMastercard,
    /// ... of the Elo-like network.
    ApprovedOnElo,
    /// One was declined.
    Declined,
    /// A message of the single-message kind was approved.
    SingleMessageApproved,
    /// A refund was approved.
    RefundApproved,
    /// A balance inquiry was answered with balances.
    InquiryAnswered,
    /// An operation that only a reload opens was approved.
    OpenedByReload,
    /// What the network approved in the switch's stead was taken.
    StoodIn,
    /// An approved amount was raised.
    Raised,
    /// The network said what an operation came to.
    Completed,
    /// A flex control denied an operation.
    DeniedByControl,
    /// A hold was let go because its time was over.
    Dropped,
    /// An operation of an operator was carried out.
    Operated,
    /// One was refused.
    OperationRefused,
    /// Money left an account for another.
    MoneySent,
    /// Money left an account for one that is not there.
    MoneySentToNobody,
    /// A clearing posted.
    ClearingPosted,
    /// A clearing waits in the work list.
    ClearingHeld,
    /// A clearing of the work list was resolved.
    ClearingResolved,
    /// A clearing was undone.
    ClearingUndone,
    /// The issuer heard an outcome again.
    OutcomeRepeated,
    /// A file action changed how a card stands, or left it so.
    FileChanged,
    /// ... asked for it.
    FileAskedFor,
    /// ... was refused.
    FileActionRefused,
    /// A card was declined for what a file action had made of it.
    DeclinedByFile,
    /// Days passed.
    Aged,
    /// An operator ordered that history goes.
    PurgeOrdered,
    /// Decisions left the books.
    Purged,
    /// A step of purging was planned on books that had changed since.
    PurgeOutdated,
    /// What was so old that it might have left the books was reversed.
    ReversedLate,
    /// A host named what had left the books, and was told that it is not known.
    PurgedNotKnown,
    /// A repeat of what had left the books was decided anew.
    PurgedDecidedAgain,
    /// A repeat got the stored answer.
    RepeatAnswered,
    /// A message was given with what the books held under its key: memory may have forgotten it.
    Recalled,
    /// A reversal undid everything.
    Reversed,
    /// A reversal undid a part.
    PartlyReversed,
    /// A reversal named its original by the network's reference alone.
    ReversedByReference,
    /// A second reversal changed nothing.
    ReversedAgain,
    /// A reversal of another amount was refused.
    ReversalMismatched,
    /// A reversal request came before its original and was refused.
    UnknownOriginal,
    /// An original that came after its reversal was declined.
    ReversedBeforeArrival,
    /// A message under the key of another was refused.
    ConflictRefused,
    /// Two acquirers used the same STAN at the same time.
    SharedStan,
    /// A request was refused because a queue was full.
    QueueFull,
    /// A request was refused because the views lagged.
    ViewsLagged,
    /// A request was refused because its link had too many in flight.
    InFlightFull,
    /// A request was refused because its deadline had passed.
    DeadlinePassed,
    /// An outcome found its link gone.
    AnswerWithoutLink,
    /// A format error was answered.
    FormatErrorAnswered,
    /// A frame was ignored.
    FrameIgnored,
    /// A giant length closed a link.
    FramingLost,
    /// A link ended inside a frame.
    HalfFrame,
    /// A message was lost on its way to the switch.
    RequestDropped,
    /// A message found its link down.
    LinkDown,
    /// An answer was lost on its way to the host.
    AnswerDropped,
    /// A message was doubled on its way.
    Duplicated,
    /// A message overtook another.
    Reordered,
    /// A message arrived on another line of its network as well.
    RepeatedElsewhere,
    /// A part of a message arrived, then its link was closed.
    FrameCut,
    /// A link carried nothing for a while.
    Partitioned,
    /// A link's peer was gone without a word.
    HalfOpen,
    /// A link whose peer does not read was closed.
    SlowReaderClosed,
    /// A link was closed by its peer.
    ClosedByPeer,
    /// A network management message was answered.
    EchoAnswered,
    /// A host signed on.
    HostSignedOn,
    /// A host signed off.
    HostSignedOff,
    /// Traffic before a sign-on was refused.
    RefusedBeforeSignOn,
    /// A network signed on for all of its links.
    GroupSignedOn,
    /// It signed off for all of them.
    GroupSignedOff,
    /// A network began a business day.
    CutOver,
    /// Keys that a network brought were refused.
    KeysRefused,
    /// A host did not take an approval.
    ApprovalRejected,
    /// ... another response.
    ResponseRejected,
    /// ... what this connection had not sent.
    UnknownRejected,
    /// ... a request of the switch's own.
    OwnRequestRejected,
    /// A message came back behind a header.
    RejectedByHeader,
    /// A message was rejected by another one, which was acknowledged.
    RejectedByMessage,
    /// Totals were compared.
    TotalsAnswered,
    /// What a host had counted in all was in balance.
    TotalsInBalance,
    /// Totals went on behind batches that retention had let go of.
    TotalsIncomplete,
    /// A host acknowledged an answer.
    AnswerAcknowledged,
    /// The switch signed on.
    SwitchSignedOn,
    /// A sign-on of the switch was refused.
    SwitchRefused,
    /// An echo of the switch was answered.
    OwnEchoAnswered,
    /// A request of the switch was not answered in time.
    OwnUnanswered,
    /// An answer to the switch came after its time.
    OwnAnsweredLate,
    /// A link was closed because its peer answered nothing.
    SilentPeerClosed,
    /// The process was killed; the system kept what was written.
    Killed,
    /// Power was lost.
    PowerLost,
    /// The process ended while a commit was under way.
    CrashInCommit,
    /// ... while a checkpoint was under way.
    CrashInCheckpoint,
    /// ... while a start was under way.
    CrashInStart,
    /// ... while events were being saved.
    CrashInEvents,
    /// A start cut a torn tail.
    TornTail,
    /// The journal began a further segment.
    Rotated,
    /// A sync failed; the process ended.
    SyncFailed,
    /// A write failed; the process ended.
    WriteFailed,
    /// The books could not be written; the process ended.
    BooksFailed,
    /// Batches were decided while a commit was under way.
    DecidedDuringCommit,
    /// The process was drained and started again.
    Drained,
    /// The process stood still for seconds.
    Paused,
    /// The clock was set forward.
    ClockForward,
    /// The clock was set back.
    ClockBack,
    /// Memory forgot a message.
    Forgotten,
    /// The books were written.
    Checkpointed,
    /// Events were cut at a start and written again.
    EventsRewritten,
    /// Other rules were put in force.
    Reloaded,
    /// Wrong rules were refused.
    ReloadRefused,
    /// A segment was prepared before it was needed.
    SegmentPrepared,
    /// Retention removed a segment.
    SegmentRemoved,
    /// Retention passed a reader that was too far behind.
    ReaderDetached,
    /// A pin kept a journal that was too large.
    JournalHeld,
    /// The emitter told of batches that it had not read in time.
    EventGap,
    /// A snapshot was taken.
    SnapshotTaken,
    /// A snapshot was taken while the books were written.
    FuzzySnapshot,
    /// A damaged snapshot was left aside.
    SnapshotRefused,
    /// The disk was full.
    DiskFull,
    /// A crash struck while a segment was begun.
    CrashInRotation,
    /// A crash struck while a segment was removed.
    CrashInRetention,
    /// A crash struck while a snapshot was written.
    CrashInSnapshot,
    /// An operation of the disk took effect and was reported as failed.
    FalselyReported,
    /// A damaged segment was refused at a start.
    SegmentRefused,
    /// Damage that nothing reads did no harm.
    DamageHarmless,
    /// A journal that was closed in order and lost its end was refused.
    ShortJournalRefused,
    /// Books were built anew from a snapshot and the journal behind it.
    RebuiltFromSnapshot,
    /// Books were built anew from the whole journal.
    RebuiltFromJournal,
}

/// How often each mark was reached.
#[derive(Clone, Debug)]
pub struct Marks([u64; Mark::ALL.len()]);

impl Default for Marks {
    /// Nothing reached.
    fn default() -> Self {
        Self([0; Mark::ALL.len()])
    }
}

impl Marks {
    /// A mark was reached.
    pub fn reach(&mut self, mark: Mark) {
        self.0[mark as usize] += 1;
    }

    /// How often a mark was reached.
    pub fn count(&self, mark: Mark) -> u64 {
        self.0[mark as usize]
    }

    /// Takes in what another world reached.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// Marks that were never reached.
    pub fn missing(&self) -> Vec<Mark> {
        let never = |mark: &Mark| self.count(*mark) == 0;
        Mark::ALL.into_iter().filter(never).collect()
    }
}
