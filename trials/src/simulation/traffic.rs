//! What the host and other senders do to the switch.
//!
//! Owns: the choice of what is asked, repeated, reversed and sent wrong, and the moving of messages between
//! the host and its links. Must never: judge an answer.

use bytes::Bytes;
use codec::Element;

use super::checkers::Verdict;
use super::marks::Mark;
use super::node::NETWORK;
use super::peers::{Kind, Probe, Purchase, Request, Standing, Undoing};
use super::world::World;

impl World<'_> {
    fn dialect(&self) -> std::sync::Arc<codec::Dialect> {
        std::sync::Arc::clone(&self.rules.plan(NETWORK).dialect)
    }

    /// A message goes out on any of the links.
    fn send(&mut self, frame: &Bytes) {
        let line = self.run.random.below(self.lines.len());
        self.lines[line].send(frame, &self.network, &mut self.run);
    }

    fn send_original(&mut self, number: usize, repeat: bool) {
        let frame = self.host.purchases[number]
            .request
            .frame(repeat, &self.dialect());
        self.send(&frame);
    }

    fn send_reversal(&mut self, number: usize, place: usize) {
        let dialect = self.dialect();
        let frame = self.host.reversal_frame(number, place, &dialect);
        self.send(&frame);
    }

    pub(super) fn ask(&mut self) {
        let kind = *self.run.random.pick(&self.plan.kinds);
        let number = self.host.ask(kind, &mut self.run);
        self.send_original(number, false);
    }

    fn any(&mut self, condition: impl Fn(&Purchase) -> bool) -> Option<usize> {
        let which = self.host.which(condition);
        (!which.is_empty()).then(|| *self.run.random.pick(&which))
    }

    pub(super) fn insist(&mut self) {
        if let Some(number) = self.any(Purchase::is_open) {
            self.insist_on(number);
        }
    }

    /// The host repeats what it waits for, or reverses what it has no answer to.
    pub(super) fn insist_on(&mut self, number: usize) {
        let purchase = &self.host.purchases[number];
        if let Some(place) = purchase.reversing() {
            return self.send_reversal(number, place);
        }
        if purchase.kind != Kind::Inquiry && self.run.random.percent(30) {
            let place = self.host.reverse(number, Undoing::All, &mut self.run);
            return self.send_reversal(number, place);
        }
        self.send_original(number, true);
    }

    fn reverse_any(
        &mut self,
        condition: impl Fn(&Purchase) -> bool,
        undoing: impl FnOnce(&Purchase, usize) -> Undoing,
    ) {
        let movable = |purchase: &Purchase| {
            purchase.kind != Kind::Inquiry && !purchase.is_open() && condition(purchase)
        };
        if let Some(number) = self.any(movable) {
            let chance = self.run.random.below(1000);
            let undoing = undoing(&self.host.purchases[number], chance);
            let place = self.host.reverse(number, undoing, &mut self.run);
            self.send_reversal(number, place);
        }
    }

    pub(super) fn reverse(&mut self) {
        self.reverse_any(is_approved, |purchase, chance| match purchase.standing {
            Standing::Approved { remaining_minor } if chance < 500 && remaining_minor > 1 => {
                let kept = 1 + (remaining_minor - 2) * chance as i64 / 500;
                Undoing::Part {
                    remaining_minor: kept,
                }
            }
            _ => Undoing::All,
        });
    }

    pub(super) fn reverse_mismatched(&mut self) {
        self.reverse_any(is_approved, |_, _| Undoing::Mismatched);
    }

    pub(super) fn reverse_again(&mut self) {
        let reversed = |purchase: &Purchase| {
            purchase.standing == Standing::Reversed && purchase.answer.is_some()
        };
        self.reverse_any(reversed, |_, _| Undoing::Again);
    }

    pub(super) fn repeat(&mut self, number: usize) {
        self.send_original(number, true);
    }

    pub(super) fn repeat_answered(&mut self) {
        if let Some(number) = self.any(|purchase| purchase.answer.is_some()) {
            // A network that lost the first also sends it again as if it were the first.
            let marked = self.run.random.percent(70);
            self.send_original(number, marked);
        }
    }

    /// The key of an answered message with another amount.
    pub(super) fn conflict(&mut self) {
        let Some(number) = self.any(|purchase| purchase.answer.is_some()) else {
            return;
        };
        let purchase = &self.host.purchases[number];
        let amount = purchase.amount_minor + 1 + self.run.random.below(1000) as i64;
        let request = purchase
            .request
            .with(Element::AMOUNT_TRANSACTION, format!("{amount:012}"));
        self.send_probe(Probe {
            request,
            code: "94",
            reached: Mark::ConflictRefused,
        });
    }

    fn send_probe(&mut self, probe: Probe) {
        let dialect = self.dialect();
        let frame = self.host.probe(probe, &dialect);
        self.send(&frame);
    }

    pub(super) fn echo(&mut self) {
        let request = self.host.management("301", &mut self.run);
        self.send_probe(Probe {
            request,
            code: "00",
            reached: Mark::EchoAnswered,
        });
    }

    /// Bytes that are no message, half of one, or a message that no network may send.
    pub(super) fn garbage(&mut self) {
        let frame = self.some_frame();
        match self.run.random.below(6) {
            0 => {
                // A frame of noise.
                let length = 1 + self.run.random.below(60);
                let noise = (0..length).map(|_| self.run.random.next() as u8);
                let body: Vec<u8> = noise.collect();
                self.inject(&[&[0, length as u8], body.as_slice()].concat(), false);
            }
            1 => {
                let high = 0x21 + self.run.random.below(0xDE) as u8;
                self.inject(&[high, 0xFF, 1, 2, 3], false);
            }
            2 => {
                let half = 1 + self.run.random.below(frame.len() - 1);
                self.inject(&frame[..half], true);
            }
            3 => {
                // An amount with a letter in it: MTI and STAN can be read.
                let request = self.bad_request();
                self.inject(&request, false);
            }
            4 => {
                let mut response = frame.to_vec();
                response[4] += 1;
                self.inject(&response, false);
            }
            _ => self.inject(&[0, 0], false),
        }
    }

    fn some_frame(&mut self) -> Bytes {
        let request = self.host.management("301", &mut self.run);
        request.frame(false, &self.dialect())
    }

    /// A purchase whose last element is broken after it was encoded.
    fn bad_request(&mut self) -> Vec<u8> {
        let elements = vec![
            (Element::STAN, self.host.bad_stan()),
            (Element::CURRENCY_TRANSACTION, "840".to_owned()),
            (
                Element::ADDITIONAL_AMOUNTS,
                "0040840D000000000001".to_owned(),
            ),
            (Element::EXTENDED_PAYMENT_CODE, "02".to_owned()),
        ];
        let frame = Request::new("0100", elements).frame(false, &self.dialect());
        let mut bytes = frame.to_vec();
        let last = bytes.len() - 1;
        bytes[last] = b'X';
        bytes
    }

    /// Bytes appear on a link as they are; the sender may close it behind them.
    fn inject(&mut self, bytes: &[u8], closes: bool) {
        let line = self.run.random.below(self.lines.len());
        let wire = self.lines[line].wire.and_then(|id| self.wires.get_mut(&id));
        if let Some(wire) = wire.filter(|wire| !wire.closed_by_host) {
            wire.to_switch.extend(bytes);
            wire.closed_by_host |= closes;
        }
    }

    /// Messages move between the host and one of its links, which is connected first if it is not.
    pub(super) fn pump(&mut self, line: usize) -> Verdict {
        let known = self.lines[line].wire;
        let wire = known.and_then(|id| self.wires.get_mut(&id));
        if wire.is_none() {
            // Half of the time the host has not noticed yet, and what it sends is lost.
            if known.is_none() || self.run.random.percent(50) {
                self.connect(line);
            }
        } else if let Some(wire) = wire
            && self.run.time >= self.lines[line].carries_again
        {
            wire.cut_off = false;
        }
        let id = self.lines[line].wire;
        let wire = id.and_then(|id| self.wires.get_mut(&id));
        let heard = self.lines[line].pump(wire, &self.network, &mut self.run);
        let over = id
            .and_then(|id| self.wires.get(&id))
            .is_some_and(|wire| wire.closed_by_switch && wire.to_host.is_empty());
        if let Some(id) = id.filter(|_| over) {
            self.wires.remove(&id);
            self.lines[line].wire = None;
        }
        let dialect = self.dialect();
        for frame in heard {
            let answer = dialect.decode(frame).unwrap();
            self.host.hear(&answer, &mut self.run)?;
        }
        Ok(())
    }
}

fn is_approved(purchase: &Purchase) -> bool {
    matches!(purchase.standing, Standing::Approved { .. })
}
