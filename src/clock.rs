//! What time is it? The only file that may ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use freshd_core::Timestamp;

/// Tells the time to ticks and edges.
pub trait Clock: Send + Sync + 'static {
    /// The instant now.
    fn now(&self) -> Timestamp;

    /// How long to really wait for a span of this clock's time (a faster clock waits less).
    fn wait_for(&self, span: chrono::TimeDelta) -> std::time::Duration {
        span.to_std().unwrap_or_default()
    }

    /// Does it run as time does, so that a leap is a fault? A clock that tests or the demo drive does not.
    fn is_steady(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Utc::now()
    }

    fn is_steady(&self) -> bool {
        true
    }
}

/// A clock that moves only when told: tests and the simulated year.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.timestamp_millis())))
    }

    /// Moves to `instant`; never backwards.
    pub fn advance_to(&self, instant: Timestamp) {
        self.0.fetch_max(instant.timestamp_millis(), Ordering::SeqCst);
    }

    /// The same hand, for the simulated platforms (milliseconds since 1970).
    pub fn shared(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.0)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst))
            .expect("a manual clock stands within chrono's range")
    }

    fn wait_for(&self, _span: chrono::TimeDelta) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}
