//! Does a feed over real HTTP prove exactly what it may, and nothing when anything is wrong?

use freshd_core::coverage::Span;
use freshd_core::fault::Retry;

use super::*;
use crate::conformance::stage::{Answer, Asked, Stage};
use crate::connector::NoSecrets;

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(&format!("{text}+08:00")).unwrap().to_utc()
}

fn now() -> Timestamp {
    at("2026-11-22T10:30:00")
}

fn rss(items: &str) -> String {
    format!(r#"<rss version="2.0"><channel><title>公告</title>{items}</channel></rss>"#)
}

fn item(guid: &str, date: &str) -> String {
    format!("<item><guid>{guid}</guid><title>{guid}</title><pubDate>{date}</pubDate></item>")
}

struct Looked {
    result: Result<Observation, Fault>,
    asked: Vec<Asked>,
}

async fn look(
    connector: &FeedConnector,
    answer: Answer,
    memo: Option<&str>,
    fresh: bool,
) -> Looked {
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let target = Target::new(stage.url().join("rss.xml?key=CANARY-KEY").unwrap());
    let budget = std::time::Duration::from_secs(5);
    let cx = PollContext { now: now(), budget, http: &http, secrets: &NoSecrets, memo, fresh };
    let result = stage.during(&move |_: &Asked| answer.clone(), connector.poll(&target, &cx)).await;
    Looked { result, asked: stage.log() }
}

async fn observe(connector: &FeedConnector, body: impl Into<bytes::Bytes>) -> Observation {
    look(connector, Answer::ok("application/xml", body), None, false).await.result.unwrap()
}

fn spans(observation: &Observation) -> Vec<Span> {
    observation.coverage.on(&Channel::posts()).as_slice().to_vec()
}

fn span(since: &str, until: &str) -> Vec<Span> {
    vec![Span::new(at(since), at(until)).unwrap()]
}

#[tokio::test]
async fn only_a_vouched_feed_proves_silence() {
    let body = rss(&(item("b", "2026-11-20 10:00:00") + &item("a", "2026-11-01 10:00:00")));
    let complete = observe(&FeedConnector::complete(), body.clone()).await;
    assert_eq!(spans(&complete), span("2026-11-01T10:00:00", "2026-11-22T10:30:00"));
    let bridge = observe(&FeedConnector::bridge(), body).await;
    assert!(bridge.coverage.is_empty());
    assert_eq!(bridge.sightings, complete.sightings);
    assert_eq!(bridge.sightings[0].published, Published::at(at("2026-11-20T10:00:00")));
    assert!(bridge.faults.is_empty());
}

#[tokio::test]
async fn a_pinned_old_post_does_not_stretch_the_proof() {
    let pinned = item("old", "2020-01-01") + &item("b", "2026-11-20") + &item("a", "2026-11-10");
    let seen = observe(&FeedConnector::complete(), rss(&pinned)).await;
    assert_eq!(spans(&seen), span("2026-11-10T23:59:59", "2026-11-22T10:30:00"));
    let ascending = item("a", "2026-11-10") + &item("b", "2026-11-20");
    let seen = observe(&FeedConnector::complete(), rss(&ascending)).await;
    assert_eq!(spans(&seen), span("2026-11-10T23:59:59", "2026-11-22T10:30:00"));
}

#[tokio::test]
async fn an_item_without_a_date_or_in_the_future_ends_the_proof() {
    for date in [
        "",
        "不详",
        "2026-12-01 00:00:00",
        "0001-01-01T00:00:00Z",
        "Mon, 31 Feb 2026 10:00:00 +0800",
    ] {
        let body = rss(&(item("a", "2026-11-20") + &item("x", date)));
        let seen = observe(&FeedConnector::complete(), body).await;
        assert!(seen.coverage.is_empty(), "{date}");
        assert_eq!(seen.sightings[1].published, Published::before(now()), "{date}");
    }
    // The channel's own date is not the item's.
    let body = rss("<lastBuildDate>2026-11-22 10:00:00</lastBuildDate><item><guid>x</guid></item>");
    let seen = observe(&FeedConnector::complete(), body).await;
    assert_eq!(seen.sightings[0].published, Published::before(now()));
    // CST is China's time, so it is not fourteen hours ahead.
    let body = rss(&item("x", "Sun, 22 Nov 2026 10:00:00 CST"));
    let seen = observe(&FeedConnector::complete(), body).await;
    assert_eq!(seen.sightings[0].published, Published::at(at("2026-11-22T10:00:00")));
}

#[tokio::test]
async fn an_empty_list_proves_nothing() {
    let seen = observe(&FeedConnector::complete(), rss("")).await;
    assert!(seen.coverage.is_empty() && seen.sightings.is_empty());
}

#[tokio::test]
async fn a_cut_feed_is_kept_as_far_as_it_goes_and_proves_nothing() {
    let whole = rss(&(item("b", "2026-11-20") + &item("a", "2026-11-01")));
    let seen = observe(&FeedConnector::complete(), whole[..whole.len() - 60].to_owned()).await;
    assert_eq!(seen.sightings.len(), 1);
    assert!(seen.coverage.is_empty() && seen.hint.memo.is_none());
    assert_eq!(
        (seen.faults[0].scope, seen.faults[0].kind),
        (FaultScope::Connector, FaultKind::Malformed)
    );
}

#[tokio::test]
async fn an_edit_time_counts_and_is_noted() {
    let body = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><id>f</id>
        <entry><id>1</id><title>e</title><updated>2026-11-22T10:00:00+08:00</updated></entry></feed>"#;
    let seen = observe(&FeedConnector::bridge(), body).await;
    assert_eq!(seen.sightings[0].published, Published::at(at("2026-11-22T10:00:00")));
    assert!(seen.evidence.iter().any(|kept| kept.body.contains("updated")));
}

#[tokio::test]
async fn contradictory_charsets_are_read() {
    let text = |declared: &str| {
        format!("{declared}{}", rss(&item("关于开展镕喆工作的通知", "2026-11-20")))
    };
    let gbk = |text: String| encoding_rs::GB18030.encode(&text).0.into_owned();
    let (gb, utf) =
        (r#"<?xml version="1.0" encoding="gb2312"?>"#, r#"<?xml version="1.0" encoding="utf-8"?>"#);
    for (what, body, content_type) in [
        ("utf-8 declared gb2312", text(gb).into_bytes(), "text/xml"),
        ("gbk declared gb2312", gbk(text(gb)), "text/xml"),
        ("gbk declared utf-8", gbk(text(utf)), "text/xml"),
        ("gbk undeclared", gbk(text("")), "application/xml"),
        ("gbk, header says utf-8", gbk(text(gb)), "text/xml; charset=utf-8"),
        ("utf-8, header says gbk", text(utf).into_bytes(), "text/xml; charset=GBK"),
        ("utf-8 with BOM", [b"\xef\xbb\xbf".to_vec(), text(utf).into_bytes()].concat(), "text/xml"),
    ] {
        let answer = Answer::ok(content_type, body);
        let seen = look(&FeedConnector::bridge(), answer, None, false).await.result.unwrap();
        assert_eq!(seen.sightings[0].title, "关于开展镕喆工作的通知", "{what}");
    }
}

#[tokio::test]
async fn a_list_that_begins_with_the_oldest_and_goes_on_elsewhere_proves_nothing() {
    let next = r#"<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="?page=2"/>"#;
    let old = item("a", "2026-10-01 10:00:00");
    let young = item("b", "2026-11-01 10:00:00");
    let cases = [
        (format!("{next}{old}{young}"), false),
        (format!("{next}{young}{old}"), true),
        (format!("{old}{young}"), true),
    ];
    for (items, proves) in cases {
        let answer = Answer::ok("application/xml", rss(&items));
        let seen = look(&FeedConnector::complete(), answer, None, false).await.result.unwrap();
        assert_eq!(!seen.coverage.is_empty(), proves, "{items}");
        assert_eq!(seen.sightings.len(), 2);
    }
}

#[tokio::test]
async fn unchanged_renews_the_proof_of_a_vouched_feed() {
    let connector = FeedConnector::complete();
    let body = rss(&(item("b", "2026-11-20") + &item("a", "2026-11-01 10:00:00")));
    let answer =
        Answer::ok("application/xml", body).header("etag", "\"v1\"").header("last-modified", "Fri");
    let first = look(&connector, answer.clone(), None, false).await.result.unwrap();
    let memo = first.hint.memo.unwrap();

    let looked =
        look(&connector, Answer::status(304).header("age", "3600"), Some(&memo), false).await;
    assert_eq!(looked.asked[0].header("if-none-match"), Some("\"v1\""));
    assert_eq!(looked.asked[0].header("if-modified-since"), Some("Fri"));
    let seen = looked.result.unwrap();
    assert_eq!(spans(&seen), span("2026-11-01T10:00:00", "2026-11-22T09:30:00"));
    assert_eq!(seen.hint.memo.as_deref(), Some(memo.as_str()));

    let bridge = look(&FeedConnector::bridge(), Answer::status(304), Some(&memo), false).await;
    assert!(bridge.result.unwrap().coverage.is_empty());

    let fresh = look(&connector, answer, Some(&memo), true).await;
    assert_eq!(fresh.asked[0].header("if-none-match"), None);
    assert_eq!(fresh.asked[0].header("cache-control"), Some("no-cache"));

    let unasked = look(&connector, Answer::status(304), None, false).await.result;
    assert_eq!(unasked.unwrap_err().kind, FaultKind::Unavailable);
}

#[tokio::test]
async fn every_wrong_answer_is_a_fault_of_this_account() {
    let html = |body: &str| Answer::ok("text/html", body.to_owned());
    for (answer, kind) in [
        (html("<!DOCTYPE html><html><title>502</title></html>"), FaultKind::Malformed),
        (html("<html><body>请输入验证码</body></html>"), FaultKind::Challenged),
        (Answer::ok("text/xml", ""), FaultKind::Malformed),
        (Answer::status(404), FaultKind::Unavailable),
        (Answer::status(410), FaultKind::Unavailable),
        (Answer::status(401), FaultKind::Unauthorized),
        (Answer::status(403), FaultKind::Unavailable),
        (Answer::status(500), FaultKind::Unavailable),
        (Answer::status(429).header("retry-after", "120"), FaultKind::RateLimited),
    ] {
        for connector in [FeedConnector::bridge(), FeedConnector::complete()] {
            let fault = look(&connector, answer.clone(), None, false).await.result.unwrap_err();
            assert_eq!((fault.scope, fault.kind), (FaultScope::Account, kind), "{answer:?}");
            assert!(!fault.detail.contains("CANARY"), "{}", fault.detail);
            if kind == FaultKind::RateLimited {
                assert_eq!(fault.retry, Retry::After(120));
            }
        }
    }
}

#[tokio::test]
async fn a_huge_list_is_cut_to_its_newest_and_the_proof_with_it() {
    let items: String =
        (0..600).map(|n| item(&n.to_string(), &(1_795_000_000 - n * 3600).to_string())).collect();
    let seen = observe(&FeedConnector::complete(), rss(&items)).await;
    assert_eq!(seen.sightings.len(), SIGHTINGS_MAX);
    let oldest = seen.sightings.iter().map(|kept| kept.published.latest).min().unwrap();
    assert_eq!(spans(&seen)[0].since, oldest);
    assert_eq!(oldest.timestamp(), 1_795_000_000 - 499 * 3600);
}

#[test]
fn only_web_addresses_are_admitted() {
    for target in ["https://example.gov.cn/rss.xml", "http://[::1]/feed"] {
        assert!(FeedConnector::bridge().admit(&Target::new(target)).is_ok(), "{target}");
    }
    for target in [
        "",
        "rss.xml",
        "ftp://example.gov.cn/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://",
    ] {
        assert!(FeedConnector::bridge().admit(&Target::new(target)).is_err(), "{target}");
    }
}
