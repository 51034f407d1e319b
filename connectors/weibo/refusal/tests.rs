//! Does every documented refusal mean what the tables say?

use axum::body::Bytes;
use chrono::TimeZone;
use freshd_core::Timestamp;
use freshd_core::fault::{FaultKind as K, FaultScope as S, Retry};
use freshd_core::observation::ProfileState;

use super::{Told, api, web};
use crate::http::Response;

fn now() -> Timestamp {
    chrono::Utc.with_ymd_and_hms(2026, 11, 22, 2, 0, 0).unwrap()
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        url: "https://m.weibo.cn/api/container/getIndex".parse().unwrap(),
        headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        truncated: false,
    }
}

/// The judgement in short.
#[derive(Debug, PartialEq)]
enum Short {
    Data,
    Empty,
    Nothing,
    Standing(ProfileState, K),
    Limited(S),
    Fault(S, K, Retry),
}

fn short(told: Told) -> Short {
    match told {
        Told::Data(_) => Short::Data,
        Told::Empty => Short::Empty,
        Told::Nothing => Short::Nothing,
        Told::Standing(state, fault) => {
            assert_eq!(fault.scope, S::Account);
            Short::Standing(state, fault.kind)
        }
        Told::Limited(fault) => {
            assert_eq!(fault.kind, K::RateLimited);
            Short::Limited(fault.scope)
        }
        Told::Fault(fault) => {
            assert!(!fault.detail.is_empty());
            Short::Fault(fault.scope, fault.kind, fault.retry)
        }
    }
}

