//! What do the outcomes of polls make of an account's state: posts, findings, waits, bytes and journal?

use chrono::TimeDelta;
use freshd_core::account::{Lifecycle, Source};
use freshd_core::fault::{FaultKind, FaultScope, Retry};
use freshd_core::history::SIGHTINGS_BY_LATEST;
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Profile, ProfileState, Published, Sighting};
use freshd_core::rulebook::Rule;
use freshd_core::schedule::WISH_MAX_DAYS;

use super::*;
use crate::config::Config;

/// Hours after a Sunday noon in November.
fn t(hours: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_795_320_000, 0).unwrap() + TimeDelta::hours(hours)
}

fn account(n: u32) -> Account {
    Account {
        id: AccountId::new(format!("weibo:{n}")),
        name: format!("发布{n}"),
        platform: "weibo".to_owned(),
        sources: vec![Source::new("weibo", n.to_string())],
        ..Account::default()
    }
}

fn post(key: &str, at: Timestamp) -> Sighting {
    Sighting {
        key: key.to_owned(),
        channel: Channel::posts(),
        published: Published::at(at),
        title: format!("标题{key}"),
        url: None,
        pinned: false,
        repost: false,
    }
}

/// Posts, and the proof that the last 20 days held no other.
fn seen(posts: &[(&str, Timestamp)], at: Timestamp, body: &str) -> Observation {
    let mut observation = Observation {
        sightings: posts.iter().map(|(key, at)| post(key, *at)).collect(),
        evidence: vec![Evidence {
            url: "http://weibo.test/list".to_owned(),
            at,
            body: body.to_owned(),
        }],
        ..Observation::default()
    };
    observation.coverage.add(Channel::all(), at - TimeDelta::days(20), at);
    observation
}

fn state_seen(state: ProfileState) -> Observation {
    Observation { profile: Some(Profile { state, ..Profile::default() }), ..Observation::default() }
}

fn fault(scope: FaultScope, kind: FaultKind) -> Fault {
    Fault::new(scope, kind, "测试")
}

/// Where polls are applied: what outlives one of them.
struct Desk {
    breaker: Breaker,
    terms: Terms,
}

impl Desk {
    fn new() -> Self {
        let terms = Terms { policy: Config::built_in().policy(), intervals: Intervals::default() };
        Self { breaker: Breaker::default(), terms }
    }

    fn apply(
        &mut self,
        account: &Account,
        before: AccountState,
        at: Timestamp,
        result: Result<Observation, Fault>,
    ) -> Applied {
        let outcome = SourceOutcome {
            source: account.sources[0].clone(),
            credential: None,
            channels: vec![Channel::posts()],
            at,
            result,
            trace: Vec::new(),
        };
        apply(account, before, vec![outcome], &mut self.breaker, &self.terms, at)
    }
}

fn outcome_of(applied: &Applied, rule: Rule) -> Outcome {
    applied.judgement.ruling(rule).unwrap().outcome
}

fn events<'a>(applied: &'a Applied, event: &str) -> Vec<&'a Value> {
    applied.journal.iter().filter(|line| line["event"] == event).collect()
}

/// The names of all bytes that a state points to.
fn named(state: &AccountState) -> Vec<String> {
    let all = state.history.evidence().map(|held| held.id.clone());
    all.filter(|id| !id.is_empty()).collect()
}

