//! One integration binary: each module asks one question of the crate from outside.

mod cli;
mod component;
mod demo;
mod lychee;
mod mail;
mod owner;
mod simulation;
mod store_measure;
