//! Is each appointed time kept once, whatever restarts between, and a missed one made up for once?

use super::*;
use crate::app::samples::{SENDING, app, keep, letters, over};
use crate::report::samples::{Sample, account, province, sample};
use crate::store::LetterState;
use freshd_core::history::Look;
use freshd_core::id::Channel;

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
    let mut all = letters(&app);
    let operators = all.iter().position(|(letter, _)| letter.to == "ops@b.cn").unwrap();
    let (letter, body) = all.remove(operators);
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

/// The province, its supervising unit with an address, and one account of another unit.
fn units() -> Vec<Sample> {
    let mut all = province();
    for (account, _, _) in &mut all {
        account.supervisor_email = vec!["boss@example.gov.cn".to_owned()];
    }
    let mut other = sample(account("9", "高州\n发布"), Some(20.0), 30);
    other.0.email = vec!["li@example.gov.cn".to_owned()];
    all.push(other);
    all
}

/// Storm control that would hold any letter.
fn stormy() -> String {
    let quarterly = config("precheck = \"0 0 10 20 12 *\"\ndigest = \"\"");
    quarterly.replace("mode =", "hold_share = 0.0\nhold_min_recipients = 0\nmode =")
}

#[tokio::test]
async fn a_pilot_writes_about_its_units_only_and_their_supervisor_sees_no_others() {
    let (pilot, fire) = ("mode = \"pilot\"\npilot_units = [\"高州市\"]", at("2026-12-20T10:00:00"));
    let text = stormy().replace("mode = \"send\"", pilot);
    let (app, clock) = app(&text, at("2026-12-20T09:59:00"));
    let mut all = units();
    for sample in all.iter_mut().skip(5) {
        sample.0.reporting_unit = "高州市".to_owned();
        sample.0.supervisor_email = vec!["boss@example.gov.cn".to_owned()];
    }
    keep(&app, &shifted(all, 28));
    tick(&app, at("2026-12-20T09:59:00")).await.unwrap();
    clock.advance_to(fire);
    tick(&app, fire).await.unwrap();
    let mut leaves: Vec<String> = Vec::new();
    for (letter, body) in letters(&app).into_iter().filter(|(it, _)| it.to != "ops@b.cn") {
        let others = ["茂名交警", "茂名禁毒", "平安茂名"].iter().any(|it| body.text.contains(it));
        assert_eq!(letter.state == LetterState::Queued, body.text.contains("高州 发布"));
        assert_eq!(letter.state == LetterState::Held, others, "{}: {}", letter.to, body.text);
        leaves.extend((letter.state == LetterState::Queued).then_some(letter.to));
    }
    leaves.sort();
    assert_eq!(leaves, ["boss@example.gov.cn", "li@example.gov.cn"]);
}

#[tokio::test]
async fn owners_hear_what_they_must_do_and_supervising_units_get_a_table() {
    let fire = at("2026-12-20T10:00:00");
    let (app, clock) = app(&stormy(), at("2026-12-20T09:59:00"));
    keep(&app, &shifted(units(), 28));
    tick(&app, at("2026-12-20T09:59:00")).await.unwrap();
    clock.advance_to(fire);
    assert_eq!(tick(&app, fire).await.unwrap().did, 1);
    let all = letters(&app);
    let to: Vec<&str> = all.iter().map(|(letter, _)| letter.to.as_str()).collect();
    assert_eq!(all.len(), 4, "{to:?}");
    let of = |to: &str| all.iter().find(|(letter, _)| letter.to == to).unwrap();
    for (letter, body) in &all {
        assert_eq!(letter.state, LetterState::Queued, "a planned letter is no storm");
        assert_eq!(letter.reasons, ["precheck"]);
        assert!(body.text.contains("系统自动提示,供自查,不作为通报依据"), "{}", body.text);
    }
    let (letter, body) = of("zhang@example.gov.cn");
    let subject = "【政务新媒体提醒】2026Q4 季度自查:3 个账号须在12月31日 09:00检查前处理";
    assert_eq!(letter.subject, subject);
    for words in [
        "▶ 请尽快发布;为通过12月31日 09:00的检查,请于12月30日(含)前发布",
        "   状态:预警\n",
        "前发布(更新期限);为通过12月31日 09:00的检查,请于12月30日(含)前发布",
    ] {
        assert!(body.text.contains(words), "{words}\n--\n{}", body.text);
    }
    // Nothing undetermined goes to an owner.
    assert!(!body.text.contains("茂名禁毒") && !body.text.contains("平安茂名"), "{}", body.text);
    let (letter, body) = of("boss@example.gov.cn");
    assert!(letter.subject.ends_with("主管账号 5 个,疑似不达标 2、检查前须再发布 1、待核实 1"));
    for words in [
        "■ 2026Q4 季度检查自查情况表(检查时点 12月31日 09:00)",
        "4. [待核实] 茂名禁毒(新浪微博,茂名市公安局)\n   最近更新:没有采集到;没有足够数据,不等于没有更新",
    ] {
        assert!(body.text.contains(words), "{words}\n--\n{}", body.text);
    }
    assert!(body.html.contains("<b>茂名&lt;b&gt;消防") && !body.html.contains("<b>消防"));
    assert!(of("li@example.gov.cn").0.subject.contains("高州 发布须在12月31日"), "one line");
}

