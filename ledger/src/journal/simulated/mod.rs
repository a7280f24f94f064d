//! The journal of a simulation: the shipped code over a disk in memory that fails and forgets on demand.
//!
//! Owns: the disk ([`SimulatedDisk`]), what fails on it ([`Fault`], [`Operation`], [`Failure`]), what a
//! power cut leaves of it, and a journal that commits when the simulation says so ([`SimulatedJournal`]).
//! Must never: be used outside simulations and tests.

mod disk;
mod faults;
mod image;
mod journal;

pub use disk::{SimulatedDisk, SimulatedFile};
pub use faults::{Failure, Fault, Operation};
pub use journal::SimulatedJournal;
