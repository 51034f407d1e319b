//! What kind of identifier is this? Platform names and account identifiers as people write them, made one.

use freshd_core::account::platform;
use url::Url;

use super::header::{folded, half_width};

/// What an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// WeChat AppID: `wx` and 16 hex digits.
    AppId,
    /// WeChat 原始ID: `gh_…`.
    OriginalId,
    /// WeChat 微信号.
    WechatName,
    /// Weibo UID.
    WeiboUid,
    /// Nanfang columnId.
    NanfangColumn,
    /// Android or HarmonyOS package name.
    Package,
    /// App Store number.
    AppStoreId,
    /// Huawei AppGallery id: `C` and digits.
    HuaweiId,
    /// A homepage or article link that holds no identifier.
    Link,
    /// Whatever another platform calls its accounts.
    Other,
}

/// An identifier as understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// What it is.
    pub kind: Kind,
    /// In one spelling: AppID and gh_ in lower case, a UID taken out of its link.
    pub text: String,
    /// The link it was taken from.
    pub link: Option<String>,
}

/// Why a text cannot be an identifier on its platform, and what to write; Chinese.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnIdentifier {
    /// What is wrong.
    pub what: &'static str,
    /// What to write.
    pub help: &'static str,
}

const WECHAT: [&str; 14] = [
    "wechat",
    "weixin",
    "微信公众号",
    "微信公众平台",
    "微信公众账号",
    "微信",
    "政务微信",
    "公众号",
    "订阅号",
    "服务号",
    "微信订阅号",
    "微信服务号",
    "微信公众号订阅号",
    "微信公众号服务号",
];
const WEIBO: [&str; 6] = ["weibo", "微博", "新浪微博", "政务微博", "微博账号", "新浪政务微博"];
const NANFANG: [&str; 6] = ["nanfang", "南方号", "南方+", "南方+号", "南方+客户端", "南方+南方号"];
const APP: [&str; 9] = [
    "app",
    "移动客户端",
    "移动客户端app",
    "客户端",
    "客户端app",
    "手机客户端",
    "政务app",
    "手机app",
    "移动应用",
];

/// The platform's canonical name, or the name as written.
pub fn platform_of(text: &str) -> String {
    let wanted = folded(text);
    let known = |names: &[&str]| names.contains(&wanted.as_str());
    if known(&WECHAT) {
        platform::WECHAT.to_owned()
    } else if known(&WEIBO) {
        platform::WEIBO.to_owned()
    } else if known(&NANFANG) {
        platform::NANFANG.to_owned()
    } else if known(&APP) {
        platform::APP.to_owned()
    } else {
        text.to_owned()
    }
}

/// The platform that a sheet's name speaks of, such as 「微信公众号台账」.
pub fn platform_in(sheet: &str) -> Option<&'static str> {
    let name = folded(sheet);
    let hits: Vec<&str> = [
        (platform::WECHAT, "微信公众号"),
        (platform::WECHAT, "公众号"),
        (platform::WEIBO, "微博"),
        (platform::NANFANG, "南方号"),
        (platform::APP, "客户端"),
    ]
    .into_iter()
    .filter(|(_, word)| name.contains(word))
    .map(|(platform, _)| platform)
    .collect();
    let first = *hits.first()?;
    let foreign = ["腾讯微博", "视频号", "小程序"].iter().any(|word| name.contains(word));
    (!foreign && hits.iter().all(|hit| *hit == first)).then_some(first)
}

/// The platform's name for people.
pub fn platform_title(name: &str) -> &str {
    match name {
        platform::WECHAT => "微信公众号",
        platform::WEIBO => "微博",
        platform::NANFANG => "南方号",
        platform::APP => "移动客户端",
        other => other,
    }
}

