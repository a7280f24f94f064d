//! The framing that a command line asks for.

use codec::detect::framings;
use codec::{Dialect, Framing};

/// How frames are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FramingChoice {
    /// As the dialect says.
    Dialect,
    /// Another way.
    Other(Framing),
}

impl FramingChoice {
    /// Reads a name.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        if name == "dialect" {
            return Ok(Self::Dialect);
        }
        let named = framings().iter().find(|named| named.name == name);
        named
            .map(|named| Self::Other(named.framing))
            .ok_or_else(|| {
                let names: Vec<&str> = framings().iter().map(|named| named.name).collect();
                format!("expected one of: dialect, {}", names.join(", "))
            })
    }

    /// The framing.
    pub(crate) fn of(self, dialect: &Dialect) -> Framing {
        match self {
            Self::Dialect => dialect.framing(),
            Self::Other(framing) => framing,
        }
    }
}
