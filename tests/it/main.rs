//! One integration binary: each module asks one question of the crate from outside.

mod mail;
mod owner;
mod store_measure;
