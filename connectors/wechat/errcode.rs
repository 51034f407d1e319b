//! What does an `errcode` of the WeChat interfaces mean, whose concern is it, and when may we ask again?

use chrono::Days;
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use serde_json::Value;

use super::component::NOT_AUTHORISED;
use crate::lenient;

/// A refusal by the platform: HTTP 200 with `{"errcode": …, "errmsg": …}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The number; some answers carry it as text.
    pub(crate) code: i64,
    /// The platform's words, bounded.
    pub(crate) words: String,
}

/// The classes of codes that are treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Busy, or a system error: try again later.
    Transient,
    /// The token is not (or no longer) the right one: get it once more.
    TokenStale,
    /// Too many calls in this minute.
    PerMinute,
    /// Too many calls of this interface today.
    PerDay,
    /// The figures of that day do not exist yet.
    NotReady,
    /// AppID or AppSecret is wrong, frozen or missing.
    Credential,
    /// The calling address is not on the allow-list.
    AllowList,
    /// An administrator must confirm; ask again after so many seconds.
    Confirmation(u64),
    /// The account lacks that interface (not verified, or the verification lapsed).
    NotGranted,
    /// The account has not authorised us, or not this set of interfaces.
    NotAuthorised,
    /// The account is restricted, banned or frozen.
    Sanctioned,
    /// The third-party platform's own ticket or secret is in trouble: all accounts suffer.
    Component,
    /// The interface was retired.
    Retired,
    /// We asked wrongly.
    OurBug,
    /// An honest "there is none": data, not failure.
    No,
    /// A code that we do not know.
    Unknown,
}

/// Every code that we know, its class, and what it means in plain words.
const CODES: &[(i64, Class, &str)] = &[
    (-1, Class::Transient, "微信系统繁忙"),
    (61450, Class::Transient, "微信系统错误"),
    (40001, Class::TokenStale, "access_token 无效或不是最新,可能另有系统在调用 /cgi-bin/token"),
    (40014, Class::TokenStale, "access_token 不合法"),
    (42001, Class::TokenStale, "access_token 已过期"),
    (41001, Class::TokenStale, "缺少 access_token"),
    (45011, Class::PerMinute, "每分钟调用次数已达上限"),
    (45009, Class::PerDay, "该接口当日调用次数已用完"),
    (61503, Class::NotReady, "统计数据尚未生成"),
    (40013, Class::Credential, "AppID 不正确"),
    (40125, Class::Credential, "AppSecret 不正确"),
    (40243, Class::Credential, "AppSecret 已被冻结"),
    (41002, Class::Credential, "缺少 AppID"),
    (41004, Class::Credential, "缺少 AppSecret"),
    (40164, Class::AllowList, "调用地址不在公众号的 IP 白名单内"),
    (61004, Class::AllowList, "调用地址不在第三方平台的 IP 白名单内"),
    (45035, Class::AllowList, "调用地址不在第三方平台的 IP 白名单内"),
    (89501, Class::Confirmation(3600), "该调用地址正在等待管理员确认"),
    (89503, Class::Confirmation(3600), "该次调用需要管理员在微信中确认"),
    (89506, Class::Confirmation(86_400), "管理员两次拒绝了该调用地址,24 小时内不能再调用"),
    (89507, Class::Confirmation(3600), "管理员拒绝了该调用地址,1 小时内不能再调用"),
    (48001, Class::NotGranted, "认证已过期或该账号没有此接口权限"),
    (61007, Class::NotAuthorised, "账号没有把此权限集授权给本平台,需要重新授权"),
    (61003, Class::NotAuthorised, "账号没有授权给本平台"),
    (61023, Class::NotAuthorised, "授权已失效(刷新令牌无效),需要重新授权"),
    (50002, Class::Sanctioned, "账号被限制(迁移、注销或冻结)"),
    (50004, Class::Sanctioned, "账号被禁止使用 access_token"),
    (50007, Class::Sanctioned, "账号已被冻结"),
    (48004, Class::Sanctioned, "账号因违规被封禁接口"),
    (61005, Class::Component, "第三方平台的 component_verify_ticket 已过期"),
    (61006, Class::Component, "第三方平台的 component_verify_ticket 不正确"),
    (61011, Class::Component, "第三方平台的 AppID 不正确"),
    (41018, Class::Component, "缺少第三方平台的 AppID"),
    (47009, Class::Retired, "该接口已下线"),
    (48009, Class::Retired, "该接口已下线"),
    (40002, Class::OurBug, "grant_type 不正确"),
    (40003, Class::OurBug, "OpenID 不正确"),
    (43002, Class::OurBug, "该接口须用 POST"),
    (43003, Class::OurBug, "该接口须用 HTTPS"),
    (44002, Class::OurBug, "POST 内容为空"),
    (47001, Class::OurBug, "请求内容的格式不正确"),
    (61500, Class::OurBug, "日期格式不正确"),
    (61501, Class::OurBug, "日期范围不正确"),
    (65416, Class::OurBug, "参数不正确"),
    (65417, Class::OurBug, "时间跨度不正确"),
    (9_001_001, Class::OurBug, "请求参数不正确"),
    (76003, Class::OurBug, "接口路径不正确"),
    (76021, Class::OurBug, "接口路径不受支持"),
    (76022, Class::OurBug, "接口路径不受支持"),
    (46003, Class::No, "没有通过接口设置的菜单"),
    (65303, Class::No, "没有默认菜单"),
    (65301, Class::No, "没有个性化菜单"),
    (40059, Class::No, "没有这个群发任务"),
    (53600, Class::No, "没有这篇文章"),
    (88000, Class::No, "没有留言权限"),
    (48015, Class::No, "没有留言权限"),
    (88001, Class::No, "没有这条图文的数据"),
    (88010, Class::No, "没有这些留言"),
    (65400, Class::No, "没有启用新版客服"),
];

