//! What strace saw: the operations on the files of the traced process and its acknowledgements, in order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::change::Change;
use crate::disk::Point;
use crate::work;

/// Every call that changes a file, makes it durable, or would do so behind the recorder's back.
const CALLS: &str = "trace=openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,\
    sync_file_range,ftruncate,truncate,fallocate,rename,renameat,renameat2,link,linkat,symlink,symlinkat,\
    unlink,unlinkat,rmdir,mkdir,mkdirat,lseek,copy_file_range,sendfile,splice,mmap,io_uring_setup";

/// Runs the traced process on a data directory and returns what it did.
///
/// # Errors
/// Why nothing can be traced here.
pub(crate) fn record(directory: &Path, data: &Path) -> Result<Vec<Point>, String> {
    std::fs::create_dir(data).unwrap();
    let log = directory.join("trace");
    let output = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", "134217728", "-e", "signal=none"])
        .args(["--seccomp-bpf", "-e", CALLS, "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "the_traced_process", "--nocapture"])
        .env(work::DIRECTORY, data)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("strace: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        let traced = std::fs::read_to_string(&log).is_ok_and(|text| text.contains("write("));
        assert!(!traced, "the traced process failed: {said}");
        return Err(format!("no process can be traced: {said}"));
    }
    let text = std::fs::read_to_string(&log).unwrap();
    Ok(read(&text, data))
}

/// Reads a trace of `strace -f -y -xx`.
fn read(text: &str, data: &Path) -> Vec<Point> {
    let mut reader = Reader {
        directory: data.parent().unwrap(),
        positions: BTreeMap::new(),
        points: Vec::new(),
    };
    let mut unfinished: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (line, text) in text.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else {
            continue;
        };
        let text = text.trim_start();
        if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (line, begun));
        } else if text.starts_with("<... ") {
            let Some((began, begun)) = unfinished.remove(thread) else {
                continue;
            };
            let (_, rest) = text.split_once("resumed>").unwrap();
            reader.call(began, line, begun, rest);
        } else if let Some(at) = text.rfind(") ") {
            let (begun, rest) = text.split_at(at);
            reader.call(line, line, begun, rest);
        }
    }
    let mut points = reader.points;
    points.sort_by_key(|(line, _)| *line);
    points.into_iter().map(|(_, point)| point).collect()
}

struct Reader<'a> {
    /// Where the data and the acknowledgements are.
    directory: &'a Path,
    /// Where each open file is written next by `write`.
    positions: BTreeMap<u64, u64>,
    points: Vec<(usize, Point)>,
}

