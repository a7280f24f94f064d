//! The standard error of the switch: JSON lines, waited on, the last of them kept.
//!
//! Owns: following it on a thread. Must never: hold up the process it reads.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// Lines kept.
const KEPT: usize = 400;

/// The log of one process.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    ended: bool,
}

impl Log {
    /// Reads to the end on a thread of its own.
    pub(super) fn follow(source: impl Read + Send + 'static) -> std::io::Result<Self> {
        let log = Self::default();
        let following = log.clone();
        let follow = move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while source.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                following.change(|state| {
                    state.lines.push_back(text);
                    if state.lines.len() > KEPT {
                        state.lines.pop_front();
                    }
                });
                line.clear();
            }
            following.change(|state| state.ended = true);
        };
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(follow)?;
        Ok(log)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.shared.1.notify_all();
    }

    /// Waits for a line with this message; none when the log ends first or the line does not come.
    pub(super) fn wait_for(&self, message: &str, limit: Duration) -> Option<Value> {
        let has = |state: &State| {
            state
                .lines
                .iter()
                .find_map(|line| with_message(line, message))
        };
        let waiting = |state: &mut State| has(state).is_none() && !state.ended;
        let waited = self
            .shared
            .1
            .wait_timeout_while(self.state(), limit, waiting);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        has(&state)
    }

    /// The lines kept that have this message.
    pub(super) fn with_message(&self, message: &str) -> Vec<Value> {
        let state = self.state();
        state
            .lines
            .iter()
            .filter_map(|line| with_message(line, message))
            .collect()
    }

    /// Waits until the process has closed its standard error; false when it does not.
    pub(super) fn wait_for_end(&self, limit: Duration) -> bool {
        let waited = self
            .shared
            .1
            .wait_timeout_while(self.state(), limit, |state| !state.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    /// The last lines.
    pub(super) fn tail(&self, count: usize) -> String {
        let state = self.state();
        let skipped = state.lines.len().saturating_sub(count);
        let lines: Vec<&str> = state
            .lines
            .iter()
            .skip(skipped)
            .map(String::as_str)
            .collect();
        lines.join("\n")
    }
}

fn with_message(line: &str, message: &str) -> Option<Value> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line.get("message")?.as_str()? == message).then_some(line)
}
