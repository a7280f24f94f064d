//! Requests of our own.
//!
//! Owns: what they are for and the elements that they have. Must never: hold anything of a card.

use std::collections::BTreeMap;

use codec::Element;

/// What a request of our own is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Sign-on.
    SignOn,
    /// Sign-off.
    SignOff,
    /// Echo.
    Echo,
}

impl Purpose {
    /// DE70.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SignOn => "001",
            Self::SignOff => "002",
            Self::Echo => "301",
        }
    }

    /// The name in logs, metrics and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignOn => "sign_on",
            Self::SignOff => "sign_off",
            Self::Echo => "echo",
        }
    }
}

/// Elements and their values.
pub type Key = BTreeMap<Element, String>;

/// A request of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnRequest {
    /// What it is for.
    pub purpose: Purpose,
    /// DE11.
    pub stan: u32,
    /// DE7.
    pub transmission: u64,
}

impl OwnRequest {
    /// Its elements.
    #[must_use]
    pub fn elements(&self) -> Key {
        Key::from([
            (
                Element::TRANSMISSION_DATE_TIME,
                format!("{:010}", self.transmission),
            ),
            (Element::STAN, format!("{:06}", self.stan)),
            (
                Element::NETWORK_MANAGEMENT_CODE,
                self.purpose.code().to_owned(),
            ),
        ])
    }
}
