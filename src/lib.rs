//! What do we do about it? The daemon: its map is `src/ARCHITECTURE.md`, which follows.
//!
#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
pub mod bundle;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod ledger;
pub mod notify;
pub mod os;
pub mod poll;
pub mod report;
pub mod seal;
pub mod store;
pub mod systemd;
pub mod telemetry;
pub mod web;
pub mod zone;
