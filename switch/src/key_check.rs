//! Check values of the card keys: how a wrong key is noticed without showing the right one.
//!
//! Owns: the values, and the refusal to open restored data with other keys than it was written with. Must
//! never: make a key, or let a value say more of one than whether it is another.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::card_vault::{
    ENCRYPTION_KEY_FILE, HASH_BLOCK_BYTES, HASH_KEY_FILE, KEY_BYTES, VaultError, read_key,
};
use crate::manifest::{hex, write_durably};

/// In a data directory that was restored: the check values that its keys must have.
const EXPECTED_FILE: &str = "key-check-values.json";
/// Bytes of a check value.
const CHECK_VALUE_BYTES: usize = 3;

/// Check values of the keys of a directory by their file: the first three bytes of HMAC-SHA-256 under the
/// key. They say nothing about a key but whether it is another one. Makes no key.
///
/// # Errors
/// [`VaultError`] for files that cannot be read, are no keys, or are readable by others.
pub fn check_values(directory: &Path) -> Result<BTreeMap<String, String>, VaultError> {
    let mut values = BTreeMap::new();
    for name in [HASH_KEY_FILE, ENCRYPTION_KEY_FILE] {
        if let Some(key) = read_key(&directory.join(name))? {
            values.insert(name.to_owned(), check_value(&key));
        }
    }
    Ok(values)
}

fn check_value(key: &[u8; KEY_BYTES]) -> String {
    let mut block = Zeroizing::new([0; HASH_BLOCK_BYTES]);
    let (start, _) = block.split_at_mut(KEY_BYTES);
    start.copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(b"key check value");
    let value = mac.finalize().into_bytes();
    hex(value.get(..CHECK_VALUE_BYTES).unwrap_or_default())
}

/// Keys that are there and are not the expected ones.
#[must_use]
pub fn differing(
    expected: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> Vec<String> {
    let other = |name: &&String| {
        found
            .get(*name)
            .is_some_and(|value| Some(value) != expected.get(*name))
    };
    expected.keys().filter(other).cloned().collect()
}

/// From now on the data directory is opened only with keys of these check values.
///
/// # Errors
/// [`VaultError::Io`] when that cannot be written.
pub fn expect_check_values(
    data: &Path,
    expected: &BTreeMap<String, String>,
) -> Result<(), VaultError> {
    let path = data.join(EXPECTED_FILE);
    let text = serde_json::json!(expected).to_string();
    match write_durably(&path, &mut text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(error) => Err(VaultError::Io {
            path,
            source: io::Error::other(format!("{error:#}")),
        }),
    }
}

/// Refuses a restored data directory without the keys that its cards were hashed and encrypted with: new
/// ones would be made, and no card would be found under them.
///
/// # Errors
/// [`VaultError::OtherKeys`] when they are missing or others.
pub fn verify_expected(data: &Path, keys: &Path) -> Result<(), VaultError> {
    let path = data.join(EXPECTED_FILE);
    let io = |source| VaultError::Io {
        path: path.clone(),
        source,
    };
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    };
    let expected: BTreeMap<String, String> =
        serde_json::from_slice(&text).map_err(|error| io(error.into()))?;
    let found = check_values(keys)?;
    let wrong: Vec<_> = expected
        .iter()
        .filter(|(name, value)| found.get(*name) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(VaultError::OtherKeys {
        path: keys.to_owned(),
        reason: format!(
            "the data was restored, and {} is missing or not the key it was written with; put the right one there",
            wrong.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card_vault::CardVault;

    #[test]
    fn restored_data_opens_only_with_its_own_keys() {
        let home = tempfile::tempdir().unwrap();
        let (data, keys) = (home.path().join("data"), home.path().join("keys"));
        assert_eq!(check_values(&keys).unwrap(), BTreeMap::new());
        assert!(!keys.exists(), "asking makes no key");
        verify_expected(&data, &keys).unwrap();
        drop(CardVault::open(&keys).unwrap());
        let values = check_values(&keys).unwrap();
        assert_eq!(values.len(), 2);
        assert!(values.values().all(|value| value.len() == 6));
        expect_check_values(&data, &values).unwrap();
        verify_expected(&data, &keys).unwrap();
        assert_eq!(differing(&values, &values), [""; 0]);

        std::fs::remove_file(keys.join(HASH_KEY_FILE)).unwrap();
        let error = verify_expected(&data, &keys).unwrap_err().to_string();
        assert!(error.contains(HASH_KEY_FILE), "{error}");
        assert_eq!(differing(&values, &check_values(&keys).unwrap()), [""; 0]);
        drop(CardVault::open(&keys).unwrap());
        assert!(
            verify_expected(&data, &keys).is_err(),
            "a new key is another one"
        );
        assert_eq!(
            differing(&values, &check_values(&keys).unwrap()),
            [HASH_KEY_FILE]
        );
    }
}