#[test]
fn what_was_seen_is_absorbed_judged_and_journalled() {
    let (mut desk, it) = (Desk::new(), account(1));
    let applied =
        desk.apply(&it, AccountState::default(), t(0), Ok(seen(&[("a", t(-24))], t(0), "甲")));
    assert_eq!(applied.judgement.verdict, Some(Outcome::Pass));
    let standing = applied.state.standing.as_ref().unwrap();
    assert_eq!((standing.verdict, standing.since), (Some(Outcome::Pass), t(0)));
    let held = &applied.state.sources["weibo:1"];
    assert_eq!((held.last_ok, held.failures, held.failing_since), (Some(t(0)), 0, None));
    let observed = events(&applied, "observed");
    assert_eq!(observed.len(), 1);
    assert_eq!(observed[0]["posts"][0]["key"], "a");
    assert_eq!(observed[0]["source"], "weibo:1");
    assert_eq!(events(&applied, "ruling").len(), applied.judgement.rulings.len());
    assert!(applied.state.next_poll.is_some_and(|next| next > t(0)));
    assert!(applied.state.next_notice.is_some_and(|next| next > t(0)), "nothing to tell yet");

    let again =
        desk.apply(&it, applied.state.clone(), t(1), Ok(seen(&[("a", t(-24))], t(1), "甲")));
    assert!(again.journal.is_empty(), "nothing new happened: {:?}", again.journal);
    let standing = again.state.standing.as_ref().unwrap();
    assert_eq!(standing.since, t(0), "a verdict that stays keeps its beginning");
}

#[test]
fn a_proven_silence_fails_and_is_told_at_once() {
    let (mut desk, it) = (Desk::new(), account(1));
    let found =
        desk.apply(&it, AccountState::default(), t(0), Ok(seen(&[("a", t(-24 * 16))], t(0), "旧")));
    assert_eq!(outcome_of(&found, Rule::ContentStale), Outcome::Fail);
    assert_eq!(found.state.next_notice, Some(t(0)));
    let line = |line: &&&Value| line["rule"] == "content-stale";
    assert_eq!(events(&found, "ruling").iter().find(line).unwrap()["to"], "fail");
    let mended = desk.apply(&it, found.state, t(2), Ok(seen(&[("b", t(1))], t(2), "新")));
    let lines = events(&mended, "ruling");
    let change = lines.iter().find(line).unwrap();
    assert_eq!((&change["from"], &change["to"]), (&json!("fail"), &json!("pass")));
}

#[test]
fn gone_by_a_fault_or_by_a_profile_needs_two_answers_an_hour_apart() {
    let answers: [fn() -> Result<Observation, Fault>; 4] = [
        || Err(fault(FaultScope::Account, FaultKind::Gone)),
        || Err(fault(FaultScope::Account, FaultKind::Suspended)),
        || Ok(state_seen(ProfileState::Deregistered)),
        || Ok(state_seen(ProfileState::Frozen)),
    ];
    for answer in answers {
        let (mut desk, it) = (Desk::new(), account(1));
        let first = desk.apply(&it, AccountState::default(), t(0), answer());
        assert_eq!(outcome_of(&first, Rule::AccountGone), Outcome::Undetermined);
        assert_ne!(first.judgement.verdict, Some(Outcome::Fail));
        let soon = desk.apply(&it, first.state, t(0) + TimeDelta::minutes(59), answer());
        assert_eq!(outcome_of(&soon, Rule::AccountGone), Outcome::Undetermined);
        let later = desk.apply(&it, soon.state, t(0) + TimeDelta::minutes(60), answer());
        assert_eq!(outcome_of(&later, Rule::AccountGone), Outcome::Fail);
        assert_eq!(later.judgement.verdict, Some(Outcome::Fail));
    }
}

#[test]
fn many_accounts_gone_alike_are_one_fault_of_the_platform() {
    for by_profile in [false, true] {
        let answer = || match by_profile {
            false => Err(fault(FaultScope::Account, FaultKind::Gone)),
            true => {
                let mut observation = state_seen(ProfileState::Deregistered);
                observation.coverage.add(Channel::all(), t(-24 * 5), t(0));
                Ok(observation)
            }
        };
        let mut desk = Desk::new();
        let mut states: Vec<AccountState> = (0..6)
            .map(|n| desk.apply(&account(n), AccountState::default(), t(0), answer()).state)
            .collect();
        assert!(
            states[5].history.states.newest(t(0)).is_none(),
            "promoted: no look at the account"
        );
        assert!(states[5].history.proofs.is_empty(), "and its silence proves nothing");
        assert_eq!(states[5].sources["weibo:5"].faults[0].scope, FaultScope::Platform);
        for n in 0..6 {
            let before = std::mem::take(&mut states[n as usize]);
            let again = desk.apply(&account(n), before, t(3), answer());
            assert_ne!(again.judgement.verdict, Some(Outcome::Fail), "account {n}");
            assert_ne!(outcome_of(&again, Rule::AccountGone), Outcome::Fail, "account {n}");
        }
    }
}

