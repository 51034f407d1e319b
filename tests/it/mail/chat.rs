//! Does a group chat hear what it should, once, by the same outbox as letters?

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use chrono::TimeDelta;
use freshd::config::{SecretFile, WebhookConfig, WebhookKind};
use freshd::notify::Deliverer;
use freshd::notify::webhook::Webhooks;
use freshd::store::LetterState;
use freshd_connectors::http::{HttpClient, NetSettings};
use freshd_core::reminder::Reason;
use serde_json::Value;

use super::scene::{Scene, account, at, morning};

/// A robot on loopback: what it was told, and what it says next.
#[derive(Clone, Default)]
struct Robot {
    told: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    answers: Arc<Mutex<Vec<&'static str>>>,
}

impl Robot {
    #[expect(clippy::disallowed_methods, reason = "a server of the test runs beside it")]
    async fn start(&self) -> String {
        async fn hear(State(robot): State<Robot>, headers: HeaderMap, body: Bytes) -> String {
            let value = serde_json::from_slice(&body).unwrap();
            robot.told.lock().unwrap().push((headers, value));
            robot.answers.lock().unwrap().pop().unwrap_or(r#"{"errcode":0}"#).to_owned()
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/send", post(hear)).with_state(self.clone());
        // It ends with the test's runtime.
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        format!("http://{address}/send?key=SECRETKEY")
    }

    fn texts(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.iter().map(|(_, said)| said["text"]["content"].as_str().unwrap().to_owned()).collect()
    }
}

fn hook(dir: &tempfile::TempDir, url: &str, reasons: &[Reason], units: &[&str]) -> WebhookConfig {
    let path = dir.path().join("url");
    std::fs::write(&path, url).unwrap();
    WebhookConfig {
        name: "值班群".to_owned(),
        kind: WebhookKind::Wecom,
        url: Some(SecretFile { key: "webhooks.url_file".to_owned(), path }),
        secret: None,
        reasons: reasons.to_vec(),
        units: units.iter().map(|unit| (*unit).to_owned()).collect(),
    }
}

/// With a way to the mail server only where one is configured.
fn deliverer(scene: &Scene) -> Deliverer {
    let net = NetSettings {
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        ports: vec![443],
        timeout: std::time::Duration::from_secs(5),
        proxy: None,
        host_at_once: 0,
        host_per_minute: 0,
    };
    let hooks = scene.settings.webhooks.clone();
    let webhooks = Webhooks::new(HttpClient::new(net).unwrap(), hooks);
    let deliverer = match scene.settings.mail.server {
        Some(_) => scene.deliverer(),
        None => Deliverer::new(scene.store.clone(), scene.settings.clone(), None),
    };
    deliverer.with_webhooks(webhooks)
}

#[tokio::test]
async fn a_group_is_told_once_however_many_the_letter_went_to_and_of_its_units_only() {
    let (mut scene, robot, dir) =
        (Scene::new().await, Robot::default(), tempfile::tempdir().unwrap());
    let url = robot.start().await;
    scene.settings.webhooks = vec![hook(&dir, &url, &[Reason::Overdue], &["单位1"])];
    scene.add(&account(1, "a@b.cn;c@b.cn"), at(11, 1, 9), morning());
    scene.add(&account(2, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    deliverer(&scene).tick(morning()).await.unwrap();
    assert_eq!(scene.mail.count(), 2, "two people");
    let texts = robot.texts();
    assert_eq!(texts.len(), 1, "one group: {texts:?}");
    assert!(texts[0].contains("发布1") && !texts[0].contains("发布2"), "{}", texts[0]);
    assert!(!texts[0].contains("@b.cn"), "no addresses in a group: {}", texts[0]);
    let copies: Vec<_> =
        scene.letters().into_iter().filter(|letter| letter.to == "webhook:值班群").collect();
    assert_eq!(copies.len(), 1);
    assert_eq!(copies[0].state, LetterState::Accepted);
    // The next run has nothing new to say.
    scene.notify(morning() + TimeDelta::hours(1)).await;
    deliverer(&scene).tick(morning() + TimeDelta::hours(1)).await.unwrap();
    assert_eq!(robot.texts().len(), 1);
}

#[tokio::test]
async fn a_busy_robot_is_told_later_a_robot_that_refuses_is_told_to_the_operators() {
    let (mut scene, robot, dir) =
        (Scene::new().await, Robot::default(), tempfile::tempdir().unwrap());
    let url = robot.start().await;
    *robot.answers.lock().unwrap() =
        vec![r#"{"errcode":93000,"errmsg":"invalid"}"#, r#"{"errcode":45009}"#];
    scene.settings.webhooks = vec![hook(&dir, &url, &[Reason::Overdue], &[])];
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    let deliverer = deliverer(&scene);
    let next = deliverer.tick(morning()).await.unwrap().next.unwrap();
    assert!(next > morning() && next < morning() + TimeDelta::minutes(10));
    deliverer.tick(next).await.unwrap();
    let letters = scene.letters();
    let copy = letters.iter().find(|letter| letter.to == "webhook:值班群").unwrap();
    assert_eq!(copy.state, LetterState::Refused);
    let reply = copy.last_reply.clone().unwrap();
    assert!(reply.contains("93000") && !reply.contains("SECRETKEY"), "{reply}");
    let report = scene.notify(next + TimeDelta::minutes(1)).await;
    let told =
        report.letters.iter().find(|letter| letter.to == "ops@maoming.gov.cn").expect("a letter");
    let text = scene.store.letter_body(&told.id).unwrap().unwrap().text;
    assert!(text.contains("webhook:值班群"), "{text}");
}

#[tokio::test]
async fn without_a_mail_server_groups_are_told_and_letters_wait() {
    let (mut scene, robot, dir) =
        (Scene::new().await, Robot::default(), tempfile::tempdir().unwrap());
    let url = robot.start().await;
    scene.settings.webhooks = vec![hook(&dir, &url, &[Reason::Overdue], &[])];
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    scene.settings.mail.server = None;
    deliverer(&scene).tick(morning()).await.unwrap();
    assert_eq!((robot.texts().len(), scene.mail.count()), (1, 0));
    let mail: Vec<_> = scene.letters().into_iter().filter(|letter| letter.to == "a@b.cn").collect();
    assert_eq!((mail[0].state, mail[0].attempts), (LetterState::Queued, 0));
}

#[tokio::test]
async fn a_held_letter_holds_its_copy() {
    let (mut scene, robot, dir) =
        (Scene::new().await, Robot::default(), tempfile::tempdir().unwrap());
    let url = robot.start().await;
    scene.settings.mail.mode = freshd::config::MailMode::Hold;
    scene.settings.webhooks = vec![hook(&dir, &url, &[Reason::Overdue], &[])];
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    let deliverer = deliverer(&scene);
    deliverer.tick(morning()).await.unwrap();
    assert!(robot.texts().is_empty());
    deliverer.release(&[], "张三", morning()).await.unwrap();
    deliverer.tick(morning()).await.unwrap();
    assert_eq!(robot.texts().len(), 1);
}

#[tokio::test]
async fn a_pilot_tells_groups_of_its_units_only_and_a_storm_tells_nobody() {
    let (mut scene, robot, dir) =
        (Scene::new().await, Robot::default(), tempfile::tempdir().unwrap());
    let url = robot.start().await;
    scene.settings.mail.mode = freshd::config::MailMode::Pilot;
    scene.settings.mail.pilot_units = vec!["单位1".to_owned()];
    scene.settings.webhooks = vec![hook(&dir, &url, &[Reason::Overdue], &[])];
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.add(&account(2, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    deliverer(&scene).tick(morning()).await.unwrap();
    let texts = robot.texts();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("发布1") && !texts[0].contains("发布2"), "{}", texts[0]);
    scene.settings.mail.mode = freshd::config::MailMode::Send;
    scene.settings.mail.hold_min_recipients = 1;
    let later = morning() + TimeDelta::hours(1);
    for number in 3..9 {
        scene.add(&account(number, &format!("u{number}@b.cn")), at(11, 1, 9), later);
    }
    assert!(scene.notify(later).await.storm.is_some());
    deliverer(&scene).tick(later).await.unwrap();
    assert_eq!(robot.texts().len(), 1, "what is held is not told to a group either");
}

#[tokio::test]
async fn a_trial_that_redirects_posts_to_no_group_and_shows_its_copy_by_mail() {
    let (mut scene, robot, dir) =
        (Scene::new().await, Robot::default(), tempfile::tempdir().unwrap());
    let url = robot.start().await;
    scene.settings.mail.redirect_to = Some("try@b.cn".to_owned());
    scene.settings.webhooks = vec![hook(&dir, &url, &[Reason::Overdue], &[])];
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    deliverer(&scene).tick(morning()).await.unwrap();
    assert!(robot.texts().is_empty(), "{:?}", robot.texts());
    let mails = scene.mail.mails();
    assert!(mails.iter().all(|mail| mail.to == ["try@b.cn"]), "nobody else");
    let copy = mails.iter().find(|mail| mail.subject().contains("试发→webhook:值班群")).unwrap();
    let words = "【试发】本信原收件人:webhook:值班群";
    for body in [copy.text_body().unwrap(), copy.html_body().unwrap()] {
        assert!(body.contains(words) && body.contains("发布1"), "{body}");
    }
    assert!(scene.letters().iter().all(|letter| letter.state == LetterState::Accepted));
}

#[tokio::test]
async fn a_page_that_repeats_the_address_does_not_bring_its_key_into_the_outbox() {
    let (mut scene, robot, dir) =
        (Scene::new().await, Robot::default(), tempfile::tempdir().unwrap());
    let url = robot.start().await;
    *robot.answers.lock().unwrap() = vec!["<p>bad gateway: POST /send?key=SECRETKEY</p>"];
    scene.settings.webhooks = vec![hook(&dir, &url, &[Reason::Overdue], &[])];
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    deliverer(&scene).tick(morning()).await.unwrap();
    let copy = scene.letters().into_iter().find(|it| it.to == "webhook:值班群").unwrap();
    let reply = copy.last_reply.unwrap();
    assert!(reply.contains("bad gateway") && !reply.contains("SECRETKEY"), "{reply}");
}
