//! Every rule, boundary and clause; and the laws: a pass survives further absorbs, a fail has no possible
//! sighting in its window.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

mod interaction;
mod past;

use crate::account::{Filing, Lifecycle, Source, platform};
use crate::fault::{Fault, FaultKind, FaultScope};
use crate::history::{Look, Voucher};
use crate::id::AccountId;
use crate::link::{LinkCheck, LinkHealth, Menu, MenuEntry};
use crate::observation::{
    DownloadSign, InteractionSign, Observation, Profile, ProfileState, Published, Sighting,
};
use crate::rulebook::Profile as RuleProfile;

fn now() -> Timestamp {
    DateTime::from_timestamp(1_795_312_800, 0).unwrap()
}

fn ago(days: f64) -> Timestamp {
    now() - TimeDelta::seconds((days * 86_400.0) as i64)
}

fn policy() -> Policy {
    let clauses = Vec::new();
    let name = "national".to_owned();
    Policy::of(RuleProfile { name, title: String::new(), update_window_days: 14, clauses })
}

fn account(platform: &str) -> Account {
    Account {
        id: AccountId::of(platform, "1"),
        platform: platform.to_owned(),
        filing: Filing::Filed,
        ..Account::default()
    }
}

fn posted(published: Published) -> Observation {
    Observation {
        sightings: vec![Sighting {
            key: format!("{published:?}"),
            channel: Channel::posts(),
            published,
            title: "标题".to_owned(),
            url: None,
            pinned: false,
            repost: false,
        }],
        ..Observation::default()
    }
}

fn covered(channel: &str, since: Timestamp, until: Timestamp) -> Observation {
    let mut observation = Observation::default();
    observation.coverage.add(Channel::new(channel), since, until);
    observation
}

fn state(looks: &[(Timestamp, Observation)]) -> AccountState {
    let mut state = AccountState::default();
    for (at, observation) in looks {
        state.history.absorb(&Look {
            source: "weibo:1",
            at: *at,
            channels: &[],
            observation,
            evidence: None,
            voucher: None,
        });
    }
    state
}

fn check(name: &str, looks: &[Observation], expected: Outcome) -> Judgement {
    let looks: Vec<_> = looks.iter().map(|o| (now(), o.clone())).collect();
    let judgement = judge(&account("weibo"), &state(&looks), &policy(), now());
    let ruling = judgement.ruling(Rule::ContentStale).unwrap();
    assert_eq!(ruling.outcome, expected, "{name}: {}", ruling.reason);
    judgement
}

#[test]
fn content_stale_at_every_boundary() {
    use Outcome::{AtRisk, Fail, Pass, Undetermined};
    let s = TimeDelta::seconds(1);
    let all = || covered("posts", ago(100.0), now() + s);
    check("nothing known", &[], Undetermined);
    check("a fresh hit alone passes", &[posted(Published::at(ago(1.0)))], Pass);
    check("8.9 days old: 5.1 left", &[posted(Published::at(ago(8.9)))], Pass);
    check("9 days old: 5 left", &[posted(Published::at(ago(9.0)))], AtRisk);
    check("just inside the window", &[posted(Published::at(ago(14.0) + s)), all()], AtRisk);
    check("exactly the window is outside", &[posted(Published::at(ago(14.0))), all()], Fail);
    check("old hit without coverage", &[posted(Published::at(ago(30.0)))], Undetermined);
    check("covered and silent", &[covered("posts", ago(14.0) - s, now() + s)], Fail);
    check("covered a second short", &[covered("posts", ago(14.0) + s, now() + s)], Undetermined);
    check("another channel is covered", &[covered("notified", ago(50.0), now() + s)], Undetermined);
    check("the wildcard covers", &[covered("*", ago(50.0), now() + s)], Fail);
    let range = Published::between(ago(14.5), ago(13.5));
    check("the range straddles the bound", &[posted(range), all()], Undetermined);
    check("undated and covered", &[posted(Published::before(ago(3.0))), all()], Undetermined);
    check("undated, seen long ago", &[posted(Published::before(ago(20.0))), all()], Fail);
    check("future date", &[posted(Published::at(now() + TimeDelta::days(9))), all()], Undetermined);
}

