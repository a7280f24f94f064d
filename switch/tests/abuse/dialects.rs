//! What each network says in the abuse test: its golden messages, and what the switch answers to them.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;

use crate::harness::{Fields, Switch, generated_pan, repository};

/// Bytes of a file of golden messages, `None` for those that are not compared.
type Golden = Vec<Option<u8>>;

/// A request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Vec<u8>,
    answer: Golden,
}

/// A network, its port and its messages.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// Bytes before the message: length, control and header.
    pub(crate) before: usize,
    /// Where else than at the beginning its length stands.
    length_again: Option<usize>,
    sign_on: Option<Exchange>,
    pub(crate) echo: Exchange,
    pub(crate) purchase: Exchange,
}

/// The networks beside the generic one: name, number, bytes before the message, where its length stands again.
const NETWORKS: [(&str, u64, usize, Option<usize>); 3] = [
    ("visa", 2, 26, Some(7)),
    ("mastercard", 3, 2, None),
    ("elo", 4, 2, None),
];

/// Exchanges by network and what they are.
static GOLDEN: LazyLock<BTreeMap<(String, String), Exchange>> = LazyLock::new(|| {
    let file = repository().join("switch/tests/golden/networks.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let (mut exchanges, mut what, mut asked) = (BTreeMap::new(), String::new(), Vec::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            name.clone_into(&mut what);
        } else if let Some((_, request)) = line.split_once(" > ") {
            let request: Option<Vec<u8>> = bytes(request).into_iter().collect();
            asked = request.unwrap();
        } else if let Some((network, answer)) = line.split_once(" < ") {
            let exchange = Exchange {
                request: std::mem::take(&mut asked),
                answer: bytes(answer),
            };
            exchanges.insert((network.to_owned(), what.clone()), exchange);
        }
    }
    exchanges
});

fn bytes(text: &str) -> Golden {
    let pairs = text.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| (pair != "..").then(|| u8::from_str_radix(pair, 16).unwrap()))
        .collect()
}

/// Every network of a switch.
pub(crate) fn networks(switch: &Switch) -> Vec<Network> {
    let silent = |request: &Fields| Exchange {
        request: request.frame(),
        answer: Vec::new(),
    };
    let generic = Network {
        name: "generic",
        address: switch.iso,
        before: 2,
        length_again: None,
        sign_on: None,
        echo: silent(&Fields::echo_test()),
        purchase: silent(&Fields::purchase(&generated_pan(6), 1)),
    };
    let others = NETWORKS.map(|(name, number, before, length_again)| {
        let said = |what: &str| GOLDEN.get(&(name.to_owned(), what.to_owned())).cloned();
        Network {
            name,
            address: switch.port(number),
            before,
            length_again,
            sign_on: said("sign-on"),
            echo: said("echo test").unwrap(),
            purchase: said("purchase")
                .or_else(|| said("purchase without a sign-on"))
                .unwrap(),
        }
    });
    [generic].into_iter().chain(others).collect()
}

impl Network {
    /// A link, signed on where the network does that.
    pub(crate) fn connect(&self) -> TcpStream {
        let mut stream = crate::connect(self.address);
        if let Some(sign_on) = &self.sign_on {
            self.expect(&mut stream, sign_on);
        }
        stream
    }

    /// Says it and takes the answer, which must be the golden one.
    pub(crate) fn expect(&self, stream: &mut TcpStream, exchange: &Exchange) {
        stream.write_all(&exchange.request).unwrap();
        let answer = self.frame(stream);
        assert!(
            is(&answer, &exchange.answer),
            "{}: {answer:02x?}",
            self.name
        );
    }

    /// Whether a frame is the answer to the echo test.
    pub(crate) fn is_echoed(&self, frame: &[u8]) -> bool {
        if self.echo.answer.is_empty() {
            return frame.get(2..6) == Some(b"0810");
        }
        is(frame, &self.echo.answer)
    }

    /// The next frame.
    pub(crate) fn frame(&self, stream: &mut TcpStream) -> Vec<u8> {
        let mut frame = vec![0; 2];
        stream.read_exact(&mut frame).unwrap();
        let length = usize::from(u16::from_be_bytes([frame[0], frame[1]]));
        frame.resize(2 + self.control() + length, 0);
        stream.read_exact(&mut frame[2..]).unwrap();
        frame
    }

    /// Bytes between the length and what it counts.
    fn control(&self) -> usize {
        if self.length_again.is_some() { 2 } else { 0 }
    }

    /// A frame cut behind so many bytes, whose lengths say so.
    pub(crate) fn cut(&self, frame: &[u8], at: usize) -> Vec<u8> {
        let mut cut = frame[..at].to_vec();
        let length = u16::try_from(at - 2 - self.control())
            .unwrap()
            .to_be_bytes();
        cut[..2].copy_from_slice(&length);
        if let Some(place) = self.length_again {
            cut[place..place + 2].copy_from_slice(&length);
        }
        cut
    }

    /// What begins the longest frame that is accepted, or a longer one.
    pub(crate) fn announced(&self, length: u16) -> Vec<u8> {
        let mut begun = length.to_be_bytes().to_vec();
        begun.resize(2 + self.control(), 0);
        begun
    }
}

fn is(found: &[u8], expected: &Golden) -> bool {
    found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(found, expected)| expected.is_none_or(|expected| expected == *found))
}
