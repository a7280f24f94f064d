//! Where links of one network come from.
//!
//! Owns: what the settings of a listener or connector mean to the sessions of its links. Must never: open one.

use rules::NetworkId;

use crate::link_status::Side;
use crate::session::SessionOptions;
use crate::settings::{AnswerKey, Connector, Listener, Settings};

/// Where links of one network come from, and what their sessions do of themselves.
#[derive(Clone, Debug)]
pub struct Port {
    /// The network.
    pub network: NetworkId,
    /// Which side opens the links.
    pub side: Side,
    session: SessionOptions,
}

impl Port {
    /// What the sessions of its links do of themselves.
    #[must_use]
    pub fn session(&self) -> &SessionOptions {
        &self.session
    }

    /// Of a listener: the network signs on.
    #[must_use]
    pub fn of_listener(listener: &Listener, network: NetworkId, settings: &Settings) -> Self {
        Self {
            network,
            side: Side::Listens,
            session: session(false, listener.echo_idle_s, &listener.answer_key, settings),
        }
    }

    /// Of a connector.
    #[must_use]
    pub fn of_connector(connector: &Connector, network: NetworkId, settings: &Settings) -> Self {
        let (sign_on, idle_s) = (connector.sign_on, connector.echo_idle_s);
        Self {
            network,
            side: Side::Connects,
            session: session(sign_on, idle_s, &connector.answer_key, settings),
        }
    }
}

fn session(
    sign_on: bool,
    echo_idle_s: u32,
    key: &AnswerKey,
    settings: &Settings,
) -> SessionOptions {
    SessionOptions {
        sign_on,
        echo_idle_ms: u64::from(echo_idle_s).saturating_mul(1000),
        answer_wait_ms: settings.sessions.answer_wait_ms,
        // Half of the time that the end may take: what was asked before is still answered.
        sign_off_wait_ms: settings.links.drain_limit_ms / 2,
        unanswered_limit: settings.sessions.unanswered_limit,
        key: key.elements().to_vec(),
        first_stan: 1,
    }
}
