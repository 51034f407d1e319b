//! Is each kind of message written, signed and understood as its platform documents it?

use std::path::PathBuf;

use freshd_core::id::AccountId;

use super::*;
use crate::config::SecretFile;
use crate::store::LetterState;

fn now() -> Timestamp {
    chrono::DateTime::from_timestamp_millis(1_795_000_000_123).unwrap()
}

fn hook(dir: &tempfile::TempDir, kind: WebhookKind, secret: Option<&str>) -> WebhookConfig {
    let file = |name: &str, text: &str| {
        let path: PathBuf = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        SecretFile { key: format!("webhooks.{name}"), path }
    };
    WebhookConfig {
        name: "值班群".to_owned(),
        kind,
        url: Some(file("url_file", "https://robot.example.cn/send?key=K\n")),
        secret: secret.map(|secret| file("secret_file", secret)),
        reasons: Vec::new(),
        units: Vec::new(),
    }
}

fn letter() -> (Letter, LetterBody) {
    let letter = Letter {
        id: "0123456789abcdef".to_owned(),
        state: LetterState::Sending,
        to: "webhook:值班群".to_owned(),
        reasons: vec!["overdue".to_owned()],
        message_id: "<1@webhook.invalid>".to_owned(),
        subject: "【政务新媒体】1 个账号已超期".to_owned(),
        accounts: vec![AccountId::new("weibo:1".to_owned())],
        attempts: 1,
        next_attempt: None,
        lease_until: None,
        last_reply: None,
        created_at: now(),
        first_attempt: None,
        late_after: None,
        operator_told: false,
        tells: Vec::new(),
        decided: Vec::new(),
        merged_into: None,
    };
    (letter, LetterBody { text: "茂名发布:请尽快发布".to_owned(), ..LetterBody::default() })
}

fn made(kind: WebhookKind, secret: Option<&str>) -> (Request, Value) {
    let dir = tempfile::tempdir().unwrap();
    let (letter, body) = letter();
    let request = request(&hook(&dir, kind, secret), &letter, &body, now()).unwrap();
    let value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
    (request, value)
}

fn signed(key: &str, text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), text).as_ref().to_vec()
}

const TEXT: &str = "【政务新媒体】1 个账号已超期\n茂名发布:请尽快发布";

#[test]
fn robots_get_text_in_their_own_form() {
    let (request, value) = made(WebhookKind::Wecom, None);
    assert_eq!(value, json!({"msgtype": "text", "text": {"content": TEXT}}));
    assert_eq!(request.url.as_str(), "https://robot.example.cn/send?key=K");
    let (request, value) = made(WebhookKind::Dingtalk, Some("SEC1"));
    assert_eq!(value, json!({"msgtype": "text", "text": {"content": TEXT}}));
    let sign = STANDARD.encode(signed("SEC1", b"1795000000123\nSEC1"));
    let pairs: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [pair("key", "K"), pair("timestamp", "1795000000123"), pair("sign", &sign)];
    assert_eq!(pairs, expected);
    let (_, value) = made(WebhookKind::Feishu, Some("SEC2"));
    let sign = STANDARD.encode(signed("1795000000\nSEC2", b""));
    let text = json!({"text": TEXT});
    let expected =
        json!({"msg_type": "text", "content": text, "sign": sign, "timestamp": "1795000000"});
    assert_eq!(value, expected);
}

#[test]
fn a_program_gets_json_whose_signature_covers_the_time_and_the_bytes() {
    let (request, value) = made(WebhookKind::Json, Some("secret"));
    assert_eq!(value["id"], "0123456789abcdef");
    assert_eq!(value["accounts"], json!(["weibo:1"]));
    assert_eq!(value["reasons"], json!(["overdue"]));
    let header = |name: &str| {
        request.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.clone())
    };
    let bytes = [b"1795000000.".as_slice(), request.body.as_ref().unwrap()].concat();
    let sign = format!("sha256={}", hex(&signed("secret", &bytes)));
    assert_eq!(header("x-freshd-signature"), Some(sign));
    assert_eq!(header("x-freshd-timestamp").as_deref(), Some("1795000000"));
    assert_eq!(header("x-freshd-id").as_deref(), Some("0123456789abcdef"));
    let (request, _) = made(WebhookKind::Json, None);
    assert!(request.headers.iter().all(|(name, _)| name != "x-freshd-signature"));
}

#[test]
fn only_a_zero_inside_says_that_it_was_taken() {
    let answer = |kind, status: u16, body: &str| {
        let url = Url::parse("https://robot.example.cn/").unwrap();
        let body = axum::body::Bytes::copy_from_slice(body.as_bytes());
        judge(kind, &Response { status, url, headers: Vec::new(), body, truncated: false })
    };
    let taken = |outcome: Outcome| matches!(outcome, Outcome::Accepted(_));
    let refused = |outcome: Outcome| matches!(outcome, Outcome::Refused(_));
    let later = |outcome: Outcome| matches!(outcome, Outcome::Deferred { relay: false, .. });
    use WebhookKind::{Dingtalk, Feishu, Json, Wecom};
    assert!(taken(answer(Wecom, 200, r#"{"errcode":0,"errmsg":"ok"}"#)));
    assert!(later(answer(Wecom, 200, r#"{"errcode":45009,"errmsg":"freq"}"#)));
    assert!(refused(answer(Wecom, 200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#)));
    assert!(later(answer(Dingtalk, 200, r#"{"errcode":130101}"#)));
    assert!(refused(answer(Dingtalk, 200, r#"{"errcode":310000,"errmsg":"sign not match"}"#)));
    assert!(taken(answer(Feishu, 200, r#"{"code":0,"msg":"success"}"#)));
    assert!(taken(answer(Feishu, 200, r#"{"StatusCode":0}"#)));
    assert!(refused(answer(Feishu, 200, r#"{"code":19021}"#)));
    for kind in [Wecom, Dingtalk, Feishu] {
        assert!(later(answer(kind, 200, "<html>登录</html>")), "a page is no answer");
    }
    assert!(taken(answer(Json, 204, "")));
    for kind in [Wecom, Json] {
        assert!(later(answer(kind, 503, "")) && later(answer(kind, 429, "")));
        assert!(refused(answer(kind, 404, "")) && refused(answer(kind, 302, "")));
    }
}

#[test]
fn a_long_text_is_cut_at_a_line_and_says_so() {
    let text = "一行二十个字的内容一行二十个字的内容啊啊\n".repeat(100);
    let cut = cut(&text, TEXT_BYTES_MAX);
    assert!(cut.len() <= TEXT_BYTES_MAX && cut.ends_with("……(其余见系统)"));
    assert!(cut.lines().rev().nth(1).unwrap().ends_with("啊啊"));
}

#[test]
fn a_robot_is_told_over_https_only_and_a_bad_file_is_said_without_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let (letter, body) = letter();
    let mut hook = hook(&dir, WebhookKind::Wecom, None);
    let path = hook.url.as_ref().unwrap().path.clone();
    std::fs::write(&path, "http://robot.example.cn/?key=K").unwrap();
    let why = request(&hook, &letter, &body, now()).unwrap_err();
    assert!(why.contains("https://") && !why.contains("key=K"), "{why}");
    std::fs::write(&path, "robot key=K").unwrap();
    let why = request(&hook, &letter, &body, now()).unwrap_err();
    assert!(!why.contains("key=K"), "{why}");
    hook.kind = WebhookKind::Json;
    std::fs::write(&path, "http://10.1.2.3/hook").unwrap();
    assert!(request(&hook, &letter, &body, now()).is_ok());
}
