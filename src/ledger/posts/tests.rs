//! x tests.
