//! Network management requests of our own.
//!
//! Owns: what an 0800 of ours holds. Must never: hold anything of a card.

use bytes::BytesMut;
use codec::{EncodeError, Mti};

use crate::networks::NetworkPlan;
use crate::session::OwnRequest;

/// The message type of network management requests.
const REQUEST: &[u8; 4] = b"0800";

/// Appends the frame of a request.
///
/// # Errors
/// [`EncodeError`] when the dialect cannot carry an element; `out` is then unchanged.
pub fn write(
    plan: &NetworkPlan,
    request: &OwnRequest,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let Ok(mti) = Mti::parse(REQUEST) else {
        return Ok(());
    };
    let elements = request.elements();
    let mut message = plan.dialect.encoder(mti);
    for (element, value) in &elements {
        message.set(*element, value);
    }
    plan.dialect.framing().write(out, |out| message.write(out))
}
