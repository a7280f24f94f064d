//! What the hosts and other senders do to the switch.
//!
//! Owns: the choice of what is asked, repeated, reversed and sent wrong, and the moving of messages between
//! the host and its links. Must never: judge an answer.

use bytes::Bytes;
use codec::{Element, Frame, Message, MtiFunction};

use super::checkers::Verdict;
use super::marks::Mark;
use super::peers::{
    FILE_SCHEME, Follow, FollowKind, Key, Kind, Probe, Purchase, Request, Scheme, Standing,
    Undoing, is_late,
};
use super::world::World;

impl World<'_> {
    /// A message goes out on any of the lines of its network, or on two.
    fn send(&mut self, scheme: Scheme, frame: &Bytes) {
        let lines = 0..self.lines.len();
        let own: Vec<usize> = lines
            .filter(|line| self.lines[*line].scheme == scheme)
            .collect();
        let line = *self.run.random.pick(&own);
        self.lines[line].send(frame, &mut self.run);
        let elsewhere = self.lines[line].faults.elsewhere_percent;
        let other = *self.run.random.pick(&own);
        if other != line && self.run.random.percent(elsewhere) {
            self.lines[other].send(frame, &mut self.run);
            self.run.reach(Mark::RepeatedElsewhere);
        }
    }

    pub(super) fn send_original(&mut self, number: usize, repeat: bool) {
        let request = &self.host.purchases[number].request;
        let frame = request.frame(repeat, &self.dialect(request.scheme()));
        self.send(self.host.purchases[number].scheme(), &frame);
    }

    pub(super) fn send_reversal(&mut self, number: usize, place: usize) {
        let scheme = self.host.purchases[number].scheme();
        let dialect = self.dialect(scheme);
        let frame = self.host.reversal_frame(number, place, &dialect);
        self.send(scheme, &frame);
    }

    fn send_follow(&mut self, number: usize, place: usize) {
        let scheme = self.host.purchases[number].scheme();
        let dialect = self.dialect(scheme);
        let frame = self.host.follow_frame(number, place, &dialect);
        self.send(scheme, &frame);
    }

    pub(super) fn send_file(&mut self, number: usize) {
        let dialect = self.dialect(FILE_SCHEME);
        let frame = self.host.file_frame(number, &dialect);
        self.send(FILE_SCHEME, &frame);
    }

    /// A host changes how a card stands, or repeats what it has no answer to, or what it has one to.
    pub(super) fn act_on_file(&mut self) {
        if !self.lines.iter().any(|line| line.scheme == FILE_SCHEME) {
            return;
        }
        let (open, now) = (self.host.open_file_actions(), self.run.time);
        let number = match open.is_empty() {
            false if self.run.random.percent(50) => *self.run.random.pick(&open),
            _ if self.run.random.percent(15) && !self.host.file_actions.is_empty() => {
                let number = self.run.random.below(self.host.file_actions.len());
                match is_late(self.host.file_actions[number].asked, now) {
                    true => return,
                    false => number,
                }
            }
            _ => self.host.act_on_file(&mut self.run),
        };
        self.send_file(number);
    }

    /// An approved operation is raised, or the network says what it came to.
    fn follow(&mut self, kind: FollowKind, condition: impl Fn(&Purchase) -> bool) {
        let now = self.run.time;
        let fits = |purchase: &Purchase| {
            let bare = matches!(purchase.kind, Kind::Purchase | Kind::SharedStan);
            let quiet = purchase.is_approved() && purchase.is_settled(now) && !purchase.presented;
            bare && quiet && purchase.is_authorization() && condition(purchase)
        };
        if let Some(number) = self.any(fits) {
            let place = self.host.follow(number, kind, &mut self.run);
            self.send_follow(number, place);
        }
    }

    pub(super) fn raise(&mut self) {
        self.follow(FollowKind::Increment, |purchase| {
            let raised = |follow: &Follow| follow.kind == FollowKind::Increment;
            purchase.follows.iter().all(raised)
        });
    }

    pub(super) fn complete(&mut self) {
        self.follow(FollowKind::Completion, |purchase| {
            purchase.follows.is_empty()
        });
    }

    pub(super) fn any_scheme(&mut self) -> Scheme {
        let line = self.run.random.below(self.lines.len());
        self.lines[line].scheme
    }

    pub(super) fn ask(&mut self) {
        let (scheme, kind) = (self.any_scheme(), *self.run.random.pick(&self.plan.kinds));
        let kind = match scheme.carries(kind) {
            true => kind,
            false => Kind::Purchase,
        };
        let number = self.host.ask(scheme, kind, &mut self.run);
        self.send_original(number, false);
    }

    pub(super) fn any(&mut self, condition: impl Fn(&Purchase) -> bool) -> Option<usize> {
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
        if let Some(place) = purchase.following() {
            return self.send_follow(number, place);
        }
        let reversible = !matches!(purchase.kind, Kind::Inquiry | Kind::StandIn);
        if reversible && self.run.random.percent(30) {
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
        let now = self.run.time;
        let movable = |purchase: &Purchase| {
            purchase.kind != Kind::Inquiry && purchase.is_settled(now) && condition(purchase)
        };
        if let Some(number) = self.any(movable) {
            let chance = self.run.random.below(1000);
            let undoing = undoing(&self.host.purchases[number], chance);
            let place = self.host.reverse(number, undoing, &mut self.run);
            self.send_reversal(number, place);
        }
    }

    pub(super) fn reverse(&mut self) {
        self.reverse_any(Purchase::is_approved, |purchase, chance| {
            match purchase.standing {
                Standing::Approved { remaining_minor }
                    if chance < 500 && remaining_minor > 1 && purchase.is_plain() =>
                {
                    let kept = 1 + (remaining_minor - 2) * chance as i64 / 500;
                    Undoing::Part {
                        remaining_minor: kept,
                    }
                }
                _ => Undoing::All,
            }
        });
    }

    pub(super) fn reverse_mismatched(&mut self) {
        let plain = |purchase: &Purchase| purchase.is_approved() && purchase.is_plain();
        self.reverse_any(plain, |_, _| Undoing::Mismatched);
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
        let now = self.run.time;
        let fits = |purchase: &Purchase| purchase.answer.is_some() && purchase.may_be_repeated(now);
        if let Some(number) = self.any(fits) {
            // A network that lost the first also sends it again as if it were the first.
            let marked = self.run.random.percent(70);
            self.send_original(number, marked);
        }
    }

    /// The key of an answered message with another amount.
    pub(super) fn conflict(&mut self) {
        let now = self.run.time;
        let fits = |purchase: &Purchase| purchase.answer.is_some() && !purchase.is_late(now);
        let Some(number) = self.any(fits) else {
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
            balance: None,
            reached: Mark::ConflictRefused,
        });
    }

    pub(super) fn send_probe(&mut self, probe: Probe) {
        let scheme = probe.request.scheme();
        let dialect = self.dialect(scheme);
        let frame = self.host.probe(probe, &dialect);
        self.send(scheme, &frame);
    }

    pub(super) fn echo(&mut self) {
        let scheme = self.any_scheme();
        let request = self.host.numbers.management(scheme, "301", &self.run);
        self.send_probe(Probe {
            request,
            code: "00",
            balance: None,
            reached: Mark::EchoAnswered,
        });
    }

    /// Bytes that are no message, half of one, or a message that no network may send.
    pub(super) fn garbage(&mut self) {
        let line = self.run.random.below(self.lines.len());
        let scheme = self.lines[line].scheme;
        let frame = self.some_frame(scheme, "0800");
        match self.run.random.below(6) {
            0 => {
                // A frame of noise.
                let mut noise = frame.to_vec();
                for byte in &mut noise[scheme.lead_bytes()..] {
                    *byte = self.run.random.next() as u8;
                }
                self.inject(line, &noise, false);
            }
            1 => {
                let high = 0x21 + self.run.random.below(0xDE) as u8;
                self.inject(line, &[high, 0xFF, 1, 2, 3], false);
            }
            2 => {
                let half = 1 + self.run.random.below(frame.len() - 1);
                self.inject(line, &frame[..half], true);
            }
            3 => {
                // A number with a letter in it: MTI and STAN can be read.
                let request = self.host.numbers.broken(scheme);
                let mut bytes = request.frame(false, &self.dialect(scheme)).to_vec();
                let last = bytes.len() - 1;
                bytes[last] = scheme.no_digit();
                self.inject(line, &bytes, false);
            }
            4 => {
                let response = self.some_frame(scheme, "0810");
                self.inject(line, &response, false);
            }
            _ => self.inject(line, &vec![0; scheme.length_bytes()], false),
        }
    }

    fn some_frame(&mut self, scheme: Scheme, mti: &'static str) -> Bytes {
        let request = self.host.numbers.management(scheme, "301", &self.run);
        request.of_type(mti).frame(false, &self.dialect(scheme))
    }

    /// Bytes appear on a link as they are; the sender may close it behind them.
    fn inject(&mut self, line: usize, bytes: &[u8], closes: bool) {
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
        self.sign_on(line);
        let id = self.lines[line].wire;
        let wire = id.and_then(|id| self.wires.get_mut(&id));
        let heard = self.lines[line].pump(wire, &mut self.run);
        let over = id
            .and_then(|id| self.wires.get(&id))
            .is_some_and(|wire| wire.closed_by_switch && wire.to_host.is_empty());
        if let Some(id) = id.filter(|_| over) {
            self.ended.extend(self.wires.remove(&id));
            self.lines[line].wire = None;
        }
        for frame in heard {
            self.hear(line, frame)?;
        }
        Ok(())
    }

    fn hear(&mut self, line: usize, frame: Frame) -> Verdict {
        let scheme = self.lines[line].scheme;
        let message = self.dialect(scheme).decode(frame.body.clone()).unwrap();
        if message.mti().function() == MtiFunction::Request {
            self.answer_switch(line, &message, &frame);
            return Ok(());
        }
        if self.does_not_take(&message) {
            self.reject(line, &message, &frame);
            return Ok(());
        }
        let code = message.text(Element::RESPONSE_CODE).unwrap_or_default();
        let then = self.run.time;
        self.lines[line]
            .sign_on
            .hear(&Key::of(scheme, &message), code);
        if code == "91" {
            // Overload has the same code: signing on again does no harm.
            self.lines[line].sign_on.is_off_until(then);
        }
        self.host.hear(scheme, &message, &mut self.run)?;
        if scheme.acknowledges() && self.run.random.percent(50) {
            self.acknowledge(&message);
        }
        Ok(())
    }

    /// The host says that it has an answer; nothing comes back.
    fn acknowledge(&mut self, answer: &Message) {
        let scheme = Scheme::Mastercard;
        if let Some(request) = Request::acknowledging(scheme, answer) {
            let frame = request.frame(false, &self.dialect(scheme));
            self.send(scheme, &frame);
        }
    }
}
