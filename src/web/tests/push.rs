//! Who may push, in which form, and is every mistake told at once?

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;

use super::super::push::Taken;
use super::*;
use crate::config::{Args, Config, Surroundings};
use freshd_connectors::claim::Objection;

const TOKEN: &str = "0123456789abcdef-operator";

/// Three tokens, one a role; and one whose file is gone.
pub(super) fn tokens() -> Vec<TokenConfig> {
    static TOKENS: LazyLock<(tempfile::TempDir, Vec<TokenConfig>)> = LazyLock::new(|| {
        let dir = tempfile::tempdir().unwrap();
        let mut text = String::new();
        for role in ["viewer", "auditor", "operator", "admin"] {
            let path = dir.path().join(role);
            let mut file = std::fs::File::create(&path).unwrap();
            write!(file, "0123456789abcdef-{role}").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            text += &format!(
                "[[web.tokens]]\nname = \"{role}\"\ntoken_file = \"{role}\"\nrole = \"{role}\"\n"
            );
        }
        std::fs::write(dir.path().join("gone"), "x").unwrap();
        text += "[[web.tokens]]\nname = \"gone\"\ntoken_file = \"gone\"\nrole = \"admin\"\n";
        let (args, around) = (Args::default(), Surroundings::default());
        let config = Config::parse(&text, &dir.path().join("f.toml"), &args, &around).unwrap();
        std::fs::remove_file(dir.path().join("gone")).unwrap();
        (dir, config.web.tokens)
    });
    TOKENS.1.clone()
}

/// Answers by the account's name.
pub(super) fn answer(push: &Push) -> Pushed {
    match push.account.as_str() {
        "nobody" => Pushed::Unknown("没有账号".to_owned()),
        "foreign" => Pushed::Forbidden("不管这个单位".to_owned()),
        "wrong" => Pushed::Wrong(vec![Objection::new("/observation/coverage", "没有渠道", "改")]),
        account => Pushed::Taken(Taken {
            account: format!("{account} by {}", push.by.name),
            changed: true,
            ignored: vec!["coverage"],
            verdict: Some(Outcome::Pass),
        }),
    }
}

fn good(account: &str) -> String {
    json!({"account": account, "at": freshd_core::civil::rfc3339(now()), "observation": {
        "sightings": [{"key": "a", "published": "2026-11-20T09:00:00+08:00"}],
    }})
    .to_string()
}

async fn bring(address: std::net::SocketAddr, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "POST /api/v1/observations HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{headers}\r\n{body}"
    );
    say(address, &request).await
}

fn with(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\nContent-Type: application/json; charset=utf-8\r\n")
}

