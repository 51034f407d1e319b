//! What time is it in the simulated province? The hand that the daemon's manual clock moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;
use freshd_core::Timestamp;

/// A clock that others move: milliseconds since 1970, shared.
#[derive(Clone, Debug)]
pub struct SimClock(Arc<AtomicI64>);

impl SimClock {
    /// A clock of its own that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.timestamp_millis())))
    }

    /// Follows a hand that somebody else moves (milliseconds since 1970).
    pub fn from_shared(hand: Arc<AtomicI64>) -> Self {
        Self(hand)
    }

    /// Moves to `instant`, also backwards (a test may step a clock).
    pub fn set(&self, instant: Timestamp) {
        self.0.store(instant.timestamp_millis(), Ordering::SeqCst);
    }

    /// The instant now.
    pub fn now(&self) -> Timestamp {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst))
            .expect("a simulated clock stands within chrono's range")
    }
}
