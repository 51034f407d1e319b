//! Does a page given as proof 佐证链接 show a post, and whose? The `article` connector: WeChat articles, posts of
//! Weibo and of 南方号, and any dated page.

use async_trait::async_trait;
use chrono::Duration;
use freshd_core::Timestamp;
use freshd_core::account::platform;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Evidence, Observation, Profile, Published, Sighting};
use url::Url;

use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::{self, HttpError, HttpErrorKind, Response, busy_fault, redact};
use crate::registry::WeiboMode;
use crate::weibo::status;
use crate::{charset, page as top};

mod column;
pub mod dated;
mod facts;
pub(crate) mod fetch;
mod form;
mod page;
mod tombstone;
mod whose;

pub use facts::ArticleFacts;
pub use fetch::{is_article_host, rebase};
pub use form::COPY_LINK;
pub use page::{ArticlePage, PAGE_BYTES_MAX, parse};
pub use tombstone::{Lasting, TombstoneClass, classify};
pub use whose::{Looked, Whose};

/// Evidence keeps at most so many characters of a page.
const EVIDENCE_CHARS: usize = 4000;

/// A page dated later than this after the look is not believed.
const FUTURE_MIN: i64 = 10;

/// The connector `article`: one page, one sighting, no coverage.
pub struct ArticleConnector {
    descriptor: Descriptor,
    base: Url,
    weibo: Option<(WeiboMode, Url)>,
    nanfang: Vec<Url>,
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
        Self { descriptor, base: article_base, weibo: None, nanfang: Vec::new() }
    }

    /// The same, reading posts of Weibo below this address, and taking these for addresses of 南方+.
    #[must_use]
    pub fn with(self, weibo: (WeiboMode, Url), nanfang: Vec<Url>) -> Self {
        Self { weibo: Some(weibo), nanfang, ..self }
    }

    /// The addresses that the configuration names for pages and posts.
    pub fn own_addresses(&self) -> impl Iterator<Item = &Url> {
        let weibo = self.weibo.iter().map(|(_, base)| base);
        [&self.base].into_iter().chain(weibo).chain(&self.nanfang)
    }

    /// Opens the link; what is seen there, and whose it is.
    ///
    /// # Errors
    /// Why it is no proof: `Refused` = a link that cannot be one, `Challenged` and `Unauthorized` = a person has to
    /// open it, `Malformed` = nothing there that could be used.
    pub async fn look(&self, target: &Target, cx: &PollContext<'_>) -> Result<Looked, Fault> {
        let url = target_url(target, "article")?;
        if let Some(why) = form::objection(&url, &self.base) {
            let fault = Fault::new(FaultScope::Account, FaultKind::Refused, why);
            return Err(fault.retry(Retry::Operator));
        }
        if let (Some(id), Some(weibo)) = (status::link(&url), &self.weibo) {
            return status::look(&id, weibo, cx).await;
        }
        let long = fetch::is_article(&url, &self.base) && form::is_long(&url);
        self.open(url, cx).await.map_err(|fault| match fault.kind {
            FaultKind::Challenged if long => {
                let detail = format!("{};长链接在微信外打不开,{COPY_LINK}", fault.detail);
                Fault { detail, ..fault }
            }
            _ => fault,
        })
    }

    async fn open(&self, url: Url, cx: &PollContext<'_>) -> Result<Looked, Fault> {
        // A wall before WeChat articles stands before all of them; another site's trouble is its
        // own.
        let scope = match fetch::is_article(&url, &self.base) {
            true => FaultScope::Platform,
            false => FaultScope::Account,
        };
        let fetched = fetch::page(cx.http, &url, &self.base, PAGE_BYTES_MAX, &[]).await;
        let (response, known) = match fetched.map_err(|error| unread(error, scope))? {
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
        // A short link may have led to a post; a page of Weibo's own proves nothing.
        if let (Some(id), Some(weibo)) = (status::link(&known), &self.weibo) {
            return status::look(&id, weibo, cx).await;
        }
        let now = cx.now;
        let read = if fetch::is_article(&known, &self.base) {
            wechat
        } else if column::is_page(&known, &self.nanfang) {
            nanfang
        } else {
            ordinary
        };
        http::apart(response, move |response| read(response, &known, now)).await
    }
}

