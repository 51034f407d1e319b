//! Does the whole run, from ledger to letters, say nothing untrue? A small province, through the demonstration's own way.
#![cfg(feature = "demo")]

use freshd::cli::demo::province::Scenario;
use freshd::cli::demo::{Found, run_once};
use freshd_core::verdict::{EvidenceClass, Outcome};

const SEED: u64 = 7;

fn scenario(accounts: usize, days: u32) -> Scenario {
    Scenario { accounts, days, days_after: 0, seed: SEED, listen: None, unauthorised: false }
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
    let patrols = &found.patrols;
    assert!(patrols.looks > 0 && patrols.refused.is_empty(), "{report}");
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
    let scenario = Scenario { unauthorised: true, ..scenario(30, 20) };
    let (found, _) = run_once(&scenario).await.unwrap();
    let report = found.report();
    assert!(found.is_right(), "seed {SEED}\n{report}");
    let auto = found.last.iter().filter(|one| one.class == EvidenceClass::Auto).count();
    assert!(auto * 4 <= found.last.len(), "{report}");
    let (first, check) = (found.patrols.open_before, found.patrols.checks.last().unwrap());
    assert!(first * 3 >= check.judged, "at first a third cannot be judged: {report}");
    assert!(check.open * 20 <= check.judged, "at the check at most 5 %: {report}");
    assert!(report.contains("季度检查"), "{report}");
}
