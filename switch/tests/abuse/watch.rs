//! What the process holds: memory, threads, files and sockets.

use crate::harness::{Switch, await_answer};

/// Resident memory that may come and go: buffers that the allocator keeps, and what the links that behave leave in the
/// books.
const SLACK_KIB: u64 = 48 << 10;

/// What a connection that is held may cost.
const CONNECTION_KIB: u64 = 48;

/// Files that may come and go by themselves: a segment that is being prepared, a snapshot.
const SLACK_FILES: usize = 6;

/// A process, and what it held at first.
pub(crate) struct Watch {
    id: u32,
    threads: usize,
    files: usize,
    /// What it held at most in the first pass, once that is over.
    resident_kib: Option<u64>,
    most_kib: u64,
    began_kib: u64,
}

impl Watch {
    /// Of a switch that has been asked something of every kind.
    pub(crate) fn begin(switch: &Switch) -> Self {
        let id = switch.id();
        let began_kib = resident_kib(id);
        Self {
            id,
            threads: threads(id).len(),
            files: count(id, "fd"),
            resident_kib: None,
            most_kib: began_kib,
            began_kib,
        }
    }

    /// While so many connections are held: each costs little memory, and no thread.
    pub(crate) fn holding(&self, connections: usize) {
        self.has_threads("connections that are held");
        let most = self.most_kib + SLACK_KIB + CONNECTION_KIB * connections as u64;
        let held = resident_kib(self.id);
        assert!(
            held < most,
            "{connections} connections: {held} KiB, {most} at most"
        );
    }

    /// After a round, with so many connections held: threads and files are back, and memory is flat.
    pub(crate) fn after(&mut self, round: &str, connections: usize) {
        self.has_threads(round);
        let bound = self.files + connections + SLACK_FILES;
        let back = await_answer(|| (count(self.id, "fd") <= bound).then_some(()));
        let files = count(self.id, "fd");
        assert!(back.is_some(), "{round}: {files} files, {bound} at most");
        let held = resident_kib(self.id);
        self.most_kib = self.most_kib.max(held);
        if let Some(first) = self.resident_kib {
            let most = first + SLACK_KIB;
            assert!(held < most, "{round}: {held} KiB, {most} at most");
        }
    }

    /// The first pass is over: from here on memory is flat.
    pub(crate) fn warm(&mut self) {
        self.resident_kib.get_or_insert(self.most_kib);
    }

    /// What it holds, for people.
    pub(crate) fn told(&self) -> String {
        let (began, most) = (self.began_kib, self.most_kib);
        let first = self.resident_kib.unwrap_or_default();
        format!(
            "resident {began} KiB before, {first} KiB at most in the first pass, {most} KiB in all; {} threads, {} files",
            self.threads, self.files
        )
    }

    fn has_threads(&self, round: &str) {
        // Threads that have blocked for somebody end a while later.
        let back = await_answer(|| (threads(self.id).len() <= self.threads).then_some(()));
        let names = threads(self.id);
        assert!(
            back.is_some(),
            "{round}: more threads than {}: {names:?}",
            self.threads
        );
    }
}

fn count(id: u32, of: &str) -> usize {
    std::fs::read_dir(format!("/proc/{id}/{of}"))
        .unwrap()
        .count()
}

/// The names of the threads, but for those that the store writes the books with: they come with what links that behave
/// leave there, and go.
fn threads(id: u32) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let names = threads.flatten().filter_map(|thread| {
        let name = std::fs::read_to_string(thread.path().join("comm")).ok()?;
        (!name.starts_with("sled-io")).then(|| name.trim().to_owned())
    });
    names.collect()
}

fn resident_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let line = line.expect("the switch has ended: it holds no memory");
    let mut words = line.split_whitespace();
    words.nth(1).unwrap().parse().unwrap()
}
