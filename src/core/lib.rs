//! `freshd-core`: what is true. The vocabulary of the daemon and every decision it makes, pure.
//!
//! **Invariant:** no IO, no async, no clock, no randomness. `now` is always an argument, so a year is
//! tested in seconds and the same inputs always give the same ruling, schedule and letter.

pub mod account;
pub mod breaker;
pub mod calendar;
pub mod circular;
pub mod civil;
pub mod coverage;
pub mod fault;
pub mod forecast;
pub mod history;
pub mod id;
pub mod link;
pub mod looks;
pub mod observation;
pub mod owner;
pub mod patrol;
pub mod release;
pub mod reminder;
pub mod rulebook;
pub mod schedule;
pub mod state;
pub mod timetext;
pub mod uptime;
pub mod verdict;
pub mod word;

/// An instant, in UTC. Civil (Beijing) time is only made at the edges: see [`civil`].
pub type Timestamp = chrono::DateTime<chrono::Utc>;
