//! What happens when the mail server wants a login, is busy, refuses, breaks off or says nothing?

use std::sync::Arc;

use chrono::TimeDelta;
use freshd::config::MailTls;
use freshd::notify::smtp::{Outcome, Outgoing, Patience, Transport};
use freshd::notify::{Deliverer, META_RELAY_FAILING_SINCE};
use freshd::store::LetterState;
use freshd_core::Timestamp;
use freshd_sim::mail::{MailBehaviour, MailOptions, Security};

use super::scene::{Scene, account, at, morning, quick};

fn letter() -> Outgoing {
    Outgoing {
        attachments: Vec::new(),
        to: "a@b.cn".to_owned(),
        subject: "主题".to_owned(),
        text: "正文".to_owned(),
        html: "<p>正文</p>".to_owned(),
        message_id: "<freshd.1@b.cn>".to_owned(),
        reasons: vec!["reminder".to_owned()],
        date: morning(),
    }
}

async fn with_login(security: Security) -> Scene {
    let credentials = Some(("user@b.cn".to_owned(), "密码 pass".to_owned()));
    let mut scene =
        Scene::with(MailOptions { security, credentials, ..MailOptions::default() }).await;
    scene.settings.mail.server.as_mut().unwrap().user = Some("user@b.cn".to_owned());
    if security == Security::Implicit {
        scene.settings.mail.server.as_mut().unwrap().tls = MailTls::Tls;
    }
    scene
}

async fn send(transport: &Transport) -> Outcome {
    transport.send(&letter(), morning()).await
}

fn is_relay_fault(outcome: &Outcome, words: &str) -> bool {
    matches!(outcome, Outcome::Deferred { detail, relay: true } if detail.contains(words))
}

#[tokio::test]
async fn a_login_goes_over_starttls_and_over_tls() {
    for security in [Security::StartTlsRequired, Security::Implicit] {
        let scene = with_login(security).await;
        let transport = scene.transport(Some("密码 pass"), Patience::default());
        assert!(
            matches!(send(&transport).await, Outcome::Accepted(reply) if reply.starts_with("250"))
        );
        let mail = &scene.mail.mails()[0];
        assert_eq!((mail.tls, mail.user.as_deref()), (true, Some("user@b.cn")));
        transport.close().await;
    }
}

#[tokio::test]
async fn a_wrong_password_waits_and_accuses_no_recipient() {
    let scene = with_login(Security::StartTlsRequired).await;
    let outcome = send(&scene.transport(Some("wrong"), Patience::default())).await;
    assert!(is_relay_fault(&outcome, "登录邮件服务器失败"), "{outcome:?}");
    let outcome = send(&scene.transport(None, Patience::default())).await;
    assert!(is_relay_fault(&outcome, "没有密码"), "{outcome:?}");
}

#[tokio::test]
async fn nothing_is_said_without_tls_where_tls_is_required() {
    let scene = with_login(Security::Plain).await;
    let outcome = send(&scene.transport(Some("密码 pass"), Patience::default())).await;
    assert!(is_relay_fault(&outcome, "不提供 STARTTLS"), "{outcome:?}");
    let mut scene = scene;
    for tls in [MailTls::Opportunistic, MailTls::Insecure] {
        scene.settings.mail.server.as_mut().unwrap().tls = tls;
        let outcome = send(&scene.transport(Some("密码 pass"), Patience::default())).await;
        assert!(is_relay_fault(&outcome, "没有发送密码"), "{outcome:?}");
    }
    assert_eq!((scene.mail.plain_auth_attempts(), scene.mail.count()), (0, 0));
}

#[tokio::test]
async fn an_unknown_certificate_is_not_trusted() {
    let scene = Scene::new().await;
    let mut settings = freshd::notify::smtp::TransportSettings {
        server: scene.settings.mail.server.clone().unwrap(),
        password: Arc::new(|| Ok(None)),
        from: "a@b.cn".to_owned(),
        signed_by: std::sync::Arc::new(|| Ok(None)),
        root_cert_der: None,
        patience: Patience::default(),
    };
    let outcome = send(&Transport::new(settings.clone())).await;
    assert!(is_relay_fault(&outcome, "建立加密失败"), "{outcome:?}");
    assert_eq!(scene.mail.count(), 0);
    settings.server.tls = MailTls::Insecure;
    assert!(matches!(send(&Transport::new(settings)).await, Outcome::Accepted(_)));
    assert!(!scene.mail.mails()[0].tls);
}

