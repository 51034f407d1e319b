//! When did this feed last list a post? RSS, Atom and JSON Feed, with and without proof in their
//! silence.
//!
//! Two connectors share the reading. `feed` is any feed, e.g. a bridge: what it lists counts, what
//! it does not list proves nothing. `feed-complete` is a feed of which the operator vouches that it
//! lists every post: a page that is whole and dated throughout proves that nothing was published
//! since its oldest item.

mod outline;
mod read;
mod repair;
mod text;

use async_trait::async_trait;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Evidence, Observation, Published, Sighting};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::{self, Request, Response};
use crate::listing;
use read::{Document, Item, Unreadable};

/// Decoded bytes of a feed read at most.
const FEED_BYTES_MAX: usize = 8 << 20;
/// Posts of one document that are reported; the newest.
const SIGHTINGS_MAX: usize = 500;
/// A validator longer than this is not remembered.
const VALIDATOR_BYTES_MAX: usize = 512;

/// `feed` and `feed-complete`: the target is the feed's address.
pub struct FeedConnector {
    descriptor: Descriptor,
}

impl FeedConnector {
    /// `feed`: silence proves nothing.
    pub fn bridge() -> Self {
        Self::named("feed", false, "RSS、Atom 或 JSON Feed;没有列出的内容不能证明没有发布")
    }

    /// `feed-complete`: the operator vouches that the feed lists every post.
    pub fn complete() -> Self {
        Self::named("feed-complete", true, "由运维方担保列全的 RSS、Atom 或 JSON Feed")
    }

    fn named(name: &'static str, proves_silence: bool, about: &'static str) -> Self {
        let courtesy = Courtesy { at_once: 8, per_minute: 0 };
        let channels = vec![Channel::posts()];
        let platform = "*";
        Self {
            descriptor: Descriptor {
                name: name.into(),
                platform: platform.into(),
                channels,
                proves_silence,
                lag_h: listing::LAG_H,
                courtesy,
                about: about.into(),
            },
        }
    }

    /// What an answer with a body says.
    fn observe(
        response: &Response,
        proves_silence: bool,
        now: Timestamp,
    ) -> Result<Observation, Fault> {
        let text = text::decode(&response.body, response.header("content-type"));
        let document = read::document(&text, &response.url)
            .map_err(|error| unreadable(error, &text, response))?;
        let whole = document.whole && !response.truncated;
        let mut observation = Observation::default();
        if !whole {
            observation.faults.push(partial(&document, response));
        }
        let sorted = sightings(&document, now);
        observation.evidence = evidence(response, &text, now, sorted.edited);
        observation.sightings = sorted.sightings;
        // Oldest first, and there are further pages: the newest posts are on the last of them.
        let goes_on = sorted.rising && text::names_next_page(&text);
        let since = sorted.since.filter(|_| whole && !goes_on);
        if proves_silence && let Some(since) = since {
            observation.coverage.add(Channel::all(), since, http::seen_until(response, now));
        }
        observation.hint.memo = whole.then(|| memo(response, since)).flatten();
        Ok(observation)
    }

    /// 304: the feed was looked at and is as it was.
    fn unchanged(&self, response: &Response, memo: Memo, cx: &PollContext<'_>) -> Observation {
        let mut observation = Observation::default();
        if self.descriptor.proves_silence
            && let Some(since) = memo.since
        {
            observation.coverage.add(Channel::all(), since, http::seen_until(response, cx.now));
        }
        observation.hint.memo = serde_json::to_string(&memo).ok();
        observation
    }
}

#[async_trait]
impl Connector for FeedConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        address(target).map(|_| ())
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let url = address(target)
            .map_err(|problem| Fault::new(FaultScope::Account, FaultKind::Refused, problem.what))?;
        let memo = cx.memo.filter(|_| !cx.fresh).and_then(|memo| serde_json::from_str(memo).ok());
        let response = cx
            .http
            .send(request(url, memo.as_ref(), cx.fresh))
            .await
            .map_err(|error| error.fault(FaultScope::Account))?;
        match (response.status, memo) {
            (200, _) => {
                let (proves, now) = (self.descriptor.proves_silence, cx.now);
                http::apart(response, move |answer| Self::observe(answer, proves, now)).await
            }
            (304, Some(memo)) => Ok(self.unchanged(&response, memo, cx)),
            _ => Err(refused(&response, cx.now)),
        }
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// What is remembered of the last whole document.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memo {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// Since when the document, unchanged, vouches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
}

fn memo(response: &Response, since: Option<Timestamp>) -> Option<String> {
    let validator = |name: &str| {
        let value = response.header(name)?;
        (value.len() <= VALIDATOR_BYTES_MAX).then(|| value.to_owned())
    };
    let memo = Memo { etag: validator("etag"), modified: validator("last-modified"), since };
    if memo.etag.is_none() && memo.modified.is_none() {
        return None;
    }
    serde_json::to_string(&memo).ok()
}

fn request(url: Url, memo: Option<&Memo>, fresh: bool) -> Request {
    let mut request = Request::get(url).header(
        "accept",
        "application/rss+xml, application/atom+xml, application/feed+json, */*;q=0.5",
    );
    request.body_bytes_max = FEED_BYTES_MAX;
    if fresh {
        request = request.header("cache-control", "no-cache");
    }
    if let Some(etag) = memo.and_then(|memo| memo.etag.as_ref()) {
        request = request.header("if-none-match", etag);
    }
    if let Some(modified) = memo.and_then(|memo| memo.modified.as_ref()) {
        request = request.header("if-modified-since", modified);
    }
    request
}

