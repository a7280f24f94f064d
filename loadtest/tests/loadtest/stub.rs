//! An issuer with books of its own and faults on demand, and its HTTP interface.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use codec::{Dialect, Element, FrameReader, Message, MtiClass};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the issuer does wrong with some messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Decides and does not answer.
    Drop,
    /// Answers after a time, in milliseconds.
    Late(u64),
    /// Answers twice.
    Twice,
    /// Returns another retrieval reference.
    OtherReference,
    /// Answers to another terminal.
    OtherTerminal,
    /// Leaves DE39 out.
    NoResponseCode,
    /// Sends bytes that are no message, then the answer.
    Garbage,
    /// Declines everything.
    Decline,
    /// Answers 91 without deciding.
    Overload,
    /// Decides nothing at all for a time, in milliseconds, while messages pile up.
    Stall(u64),
    /// Closes the connection.
    Close,
    /// Says approved and forgets the money.
    ForgetMoney,
    /// Decides a repeat as if it were new.
    DecideRepeats,
}

/// Which messages get the fault, counted from 1 over all connections: every so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behaviour {
    pub(crate) fault: Fault,
    pub(crate) every: u64,
}

#[derive(Default)]
struct Books {
    available: BTreeMap<u64, i64>,
    /// Answers by MTI class letter, STAN, DE7 and terminal.
    answers: BTreeMap<String, String>,
    reversed: BTreeSet<String>,
}

/// A running issuer. It lives as long as the test process.
pub(crate) struct Stub {
    pub(crate) target: SocketAddr,
    pub(crate) admin: SocketAddr,
    faults: Arc<AtomicU64>,
}

struct Issuer {
    dialect: Dialect,
    behaviour: Behaviour,
    seen: AtomicU64,
    faults: Arc<AtomicU64>,
    books: Mutex<Books>,
    /// How often it was asked how far its books are shown.
    asked: AtomicU64,
}

/// After how many questions its books are shown: before that, accounts stand as at the start.
const QUESTIONS: u64 = 4;

const LIMIT: i64 = 10_000_000;
const FIRST_ACCOUNT: u64 = 1_000_000;
const ACCOUNTS: u64 = 100_000;

impl Stub {
    pub(crate) fn start(fault: Fault, every: u64) -> Self {
        let behaviour = Behaviour { fault, every };
        let text = include_str!("../../../config/dialects/iso1987-ascii.toml");
        let dialect = Dialect::from_toml("iso1987-ascii.toml", text).unwrap();
        let faults = Arc::new(AtomicU64::new(0));
        let issuer = Arc::new(Issuer {
            dialect,
            behaviour,
            seen: AtomicU64::new(0),
            faults: Arc::clone(&faults),
            books: Mutex::default(),
            asked: AtomicU64::new(0),
        });
        let (addresses, started) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let links = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let local = (links.local_addr().unwrap(), http.local_addr().unwrap());
                addresses.send(local).unwrap();
                tokio::join!(
                    accept(links, Arc::clone(&issuer), link),
                    accept(http, issuer, serve)
                );
            });
        });
        let (target, admin) = started.recv().unwrap();
        Self {
            target,
            admin,
            faults,
        }
    }

    /// How many messages got the fault.
    pub(crate) fn faults(&self) -> u64 {
        self.faults.load(Ordering::SeqCst)
    }
}

async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    issuer: Arc<Issuer>,
    connection: fn(TcpStream, Arc<Issuer>) -> F,
) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&issuer)));
    }
}

/// Bytes to send, and when.
type Outgoing = (Duration, BytesMut);

async fn link(stream: TcpStream, issuer: Arc<Issuer>) {
    stream.set_nodelay(true).unwrap();
    let (input, output) = stream.into_split();
    let (sender, receiver) = mpsc::channel(100_000);
    tokio::join!(read(input, issuer, sender), write(output, receiver));
}

