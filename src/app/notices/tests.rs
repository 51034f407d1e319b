//! Is a lasting fault told once, its end once, and never one letter per account?

use freshd_core::breaker::Group;
use freshd_core::fault::{Fault, FaultKind};
use freshd_core::id::AccountId;

use super::*;
use crate::app::samples::{SENDING, app, clean, keep, letters};
use crate::report::samples::{account, now, sample};

fn trouble(key: &str, scope: FaultScope, since: Timestamp) -> Trouble {
    Trouble {
        key: key.to_owned(),
        scope,
        name: key.to_owned(),
        since,
        seen: since,
        accounts: 3,
        paused_until: None,
        paused: true,
        unreached: false,
        alone: false,
        detail: "503".to_owned(),
    }
}

fn at(minutes: i64) -> Timestamp {
    now() + TimeDelta::minutes(minutes)
}

fn never(_: &str, _: Timestamp) -> bool {
    false
}

fn count(news: &News) -> (usize, usize) {
    (news.begun.len(), news.over.len())
}

#[test]
fn a_platform_is_told_after_an_hour_once_and_once_when_it_is_over() {
    let mut told = Told::default();
    let down = [trouble("connector weibo", FaultScope::Platform, at(0))];
    assert_eq!(count(&decide(&mut told, &down, never, at(60))), (0, 0), "not yet");
    assert_eq!(count(&decide(&mut told, &down, never, at(61))), (1, 0));
    assert_eq!(count(&decide(&mut told, &down, never, at(600))), (0, 0), "once");
    // After a restart nothing is known: neither over nor begun again.
    assert_eq!(count(&decide(&mut told, &[], never, at(601))), (0, 0));
    assert_eq!(count(&decide(&mut told, &down, never, at(602))), (0, 0));
    let over = decide(&mut told, &[], |_, seen| seen < at(603), at(610));
    assert_eq!(over.over, [("connector weibo".to_owned(), at(0))]);
    assert_eq!(told.open.len(), 0);
}

#[test]
fn one_accounts_fault_on_a_platform_is_not_told() {
    let mut told = Told::default();
    let mut one = trouble("connector weibo", FaultScope::Platform, at(0));
    one.paused = false;
    assert_eq!(count(&decide(&mut told, &[one], never, at(6000))), (0, 0));
}

#[test]
fn a_platform_out_of_reach_waits_until_another_was_asked() {
    let lost =
        |at| Trouble { unreached: true, ..trouble("connector weibo", FaultScope::Platform, at) };
    let answered = |connector: &str, minutes| {
        let mut gathered = Gathered::default();
        gathered.heard(connector, at(minutes));
        gathered
    };
    let tell = |gathered: &Gathered, minutes| {
        let troubles = one_network(vec![lost(at(0))], gathered);
        count(&decide(&mut Told::default(), &troubles, never, at(minutes))).0
    };
    assert_eq!(tell(&answered("connector nanfang", -30), 61), 0, "it may be our network");
    assert_eq!(tell(&answered("connector nanfang", -30), 361), 1, "long enough");
    assert_eq!(tell(&answered("connector nanfang", 30), 61), 1, "the network is there");
    assert_eq!(tell(&answered("connector weibo", -30), 61), 1, "there is no other to ask");
}

#[test]
fn what_fails_with_the_whole_network_is_one_trouble_and_comes_back_in_peace() {
    let mut told = Told::default();
    let lost =
        |key, since| Trouble { unreached: true, ..trouble(key, FaultScope::Platform, since) };
    let all = || vec![lost("connector weibo", at(0)), lost("connector nanfang", at(20))];
    let nobody = Gathered::default();
    assert_eq!(one_network(vec![lost("connector weibo", at(0))], &nobody).len(), 1);
    assert_eq!(
        one_network(vec![lost("connector weibo", at(0))], &nobody)[0].key,
        "connector weibo"
    );
    let merged = one_network(all(), &nobody);
    assert_eq!(merged.len(), 1);
    assert_eq!((merged[0].key.as_str(), merged[0].accounts), (LOCAL, 6));
    let mut mixed = all();
    mixed.push(trouble("connector wechat", FaultScope::Connector, at(30)));
    assert_eq!(one_network(mixed.clone(), &nobody), mixed, "one of them answers, if badly");
    assert_eq!(count(&decide(&mut told, &merged, never, at(61))), (1, 0));
    // The network is back: one platform answers, the other was not asked yet.
    let left = [lost("connector nanfang", at(20))];
    let back = decide(&mut told, &left, |key, _| key == LOCAL, at(300));
    assert_eq!(count(&back), (0, 1));
    assert_eq!(count(&decide(&mut told, &left, never, at(350))), (0, 0), "on its way back");
    assert_eq!(count(&decide(&mut told, &left, never, at(361))), (0, 0), "nobody asked it again");
    let left = left.map(|it| Trouble { seen: at(359), ..it });
    assert_eq!(count(&decide(&mut told, &left, never, at(361))), (1, 0), "it did not come back");
}

