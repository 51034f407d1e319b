//! Does the whole letter arrive as composed, one for each recipient, and never before its record?

use chrono::TimeDelta;
use freshd::notify::{LetterEvent, Outbox};
use freshd::store::LetterState;
use freshd_core::reminder::Reason;
use freshd_core::state::AccountState;

use super::scene::{Scene, account, at, morning};

#[tokio::test]
async fn one_letter_for_each_recipient_with_all_accounts() {
    let scene = Scene::new().await;
    let now = morning();
    scene.add(&account(1, "a@b.cn;c@d.cn"), at(11, 1, 9), now);
    scene.add(&account(2, "A@b.cn"), at(11, 15, 0), now);
    scene.add(&account(3, "c@d.cn"), at(11, 24, 0), now);
    let report = scene.notify(now).await;
    assert_eq!((report.considered, report.told.len(), report.letters.len()), (3, 2, 2));
    let done = scene.deliver(now).await;
    assert_eq!((done.accepted, done.deferred, done.refused), (2, 0, 0));
    let mut mails = scene.mail.mails();
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    let first = &mails[0];
    assert_eq!(first.to, ["a@b.cn"]);
    assert!(first.tls && first.acknowledged);
    assert_eq!(
        first.subject(),
        "【政务新媒体提醒】1 个账号已超期、1 个账号须于11月28日(含)前发布(单位1等 2 个单位)"
    );
    assert_eq!(first.header("X-Freshd-Reason").unwrap(), "overdue,reminder");
    assert_eq!(first.text_body().unwrap().replace("\r\n", "\n"), EXPECTED.trim_end());
    assert!(first.html_body().unwrap().contains("疑似不达标"));
    assert_eq!(mails[1].to, ["c@d.cn"]);
    assert!(!mails[1].text_body().unwrap().contains("发布3"), "a fresh account is not told of");
    let again = scene.notify(now + TimeDelta::minutes(1)).await;
    assert_eq!((again.considered, again.letters.len()), (0, 0));
    assert!(scene.letters().iter().all(|letter| letter.state == LetterState::Accepted));
    let id = account(1, "").id;
    let state: AccountState = scene.store.state(&id).unwrap().unwrap();
    assert_eq!(state.episodes[0].told[0].reason, Reason::Overdue);
    let events = scene.store.last_events::<LetterEvent>(&id, 9).unwrap();
    let found: Vec<_> = events.iter().map(|(_, event)| event.state).collect();
    assert_eq!(found.len(), 4, "queued and accepted, twice: {found:?}");
}

#[tokio::test]
async fn nothing_is_on_the_wire_before_its_record_is_durable() {
    let scene = Scene::new().await;
    let now = morning();
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), now);
    scene.diary.clear();
    scene.notify(now).await;
    assert_eq!(scene.diary.lines().last(), Some(&"barrier"), "the outbox is durable");
    scene.diary.clear();
    let diary = std::sync::Arc::clone(&scene.diary);
    let arrival = async {
        scene.mail.received(1).await;
        diary.note("mail");
    };
    tokio::join!(arrival, scene.deliver(now));
    let lines = scene.diary.lines();
    let mail = lines.iter().position(|line| *line == "mail").unwrap();
    let before: Vec<_> = lines[..mail].iter().take(2).copied().collect();
    assert_eq!(before, ["commit", "barrier"], "claim, barrier, then the wire: {lines:?}");
    // The watcher may come to note the mail only after all is done.
    let own: Vec<_> = lines.iter().filter(|line| **line != "mail").copied().collect();
    assert!(
        own.len() >= 4 && own.ends_with(&["commit", "barrier"]),
        "the reply is durable: {lines:?}"
    );
}

#[tokio::test]
async fn a_fail_that_is_over_is_told_and_a_supervisor_is_asked_in_time() {
    let scene = Scene::new().await;
    let mut one = account(1, "a@b.cn");
    one.supervisor_email = vec!["s@b.cn".to_owned()];
    let posted = at(11, 1, 9);
    scene.add(&one, posted, morning());
    scene.notify(morning()).await;
    let later = morning() + TimeDelta::days(2);
    scene.add(&one, posted, later);
    let report = scene.notify(later).await;
    assert_eq!(report.letters[0].reason, [Reason::Escalation]);
    assert_eq!(report.letters[0].to, "s@b.cn");
    let posted_again = later + TimeDelta::hours(1);
    scene.add(&one, posted_again, later + TimeDelta::hours(2));
    let report = scene.notify(later + TimeDelta::hours(2)).await;
    assert_eq!(report.letters[0].reason, [Reason::Rectified]);
    assert_eq!(report.letters[0].subject, "【政务新媒体提醒】1 个账号已整改(发布1)");
}

