//! Giving back the limits inside the credit limit that an authorization consumed.
//!
//! Owns: whether a limit refund may happen (reference authorization-api 1.5, 3): its scenario says that the limit comes
//! back at such a payment, the organization, program or account allows it, and the authorization was cleared. Must
//! never: give back the same limit twice, or the credit limit itself, which the payment brings back.

use rules::{AuthorizationFlow, ResetLimit};

use super::Context;
use super::operation::Carried;
use crate::authorization::{AuthorizationStatus, MessageKey};
use crate::operation::{OperationEffect, OperationError};
use crate::recent::Recent;

pub(super) fn refund_limit(
    context: Context<'_>,
    authorization: &MessageKey,
    paid: ResetLimit,
) -> Result<Carried, OperationError> {
    let Some(Recent::Message(message)) = context.state.recent(authorization) else {
        return Err(OperationError::UnknownAuthorization);
    };
    let standing = message.standing.as_ref();
    let standing = standing.ok_or(OperationError::UnknownAuthorization)?;
    let account = context.state.account(standing.account);
    let account = account.ok_or(OperationError::UnknownAccount)?;
    let flow = AuthorizationFlow::Network;
    let (program, code) = (account.program, standing.processing_code);
    let allowed = context.rules.over_limit(account.id, program, code, flow);
    let cleared = standing.status == AuthorizationStatus::Processed;
    if !allowed.limit_refund || !cleared {
        return Err(OperationError::LimitRefund);
    }
    let moves = standing
        .refundable(paid)
        .ok_or(OperationError::InvalidAmount)?;
    if moves.is_none() {
        return Err(OperationError::LimitRefund);
    }
    let effect = OperationEffect::LimitRefunded {
        key: authorization.clone(),
        authorization: message.id,
        paid,
    };
    Ok(Carried {
        moves,
        ..Carried::changing(Some(standing.account), effect)
    })
}
