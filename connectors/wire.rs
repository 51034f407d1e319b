//! How does an observation travel? `observation/1`: one JSON object a line, for processes, push, export and replay.
//!
//! The daemon says hello, the child says hello; then each poll is answered by an observation.
//! Reading is lenient (what is absent is as the default: saw nothing, proves nothing), never
//! trusting: the times and the coverage that a stranger claims are checked by whoever takes them.

use std::collections::BTreeMap;

use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::coverage::Coverage;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::link::Menu;
use freshd_core::observation::{
    Carriers, DownloadSign, Evidence, InteractionSign, Observation, PollHint, Profile, Published,
    Sighting,
};
use freshd_core::release::Release;
use serde::{Deserialize, Serialize};

/// The version that this file speaks.
pub const VERSION: u32 = 1;

/// A line is at most this many bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Any line of the conversation; exactly one of the fields besides `v` and `id` is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Version, on hello lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v: Option<u32>,
    /// Which poll this belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The first line of each side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello: Option<Hello>,
    /// The daemon asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// The child answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation: Option<WireObservation>,
}

/// Who speaks. The daemon fills `daemon` only, a child everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// `freshd/VERSION`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub daemon: String,
    /// The connector's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The platform that it reads.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// The channels that it reads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// How politely it wants to be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courtesy: Option<WireCourtesy>,
}

/// Courtesy on the wire; 0 = no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WireCourtesy {
    /// Polls in flight at once.
    pub at_once: u32,
    /// Polls started in any minute.
    pub per_minute: u32,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// What to look at.
    pub target: String,
    /// The only clock that counts.
    pub now: Timestamp,
    /// Milliseconds until silence is a fault.
    pub budget_ms: u64,
    /// Secrets that this target needs; never in arguments or the environment.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What the child asked to remember.
    #[serde(default)]
    pub memo: Option<String>,
}

/// An observation on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WireObservation {
    /// Posts seen.
    pub sightings: Vec<WireSighting>,
    /// Spans in which nothing else was published.
    pub coverage: Vec<WireSpan>,
    /// What the platform says of the account.
    pub profile: Option<Profile>,
    /// The menu.
    pub menu: Option<Menu>,
    /// Signs of interaction.
    pub interaction: Vec<InteractionSign>,
    /// Whether the app can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<DownloadSign>,
    /// The version that is offered: `{"version", "at"}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// What went wrong.
    pub faults: Vec<WireFault>,
    /// What backs it.
    pub evidence: Vec<Evidence>,
    /// Which of it carries what.
    #[serde(skip_serializing_if = "Carriers::is_empty")]
    pub carried_by: Carriers,
    /// Wishes for next time.
    pub hint: PollHint,
}

/// A post on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireSighting {
    /// The same at every look.
    pub key: String,
    /// `posts` if it is absent.
    #[serde(default = "Channel::posts")]
    pub channel: Channel,
    /// An instant or a range.
    pub published: WirePublished,
    /// Its title.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// 置顶.
    #[serde(default)]
    pub pinned: bool,
    /// 转发.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repost: bool,
}

/// `"TIME"` or `{"earliest": "TIME" | null, "latest": "TIME"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WirePublished {
    /// Known to the second.
    At(String),
    /// A range.
    Between {
        /// `null` or absent = no lower bound.
        #[serde(default)]
        earliest: Option<String>,
        /// No later than this.
        latest: String,
    },
}

/// One span `[since, until)` of one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireSpan {
    /// `*` = every channel, and so if it is absent.
    #[serde(default = "Channel::all")]
    pub channel: Channel,
    /// RFC 3339.
    pub since: String,
    /// RFC 3339.
    pub until: String,
}

/// A fault on the wire: scope and kind by name, `retry` as `"backoff"`, `"operator"`, seconds, or a
/// time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireFault {
    /// Whose concern.
    pub scope: FaultScope,
    /// What kind.
    pub kind: FaultKind,
    /// When again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<WireRetry>,
    /// For people.
    #[serde(default)]
    pub detail: String,
}

/// When again, on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WireRetry {
    /// After so many seconds.
    Seconds(u64),
    /// `backoff`, `operator` or an RFC 3339 time.
    Text(String),
    /// `{"after": SECONDS}` or `{"at": TIME}`, as journals write it.
    Typed(Retry),
}

/// What of a line does not fit; English, for the log and the connector's author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Longer than [`LINE_BYTES_MAX`].
    #[error("line of {0} bytes is longer than {LINE_BYTES_MAX}")]
    TooLong(usize),
    /// Not JSON, or not of this shape.
    #[error("not an observation/1 line: {0}")]
    Shape(String),
    /// A time that is not RFC 3339 with a zone.
    #[error("{field}: {text:?} is not an RFC 3339 time with a zone")]
    Time {
        /// Which field.
        field: &'static str,
        /// What stands there (cut).
        text: String,
    },
    /// `latest` before `earliest`, or `until` not after `since`.
    #[error("{0} is the wrong way round")]
    Order(&'static str),
}

impl Line {
    /// Reads one line.
    pub fn parse(line: &str) -> Result<Self, WireError> {
        if line.len() > LINE_BYTES_MAX {
            return Err(WireError::TooLong(line.len()));
        }
        // serde would take a list for a struct, field by field.
        if !line.trim_start().starts_with('{') {
            return Err(WireError::Shape("a line is one JSON object".to_owned()));
        }
        serde_json::from_str(line).map_err(|error| WireError::Shape(error.to_string()))
    }

