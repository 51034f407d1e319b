//! Can the app be downloaded from Apple's App Store? The public lookup interface of one storefront.
//!
//! Source: `GET /lookup?id=…&country=cn&entity=software`. An app's new version is no content
//! update, so nothing here is a sighting; a delisted app is proven only by two answers, the second
//! past the store's cache of up to a day, and holding a control app: a store that finds nothing at all
//! says nothing of one. Apps that are asked for at one moment share a call.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::link::{Elsewhere, Place};
use freshd_core::observation::{DownloadSign, Evidence, Observation, Part, Profile};
use freshd_core::release::Release;
use serde_json::Value;
use url::Url;

use super::batch::{Batcher, Pace, Shared};
use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::{self, Request};
use crate::{lenient, listing};

/// The interface allows about 20 requests a minute; it answers 403 beyond that.
const PER_MINUTE: usize = 20;
/// How long to wait when it says nothing itself, seconds.
const RATE_LIMIT_WAIT_S: u64 = 60;

/// `appstore`: the target is the app's number.
pub struct AppstoreConnector {
    descriptor: Descriptor,
    base: Url,
    country: String,
    control: String,
    together: Batcher,
    pace: Pace,
}

impl AppstoreConnector {
    /// Asks the storefront of `country` (two letters; without it the store of the USA would answer);
    /// `control` is the number of an app that certainly is there; empty = none is asked for.
    pub fn new(base: Url, country: String, control: String) -> Self {
        let descriptor = Descriptor {
            name: "appstore".into(),
            platform: "app".into(),
            channels: Vec::new(),
            proves_silence: false,
            lag_h: 0,
            // Polls share calls, which are counted by themselves.
            courtesy: Courtesy { at_once: 50, per_minute: 200 },
            about: "苹果应用商店:核验应用是否在架、可下载".into(),
        };
        let (together, pace) = (Batcher::default(), Pace::default());
        Self { descriptor, base, country, control, together, pace }
    }

    /// One app, found or not: by a call that it shares with others, or past caches by one of its own.
    async fn lookup(
        &self,
        id: &str,
        past_caches: bool,
        cx: &PollContext<'_>,
    ) -> Result<(Finding, Evidence), Fault> {
        if !past_caches {
            let ask = |ids: Vec<String>| async move { self.call(&ids.join(","), false, cx).await };
            let shared = self.together.ask(id, ask).await?;
            let shared_by = shared.2;
            // One bad number spoils a shared call; an answer that is odd for another app is odd for all.
            if shared.1.get("errorMessage").is_none() {
                return self.told(&shared, (id, shared_by == 1), cx);
            }
        }
        self.told(&*self.call(id, past_caches, cx).await?, (id, true), cx)
    }

    /// Past caches, together with the control app: only an answer that holds it can lack another.
    async fn recheck(&self, id: &str, cx: &PollContext<'_>) -> Result<(Finding, Evidence), Fault> {
        let controlled = !self.control.is_empty() && id != self.control;
        let ids = if controlled { format!("{id},{}", self.control) } else { id.to_owned() };
        let answer = self.call(&ids, true, cx).await?;
        let (finding, mut evidence) = self.told(&answer, (id, !controlled), cx)?;
        if finding.app.is_some() || self.control.is_empty() {
            return Ok((finding, evidence));
        }
        if record_of(&answer.1, &self.control).is_none() {
            let detail = format!(
                "应用商店查不到应用 {id},同时也查不到对照应用 {},不能判断是否在架",
                self.control
            );
            return Err(Fault::new(FaultScope::Platform, FaultKind::Unavailable, detail));
        }
        evidence.body = listing::evidence_text(&answer.1.to_string());
        Ok((finding, evidence))
    }

    fn told(
        &self,
        (place, answer, _): &(String, Value, usize),
        (id, alone): (&str, bool),
        cx: &PollContext<'_>,
    ) -> Result<(Finding, Evidence), Fault> {
        let finding = finding(answer, id, alone)?;
        let own = finding.app.as_ref().map(|app| app.record.to_string());
        let body = listing::evidence_text(&own.unwrap_or_else(|| answer.to_string()));
        Ok((finding, Evidence { url: place.clone(), at: cx.now, body }))
    }

    /// One call; `past_caches` asks with a parameter that no cache has seen.
    async fn call(&self, ids: &str, past_caches: bool, cx: &PollContext<'_>) -> Shared {
        self.pace.take(PER_MINUTE, cx.now)?;
        let mut url = self.base.clone();
        url.set_path(&format!("{}/lookup", self.base.path().trim_end_matches('/')));
        url.query_pairs_mut()
            .clear()
            .append_pair("id", ids)
            .append_pair("country", &self.country)
            .append_pair("entity", "software");
        let mut request = Request::get(url).header("accept", "application/json");
        if past_caches {
            request = request.header("cache-control", "no-cache");
            let stamp = cx.now.timestamp_millis().to_string();
            request.url.query_pairs_mut().append_pair("nocache", &stamp);
        }
        let response =
            cx.http.send(request).await.map_err(|error| error.fault(FaultScope::Platform))?;
        let place = http::redact::url(&response.url);
        if matches!(response.status, 403 | 429) {
            let wait = http::retry_after_s(&response, cx.now).unwrap_or(RATE_LIMIT_WAIT_S);
            let detail = format!("{place} 访问过于频繁(HTTP {})", response.status);
            return Err(Fault::new(FaultScope::Platform, FaultKind::RateLimited, detail)
                .retry(Retry::After(wait)));
        }
        if let Some(fault) = http::busy_fault(&response, FaultScope::Platform, cx.now) {
            return Err(fault);
        }
        if response.status != 200 {
            let detail = format!("{place} 回答 HTTP {}", response.status);
            return Err(Fault::new(FaultScope::Platform, FaultKind::Unavailable, detail));
        }
        let text = crate::charset::decode(&response.body, response.header("content-type"));
        if text.trim_start().starts_with('<') && listing::asks_for_a_person(&text) {
            let detail = format!("{place} 返回验证或登录页面");
            return Err(Fault::new(FaultScope::Platform, FaultKind::Challenged, detail));
        }
        let value = http::json(&response).map_err(|error| error.fault(FaultScope::Connector))?;
        Ok(Arc::new((place, value, ids.split(',').count())))
    }
}

