//! Writes the seeds of each target where `cargo fuzz` looks for them: `corpus/TARGET/`.

#[allow(dead_code)]
#[path = "../tests/pcap/build.rs"]
mod build;
#[allow(dead_code)]
#[path = "../tests/structure/layouts.rs"]
mod layouts;
#[path = "../tests/fuzz/seeds.rs"]
mod seeds;
#[path = "../tests/fuzz/targets.rs"]
mod targets;

/// The directory of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn main() -> std::io::Result<()> {
    for (name, _) in targets::TARGETS {
        let directory = format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::create_dir_all(&directory)?;
        for (number, seed) in seeds::seeds(name).iter().enumerate() {
            std::fs::write(format!("{directory}/seed-{number}"), seed)?;
        }
    }
    Ok(())
}
