//! One integration binary: each module asks one question of the crate from outside.

mod cli;
mod mail;
mod store_measure;
