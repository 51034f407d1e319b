//! What does the ledger 台账 say, and what would change? Files of any kind become accounts, problems and a plan.
//!
//! **Invariant:** nothing here reads a file, the clock, the store or the network: bytes and lookups come in, a plan goes
//! out. A number is never invented where a spreadsheet lost one.

pub mod checkup;
pub mod existing;
pub mod fields;
mod guard;
pub mod handle;
pub mod header;
mod merge;
mod mojibake;
pub mod plan;
pub mod posts;
pub mod returned;
pub mod row;
pub mod rows;
pub mod speaks;
pub mod table;
mod text;
pub mod unknown;
mod workbook;

#[cfg(test)]
mod samples;

use row::Rules;
use rows::Parsed;

/// Reads files by name and bytes, all together: a file that cannot be read is a problem beside the others' rows.
pub fn read(files: &[(String, Vec<u8>)], rules: &Rules<'_>) -> Parsed {
    let (mut books, mut unread) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        match table::read(name, bytes) {
            Ok(book) => books.push(book),
            Err(problem) => unread.push(problem),
        }
    }
    let mut parsed = rows::parse(&books, rules);
    parsed.problems.splice(0..0, unread);
    parsed
}
