//! The registry of readers: places move without a lock, and only who may be passed is detached.

use std::time::Duration;

use ledger::identifiers::Timestamp;
use ledger::journal::readers::{ReaderKind, ReaderStatus, Readers};

const AT: Timestamp = Timestamp(5);

fn status(name: &str, kind: ReaderKind, seen: u64, attached: bool, since: i64) -> ReaderStatus {
    ReaderStatus {
        name: name.to_owned(),
        kind,
        seen,
        attached,
        since: Timestamp(since),
    }
}

#[test]
fn places_only_move_on_and_are_shared_by_name() {
    let readers = Readers::default();
    let books = readers.pin("books", 7, AT);
    let events = readers.detachable("events", 3, AT);
    books.saw(9);
    books.saw(8);
    events.saw(4);
    let again = readers.pin("books", 2, Timestamp(6));
    assert_eq!((again.seen(), books.seen()), (9, 9));
    readers.pin("books", 12, Timestamp(6));
    assert_eq!(
        readers.statuses(),
        [
            status("books", ReaderKind::Pin, 12, true, 5),
            status("events", ReaderKind::Detachable, 4, true, 5),
        ]
    );
    books.leave();
    assert_eq!(
        readers.statuses(),
        [status("events", ReaderKind::Detachable, 4, true, 5)]
    );
    // A detachable reader that registers again begins where it says, not where it was.
    assert_eq!(readers.detachable("events", 1, AT).seen(), 1);
}

#[test]
fn only_a_pin_that_moves_is_progress() {
    let readers = Readers::default();
    let (books, events) = (
        readers.pin("books", 0, AT),
        readers.detachable("events", 0, AT),
    );
    let progress = || readers.progress().wait(Duration::ZERO);
    events.saw(5);
    books.saw(0);
    assert!(!progress());
    books.saw(1);
    books.saw(2);
    assert!(progress());
    assert!(!progress(), "seen once");
}
