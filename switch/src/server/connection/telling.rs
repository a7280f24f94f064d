//! What is told of one link.
//!
//! Owns: whose notices they are. A peer is a stranger until it has signed on or the ledger has decided a message of it;
//! lines that this side opens are known from the beginning. What a flood of strangers kept from being told of a link is
//! told once it is known. Must never: hold up the link.

use ledger::identifiers::Timestamp;
use ledger::runtime::now;
use serde_json::{Value, json};

use crate::events::{Notice, Source};
use crate::link_status::LinkStatus;
use crate::server::Shared;

/// The link was opened.
pub(super) fn connected(shared: &Shared, status: &LinkStatus) {
    let data = json!({ "peer": status.peer().to_string(), "side": status.side().as_str() });
    if tell_at(shared, status, status.since(), "link.connected", data) {
        status.announced();
    }
}

/// The peer is no stranger any more.
pub(super) fn known(shared: &Shared, status: &LinkStatus) {
    if !status.is_known() {
        status.becomes_known();
        if !status.is_announced() {
            connected(shared, status);
        }
    }
}

/// Something happened on the link.
pub(super) fn tell(shared: &Shared, status: &LinkStatus, kind: &'static str, data: Value) {
    tell_at(shared, status, now(), kind, data);
}

fn tell_at(
    shared: &Shared,
    status: &LinkStatus,
    time: Timestamp,
    kind: &'static str,
    data: Value,
) -> bool {
    shared.notices.tell(Notice {
        time,
        kind,
        source: Source {
            network: status.network().to_owned(),
            peer: Some(status.peer().ip().to_canonical()),
            known: status.is_known(),
        },
        link: Some(status.number()),
        data,
    })
}