#[tokio::test]
async fn a_dry_run_tells_the_same_and_changes_nothing() {
    let scene = Scene::new().await;
    let now = morning();
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), now);
    scene.diary.clear();
    let notifier = freshd::notify::Notifier::new(scene.store.clone(), scene.settings.clone());
    let dry = notifier.tick(now, true).await.unwrap();
    assert!(scene.diary.lines().is_empty() && scene.letters().is_empty());
    let wet = notifier.tick(now, false).await.unwrap();
    assert_eq!((&dry.told, &dry.letters), (&wet.told, &wet.letters));
    assert!(dry.dry_run && dry.summary().starts_with("查看了 1 个账号,试运行"));
    let json = serde_json::to_value(&wet).unwrap();
    assert_eq!(json["letters"][0]["reason"], "overdue");
    let outbox = serde_json::to_value(Outbox::of(&scene.store).unwrap()).unwrap();
    let letter = &outbox["letters"][0];
    assert_eq!(letter["reason"], "overdue");
    assert_eq!((&letter["state"], &letter["to"]), (&"queued".into(), &"a@b.cn".into()));
    assert_eq!((&letter["attempts"], &letter["last_reply"]), (&0.into(), &serde_json::Value::Null));
    assert!(letter["next_attempt"].as_str().unwrap().starts_with("2026-11-25T09:59:59"));
    assert!(letter["message_id"].as_str().unwrap().starts_with("<freshd."));
    assert_eq!(json["at"], "2026-11-25T10:00:00+08:00");
}

const EXPECTED: &str = include_str!("whole.txt");

/// Deadlines over the National Day of 2026, told and sent as they come, in sending hours of working days only.
#[tokio::test]
async fn over_national_day_letters_gather_before_and_after_and_none_leaves_between() {
    let mut scene = Scene::new().await;
    let calendar = freshd::config::calendar::parse_calendar_toml(include_str!(
        "../../../config/calendar.toml"
    ));
    let calendar = std::sync::Arc::new(calendar.unwrap());
    scene.settings.calendar = std::sync::Arc::clone(&calendar);
    scene.settings.policy.calendar = calendar;
    // Six accounts of one contact, last posts on 19 to 24 September: they lapse from 3 to 8 October.
    for number in 0..6 {
        let posted = at(9, 19 + number, 10);
        scene.add(&account(number as usize, "a@b.cn"), posted, at(9, 25, 9));
    }
    let mut now = at(9, 25, 9);
    while now < at(10, 9, 12) {
        for number in 0..6 {
            let id = account(number, "").id;
            let state: AccountState = scene.store.state(&id).unwrap().unwrap();
            if state.next_notice.is_none_or(|due| due <= now) {
                scene.add(&account(number, "a@b.cn"), at(9, 19 + number as u32, 10), now);
            }
        }
        scene.notify(now).await;
        scene.deliver(now).await;
        now += TimeDelta::hours(1);
    }
    let mails = scene.mail.mails();
    for mail in &mails {
        let day = freshd_core::civil::day(mail.at);
        let reasons = mail.header("X-Freshd-Reason").unwrap();
        let worked = scene.settings.calendar.is_working_day(day) == Some(true);
        // In the break only what would come too late afterwards leaves.
        assert!(worked || reasons == "reminder", "{day} {reasons}");
    }
    let holiday: Vec<_> = mails
        .iter()
        .filter(|mail| mail.header("X-Freshd-Reason").unwrap().contains("pre-holiday"))
        .collect();
    assert_eq!(holiday.len(), 1, "one letter for all accounts of the recipient");
    let (first, text) = (holiday[0], holiday[0].text_body().unwrap());
    // 28, 29 and 30 September are the three working days before.
    assert_eq!(freshd_core::civil::day(first.at).to_string(), "2026-09-28");
    for number in 0..5 {
        assert!(text.contains(&format!("发布{number}")), "{text}");
    }
    assert!(!text.contains("发布5"), "it lapses on the 8th at 10:00, when work has begun\n{text}");
    let safe = "最晚安全日期:9月30日(放假前最后一个工作日)";
    assert!(
        text.contains(safe) && text.contains("国庆节假期10月1日至10月7日,10月8日上班"),
        "{text}"
    );
    let overdue = mails.iter().filter(|mail| mail.subject().contains("已超期"));
    let first = overdue.map(|mail| mail.at).min().unwrap();
    assert!(first >= at(10, 8, 8), "what fell due in the break waits for its end: {first}");
}

