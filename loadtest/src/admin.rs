//! Reading accounts, and how far they are shown, over the switch's HTTP interface.
//!
//! Owns: as much of HTTP/1.1 as it takes to ask one server for many small JSON documents over one
//! connection, many at a time. Must never: change anything on the switch.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Requests under way at once.
const PIPELINED: usize = 64;

/// How long one step may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Longest response head, and longest body, in bytes.
const LONGEST: usize = 64 * 1024;

/// Why the books could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The server cannot be reached, or it closed the connection.
    #[error("admin {address}: {source}")]
    Io {
        /// The server.
        address: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The server's answer is not understood.
    #[error("admin {address}: {path}: {reason}")]
    Answer {
        /// The server.
        address: String,
        /// The path asked for.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// What is read of an account.
#[derive(Debug, Deserialize)]
struct Account {
    limits_minor: Limits,
}

#[derive(Debug, Deserialize)]
struct Limits {
    available_credit_limit: i64,
}

/// How far the books that a server shows are behind what it has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Shown {
    /// The last batch that is durable.
    pub(crate) journal_sequence: u64,
    /// The last batch that readers see.
    pub(crate) shown_sequence: u64,
}

/// How far the books are shown; nothing for a server that does not say it.
///
/// # Errors
/// [`AdminError`] when the server cannot be reached or answers something else.
pub(crate) async fn shown(address: &str) -> Result<Option<Shown>, AdminError> {
    let mut connection = Connection::open(address).await?;
    let path = "/v1/books".to_owned();
    connection.ask(std::slice::from_ref(&path)).await?;
    connection.answer(&path).await
}

/// The available limits of accounts in minor units. Accounts that the switch does not have are left out.
///
/// # Errors
/// [`AdminError`] when the server cannot be reached or answers something else.
pub(crate) async fn available_limits(
    address: &str,
    account_ids: &[u64],
) -> Result<BTreeMap<u64, i64>, AdminError> {
    let mut connection = Connection::open(address).await?;
    let paths: Vec<String> = account_ids
        .iter()
        .map(|account_id| format!("/v1/accounts/{account_id}"))
        .collect();
    let mut limits = BTreeMap::new();
    let (first, rest) = paths.split_at(paths.len().min(PIPELINED));
    connection.ask(first).await?;
    let mut rest = rest.chunks(1);
    for (account_id, path) in account_ids.iter().zip(&paths) {
        if let Some(account) = connection.answer::<Account>(path).await? {
            limits.insert(*account_id, account.limits_minor.available_credit_limit);
        }
        // One by one: each request carries the acknowledgement that a server without TCP_NODELAY waits for.
        if let Some(next) = rest.next() {
            connection.ask(next).await?;
        }
    }
    Ok(limits)
}

struct Connection<'a> {
    address: &'a str,
    stream: TcpStream,
    input: BytesMut,
}

/// The head of a response.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body_bytes: usize,
}

impl<'a> Connection<'a> {
    async fn open(address: &'a str) -> Result<Self, AdminError> {
        let failed = |source| AdminError::Io {
            address: address.to_owned(),
            source,
        };
        let stream = timeout(LIMIT, TcpStream::connect(address)).await;
        let stream = stream.map_err(|elapsed| failed(elapsed.into()))?;
        Ok(Self {
            address,
            stream: stream.map_err(failed)?,
            input: BytesMut::new(),
        })
    }

    /// Asks for documents. The answers come in the same order.
    async fn ask(&mut self, paths: &[String]) -> Result<(), AdminError> {
        let mut requests = String::new();
        for path in paths {
            requests.push_str(&format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n",
                self.address
            ));
        }
        let sent = timeout(LIMIT, self.stream.write_all(requests.as_bytes())).await;
        let sent = sent.unwrap_or_else(|elapsed| Err(elapsed.into()));
        sent.map_err(|source| self.io(source))
    }

    /// The next answer; nothing where the server does not have what was asked for.
    async fn answer<T: DeserializeOwned>(&mut self, path: &str) -> Result<Option<T>, AdminError> {
        match timeout(LIMIT, self.next_answer(path)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(self.io(elapsed.into())),
        }
    }

    async fn next_answer<T: DeserializeOwned>(
        &mut self,
        path: &str,
    ) -> Result<Option<T>, AdminError> {
        let head_bytes = loop {
            if let Some(end) = self.input.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more(path).await?;
        };
        let head = self.input.split_to(head_bytes);
        let head = parse_head(&head).map_err(|reason| self.wrong(path, reason))?;
        while self.input.len() < head.body_bytes {
            self.read_more(path).await?;
        }
        let document = match head.status {
            200 => {
                let body = self.input.get(..head.body_bytes).unwrap_or_default();
                let document = serde_json::from_slice::<T>(body);
                Some(document.map_err(|error| self.wrong(path, error.to_string()))?)
            }
            404 => None,
            status => return Err(self.wrong(path, format!("status {status}"))),
        };
        self.input.advance(head.body_bytes);
        Ok(document)
    }

    async fn read_more(&mut self, path: &str) -> Result<(), AdminError> {
        // More than one answer may be waiting.
        if self.input.len() > LONGEST * PIPELINED {
            return Err(self.wrong(path, "the answer is too long".to_owned()));
        }
        let read = self.stream.read_buf(&mut self.input).await;
        match read {
            Ok(0) => Err(self.io(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => Ok(()),
            Err(source) => Err(self.io(source)),
        }
    }

    fn io(&self, source: io::Error) -> AdminError {
        AdminError::Io {
            address: self.address.to_owned(),
            source,
        }
    }

    fn wrong(&self, path: &str, reason: String) -> AdminError {
        AdminError::Answer {
            address: self.address.to_owned(),
            path: path.to_owned(),
            reason,
        }
    }
}

/// Status and length. An answer without a length, or in chunks, is refused.
fn parse_head(head: &[u8]) -> Result<Head, String> {
    let head = std::str::from_utf8(head).or(Err("the head is not text"))?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let mut words = status_line.split(' ');
    let status = match words.next() {
        Some("HTTP/1.1") => words.next().and_then(|status| status.parse().ok()),
        _ => None,
    };
    let status = status.ok_or("the status line is not HTTP/1.1")?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, value)| {
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>())
        });
    match length {
        Some(Ok(body_bytes)) if body_bytes <= LONGEST => Ok(Head { status, body_bytes }),
        Some(_) => Err("content-length is not a length up to 65536".to_owned()),
        None => Err("there is no content-length".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_give_status_and_length() {
        let head = b"HTTP/1.1 404 Not Found\r\ndate: x\r\nContent-Length: 17\r\n\r\n";
        assert_eq!(
            parse_head(head),
            Ok(Head {
                status: 404,
                body_bytes: 17
            })
        );
        for (head, reason) in [
            (&b"SSH-2.0-x\r\n\r\n"[..], "HTTP/1.1"),
            (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                "no content-length",
            ),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
                "65536",
            ),
            (b"\xff\r\n\r\n", "not text"),
        ] {
            let error = parse_head(head).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
