//! A missing host is dead only at the second look; placeholders and unknown types are told apart.

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::Timestamp;

fn t(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_312_800, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn join(
    before: Option<&LinkCheck>,
    answer: &LinkAnswer,
    others: bool,
    now: Timestamp,
) -> LinkCheck {
    super::join(before, answer, others, &LinkTerms::default(), now)
}

/// Minutes, and what was answered then.
type Answers = Vec<(i64, LinkAnswer)>;

/// Joins answers given at minutes, in order.
fn joined(answers: &[(i64, LinkAnswer)]) -> LinkCheck {
    let mut check = None;
    for (minute, answer) in answers {
        check = Some(join(check.as_ref(), answer, true, t(*minute)));
    }
    check.unwrap()
}

fn failing() -> LinkAnswer {
    LinkAnswer::Failing("HTTP 500".to_owned())
}

fn unreachable() -> LinkAnswer {
    LinkAnswer::Unreachable("无法连接".to_owned())
}

#[test]
fn a_missing_host_needs_two_looks_ten_minutes_apart_while_others_resolve() {
    let gone = LinkAnswer::HostGone;
    let first = join(None, &gone, true, t(0));
    assert_eq!(first.health, LinkHealth::Undetermined);
    assert_eq!(join(Some(&first), &gone, true, t(9)).health, LinkHealth::Undetermined);
    let dead = join(Some(&first), &gone, true, t(10));
    assert_eq!(dead.health, LinkHealth::Dead);
    let ours = join(Some(&first), &gone, false, t(10));
    assert_eq!(ours.health, LinkHealth::Undetermined, "our own resolver may be down");
    let back = join(Some(&first), &LinkAnswer::Alive, true, t(5));
    assert_eq!(join(Some(&back), &gone, true, t(11)).health, LinkHealth::Undetermined);
}

#[test]
fn a_plain_word_makes_dead_at_once_and_one_good_answer_alive() {
    let lost = LinkAnswer::Dead("404".to_owned());
    let dead = join(None, &lost, true, t(0));
    assert_eq!(dead.health, LinkHealth::Dead);
    assert_eq!(join(Some(&dead), &lost, true, t(60)).since, t(0));
    let still = join(Some(&dead), &failing(), true, t(60));
    assert_eq!(still.health, LinkHealth::Dead, "what was dead and fails is dead");
    let back = join(Some(&dead), &LinkAnswer::Alive, true, t(60));
    assert_eq!((back.health, back.failing), (LinkHealth::Alive, None));
    assert_eq!(back.reason, "曾经失效,已恢复");
    assert_eq!(join(Some(&back), &failing(), true, t(61)).health, LinkHealth::Unstable);
}

#[test]
fn failing_is_dead_only_at_different_times_over_the_span() {
    use LinkHealth::{Alive, Dead, Undetermined, Unstable};
    let (bad, gone, good) = (failing, unreachable, || LinkAnswer::Alive);
    let wall = || LinkAnswer::Unknown("验证页面".to_owned());
    let cases: [(&str, Answers, LinkHealth); 10] = [
        ("once", vec![(0, bad())], Unstable),
        ("twice over the span", vec![(0, bad()), (1440, bad())], Unstable),
        ("thrice within it", vec![(0, bad()), (700, bad()), (1439, bad())], Unstable),
        ("thrice over it", vec![(0, bad()), (720, bad()), (1440, bad())], Dead),
        ("both ways", vec![(0, bad()), (720, gone()), (1440, gone())], Dead),
        (
            "minutes apart count once",
            vec![(0, bad()), (1, bad()), (2, bad()), (1440, bad())],
            Unstable,
        ),
        (
            "a good answer begins anew",
            vec![(0, bad()), (720, bad()), (800, good()), (1440, bad())],
            Unstable,
        ),
        (
            "a wall neither breaks nor counts",
            vec![(0, bad()), (300, wall()), (720, bad()), (1440, bad())],
            Dead,
        ),
        ("a wall proves nothing", vec![(0, bad()), (720, bad()), (1440, wall())], Undetermined),
        ("dead, then well", vec![(0, bad()), (720, bad()), (1440, bad()), (1500, good())], Alive),
    ];
    for (what, answers, expected) in cases {
        assert_eq!(joined(&answers).health, expected, "{what}");
    }
    let dead = joined(&[(0, bad()), (720, bad()), (1440, bad())]);
    assert_eq!(dead.reason, "HTTP 500(24小时内3次核验均失败)");
    let first = joined(&[(0, bad())]);
    assert_eq!(first.reason, "HTTP 500(第1次失败;24小时内3次核验均失败才判为失效)");
    assert_eq!(first.next_look(&LinkTerms::default()), t(720), "the checks fill the span");
}

#[test]
fn the_terms_are_the_operators() {
    let strict = LinkTerms { checks: 2, span: TimeDelta::hours(2) };
    let first = super::join(None, &failing(), true, &strict, t(0));
    assert_eq!(first.next_look(&strict), t(120));
    assert_eq!(
        super::join(Some(&first), &failing(), true, &strict, t(119)).health,
        LinkHealth::Unstable
    );
    assert_eq!(
        super::join(Some(&first), &failing(), true, &strict, t(120)).health,
        LinkHealth::Dead
    );
}

#[test]
fn our_own_broken_network_kills_nothing() {
    let mut check = None;
    for day in 0..30 {
        check = Some(join(check.as_ref(), &unreachable(), false, t(day * 1440)));
    }
    let check = check.unwrap();
    assert_eq!((check.health, check.failing), (LinkHealth::Undetermined, None));
}

#[test]
fn upkeep_is_unstable_however_long_and_says_since_when() {
    let upkeep = || LinkAnswer::Upkeep("网站维护中".to_owned());
    assert_eq!(joined(&[(0, upkeep())]).reason, "网站维护中;维护结束前不判定为失效");
    let days: Vec<_> = (0..=40).map(|day| (day * 1440, upkeep())).collect();
    let check = joined(&days);
    assert_eq!(check.health, LinkHealth::Unstable);
    assert_eq!(check.reason, "网站维护中,已持续 40 天");
    assert_eq!(check.since, t(0));
    let well = join(Some(&check), &LinkAnswer::Alive, true, t(90_000));
    assert_eq!((well.health, well.upkeep_since), (LinkHealth::Alive, None));
}

#[test]
fn an_old_record_is_still_read() {
    let old = r#"{"health":"dead","reason":"404","checked_at":"2026-11-01T00:00:00Z",
        "since":"2026-11-01T00:00:00Z"}"#;
    let check: LinkCheck = serde_json::from_str(old).unwrap();
    assert_eq!((check.health, check.failing, check.evidence), (LinkHealth::Dead, None, None));
}

