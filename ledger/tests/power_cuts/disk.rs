//! A file system as a power cut sees it: what is durable, and what is only in the system's cache.
//!
//! The rules are the strict ones of POSIX. Contents are durable after a sync of the file that began when
//! the write had returned; a name (made, renamed, removed) after a sync of its directory; sync_file_range
//! promises nothing. A name that is not durable takes its file with it, however well that was synced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::change::{Change, Effect, Names, Node};
use crate::image::Image;
use crate::survival::{Kept, Survival};

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) enum Point {
    /// A change began; it may reach the device at any time from here on.
    Begun {
        change: Change,
        /// Where in the trace it returned.
        returned: usize,
    },
    /// A sync returned that had begun there in the trace.
    Synced { path: PathBuf, began: usize },
    /// This batch was about to be acknowledged.
    Acknowledged(u64),
}

/// An effect that is not durable yet.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) effect: Effect,
    /// Whether it concerns the books.
    pub(crate) books: bool,
    number: u64,
    returned: usize,
}

/// The file system.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    /// The durable contents of every file there ever was.
    contents: Vec<Vec<u8>>,
    names: Names,
    current: Names,
    pub(crate) pending: Vec<Pending>,
    effects: u64,
    durable: Identity,
    /// The segments that were removed.
    removed: BTreeMap<String, Vec<u8>>,
}

/// Tells states apart without comparing their bytes: a mix of the effects that are in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) all: u64,
    pub(crate) books: u64,
}

impl Identity {
    fn with(&mut self, pending: &Pending, kept: u64) {
        let mixed = crate::survival::mix(pending.number ^ (kept << 32));
        self.all ^= mixed;
        if pending.books {
            self.books ^= mixed;
        }
    }
}

impl Disk {
    /// An empty directory, durable.
    pub(crate) fn new(root: &Path) -> Self {
        let names = Names::from([(root.to_owned(), Node::Directory)]);
        Self {
            root: root.to_owned(),
            contents: Vec::new(),
            current: names.clone(),
            names,
            pending: Vec::new(),
            effects: 0,
            durable: Identity::default(),
            removed: BTreeMap::new(),
        }
    }

    /// The directory after all points.
    pub(crate) fn replayed(root: &Path, points: &[Point]) -> Self {
        let mut disk = Self::new(root);
        points.iter().for_each(|point| disk.apply(point));
        disk
    }

    /// Takes in what happened.
    pub(crate) fn apply(&mut self, point: &Point) {
        match point {
            Point::Begun { change, returned } => self.begin(change, *returned),
            Point::Synced { path, began } => self.sync(path, *began),
            Point::Acknowledged(_) => {}
        }
    }

    fn begin(&mut self, change: &Change, returned: usize) {
        if let Change::Remove { path } | Change::Rename { from: path, .. } = change {
            self.removed.extend(self.segment(path));
        }
        let effect = match change {
            Change::Open { path, truncate } => match self.current.get(path) {
                Some(Node::File(file)) if *truncate => Effect::Length {
                    file: *file,
                    bytes: 0,
                },
                Some(_) => return,
                None => {
                    self.contents.push(Vec::new());
                    let node = Some(Node::File(self.contents.len() - 1));
                    let path = path.clone();
                    Effect::Name { path, node }
                }
            },
            Change::MakeDirectory { path } => Effect::Name {
                path: path.clone(),
                node: Some(Node::Directory),
            },
            Change::Remove { path } => Effect::Name {
                path: path.clone(),
                node: None,
            },
            Change::Rename { from, to } => Effect::Rename {
                from: from.clone(),
                to: to.clone(),
            },
            Change::Write { path, offset, data } => Effect::Write {
                file: self.file(path),
                offset: usize::try_from(*offset).unwrap(),
                data: Arc::clone(data),
            },
            Change::Length { path, bytes } => Effect::Length {
                file: self.file(path),
                bytes: usize::try_from(*bytes).unwrap(),
            },
        };
        let books = self.is_of_books(change.path());
        if let Effect::Rename { from, to } = &effect {
            for pending in &mut self.pending {
                pending.effect.follow(from, to);
            }
        }
        effect.on_names(&mut self.current);
        self.effects += 1;
        self.pending.push(Pending {
            effect,
            books,
            number: self.effects,
            returned,
        });
    }

    /// Whether a path is the books' directory or stands in it.
    pub(crate) fn is_of_books(&self, path: &Path) -> bool {
        path.starts_with(self.root.join(crate::work::BOOKS))
    }

    fn file(&self, path: &Path) -> usize {
        match self.current.get(path) {
            Some(Node::File(file)) => *file,
            other => panic!("{} is written and is {other:?}", path.display()),
        }
    }

