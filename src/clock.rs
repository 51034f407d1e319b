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

/// A clock that runs faster than the machine's, for the simulated province: the platforms follow the same hand.
#[derive(Clone, Debug)]
pub struct ScaledClock {
    hand: ManualClock,
    begun: Timestamp,
    start: Timestamp,
    end: Timestamp,
    speed: u32,
}

impl ScaledClock {
    /// Loops that follow this clock look at it at most this often, or they would never rest.
    const WAIT_MIN: std::time::Duration = std::time::Duration::from_millis(50);

    /// Goes on from where `hand` stands, `speed` seconds (1 at least) for each real one, and stands still at `end`.
    /// The hand moves whenever somebody asks for the time.
    pub fn continuing(hand: ManualClock, end: Timestamp, speed: u32) -> Self {
        let start = hand.now();
        Self { begun: SystemClock.now(), start, end: end.max(start), speed: speed.max(1), hand }
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let real = (SystemClock.now() - self.begun).max(chrono::TimeDelta::zero());
        let gone = real.checked_mul(i32::try_from(self.speed).unwrap_or(i32::MAX));
        let at = gone.and_then(|gone| self.start.checked_add_signed(gone)).unwrap_or(self.end);
        self.hand.advance_to(at.min(self.end));
        self.hand.now()
    }

    fn wait_for(&self, span: chrono::TimeDelta) -> std::time::Duration {
        (span.to_std().unwrap_or_default() / self.speed).max(Self::WAIT_MIN)
    }
}

/// Bytes that nobody can guess, for what lives as long as the process: sessions of the pages.
///
/// # Panics
/// The system gives no randomness at all.
pub fn secret_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bytes).expect("the system gives randomness");
    bytes
}

#[cfg(test)]
mod tests;
