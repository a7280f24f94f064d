//! Sessions: hosts sign on and off, and answer what the switch asks of its own.
//!
//! Owns: when a host signs on, and what it answers. Must never: decide whether the switch was right to ask.

use codec::{Element, Frame, Message};

use super::marks::Mark;
use super::peers::{Probe, Request};
use super::world::World;

/// Percent of the switch's requests that a host refuses while faults last.
const REFUSED_PERCENT: u64 = 10;
/// How long a host that signed off stays so, at most.
const OFF_US: i64 = 20_000_000;

impl World<'_> {
    /// The host of a line signs on where the network demands it and it has not.
    pub(super) fn sign_on(&mut self, line: usize) {
        let (scheme, now) = (self.lines[line].scheme, self.run.time);
        let connected = self.lines[line].wire.is_some();
        if scheme.requires_sign_on() && connected && self.lines[line].sign_on.is_due(now) {
            let request = self.manage(line, "001", Mark::HostSignedOn);
            self.lines[line].sign_on.asked(request.key(), now);
        }
    }

    /// A host signs off, for a while.
    pub(super) fn sign_off(&mut self) {
        let line = self.run.random.below(self.lines.len());
        if self.lines[line].sign_on.is_signed_on() {
            self.manage(line, "002", Mark::HostSignedOff);
            let until = self.run.time.plus_us(self.run.random.below_us(OFF_US));
            self.lines[line].sign_on.is_off_until(until);
        }
    }

    /// A message of network management goes out on this line and no other.
    fn manage(&mut self, line: usize, code: &str, reached: Mark) -> Request {
        let scheme = self.lines[line].scheme;
        let request = self.host.numbers.management(scheme, code, &self.run);
        let probe = Probe {
            request: request.clone(),
            code: "00",
            balance: None,
            reached,
        };
        let dialect = self.dialect(scheme);
        let frame = self.host.probe(probe, &dialect);
        self.lines[line].send(&frame, &mut self.run);
        request
    }

    /// Somebody wants the switch to send an echo.
    pub(super) fn ask_echo(&mut self) {
        let connections = self.node_mut().connections();
        if !connections.is_empty() {
            let id = *self.run.random.pick(&connections);
            self.with_node(|node, run| node.ask_echo(id, run));
        }
    }

    /// The host answers a request of the switch, on the line that it came by.
    pub(super) fn answer_switch(&mut self, line: usize, asked: &Message, frame: &Frame) {
        let scheme = self.lines[line].scheme;
        if self.does_not_take(asked) {
            return self.reject(line, asked, frame);
        }
        let refuses = !self.settling && self.run.random.percent(REFUSED_PERCENT);
        let code = if refuses { "91" } else { "00" };
        let echoed = [
            Element::TRANSMISSION_DATE_TIME,
            Element::STAN,
            Element::NETWORK_MANAGEMENT_CODE,
        ];
        let mut elements: Vec<(Element, String)> = echoed
            .into_iter()
            .filter_map(|element| Some((element, asked.text(element)?.to_owned())))
            .collect();
        elements.push((Element::RESPONSE_CODE, code.to_owned()));
        let answer = Request::new(scheme, "0810", elements);
        let frame = answer.frame(false, &self.dialect(scheme));
        self.lines[line].send(&frame, &mut self.run);
    }
}
