//! The events of operations.
//!
//! Owns: what an operation is called and what its event says. Must never: say what its record does not.

use ledger::operation::{Operation, OperationDone};
use serde_json::{Value, json};

use super::{listed, related, transfer};

/// What the event of an operation says.
pub(super) fn done(done: &OperationDone) -> Value {
    json!({
        "tracking_id": done.request.tracking_id.as_str(),
        "operation": operation_name(&done.request.operation),
        "description": done.request.description,
        "operator": done.request.operator,
        "account_id": done.account.map(|account| account.0),
        "limit_deltas_minor": listed(&done.moves, done.account),
        "related_limit_deltas_minor": related(&done.moves, done.account),
        "transfer": transfer::told(done),
        "purge_before": purge_line(done),
        "rules_version": done.rules.to_string(),
    })
}

/// The line that an operation orders; null for other operations.
pub(crate) fn purge_line(done: &OperationDone) -> Value {
    if let Operation::PurgeHistory { before } = &done.request.operation {
        json!(before.to_string())
    } else {
        Value::Null
    }
}

/// The name of an operation, as the API writes it.
pub(crate) fn operation_name(operation: &Operation) -> &'static str {
    match operation {
        Operation::Adjust(_) => "adjust",
        Operation::Force(_) => "force",
        Operation::CancelForce { .. } => "cancel_force",
        Operation::HoldFunds(_) => "hold_funds",
        Operation::ReleaseFunds(_) => "release_funds",
        Operation::TransferFunds { .. } => "transfer_funds",
        Operation::ChangeLimits { .. } => "change_limits",
        Operation::ChangeAccountStatus { .. } => "change_account_status",
        Operation::RollBackAccountStatus { .. } => "roll_back_account_status",
        Operation::AddHolder { .. } => "add_holder",
        Operation::ChangeCardStatus { .. } => "change_card_status",
        Operation::ActivateCard { .. } => "activate_card",
        Operation::SuspendModes { .. } => "suspend_modes",
        Operation::CreateControl(_) => "create_control",
        Operation::ChangeControl(_) => "change_control",
        Operation::DeleteControl { .. } => "delete_control",
        Operation::SetAvailableLimit { .. } => "set_available_limit",
        Operation::RefundLimit { .. } => "refund_limit",
        Operation::ResolveClearing { .. } => "resolve_clearing",
        Operation::RejectClearing { .. } => "reject_clearing",
        Operation::SendTransfer(_) => "send_transfer",
        Operation::ReceiveTransfer(_) => "receive_transfer",
        Operation::SettleTransfer { .. } => "settle_transfer",
        Operation::PurgeHistory { .. } => "purge_history",
    }
}