/// Two accounts of one contact fall due in one night: one letter leaves in the morning, the one that
/// waited is cancelled for it.
#[tokio::test]
async fn a_letter_that_waits_is_taken_in_by_the_next_to_the_same_recipient() {
    let scene = Scene::new().await;
    let night = at(11, 25, 20);
    scene.add(&account(1, "a@b.cn"), at(11, 16, 20), night);
    scene.add(&account(2, "a@b.cn"), at(11, 16, 22), night);
    let first = scene.notify(night).await;
    assert_eq!(first.letters.len(), 1);
    assert_eq!(first.told.len(), 1, "the other has five days and two hours");
    let later = at(11, 25, 22);
    scene.add(&account(2, "a@b.cn"), at(11, 16, 22), later);
    let second = scene.notify(later).await;
    assert_eq!(second.letters[0].accounts.len(), 2, "{:?}", second.letters);
    assert_eq!(scene.deliver(later).await.accepted, 0, "both wait");
    let morning = at(11, 26, 9);
    assert_eq!(scene.deliver(morning).await.accepted, 1);
    let mails = scene.mail.mails();
    let text = mails[0].text_body().unwrap();
    assert!(mails.len() == 1 && text.contains("发布1") && text.contains("发布2"), "{text}");
    let letters = scene.letters();
    let gone = letters.iter().find(|it| it.state == LetterState::Cancelled).unwrap();
    assert_eq!(gone.id, first.letters[0].id);
    assert_eq!(gone.merged_into.as_ref(), Some(&second.letters[0].id));
    assert!(gone.last_reply.as_ref().unwrap().contains("已并入"));
    let events = scene.store.last_events::<LetterEvent>(&account(1, "").id, 9).unwrap();
    let told = events.iter().map(|(_, event)| (event.letter.as_str(), event.state));
    assert!(told.clone().any(|it| it == (second.letters[0].id.as_str(), LetterState::Accepted)));
    assert!(told.clone().any(|it| it == (gone.id.as_str(), LetterState::Cancelled)));
}

/// What was published while the letter waited is not sent in the morning; what still holds is.
#[tokio::test]
async fn a_letter_that_waited_is_looked_at_again_before_it_leaves() {
    let scene = Scene::new().await;
    let (night, later, morning) = (at(11, 25, 20), at(11, 25, 22), at(11, 26, 9));
    for (number, to) in [(1, "a@b.cn"), (2, "a@b.cn"), (3, "c@d.cn")] {
        scene.add(&account(number, to), at(11, 16, 20), night);
    }
    assert_eq!(scene.notify(night).await.letters.len(), 2);
    scene.add(&account(1, "a@b.cn"), at(11, 25, 21), later);
    scene.add(&account(3, "c@d.cn"), at(11, 25, 21), later);
    scene.notify(later).await;
    assert_eq!(scene.deliver(morning).await.accepted, 1);
    let mails = scene.mail.mails();
    let text = mails[0].text_body().unwrap();
    assert!(mails.len() == 1 && text.contains("发布2") && !text.contains("发布1"), "{text}");
    let gone = scene.letters().into_iter().filter(|it| it.state == LetterState::Cancelled);
    assert_eq!(gone.count(), 2);
}

/// What is left of a letter that took another in is sent, though it says just what the other said.
#[tokio::test]
async fn what_is_left_of_a_merged_letter_is_a_letter_of_its_own() {
    let scene = Scene::new().await;
    let (night, later, morning) = (at(11, 25, 20), at(11, 25, 22), at(11, 26, 9));
    scene.add(&account(1, "a@b.cn"), at(11, 16, 20), night);
    scene.notify(night).await;
    scene.add(&account(2, "a@b.cn"), at(11, 16, 22), later);
    assert_eq!(scene.notify(later).await.letters[0].accounts.len(), 2);
    scene.add(&account(2, "a@b.cn"), at(11, 25, 23), at(11, 26, 1));
    scene.notify(at(11, 26, 1)).await;
    assert_eq!(scene.deliver(morning).await.accepted, 1);
    let mails = scene.mail.mails();
    let text = mails[0].text_body().unwrap();
    assert!(mails.len() == 1 && text.contains("发布1") && !text.contains("发布2"), "{text}");
    for letter in scene.letters() {
        let sent = scene.store.letter_as_sent(&letter.id).unwrap().unwrap();
        assert_eq!((sent.state, sent.merged_into), (LetterState::Accepted, None));
    }
}

