//! Do sites take turns, and is a large one spread?

use std::collections::BTreeSet;

use super::*;
use crate::poll::tests::t;

fn urls(of: &[(&str, usize)]) -> Vec<String> {
    let each = |(host, count): &(&str, usize)| -> Vec<String> {
        (0..*count).map(|n| format!("https://{host}/{n}")).collect()
    };
    of.iter().flat_map(each).collect()
}

#[test]
fn no_site_holds_more_than_its_turns() {
    let base = url::Url::parse("https://mp.weixin.qq.com").unwrap();
    let mut queues = Queues::default();
    for url in urls(&[("large.cn", 100), ("one.cn", 1), ("two.cn", 2)]) {
        queues.push(link::site_of(&url, &base).unwrap(), url);
    }
    let first: Vec<_> = std::iter::from_fn(|| queues.next()).collect();
    let of = |site: &str| first.iter().filter(|(at, _)| at == site).count();
    assert_eq!((of("large.cn:443"), of("one.cn:443"), of("two.cn:443")), (2, 1, 2));
    let mut seen: BTreeSet<_> = first.iter().map(|(_, url)| url.clone()).collect();
    first.into_iter().for_each(|(site, _)| queues.done(site));
    while let Some((site, url)) = queues.next() {
        assert!(seen.insert(url));
        queues.done(site);
    }
    assert_eq!(seen.len(), 103);
    assert!(queues.by_site.is_empty(), "a site without addresses is forgotten");
}

#[test]
fn a_site_with_too_much_is_spread_further_each_time_and_recovers() {
    let mut sites = Sites::default();
    let mut latest = Vec::new();
    for _ in 0..12 {
        let waits: Vec<_> = (0..200)
            .filter_map(|n| sites.book("a.cn:443", &AccountId::of("weibo", &n.to_string()), t(0)))
            .collect();
        assert_eq!(waits.len(), 180, "twenty are asked");
        assert!(waits.iter().all(|at| *at > t(0)));
        latest.push(waits.into_iter().max().unwrap());
        sites.over();
    }
    assert!(latest[3] > latest[0] + TimeDelta::seconds(60), "{latest:?}");
    assert!(latest.iter().all(|at| *at <= t(3600 * 3 / 2)), "and never for long");
    for _ in 0..12 {
        assert_eq!(sites.book("a.cn:443", &AccountId::of("weibo", "1"), t(0)), None);
        sites.over();
    }
    assert!(sites.lagging.is_empty(), "what is no longer busy is forgotten");
}