#[test]
fn codes_of_the_open_api() {
    let busy = || Short::Fault(S::Platform, K::Unavailable, Retry::Backoff);
    let token = || Short::Fault(S::Credential, K::Unauthorized, Retry::Operator);
    let bug = || Short::Fault(S::Connector, K::Malformed, Retry::Backoff);
    let mut table = vec![
        (10013, Short::Fault(S::Account, K::Unavailable, Retry::Backoff)),
        (10022, Short::Limited(S::Platform)),
        (10023, Short::Limited(S::Credential)),
        (10024, Short::Limited(S::Credential)),
        (20003, Short::Standing(ProfileState::Deregistered, K::Gone)),
        (20101, Short::Nothing),
        (20112, Short::Nothing),
        (77777, bug()),
    ];
    table.extend([10001, 10002, 10003, 10009, 10011, 23201].map(|code| (code, busy())));
    table.extend([10004, 10005, 10014, 10006, 21301, 21325].map(|code| (code, token())));
    table.extend([21327, 21332].map(|code| (code, token())));
    table.extend([10008, 10012, 10016, 10017, 10020, 10021].map(|code| (code, bug())));
    for (code, want) in table {
        let number = format!(r#"{{"request":"/2/x","error_code":{code},"error":"words"}}"#);
        let text = format!(r#"{{"request":"/2/x","error_code":"{code}","error":"words"}}"#);
        for (status, body) in [(200, &number), (400, &text), (403, &number)] {
            assert_eq!(short(api(&response(status, &[], body), now())), want, "{code}");
        }
    }
    assert_eq!(short(api(&response(200, &[], r#"{"id":1}"#), now())), Short::Data);
    assert_eq!(short(api(&response(502, &[], "<html>"), now())), busy());
    assert_eq!(
        short(api(&response(200, &[], "<html>"), now())),
        Short::Fault(S::Platform, K::Challenged, Retry::Backoff)
    );
}

#[test]
fn negative_answers_of_the_mobile_web() {
    let wall = || Short::Fault(S::Platform, K::Challenged, Retry::Backoff);
    let login = || Short::Fault(S::Credential, K::Unauthorized, Retry::Operator);
    let often = || Short::Fault(S::Platform, K::RateLimited, Retry::Backoff);
    let gone = || Short::Standing(ProfileState::Deregistered, K::Gone);
    let frozen = || Short::Standing(ProfileState::Frozen, K::Suspended);
    for (status, body, want) in [
        (200, r#"{"ok":1,"data":{"cards":[]}}"#, Short::Data),
        (200, r#"{"ok":0,"msg":"这里还没有内容","data":{"cards":[]}}"#, Short::Empty),
        (200, r#"{"ok":0,"msg":"该用户不存在(20003)"}"#, gone()),
        (200, r#"{"ok":-100,"url":"https://passport.weibo.com/sso/signin?entry=wapsso"}"#, login()),
        (200, r#"{"ok":0,"msg":"访问频次过高,请稍后再试"}"#, often()),
        (200, r#"{"ok":1,"url":"https://m.weibo.cn/verify"}"#, wall()),
        (200, r#"{"error_code":21301,"error":"relogin!"}"#, login()),
        (200, r#"{"ok":0}"#, Short::Fault(S::Platform, K::Unavailable, Retry::Backoff)),
        (200, r#"{"list":[]}"#, Short::Fault(S::Connector, K::Malformed, Retry::Backoff)),
        (200, "<!DOCTYPE html><title>验证</title>", wall()),
        (400, r#"{"ok":0,"message":"账号有问题"}"#, frozen()),
        (200, r#"{"ok":0,"msg":"该账号因用户自行申请关闭，现已无法查看"}"#, gone()),
        (200, r#"{"ok":0,"msg":"该账号已关闭，现无法查看"}"#, gone()),
        (
            200,
            r#"{"ok":0,"msg":"该账号行为异常，存在安全风险，用户验证之前暂时不能查看"}"#,
            frozen(),
        ),
        (
            200,
            concat!(
                r#"{"ok":0,"error_type":"link","url":"https://weibo.com/sorry?usernotexists"#,
                "&code=100001&msg=%E8%AF%A5%E8%B4%A6%E5%8F%B7%E5%9B%A0%E8%A2%AB%E6%8A%95%E8%AF%89",
                r#""}"#
            ),
            frozen(),
        ),
        (403, r#"{"ok":0,"msg":"请登录后使用"}"#, login()),
        (403, "<html>", wall()),
        (200, "<html><title>访问受限</title>", login()),
        (200, "<html><head><title>微博-解冻</title>", login()),
        (
            200,
            "<html><title>404错误</title>",
            Short::Fault(S::Account, K::Unavailable, Retry::Backoff),
        ),
        (
            200,
            r#"{"ok":0,"msg":"抱歉，作者已设置仅展示半年内微博，此微博已不可见"}"#,
            Short::Nothing,
        ),
        (
            200,
            r#"{"ok":0,"msg":"抱歉，由于作者设置，你暂时没有这条微博的查看权限哦"}"#,
            Short::Nothing,
        ),
        (200, r#"{"ok":0,"msg":"根据博主设置，此内容无法访问"}"#, Short::Nothing),
        (
            200,
            r#"{"ok":0,"msg":"该微博因被多人举报，根据《微博社区管理规定》，已被删除"}"#,
            Short::Nothing,
        ),
        (
            200,
            concat!(
                r#"{"ok":0,"msg":"该账号因被投诉违反法律法规和《微博社区公约》的相关规定,"#,
                r#"现已无法查看"}"#
            ),
            frozen(),
        ),
        (418, "", wall()),
        (432, "", wall()),
        (414, "<html>访问过于频繁 错误码：414</html>", often()),
        (503, "", Short::Fault(S::Platform, K::Unavailable, Retry::Backoff)),
    ] {
        assert_eq!(short(web(&response(status, &[], body), now())), want, "{status} {body}");
    }
    let wish = response(429, &[("retry-after", "900")], "");
    let want = Short::Fault(S::Platform, K::RateLimited, Retry::After(900));
    assert_eq!(short(web(&wish, now())), want);
}

#[test]
fn redirects_lead_to_a_login_or_a_tombstone() {
    let to = |place: &str| short(web(&response(302, &[("location", place)], ""), now()));
    let login = Short::Fault(S::Credential, K::Unauthorized, Retry::Operator);
    assert_eq!(to("https://passport.weibo.com/visitor/visitor"), login);
    let closed = concat!(
        "https://weibo.com/sorry?usernotexists",
        "&msg=%E8%AF%A5%E8%B4%A6%E5%8F%B7%E5%B7%B2%E5%85%B3%E9%97%AD"
    );
    assert_eq!(to(closed), Short::Standing(ProfileState::Deregistered, K::Gone));
    for wall in ["https://login.sina.com.cn/sso/login.php", "https://weibo.com/login.php?url=x"] {
        assert_eq!(to(wall), Short::Fault(S::Credential, K::Unauthorized, Retry::Operator));
    }
    let missing = Short::Fault(S::Account, K::Unavailable, Retry::Backoff);
    assert_eq!(to("https://weibo.com/sorry?pagenotfound"), missing);
    let wall = Short::Fault(S::Platform, K::Challenged, Retry::Backoff);
    assert_eq!(to("https://m.weibo.cn/elsewhere"), wall);
}
