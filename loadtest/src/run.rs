//! A run from the first connection to the report.
//!
//! Owns: the order: accounts before, connections, load, accounts after. Must never: start the load before
//! everything that can fail beforehand has been tried.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use codec::{Dialect, EncodeError, InvalidMti, Mti};
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};

use crate::admin::{self, AdminError};
use crate::books::{BooksReport, Effects, agrees};
use crate::clock::{Clock, Timer, instant};
use crate::disk_probe::DiskProbe;
use crate::link::{Link, lock};
use crate::message::{self, Calendar};
use crate::opening::{Opening, Peer};
use crate::plan::Plan;
use crate::random::SplitMix64;
use crate::recorder::Recorder;
use crate::report::{Report, Setting};
use crate::session::{Identity, Session};

/// How long opening one connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// The same when the switch opens it.
const BE_CONNECTED: Duration = Duration::from_secs(90);

/// Time between the last connection and the start, so that every connection begins in time.
const START_DELAY: Duration = Duration::from_millis(50);

/// How long accounts that differ are read again, once everything that was answered is shown.
const SETTLE: Duration = Duration::from_secs(5);

/// How the switch is met, `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// It listens there.
    Listens(String),
    /// It connects to this address.
    Connects(String),
}

impl Target {
    /// The address, whoever listens there.
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::Listens(address) | Self::Connects(address) => address,
        }
    }

    /// How long opening one connection may take. A switch whose line was lost waits before it opens it again.
    fn patience(&self) -> Duration {
        match self {
            Self::Listens(_) => CONNECT,
            Self::Connects(_) => BE_CONNECTED,
        }
    }
}

/// What to run, against what, and what to look at beside it.
#[derive(Debug)]
pub struct Options {
    /// The switch.
    pub target: Target,
    /// What to send and when.
    pub plan: Plan,
    /// The dialect of the link.
    pub dialect: Dialect,
    /// HTTP address of the switch, `HOST:PORT`, to compare the books.
    pub admin: Option<String>,
    /// Directory to measure synced writes in.
    pub disk_probe: Option<PathBuf>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The values of the mix do not fit the dialect: an error of configuration.
    #[error("the mix {mix} does not fit the dialect: {source}")]
    Mix {
        /// The mix.
        mix: String,
        /// The element and what is wrong with its value.
        source: EncodeError,
    },
    /// The switch cannot be reached.
    #[error("target {target}: {source}")]
    Connect {
        /// The switch.
        target: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The accounts cannot be read.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The switch has not the accounts of the mix.
    #[error("{missing} of {asked} accounts are not in the books, the first is {first}")]
    MissingAccounts {
        /// How many are missing.
        missing: usize,
        /// How many were asked for.
        asked: usize,
        /// The first one.
        first: u64,
    },
    /// The disk probe cannot run.
    #[error("disk probe: {0}")]
    DiskProbe(#[source] io::Error),
    /// This process failed.
    #[error("load test: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RunError {
    /// Whether the user's files are at fault rather than what is tested.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Mix { .. } | Self::DiskProbe(_))
    }
}

fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RunError {
    RunError::Internal(error.into())
}

/// Runs the load and gives the report. Needs a tokio runtime with IO and time.
///
/// # Errors
/// [`RunError`] when the run cannot take place or its accounts cannot be read.
pub async fn run(options: Options) -> Result<Report, RunError> {
    let Options {
        target,
        plan,
        dialect,
        admin,
        disk_probe,
    } = options;
    let (plan, dialect) = (Arc::new(plan), Arc::new(dialect));
    check(&plan, &dialect)?;
    let before = match &admin {
        Some(address) => Some(read_before(address, &plan).await?),
        None => None,
    };
    let recorder = Recorder::new(&plan).map_err(internal)?;
    let recorder = Arc::new(Mutex::new(recorder));
    let failed = |source| RunError::Connect {
        target: target.address().to_owned(),
        source,
    };
    let opening = opening(&target, &plan, &dialect).await.map_err(failed)?;
    let streams = connect_all(&opening, plan.connections, target.patience()).await;
    let streams = streams.map_err(failed)?;
    let disk_probe = disk_probe.as_deref().map(DiskProbe::start).transpose();
    let disk_probe = disk_probe.map_err(RunError::DiskProbe)?;
    play(&opening, &plan, streams, &recorder).await?;
    let disk_sync = disk_probe
        .map(DiskProbe::finish)
        .transpose()
        .map_err(RunError::DiskProbe)?;
    let books = match (admin, before) {
        (Some(address), Some(before)) => {
            let effects = std::mem::take(&mut lock(&recorder).effects);
            Some(compare(&address, &plan, &before, &effects).await)
        }
        _ => None,
    };
    let setting = Setting::new(target.address().to_owned(), &plan, &dialect);
    Ok(Report::new(
        setting,
        &plan,
        &lock(&recorder),
        disk_sync.as_ref(),
        books,
    ))
}

/// How the connections of a run are opened.
async fn opening(target: &Target, plan: &Plan, dialect: &Arc<Dialect>) -> io::Result<Opening> {
    let peer = match target {
        Target::Listens(address) => Peer::Listens(address.as_str().into()),
        Target::Connects(address) => Peer::Connects(Arc::new(TcpListener::bind(address).await?)),
    };
    let transmission = Calendar::new(Timestamp::now()).at(0, 0).0;
    let sign_on = plan.mix.sign_on.clone();
    Ok(Opening {
        peer,
        dialect: Arc::clone(dialect),
        sign_on: sign_on.map(|code| (code, transmission.as_str().to_owned())),
    })
}

async fn connect_all(
    opening: &Opening,
    connections: u64,
    patience: Duration,
) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(opening.open(patience).await?);
    }
    Ok(streams)
}

