//! What a start does with the books it finds.
//!
//! Owns: the decision ([`decide`]), a function of what was found, and carrying it out ([`open`]): using the
//! books, beginning new ones, or building them anew from the newest good snapshot, or from the beginning
//! of the journal, which loses nothing. Must never: go on with books that are not what was written,
//! invent what neither books, snapshots nor journal hold, or remove books that it could not read.

mod directories;
mod open;

pub use open::{Opened, Places, RebuildError, Rebuilt, open};

/// The books that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BooksFound {
    /// There are none.
    Absent,
    /// Every row can be read.
    Readable {
        /// Every batch up to this one is in them.
        sequence: u64,
    },
    /// They cannot be used, and why.
    Damaged(String),
}

/// A snapshot that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFound {
    /// Its file.
    pub file: String,
    /// Where it begins.
    pub from: u64,
    /// Why it cannot be used; `None` when all of it was verified.
    pub unusable: Option<String>,
}

/// What there is to start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The books.
    pub books: BooksFound,
    /// The first batch that the journal can still hold; `None` when it has no segment.
    pub journal_first: Option<u64>,
    /// Why books built from the whole journal were no good, if that was tried.
    pub journal_tried: Option<String>,
    /// The snapshots, the newest first. May be left out as long as [`Found::books_fit`].
    pub snapshots: Vec<SnapshotFound>,
}

/// What books are built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A snapshot, and the journal behind it.
    Snapshot {
        /// Its file.
        file: String,
        /// Where it begins.
        from: u64,
    },
    /// The journal from its first batch on.
    Journal,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Use the books that are there.
    Use,
    /// Begin new books: nothing was ever written.
    Begin,
    /// Build them anew.
    Rebuild(Source),
    /// Nothing that is there is enough, and why.
    Refuse(String),
}

impl Found {
    /// Whether the books that are there can be used with this journal, as far as that can be told before
    /// it is replayed. Books that are ahead of it are found by the replay, and refused.
    #[must_use]
    pub fn books_fit(&self) -> bool {
        match self.books {
            BooksFound::Readable { sequence } => self.follows(sequence) && sequence > 0,
            BooksFound::Absent | BooksFound::Damaged(_) => false,
        }
    }

    /// Whether the journal goes on where something ends.
    fn follows(&self, sequence: u64) -> bool {
        self.journal_first
            .is_none_or(|first| first <= sequence.saturating_add(1))
    }
}

/// Decides what to do.
#[must_use]
pub fn decide(found: &Found) -> Decision {
    if found.books_fit() {
        return Decision::Use;
    }
    let nothing_there = match found.books {
        BooksFound::Absent => true,
        // Books that were made and never written to.
        BooksFound::Readable { sequence } => sequence == 0,
        BooksFound::Damaged(_) => false,
    };
    if nothing_there && found.snapshots.is_empty() {
        match found.journal_first {
            None => return Decision::Begin,
            // The first checkpoint did not come to its end: the replay makes up for it.
            Some(1) if found.books != BooksFound::Absent => return Decision::Use,
            Some(_) => {}
        }
    }
    let usable = |snapshot: &&SnapshotFound| {
        snapshot.unusable.is_none() && found.journal_first.is_some() && found.follows(snapshot.from)
    };
    if let Some(snapshot) = found.snapshots.iter().find(usable) {
        return Decision::Rebuild(Source::Snapshot {
            file: snapshot.file.clone(),
            from: snapshot.from,
        });
    }
    if found.journal_first == Some(1) && found.journal_tried.is_none() {
        return Decision::Rebuild(Source::Journal);
    }
    Decision::Refuse(report(found))
}

