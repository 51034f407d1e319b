//! Does nothing leave that must not: hold, pilot, redirect, storm, hours, daily cap?

use chrono::TimeDelta;
use freshd::config::MailMode;
use freshd::store::LetterState::{Accepted, Cancelled, Held, Queued};
use freshd_core::reminder::Reason;

use super::scene::{Scene, account, at, morning};

#[tokio::test]
async fn hold_drafts_and_sends_nothing_until_released() {
    let mut scene = Scene::new().await;
    scene.settings.mail.mode = MailMode::Hold;
    scene.settings.mail.from = None;
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.add(&account(2, "b@b.cn"), at(11, 1, 9), morning());
    let report = scene.notify(morning()).await;
    assert!(report.letters.iter().all(|letter| letter.state == Held && !letter.why.is_empty()));
    assert!(
        report.summary().contains("暂存 2 封") && report.summary().contains("freshd mail preview")
    );
    scene.settings.mail.from = Some("freshd@maoming.gov.cn".to_owned());
    assert_eq!(scene.deliver(morning()).await.accepted, 0);
    assert_eq!(scene.mail.connections(), 0);
    let deliverer = scene.deliverer();
    let held = scene.letters();
    assert!(deliverer.retry(&held[0].id, morning()).await.is_err(), "held is not retried");
    let ids = [held[0].id.clone(), "nothing".to_owned()];
    let done = deliverer.release(&ids, "张三", morning()).await.unwrap();
    assert_eq!((done.released.len(), done.not_held), (1, vec!["nothing".to_owned()]));
    assert_eq!(scene.states(), [("a@b.cn".to_owned(), Queued), ("b@b.cn".to_owned(), Held)]);
    assert_eq!(scene.deliver(morning()).await.accepted, 1);
    // What the other letter says holds no more.
    scene.add(&account(2, "b@b.cn"), morning(), morning() + TimeDelta::hours(1));
    let later = morning() + TimeDelta::hours(1);
    let done = deliverer.release(&[], "张三", later).await.unwrap();
    assert_eq!((done.released.len(), done.cancelled.len()), (0, 1));
    assert_eq!(scene.states()[1].1, Cancelled);
}

#[tokio::test]
async fn of_many_held_letters_only_the_newest_word_goes_out() {
    let mut scene = Scene::new().await;
    scene.settings.mail.mode = MailMode::Hold;
    let posted = at(11, 15, 12);
    for days_left in [5, 3, 1] {
        let now = posted + TimeDelta::days(14 - days_left);
        scene.add(&account(1, "a@b.cn"), posted, now);
        assert_eq!(scene.notify(now).await.letters.len(), 1);
    }
    let now = posted + TimeDelta::days(13);
    let done = scene.deliverer().release(&[], "张三", now).await.unwrap();
    assert_eq!((done.released.len(), done.cancelled.len()), (1, 2));
    assert_eq!(scene.deliver(now).await.accepted, 1);
    assert!(scene.mail.mails()[0].text_body().unwrap().contains("请于11月28日(含)前发布"));
}

/// What is mended while a letter is held is left out of it when it is released; the rest goes out.
#[tokio::test]
async fn a_held_letter_is_released_without_what_was_mended_meanwhile() {
    let mut scene = Scene::new().await;
    scene.settings.mail.mode = MailMode::Hold;
    let (now, later) = (morning(), morning() + TimeDelta::hours(2));
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), now);
    scene.add(&account(2, "a@b.cn"), at(11, 14, 9), now);
    scene.add(&account(3, "c@d.cn"), at(11, 1, 9), now);
    assert_eq!(scene.notify(now).await.letters.len(), 2);
    scene.add(&account(1, "a@b.cn"), at(11, 25, 11), later);
    scene.add(&account(3, "c@d.cn"), at(11, 25, 11), later);
    let done = scene.deliverer().release(&[], "张三", later).await.unwrap();
    assert_eq!((done.released.len(), done.cancelled.len()), (1, 1), "{done:?}");
    assert_eq!(scene.deliver(later).await.accepted, 1);
    let mails = scene.mail.mails();
    let text = mails[0].text_body().unwrap();
    assert!(text.contains("发布2") && !text.contains("发布1"), "{text}");
    let states: Vec<_> = scene.letters().iter().map(|it| (it.state, it.accounts.len())).collect();
    assert!(states.contains(&(Cancelled, 2)) && states.contains(&(Accepted, 1)), "{states:?}");
}

