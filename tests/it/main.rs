//! Does the whole work together? One binary for all integration tests.

mod mail;