#[test]
fn a_fail_speaks_as_of_the_last_instant_that_is_covered_and_not_beyond_48_hours() {
    let until = ago(1.5);
    let judgement = check("T+1", &[covered("posts", ago(60.0), until)], Outcome::Fail);
    let as_of = judgement.ruling(Rule::ContentStale).unwrap().as_of;
    assert_eq!(as_of, until - TimeDelta::seconds(1));
    assert_eq!(judgement.proven_until, Some(until));
    check("older than 48 h", &[covered("posts", ago(60.0), ago(2.1))], Outcome::Undetermined);
}

#[test]
fn a_post_after_the_covered_silence_is_a_pass_again() {
    let looks = [covered("posts", ago(60.0), ago(1.0)), posted(Published::at(ago(0.5)))];
    check("posted this morning", &looks, Outcome::Pass);
}

#[test]
fn a_vague_post_of_today_leaves_yesterdays_proof_standing() {
    // The only blocker lies after the covered silence: as of just before it, the window was silent.
    let looks = [
        covered("posts", ago(60.0), now()),
        posted(Published { earliest: Some(now() + TimeDelta::minutes(5)), latest: now() }),
    ];
    let judgement = check("", &looks, Outcome::Fail);
    assert!(judgement.ruling(Rule::ContentStale).unwrap().as_of < now());
}

#[test]
fn wechat_needs_both_channels() {
    let both = [
        covered(Channel::UNNOTIFIED, ago(30.0), now()),
        covered(Channel::NOTIFIED, ago(30.0), ago(0.4)),
    ];
    let wechat = account(platform::WECHAT);
    let outcome = |looks: &[Observation]| {
        let looks: Vec<_> = looks.iter().map(|o| (now(), o.clone())).collect();
        let judgement = judge(&wechat, &state(&looks), &policy(), now());
        judgement.ruling(Rule::ContentStale).unwrap().outcome
    };
    assert_eq!(outcome(&both[..1]), Outcome::Undetermined, "freepublish cannot see mass sends");
    assert_eq!(outcome(&both), Outcome::Fail);
}

#[test]
fn faults_never_change_a_ruling() {
    let looks = [(now(), posted(Published::at(ago(20.0))))];
    let mut held = state(&looks);
    let before = judge(&account("weibo"), &held, &policy(), now());
    for kind in [FaultKind::Challenged, FaultKind::TimedOut, FaultKind::Malformed] {
        let fault = Fault::new(FaultScope::Platform, kind, "");
        held.sources.entry("weibo:1".to_owned()).or_default().faults.push(fault);
    }
    assert_eq!(judge(&account("weibo"), &held, &policy(), now()), before);
}

#[test]
fn a_gone_account_needs_two_looks_an_hour_apart() {
    let gone = || Observation {
        profile: Some(Profile { state: ProfileState::Deregistered, ..Profile::default() }),
        ..Observation::default()
    };
    let fresh = posted(Published::at(ago(1.0)));
    let minutes = |m| now() - TimeDelta::minutes(m);
    let once = state(&[(now(), fresh.clone()), (now(), gone())]);
    let judgement = judge(&account("weibo"), &once, &policy(), now());
    assert_eq!(judgement.verdict, Some(Outcome::Pass));
    let twice = state(&[(now(), fresh), (minutes(60), gone()), (now(), gone())]);
    let judgement = judge(&account("weibo"), &twice, &policy(), now());
    assert_eq!(judgement.verdict, Some(Outcome::Fail));
    assert_eq!(judgement.activity, Activity::Zombie);
    let later = now() + TimeDelta::hours(49);
    let judgement = judge(&account("weibo"), &twice, &policy(), later);
    assert_eq!(judgement.ruling(Rule::AccountGone).unwrap().outcome, Outcome::Undetermined);
}

fn download(available: Option<bool>) -> Observation {
    let download = Some(DownloadSign { available, what: String::new() });
    Observation { download, ..posted(Published::at(ago(1.0))) }
}

