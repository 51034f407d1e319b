//! To which signals does the daemon listen? From the first moment on: a stop that comes early is a stop, too.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that the daemon obeys; from when it is made none of them ends the process by itself.
pub struct Signals {
    pub(super) hangup: Signal,
    pub(super) terminate: Signal,
    pub(super) interrupt: Signal,
}

impl Signals {
    /// Begins to listen. Must come first of all: a stop that comes while the store is opened is a stop, too.
    pub fn install() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}
