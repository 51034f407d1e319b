//! Does a letter's link show one account to whoever holds it, act only by POST from its page, and keep out of caches?

use super::super::owner::rows;
use super::*;

const OWN: &str = "Origin: http://127.0.0.1:8080\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

pub(super) fn door(token: &str) -> Door {
    match token {
        "good" => Door::Open(Box::new(json!({
            "name": "<img src=x>发布", "platform": "新浪微博", "sponsor": "局", "verdict": "fail",
            "word": "疑似不达标", "as_of": "2026-11-22 08:00", "asked": "请发布", "typed": {},
            "said": [{"at": "x", "act": "有异议", "text": "<script>alert(1)</script>", "state": "已登记"}],
            "menu": rows(&[("a\"><b>".to_owned(), "https://a.test/?a=1&b=2".to_owned())]),
        }))),
        "over" => Door::Over("链接已过有效期。<i>".to_owned()),
        _ => Door::Forged,
    }
}

pub(super) fn acted(token: &str, deed: &OwnerDeed) -> OwnerDone {
    match (door(token), deed.text.as_str()) {
        (Door::Open(_), "wrong") => {
            OwnerDone::Wrong(vec![format!("<b>{}", deed.act), "第二个问题".to_owned()])
        }
        (Door::Open(_), _) => OwnerDone::Kept,
        (closed, _) => OwnerDone::Closed(closed),
    }
}

async fn post(address: std::net::SocketAddr, token: &str, more: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "POST /o/{token} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n{more}\
         Content-Length: {length}\r\n\r\n{body}"
    );
    say(address, &request).await
}

#[tokio::test]
async fn a_link_shows_its_page_and_no_cache_crawler_or_referrer_gets_it() {
    served(Fake::new(), async |address| {
        for (token, status, words) in
            [("good", 200, "请发布"), ("over", 410, "链接已过有效期"), ("x", 403, "链接无效")]
        {
            let page = ask(address, &format!("/o/{token}")).await;
            assert_eq!(page.status, status);
            assert!(page.body.contains(words), "{}", page.body);
            assert_eq!(page.headers["referrer-policy"], "no-referrer");
            assert_eq!(page.headers["cache-control"], "no-store");
            assert!(page.headers["x-robots-tag"].contains("noindex"));
            for markup in ["<img src=x>", "<script>", "<i>", "<b>\""] {
                assert!(!page.body.contains(markup), "{markup}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn only_a_post_of_our_page_acts_and_its_mistakes_are_told_together() {
    served(Fake::new(), async |address| {
        let own = format!("{OWN}{FORM}");
        let kept = post(address, "good", &own, "act=working&text=ok").await;
        assert_eq!((kept.status, kept.headers["location"].as_str()), (303, "?done"));
        let wrong = post(address, "good", &own, "act=menu&text=wrong&path1=%3Cu%3E&url1=z").await;
        assert_eq!(wrong.status, 422);
        for words in ["&lt;b&gt;menu", "第二个问题", "&lt;u&gt;"] {
            assert!(wrong.body.contains(words), "{words}: {}", wrong.body);
        }
        assert_eq!(post(address, "over", &own, "act=working").await.status, 410);
        assert_eq!(post(address, "x", &own, "act=working").await.status, 403);
        let foreign = format!("Origin: http://evil.test\r\n{FORM}");
        assert_eq!(post(address, "good", &foreign, "act=working").await.status, 403);
        assert_eq!(post(address, "good", FORM, "act=working").await.status, 403, "no origin");
        let large = format!("act=working&text={}", "x".repeat(70 << 10));
        assert_eq!(post(address, "good", &own, &large).await.status, 413);
    })
    .await;
}

#[tokio::test]
async fn a_link_that_is_used_too_often_waits_and_no_other() {
    served(Fake::new(), async |address| {
        let own = format!("{OWN}{FORM}");
        let mut seen = Vec::new();
        for _ in 0..14 {
            seen.push(post(address, "good", &own, "act=working").await.status);
        }
        assert_eq!((seen[11], seen[13]), (303, 429), "{seen:?}");
        assert_eq!(post(address, "over", &own, "act=working").await.status, 410);
        assert_eq!(ask(address, "/o/good").await.status, 200, "looking is free");
    })
    .await;
}

#[tokio::test]
async fn what_owners_said_is_told_to_those_with_a_token_only() {
    served(Fake::new(), async |address| {
        assert_eq!(ask(address, "/api/v1/requests").await.status, 401);
        let page = ask(address, "/accounts/weibo:3").await;
        assert!(!page.body.contains("账号方反馈"));
    })
    .await;
}
