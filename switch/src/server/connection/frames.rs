//! From what was read to the ledger.
//!
//! Owns: handing each whole frame to the link, and what the link makes of it to the ledger. Must never: judge a frame.

use ledger::command::{LOOKUP_GOOD_US, Submission, Undecided};
use ledger::identifiers::Timestamp;
use ledger::runtime::{Lane, now};
use rules::Reason;
use tokio::time::Instant;

use super::Connection;
use crate::link::{Received, Surroundings};
use crate::server::ticket::{LinkTicket, SwitchTicket};
use crate::telemetry::{self, Stage};

impl Connection<'_> {
    /// Hands every complete frame to the link.
    pub(super) fn take_frames(&mut self) -> Result<(), &'static str> {
        let networks = self.shared.rulebook.networks();
        let Some(plan) = networks.plan(self.network) else {
            return Err("network removed");
        };
        let rules = self.shared.rulebook.rules();
        let submitter = &self.shared.submitter;
        let views = submitter.views();
        loop {
            let frame = match self.reader.next_whole_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    self.begun = match self.begun {
                        _ if !self.reader.has_partial_frame() => None,
                        Some(begun) => Some(begun),
                        None => Some(Instant::now()),
                    };
                    return Ok(());
                }
                Err(error) => {
                    tracing::warn!(network = plan.network.name, %error, "framing lost");
                    self.metrics.framing_lost();
                    return Err("framing lost");
                }
            };
            // What follows it is another frame.
            self.begun = None;
            self.metrics.received();
            self.status.received();
            let received = now();
            let around = Surroundings {
                plan,
                rules: &rules,
                vault: &self.shared.vault,
                books: &|lookups| views.related(lookups),
                holder: &|card| match views.card(card)? {
                    Some(card) => views.customer(card.facts.holder),
                    None => Ok(None),
                },
                keys: self.shared.keys.as_ref(),
                has_room: self.in_flight.has_room(submitter.waiting())
                    && (self.in_flight.goes_ahead() || submitter.lets_in_more()),
                now: received,
            };
            let mut report = |anomaly| telemetry::anomaly(&plan.network.name, &anomaly);
            let message = self.link.decode(frame, &around, &mut self.out, &mut report);
            let taken = match message {
                Ok(incoming) => {
                    let decoded = now();
                    self.metrics.passed(Stage::Decode, received, decoded);
                    let taken = self
                        .link
                        .take(incoming, &around, &mut self.out, &mut report);
                    self.metrics.passed(Stage::Checks, decoded, now());
                    taken
                }
                Err(not_a_message) => not_a_message,
            };
            self.follow(taken, received);
        }
    }

    /// Does what the link said about a frame.
    fn follow(&mut self, taken: Received, received: Timestamp) {
        match taken {
            Received::Submit {
                command,
                deadline,
                request,
            } => {
                let Some(lane) = self.in_flight.begin(self.shared.submitter.waiting()) else {
                    let reason = Reason::Overloaded;
                    self.status.answered();
                    self.refuse(&request, Undecided { reason });
                    return;
                };
                self.metrics.submitted();
                let ticket = SwitchTicket::Link(Box::new(LinkTicket {
                    request,
                    submitted: now(),
                    replies: self.replies_in.clone(),
                }));
                let deadline = Some(deadline);
                let submission = Submission {
                    command,
                    deadline,
                    ticket,
                };
                self.shared.submitter.submit(submission, lane);
            }
            Received::Reconcile(request) => self.reconcile(request),
            // Nobody is told what comes of it.
            Received::Note(command) => {
                let submission = Submission {
                    command,
                    deadline: Some(received.plus_us(LOOKUP_GOOD_US)),
                    ticket: SwitchTicket::Unattended,
                };
                self.shared.submitter.submit(submission, Lane::Behind);
            }
            Received::Answered {
                response_code,
                reason,
            } => {
                self.status.answered();
                self.metrics
                    .answered(response_code.as_str(), reason, received);
            }
            Received::Ignored(why) => self.metrics.ignored(why),
        }
    }
}
