//! What do people and programs get to read? Views, tables, the precheck, and exports, as values first.
//!
//! **Invariant:** nothing here reads a store or a clock; whoever calls brings the accounts and the instant.

pub mod authorisations;
pub mod book;
pub mod classes;
pub mod explain;
pub mod export;
pub mod patrol;
pub mod precheck;
pub mod services;
pub mod table;
pub mod view;
pub mod whose;
pub mod words;

#[cfg(test)]
pub(crate) mod samples;
