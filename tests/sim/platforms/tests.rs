//! Do the platforms answer in the documented shapes, and only with what is published? Over real HTTP.

mod component;
mod others;
mod sky;
mod wechat;

use std::sync::Arc;

use chrono::{TimeDelta, TimeZone as _, Utc};
use freshd_core::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Platforms;
use crate::clock::SimClock;
use crate::weather::Weather;
use crate::world::{Account, World, WorldSpec};

/// 2026-09-01 08:00 in Beijing.
pub(super) fn start() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 9, 1, 0, 0, 0).unwrap()
}

/// A running province of 300 accounts.
pub(super) struct Province {
    pub(super) world: Arc<World>,
    pub(super) clock: SimClock,
    pub(super) weather: Arc<Weather>,
    pub(super) platforms: Platforms,
}

impl Province {
    pub(super) async fn start() -> Self {
        let world = Arc::new(World::generate(7, WorldSpec::new(300, start(), 120)));
        let clock = SimClock::new(start());
        let weather = Arc::new(Weather::fair());
        let platforms = Platforms::start(Arc::clone(&world), clock.clone(), Arc::clone(&weather))
            .await
            .unwrap();
        Self { world, clock, weather, platforms }
    }

    /// The first account that pleases.
    pub(super) fn account(&self, pleases: impl Fn(&Account) -> bool) -> &Account {
        self.world.accounts.iter().find(|account| pleases(account)).unwrap()
    }

    /// Sets the clock to so many hours after the start.
    pub(super) fn hours(&self, hours: i64) -> Timestamp {
        self.clock.set(start() + TimeDelta::hours(hours));
        self.clock.now()
    }
}

/// An answer as it came over the wire.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// One request on a connection of its own. `None` if no answer came.
pub(super) async fn send(base: &str, method: &str, target: &str, more: &str) -> Option<Answer> {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (headers, body) = more.split_once("\r\n\r\n").unwrap_or(("", more));
    let gap = if headers.is_empty() { "" } else { "\r\n" };
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}{gap}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let _closed = stream.read_to_end(&mut all).await;
    let at = all.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&all[..at]).into_owned();
    let status = head.get(9..12)?.parse().unwrap();
    Some(Answer { status, head, body: all.split_off(at + 4) })
}

/// GET without headers.
pub(super) async fn get(base: &str, target: &str) -> Answer {
    send(base, "GET", target, "").await.unwrap()
}
