//! What kind of link was given, and can it be a proof at all? By its address alone.

use url::Url;

use super::fetch::is_article;
use crate::weibo::status;

/// What to do instead, for a link that only WeChat's own client opens.
pub const COPY_LINK: &str = "请在微信中点右上角“…”复制链接";

/// Why this link cannot be opened as a proof, in words; `None` = it can be tried.
pub(super) fn objection(url: &Url, article_base: &Url) -> Option<String> {
    let has = |names: &[&str]| {
        url.query_pairs().any(|(name, value)| names.contains(&name.as_ref()) && !value.is_empty())
    };
    if is_article(url, article_base) {
        if has(&["tempkey", "signature"]) || (has(&["src"]) && has(&["timestamp"])) {
            let what = "这是搜索或预览得到的临时链接,几小时后失效,不能作为佐证";
            return Some(format!("{what};请在微信中打开这篇文章,{}", &COPY_LINK[3..]));
        }
        if has(&["__biz"]) && !has(&["sn", "sign"]) {
            return Some(format!("这个长链接不完整(缺少 sn),在微信外打不开;{COPY_LINK}"));
        }
    }
    if status::is_weibo(url) && status::link(url).is_none() {
        let what = "这不是一条微博的链接";
        return Some(format!("{what};请点开该条微博的发布时间,复制地址 weibo.com/UID/编号"));
    }
    None
}

/// Is it a long link, which is sent to a captcha outside WeChat?
pub(super) fn is_long(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| name == "__biz")
}

#[cfg(test)]
mod tests;
