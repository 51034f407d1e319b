//! Does the program keep its word to users and scripts? The built binary, real files, real sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod stage;

mod daemon;
mod door;
mod gap;
mod ingest;
mod keep;
mod ledger;
mod letters;
mod look;
mod mailbox;
mod manifests;
mod office;
mod patrol;
mod process;
mod proof;
mod push;
mod small;
mod words;
