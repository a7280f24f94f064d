//! The rules of a simulation: those shipped, and what reloads make of them.
//!
//! Owns: changed documents, compiled once for all worlds; limits of flex controls that count, so that accumulators go
//! through every crash. Must never: change what an approval moves in the available limit, which the host counts on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rules::{Document, NetworkId, Snapshot};
use switch::network_state::KeptState;
use switch::networks::{NetworkPlan, Networks};

/// A compiled set of rules with its networks.
#[derive(Clone, Debug)]
pub struct Rules {
    pub snapshot: Arc<Snapshot>,
    networks: Arc<Networks>,
}

impl Rules {
    /// A network that is part of every set.
    pub fn plan(&self, network: NetworkId) -> &Arc<NetworkPlan> {
        self.networks.plan(network).unwrap()
    }

    /// The same rules in a process of its own, which goes on with what networks had said before.
    pub fn apart(&self, kept: &BTreeMap<NetworkId, KeptState>) -> Self {
        let networks = self.networks.apart();
        for plan in networks.plans() {
            if let Some(kept) = kept.get(&plan.network.id) {
                plan.state.restore(kept);
            }
        }
        Self {
            networks: Arc::new(networks),
            ..self.clone()
        }
    }

    /// The same rules where they take the place of others in a process.
    pub fn after(&self, others: &Self) -> Self {
        Self {
            networks: Arc::new(self.networks.apart().after(&others.networks)),
            ..self.clone()
        }
    }
}

/// Every set of rules that a world may put in force; the first is the shipped one, with what counts.
#[derive(Debug)]
pub struct Rulebook {
    pub sets: Vec<Rules>,
    /// Documents that no start and no reload may accept.
    wrong: Vec<Document>,
}

/// DE39 of a purchase without cover after a reload.
pub const OTHER_DECLINE: &str = "65";

/// One edit of one document.
struct Edit {
    path: &'static str,
    from: &'static str,
    to: &'static str,
}

/// Another limit moves as well, another response code, a configuration for an operation that had none.
const EDITS: [Edit; 3] = [
    Edit {
        path: "balance-configurations/credit-program.toml",
        from: "impact = [\"AvailableCreditLimit\"]\nreset_limit = \"payment\"",
        to: "impact = [\"AvailableCreditLimit\"]\nopposite_impact = [\"HeldFunds\"]\nreset_limit = \"payment\"",
    },
    Edit {
        path: "networks/generic.toml",
        from: "insufficient_funds = { response_code = \"51\"",
        to: "insufficient_funds = { response_code = \"65\"",
    },
    Edit {
        path: "balance-configurations/tenant.toml",
        from: "processing_codes = [\"00\", \"01\", \"09\"]",
        to: "processing_codes = [\"00\", \"01\", \"09\", \"88\"]",
    },
];

/// The program whose operations are controlled.
pub const CONTROLLED_PROGRAM: u32 = 1;

/// Counts by account and by card, in periods that end while a world runs and in one that does not. One denies.
const COUNTING: &str = r#"
level = "program"
program_id = 1

[[controls]]
id = "a-second"
type = "spending_limit"
name = "A second"
max_limit = 9000000000000000000
limit_duration = "PT1S"
deny_code = "NEVER"

[[controls]]
id = "a-day"
type = "spending_limit"
name = "A day"
max_limit = 9000000000000000000
limit_duration = "P1D"
deny_code = "NEVER"

[[controls]]
id = "few-a-day"
type = "usage_limit"
name = "Few a day"
counted_per = "card"
max_limit = 12
limit_duration = "P1D"
deny_code = "FEW"

[[controls]]
id = "of-the-card"
type = "usage_limit"
name = "Of the card"
counted_per = "card"
max_limit = 9000000000000000000
limit_duration = "P1Y"
deny_code = "NEVER"
"#;

const WRONG: Edit = Edit {
    path: "balance-configurations/tenant.toml",
    from: "impact = [",
    to: "impakt = [",
};

impl Rulebook {
    /// The shipped rules with every combination of the edits.
    ///
    /// # Errors
    /// What is wrong with the configuration of the workspace.
    pub fn shipped() -> anyhow::Result<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let shipped = rules::load(&directory)?;
        let mut documents = shipped.documents().to_vec();
        documents.push(Document {
            path: "flex-controls/counting.toml".to_owned(),
            content: COUNTING.to_owned(),
        });
        let compile = |edits: &[&Edit]| {
            let snapshot = rules::compile(edited(&documents, edits)?)?;
            let networks = Networks::load(&directory, &snapshot)?;
            anyhow::Ok(Rules {
                snapshot: Arc::new(snapshot),
                networks: Arc::new(networks),
            })
        };
        let chosen = |set: usize| {
            let in_set = |(number, edit)| (set >> number & 1 == 1).then_some(edit);
            EDITS
                .iter()
                .enumerate()
                .filter_map(in_set)
                .collect::<Vec<_>>()
        };
        let sets = (0..1 << EDITS.len()).map(|set| compile(&chosen(set)));
        Ok(Self {
            sets: sets.collect::<anyhow::Result<_>>()?,
            wrong: edited(&documents, &[&WRONG])?,
        })
    }

    /// Whether the wrong documents are refused.
    pub fn refuses_the_wrong(&self) -> bool {
        rules::compile(self.wrong.clone()).is_err()
    }
}

fn edited(documents: &[Document], edits: &[&Edit]) -> anyhow::Result<Vec<Document>> {
    let mut documents = documents.to_vec();
    for edit in edits {
        let found = documents
            .iter_mut()
            .find(|document| document.path == edit.path && document.content.contains(edit.from));
        let document = found.with_context(|| format!("{}: no {:?}", edit.path, edit.from))?;
        document.content = document.content.replacen(edit.from, edit.to, 1);
    }
    Ok(documents)
}
