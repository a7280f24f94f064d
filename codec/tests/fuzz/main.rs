//! What fuzzing runs, run here on the seeds, on every input that was once found, and on changed seeds.
//!
//! The targets of `codec/fuzz` call the same functions; there libFuzzer looks for new inputs. The changes here come from
//! a fixed seed, so that a failure comes again.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]

#[path = "../pcap/build.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod build;
#[path = "../structure/layouts.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod layouts;
mod seeds;
mod targets;

use std::collections::BTreeSet;

use crate::seeds::seeds;
use crate::targets::TARGETS;

/// The directory of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Changed inputs of each target.
const CHANGED: u64 = 300;

/// Numbers that look random (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below a bound; 0 for the bound 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.next().checked_rem(bound).unwrap_or(0)).unwrap()
    }

    fn byte(&mut self) -> u8 {
        // Lengths, tags, bitmaps and digits of all alphabets more often than others.
        const USUAL: [u8; 16] = [
            0x00, 0x01, 0x02, 0x7F, 0x80, 0x81, 0x82, 0x9F, 0xE0, 0xFF, b'0', b'9', b' ', 0x40,
            0xF0, 0xF9,
        ];
        match self.below(2) {
            0 => USUAL[self.below(USUAL.len())],
            _ => self.next().to_le_bytes()[0],
        }
    }
}

/// One to four changes: a byte set, pieces cut out, put in, doubled or taken from another seed, the end cut off.
fn changed(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len().saturating_add(1));
        let end = bytes.len().min(at.saturating_add(numbers.below(16)));
        match numbers.below(6) {
            0 => {
                let byte = numbers.byte();
                bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|slot| *slot = byte);
            }
            1 => drop(bytes.drain(at..end)),
            2 => {
                let count = numbers.below(8);
                let piece: Vec<u8> = (0..count).map(|_| numbers.byte()).collect();
                drop(bytes.splice(at..at, piece));
            }
            3 => {
                let piece = bytes[at..end].repeat(numbers.below(8));
                drop(bytes.splice(at..at, piece));
            }
            4 => {
                let other = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len());
                drop(bytes.splice(at.., other[from..].iter().copied()));
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

#[test]
fn every_target_holds_on_its_seeds_and_on_changed_seeds() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name}");
        seeds.iter().for_each(|seed| target(seed));
        let mut numbers = Numbers(8583);
        for _ in 0..CHANGED {
            target(&changed(&seeds, &mut numbers));
        }
    }
}

/// What a fuzzer found once is put into `fuzz/found/TARGET/`.
#[test]
fn every_target_holds_on_what_was_found_once() {
    for (name, target) in TARGETS {
        let Ok(files) = std::fs::read_dir(format!("{ROOT}/codec/fuzz/found/{name}")) else {
            continue;
        };
        for file in files {
            target(&std::fs::read(file.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn every_function_has_a_target_for_the_fuzzer() {
    let manifest = std::fs::read_to_string(format!("{ROOT}/codec/fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let declared = manifest["bin"].as_array().unwrap().iter();
    let declared: BTreeSet<&str> = declared.map(|bin| bin["name"].as_str().unwrap()).collect();
    let targets = TARGETS.iter().map(|(name, _)| *name).chain(["write_seeds"]);
    assert_eq!(declared, targets.collect());
    for (name, _) in TARGETS {
        let file = std::fs::read_to_string(format!("{ROOT}/codec/fuzz/fuzz_targets/{name}.rs"));
        assert!(
            file.unwrap().contains(&format!("targets::{name}(bytes)")),
            "{name}"
        );
    }
}
