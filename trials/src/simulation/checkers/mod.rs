//! The checkers: what must hold of a world, whatever happened in it.
//!
//! Owns: the invariants, each with a name that its failure bears. They look at answers, bytes and records,
//! and share no decision code with the switch. Must never: be told by a generator what to expect.

mod answered;
pub mod answers;
mod audit;
mod books;
mod files;
mod histories;
mod journal;
mod lives;
mod money;
mod purges;
mod rejections;
mod said;
mod totals;
mod wires;

pub use journal::chain_hash;
pub use rejections::rejections_are_told;
pub use said::Said;
pub use totals::{Counted, counted};
pub use wires::{Ending, every_request_answered_or_refused_once, own_requests_end_once};

use std::collections::BTreeMap;
use std::fmt;

use ledger::entities::Account;
use ledger::identifiers::{RecordId, Timestamp};
use ledger::journal::cursor::Cursor;
use ledger::journal::simulated::SimulatedDisk;
use ledger::purge::HistoryPurged;
use ledger::record::{Record, records_of};

use super::accounts::{OPENINGS, account_id};
use super::node::{Node, OPTIONS};
use super::office::Office;
use super::peers::{Host, Scheme};
use lives::Life;

macro_rules! checkers {
    ($($(#[$documentation:meta])+ $variant:ident = $name:literal,)+) => {
        /// An invariant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Checker {
            $($(#[$documentation])+ $variant,)+
        }

        impl Checker {
            /// Every checker.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Its name, which its failures and its planted bug bear.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

checkers! {
    /// Every approval that was answered is in the journal.
    NoLostAck = "no_lost_ack",
    /// No message has its effect twice.
    NoDoubleDebit = "no_double_debit",
    /// Limits are what they were opened with plus what their records moved; transactions balance.
    Conservation = "conservation",
    /// Available, pending and posted amounts are the sum of what hosts, operators and senders of clearings were told.
    BooksEqualAnswers = "books_equal_answers",
    /// A hold is let go when its time is over, and not before.
    HoldDroppedInTime = "hold_dropped_in_time",
    /// What a hold took is given back at most once.
    HoldResolvedOnce = "hold_resolved_once",
    /// A reversal undoes exactly what its original moved.
    ReversalRestoresExactly = "reversal_restores_exactly",
    /// A repeat gets the stored answer.
    DedupSameAnswer = "dedup_same_answer",
    /// Every request has one answer, and no answer comes without a request.
    EveryRequestAnsweredOrRefusedOnce = "every_request_answered_or_refused_once",
    /// Before a sign-on, where one is required, nothing is decided.
    NothingBeforeSignOn = "nothing_before_sign_on",
    /// A sign-on for all links of a network stands until its sign-off, crashes included.
    GroupSignOnStands = "group_sign_on_stands",
    /// Answers have the date of a business day that was in force.
    BusinessDateInAnswers = "business_date_in_answers",
    /// What a network does not take is told by what it was.
    RejectionsAreTold = "rejections_are_told",
    /// The totals of a day are what hosts have counted.
    TotalsEqualAnswers = "totals_equal_answers",
    /// Keys that a network brings are not taken.
    KeysNeverTaken = "keys_never_taken",
    /// A request of the switch's own is answered, refused or given up, once.
    OwnRequestsEndOnce = "own_requests_end_once",
    /// The state is what a replay of the journal gives.
    StateEqualsReplay = "state_equals_replay",
    /// The books are what the state is.
    BooksEqualState = "books_equal_state",
    /// A card stands as file actions left it, from their answers on, and each is carried out once.
    FileActionsHold = "file_actions_hold",
    /// Only decisions before a line that was ordered leave the books, the oldest first, and none that waits for
    /// something.
    OnlyTheOldIsPurged = "only_the_old_is_purged",
    /// What left the books is in none of their rows, and nothing that comes later knows it.
    PurgedIsGone = "purged_is_gone",
    /// The audit finds nothing in the books.
    AuditAgrees = "audit_agrees",
    /// Every decision and transaction has one event, in order.
    EventsMatchRecords = "events_match_records",
    /// No debit takes a limit below its floor.
    AvailableNeverBelowFloor = "available_never_below_floor",
    /// Batches never go back in time, and none is missing.
    ClockMonotonic = "clock_monotonic",
    /// A response echoes its request and nothing secret.
    ResponseMatchesRequest = "response_matches_request",
    /// Each batch is chained to all before it.
    JournalChainUnbroken = "journal_chain_unbroken",
    /// No card number can be read anywhere at rest.
    NoUnmaskedPan = "no_unmasked_pan",
    /// Some order of one request after the other explains what each account answered.
    HistoryExplained = "history_explained",
    /// Once faults stop, everything comes to an end.
    Liveness = "liveness",
}

/// An invariant that does not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    pub checker: Checker,
    pub what: String,
}

impl Violation {
    pub fn new(checker: Checker, what: String) -> Self {
        Self { checker, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.checker.name(), self.what)
    }
}

/// Whether an invariant holds.
pub type Verdict = Result<(), Violation>;

/// One record of the journal with its name and the time of its batch.
#[derive(Debug)]
pub struct Recorded {
    pub id: RecordId,
    pub time: Timestamp,
    pub record: Record,
}

/// What the checkers look at when a world has come to rest.
pub struct Evidence<'a> {
    pub host: &'a Host,
    pub office: &'a Office,
    pub said: &'a BTreeMap<Scheme, Said<'a>>,
    pub node: &'a Node,
    /// Every segment there ever was.
    pub journal: &'a SimulatedDisk,
    pub records: &'a [Recorded],
    pub lives: Vec<Life<'a>>,
    /// Steps of purging with their records, in the order of the journal.
    pub purges: Vec<(RecordId, &'a HistoryPurged)>,
    /// The accounts of the state, in the order of their openings.
    pub accounts: Vec<Account>,
}

/// Every record of a journal up to a sequence.
pub fn records(journal: &SimulatedDisk, last: u64) -> Vec<Recorded> {
    let mut cursor = Cursor::after(journal.clone(), 0);
    let mut records = Vec::new();
    while let Some(batch) = cursor.next(last).unwrap() {
        records.extend(records_of(OPTIONS.shard, &batch).map(|record| {
            let (id, record) = record.unwrap();
            let time = batch.time;
            Recorded { id, time, record }
        }));
    }
    records
}

impl<'a> Evidence<'a> {
    pub fn gather(
        (host, office, said): (&'a Host, &'a Office, &'a BTreeMap<Scheme, Said<'a>>),
        node: &'a Node,
        journal: &'a SimulatedDisk,
        records: &'a [Recorded],
    ) -> Self {
        let state = node.writer.state();
        let account = |place| state.account(account_id(place)).unwrap().clone();
        Self {
            host,
            office,
            said,
            node,
            journal,
            records,
            lives: lives::of(records),
            purges: purges::of(records),
            accounts: (0..OPENINGS.len()).map(account).collect(),
        }
    }

    /// Whether a decision had left the books when another was made.
    pub fn is_purged(&self, id: RecordId, by: RecordId) -> bool {
        let steps = self.purges.iter();
        let mut before = steps.take_while(|(step, _)| *step < by);
        before.any(|(_, step)| id <= step.through)
    }

    /// Everything that is checked when a world has come to rest. What a failure is about comes before what
    /// follows from it. Returns how many accounts' histories were explained.
    pub fn check(&self) -> Result<u64, Violation> {
        journal::clock_monotonic(self)?;
        journal::journal_chain_unbroken(self)?;
        journal::no_unmasked_pan(self)?;
        purges::only_the_old_is_purged(self)?;
        money::no_lost_ack(self)?;
        money::no_double_debit(self)?;
        files::file_actions_hold(self)?;
        money::hold_resolved_once(self)?;
        money::reversal_restores_exactly(self)?;
        money::available_never_below_floor(self)?;
        money::conservation(self)?;
        purges::purged_is_gone(self)?;
        answered::hold_dropped_in_time(self)?;
        answered::books_equal_answers(self)?;
        books::state_equals_replay(self)?;
        books::books_equal_state(self)?;
        audit::audit_agrees(self)?;
        books::events_match_records(self)?;
        histories::history_explained(self)
    }
}
