//! Networks: what the switch must know to answer one, as data. Owns only the type; reading is in
//! `documents`. The dialect itself (field formats) belongs to `codec`.

use std::fmt;

use crate::{NetworkId, Reason, ResponseCode};

/// A card network, or one host of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Network {
    /// Number of the network, unique.
    pub id: NetworkId,
    /// Name, unique.
    pub name: String,
    /// File stem in `dialects/`.
    pub dialect: String,
    /// Whether traffic before a sign-on is refused.
    pub sign_on_required: bool,
    /// Data elements every response copies from its request, when present.
    pub echo: Vec<u8>,
    /// Those that responses to reversals (04xx) copy as well.
    pub echo_reversal: Vec<u8>,
    /// Those that responses to network management (08xx) copy as well.
    pub echo_network_management: Vec<u8>,
    /// How long a message is remembered in memory for repeats and reversals, in minutes.
    pub match_window_minutes: u32,
    /// How long a decision may take, in milliseconds.
    pub deadline_ms: u32,
    /// One answer per reason, in the order of `Reason::ALL`.
    pub(crate) answers: [Answer; Reason::ALL.len()],
}

/// What a network is told for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) response_code: ResponseCode,
    pub(crate) denial_code: Option<String>,
}

impl Network {
    /// DE39 for a reason.
    pub fn response_code(&self, reason: Reason) -> ResponseCode {
        self.answer(reason).response_code
    }

    /// The issuer's own code for a reason (1 to 3 characters), for events and reports.
    pub fn denial_code(&self, reason: Reason) -> Option<&str> {
        self.answer(reason).denial_code.as_deref()
    }

    fn answer(&self, reason: Reason) -> &Answer {
        #[expect(
            clippy::indexing_slicing,
            reason = "the array has one element per reason and a reason is its own index"
        )]
        &self.answers[reason as usize]
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}