impl Reader<'_> {
    /// One call: its name and arguments in `begun`, its result in `rest`.
    fn call(&mut self, began: usize, returned: usize, begun: &str, rest: &str) {
        let Some((name, arguments)) = begun.split_once('(') else {
            return;
        };
        let result = rest.rsplit_once("= ").map_or("", |(_, result)| result);
        if result.starts_with(['-', '?']) || result.is_empty() {
            return;
        }
        let arguments = Arguments::read(arguments);
        let paths = arguments.paths(self.directory);
        let Some(path) = paths.first() else {
            assert_ne!(name, "io_uring_setup", "the recorder cannot see io_uring");
            return;
        };
        let point = match name {
            _ if path.ends_with(work::ACKNOWLEDGED) => {
                acknowledged(name, &arguments).map(|point| (began, point))
            }
            "fsync" | "fdatasync" => {
                let path = path.clone();
                Some((returned, Point::Synced { path, began }))
            }
            _ => {
                let change = self.change(name, arguments, &paths, result);
                change.map(|change| (began, Point::Begun { change, returned }))
            }
        };
        self.points.extend(point);
    }

    /// What a call changes; nothing when it changes nothing.
    fn change(
        &mut self,
        name: &str,
        arguments: Arguments,
        paths: &[PathBuf],
        result: &str,
    ) -> Option<Change> {
        let path = paths[0].clone();
        match name {
            "openat" => {
                self.positions.insert(number(result), 0);
                let says = |flag| arguments.rest.contains(flag);
                assert!(!says("O_APPEND"), "{} is appended to", path.display());
                let truncate = says("O_TRUNC");
                (says("O_CREAT") || truncate).then_some(Change::Open { path, truncate })
            }
            "pwrite64" | "write" => {
                let written = number(result);
                let offset = match name {
                    "write" => self.advance(arguments.descriptor.unwrap(), written),
                    _ => arguments.last_number(),
                };
                let mut data = arguments.strings.into_iter().next_back().unwrap();
                data.truncate(usize::try_from(written).unwrap());
                let data = Arc::from(data);
                Some(Change::Write { path, offset, data })
            }
            "ftruncate" => Some(Change::Length {
                path,
                bytes: arguments.last_number(),
            }),
            "mkdir" | "mkdirat" => Some(Change::MakeDirectory { path }),
            "unlink" | "rmdir" => Some(Change::Remove { path }),
            // The directory may be given as an open one, the name then stands for itself.
            "unlinkat" => Some(Change::Remove {
                path: arguments.strings.iter().take(2).map(|s| text(s)).collect(),
            }),
            "rename" | "renameat" | "renameat2" => Some(Change::Rename {
                from: path,
                to: paths[1].clone(),
            }),
            "lseek" => {
                let descriptor = arguments.descriptor.unwrap();
                self.positions.insert(descriptor, number(result));
                None
            }
            // The first orders no metadata and does not empty the device's cache: it promises nothing.
            "sync_file_range" => None,
            "mmap" if !arguments.rest.contains("MAP_SHARED") => None,
            _ => panic!("{name} on {}: not recorded", path.display()),
        }
    }

    /// Where an open file is written; it is then written so many bytes further on.
    fn advance(&mut self, descriptor: u64, bytes: u64) -> u64 {
        let position = self.positions.entry(descriptor).or_default();
        *position += bytes;
        *position - bytes
    }
}

/// The acknowledgement that a call on their file is, if it is one.
fn acknowledged(name: &str, arguments: &Arguments) -> Option<Point> {
    let written = arguments.strings.last().filter(|_| name == "write")?;
    let sequence = text(written).trim().parse().unwrap();
    Some(Point::Acknowledged(sequence))
}

/// The leading number of a text.
fn number(text: &str) -> u64 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no number: {text}"))
}

/// The arguments of a call.
struct Arguments {
    /// The first argument, where it is an open file.
    descriptor: Option<u64>,
    /// The names of the open files and the texts, as they come.
    strings: Vec<Vec<u8>>,
    /// Everything else.
    rest: String,
}

impl Arguments {
    fn read(text: &str) -> Self {
        let mut strings = Vec::new();
        let mut rest = String::new();
        let mut left = text;
        while let Some((before, from)) = left.split_once(['<', '"']) {
            let opened_at = left.as_bytes()[before.len()];
            let close = if opened_at == b'<' { '>' } else { '"' };
            let Some((inner, after)) = from.split_once(close) else {
                break;
            };
            rest.push_str(before);
            strings.push(unescaped(inner));
            left = after;
        }
        rest.push_str(left);
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        Self {
            descriptor: digits.parse().ok(),
            strings,
            rest,
        }
    }

    /// The last argument, a number.
    fn last_number(&self) -> u64 {
        number(self.rest.rsplit(", ").next().unwrap())
    }

    /// The names below a directory.
    fn paths(&self, directory: &Path) -> Vec<PathBuf> {
        let strings = self.strings.iter().take(3);
        let paths = strings.map(|string| PathBuf::from(text(string)));
        paths.filter(|path| path.starts_with(directory)).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The bytes that strace shows as `\x61\x62`.
fn unescaped(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |chunk: &[u8]| match chunk {
        [b'\\', b'x', high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(4).filter_map(pair).collect()
}
