//! Does a promise that was not kept hold nothing back a second time, and has a letter only so many links opened?

use freshd_core::account::Source;

use super::super::super::openings::PER_LETTER;
use super::super::super::samples::{SENDING, app, letters};
use super::*;
use crate::clock::ManualClock;
use crate::report::samples::{account, now, sample};
use crate::store::Due;

/// An account whose deadline is near, and the link in the letter about it.
async fn written() -> (App, ManualClock, String) {
    let config = format!("{SENDING}[web]\npublic_url = \"http://ours.gov.test\"\n");
    let (app, clock) = app(&config, now());
    let (account, state, _) = sample(account("7", "甲"), Some(13.0), 0);
    let mut change = app.store().change();
    change.put_account(&account);
    change.put_state(&account.id, &state, Due { poll: None, notify: Some(now()) }).unwrap();
    app.store().commit(change).unwrap();
    app.notifier().tick(now(), false).await.unwrap();
    let letters = letters(&app);
    let text = letters.iter().find_map(|(_, body)| body.text.split_once("/o/")).unwrap().1;
    let token = text.split_whitespace().next().unwrap().to_owned();
    (app, clock, token)
}

fn deed(link: &str) -> OwnerDeed {
    OwnerDeed { act: "posted".to_owned(), link: link.to_owned(), ..OwnerDeed::default() }
}

#[tokio::test]
async fn a_promise_that_was_not_kept_is_not_taken_again() {
    let (app, clock, token) = written().await;
    let quiet = || app.store().state::<AccountState>(&account("7", "").id).unwrap().unwrap();
    assert_eq!(act(&app, &token, &deed("")).await.unwrap(), OwnerDone::Kept);
    let until = quiet().quiet_until.unwrap();
    assert_eq!(act(&app, &token, &deed("")).await.unwrap(), OwnerDone::Kept, "twice is once");
    assert_eq!(quiet().quiet_until, Some(until));
    clock.advance_to(until + TimeDelta::hours(1));
    let OwnerDone::Wrong(why) = act(&app, &token, &deed("")).await.unwrap() else {
        panic!("nothing was seen of what was promised");
    };
    assert!(why[0].contains("仍没有看到新的发布"), "{why:?}");
    assert_eq!(quiet().quiet_until, Some(until), "reminders go on");
    assert_eq!(app.store().owner_words(&account("7", "").id).unwrap().len(), 1);
}

#[tokio::test]
async fn whose_posts_no_source_shows_is_asked_for_the_link() {
    let (app, _clock, token) = written().await;
    let id = account("7", "").id;
    let mut change = app.store().change();
    let mut held = change.account(&id).unwrap().unwrap();
    held.sources = vec![Source::new("manual", "x"), Source::new("probe", "https://a.gov.test/")];
    change.put_account(&held);
    app.store().commit(change).unwrap();
    assert_eq!(act(&app, &token, &deed("")).await.unwrap(), OwnerDone::Kept);
    let told = app.store().owner_words(&id).unwrap()[0].answer.clone();
    assert!(told.contains("请在此之前粘贴文章链接"), "{told}");
}

#[tokio::test]
async fn one_letter_has_so_many_links_opened_in_an_hour() {
    let (app, clock, token) = written().await;
    let link = deed("http://127.0.0.1:9/a.html");
    let told = async || match act(&app, &token, &link).await.unwrap() {
        OwnerDone::Wrong(why) => why.concat(),
        other => panic!("{other:?}"),
    };
    for _ in 0..PER_LETTER {
        let why = told().await;
        assert!(why.contains("不允许访问本机地址"), "{why}");
    }
    assert!(told().await.contains("请过一小时再提交"));
    clock.advance_to(now() + TimeDelta::hours(1));
    assert!(told().await.contains("不允许访问本机地址"));
}
