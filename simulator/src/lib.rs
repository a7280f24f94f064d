//! A card network in a box: plays scenario files against an authorization switch and judges its
//! answers. It owns the scenario language, the links it plays them over and the verdicts.
//! It must never share decision code with the switch: what an answer should be comes from the
//! scenario files and the public field rules alone. Card numbers and card secrets are masked in
//! everything it prints.

pub mod amounts;
pub mod compose;
pub mod generate;
pub mod judge;
pub mod link;
mod links;
pub mod mask;
pub mod network;
pub mod parts;
pub mod readable;
pub mod reference;
pub mod rejection;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod sign_on;
pub mod single;
pub mod transcript;
pub mod words;
