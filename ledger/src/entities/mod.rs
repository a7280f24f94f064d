//! Customers, accounts and cards as the books keep them.
//!
//! Owns: the entities, their statuses and what a status allows. Rules of statuses: seed
//! customer-operations, reference authorization-guides 8. Must never: hold a PAN in clear.

mod account;
mod card;
mod customer;

pub use account::{Account, AccountStatus, InvalidAccountStatus};
pub use card::{
    Card, CardFacts, CardKind, CardMode, CardStage, CardStatus, Expiry, InvalidExpiry,
    SuspendedModes,
};
pub use customer::{Address, Customer, CustomerKind};
