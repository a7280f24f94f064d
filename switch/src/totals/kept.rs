//! Totals over restarts: `data/networks/totals.json`.
//!
//! Owns: the file, which is replaced as a whole. It may be behind the journal: what came since is counted again from
//! there. Must never: be ahead of what the journal holds durably.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Totals, TotalsError};

const FILE: &str = "totals.json";

/// Reads what was kept; nothing where there is no file.
///
/// # Errors
/// [`TotalsError`] naming the file.
pub(super) fn read(directory: &Path) -> Result<Totals, TotalsError> {
    let path = directory.join(FILE);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| TotalsError::File {
            path,
            source: error.into(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Totals::default()),
        Err(source) => Err(TotalsError::File { path, source }),
    }
}

/// The last batch that what is kept in a directory has counted; `None` where nothing is.
///
/// # Errors
/// [`TotalsError`] naming the file.
pub fn kept_sequence(directory: &Path) -> Result<Option<u64>, TotalsError> {
    let is_kept = directory.join(FILE).exists();
    let kept = read(directory)?;
    Ok(is_kept.then(|| kept.sequence()))
}

/// Keeps totals; returns once they are durable.
///
/// # Errors
/// [`TotalsError`] naming the file, which is then the one before.
pub(super) fn write(directory: &Path, totals: &Totals) -> Result<(), TotalsError> {
    let path: PathBuf = directory.join(FILE);
    let replace = || {
        let partial = directory.join("totals.partial");
        let mut file = File::create(&partial)?;
        file.write_all(&serde_json::to_vec(totals)?)?;
        file.sync_data()?;
        std::fs::rename(&partial, &path)?;
        File::open(directory)?.sync_all()
    };
    replace().map_err(|source| TotalsError::File {
        path: path.clone(),
        source,
    })
}