#[tokio::test]
async fn only_a_token_that_may_is_let_in() {
    served(Fake::new(), async |address| {
        let json = "Content-Type: application/json\r\n";
        for headers in [
            json.to_owned(),
            format!("{json}Authorization: Basic {TOKEN}\r\n"),
            format!("{json}Authorization: Bearer\r\n"),
            with(""),
            with("0123456789abcdef-operatoR"),
            with("x"),
        ] {
            let answer = bring(address, &headers, &good("a")).await;
            assert_eq!(answer.status, 401, "{headers}");
            assert!(answer.headers["www-authenticate"].starts_with("Bearer"));
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
        for role in ["viewer", "auditor"] {
            let headers = with(&format!("0123456789abcdef-{role}"));
            let answer = bring(address, &headers, &good("a")).await;
            assert_eq!(answer.status, 403, "{role}");
            assert!(answer.json()["detail"].as_str().unwrap().contains(role));
        }
        for role in ["operator", "admin"] {
            let headers = with(&format!("0123456789abcdef-{role}")).replace("Bearer", "bearer");
            let answer = bring(address, &headers, &good("a")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert_eq!(answer.json()["account"], format!("a by {role}"));
            assert_eq!(answer.json()["ignored"], json!(["coverage"]));
        }
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_or_found_is_said() {
    served(Fake::new(), async |address| {
        for (account, status) in [("nobody", 404), ("foreign", 403), ("wrong", 422), ("a", 200)] {
            let answer = bring(address, &with(TOKEN), &good(account)).await;
            assert_eq!(answer.status, status, "{account}");
        }
        let plain = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: text/plain\r\n");
        assert_eq!(bring(address, &plain, &good("a")).await.status, 415);
        let bare = format!("Authorization: Bearer {TOKEN}\r\n");
        assert_eq!(bring(address, &bare, &good("a")).await.status, 415);
        let huge = format!("{}{}", good("a"), " ".repeat(super::super::push::BODY_BYTES_MAX));
        assert_eq!(bring(address, &with(TOKEN), &huge).await.status, 413);
        for body in ["", "{", "[]", "null", "\u{feff}{}", &"[".repeat(100_000)] {
            let answer = bring(address, &with(TOKEN), body).await;
            assert_eq!(answer.status, 422, "{}", answer.body);
            assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 1);
        }
        let chunked = format!(
            "POST /api/v1/observations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Transfer-Encoding: chunked\r\n{}\r\n110000\r\n{}\r\n0\r\n\r\n",
            with(TOKEN),
            " ".repeat(0x11_0000)
        );
        assert_eq!(say(address, &chunked).await.status, 413, "whatever was announced");
    })
    .await;
}

#[tokio::test]
async fn every_mistake_is_told_at_once_with_its_place() {
    served(Fake::new(), async |address| {
        let body = json!({"acount": "x", "at": "2026-11-20 09:00", "observation": {
            "sightings": [{"key": "a", "published": "2026-11-20"}, {"key": "b"}],
            "coverage": [{"since": "x", "until": "y"}],
        }});
        let answer = bring(address, &with(TOKEN), &body.to_string()).await;
        assert_eq!(answer.status, 422);
        let told = answer.json();
        let places: Vec<&str> =
            told["errors"].as_array().unwrap().iter().map(|e| e["at"].as_str().unwrap()).collect();
        for place in [
            "/acount",
            "/account",
            "/at",
            "/observation/sightings/0",
            "/observation/sightings/1",
            "/observation/coverage/0",
        ] {
            assert!(places.contains(&place), "{place} is not in {places:?}");
        }
        for error in told["errors"].as_array().unwrap() {
            assert!(!error["what"].as_str().unwrap().is_ascii(), "{error}");
        }
        let at = now() + chrono::TimeDelta::seconds(1);
        let future =
            json!({"account": "a", "at": freshd_core::civil::rfc3339(at), "observation": {}});
        let answer = bring(address, &with(TOKEN), &future.to_string()).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["at"]), (422, &json!("/at")));
    })
    .await;
}

#[tokio::test]
async fn the_push_is_no_page_and_trouble_shows_no_inside() {
    served(Fake::new(), async |address| {
        for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
            let request = format!(
                "{method} /api/v1/observations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            );
            let answer = say(address, &request).await;
            assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, "POST"), "{method}");
        }
        let foreign = format!(
            "POST /api/v1/observations HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\
             Connection: close\r\n{}\r\n",
            with(TOKEN)
        );
        assert_eq!(say(address, &foreign).await.status, 421);
    })
    .await;
    served(Fake { broken: true, ..Fake::new() }, async |address| {
        let answer = bring(address, &with(TOKEN), &good("a")).await;
        assert_eq!(answer.status, 500);
        assert!(!answer.body.contains("/secret/path"), "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn answers_have_the_keys_that_the_description_requires() {
    let document: Value = serde_json::from_str(include_str!("../assets/openapi.json")).unwrap();
    served(Fake::new(), async |address| {
        let told = bring(address, &with(TOKEN), &good("a")).await.json();
        let pushed = &document["components"]["schemas"]["Pushed"];
        for key in pushed["required"].as_array().unwrap() {
            assert!(told.get(key.as_str().unwrap()).is_some(), "{key}");
        }
        let mut sent: Vec<String> = serde_json::from_str::<serde_json::Map<_, _>>(&good("a"))
            .unwrap()
            .keys()
            .cloned()
            .collect();
        sent.sort();
        let mut known: Vec<String> = document["components"]["schemas"]["Push"]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        known.sort();
        assert_eq!(sent, known);
    })
    .await;
}
