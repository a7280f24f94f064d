//! A network's end of a link: frames over a plain TCP stream.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use codec::{FrameReader, Message};

use super::clock::PATIENCE;
use super::message::{DIALECT, Fields, frame, text};

/// A link, both directions.
#[derive(Debug)]
pub(crate) struct Client {
    sender: Sender,
    receiver: Receiver,
}

/// The direction to the switch.
#[derive(Debug)]
pub(crate) struct Sender {
    stream: TcpStream,
}

/// The direction from the switch.
#[derive(Debug)]
pub(crate) struct Receiver {
    stream: TcpStream,
    reader: FrameReader,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// Over a connection that is there already.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let receiver = Receiver {
            stream: stream.try_clone().unwrap(),
            reader: FrameReader::new(DIALECT.framing()),
        };
        Self {
            sender: Sender { stream },
            receiver,
        }
    }

    /// The two directions, for two threads.
    pub(crate) fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    pub(crate) fn send(&mut self, message: &Fields) {
        assert!(self.sender.send(message), "the link is closed");
    }

    /// Sends a frame with this body.
    pub(crate) fn send_body(&mut self, body: &[u8]) {
        self.send_bytes(&frame(body));
    }

    /// Sends bytes as they are.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        assert!(self.sender.send_bytes(bytes), "the link is closed");
    }

    /// Sends bytes, and says whether the link took them.
    pub(crate) fn try_send_bytes(&mut self, bytes: &[u8]) -> bool {
        self.sender.send_bytes(bytes)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end_sending(&mut self) {
        // A link that is gone takes nothing more anyway.
        drop(self.sender.stream.shutdown(Shutdown::Write));
    }

    /// The next message; none when the link was closed.
    pub(crate) fn receive(&mut self) -> Option<Message> {
        self.receiver.receive()
    }

    /// Sends and returns the answer.
    pub(crate) fn ask(&mut self, message: &Fields) -> Message {
        self.send(message);
        let answer = self.receive().expect("the link was closed, no answer");
        assert_eq!(text(&answer, 11), message.get(11), "STAN of the answer");
        answer
    }

    /// Sends and returns DE39 of the answer.
    pub(crate) fn response_code(&mut self, message: &Fields) -> String {
        text(&self.ask(message), 39).unwrap().to_owned()
    }
}

impl Sender {
    /// Sends a message; false when the link is closed.
    pub(crate) fn send(&mut self, message: &Fields) -> bool {
        self.send_bytes(&frame(&message.body()))
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }
}

impl Receiver {
    /// The next message; none when the link was closed.
    pub(crate) fn receive(&mut self) -> Option<Message> {
        loop {
            if let Some(frame) = self.reader.next_frame().expect("framing of an answer") {
                let answer = DIALECT.decode(frame);
                return Some(answer.expect("an answer that can be decoded"));
            }
            match self.stream.read(self.reader.spare()) {
                Ok(0) => return None,
                Ok(count) => self.reader.filled(count),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("waited in vain for an answer")
                }
                // As it is with a timeout after the whole machine stood still.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // A killed switch resets its links.
                Err(_) => return None,
            }
        }
    }
}
