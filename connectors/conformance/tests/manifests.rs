//! Does every manifest that is shipped conform, and is there a case for each of them?

use std::collections::BTreeMap;

use super::*;
use crate::connector::SecretTable;
use crate::declarative::{DeclarativeConnector, Say};
use crate::manifest::Manifest;
use cases::{CANARY, fixture};
use stage::{Answer, Asked};

type Good = fn(&Asked) -> Answer;

/// The platform of each manifest in good order.
const CASES: [(&str, Good); 10] = [
    ("thepaper-gov", |_| json("thepaper-gov")),
    ("thepaper", |_| json("thepaper")),
    ("netease", |_| json("netease")),
    ("penguin", |asked| match asked.path.as_str() {
        "/i/getUserHomepageInfo" => json("penguin-user"),
        _ => json("penguin"),
    }),
    ("ifeng", |_| file("text/javascript", "ifeng.js")),
    ("bilibili", |_| json("bilibili")),
    ("people", |asked| match asked.path.starts_with("/GB/") {
        true => gbk(&held("people.html")),
        false => {
            let newer = asked.path.contains("/1120/");
            let date = if newer { "2026年11月20日09:30" } else { "2026年11月02日16:00" };
            gbk(&held("people-article.html").replace("DATE", date))
        }
    }),
    ("gdgov", |asked| match asked.path.ends_with(".html") {
        true => file("text/html", "gdgov-article.html"),
        false => file("text/html", "gdgov.html"),
    }),
    ("gkmlpt", |asked| match asked.param("sid") {
        Some("755000") => json("gkmlpt"),
        _ => file("text/html; charset=utf-8", "gkmlpt-index.html"),
    }),
    ("jpage", |_| file("text/xml", "jpage.xml")),
];

fn held(name: &str) -> String {
    fixture(&format!("manifests/{name}"))
}

fn file(content_type: &str, name: &str) -> Answer {
    Answer::ok(content_type, held(name))
}

fn json(name: &str) -> Answer {
    file("application/json", &format!("{name}.json"))
}

/// As the site sends it: GBK, and the header does not say so.
fn gbk(text: &str) -> Answer {
    Answer::ok("text/html", encoding_rs::GBK.encode(text).0.into_owned())
}

/// Every manifest that is shipped, by name.
fn shipped() -> BTreeMap<String, Arc<Manifest>> {
    let directory = format!("{}/../config/connectors", env!("CARGO_MANIFEST_DIR"));
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let manifest = Manifest::parse(&text, &stem);
        let manifest = manifest.unwrap_or_else(|problems| panic!("{stem}: {problems:#?}"));
        all.insert(stem, Arc::new(manifest));
    }
    all
}

/// A kit for one manifest; `complete` = the operator vouches for its list.
fn kit(manifest: &Arc<Manifest>, good: Good, complete: bool) -> Kit {
    let of = Arc::clone(manifest);
    let build = move |base: &Url| -> Arc<dyn Connector> {
        let say = Say { base_url: Some(base.clone()), complete };
        Arc::new(DeclarativeConnector::new(Arc::clone(&of), say))
    };
    let mut kit = Kit::new("manifest", "", build, good);
    let target = Target::new(manifest.example());
    kit.target = Box::new(move |_| target.clone());
    for key in manifest.secret_names() {
        let key = (manifest.name().to_owned(), key.to_owned());
        let secrets: &mut SecretTable = &mut kit.secrets;
        secrets.0.insert(key, format!("buvid3={CANARY}; SESSDATA=x{CANARY}"));
    }
    kit
}

