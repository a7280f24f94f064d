//! Power cuts at every sync of the shipped store code.
//!
//! A process of its own drives the real ledger on real files: a thousand commits with rotation, checkpoints
//! and truncation. strace writes down every operation on its files and every acknowledgement. From that
//! record each state is built that a power cut may leave: what was synced, and any part of what was not,
//! with the last write torn. Every one of them must open by the shipped start and hold every batch that was
//! acknowledged before the cut.
//!
//! Needs strace and the right to trace; without them it says so and is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that panics has failed; it prints what it counted"
)]

mod change;
mod disk;
mod image;
mod reference;
#[path = "../support/mod.rs"]
mod support;
mod survival;
mod trace;
mod work;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use crossbeam_channel::{Receiver, Sender, bounded};

use disk::{Disk, Point};
use image::{Counts, Image};
use reference::Reference;

/// How many images are opened at once.
const WORKERS: usize = 2;

/// What failed and which image it was.
type Failures = Mutex<Vec<String>>;

#[test]
fn every_state_that_a_power_cut_may_leave_opens_with_all_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let points = match trace::record(directory.path(), &data) {
        Ok(points) => points,
        Err(why) => return skipped(&why),
    };
    let whole = Disk::replayed(&data, &points);
    whole.expect_same_as(&data);
    let reference = Reference::of(&whole, directory.path());
    reference.expect_enough();

    let failures = Failures::default();
    let mut counts = Counts::default();
    let scratch = scratch();
    std::thread::scope(|scope| {
        let (images, waiting) = bounded(WORKERS);
        let workers: Vec<_> = (0..WORKERS)
            .map(|number| {
                let (waiting, failures) = (waiting.clone(), &failures);
                let (reference, place) = (&reference, scratch.path().join(number.to_string()));
                scope.spawn(move || check_all(&waiting, &place, reference, failures))
            })
            .collect();
        drop(waiting);
        cut_everywhere(&data, &points, &images);
        drop(images);
        for worker in workers {
            counts.add(&worker.join().unwrap());
        }
    });
    println!("{}, {} points: {counts}", reference.name(), points.len());
    let failures = failures.into_inner().unwrap();
    if !failures.is_empty() {
        let kept = directory.keep();
        std::fs::write("/tmp/px/failures", failures.join("\n")).unwrap();
        let first: Vec<_> = failures.iter().take(10).map(String::as_str).collect();
        panic!(
            "{} images failed; the trace is in {}; the first:\n{}",
            failures.len(),
            kept.display(),
            first.join("\n")
        );
    }
    counts.expect_enough();
}

/// Sends the images of every point; those that hold the same bytes as one before are sent once, unless
/// more was acknowledged in between.
fn cut_everywhere(data: &Path, points: &[Point], images: &Sender<Image>) {
    let mut disk = Disk::new(data);
    let (mut seen, mut books) = (BTreeSet::new(), BTreeSet::new());
    let mut acknowledged = 0;
    for (number, point) in points.iter().enumerate() {
        if let Point::Acknowledged(sequence) = point {
            acknowledged = acknowledged.max(*sequence);
        }
        // Of acknowledgements that follow each other the last one asks for the most.
        let more = matches!(points.get(number + 1), Some(Point::Acknowledged(_)));
        let boundary = matches!(point, Point::Acknowledged(_) | Point::Synced { .. });
        if boundary && !(more && matches!(point, Point::Acknowledged(_))) {
            let of_books = matches!(point, Point::Synced { path, .. } if disk.is_of_books(path));
            for survival in survival::choices(&disk, number, of_books) {
                let identity = disk.identity(&survival);
                if seen.insert((identity.all, acknowledged)) {
                    let mut image = disk.image(&survival, acknowledged, number);
                    image.new_books = books.insert(identity.books);
                    images.send(image).unwrap();
                }
            }
        }
        disk.apply(point);
    }
}

fn check_all(
    images: &Receiver<Image>,
    place: &Path,
    reference: &Reference,
    failures: &Failures,
) -> Counts {
    let mut counts = Counts::default();
    for image in images {
        let checked = image.check(place, reference);
        counts.count(&checked);
        if let Err(why) = checked.started {
            let mut failures = failures.lock().unwrap();
            failures.push(format!("{}: {why}", image.name));
        }
    }
    counts
}

/// A directory in memory where there is one: a power cut is made by leaving bytes out, not by a device.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn skipped(why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr().lock(), "skipped: {why}").unwrap();
}

/// Not a test by itself: the process that is traced, see [`work`].
#[test]
fn the_traced_process() {
    if let Some(directory) = std::env::var_os(work::DIRECTORY) {
        work::run(Path::new(&directory));
    }
}