#[async_trait]
impl Connector for AppstoreConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        if is_number(target.as_str()) {
            return Ok(());
        }
        Err(TargetProblem::new(
            "苹果应用编号应为数字",
            "填写应用商店链接中 id 后面的数字,例如 appstore:1234567890",
        ))
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        self.admit(target)
            .map_err(|problem| Fault::new(FaultScope::Account, FaultKind::Refused, problem.what))?;
        let mut observation = Observation::default();
        let (mut found, evidence) = self.lookup(target.as_str(), cx.fresh, cx).await?;
        observation.evidence.push(evidence);
        if found.app.is_none() {
            // The store may still answer from its cache. A look that could not be completed is no look: it must not
            // put out what was proved before it, and is tried again soon.
            let (again, evidence) = self.recheck(target.as_str(), cx).await?;
            found = again;
            observation.evidence.push(evidence);
        }
        observation.carried(&[Part::Download, Part::Profile]);
        observation.download = Some(match found.app {
            Some(app) => {
                let sign = DownloadSign { available: Some(true), what: app.what() };
                observation.release = app.release();
                observation.links = Some(app.links());
                observation.profile = Some(app.profile());
                sign
            }
            None => DownloadSign {
                available: Some(false),
                what: match self.control.as_str() {
                    "" => format!("{}区应用商店查无此应用(已绕过缓存复查)", self.country),
                    control => format!(
                        "{}区应用商店查无此应用,同一次查询能查到对照应用 {control}(已绕过缓存复查)",
                        self.country
                    ),
                },
            },
        });
        Ok(observation)
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// Is it an app's number: 6 to 14 digits?
pub(crate) fn is_number(id: &str) -> bool {
    (6..=14).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// The record of that number among the results.
fn record_of<'a>(answer: &'a Value, id: &str) -> Option<&'a Value> {
    let is = |app: &&Value| lenient::text(&app["trackId"]).as_deref() == Some(id);
    answer.get("results")?.as_array()?.iter().find(is)
}

/// What one lookup found.
struct Finding {
    app: Option<App>,
}

/// The listed app.
struct App {
    name: Option<String>,
    seller: Option<String>,
    version: Option<String>,
    /// `currentVersionReleaseDate`, as written; absent in old answers.
    released: Option<String>,
    /// What the store says of it, whole.
    record: Value,
}

impl App {
    fn what(&self) -> String {
        let version = self.version.as_deref().unwrap_or("未标明");
        let released = self.released.as_deref().unwrap_or("未标明");
        format!("在架,可下载;版本 {version},版本发布时间 {released}")
    }

    /// Only what the store dates itself.
    fn release(&self) -> Option<Release> {
        let at = DateTime::parse_from_rfc3339(self.released.as_deref()?.trim()).ok()?;
        Some(Release { version: self.version.clone().unwrap_or_default(), at: at.to_utc() })
    }

    /// The owner's site, as the app's page names it.
    fn links(&self) -> Vec<Elsewhere> {
        let site = self.record.get("sellerUrl").and_then(Value::as_str);
        let site = site.filter(|site| !site.trim().is_empty());
        let link = |site: &str| {
            let names = vec!["App Store".to_owned(), "开发者网站".to_owned()];
            Elsewhere::new(Place::AppPage, names, "view", site.trim().to_owned())
        };
        site.map(link).into_iter().collect()
    }

    fn profile(self) -> Profile {
        Profile { name: self.name, holder: self.seller, ..Profile::default() }
    }
}

/// Reads `{resultCount, results}`; `{errorMessage}` has no count and says that the id is bad, not
/// that the app is gone.
fn finding(answer: &Value, id: &str, alone: bool) -> Result<Finding, Fault> {
    let malformed = |scope, detail: String| Fault::new(scope, FaultKind::Malformed, detail);
    if let Some(message) = answer.get("errorMessage").and_then(Value::as_str) {
        let message = http::redact::text(message);
        let detail =
            format!("应用商店不接受编号 {id}:{}", message.chars().take(120).collect::<String>());
        return Err(malformed(FaultScope::Account, detail).retry(Retry::Operator));
    }
    let shape = || malformed(FaultScope::Connector, "应用商店的回答中没有 resultCount".to_owned());
    let count = answer.get("resultCount").and_then(Value::as_u64).ok_or_else(shape)?;
    let results = answer.get("results").and_then(Value::as_array).ok_or_else(shape)?;
    let own = record_of(answer, id);
    // An answer that counts otherwise than it lists, or lists what has no number, lacks nothing for certain.
    let sound = count == results.len() as u64
        && results.iter().all(|app| lenient::text(&app["trackId"]).is_some());
    if own.is_none() && (!sound || (alone && count > 0)) {
        let detail = format!("应用商店的回答中没有编号 {id}");
        return Err(malformed(FaultScope::Connector, detail));
    }
    let text = |app: &Value, name: &str| app.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Finding {
        app: own.map(|app| App {
            name: text(app, "trackName"),
            seller: text(app, "sellerName").or_else(|| text(app, "artistName")),
            version: text(app, "version"),
            released: text(app, "currentVersionReleaseDate"),
            record: app.clone(),
        }),
    })
}

#[cfg(test)]
mod tests;