/// The first block of that language behind the heading, on the page about connectors.
fn block(language: &str) -> String {
    let page = std::fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR")));
    let page = page.unwrap();
    let section = page.split_once("## A platform in 15 minutes, without code").unwrap().1;
    let block = section.split_once(&format!("```{language}\n")).unwrap().1;
    block.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_example_in_the_handbook_works() {
    let manifest = Manifest::parse(&block("toml"), "bulletin").unwrap();
    let kit = kit(&Arc::new(manifest), |_| Answer::ok("application/json", block("json")), false);
    let broken = run(&kit.case()).await.unwrap();
    assert!(broken.is_empty(), "{broken:#?}");
    let suite = Suite { case: &kit.case(), broken: Vec::new() };
    let seen = suite.look(&*kit.good).await.unwrap().result.unwrap();
    let titles: Vec<_> = seen.sightings.iter().map(|kept| kept.title.as_str()).collect();
    assert_eq!(titles, ["办事指南", "停水通知", "招聘公告"]);
    assert!(seen.sightings[0].pinned && !seen.coverage.is_empty());
    let gone = |_: &Asked| Answer::json(&serde_json::json!({"code": 40401, "msg": "not found"}));
    let fault = suite.look(&gone).await.unwrap().result.unwrap_err();
    assert_eq!(fault.kind, freshd_core::fault::FaultKind::Gone);
}

#[test]
fn every_shipped_manifest_has_a_case() {
    let cases: BTreeSet<&str> = CASES.iter().map(|(name, _)| *name).collect();
    let shipped = shipped();
    let shipped: BTreeSet<&str> = shipped.keys().map(String::as_str).collect();
    assert_eq!(cases, shipped);
}

#[tokio::test]
async fn every_shipped_manifest_conforms() {
    let shipped = shipped();
    for (name, good) in CASES {
        for complete in [false, true] {
            let broken = run(&kit(&shipped[name], good, complete).case()).await.unwrap();
            assert!(broken.is_empty(), "{name}: {broken:#?}");
        }
    }
}

/// One good look at a shipped manifest.
async fn seen(name: &str, complete: bool) -> Observation {
    let good = CASES.iter().find(|(held, _)| *held == name).unwrap().1;
    let kit = kit(&shipped()[name], good, complete);
    let suite = Suite { case: &kit.case(), broken: Vec::new() };
    suite.look(&*kit.good).await.unwrap().result.unwrap()
}

#[tokio::test]
async fn every_shipped_manifest_sees_what_its_platform_shows() {
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    for (name, _) in CASES {
        let seen = seen(name, true).await;
        let newest = seen.sightings.iter().max_by_key(|kept| kept.published).unwrap();
        let day = if name == "thepaper" { 21 } else { 20 };
        let from = at(&format!("2026-11-{day}T00:00:00+08:00"));
        let found = newest.published.earliest.unwrap();
        assert!(found >= from && newest.published.latest < from + TimeDelta::days(1), "{name}");
        assert!(newest.url.as_deref().is_some_and(|url| url.starts_with("http")), "{name}");
        assert!(!newest.title.is_empty() && !newest.key.is_empty(), "{name}");
        assert!(!seen.evidence[0].body.is_empty(), "{name}");
        if name == "people" {
            assert!(seen.coverage.is_empty(), "it vouches for nothing");
            continue;
        }
        let spans = seen.coverage.on(&freshd_core::id::Channel::posts());
        let since = spans.as_slice()[0].since;
        let oldest = at("2026-11-02T00:00:00+08:00")..at("2026-11-04T00:00:00+08:00");
        assert!(oldest.contains(&since), "{name}: {since}");
    }
}

#[tokio::test]
async fn without_a_word_nothing_is_proven_and_what_is_special_is_kept() {
    for (name, _) in CASES {
        assert!(seen(name, false).await.coverage.is_empty(), "{name}");
    }
    let bilibili = seen("bilibili", false).await;
    let marks: Vec<_> = bilibili.sightings.iter().map(|kept| (kept.pinned, kept.repost)).collect();
    assert_eq!(marks, [(true, false), (false, true), (false, false)]);
    let gdgov = seen("gdgov", false).await;
    assert!(gdgov.sightings[0].pinned);
    assert_eq!(
        gdgov.sightings[2].published.latest,
        "2026-11-12T07:20:59Z".parse::<freshd_core::Timestamp>().unwrap()
    );
    assert_eq!(
        gdgov.sightings[1].url.as_deref(),
        Some("https://www.example.gov.cn/xwzx/tzgg/content/post_103.html")
    );
    let name = seen("thepaper", false).await.profile.unwrap().name;
    assert_eq!(name.as_deref(), Some("示例发布"));
    let people = seen("people", false).await;
    assert_eq!(people.sightings.len(), 2, "the picture's link is the same article");
    assert_eq!(people.sightings[0].title, "示例:第二篇");
}
