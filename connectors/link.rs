//! Does a menu link work? One request, and what it proves.

use url::Url;

use freshd_core::link::{Author, LinkAnswer};

use crate::article::{self, ArticlePage, Lasting, fetch};
use freshd_core::Timestamp;

use crate::http::{self, HttpClient, HttpError, HttpErrorKind, Response};
use crate::page;

pub mod control;
pub mod judge;
pub mod seen;

use control::{Control, Controls};
use judge::{Case, Judged, Kind, Mark};
use seen::Seen;

/// Bytes of an ordinary page that are read.
const PAGE_BYTES_MAX: usize = 512 << 10;

/// What one request for a link brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it proves.
    pub answer: LinkAnswer,
    /// The site that wants to be left alone (see [`site_of`]), and for how many seconds (`Retry-After`).
    pub wish: Option<(String, u64)>,
    /// The features by which the page was judged.
    pub marks: Vec<Mark>,
    /// Whose article it is, where the page or a long address says so.
    pub author: Option<Author>,
}

/// The site that a link asks: host and port, where WeChat articles are those of `article_base`; `None` = no address.
pub fn site_of(url: &str, article_base: &Url) -> Option<String> {
    let url = Url::parse(url.trim()).ok()?;
    Some(site(if fetch::is_article(&url, article_base) { article_base } else { &url }))
}

