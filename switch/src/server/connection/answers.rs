//! From the ledger to what is written.
//!
//! Owns: the answer to each request that comes back, and that an approval may be too late for one. Must never: answer
//! what is not durable.

use ledger::command::Undecided;
use ledger::runtime::now;

use super::{Connection, telling};
use crate::link::{Anomaly, Answered, Late, WaitingRequest};
use crate::server::ticket::Reply;
use crate::telemetry::{self, Stage};

impl Connection<'_> {
    /// Answers a request that came back.
    pub(super) fn answer(&mut self, reply: Reply) {
        self.in_flight.end();
        self.metrics.returned(1);
        self.status.answered();
        let (request, submitted, result) = match reply {
            Reply::Decided {
                request,
                submitted,
                result,
            } => (request, submitted, result),
            Reply::Counted { request, in_time } => return self.counted(&request, in_time),
        };
        let request = &request;
        let (outcome, timing) = match result {
            Ok(decided) => decided,
            Err(undecided) => return self.refuse(request, undecided),
        };
        telling::known(self.shared, &self.status);
        if let Some(decided) = outcome.get().decided()
            && let Some(late) = request.late(decided, timing.durable)
        {
            telemetry::late_approval(request, decided.id, late);
            if late == Late::Suppressed {
                return;
            }
        }
        let written = request.answer(&outcome, &mut self.out);
        self.written(request, written);
        self.metrics.passed(Stage::Queue, submitted, timing.taken);
        self.metrics
            .passed(Stage::Decide, timing.taken, timing.decided);
        self.metrics
            .passed(Stage::Commit, timing.decided, timing.durable);
        self.metrics.passed(Stage::Encode, timing.durable, now());
    }

    /// Answers a request that was not decided.
    pub(super) fn refuse(&mut self, request: &WaitingRequest, undecided: Undecided) {
        let written = request.refuse(undecided, &mut self.out);
        self.written(request, written);
    }

    /// Logs, counts and remembers the response to a request, or that none could be written.
    fn written(&mut self, request: &WaitingRequest, written: Result<Answered, Anomaly>) {
        match written {
            Ok(answered) => {
                telemetry::decision(request, &answered);
                self.link.sent(request, &answered);
                let code = answered.response_code;
                self.metrics
                    .answered(code.as_str(), answered.reason, request.received);
            }
            Err(anomaly) => telemetry::anomaly(request.network(), &anomaly),
        }
    }
}
