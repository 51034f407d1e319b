//! Does systemd know how we are? Readiness, status, reload and the watchdog.

use std::time::Duration;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use sd_notify::NotifyState;

/// How far a loop may be behind its own word before the watchdog is left unpetted.
pub const LATE_MAX: TimeDelta = TimeDelta::seconds(60);
/// How long one tick may take before the watchdog is left unpetted.
pub const TICK_MAX: TimeDelta = TimeDelta::seconds(300);

/// How one loop is: set when a tick begins and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// In a tick since this instant.
    Working {
        /// When the tick began.
        since: Timestamp,
    },
    /// Asleep until its own next wake-up.
    Asleep {
        /// When it wants to be woken.
        next_wake: Timestamp,
    },
    /// Ended for good: the daemon is stopping.
    Ended,
}

impl Pulse {
    /// Is the loop making progress? Asleep before its wake-up is progress; so is a tick that has not taken too long.
    pub fn is_alive(self, now: Timestamp) -> bool {
        match self {
            Self::Working { since } => now - since <= TICK_MAX,
            Self::Asleep { next_wake } => now - next_wake <= LATE_MAX,
            Self::Ended => true,
        }
    }
}

/// The first loop that makes no progress; `None` = the watchdog may be petted.
pub fn stuck<'l>(
    loops: impl IntoIterator<Item = (&'l str, Pulse)>,
    now: Timestamp,
) -> Option<&'l str> {
    loops.into_iter().find(|(_, pulse)| !pulse.is_alive(now)).map(|(name, _)| name)
}

/// How often to pet the watchdog: half of what systemd allows; `None` when it does not watch us.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// Started: commands and pages are served from here on.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&one_line(status))]);
}

/// One line for `systemctl status`.
pub fn status(status: &str) {
    tell(&[NotifyState::Status(&one_line(status))]);
}

/// All loops make progress.
pub fn watchdog() {
    tell(&[NotifyState::Watchdog]);
}

/// The configuration is being read again; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "no monotonic time for systemd"),
    }
}

/// The daemon is on its way down.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("正在停止:等正在进行的采集和信件结束")]);
}

/// Without systemd nobody is told, and that is no error.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd was not told");
    }
}

/// A line break would begin another message.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
