//! See `codec/tests/fuzz/targets.rs`.
#![no_main]

include!("../modules.rs");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::dataset_bitmapped(bytes));
