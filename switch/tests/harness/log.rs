//! The standard error of a process, line by line: kept whole, and waited on.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::clock::{LIFE_PATIENCE, PATIENCE, eventually};

/// The lines that a process has written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
}

impl Log {
    /// Reads to the end on a thread of its own.
    pub(crate) fn follow(source: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let following = log.clone();
        std::thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while source.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                following.change(|state| state.lines.push(text));
                line.clear();
            }
            following.change(|state| state.ended = true);
        });
        log
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.0.lock().unwrap());
        self.shared.1.notify_all();
    }

    /// The first line that holds; fails the test, with the log, when it does not come or the process ends before.
    pub(crate) fn wait_for(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        self.wait_within(PATIENCE, what, holds)
    }

    fn wait_within(&self, patience: Duration, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let (state, changed) = &*self.shared;
        let mut seen = 0;
        let mut found = None;
        let (state, _) = changed
            .wait_timeout_while(state.lock().unwrap(), patience, |state| {
                found = state.lines[seen..].iter().find(|line| holds(line)).cloned();
                seen = state.lines.len();
                found.is_none() && !state.ended
            })
            .unwrap();
        let lines = state.lines.join("\n");
        let process = if state.ended { "has ended" } else { "runs" };
        drop(state);
        found.unwrap_or_else(|| {
            panic!("no line of the log holds: {what}; the process {process}\n{lines}")
        })
    }

    /// The first JSON line with this message.
    pub(crate) fn wait_for_message(&self, message: &str) -> Value {
        let line = self.wait_for(message, |line| message_of(line).as_deref() == Some(message));
        serde_json::from_str(&line).unwrap()
    }

    /// The JSON line that says that the process is ready, however long that takes while it lives.
    pub(crate) fn wait_until_ready(&self) -> Value {
        let is_ready = |line: &str| message_of(line).as_deref() == Some("ready");
        let line = self.wait_within(LIFE_PATIENCE, "ready", is_ready);
        serde_json::from_str(&line).unwrap()
    }

    /// Whether the process has closed its standard error, as one that has ended did.
    pub(crate) fn has_ended(&self) -> bool {
        self.shared.0.lock().unwrap().ended
    }

    /// So many JSON lines with this message; the log is written behind the answers.
    pub(crate) fn wait_for_messages(&self, message: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{count} lines of the log: {message}"), || {
            let lines = self.messages(message);
            (lines.len() >= count).then_some(lines)
        })
    }

    /// The JSON lines with this message that are there.
    pub(crate) fn messages(&self, message: &str) -> Vec<Value> {
        let lines = self.lines();
        let lines = lines
            .iter()
            .filter(|line| message_of(line).as_deref() == Some(message));
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Fails the test unless one line has all these words.
    pub(crate) fn expect_words(&self, what: &str, words: &[&str]) {
        let has = |line: &String| words.iter().all(|word| line.contains(word));
        assert!(
            self.lines().iter().any(has),
            "{what}: no line has {words:?}:\n{}",
            self.text()
        );
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.shared.0.lock().unwrap().lines.clone()
    }

    pub(crate) fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// Waits until the process has closed its standard error.
    pub(crate) fn wait_for_end(&self) {
        let (state, changed) = &*self.shared;
        let (state, waited) = changed
            .wait_timeout_while(state.lock().unwrap(), LIFE_PATIENCE, |state| !state.ended)
            .unwrap();
        drop(state);
        assert!(!waited.timed_out(), "standard error stays open");
    }
}

fn message_of(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some(line.get("message")?.as_str()?.to_owned())
}
