//! What do Weibo's refusals mean? The error codes of the open API, and the words and walls of the mobile web.

use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::observation::ProfileState;
use serde_json::Value;
use url::Url;

use crate::http::{self, Response};
use crate::lenient;

/// One answer, judged.
#[derive(Debug)]
pub(crate) enum Told {
    /// The platform answered with content.
    Data(Value),
    /// "这里还没有内容": no such account, hidden without login, or asked too fast. Proves nothing.
    Empty,
    /// The platform says what became of the account.
    Standing(ProfileState, Fault),
    /// The platform says that an item or list is not ours to see: no data, no failure.
    Nothing,
    /// A limit of the open API was reached.
    Limited(Fault),
    /// Anything else.
    Fault(Fault),
}

/// What an open API code stands for.
#[derive(Clone, Copy)]
enum Meaning {
    Busy,
    Account,
    Token,
    LimitIp,
    LimitUser,
    Item,
    Gone,
    Bug,
}

/// The codes of the open API (`error_code`, a number or text); 10022 to 10024 as in the current table.
const CODES: &[(i64, Meaning, &str)] = &[
    (10001, Meaning::Busy, "系统错误"),
    (10002, Meaning::Busy, "服务暂停"),
    (10003, Meaning::Busy, "远程服务错误"),
    (10009, Meaning::Busy, "任务过多,系统繁忙"),
    (10011, Meaning::Busy, "RPC 错误"),
    (23201, Meaning::Busy, "后端超时"),
    (10013, Meaning::Account, "不合法的微博用户"),
    (10004, Meaning::Token, "调用地址被限制"),
    (10005, Meaning::Token, "应用没有该接口的权限"),
    (10014, Meaning::Token, "应用的接口权限受限"),
    (10006, Meaning::Token, "缺少 appkey,通常是 access_token 无效或已过期"),
    (21301, Meaning::Token, "登录已失效"),
    (21314, Meaning::Token, "access_token 已被使用"),
    (21315, Meaning::Token, "access_token 已过期"),
    (21316, Meaning::Token, "access_token 不合法"),
    (21317, Meaning::Token, "access_token 不合法"),
    (21319, Meaning::Token, "授权已被解除"),
    (21325, Meaning::Token, "授权无效"),
    (21327, Meaning::Token, "access_token 已过期"),
    (21332, Meaning::Token, "access_token 无效"),
    (10022, Meaning::LimitIp, "调用地址的请求次数超过上限"),
    (10023, Meaning::LimitUser, "用户的请求次数超过上限"),
    (10024, Meaning::LimitUser, "用户对该接口的请求次数超过上限"),
    (20003, Meaning::Gone, "用户不存在"),
    (20101, Meaning::Item, "微博不存在"),
    (20112, Meaning::Item, "没有查看该微博的权限"),
    (10008, Meaning::Bug, "参数错误"),
    (10012, Meaning::Bug, "非法请求"),
    (10016, Meaning::Bug, "缺少必要参数"),
    (10017, Meaning::Bug, "参数值不合法"),
    (10020, Meaning::Bug, "接口不存在"),
    (10021, Meaning::Bug, "请求方法不正确"),
];

/// What the platform writes in place of an account, by substring.
const STANDINGS: &[(&str, ProfileState, FaultKind)] = &[
    ("该账号因被投诉", ProfileState::Frozen, FaultKind::Suspended),
    ("该账号行为异常", ProfileState::Frozen, FaultKind::Suspended),
    ("账号有问题", ProfileState::Frozen, FaultKind::Suspended),
    ("该账号因用户自行申请关闭", ProfileState::Deregistered, FaultKind::Gone),
    ("该账号已关闭", ProfileState::Deregistered, FaultKind::Gone),
    ("用户不存在", ProfileState::Deregistered, FaultKind::Gone),
    ("(20003)", ProfileState::Deregistered, FaultKind::Gone),
];

/// What it writes in place of something that an account has hidden or lost; the account itself is there.
const HIDDEN: &[&str] = &[
    "作者已设置仅展示半年内微博",
    "你暂时没有这条微博的查看权限",
    "根据博主设置，此内容无法访问",
    "该微博因被多人举报",
    "此微博已被作者删除",
];

