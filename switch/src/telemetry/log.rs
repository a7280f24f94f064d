//! The log, and how much of it one cause may fill.
//!
//! Owns: how lines are written, and how many of one kind, which is one place of the program: whoever reaches a port can
//! connect again and again or send what cannot be decoded, and each time is a line. What is more than a minute allows is
//! counted, and the count is a line of its own. Lines of the levels debug and trace are for who asks for all of them.
//! Must never: hold up who logs, or leave a line out without counting it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use metrics::counter;
use tracing::{Event, Level, Metadata};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::{Context, Filter, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::settings;

/// How often counts begin anew.
const WINDOW: Duration = Duration::from_secs(60);

/// Lines of one kind in that time.
const LINES_EACH: u32 = 1_000;

/// The log of the process. What waits is written when it is dropped.
#[derive(Debug)]
pub struct Log {
    bounds: Bounds,
    dropped: ErrorCounter,
    // Behind the last lines, which say what was left out.
    _writer: WorkerGuard,
}

/// Counts log lines that were dropped because their reader was slow.
#[derive(Debug)]
pub struct DroppedLines(ErrorCounter);

impl DroppedLines {
    /// Brings the metric up to date.
    pub fn report(&self) {
        counter!("switch_log_lines_dropped_total").absolute(self.0.dropped_lines() as u64);
    }
}

/// The filter of the log.
///
/// # Errors
/// When the filter of the settings is not one.
pub fn log_filter(settings: &settings::Log) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(&settings.filter)
        .with_context(|| format!("log.filter {:?} is not a filter", settings.filter))
}

impl Log {
    /// Starts the log: JSON lines on standard error, written by a thread of its own, with a bound on the lines that wait.
    ///
    /// # Errors
    /// When the filter of the settings is not one.
    pub fn start(settings: &settings::Log) -> anyhow::Result<Self> {
        let (writer, guard) = NonBlockingBuilder::default()
            .buffered_lines_limit(settings.queue_lines)
            .lossy(true)
            .thread_name("log")
            .finish(std::io::stderr());
        let log = Self {
            bounds: Bounds::default(),
            dropped: writer.error_counter(),
            _writer: guard,
        };
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(writer)
            .with_filter(log.bounds.clone());
        let registry = tracing_subscriber::registry();
        registry.with(log_filter(settings)?).with(lines).init();
        Ok(log)
    }

    /// Counts the lines that a slow reader cost.
    #[must_use]
    pub fn dropped_lines(&self) -> DroppedLines {
        DroppedLines(self.dropped.clone())
    }

    /// Says every minute what was left out, for ever.
    pub fn keep_bounded(&self) -> impl Future<Output = ()> + use<> {
        let bounds = self.bounds.clone();
        async move {
            loop {
                tokio::time::sleep(WINDOW).await;
                bounds.tell();
            }
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.bounds.tell();
    }
}

/// How many lines of each kind, by its name, were written since counts began anew; clones share it.
#[derive(Clone, Debug, Default)]
struct Bounds(Arc<Mutex<BTreeMap<&'static str, Lines>>>);

/// Lines of a kind.
#[derive(Debug)]
struct Lines {
    kind: &'static Metadata<'static>,
    written: u32,
    omitted: u64,
}

impl Bounds {
    /// Whether a line is written; else it is counted.
    fn lets(&self, kind: &'static Metadata<'static>) -> bool {
        let mut kinds = self.kinds();
        let lines = kinds.entry(kind.name()).or_insert(Lines {
            kind,
            written: 0,
            omitted: 0,
        });
        if lines.written < LINES_EACH {
            lines.written += 1;
            return true;
        }
        lines.omitted = lines.omitted.saturating_add(1);
        false
    }

    /// Counts begin anew; the kinds of which lines were left out, and how many.
    fn begin_anew(&self) -> Vec<(&'static Metadata<'static>, u64)> {
        let counted = std::mem::take(&mut *self.kinds()).into_values();
        let counted = counted.map(|lines| (lines.kind, lines.omitted));
        counted.filter(|(_, omitted)| *omitted > 0).collect()
    }

    /// Says what was left out since counts began.
    fn tell(&self) {
        for (kind, omitted) in self.begin_anew() {
            let (of, line) = (kind.target(), kind.line());
            tracing::warn!(of, line, omitted, "log lines left out");
        }
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<&'static str, Lines>> {
        // Counts are whole whatever happened to who held them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Filter<S> for Bounds {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let kind = event.metadata();
        let written = *kind.level() > Level::INFO || self.lets(kind);
        if !written {
            counter!("switch_log_lines_omitted_total", "of" => kind.target()).increment(1);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_floods_hides_no_other_and_is_counted() {
        let bounds = Bounds::default();
        let subscriber = tracing_subscriber::registry().with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::sink)
                .with_filter(bounds.clone()),
        );
        let flood = |lines: u32| (0..lines).for_each(|_| tracing::info!("one of many"));
        tracing::subscriber::with_default(subscriber, || {
            flood(LINES_EACH + 7);
            tracing::warn!("another");
            (0..=LINES_EACH).for_each(|_| tracing::debug!("asked for"));
        });
        let written = |bounds: &Bounds| {
            let kinds = bounds.kinds();
            let mut written: Vec<_> = kinds.values().map(|lines| lines.written).collect();
            written.sort_unstable();
            written
        };
        assert_eq!(written(&bounds), [1, LINES_EACH]);
        let omitted = bounds.begin_anew();
        let [(kind, 7)] = omitted.as_slice() else {
            panic!("{omitted:?}")
        };
        assert_eq!(kind.target(), module_path!());
        assert!(bounds.begin_anew().is_empty(), "it is told once");
        assert!(written(&bounds).is_empty());
    }
}
