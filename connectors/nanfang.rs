//! When did this 南方号 last publish? The article list of Nanfang Plus, on whichever of its hosts
//! answers.
//!
//! Source: `nfplus-manuscript-web/article/list`, as the reading programs of 2025 and 2026 consume
//! it. An account is a column; a channel's list also holds articles of related columns, which are
//! not its own.

mod list;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Evidence, InteractionSign, Observation, Part, Profile};
use url::Url;

use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::{self, Request};
use crate::listing;
use list::Page;

/// Articles asked for on one page; the interface gives no more.
const PAGE_SIZE: usize = 20;
/// Pages read when the first ones hold other columns only.
const PAGES_MAX: usize = 3;
/// How far back a short last page vouches, days.
const LAST_PAGE_DAYS: i64 = 400;

/// `nanfang`: the target is the column's number.
pub struct NanfangConnector {
    descriptor: Descriptor,
    bases: Vec<Url>,
    /// Hosts that asked to be left alone, and until when.
    resting: Mutex<HashMap<usize, Timestamp>>,
}

impl NanfangConnector {
    /// Asks these base addresses in order until one answers.
    pub fn new(bases: Vec<Url>) -> Self {
        let descriptor = Descriptor {
            name: "nanfang".into(),
            platform: "nanfang".into(),
            channels: vec![Channel::posts()],
            proves_silence: true,
            lag_h: listing::LAG_H,
            courtesy: Courtesy { at_once: 2, per_minute: 60 },
            about: "南方号:读取南方+公开的文章列表".into(),
        };
        Self { descriptor, bases, resting: Mutex::default() }
    }

    /// The column's list from one base.
    async fn observe(
        &self,
        base: &Url,
        column: &str,
        cx: &PollContext<'_>,
    ) -> Result<Observation, Fault> {
        let mut observation = Observation::default();
        for number in 1..=PAGES_MAX {
            let url = list_url(base, column, number);
            let (page, evidence) = ask(&url, column, cx).await?;
            observation.evidence.push(evidence);
            observation.carried(&[Part::Coverage]);
            let own = page.own;
            if !own.is_empty() || !page.has_next {
                let short = !page.has_next && page.listed > 0 && page.listed < PAGE_SIZE;
                settle(&mut observation, own, short && !page.unclear, page.unclear, cx.now);
                let keys: Vec<_> = observation.sightings.iter().map(|s| s.key.clone()).collect();
                keys.iter().for_each(|key| observation.carried(&[Part::Sighting(key)]));
                break;
            }
        }
        Ok(observation)
    }

    fn rests_until(&self, base: usize, now: Timestamp) -> Option<Timestamp> {
        let resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.get(&base).copied().filter(|until| *until > now)
    }

    /// Remembers a server's explicit wish, so that other accounts keep it, too.
    fn rest(&self, base: usize, fault: &Fault, now: Timestamp) {
        if let Retry::After(seconds) = fault.retry
            && let Some(span) = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds)
            && let Some(until) = now.checked_add_signed(span)
        {
            let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
            resting.insert(base, until);
        }
    }
}

#[async_trait]
impl Connector for NanfangConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        let id = target.as_str();
        if (1..=12).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(());
        }
        Err(TargetProblem::new(
            "南方号的栏目编号应为数字",
            "填写 columnId(南方号分享链接中 nfhId= 后面的数字),例如 nanfang:3392",
        ))
    }

    /// A fault of one base that another answered does not count.
    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        self.admit(target)
            .map_err(|problem| Fault::new(FaultScope::Account, FaultKind::Refused, problem.what))?;
        let mut faults = Vec::new();
        for (number, base) in self.bases.iter().enumerate() {
            if let Some(until) = self.rests_until(number, cx.now) {
                let detail = format!("{base} 要求稍后再访问");
                let fault = Fault::new(FaultScope::Platform, FaultKind::RateLimited, detail);
                faults.push(fault.retry(Retry::At(until)));
                continue;
            }
            match self.observe(base, target.as_str(), cx).await {
                Ok(observation) => return Ok(observation),
                Err(fault) => {
                    self.rest(number, &fault, cx.now);
                    faults.push(fault);
                }
            }
        }
        Err(joined(faults))
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        if self.bases.is_empty() {
            return Err(joined(Vec::new()));
        }
        Ok(())
    }
}

