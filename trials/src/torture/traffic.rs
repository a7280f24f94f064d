//! What the clients send.
//!
//! Owns: the choice of the next message: new ones, repeats of what was and was not answered, reversals
//! before and after their originals, conflicts. All chance is the caller's. Must never: look at the books.

use crate::history::{Kind, MessageId, Request};
use crate::random::Random;

use super::accounts::{ACCOUNTS, AccountNumber};
use super::records::{Asked, Class, Name, Records, Serial};

/// How far back a repeat or a reversal looks for its message, in messages of the account.
const REACH: usize = 24;
/// The greatest amount, minor units.
const GREATEST_AMOUNT_MINOR: usize = 5_000;

/// What to send next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) serial: Serial,
    /// Whether it goes out under the message type of a repeat.
    pub(super) repeat: bool,
}

/// Chooses what a link sends next; `transmission` is the time as DE7 shows it.
pub(super) fn choose(
    records: &mut Records,
    link: usize,
    transmission: u64,
    random: &mut Random,
) -> Choice {
    // Some accounts get more than others, so that requests meet on them.
    let busiest = 1 + random.below(ACCOUNTS);
    let mut maker = Maker {
        account: AccountNumber(random.below(busiest)),
        records,
        link,
        transmission,
        random,
    };
    maker.choose()
}

struct Maker<'a> {
    records: &'a mut Records,
    account: AccountNumber,
    link: usize,
    transmission: u64,
    random: &'a mut Random,
}

impl Maker<'_> {
    fn choose(&mut self) -> Choice {
        let earlier = self.earlier();
        let (serial, repeat) = match (self.random.below(100), earlier) {
            (0..60, _) | (_, None) => (self.money(), false),
            (60..71, _) => (self.make(Class::Authorization, Request::Inquiry), false),
            (71..80, Some(earlier)) => (earlier, self.random.percent(70)),
            (80..92, Some(earlier)) => (self.reversal_of(earlier), false),
            (92..96, Some(_)) => {
                // The original may be chosen later, as if it had been on its way for longer.
                let original = self.money();
                (self.reversal_of(original), false)
            }
            (_, Some(earlier)) => (self.conflict_with(earlier), self.random.percent(50)),
        };
        Choice { serial, repeat }
    }

    /// A message of the window on this account, sent or not.
    fn earlier(&mut self) -> Option<Serial> {
        let window = self.records.window().0;
        let serials = (window..self.records.next_serial().0).rev().map(Serial);
        let near = serials.filter(|serial| {
            let asked = self.records.get(*serial);
            asked.is_some_and(|asked| asked.account == self.account)
        });
        let near: Vec<Serial> = near.take(REACH).collect();
        (!near.is_empty()).then(|| near[self.random.below(near.len())])
    }

    fn money(&mut self) -> Serial {
        let amount_minor = self.amount();
        let cashback = Kind::Cashback {
            cash_minor: 1 + i64::from(self.random.percent(50)) * (amount_minor - 1) / 2,
        };
        // Accounts that are short of money live on refunds.
        let kinds = if self.account.is_tight() {
            [
                Kind::Purchase,
                cashback,
                Kind::Cash,
                Kind::Refund,
                Kind::Refund,
            ]
        } else {
            [
                Kind::Purchase,
                Kind::Purchase,
                cashback,
                Kind::Cash,
                Kind::Refund,
            ]
        };
        let kind = kinds[self.random.below(kinds.len())];
        let cleared = self.random.percent(30);
        let class = if cleared {
            Class::Financial
        } else {
            Class::Authorization
        };
        let request = Request::Authorization {
            kind,
            amount_minor,
            cleared,
        };
        self.make(class, request)
    }

    fn amount(&mut self) -> i64 {
        1 + i64::try_from(self.random.below(GREATEST_AMOUNT_MINOR)).unwrap_or(0)
    }

    fn make(&mut self, class: Class, request: Request) -> Serial {
        let serial = self.records.next_serial();
        let name = Name {
            class,
            stan: serial.0 % 999_999 + 1,
            transmission: self.transmission,
            link: self.link,
        };
        self.records.add(Asked {
            account: self.account,
            message: MessageId(serial.0),
            name,
            request,
            sent: 0,
            heard: None,
        })
    }

    /// A reversal of a message; of its original where it is a reversal itself.
    fn reversal_of(&mut self, serial: Serial) -> Serial {
        let Some(named) = self.records.get(serial).cloned() else {
            return serial;
        };
        let original = match named.request {
            Request::Reversal { original, .. } => original,
            Request::Authorization { .. } | Request::Inquiry => named.message,
        };
        let Some(original) = self.records.get(Serial(original.0)).cloned() else {
            return serial;
        };
        let claimed_minor = match original.request {
            Request::Authorization { amount_minor, .. } if self.random.percent(92) => amount_minor,
            _ => self.amount(),
        };
        let replacement_minor = self.random.percent(30).then(|| self.amount());
        let request = Request::Reversal {
            original: original.message,
            claimed_minor,
            replacement_minor,
            advice: self.random.percent(40),
        };
        let reversal = self.make(Class::Reversal, request);
        // DE90 does not name the terminal: a reversal comes from that of its original.
        self.records
            .rename(reversal, |name| name.link = original.name.link);
        reversal
    }

    /// An amount that was not asked for yet under the name of a message; the message itself where it has
    /// no amount of its own.
    fn conflict_with(&mut self, serial: Serial) -> Serial {
        let first = self.records.get(serial).map(|named| named.message);
        let Some((first, named)) =
            first.and_then(|first| Some((first, self.records.get(Serial(first.0))?.clone())))
        else {
            return serial;
        };
        let Request::Authorization {
            kind,
            amount_minor,
            cleared,
        } = named.request
        else {
            return serial;
        };
        let since = self.records.asked().iter().skip(first.0 as usize);
        let so_far = since.filter(|asked| asked.message == first).count();
        let request = Request::Authorization {
            kind,
            amount_minor: amount_minor + i64::try_from(so_far).unwrap_or(1),
            cleared,
        };
        self.records.add(Asked {
            request,
            sent: 0,
            heard: None,
            ..named
        })
    }
}