#[tokio::test]
async fn one_connection_serves_many_letters_and_a_refusal_does_not_break_it() {
    let scene = Scene::new().await;
    scene.mail.set_behaviour_times(None, MailBehaviour::Refuse, 1);
    let transport = scene.transport(None, Patience::default());
    assert!(matches!(send(&transport).await, Outcome::Refused(reply) if reply.starts_with("550")));
    for _ in 0..3 {
        assert!(matches!(send(&transport).await, Outcome::Accepted(_)));
    }
    assert_eq!((scene.mail.connections(), scene.mail.count()), (1, 3));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_and_the_next_letter_goes_over_a_new_line() {
    let scene = Scene::new().await;
    scene.mail.set_behaviour_times(Some("a@b.cn"), MailBehaviour::Stall, 1);
    let transport = scene.transport(None, quick());
    let outcome = send(&transport).await;
    assert!(matches!(outcome, Outcome::Deferred { relay: false, .. }), "{outcome:?}");
    assert!(matches!(send(&transport).await, Outcome::Accepted(_)));
    assert_eq!((scene.mail.connections(), scene.mail.count()), (2, 1));
}

/// One overdue account, decided; a deliverer that lives through the test.
async fn one_letter() -> (Scene, Deliverer) {
    let scene = Scene::new().await;
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    let deliverer = scene.deliverer();
    (scene, deliverer)
}

fn next(scene: &Scene) -> Timestamp {
    scene.letters()[0].next_attempt.unwrap()
}

#[tokio::test]
async fn a_busy_server_gets_the_letter_later_with_the_same_message_id() {
    let behaviours = [
        MailBehaviour::TryLater,
        MailBehaviour::LocalError,
        MailBehaviour::Unavailable,
        MailBehaviour::DropBeforeGreeting,
    ];
    for behaviour in behaviours {
        let (scene, deliverer) = one_letter().await;
        scene.mail.set_behaviour_times(None, behaviour, 1);
        let done = deliverer.tick(morning()).await.unwrap();
        assert_eq!((done.deferred, done.accepted), (1, 0), "{behaviour:?}");
        let letter = &scene.letters()[0];
        assert_eq!((letter.state, letter.attempts), (LetterState::Queued, 1));
        assert!(letter.last_reply.is_some());
        let wait = next(&scene) - morning();
        assert!(TimeDelta::seconds(300) <= wait && wait < TimeDelta::seconds(331), "{wait}");
        let early = deliverer.tick(next(&scene) - TimeDelta::seconds(1)).await.unwrap();
        assert_eq!(early.accepted + early.deferred, 0);
        assert_eq!(early.next, Some(next(&scene)));
        let done = deliverer.tick(next(&scene)).await.unwrap();
        assert_eq!(done.accepted, 1, "{behaviour:?}");
        assert_eq!(scene.mail.mails()[0].header("Message-ID").unwrap(), letter.message_id);
    }
}

#[tokio::test]
async fn a_line_that_breaks_after_the_message_repeats_it_under_the_same_id() {
    let (scene, deliverer) = one_letter().await;
    scene.mail.set_behaviour_times(None, MailBehaviour::DropAfterData, 1);
    assert_eq!(deliverer.tick(morning()).await.unwrap().deferred, 1);
    assert_eq!(deliverer.tick(next(&scene)).await.unwrap().accepted, 1);
    let mails = scene.mail.mails();
    assert_eq!((mails[0].acknowledged, mails[1].acknowledged), (false, true));
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[tokio::test]
async fn a_sender_that_died_is_followed_by_the_next_after_its_lease() {
    let (scene, deliverer) = one_letter().await;
    let lease = morning() + TimeDelta::minutes(5);
    let id = scene.store.claim_letters(morning(), lease, 10).unwrap().remove(0).id;
    assert_eq!(deliverer.tick(morning() + TimeDelta::minutes(4)).await.unwrap().accepted, 0);
    assert_eq!(deliverer.tick(lease).await.unwrap().accepted, 1);
    let letter = scene.store.letter(&id).unwrap().unwrap();
    assert_eq!((letter.state, letter.attempts), (LetterState::Accepted, 2));
}

#[tokio::test]
async fn a_refusal_is_final_and_told_to_the_operators_once() {
    for (behaviour, code) in [(MailBehaviour::Refuse, "550"), (MailBehaviour::TooBig, "552")] {
        let (scene, deliverer) = one_letter().await;
        scene.mail.set_behaviour(Some("a@b.cn"), behaviour);
        assert_eq!(deliverer.tick(morning()).await.unwrap().refused, 1);
        let letter = scene.letters().remove(0);
        assert_eq!(letter.state, LetterState::Refused);
        assert!(letter.last_reply.unwrap().starts_with(code));
        let report = scene.notify(morning()).await;
        assert_eq!(report.letters.len(), 1);
        assert_eq!(report.letters[0].to, "ops@maoming.gov.cn");
        deliverer.tick(morning()).await.unwrap();
        let mail = scene.mail.mails().pop().unwrap();
        assert_eq!(mail.header("X-Freshd-Reason").unwrap(), "operator");
        let text = mail.text_body().unwrap();
        assert!(text.contains("a@b.cn 被拒收") && text.contains(code), "{text}");
        assert!(scene.notify(morning()).await.letters.is_empty());
    }
}

#[tokio::test]
async fn a_letter_is_given_up_after_five_days_and_told() {
    let (scene, deliverer) = one_letter().await;
    scene.mail.set_behaviour(Some("a@b.cn"), MailBehaviour::TryLater);
    let mut now = morning();
    let mut tries = 0;
    while scene.letters()[0].state == LetterState::Queued {
        deliverer.tick(now).await.unwrap();
        tries += 1;
        now = scene.letters()[0].next_attempt.unwrap_or(now);
        assert!(tries < 200, "it never ends");
    }
    assert_eq!(scene.letters()[0].state, LetterState::GivenUp);
    assert!(now - morning() >= TimeDelta::days(4), "{now}");
    let report = scene.notify(now + TimeDelta::hours(1)).await;
    assert!(report.letters.iter().any(|letter| letter.subject.contains("1 封信未能送达")));
}

#[tokio::test]
async fn a_server_that_is_down_is_asked_seldom_and_the_letters_wait() {
    let (scene, deliverer) = one_letter().await;
    for number in 2..=5 {
        scene.add(&account(number, &format!("a{number}@b.cn")), at(11, 1, 9), morning());
    }
    scene.notify(morning()).await;
    scene.mail.set_behaviour(None, MailBehaviour::DropBeforeGreeting);
    let done = deliverer.tick(morning()).await.unwrap();
    assert!(done.relay_fault.is_some() && done.next.is_some_and(|at| at > morning()));
    assert_eq!(scene.mail.connections(), 1, "one try, not one for each letter");
    let since: Option<Timestamp> = scene.store.meta(META_RELAY_FAILING_SINCE).unwrap();
    assert_eq!(since, Some(morning()));
    assert!(scene.letters().iter().all(|letter| letter.state == LetterState::Queued));
    scene.mail.set_behaviour(None, MailBehaviour::Accept);
    let later = morning() + TimeDelta::minutes(10);
    assert_eq!(deliverer.tick(later).await.unwrap().accepted, 5);
    assert_eq!(scene.store.meta::<Timestamp>(META_RELAY_FAILING_SINCE).unwrap(), None);
}

#[tokio::test]
async fn a_retry_goes_at_once_and_brings_the_reply() {
    let (scene, deliverer) = one_letter().await;
    scene.mail.set_behaviour_times(None, MailBehaviour::TryLater, 1);
    deliverer.tick(morning()).await.unwrap();
    let id = scene.letters()[0].id.clone();
    let night = at(11, 25, 23);
    let (letter, outcome) = deliverer.retry(&id, night).await.unwrap();
    assert!(matches!(outcome, Outcome::Accepted(_)));
    assert_eq!((letter.state, letter.attempts), (LetterState::Accepted, 2));
    assert!(deliverer.retry(&id, night).await.is_err(), "delivered is delivered");
    assert!(deliverer.retry("nothing", night).await.is_err());
    assert_eq!(scene.mail.count(), 1);
    let outcome = deliverer.test("t@b.cn", night).await.unwrap();
    assert!(matches!(outcome, Outcome::Accepted(_)));
    assert_eq!(scene.mail.mails()[1].to, ["t@b.cn"]);
}

#[tokio::test]
async fn a_line_closed_after_so_many_mails_costs_no_letter_an_attempt() {
    let options = MailOptions { mails_per_connection: Some(2), ..MailOptions::default() };
    let scene = Scene::with(options).await;
    let transport = scene.transport(None, Patience::default());
    for _ in 0..5 {
        assert!(matches!(send(&transport).await, Outcome::Accepted(_)));
    }
    assert_eq!((scene.mail.connections(), scene.mail.count()), (3, 5));
}

#[tokio::test]
async fn letters_at_once_take_a_line_each_and_the_lines_are_kept() {
    let scene = Scene::new().await;
    let transport = scene.transport(None, Patience::default());
    for _ in 0..2 {
        let outcomes = futures::future::join_all((0..3).map(|_| send(&transport))).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))));
    }
    assert_eq!((scene.mail.connections(), scene.mail.count()), (3, 6));
    transport.close().await;
}

#[tokio::test]
async fn an_address_beyond_ascii_goes_only_where_it_is_understood() {
    for (smtputf8, taken) in [(true, true), (false, false)] {
        let options = MailOptions { smtputf8, ..MailOptions::default() };
        let scene = Scene::with(options).await;
        let transport = scene.transport(None, Patience::default());
        let outgoing = Outgoing { to: "张三@政务.cn".to_owned(), ..letter() };
        let outcome = transport.send(&outgoing, morning()).await;
        match outcome {
            Outcome::Accepted(_) => assert!(taken),
            Outcome::Refused(why) => assert!(!taken && why.contains("SMTPUTF8"), "{why}"),
            Outcome::Deferred { detail, .. } => panic!("{detail}"),
        }
        // The line is still good for others.
        assert!(matches!(send(&transport).await, Outcome::Accepted(_)));
        assert_eq!(scene.mail.connections(), 1);
        if taken {
            assert!(scene.mail.mails()[0].to[0].starts_with("张三@xn--"));
        }
    }
}
