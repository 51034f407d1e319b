//! A missing host is dead only at the second look; placeholders and unknown types are told apart.

use chrono::{DateTime, TimeDelta};

use super::*;

fn t(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_312_800, 0).unwrap() + TimeDelta::minutes(minutes)
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
fn a_link_back_from_the_dead_is_unstable_once() {
    let dead = join(None, &LinkAnswer::Dead("404".to_owned()), true, t(0));
    let back = join(Some(&dead), &LinkAnswer::Alive, true, t(60));
    assert_eq!(back.health, LinkHealth::Unstable);
    assert_eq!(join(Some(&back), &LinkAnswer::Alive, true, t(120)).health, LinkHealth::Alive);
    let still = join(Some(&dead), &LinkAnswer::Dead("404".to_owned()), true, t(60));
    assert_eq!(still.since, t(0));
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
