//! Is each appointed time kept once, whatever restarts between, and a missed one made up for once?

use super::*;
use crate::app::samples::{SENDING, app, keep, letters, over};
use crate::report::samples::province;

fn at(text: &str) -> Timestamp {
    civil::instant(text.parse().unwrap())
}

fn config(more: &str) -> String {
    format!("{SENDING}[schedule]\n{more}\n")
}

const DAILY: &str = "digest = \"0 30 8 * * *\"\nprecheck = \"\"";

#[tokio::test]
async fn a_digest_a_day_over_restarts_and_missed_times() {
    let (first, _) = app(&config(DAILY), at("2026-11-22T10:00:00"));
    keep(&first, &province());
    let store = first.store().clone();
    let mut written = Vec::new();
    for (now, expected) in [
        ("2026-11-22T10:00:00", 0),
        ("2026-11-23T08:29:59", 0),
        ("2026-11-23T08:30:00", 1),
        ("2026-11-23T08:30:20", 1),
        ("2026-11-23T08:25:00", 1),
        ("2026-11-23T23:00:00", 1),
        // Missed while it stood still: made up for within a day, the last one only.
        ("2026-11-26T09:10:00", 2),
        ("2026-11-26T09:10:20", 2),
        ("2026-11-27T08:31:00", 3),
    ] {
        let (app, _) = over(&config(DAILY), at(now), store.clone());
        let done = tick(&app, at(now)).await.unwrap();
        written.push(done.did);
        assert_eq!(letters(&app).len(), expected, "{now}");
        assert!(done.next_wake.is_some_and(|next| next > at(now)), "{now}");
    }
    assert_eq!(written.iter().sum::<usize>(), 3);
}

#[tokio::test]
async fn a_time_missed_by_more_than_a_day_is_let_go() {
    let quarterly = config("precheck = \"0 0 9 20 3,6,9,12 *\"\ndigest = \"\"");
    for (back, expected) in [("2026-12-21T08:59:00", 1), ("2026-12-21T09:00:01", 0)] {
        let (app, clock) = app(&quarterly, at("2026-12-19T10:00:00"));
        tick(&app, at("2026-12-19T10:00:00")).await.unwrap();
        clock.advance_to(at(back));
        assert_eq!(tick(&app, at(back)).await.unwrap().did, expected, "{back}");
    }
}

#[tokio::test]
async fn the_self_check_is_a_letter_with_the_table_in_it() {
    let quarterly = config("precheck = \"0 0 10 22 11 *\"\ndigest = \"\"");
    let (app, clock) = app(&quarterly, at("2026-11-22T09:59:00"));
    keep(&app, &province());
    tick(&app, at("2026-11-22T09:59:00")).await.unwrap();
    clock.advance_to(at("2026-11-22T10:00:00"));
    assert_eq!(tick(&app, at("2026-11-22T10:00:00")).await.unwrap().did, 1);
    let (letter, body) = letters(&app).remove(0);
    assert_eq!(
        (letter.to.as_str(), letter.reasons.as_slice()),
        ("ops@b.cn", &["precheck".to_owned()][..])
    );
    assert_eq!(letter.subject, "【政务新媒体提醒】2026Q4 季度自查:疑似不达标 2 个、待核实 1 个");
    let table = precheck_at(&app, Some("2026Q4"), at("2026-11-22T10:00:00")).unwrap().text();
    let line = table.lines().find(|line| line.contains("主办单位")).unwrap();
    assert!(body.text.contains(line), "{line}\n--\n{}", body.text);
    assert!(body.html.contains("<pre") && !body.html.contains("<b>消防"));
}

#[tokio::test]
async fn held_digests_do_not_pile_up() {
    let held = config(DAILY).replace("\"send\"", "\"hold\"");
    let (app, clock) = app(&held, at("2026-11-22T10:00:00"));
    for day in 22..27 {
        let now = at(&format!("2026-11-{day}T10:00:00"));
        clock.advance_to(now);
        tick(&app, now).await.unwrap();
    }
    let states: Vec<&str> = letters(&app).iter().map(|(letter, _)| letter.state.key()).collect();
    assert_eq!(states, ["held", "cancelled", "cancelled", "cancelled"]);
}

#[test]
fn a_clock_far_ahead_does_not_silence_the_schedule_for_ever() {
    let (app, _) = app(&config(DAILY), at("2026-11-22T10:00:00"));
    let until = at("2036-01-01T00:00:00");
    app.store().set_meta(Job::Digest.meta(), &Done { until, ..Done::default() }).unwrap();
    let now = at("2026-11-22T10:00:00");
    assert_eq!(keep_digest(&app, now), 0);
    assert_eq!(keep_digest(&app, at("2026-11-23T08:30:00")), 1);
}

fn keep_digest(app: &App, now: Timestamp) -> usize {
    super::keep(app, Job::Digest, now).unwrap().0
}
