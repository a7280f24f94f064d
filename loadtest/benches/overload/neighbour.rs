//! The link beside the flood.
//!
//! Owns: the process that sends on it, a `loadtest` of its own, and what that measured. A thread of the flood would
//! wait its turn among the flood's messages, and its latency would be that of a busy load generator. Must never: send
//! anything itself.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use tempfile::NamedTempFile;

use crate::common::Failure;

/// What to send, and where.
pub(crate) struct Load<'a> {
    /// The link.
    pub(crate) target: &'a str,
    /// What to send on it.
    pub(crate) mix: &'a Path,
    /// Messages per second.
    pub(crate) rate: u64,
    /// For so long.
    pub(crate) seconds: u64,
    /// Connections.
    pub(crate) connections: u64,
    /// How long an answer may take.
    pub(crate) timeout_ms: u64,
    /// The processors that it may use, as `taskset` takes them; those of the flood if not said.
    pub(crate) processors: Option<&'a str>,
}

/// A process that sends.
pub(crate) struct Neighbour {
    process: Child,
    report: NamedTempFile,
}

/// What it measured.
#[derive(Deserialize)]
pub(crate) struct Measured {
    /// From the intended time of a message to its answer.
    pub(crate) latency_us: Percentiles,
    /// From the intended time to handing it over: how late the process itself was.
    pub(crate) send_lag_us: Percentiles,
}

/// Of these figures the one that is told.
#[derive(Deserialize)]
pub(crate) struct Percentiles {
    /// Of a hundred, the worst but one.
    pub(crate) p99: u64,
}

impl Neighbour {
    /// Begins to send.
    pub(crate) fn start(load: &Load<'_>) -> Result<Self, Failure> {
        let report = NamedTempFile::new()?;
        let program = env!("CARGO_BIN_EXE_loadtest");
        let mut command = match load.processors {
            Some(processors) => {
                let mut command = Command::new("taskset");
                command.args(["-c", processors, program]);
                command
            }
            None => Command::new(program),
        };
        command.args(["run", "--target", load.target, "--warm-up", "0s"]);
        command.arg("--allow-timeouts");
        command.arg("--mix").arg(load.mix);
        command.arg("--rate").arg(load.rate.to_string());
        command.arg("--duration").arg(format!("{}s", load.seconds));
        command
            .arg("--connections")
            .arg(load.connections.to_string());
        command.arg("--timeout-ms").arg(load.timeout_ms.to_string());
        command.arg("--seed").arg(load.rate.to_string());
        command.arg("--json").arg(report.path());
        let process = command.stdout(Stdio::null()).spawn()?;
        Ok(Self { process, report })
    }

    /// Waits until it has sent everything.
    pub(crate) fn finish(mut self) -> Result<Measured, Failure> {
        let status = self.process.wait()?;
        if !status.success() {
            return Err(format!("the neighbour's load test: {status}").into());
        }
        let report = std::fs::read(self.report.path())?;
        Ok(serde_json::from_slice(&report)?)
    }
}
