//! How a host stands on one of its lines.
//!
//! Owns: whether the switch takes its traffic, as far as the host can know, and when it signs on again. Must never:
//! hold anything of a card.

use ledger::identifiers::Timestamp;

use super::message::Key;

/// How long an answer to a sign-on is waited for.
const PATIENCE_US: i64 = 2_000_000;

/// A line's sign-on.
#[derive(Debug, Default)]
pub struct SignOn {
    signed_on: bool,
    asked: Option<Key>,
    again: Timestamp,
}

impl SignOn {
    /// Whether a sign-on is to be sent.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.signed_on && now >= self.again
    }

    pub fn is_signed_on(&self) -> bool {
        self.signed_on
    }

    /// One was sent.
    pub fn asked(&mut self, key: Key, now: Timestamp) {
        self.asked = Some(key);
        self.again = now.plus_us(PATIENCE_US);
    }

    /// An answer arrived on the line.
    pub fn hear(&mut self, key: &Key, code: &str) {
        if self.asked.as_ref() == Some(key) {
            self.asked = None;
            self.signed_on = code == "00";
        }
    }

    /// The host has signed off, or was told that it is not signed on; it stays so until then.
    pub fn is_off_until(&mut self, then: Timestamp) {
        self.signed_on = false;
        self.again = then;
    }
}
