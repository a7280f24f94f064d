//! The running switch: from a socket to the ledger and back.
//!
//! Owns: links, network adapters, the card vault, event emission, HTTP and the shells of tokio around
//! them. Must never: hold a business rule (those belong in `rules` and `ledger`), or build a response
//! that approves from anything but a [`Durable`](ledger::Durable) outcome.
//!
//! One message goes: [`server`] reads it, [`link`] decodes it and asks an [`adapter`] what it says, the
//! ledger decides it, [`link`] writes the answer, [`server`] sends it.

pub mod adapter;
pub mod admission;
pub mod audit;
pub mod backup;
pub mod card_vault;
pub mod check;
pub mod clear;
mod clearings;
pub mod config_command;
mod connector;
mod controls;
pub mod data_directory;
pub mod demo;
pub mod events;
pub mod explain;
pub mod history;
pub mod http;
mod http_site;
pub mod kept_states;
pub mod key_check;
pub mod key_exchange;
pub mod link;
pub mod link_status;
pub mod manifest;
pub mod network_state;
pub mod networks;
mod open_files;
pub mod operate;
mod operations;
pub mod port;
mod purges;
mod redial;
pub mod refusal;
pub mod replay;
pub mod restore;
pub mod rule_history;
pub mod rule_tests;
pub mod rulebook;
pub mod serve;
pub mod server;
pub mod session;
pub mod settings;
pub mod show;
pub mod snapshots;
pub mod telemetry;
pub mod totals;
mod transfers;
