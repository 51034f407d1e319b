//! Placeholder for a moment.
