//! The journal's readers: who stands where, and for whom retention waits.
//!
//! Owns: the registry of pins, which retention never passes, and of detachable readers, which it may
//! pass when they are too far behind. Each reader moves its own place without a lock; the list and who is
//! attached change under one, which retention holds while it removes, so that nothing is removed from
//! under a reader that has just come. Must never: read the journal or remove anything.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::signal::Signal;
use crate::identifiers::Timestamp;

/// What retention owes a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderKind {
    /// What the books need to be rebuilt: never passed, whatever the journal grows to.
    Pin,
    /// Passed when it is too far behind and the journal too large: it is detached then, and has to begin
    /// again at what is left.
    Detachable,
}

/// Where a reader stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderStatus {
    /// Its name.
    pub name: String,
    /// What retention owes it.
    pub kind: ReaderKind,
    /// The last sequence it needs no more.
    pub seen: u64,
    /// Whether retention waits for it. If not, it has to resynchronize.
    pub attached: bool,
    /// Since when it is attached or detached.
    pub since: Timestamp,
}

/// The registry; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readers {
    places: Arc<Mutex<Places>>,
    progress: Signal,
}

type Places = Vec<Arc<Place>>;

#[derive(Debug)]
struct Place {
    name: String,
    kind: ReaderKind,
    seen: AtomicU64,
    detached: AtomicBool,
    since_us: AtomicI64,
}

impl Place {
    fn status(&self) -> ReaderStatus {
        ReaderStatus {
            name: self.name.clone(),
            kind: self.kind,
            seen: self.seen.load(Ordering::Acquire),
            attached: !self.detached.load(Ordering::Acquire),
            since: Timestamp(self.since_us.load(Ordering::Acquire)),
        }
    }

    fn set_detached(&self, detached: bool, now: Timestamp) {
        self.since_us.store(now.0, Ordering::Release);
        self.detached.store(detached, Ordering::Release);
    }
}

/// A reader's own place in the registry. It stays when this is dropped: who no longer reads says so with
/// [`leave`](Self::leave).
#[derive(Clone, Debug)]
pub struct Reader {
    place: Arc<Place>,
    readers: Readers,
}

impl Readers {
    /// Registers a pin that needs everything after `seen`. A pin of that name is shared, and moves up to
    /// `seen` if it was behind. It stays, whatever becomes of what this returns.
    pub fn pin(&self, name: &str, seen: u64, now: Timestamp) -> Reader {
        let reader = self.register(name, ReaderKind::Pin, seen, now);
        reader.saw(seen);
        reader
    }

    /// Registers a detachable reader that has read everything up to `seen`. One of that name begins there
    /// again.
    #[must_use]
    pub fn detachable(&self, name: &str, seen: u64, now: Timestamp) -> Reader {
        let reader = self.register(name, ReaderKind::Detachable, seen, now);
        reader.attach(seen, now);
        reader
    }

    fn register(&self, name: &str, kind: ReaderKind, seen: u64, now: Timestamp) -> Reader {
        let mut places = self.lock();
        let known = places.iter().find(|place| place.name == name);
        let place = if let Some(place) = known {
            Arc::clone(place)
        } else {
            let place = Arc::new(Place {
                name: name.to_owned(),
                kind,
                seen: AtomicU64::new(seen),
                detached: AtomicBool::new(false),
                since_us: AtomicI64::new(now.0),
            });
            places.push(Arc::clone(&place));
            place
        };
        drop(places);
        Reader {
            place,
            readers: self.clone(),
        }
    }

    /// Where everybody stands.
    #[must_use]
    pub fn statuses(&self) -> Vec<ReaderStatus> {
        self.settled().statuses()
    }

    /// Raised when a pin has moved: there may be something to remove.
    #[must_use]
    pub fn progress(&self) -> &Signal {
        &self.progress
    }

    /// The registry while nobody comes, goes or attaches.
    pub(crate) fn settled(&self) -> Settled<'_> {
        Settled(self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The registry while nobody comes, goes or attaches. Readers may still move on.
pub(crate) struct Settled<'a>(MutexGuard<'a, Places>);

impl Settled<'_> {
    pub(crate) fn statuses(&self) -> Vec<ReaderStatus> {
        self.0.iter().map(|place| place.status()).collect()
    }

    /// Detaches a detachable reader; it finds out by itself.
    pub(crate) fn detach(&self, name: &str, now: Timestamp) {
        let mut places = self.0.iter();
        if let Some(place) = places.find(|place| place.name == name)
            && place.kind == ReaderKind::Detachable
        {
            place.set_detached(true, now);
        }
    }
}

impl Reader {
    /// It needs nothing up to `sequence` any more; a lower one changes nothing.
    pub fn saw(&self, sequence: u64) {
        let before = self.place.seen.fetch_max(sequence, Ordering::AcqRel);
        if self.place.kind == ReaderKind::Pin && before < sequence {
            self.readers.progress.raise();
        }
    }

    /// The last sequence it needs no more.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.place.seen.load(Ordering::Acquire)
    }

    /// Whether retention has passed it, or may any time.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        self.place.detached.load(Ordering::Acquire)
    }

    /// Retention waits for it again, from after `seen` on. What it wants may be gone by then.
    pub fn attach(&self, seen: u64, now: Timestamp) {
        let settled = self.readers.lock();
        self.place.seen.store(seen, Ordering::Release);
        if self.is_detached() {
            self.place.set_detached(false, now);
        }
        drop(settled);
    }

    /// It reads no more: nothing is kept for it from now on.
    pub fn leave(self) {
        let mut places = self.readers.lock();
        places.retain(|place| !Arc::ptr_eq(place, &self.place));
        drop(places);
        self.readers.progress.raise();
    }
}
