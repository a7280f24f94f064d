//! One immutable, compiled set of rules, shared by pointer and read without locks.
//!
//! Owns the tables and the index; reads no file (that is `documents`) and is never changed.

use std::collections::BTreeMap;
use std::fmt;

use crate::compile::Index;
use crate::evaluate::evaluate;
use crate::{
    Configuration, Document, Evaluation, EvaluationRequest, Limits, Network, NetworkId,
    ProcessingCode, ProcessingCodeEntry, Program, ProgramId, ReversalCode, RulesVersion,
};

/// A compiled set of rules.
pub struct Snapshot {
    version: RulesVersion,
    documents: Vec<Document>,
    tables: Tables,
    index: Index,
}

/// Everything the documents say, validated.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) programs: BTreeMap<ProgramId, Program>,
    pub(crate) networks: BTreeMap<NetworkId, Network>,
    pub(crate) processing_codes: BTreeMap<ProcessingCode, ProcessingCodeEntry>,
    pub(crate) reversal_codes: BTreeMap<ProcessingCode, ReversalCode>,
    pub(crate) configurations: Vec<Configuration>,
}

impl Snapshot {
    pub(crate) fn new(version: RulesVersion, documents: Vec<Document>, tables: Tables) -> Self {
        let index = Index::build(&tables.configurations);
        Self {
            version,
            documents,
            tables,
            index,
        }
    }

    /// The content hash of the documents.
    pub fn version(&self) -> RulesVersion {
        self.version
    }

    /// Everything the version covers, sorted by path. Compiling these again gives this snapshot.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The program with this number.
    pub fn program(&self, id: ProgramId) -> Option<&Program> {
        self.tables.programs.get(&id)
    }

    /// All programs, by number.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.tables.programs.values()
    }

    /// The network with this number.
    pub fn network(&self, id: NetworkId) -> Option<&Network> {
        self.tables.networks.get(&id)
    }

    /// The network with this name.
    pub fn network_named(&self, name: &str) -> Option<&Network> {
        self.networks().find(|network| network.name == name)
    }

    /// All networks, by number.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.tables.networks.values()
    }

    /// The operation of a code that DE3 may carry. Reversal codes are not among them.
    pub fn processing_code(&self, code: ProcessingCode) -> Option<&ProcessingCodeEntry> {
        self.tables.processing_codes.get(&code)
    }

    /// All operations, by code.
    pub fn processing_codes(&self) -> impl Iterator<Item = &ProcessingCodeEntry> {
        self.tables.processing_codes.values()
    }

    /// The reversal code of this name.
    pub fn reversal_code(&self, code: ProcessingCode) -> Option<&ReversalCode> {
        self.tables.reversal_codes.get(&code)
    }

    /// All balance configurations, in file order, inactive ones too. [`crate::Plan`] points here.
    pub fn configurations(&self) -> &[Configuration] {
        &self.tables.configurations
    }

    /// What the balance configurations say to a request, given the limits of its account.
    ///
    /// An operation that moves nothing (direction `None`) holds without a configuration. Allocates
    /// nothing.
    pub fn evaluate(&self, request: &EvaluationRequest, limits: &Limits) -> Evaluation {
        evaluate(&self.index, request, limits)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