async fn write(mut output: OwnedWriteHalf, mut receiver: mpsc::Receiver<Outgoing>) {
    let (sorted, mut ready) = mpsc::channel::<BytesMut>(100_000);
    let delay = async {
        while let Some((after, bytes)) = receiver.recv().await {
            let sorted = sorted.clone();
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                // The load test may be gone by then.
                drop(sorted.send(bytes).await);
            });
        }
        drop(sorted);
    };
    let send = async {
        while let Some(bytes) = ready.recv().await {
            if output.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(delay, send);
}

async fn read(mut input: OwnedReadHalf, issuer: Arc<Issuer>, sender: mpsc::Sender<Outgoing>) {
    let mut reader = FrameReader::new(issuer.dialect.framing());
    loop {
        match input.read(reader.spare()).await {
            Ok(count) if count > 0 => reader.filled(count),
            _ => return,
        }
        while let Some(frame) = reader.next_frame().unwrap() {
            let request = issuer.dialect.decode(frame).unwrap();
            let fault = issuer.next_fault();
            if let Fault::Stall(milliseconds) = fault {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
            if fault == Fault::Close {
                return;
            }
            for outgoing in issuer.answer(&request, fault) {
                if sender.send(outgoing).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Issuer {
    /// How far its books are shown.
    fn shown(&self) -> String {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let shown = asked.min(QUESTIONS);
        format!("{{\"journal_sequence\":{QUESTIONS},\"shown_sequence\":{shown}}}")
    }

    fn next_fault(&self) -> Fault {
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        // A stall and a close happen once.
        let once = matches!(self.behaviour.fault, Fault::Stall(_) | Fault::Close);
        let hit = match once {
            true => number == self.behaviour.every,
            false => number.is_multiple_of(self.behaviour.every),
        };
        match (hit, self.behaviour.fault) {
            // Only where there is something to repeat or to take.
            (true, fault) if !matches!(fault, Fault::DecideRepeats | Fault::ForgetMoney) => {
                self.faults.fetch_add(1, Ordering::SeqCst);
                fault
            }
            (true, fault) => fault,
            (false, _) => Fault::None,
        }
    }

    fn answer(&self, request: &Message, fault: Fault) -> Vec<Outgoing> {
        let now = Duration::ZERO;
        let code = match fault {
            Fault::Decline => "05".to_owned(),
            Fault::Overload => "91".to_owned(),
            fault => self.decide(request, fault),
        };
        let good = self.response(request, Some(&code), None);
        let altered = |element, value| self.response(request, Some(&code), Some((element, value)));
        match fault {
            Fault::Drop => vec![],
            Fault::Late(milliseconds) => vec![(Duration::from_millis(milliseconds), good)],
            Fault::Twice => vec![(now, good.clone()), (now, good)],
            Fault::OtherReference => {
                vec![(
                    now,
                    altered(Element::RETRIEVAL_REFERENCE_NUMBER, "000000000000"),
                )]
            }
            Fault::OtherTerminal => vec![(now, altered(Element::TERMINAL_ID, "SOMEBODY"))],
            Fault::NoResponseCode => vec![(now, self.response(request, None, None))],
            Fault::Garbage => {
                vec![
                    (now, BytesMut::from(&b"\x00\x080110\xFF\xFF\xFF\xFF"[..])),
                    (now, good),
                ]
            }
            _ => vec![(now, good)],
        }
    }

    fn response(
        &self,
        request: &Message,
        code: Option<&str>,
        altered: Option<(Element, &str)>,
    ) -> BytesMut {
        let echo: Vec<Element> = [2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 90]
            .into_iter()
            .filter_map(Element::new)
            .collect();
        let mut response = self.dialect.encoder(request.mti().response().unwrap());
        response.echo(request, &echo);
        if let Some(code) = code {
            response.set(Element::RESPONSE_CODE, code);
        }
        if let Some((element, value)) = altered {
            response.set(element, value);
        }
        let mut out = BytesMut::new();
        let framing = self.dialect.framing();
        framing.write(&mut out, |out| response.write(out)).unwrap();
        out
    }

    fn decide(&self, request: &Message, fault: Fault) -> String {
        let text = |element| request.text(element).unwrap_or_default();
        let key = |class: char, stan: &str, transmission: &str| {
            format!("{class}{stan}{transmission}{}", text(Element::TERMINAL_ID))
        };
        let digits = String::from_utf8(request.mti().digits().to_vec()).unwrap();
        let class = digits.chars().nth(1).unwrap();
        let own = key(
            class,
            text(Element::STAN),
            text(Element::TRANSMISSION_DATE_TIME),
        );
        let mut books = self.books.lock().unwrap();
        if let Some(code) = books.answers.get(&own) {
            if fault == Fault::DecideRepeats {
                self.faults.fetch_add(1, Ordering::SeqCst);
                return "94".to_owned();
            }
            return code.clone();
        }
        let card: u64 = text(Element::PAN)
            .strip_prefix("40000013")
            .and_then(|rest| rest.get(..7))
            .and_then(|number| number.parse().ok())
            .unwrap();
        let amount: i64 = text(Element::AMOUNT_TRANSACTION).parse().unwrap_or(0);
        let reversal = request.mti().class() == MtiClass::Reversal;
        let available = books.available.entry(card).or_insert(LIMIT);
        let (code, change) = match (card, text(Element::PROCESSING_CODE)) {
            (ACCOUNTS.., _) => ("14", 0),
            (_, "313000") => ("00", 0),
            _ if reversal => ("00", amount),
            _ if *available < amount => ("51", 0),
            _ => ("00", -amount),
        };
        if fault == Fault::ForgetMoney && change != 0 {
            self.faults.fetch_add(1, Ordering::SeqCst);
        } else {
            *available += change;
        }
        if reversal {
            let original =
                codec::OriginalDataElements::parse(text(Element::ORIGINAL_DATA_ELEMENTS));
            let original = original.unwrap();
            let stan = String::from_utf8(original.stan.to_vec()).unwrap();
            let transmission = String::from_utf8(original.transmission.to_vec()).unwrap();
            let class = char::from(original.mti.digits()[1]);
            let named = key(class, &stan, &transmission);
            assert_eq!(
                books.answers.get(&named).map(String::as_str),
                Some("00"),
                "{named}"
            );
            assert!(
                books.reversed.insert(named),
                "an original was reversed twice"
            );
        }
        books.answers.insert(own, code.to_owned());
        code.to_owned()
    }
}

/// Answers `GET /v1/accounts/{id}` for keep-alive connections, as the switch does.
async fn serve(mut stream: TcpStream, issuer: Arc<Issuer>) {
    let mut input = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        while let Some(end) = input.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head: Vec<u8> = input.drain(..end + 4).collect();
            let head = String::from_utf8(head).unwrap();
            let path = head.split(' ').nth(1).unwrap();
            let id = path
                .strip_prefix("/v1/accounts/")
                .map(|id| id.parse::<u64>().unwrap());
            let (status, body) = match id.and_then(|id| id.checked_sub(FIRST_ACCOUNT)) {
                _ if path == "/v1/books" => ("200 OK", issuer.shown()),
                Some(card) if card < ACCOUNTS => {
                    let books = issuer.books.lock().unwrap();
                    let available = books.available.get(&card).copied();
                    let shown = issuer.asked.load(Ordering::SeqCst) >= QUESTIONS;
                    let available = available.filter(|_| shown).unwrap_or(LIMIT);
                    let limits = format!("{{\"available_credit_limit\":{available}}}");
                    ("200 OK", format!("{{\"limits_minor\":{limits}}}"))
                }
                _ => ("404 Not Found", "{}".to_owned()),
            };
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => input.extend_from_slice(&chunk[..count]),
            _ => return,
        }
    }
}
