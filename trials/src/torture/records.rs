//! What the clients asked and what they heard.
//!
//! Owns: every message that was made up, under the serial number that it bears as its DE37, and every time
//! that one was sent, with the order of calls and returns. Must never: believe anything that was not
//! answered.

use crate::history::{Answer, Decline, History, Limits, MessageId, Operation, Request};

use super::accounts::AccountNumber;

/// The number of a message among all; its DE37.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Serial(pub u32);

/// A message type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 0100.
    Authorization,
    /// 0200.
    Financial,
    /// 0400 or 0420.
    Reversal,
}

/// What names a message on the wire, with its class and card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Message type.
    pub class: Class,
    /// DE11.
    pub stan: u32,
    /// DE7.
    pub transmission: u64,
    /// The link whose terminal (DE41) it bears.
    pub link: usize,
}

/// A message as its sender made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whose card.
    pub account: AccountNumber,
    /// The serial of the first message of this name: another one only for a conflicting message.
    pub message: MessageId,
    /// Its name.
    pub name: Name,
    /// What it asks.
    pub request: Request,
    /// How often it was sent.
    pub sent: u32,
    /// The answer, if one came that says that it was decided.
    pub heard: Option<Heard>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// DE39.
    pub response_code: String,
    /// DE38.
    pub approval_code: Option<String>,
    /// DE54: ledger and available balance, minor units.
    pub balances: Option<(i64, i64)>,
}

/// Refused undecided: overload, a deadline.
const REFUSED: &str = "91";

impl Heard {
    /// What it means; none when the message was refused undecided.
    ///
    /// # Errors
    /// The answer, when no correct switch would give it to these requests.
    pub fn meaning(&self) -> Result<Option<Answer>, String> {
        let decline = match (self.response_code.as_str(), self.balances) {
            (REFUSED, _) => return Ok(None),
            ("00", None) => return Ok(Some(Answer::Approved)),
            ("00", Some((ledger_minor, available_minor))) => {
                return Ok(Some(Answer::Balances {
                    ledger_minor,
                    available_minor,
                }));
            }
            ("51", _) => Decline::InsufficientFunds,
            ("61", _) => Decline::CashLimit,
            ("87", _) => Decline::Cashback,
            ("05", _) => Decline::ReversedBeforeArrival,
            ("94", _) => Decline::Conflict,
            ("25", _) => Decline::UnknownOriginal,
            ("64", _) => Decline::AmountMismatch,
            _ => return Err(format!("{self:?}")),
        };
        Ok(Some(Answer::Declined(decline)))
    }

    /// Whether it approves.
    #[must_use]
    pub fn is_approval(&self) -> bool {
        self.response_code == "00"
    }
}

/// One time that a message was sent.
#[derive(Clone, Copy, Debug)]
struct Sending {
    serial: Serial,
    called: u64,
    /// When an answer came; `None` in it for one that says that nothing was decided.
    returned: Option<(u64, Option<Answer>)>,
}

/// The number of a sending in the present window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendingNumber(usize);

/// Everything that the clients know.
#[derive(Clone, Debug, Default)]
pub struct Records {
    asked: Vec<Asked>,
    /// The first message of the present window.
    window: u32,
    sendings: Vec<Sending>,
    time: u64,
    /// Answers that contradict an earlier answer to the same message, or mean nothing.
    divergent: Vec<String>,
    answered: u64,
}

impl Records {
    /// Begins a window: its history is made of the messages made from now on.
    pub fn open_window(&mut self) {
        self.window = self.next_serial().0;
        self.sendings.clear();
    }

    /// The first message of the present window.
    #[must_use]
    pub fn window(&self) -> Serial {
        Serial(self.window)
    }

    /// The messages, by serial.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Every message, to be changed: for those who check that the audit notices.
    pub fn asked_mut(&mut self) -> &mut [Asked] {
        &mut self.asked
    }

    /// A message.
    #[must_use]
    pub fn get(&self, serial: Serial) -> Option<&Asked> {
        self.asked.get(serial.0 as usize)
    }

    /// The serial of the next message.
    #[must_use]
    pub fn next_serial(&self) -> Serial {
        Serial(u32::try_from(self.asked.len()).unwrap_or(u32::MAX))
    }

    /// Takes in a message that was made up; it has not been sent.
    pub fn add(&mut self, asked: Asked) -> Serial {
        let serial = self.next_serial();
        self.asked.push(asked);
        serial
    }

    /// Changes the name of a message that was not sent yet.
    pub fn rename(&mut self, serial: Serial, change: impl FnOnce(&mut Name)) {
        if let Some(asked) = self.asked.get_mut(serial.0 as usize) {
            change(&mut asked.name);
        }
    }

    /// Notes that a message is being sent.
    pub fn call(&mut self, serial: Serial) -> SendingNumber {
        if let Some(asked) = self.asked.get_mut(serial.0 as usize) {
            asked.sent += 1;
        }
        self.time += 1;
        self.sendings.push(Sending {
            serial,
            called: self.time,
            returned: None,
        });
        SendingNumber(self.sendings.len() - 1)
    }

    /// Notes the answer to a sending.
    pub fn hear(&mut self, sending: SendingNumber, heard: Heard) {
        self.time += 1;
        let Some(sending) = self.sendings.get_mut(sending.0) else {
            return;
        };
        let serial = sending.serial;
        let meaning = heard.meaning();
        sending.returned = Some((self.time, meaning.clone().unwrap_or(None)));
        match meaning {
            Ok(None) => return,
            Ok(Some(_)) => self.answered += 1,
            Err(answer) => self
                .divergent
                .push(format!("message {}: unexpected {answer}", serial.0)),
        }
        let Some(asked) = self.asked.get_mut(serial.0 as usize) else {
            return;
        };
        match &asked.heard {
            Some(before) if *before != heard => {
                let text = format!("message {}: answered {before:?}, then {heard:?}", serial.0);
                self.divergent.push(text);
            }
            Some(_) => {}
            None => asked.heard = Some(heard),
        }
    }

    /// How many answers say that a message was decided, repeats included.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// Answers that contradict an earlier answer to the same message, or mean nothing.
    #[must_use]
    pub fn divergent(&self) -> &[String] {
        &self.divergent
    }

    /// Messages of the window that were sent and never answered.
    pub fn unanswered(&self) -> impl Iterator<Item = Serial> + '_ {
        let window = (self.window..).zip(self.asked.iter().skip(self.window as usize));
        window
            .filter(|(_, asked)| asked.sent > 0 && asked.heard.is_none())
            .map(|(serial, _)| Serial(serial))
    }

    /// The history of an account in the present window.
    #[must_use]
    pub fn history(&self, account: AccountNumber, opening: Limits, closing: Limits) -> History {
        let operations = self.sendings.iter().filter_map(|sending| {
            let asked = self.get(sending.serial)?;
            // What is older than the window has been decided; that its answer stays is checked with it.
            if sending.serial.0 < self.window || asked.account != account {
                return None;
            }
            let returned = match sending.returned {
                Some((_, None)) => return None,
                Some((at, Some(answer))) => Some((at, answer)),
                None => None,
            };
            Some(Operation {
                message: asked.message,
                request: asked.request,
                called: sending.called,
                returned,
            })
        });
        History {
            opening,
            operations: operations.collect(),
            closing: Some(closing),
        }
    }
}
