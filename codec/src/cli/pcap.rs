//! `iso8583 pcap`: the messages in a capture of network traffic.
//!
//! Owns which streams are looked at and what is printed of them. Must never hold more than the unfinished frames of the
//! streams, nor print a sensitive value.

mod assembly;

use std::io::{BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use clap::Args;
use codec::Dialect;
use codec::describe::{Description, Shown};
use codec::pcap::{CaptureEnd, CaptureError, CaptureLimits, CaptureReport, Stream, read_capture};
use serde::Serialize;

use super::dialects::DialectOption;
use super::framing::FramingChoice;
use super::source::{open, told};
use super::{Failure, Output, json, shown, table, tell, undecodable};
use assembly::Assembly;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    dialect: DialectOption,
    /// The capture (pcap or pcapng); `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only streams from or to this port; may be given more than once.
    #[arg(long, value_name = "PORT")]
    port: Vec<u16>,
    /// How frames are cut; without it as the dialect says.
    #[arg(long, value_name = "NAME", value_parser = FramingChoice::parse)]
    framing: Option<FramingChoice>,
    /// Print one JSON object in a line for each message.
    #[arg(long)]
    json: bool,
    /// Show sensitive values in clear; only when standard output is a terminal.
    #[arg(long)]
    reveal: bool,
}

/// Prints the messages of a capture.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shown = shown(arguments.reveal)?;
    let dialect = arguments.dialect.load()?;
    let framing = arguments
        .framing
        .unwrap_or(FramingChoice::Dialect)
        .of(&dialect);
    let place = arguments.file.display().to_string();
    let stop = Arc::new(AtomicBool::new(false));
    let reader = Stoppable {
        reader: BufReader::new(open(&arguments.file)?),
        stop: Arc::clone(&stop),
    };
    let mut printer = Printer {
        output: Output::new(),
        dialect: &dialect,
        json: arguments.json,
        shown,
        failed: false,
        count: 0,
    };
    let mut assembly = Assembly::new(framing, arguments.port.clone());
    let mut done = Ok(());
    let limits = CaptureLimits {
        streams: 2048,
        ..CaptureLimits::default()
    };
    let report = read_capture(reader, limits, |event| {
        if done.is_ok() {
            done = assembly.take(event, &mut |found| printer.take(&found));
            stop.store(done.is_err(), Ordering::Relaxed);
        }
    });
    done?;
    printer.output.flush()?;
    let report = report.map_err(|error| match error {
        CaptureError::NotACapture => Failure::Message(format!("{place}: {error}")),
        CaptureError::Read => Failure::Usage(anyhow::anyhow!("{place}: {error}")),
    })?;
    tell_report(&place, &report, &assembly, printer.count);
    let damaged = report.end == CaptureEnd::Damaged;
    told(printer.failed || damaged)
}

/// A reader that ends when nobody wants more.
struct Stoppable<R> {
    reader: R,
    stop: Arc<AtomicBool>,
}

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Ok(0);
        }
        self.reader.read(buffer)
    }
}

/// A message of a stream.
pub(crate) struct Found {
    stream: Stream,
    /// When its last byte was captured, microseconds since 1970.
    time_us: u64,
    body: Bytes,
}

struct Printer<'a> {
    output: Output,
    dialect: &'a Dialect,
    json: bool,
    shown: Shown,
    failed: bool,
    count: u64,
}

/// A message in JSON: where it was, then as `decode` prints it.
#[derive(Serialize)]
struct Object<'a> {
    time: String,
    stream: u64,
    source: SocketAddr,
    destination: SocketAddr,
    #[serde(flatten)]
    message: &'a Description,
}

impl Printer<'_> {
    fn take(&mut self, found: &Found) -> Result<(), Failure> {
        self.count += 1;
        let Stream {
            number,
            source,
            destination,
        } = found.stream;
        let time = time(found.time_us);
        let place = format!("{time} {source} > {destination} (stream {number})");
        let (message, bad) = match self.dialect.decode(found.body.clone()) {
            Ok(message) => (Some(message), None),
            Err(bad) => {
                let text = undecodable(self.dialect, &bad);
                (bad.readable.filter(|_| !self.json), Some(text))
            }
        };
        if !self.json {
            self.output.line(&format!("# {place}"))?;
        }
        if let Some(message) = message {
            let description = Description::new(self.dialect, &message, self.shown);
            if self.json {
                self.output.line(&json(&Object {
                    time,
                    stream: number,
                    source,
                    destination,
                    message: &description,
                })?)?;
            } else {
                table::print(&mut self.output, &description)?;
            }
        }
        if let Some(text) = bad {
            self.output.flush()?;
            tell(&format!("{place}: {text}"));
            self.failed = true;
        }
        Ok(())
    }
}

fn time(time_us: u64) -> String {
    let time = i64::try_from(time_us).ok();
    let time = time.and_then(|time| jiff::Timestamp::from_microsecond(time).ok());
    time.map_or_else(|| "(no time)".to_owned(), |time| format!("{time:.6}"))
}

fn tell_report(place: &str, report: &CaptureReport, assembly: &Assembly, messages: u64) {
    tell(&format!(
        "{place}: {} packets, {} TCP segments, {messages} messages",
        report.packets, report.segments
    ));
    let counts = [
        (
            report.other_links,
            "packets of a link layer that is not read",
        ),
        (report.not_tcp, "packets that are not TCP over IP"),
        (report.fragments, "fragments of IP packets"),
        (report.headers_cut, "packets cut inside of their headers"),
        (report.payloads_cut, "packets cut inside of their payload"),
        (report.missing_bytes, "bytes that the capture does not hold"),
        (assembly.skipped_bytes, "bytes that belong to no frame"),
        (assembly.polls, "polls and control frames"),
    ];
    for (count, what) in counts {
        if count > 0 {
            tell(&format!("{place}: passed over {count} {what}"));
        }
    }
    match report.end {
        CaptureEnd::Complete => {}
        CaptureEnd::Cut => tell(&format!("{place}: the capture ends inside of a packet")),
        CaptureEnd::Damaged => tell(&format!("{place}: the rest of the capture is damaged")),
    }
}
