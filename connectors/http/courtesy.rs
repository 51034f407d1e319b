//! When is it this host's turn? At most so many requests at once and so many a minute, shared by
//! all clones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

/// Hosts remembered before those that nobody uses are forgotten.
const HOSTS_MIN: usize = 256;

/// The courtesy of all hosts.
pub(super) struct Courtesy {
    at_once: usize,
    spacing: Option<Duration>,
    hosts: Mutex<Hosts>,
}

#[derive(Default)]
struct Hosts {
    by_name: HashMap<String, Arc<Host>>,
    sweep_at: usize,
}

struct Host {
    seats: Option<Arc<Semaphore>>,
    /// The first instant at which the next request may start.
    free_at: Mutex<Option<Instant>>,
}

/// A seat at a host, given back when dropped.
#[derive(Default)]
pub(super) struct Seat(#[expect(dead_code, reason = "held for its drop")] Option<Held>);

type Held = (Option<OwnedSemaphorePermit>, Arc<Host>);

impl Courtesy {
    /// 0 = no limit.
    pub(super) fn new(at_once: u32, per_minute: u32) -> Self {
        Self {
            at_once: at_once as usize,
            spacing: (per_minute > 0).then(|| Duration::from_secs(60) / per_minute),
            hosts: Mutex::new(Hosts { sweep_at: HOSTS_MIN, ..Hosts::default() }),
        }
    }

    /// Waits until one more request to that host may start. Dropping the future while it waits is
    /// harmless.
    pub(super) async fn seat(&self, url: &Url) -> Seat {
        if self.at_once == 0 && self.spacing.is_none() {
            return Seat::default();
        }
        let host = self.host(url, Instant::now());
        let permit = match &host.seats {
            Some(seats) => seats.clone().acquire_owned().await.ok(),
            None => None,
        };
        if let Some(spacing) = self.spacing {
            let turn = host.turn(Instant::now(), spacing);
            tokio::time::sleep_until(turn).await;
        }
        Seat(Some((permit, host)))
    }

    fn host(&self, url: &Url, now: Instant) -> Arc<Host> {
        let name = url.host_str().unwrap_or_default();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let named;
        let key = match url.port() {
            Some(port) => {
                named = format!("{name}:{port}");
                named.as_str()
            }
            None => name,
        };
        if let Some(host) = hosts.by_name.get(key) {
            return host.clone();
        }
        hosts.sweep(now);
        let seats = (self.at_once > 0).then(|| Arc::new(Semaphore::new(self.at_once)));
        let host = Arc::new(Host { seats, free_at: Mutex::new(None) });
        hosts.by_name.insert(key.to_owned(), host.clone());
        host
    }
}

impl Host {
    /// Takes the next turn: evenly spaced, so that no minute sees more than its share.
    fn turn(&self, now: Instant, spacing: Duration) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = free_at.map_or(now, |free| free.max(now));
        *free_at = Some(turn + spacing);
        turn
    }
}

impl Hosts {
    /// Forgets hosts that nobody waits for and whose next turn has come.
    fn sweep(&mut self, now: Instant) {
        if self.by_name.len() < self.sweep_at {
            return;
        }
        self.by_name.retain(|_, host| {
            let free_at = *host.free_at.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::strong_count(host) > 1 || free_at.is_some_and(|free| free > now)
        });
        self.sweep_at = HOSTS_MIN.max(self.by_name.len() * 2);
    }
}

#[cfg(test)]
mod tests;
