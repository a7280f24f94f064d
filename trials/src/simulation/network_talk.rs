//! What networks say beside their traffic, and what they do not take.
//!
//! Owns: group sign-ons, business days, keys, totals and rejections, as hosts send them. Must never: judge what the
//! switch makes of them.

use codec::{Element, Frame, Message, MtiClass};

use super::checkers::{Counted, Verdict};
use super::marks::Mark;
use super::peers::{Probe, Scheme};
use super::world::World;

/// Percent of the rejections that come behind a header, where the network has one.
const BY_HEADER_PERCENT: u64 = 60;
/// Business days that a network begins at most: no more than the switch remembers.
const MOST_DAYS: usize = 10;

impl World<'_> {
    /// A network signs on, or off, for all of its links.
    pub(super) fn sign_on_group(&mut self) {
        let scheme = self.any_scheme();
        let (code, reached) = match self.run.random.percent(60) {
            true => ("061", Mark::GroupSignedOn),
            false => ("062", Mark::GroupSignedOff),
        };
        let request = self.host.numbers.management(scheme, code, &self.run);
        self.send_probe(Probe {
            request,
            code: "00",
            balance: None,
            reached,
        });
    }

    /// A network begins a business day: any date will do.
    pub(super) fn cut_over(&mut self) {
        let scheme = self.any_scheme();
        let begun = self.host.business_days.entry(scheme).or_default();
        if *begun >= MOST_DAYS {
            return;
        }
        *begun += 1;
        let date = format!("{:02}{:02}", *begun, 1 + self.run.random.below(28));
        let request = self.host.numbers.management(scheme, "201", &self.run);
        self.send_probe(Probe {
            request: request.with(Element::SETTLEMENT_DATE, date),
            code: "00",
            balance: None,
            reached: Mark::CutOver,
        });
    }

    /// A network brings keys: nothing here takes them.
    pub(super) fn bring_keys(&mut self) {
        let scheme = self.any_scheme();
        let code = *self.run.random.pick(&["101", "161", "162", "163"]);
        let request = self.host.numbers.management(scheme, code, &self.run);
        self.send_probe(Probe {
            request,
            code: "40",
            balance: None,
            reached: Mark::KeysRefused,
        });
    }

    /// A network asks for the totals of the day: what it claims need not be so while messages are on their way.
    pub(super) fn ask_totals(&mut self) {
        let scheme = self.any_scheme();
        let claim = vec![(element(76), format!("{:010}", self.run.random.below(20)))];
        let request = self.host.numbers.bare(scheme, "0500", claim, &self.run);
        self.send_probe(Probe {
            request,
            code: "00",
            balance: None,
            reached: Mark::TotalsAnswered,
        });
    }

    /// Whether a host does not take a message of the switch.
    pub(super) fn does_not_take(&mut self, message: &Message) -> bool {
        let rejectable = matches!(
            message.mti().class(),
            MtiClass::Authorization
                | MtiClass::Financial
                | MtiClass::Reversal
                | MtiClass::NetworkManagement
        );
        rejectable && !self.settling && self.run.random.percent(self.plan.reject_percent)
    }

    /// A message goes back on the line that it came by. For the host it has not come.
    pub(super) fn reject(&mut self, line: usize, message: &Message, frame: &Frame) {
        let scheme = self.lines[line].scheme;
        if self.run.random.percent(BY_HEADER_PERCENT)
            && let Some(bytes) = scheme.given_back(&frame.header, &frame.body)
        {
            self.lines[line].send(&bytes.into(), &mut self.run);
            return self.run.reach(Mark::RejectedByHeader);
        }
        let text = |element| message.text(element).unwrap_or_default();
        let named = format!(
            "{}{:0>6}{:0>10}{:022}",
            message.mti(),
            text(Element::STAN),
            text(Element::TRANSMISSION_DATE_TIME),
            0
        );
        let elements = vec![
            (Element::RESPONSE_CODE, "12".to_owned()),
            (Element::ORIGINAL_DATA_ELEMENTS, named),
        ];
        let request = self.host.numbers.bare(scheme, "0620", elements, &self.run);
        let dialect = self.dialect(scheme);
        let probe = Probe {
            request,
            code: "00",
            balance: None,
            reached: Mark::RejectedByMessage,
        };
        let frame = self.host.probe(probe, &dialect);
        self.lines[line].send(&frame, &mut self.run);
    }

    /// Everything has come to rest: networks have what they counted compared, day by day.
    pub(super) fn compare_totals(&mut self, days: Vec<(Scheme, u16, Counted)>) -> Verdict {
        if days.is_empty() {
            return Ok(());
        }
        for (scheme, date, counted) in days {
            let Some(line) = self.lines.iter().position(|line| line.scheme == scheme) else {
                continue;
            };
            let mut claim = counted.claim();
            claim.push((Element::SETTLEMENT_DATE, format!("{date:04}")));
            claim.push((element(50), "840".to_owned()));
            let request = self.host.numbers.bare(scheme, "0500", claim, &self.run);
            let probe = Probe {
                request,
                code: "00",
                balance: Some("1"),
                reached: Mark::TotalsInBalance,
            };
            let dialect = self.dialect(scheme);
            let frame = self.host.probe(probe, &dialect);
            self.lines[line].send(&frame, &mut self.run);
        }
        self.come_to_rest()
    }
}

fn element(number: u8) -> Element {
    Element::new(number).unwrap()
}