/// Titles of pages that the operator's own session gets when it is frozen.
const SESSION: &[&str] = &["访问受限", "解冻"];

/// Judges an answer of the open API.
pub(crate) fn api(response: &Response, now: Timestamp) -> Told {
    let status = response.status;
    match http::json(response) {
        Ok(body) if body.get("error_code").is_some() => match code(&body) {
            Told::Limited(fault) => {
                let wish = http::retry_after_s(response, now);
                Told::Limited(fault.retry(wish.map_or(Retry::Backoff, Retry::After)))
            }
            told => told,
        },
        Ok(body) if status == 200 && body.get("error").is_none() => Told::Data(body),
        _ => Told::Fault(bare(response, now)),
    }
}

fn code(body: &Value) -> Told {
    use FaultKind as Kind;
    use FaultScope as Scope;
    let held = body.get("error_code").and_then(lenient::int);
    let words = body.get("error").and_then(Value::as_str).unwrap_or_default();
    let known = CODES.iter().find(|(known, ..)| Some(*known) == held);
    let meaning = known.map_or("未收录的错误", |(.., meaning)| *meaning);
    let number = held.map_or_else(|| "?".to_owned(), |code| code.to_string());
    let words = http::redact::text(words);
    let words = lenient::cut(&words, 200);
    let fault = |scope, kind| {
        Fault::new(scope, kind, format!("微博接口:{meaning}(error_code {number}:{words})"))
    };
    match known.map(|(_, meaning, _)| *meaning) {
        Some(Meaning::Busy) => Told::Fault(fault(Scope::Platform, Kind::Unavailable)),
        Some(Meaning::Account) => Told::Fault(fault(Scope::Account, Kind::Unavailable)),
        Some(Meaning::Token) => {
            Told::Fault(fault(Scope::Credential, Kind::Unauthorized).retry(Retry::Operator))
        }
        Some(Meaning::LimitIp) => Told::Limited(fault(Scope::Platform, Kind::RateLimited)),
        Some(Meaning::LimitUser) => Told::Limited(fault(Scope::Credential, Kind::RateLimited)),
        Some(Meaning::Item) => Told::Nothing,
        Some(Meaning::Gone) => {
            Told::Standing(ProfileState::Deregistered, fault(Scope::Account, Kind::Gone))
        }
        Some(Meaning::Bug) | None => Told::Fault(fault(Scope::Connector, Kind::Malformed)),
    }
}

/// Judges an answer of the mobile web.
pub(crate) fn web(response: &Response, now: Timestamp) -> Told {
    if (300..400).contains(&response.status) {
        return redirect(response.header("location").unwrap_or_default());
    }
    let body = http::json(response).ok().filter(Value::is_object);
    let words = body.as_ref().map(words).unwrap_or_default();
    match response.status {
        200 | 400 => match body {
            Some(body) => said(body, &words),
            None => Told::Fault(bare(response, now)),
        },
        403 if words.contains("登录") => Told::Fault(login()),
        _ => Told::Fault(bare(response, now)),
    }
}

/// Judges JSON of the mobile web by `ok`, its words and its addresses.
fn said(body: Value, words: &str) -> Told {
    let ok = body.get("ok").and_then(lenient::int);
    let has_data = body.get("data").is_some_and(Value::is_object);
    if ok == Some(1) && has_data {
        return Told::Data(body);
    }
    if ok == Some(-100) || body.get("error_code").and_then(lenient::int) == Some(21301) {
        return Told::Fault(login());
    }
    if let Some(told) = standing(words) {
        return told;
    }
    if HIDDEN.iter().any(|text| words.contains(text)) {
        return Told::Nothing;
    }
    if words.contains("频次过高") || words.contains("过于频繁") {
        return Told::Fault(fault(FaultKind::RateLimited, "请求过于频繁", words));
    }
    if words.contains("这里还没有内容") {
        return Told::Empty;
    }
    match body.get("url").and_then(Value::as_str) {
        Some(url) if is_login(url) => Told::Fault(login()),
        Some(url) if url.contains("usernotexists") => gone_somehow(url),
        Some(_) if !has_data => Told::Fault(fault(FaultKind::Challenged, "要求完成验证", words)),
        _ if ok == Some(0) => Told::Fault(fault(FaultKind::Unavailable, "暂不提供内容", words)),
        _ => {
            let detail = "微博网页:应答中没有 ok 和 data";
            Told::Fault(Fault::new(FaultScope::Connector, FaultKind::Malformed, detail))
        }
    }
}