#[test]
fn an_app_is_unusable_only_when_every_declared_source_is_proved_negative() {
    let mut app = account(platform::APP);
    app.sources = vec![Source::new("appstore", "1"), Source::new("apk", "https://a.example/x.apk")];
    let verdict = |store: Option<bool>, apk: Option<Option<bool>>| {
        let mut state = AccountState::default();
        let sources = app.sources.iter().map(ToString::to_string);
        for (source, sign) in sources.zip([Some(store), apk]) {
            if let Some(sign) = sign {
                let observation = download(sign);
                let look = Look {
                    source: &source,
                    at: now(),
                    channels: &[],
                    observation: &observation,
                    evidence: None,
                    voucher: None,
                };
                state.history.absorb(&look);
            }
        }
        judge(&app, &state, &policy(), now()).verdict
    };
    assert_eq!(verdict(Some(false), Some(Some(false))), Some(Outcome::Fail));
    assert_eq!(verdict(Some(false), Some(None)), Some(Outcome::Undetermined));
    assert_eq!(verdict(Some(false), None), Some(Outcome::Undetermined));
    assert_eq!(verdict(Some(false), Some(Some(true))), Some(Outcome::Pass));
    app.sources.clear();
    let state = state(&[(now(), posted(Published::at(ago(1.0))))]);
    assert_eq!(judge(&app, &state, &policy(), now()).verdict, Some(Outcome::Undetermined));
}

#[test]
fn interaction_fails_only_on_two_dead_looks_at_every_probe() {
    let mut held = account("weibo");
    held.sources = vec![Source::new("probe", "https://a.example/health")];
    let sign = |works| Observation {
        interaction: vec![InteractionSign { kind: "probe".into(), works, what: String::new() }],
        ..Observation::default()
    };
    let outcome = |looks: &[(i64, Option<bool>)]| {
        let mut state = AccountState::default();
        for (minutes, works) in looks {
            state.history.absorb(&Look {
                source: "probe:https://a.example/health",
                at: now() - TimeDelta::minutes(*minutes),
                channels: &[],
                observation: &sign(*works),
                evidence: None,
                voucher: None,
            });
        }
        judge(&held, &state, &policy(), now()).ruling(Rule::InteractionPoor).unwrap().outcome
    };
    assert_eq!(outcome(&[]), Outcome::Undetermined);
    assert_eq!(outcome(&[(0, Some(true))]), Outcome::Pass);
    assert_eq!(outcome(&[(0, Some(false))]), Outcome::Undetermined);
    assert_eq!(outcome(&[(90, Some(false)), (0, Some(false))]), Outcome::Fail);
    assert_eq!(outcome(&[(90, Some(false)), (50, None), (0, Some(false))]), Outcome::Undetermined);
    assert_eq!(outcome(&[(90, Some(false)), (0, None)]), Outcome::Undetermined);
}

#[test]
fn the_verdict_follows_the_contract() {
    let fresh = [(now(), posted(Published::at(ago(1.0))))];
    let mut held = account("weibo");
    let judgement = judge(&held, &state(&fresh), &policy(), now());
    assert_eq!(judgement.verdict, Some(Outcome::Pass), "undetermined safety does not change it");
    held.lifecycle = Lifecycle::Closing;
    assert!(judge(&held, &state(&fresh), &policy(), now()).verdict.is_some());
    held.lifecycle = Lifecycle::Closed;
    assert_eq!(judge(&held, &state(&fresh), &policy(), now()).verdict, None);
    held.lifecycle = Lifecycle::Running;
    held.filing = Filing::Unfiled;
    let judgement = judge(&held, &state(&fresh), &policy(), now());
    assert_eq!(judgement.verdict, Some(Outcome::Pass), "filing advises");
    assert_eq!(judgement.ruling(Rule::Filing).unwrap().outcome, Outcome::Fail);
}

#[test]
fn activity_tells_dormant_from_zombie() {
    let activity = |looks: &[Observation]| {
        let looks: Vec<_> = looks.iter().map(|o| (now(), o.clone())).collect();
        judge(&account("weibo"), &state(&looks), &policy(), now()).activity
    };
    let s = TimeDelta::seconds(2);
    assert_eq!(activity(&[posted(Published::at(ago(1.0)))]), Activity::Active);
    assert_eq!(activity(&[covered("posts", ago(20.0), now())]), Activity::Dormant);
    assert_eq!(activity(&[covered("posts", ago(90.0) - s, now())]), Activity::Zombie);
    assert_eq!(activity(&[]), Activity::Undetermined);
}

#[test]
fn the_evidence_class_says_what_a_verdict_rests_on() {
    let class =
        |state: &AccountState| judge(&account("weibo"), state, &policy(), now()).evidence_class;
    assert_eq!(class(&state(&[])), EvidenceClass::None);
    let hit = posted(Published::at(ago(1.0)));
    assert_eq!(class(&state(&[(now(), hit.clone())])), EvidenceClass::HitsOnly);
    let looks = [(now(), hit), (now(), covered("posts", ago(20.0), ago(1.0)))];
    assert_eq!(class(&state(&looks)), EvidenceClass::Auto);
    let mut attested = AccountState::default();
    attested.history.absorb(&Look {
        source: "人工:张三",
        at: now(),
        channels: &[],
        observation: &covered("*", ago(20.0), now()),
        evidence: None,
        voucher: Some(Voucher { name: "张三", with_file: false }),
    });
    assert_eq!(class(&attested), EvidenceClass::Attested);
}

