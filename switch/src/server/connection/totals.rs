//! Reconciliations on a link: the wait until totals have everything that was answered.
//!
//! Owns: that wait, without holding up the link. Must never: answer from totals that are behind.

use std::time::Duration;

use ledger::command::Undecided;
use ledger::runtime::now;
use rules::Reason;
use tokio::time::timeout;

use super::Connection;
use crate::link::WaitingRequest;
use crate::server::ticket::Reply;
use crate::telemetry;

impl Connection<'_> {
    /// Has the totals counted up to what has been answered so far; the answer comes back as a reply.
    pub(super) fn reconcile(&mut self, request: WaitingRequest) {
        let submitter = &self.shared.submitter;
        if self.in_flight.begin(submitter.waiting()).is_none() {
            let reason = Reason::Overloaded;
            self.status.answered();
            self.refuse(&request, Undecided { reason });
            return;
        }
        self.metrics.submitted();
        // Whatever was answered is durable.
        let wanted = submitter.watermark().sequence();
        let mut reached = self.shared.totals.reached();
        let left_us = request.deadline().0.saturating_sub(now().0);
        let patience = Duration::from_micros(u64::try_from(left_us).unwrap_or(0));
        let replies = self.replies_in.clone();
        tokio::spawn(async move {
            let counted = reached.wait_for(|sequence| *sequence >= wanted);
            let in_time = matches!(timeout(patience, counted).await, Ok(Ok(_)));
            if replies
                .try_send(Reply::Counted { request, in_time })
                .is_err()
            {
                telemetry::answer_without_link();
            }
        });
    }

    /// Answers a reconciliation.
    pub(super) fn counted(&mut self, request: &WaitingRequest, in_time: bool) {
        if !in_time {
            let reason = Reason::DeadlinePassed;
            return self.refuse(request, Undecided { reason });
        }
        let network = request.network();
        let mut report = |anomaly| telemetry::anomaly(network, &anomaly);
        let out = &mut self.out;
        let totals = &self.shared.totals;
        match totals.read(|totals| request.reconcile(totals, out, &mut report)) {
            Ok((answered, told)) => {
                self.link.sent(request, &answered);
                let code = answered.response_code;
                self.metrics
                    .answered(code.as_str(), answered.reason, request.received);
                if let Some(told) = told {
                    self.tell(&told);
                }
            }
            Err(anomaly) => telemetry::anomaly(network, &anomaly),
        }
    }
}