#[test]
fn a_fault_alone_changes_no_ruling() {
    use FaultKind::*;
    let scopes = [
        FaultScope::Account,
        FaultScope::Credential,
        FaultScope::Platform,
        FaultScope::Connector,
        FaultScope::Local,
    ];
    let kinds = [
        Unauthorized,
        RateLimited,
        Challenged,
        Unavailable,
        TimedOut,
        Unreachable,
        Malformed,
        Refused,
        Gone,
        Suspended,
    ];
    let it = account(1);
    let good = Desk::new().apply(
        &it,
        AccountState::default(),
        t(0),
        Ok(seen(&[("a", t(-30))], t(0), "甲")),
    );
    for scope in scopes {
        for kind in kinds {
            if scope == FaultScope::Account && matches!(kind, Gone | Suspended) {
                continue;
            }
            let mut desk = Desk::new();
            let mut state = good.state.clone();
            for hour in 1..6 {
                let applied = desk.apply(&it, state, t(hour), Err(fault(scope, kind)));
                assert!(events(&applied, "ruling").is_empty(), "{scope:?} {kind:?}");
                assert_eq!(applied.judgement.verdict, Some(Outcome::Pass), "{scope:?} {kind:?}");
                state = applied.state;
            }
            assert_eq!(state.history, good.state.history, "{scope:?} {kind:?}");
            assert_eq!(state.sources["weibo:1"].failures, 5);
        }
    }
}

#[test]
fn a_fault_is_journalled_when_it_begins_and_when_it_ends() {
    let (mut desk, it) = (Desk::new(), account(1));
    let busy = || Err(fault(FaultScope::Platform, FaultKind::Unavailable));
    let first = desk.apply(&it, AccountState::default(), t(0), busy());
    assert_eq!(events(&first, "faults").len(), 1);
    let second = desk.apply(&it, first.state, t(1), busy());
    assert!(events(&second, "faults").is_empty(), "it is the same fault");
    let held = &second.state.sources["weibo:1"];
    assert_eq!((held.failures, held.failing_since), (2, Some(t(0))));
    let other = fault(FaultScope::Platform, FaultKind::TimedOut);
    let third = desk.apply(&it, second.state, t(2), Err(other));
    assert_eq!(events(&third, "faults").len(), 1);
    let over = desk.apply(&it, third.state, t(3), Ok(Observation::default()));
    assert_eq!(events(&over, "faults")[0]["faults"], json!([]));
    let held = &over.state.sources["weibo:1"];
    assert_eq!((held.failures, held.failing_since, held.faults.len()), (0, None, 0));
}

#[test]
fn a_memo_is_kept_and_bounded() {
    let (mut desk, it) = (Desk::new(), account(1));
    let with = |memo: Option<String>| {
        let mut observation = Observation::default();
        observation.hint.memo = memo;
        Ok(observation)
    };
    let memo = |applied: &Applied| applied.state.sources["weibo:1"].memo.clone();
    let first = desk.apply(&it, AccountState::default(), t(0), with(Some("记".into())));
    assert_eq!(memo(&first).as_deref(), Some("记"));
    let silent = desk.apply(&it, first.state, t(1), with(None));
    assert_eq!(memo(&silent).as_deref(), Some("记"), "no word about it leaves it");
    let failed = fault(FaultScope::Platform, FaultKind::Unavailable);
    let failed = desk.apply(&it, silent.state, t(2), Err(failed));
    assert_eq!(memo(&failed).as_deref(), Some("记"));
    let most = "m".repeat(MEMO_BYTES_MAX);
    let full = desk.apply(&it, failed.state, t(3), with(Some(most.clone())));
    assert_eq!(memo(&full), Some(most.clone()));
    let over = desk.apply(&it, full.state, t(4), with(Some(most + "m")));
    assert_eq!(memo(&over), None, "too long: neither it nor an older one");
}

