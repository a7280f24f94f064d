//! `POST /v1/audits`: audits the running switch.
//!
//! Owns: the question and its answer, and the thread between them, which works for as long as it rests and at
//! a low priority. One audit runs at a time; one whose asker has gone is given up. Must never: keep a thread
//! of HTTP waiting, or hold a way to submit.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ledger::books::{SledStore, Views};
use ledger::runtime::{now, step_back};
use rules::Snapshot;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Audited;
use crate::http::{Context, problem};

/// Where the audits of a running switch are asked for.
#[derive(Debug)]
pub struct Audits {
    data: PathBuf,
    running: Arc<AtomicBool>,
}

/// The least and the most that a slice of an audit rests.
const REST_US: std::ops::RangeInclusive<i64> = 200..=50_000;

impl Audits {
    /// Over a data directory.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            running: Arc::default(),
        }
    }
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

/// Audits; 503 while another audit runs.
pub(crate) async fn audit(State(context): State<Arc<Context>>) -> Response {
    let audits = &context.audits;
    if audits.running.swap(true, Ordering::AcqRel) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "another audit is running");
    }
    let running = Running(Arc::clone(&audits.running));
    let given_up = Asking(Arc::default());
    let shared = &context.shared;
    let work = Work {
        data: audits.data.clone(),
        views: Arc::clone(shared.submitter.views()),
        rules: shared.rulebook.shared_rules(),
        given_up: Arc::clone(&given_up.0),
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
}

impl Work {
    fn run(self) -> anyhow::Result<Value> {
        step_back();
        let audited = Audited {
            data: &self.data,
            views: &self.views,
            still: false,
            in_force: Some(self.rules.load_full()),
        };
        let mut began = now();
        let mut pace = || {
            let worked_us = now().0.saturating_sub(began.0);
            let rest_us = worked_us.clamp(*REST_US.start(), *REST_US.end());
            let rest_us = u64::try_from(rest_us).unwrap_or(0);
            std::thread::park_timeout(Duration::from_micros(rest_us));
            began = now();
            !self.given_up.load(Ordering::Acquire)
        };
        super::run(&audited, &mut pace)
    }
}