/// The class of a code; 40001 on the way to a token means that the secret is wrong.
pub(crate) fn class(code: i64, at_token: bool) -> Class {
    if at_token && code == 40001 {
        return Class::Credential;
    }
    CODES.iter().find(|(known, ..)| *known == code).map_or(Class::Unknown, |(_, class, _)| *class)
}

/// The refusal in a body, if it is one. Successful reads carry no `errcode`, or 0.
pub(crate) fn refusal(body: &Value) -> Option<Refusal> {
    let held = body.get("errcode")?;
    let words = body.get("errmsg").and_then(Value::as_str).unwrap_or_default();
    match lenient::int(held) {
        Some(0) => None,
        Some(code) => {
            let words = crate::http::redact::text(words);
            Some(Refusal { code, words: lenient::cut(&words, 300).to_owned() })
        }
        None => Some(Refusal {
            code: i64::MIN,
            words: format!("errcode 不是数字:{}", lenient::cut(&held.to_string(), 60)),
        }),
    }
}

/// The refusal as a fault; `None` where it is data and no failure. `asked` names the interface.
pub(crate) fn fault(
    refusal: &Refusal,
    at_token: bool,
    asked: &str,
    now: Timestamp,
) -> Option<Fault> {
    let (scope, kind, retry) = match class(refusal.code, at_token) {
        Class::Transient => (FaultScope::Platform, FaultKind::Unavailable, Retry::Backoff),
        Class::TokenStale => (FaultScope::Credential, FaultKind::Unauthorized, Retry::Backoff),
        Class::PerMinute => (FaultScope::Account, FaultKind::RateLimited, Retry::After(60)),
        Class::PerDay if at_token => {
            (FaultScope::Credential, FaultKind::RateLimited, Retry::At(next_midnight(now)))
        }
        // One interface of one account stops; its others, and other accounts, go on.
        Class::PerDay => (FaultScope::Account, FaultKind::RateLimited, Retry::Backoff),
        Class::Credential | Class::AllowList => {
            (FaultScope::Credential, FaultKind::Unauthorized, Retry::Operator)
        }
        Class::Confirmation(seconds) => {
            (FaultScope::Credential, FaultKind::Unauthorized, Retry::After(seconds))
        }
        Class::NotGranted | Class::NotAuthorised => {
            (FaultScope::Account, FaultKind::Unauthorized, Retry::Operator)
        }
        Class::Sanctioned => (FaultScope::Account, FaultKind::Suspended, Retry::Backoff),
        // A new ticket may mend it within minutes.
        Class::Component => (FaultScope::Credential, FaultKind::Unauthorized, Retry::Backoff),
        Class::Retired | Class::OurBug | Class::Unknown => {
            (FaultScope::Connector, FaultKind::Malformed, Retry::Backoff)
        }
        Class::NotReady | Class::No => return None,
    };
    let fault = Fault::new(scope, kind, detail(refusal, at_token, asked)).retry(retry);
    Some(match owner(refusal, at_token) {
        Some(act) => fault.for_owner(act),
        None => fault,
    })
}

/// What the account's owner, and only the owner, can do about it.
fn owner(refusal: &Refusal, at_token: bool) -> Option<String> {
    match class(refusal.code, at_token) {
        Class::NotAuthorised => Some(NOT_AUTHORISED.to_owned()),
        Class::Confirmation(_) => Some(
            "监测平台读取公众号数据的调用正等待公众号管理员确认:请管理员在微信“公众平台安全助手”的消息中同意"
                .to_owned(),
        ),
        Class::AllowList if refusal.code == 40164 => {
            let address = refused_address(&refusal.words)?;
            Some(format!(
                "请公众号管理员登录微信公众平台 mp.weixin.qq.com,在“设置与开发→基本配置→IP白名单”中加入 {address}"
            ))
        }
        _ => None,
    }
}

/// The refusal in plain words, with the code and the platform's own words behind them.
fn detail(refusal: &Refusal, at_token: bool, asked: &str) -> String {
    let words = &refusal.words;
    let code = refusal.code;
    if at_token && code == 40001 {
        return format!("{asked}:AppSecret 不正确,或不属于该 AppID(errcode {code}:{words})");
    }
    let meaning = CODES
        .iter()
        .find(|(known, ..)| *known == code)
        .map_or("微信返回了未收录的错误", |(.., meaning)| *meaning);
    match refused_address(words).filter(|_| class(code, at_token) == Class::AllowList) {
        Some(address) => {
            format!("{asked}:{meaning},请把 {address} 加入白名单(errcode {code}:{words})")
        }
        None => format!("{asked}:{meaning}(errcode {code}:{words})"),
    }
}

/// The address in `invalid ip 203.0.113.7 ipv6 …, not in whitelist`.
fn refused_address(words: &str) -> Option<&str> {
    let rest = words.split_once("invalid ip ")?.1;
    rest.split([' ', ',']).next().filter(|address| !address.is_empty())
}

/// The next Beijing midnight: daily allowances are assumed to start anew there.
fn next_midnight(now: Timestamp) -> Timestamp {
    civil::start_of(civil::day(now) + Days::new(1))
}

#[cfg(test)]
mod tests;
