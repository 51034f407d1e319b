//! Does a page given as proof 佐证链接 show a post? The `article` connector: WeChat articles, and any
//! dated page.

use async_trait::async_trait;
use chrono::Duration;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::id::Channel;
use freshd_core::observation::{Evidence, Observation, Profile, Published, Sighting};
use url::Url;

use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::{self, Response, busy_fault, redact};
use crate::{charset, page as top};

pub mod dated;
mod facts;
pub(crate) mod fetch;
mod page;
mod tombstone;

pub use facts::ArticleFacts;
pub use fetch::{is_article_host, rebase};
pub use page::{ArticlePage, PAGE_BYTES_MAX, parse};
pub use tombstone::{TombstoneClass, classify};

/// Evidence keeps at most so many characters of a page.
const EVIDENCE_CHARS: usize = 4000;

/// A page dated later than this after the look is not believed.
const FUTURE_MIN: i64 = 10;

/// The connector `article`: one page, one sighting, no coverage.
pub struct ArticleConnector {
    descriptor: Descriptor,
    base: Url,
}

impl ArticleConnector {
    /// Asks `article_base` (`https://mp.weixin.qq.com`) for WeChat articles; other pages where they
    /// are.
    pub fn new(article_base: Url) -> Self {
        let descriptor = Descriptor {
            name: "article".into(),
            platform: "*".into(),
            channels: vec![Channel::posts()],
            proves_silence: false,
            lag_h: 0,
            courtesy: Courtesy { at_once: 2, per_minute: 20 },
            about: "打开作为佐证的文章链接,取其发布时间;只能证明发布过,不能证明没有发布".into(),
        };
        Self { descriptor, base: article_base }
    }
}