#[test]
fn a_servers_wish_is_never_shortened_and_capped_at_a_week() {
    let week = t(0) + TimeDelta::days(WISH_MAX_DAYS);
    let wishes = [
        (Retry::After(0), t(0)),
        (Retry::After(86_400 * 3), t(72)),
        (Retry::At(t(50)), t(50)),
        (Retry::After(86_400 * 8), week),
        (Retry::At(t(24 * 400)), week),
        (Retry::After(u64::MAX), week),
        (Retry::After(10_000_000_000_000), week),
    ];
    for (retry, until) in wishes {
        for kind in [FaultKind::RateLimited, FaultKind::Unavailable, FaultKind::Challenged] {
            let (mut desk, it) = (Desk::new(), account(1));
            let busy = fault(FaultScope::Platform, kind).retry(retry);
            let applied = desk.apply(&it, AccountState::default(), t(0), Err(busy.clone()));
            assert_eq!(applied.state.sources["weibo:1"].not_before, Some(until), "{retry:?}");
            let next = applied.state.next_poll.unwrap();
            assert!(next >= until, "{retry:?} {kind:?}: {next} before {until}");

            let mut partial = seen(&[("a", t(-24))], t(0), "甲");
            partial.faults = vec![fault(FaultScope::Account, FaultKind::TimedOut), busy];
            let applied = desk.apply(&it, AccountState::default(), t(0), Ok(partial));
            assert!(applied.state.next_poll.unwrap() >= until, "in a partial answer, too");
            let clean = desk.apply(&it, applied.state, until, Ok(Observation::default()));
            assert_eq!(clean.state.sources["weibo:1"].not_before, None);
        }
    }
}

#[test]
fn a_hint_delays_the_next_poll_and_no_hint_reaches_beyond_a_week() {
    let (mut desk, it) = (Desk::new(), account(1));
    let mut hinted = seen(&[("a", t(-24))], t(0), "甲");
    hinted.hint.not_before = Some(t(60));
    let applied = desk.apply(&it, AccountState::default(), t(0), Ok(hinted.clone()));
    assert!(applied.state.next_poll.unwrap() >= t(60));
    hinted.hint.not_before = Some(t(24 * 4000));
    let applied = desk.apply(&it, AccountState::default(), t(0), Ok(hinted));
    let next = applied.state.next_poll.unwrap();
    assert!(next < t(24 * 8), "a mistaken hint does not end the watching: {next}");
}

#[test]
fn what_only_a_person_can_mend_is_tried_once_a_day() {
    let (mut desk, it) = (Desk::new(), account(1));
    let refused = fault(FaultScope::Credential, FaultKind::Unauthorized).retry(Retry::Operator);
    let applied = desk.apply(&it, AccountState::default(), t(0), Err(refused));
    let next = applied.state.next_poll.unwrap();
    assert!(next >= t(20) && next <= t(26), "{next}");
}

#[test]
fn bytes_are_kept_only_where_they_add_a_post_or_change_a_ruling() {
    let (mut desk, it) = (Desk::new(), account(1));
    let first =
        desk.apply(&it, AccountState::default(), t(0), Ok(seen(&[("a", t(-24))], t(0), "一")));
    assert_eq!(first.evidence.len(), 1, "a new post");
    let same = desk.apply(&it, first.state, t(1), Ok(seen(&[("a", t(-24))], t(1), "二")));
    assert!(same.evidence.is_empty(), "nothing new");
    let posts = [("a", t(-24)), ("b", t(1))];
    let more = desk.apply(&it, same.state, t(2), Ok(seen(&posts, t(2), "三")));
    assert_eq!(more.evidence.len(), 1, "another post");
    let late = t(24 * 15);
    let fails = desk.apply(&it, more.state, late, Ok(seen(&posts, late, "四")));
    assert_eq!(outcome_of(&fails, Rule::ContentStale), Outcome::Fail);
    assert_eq!(fails.evidence.len(), 1, "the silence is a ruling that needs its bytes");
    let ids = &fails.judgement.ruling(Rule::ContentStale).unwrap().evidence;
    assert!(ids.iter().any(|held| held.id == fails.evidence[0].0));
    let bare = Observation { evidence: Vec::new(), ..seen(&[("c", late)], late, "") };
    let bare = desk.apply(&it, fails.state, late, Ok(bare));
    assert!(bare.evidence.is_empty());
}

