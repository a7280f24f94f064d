//! Starting, running and ending the switch.
//!
//! Owns: the order of both. Start: rules, HTTP (alive, not ready), keys, ledger, demo data, listeners; no
//! network can connect before decisions can be made durable. End: listeners, links (drained), ledger,
//! events. Must never: end with success when something was lost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use ledger::books::StoreError;
use ledger::command::Command;
use ledger::identifiers::ShardId;
use ledger::journal::committer::CommitOptions;
use ledger::journal::disk::{Directory, make_directory};
use ledger::journal::log::LogOptions;
use ledger::journal::readers::Readers;
use ledger::journal::retention::Policy;
use ledger::runtime::{Ledger, LedgerOptions, now};
use rules::{NetworkId, Snapshot};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::audit::live::Audits;
use crate::card_vault::CardVault;
use crate::connector;
use crate::data_directory::{self, DataLock, inspector};
use crate::events::{self, Emitter};
use crate::http_site::HttpSite;
use crate::kept_states::KeptStates;
use crate::key_exchange::NoKeys;
use crate::link_status::LinkStatuses;
use crate::port::Port;
use crate::rulebook::Rulebook;
use crate::server::{self, Shared, SwitchTicket};
use crate::settings::Settings;
use crate::telemetry::{self, LedgerObserver, Log};
use crate::totals::TotalsReader;
use crate::{demo, http, key_check, open_files};

mod threads;

/// The one shard of this process.
pub(crate) const SHARD: ShardId = ShardId(0);

/// What is wrong with what the user gave: the process exits with 2.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ConfigurationError(anyhow::Error);

