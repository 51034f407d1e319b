//! Do letters arrive, once each, over a real SMTP conversation?
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod scene;

mod chat;
mod conversation;
mod crowd;
mod modes;
mod whole;
