//! Does the whole run, from ledger to letters, say nothing untrue? A small province, through the demonstration's own way.
#![cfg(feature = "demo")]

use freshd::cli::demo::province::Scenario;
use freshd::cli::demo::{Found, run_once};
use freshd_core::verdict::{EvidenceClass, Outcome};

const SEED: u64 = 7;

fn scenario(accounts: usize, days: u32) -> Scenario {
    Scenario {
        accounts,
        days,
        days_after: 0,
        seed: SEED,
        listen: None,
        authorised: true,
        reacts_percent: 0,
    }
}

fn count(found: &Found, verdict: Outcome) -> usize {
    found.last.iter().filter(|one| one.verdict == verdict).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_province_is_judged_as_it_is_and_written_to() {
    let scenario = scenario(40, 16);
    let (found, mails) = run_once(&scenario).await.unwrap();
    let report = found.report();
    assert!(found.wrong.is_empty(), "seed {SEED}\n{report}");
    assert!(found.is_right(), "seed {SEED}\n{report}");
    assert_eq!((found.last.len(), found.comparisons), (40, 40 * 17));
    assert!(count(&found, Outcome::Pass) > 10 && count(&found, Outcome::Fail) > 2, "{report}");
    assert!(found.last.iter().any(|one| one.menu.found > 0), "{report}");
    assert_eq!(found.precheck.exit, 1, "{report}");
    let people = &found.people;
    assert!(people.looks() > 0 && people.refused.is_empty(), "{report}");
    let attested = |one: &&freshd::cli::demo::truth::Compared| one.class == EvidenceClass::Attested;
    let failed = found.last.iter().filter(attested).any(|one| one.verdict == Outcome::Fail);
    assert!(failed, "what people saw decides, too: {report}");

    assert!(!mails.is_empty(), "{report}");
    assert_eq!(found.post.arrived, mails.len());
    for mail in &mails {
        for name in ["X-Freshd-Reason", "Message-ID", "Date", "List-Id"] {
            assert!(mail.header(name).is_some_and(|text| !text.is_empty()), "{name}: {mail:?}");
        }
        assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
        let whole = mail.text_body().zip(mail.html_body());
        let (text, html) = whole.expect("a letter has text and HTML");
        assert!(text.contains("不作为通报依据") && html.contains("不作为通报依据"), "{text}");
    }
    for (at, line) in report.lines().enumerate().filter(|(_, line)| line.ends_with(':')) {
        let next = report.lines().nth(at + 1).unwrap_or_default();
        assert!(next.starts_with("  "), "a colon with nothing after it: {line}\n{report}");
    }
    assert!(report.contains("误报 0 个账号,漏报 0 个账号"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_most_authorise_nothing_people_bring_the_proof() {
    let scenario = Scenario { authorised: false, ..scenario(30, 20) };
    let (found, _) = run_once(&scenario).await.unwrap();
    let report = found.report();
    assert!(found.is_right(), "seed {SEED}\n{report}");
    let (first, check) = (found.quarters.first.unwrap(), found.quarters.checks.last().unwrap());
    assert!(first.classes.auto * 4 <= first.judged, "{report}");
    let first = first.open;
    assert!(first * 3 >= check.judged, "at first a third cannot be judged: {report}");
    assert!(check.open * 20 <= check.judged, "at the check at most 5 %: {report}");
    assert!(report.contains("季度检查"), "{report}");
}

/// How many accounts the simulated year has unless told otherwise, and the variable that tells.
const YEAR_ACCOUNTS: (usize, &str) = (30, "FRESHD_YEAR_ACCOUNTS");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simulation_of_a_year_in_which_most_authorise_nothing_at_first() {
    let told = std::env::var(YEAR_ACCOUNTS.1).ok().and_then(|text| text.parse().ok());
    let accounts = told.unwrap_or(YEAR_ACCOUNTS.0);
    let scenario = Scenario { authorised: false, reacts_percent: 50, ..scenario(accounts, 365) };
    let (found, _) = run_once(&scenario).await.unwrap();
    let report = found.report();
    assert!(found.is_right(), "seed {SEED}\n{report}");
    let (first, checks) = (found.quarters.first.unwrap(), &found.quarters.checks);
    let [.., last] = checks.as_slice() else { panic!("no check: {report}") };
    assert_eq!(checks.len(), 4, "{report}");
    assert!(checks.iter().all(|check| check.false_alarms == 0), "{report}");
    assert!(first.classes.auto * 4 <= first.judged && first.open * 3 >= first.judged, "{report}");
    assert!(last.classes.auto > first.classes.auto, "some authorise: {report}");
    assert!(last.open_percent() <= 5.0, "at the fourth check: {report}");
    assert!(found.quarters.scaled_hours_per_day().unwrap() <= 2.0, "{report}");
    assert!(found.people.mistaken > 0, "people err: {report}");
    let lapses = &found.post.lapses;
    assert!(lapses.warned * 10 >= lapses.preventable * 8, "{report}");
    assert!(lapses.prevented > 0 && lapses.prevented <= lapses.warned, "{report}");
    assert!(lapses.lead().is_some_and(|(mean, _)| mean > 24.0), "{report}");
    assert!(report.contains("人工共") && report.contains("可预防的超期"), "{report}");
}
