//! The card vault: how a PAN is found and kept without being readable.
//!
//! Owns: the key of the card hash and the key of PAN encryption. Both are made at the first start, live in files of
//! mode 0600 and are zeroized when dropped. Software keys are for development. Must never: give a PAN to a log, an
//! error or a row.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use codec::Pan;
use hmac::{Hmac, Mac};
use ledger::identifiers::CardHash;
use sha2::Sha256;
use zeroize::Zeroizing;

pub(crate) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
pub(crate) const HASH_BLOCK_BYTES: usize = 64;
pub(crate) const HASH_KEY_FILE: &str = "card-hash.key";
pub(crate) const ENCRYPTION_KEY_FILE: &str = "card-encryption.key";

/// Hashes and encrypts PANs.
pub struct CardVault {
    hash: Hmac<Sha256>,
    cipher: Aes256Gcm,
}

impl fmt::Debug for CardVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardVault")
    }
}

/// Why the vault cannot be opened or used. Never carries key or card data.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A key file cannot be read or made.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: io::Error,
    },
    /// A key file is not 64 hexadecimal digits.
    #[error("{path}: expected a key of 64 hexadecimal digits")]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// Others can read a key file.
    #[error("{path}: has mode {mode:04o}, expected 0600: other users could read the key")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The keys are not those that the data was written with.
    #[error("{path}: {reason}")]
    OtherKeys {
        /// The directory of the keys.
        path: PathBuf,
        /// Which are missing or others.
        reason: String,
    },
    /// The system has no randomness to give.
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// A PAN cannot be encrypted or an encrypted one is not ours.
    #[error("the encrypted PAN does not open with this key")]
    Cipher,
}

impl CardVault {
    /// Opens the vault whose keys are in a directory, made there if it has none.
    ///
    /// # Errors
    /// [`VaultError`] for files that cannot be read, are no keys, or are readable by others.
    pub fn open(directory: &Path) -> Result<Self, VaultError> {
        std::fs::create_dir_all(directory).map_err(|source| VaultError::Io {
            path: directory.to_owned(),
            source,
        })?;
        let hash_key = key(&directory.join(HASH_KEY_FILE))?;
        let encryption_key = key(&directory.join(ENCRYPTION_KEY_FILE))?;
        Ok(Self::with_keys(&hash_key, &encryption_key))
    }

    /// A vault with the given keys.
    #[must_use]
    pub fn with_keys(hash_key: &[u8; KEY_BYTES], encryption_key: &[u8; KEY_BYTES]) -> Self {
        // HMAC fills a key up to the block of its hash with zeros (RFC 2104); so do we.
        let mut block = Zeroizing::new([0; HASH_BLOCK_BYTES]);
        let (start, _) = block.split_at_mut(KEY_BYTES);
        start.copy_from_slice(hash_key);
        Self {
            hash: Hmac::new(&(*block).into()),
            cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(*encryption_key)),
        }
    }

    /// How the books know the card of a PAN.
    #[must_use]
    pub fn hash(&self, pan: &Pan) -> CardHash {
        let mut mac = self.hash.clone();
        mac.update(pan.reveal().as_bytes());
        CardHash(mac.finalize().into_bytes().into())
    }

    /// Encrypts a PAN for the books: a fresh nonce, then ciphertext and tag, bound to the card's hash.
    ///
    /// # Errors
    /// [`VaultError`] when there is no randomness.
    pub fn encrypt(&self, pan: &Pan) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload {
            msg: pan.reveal().as_bytes(),
            aad: &self.hash(pan).0,
        };
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .or(Err(VaultError::Cipher))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`encrypt`](Self::encrypt) gave for the card of this hash.
    ///
    /// # Errors
    /// [`VaultError::Cipher`] when key, hash or bytes are not those of the encryption.
    pub fn decrypt(&self, encrypted: &[u8], hash: &CardHash) -> Result<Pan, VaultError> {
        let (nonce, sealed) = encrypted
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Cipher)?;
        let payload = Payload {
            msg: sealed,
            aad: &hash.0,
        };
        let clear = Zeroizing::new(
            self.cipher
                .decrypt(&Nonce::from(*nonce), payload)
                .or(Err(VaultError::Cipher))?,
        );
        let digits = std::str::from_utf8(&clear).or(Err(VaultError::Cipher))?;
        Pan::parse(digits).or(Err(VaultError::Cipher))
    }
}

/// Reads a key file, or makes it.
fn key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultError> {
    match read_key(path)? {
        Some(key) => Ok(key),
        None => new_key(path),
    }
}

/// Reads a key file, if there is one.
pub(crate) fn read_key(path: &Path) -> Result<Option<Zeroizing<[u8; KEY_BYTES]>>, VaultError> {
    let io = |source| VaultError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(VaultError::Mode {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::with_capacity(KEY_BYTES * 2 + 1));
    file.read_to_string(&mut text).map_err(io)?;
    let key = parse_hex(text.trim()).ok_or_else(|| VaultError::Key {
        path: path.to_owned(),
    })?;
    Ok(Some(key))
}

/// Makes a key and writes it durably: a PAN hashed with a lost key is never found again.
fn new_key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultError> {
    let io = |source| VaultError::Io {
        path: path.to_owned(),
        source,
    };
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut_slice())?;
    let mut text = Zeroizing::new(String::with_capacity(KEY_BYTES * 2 + 1));
    for byte in key.iter() {
        use fmt::Write as _;
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    let partial = path.with_extension("partial");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .map_err(io)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(io)?;
    std::fs::rename(&partial, path).map_err(io)?;
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(io)?;
    Ok(key)
}

fn parse_hex(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    if text.len() != KEY_BYTES * 2 || !text.is_ascii() {
        return None;
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pan() -> Pan {
        Pan::parse("4000001200000016").unwrap()
    }

    #[test]
    fn a_pan_opens_only_with_its_key_and_hash() {
        let vault = CardVault::with_keys(&[1; 32], &[2; 32]);
        let hash = vault.hash(&pan());
        let mut encrypted = vault.encrypt(&pan()).unwrap();
        assert_ne!(
            encrypted,
            vault.encrypt(&pan()).unwrap(),
            "the nonce is fresh"
        );
        assert_eq!(vault.decrypt(&encrypted, &hash).unwrap(), pan());
        assert!(vault.decrypt(&encrypted, &CardHash([0; 32])).is_err());
        assert!(
            CardVault::with_keys(&[1; 32], &[3; 32])
                .decrypt(&encrypted, &hash)
                .is_err()
        );
        *encrypted.last_mut().unwrap() ^= 1;
        assert!(vault.decrypt(&encrypted, &hash).is_err());
        assert!(vault.decrypt(&[0; 5], &hash).is_err());
    }

    #[test]
    fn keys_are_made_once_and_only_for_their_owner() {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("keys");
        let first = CardVault::open(&keys).unwrap().hash(&pan());
        assert_eq!(CardVault::open(&keys).unwrap().hash(&pan()), first);
        let file = keys.join(HASH_KEY_FILE);
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            CardVault::open(&keys),
            Err(VaultError::Mode { mode: 0o644, .. })
        ));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&file, "short").unwrap();
        assert!(matches!(
            CardVault::open(&keys),
            Err(VaultError::Key { .. })
        ));
    }
}
