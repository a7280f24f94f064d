//! Reloading under traffic, and logs that nobody reads: neither may cost an answer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use harness::{Client, Fields, Switch, World, eventually, generated_account, generated_pan, set};
use serde_json::Value;

const RELOADS: usize = 200;

/// POST /v1/rules/reload: status and body.
fn reload(switch: &Switch) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let url = format!("http://{}/v1/rules/reload", switch.http);
    let mut answer = agent.post(&url).send_empty().unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&body).unwrap(),
    )
}

fn hang_up(switch: &Switch) {
    let sent = Command::new("kill")
        .args(["-HUP", &switch.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// How many reloads have ended, accepted or not.
fn reloads(switch: &Switch) -> f64 {
    switch.metric("switch_rules_reloads_total", "result")
}

/// Sends purchases on a card until told to stop; every one must be approved. Returns how many.
fn approve_all(mut client: Client, card: u64, stop: &AtomicBool) -> usize {
    let mut approved = 0;
    while !stop.load(Ordering::Relaxed) {
        let code = client.response_code(&Fields::purchase(&generated_pan(card), 1));
        assert_eq!(code, "00", "a request failed during a reload");
        approved += 1;
    }
    approved
}

/// What a run of reloads changes and looks at.
struct Reloads<'a> {
    world: &'a World,
    switch: &'a Switch,
    /// The file as shipped.
    good: String,
    /// Every version that was in force.
    existed: BTreeSet<String>,
}

impl Reloads<'_> {
    fn in_force(&self) -> String {
        let rules = self.switch.json("/v1/rules");
        rules["version"].as_str().unwrap().to_owned()
    }

    /// Changes the table of processing codes, every other time so that it is wrong, and reloads, by signal
    /// or over HTTP.
    fn one(&mut self, number: usize) {
        let broken = number % 2 == 1;
        let text = if broken {
            self.good
                .replacen("balance_impact = ", "balance_impakt = ", 1)
        } else {
            format!("{}\n# change {number}\n", self.good)
        };
        let before = self.in_force();
        // A new file takes the place of the old one at once: the switch never reads half of it.
        let codes = self.world.config().join("processing-codes.toml");
        std::fs::write(codes.with_extension("new"), text).unwrap();
        std::fs::rename(codes.with_extension("new"), codes).unwrap();
        if number % 10 < 2 {
            let ended = reloads(self.switch);
            hang_up(self.switch);
            eventually("the reload has ended", || {
                (reloads(self.switch) > ended).then_some(())
            });
        } else {
            let (status, body) = reload(self.switch);
            assert_eq!(status, if broken { 422 } else { 200 }, "{body}");
            let detail = body["detail"].as_str().unwrap_or_default();
            assert_eq!(
                detail.contains("processing-codes.toml:"),
                broken,
                "{detail}"
            );
        }
        let rules = self.switch.json("/v1/rules");
        let version = rules["version"].as_str().unwrap().to_owned();
        assert_eq!(version == before, broken, "reload {number}");
        assert_eq!(rules["last_reload"]["accepted"], !broken);
        assert!(self.world.data().join("rules").join(&version).is_dir());
        self.existed.insert(version);
    }
}

#[test]
fn two_hundred_reloads_half_of_them_broken_fail_no_request() {
    let world = World::new();
    let switch = world.start();
    let codes = world.config().join("processing-codes.toml");
    let mut run = Reloads {
        world: &world,
        switch: &switch,
        good: std::fs::read_to_string(codes).unwrap(),
        existed: BTreeSet::new(),
    };
    run.existed.insert(run.in_force());
    let stop = AtomicBool::new(false);
    let cards = [1, 2, 3];
    let approved: usize = std::thread::scope(|scope| {
        let stop = &stop;
        let clients = cards.map(|card| {
            let client = switch.connect();
            scope.spawn(move || approve_all(client, card, stop))
        });
        (0..RELOADS).for_each(|number| run.one(number));
        stop.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    let existed = run.existed;
    assert_eq!(existed.len(), RELOADS / 2 + 1);
    switch.settle();
    let messages = cards
        .iter()
        .flat_map(|card| switch.messages(generated_account(*card)));
    let versions: Vec<_> = messages
        .map(|message| message["rules_version"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(versions.len(), approved);
    let cited: BTreeSet<_> = versions.into_iter().collect();
    assert!(
        cited.is_subset(&existed),
        "a decision cites rules that never were"
    );
    assert!(
        cited.len() > 2,
        "the traffic saw only {} versions",
        cited.len()
    );
    switch.stop();
}

/// A world whose switch logs every decision, with room for few lines, on known ports.
fn talkative() -> (World, SocketAddr, SocketAddr) {
    let free = || {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let (iso, http) = (free(), free());
    let world = World::with(|settings| {
        set(settings, "log.filter", "debug");
        set(settings, "log.queue_lines", 16);
        set(settings, "http_listen", http.to_string());
        let listeners = settings["listener"].as_array_mut().unwrap();
        set(
            listeners[0].as_table_mut().unwrap(),
            "listen",
            iso.to_string(),
        );
    });
    (world, iso, http)
}

fn purchases(iso: SocketAddr, count: usize) {
    let mut client = Client::connect(iso);
    for _ in 0..count {
        let code = client.response_code(&Fields::purchase(&generated_pan(5), 1));
        assert_eq!(code, "00");
    }
}

fn end(mut switch: Child) {
    let sent = Command::new("kill").arg(switch.id().to_string()).status();
    assert!(sent.unwrap().success());
    drop(switch.stderr.take());
    assert_eq!(switch.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_stops_reading_the_log_costs_no_answer() {
    let (world, iso, http) = talkative();
    let mut switch = world.command().stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(switch.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"ready\"") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "the switch ended");
    }
    // From here on nobody reads: the pipe fills after 64 KiB, some hundred lines.
    purchases(iso, 2000);
    let metrics = ureq::get(&format!("http://{http}/metrics")).call().unwrap();
    let metrics = metrics.into_body().read_to_string().unwrap();
    let dropped = metrics.lines().find_map(|line| {
        line.strip_prefix("switch_log_lines_dropped_total ")?
            .parse::<f64>()
            .ok()
    });
    assert!(
        dropped.unwrap() > 0.0,
        "no line was dropped, so the test shows nothing"
    );
    drop(log);
    end(switch);
}

#[test]
fn a_full_log_disk_costs_no_answer() {
    let (world, iso, http) = talkative();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let switch = world.command().stderr(full).spawn().unwrap();
    eventually("the switch is ready", || {
        ureq::get(&format!("http://{http}/health/ready"))
            .call()
            .ok()
            .map(drop)
    });
    purchases(iso, 500);
    end(switch);
}
