// What the targets share with the tests.

#[allow(dead_code)]
#[path = "../tests/structure/layouts.rs"]
mod layouts;
#[allow(dead_code)]
#[path = "../tests/fuzz/targets.rs"]
mod targets;

/// The directory of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