/// A web address as a target.
pub(crate) fn admit_url(target: &Target, name: &str) -> Result<Url, TargetProblem> {
    let help = || format!("请写成 https:// 开头的完整网址;台账的采集方式里写作 {name}:https://…");
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
        Ok(self.look(target, cx).await?.observation)
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

fn walled(scope: FaultScope, mark: &str) -> Fault {
    Fault::new(scope, FaultKind::Challenged, format!("打开佐证链接时遇到验证页面({mark})"))
}

/// Why no page came. One that broke off on its way says nothing of the link: it may come whole the next time.
fn unread(error: HttpError, scope: FaultScope) -> Fault {
    let broke_off = error.kind == HttpErrorKind::Broken;
    let fault = error.fault(scope);
    if broke_off { Fault { kind: FaultKind::Unreachable, ..fault } } else { fault }
}

fn unusable(url: &Url, what: &str) -> Fault {
    let detail = format!("{what}:{}", redact::url(url));
    Fault::new(FaultScope::Account, FaultKind::Malformed, detail)
}

fn wechat(response: &Response, known: &Url, now: Timestamp) -> Result<Looked, Fault> {
    let read = parse(&response.body, response.header("content-type"), &response.url);
    match read {
        ArticlePage::Alive(facts) => Ok(seen(*facts, known, now)),
        ArticlePage::Blocked(mark) => Err(walled(FaultScope::Platform, &mark)),
        ArticlePage::Unrecognised => Err(unusable(known, "佐证链接打开的不是可识别的文章页面")),
        ArticlePage::Tombstone { class, text } => match class.account_state() {
            Some(state) => {
                let observation = Observation {
                    profile: Some(Profile { state, ..Profile::default() }),
                    evidence: vec![evidence(known, now, &text)],
                    ..Observation::default()
                };
                Ok(Looked { observation, whose: None })
            }
            None => Err(unusable(known, &format!("佐证文章无法查看({text})"))),
        },
    }
}

/// The observation of a live article.
fn seen(facts: ArticleFacts, known: &Url, now: Timestamp) -> Looked {
    let shown = facts.url.as_deref().and_then(|held| Url::parse(held).ok());
    let shown = shown.filter(is_article_host).unwrap_or_else(|| known.clone());
    let key = match (&facts.biz, &facts.mid, &facts.idx) {
        (Some(biz), Some(mid), Some(idx)) => format!("{biz}/{mid}/{idx}"),
        _ => article_key(&shown),
    };
    let whose = Whose {
        platform: platform::WECHAT,
        name: facts.nickname.clone().unwrap_or_default(),
        ids: [facts.biz, facts.gh].into_iter().flatten().collect(),
        wechat_id: facts.wechat_id,
        reprint: facts.reprint,
        ..Whose::default()
    };
    let profile =
        Profile { name: facts.nickname, aliases: whose.ids.clone(), ..Profile::default() };
    let body = evidence(known, now, &facts.quotes.join("\n"));
    let title = facts.title.unwrap_or_default();
    let seen = sighting(key, facts.published, title, &shown, body, now);
    let observation = Observation { profile: Some(profile), ..seen };
    Looked { observation, whose: Some(whose) }
}

/// A page of 南方+. It speaks of one article: its column's standing is not told.
fn nanfang(response: &Response, known: &Url, now: Timestamp) -> Result<Looked, Fault> {
    let html = page_text(response, known)?;
    let read = column::read(&html, known, now);
    let key = read.article.unwrap_or_else(|| article_key(known));
    let whose = Whose {
        platform: platform::NANFANG,
        name: read.name.unwrap_or_default(),
        ids: read.column.into_iter().collect(),
        ..Whose::default()
    };
    let body = evidence(known, now, &html.chars().take(EVIDENCE_CHARS).collect::<String>());
    let observation = sighting(key, read.published, read.title, known, body, now);
    Ok(Looked { observation, whose: Some(whose) })
}

/// The text of a page that is neither a wall nor the notice of a missing page.
fn page_text(response: &Response, known: &Url) -> Result<String, Fault> {
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
    Ok(html.to_string())
}

fn ordinary(response: &Response, known: &Url, now: Timestamp) -> Result<Looked, Fault> {
    let html = page_text(response, known)?;
    let read = dated::read(&html);
    let quote: String = html.chars().take(EVIDENCE_CHARS).collect();
    let mut shown = known.clone();
    shown.set_fragment(None);
    let body = evidence(known, now, &quote);
    let title = read.title.unwrap_or_default();
    let host = shown.host_str().unwrap_or_default();
    let host = shown.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let whose = Whose {
        name: read.site.unwrap_or_default(),
        unit: read.source.unwrap_or_default(),
        site_domain: read.domain.unwrap_or_default(),
        host,
        ..Whose::default()
    };
    let observation = sighting(shown.to_string(), read.published, title, &shown, body, now);
    Ok(Looked { observation, whose: Some(whose) })
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
    // What is possible ends with the look.
    let dated = dated.map(|held| Published {
        latest: held.latest.min(now.max(held.earliest.unwrap_or(now))),
        ..held
    });
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
