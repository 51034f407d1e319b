//! `freshd`: what we do about it. Placeholder until src/ARCHITECTURE.md is included.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod ledger;
pub mod notify;
pub mod poll;
pub mod report;
pub mod store;
pub mod systemd;
pub mod telemetry;
pub mod web;
