//! How is a page fetched that may be a WeChat article? Redirects are followed here, so that a wall
//! is seen, not visited, and a configured article base is kept on every hop.

use url::Url;

use super::page::is_wall;
use crate::http::{HttpClient, HttpError, HttpErrorKind, Request, Response, redact};

/// Redirects followed at most.
const REDIRECTS_MAX: usize = 5;

/// The host of WeChat articles.
pub const ARTICLE_HOST: &str = "mp.weixin.qq.com";

/// A page, or the wall that stood before it.
pub(crate) enum Fetched {
    /// An answer, and the address under which the world knows it.
    Page(Response, Url),
    /// A redirect to a wall, which was not followed.
    Wall(Url),
}

/// Is it an address of a WeChat article page?
pub fn is_article_host(url: &Url) -> bool {
    url.host_str() == Some(ARTICLE_HOST)
}

/// Is it one, also when it is written with the configured base? Another address than the platform's own may be shared
/// with other pages; there its paths tell.
pub(crate) fn is_article(url: &Url, article_base: &Url) -> bool {
    let below = url.path().strip_prefix(article_base.path().trim_end_matches('/'));
    let paths = ["/s/", "/mp/"];
    let named =
        below.is_some_and(|path| path == "/s" || paths.iter().any(|it| path.starts_with(it)));
    is_article_host(url) || named && url.origin() == article_base.origin()
}

/// The address to ask for an article: on the configured base, with the same path and query. Other
/// hosts stay.
pub fn rebase(url: &Url, article_base: &Url) -> Url {
    if !is_article_host(url) || article_base.host_str() == Some(ARTICLE_HOST) {
        return url.clone();
    }
    let mut asked = article_base.clone();
    let path = format!("{}{}", article_base.path().trim_end_matches('/'), url.path());
    asked.set_path(&path);
    asked.set_query(url.query());
    asked
}

/// Gets a page of at most `max` decoded bytes.
pub(crate) async fn page(
    http: &HttpClient,
    url: &Url,
    article_base: &Url,
    max: usize,
    headers: &[(&'static str, &str)],
) -> Result<Fetched, HttpError> {
    let mut known = url.clone();
    for _ in 0..=REDIRECTS_MAX {
        let mut request = Request::get(rebase(&known, article_base));
        request.body_bytes_max = max;
        request.redirects_max = 0;
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = http.send(request).await?;
        let redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
        let Some(location) = response.header("location").filter(|_| redirect) else {
            return Ok(Fetched::Page(response, known));
        };
        let next = known.join(location).map_err(|error| HttpError {
            kind: HttpErrorKind::Broken,
            detail: format!("{} 跳转到无效的网址({error})", redact::url(&known)),
        })?;
        if is_article(&next, article_base) && is_wall(&next) {
            return Ok(Fetched::Wall(next));
        }
        known = next;
    }
    let detail = format!("跳转超过 {REDIRECTS_MAX} 次:{}", redact::url(url));
    Err(HttpError { kind: HttpErrorKind::Broken, detail })
}
