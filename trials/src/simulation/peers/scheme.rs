//! The networks of a simulation, as their hosts write and read.
//!
//! Owns: which operations a network has, what its messages carry beside the common elements, and how its frames are
//! cut. Told apart from the switch's adapters: written down here from the manuals' point of view, as text and hexadecimal
//! digits. Must never: know what a message does.

use codec::Element;
use rules::NetworkId;

use super::super::run::Run;
use super::purchase::{Kind, cash_minor};

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    Generic,
    Visa,
    Mastercard,
    Elo,
}

/// Beyond ASCII digits and capitals, the frames of networks differ in these bytes of the text `X`.
const ASCII_X: u8 = b'X';
const EBCDIC_X: u8 = 0xE7;
/// No packed digits.
const NO_DIGITS: u8 = 0xAA;

/// Characters of the header that a Visa-like network puts before each message.
const VISA_HEADER_BYTES: usize = 22;

impl Scheme {
    /// Every network.
    pub const ALL: [Self; 4] = [Self::Generic, Self::Visa, Self::Mastercard, Self::Elo];

    /// Its number in `config/networks`.
    pub fn network(self) -> NetworkId {
        NetworkId(match self {
            Self::Generic => 1,
            Self::Visa => 2,
            Self::Mastercard => 3,
            Self::Elo => 4,
        })
    }

    /// Whether traffic before a sign-on is refused.
    pub fn requires_sign_on(self) -> bool {
        matches!(self, Self::Visa | Self::Mastercard)
    }

    /// Whether its hosts acknowledge answers.
    pub fn acknowledges(self) -> bool {
        self == Self::Mastercard
    }

    /// Whether an operation can be authorized and posted in one message.
    pub fn has_single_messages(self) -> bool {
        matches!(self, Self::Generic | Self::Elo)
    }

    /// Whether it has such operations.
    pub fn carries(self, kind: Kind) -> bool {
        match kind {
            Kind::Special => self == Self::Generic,
            Kind::Cashback | Kind::Instalments => self != Self::Visa,
            _ => true,
        }
    }

    /// The first two digits of DE3.
    pub fn processing_code(self, kind: Kind) -> &'static str {
        match kind {
            Kind::Cash => "01",
            Kind::Cashback => "09",
            Kind::Refund => "20",
            Kind::Inquiry if self.requires_sign_on() => "30",
            Kind::Inquiry => "31",
            Kind::Special => "88",
            _ => "00",
        }
    }

    /// Elements that every request has, and its reversals after it, with the network's own name of the transaction
    /// where it has one.
    pub fn common(self, reference: Option<usize>) -> Vec<(Element, String)> {
        let named = |number: u8, text: String| (element(number), text);
        let of = |texts: &[(u8, &str)]| -> Vec<(Element, String)> {
            let texts = texts.iter();
            texts
                .map(|(n, text)| named(*n, (*text).to_owned()))
                .collect()
        };
        let mut elements = of(match self {
            Self::Generic => &[],
            Self::Visa => &[(22, "0120"), (25, "00")],
            Self::Mastercard => &[(22, "012"), (48, "R"), (61, "0000000000800840902101234")],
            Self::Elo => &[(22, "012"), (25, "00")],
        });
        // Networks number alike: the same name on two networks names two transactions.
        elements.extend(reference.map(|number| match self {
            Self::Generic | Self::Elo => named(63, format!("TRX{number:06}")),
            // Parts 1 (Y in EBCDIC) and 2 of eight bytes of bitmap.
            Self::Visa => named(62, format!("C000000000000000E8{number:016}")),
            Self::Mastercard => named(63, format!("TRX{number:06}")),
        }));
        elements
    }

    /// Elements of a kind of operation.
    pub fn of_kind(self, kind: Kind, amount_minor: i64, run: &mut Run) -> Vec<(Element, String)> {
        match kind {
            Kind::Cashback => {
                let cashback = format!("0040840D{:012}", cash_minor(amount_minor));
                vec![(Element::ADDITIONAL_AMOUNTS, cashback)]
            }
            Kind::Instalments => {
                let count = 2 + run.random.below(10);
                vec![match self {
                    Self::Generic | Self::Visa => {
                        (Element::EXTENDED_PAYMENT_CODE, format!("{count:02}"))
                    }
                    Self::Mastercard => (element(112), format!("00100420{count:02}")),
                    Self::Elo => (element(48), format!("00200402{count:02}")),
                }]
            }
            _ => Vec::new(),
        }
    }

    /// Bytes before the message in a frame: the length with what belongs to it, and a header.
    pub fn lead_bytes(self) -> usize {
        match self {
            Self::Visa => self.length_bytes() + VISA_HEADER_BYTES,
            _ => self.length_bytes(),
        }
    }

    /// Bytes of the length and of the control beside it.
    pub fn length_bytes(self) -> usize {
        match self {
            Self::Visa => 4,
            _ => 2,
        }
    }

    /// The frame that gives a message back as rejected; `None` where the network rejects by messages alone.
    pub fn given_back(self, header: &[u8], body: &[u8]) -> Option<Vec<u8>> {
        if self != Self::Visa {
            return None;
        }
        let mut frame = vec![0x1A, 1, 2];
        frame.resize(24, 0);
        frame.extend([0x04, 0x97]);
        frame.extend(header);
        frame.extend(body);
        let length = (frame.len() as u16).to_be_bytes();
        Some([&length[..], &[0, 0], &frame].concat())
    }

    /// Bytes of the headers at the beginning of a frame, and whether they give a message back.
    pub fn header_bytes(self, frame: &[u8]) -> (usize, bool) {
        let usual = self.lead_bytes() - self.length_bytes();
        match frame.first() {
            Some(0x1A) if self == Self::Visa => (0x1A + usual, true),
            _ => (usual, false),
        }
    }

    /// A byte that is no digit of this network's numbers.
    pub fn no_digit(self) -> u8 {
        match self {
            Self::Generic | Self::Elo => ASCII_X,
            Self::Mastercard => EBCDIC_X,
            Self::Visa => NO_DIGITS,
        }
    }
}

fn element(number: u8) -> Element {
    Element::new(number).unwrap()
}