#[tokio::test]
async fn the_operators_get_the_workbook() {
    let fire = at("2026-12-20T10:00:00");
    let (app, clock) = app(&stormy(), at("2026-12-20T09:59:00"));
    keep(&app, &shifted(units(), 28));
    tick(&app, at("2026-12-20T09:59:00")).await.unwrap();
    clock.advance_to(fire);
    tick(&app, fire).await.unwrap();
    let all = letters(&app);
    let (_, body) = all.iter().find(|(letter, _)| letter.to == "ops@b.cn").unwrap();
    let [file] = body.attachments.as_slice() else { panic!("{:?}", body.attachments.len()) };
    assert_eq!(file.name, "freshd-precheck-2026Q4.xlsx");
    let bytes = std::io::Cursor::new(file.bytes().unwrap());
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(bytes).unwrap();
    let sheets = ["检查情况", "突出问题名单", "预警名单", "无法判定名单", "节前提醒"];
    assert_eq!(calamine::Reader::sheet_names(&book), sheets);
    let range = calamine::Reader::worksheet_range(&mut book, "突出问题名单").unwrap();
    let cells: Vec<String> = range.used_cells().map(|(_, _, cell)| cell.to_string()).collect();
    assert!(cells.iter().any(|cell| cell.contains("消防")), "{cells:?}");
}

#[tokio::test]
async fn both_rounds_are_written_once_whatever_restarts_between() {
    let first = at("2026-12-20T10:00:00");
    let (app, _) = app(&stormy(), at("2026-12-20T09:59:00"));
    keep(&app, &shifted(units(), 28));
    let store = app.store().clone();
    tick(&app, at("2026-12-20T09:59:00")).await.unwrap();
    // Killed between the letters to the units and the commit that ends the job: only what is missing is added.
    let (early, _) = over(&stormy(), first, store.clone());
    precheck_to_units(&early, first, first).unwrap();
    assert_eq!(letters(&early).len(), 3);
    let runs = [
        ("2026-12-20T10:00:00", 4),
        ("2026-12-20T10:00:20", 4),
        ("2026-12-28T08:59:59", 4),
        // Three working days before Thursday 31 December. The data are old by then: nothing can be said to owners.
        ("2026-12-28T09:00:00", 6),
        ("2026-12-28T09:00:20", 6),
        ("2026-12-31T10:00:00", 6),
    ];
    for (now, expected) in runs {
        let (app, _) = over(&stormy(), at(now), store.clone());
        tick(&app, at(now)).await.unwrap();
        assert_eq!(letters(&app).len(), expected, "{now}");
    }
    let again = letters(&app);
    assert!(again.iter().any(|(letter, _)| letter.subject.contains("(检查前三个工作日)")));
}

#[test]
fn the_second_round_falls_three_working_days_before_each_inspection() {
    let (app, _) = app(&stormy(), at("2026-01-05T10:00:00"));
    let config = app.config();
    let mut at_ = at("2026-01-01T00:00:00");
    let mut days = Vec::new();
    for _ in 0..4 {
        at_ = again_after(&config, at_).unwrap();
        days.push(civil::minute_text(at_));
    }
    // 31 March is a Tuesday; 30 September a Wednesday behind 25–27 September off.
    let expected = ["2026-03-26 09:00", "2026-06-25 09:00", "2026-09-24 09:00", "2026-12-28 09:00"];
    assert_eq!(days, expected);
}

/// The same accounts so many days later.
fn shifted(mut samples: Vec<Sample>, days: i64) -> Vec<Sample> {
    let by = TimeDelta::days(days);
    for (account, state, _) in &mut samples {
        let held = std::mem::take(state);
        let mut observation = freshd_core::observation::Observation::default();
        for seen in &held.history.sightings {
            let mut sighting = seen.sighting.clone();
            sighting.published.latest += by;
            sighting.published.earliest = sighting.published.earliest.map(|at| at + by);
            observation.sightings.push(sighting);
        }
        let until = crate::report::samples::now() + by;
        if !held.history.sightings.is_empty() {
            observation.coverage.add(Channel::posts(), until - TimeDelta::days(130), until);
        }
        state.history.absorb(&Look {
            source: &account.sources[0].to_string(),
            at: until,
            channels: &[Channel::posts()],
            observation: &observation,
            evidence: None,
            voucher: None,
        });
    }
    samples
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
