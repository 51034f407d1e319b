//! Do letters arrive, once each, over a real SMTP conversation?

mod scene;

mod conversation;
mod modes;
mod whole;
