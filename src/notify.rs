//! Who is written to, what does the letter say, and did it arrive? From rulings to letters to the mail server.
//!
//! **Invariant:** nothing is on the wire before its record is durable (flush before you speak), and an account counts
//! as told only in the same transaction as its letter. Nothing here polls, and nothing outside `smtp` names the
//! mail library.

mod channel;
pub mod clean;
pub mod deliver;
mod gather;
pub mod holiday;
pub mod inbox;
pub mod letter;
mod matters;
mod merge;
pub mod operator;
mod past;
mod plan;
pub mod precheck;
pub mod reach;
pub mod release;
pub mod report;
mod rules;
pub mod samples;
pub mod settings;
pub mod smtp;
pub mod templates;
pub mod tick;
pub mod webhook;
pub mod window;
mod write;

pub use deliver::{DeliverReport, Deliverer};
pub use plan::{addresses, is_contact, listed, reachable};
pub use release::{Released, RetryError};
pub use report::{NotifyReport, Outbox, OutboxLetter};
pub use settings::NotifySettings;
pub use tick::{Notifier, NotifyError};
pub use write::LetterEvent;

/// `Vec<String>`: letters that failed for good, until the operators are told.
pub const META_REFUSED: &str = "mail.refused";
/// `Timestamp`: when the operators were last told of accounts without an address.
pub const META_NOBODY_TOLD_AT: &str = "mail.nobody_told_at";
/// `Vec<String>`: accounts that nobody could be written to about when the operators were last told of such.
pub const META_NOBODY_TOLD: &str = "mail.nobody_told";
/// `String`: the rules by which letters were last decided.
pub const META_RULES: &str = "mail.rules";
/// `Vec<String>`: received mails that the operators do not know of yet.
pub const META_RECEIVED: &str = "mail.received";
/// [`deliver::SentOn`]: letters taken by the server on the last day on which any was.
pub const META_SENT_ON: &str = "mail.sent_on";
/// `Timestamp`: since when the mail server cannot be used; absent while it can.
pub const META_RELAY_FAILING_SINCE: &str = "mail.relay_failing_since";
