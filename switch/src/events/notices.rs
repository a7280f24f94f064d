//! Events of links and networks: what happened that no record holds.
//!
//! Owns: the bounded way from the links to the emitter, and the envelope of these events. They are told at most once:
//! a crash loses those of the last save interval, and what does not fit is dropped and counted. Both can be seen from
//! the numbers in their ids, which rise by one from the start of the process, in the order in which things happened.
//! Must never: hold up a link, or be what a decision or the books rest on.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use ledger::identifiers::{ShardId, Timestamp};
use metrics::counter;
use serde_json::Value;

use super::envelope;

/// Notices that wait to be written. With the save interval it bounds what a flood of connections can write.
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
    /// Name of the network.
    pub network: String,
    /// The number of the link, where it is one's.
    pub link: Option<u64>,
    /// What is told of it.
    pub data: Value,
}

/// Where links tell what happened; clones share it.
#[derive(Clone, Debug)]
pub struct Notices {
    numbered: Arc<Mutex<u64>>,
    sender: SyncSender<(u64, Notice)>,
}

/// What waits to be written.
#[derive(Debug)]
pub struct WaitingNotices {
    receiver: Receiver<(u64, Notice)>,
    started: Timestamp,
}

/// The two ends of the way, for a process that was started then.
#[must_use]
pub fn notices(started: Timestamp) -> (Notices, WaitingNotices) {
    let (sender, receiver) = sync_channel(WAITING);
    let numbered = Arc::default();
    (
        Notices { numbered, sender },
        WaitingNotices { receiver, started },
    )
}

impl Notices {
    /// Has a notice written, unless too many wait.
    pub fn tell(&self, notice: Notice) {
        // Held while it is sent, so that numbers are in order; sending does not wait.
        let mut numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        *numbered = numbered.saturating_add(1);
        if self.sender.try_send((*numbered, notice)).is_err() {
            counter!("switch_notices_dropped_total").increment(1);
        }
    }
}

impl WaitingNotices {
    /// Appends what waits, a line each.
    pub(super) fn write(&self, shard: ShardId, out: &mut Vec<u8>) {
        for (number, notice) in self.receiver.try_iter().take(WAITING) {
            let event = event(shard, self.started, number, &notice);
            out.extend_from_slice(event.to_string().as_bytes());
            out.push(b'\n');
        }
    }
}

/// The envelope of a notice. Its id is that of no other notice: process and number.
fn event(shard: ShardId, started: Timestamp, number: u64, notice: &Notice) -> Value {
    let Notice {
        time,
        kind,
        network,
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

    fn notice(link: Option<u64>) -> Notice {
        Notice {
            time: Timestamp(1_795_521_600_000_000),
            kind: "link.connected",
            network: "generic".to_owned(),
            link,
            data: json!({ "side": "listens" }),
        }
    }

    fn written(waiting: &WaitingNotices) -> Vec<Value> {
        let mut text = Vec::new();
        waiting.write(ShardId(0), &mut text);
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
        for _ in 0..WAITING + 5 {
            notices.tell(notice(None));
        }
        assert_eq!(written(&waiting).len(), WAITING);
        notices.tell(notice(None));
        let after = format!("0-7-{}-notice", WAITING + 6);
        assert_eq!(written(&waiting)[0]["id"], after);
    }
}
