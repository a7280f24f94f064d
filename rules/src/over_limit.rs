//! Over-limit: whether the allowance above the credit limit may be used (balance-watcher API).
//!
//! Two questions, both of which must say yes: is the feature enabled for the account (limit
//! configuration), and does the operation accept it (acceptance, per processing code and flow).
//! Each is answered by the most specific record; without any record the answer is yes, so that the
//! percentage of the account alone decides.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::target::ByTarget;
use crate::{AccountId, EvaluationRequest, ProcessingCode, ProgramId};

/// Where a request comes from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationFlow {
    /// A card network.
    Network,
    /// The platform itself, such as a fee.
    Platform,
    /// An on-us authorization or payment.
    Authorization,
}

/// Whether over-limit and limit refund may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverLimit {
    /// The allowance above the credit limit may be used.
    pub over_limit: bool,
    /// A consumed limit comes back as `reset_limit` says.
    pub limit_refund: bool,
}

impl OverLimit {
    /// Without any record.
    const ALLOWED: Self = Self {
        over_limit: true,
        limit_refund: true,
    };

    fn and(self, other: Self) -> Self {
        Self {
            over_limit: self.over_limit && other.over_limit,
            limit_refund: self.limit_refund && other.limit_refund,
        }
    }
}

/// What an operation accepts, by flow. A flow that is not named accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acceptance {
    pub(crate) network: Option<OverLimit>,
    pub(crate) platform: Option<OverLimit>,
    pub(crate) authorization: Option<OverLimit>,
}

impl Acceptance {
    fn of(self, flow: AuthorizationFlow) -> OverLimit {
        let given = match flow {
            AuthorizationFlow::Network => self.network,
            AuthorizationFlow::Platform => self.platform,
            AuthorizationFlow::Authorization => self.authorization,
        };
        given.unwrap_or(OverLimit::ALLOWED)
    }
}

/// All records.
#[derive(Clone, Debug, Default)]
pub(crate) struct OverLimitRules {
    pub(crate) configurations: ByTarget<OverLimit>,
    pub(crate) acceptances: BTreeMap<ProcessingCode, ByTarget<Acceptance>>,
}

impl OverLimitRules {
    /// The answer for one operation of one account.
    pub(crate) fn of(
        &self,
        account: AccountId,
        program: ProgramId,
        code: ProcessingCode,
        flow: AuthorizationFlow,
    ) -> OverLimit {
        let configured = self.configurations.resolve(account, program).copied();
        let accepted = self
            .acceptances
            .get(&code)
            .and_then(|targets| targets.resolve(account, program))
            .map(|acceptance| acceptance.of(flow));
        configured
            .unwrap_or(OverLimit::ALLOWED)
            .and(accepted.unwrap_or(OverLimit::ALLOWED))
    }

    pub(crate) fn of_request(&self, request: &EvaluationRequest) -> OverLimit {
        let EvaluationRequest {
            account,
            program,
            processing_code,
            flow,
            ..
        } = *request;
        self.of(account, program, processing_code, flow)
    }
}