/// Splits a cell into identifiers; words that stand for nothing (无, 待补, -) are none.
pub fn split(platform: &str, text: &str) -> Vec<String> {
    let text = text.trim();
    if is_nothing(text) {
        return Vec::new();
    }
    let own = [platform::WECHAT, platform::WEIBO, platform::NANFANG, platform::APP];
    if !own.contains(&platform) {
        return vec![text.split_whitespace().collect::<Vec<_>>().join(" ")];
    }
    text.split(|c: char| {
        c.is_whitespace() || matches!(c, ';' | '\u{ff1b}' | '、' | ',' | '\u{ff0c}' | '|')
    })
    .map(without_label)
    .filter(|token| !is_nothing(token))
    .map(str::to_owned)
    .collect()
}

fn is_nothing(text: &str) -> bool {
    let word = folded(text);
    let nothing = [
        "",
        "无",
        "暂无",
        "待补",
        "标识待补",
        "未知",
        "不详",
        "空",
        "na",
        "none",
        "null",
        "待核实",
        "没有",
    ];
    nothing.contains(&word.as_str())
}

/// `原始ID:gh_…` is `gh_…`.
fn without_label(token: &str) -> &str {
    let Some((label, rest)) = token.split_once([':', '\u{ff1a}', '=']) else { return token };
    let labels = [
        "原始id",
        "appid",
        "uid",
        "id",
        "微信号",
        "微博uid",
        "微博id",
        "包名",
        "columnid",
        "公众号",
        "账号",
    ];
    if labels.contains(&folded(label).as_str()) { rest } else { token }
}

/// Understands one identifier of a platform.
///
/// # Errors
/// It can be none of the kinds that this platform has.
pub fn classify(platform: &str, text: &str) -> Result<Identifier, NotAnIdentifier> {
    let plain = |kind, text: &str| Ok(Identifier { kind, text: text.to_owned(), link: None });
    let known = [platform::WECHAT, platform::WEIBO, platform::NANFANG, platform::APP];
    if !known.contains(&platform) {
        return plain(Kind::Other, text);
    }
    let text = half_width(text);
    if let Some(url) = link(&text) {
        let taken = match platform {
            platform::WEIBO => weibo_uid(&url).map(|uid| (Kind::WeiboUid, uid)),
            platform::NANFANG => nanfang_column(&url).map(|id| (Kind::NanfangColumn, id)),
            platform::APP => store_id(&url),
            _ => None,
        };
        let whole = url.to_string();
        return Ok(match taken {
            Some((kind, text)) => Identifier { kind, text, link: Some(whole) },
            None => Identifier { kind: Kind::Link, text: whole, link: None },
        });
    }
    let lower = text.to_ascii_lowercase();
    match platform {
        platform::WECHAT if is_app_id(&lower) => plain(Kind::AppId, &lower),
        platform::WECHAT if is_original_id(&lower) => plain(Kind::OriginalId, &lower),
        platform::WECHAT if is_wechat_name(&text) => plain(Kind::WechatName, &text),
        platform::WECHAT => Err(NotAnIdentifier {
            what: "不是微信公众号的标识",
            help: "填 AppID(wx 开头 18 位)、原始ID(gh_ 开头)、微信号或一篇文章的链接;不知道就留空",
        }),
        platform::WEIBO if is_number(&text, 5, 16) => plain(Kind::WeiboUid, &text),
        platform::WEIBO => Err(NotAnIdentifier {
            what: "不是微博的标识",
            help: "填数字 UID 或主页链接(https://weibo.com/u/…);不知道就留空",
        }),
        platform::NANFANG if is_number(&text, 1, 12) => plain(Kind::NanfangColumn, &text),
        platform::NANFANG => Err(NotAnIdentifier {
            what: "不是南方号的标识",
            help: "填数字 columnId 或南方号主页链接;不知道就留空",
        }),
        _ => app_id(&text).map_or(
            Err(NotAnIdentifier {
                what: "不是移动客户端的标识",
                help: "填 App Store 数字编号、华为 C 开头编号、安卓包名或下载链接;不知道就留空",
            }),
            |(kind, text)| plain(kind, &text),
        ),
    }
}

