//! Settings of listeners and connectors.
//!
//! Owns: where networks and this side connect. Must never: say what a network's messages mean.

use std::net::SocketAddr;
use std::num::NonZeroU8;

use codec::Element;
use schemars::JsonSchema;
use serde::Deserialize;

/// A port on which one network connects.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Name of the network, as in `networks/`.
    pub network: String,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Seconds of silence after which an echo is sent; 0, or nothing, for never.
    #[serde(default)]
    pub echo_idle_s: u32,
    /// The elements by which answers to requests of our own are found: of DE7, 11 and 70.
    #[serde(default)]
    pub answer_key: AnswerKey,
}

/// Lines that this side opens to one network.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// Name of the network, as in `networks/`.
    pub network: String,
    /// Address to connect to.
    pub connect: SocketAddr,
    /// How many lines are kept open.
    pub lines: NonZeroU8,
    /// Whether this side signs on before traffic, and signs off at the end.
    #[serde(default)]
    pub sign_on: bool,
    /// Seconds of silence after which an echo is sent; 0, or nothing, for never.
    #[serde(default)]
    pub echo_idle_s: u32,
    /// The elements by which answers to requests of our own are found: of DE7, 11 and 70.
    #[serde(default)]
    pub answer_key: AnswerKey,
}

/// The elements by which answers to requests of our own are found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<u8>")]
#[schemars(with = "Vec<u8>")]
pub struct AnswerKey(Vec<Element>);

/// A key that no answer could be found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer is found by one or more of DE7, 11 and 70")]
pub struct InvalidAnswerKey;

impl AnswerKey {
    /// The elements.
    #[must_use]
    pub fn elements(&self) -> &[Element] {
        &self.0
    }
}

/// DE7 and DE11.
impl Default for AnswerKey {
    fn default() -> Self {
        Self(vec![Element::TRANSMISSION_DATE_TIME, Element::STAN])
    }
}

impl TryFrom<Vec<u8>> for AnswerKey {
    type Error = InvalidAnswerKey;

    fn try_from(numbers: Vec<u8>) -> Result<Self, InvalidAnswerKey> {
        let known = |number| match number {
            7 => Ok(Element::TRANSMISSION_DATE_TIME),
            11 => Ok(Element::STAN),
            70 => Ok(Element::NETWORK_MANAGEMENT_CODE),
            _ => Err(InvalidAnswerKey),
        };
        let elements: Vec<Element> = numbers.into_iter().map(known).collect::<Result<_, _>>()?;
        if elements.is_empty() {
            return Err(InvalidAnswerKey);
        }
        Ok(Self(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_elements_that_a_request_of_our_own_has() {
        for (numbers, good) in [
            (vec![7, 11], true),
            (vec![11], true),
            (vec![7, 11, 70], true),
            (vec![], false),
            (vec![11, 41], false),
        ] {
            assert_eq!(
                AnswerKey::try_from(numbers.clone()).is_ok(),
                good,
                "{numbers:?}"
            );
        }
        let elements = AnswerKey::default();
        assert_eq!(
            elements.elements(),
            [Element::TRANSMISSION_DATE_TIME, Element::STAN]
        );
    }
}
