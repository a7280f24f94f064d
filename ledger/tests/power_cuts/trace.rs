//! What strace saw: the operations on the files of the traced process and its acknowledgements, in order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::disk::{Change, Point};
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
        if path.ends_with(work::ACKNOWLEDGED) {
            if let ("write", Some(text)) = (name, arguments.strings.last()) {
                let text = std::str::from_utf8(text).unwrap();
                let sequence = text.trim().parse().unwrap();
                self.points.push((began, Point::Acknowledged(sequence)));
            }
            return;
        }
        let change = |change| Point::Begun {
            change,
            began,
            returned,
        };
        let point = match name {
            "openat" => {
                let descriptor = number(result);
                self.positions.insert(descriptor, 0);
                let says = |flag| arguments.rest.contains(flag);
                assert!(!says("O_APPEND"), "{} is appended to", path.display());
                let (path, truncate) = (path.clone(), says("O_TRUNC"));
                if !says("O_CREAT") && !truncate {
                    return;
                }
                change(Change::Open { path, truncate })
            }
            "pwrite64" | "write" => {
                let written = number(result);
                let mut data = arguments.strings.into_iter().next_back().unwrap();
                data.truncate(usize::try_from(written).unwrap());
                let offset = if name == "write" {
                    let position = self
                        .positions
                        .entry(arguments.descriptor.unwrap())
                        .or_default();
                    *position += written;
                    *position - written
                } else {
                    number(arguments.rest.rsplit(", ").next().unwrap())
                };
                let data = Arc::from(data);
                change(Change::Write {
                    path: path.clone(),
                    offset,
                    data,
                })
            }
            "ftruncate" => change(Change::Length {
                path: path.clone(),
                bytes: number(arguments.rest.rsplit(", ").next().unwrap()),
            }),
            "fsync" | "fdatasync" => Point::Synced {
                path: path.clone(),
                began,
            },
            // It orders no metadata and does not empty the device's cache: it promises nothing.
            "sync_file_range" => return,
            "mkdir" | "mkdirat" => change(Change::MakeDirectory { path: path.clone() }),
            "unlink" | "rmdir" => change(Change::Remove { path: path.clone() }),
            // The directory may be given as an open one, the name then stands for itself.
            "unlinkat" => change(Change::Remove {
                path: arguments.strings.iter().take(2).map(text_of).collect(),
            }),
            "rename" | "renameat" | "renameat2" => change(Change::Rename {
                from: path.clone(),
                to: paths[1].clone(),
            }),
            "lseek" => {
                self.positions
                    .insert(arguments.descriptor.unwrap(), number(result));
                return;
            }
            "mmap" if !arguments.rest.contains("MAP_SHARED") => return,
            _ => panic!(
                "{name} on {}: not understood by the recorder",
                path.display()
            ),
        };
        let line = if matches!(point, Point::Synced { .. }) {
            returned
        } else {
            began
        };
        self.points.push((line, point));
    }
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
        while let Some(at) = left.find(['<', '"']) {
            let (before, from) = left.split_at(at);
            rest.push_str(before);
            let close = if from.starts_with('<') { '>' } else { '"' };
            let Some((inner, after)) = from[1..].split_once(close) else {
                break;
            };
            strings.push(unescaped(inner));
            left = after;
        }
        rest.push_str(left);
        let digits = text.chars().take_while(char::is_ascii_digit).count();
        Self {
            descriptor: text[..digits].parse().ok(),
            strings,
            rest,
        }
    }

    /// The names below a directory.
    fn paths(&self, directory: &Path) -> Vec<PathBuf> {
        let paths = self.strings.iter().take(3).map(text_of).map(PathBuf::from);
        paths.filter(|path| path.starts_with(directory)).collect()
    }
}

fn text_of(bytes: &Vec<u8>) -> String {
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
