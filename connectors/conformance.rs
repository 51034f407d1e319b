//! Does a connector keep the contract? One suite that every connector passes: built-in, manifest or
//! process.
//!
//! The connector is shown a scripted platform over real loopback HTTP: once in good order, then in
//! every kind of bad weather. Bad weather may bring faults; it may never bring coverage, nor a word
//! against the account.

pub mod stage;
mod weather;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::Fault;
use freshd_core::observation::Observation;
use url::Url;

use crate::connector::{Connector, Descriptor, PollContext, SecretSource, Target};
use stage::{Script, Stage};

/// What a connector may ask to be remembered, bytes.
const MEMO_BYTES_MAX: usize = 4 << 10;
/// The evidence of one poll, bytes.
const EVIDENCE_BYTES_MAX: usize = 1 << 20;
/// How far a post may lie after the look, minutes.
const SKEW_MIN: i64 = 10;

/// One connector with what it needs to be tried.
pub struct Case<'a> {
    /// Makes it, fresh, for a platform at this address.
    pub build: &'a (dyn Fn(&Url) -> Arc<dyn Connector> + Sync),
    /// A target that it admits, for a platform at this address.
    pub target: &'a (dyn Fn(&Url) -> Target + Sync),
    /// Targets that it must refuse.
    pub nonsense: &'a [&'a str],
    /// Is the target itself what is judged (a download link, a probe)? Then an answer that is
    /// plainly something else counts against it; silence, errors and walls still never do.
    pub judges_link: bool,
    /// The platform in good order.
    pub good: &'a dyn Script,
    /// The secrets that it needs; each holds `canary`.
    pub secrets: &'a dyn SecretSource,
    /// A part of every secret; it must never be seen again.
    pub canary: &'a str,
    /// When it looks.
    pub now: Timestamp,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which check found it.
    pub check: &'static str,
    /// What was seen, English, for the connector's author.
    pub problem: String,
}

/// What one poll brought, and what was written down about it.
struct Looked {
    result: Result<Observation, Fault>,
    traces: String,
    requests: usize,
}

/// Every promise that the connector breaks; empty = it conforms. `Err` if no loopback port can be
/// had.
pub async fn run(case: &Case<'_>) -> std::io::Result<Vec<Broken>> {
    let mut suite = Suite { case, broken: Vec::new() };
    suite.descriptor().await?;
    suite.nonsense().await?;
    suite.good_weather().await?;
    suite.dropped().await?;
    weather::bad(&mut suite).await?;
    Ok(suite.broken)
}

struct Suite<'a> {
    case: &'a Case<'a>,
    broken: Vec<Broken>,
}

