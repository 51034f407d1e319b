//! What does the ledger 台账 say, and what would change? Files of any kind become accounts, problems and a plan.
//!
//! **Invariant:** nothing here reads a file, the clock, the store or the network: bytes and lookups come in, a plan goes
//! out. A number is never invented where a spreadsheet lost one.

pub mod checkup;
mod existing;
mod fields;
mod guard;
pub mod handle;
pub mod header;
mod merge;
pub mod plan;
pub mod returned;
pub mod row;
pub mod rows;
pub mod table;
mod text;
mod workbook;

#[cfg(test)]
mod samples;
