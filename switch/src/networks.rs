//! The networks as the links use them: rules and dialect joined.
//!
//! Owns: what is looked up once per reload instead of once per message. Must never: change after it was
//! made; a reload makes a new one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use codec::{Dialect, Element};
use rules::{NetworkId, Snapshot};

use crate::adapter::{self, Adapter, AdapterError};
use crate::network_state::NetworkState;

/// One network: its rules and its dialect.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// Its rules.
    pub network: rules::Network,
    /// How its messages are written.
    pub dialect: Arc<Dialect>,
    /// What its messages mean.
    pub adapter: Arc<dyn Adapter>,
    /// What it has said beside its traffic.
    pub state: Arc<NetworkState>,
    echo: Vec<Element>,
    echo_reversal: Vec<Element>,
    echo_network_management: Vec<Element>,
}

/// Every network of a snapshot.
#[derive(Debug)]
pub struct Networks {
    plans: BTreeMap<NetworkId, Arc<NetworkPlan>>,
}

/// Why the networks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetworksError {
    /// A dialect file is wrong.
    #[error(transparent)]
    Dialect(#[from] codec::DialectError),
    /// The adapter is not there, or the dialect is not one for it.
    #[error("network {network}: adapter: {problem}")]
    Adapter {
        /// The network.
        network: String,
        /// Why.
        problem: AdapterError,
    },
    /// An echo list names an element that the dialect cannot carry.
    #[error("network {network}: echo: the dialect {dialect} has no DE{element}")]
    Echo {
        /// The network.
        network: String,
        /// Its dialect.
        dialect: String,
        /// The element.
        element: u8,
    },
}

impl Networks {
    /// Joins the networks of a snapshot with their dialects, read from `config/dialects`.
    ///
    /// # Errors
    /// [`NetworksError`] for a dialect that cannot be read or lacks an element of an echo list, and for
    /// an adapter that is not there.
    pub fn load(config_directory: &Path, rules: &Snapshot) -> Result<Self, NetworksError> {
        let mut plans = BTreeMap::new();
        for network in rules.networks() {
            let file = format!("{}.toml", network.dialect);
            let dialect = Dialect::load(&config_directory.join("dialects").join(file))?;
            let elements = |numbers: &[u8]| -> Result<Vec<Element>, NetworksError> {
                numbers
                    .iter()
                    .map(|number| element(network, &dialect, *number))
                    .collect()
            };
            let plan = NetworkPlan {
                echo: elements(&network.echo)?,
                echo_reversal: elements(&network.echo_reversal)?,
                echo_network_management: elements(&network.echo_network_management)?,
                adapter: adapter::named(&network.adapter, &dialect).map_err(|problem| {
                    NetworksError::Adapter {
                        network: network.name.clone(),
                        problem,
                    }
                })?,
                network: network.clone(),
                dialect: Arc::new(dialect),
                state: Arc::default(),
            };
            plans.insert(network.id, Arc::new(plan));
        }
        Ok(Self { plans })
    }

    /// These networks where they take the place of others: what a network has said goes on to count.
    #[must_use]
    pub fn after(mut self, others: &Self) -> Self {
        for (id, plan) in &mut self.plans {
            if let (Some(plan), Some(other)) = (Arc::get_mut(plan), others.plan(*id)) {
                plan.state = Arc::clone(&other.state);
            }
        }
        self
    }

    /// The same networks as another switch has them, to which they have said nothing yet.
    #[must_use]
    pub fn apart(&self) -> Self {
        let apart = |(id, plan): (&NetworkId, &Arc<NetworkPlan>)| {
            let plan = NetworkPlan {
                state: Arc::default(),
                ..NetworkPlan::clone(plan)
            };
            (*id, Arc::new(plan))
        };
        Self {
            plans: self.plans.iter().map(apart).collect(),
        }
    }

    /// Every network.
    pub fn plans(&self) -> impl Iterator<Item = &Arc<NetworkPlan>> {
        self.plans.values()
    }

    /// A network.
    #[must_use]
    pub fn plan(&self, id: NetworkId) -> Option<&Arc<NetworkPlan>> {
        self.plans.get(&id)
    }
}

fn element(
    network: &rules::Network,
    dialect: &Dialect,
    number: u8,
) -> Result<Element, NetworksError> {
    let known = Element::new(number).filter(|element| dialect.element_name(*element).is_some());
    known.ok_or_else(|| NetworksError::Echo {
        network: network.name.clone(),
        dialect: network.dialect.clone(),
        element: number,
    })
}

impl NetworkPlan {
    /// Elements that a response copies from a request of this class.
    pub(crate) fn echo(&self, class: codec::MtiClass) -> [&[Element]; 2] {
        let more: &[Element] = match class {
            // Both name another message.
            codec::MtiClass::Reversal | codec::MtiClass::Administrative => &self.echo_reversal,
            codec::MtiClass::NetworkManagement => &self.echo_network_management,
            _ => &[],
        };
        [&self.echo, more]
    }

    /// Whether a response to this class copies an element.
    pub(crate) fn echoes(&self, class: codec::MtiClass, element: Element) -> bool {
        let mut lists = self.echo(class).into_iter();
        lists.any(|list| list.contains(&element))
    }
}
