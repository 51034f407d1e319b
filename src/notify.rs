//! Who is written to, what does the letter say, and did it arrive? From rulings to letters to the mail server.
//!
//! **Invariant:** nothing is on the wire before its record is durable (flush before you speak), and an account counts
//! as told only in the same transaction as its letter. Nothing here polls, and nothing outside `smtp` names the
//! mail library.

pub mod clean;
pub mod holiday;
pub mod letter;
pub mod smtp;
pub mod window;
