//! What does the daemon tell about itself? Log lines on standard error, and counters for Prometheus.

mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::{Clock as _, SystemClock};
use crate::config::{LogConfig, LogFormat};

pub use metrics::{Counter, Metrics};

/// Log lines tell the time in the configured zone, to the millisecond.
struct Zoned;

impl FormatTime for Zoned {
    fn format_time(&self, out: &mut Writer<'_>) -> std::fmt::Result {
        out.write_str(&crate::zone::rfc3339_millis(SystemClock.now()))
    }
}

/// Sends log lines to standard error from here on; a second call changes nothing.
///
/// No secret is ever in a field: connectors redact, and `Secret` prints `***`.
pub fn init(log: &LogConfig) {
    let filter = EnvFilter::new(&log.level);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_timer(Zoned);
    let started = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
        LogFormat::Text => {
            lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).finish().try_init()
        }
    };
    if started.is_err() {
        tracing::debug!("logging was already started");
    }
}