/// One fault for all bases: the first that is not merely unreachable, with every detail.
fn joined(mut faults: Vec<Fault>) -> Fault {
    let detail = faults.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>().join(";");
    let says_most = faults.iter().position(|fault| {
        !matches!(fault.kind, FaultKind::Unreachable | FaultKind::TimedOut | FaultKind::Refused)
    });
    if faults.is_empty() {
        let detail = "没有配置南方+的接口地址 [connectors.nanfang] base_urls";
        return Fault::new(FaultScope::Connector, FaultKind::Refused, detail)
            .retry(Retry::Operator);
    }
    Fault { detail, ..faults.swap_remove(says_most.unwrap_or(0)) }
}

/// The list's address. The newer host (nfnews.com) names `service`, and no related columns
/// (`nfhSubCount=0`).
fn list_url(base: &Url, column: &str, page: usize) -> Url {
    let mut url = base.clone();
    let path = format!("{}/nfplus-manuscript-web/article/list", base.path().trim_end_matches('/'));
    url.set_path(&path);
    let newer = base.host_str().is_some_and(|host| host.ends_with("nfnews.com"));
    url.query_pairs_mut()
        .clear()
        .append_pair("columnId", column)
        .append_pair("nfhSubCount", if newer { "0" } else { "1" })
        .append_pair("pageNum", &page.to_string())
        .append_pair("pageSize", &PAGE_SIZE.to_string());
    if newer {
        url.query_pairs_mut().append_pair("service", "0");
    }
    url
}

/// One page, asked and read.
async fn ask(url: &Url, column: &str, cx: &PollContext<'_>) -> Result<(Page, Evidence), Fault> {
    let mut request = Request::get(url.clone()).header("accept", "application/json");
    if cx.fresh {
        request = request.header("cache-control", "no-cache");
    }
    let response =
        cx.http.send(request).await.map_err(|error| error.fault(FaultScope::Platform))?;
    if let Some(fault) = http::busy_fault(&response, FaultScope::Platform, cx.now) {
        return Err(fault);
    }
    let place = http::redact::url(&response.url);
    let text = crate::charset::decode(&response.body, response.header("content-type"));
    if text.trim_start().starts_with('<') && listing::asks_for_a_person(&text) {
        let detail = format!("{place} 返回验证或登录页面");
        return Err(Fault::new(FaultScope::Platform, FaultKind::Challenged, detail));
    }
    if response.status != 200 {
        let detail = format!("{place} 回答 HTTP {}", response.status);
        return Err(Fault::new(FaultScope::Platform, FaultKind::Unavailable, detail));
    }
    let value = http::json(&response).map_err(|error| error.fault(FaultScope::Connector))?;
    let page = list::page(&value, column, cx.now)?;
    Ok((page, Evidence { url: place, at: cx.now, body: listing::evidence_text(&text) }))
}

/// What the column's own articles say.
fn settle(
    observation: &mut Observation,
    own: Vec<list::Article>,
    last_page: bool,
    unclear: bool,
    now: Timestamp,
) {
    let dates: Vec<_> = own.iter().map(|article| article.released).collect();
    if let Some(since) = listing::since(&dates)
        && !unclear
    {
        let whole = now - TimeDelta::days(LAST_PAGE_DAYS);
        let since = if last_page { since.min(whole) } else { since };
        observation.coverage.add(Channel::all(), since, now);
    }
    let comments: i64 = own.iter().map(|article| article.comments).sum();
    // None prove nothing: they are told so that it is known that somebody looked.
    if !own.is_empty() {
        let what = match comments {
            1.. => format!("最近 {} 篇内容共有 {comments} 条评论", own.len()),
            _ => format!("最近 {} 篇内容未见评论", own.len()),
        };
        let (kind, works) = ("comments".to_owned(), (comments > 0).then_some(true));
        observation.interaction.push(InteractionSign { kind, works, what });
    }
    if let Some(name) = own.iter().find_map(|article| article.column_name.clone()) {
        observation.profile = Some(Profile { name: Some(name), ..Profile::default() });
    }
    observation.sightings = own.into_iter().map(|article| article.sighting(now)).collect();
}

#[cfg(test)]
mod tests;
