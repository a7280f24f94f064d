//! The rules of a table: those that the repository ships, or those with documents of `tables/rules/NAME`
//! put beside them or in their place; of several sets where the name is `NAME+NAME`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rules::{Document, RulesVersion, Snapshot};

/// Every set that was asked for, compiled once.
static SETS: LazyLock<Mutex<BTreeMap<String, Arc<Snapshot>>>> = LazyLock::new(Mutex::default);

/// The shipped rules.
pub(crate) fn shipped() -> Arc<Snapshot> {
    static SHIPPED: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
        let documents = crate::support::rules().documents().to_vec();
        Arc::new(rules::compile(documents).unwrap_or_else(|errors| panic!("{errors}")))
    });
    Arc::clone(&SHIPPED)
}

/// The rules of a name; `shipped` for those as they are.
pub(crate) fn named(name: &str) -> Result<Arc<Snapshot>, String> {
    if name == "shipped" {
        return Ok(shipped());
    }
    let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(set) = sets.get(name) {
        return Ok(Arc::clone(set));
    }
    let set = Arc::new(laid_over(name)?);
    sets.insert(name.to_owned(), Arc::clone(&set));
    Ok(set)
}

/// The rules of a version, among those that were asked for.
pub(crate) fn of_version(version: RulesVersion) -> Option<Arc<Snapshot>> {
    let sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
    let named = sets.values().find(|set| set.version() == version).cloned();
    named.or_else(|| Some(shipped()).filter(|shipped| shipped.version() == version))
}

/// The shipped documents with those of every name of `NAME+NAME` laid over them.
fn laid_over(names: &str) -> Result<Snapshot, String> {
    let mut documents: BTreeMap<String, String> = BTreeMap::new();
    for Document { path, content } in crate::support::rules().documents() {
        documents.insert(path.clone(), content.clone());
    }
    let sets = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/rules");
    for name in names.split('+') {
        let directory = sets.join(name);
        let files = files(&directory).map_err(|error| format!("rules {name}: {error}"))?;
        for file in files {
            let content = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
            let path = file
                .strip_prefix(&directory)
                .map_err(|error| error.to_string())?;
            documents.insert(path.to_string_lossy().into_owned(), content);
        }
    }
    let documents = documents
        .into_iter()
        .map(|(path, content)| Document { path, content })
        .collect();
    rules::compile(documents).map_err(|errors| format!("rules {names}: {errors}"))
}

/// The files of a directory and of those in it.
fn files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