#[test]
fn the_menu_is_judged_by_its_entries() {
    let entry = |kind: &str, target: Option<&str>| MenuEntry {
        path: vec!["服务".to_owned()],
        kind: kind.to_owned(),
        target: target.map(str::to_owned),
        ..Default::default()
    };
    let menu_of = |entries: Vec<MenuEntry>, links: &[(&str, LinkHealth)]| {
        let mut state = AccountState::default();
        state.history.menu = Some((now(), Menu { open: true, whole: true, entries }));
        for (url, health) in links {
            let check = LinkCheck {
                health: *health,
                reason: String::new(),
                checked_at: now(),
                since: now(),
                host_gone_since: None,
                failing: None,
                upkeep_since: None,
                evidence: None,
                author: None,
            };
            state.links.insert((*url).to_owned(), check);
        }
        menu_health(&account("wechat"), &state).state
    };
    let good = "https://a.example/";
    let view = || entry("view", Some(good));
    assert_eq!(menu_of(vec![], &[]), MenuState::Absent);
    assert_eq!(menu_of(vec![view()], &[]), MenuState::Undetermined);
    assert_eq!(menu_of(vec![view()], &[(good, LinkHealth::Alive)]), MenuState::Healthy);
    assert_eq!(menu_of(vec![view()], &[(good, LinkHealth::Dead)]), MenuState::Broken);
    let half = vec![view(), entry("view", Some("#"))];
    assert_eq!(menu_of(half, &[(good, LinkHealth::Alive)]), MenuState::Degraded);
    assert_eq!(menu_of(vec![entry("view", None)], &[]), MenuState::Broken);
    assert_eq!(menu_of(vec![entry("click", Some("KEY"))], &[]), MenuState::Undetermined);
}

#[test]
fn the_words_for_a_menu_are_those_of_the_notice() {
    let view = |name: &str, target: &str| MenuEntry {
        path: vec![name.to_owned()],
        kind: "view".to_owned(),
        target: Some(target.to_owned()),
        ..Default::default()
    };
    let click =
        MenuEntry { path: vec!["客服".into()], target: Some("K".into()), ..Default::default() };
    let click = || MenuEntry { kind: "click".to_owned(), ..click.clone() };
    let reason = |open: bool, entries: Vec<MenuEntry>| {
        let mut state = AccountState::default();
        state.history.menu = Some((now(), Menu { open, whole: true, entries }));
        let judged = judge(&account("wechat"), &state, &policy(), now());
        let ruling = judged.rulings.into_iter().find(|r| r.rule == Rule::MenuLinks).unwrap();
        (judged.menu.state, ruling.reason)
    };
    let blank = || vec![view("政务", "#"), view("服务", "https://mp.weixin.qq.com/")];
    let (state, words) = reason(true, blank());
    assert_eq!(state, MenuState::Broken);
    assert_eq!(
        words,
        "自定义菜单均未更新栏目地址:政务(未配置链接地址)、服务(只是平台首页,不是本账号的栏目地址)"
    );
    let (state, words) = reason(true, [blank(), vec![click()]].concat());
    assert_eq!(state, MenuState::Broken);
    assert!(words.starts_with("自定义菜单可核验的链接全部失效:"), "one may work: {words}");
    let (state, words) = reason(false, blank());
    assert_eq!(state, MenuState::Closed);
    assert!(words.contains("自定义菜单已关闭") && words.contains("启用了服务器配置"), "{words}");
    assert!(!reason(true, vec![]).1.contains("服务器配置"));
    let own = Account { menu: vec![(vec!["政务".into()], "#".into())], ..account("wechat") };
    let judged = judge(&own, &AccountState::default(), &policy(), now());
    let ruling = judged.rulings.into_iter().find(|r| r.rule == Rule::MenuLinks).unwrap();
    assert_eq!(ruling.reason, "自定义菜单均未更新栏目地址(自报):政务(未配置链接地址)");
    assert_eq!(ruling.outcome, Outcome::Fail);
}

