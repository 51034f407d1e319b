//! Does no token survive in an address or a body?

use super::*;

fn shown(text: &str) -> String {
    url(&Url::parse(text).unwrap())
}

#[test]
fn secret_parameters_and_credentials_are_hidden() {
    for name in [
        "access_token",
        "component_access_token",
        "secret",
        "appsecret",
        "token",
        "key",
        "cookie",
        "sign",
        "refresh_token",
        "ACCESS_TOKEN",
        "access%5Ftoken",
        "poc_token",
        "client_secret",
        "pass_ticket",
    ] {
        let shown = shown(&format!("https://a.cn/p?x=1&{name}=CANARY&y=2#frag"));
        assert!(!shown.contains("CANARY"), "{shown}");
        assert!(shown.starts_with("https://a.cn/p?x=1&") && shown.contains("=***&y=2"), "{shown}");
    }
    assert_eq!(shown("https://user:CANARY@a.cn/"), "https://***@a.cn/");
    assert_eq!(shown("https://a.cn/#access_token=CANARY"), "https://a.cn/#access_token=***");
}

#[test]
fn what_is_no_secret_stays() {
    for plain in [
        "https://a.cn/",
        "https://mp.weixin.qq.com/s?__biz=Mz==&mid=1&idx=1&sn=ab",
        "http://a.cn/?q=1#x",
    ] {
        assert_eq!(shown(plain), plain);
    }
}

#[test]
fn bodies_lose_their_tokens_and_keep_the_rest() {
    let cases = [
        (
            r#"{"access_token":"CANARY","expires_in":7200}"#,
            r#"{"access_token":"***","expires_in":7200}"#,
        ),
        (r#"{ "refresh_token" : "CAN\"ARY" }"#, r#"{ "refresh_token" : "***" }"#),
        (r#"{"msg":"{\"secret\":\"CANARY\"}"}"#, r#"{"msg":"{\"secret\":***\"}"}"#),
        ("appsecret=CANARY&x=1", "appsecret=***&x=1"),
        ("密钥token=CANARY;v2Token: CANARY", "密钥token=***;v2Token: ***"),
        ("var pass_ticket = 'CANARY';", "var pass_ticket = '***';"),
        (r#"{"title":"关于口令的通知","id":7}"#, r#"{"title":"关于口令的通知","id":7}"#),
    ];
    for (body, expected) in cases {
        assert_eq!(text(body), expected);
    }
}
