//! Is a WeChat article page alive, a tombstone, or a wall? In the order that misreads none of them.

use url::Url;

use super::facts::{self, ArticleFacts};
use super::tombstone::{self, TombstoneClass};
use crate::charset;
use crate::markup::{self, Piece};

/// What an article page turned out to be. Dead articles answer HTTP 200, so the status says
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArticlePage {
    /// An article that can be read.
    Alive(Box<ArticleFacts>),
    /// A notice in its place.
    Tombstone {
        /// What kind of notice.
        class: TombstoneClass,
        /// Its sentence, and the reason if one is given.
        text: String,
    },
    /// A captcha or another wall, by the marker that was found: unknown, never dead.
    Blocked(String),
    /// Nothing that we know: unknown, never dead.
    Unrecognised,
}

/// Bytes of a page that are read: publish times stand as late as 2.8 MB into live pages of up to 4
/// MB.
pub const PAGE_BYTES_MAX: usize = 6 << 20;

/// Addresses that stand for a wall, also as the target of a redirect.
pub(super) fn is_wall(url: &Url) -> bool {
    let path = url.path();
    path.starts_with("/mp/wappoc_appmsgcaptcha") || path.starts_with("/mp/verify")
}

/// Marks of the verification page itself.
const WALL_MARKS: [&str; 1] = ["secitptpage/verify.html"];

/// Marks that live pages could hold, too, and so are looked for only when there is no article.
const WEAK_WALL_MARKS: [&str; 2] = ["TCaptcha.js", "poc_token"];

/// Sentences of the wall, looked for outside scripts.
const WALL_SENTENCES: [&str; 6] = [
    "环境异常",
    "去验证",
    "访问过于频繁",
    "操作频繁",
    "请在微信客户端打开链接",
    "需要从微信打开验证身份",
];

/// Reads a page; `url` is where the answer came from in the end.
pub fn parse(body: &[u8], content_type: Option<&str>, url: &Url) -> ArticlePage {
    if is_wall(url) {
        return ArticlePage::Blocked(url.path().to_owned());
    }
    let html = charset::decode(&body[..body.len().min(PAGE_BYTES_MAX)], content_type);
    if let Some(mark) = WALL_MARKS.iter().find(|mark| html.contains(**mark)) {
        return ArticlePage::Blocked((*mark).to_owned());
    }
    let (mut article, mut verify) = (false, false);
    let mut title = String::new();
    let depth = markup::scan(&html, &mut |piece| match piece {
        Piece::Open { attributes, .. } => {
            let id = markup::attribute(attributes, "id");
            article |= id == Some("js_article");
            verify |= id == Some("js_verify");
        }
        Piece::Title(text) if title.is_empty() => text.trim().clone_into(&mut title),
        _ => (),
    });
    if verify {
        return ArticlePage::Blocked("js_verify".to_owned());
    }
    if article {
        return match depth {
            ..=markup::DEPTH_MAX => ArticlePage::Alive(Box::new(facts::read(&html))),
            _ => ArticlePage::Unrecognised,
        };
    }
    not_an_article(&html, &title)
}

fn not_an_article(html: &str, title: &str) -> ArticlePage {
    if let Some(mark) = WEAK_WALL_MARKS.iter().find(|mark| html.contains(**mark)) {
        return ArticlePage::Blocked((*mark).to_owned());
    }
    let said = tombstone::sentence(html);
    let known = said.as_ref().and_then(|(said, _)| tombstone::classify(said));
    if let (Some((said, reason)), Some(class)) = (&said, known) {
        let text = match reason {
            Some(reason) => format!("{said}({reason})"),
            None => said.clone(),
        };
        return ArticlePage::Tombstone { class, text };
    }
    let said = said.map(|(said, _)| said).unwrap_or_default();
    let visible = || crate::page::visible_text(html).unwrap_or_default();
    let wall = |text: &str| WALL_SENTENCES.iter().find(|words| text.contains(**words)).copied();
    match wall(&said).or_else(|| wall(title)).or_else(|| wall(&visible())) {
        Some(sentence) => ArticlePage::Blocked(sentence.to_owned()),
        None => ArticlePage::Unrecognised,
    }
}

#[cfg(test)]
mod tests;