/// Plays every connection's session to its end.
async fn play(
    opening: &Opening,
    plan: &Arc<Plan>,
    streams: Vec<TcpStream>,
    recorder: &Arc<Mutex<Recorder>>,
) -> Result<(), RunError> {
    let clock = Clock::starting_in(START_DELAY);
    let now = Timestamp::now();
    let start = now.checked_add(START_DELAY).unwrap_or(now);
    let run = run_number(now);
    let mut links = Vec::new();
    for (connection, stream) in (0..).zip(streams) {
        let identity = Identity {
            run,
            connection,
            start,
        };
        let session = Session::new(Arc::clone(plan), Arc::clone(&opening.dialect), identity);
        let link = Link {
            opening: opening.clone(),
            clock,
            recorder: Arc::clone(recorder),
            session: session.map_err(internal)?,
            timer: Timer::new().map_err(internal)?,
        };
        links.push(tokio::spawn(link.run(stream)));
    }
    for link in links {
        link.await.map_err(internal)?.map_err(internal)?;
    }
    Ok(())
}

fn check(plan: &Plan, dialect: &Dialect) -> Result<(), RunError> {
    let reversal = Mti::parse(b"0400").map_err(|error: InvalidMti| internal(error))?;
    message::check(&plan.mix, dialect, reversal).map_err(|source| RunError::Mix {
        mix: plan.mix.name.clone(),
        source,
    })
}

/// Tells runs apart that follow each other or run side by side.
fn run_number(now: Timestamp) -> u64 {
    let nanosecond = now.as_nanosecond().rem_euclid(i128::from(u64::MAX));
    let time = u64::try_from(nanosecond).unwrap_or(0);
    SplitMix64::stream(time, u64::from(std::process::id())).next()
}

/// Available limits in minor units by card.
type Limits = BTreeMap<u64, i64>;

async fn read(address: &str, plan: &Plan, cards: &[u64]) -> Result<Limits, AdminError> {
    let ids: Vec<u64> = cards
        .iter()
        .map(|card| plan.mix.account_id(*card))
        .collect();
    let limits = admin::available_limits(address, &ids).await?;
    let by_card = cards
        .iter()
        .zip(&ids)
        .filter_map(|(card, id)| Some((*card, *limits.get(id)?)));
    Ok(by_card.collect())
}

async fn read_before(address: &str, plan: &Plan) -> Result<Limits, RunError> {
    let cards: Vec<u64> = plan.cards().into_iter().collect();
    let limits = read(address, plan, &cards).await?;
    match cards.iter().find(|card| !limits.contains_key(card)) {
        None => Ok(limits),
        Some(first) => Err(RunError::MissingAccounts {
            missing: cards.len() - limits.len(),
            asked: cards.len(),
            first: plan.mix.account_id(*first),
        }),
    }
}

/// How long the books that the switch shows may stand still while they are behind its answers.
const STANDSTILL: Duration = Duration::from_secs(30);

/// Waits until the switch shows everything that it has answered, as far as it says how far that is. Books that
/// stand still are waited for no longer: what is missing then shows itself when they are compared.
async fn settled(address: &str) -> Result<(), AdminError> {
    let Some(begun) = admin::shown(address).await? else {
        return Ok(());
    };
    let (mut seen, mut patience) = (begun.shown_sequence, instant() + STANDSTILL);
    while seen < begun.journal_sequence && instant() < patience {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let shown = admin::shown(address).await?.map(|now| now.shown_sequence);
        if let Some(shown) = shown.filter(|shown| *shown > seen) {
            (seen, patience) = (shown, instant() + STANDSTILL);
        }
    }
    Ok(())
}

/// Compares the books with the answers, once the switch shows all of them. A switch that does not say how
/// far it is may follow a little after its answers, so accounts that differ are read again for a while.
async fn compare(
    address: &str,
    plan: &Plan,
    before: &Limits,
    effects: &Effects,
) -> Result<BooksReport, AdminError> {
    settled(address).await?;
    let mut after = Limits::new();
    let mut differing: Vec<u64> = before.keys().copied().collect();
    let patience = instant() + SETTLE;
    loop {
        after.extend(read(address, plan, &differing).await?);
        differing.retain(|card| {
            let before_minor = before.get(card).copied().unwrap_or(0);
            !agrees(
                effects.expected(*card, before_minor),
                after.get(card).copied(),
            )
        });
        if differing.is_empty() || instant() >= patience {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut report = BooksReport::default();
    for (card, before_minor) in before {
        let expected = effects.expected(*card, *before_minor);
        let after_minor = after.get(card).copied();
        report.compare(
            plan.mix.account_id(*card),
            *before_minor,
            expected,
            after_minor,
        );
    }
    Ok(report)
}
