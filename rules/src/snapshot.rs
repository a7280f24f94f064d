//! One immutable, compiled set of rules, shared by pointer and read without locks.
//!
//! Owns the tables and the index; reads no file (that is `documents`) and is never changed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

#[cfg(doc)]
use crate::CONTROLS_MAX;
use crate::authorization_options::OptionsRecord;
use crate::compile::Compiled;
use crate::controls::ControlRules;
use crate::documents::FilterTemplate;
use crate::evaluate::CompiledRules;
use crate::index::Index;
use crate::over_limit::OverLimitRules;
use crate::target::ByTarget;
use crate::trace::trace;
use crate::{
    AccountId, AccountStatusRule, Accumulators, AttributeGroup, AttributeGroupId,
    AuthorizationFlow, AuthorizationOptions, Configuration, ControlFacts, ControlOutcome,
    ControlsTrace, Currency, Document, Evaluation, EvaluationRequest, ExchangeRate, FeatureUse,
    FlexControl, Limits, Mapping, MappingRequest, Network, NetworkId, NoRelatedLimits,
    Organization, OverLimit, OwnControls, ProcessingCode, ProcessingCodeEntry, Program, ProgramId,
    RelatedLimits, Reservation, ReversalCode, RuleModel, RulesVersion, StatusReason, Trace,
};

/// A compiled set of rules.
pub struct Snapshot {
    version: RulesVersion,
    documents: Vec<Document>,
    tables: Tables,
    rules: CompiledRules,
    controls: ControlRules,
    /// What a target without options of its own has.
    standard_options: AuthorizationOptions,
}

/// Everything the documents say, validated.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) organization: Organization,
    /// By the currencies from and to.
    pub(crate) exchange_rates: BTreeMap<(Currency, Currency), ExchangeRate>,
    pub(crate) programs: BTreeMap<ProgramId, Program>,
    pub(crate) networks: BTreeMap<NetworkId, Network>,
    pub(crate) processing_codes: BTreeMap<ProcessingCode, ProcessingCodeEntry>,
    pub(crate) reversal_codes: BTreeMap<ProcessingCode, ReversalCode>,
    /// By name, the version in force.
    pub(crate) filter_templates: BTreeMap<String, FilterTemplate>,
    pub(crate) configurations: Vec<Configuration>,
    pub(crate) rule_models: Vec<RuleModel>,
    /// Index into the rule models.
    pub(crate) rule_model_of: ByTarget<usize>,
    pub(crate) over_limit: OverLimitRules,
    pub(crate) authorization_options: ByTarget<OptionsRecord>,
    /// In file order.
    pub(crate) flex_controls: Vec<Arc<FlexControl>>,
    pub(crate) attribute_groups: BTreeMap<AttributeGroupId, AttributeGroup>,
    /// Line and key of each operation.
    pub(crate) code_places: BTreeMap<ProcessingCode, (u32, String)>,
    /// File of each network.
    pub(crate) network_files: BTreeMap<NetworkId, String>,
    /// Where limit refund is asked for.
    pub(crate) limit_refunds: Vec<FeatureUse>,
}

