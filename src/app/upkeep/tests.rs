//! Does evidence that accounts refer to outlive its days, does other evidence go, and are the gauges set?

use freshd_core::history::{EvidenceRef, Seen};
use freshd_core::id::Channel;
use freshd_core::observation::{Published, Sighting};

use super::*;
use crate::app::samples::{SENDING, app, keep};
use crate::report::samples::{Sample, account, now, sample};

fn day(days: i64) -> Timestamp {
    now() + TimeDelta::days(days)
}

/// An account whose only post is backed by this evidence.
fn backed(handle: &str, id: EvidenceId) -> Sample {
    let mut made = sample(account(handle, handle), None, 0);
    made.1.history.proofs.clear();
    made.1.history.sightings.push(Seen {
        sighting: Sighting {
            key: "p".to_owned(),
            channel: Channel::posts(),
            published: Published::at(now()),
            title: String::new(),
            url: None,
            pinned: false,
            repost: false,
        },
        source: format!("weibo:{handle}"),
        first_seen: now(),
        evidence: Some(EvidenceRef { at: now(), id: id.to_string(), url: String::new() }),
    });
    made
}

async fn rounds(upkeep: &mut Upkeep, at: Timestamp) -> usize {
    let mut rounds = 1;
    while upkeep.tick(at).await.unwrap().next_wake.is_some() {
        rounds += 1;
        assert!(rounds < 50, "upkeep never ends");
    }
    rounds
}

#[tokio::test]
async fn evidence_of_current_rulings_is_kept_and_the_rest_goes() {
    let (app, _) = app("[retention]\nevidence_days = 30\n", now());
    let mut change = app.store().change();
    let wanted = change.evidence(b"wanted", day(0)).unwrap();
    let idle = change.evidence(b"idle", day(0)).unwrap();
    app.store().commit(change).unwrap();
    let many: Vec<Sample> =
        (0..KEEP_SLICE + 10).map(|n| backed(&format!("{n:05}"), wanted)).collect();
    keep(&app, &many);
    let mut upkeep = Upkeep::new(app.clone());
    assert_eq!(rounds(&mut upkeep, day(0)).await, 2, "in slices");
    for at in 1..100 {
        rounds(&mut upkeep, day(at)).await;
        assert!(app.store().evidence(wanted).unwrap().is_some(), "day {at}");
    }
    assert_eq!(app.store().evidence(idle).unwrap(), None);
}

#[tokio::test]
async fn after_a_long_stop_nothing_goes_before_everything_was_marked() {
    let (app, _) = app("[retention]\nevidence_days = 30\n", now());
    let mut change = app.store().change();
    let wanted = change.evidence(b"wanted", day(0)).unwrap();
    app.store().commit(change).unwrap();
    let many: Vec<Sample> =
        (0..KEEP_SLICE * 2).map(|n| backed(&format!("{n:05}"), wanted)).collect();
    let (last, others) = many.split_last().unwrap();
    let others: Vec<Sample> =
        others.iter().map(|it| sample(it.0.clone(), None, 0)).chain([last.clone()]).collect();
    keep(&app, &others);
    let mut upkeep = Upkeep::new(app.clone());
    rounds(&mut upkeep, day(400)).await;
    rounds(&mut upkeep, day(400) + TimeDelta::hours(2)).await;
    assert!(app.store().evidence(wanted).unwrap().is_some());
}

#[tokio::test]
async fn gauges_are_set_and_a_wrong_clock_tidies_nothing() {
    let (app, _) = app(SENDING, now());
    keep(&app, &[sample(account("1", "甲"), Some(1.0), 30)]);
    app.store().set_meta(META_RELAY_FAILING_SINCE, &now()).unwrap();
    app.health.look(now());
    app.health.look(day(30));
    let mut upkeep = Upkeep::new(app.clone());
    upkeep.tick(day(30)).await.unwrap();
    assert!(!app.env.metrics.render().contains("freshd_letters{"));
    app.health.look(now());
    upkeep.tick(now()).await.unwrap();
    let text = app.env.metrics.render();
    for line in [
        "freshd_letters{state=\"queued\"} 0",
        "freshd_accounts{verdict=\"pass\"} 1",
        "freshd_store_bytes ",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let since = format!("freshd_mail_failing_since_seconds {}", now().timestamp());
    assert!(text.contains(&since), "{text}");
}

#[tokio::test]
async fn nobody_waits_for_a_time_that_a_wrong_clock_gave() {
    let (app, _) = app("", now());
    let (near, far) = (sample(account("1", "1"), None, 0), sample(account("2", "2"), None, 0));
    let ids = [near.0.id.clone(), far.0.id.clone()];
    keep(&app, &[near, far]);
    let mut change = app.store().change();
    change.set_poll_due(&ids[0], Some(day(6)));
    change.set_poll_due(&ids[1], Some(day(31)));
    app.store().commit(change).unwrap();
    rounds(&mut Upkeep::new(app.clone()), day(0)).await;
    assert_eq!(app.store().due_of(&ids[0]).unwrap().poll, Some(day(6)), "a server's wish");
    let brought = app.store().due_of(&ids[1]).unwrap().poll.unwrap();
    assert!(brought <= now() + TimeDelta::hours(1), "{brought}");
}

#[tokio::test]
async fn who_reads_the_figures_reads_the_letters_and_the_mail_server_of_now() {
    let (app, _) = app(SENDING, now());
    let pages = crate::app::web_data::Pages::new(app.clone());
    let text = || crate::web::WebData::metrics_text(&pages);
    assert!(text().contains("freshd_letters{state=\"queued\"} 0"));
    let letter = crate::store::outbox::tests::letter("one", 0);
    crate::store::outbox::tests::add(app.store(), &letter);
    app.store().set_meta(META_RELAY_FAILING_SINCE, &now()).unwrap();
    let figures = text();
    assert!(figures.contains("freshd_letters{state=\"queued\"} 1"), "{figures}");
    let since = format!("freshd_mail_failing_since_seconds {}\n", now().timestamp());
    assert!(figures.contains(&since), "{figures}");
}
