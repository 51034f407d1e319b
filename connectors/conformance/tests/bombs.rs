//! Does a small answer that would grow without end bring a connector down? Each bomb through each one.
//!
//! Measured without the caps: deep XML overflows the stack, nested and re-opened HTML takes minutes and gigabytes,
//! as do lists of nothing and tags of attributes. A test that hangs or dies here is the failure.

use super::super::stage::Answer;
use super::cases::{self, Kit};
use super::*;
use crate::http::HttpClient;

/// Name, content type and body of every bomb.
fn bombs() -> Vec<(&'static str, &'static str, String)> {
    let (json, xml, html) = ("application/json", "application/xml", "text/html; charset=utf-8");
    let mib = 1 << 20;
    let rss = |inside: String| format!("<rss version=\"2.0\"><channel>{inside}</channel></rss>");
    let bold: String = (0..500).map(|n| format!("<b id={n}>")).collect();
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    vec![
        ("deep JSON", json, "[".repeat(2 * mib)),
        ("deep objects", json, "{\"data\":".repeat(mib / 8)),
        ("wide JSON", json, format!("[{}0]", "0,".repeat(mib))),
        ("wide feed of JSON", json, format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}0]}}", "[],".repeat(2 * mib))),
        ("deep XML", xml, "<a>".repeat(mib / 2)),
        ("deep feed", xml, rss("<item>".repeat(mib / 6))),
        ("deep names that are none", xml, rss("<1>".repeat(mib / 3))),
        ("deep in an item", xml, rss(format!("<item><guid>a</guid>{}", "<x:y>".repeat(mib / 5)))),
        ("many items", xml, rss("<item></item>".repeat(8 * mib / 13))),
        ("many empty items", xml, rss("<item/>".repeat(mib / 7))),
        ("many parts", xml, rss(format!("<item>{}</item>", "<category/>".repeat(8 * mib / 11)))),
        ("many attributes", xml, rss(format!("<item {}/>", (0..100_000).map(|n| format!("a{n}='' ")).collect::<String>()))),
        ("quotes without end", xml, rss("<a \"".repeat(mib))),
        ("tags without end", xml, rss("<a ".repeat(mib))),
        ("comments without end", xml, rss("<!--".repeat(mib))),
        ("declarations", xml, rss("<?xml?>".repeat(mib))),
        ("ampersands", xml, rss("&".repeat(4 * mib))),
        ("laughs", xml, format!("<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY l0 \"lol\">{laughs}]><rss version=\"2.0\"><channel><item><title>&l9;</title></item></channel></rss>")),
        ("a file", xml, "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><rss version=\"2.0\"><channel><item><title>&x;</title></item></channel></rss>".to_owned()),
        ("salvage of a long head", xml, format!("<rss><channel>{}{}", " ".repeat(60_000), "<item><guid>a</guid><title>&bad</x></item>".repeat(4_000))),
        ("deep HTML", html, "<div>".repeat(mib / 5)),
        ("deep HTML with text", html, "<div>x".repeat(mib / 6)),
        ("formatting", html, format!("<p>{bold}</p>{}", "<p>x</p>".repeat(mib / 8))),
        ("formatting in tables", html, format!("<table>{bold}{}", "<td>x".repeat(mib / 6))),
        ("HTML comments", html, "<!---->".repeat(mib / 7)),
        ("end tags", html, format!("{}{}", "<i>".repeat(500), "</u>".repeat(mib / 4))),
        ("attributes", html, format!("<p {}>", (0..150_000).map(|n| format!("a{n} ")).collect::<String>())),
        ("scripts", html, "<script></script>".repeat(mib / 17)),
        ("a package of nothing", "application/zip", format!("PK\u{3}\u{4}{}", "PK\u{5}\u{6}".repeat(mib / 4))),
        ("nothing", "text/plain", "\u{0}".repeat(8 * mib)),
    ]
}

fn kits() -> Vec<Kit> {
    let mut kits = cases::all();
    kits.extend([cases::weibo_api(), cases::probe(), cases::apk()]);
    kits
}

#[tokio::test]
async fn every_bomb_is_borne_by_every_connector() {
    let base = Url::parse("http://127.0.0.1:9/").unwrap();
    let mut broken = Vec::new();
    for (name, kind, body) in bombs() {
        let answer = Answer::ok(kind, body);
        let http = HttpClient::substituted(Arc::new(move |_| answer.clone())).unwrap();
        for kit in kits() {
            let case = kit.case();
            let connector = (case.build)(&base);
            let cx = PollContext {
                now: case.now,
                budget: Duration::from_secs(20),
                http: &http,
                secrets: case.secrets,
                memo: None,
                fresh: false,
            };
            let result = connector.poll(&(case.target)(&base), &cx).await;
            if kit.name == "manual" {
                continue;
            }
            let kept = result.as_ref().map_or(0, |seen| {
                seen.evidence.iter().map(|evidence| evidence.body.len()).sum::<usize>()
                    + seen.sightings.len()
            });
            let mut suite = Suite { case: &case, broken: Vec::new() };
            suite.demand("bomb", kept <= EVIDENCE_BYTES_MAX, || format!("{kept} bytes kept"));
            let looked = Looked { result, traces: String::new(), requests: 0 };
            if !kit.judges_link {
                suite.harmless("bomb", &looked);
            }
            broken.extend(suite.broken.into_iter().map(|broken| (name, kit.name, broken)));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn every_bomb_of_markup_is_no_feed() {
    let base = Url::parse("http://127.0.0.1:9/rss.xml").unwrap();
    for (name, kind, body) in bombs() {
        let harmless = ["laughs", "a file", "declarations"].contains(&name);
        let answer = Answer::ok(kind, body);
        let http = HttpClient::substituted(Arc::new(move |_| answer.clone())).unwrap();
        let kit = cases::feed_complete();
        let case = kit.case();
        let cx = PollContext {
            now: case.now,
            budget: Duration::from_secs(20),
            http: &http,
            secrets: case.secrets,
            memo: None,
            fresh: false,
        };
        let result = (case.build)(&base).poll(&Target::new(base.as_str()), &cx).await;
        match result {
            Err(_) => assert!(!harmless, "{name} is a feed: {result:?}"),
            Ok(seen) => {
                let told = format!("{:?}", seen.sightings);
                assert!(told.len() < 1 << 20 && !told.contains("root:"), "{name}");
                assert!(seen.coverage.is_empty(), "{name}");
                assert!(harmless, "{name} was read: {} posts", seen.sightings.len());
            }
        }
    }
}