    fn sync(&mut self, path: &Path, began: usize) {
        let node = self.current.get(path).copied();
        let concerned = |effect: &Effect| match effect {
            Effect::Name { path: name, .. } | Effect::Rename { to: name, .. } => {
                node == Some(Node::Directory) && name.parent() == Some(path)
            }
            Effect::Write { file, .. } | Effect::Length { file, .. } => {
                node == Some(Node::File(*file))
            }
        };
        // A directory that is gone has taken its names along. The last changes come first here.
        let mut gone: Vec<PathBuf> = Vec::new();
        let (mut settled, mut left) = (Vec::new(), Vec::new());
        for pending in std::mem::take(&mut self.pending).into_iter().rev() {
            let name = pending.effect.name();
            let taken = name.is_some_and(|name| gone.iter().any(|gone| name.starts_with(gone)));
            if taken || (concerned(&pending.effect) && pending.returned < began) {
                if let Effect::Name { path, node: None } = &pending.effect {
                    gone.push(path.clone());
                }
                settled.push(pending);
            } else {
                left.push(pending);
            }
        }
        settled.reverse();
        left.reverse();
        self.pending = left;
        for pending in settled {
            pending.effect.on_names(&mut self.names);
            pending.effect.on_contents(&mut self.contents, Kept::Whole);
            self.durable.with(&pending, Kept::Whole.number());
        }
    }

    /// Which state a power cut leaves.
    pub(crate) fn identity(&self, survival: &Survival) -> Identity {
        let mut identity = self.durable;
        for (pending, kept) in self.pending.iter().zip(&survival.kept) {
            if *kept != Kept::Nothing {
                identity.with(pending, kept.number());
            }
        }
        identity
    }

    /// The state that a power cut leaves.
    pub(crate) fn image(&self, survival: &Survival, acknowledged: u64, point: usize) -> Image {
        let mut names = self.names.clone();
        for (pending, kept) in self.pending.iter().zip(&survival.kept) {
            if *kept != Kept::Nothing {
                pending.effect.on_names(&mut names);
            }
        }
        Image {
            name: format!("point {point}, {}", survival.name),
            acknowledged,
            new_books: true,
            files: self.files(&names, &survival.kept),
        }
    }

    /// Names below the directory with their contents; of a directory, nothing.
    fn files(&self, names: &Names, kept: &[Kept]) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut files: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
        for (path, node) in names.iter().filter(|(path, _)| **path != self.root) {
            // What stands in a directory that was lost is lost with it.
            if names.get(path.parent().unwrap()) != Some(&Node::Directory) {
                continue;
            }
            let contents = match node {
                Node::Directory => None,
                Node::File(file) => Some(self.content(*file, kept)),
            };
            files.push((path.strip_prefix(&self.root).unwrap().to_owned(), contents));
        }
        files
    }

    fn content(&self, wanted: usize, kept: &[Kept]) -> Vec<u8> {
        let mut content = self.contents[wanted].clone();
        for (pending, kept) in self.pending.iter().zip(kept) {
            match pending.effect {
                Effect::Write { file, .. } | Effect::Length { file, .. } if file == wanted => {
                    pending.effect.on_content(&mut content, *kept);
                }
                _ => {}
            }
        }
        content
    }

    /// How many segments were removed.
    pub(crate) fn removed(&self) -> usize {
        let held = self.current.keys().filter_map(|path| self.segment(path));
        self.every_segment().len() - held.count()
    }

    /// Every segment there ever was, with all that was written to it before it was removed.
    pub(crate) fn every_segment(&self) -> BTreeMap<String, Vec<u8>> {
        let mut segments = self.removed.clone();
        for path in self.current.keys() {
            if let Some((name, content)) = self.segment(path) {
                segments.insert(name, content);
            }
        }
        segments
    }

    fn segment(&self, path: &Path) -> Option<(String, Vec<u8>)> {
        let name = path.file_name()?.to_str()?;
        let Some(Node::File(file)) = self.current.get(path) else {
            return None;
        };
        let whole = || vec![Kept::Whole; self.pending.len()];
        let segment = name
            .starts_with("segment-")
            .then(|| self.content(*file, &whole()))?;
        Some((name.to_owned(), segment))
    }

    /// Checks that the recorder missed nothing: what it saw adds up to the files that are there.
    pub(crate) fn expect_same_as(&self, directory: &Path) {
        let whole = vec![Kept::Whole; self.pending.len()];
        let mut expected = 0;
        for (path, content) in self.files(&self.current, &whole) {
            let there = directory.join(&path);
            match content {
                None => assert!(there.is_dir(), "{} is not there", path.display()),
                Some(content) => {
                    let found = std::fs::read(&there).unwrap();
                    assert!(content == found, "{} is not as recorded", path.display());
                }
            }
            expected += 1;
        }
        assert_eq!(expected, count(directory), "files were made unseen");
    }
}

fn count(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { 1 + count(&path) } else { 1 })
        .sum()
}
