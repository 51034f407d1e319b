//! What must a connector do? The contract that every connector keeps: built-in, manifest or process.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use freshd_core::Timestamp;
use freshd_core::fault::Fault;
use freshd_core::id::Channel;
use freshd_core::observation::Observation;
use tokio::sync::Semaphore;

use crate::http::HttpClient;

/// A source of observations of accounts on one platform.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Name, platform, channels, courtesy: facts that do not change.
    fn descriptor(&self) -> &Descriptor;

    /// Is this a target that I can poll? No network.
    fn admit(&self, target: &Target) -> Result<(), TargetProblem>;

    /// One look at one account. Dropping the future at any await must be harmless.
    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault>;

    /// Could polling work at all (credential readable, base address set)?
    async fn probe(&self, cx: &PollContext<'_>) -> Result<(), Fault>;

    /// Which credential does this target use? Accounts on one credential wait together when it is refused.
    fn credential(&self, _target: &Target) -> Option<String> {
        None
    }

    /// For one that learns its courtesy only when it is first probed or polled (a process says it in its hello); `None`
    /// = the descriptor says all.
    fn late_courtesy(&self) -> Option<LateCourtesy> {
        None
    }
}

/// The courtesy of a connector that learns it after it was made.
#[derive(Clone, Debug)]
pub struct LateCourtesy {
    /// Whoever polls takes a turn first; there is one until more are allowed.
    pub turns: Arc<Semaphore>,
    /// What it learned, the operator's limits included; `None` = nothing yet.
    pub courtesy: Option<Courtesy>,
}

/// The facts of a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Name as in `connector:target`.
    pub name: Cow<'static, str>,
    /// The platform it reads (`wechat`, `weibo`, …; `*` = any).
    pub platform: Cow<'static, str>,
    /// The channels that its account publishes on; coverage is given per channel.
    pub channels: Vec<Channel>,
    /// Can its silence ever prove anything?
    pub proves_silence: bool,
    /// Hours by which its answers may lag behind the truth without a sign: what it does not list counts as silence only
    /// up to so long before the look.
    pub lag_h: u32,
    /// What it may be asked to do at most.
    pub courtesy: Courtesy,
    /// One sentence for people, Chinese.
    pub about: Cow<'static, str>,
}

/// How politely a platform is asked. 0 = no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Courtesy {
    /// Polls in flight at once.
    pub at_once: u32,
    /// Polls started in any minute.
    pub per_minute: u32,
}

/// What to ask a connector for: the part of `connector:target` after the first colon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(pub String);

impl Target {
    /// Wraps it.
    pub fn new(target: impl Into<String>) -> Self {
        Self(target.into())
    }

    /// The target as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a target cannot be polled, and how to mend it; Chinese, for the ledger's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetProblem {
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl TargetProblem {
    /// Both sentences.
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

/// What a connector asked to remember of an account (at most 4 KiB of JSON text).
pub type Memo = str;

/// Everything a poll may lean on.
pub struct PollContext<'a> {
    /// When the poll was claimed: the only clock that a connector sees.
    pub now: Timestamp,
    /// After it the runner drops the future.
    pub budget: Duration,
    /// The only way out. It records each request for `--explain`.
    pub http: &'a HttpClient,
    /// Where secrets come from, read when needed.
    pub secrets: &'a dyn SecretSource,
    /// What this connector asked to remember of this account last time.
    pub memo: Option<&'a Memo>,
    /// Pass caches by: a fail is one poll away, so ask the strongest source freshly.
    pub fresh: bool,
}

/// A secret that never shows itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself; never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why a secret could not be had; Chinese, for the operator. Becomes a Credential fault with `Retry::Operator`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretProblem(pub String);

/// Where secrets come from: files named in the configuration, or a table in tests.
pub trait SecretSource: Send + Sync {
    /// The secret of `key` (an AppID, `token`, `cookie`) for a connector.
    fn secret(&self, connector: &str, key: &str) -> Result<Secret, SecretProblem>;

    /// Every secret of a connector by key; none configured = empty. For processes, which alone know what they need.
    fn all(&self, _connector: &str) -> Result<BTreeMap<String, Secret>, SecretProblem> {
        Ok(BTreeMap::new())
    }
}

/// No secrets at all.
pub struct NoSecrets;

impl SecretSource for NoSecrets {
    fn secret(&self, connector: &str, key: &str) -> Result<Secret, SecretProblem> {
        Err(SecretProblem(format!("采集器 {connector} 没有配置 {key} 的密钥")))
    }
}

/// Secrets from a table `(connector, key)`: for tests and the simulated province.
#[derive(Default)]
pub struct SecretTable(pub BTreeMap<(String, String), String>);

impl SecretSource for SecretTable {
    fn secret(&self, connector: &str, key: &str) -> Result<Secret, SecretProblem> {
        self.0
            .get(&(connector.to_owned(), key.to_owned()))
            .map(Secret::new)
            .ok_or_else(|| SecretProblem(format!("采集器 {connector} 没有配置 {key} 的密钥")))
    }

    fn all(&self, connector: &str) -> Result<BTreeMap<String, Secret>, SecretProblem> {
        let own = self.0.iter().filter(|((held, _), _)| held == connector);
        Ok(own.map(|((_, key), secret)| (key.clone(), Secret::new(secret))).collect())
    }
}