fn link(text: &str) -> Option<Url> {
    let lower = text.to_ascii_lowercase();
    let bare =
        ["weibo.com/", "www.weibo.com/", "m.weibo.cn/", "mp.weixin.qq.com/", "apps.apple.com/"];
    let whole = if lower.starts_with("http://") || lower.starts_with("https://") {
        text.to_owned()
    } else if bare.iter().any(|host| lower.starts_with(host)) {
        format!("https://{text}")
    } else {
        return None;
    };
    Url::parse(&whole).ok().filter(|url| url.host_str().is_some_and(|host| host.contains('.')))
}

fn query(url: &Url, key: &str) -> Option<String> {
    url.query_pairs().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, v)| v.into_owned())
}

fn is_host(url: &Url, domain: &str) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// `weibo.com/u/UID`, `weibo.com/UID`, `m.weibo.cn/profile/UID`, `weibo.com/p/100505UID`.
fn weibo_uid(url: &Url) -> Option<String> {
    if !is_host(url, "weibo.com") && !is_host(url, "weibo.cn") {
        return None;
    }
    let path: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    let uid = match path[..] {
        ["u" | "profile", uid, ..] | [uid] => uid,
        ["p", page, ..] => page.strip_prefix("100505")?,
        _ => return None,
    };
    is_number(uid, 5, 16).then(|| uid.to_owned())
}

/// `…?nfhId=ID`, `…?columnId=ID`, `m.nfapp.southcn.com/ID`.
fn nanfang_column(url: &Url) -> Option<String> {
    let last = || url.path().trim_end_matches('/').rsplit('/').next().map(str::to_owned);
    let own = is_host(url, "southcn.com") || is_host(url, "nfnews.com");
    let id = query(url, "nfhId").or_else(|| query(url, "columnId")).or_else(last)?;
    (own && is_number(&id, 1, 12)).then_some(id)
}

/// The store's own number or the package name in a store's link.
fn store_id(url: &Url) -> Option<(Kind, String)> {
    let last = url.path().trim_end_matches('/').rsplit('/').next()?;
    let token = if is_host(url, "apple.com") {
        last.strip_prefix("id")?.to_owned()
    } else if is_host(url, "qq.com") {
        query(url, "pkgname").unwrap_or_else(|| last.to_owned())
    } else if is_host(url, "huawei.com") {
        last.to_owned()
    } else {
        return None;
    };
    app_id(&token)
}

fn app_id(text: &str) -> Option<(Kind, String)> {
    let digits = text.strip_prefix("id").unwrap_or(text);
    if is_number(digits, 6, 12) {
        return Some((Kind::AppStoreId, digits.to_owned()));
    }
    let upper = text.to_ascii_uppercase();
    if upper.strip_prefix('C').is_some_and(|rest| is_number(rest, 3, 30)) {
        return Some((Kind::HuaweiId, upper));
    }
    is_package(text).then(|| (Kind::Package, text.to_owned()))
}

fn is_number(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_app_id(text: &str) -> bool {
    text.strip_prefix("wx")
        .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Looks like an AppID of 18 characters, but is not all hex digits: probably a slip of the pen.
pub(super) fn is_near_app_id(text: &str) -> bool {
    text.len() == 18
        && text.to_ascii_lowercase().starts_with("wx")
        && !is_app_id(&text.to_ascii_lowercase())
}

fn is_original_id(text: &str) -> bool {
    text.strip_prefix("gh_").is_some_and(|rest| {
        (1..=32).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// 微信号: 6 to 20 letters, digits, `_`, `-`, beginning with a letter; accounts' `__biz` pass too.
fn is_wechat_name(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'=' | b'+');
    (5..=40).contains(&text.len())
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && text.bytes().all(word)
}

fn is_package(text: &str) -> bool {
    let part = |part: &str| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    text.len() <= 150 && text.contains('.') && text.split('.').all(part)
}

#[cfg(test)]
mod tests;