impl Snapshot {
    pub(crate) fn new(version: RulesVersion, documents: Vec<Document>, tables: Tables) -> Self {
        let rules = CompiledRules {
            index: Index::build(&tables.configurations),
            configurations: tables.configurations.iter().map(Compiled::new).collect(),
            over_limit: tables.over_limit.clone(),
        };
        let groups = tables.attribute_groups.values().cloned();
        let controls = ControlRules::new(&tables.flex_controls, groups);
        Self {
            version,
            documents,
            tables,
            rules,
            controls,
            standard_options: AuthorizationOptions::default(),
        }
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(crate) fn rules(&self) -> &CompiledRules {
        &self.rules
    }

    /// The content hash of the documents.
    pub fn version(&self) -> RulesVersion {
        self.version
    }

    /// Everything the version covers, sorted by path. Compiling these again gives this snapshot.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The organization.
    pub fn organization(&self) -> &Organization {
        &self.tables.organization
    }

    /// The status of accounts with this name, predefined ones too.
    pub fn account_status(&self, name: &str) -> Option<&AccountStatusRule> {
        self.tables.organization.account_statuses.get(name)
    }

    /// The reason for a status with this number.
    pub fn status_reason(&self, id: u32) -> Option<&StatusReason> {
        self.tables.organization.status_reasons.get(&id)
    }

    /// What amounts of one currency are worth in another. Each direction has a rate of its own.
    pub fn exchange_rate(&self, from: Currency, to: Currency) -> Option<&ExchangeRate> {
        self.tables.exchange_rates.get(&(from, to))
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

    /// What an incoming processing code stands for, by the rule model of the most specific target
    /// that has one. Goes before everything that looks a code up. Allocates nothing.
    pub fn map<'a>(&'a self, request: &MappingRequest<'_>) -> Mapping<'a> {
        let model = self
            .tables
            .rule_model_of
            .resolve(request.account, request.program)
            .and_then(|number| self.tables.rule_models.get(*number));
        let by = model.and_then(|model| Some((model, model.first_that_holds(request)?)));
        Mapping {
            processing_code: by.map_or(request.processing_code, |(_, rule)| rule.code_for(request)),
            by,
        }
    }

    /// All rule models, in file order.
    pub fn rule_models(&self) -> &[RuleModel] {
        &self.tables.rule_models
    }

    /// Whether over-limit and limit refund may happen in one operation of an account.
    pub fn over_limit(
        &self,
        account: AccountId,
        program: ProgramId,
        code: ProcessingCode,
        flow: AuthorizationFlow,
    ) -> OverLimit {
        self.rules.over_limit.of(account, program, code, flow)
    }

    /// The options of an authorization: those of the most specific target that has a record, with
    /// the override of the card's BIN. `bin` is the start of the card number, 8 digits where known.
    pub fn authorization_options(
        &self,
        account: AccountId,
        program: ProgramId,
        bin: Option<&str>,
    ) -> &AuthorizationOptions {
        self.tables
            .authorization_options
            .resolve(account, program)
            .map_or(&self.standard_options, |record| record.for_bin(bin))
    }

    /// The options of what has no account: those of the tenant.
    pub fn authorization_options_of_tenant(&self, bin: Option<&str>) -> &AuthorizationOptions {
        self.tables
            .authorization_options
            .get(crate::Target::Tenant)
            .map_or(&self.standard_options, |record| record.for_bin(bin))
    }

    /// What the balance configurations say to a request, given the limits of its account.
    ///
    /// An operation that moves nothing (direction `None`) holds without a configuration. A scenario
    /// that moves a related account does not hold here: its limits are not given (see
    /// [`Snapshot::evaluate_with`]). Allocates nothing.
    pub fn evaluate(&self, request: &EvaluationRequest, limits: &Limits) -> Evaluation {
        self.evaluate_with(request, limits, &NoRelatedLimits)
    }

    /// The same, where the limits of related accounts can be looked up. The considered sum is that
    /// of the request's account; floors hold on every account that moves.
    pub fn evaluate_with(
        &self,
        request: &EvaluationRequest,
        limits: &Limits,
        related: &impl RelatedLimits,
    ) -> Evaluation {
        self.rules.evaluate(request, limits, related)
    }

    /// The same for what was approved elsewhere, such as an advice: where no scenario holds, the first
    /// one moves what it moves all the same. Only a missing configuration, an overflow and a related
    /// account that is not known remain as other answers.
    pub fn evaluate_forced(
        &self,
        request: &EvaluationRequest,
        limits: &Limits,
        related: &impl RelatedLimits,
    ) -> Evaluation {
        self.rules.evaluate_forced(request, limits, related)
    }

    /// All flex controls of the rules, in file order, inactive ones too. Those made at run time are not
    /// among them.
    pub fn flex_controls(&self) -> impl Iterator<Item = &FlexControl> {
        self.tables.flex_controls.iter().map(Arc::as_ref)
    }

    /// The attribute group with this id.
    pub fn attribute_group(&self, id: AttributeGroupId) -> Option<&AttributeGroup> {
        self.tables.attribute_groups.get(&id)
    }

    /// What the flex controls say to an operation: those of the rules for its program, account, customer and
    /// card, and those made at run time for the same.
    ///
    /// What an approval counts is left in `reservations`, which hold nothing after a denial. Allocates
    /// nothing where these have room: an account has few controls, and [`CONTROLS_MAX`] at most per target.
    pub fn evaluate_controls<'a>(
        &'a self,
        facts: &'a ControlFacts<'a>,
        own: &OwnControls<'a>,
        accumulators: &'a impl Accumulators,
        reservations: &mut Vec<Reservation>,
    ) -> ControlOutcome<'a> {
        self.controls
            .evaluate(facts, own, accumulators, reservations)
    }

    /// What an operation counts that happens whatever the flex controls say: a limit counts it beyond its
    /// end.
    pub fn count_controls<'a>(
        &'a self,
        facts: &'a ControlFacts<'a>,
        own: &OwnControls<'a>,
        accumulators: &'a impl Accumulators,
        reservations: &mut Vec<Reservation>,
    ) {
        self.controls.count(facts, own, accumulators, reservations);
    }

    /// What [`Snapshot::evaluate_controls`] looks at, and what it sees.
    pub fn trace_controls(
        &self,
        facts: &ControlFacts<'_>,
        own: &OwnControls<'_>,
        accumulators: &impl Accumulators,
    ) -> ControlsTrace {
        self.controls.trace(facts, own, accumulators)
    }

    /// What [`Snapshot::evaluate`] looks at, and why it did not apply.
    pub fn trace(&self, request: &EvaluationRequest, limits: &Limits) -> Trace {
        self.trace_with(request, limits, &NoRelatedLimits)
    }

    /// What [`Snapshot::evaluate_with`] looks at, and why it did not apply.
    pub fn trace_with(
        &self,
        request: &EvaluationRequest,
        limits: &Limits,
        related: &impl RelatedLimits,
    ) -> Trace {
        trace(
            &self.rules,
            &self.tables.configurations,
            request,
            limits,
            related,
        )
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
