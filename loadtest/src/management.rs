//! Network management of the switch: what it asks of its peer is answered, so that its links stay.
//!
//! Owns: the answers to its sign-on, echo and sign-off. Must never: count or measure.

use bytes::BytesMut;
use codec::{Dialect, Element, EncodeError, Message, MtiClass};

/// DE39 of a request that is accepted.
pub(crate) const ACCEPTED: &str = "00";

/// What an answer returns of its request.
const RETURNED: [Element; 3] = [
    Element::TRANSMISSION_DATE_TIME,
    Element::STAN,
    Element::NETWORK_MANAGEMENT_CODE,
];

/// Appends the frame that answers a request of network management, behind the header of the request; nothing for any
/// other message.
///
/// # Errors
/// [`EncodeError`] when the answer does not fit the dialect; `out` is then unchanged.
pub(crate) fn answer(
    dialect: &Dialect,
    header: &[u8],
    request: &Message,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let mti = request.mti().response();
    let Some(mti) = mti.filter(|_| request.mti().class() == MtiClass::NetworkManagement) else {
        return Ok(());
    };
    let mut encoder = dialect.encoder(mti);
    encoder.echo(request, &RETURNED);
    encoder.set(Element::RESPONSE_CODE, ACCEPTED);
    let framing = dialect.framing();
    framing.write_reply(out, header, |out| encoder.write(out))
}