#[test]
fn what_needs_no_asking_is_told_at_a_glance() {
    let cases = [
        ("view", Some(""), Some(LinkHealth::Placeholder)),
        ("view", None, Some(LinkHealth::Placeholder)),
        ("view", Some(" # "), Some(LinkHealth::Placeholder)),
        ("view", Some("JavaScript:void(0)"), Some(LinkHealth::Placeholder)),
        ("view", Some("https://a.example/"), None),
        ("news", Some("https://mp.weixin.qq.com/s/x"), None),
        ("click", Some("KEY"), Some(LinkHealth::NotCheckable)),
        ("click", None, Some(LinkHealth::Placeholder)),
        ("miniprogram", Some("wx0/pages"), Some(LinkHealth::NotCheckable)),
        ("article_id", Some(" "), Some(LinkHealth::Placeholder)),
        ("video", None, Some(LinkHealth::NotCheckable)),
        ("location_select", Some("K"), Some(LinkHealth::NotCheckable)),
        ("text_link", Some("https://a.example/"), None),
        ("something_new", Some("x"), Some(LinkHealth::NotCheckable)),
        ("text", Some("您好"), Some(LinkHealth::Alive)),
        ("", None, Some(LinkHealth::Placeholder)),
    ];
    for (kind, target, expected) in cases {
        let entry = MenuEntry {
            path: vec!["菜单".to_owned()],
            kind: kind.to_owned(),
            target: target.map(str::to_owned),
            aside: false,
        };
        assert_eq!(entry.at_a_glance().map(|(health, _)| health), expected, "{kind} {target:?}");
    }
}

#[test]
fn placeholders_are_told_by_address_and_name() {
    let health = |name: &str, target: &str| {
        let entry = MenuEntry {
            path: vec!["服务".to_owned(), name.to_owned()],
            kind: "view".to_owned(),
            target: Some(target.to_owned()),
            aside: false,
        };
        entry.at_a_glance().map(|(health, _)| health)
    };
    for target in [
        "",
        "   ",
        "#",
        "#top",
        "javascript:;",
        "JavaScript:void(0)",
        "about:blank",
        "http://",
        "https://",
        "http://www.",
        "http://example.com",
        "https://www.example.com/path",
        "http://EXAMPLE.org./",
        "http://user@example.net/",
        "http://www.xxx.com/",
        "http://test.com/index.html",
        "https://mp.weixin.qq.com",
        "https://mp.weixin.qq.com/",
        "https://mp.weixin.qq.com/#/",
        "http://weixin.qq.com/",
        "https://www.baidu.com/",
        "//www.qq.com",
        "https://m.weibo.cn",
        "https://weibo.com:443/",
    ] {
        assert_eq!(health("办事指南", target), Some(LinkHealth::Placeholder), "{target}");
    }
    for target in [
        "https://www.maoming.gov.cn/",
        "https://mp.weixin.qq.com/s/abc",
        "https://mp.weixin.qq.com/?a=1",
        "https://weibo.com/u/123",
        "https://www.baidu.com/s?wd=x",
        "https://example.com.evil.gov.cn/",
        "https://test.maoming.gov.cn/",
        "http://[2400:3200::1]/",
        "gov.cn/path",
    ] {
        assert_eq!(health("办事指南", target), None, "{target}");
    }
    for name in ["测试", " TEST ", "菜单名称", "子菜单名称"] {
        let told = health(name, "https://www.maoming.gov.cn/");
        assert_eq!(told, Some(LinkHealth::Placeholder), "{name}");
    }
    assert_eq!(health("心理测试", "https://www.maoming.gov.cn/"), None);
}
