//! What a crowd writes into the event files: no more than a minute allows, and the counts of the rest.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::World;
use crate::rounds::Size;

/// Notices of a minute at most, all peers being one address on four networks: of strangers in all, of known peers by
/// network, and a line for what was not told of each.
const A_MINUTE: usize = 100 + 4 * 200 + 4 * 2;

/// The longest line.
const LONGEST: usize = 1_024;

/// Files are bounded by the time that it took, and every connection was told or counted.
pub(crate) fn bounded(world: &World, size: Size) {
    let notices = world.notices();
    let minute = |notice: &Value| {
        notice["time"]
            .as_str()
            .unwrap()
            .get(..16)
            .map(str::to_owned)
    };
    // A window touches two minutes of the clock.
    let minutes = notices.iter().map(minute).collect::<BTreeSet<_>>().len() + 1;
    assert!(
        notices.len() <= minutes * A_MINUTE,
        "{} notices in {minutes} minutes",
        notices.len()
    );
    for notice in &notices {
        assert!(notice.to_string().len() <= LONGEST, "{notice}");
    }
    // How many of some types there were, told or counted.
    let all = |kinds: &[&str]| {
        let told = |notice: &&Value| kinds.iter().any(|kind| notice["type"] == *kind);
        let told = notices.iter().filter(told).count();
        let counted = |notice: &Value| {
            let of = |kind: &&str| notice["data"]["omitted"][*kind].as_u64();
            kinds.iter().filter_map(of).sum::<u64>()
        };
        let counted: u64 = notices.iter().map(counted).sum();
        usize::try_from(counted).unwrap() + told
    };
    let came = all(&["link.connected", "link.refused"]);
    assert!(came >= 8 * size.cycles, "{came} connections");
    let ended = all(&["link.closed", "link.refused"]);
    assert!(ended >= 8 * size.cycles, "{ended} ends");
}
