//! Which names do we give things? Identifiers of accounts, channels and evidence, and the one hash for spread.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An account's id: `platform:handle` as first imported, or `platform:n-NUMBER` while the handle is
/// unknown. It never changes; other identifiers are aliases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    /// Wraps an id as written; the caller vouches for its form.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// `platform:handle`.
    pub fn of(platform: &str, handle: &str) -> Self {
        Self(format!("{platform}:{handle}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A publishing channel 发布渠道 of an account, e.g. `notified` 群发 and `unnotified` 发布 on WeChat, `posts`
/// elsewhere. [`Channel::ALL`] in a coverage span stands for every channel of the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Channel(String);

impl Channel {
    /// The wildcard channel: a span on it vouches for every channel.
    pub const ALL: &str = "*";
    /// The channel of platforms that have only one.
    pub const POSTS: &str = "posts";
    /// WeChat: posts pushed to followers 群发 (publish_type 0).
    pub const NOTIFIED: &str = "notified";
    /// WeChat: posts without a push 发布 (publish_type 1).
    pub const UNNOTIFIED: &str = "unnotified";

    /// Wraps a channel's name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The wildcard.
    pub fn all() -> Self {
        Self::new(Self::ALL)
    }

    /// The single channel of most platforms.
    pub fn posts() -> Self {
        Self::new(Self::POSTS)
    }

    /// Does a span on this channel vouch for every channel?
    pub fn is_all(&self) -> bool {
        self.0 == Self::ALL
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stable 64-bit hash (FNV-1a, then a finaliser so that the low bits are good too). Spread and jitter
/// come from it, never from an RNG: the same inputs give the same schedule.
pub fn stable_hash(parts: &[&[u8]]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in *part {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash = (hash ^ 0xff).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
