//! Does a menu link work? One request, and what it proves.

use url::Url;

use freshd_core::link::LinkAnswer;

use crate::article::{self, ArticlePage, fetch};
use freshd_core::Timestamp;

use crate::http::{self, HttpClient, HttpError, HttpErrorKind, Response};
use crate::page;

/// Bytes of an ordinary page that are read: its title and first headings.
const PAGE_BYTES_MAX: usize = 512 << 10;

/// What one request for a link brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it proves.
    pub answer: LinkAnswer,
    /// The site that wants to be left alone (see [`site_of`]), and for how many seconds (`Retry-After`).
    pub wish: Option<(String, u64)>,
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

/// Asks for a link once. WeChat articles are asked on `article_base`. Dead are 404 and 410, a
/// notice in place of a WeChat article, and a page whose own title says that it is not there 软死链; a
/// missing host is only [`LinkAnswer::HostGone`]. Whatever proves nothing (a wall, a refused
/// address, a time-out, 5xx) is unknown.
pub async fn check(http: &HttpClient, url: &str, article_base: &Url, now: Timestamp) -> Checked {
    let said = |answer| Checked { answer, wish: None };
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
    match fetch::page(http, &url, article_base, max, &[]).await {
        Err(error) => said(failed(&error)),
        Ok(fetch::Fetched::Wall(_)) => said(unknown("打开时遇到微信的验证页面,无法核验")),
        Ok(fetch::Fetched::Page(response, known)) => {
            let (wish, is_article) =
                (wish(&response, now), fetch::is_article(&known, article_base));
            let answer = http::apart(response, move |answer| answered(answer, is_article)).await;
            Checked { answer, wish }
        }
    }
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

/// What an answer means.
fn answered(response: &Response, is_article: bool) -> LinkAnswer {
    match response.status {
        404 | 410 => LinkAnswer::Dead(format!("页面不存在(HTTP {})", response.status)),
        // A gateway that wants a browser to run its script answers 202.
        200 | 203 | 206 if is_article => article_page(response),
        200 | 203 | 206 => ordinary_page(response),
        401 | 403 | 407 => unknown(format!("需要登录或拒绝自动访问(HTTP {})", response.status)),
        202 | 412 | 429 => unknown(format!("网站限制自动访问(HTTP {})", response.status)),
        500..=599 => LinkAnswer::Failing(format!("对方服务器出错(HTTP {})", response.status)),
        status => unknown(format!("回答 HTTP {status},不能判断")),
    }
}

fn article_page(response: &Response) -> LinkAnswer {
    let kind = response.header("content-type");
    match article::parse(&response.body, kind, &response.url) {
        ArticlePage::Alive(_) => LinkAnswer::Alive,
        ArticlePage::Tombstone { class, text } if class.is_dead() => LinkAnswer::Dead(text),
        ArticlePage::Tombstone { .. } => LinkAnswer::Alive,
        ArticlePage::Blocked(_) => unknown("打开时遇到微信的验证页面,无法核验"),
        ArticlePage::Unrecognised => unknown("打开的是不认识的微信页面,无法核验"),
    }
}

fn ordinary_page(response: &Response) -> LinkAnswer {
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return unknown("打开后没有任何内容");
    }
    if !page::is_html(response) {
        return LinkAnswer::Alive;
    }
    let Some(top) = page::top(response) else {
        return unknown("页面结构异常,无法核验");
    };
    if let Some(words) = top.challenge() {
        return unknown(format!("打开时遇到验证页面({words}),无法核验"));
    }
    match top.soft_dead() {
        Some(words) => LinkAnswer::Failing(format!("软死链:页面写着“{words}”")),
        None => LinkAnswer::Alive,
    }
}

#[cfg(test)]
mod tests;
