//! `freshd-sim`: a simulated province with a known truth. Platforms and a mail server on loopback, in the documented shapes.
//!
//! - [`world`]: accounts that post, fall silent, move and die, made from a seed; and what is true of them.
//! - [`platforms`]: that world as WeChat, Weibo, Nanfang, the App Store and the open web would show it, over HTTP.
//! - [`weather`]: outages, rate limits, captchas, lies and cut lines, decided by seed and time.
//! - [`request_log`]: every request that arrived, so that courtesy can be proved afterwards.
//! - [`imap`]: a small IMAP server whose mailbox a test fills.
//! - [`mail`]: a real SMTP server that keeps what it received, and misbehaves on request.
//!
//! It is written from the platforms' documents, by another hand than the connectors, and depends on none of them:
//! where the two read a document differently, a test shows it.
//!
//! **Invariant:** time is the shared [`SimClock`]; nothing here reads another clock or an RNG that is not seeded.

pub mod clock;
pub mod imap;
pub mod mail;
pub mod platforms;
pub mod request_log;
mod rng;
mod task;
pub mod weather;
pub mod world;

pub use clock::SimClock;
pub use imap::ImapServer;
pub use mail::{Mail, MailServer};
pub use platforms::{Bases, Platforms};
pub use request_log::RequestLog;
pub use weather::{Site, Weather, WeatherKind};
pub use world::{Truth, World, WorldSpec};
