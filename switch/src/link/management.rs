//! Network management on a link.
//!
//! Owns: what is done with each 0800, and its answer. Must never: speak about money.

use bytes::BytesMut;
use codec::{Element, Message};
use ledger::identifiers::BusinessDate;
use rules::Reason;

use super::{Anomaly, Link, Received, References, Surroundings, Told};
use crate::adapter::{FormatError, Incoming, missing};
use crate::key_exchange::KeyExchangeRequest;
use crate::refusal::Refusal;
use crate::session::Event;

impl Link {
    /// Network management (reference iso8583 3.6): 001 sign-on, 002 sign-off, 061 and 062 the same for all links of the
    /// network, 071 and 072 the network begins and ends to send advices that it has kept (363 ends them too), 101 and 161
    /// to 163 keys, 201 cut-over, 270 and 301 echo.
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
            Some("201") => {
                cut_over(message, around).map(|date| self.told.extend(date.map(Told::CutOver)))
            }
            Some(code @ ("071" | "072" | "363")) => {
                self.told.push(Told::Advices(code == "071"));
                Ok(())
            }
            Some("270" | "301") => Ok(()),
            Some(code) if let Some(code) = key_code(code) => {
                if !self.takes_keys(message, code, around) {
                    return self.refuse(incoming, around, Reason::KeyExchangeRefused, out, report);
                }
                Ok(())
            }
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

    /// Whether what holds keys takes those of a message.
    fn takes_keys(
        &mut self,
        message: &Message,
        code: &'static str,
        around: &Surroundings<'_>,
    ) -> bool {
        let exchanged = around.keys.exchange(&KeyExchangeRequest {
            network: &around.plan.network.name,
            code,
            message,
            dialect: &around.plan.dialect,
        });
        let refused = exchanged.err();
        self.told.push(Told::KeyExchange { code, refused });
        refused.is_none()
    }
}

/// The code of a key exchange.
fn key_code(code: &str) -> Option<&'static str> {
    const CODES: [&str; 4] = ["101", "161", "162", "163"];
    CODES.into_iter().find(|known| *known == code)
}

/// A new business day has begun: its date is that of the settlement. `None` when it had begun before.
fn cut_over(
    message: &Message,
    around: &Surroundings<'_>,
) -> Result<Option<BusinessDate>, FormatError> {
    let element = Element::SETTLEMENT_DATE;
    let date = message.text(element).ok_or_else(|| missing(element))?;
    let problem = "is no date";
    let date = BusinessDate::parse(date).ok_or(FormatError { element, problem })?;
    let changed = around.plan.state.cut_over(date, around.now);
    Ok(changed.then_some(date))
}
