//! Events of links and networks: what happened that no record holds.
//!
//! Owns: the bounded way from the links to the emitter, and the envelope of these events. They are told at most once:
//! a crash loses those of the last save interval, and what does not fit is dropped and counted. Both can be seen from
//! the numbers in their ids, which rise by one from the start of the process, in the order in which things happened. What
//! a flood is not allowed ([`Allowance`]) has no number: an event tells how much it was.
//! Must never: hold up a link, or be what a decision or the books rest on.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::identifiers::{ShardId, Timestamp};
use metrics::counter;
use serde_json::Value;

use super::allowance::{Allowance, Omitted, Source};
use super::envelope;

/// Notices that wait to be written.
const WAITING: usize = 1024;

/// The end of the id of a notice.
const ID_END: &str = "-notice";

/// Something that happened on a link or to a network.
#[derive(Clone, Debug)]
pub struct Notice {
    /// When.
    pub time: Timestamp,
    /// The type of its event.
    pub kind: &'static str,
    /// Whose it is.
    pub source: Source,
    /// The number of the link, where it is one's.
    pub link: Option<u64>,
    /// What is told of it.
    pub data: Value,
}

/// Where links tell what happened; clones share it.
#[derive(Clone, Debug)]
pub struct Notices {
    telling: Arc<Mutex<Telling>>,
    sender: SyncSender<(u64, Notice)>,
}

/// What was told so far.
#[derive(Debug, Default)]
struct Telling {
    /// The number of the last notice.
    number: u64,
    allowance: Allowance,
}

impl Telling {
    fn next(&mut self) -> u64 {
        self.number = self.number.saturating_add(1);
        self.number
    }
}

/// What waits to be written.
#[derive(Debug)]
pub struct WaitingNotices {
    receiver: Receiver<(u64, Notice)>,
    telling: Arc<Mutex<Telling>>,
    started: Timestamp,
}

/// The two ends of the way, for a process that was started then.
#[must_use]
pub fn notices(started: Timestamp) -> (Notices, WaitingNotices) {
    let (sender, receiver) = sync_channel(WAITING);
    let telling: Arc<Mutex<Telling>> = Arc::default();
    let waiting = WaitingNotices {
        receiver,
        telling: Arc::clone(&telling),
        started,
    };
    (Notices { telling, sender }, waiting)
}

impl Notices {
    /// Has a notice written, unless its source had enough of them or too many wait; whether it will be.
    pub fn tell(&self, notice: Notice) -> bool {
        // Held while it is sent, so that numbers are in order; sending does not wait.
        let mut telling = lock(&self.telling);
        let Notice {
            source, kind, time, ..
        } = &notice;
        if !telling.allowance.lets(source, kind, *time) {
            let network = source.network.clone();
            counter!("switch_notices_omitted_total", "network" => network, "type" => *kind)
                .increment(1);
            return false;
        }
        let sent = self.sender.try_send((telling.next(), notice));
        if sent.is_err() {
            counter!("switch_notices_dropped_total").increment(1);
        }
        sent.is_ok()
    }
}

impl WaitingNotices {
    /// Appends what waits, a line each, and what was not told in a minute that is over; at the end of the process in the
    /// one that is not.
    pub(super) fn write(&self, shard: ShardId, now: Timestamp, ending: bool, out: &mut Vec<u8>) {
        for (number, notice) in self.take(now, ending) {
            let event = event(shard, self.started, number, &notice);
            out.extend_from_slice(event.to_string().as_bytes());
            out.push(b'\n');
        }
    }

    /// Notices in the order of their numbers.
    fn take(&self, now: Timestamp, ending: bool) -> Vec<(u64, Notice)> {
        let mut telling = lock(&self.telling);
        let mut taken: Vec<_> = self.receiver.try_iter().collect();
        let omitted = match ending {
            true => telling.allowance.end(),
            false => telling.allowance.passed(now),
        };
        for omitted in omitted {
            let notice = Notice {
                time: now,
                kind: Omitted::KIND,
                data: omitted.data(),
                source: omitted.source,
                link: None,
            };
            taken.push((telling.next(), notice));
        }
        taken
    }
}