/// A table of the precheck that names an account does not stand for the letter that tells of its fail.
#[tokio::test]
async fn a_newer_letter_of_another_kind_supersedes_none() {
    let mut scene = Scene::new().await;
    scene.settings.mail.mode = MailMode::Hold;
    let now = morning();
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), now);
    let overdue = scene.notify(now).await.letters.remove(0);
    let mut change = scene.store.change();
    let mut table = change.letter(&overdue.id).unwrap().unwrap();
    table.id = "0123456789abcdef".to_owned();
    table.reasons = vec![Reason::Precheck.key().to_owned()];
    table.tells.clear();
    table.created_at = now + TimeDelta::minutes(1);
    change.new_letter(&table, &freshd::store::LetterBody::default()).unwrap();
    scene.store.commit(change).unwrap();
    let later = now + TimeDelta::minutes(2);
    let done = scene.deliverer().release(&[], "张三", later).await.unwrap();
    assert_eq!((done.released.len(), done.cancelled.len()), (2, 0), "{done:?}");
}

#[tokio::test]
async fn pilot_sends_to_its_units_only() {
    let mut scene = Scene::new().await;
    scene.settings.mail.mode = MailMode::Pilot;
    scene.settings.mail.pilot_units = vec!["单位1".to_owned()];
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.add(&account(2, "a@b.cn"), at(11, 1, 9), morning());
    scene.add(&account(3, "c@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    assert_eq!(scene.deliver(morning()).await.accepted, 1);
    let mail = &scene.mail.mails()[0];
    let text = mail.text_body().unwrap();
    assert!(text.contains("发布1") && !text.contains("发布2"), "{text}");
    let held = scene.letters().iter().filter(|letter| letter.state == Held).count();
    assert_eq!(held, 2);
}

#[tokio::test]
async fn redirected_letters_reach_nobody_else_and_say_whom_they_are_for() {
    let mut scene = Scene::new().await;
    scene.settings.mail.redirect_to = Some("try@b.cn".to_owned());
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.add(&account(2, "c@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    scene.deliver(morning()).await;
    let mails = scene.mail.mails();
    assert_eq!(mails.len(), 2);
    for mail in &mails {
        assert_eq!(
            (mail.to.as_slice(), mail.header("To").unwrap().as_str()),
            (&["try@b.cn".to_owned()][..], "try@b.cn")
        );
    }
    let all: Vec<String> = mails.iter().filter_map(|mail| mail.text_body()).collect();
    assert!(all.iter().any(|text| text.starts_with("【试发】本信原收件人:a@b.cn")));
    assert!(mails.iter().all(|mail| mail.html_body().unwrap().contains("【试发】本信原收件人")));
}

#[tokio::test]
async fn a_storm_is_held_and_the_operators_are_told() {
    let scene = Scene::new().await;
    for number in 0..60 {
        scene.add(&account(number, &format!("a{number}@b.cn")), at(11, 1, 9), morning());
    }
    for number in 60..100 {
        scene.add(&account(number, &format!("a{number}@b.cn")), at(11, 24, 9), morning());
    }
    let report = scene.notify(morning()).await;
    let storm = report.storm.unwrap();
    assert_eq!((storm.recipients, storm.of), (60, 100));
    assert_eq!((report.count(Held), report.count(Queued)), (60, 1));
    assert_eq!(scene.deliver(morning()).await.accepted, 1);
    let mail = &scene.mail.mails()[0];
    assert_eq!(mail.to, ["ops@maoming.gov.cn"]);
    assert!(mail.subject().contains("60 个收件人的信已暂存待放行"));
    let text = mail.text_body().unwrap();
    for words in
        ["占台账全部收件人 100 个的 60%", "已超期(内容不更新):60 个账号", "例如 发布", "改了规则"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(report.summary().contains("已全部暂存"));
    let done = scene.deliverer().release(&[], "张三", morning()).await.unwrap();
    assert_eq!(done.released.len(), 60);
    assert_eq!(scene.deliver(morning()).await.accepted, 60);
}

/// All are decided about in one run after the rules changed, whenever each would have been polled.
#[tokio::test]
async fn a_shorter_window_that_fails_everybody_is_held_as_a_storm() {
    let mut scene = Scene::new().await;
    for number in 0..80 {
        let posted = at(11, 17, 1 + number % 20);
        scene.add(&account(number as usize, &format!("a{number}@b.cn")), posted, morning());
    }
    let report = scene.notify(morning()).await;
    assert!(report.storm.is_none() && report.letters.is_empty(), "six days are left");
    scene.settings.policy.window = TimeDelta::days(7);
    let dry = freshd::notify::Notifier::new(scene.store.clone(), scene.settings.clone());
    let later = morning() + TimeDelta::minutes(1);
    assert_eq!(dry.tick(later, true).await.unwrap().considered, 0, "a trial changes nothing");
    let report = scene.notify(later).await;
    assert_eq!(report.storm.map(|storm| (storm.recipients, storm.of)), Some((80, 80)));
    assert_eq!(report.count(Held), 80);
    let again = scene.notify(later + TimeDelta::minutes(1)).await;
    assert_eq!((again.considered, again.letters.len()), (0, 0), "once");
}

#[tokio::test]
async fn fifty_recipients_or_a_small_share_are_no_storm() {
    let mut scene = Scene::new().await;
    for number in 0..50 {
        scene.add(&account(number, &format!("a{number}@b.cn")), at(11, 1, 9), morning());
    }
    assert!(scene.notify(morning()).await.storm.is_none());
    scene.settings.mail.hold_min_recipients = 5;
    for number in 50..75 {
        let posted = if number < 60 { at(11, 1, 9) } else { at(11, 24, 9) };
        scene.add(&account(number, &format!("a{number}@b.cn")), posted, morning());
    }
    let report = scene.notify(morning()).await;
    assert!(report.storm.is_none() && report.count(Queued) == 10, "10 of 75");
}

#[tokio::test]
async fn letters_wait_for_working_hours_unless_they_would_come_too_late() {
    let scene = Scene::new().await;
    let friday_night = at(11, 27, 20);
    // Deadlines: Sunday 12:00 (before Monday's opening) and Tuesday.
    scene.add(&account(1, "late@b.cn"), at(11, 15, 12), friday_night);
    scene.add(&account(2, "wait@b.cn"), at(11, 17, 12), friday_night);
    scene.add(&account(3, "over@b.cn"), at(11, 1, 12), friday_night);
    let report = scene.notify(friday_night).await;
    assert_eq!(report.letters.len(), 3);
    let done = scene.deliver(friday_night).await;
    assert_eq!(done.accepted, 1);
    assert_eq!(scene.mail.mails()[0].to, ["late@b.cn"]);
    let monday = at(11, 30, 8) + TimeDelta::minutes(30);
    let opens = done.next.unwrap();
    assert!(monday <= opens && opens < monday + TimeDelta::seconds(1), "{opens}");
    assert_eq!(scene.deliver(at(11, 29, 12)).await.accepted, 0);
    assert_eq!(scene.deliver(monday + TimeDelta::seconds(1)).await.accepted, 2);
    let order: Vec<_> = scene.mail.mails()[1..].iter().map(|mail| mail.to[0].clone()).collect();
    assert_eq!(order, ["over@b.cn", "wait@b.cn"], "the more urgent first");
}

#[tokio::test]
async fn a_letter_that_became_due_in_hours_does_not_leave_after_them() {
    let scene = Scene::new().await;
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
    scene.notify(morning()).await;
    let done = scene.deliver(at(11, 25, 23)).await;
    assert_eq!((done.accepted, done.waiting), (0, 1));
    assert_eq!(scene.letters()[0].attempts, 0);
    assert_eq!(scene.deliver(at(11, 26, 9)).await.accepted, 1);
}

#[tokio::test]
async fn no_more_leave_in_a_day_than_the_cap() {
    let mut scene = Scene::new().await;
    scene.settings.mail.per_day = 3;
    for number in 0..5 {
        scene.add(&account(number, &format!("a{number}@b.cn")), at(11, 1, 9), morning());
    }
    scene.notify(morning()).await;
    let done = scene.deliver(morning()).await;
    assert_eq!((done.accepted, done.next), (3, Some(at(11, 26, 8) + TimeDelta::minutes(30))));
    assert_eq!(scene.deliver(at(11, 25, 16)).await.accepted, 0);
    assert_eq!(scene.deliver(at(11, 26, 9)).await.accepted, 2);
    assert!(scene.letters().iter().all(|letter| letter.state == Accepted));
}

#[tokio::test]
async fn an_account_that_nobody_can_be_written_to_is_told_to_the_operators_weekly() {
    let scene = Scene::new().await;
    scene.add(&account(1, "无"), at(11, 1, 9), morning());
    let report = scene.notify(morning()).await;
    assert_eq!(report.without_address, ["weibo:1"]);
    assert_eq!(report.letters[0].reason, [Reason::Operator]);
    assert!(report.letters[0].subject.contains("1 个账号没有可用邮箱"));
    scene.add(&account(2, ""), at(11, 1, 9), morning());
    assert!(scene.notify(morning()).await.letters.is_empty(), "at most weekly");
    let week = morning() + TimeDelta::days(8);
    scene.add(&account(2, ""), at(11, 1, 9), week);
    let report = scene.notify(week).await;
    assert!(report.letters.iter().any(|letter| letter.subject.contains("2 个账号没有可用邮箱")));
}