/// Everything that the answer says in words: `msg`, `message`, and the `msg` of its address.
fn words(body: &Value) -> String {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let spoken = text("url").as_deref().and_then(spoken);
    [text("msg"), text("message"), spoken].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The `msg` parameter of an address like `https://weibo.com/sorry?usernotexists&msg=…`.
fn spoken(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let found = url.query_pairs().find(|(name, _)| name == "msg")?.1.into_owned();
    Some(found)
}

fn standing(words: &str) -> Option<Told> {
    let (_, state, kind) = STANDINGS.iter().find(|(text, ..)| words.contains(text))?;
    let detail = format!("微博提示:{}", lenient::cut(words, 200));
    Some(Told::Standing(*state, Fault::new(FaultScope::Account, *kind, detail)))
}

/// The account cannot be seen any more and no known words say why.
fn gone_somehow(url: &str) -> Told {
    let words = spoken(url).unwrap_or_else(|| "账号无法查看".to_owned());
    let detail = format!("微博提示:{}", lenient::cut(&words, 200));
    let fault = Fault::new(FaultScope::Account, FaultKind::Suspended, detail);
    Told::Standing(ProfileState::Frozen, fault)
}

fn redirect(location: &str) -> Told {
    if is_login(location) {
        return Told::Fault(login());
    }
    if let Some(told) = spoken(location).as_deref().and_then(standing) {
        return told;
    }
    if location.contains("usernotexists") {
        return gone_somehow(location);
    }
    if location.contains("pagenotfound") {
        let detail = "微博:页面不存在,未说明原因";
        return Told::Fault(Fault::new(FaultScope::Account, FaultKind::Unavailable, detail));
    }
    Told::Fault(fault(FaultKind::Challenged, "被转到其他页面", ""))
}

fn is_login(address: &str) -> bool {
    ["passport.weibo", "login.sina.com.cn", "weibo.com/login", "/signin"]
        .iter()
        .any(|part| address.contains(part))
}

fn login() -> Fault {
    let detail = "微博网页:登录会话(cookie)缺失或已失效,请更新";
    Fault::new(FaultScope::Credential, FaultKind::Unauthorized, detail).retry(Retry::Operator)
}

fn fault(kind: FaultKind, what: &str, words: &str) -> Fault {
    let words = lenient::cut(words, 200);
    let detail = if words.is_empty() {
        format!("微博网页:{what}")
    } else {
        format!("微博网页:{what}({words})")
    };
    Fault::new(FaultScope::Platform, kind, detail)
}

/// The fault of an answer that is no JSON of the expected kind. 414 with a page is Weibo's "too often", 432 and 418
/// are its refusal of robots; a page where JSON belongs is a wall.
fn bare(response: &Response, now: Timestamp) -> Fault {
    if let Some(fault) = http::busy_fault(response, FaultScope::Platform, now) {
        return fault;
    }
    let status = response.status;
    let page = response.body.trim_ascii_start().starts_with(b"<");
    let title = if page { title(&response.body) } else { String::new() };
    if SESSION.iter().any(|words| title.contains(words)) || title.contains("登录") {
        return login();
    }
    let (scope, kind, what) = match status {
        // The page of an address that does not exist says nothing of why.
        _ if title.contains("404错误") => {
            (FaultScope::Account, FaultKind::Unavailable, "页面不存在")
        }
        414 => (FaultScope::Platform, FaultKind::RateLimited, "访问过于频繁"),
        401 | 403 | 418 | 432 => (FaultScope::Platform, FaultKind::Challenged, "请求被拦截"),
        _ if page => (FaultScope::Platform, FaultKind::Challenged, "返回的是网页而不是数据"),
        _ => (FaultScope::Connector, FaultKind::Malformed, "应答与接口文档不符"),
    };
    Fault::new(scope, kind, format!("微博:{what}(HTTP {status})"))
}

/// The title of a page, as far as it stands at its beginning.
fn title(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
    let (_, rest) = text.split_once("<title").unwrap_or_default();
    let (_, rest) = rest.split_once('>').unwrap_or_default();
    rest.split('<').next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests;
