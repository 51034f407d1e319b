//! Who may answer by hand, from which page, for how long, and what does a foreign page get?

use std::sync::atomic::Ordering;

use super::*;
use crate::report::patrol::{LoadView, PatrolRow, none_days};
use freshd_core::patrol::{Load, Standing};
use freshd_core::word::Finding;

use super::super::act::Deed;

const OWN: &str = "Origin: http://127.0.0.1:8080\r\nSec-Fetch-Site: same-origin\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// A list of one account whose name tries to be markup.
pub(super) fn list(person: Option<&str>) -> PatrolView {
    let row = PatrolRow {
        no: 1,
        id: "weibo:5".to_owned(),
        name: "<img src=x>禁毒".to_owned(),
        platform: "weibo".to_owned(),
        place: "5".to_owned(),
        link: Some("javascript:alert(1)".to_owned()),
        sponsor: "公安局".to_owned(),
        person: person.map(str::to_owned),
        why: "never_looked",
        reason: "从未核查".to_owned(),
        lapsed: None,
        last_update: None,
        last_title: String::new(),
        deadline: None,
        due: None,
        picture_needed: false,
    };
    let window = chrono::TimeDelta::days(14);
    PatrolView {
        day: "2026-11-22".to_owned(),
        as_of: as_of(now()),
        people: vec!["张三".to_owned()],
        daily: 60,
        load: LoadView::from(Load::of(Standing { open: 1, ..Standing::default() }, window, 40)),
        none_days: none_days(window),
        tasks: vec![row],
        beyond: 0,
        not_found: Vec::new(),
    }
}

/// Says what it was asked to do.
pub(super) fn acted(act: &Act) -> Acted {
    let account = act.account.clone().unwrap_or_default();
    let deed = match &act.deed {
        Deed::Poll => "poll".to_owned(),
        Deed::Proof(link) => format!("proof {link}"),
        Deed::Answer(it) => {
            format!("{} {:?} {:?}", it.found.key(), it.link, it.picture.as_ref().map(|p| p.1.len()))
        }
    };
    match account.as_str() {
        "nobody" => Acted::Unknown("没有账号".to_owned()),
        "foreign" => Acted::Forbidden("不管".to_owned()),
        "wrong" => Acted::Wrong(vec![Objection::new("/url", "是<b>别人</b>的", "改")]),
        _ => {
            let who = act.person.as_deref().unwrap_or(&act.by.name);
            Acted::Done { account, text: format!("{who}: {deed}"), verdict: Some(Outcome::Pass) }
        }
    }
}

use freshd_connectors::claim::Objection;

async fn post(address: std::net::SocketAddr, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{headers}\r\n{body}"
    );
    say(address, &request).await
}

fn token(role: &str) -> String {
    format!("token=0123456789abcdef-{role}&person=%E5%BC%A0%E4%B8%89")
}

async fn cookie(address: std::net::SocketAddr) -> String {
    let answer = post(address, "/login", &format!("{OWN}{FORM}"), &token("operator")).await;
    assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "/patrol"));
    let set = &answer.headers["set-cookie"];
    for part in ["HttpOnly", "SameSite=Strict", "Max-Age=43200", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    format!("Cookie: x=1; {}\r\n", set.split(';').next().unwrap())
}

async fn with_cookie(address: std::net::SocketAddr, path: &str, cookie: &str) -> Answer {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n{cookie}\r\n");
    say(address, &request).await
}

