//! Network management on a link.
//!
//! Owns: what is done with each 0800, and its answer. Must never: speak about money.

use bytes::BytesMut;
use codec::{Element, Message};
use rules::Reason;

use super::{Anomaly, Link, Received, References, Surroundings, Told};
use crate::adapter::{FormatError, Incoming, missing};
use crate::network_state::NetworkState;
use crate::refusal::Refusal;
use crate::session::Event;

impl Link {
    /// Network management (reference iso8583 3.6): 001 sign-on, 002 sign-off, 061 and 062 the same for all links of the
    /// network, 201 cut-over, 301 echo.
    pub(super) fn manage(
        &mut self,
        incoming: &Incoming,
        around: &Surroundings<'_>,
        out: &mut BytesMut,
        report: &mut dyn FnMut(Anomaly),
    ) -> Received {
        let message = &incoming.message;
        let element = Element::NETWORK_MANAGEMENT_CODE;
        let state = &around.plan.state;
        let managed = match message.text(element) {
            Some("001") => {
                self.happened(Event::PeerSignedOn, around.now);
                Ok(())
            }
            Some("002") => {
                self.happened(Event::PeerSignedOff, around.now);
                Ok(())
            }
            Some(code @ ("061" | "062")) => {
                let signed_on = code == "061";
                if state.sign_on_group(signed_on) {
                    self.told.push(Told::GroupSignOn(signed_on));
                }
                Ok(())
            }
            Some("201") => cut_over(message, state).map(|date| self.told.push(Told::CutOver(date))),
            Some("301") => Ok(()),
            Some(_) => return self.refuse(incoming, around, Reason::NotPermitted, out, report),
            None => Err(missing(element)),
        };
        if let Err(error) = managed {
            report(Anomaly::Format(error, References::of(message)));
            return self.refuse(incoming, around, Reason::FormatError, out, report);
        }
        match Refusal::acknowledgement(message) {
            Some(refusal) => self.answer(incoming, around, refusal, out, report),
            None => Received::Ignored("not network management"),
        }
    }
}

/// A new business day has begun: its date is that of the settlement.
fn cut_over(message: &Message, state: &NetworkState) -> Result<String, FormatError> {
    let element = Element::SETTLEMENT_DATE;
    let date = message.text(element).ok_or_else(|| missing(element))?;
    let problem = "is no date";
    let cut_over = state.cut_over(date);
    cut_over.map_err(|_no_date| FormatError { element, problem })?;
    Ok(date.to_owned())
}
