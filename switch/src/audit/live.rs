//! `/v1/audits`: audits the running switch.
//!
//! Owns: the question and its answer, how far the audit is, and the thread between them, which works a share of the
//! time that is asked for, at a low priority. One audit runs at a time; one whose asker has gone is given up. Must
//! never: keep a thread of HTTP waiting, or hold a way to submit.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ledger::audit::Progress;
use ledger::books::{SledStore, Views};
use ledger::runtime::{Behind, now};
use rules::Snapshot;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Audited;
use crate::http::{Context, problem};

/// Where the audits of a running switch are asked for.
#[derive(Debug)]
pub struct Audits {
    data: PathBuf,
    running: Arc<AtomicBool>,
    progress: Arc<Mutex<Progress>>,
}

/// The longest that a slice of an audit rests.
const LONGEST_REST_US: i64 = 500_000;

/// How an audit is to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manner {
    /// Hundredths of the time that it works; it rests for the others.
    #[serde(default = "half")]
    share_percent: u8,
}

fn half() -> u8 {
    50
}

impl Audits {
    /// Over a data directory.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            running: Arc::default(),
            progress: Arc::default(),
        }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}

fn at(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whoever asked is still there as long as this is.
struct Asking(Arc<AtomicBool>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The audit that runs; the next one may begin when it is gone.
struct Running(Arc<AtomicBool>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// How far the audit is that runs; 404 while none does.
pub(crate) async fn progress(State(context): State<Arc<Context>>) -> Response {
    let audits = &context.audits;
    if audits.running.load(Ordering::Acquire) {
        axum::Json(*at(&audits.progress)).into_response()
    } else {
        problem(StatusCode::NOT_FOUND, "no audit is running")
    }
}

/// Audits; 503 while another audit runs.
pub(crate) async fn audit(
    State(context): State<Arc<Context>>,
    Query(manner): Query<Manner>,
) -> Response {
    if !(1..=100).contains(&manner.share_percent) {
        return problem(
            StatusCode::BAD_REQUEST,
            "share_percent is a number from 1 to 100",
        );
    }
    let audits = &context.audits;
    if audits.running.swap(true, Ordering::AcqRel) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "another audit is running");
    }
    let running = Running(Arc::clone(&audits.running));
    *at(&audits.progress) = Progress::default();
    let given_up = Asking(Arc::default());
    let shared = &context.shared;
    let work = Work {
        data: audits.data.clone(),
        views: Arc::clone(shared.submitter.views()),
        rules: shared.rulebook.shared_rules(),
        given_up: Arc::clone(&given_up.0),
        progress: Arc::clone(&audits.progress),
        share_percent: manner.share_percent,
    };
    let (sender, report) = oneshot::channel();
    let thread = std::thread::Builder::new().name("audit".to_owned());
    let started = thread.spawn(move || {
        let report = work.run();
        drop(running);
        // Who asked may have gone.
        drop(sender.send(report));
    });
    if let Err(error) = started {
        return problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string());
    }
    match report.await {
        Ok(Ok(report)) => axum::Json(report).into_response(),
        Ok(Err(error)) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}")),
        Err(_) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the audit ended by a panic",
        ),
    }
}

/// What the thread of an audit has.
struct Work {
    data: PathBuf,
    views: Arc<Views<SledStore>>,
    rules: Arc<ArcSwap<Snapshot>>,
    given_up: Arc<AtomicBool>,
    progress: Arc<Mutex<Progress>>,
    share_percent: u8,
}

impl Work {
    fn run(self) -> anyhow::Result<Value> {
        let _behind = Behind::step_back();
        let audited = Audited {
            data: &self.data,
            views: &self.views,
            still: false,
            in_force: Some(self.rules.load_full()),
        };
        let mut began = now();
        let mut pace = |progress| {
            *at(&self.progress) = progress;
            let worked_us = now().0.saturating_sub(began.0);
            let rest_us = u64::try_from(rest_us(worked_us, self.share_percent)).unwrap_or(0);
            std::thread::park_timeout(Duration::from_micros(rest_us));
            began = now();
            !self.given_up.load(Ordering::Acquire)
        };
        super::run(&audited, &mut pace)
    }
}

/// How long to rest after some work, so that it takes its share of the time.
fn rest_us(worked_us: i64, share_percent: u8) -> i64 {
    let share = i64::from(share_percent);
    worked_us
        .saturating_mul(100_i64.saturating_sub(share))
        .checked_div(share)
        .unwrap_or(LONGEST_REST_US)
        .clamp(0, LONGEST_REST_US)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_what_the_share_leaves() {
        for (worked_us, share_percent, rest) in [
            (1_000, 50, 1_000),
            (1_000, 100, 0),
            (1_000, 25, 3_000),
            (1_000, 10, 9_000),
            (-5, 50, 0),
            (i64::MAX, 1, LONGEST_REST_US),
        ] {
            assert_eq!(rest_us(worked_us, share_percent), rest);
        }
    }
}