/// Why nothing that is there is enough.
fn report(found: &Found) -> String {
    let mut report = match &found.books {
        BooksFound::Absent => "there are no books".to_owned(),
        BooksFound::Readable { sequence } => format!("the books end with batch {sequence}"),
        BooksFound::Damaged(reason) => format!("the books cannot be used: {reason}"),
    };
    match (found.journal_first, &found.journal_tried) {
        (None, _) => report.push_str("; the journal has no segments"),
        (Some(first), None) => {
            report.push_str(&format!("; the journal begins with batch {first}"));
        }
        (Some(_), Some(reason)) => {
            report.push_str(&format!("; built from the whole journal: {reason}"));
        }
    }
    if found.snapshots.is_empty() {
        report.push_str("; there are no snapshots");
    }
    for snapshot in &found.snapshots {
        let reason = snapshot.unusable.clone();
        let reason = reason
            .unwrap_or_else(|| format!("the journal does not follow batch {}", snapshot.from));
        report.push_str(&format!("; {}: {reason}", snapshot.file));
    }
    report.push_str("; restore a backup");
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(from: u64, good: bool) -> SnapshotFound {
        SnapshotFound {
            file: format!("snapshot-{from}"),
            from,
            unusable: (!good).then(|| "byte 7: torn".to_owned()),
        }
    }

    fn from_snapshot(from: u64) -> Decision {
        let file = format!("snapshot-{from}");
        Decision::Rebuild(Source::Snapshot { file, from })
    }

    #[test]
    fn every_combination_of_what_is_found_has_its_decision() {
        use BooksFound::{Absent, Damaged, Readable};
        use Decision::{Begin, Rebuild, Use};
        let damaged = || Damaged("torn".to_owned());
        let at = |sequence| Readable { sequence };
        let refused = |why: &str| Decision::Refuse(why.to_owned());
        let good = |from| snapshot(from, true);
        let bad = |from| snapshot(from, false);
        let from_journal = || Rebuild(Source::Journal);
        #[rustfmt::skip]
        let table = [
            // Nothing yet.
            (Absent, None, vec![], Begin),
            (at(0), None, vec![], Begin),
            // Books in order; what else there is does not matter.
            (at(9), Some(1), vec![], Use),
            (at(9), Some(10), vec![bad(4)], Use),
            (at(9), Some(4), vec![good(4)], Use),
            // Books without a journal are ahead of it: the replay says so.
            (at(9), None, vec![], Use),
            // No books, or useless ones.
            (Absent, Some(1), vec![], from_journal()),
            (at(0), Some(1), vec![], Use),
            (at(0), Some(1), vec![good(4)], from_snapshot(4)),
            (damaged(), Some(1), vec![], from_journal()),
            (Absent, Some(1), vec![good(9)], from_snapshot(9)),
            (damaged(), Some(5), vec![good(9), good(4)], from_snapshot(9)),
            (damaged(), Some(5), vec![bad(9), good(4)], from_snapshot(4)),
            (damaged(), Some(1), vec![bad(9), bad(4)], from_journal()),
            (damaged(), Some(10), vec![good(9)], from_snapshot(9)),
            // Books older than the journal: a store that came back as it once was.
            (at(3), Some(5), vec![good(4)], from_snapshot(4)),
            // Nothing reaches.
            (Absent, Some(5), vec![],
                refused("there are no books; the journal begins with batch 5; there are no snapshots; restore a backup")),
            (at(3), Some(5), vec![good(2)],
                refused("the books end with batch 3; the journal begins with batch 5; \
                         snapshot-2: the journal does not follow batch 2; restore a backup")),
            (damaged(), Some(5), vec![bad(9), good(3)],
                refused("the books cannot be used: torn; the journal begins with batch 5; snapshot-9: byte 7: torn; \
                         snapshot-3: the journal does not follow batch 3; restore a backup")),
            // A journal that is gone may have held more than any snapshot.
            (Absent, None, vec![good(4)],
                refused("there are no books; the journal has no segments; \
                         snapshot-4: the journal does not follow batch 4; restore a backup")),
            (damaged(), None, vec![],
                refused("the books cannot be used: torn; the journal has no segments; there are no snapshots; restore a backup")),
        ];
        for (books, journal_first, snapshots, expected) in table {
            let found = Found {
                books,
                journal_first,
                journal_tried: None,
                snapshots,
            };
            assert_eq!(decide(&found), expected, "{found:?}");
        }
    }

    #[test]
    fn the_whole_journal_is_tried_once() {
        let found = Found {
            books: BooksFound::Damaged("torn".to_owned()),
            journal_first: Some(1),
            journal_tried: Some("still torn".to_owned()),
            snapshots: vec![snapshot(4, false)],
        };
        let report = "the books cannot be used: torn; built from the whole journal: still torn; \
                      snapshot-4: byte 7: torn; restore a backup";
        assert_eq!(decide(&found), Decision::Refuse(report.to_owned()));
    }
}