#[test]
fn what_backs_a_fail_that_stands_does_not_stay_behind() {
    let mut desk = Desk::new();
    let old = [("a", t(-24 * 40))];
    let first = desk.apply(&account(1), AccountState::default(), t(0), Ok(seen(&old, t(0), "1")));
    assert_eq!(outcome_of(&first, Rule::ContentStale), Outcome::Fail);
    let soon = desk.apply(&account(1), first.state, t(6), Ok(seen(&old, t(6), "2")));
    assert!(soon.evidence.is_empty(), "within the day it stays");
    let later = desk.apply(&account(1), soon.state, t(24), Ok(seen(&old, t(24), "3")));
    assert_eq!(later.evidence.len(), 1);
    let ruling = later.judgement.ruling(Rule::ContentStale).unwrap();
    assert!(ruling.evidence.iter().any(|evidence| evidence.at == t(24)), "{:?}", ruling.evidence);
}

#[test]
fn every_reference_in_the_state_has_its_bytes_in_the_same_change() {
    let (mut desk, it) = (Desk::new(), account(1));
    let mut state = AccountState::default();
    let mut kept = std::collections::BTreeSet::new();
    for step in 0..120_i64 {
        let at = t(step * 7);
        let posts: Vec<(String, Timestamp)> = (0..step % 11)
            .map(|n| (format!("p{}", step / 9 - n), at - TimeDelta::hours(n * 40 + step % 5)))
            .collect();
        let posts: Vec<(&str, Timestamp)> = posts.iter().map(|(k, at)| (k.as_str(), *at)).collect();
        let applied = match step % 6 {
            5 => {
                let words = seen(&[], at, &format!("人{step}"));
                let voucher = Some(Voucher { name: "张三", with_file: step % 4 == 1 });
                apply_word(&it, state, "人工:张三", &words, voucher, &desk.terms, at)
            }
            4 => {
                let gone = fault(FaultScope::Account, FaultKind::Gone);
                desk.apply(&it, state, at, Err(gone))
            }
            _ => desk.apply(&it, state, at, Ok(seen(&posts, at, &format!("体{}", step % 50)))),
        };
        for (id, body) in &applied.evidence {
            assert_eq!(*id, EvidenceId::of(body.as_bytes()).to_string());
            kept.insert(id.clone());
        }
        for id in named(&applied.state) {
            assert!(kept.contains(&id), "step {step}: {id} was never kept");
        }
        let held = applied.state.history.sightings.len();
        assert!(held <= SIGHTINGS_BY_LATEST + 4, "bounded: {held}");
        state = applied.state;
    }
    assert!(!named(&state).is_empty(), "the walk did refer to bytes");
}

#[test]
fn two_bodies_of_one_look_are_both_kept_and_equal_ones_once() {
    let (mut desk, it) = (Desk::new(), account(1));
    let mut observation = seen(&[("a", t(-24))], t(0), "甲");
    let (first, other) = (
        observation.evidence[0].clone(),
        Evidence { url: "http://weibo.test/menu".to_owned(), at: t(0), body: "乙".to_owned() },
    );
    observation.evidence.extend([other, first]);
    let applied = desk.apply(&it, AccountState::default(), t(0), Ok(observation));
    let bodies: Vec<&str> = applied.evidence.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(bodies, ["甲", "乙"]);
}

#[test]
fn closed_accounts_are_neither_polled_nor_told() {
    let closed = Account { lifecycle: Lifecycle::Closed, ..account(1) };
    let mut desk = Desk::new();
    let old = seen(&[("a", t(-24 * 40))], t(0), "旧");
    let applied = desk.apply(&closed, AccountState::default(), t(0), Ok(old));
    assert_eq!(applied.judgement.verdict, None);
    assert_eq!((applied.state.next_poll, applied.state.next_notice), (None, None));
}

