//! The manifest of a backup.
//!
//! Owns: what it says, and comparing it with the files beside it. It is written last: a directory without
//! one is no backup. Must never: hold a key, only the check values by which a wrong key is noticed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Component, Path};

use anyhow::{Context as _, bail, ensure};
use ledger::journal::disk::make_directory;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Its name.
pub const MANIFEST: &str = "MANIFEST";
const FORMAT_VERSION: u32 = 1;
/// Bytes copied at a time.
const PART_BYTES: usize = 1024 * 1024;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format.
    format_version: u32,
    /// The shard.
    pub shard: u16,
    /// When the backup was made.
    pub created: String,
    /// Where its snapshot begins.
    pub from_sequence: u64,
    /// The last batch that its snapshot may reflect.
    pub through_sequence: u64,
    /// The last batch of its journal: what a restore leads to.
    pub last_sequence: u64,
    /// Check values of the card keys, by the name of the key's file.
    pub key_check_values: BTreeMap<String, String>,
    /// The files, by their path.
    pub files: BTreeMap<String, FileEntry>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// An empty one.
    #[must_use]
    pub fn new(shard: u16, created: String) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            shard,
            created,
            from_sequence: 0,
            through_sequence: 0,
            last_sequence: 0,
            key_check_values: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// Reads the manifest of a directory.
    ///
    /// # Errors
    /// When there is none, or it is not one of this format, or names a file outside of the directory.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(MANIFEST);
        let text = std::fs::read(&path)
            .with_context(|| format!("{}: not a backup, or an unfinished one", path.display()))?;
        let manifest: Self =
            serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        ensure!(
            manifest.format_version == FORMAT_VERSION,
            "{}: format version {} is unknown to this build",
            path.display(),
            manifest.format_version
        );
        for name in manifest.files.keys() {
            let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
            ensure!(
                !name.is_empty() && Path::new(name).components().all(inside),
                "{}: file {name:?} is not inside of the backup",
                path.display()
            );
        }
        Ok(manifest)
    }

    /// Writes the manifest durably: with it the directory is a backup.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let partial = directory.join(format!("{MANIFEST}.partial"));
        let text = serde_json::to_string_pretty(self)? + "\n";
        let written = || {
            let mut file = File::create(&partial)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&partial, directory.join(MANIFEST))?;
            File::open(directory)?.sync_all()
        };
        written().with_context(|| partial.display().to_string())
    }

    /// Compares every file with what the manifest says of it. Returns how many bytes they have.
    ///
    /// # Errors
    /// When a file is missing or is not the one that was written.
    pub fn verify(&self, directory: &Path) -> anyhow::Result<u64> {
        let mut total = 0;
        for (name, expected) in &self.files {
            let path = directory.join(name);
            let mut file = File::open(&path).with_context(|| path.display().to_string())?;
            let found = hash(&mut file, |_| Ok(()));
            let found = found.with_context(|| path.display().to_string())?;
            expect(&path, expected, &found)?;
            total += found.bytes;
        }
        Ok(total)
    }

    /// Copies a file of the directory somewhere else, durably.
    ///
    /// # Errors
    /// When it cannot be copied, or is not the one that was written.
    pub fn copy(&self, directory: &Path, name: &str, to: &Path) -> anyhow::Result<()> {
        let path = directory.join(name);
        let Some(expected) = self.files.get(name) else {
            bail!("{}: is not in the manifest", path.display());
        };
        let mut file = File::open(&path).with_context(|| path.display().to_string())?;
        let found = write_durably(to, &mut file)?;
        expect(&path, expected, &found)
    }
}

fn expect(path: &Path, expected: &FileEntry, found: &FileEntry) -> anyhow::Result<()> {
    let path = path.display();
    ensure!(
        found.bytes == expected.bytes,
        "{path}: has {} bytes, the manifest says {}",
        found.bytes,
        expected.bytes
    );
    ensure!(
        found.sha256 == expected.sha256,
        "{path}: does not match its SHA-256 in the manifest"
    );
    Ok(())
}

/// Writes a file and its directory durably and says what was written.
///
/// # Errors
/// When it cannot be read or written.
pub fn write_durably(to: &Path, from: &mut (impl Read + ?Sized)) -> anyhow::Result<FileEntry> {
    let directory = to.parent().unwrap_or_else(|| Path::new("."));
    make_directory(directory).with_context(|| directory.display().to_string())?;
    let mut write = || {
        let mut file = File::create(to)?;
        let entry = hash(from, |part| file.write_all(part))?;
        file.sync_all()?;
        File::open(directory)?.sync_all()?;
        Ok::<_, std::io::Error>(entry)
    };
    write().with_context(|| to.display().to_string())
}

/// Reads to the end, hands on what was read, and says what it was.
fn hash(
    from: &mut (impl Read + ?Sized),
    mut part_read: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<FileEntry> {
    let (mut hasher, mut bytes) = (Hasher::default(), vec![0; PART_BYTES]);
    loop {
        let count = from.read(&mut bytes)?;
        let part = bytes.get(..count).unwrap_or_default();
        if part.is_empty() {
            return Ok(hasher.finish());
        }
        hasher.update(part);
        part_read(part)?;
    }
}

/// Counts and hashes the bytes of a file as they pass.
#[derive(Clone, Debug, Default)]
pub struct Hasher {
    hash: Sha256,
    bytes: u64,
}

impl Hasher {
    /// These bytes follow.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// What the file is.
    #[must_use]
    pub fn finish(self) -> FileEntry {
        FileEntry {
            bytes: self.bytes,
            sha256: hex(&self.hash.finalize()),
        }
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_notices_other_files_and_leaves_the_directory_to_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let (path, copy) = (directory.path(), directory.path().join("to/copy"));
        assert!(Manifest::read(path).is_err());
        let mut manifest = Manifest::new(0, "now".to_owned());
        let entry = write_durably(&path.join("a/file"), &mut b"content".as_slice()).unwrap();
        assert_eq!(entry.bytes, 7);
        manifest.files.insert("a/file".to_owned(), entry);
        manifest.write(path).unwrap();
        let manifest = Manifest::read(path).unwrap();
        assert_eq!(manifest.verify(path).unwrap(), 7);
        manifest.copy(path, "a/file", &copy).unwrap();
        assert_eq!(std::fs::read(copy).unwrap(), b"content");
        for content in [&b"contenT"[..], b"conten", b""] {
            std::fs::write(path.join("a/file"), content).unwrap();
            let error = manifest.verify(path).unwrap_err().to_string();
            assert!(error.contains("a/file"), "{error}");
        }
        std::fs::remove_file(path.join("a/file")).unwrap();
        assert!(manifest.verify(path).is_err());
        for name in ["../file", "/etc/passwd", "a/../../b", ""] {
            let mut other = manifest.clone();
            other
                .files
                .insert(name.to_owned(), Hasher::default().finish());
            other.write(path).unwrap();
            assert!(Manifest::read(path).is_err(), "{name}");
        }
    }
}
