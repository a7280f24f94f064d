//! The sign-on that a link of some networks begins with. Owns the exchange of 0800 and 0810; must never play a
//! step.

use std::time::Duration;

use codec::{Dialect, Element, Message, Mti};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::compose;
use crate::generate::Generator;
use crate::link::{Link, LinkError, Received};
use crate::transcript::Fields;

/// DE39 of a sign-on that is accepted.
const ACCEPTED: &str = "00";

/// The message that signs on, echoes or signs off: 0800 with this DE70.
///
/// # Errors
/// Never in practice: the message type is a constant.
pub fn request(code: &str, generator: &mut Generator) -> Result<(Mti, Fields), String> {
    let mti = Mti::parse(b"0800").map_err(|error| error.to_string())?;
    let fresh = generator.fresh(Timestamp::now());
    let mut fields = Fields::default();
    for element in [Element::TRANSMISSION_DATE_TIME, Element::STAN] {
        if let Some(value) = fresh.get(&element) {
            fields.0.insert(element, value.clone());
        }
    }
    let element = Element::NETWORK_MANAGEMENT_CODE;
    fields.0.insert(element, code.to_owned());
    Ok((mti, fields))
}

/// Signs on and waits for the answer.
///
/// # Errors
/// [`LinkError`] when it is not answered with DE39 00 within `limit`.
pub async fn sign_on(
    link: &mut Link,
    dialect: &Dialect,
    code: &str,
    limit: Duration,
) -> Result<(), LinkError> {
    // One message of its own on each link: it meets no other on its match key.
    let (mti, fields) = request(code, &mut Generator::new(0)).map_err(LinkError::NotSignedOn)?;
    let body = compose::encode(dialect, mti, &fields);
    let body = body.map_err(|error| LinkError::NotSignedOn(error.to_string()))?;
    link.send_frame(&body).await?;
    let deadline = Instant::now() + limit;
    loop {
        let frame = match link.receive(deadline).await {
            Received::Frame(frame) => frame,
            Received::Closed => return refused("the link was closed by the switch"),
            Received::Nothing => return refused("no answer"),
            Received::Lost(reason) => return refused(&reason),
        };
        let answer = dialect.decode(frame.body);
        let answer = answer.map_err(|error| LinkError::NotSignedOn(error.to_string()))?;
        if is_answer(&answer, mti, &fields) {
            return match answer.text(Element::RESPONSE_CODE) {
                Some(ACCEPTED) => Ok(()),
                Some(code) => refused(&format!("answered with DE39 {code}")),
                None => refused("answered without DE39"),
            };
        }
    }
}

fn is_answer(answer: &Message, mti: Mti, fields: &Fields) -> bool {
    let ours = answer.text(Element::STAN) == fields.get(Element::STAN);
    ours && Some(answer.mti()) == mti.response()
}

fn refused(reason: &str) -> Result<(), LinkError> {
    Err(LinkError::NotSignedOn(reason.to_owned()))
}
