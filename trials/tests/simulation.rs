//! The simulation as part of every run of the tests: no seed may fail, and none may be in vain.

use trials::simulation::{Seeds, journal_hash};

/// Seeds of an ordinary run.
const SEEDS: u64 = 500;

#[test]
fn what_must_hold_holds_in_every_world_and_every_mark_is_reached() {
    let seeds = Seeds {
        range: 0..SEEDS,
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        traced: false,
    };
    let report = seeds.run(&|_, _| ()).unwrap();
    let mut printed = Vec::new();
    report.print(&mut printed).unwrap();
    println!("{}", String::from_utf8(printed).unwrap());
    assert_eq!(report.seeds, SEEDS);
    assert!(
        report.failures.is_empty(),
        "{} seeds failed",
        report.failures.len()
    );
    // A mark at zero says that the generators no longer reach what it names.
    assert_eq!(report.marks.missing(), []);
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    for seed in [1, 2, 3] {
        assert_eq!(journal_hash(seed), journal_hash(seed), "seed {seed}");
    }
    assert_ne!(journal_hash(1), journal_hash(2));
}
