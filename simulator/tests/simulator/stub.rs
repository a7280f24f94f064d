//! A scripted peer for the tests: answers each message as a closure says. Owns one listener in a
//! thread of its own; must never decide anything itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use codec::{Dialect, Element, EncodeError, FrameReader, FrameTooLong, Message, Mti};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The card number of the tests; no output may hold it in clear.
pub(crate) const PAN: &str = "4000001200000016";

/// What the peer does with a message.
pub(crate) enum Reply {
    /// The response of the message's type: echoes and these values.
    Answer(Vec<(u8, String)>),
    /// As `Answer`, after this many milliseconds.
    Late(u64, Vec<(u8, String)>),
    /// As `Answer`, without these echoed elements.
    Without(Vec<u8>, Vec<(u8, String)>),
    /// A network management request of the peer's own, then as `Answer`.
    AskFirst(Vec<(u8, String)>),
    /// Nothing.
    Silence,
    /// Closes the link.
    Close,
}

/// An answer of these values.
pub(crate) fn answer(values: &[(u8, &str)]) -> Reply {
    Reply::Answer(owned(values))
}

/// Owned copies of values.
pub(crate) fn owned(values: &[(u8, &str)]) -> Vec<(u8, String)> {
    values
        .iter()
        .map(|(number, value)| (*number, (*value).to_owned()))
        .collect()
}

type Script = dyn FnMut(&Message, usize) -> Reply + Send;

/// The address a peer listens on.
pub(crate) struct Stub {
    pub(crate) target: String,
}

impl Stub {
    /// Starts a peer; `script` sees each readable message and how many came before it.
    pub(crate) fn start(script: impl FnMut(&Message, usize) -> Reply + Send + 'static) -> Self {
        let script: Arc<Mutex<(Box<Script>, usize)>> = Arc::new(Mutex::new((Box::new(script), 0)));
        let (sender, receiver) = std::sync::mpsc::sync_channel::<SocketAddr>(1);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(serve(stream, Arc::clone(&script)));
                }
            });
        });
        Self {
            target: receiver.recv().unwrap().to_string(),
        }
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<(Box<Script>, usize)>>) {
    let dialect = dialect();
    let mut reader = FrameReader::new(dialect.framing());
    loop {
        let frame = match reader.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => match stream.read(reader.spare()).await {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    reader.filled(count);
                    continue;
                }
            },
            Err(_) => return,
        };
        let message = match dialect.decode(frame) {
            Ok(message) => message,
            Err(error) => match error.readable {
                Some(readable) => readable,
                None => continue,
            },
        };
        // An answer to a request of the peer's own needs no reply.
        if message.mti().response().is_none() {
            continue;
        }
        let reply = {
            let mut script = script.lock().unwrap();
            let count = script.1;
            script.1 += 1;
            (script.0)(&message, count)
        };
        let (values, without) = match reply {
            Reply::Answer(values) => (values, Vec::new()),
            Reply::Late(ms, values) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                (values, Vec::new())
            }
            Reply::Without(without, values) => (values, without),
            Reply::AskFirst(values) => {
                let ask = owned(&[(7, "0101000000"), (11, "999998"), (70, "301")]);
                let frame = framed(&dialect, Mti::parse(b"0800").unwrap(), &ask);
                stream.write_all(&frame).await.unwrap();
                let mut back = [0; 2];
                stream.read_exact(&mut back).await.unwrap();
                let mut body = vec![0; usize::from(u16::from_be_bytes(back))];
                stream.read_exact(&mut body).await.unwrap();
                assert!(body.starts_with(b"0810"), "the simulator answers an 0800");
                (values, Vec::new())
            }
            Reply::Silence => continue,
            Reply::Close => return,
        };
        let mut all: Vec<(u8, String)> = [2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 70, 90]
            .into_iter()
            .filter(|number| !without.contains(number))
            .filter_map(|number| Some((number, message.text(Element::new(number)?)?.to_owned())))
            .collect();
        all.extend(values);
        let mti = message.mti().response().unwrap();
        stream
            .write_all(&framed(&dialect, mti, &all))
            .await
            .unwrap();
    }
}

#[derive(Debug)]
struct Unwritable;

impl From<EncodeError> for Unwritable {
    fn from(_: EncodeError) -> Self {
        Self
    }
}

impl From<FrameTooLong> for Unwritable {
    fn from(_: FrameTooLong) -> Self {
        Self
    }
}

fn framed(dialect: &Dialect, mti: Mti, values: &[(u8, String)]) -> BytesMut {
    let mut encoder = dialect.encoder(mti);
    for (number, value) in values {
        encoder.set(Element::new(*number).unwrap(), value);
    }
    let mut frame = BytesMut::new();
    let body = |out: &mut BytesMut| encoder.write(out).map_err(Unwritable::from);
    dialect.framing().write(&mut frame, body).unwrap();
    frame
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}

/// The shipped dialect.
pub(crate) fn dialect() -> Dialect {
    Dialect::load(&repository("config/dialects/iso1987-ascii.toml")).unwrap()
}

/// The result of the real binary.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the real binary in the repository's root and checks that no card number is in its output.
pub(crate) fn simulator(arguments: &[&str]) -> Ran {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args(arguments)
        .current_dir(repository("."))
        .output()
        .unwrap();
    let ran = Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    for printed in [&ran.stdout, &ran.stderr] {
        assert!(!printed.contains(PAN), "a card number in clear:\n{printed}");
    }
    ran
}

/// Writes a scenario to a file and runs it against a peer.
pub(crate) fn run_scenario(stub: &Stub, steps: &str, more: &[&str]) -> Ran {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("scenario.toml");
    std::fs::write(&file, format!("{HEAD}{steps}")).unwrap();
    let mut arguments = vec!["run", file.to_str().unwrap(), "--target", &stub.target];
    arguments.extend(more);
    simulator(&arguments)
}

/// Head and defaults of the scenarios of the tests.
pub(crate) const HEAD: &str = r#"
name = "try"
description = "A scenario of the tests."

[defaults]
2 = "4000001200000016"
14 = "2912"
32 = "100001"
41 = "TERM0001"
42 = "CORNER SHOP 001"
49 = "840"
"#;
