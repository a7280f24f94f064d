//! What misbehaving peers do to a port of a network. Every round ends with its connections gone.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::dialects::Network;
use crate::connect;
use crate::harness::{PATIENCE, Random, await_answer, now, pause};

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Connections that do nothing, on each port.
    pub(crate) idle: usize,
    /// Connections that come and go, on each port.
    pub(crate) cycles: usize,
    /// Connections that say bytes of chance, on each port.
    pub(crate) random_links: usize,
    /// The same for so long, over all ports.
    pub(crate) random_s: i64,
}

impl Size {
    /// A tenth, or all with `ABUSE=full`.
    pub(crate) fn of_this_run() -> Self {
        if std::env::var_os("ABUSE").is_some_and(|size| size == "full") {
            return Self {
                idle: 1_000,
                cycles: 10_000,
                random_links: 1_000,
                random_s: 60,
            };
        }
        Self {
            idle: 100,
            cycles: 1_000,
            random_links: 100,
            random_s: 0,
        }
    }
}

/// Sends bytes, perhaps to a link that is being closed, and goes away without a word or after the answer.
fn throw(address: SocketAddr, bytes: &[u8], wait: bool) {
    let mut stream = connect(address);
    if stream.write_all(bytes).is_ok() && wait && stream.shutdown(Shutdown::Write).is_ok() {
        let mut answer = Vec::new();
        // A reset is an answer as well.
        drop(stream.read_to_end(&mut answer));
    }
}

/// Connections that come and go.
pub(crate) fn come_and_go(address: SocketAddr, size: Size) {
    for _ in 0..size.cycles {
        drop(connect(address));
    }
}

/// Bytes of chance on every port, in turn.
pub(crate) fn chance(addresses: &[SocketAddr], size: Size, random: &mut Random) {
    let limit = now().plus_us(size.random_s * 1_000_000);
    let mut links = 0;
    while links < size.random_links || now() < limit {
        for address in addresses {
            let length = random.place(2_000);
            let wait = random.below(4) == 0;
            throw(*address, &random.bytes(length), wait);
        }
        links += 1;
    }
}

/// The beginnings of something, each on a connection of its own that then ends.
pub(crate) fn beginnings(address: SocketAddr, whole: &[u8]) {
    for cut in 0..whole.len() {
        throw(address, &whole[..cut], cut % 16 == 0);
    }
}

/// A message cut behind every byte in frames that are whole, on one link: it stays, and answers as ever.
pub(crate) fn cut_messages(network: &Network) {
    let whole = &network.purchase.request;
    let mut link = network.connect();
    for at in network.before..whole.len() {
        link.write_all(&network.cut(whole, at)).unwrap();
    }
    link.write_all(&network.echo.request).unwrap();
    while !network.is_echoed(&network.frame(&mut link)) {}
}

/// A frame that is longer than any: the link is closed at once, whatever else there is to wait for.
pub(crate) fn too_long(network: &Network) {
    let mut link = connect(network.address);
    link.write_all(&network.announced(u16::MAX)).unwrap();
    assert!(is_closed(&mut link), "{}: a frame too long", network.name);
}

/// A frame or request that never ends: begun, and then nothing, or a byte now and then. The connection is closed.
pub(crate) fn never_ends(address: SocketAddr, begun: &[u8], next: Option<u8>) {
    let mut link = connect(address);
    link.set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    link.write_all(begun).unwrap();
    let closed = await_answer(|| {
        if let Some(byte) = next {
            // It may be closed between two bytes.
            drop(link.write_all(&[byte]));
        }
        has_ended(&mut link).then_some(())
    });
    assert!(closed.is_some(), "{address}: it may go on for ever");
}

/// Says the same again and again and never reads, until the connection is closed.
pub(crate) fn never_reads(address: SocketAddr, said: &[u8]) {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    // Little room here, so that the switch meets a peer that does not read soon.
    socket.set_recv_buffer_size(4 << 10).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut link = TcpStream::from(socket);
    link.set_write_timeout(Some(PATIENCE)).unwrap();
    let burst = said.repeat(200);
    let closed = (0..20_000).any(|_| link.write_all(&burst).is_err());
    assert!(closed, "{address}: nothing keeps it from never reading");
}

/// Whether the switch closes it, after whatever it answers.
fn is_closed(link: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match link.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

/// Whether it has ended by now.
fn has_ended(link: &mut TcpStream) -> bool {
    pause(Duration::from_millis(20));
    is_closed(link)
}