/// The letter that took another in is refused: neither account counts as told.
#[tokio::test]
async fn a_letter_that_took_another_in_and_is_refused_has_told_of_neither() {
    let scene = Scene::new().await;
    let (night, later) = (at(11, 25, 20), at(11, 25, 22));
    let mut accounts = [account(1, "a@b.cn"), account(2, "a@b.cn")];
    accounts.iter_mut().for_each(|it| it.officer_email = vec!["o@b.cn".to_owned()]);
    scene.add(&accounts[0], at(11, 16, 20), night);
    scene.notify(night).await;
    scene.add(&accounts[1], at(11, 16, 22), later);
    scene.notify(later).await;
    scene.mail.set_behaviour(Some("a@b.cn"), freshd_sim::mail::MailBehaviour::Refuse);
    let morning = at(11, 26, 9);
    assert_eq!(scene.deliver(morning).await.refused, 1);
    let again = scene.notify(morning + TimeDelta::minutes(1)).await;
    let told: Vec<_> = again.told.iter().map(|it| (it.account.as_str(), it.to.clone())).collect();
    let officer = vec!["o@b.cn".to_owned()];
    assert_eq!(told, [("weibo:1", officer.clone()), ("weibo:2", officer)]);
}

/// What is settled while the letter waits is not in the one that takes it in.
#[tokio::test]
async fn what_was_published_over_night_is_left_out_of_the_letter_of_the_morning() {
    let scene = Scene::new().await;
    let (night, later) = (at(11, 25, 20), at(11, 25, 22));
    scene.add(&account(1, "a@b.cn"), at(11, 16, 20), night);
    scene.notify(night).await;
    scene.add(&account(1, "a@b.cn"), at(11, 25, 21), later);
    scene.add(&account(2, "a@b.cn"), at(11, 16, 22), later);
    let letters = scene.notify(later).await.letters;
    assert_eq!(letters[0].accounts, ["weibo:2"]);
    scene.deliver(at(11, 26, 9)).await;
    let mails = scene.mail.mails();
    assert!(mails.len() == 1 && !mails[0].text_body().unwrap().contains("发布1"));
}

/// What is overdue by data that grow old while the letter waits is neither written anew nor lost; what the post settled
/// counts as never told.
#[tokio::test]
async fn what_grows_old_while_it_waits_is_sent_as_written_and_what_is_over_was_never_told() {
    let scene = Scene::new().await;
    let (friday, sunday) = (at(11, 27, 20), at(11, 29, 23));
    scene.add(&account(1, "a@b.cn"), at(11, 1, 9), friday);
    scene.add(&account(3, "c@b.cn"), at(11, 1, 9), friday);
    let waits = scene.notify(friday).await.letters;
    assert_eq!(waits.len(), 2);
    // Nothing is read of the first for 51 hours; another account of its owner falls due.
    scene.add(&account(2, "a@b.cn"), at(11, 20, 23), sunday);
    scene.add(&account(3, "c@b.cn"), at(11, 28, 9), sunday);
    let second = scene.notify(sunday).await;
    let about = second.letters.iter().map(|it| (it.to.as_str(), it.accounts.clone()));
    let about: Vec<_> = about.collect();
    let (two, three) = (vec!["weibo:2".to_owned()], vec!["weibo:3".to_owned()]);
    assert_eq!(about, [("a@b.cn", two), ("c@b.cn", three)]);
    assert_eq!(scene.deliver(at(11, 30, 9)).await.accepted, 3);
    let mails = scene.mail.mails();
    let old = mails.iter().filter(|mail| mail.to == ["a@b.cn"]);
    let old: Vec<_> = old.filter_map(|mail| mail.text_body()).collect();
    let old = old.iter().find(|text| text.contains("发布1")).unwrap();
    assert!(old.contains("截至2026-11-27 19:59"), "{old}");
    let state = scene.store.state::<AccountState>(&account(3, "").id).unwrap().unwrap();
    assert!(state.episodes.iter().all(|it| it.told.is_empty()), "{:?}", state.episodes);
}

