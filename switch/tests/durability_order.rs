//! Durable before answered, seen from the kernel: strace watches the switch, and before the bytes of
//! each answer enter a socket, the journal was written and synced after that write.
//!
//! Needs strace and the right to trace; without them it says so and is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod harness;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use harness::{Fields, Process, Switch, World, generated_pan, skipped, strace};

const PURCHASES: usize = 10;

/// A system call that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// Bytes into a journal segment.
    JournalWrite,
    /// Sync of a journal segment.
    JournalSync,
    /// Bytes into a TCP socket.
    Answer,
}

/// A call and where in the trace it began and returned. strace writes a call down before the kernel
/// runs it and its result before the thread goes on, so the order of lines is the order of events.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Traced {
    call: Call,
    /// The file or socket, as strace names it.
    target: String,
    began: usize,
    returned: usize,
    succeeded: bool,
}

fn call(name: &str, target: &str) -> Option<Call> {
    let segment = target.contains("/journal/segment-");
    match name {
        "pwrite64" if segment => Some(Call::JournalWrite),
        "fdatasync" | "fsync" if segment => Some(Call::JournalSync),
        "write" | "writev" | "sendto" | "sendmsg" if target.starts_with("TCP:") => {
            Some(Call::Answer)
        }
        // Any other way into a segment would be missed: there must be none.
        "write" | "writev" if segment => panic!("a segment is written by {name}"),
        _ => None,
    }
}

/// Reads a trace of `strace -f -yy`.
fn read_trace(trace: &str) -> Vec<Traced> {
    let mut calls: Vec<Traced> = Vec::new();
    let mut unfinished: BTreeMap<&str, usize> = BTreeMap::new();
    for (line, text) in trace.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else {
            continue;
        };
        let text = text.trim_start();
        let returned = text.rsplit_once(" = ").map(|(_, result)| result);
        let succeeded = returned.is_some_and(|result| !result.starts_with(['-', '?']));
        if text.starts_with("<... ") {
            if let Some(place) = unfinished.remove(thread) {
                let call: &mut Traced = &mut calls[place];
                (call.returned, call.succeeded) = (line, succeeded);
            }
            continue;
        }
        let Some((name, arguments)) = text.split_once('(') else {
            continue;
        };
        // The descriptor comes first: `12</path>` or `9<TCP:[127.0.0.1:1->127.0.0.1:2]>`.
        let target = arguments.split_once('<').and_then(|(_, rest)| {
            let end = if rest.starts_with("TCP:") { "]>" } else { ">" };
            rest.split_once(end)
        });
        let Some((target, _)) = target else { continue };
        let Some(call) = call(name, target) else {
            continue;
        };
        let goes_on = text.ends_with("<unfinished ...>");
        if goes_on {
            unfinished.insert(thread, calls.len());
        }
        calls.push(Traced {
            call,
            target: target.to_owned(),
            began: line,
            returned: if goes_on { usize::MAX } else { line },
            succeeded: !goes_on && succeeded,
        });
    }
    calls
}

/// For every answer: since the answer before it, a segment was written, then synced, then it was sent.
/// Returns how many answers there were.
fn expect_order(calls: &[Traced]) -> Result<usize, String> {
    let mut last_answer = 0;
    let mut answers = 0;
    for answer in calls.iter().filter(|call| call.call == Call::Answer) {
        let between = |call: &&Traced| call.began >= last_answer && call.returned < answer.began;
        let since = || calls.iter().filter(between).filter(|call| call.succeeded);
        let writes = || since().filter(|call| call.call == Call::JournalWrite);
        let synced = |write: &Traced| {
            let mut syncs = since().filter(|call| call.call == Call::JournalSync);
            syncs.any(|sync| sync.target == write.target && write.returned < sync.began)
        };
        if writes().next().is_none() {
            return Err(format!(
                "nothing was written before line {}",
                answer.began + 1
            ));
        }
        if let Some(write) = writes().find(|write| !synced(write)) {
            let (write, answer) = (write.began + 1, answer.began + 1);
            return Err(format!("line {write} was not synced before line {answer}"));
        }
        (last_answer, answers) = (answer.returned, answers + 1);
    }
    Ok(answers)
}

