//! The committed JSON schemas are those of this build, and say what each key is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

use std::path::{Path, PathBuf};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/schemas")
}

/// Writes the schemas first when `WRITE_SCHEMA` is set.
#[test]
fn the_committed_schemas_are_those_of_this_build() {
    let mut names = Vec::new();
    for (name, schema) in rules::schemas() {
        let path = directory().join(format!("{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("WRITE_SCHEMA").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(
            committed == text,
            "{}: set WRITE_SCHEMA to renew it",
            path.display()
        );
        names.push(format!("{name}.schema.json"));
    }
    let mut there: Vec<String> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(there, names);
}

/// Every key of every table has a description, so that an editor can show it.
#[test]
fn every_key_is_described() {
    for (name, schema) in rules::schemas() {
        let schema = serde_json::to_value(&schema).unwrap();
        let tables = schema["$defs"].as_object().into_iter().flatten();
        for (table, definition) in tables.chain([(&name.to_owned(), &schema)]) {
            let properties = definition["properties"].as_object();
            for (key, property) in properties.into_iter().flatten() {
                assert!(
                    property["description"].is_string(),
                    "{name}: {table}.{key} has no description"
                );
            }
        }
    }
}
