//! Changes of files and names, and what they do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::survival::Kept;

/// A change of a file or a name.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Opened; made unless it is there.
    Open {
        path: PathBuf,
        truncate: bool,
    },
    MakeDirectory {
        path: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Write {
        path: PathBuf,
        offset: u64,
        data: Arc<[u8]>,
    },
    Length {
        path: PathBuf,
        bytes: u64,
    },
}

/// A change in terms of files instead of names.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Name {
        path: PathBuf,
        node: Option<Node>,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Write {
        file: usize,
        offset: usize,
        data: Arc<[u8]>,
    },
    Length {
        file: usize,
        bytes: usize,
    },
}

/// What the names stand for.
pub(crate) type Names = BTreeMap<PathBuf, Node>;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Directory,
    File(usize),
}

impl Change {
    /// What it changes; of a rename, what comes of it.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Open { path, .. }
            | Self::MakeDirectory { path }
            | Self::Remove { path }
            | Self::Rename { to: path, .. }
            | Self::Write { path, .. }
            | Self::Length { path, .. } => path,
        }
    }
}

/// Where a path leads once a directory or file above it, or it itself, has another name.
fn moved(path: &Path, from: &Path, to: &Path) -> Option<PathBuf> {
    let rest = path.strip_prefix(from).ok()?;
    let itself = rest.as_os_str().is_empty();
    Some(if itself { to.to_owned() } else { to.join(rest) })
}

impl Effect {
    /// The name that it changes, if it does.
    pub(crate) fn name(&self) -> Option<&Path> {
        match self {
            Self::Name { path, .. } => Some(path),
            Self::Rename { to, .. } => Some(to),
            Self::Write { .. } | Self::Length { .. } => None,
        }
    }

    /// A change of a name within a directory stays one when the directory is renamed.
    pub(crate) fn follow(&mut self, from: &Path, to: &Path) {
        if let Self::Name { path, .. } = self
            && path != from
            && let Some(moved) = moved(path, from, to)
        {
            *path = moved;
        }
    }

    pub(crate) fn on_names(&self, names: &mut Names) {
        match self {
            Self::Name {
                path,
                node: Some(node),
            } => drop(names.insert(path.clone(), *node)),
            Self::Name { path, node: None } => drop(names.remove(path)),
            Self::Rename { from, to } => {
                // A directory takes along what stands in it.
                let below: Vec<_> = names
                    .keys()
                    .filter(|name| name.starts_with(from))
                    .cloned()
                    .collect();
                for name in below {
                    let node = names.remove(&name).unwrap();
                    names.insert(moved(&name, from, to).unwrap(), node);
                }
            }
            Self::Write { .. } | Self::Length { .. } => {}
        }
    }

    pub(crate) fn on_contents(&self, contents: &mut [Vec<u8>], kept: Kept) {
        if let Self::Write { file, .. } | Self::Length { file, .. } = self {
            self.on_content(&mut contents[*file], kept);
        }
    }

    pub(crate) fn on_content(&self, content: &mut Vec<u8>, kept: Kept) {
        match self {
            Self::Write { offset, data, .. } => {
                for part in kept.parts(*offset, data.len()) {
                    let (from, to) = (offset + part.start, offset + part.end);
                    if content.len() < to {
                        content.resize(to, 0);
                    }
                    content[from..to].copy_from_slice(&data[part]);
                }
            }
            Self::Length { bytes, .. } if kept != Kept::Nothing => content.resize(*bytes, 0),
            _ => {}
        }
    }
}