#[tokio::test]
async fn programs_act_with_a_token_that_may() {
    served(Fake::new(), async |address| {
        let body = "{\"none_since\": \"2026-11-01\", \"seen_at\": \"2026-11-22\", \"url\": \"https://a/\"}";
        let json = "Content-Type: application/json\r\n";
        for deed in ["confirm", "proof", "poll"] {
            let path = |account: &str| format!("/api/v1/accounts/{account}/{deed}");
            let with = |role: &str| format!("{json}Authorization: Bearer 0123456789abcdef-{role}\r\n");
            assert_eq!(post(address, &path("weibo:5"), json, body).await.status, 401);
            assert_eq!(post(address, &path("weibo:5"), &with("viewer"), body).await.status, 403);
            let done = post(address, &path("weibo:5"), &with("operator"), body).await;
            assert_eq!((done.status, done.json()["verdict"].as_str()), (200, Some("pass")));
            assert!(done.json()["text"].as_str().unwrap().starts_with("operator: "));
            for (account, status) in [("nobody", 404), ("foreign", 403), ("wrong", 422)] {
                let answer = post(address, &path(account), &with("admin"), body).await;
                assert_eq!(answer.status, status, "{deed} {account}");
                assert_eq!(answer.headers["content-type"], "application/problem+json");
            }
            let get = ask(address, &path("weibo:5")).await;
            assert_eq!((get.status, get.headers["allow"].as_str()), (405, "POST"));
        }
        let path = "/api/v1/accounts/weibo:5/confirm";
        let with = format!("{json}Authorization: Bearer 0123456789abcdef-operator\r\n");
        let wrong = "{\"x\": 1, \"note\": 2, \"by\": \"王五\", \"file\": {\"name\": \"a\"}}";
        let told = post(address, path, &with, wrong).await;
        assert_eq!((told.status, told.json()["errors"].as_array().unwrap().len()), (422, 5));
        let by = "{\"found\": \"not_found\", \"by\": \"张三\"}";
        let told = post(address, path, &with, by).await.json();
        assert!(told["text"].as_str().unwrap().starts_with("张三: not_found"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn a_session_answers_from_our_own_pages_only() {
    served(Fake::new(), async |address| {
        let page = ask(address, "/patrol").await.body;
        assert!(page.contains("登录后登记") && !page.contains("name=\"found\""), "{page}");
        assert!(!page.contains("<img src=x>") && !page.contains("href=\"javascript"));
        let cookie = cookie(address).await;
        let page = with_cookie(address, "/patrol", &cookie).await.body;
        for found in Finding::ALL {
            assert!(page.contains(found.key()) && page.contains(found.chinese()), "{page}");
        }
        let own = format!("{cookie}{OWN}{FORM}");
        let answer = "id=weibo%3A5&found=updated&link=https%3A%2F%2Fa%2F";
        let foreign = [
            format!("{cookie}{FORM}"),
            format!("{cookie}{FORM}Sec-Fetch-Site: cross-site\r\n"),
            format!("{cookie}{FORM}Sec-Fetch-Site: same-site\r\nOrigin: http://127.0.0.1:8080\r\n"),
            format!("{cookie}{FORM}Origin: http://127.0.0.1:9999\r\n"),
            format!("{cookie}{FORM}Origin: null\r\n"),
        ];
        for headers in foreign {
            for path in ["/patrol", "/proof", "/logout", "/login"] {
                assert_eq!(post(address, path, &headers, answer).await.status, 403, "{headers}");
            }
        }
        let strict = format!("{cookie}{FORM}Origin: null\r\nSec-Fetch-Site: same-origin\r\n");
        assert_eq!(post(address, "/patrol", &strict, answer).await.status, 303, "our own page");
        let done = post(address, "/patrol", &own, answer).await;
        assert_eq!((done.status, done.headers["location"].as_str()), (303, "/patrol"));
        let page = with_cookie(address, "/patrol", &cookie).await.body;
        assert!(page.contains("张三: updated") && page.contains("https:"), "{page}");
        assert!(!with_cookie(address, "/patrol", &cookie).await.body.contains("张三: updated"));
        let wrong = post(address, "/patrol", &own, "id=wrong&found=updated&link=x").await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.body.contains("是&lt;b&gt;别人") && !wrong.body.contains("<b>别人"));
        let proof = post(address, "/proof", &own, "link=https%3A%2F%2Fa%2F").await;
        assert_eq!(proof.headers["location"], "/proof");
        let anonymous = post(address, "/patrol", &format!("{OWN}{FORM}"), answer).await;
        assert_eq!(anonymous.headers["location"], "/login");
        post(address, "/logout", &own, "").await;
        let after = post(address, "/patrol", &own, answer).await;
        assert_eq!(after.headers["location"], "/login", "logged out");
    })
    .await;
}

#[tokio::test]
async fn a_picture_travels_with_the_form() {
    served(Fake::new(), async |address| {
        let cookie = cookie(address).await;
        let kind = "Content-Type: multipart/form-data; boundary=--xyz\r\n";
        let part = |name: &str, text: &str| {
            format!("----xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let picture = "----xyz\r\ncontent-disposition: form-data; name=\"picture\"; \
                       filename=\"C:\\a.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n--\r\n\r\n";
        let body = [
            part("id", "weibo:5"),
            part("found", "nothing_since"),
            picture.to_owned(),
            "----xyz--\r\n".to_owned(),
        ]
        .concat();
        let done = post(address, "/patrol", &format!("{cookie}{OWN}{kind}"), &body).await;
        assert_eq!(done.status, 303, "{}", done.body);
        let page = with_cookie(address, "/patrol", &cookie).await.body;
        assert!(page.contains("nothing_since None Some(9)"), "{page}");
        for body in ["", "--", "----xyz", "----xyz\r\nx", &body[..body.len() - 6]] {
            let answer = post(address, "/patrol", &format!("{cookie}{OWN}{kind}"), body).await;
            assert_eq!(answer.status, 400, "{body}");
        }
        let text = format!("{cookie}{OWN}Content-Type: text/plain\r\n");
        assert_eq!(post(address, "/patrol", &text, "found=updated").await.status, 415);
    })
    .await;
}

#[tokio::test]
async fn sessions_end_and_guessing_is_stopped() {
    let data = Fake::new();
    let hours = Arc::clone(&data.hours);
    served(data, async |address| {
        let cookie = cookie(address).await;
        let page = with_cookie(address, "/patrol", &cookie).await.body;
        assert!(page.contains("name=\"found\""));
        hours.store(12, Ordering::SeqCst);
        let page = with_cookie(address, "/patrol", &cookie).await.body;
        assert!(!page.contains("name=\"found\""), "it ended");
        let own = format!("{OWN}{FORM}");
        assert_eq!(post(address, "/login", &own, &token("viewer")).await.status, 403);
        for _ in 0..10 {
            assert_eq!(post(address, "/login", &own, "token=guess").await.status, 401);
        }
        let barred = post(address, "/login", &own, "token=guess").await;
        assert_eq!((barred.status, barred.headers["retry-after"].as_str()), (429, "300"));
        let right = post(address, "/login", &own, &token("operator")).await;
        assert_eq!(right.status, 303, "who guesses locks nobody out");
        hours.store(13, Ordering::SeqCst);
        assert_eq!(post(address, "/login", &own, &token("operator")).await.status, 303);
        let person = "token=0123456789abcdef-operator&person=nobody";
        assert_eq!(post(address, "/login", &own, person).await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn without_tokens_everything_is_only_read() {
    served(Fake { tokenless: true, ..Fake::new() }, async |address| {
        let page = ask(address, "/patrol").await.body;
        assert!(page.contains("这里只能看") && !page.contains("/login"), "{page}");
        assert!(ask(address, "/patrol/print").await.body.contains("<table>"));
        let own = format!("{OWN}{FORM}");
        assert_eq!(post(address, "/login", &own, &token("operator")).await.status, 401);
        assert_eq!(
            post(address, "/patrol", &own, "found=updated").await.headers["location"],
            "/login"
        );
        let bearer =
            "Authorization: Bearer 0123456789abcdef-admin\r\nContent-Type: application/json\r\n";
        let path = "/api/v1/accounts/weibo:5/confirm";
        assert_eq!(post(address, path, bearer, "{}").await.status, 401);
        let tasks = ask(address, "/api/v1/tasks").await.json();
        assert_eq!(tasks["tasks"][0]["id"], "weibo:5");
        assert_eq!(ask(address, "/api/v1/tasks?person=nobody").await.status, 400);
    })
    .await;
}
