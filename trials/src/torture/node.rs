//! The switch under torture: its directory, its process, its signals, its HTTP.
//!
//! Owns: starting it on free ports with small files, so that what happens now and then happens often, and
//! knowing when it is ready. A start that takes too long and an end that was not asked for are failures,
//! reported with the end of the log. Must never: read the switch's data but through its interfaces.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::accounts;
use super::clock::{PATIENCE, instant, wait_until};
use super::log::Log;

/// Settings that the torture overrides where the configuration has them: everything that happens only now
/// and then happens several times a second.
const SMALL: [(&str, &str); 8] = [
    ("ledger.segment_bytes", "65536"),
    ("ledger.books_cache_bytes", "16777216"),
    ("ledger.checkpoint_interval_ms", "50"),
    ("ledger.checkpoint_rows", "500"),
    ("journal.retain_hours", "0"),
    ("journal.retain_bytes", "1048576"),
    ("events.file_bytes", "262144"),
    ("events.save_interval_ms", "20"),
];

/// How many lines of the log a failure shows.
const SHOWN_LINES: usize = 40;

/// Where a switch lives: its program, its configuration and its data.
#[derive(Debug)]
pub(super) struct World {
    program: PathBuf,
    settings: PathBuf,
    directory: PathBuf,
    environment: Vec<(String, String)>,
}

impl World {
    /// A world in an existing, empty directory.
    pub(super) fn new(program: PathBuf, config: &Path, directory: &Path) -> anyhow::Result<Self> {
        let settings = config.join("switch.toml");
        let settings = std::path::absolute(&settings)?;
        let text =
            std::fs::read_to_string(&settings).with_context(|| settings.display().to_string())?;
        let table: toml::Table = text
            .parse()
            .with_context(|| settings.display().to_string())?;
        let demo = directory.join("demo");
        std::fs::create_dir_all(&demo)?;
        std::fs::write(demo.join("accounts.toml"), accounts::demo_file())?;
        let data = directory.join("data");
        let mut environment = vec![
            variable("data_directory", &data.display().to_string()),
            variable("demo_directory", &demo.display().to_string()),
            variable("http_listen", "127.0.0.1:0"),
        ];
        let listeners = table.get("listener").and_then(toml::Value::as_array);
        for listener in listeners.into_iter().flatten() {
            let network = listener.get("network").and_then(toml::Value::as_str);
            let network = network.context("switch.toml: a listener without a network")?;
            environment.push(variable(
                &format!("listener.{network}.listen"),
                "127.0.0.1:0",
            ));
        }
        for (key, value) in SMALL {
            let (section, name) = key.split_once('.').unwrap_or_default();
            if table
                .get(section)
                .and_then(|section| section.get(name))
                .is_some()
            {
                environment.push(variable(key, value));
            }
        }
        Ok(Self {
            program,
            settings,
            directory: directory.to_owned(),
            environment,
        })
    }

    /// Everything the switch writes.
    pub(super) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Deletes the books, which the next start must build anew. The switch must not be running.
    pub(super) fn lose_books(&self) -> anyhow::Result<()> {
        let books = self.data().join("books");
        std::fs::remove_dir_all(&books).with_context(|| books.display().to_string())
    }

