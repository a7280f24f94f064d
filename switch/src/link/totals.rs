//! The answer to a reconciliation.
//!
//! Owns: which day of which network is compared. Must never: wait for the totals; the shell does.

use bytes::BytesMut;
use ledger::command::Undecided;
use rules::Reason;

use super::{Anomaly, Answered, References, Told, WaitingRequest};
use crate::adapter::reconciliation::Claim;
use crate::adapter::response;
use crate::totals::Totals;

impl WaitingRequest {
    /// Appends the response to a reconciliation, with what is to be told of it.
    ///
    /// # Errors
    /// [`Anomaly::Unanswerable`] when it cannot be written; `out` is then unchanged.
    pub fn reconcile(
        &self,
        totals: &Totals,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Result<(Answered, Option<Told>), Anomaly> {
        let message = &self.incoming.message;
        let claim = match Claim::read(message) {
            Ok(claim) => claim,
            Err(error) => {
                report(Anomaly::Format(error, References::of(message)));
                let reason = Reason::FormatError;
                return Ok((self.refuse(Undecided { reason }, out)?, None));
            }
        };
        let date = claim
            .date
            .unwrap_or_else(|| self.plan.state.date_at(self.received));
        let day = totals.day(self.plan.network.id, date);
        let reconciliation = claim.compare(date, &day);
        let written = response::reconciled(&self.plan, &self.incoming, &reconciliation, out);
        let response_code =
            written.map_err(|error| Anomaly::Unanswerable(error, References::of(message)))?;
        let answered = Answered {
            id: None,
            response_code,
            reason: None,
            repeat: false,
        };
        Ok((answered, Some(Told::Totals(reconciliation))))
    }
}