/// A reminder takes along what its recipient would be reminded of within a day, if that is at risk already.
#[tokio::test]
async fn who_is_written_to_is_told_of_what_is_due_soon() {
    let scene = Scene::new().await;
    let now = at(11, 25, 10);
    let far = account(4, "other@b.cn");
    for (one, posted) in [
        (account(1, "a@b.cn"), at(11, 14, 10)),
        (account(2, "A@b.cn"), at(11, 14, 20)),
        (account(3, "a@b.cn"), at(11, 16, 20)),
        (far.clone(), at(11, 14, 20)),
    ] {
        // Each is told once that five days are left, when they are.
        let first = posted + TimeDelta::days(9);
        scene.add(&one, posted, first.min(now));
        if first < now {
            scene.notify(first).await;
        }
        let mut change = scene.store.change();
        change.set_notify_due(&one.id, Some(posted + TimeDelta::days(11)));
        scene.store.commit(change).unwrap();
    }
    let report = scene.notify(now).await;
    let told: Vec<_> = report.told.iter().map(|it| (it.account.as_str(), it.stage)).collect();
    assert_eq!(told, [("weibo:1", 3), ("weibo:2", 3)], "three is not at risk, four is not theirs");
    assert_eq!(report.letters.len(), 1);
    let again = scene.notify(at(11, 25, 20)).await;
    let told: Vec<_> = again.told.iter().map(|it| it.account.as_str()).collect();
    assert_eq!(told, ["weibo:4"], "the second was told in the morning");
}

/// Overdue, then the supervising unit with the history, then both are told that it is over.
#[tokio::test]
async fn the_supervising_unit_reads_who_was_written_to_and_hears_the_end() {
    let scene = Scene::new().await;
    let now = morning();
    let mut one = account(1, "a@b.cn");
    one.supervisor_email = vec!["boss@b.cn".to_owned()];
    one.last_circular = vec!["2026Q3:content-stale".to_owned()];
    scene.add(&one, at(11, 1, 9), now);
    scene.notify(now).await;
    scene.deliver(now).await;
    let raised = scene.mail.mails();
    let boss = raised.iter().find(|mail| mail.to == ["boss@b.cn"]).unwrap();
    assert_eq!(boss.header("X-Freshd-Reason").unwrap(), "escalation");
    let text = boss.text_body().unwrap();
    assert!(text.contains("整改期限10月14日,已过"), "named and the time is over: at once\n{text}");
    let mut two = account(2, "c@b.cn");
    two.supervisor_email = vec!["boss@b.cn".to_owned()];
    scene.add(&two, at(11, 1, 9), now);
    scene.notify(now).await;
    scene.deliver(now).await;
    let later = at(11, 27, 10);
    scene.add(&two, at(11, 1, 9), later);
    scene.notify(later).await;
    scene.deliver(later).await;
    let mails = scene.mail.mails();
    let boss = mails.iter().rfind(|mail| mail.to == ["boss@b.cn"]).unwrap();
    let text = boss.text_body().unwrap().replace("\r\n", "\n");
    let line = "   此前的信:\n   - 11月25日 10:00 致联系人:已超期,对方邮件服务器已接收\n";
    assert!(text.contains(line), "{text}");
    let posted = at(11, 29, 9);
    let monday = at(11, 30, 10);
    scene.add(&two, posted, monday);
    scene.notify(monday).await;
    scene.deliver(monday).await;
    let mails = scene.mail.mails();
    let thanked: Vec<_> = mails
        .iter()
        .filter(|mail| mail.header("X-Freshd-Reason").unwrap() == "rectified")
        .map(|mail| mail.to[0].as_str())
        .collect();
    assert_eq!(thanked.len(), 2, "{thanked:?}");
    assert!(thanked.contains(&"c@b.cn") && thanked.contains(&"boss@b.cn"));
}

#[tokio::test]
async fn who_knows_what_a_letter_says_does_not_know_its_message_id() {
    let mut found = Vec::new();
    for _ in 0..2 {
        let scene = Scene::new().await;
        scene.add(&account(1, "a@b.cn"), at(11, 1, 9), morning());
        scene.notify(morning()).await;
        found.push(scene.letters().remove(0));
    }
    let [one, other] = [&found[0], &found[1]];
    assert_eq!(one.id, other.id, "the same content");
    assert_ne!(one.message_id, other.message_id, "by each store's own key");
    assert!(one.message_id.starts_with(&format!("<freshd.{}", one.id)), "{}", one.message_id);
    assert_eq!(one.message_id.len(), other.message_id.len());
}
