//! Can the app be downloaded from Apple's App Store? The public lookup interface of one storefront.
//!
//! Source: `GET /lookup?id=…&country=cn&entity=software`. An app's new version is no content
//! update, so nothing here is a sighting; a delisted app is proven only by two answers, the second
//! past the store's cache of up to a day.

use async_trait::async_trait;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::observation::{DownloadSign, Evidence, Observation, Profile};
use serde_json::Value;
use url::Url;

use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::{self, Request};
use crate::listing;

/// The interface allows about 20 requests a minute; it answers 403 beyond that.
const PER_MINUTE: u32 = 20;
/// How long to wait when it says nothing itself, seconds.
const RATE_LIMIT_WAIT_S: u64 = 60;

/// `appstore`: the target is the app's number.
pub struct AppstoreConnector {
    descriptor: Descriptor,
    base: Url,
    country: String,
}

impl AppstoreConnector {
    /// Asks the storefront of `country` (two letters); without it the store of the USA would
    /// answer.
    pub fn new(base: Url, country: String) -> Self {
        let descriptor = Descriptor {
            name: "appstore".into(),
            platform: "app".into(),
            channels: Vec::new(),
            proves_silence: false,
            lag_h: 0,
            courtesy: Courtesy { at_once: 2, per_minute: PER_MINUTE },
            about: "苹果应用商店:核验应用是否在架、可下载".into(),
        };
        Self { descriptor, base, country }
    }

    /// One lookup; `past_caches` asks with a parameter that no cache has seen.
    async fn lookup(
        &self,
        id: &str,
        past_caches: bool,
        cx: &PollContext<'_>,
    ) -> Result<(Finding, Evidence), Fault> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/lookup", self.base.path().trim_end_matches('/')));
        url.query_pairs_mut()
            .clear()
            .append_pair("id", id)
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
        let evidence = Evidence { url: place, at: cx.now, body: listing::evidence_text(&text) };
        Ok((finding(&value, id)?, evidence))
    }
}

#[async_trait]
impl Connector for AppstoreConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        let id = target.as_str();
        if (6..=14).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) {
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
            let (again, evidence) = self.lookup(target.as_str(), true, cx).await?;
            found = again;
            observation.evidence.push(evidence);
        }
        observation.download = Some(match found.app {
            Some(app) => {
                let sign = DownloadSign { available: Some(true), what: app.what() };
                observation.profile = Some(app.profile());
                sign
            }
            None => DownloadSign {
                available: Some(false),
                what: format!("{}区应用商店查无此应用(已绕过缓存复查)", self.country),
            },
        });
        Ok(observation)
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
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
}

impl App {
    fn what(&self) -> String {
        let version = self.version.as_deref().unwrap_or("未标明");
        let released = self.released.as_deref().unwrap_or("未标明");
        format!("在架,可下载;版本 {version},版本发布时间 {released}")
    }

    fn profile(self) -> Profile {
        Profile { name: self.name, holder: self.seller, ..Profile::default() }
    }
}

/// Reads `{resultCount, results}`; `{errorMessage}` has no count and says that the id is bad, not
/// that the app is gone.
fn finding(answer: &Value, id: &str) -> Result<Finding, Fault> {
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
    let own = results.iter().find(|app| {
        app.get("trackId").is_some_and(|track| match track {
            Value::Number(number) => number.to_string() == id,
            Value::String(text) => text == id,
            _ => false,
        })
    });
    if own.is_none() && (count > 0 || !results.is_empty()) {
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
        }),
    })
}

#[cfg(test)]
mod tests;