    /// The daemon's first line.
    pub fn hello(daemon: impl Into<String>) -> Self {
        let hello = Hello { daemon: daemon.into(), ..Hello::default() };
        Self { v: Some(VERSION), hello: Some(hello), ..Self::default() }
    }

    /// The line as text, without the line feed (JSON text never holds one).
    pub fn write(&self) -> String {
        serde_json::to_string(self)
            .expect("a line holds nothing but strings, numbers and maps of them")
    }
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, WireError> {
    chrono::DateTime::parse_from_rfc3339(text.trim())
        .map(|at| at.to_utc())
        .map_err(|_| WireError::Time { field, text: text.chars().take(40).collect() })
}

/// Beijing time, with as many decimals as it needs: a bound that is rounded is no bound.
fn text(at: Timestamp) -> String {
    civil::local(at).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false)
}

impl WirePublished {
    fn read(self) -> Result<Published, WireError> {
        match self {
            Self::At(at) => Ok(Published::at(time("published", &at)?)),
            Self::Between { earliest, latest } => {
                let latest = time("published.latest", &latest)?;
                let earliest =
                    earliest.map(|earliest| time("published.earliest", &earliest)).transpose()?;
                if earliest.is_some_and(|earliest| earliest > latest) {
                    return Err(WireError::Order("published"));
                }
                Ok(Published { earliest, latest })
            }
        }
    }
}

impl From<Published> for WirePublished {
    fn from(published: Published) -> Self {
        match published.earliest {
            Some(earliest) if earliest == published.latest => Self::At(text(earliest)),
            earliest => {
                Self::Between { earliest: earliest.map(text), latest: text(published.latest) }
            }
        }
    }
}

impl WireFault {
    fn read(self) -> Result<Fault, WireError> {
        let retry = match self.retry {
            None => Retry::Backoff,
            Some(WireRetry::Seconds(seconds)) => Retry::After(seconds),
            Some(WireRetry::Typed(retry)) => retry,
            Some(WireRetry::Text(word)) => match word.as_str() {
                "backoff" => Retry::Backoff,
                "operator" => Retry::Operator,
                at => Retry::At(time("retry", at)?),
            },
        };
        Ok(Fault::new(self.scope, self.kind, self.detail).retry(retry))
    }
}

impl From<Fault> for WireFault {
    fn from(fault: Fault) -> Self {
        let retry = match fault.retry {
            Retry::Backoff => None,
            Retry::After(seconds) => Some(WireRetry::Seconds(seconds)),
            Retry::At(at) => Some(WireRetry::Text(text(at))),
            Retry::Operator => Some(WireRetry::Text("operator".to_owned())),
        };
        Self { scope: fault.scope, kind: fault.kind, retry, detail: fault.detail }
    }
}

impl TryFrom<WireObservation> for Observation {
    type Error = WireError;

    /// Checks every time and the order of every range.
    fn try_from(wire: WireObservation) -> Result<Self, WireError> {
        let mut coverage = Coverage::default();
        for span in wire.coverage {
            let (since, until) =
                (time("coverage.since", &span.since)?, time("coverage.until", &span.until)?);
            if since > until {
                return Err(WireError::Order("coverage"));
            }
            coverage.add(span.channel, since, until);
        }
        let sighting = |seen: WireSighting| {
            Ok(Sighting {
                key: seen.key,
                channel: seen.channel,
                published: seen.published.read()?,
                title: seen.title,
                url: seen.url,
                pinned: seen.pinned,
                repost: seen.repost,
            })
        };
        Ok(Self {
            sightings: wire.sightings.into_iter().map(sighting).collect::<Result<_, _>>()?,
            coverage,
            profile: wire.profile,
            menu: wire.menu,
            links: None,
            interaction: wire.interaction,
            download: wire.download,
            release: wire.release,
            faults: wire.faults.into_iter().map(WireFault::read).collect::<Result<_, _>>()?,
            evidence: wire.evidence,
            carried_by: wire.carried_by,
            hint: wire.hint,
        })
    }
}

impl From<Observation> for WireObservation {
    fn from(seen: Observation) -> Self {
        let spans = seen.coverage.iter().flat_map(|(channel, spans)| {
            spans.as_slice().iter().map(|span| WireSpan {
                channel: channel.clone(),
                since: text(span.since),
                until: text(span.until),
            })
        });
        let coverage = spans.collect();
        let sighting = |seen: Sighting| WireSighting {
            key: seen.key,
            channel: seen.channel,
            published: seen.published.into(),
            title: seen.title,
            url: seen.url,
            pinned: seen.pinned,
            repost: seen.repost,
        };
        Self {
            sightings: seen.sightings.into_iter().map(sighting).collect(),
            coverage,
            profile: seen.profile,
            menu: seen.menu,
            interaction: seen.interaction,
            download: seen.download,
            release: seen.release,
            faults: seen.faults.into_iter().map(WireFault::from).collect(),
            evidence: seen.evidence,
            carried_by: seen.carried_by,
            hint: seen.hint,
        }
    }
}

#[cfg(test)]
mod tests;