/// A web address as a target.
pub(crate) fn admit_url(target: &Target, name: &str) -> Result<Url, TargetProblem> {
    let help = || format!("请写成完整网址,例如 {name}:https://www.example.gov.cn/path");
    let url = Url::parse(target.as_str().trim())
        .map_err(|_| TargetProblem::new(format!("“{target}”不是有效的网址"), help()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(TargetProblem::new(format!("“{target}”不是 http 或 https 网址"), help()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetProblem::new("网址里不能带用户名和密码", help()));
    }
    Ok(url)
}

/// The same as a fault, for a target that was never admitted.
pub(crate) fn target_url(target: &Target, name: &str) -> Result<Url, Fault> {
    admit_url(target, name)
        .map_err(|problem| Fault::new(FaultScope::Account, FaultKind::Refused, problem.what))
}

#[async_trait]
impl Connector for ArticleConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        admit_url(target, "article").map(drop)
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let url = target_url(target, "article")?;
        // A wall before WeChat articles stands before all of them; another site's trouble is its
        // own.
        let scope = if fetch::is_article(&url, &self.base) {
            FaultScope::Platform
        } else {
            FaultScope::Account
        };
        let fetched = fetch::page(cx.http, &url, &self.base, PAGE_BYTES_MAX, &[]).await;
        let (response, known) = match fetched.map_err(|error| error.fault(scope))? {
            fetch::Fetched::Page(response, known) => (response, known),
            fetch::Fetched::Wall(wall) => return Err(walled(scope, wall.path())),
        };
        if let Some(fault) = busy_fault(&response, scope, cx.now) {
            return Err(fault);
        }
        match response.status {
            200..=299 => (),
            // Somebody may have mistyped or withdrawn a link: that says nothing of the account.
            404 | 410 => return Err(unusable(&known, "佐证链接已失效(页面不存在)")),
            401 | 403 => return Err(walled(scope, &format!("HTTP {}", response.status))),
            status => return Err(unusable(&known, &format!("佐证链接回答 HTTP {status}"))),
        }
        let (is_article, now) = (fetch::is_article(&known, &self.base), cx.now);
        let read = if is_article { wechat } else { ordinary };
        http::apart(response, move |response| read(response, &known, now)).await
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

fn walled(scope: FaultScope, mark: &str) -> Fault {
    Fault::new(scope, FaultKind::Challenged, format!("打开佐证链接时遇到验证页面({mark})"))
}

fn unusable(url: &Url, what: &str) -> Fault {
    let detail = format!("{what}:{}", redact::url(url));
    Fault::new(FaultScope::Account, FaultKind::Malformed, detail)
}

fn wechat(response: &Response, known: &Url, now: Timestamp) -> Result<Observation, Fault> {
    let read = parse(&response.body, response.header("content-type"), &response.url);
    match read {
        ArticlePage::Alive(facts) => Ok(seen(*facts, known, now)),
        ArticlePage::Blocked(mark) => Err(walled(FaultScope::Platform, &mark)),
        ArticlePage::Unrecognised => Err(unusable(known, "佐证链接打开的不是可识别的文章页面")),
        ArticlePage::Tombstone { class, text } => match class.account_state() {
            Some(state) => Ok(Observation {
                profile: Some(Profile { state, ..Profile::default() }),
                evidence: vec![evidence(known, now, &text)],
                ..Observation::default()
            }),
            None => Err(unusable(known, &format!("佐证文章无法查看({text})"))),
        },
    }
}

/// The observation of a live article.
fn seen(facts: ArticleFacts, known: &Url, now: Timestamp) -> Observation {
    let shown = facts.url.as_deref().and_then(|held| Url::parse(held).ok());
    let shown = shown.filter(is_article_host).unwrap_or_else(|| known.clone());
    let key = match (&facts.biz, &facts.mid, &facts.idx) {
        (Some(biz), Some(mid), Some(idx)) => format!("{biz}/{mid}/{idx}"),
        _ => article_key(&shown),
    };
    let profile = Profile {
        name: facts.nickname,
        aliases: [facts.biz, facts.gh].into_iter().flatten().collect(),
        ..Profile::default()
    };
    let body = evidence(known, now, &facts.quotes.join("\n"));
    let title = facts.title.unwrap_or_default();
    Observation {
        profile: Some(profile),
        ..sighting(key, facts.published, title, &shown, body, now)
    }
}

fn ordinary(response: &Response, known: &Url, now: Timestamp) -> Result<Observation, Fault> {
    if !top::is_html(response) {
        return Err(unusable(known, "佐证链接打开的不是网页"));
    }
    let html = charset::decode(&response.body, response.header("content-type"));
    if let Some(read) = top::top_of(&html) {
        if let Some(words) = read.challenge() {
            return Err(walled(FaultScope::Account, words));
        }
        if let Some(words) = read.soft_dead() {
            return Err(unusable(known, &format!("佐证链接已失效({words})")));
        }
    }
    let read = dated::read(&html);
    let quote: String = html.chars().take(EVIDENCE_CHARS).collect();
    let mut shown = known.clone();
    shown.set_fragment(None);
    let body = evidence(known, now, &quote);
    let title = read.title.unwrap_or_default();
    Ok(sighting(shown.to_string(), read.published, title, &shown, body, now))
}

/// One sighting. An undated page was there when it was seen, and a date in the future is not
/// believed.
fn sighting(
    key: String,
    published: Option<Published>,
    title: String,
    url: &Url,
    evidence: Evidence,
    now: Timestamp,
) -> Observation {
    let limit = now + Duration::minutes(FUTURE_MIN);
    let mut faults = Vec::new();
    let dated = published.filter(|held| held.earliest.is_some_and(|earliest| earliest <= limit));
    if dated.is_none() {
        let what = match published {
            Some(_) => "佐证页面的发布时间在未来",
            None => "佐证页面没有写明发布时间",
        };
        faults.push(unusable(url, what));
    }
    let sighting = Sighting {
        key,
        channel: Channel::posts(),
        published: dated.unwrap_or(Published::before(now)),
        title,
        url: Some(redact::url(url)),
        pinned: false,
        repost: false,
    };
    Observation {
        sightings: vec![sighting],
        faults,
        evidence: vec![evidence],
        ..Observation::default()
    }
}

fn evidence(url: &Url, at: Timestamp, text: &str) -> Evidence {
    let body = redact::text(text).chars().take(EVIDENCE_CHARS).collect();
    Evidence { url: redact::url(url), at, body }
}

/// The identity of an article by its address: `biz/mid/idx` of a long link, else the address
/// without the parameters that change from share to share.
pub fn article_key(url: &Url) -> String {
    let of = |names: [&str; 2]| {
        let mut pairs = url.query_pairs();
        pairs.find(|(name, value)| names.contains(&name.as_ref()) && !value.is_empty()).map(|p| p.1)
    };
    let parts = (of(["__biz", "biz"]), of(["mid", "appmsgid"]), of(["idx", "itemidx"]));
    if let (Some(biz), Some(mid), Some(idx)) = parts {
        return format!("{biz}/{mid}/{idx}");
    }
    let mut plain = url.clone();
    plain.set_fragment(None);
    plain.set_query(None);
    if url.path() == "/s" { url.to_string() } else { plain.to_string() }
}

#[cfg(test)]
mod tests;