fn lock(telling: &Mutex<Telling>) -> MutexGuard<'_, Telling> {
    // Counts are whole whatever happened to who held them.
    telling.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The envelope of a notice. Its id is that of no other notice: process and number.
fn event(shard: ShardId, started: Timestamp, number: u64, notice: &Notice) -> Value {
    let Notice {
        time,
        kind,
        source: Source { network, .. },
        link,
        data,
    } = notice;
    let id = format!("{}-{}-{number}{ID_END}", shard.0, started.0);
    let subject = match link {
        Some(link) => format!("networks/{network}/links/{link}"),
        None => format!("networks/{network}"),
    };
    envelope(shard, &id, kind, Some(subject), *time, data)
}

/// Whether an event is a notice.
pub(crate) fn is_notice(event: &Value) -> bool {
    event["id"].as_str().is_some_and(|id| id.ends_with(ID_END))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_795_521_600_000_000);

    fn source(peer: u32) -> Source {
        Source {
            network: "generic".to_owned(),
            peer: Some(std::net::IpAddr::V4(peer.into())),
            known: true,
        }
    }

    fn notice(link: Option<u64>) -> Notice {
        Notice {
            time: NOW,
            kind: "link.connected",
            source: source(1),
            link,
            data: json!({ "side": "listens" }),
        }
    }

    fn written(waiting: &WaitingNotices) -> Vec<Value> {
        let mut text = Vec::new();
        waiting.write(ShardId(0), NOW, false, &mut text);
        let lines = text.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    #[test]
    fn a_notice_is_an_event_with_an_id_of_its_own() {
        let (notices, waiting) = notices(Timestamp(7));
        notices.tell(notice(Some(3)));
        notices.tell(notice(None));
        let events = written(&waiting);
        assert_eq!(
            events[0],
            json!({
                "specversion": "1.0",
                "id": "0-7-1-notice",
                "source": "/switch/shards/0",
                "type": "link.connected",
                "subject": "networks/generic/links/3",
                "time": "2026-11-24T12:00:00.000000Z",
                "datacontenttype": "application/json",
                "data": { "side": "listens" },
            })
        );
        assert_eq!(events[1]["subject"], "networks/generic");
        assert!(events.iter().all(is_notice));
        assert!(!is_notice(&json!({ "id": "0-7-1" })));
        assert!(written(&waiting).is_empty());
    }

    #[test]
    fn what_does_not_fit_leaves_a_gap_in_the_numbers() {
        let (notices, waiting) = notices(Timestamp(7));
        // As many as are told of peers that are known, three times.
        for _ in 0..3 {
            for peer in 0..5 {
                for _ in 0..100 {
                    notices.tell(Notice {
                        source: source(peer),
                        ..notice(None)
                    });
                }
            }
            lock(&notices.telling).allowance.end();
        }
        assert_eq!(written(&waiting).len(), WAITING);
        notices.tell(notice(None));
        assert_eq!(written(&waiting)[0]["id"], "0-7-1501-notice");
    }

    #[test]
    fn what_a_flood_is_not_allowed_is_told_in_one_event() {
        let (notices, waiting) = notices(Timestamp(7));
        let told = (0..10_000).filter(|_| notices.tell(notice(Some(3))));
        assert_eq!(told.count(), 200);
        assert_eq!(written(&waiting).len(), 200);
        let mut text = Vec::new();
        waiting.write(ShardId(0), NOW, true, &mut text);
        let event: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(event["id"], "0-7-201-notice");
        assert_eq!(event["type"], "link.events_omitted");
        assert_eq!(event["subject"], "networks/generic");
        assert_eq!(event["data"]["omitted"], json!({ "link.connected": 9_800 }));
    }
}