fn any_look() -> impl Strategy<Value = Observation> {
    let hit = (0.0f64..40.0, 0.0f64..3.0)
        .prop_map(|(days, width)| posted(Published::between(ago(days + width), ago(days))));
    let span = (0.0f64..60.0, 0.0f64..60.0)
        .prop_map(|(a, b)| covered("posts", ago(a.max(b)), ago(a.min(b))));
    prop_oneof![hit, span]
}

proptest! {
    #[test]
    fn a_pass_survives_any_further_absorb(
        looks in proptest::collection::vec(any_look(), 0..6),
        further in proptest::collection::vec(any_look(), 0..4),
    ) {
        let outcome = |looks: &[Observation]| {
            let looks: Vec<_> = looks.iter().map(|o| (now(), o.clone())).collect();
            let judgement = judge(&account("weibo"), &state(&looks), &policy(), now());
            judgement.ruling(Rule::ContentStale).unwrap().outcome
        };
        let passes = |outcome| matches!(outcome, Outcome::Pass | Outcome::AtRisk);
        if passes(outcome(&looks)) {
            let all: Vec<_> = looks.iter().chain(&further).cloned().collect();
            prop_assert!(passes(outcome(&all)));
        }
    }

    #[test]
    fn a_fail_has_its_window_covered_and_no_possible_sighting_in_it(
        looks in proptest::collection::vec(any_look(), 0..30),
    ) {
        let absorbed: Vec<_> = looks.iter().map(|o| (now(), o.clone())).collect();
        let held = state(&absorbed);
        let judgement = judge(&account("weibo"), &held, &policy(), now());
        let ruling = judgement.ruling(Rule::ContentStale).unwrap();
        if ruling.outcome == Outcome::Fail {
            let (since, as_of) = (ruling.as_of - policy().window, ruling.as_of);
            prop_assert!(as_of <= now() && now() - as_of <= TimeDelta::hours(48));
            let joined = joined_coverage(&account("weibo"), &held.history);
            prop_assert!(joined.covers(since, as_of));
            for sighting in looks.iter().flat_map(|look| &look.sightings) {
                let at = sighting.published;
                prop_assert!(at.latest <= since || at.earliest.is_some_and(|e| e > as_of));
            }
        }
    }
}

#[test]
fn a_menu_article_of_another_account_is_said_and_changes_no_state() {
    use crate::link::{Author, LinkAnswer, LinkTerms, join};
    let article = "https://mp.weixin.qq.com/s/abcdefghijklmnopqrstuv";
    let preview = "https://mp.weixin.qq.com/s?__biz=MzA5MDAwMDAwMQ==&tempkey=MTI0abcd";
    let health = |aliases: &[&str], url: &str, ids: &[&str]| {
        let mut it = account("wechat");
        it.aliases = aliases.iter().map(|id| (*id).to_owned()).collect();
        it.menu = vec![(vec!["服务".to_owned()], url.to_owned())];
        let mut check = join(None, &LinkAnswer::Alive, true, &LinkTerms::default(), now());
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        check.author = Some(Author { name: "别的发布".to_owned(), ids });
        let mut state = AccountState::default();
        state.links.insert(url.to_owned(), check);
        menu_health(&it, &state)
    };
    let (own, other) = ("MzA5MDAwMDAwMQ==", "MzA5MDAwMDAwMg==");
    let menu = health(&[own], article, &[other, "gh_0123456789ab"]);
    assert!(menu.entries[0].foreign && menu.state == MenuState::Healthy);
    assert!(
        menu.entries[0].reason.contains("其他公众号「别的发布」"),
        "{}",
        menu.entries[0].reason
    );
    assert!(menu.reason().contains("别的发布"), "{}", menu.reason());
    // Its own, by either identifier; or nobody knows which is its own.
    assert!(!health(&[own], article, &[own]).entries[0].foreign);
    assert!(!health(&["gh_0123456789ab"], article, &[other, "gh_0123456789ab"]).entries[0].foreign);
    assert!(!health(&["gh_0123456789ab"], article, &[other]).entries[0].foreign);
    assert!(!health(&["wx0123456789abcdef"], article, &[other]).entries[0].foreign);
    // A preview works for a while only.
    let menu = health(&[own], preview, &[own]);
    assert_eq!((menu.entries[0].health, menu.state), (LinkHealth::Unstable, MenuState::Degraded));
    assert!(menu.entries[0].reason.contains("临时链接"), "{}", menu.entries[0].reason);
}
