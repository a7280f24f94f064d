//! A directory of its own for each test: the shipped configuration, changed where the test says so, and
//! the data of the switch.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use toml::{Table, Value};

use super::process::Process;
use super::switch::Switch;

/// How many cards the generator of the demo data makes here, instead of 100,000.
const GENERATED_CARDS: i64 = 200;

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Configuration and data of one switch, which may be started again and again.
#[derive(Debug)]
pub(crate) struct World {
    directory: TempDir,
}

impl World {
    /// The shipped configuration on free ports, with small files and few generated cards.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same with changed settings.
    pub(crate) fn with(change: impl FnOnce(&mut Table)) -> Self {
        let world = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        copy(&repository().join("config"), &world.config());
        world.edit("demo/generated.toml", |generated| {
            let generators = generated["generator"].as_array_mut().unwrap();
            generators[0]["count"] = Value::Integer(GENERATED_CARDS);
        });
        let (data, demo) = (world.data(), world.config().join("demo"));
        world.edit("switch.toml", |settings| {
            set(settings, "data_directory", data.to_str().unwrap());
            set(settings, "demo_directory", demo.to_str().unwrap());
            set(settings, "http_listen", "127.0.0.1:0");
            for listener in settings["listener"].as_array_mut().unwrap() {
                set(listener.as_table_mut().unwrap(), "listen", "127.0.0.1:0");
            }
            set(settings, "ledger.segment_bytes", 1 << 20);
            set(settings, "ledger.books_cache_bytes", 16 << 20);
            change(settings);
        });
        world
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("config")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Every event in its files, in order.
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        let directory = self.data().join("events");
        let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
            .collect();
        files.sort();
        let texts = files
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap());
        let text: String = texts.collect();
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
        events.collect()
    }

    /// The events among them that tell of links and networks.
    pub(crate) fn notices(&self) -> Vec<serde_json::Value> {
        let mut events = self.events();
        events.retain(is_notice);
        events
    }

    /// Changes a TOML file of the configuration.
    pub(crate) fn edit(&self, file: &str, change: impl FnOnce(&mut Table)) {
        let path = self.config().join(file);
        let mut table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        change(&mut table);
        std::fs::write(&path, table.to_string()).unwrap();
    }

    /// The command that starts the switch in this world.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
        command
            .arg("--config")
            .arg(self.config().join("switch.toml"))
            .current_dir(self.directory.path());
        command
    }

    /// Starts the switch and waits until it is ready.
    pub(crate) fn start(&self) -> Switch {
        Switch::when_ready(self.start_unready())
    }

    /// Starts the switch and does not wait.
    pub(crate) fn start_unready(&self) -> Process {
        Process::start(&mut self.command())
    }
}

/// Whether an event tells of a link or a network: no record stands behind it.
pub(crate) fn is_notice(event: &serde_json::Value) -> bool {
    event["id"].as_str().unwrap().ends_with("-notice")
}

/// Sets a value of a table, `table.key` in an inner one.
pub(crate) fn set(table: &mut Table, key: &str, value: impl Into<Value>) {
    match key.split_once('.') {
        Some((inner, key)) => set(table[inner].as_table_mut().unwrap(), key, value),
        None => drop(table.insert(key.to_owned(), value.into())),
    }
}

/// Copies a directory with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(source, target).unwrap();
        }
    }
}