impl From<anyhow::Error> for ConfigurationError {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

/// Everything that is read before anything runs.
#[derive(Debug)]
pub struct Configuration {
    settings: Settings,
    rulebook: Rulebook,
}

impl Configuration {
    /// Reads the settings file and the rules, networks and dialects beside it.
    ///
    /// # Errors
    /// [`ConfigurationError`] that names file, line and what is wrong.
    pub fn load(settings_path: &Path) -> Result<Self, ConfigurationError> {
        let settings = settings(settings_path)?;
        telemetry::log_filter(&settings.log)?;
        let directory = settings_path.parent().unwrap_or_else(|| Path::new("."));
        let archive = settings.data_directory.join(data_directory::RULES);
        let listening = settings.networks().map(str::to_owned);
        let rulebook = Rulebook::open(directory.to_owned(), archive, listening.collect())
            .map_err(anyhow::Error::from)?;
        Ok(Self { settings, rulebook })
    }
}

/// Reads the settings file alone, as [`Configuration::load`] does.
///
/// # Errors
/// [`ConfigurationError`] that names file, line and what is wrong.
pub fn settings(settings_path: &Path) -> Result<Settings, ConfigurationError> {
    let settings = Settings::load(settings_path, environment());
    Ok(settings.map_err(anyhow::Error::from)?)
}

/// The variables of the environment; those that are not text cannot name a setting.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Turns of links after which a thread looks which others can be read. A link that is flooded takes most of a
/// millisecond for its turn, and is always ready for the next: at the runtime's own 61 turns the others would wait for
/// tens of milliseconds.
const TURNS_BETWEEN_LOOKS: u32 = 4;

/// Runs the switch until SIGTERM or SIGINT.
///
/// # Errors
/// What kept it from starting or from ending in order.
pub fn run(configuration: Configuration) -> anyhow::Result<()> {
    let log = Log::start(&configuration.settings.log)?;
    let metrics = telemetry::start_metrics()?;
    let Configuration { settings, rulebook } = configuration;
    let data = &settings.data_directory;
    open_files::make_room(&settings).map_err(ConfigurationError)?;
    let lock = DataLock::acquire(data)?;
    rulebook.activate()?;
    let kept_states = restore_states(data, &rulebook)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .event_interval(TURNS_BETWEEN_LOOKS)
        .build()?;
    let site = runtime.block_on(async { HttpSite::open(settings.http_listen, settings.http) })?;
    runtime.spawn(telemetry::keep_metrics_small(metrics.clone()));
    runtime.spawn(log.keep_bounded());
    let keys = data.join(data_directory::KEYS);
    key_check::verify_expected(data, &keys)?;
    let vault = CardVault::open(&keys)?;
    tracing::warn!("card keys are software keys in files: for development only");
    let options = ledger_options(&settings)?;
    // Before the ledger starts: from then on the journal removes what nobody waits for.
    let (emitter, totals) = open_readers(&settings, &options)?;
    let ledger: Ledger<SwitchTicket> =
        Ledger::start(&options, rulebook.shared_rules(), Arc::new(LedgerObserver))?;
    tell_opened(&ledger, &rulebook);
    let submitter = ledger.submitter().context("the ledger has ended")?;
    if let Some(directory) = &settings.demo_directory {
        load_demo(directory, &rulebook.rules(), &vault, &submitter)?;
    }
    let (notices, waiting) = events::notices(now());
    let watermark = submitter.watermark().clone();
    let events = threads::events(emitter, settings.events, watermark, waiting)?;
    let shared = Arc::new(Shared {
        rulebook,
        kept_states,
        vault,
        keys: Arc::new(NoKeys),
        totals: totals.shared(),
        submitter,
        bounds: settings.links,
        sessions: settings.sessions,
        links: LinkStatuses::default(),
        notices,
        admission: Admission::of(&settings),
        stop: CancellationToken::new(),
    });
    let totals = threads::totals(totals, Arc::clone(&shared))?;
    let context = http::Context {
        shared,
        metrics,
        bounds: settings.ledger,
        snapshots: ledger.snapshots(),
        ready: Arc::new(AtomicBool::new(false)),
        dropped_lines: log.dropped_lines(),
        audits: Audits::new(data.clone()),
    };
    let served = runtime.block_on(serve(&settings, context, &site));
    // With the tasks and the routes goes every way to submit: the ledger can end.
    drop(runtime);
    drop(site);
    let counted = totals.stop();
    ledger.stop();
    events.stop()?;
    drop(lock);
    served.and(counted)?;
    tracing::info!("ended");
    Ok(())
}

/// Has networks go on with what they have said before.
fn restore_states(data: &Path, rulebook: &Rulebook) -> anyhow::Result<KeptStates> {
    let networks = data.join(data_directory::NETWORKS);
    make_directory(&networks)?;
    let kept_states = KeptStates::open(&networks)?;
    kept_states.restore(&rulebook.networks());
    Ok(kept_states)
}

/// The readers of the journal that stand behind it.
fn open_readers(
    settings: &Settings,
    options: &LedgerOptions,
) -> anyhow::Result<(Emitter<Directory>, TotalsReader<Directory>)> {
    let (data, journal) = (&settings.data_directory, &options.journal_directory);
    let events = data.join(data_directory::EVENTS);
    let networks = data.join(data_directory::NETWORKS);
    let readers = &options.readers;
    let emitter = Emitter::open(&events, journal, SHARD, settings.events, readers)?;
    let totals = TotalsReader::open(&networks, journal, SHARD, readers)?;
    Ok((emitter, totals))
}

/// What the ledger began with.
fn tell_opened(ledger: &Ledger<SwitchTicket>, rulebook: &Rulebook) {
    let started = ledger.started();
    tracing::info!(
        books_sequence = started.books_sequence,
        rebuilt = started.rebuilt,
        snapshot = started.snapshot,
        replayed_batches = started.replayed_batches,
        replayed_records = started.replayed_records,
        sequence = started.sequence,
        cut_bytes = started.cut_bytes,
        took_ms = started.took.as_secs_f64() * 1000.0,
        rules_version = %rulebook.rules().version(),
        config = %rulebook.directory().display(),
        "ledger open"
    );
}

/// How the journal keeps its files.
pub(crate) fn log_options(settings: &Settings) -> LogOptions {
    LogOptions {
        shard: SHARD,
        segment_bytes: settings.ledger.segment_bytes,
    }
}

fn ledger_options(settings: &Settings) -> anyhow::Result<LedgerOptions> {
    let ledger = settings.ledger;
    let data = settings.data_directory.as_path();
    Ok(LedgerOptions {
        journal_directory: data.join(data_directory::JOURNAL),
        books_directory: data.join(data_directory::BOOKS),
        log: log_options(settings),
        commit: CommitOptions {
            queue_batches: ledger.commit_queue_batches,
            gather_batches: ledger.commit_queue_batches,
            gather_us: ledger.commit_gather_us,
            gather_records: u64::try_from(ledger.batch_commands).unwrap_or(u64::MAX),
        },
        readers: Readers::default(),
        retention: Policy {
            retain_hours: settings.journal.retain_hours,
            retain_bytes: settings.journal.retain_bytes,
            reader_lag_bytes: settings.journal.reader_lag_bytes,
        },
        queue_commands: ledger.queue_commands,
        batch_commands: ledger.batch_commands,
        books_cache_bytes: ledger.books_cache_bytes,
        checkpoint_interval_ms: ledger.checkpoint_interval_ms,
        checkpoint_rows: ledger.checkpoint_rows,
        checkpoint_pause_percent: ledger.checkpoint_pause_percent,
        view_lag_batches: ledger.view_lag_batches,
        view_lag_records: ledger.view_lag_records,
        snapshots_directory: data.join(data_directory::SNAPSHOTS),
        snapshot_interval_minutes: settings.snapshots.interval_minutes,
        snapshots_kept: settings.snapshots.kept,
        history_days: Some(ledger.history_days).filter(|days| *days > 0),
        inspector: inspector()?,
    })
}

/// Loads the demo data unless its last card is there already.
fn load_demo(
    directory: &Path,
    rules: &Snapshot,
    vault: &CardVault,
    submitter: &ledger::runtime::Submitter<SwitchTicket>,
) -> anyhow::Result<()> {
    if !directory.is_dir() && submitter.views().shown() > 0 {
        // A restored backup holds what was loaded, and not the files.
        return Ok(());
    }
    let commands = demo::read(directory, rules, vault)?;
    let is_shown = || match commands.last() {
        Some(Command::IssueCard(card)) => Ok(submitter.views().card(&card.hash)?.is_some()),
        Some(_) | None => Ok::<_, StoreError>(false),
    };
    if is_shown()? {
        return Ok(());
    }
    // A start may leave what was loaded just before the end to the view-writer.
    demo::wait_until_shown(submitter);
    if is_shown()? {
        return Ok(());
    }
    let entries = demo::load(commands, submitter)?;
    tracing::info!(entries, directory = %directory.display(), "demo data loaded");
    Ok(())
}

/// Listens until the end is asked for, then drains the links.
async fn serve(settings: &Settings, context: http::Context, site: &HttpSite) -> anyhow::Result<()> {
    let (shared, ready) = (Arc::clone(&context.shared), Arc::clone(&context.ready));
    let named = |name: &str| -> anyhow::Result<NetworkId> {
        let rules = shared.rulebook.rules();
        let network = rules.network_named(name).map(|network| network.id);
        network.with_context(|| format!("no network is named {name:?}"))
    };
    let mut listeners: Vec<(Port, TcpListener)> = Vec::new();
    for listener in &settings.listener {
        let port = Port::of_listener(listener, named(&listener.network)?, settings);
        listeners.push((port, server::bind(listener.listen)?));
    }
    let mut lines = Vec::new();
    for connector in &settings.connector {
        let port = Port::of_connector(connector, named(&connector.network)?, settings);
        lines.extend(connector::lines(connector, &port));
    }
    site.set_routes(http::routes(Arc::new(context)));
    let (accepting, links) = (TaskTracker::new(), TaskTracker::new());
    for (port, listener) in listeners {
        tracing::info!(address = %listener.local_addr()?, network = port.network.0, "listening");
        accepting.spawn(server::accept(
            listener,
            port,
            Arc::clone(&shared),
            links.clone(),
        ));
    }
    for line in lines {
        links.spawn(line.keep(Arc::clone(&shared)));
    }
    ready.store(true, Ordering::Release);
    tracing::info!(http = %site.address(), "ready");
    let reloads = tokio::spawn(reload_on_hangup(Arc::clone(&shared)));
    ended().await?;
    reloads.abort();
    ready.store(false, Ordering::Release);
    tracing::info!("draining");
    shared.stop.cancel();
    accepting.close();
    accepting.wait().await;
    links.close();
    links.wait().await;
    Ok(())
}

/// Reloads the rules at every SIGHUP.
async fn reload_on_hangup(shared: Arc<Shared>) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = signal(SignalKind::hangup())?;
    while hangups.recv().await.is_some() {
        let shared = Arc::clone(&shared);
        // The result is in the log, the metrics and the status over HTTP.
        let reloaded = tokio::task::spawn_blocking(move || telemetry::reload(&shared.rulebook));
        reloaded.await?.ok();
    }
    Ok(())
}

/// Returns when SIGTERM or SIGINT arrives. From then on a second one ends the process at once.
async fn ended() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(1);
    });
    Ok(())
}
