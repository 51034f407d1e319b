//! What does the ledger 台账 say, and what would change? Files of any kind become accounts, problems and a plan.
//!
//! **Invariant:** nothing here reads a file, the clock, the store or the network: bytes and lookups come in, a plan goes
//! out. A number is never invented where a spreadsheet lost one.

mod guard;
pub mod table;
mod text;
mod workbook;

#[cfg(test)]
mod samples;