/// strace attached to a switch, or why it cannot be.
fn attach(switch: &Switch, output: &Path) -> Result<Process, String> {
    strace::available()?;
    let calls = "trace=pwrite64,pwritev,pwritev2,fdatasync,fsync,write,writev,sendto,sendmsg";
    strace::attach(
        Command::new("strace")
            .args(["-f", "-yy", "-s", "0", "-e", calls, "-e", "signal=none"])
            .arg("-o")
            .arg(output)
            .args(["-p", &switch.id().to_string()]),
    )
}

#[test]
fn every_answer_follows_a_sync_of_what_was_written_for_it() {
    let world = World::new();
    let switch = world.start();
    let trace = world.data().join("trace");
    let mut strace = match attach(&switch, &trace) {
        Ok(strace) => strace,
        Err(why) => {
            skipped(&format!("the switch cannot be traced: {why}"));
            return;
        }
    };
    let mut client = switch.connect();
    for number in 0..PURCHASES {
        // Declines are decisions as well: every third asks for more than there is.
        let (amount, code) = if number % 3 == 2 {
            (20_000_000, "51")
        } else {
            (1_000, "00")
        };
        let purchase = Fields::purchase(&generated_pan(number as u64), amount);
        assert_eq!(client.response_code(&purchase), code);
    }
    drop(client);
    switch.stop();
    strace.wait();
    let trace = std::fs::read_to_string(trace).unwrap();
    let answers = expect_order(&read_trace(&trace)).unwrap_or_else(|why| panic!("{why}\n{trace}"));
    assert_eq!(answers, PURCHASES, "{trace}");
}

/// A trace in strace's words: `S` is a segment, `T` a socket.
fn trace(lines: &[&str]) -> Vec<Traced> {
    let segment = "</data/journal/segment-1.journal>";
    let lines = lines.iter().map(|line| {
        line.replace("<S>", segment)
            .replace("<T>", "<TCP:[127.0.0.1:1->127.0.0.1:2]>")
    });
    read_trace(&lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_judge_accepts_the_right_order_and_no_other() {
    let write = "1 pwrite64(4<S>, \"\"..., 512, 64) = 512";
    let write_begins = "1 pwrite64(4<S>, \"\"..., 512, 64 <unfinished ...>";
    let write_returns = "1 <... pwrite64 resumed>) = 512";
    let sync = "2 fdatasync(4<S>) = 0";
    let sync_begins = "2 fdatasync(4<S> <unfinished ...>";
    let sync_returns = "2 <... fdatasync resumed>) = 0";
    let answer = "3 sendto(9<T>, \"\"..., 120, MSG_NOSIGNAL, NULL, 0) = 120";
    let judge = |lines: &[&str]| expect_order(&trace(lines));
    assert_eq!(judge(&[write, sync, answer]), Ok(1));
    assert_eq!(judge(&[write, sync_begins, sync_returns, answer]), Ok(1));
    assert_eq!(judge(&[write, sync, answer, write, sync, answer]), Ok(2));
    for wrong in [
        &[answer][..],
        &[write, answer, sync],
        &[sync, write, answer],
        &[write, sync_begins, answer, sync_returns],
        &[write_begins, sync, write_returns, answer],
        &[
            write,
            "2 fdatasync(4<S>) = -1 EIO (Input/output error)",
            answer,
        ],
        &[write, "2 fdatasync(5</data/books/db>) = 0", answer],
        &[write, sync, write, answer],
        &[write, sync, answer, answer],
    ] {
        assert!(judge(wrong).is_err(), "accepted: {wrong:?}");
    }
}
