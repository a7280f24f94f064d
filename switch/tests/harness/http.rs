//! Just enough of HTTP/1.1 to read what the switch shows.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::clock::PATIENCE;

/// An answer of the switch.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// GET on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    request("GET", address, path)
}

/// POST without a body on a connection of its own.
pub(crate) fn post(address: SocketAddr, path: &str) -> Answer {
    request("POST", address, path)
}

fn request(method: &str, address: SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(
        !head.to_ascii_lowercase().contains("transfer-encoding"),
        "{path}: an answer in chunks is not understood here"
    );
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        body: body.to_owned(),
    }
}
