//! Customers: who owns accounts and holds cards.
//!
//! Owns: the customer as the books keep it. A customer's own status never blocks an authorization
//! (reference authorization-api 14.4). Must never: hold a PAN.

use serde::{Deserialize, Serialize};

use crate::identifiers::CustomerId;

/// What a customer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerKind {
    /// An individual.
    Person,
    /// A business.
    Company,
    /// Any other holder of cards: a department, a vehicle.
    Generic,
}

/// Where a customer is reached by post; address verification compares with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Street and number.
    pub line: String,
    /// Postal code.
    pub postal_code: String,
}

/// A party that owns accounts and holds cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Names it.
    pub id: CustomerId,
    /// Person, company or generic.
    pub kind: CustomerKind,
    /// Full name.
    pub name: String,
    /// Document or registration number, unique to the party.
    pub document_number: String,
    /// Whether it is active: informative, except that an inactive customer cannot become an owner.
    pub is_active: bool,
    /// Where it is reached by post, if that is known.
    pub address: Option<Address>,
}
