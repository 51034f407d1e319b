//! Placeholder.

pub mod calendar;
pub mod problem;
