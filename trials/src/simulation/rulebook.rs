//! The rules of a simulation: those shipped, and what reloads make of them.
//!
//! Owns: changed documents, compiled once for all worlds. Must never: change what an approval moves in the
//! available limit, which the host counts on.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rules::{Document, NetworkId, Snapshot};
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
}

/// Every set of rules that a world may put in force; the shipped one is the first.
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
        let compile = |edits: &[&Edit]| {
            let snapshot = rules::compile(edited(shipped.documents(), edits)?)?;
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
            wrong: edited(shipped.documents(), &[&WRONG])?,
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