/// The feed's address: http or https, with a host.
fn address(target: &Target) -> Result<Url, TargetProblem> {
    let help =
        "填写以 http:// 或 https:// 开头的订阅地址,例如 feed:https://www.example.gov.cn/rss.xml";
    let url = Url::parse(target.as_str())
        .map_err(|_| TargetProblem::new("订阅地址不是有效的网址", help))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(TargetProblem::new("订阅地址只能是 http 或 https 网址", help));
    }
    Ok(url)
}

/// The posts, newest first, and since when their list is whole.
struct Sorted {
    sightings: Vec<Sighting>,
    /// Latest instant of the oldest listed post; `None` if the list is empty or some item has no
    /// date.
    since: Option<Timestamp>,
    /// Does the list begin with its oldest post?
    rising: bool,
    /// How many are dated by their last edit only.
    edited: usize,
}

fn sightings(document: &Document, now: Timestamp) -> Sorted {
    let edited = document.items.iter().filter(|item| item.edited).count();
    let dates: Vec<Option<Published>> =
        document.items.iter().map(|item| published(item, now)).collect();
    let mut since = listing::since(&dates);
    let end = |date: Option<&Option<Published>>| date.copied().flatten().map(|date| date.latest);
    let rising = dates.len() < 2 || end(dates.first()) < end(dates.last());
    let mut sightings: Vec<Sighting> = document
        .items
        .iter()
        .zip(dates)
        .map(|(item, published)| Sighting {
            key: item.key.clone(),
            channel: Channel::posts(),
            published: published.unwrap_or(Published::before(now)),
            title: item.title.clone(),
            url: item.url.clone(),
            pinned: false,
            repost: false,
        })
        .collect();
    if sightings.len() > SIGHTINGS_MAX {
        // Undated posts last: they say least.
        sightings.sort_by_key(|seen| {
            (seen.published.earliest.is_none(), std::cmp::Reverse(seen.published.latest))
        });
        sightings.truncate(SIGHTINGS_MAX);
        let oldest = sightings.last().map(|seen| seen.published.latest);
        since = since.max(oldest.filter(|_| since.is_some()));
    }
    Sorted { sightings, since, rising, edited }
}

/// The item's date, if it has one that can be true.
fn published(item: &Item, now: Timestamp) -> Option<Published> {
    listing::published(item.date.as_deref()?, now)
}

fn evidence(response: &Response, text: &str, now: Timestamp, edited: usize) -> Vec<Evidence> {
    let url = http::redact::url(&response.url);
    let body = listing::evidence_text(text);
    let mut evidence = vec![Evidence { url: url.clone(), at: now, body }];
    if edited > 0 {
        let body = format!("{edited} 条内容只有最后编辑时间(updated),没有发布时间,按编辑时间计");
        evidence.push(Evidence { url, at: now, body });
    }
    evidence
}

/// Some items could be read and others not.
fn partial(document: &Document, response: &Response) -> Fault {
    let detail = format!(
        "{} 的订阅文件不完整或有损坏,只读出 {} 条,不作为没有发布的依据",
        http::redact::url(&response.url),
        document.items.len()
    );
    Fault::new(FaultScope::Connector, FaultKind::Malformed, detail)
}

/// Why a body is no feed. Never a finding about the account: a feed's address is not the account.
fn unreadable(error: Unreadable, text: &str, response: &Response) -> Fault {
    let place = http::redact::url(&response.url);
    let account = |kind, detail| Fault::new(FaultScope::Account, kind, detail);
    match error {
        Unreadable::Empty => account(FaultKind::Malformed, format!("{place} 返回空内容")),
        Unreadable::NotAFeed if listing::asks_for_a_person(text) => account(
            FaultKind::Challenged,
            format!("{place} 返回验证或登录页面:{}", http::excerpt(response, 80)),
        ),
        Unreadable::NotAFeed => account(
            FaultKind::Malformed,
            format!("{place} 返回的不是订阅文件:{}", http::excerpt(response, 80)),
        ),
        Unreadable::Broken(error) => {
            account(FaultKind::Malformed, format!("{place} 的订阅文件无法解析:{error}"))
        }
        Unreadable::TooMuch => account(
            FaultKind::Malformed,
            format!(
                "{place} 的订阅文件嵌套超过 {} 层、多于 {} 条,或标签过多过长",
                outline::DEPTH_MAX,
                outline::ITEMS_MAX
            ),
        ),
    }
}

/// A status without a feed. The fault stays with this account: one feed's host is not the platform.
fn refused(response: &Response, now: Timestamp) -> Fault {
    if let Some(fault) = http::busy_fault(response, FaultScope::Account, now) {
        return fault;
    }
    let status = response.status;
    let place = http::redact::url(&response.url);
    let (kind, detail) = match status {
        401 => (FaultKind::Unauthorized, format!("{place} 要求登录(HTTP 401)")),
        404 | 410 => (FaultKind::Unavailable, format!("订阅地址已失效:{place}(HTTP {status})")),
        403 if listing::asks_for_a_person(&http::excerpt(response, 2_000)) => {
            (FaultKind::Challenged, format!("{place} 要求验证(HTTP 403)"))
        }
        _ => (FaultKind::Unavailable, format!("{place} 回答 HTTP {status}")),
    };
    let retry = http::retry_after_s(response, now).map_or(Retry::Backoff, Retry::After);
    Fault::new(FaultScope::Account, kind, detail).retry(retry)
}

#[cfg(test)]
mod tests;