#[test]
fn an_account_without_a_source_waits_for_a_persons_word() {
    let manual = Account { sources: vec![Source::new("manual", "x")], ..account(1) };
    let terms = Desk::new().terms;
    let applied = reconsider(&manual, AccountState::default(), &terms, t(0));
    assert_eq!(applied.state.next_poll, None);
    assert_eq!(applied.judgement.verdict, Some(Outcome::Undetermined));
    let mut words = Observation::default();
    words.coverage.add(Channel::all(), t(-24 * 20), t(0));
    let said = |with_file| Some(Voucher { name: "李四", with_file });
    let one =
        apply_word(&manual, applied.state.clone(), "人工:李四", &words, said(false), &terms, t(0));
    assert_eq!(one.judgement.verdict, Some(Outcome::Undetermined), "one bare word fails nobody");
    let filed = apply_word(&manual, one.state, "人工:李四", &words, said(true), &terms, t(0));
    assert_eq!(filed.judgement.verdict, Some(Outcome::Fail));
}

#[test]
fn the_earliest_source_decides_when_an_account_is_polled() {
    let (mut desk, mut it) = (Desk::new(), account(1));
    it.sources.push(Source::new("feed", "http://b.test/f.xml"));
    let wish = Retry::After(86_400 * 2);
    let busy = fault(FaultScope::Platform, FaultKind::RateLimited).retry(wish);
    let applied = desk.apply(&it, AccountState::default(), t(0), Err(busy));
    assert_eq!(applied.state.next_poll, Some(t(0)), "the other one was never asked");
    let outcome = SourceOutcome {
        source: it.sources[1].clone(),
        credential: None,
        channels: Vec::new(),
        at: t(1),
        result: Ok(Observation::default()),
        trace: Vec::new(),
    };
    let next = apply(&it, applied.state, vec![outcome], &mut desk.breaker, &desk.terms, t(1));
    assert_eq!(next.state.sources["weibo:1"].not_before, Some(t(48)), "its wish still stands");
    assert!(next.state.next_poll.is_some_and(|at| at > t(1) && at < t(48)));
}

mod proof;

#[test]
fn probes_are_counted_by_the_quarter_and_our_own_network_is_no_outage() {
    let mut it = account(1);
    it.sources = vec![Source::new("probe", "https://app.example.cn/health")];
    let sign = |works| freshd_core::observation::InteractionSign {
        kind: "probe".to_owned(),
        works,
        what: String::new(),
    };
    let up = Observation { interaction: vec![sign(Some(true))], ..Observation::default() };
    let mut desk = Desk::new();
    let first = desk.apply(&it, AccountState::default(), t(0), Ok(up.clone()));
    let slow = Err(fault(FaultScope::Account, FaultKind::TimedOut));
    let second = desk.apply(&it, first.state, t(1), slow);
    let away = Err(fault(FaultScope::Local, FaultKind::Unreachable));
    let third = desk.apply(&it, second.state, t(2), away);
    let tally = third.state.sources["probe:https://app.example.cn/health"].uptime.clone().unwrap();
    let tally = tally.current;
    assert_eq!((tally.up, tally.down, tally.unknown, tally.rate()), (1, 1, 1, Some(50.0)));
    // A list of posts is no service of the account's own.
    let other = desk.apply(&account(2), AccountState::default(), t(0), Ok(up));
    assert_eq!(other.state.sources["weibo:2"].uptime, None);
}

#[test]
fn a_question_to_the_owner_comes_up_once_however_often_it_is_polled() {
    let mut desk = Desk::new();
    let it = Account { sources: Vec::new(), ..account(1) };
    let mut state = AccountState::default();
    let mut asked = Vec::new();
    for hour in [0, 20, 40, 60] {
        let (breaker, terms) = (&mut desk.breaker, &desk.terms);
        let applied = apply(&it, state, Vec::new(), breaker, terms, t(hour));
        asked.push(applied.state.next_notice);
        state = applied.state;
    }
    // Two days after it was first open; then it is time to ask.
    let due = Some(t(48));
    assert_eq!(asked, [due, due, due, Some(t(60))]);
}
