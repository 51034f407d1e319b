//! Does a connector keep the contract? One suite that every connector passes: built-in, manifest or process.

pub mod stage;
