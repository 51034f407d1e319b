//! One integration binary: each module asks one question of the crate from outside.

mod store_measure;
