//! What went wrong with the world, whose concern is it, and when may we try again? Faults are data.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Something in the world misbehaved. Never a verdict by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whose concern it is: decides who waits and who is told.
    pub scope: FaultScope,
    /// What kind of misbehaviour.
    pub kind: FaultKind,
    /// When a further try makes sense.
    #[serde(default)]
    pub retry: Retry,
    /// What was seen, for people; secrets are already redacted.
    #[serde(default)]
    pub detail: String,
    /// What only the account's owner can mend, and how: Chinese, fit for a letter to the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

impl Fault {
    /// A fault whose retry is left to the schedule.
    pub fn new(scope: FaultScope, kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { scope, kind, retry: Retry::Backoff, detail: detail.into(), owner: None }
    }

    /// The same fault with a typed retry.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same fault with what the account's owner has to do about it.
    #[must_use]
    pub fn for_owner(mut self, act: impl Into<String>) -> Self {
        self.owner = Some(act.into());
        self
    }
}

/// Who waits, and who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultScope {
    /// This account only (404, 账号已注销); its owner is told. The only scope that may become a finding.
    Account,
    /// Every account on that credential (token refused, IP not on the allow-list).
    Credential,
    /// The whole platform (429, 5xx, a captcha wall).
    Platform,
    /// That connector (the answer's shape changed, a process died).
    Connector,
    /// Ourselves (no route, DNS dead, clock stepped, disk full).
    Local,
}

impl FaultScope {
    /// The key in JSON and metrics.
    pub fn key(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Credential => "credential",
            Self::Platform => "platform",
            Self::Connector => "connector",
            Self::Local => "local",
        }
    }
}

/// What kind of misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The account does not exist (any more): 注销, 404 by a source that knows.
    Gone,
    /// The account exists and is frozen, banned or restricted: 冻结, 封禁.
    Suspended,
    /// The credential was refused or lacks the right.
    Unauthorized,
    /// Asked too often.
    RateLimited,
    /// A captcha or other challenge stands in the way.
    Challenged,
    /// The service says that it is unavailable (5xx, busy).
    Unavailable,
    /// No answer in time.
    TimedOut,
    /// No connection: DNS, TCP, TLS.
    Unreachable,
    /// An answer that we do not understand.
    Malformed,
    /// We ourselves refused to ask (private address, forbidden scheme, unknown target).
    Refused,
}

impl FaultKind {
    /// The key in JSON and metrics.
    pub fn key(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Suspended => "suspended",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited => "rate_limited",
            Self::Challenged => "challenged",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
        }
    }
}

/// When a further try makes sense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// As the schedule's backoff says.
    #[default]
    Backoff,
    /// Not before so many seconds have passed: a server's wish, never shortened.
    After(u64),
    /// Not before this instant.
    At(Timestamp),
    /// Not before a person has mended something (still tried once a day, to see that it was mended).
    Operator,
}