    /// Starts the switch and does not wait.
    pub(super) fn spawn(&self) -> anyhow::Result<Process> {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SWITCH_") {
                command.env_remove(name);
            }
        }
        command
            .arg("--config")
            .arg(&self.settings)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| self.program.display().to_string())?;
        let source = child.stderr.take().context("no standard error to read")?;
        Ok(Process {
            log: Log::follow(source)?,
            child,
        })
    }

    /// Starts the switch and waits until it is ready.
    pub(super) fn start(&self) -> anyhow::Result<Node> {
        let begun = instant();
        let mut process = self.spawn()?;
        let Some(ready) = process.log.wait_for("ready", PATIENCE) else {
            let ended = process.child.try_wait()?;
            bail!(
                "the switch was not ready after {:.1} s ({}); the end of its log:\n{}",
                begun.elapsed().as_secs_f64(),
                ended.map_or_else(|| "running".to_owned(), |status| status.to_string()),
                process.log.tail(SHOWN_LINES)
            );
        };
        let address = |line: &Value, key: &str| -> anyhow::Result<SocketAddr> {
            Ok(line[key]
                .as_str()
                .with_context(|| format!("log: no {key}"))?
                .parse()?)
        };
        let listening = process.log.with_message("listening");
        let generic = listening
            .iter()
            .find(|line| line["network"] == GENERIC_NETWORK);
        let opened = process
            .log
            .with_message("ledger open")
            .pop()
            .unwrap_or_default();
        Ok(Node {
            iso: address(
                generic.context("the generic network has no port")?,
                "address",
            )?,
            http: address(&ready, "http")?,
            took: begun.elapsed(),
            replayed_batches: opened["replayed_batches"].as_u64().unwrap_or(0),
            sequence: opened["sequence"].as_u64().unwrap_or(0),
            process,
        })
    }
}

/// Identifier of the network that the clients speak for.
const GENERIC_NETWORK: u64 = 1;

/// The variable that overrides a key of the settings.
fn variable(key: &str, value: &str) -> (String, String) {
    let name = key.to_uppercase().replace('.', "_");
    (format!("SWITCH_{name}"), value.to_owned())
}

/// A running switch process; killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    log: Log,
}

impl Process {
    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id())?;
        let id = Pid::from_raw(id).context("a process without an id")?;
        Ok(kill_process(id, signal)?)
    }

    /// Fails if the process has ended by itself.
    pub(super) fn expect_running(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(self.ended_wrongly(status)),
        }
    }

    /// `kill -9`, and waits until the process is gone.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.expect_running()?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn ended_wrongly(&self, status: ExitStatus) -> anyhow::Error {
        self.log.wait_for_end(PATIENCE);
        let tail = self.log.tail(SHOWN_LINES);
        anyhow::anyhow!("the switch ended with {status}; the end of its log:\n{tail}")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let running = matches!(self.child.try_wait(), Ok(None));
        if running && self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// A switch that was ready when this was made.
#[derive(Debug)]
pub(super) struct Node {
    process: Process,
    /// Where the generic network connects.
    pub(super) iso: SocketAddr,
    /// Where HTTP is.
    pub(super) http: SocketAddr,
    /// From the start to ready.
    pub(super) took: Duration,
    /// What the start replayed.
    pub(super) replayed_batches: u64,
    /// The last batch of the journal that the start found.
    pub(super) sequence: u64,
}

impl Node {
    /// Fails if it has ended by itself.
    pub(super) fn expect_running(&mut self) -> anyhow::Result<()> {
        self.process.expect_running()
    }

    /// `kill -9`, at once and without looking.
    pub(super) fn kill(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::KILL)
    }

    /// Waits until a killed process is gone; fails if anything else had ended it.
    pub(super) fn expect_killed(mut self) -> anyhow::Result<()> {
        let status = self.process.child.wait()?;
        match status.signal() {
            Some(signal) if signal == Signal::KILL.as_raw() => Ok(()),
            _ => Err(self.process.ended_wrongly(status)),
        }
    }

    /// SIGHUP: reloads the rules.
    pub(super) fn reload(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::HUP)
    }

    /// SIGSTOP.
    pub(super) fn halt(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub(super) fn resume(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::CONT)
    }

    /// SIGTERM.
    pub(super) fn terminate(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::TERM)
    }

    /// Waits for the end after a SIGTERM, which must be a good one.
    pub(super) fn expect_good_end(mut self) -> anyhow::Result<()> {
        let mut status = None;
        let child = &mut self.process.child;
        wait_until(PATIENCE, || {
            status = child.try_wait().ok().flatten();
            status.is_some()
        });
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.process.ended_wrongly(status)),
            None => bail!(
                "the switch did not end after SIGTERM; the end of its log:\n{}",
                self.process.log.tail(SHOWN_LINES)
            ),
        }
    }

    /// The end of its log.
    pub(super) fn log_tail(&self) -> String {
        self.process.log.tail(SHOWN_LINES)
    }
}
