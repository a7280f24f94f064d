//! What the shipped settings are, and what of them can be set otherwise.

use super::*;

const SHIPPED: &str = include_str!("../../../config/switch.toml");

fn load(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/switch.toml");
    let owned = variables
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    Settings::load(&path, owned)
}

#[test]
fn an_unknown_key_is_refused_with_file_and_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("switch.toml");
    std::fs::write(&path, SHIPPED.replace("segment_bytes", "segment_byte")).unwrap();
    let line = SHIPPED
        .lines()
        .position(|line| line.starts_with("segment_bytes"));
    let error = Settings::load(&path, std::iter::empty())
        .unwrap_err()
        .to_string();
    let expected = format!("{}:{}: unknown field", path.display(), line.unwrap() + 1);
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn the_shipped_settings_are_those_of_the_documentation() {
    let settings = load(&[("HOME", "/root")]).unwrap();
    assert_eq!(settings.http_listen.to_string(), "127.0.0.1:8080");
    let listeners = settings.listener.iter();
    let ports: Vec<_> = listeners
        .map(|listener| (listener.network.as_str(), listener.listen.to_string()))
        .collect();
    let expected = [
        ("generic", "127.0.0.1:8583"),
        ("visa", "127.0.0.1:8584"),
        ("mastercard", "127.0.0.1:8585"),
        ("elo", "127.0.0.1:8586"),
    ];
    assert_eq!(ports, expected.map(|(name, at)| (name, at.to_owned())));
}

#[test]
fn the_environment_overrides_every_kind_of_key() {
    let settings = load(&[
        ("SWITCH_DATA_DIRECTORY", "/var/lib/switch"),
        ("SWITCH_DEMO_DIRECTORY", "demo"),
        ("SWITCH_LEDGER_SEGMENT_BYTES", "1048576"),
        ("SWITCH_LOG_FILTER", "debug"),
        ("SWITCH_LISTENER_GENERIC_LISTEN", "127.0.0.1:9583"),
    ])
    .unwrap();
    assert_eq!(settings.data_directory, Path::new("/var/lib/switch"));
    assert_eq!(settings.demo_directory.as_deref(), Some(Path::new("demo")));
    assert_eq!(settings.ledger.segment_bytes, 1_048_576);
    assert_eq!(settings.log.filter, "debug");
    assert_eq!(settings.listener[0].listen.port(), 9583);
}

#[test]
fn a_variable_that_means_nothing_is_refused_by_name() {
    for (variable, value, reason) in [
        (
            "SWITCH_LEDGER_SEGMENT_BYTE",
            "1",
            "names no key of the settings",
        ),
        (
            "SWITCH_LISTENER_NOBODY_LISTEN",
            "127.0.0.1:1",
            "names no key of the settings",
        ),
        (
            "SWITCH_LEDGER_SEGMENT_BYTES",
            "many",
            "expected a whole number",
        ),
        ("SWITCH_HTTP_LISTEN", "here", "invalid socket address"),
    ] {
        let error = load(&[(variable, value)]).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("environment: {variable}: {reason}")),
            "{error}"
        );
    }
}

/// Writes the schema first when `WRITE_SCHEMA` is set.
#[test]
fn the_committed_schema_is_the_one_of_this_build() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/switch.schema.json");
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Settings)).unwrap() + "\n";
    if std::env::var_os("WRITE_SCHEMA").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        schema,
        "set WRITE_SCHEMA to renew it"
    );
}
