//! Damage to the files of a stopped switch.

use std::path::{Path, PathBuf};

use crate::cases::{DAMAGED, Damaged, Harm, Target, Then};
use crate::harness::copy;
use crate::load::Load;
use crate::running::{SMALL_SEGMENT, world};

/// Answers that fill several segments.
const ANSWERS: usize = 600;

#[test]
fn damaged_files_are_made_good_or_refused_with_file_and_place() {
    let world = world(SMALL_SEGMENT, 20);
    let switch = world.start();
    let mut load = Load::new(4_242);
    load.run(&switch, ANSWERS);
    switch.stop();
    let (data, whole) = (world.data(), world.data().with_file_name("whole"));
    copy(&data, &whole);
    for case in DAMAGED {
        std::fs::remove_dir_all(&data).unwrap();
        copy(&whole, &data);
        for (target, harm) in case.done {
            target.harm(&data, *harm);
        }
        match case.then {
            Then::Starts => {
                let switch = world.start();
                load.expect_kept(&switch);
                switch.stop();
            }
            Then::Refuses(says) => refused(&world, case, says),
        }
    }
}

fn refused(world: &crate::harness::World, case: &Damaged, says: &[&str]) {
    let mut process = world.start_unready();
    let code = process.wait().code();
    assert_eq!(code, Some(1), "{}\n{}", case.damage, process.log.text());
    process.log.expect_words(case.damage, says);
}

impl Target {
    fn path(self, data: &Path) -> PathBuf {
        let segments = || {
            let entries = std::fs::read_dir(data.join("journal")).unwrap();
            let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            paths.retain(|path| path.extension().is_some_and(|ending| ending == "journal"));
            paths.sort();
            assert!(paths.len() > 3, "too few segments: {paths:?}");
            paths
        };
        match self {
            Self::FirstSegment => segments().remove(0),
            Self::ClosedSegment => segments().into_iter().rev().nth(1).unwrap(),
            Self::OpenSegment => segments().pop().unwrap(),
            Self::Books => data.join("books/db"),
            Self::BooksDirectory => data.join("books"),
        }
    }

    fn harm(self, data: &Path, harm: Harm) {
        let path = self.path(data);
        if path.is_dir() {
            return std::fs::remove_dir_all(path).unwrap();
        }
        if let Harm::Removed = harm {
            return std::fs::remove_file(path).unwrap();
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let written = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        match harm {
            Harm::FlippedBit => bytes[written / 2] ^= 0x10,
            Harm::Truncated => bytes.truncate(written / 2),
            Harm::Removed => {}
        }
        std::fs::write(path, bytes).unwrap();
    }
}
