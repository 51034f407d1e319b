//! Does a ruling name the bytes that say what it says, of all that a look brought, and are they renewed?

use freshd_core::account::platform;
use freshd_core::observation::{DownloadSign, Part};

use super::*;

fn piece(body: &str, at: Timestamp) -> Evidence {
    Evidence { url: format!("http://test/{body}"), at, body: body.to_owned() }
}

fn id(body: &str) -> String {
    EvidenceId::of(body.as_bytes()).to_string()
}

/// The names of the bytes behind a ruling.
fn behind(applied: &Applied, rule: Rule) -> Vec<String> {
    let ruling = applied.judgement.ruling(rule).unwrap();
    ruling.evidence.iter().map(|held| held.id.clone()).collect()
}

/// Figures first, then the refusal that tells of the state, then something else.
fn refused(at: Timestamp, hour: i64) -> Observation {
    let mut seen = state_seen(ProfileState::Frozen);
    seen.evidence = vec![piece(&format!("统计{hour}"), at), piece(&format!("50002 {hour}"), at)];
    seen.carried(&[Part::Profile]);
    seen.evidence.push(piece(&format!("其他{hour}"), at));
    seen
}

#[test]
fn both_looks_at_a_gone_account_name_the_refusal() {
    let (mut desk, it) = (Desk::new(), account(1));
    let healthy = seen(&[("a", t(-1))], t(-1), "列表");
    let held = desk.apply(&it, AccountState::default(), t(-1), Ok(healthy));
    let first = desk.apply(&it, held.state, t(0), Ok(refused(t(0), 0)));
    assert_eq!(outcome_of(&first, Rule::AccountGone), Outcome::Undetermined);
    assert_eq!(behind(&first, Rule::AccountGone), [id("50002 0")]);
    let between = TimeDelta::minutes(30);
    let soon = desk.apply(&it, first.state, t(0) + between, Ok(refused(t(0) + between, 30)));
    assert!(soon.evidence.is_empty(), "nothing new is said");
    let second = desk.apply(&it, soon.state, t(2), Ok(refused(t(2), 2)));
    assert_eq!(outcome_of(&second, Rule::AccountGone), Outcome::Fail);
    assert_eq!(behind(&second, Rule::AccountGone), [id("50002 0"), id("50002 2")]);

    let same = desk.apply(&it, second.state, t(20), Ok(refused(t(20), 20)));
    assert!(same.evidence.is_empty());
    let held = same.judgement.ruling(Rule::AccountGone).unwrap().evidence[1].clone();
    assert_eq!(same.state.history.rechecked(&held, t(20)), Some(t(20)));
    let renewed = desk.apply(&it, same.state, t(27), Ok(refused(t(27), 27)));
    assert_eq!(behind(&renewed, Rule::AccountGone), [id("50002 2"), id("50002 27")]);

    let open =
        Observation { evidence: vec![piece("正常", t(28))], ..state_seen(ProfileState::Open) };
    let back = desk.apply(&it, renewed.state, t(28), Ok(open));
    assert_eq!(behind(&back, Rule::AccountGone), [id("正常")]);
}

#[test]
fn a_fault_that_says_gone_is_backed_by_what_it_says() {
    let (mut desk, it) = (Desk::new(), account(1));
    let gone = || Fault::new(FaultScope::Account, FaultKind::Gone, "/list 回答 HTTP 410");
    let first = desk.apply(&it, AccountState::default(), t(0), Err(gone()));
    let second = desk.apply(&it, first.state, t(2), Err(gone()));
    assert_eq!(outcome_of(&second, Rule::AccountGone), Outcome::Fail);
    assert_eq!(behind(&second, Rule::AccountGone).len(), 2);
    assert!(second.evidence[0].1.contains("HTTP 410"), "{:?}", second.evidence);
}

/// A cached hit, then the answer that says no.
fn missing(at: Timestamp, hour: i64) -> Observation {
    let download = Some(DownloadSign { available: Some(false), what: String::new() });
    let mut seen = Observation { download, ..Observation::default() };
    seen.evidence = vec![piece(&format!("缓存{hour}"), at), piece(&format!("查无{hour}"), at)];
    seen.carried(&[Part::Download]);
    seen
}

#[test]
fn a_missing_app_names_the_answer_that_says_so_and_renews_it_by_the_day() {
    let mut desk = Desk::new();
    let app = Account {
        platform: platform::APP.to_owned(),
        sources: vec![Source::new("appstore", "123456789")],
        ..account(1)
    };
    let first = desk.apply(&app, AccountState::default(), t(0), Ok(missing(t(0), 0)));
    assert_eq!(outcome_of(&first, Rule::AppUnusable), Outcome::Fail);
    assert_eq!(behind(&first, Rule::AppUnusable), [id("查无0")]);
    let same = desk.apply(&app, first.state, t(23), Ok(missing(t(23), 23)));
    assert_eq!(behind(&same, Rule::AppUnusable), [id("查无0")], "not yet a day old");
    assert!(same.evidence.is_empty());
    let renewed = desk.apply(&app, same.state, t(24), Ok(missing(t(24), 24)));
    assert_eq!(behind(&renewed, Rule::AppUnusable), [id("查无24")]);
    assert!(renewed.evidence.iter().any(|(_, body)| body == "查无24"));
}

#[test]
fn a_silence_and_a_post_name_the_body_that_shows_them() {
    let (mut desk, it) = (Desk::new(), account(1));
    let mut told = seen(&[("old", t(-24 * 18))], t(0), "主页");
    told.evidence.push(piece("列表", t(0)));
    told.carried(&[Part::Coverage]);
    told.evidence.push(piece("详情", t(0)));
    told.carried(&[Part::Sighting("old")]);
    let failed = desk.apply(&it, AccountState::default(), t(0), Ok(told));
    assert_eq!(outcome_of(&failed, Rule::ContentStale), Outcome::Fail);
    let mut wanted = [id("列表"), id("详情")];
    wanted.sort();
    assert_eq!(behind(&failed, Rule::ContentStale), wanted);
}

#[test]
fn a_place_that_is_not_there_is_the_first() {
    let mut told = state_seen(ProfileState::Frozen);
    assert_eq!(told.carrier(Part::Profile), None);
    told.evidence = vec![piece("甲", t(0))];
    told.carried_by.profile = Some(7);
    assert_eq!(told.carrier(Part::Profile), Some(0));
}
