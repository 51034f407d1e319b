//! Do ten thousand letters arrive once each through a server that greylists, throttles, hangs up and refuses?

use std::collections::HashMap;

use chrono::TimeDelta;
use freshd::store::LetterState;
use freshd_core::id::stable_hash;
use freshd_sim::mail::{MailBehaviour, MailOptions};

use super::scene::{Scene, account, at, morning};

/// Set this environment variable to another number of letters to try more or fewer.
const LETTERS: &str = "FRESHD_MAIL_LETTERS";

/// What the server does to a recipient the first time.
fn trouble(to: &str) -> MailBehaviour {
    match stable_hash(&[to.as_bytes()]) % 100 {
        0..=2 => MailBehaviour::Refuse,
        3..=4 => MailBehaviour::DropAfterData,
        5..=6 => MailBehaviour::LocalError,
        7..=8 => MailBehaviour::Unavailable,
        _ => MailBehaviour::TryLater,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_letters_arrives_once_each_or_is_refused_with_a_reason() {
    let count = std::env::var(LETTERS).ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let options = MailOptions { mails_per_connection: Some(50), ..MailOptions::default() };
    let mut scene = Scene::with(options).await;
    scene.settings.mail.per_day = 0;
    scene.settings.mail.hold_share = 1.0;
    scene.settings.mail.at_once = 4;
    scene.settings.mail.per_minute = 600;
    scene.settings.mail.domain_per_minute = 200;
    let domains = ["qq.com", "163.com", "gd.gov.cn", "maoming.gov.cn", "139.com"];
    let mut behaviours: HashMap<String, MailBehaviour> = HashMap::new();
    for number in 0..count {
        let to = format!("u{number}@{}", domains[number % domains.len()]);
        scene.add(&account(number, &to), at(11, 1, 9), morning());
        let behaviour = trouble(&to);
        let times = if behaviour == MailBehaviour::Refuse { u32::MAX } else { 1 };
        scene.mail.set_behaviour_times(Some(&to), behaviour, times);
        behaviours.insert(to, behaviour);
    }
    let deliverer = scene.deliverer();
    let mut now = morning();
    while !scene.notify(now).await.letters.is_empty() {}
    while let Some(next) = deliverer.tick(now).await.unwrap().next {
        now = next.max(now);
        assert!(now < morning() + TimeDelta::days(2), "letters are still waiting at {now}");
        scene.clock.set(now);
    }

    let (mut accepted, mut refused) = (0, 0);
    for letter in scene.letters() {
        let reply = letter.last_reply.unwrap_or_default();
        match letter.state {
            LetterState::Accepted => accepted += 1,
            LetterState::Refused => {
                assert!(reply.starts_with("550 5.1.1"), "{reply}");
                refused += 1;
            }
            // The operators hear of refusals by a letter that a later run writes.
            state => panic!("{} is {}: {reply}", letter.to, state.key()),
        }
    }
    let expected = behaviours.values().filter(|what| **what == MailBehaviour::Refuse).count();
    assert_eq!((accepted, refused), (count - expected, expected));

    // Each acknowledged once; what came before a lost line came again under the same id.
    let mut arrived: HashMap<String, (usize, usize)> = HashMap::new();
    let mut minutes: HashMap<i64, usize> = HashMap::new();
    for mail in scene.mail.mails() {
        let id = mail.header("Message-ID").unwrap();
        let (taken, lost) = arrived.entry(id).or_default();
        if mail.acknowledged {
            *taken += 1
        } else {
            *lost += 1
        }
        *minutes.entry(mail.at.timestamp() / 60).or_default() += 1;
    }
    assert_eq!(arrived.len(), accepted);
    assert!(arrived.values().all(|(taken, lost)| *taken == 1 && *lost <= 1));
    let dropped = behaviours.values().filter(|what| **what == MailBehaviour::DropAfterData).count();
    assert_eq!(arrived.values().filter(|(_, lost)| *lost == 1).count(), dropped);
    // Two minutes of the wall share one of ours at most: a ceiling is a sliding one.
    assert!(minutes.values().all(|letters| *letters <= 600), "{minutes:?}");
    // 421 after 50 made nobody wait: a line for each 50 letters, and one for each that was broken off.
    let lines = scene.mail.connections() as usize;
    let broken = behaviours
        .values()
        .filter(|what| matches!(what, MailBehaviour::DropAfterData | MailBehaviour::Unavailable))
        .count();
    assert!(lines <= count / 40 + 3 * broken + 20, "{lines} connections for {count} letters");
}