#[test]
fn credentials_are_told_at_once_and_many_of_them_together() {
    let mut told = Told::default();
    let mut all: Vec<Trouble> = Vec::new();
    let mut letters = 0;
    for minute in 0..90 {
        let key = format!("credential wechat wx{minute}");
        let mut one = trouble(&key, FaultScope::Credential, at(minute));
        one.paused = false;
        all.push(one);
        letters += usize::from(!decide(&mut told, &all, never, at(minute)).begun.is_empty());
    }
    assert_eq!(letters, 2, "the first at once, the others with the next hour");
    assert_eq!(decide(&mut told, &all, never, at(120)).begun.len(), 29);
}

#[test]
fn a_batch_of_credentials_is_one_letter() {
    let mut told = Told::default();
    let all: Vec<Trouble> = (0..500)
        .map(|n| trouble(&format!("credential wechat wx{n}"), FaultScope::Credential, at(0)))
        .collect();
    assert_eq!(decide(&mut told, &all, never, at(0)).begun.len(), 500);
}

#[tokio::test]
async fn the_operators_get_one_letter_each_way() {
    let (app, clock) = app(SENDING, at(0));
    keep(&app, &[clean(sample(account("1", "甲"), Some(1.0), 30), at(-60))]);
    let group = Group::Connector("weibo".to_owned());
    let fault = Fault::new(FaultScope::Platform, FaultKind::Unavailable, "HTTP 503");
    for n in 0..4 {
        let id = AccountId::of("weibo", &n.to_string());
        app.env.breaker.lock().unwrap().fault(&group, &id, &fault, at(0));
    }
    let look = |minute: i64| {
        clock.advance_to(at(minute));
        let survey = app.survey(at(minute)).unwrap();
        tick(&app, &survey.gathered, at(minute)).unwrap()
    };
    assert_eq!((look(30), look(61), look(90)), (0, 1, 0));
    let (letter, body) = letters(&app).remove(0);
    assert_eq!(
        (letter.to.as_str(), letter.reasons.as_slice()),
        ("ops@b.cn", &["operator".to_owned()][..])
    );
    assert!(letter.subject.contains("1 项故障"), "{}", letter.subject);
    assert!(body.text.contains("平台 weibo:自11月22日 10:00起,涉及 4 个账号"), "{}", body.text);
    app.env.breaker.lock().unwrap().success(&group);
    assert_eq!(look(120), 0, "nobody has seen a clean answer yet");
    keep(&app, &[clean(sample(account("1", "甲"), Some(1.0), 30), at(125))]);
    assert_eq!((look(140), look(200)), (1, 0));
    let all = letters(&app);
    assert_eq!(all.len(), 2);
    assert!(all[0].0.subject.contains("1 项故障已恢复"), "{}", all[0].0.subject);
}

#[tokio::test]
async fn a_mail_server_that_was_down_is_told_when_it_is_up() {
    let (app, _) = app(SENDING, at(0));
    app.store().set_meta(META_RELAY_FAILING_SINCE, &at(0)).unwrap();
    let gathered = Gathered::default();
    assert_eq!(tick(&app, &gathered, at(61)).unwrap(), 0);
    app.store()
        .update(|change| {
            change.delete_meta(META_RELAY_FAILING_SINCE);
            Ok::<_, crate::store::StoreError>(())
        })
        .unwrap();
    assert_eq!(tick(&app, &gathered, at(70)).unwrap(), 1);
    let text = &letters(&app)[0].1.text;
    assert!(text.contains("邮件服务器:自11月22日 10:00起的故障已恢复"), "{text}");
}

#[tokio::test]
async fn a_full_disk_is_told() {
    let (app, _) = app(SENDING, at(0));
    app.health.note_free(Some(1 << 20), at(0));
    assert_eq!(tick(&app, &Gathered::default(), at(61)).unwrap(), 1);
    assert!(letters(&app)[0].1.text.contains("磁盘空间:自"));
}
