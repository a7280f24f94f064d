//! Programs: the card products that accounts belong to. Owns only the type; reading is in
//! `documents`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Currency, ProgramId};

/// A card product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Number of the program, unique.
    pub id: ProgramId,
    /// Name, at most 50 characters.
    pub name: String,
    /// Whose money is spent.
    pub kind: ProgramKind,
    /// Currency of its accounts.
    pub currency: Currency,
}

/// Whose money is spent.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProgramKind {
    /// The issuer's, up to a limit.
    Credit,
    /// The holder's, on an account with an optional overdraft.
    Debit,
    /// The holder's, loaded beforehand.
    Prepaid,
}