impl Suite<'_> {
    fn demand(&mut self, check: &'static str, kept: bool, problem: impl FnOnce() -> String) {
        if !kept {
            self.broken.push(Broken { check, problem: problem() });
        }
    }

    /// One poll on a stage of its own, with a connector of its own.
    async fn look(&self, script: &dyn Script) -> std::io::Result<Looked> {
        let stage = Stage::open().await?;
        let connector = (self.case.build)(&stage.url());
        let target = (self.case.target)(&stage.url());
        self.look_with(&stage, &*connector, &target, script, None).await
    }

    async fn look_with(
        &self,
        stage: &Stage,
        connector: &dyn Connector,
        target: &Target,
        script: &dyn Script,
        memo: Option<&str>,
    ) -> std::io::Result<Looked> {
        let sink = Arc::new(Mutex::new(Vec::new()));
        let http = stage.client().map_err(std::io::Error::other)?.traced(Arc::clone(&sink));
        let before = stage.log().len();
        let cx = PollContext {
            now: self.case.now,
            budget: Duration::from_secs(20),
            http: &http,
            secrets: self.case.secrets,
            memo,
            fresh: false,
        };
        let result = stage.during(script, connector.poll(target, &cx)).await;
        let traces = format!("{:?}", sink.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Looked { result, traces, requests: stage.log().len() - before })
    }

    async fn descriptor(&mut self) -> std::io::Result<()> {
        let stage = Stage::open().await?;
        let connector = (self.case.build)(&stage.url());
        let facts = connector.descriptor();
        let named = !facts.name.is_empty()
            && facts
                .name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        self.demand("descriptor", named, || format!("name {:?}", facts.name));
        self.demand("descriptor", !facts.platform.is_empty(), || "no platform".to_owned());
        self.demand("descriptor", !facts.about.is_ascii(), || {
            "about is no Chinese sentence".to_owned()
        });
        let distinct: BTreeSet<_> = facts.channels.iter().collect();
        let plain = distinct.len() == facts.channels.len() && !distinct.iter().any(|c| c.is_all());
        self.demand("descriptor", plain, || format!("channels {:?}", facts.channels));
        let again = (self.case.build)(&stage.url());
        self.demand("descriptor", again.descriptor() == facts, || "it changes".to_owned());
        Ok(())
    }

    /// Nonsense is refused in words, without a request; so is a poll of it.
    async fn nonsense(&mut self) -> std::io::Result<()> {
        let stage = Stage::open().await?;
        let connector = (self.case.build)(&stage.url());
        let good = connector.admit(&(self.case.target)(&stage.url()));
        self.demand("admit", good.is_ok(), || format!("refuses its own target: {good:?}"));
        for text in self.case.nonsense {
            let target = Target::new(*text);
            match connector.admit(&target) {
                Ok(()) => self.demand("admit", false, || format!("admits {text:?}")),
                Err(problem) => {
                    let told = !problem.what.is_ascii() && !problem.help.is_ascii();
                    self.demand("admit", told, || {
                        format!("{text:?}: no Chinese help: {problem:?}")
                    });
                }
            }
            let looked = self.look_with(&stage, &*connector, &target, self.case.good, None).await?;
            self.demand("admit", looked.requests == 0, || {
                format!("asks the platform for {text:?}")
            });
            self.harmless("admit", &looked);
        }
        Ok(())
    }

    /// A good answer brings something, and nothing that cannot be.
    async fn good_weather(&mut self) -> std::io::Result<()> {
        let stage = Stage::open().await?;
        let connector = (self.case.build)(&stage.url());
        let target = (self.case.target)(&stage.url());
        let first = self.look_with(&stage, &*connector, &target, self.case.good, None).await?;
        self.plausible("good", &*connector, &first);
        let memo = first.result.ok().and_then(|seen| seen.hint.memo);
        let second =
            self.look_with(&stage, &*connector, &target, self.case.good, memo.as_deref()).await?;
        self.plausible("remembered", &*connector, &second);
        let foreign = Some("{\"of\":[\"somebody else\"]}");
        let third = self.look_with(&stage, &*connector, &target, self.case.good, foreign).await?;
        self.plausible("foreign memo", &*connector, &third);
        Ok(())
    }

    /// A poll that is dropped half-way does no harm: the next one works.
    async fn dropped(&mut self) -> std::io::Result<()> {
        let stage = Stage::open().await?;
        let connector = (self.case.build)(&stage.url());
        let target = (self.case.target)(&stage.url());
        let http = stage.client().map_err(std::io::Error::other)?;
        let cx = PollContext {
            now: self.case.now,
            budget: Duration::from_millis(1),
            http: &http,
            secrets: self.case.secrets,
            memo: None,
            fresh: false,
        };
        let _ = stage.drop_when_asked(connector.poll(&target, &cx)).await;
        let next = self.look_with(&stage, &*connector, &target, self.case.good, None).await?;
        self.plausible("after a dropped poll", &*connector, &next);
        Ok(())
    }

    fn plausible(&mut self, check: &'static str, connector: &dyn Connector, looked: &Looked) {
        self.silent_about_secrets(check, looked);
        let seen = match &looked.result {
            Ok(seen) => seen,
            Err(fault) => {
                return self.demand(check, false, || format!("a good answer is {fault:?}"));
            }
        };
        self.demand(check, seen.faults.is_empty(), || format!("faults {:?}", seen.faults));
        for problem in promises(connector.descriptor(), seen, self.case.now) {
            self.demand(check, false, || problem);
        }
    }

    fn silent_about_secrets(&mut self, check: &'static str, looked: &Looked) {
        let said = format!("{:?} {}", looked.result, looked.traces);
        let canary = self.case.canary;
        self.demand(check, canary.is_empty() || !said.contains(canary), || {
            let at = said.find(canary).unwrap_or(0);
            let around: String = said[..at].chars().rev().take(80).collect();
            format!("a secret is told after …{}", around.chars().rev().collect::<String>())
        });
    }
}

/// The promises that an answer breaks by itself, whatever the platform said: times, channels, keys, sizes; English, for
/// the connector's author.
pub fn promises(facts: &Descriptor, seen: &Observation, now: Timestamp) -> Vec<String> {
    let mut broken = Vec::new();
    let mut demand = |kept: bool, problem: String| broken.extend((!kept).then_some(problem));
    let latest_max = now + TimeDelta::minutes(SKEW_MIN);
    for kept in &seen.sightings {
        let ordered = kept.published.earliest.is_none_or(|at| at <= kept.published.latest);
        let past = kept.published.latest <= latest_max;
        demand(ordered && past, format!("impossible time: {kept:?}"));
        let known = facts.channels.contains(&kept.channel);
        demand(known && !kept.key.is_empty(), format!("key, channel: {kept:?}"));
    }
    let keys: BTreeSet<_> = seen.sightings.iter().map(|kept| (&kept.channel, &kept.key)).collect();
    demand(keys.len() == seen.sightings.len(), "keys repeat".to_owned());
    for (channel, spans) in seen.coverage.iter() {
        let known = channel.is_all() || facts.channels.contains(channel);
        let past = spans.until().is_none_or(|until| until <= now);
        demand(known && past, format!("coverage {channel}: {spans:?}"));
    }
    let entitled = facts.proves_silence || seen.coverage.is_empty();
    demand(entitled, "coverage from one that proves no silence".to_owned());
    let memo = seen.hint.memo.as_ref().map_or(0, String::len);
    demand(memo <= MEMO_BYTES_MAX, format!("a memo of {memo} bytes"));
    let kept: usize = seen.evidence.iter().map(|evidence| evidence.body.len()).sum();
    demand(kept <= EVIDENCE_BYTES_MAX, format!("{kept} bytes of evidence"));
    broken
}

#[cfg(test)]
mod tests;
