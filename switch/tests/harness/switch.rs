//! A running switch.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::Value;

use super::client::Client;
use super::clock::eventually;
use super::http::{self, Answer};
use super::log::Log;
use super::process::Process;

/// A switch that was ready when this was made. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Switch {
    process: Process,
    /// Where the generic network connects.
    pub(crate) iso: SocketAddr,
    /// Where each network connects, by its number.
    listening: BTreeMap<u64, SocketAddr>,
    /// Where HTTP is.
    pub(crate) http: SocketAddr,
}

impl Switch {
    /// Waits for a started switch to say that it is ready, and learns its ports.
    pub(crate) fn when_ready(process: Process) -> Self {
        let ready = process.log.wait_until_ready();
        let address = |line: &Value, key: &str| line[key].as_str().unwrap().parse().unwrap();
        let listening = process.log.messages("listening");
        let listening: BTreeMap<u64, SocketAddr> = listening
            .iter()
            .map(|line| (line["network"].as_u64().unwrap(), address(line, "address")))
            .collect();
        Self {
            iso: listening[&1],
            listening,
            http: address(&ready, "http"),
            process,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn log(&self) -> &Log {
        &self.process.log
    }

    /// Where a network connects: 1 generic, 2 Visa-like, 3 Mastercard-like, 4 Elo-like.
    pub(crate) fn port(&self, network: u64) -> SocketAddr {
        self.listening[&network]
    }

    /// A link of the generic network.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.iso)
    }

    /// The same of a switch that may have ended.
    pub(crate) fn try_connect(&self) -> Option<Client> {
        TcpStream::connect(self.iso).ok().map(Client::over)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        http::get(self.http, path)
    }

    pub(crate) fn post(&self, path: &str) -> Answer {
        http::post(self.http, path)
    }

    /// Has a snapshot of the books taken, of all that was answered.
    pub(crate) fn take_snapshot(&self) {
        self.settle();
        let taken = http::post(self.http, "/v1/snapshots");
        assert_eq!(taken.status, 200, "{}", taken.body);
    }

    /// The JSON of a resource that exists.
    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Sum of the series of a metric whose labels contain a text.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.get("/metrics").body;
        let series = text.lines().filter(|line| {
            let labelled = line.strip_prefix(name);
            labelled.is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(labels))
        });
        let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        series.map(value).sum()
    }

    /// Waits until what was answered can be seen over HTTP: the views follow behind the answers.
    pub(crate) fn settle(&self) {
        eventually("the views have caught up with the journal", || {
            (self.metric("switch_view_lag_batches", "") < 0.5).then_some(())
        });
    }

    /// An account as HTTP shows it.
    pub(crate) fn account(&self, id: u64) -> Value {
        self.json(&format!("/v1/accounts/{id}"))
    }

    /// The available limit of an account in minor units.
    pub(crate) fn available(&self, id: u64) -> i64 {
        self.account(id)["limits_minor"]["available_credit_limit"]
            .as_i64()
            .unwrap()
    }

    /// Every message of an account, the latest first, read page by page.
    pub(crate) fn messages(&self, id: u64) -> Vec<Value> {
        let path = format!("/v1/accounts/{id}/messages?limit=100");
        let mut messages = Vec::new();
        let mut page = self.json(&path);
        loop {
            messages.extend_from_slice(page["items"].as_array().unwrap());
            let Some(before) = page["next_before"].as_str() else {
                return messages;
            };
            page = self.json(&format!("{path}&before={before}"));
        }
    }

    /// The next line that it opens to a network that listens; fails the test when it ends before: nothing else would
    /// wake whoever waits for a line.
    pub(crate) fn opens_line_to(&self, network: &TcpListener) -> TcpStream {
        network.set_nonblocking(true).unwrap();
        let line = eventually("a line of the switch", || match network.accept() {
            Ok((line, _)) => Some(line),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let ended = self.log().has_ended();
                assert!(!ended, "the switch ended before it opened a line");
                None
            }
            Err(error) => panic!("no line can be taken: {error}"),
        });
        line.set_nonblocking(false).unwrap();
        line
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        self.process.terminate();
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Waits for an end that nobody asked for; returns the exit code and its log.
    pub(crate) fn ends_by_itself(mut self) -> (Option<i32>, Log) {
        let status = self.process.wait();
        (status.code(), self.process.log.clone())
    }

    /// SIGTERM and a good end; returns its log.
    pub(crate) fn stop(self) -> Log {
        self.terminate();
        self.ends_well()
    }

    /// A good end of a switch that was told to end; returns its log.
    pub(crate) fn ends_well(mut self) -> Log {
        let status = self.process.wait();
        assert!(status.success(), "the end after SIGTERM: {status}");
        self.process.log.clone()
    }
}