fn site(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

/// Asks for a link once, and its host once for a random path where that would help. WeChat articles are asked on
/// `article_base`. Dead are 404 and 410 and a notice in place of a WeChat article; failing is a page that says that it
/// is not there 软死链 ([`judge`]); a missing host is only [`LinkAnswer::HostGone`]. Whatever proves nothing (a wall, a
/// login, a refused address, a time-out, a page of scripts only) is unknown.
pub async fn check(
    http: &HttpClient,
    url: &str,
    article_base: &Url,
    controls: &Controls,
    now: Timestamp,
) -> Checked {
    let said = |answer| Checked { answer, wish: None, marks: Vec::new(), author: None };
    let url = match Url::parse(url.trim()) {
        Ok(mut url) => {
            // A user and a password in an address would be sent as a header.
            let _ = (url.set_username(""), url.set_password(None));
            url
        }
        Err(_) => return said(unknown("不是有效的网址,无法核验")),
    };
    let max = match fetch::is_article(&url, article_base) {
        true => article::PAGE_BYTES_MAX,
        false => PAGE_BYTES_MAX,
    };
    let (response, last) = match fetch::page(http, &url, article_base, max, &[]).await {
        Err(error) => return said(failed(&error)),
        Ok(fetch::Fetched::Wall(_)) => {
            return said(unknown("打开时遇到微信的验证页面,无法核验"));
        }
        Ok(fetch::Fetched::Page(response, last)) => (response, last),
    };
    let wish = wish(&response, now);
    let is_article = fetch::is_article(&last, article_base);
    let read = http::apart(response, move |response| read(response, is_article)).await;
    let mut judged = read.judged(&url, &last, None);
    if judged.wants_control
        && wish.is_none()
        && let Some(control) = controls.of(http, &url, article_base, now).await
    {
        judged = read.judged(&url, &last, Some(&control));
    }
    let author = read.author().or_else(|| is_article.then(|| author_of(&last)).flatten());
    Checked { answer: judged.answer, wish, marks: judged.marks, author }
}

/// What an answer means by itself, or the page that must be judged.
pub enum Read {
    /// Nothing but the answer is needed.
    Settled(LinkAnswer),
    /// A WeChat article, and whose it is.
    Article(LinkAnswer, Option<Author>),
    /// A page and its status.
    Page(u16, Box<Seen>),
}

/// A site that is busy says how long it wants to be left alone.
fn wish(response: &Response, now: Timestamp) -> Option<(String, u64)> {
    let busy = matches!(response.status, 429 | 503);
    let seconds = http::retry_after_s(response, now).filter(|_| busy)?;
    Some((site(&response.url), seconds))
}

fn unknown(reason: impl Into<String>) -> LinkAnswer {
    LinkAnswer::Unknown(reason.into())
}

/// What it means that no answer came.
fn failed(error: &HttpError) -> LinkAnswer {
    match error.kind {
        HttpErrorKind::HostNotFound => LinkAnswer::HostGone,
        HttpErrorKind::ResolverDown => unknown("本机域名解析不可用,未能核验"),
        HttpErrorKind::Refused => unknown(format!("按安全规则不访问该地址({})", error.detail)),
        HttpErrorKind::Connect => LinkAnswer::Unreachable("无法连接对方服务器".to_owned()),
        HttpErrorKind::TimedOut => LinkAnswer::Unreachable("对方没有及时回答".to_owned()),
        HttpErrorKind::Broken => unknown("跳转次数过多或回答不完整"),
        HttpErrorKind::Resting(_) => unknown("对方要求稍后再访问"),
        HttpErrorKind::ClockWrong => unknown("本机时钟不准,未能核验"),
    }
}

/// Reads an answer; `is_article` says whether it stands for a WeChat article.
pub fn read(response: &Response, is_article: bool) -> Read {
    match response.status {
        200 | 203 | 206 if is_article => article_page(response),
        200 | 203 | 206 if response.body.iter().all(u8::is_ascii_whitespace) => {
            Read::Settled(unknown("打开后没有任何内容"))
        }
        200 | 203 | 206 if !page::is_html(response) => Read::Settled(LinkAnswer::Alive),
        200 | 203 | 206 => match seen::of(response) {
            Some(seen) => Read::Page(response.status, Box::new(seen)),
            None => Read::Settled(unknown("页面结构异常,无法核验")),
        },
        // What a page beside such a status says may change what the status means.
        403 | 404 | 410 | 500..=599 if page::is_html(response) => match seen::of(response) {
            Some(seen) => Read::Page(response.status, Box::new(seen)),
            None => Read::Settled(by_status(response.status)),
        },
        status => Read::Settled(by_status(status)),
    }
}

/// What a status means by itself.
fn by_status(status: u16) -> LinkAnswer {
    match status {
        404 | 410 => LinkAnswer::Dead(format!("页面不存在(HTTP {status})")),
        401 | 403 | 407 => unknown(format!("需要登录或拒绝自动访问(HTTP {status})")),
        // A gateway that wants a browser to run its script answers 202.
        202 | 412 | 429 => unknown(format!("网站限制自动访问(HTTP {status})")),
        500..=599 => LinkAnswer::Failing(format!("对方服务器出错(HTTP {status})")),
        status => unknown(format!("回答 HTTP {status},不能判断")),
    }
}

impl Read {
    /// Whose article it is.
    pub fn author(&self) -> Option<Author> {
        match self {
            Self::Article(_, author) => author.clone(),
            Self::Settled(_) | Self::Page(..) => None,
        }
    }

    /// What was answered means, for a link to `asked` that ended at `last`.
    pub fn judged(&self, asked: &Url, last: &Url, control: Option<&Control>) -> Judged {
        let plain = |answer| Judged {
            answer,
            kind: Kind::Content,
            marks: Vec::new(),
            wants_control: false,
        };
        let (status, seen) = match self {
            Self::Settled(answer) | Self::Article(answer, _) => return plain(answer.clone()),
            Self::Page(status, seen) => (*status, seen),
        };
        let judged = judge::judge(&Case { asked, last, seen, control });
        let keeps = match (status, judged.kind) {
            (200 | 203 | 206, _) => true,
            (404 | 410 | 500..=599, Kind::Challenge) | (403, Kind::Unregistered) => true,
            (500..=599, kind) => kind == Kind::Upkeep,
            _ => false,
        };
        match keeps {
            true => judged,
            // An article under a status that denies it: some sites are set up like that.
            false if matches!(status, 404 | 410) && seen.dated && seen.chars > 300 => {
                plain(unknown(format!("回答 HTTP {status},但页面有正文,不能判断")))
            }
            false => plain(by_status(status)),
        }
    }
}

/// Whose article a long address says that it is.
fn author_of(url: &Url) -> Option<Author> {
    let (_, biz) = url.query_pairs().find(|(name, _)| name == "__biz")?;
    Some(Author { name: String::new(), ids: vec![biz.replace(' ', "+")] })
}

fn article_page(response: &Response) -> Read {
    let kind = response.header("content-type");
    let answer = match article::parse(&response.body, kind, &response.url) {
        ArticlePage::Alive(facts) => {
            let ids: Vec<String> = [facts.biz, facts.gh].into_iter().flatten().collect();
            let name = facts.nickname.unwrap_or_default();
            let author = (!ids.is_empty()).then_some(Author { name, ids });
            return Read::Article(LinkAnswer::Alive, author);
        }
        ArticlePage::Tombstone { class, text } => match class.lasts() {
            Lasting::Gone => LinkAnswer::Dead(text),
            Lasting::Perhaps => LinkAnswer::Failing(text),
            Lasting::There => LinkAnswer::Alive,
        },
        ArticlePage::Blocked(_) => unknown("打开时遇到微信的验证页面,无法核验"),
        ArticlePage::Unrecognised => unknown("打开的是不认识的微信页面,无法核验"),
    };
    Read::Article(answer, None)
}

#[cfg(test)]
mod tests;
