//! Does a manifest's connector ask, read, remember and vouch as the manifest says, and no further?

mod again;

use std::time::Duration;

use freshd_core::coverage::Span;
use serde_json::{Value, json};

use super::*;
use crate::conformance::stage::{Answer, Asked, Stage};
use crate::connector::{NoSecrets, SecretTable};

const BASE: &str = r#"
manifest = 1
name = "city"
platform = "city"
about = "市政公告"
target = { pattern = '[0-9a-z=]{1,9}', example = "42", help = "填写编号" }
request = { url = "https://a.example.cn/list?id={target}" }
answer = { shape = "json", message = "/msg" }
items = { at = "/list" }
coverage = { silence = "newest-first", vouched_by = "operator" }
[fields]
key = "/id"
published = "/date"
"#;

fn now() -> Timestamp {
    "2026-11-22T02:30:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

/// What one poll brought and what was asked.
struct Looked {
    result: Result<Observation, Fault>,
    asked: Vec<Asked>,
}

impl Looked {
    fn seen(self) -> Observation {
        self.result.unwrap()
    }

    fn fault(self) -> (FaultScope, FaultKind, String) {
        let fault = self.result.unwrap_err();
        (fault.scope, fault.kind, fault.detail)
    }
}

struct Try<'a> {
    manifest: &'a str,
    target: &'a str,
    complete: bool,
    memo: Option<&'a str>,
}

impl<'a> Try<'a> {
    fn new(manifest: &'a str) -> Self {
        Self { manifest, target: "42", complete: true, memo: None }
    }

    async fn look(&self, script: impl Fn(&Asked) -> Answer + Send + Sync) -> Looked {
        let manifest = Manifest::parse(self.manifest, "city");
        let manifest = Arc::new(manifest.unwrap_or_else(|found| panic!("{found:#?}")));
        let stage = Stage::open().await.unwrap();
        let http = stage.client().unwrap();
        let base_url = Some(stage.url().join("base").unwrap());
        let connector =
            DeclarativeConnector::new(manifest, Say { base_url, complete: self.complete });
        let key = ("city".to_owned(), "cookie".to_owned());
        let secrets = SecretTable([(key, "sid=SECRETVALUE".to_owned())].into());
        let budget = Duration::from_secs(5);
        let cx = PollContext {
            now: now(),
            budget,
            http: &http,
            secrets: &secrets,
            memo: self.memo,
            fresh: false,
        };
        let result = stage.during(&script, connector.poll(&Target::new(self.target), &cx)).await;
        Looked { result, asked: stage.log() }
    }
}

fn list(dates: &[&str]) -> Value {
    let item = |(number, date): (usize, &&str)| json!({"id": number, "date": date, "who": "42"});
    json!({"list": dates.iter().enumerate().map(item).collect::<Vec<_>>()})
}

async fn looked(manifest: &str, body: Value) -> Looked {
    Try::new(manifest).look(move |_| Answer::json(&body)).await
}

fn spans(seen: &Observation) -> Vec<Span> {
    seen.coverage.on(&Channel::posts()).as_slice().to_vec()
}

const POSTED: &str = r#"
manifest = 1
name = "city"
platform = "city"
about = "市政公告"
answer = { shape = "json" }
items = { at = "/list" }
coverage = { silence = "none" }
fields = { key = "/id", published = "/date" }
[target]
pattern = '(?P<id>[0-9a-z=]{1,9})(?:/(?P<kind>doc|video))?'
defaults = { kind = "doc" }
example = "42"
help = "填写编号"
[request]
method = "POST"
url = "https://a.example.cn/{kind}/{id}"
headers = { Referer = "https://a.example.cn/{id}" }
secret_headers = { Cookie = "cookie" }
body = { page = "{page}", who = "{id}", deep = [{ n = 1 }], none = [] }
first_page = 0
"#;

#[tokio::test]
async fn the_request_is_as_written() {
    let list = |_: &Asked| Answer::json(&list(&["2026-11-20"]));
    let looked = Try { target: "a=", ..Try::new(POSTED) }.look(list).await;
    let asked = &looked.asked[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/base/doc/a%3D"));
    assert_eq!(asked.header("referer"), Some("https://a.example.cn/a%3D"));
    assert_eq!(asked.header("cookie"), Some("sid=SECRETVALUE"));
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body, json!({"page": 0, "who": "a=", "deep": [{"n": 1}], "none": []}));
    assert_eq!(looked.seen().sightings.len(), 1);
    let video = Try { target: "a/video", ..Try::new(POSTED) }.look(list).await;
    assert_eq!(video.asked[0].path, "/base/video/a");
    // A cookie goes where it was written down to go, and nowhere else.
    let away = Answer::status(302).header("location", "/elsewhere");
    let redirected = Try::new(POSTED).look(move |_| away.clone()).await;
    assert_eq!(redirected.asked.len(), 1);
    assert_eq!(redirected.fault().1, FaultKind::Unavailable);
}

#[tokio::test]
async fn only_a_list_that_is_vouched_for_and_newest_first_proves_silence() {
    let good = list(&["2026-11-20 08:00:00", "3天前", "2026-11-02"]);
    let seen = looked(BASE, good.clone()).await.seen();
    assert_eq!(spans(&seen), [Span::new(at("2026-11-02T23:59:59"), now()).unwrap()]);
    let hits = Try { complete: false, ..Try::new(BASE) }.look(|_| Answer::json(&good)).await.seen();
    assert!(hits.coverage.is_empty() && hits.sightings.len() == 3);
    let none =
        BASE.replace("silence = \"newest-first\", vouched_by = \"operator\"", "silence = \"none\"");
    assert!(looked(&none, good).await.seen().coverage.is_empty());
    // One without a date may be from any time; so may one that is dated in the future.
    for date in ["", "soon", "2026-12-01"] {
        let seen = looked(BASE, list(&["2026-11-20", date, "2026-11-02"])).await.seen();
        assert!(seen.coverage.is_empty(), "{date}");
        assert_eq!(seen.sightings[1].published, Published::before(now()));
    }
    let empty = looked(BASE, list(&[])).await.seen();
    assert!(empty.coverage.is_empty() && empty.faults.is_empty());
}

#[tokio::test]
async fn pinned_posts_do_not_hide_the_order_and_disorder_is_said() {
    let old_first = ["2026-01-01", "2026-11-20", "2026-11-19", "2026-11-02"];
    let seen = looked(BASE, list(&old_first)).await.seen();
    assert_eq!(spans(&seen)[0].since, at("2026-11-02T23:59:59"));
    for disorder in [
        &["2026-11-02", "2026-11-20"][..],
        &[
            "2026-11-01",
            "2026-11-02",
            "2026-11-03",
            "2026-11-04",
            "2026-11-05",
            "2026-11-06",
            "2026-11-07",
            "2026-11-07",
        ],
    ] {
        let seen = looked(BASE, list(disorder)).await.seen();
        assert!(seen.coverage.is_empty(), "{disorder:?}");
        assert_eq!(seen.sightings.len(), disorder.len());
        assert!(seen.faults[0].detail.contains("从新到旧"), "{:?}", seen.faults);
    }
    let marked =
        BASE.replace("at = \"/list\"", "at = \"/list\", pinned = [{ at = \"/id\", is = [0, 3] }]");
    let body = list(&["2026-01-01", "2026-11-20", "2026-11-02", "2026-11-21"]);
    let seen = looked(&marked, body).await.seen();
    assert_eq!(spans(&seen)[0].since, at("2026-11-02T23:59:59"));
    assert!(seen.sightings[0].pinned && !seen.sightings[1].pinned);
}

#[tokio::test]
async fn a_last_page_vouches_far_back_unless_it_is_full_or_empty() {
    let manifest = BASE.replace(
        "vouched_by = \"operator\"",
        "vouched_by = \"operator\", last_page = [{ at = \"/more\", is = false }], last_page_days = 400, full_page = 3",
    );
    let with = |dates: &[&str], more: bool| {
        let mut body = list(dates);
        body["more"] = json!(more);
        body
    };
    let since = async |body| spans(&looked(&manifest, body).await.seen()).first().map(|s| s.since);
    let whole = now() - TimeDelta::days(400);
    assert_eq!(since(with(&["2026-11-20", "2026-11-02"], false)).await, Some(whole));
    let oldest = Some(at("2026-11-02T23:59:59"));
    assert_eq!(since(with(&["2026-11-20", "2026-11-02"], true)).await, oldest);
    let full = ["2026-11-20", "2026-11-03", "2026-11-02"];
    assert_eq!(since(with(&full, false)).await, oldest);
    assert_eq!(since(with(&[], false)).await, None);
}

#[tokio::test]
async fn others_posts_are_not_its_own_and_what_does_not_say_ends_the_proof() {
    let manifest = BASE
        .replace("at = \"/list\"", "at = \"/list\", own = [{ at = \"/who\", is = \"{target}\" }], skip = [{ at = \"/ad\", is = true }]");
    let mut body = list(&["2026-11-20", "2026-11-19", "2026-11-02"]);
    body["list"][1]["who"] = json!("7");
    body["list"].as_array_mut().unwrap().push(json!({"id": 9, "date": "2026-11-21", "ad": true}));
    let seen = looked(&manifest, body.clone()).await.seen();
    assert_eq!((seen.sightings.len(), seen.coverage.is_empty()), (2, false));
    body["list"][1].as_object_mut().unwrap().remove("who");
    let seen = looked(&manifest, body).await.seen();
    assert_eq!((seen.sightings.len(), seen.coverage.is_empty()), (2, true));
    let mut keyless = list(&["2026-11-20", "2026-11-02"]);
    keyless["list"][0].as_object_mut().unwrap().remove("id");
    assert!(looked(BASE, keyless).await.seen().coverage.is_empty());
}

#[tokio::test]
async fn pages_are_read_until_one_holds_something_of_its_own() {
    let manifest = BASE
        .replace("id={target}", "id={target}&p={page}")
        .replace("\" }\nanswer", "\", first_page = 0, page_step = 20, pages_max = 3 }\nanswer")
        .replace("at = \"/list\"", "at = \"/list\", own = [{ at = \"/who\", is = \"{target}\" }]");
    let foreign = |mut body: Value| {
        body["list"][0]["who"] = json!("7");
        body
    };
    let own_on = |page: &'static str| {
        move |asked: &Asked| {
            let body = list(&["2026-11-02"]);
            let own = asked.param("p") == Some(page);
            Answer::json(&if own { body } else { foreign(body) })
        }
    };
    let pages = |looked: &Looked| -> Vec<String> {
        looked.asked.iter().map(|asked| asked.param("p").unwrap().to_owned()).collect()
    };
    let second = Try::new(&manifest).look(own_on("20")).await;
    assert_eq!(pages(&second), ["0", "20"]);
    assert_eq!(second.seen().sightings.len(), 1);
    let never = Try::new(&manifest).look(own_on("99")).await;
    assert_eq!(pages(&never), ["0", "20", "40"]);
    assert!(never.seen().coverage.is_empty());
}

#[tokio::test]
async fn faults_have_the_scope_of_their_row_and_tombstones_need_an_empty_list() {
    let rows = "\n[[faults]]\nstatus = [403, 412]\nscope = \"platform\"\nkind = \"challenged\"\nretry = 60\nsay = \"风控\"\n\
        [[faults]]\nwhen = [{ at = \"/code\", is = -101 }]\nscope = \"credential\"\nkind = \"unauthorized\"\nretry = \"operator\"\nsay = \"登录失效\"\n\
        [[faults]]\nwhen = [{ at = \"/msg\", matches = \"已注销\" }]\nscope = \"account\"\nkind = \"gone\"\nsay = \"账号已注销\"\n";
    let manifest = format!("{BASE}{rows}").replace(
        "message = \"/msg\"",
        "message = \"/msg\", success = [{ at = \"/list\", present = true }]",
    );
    let wall = Answer::status(412).header("retry-after", "7200");
    let fault = Try::new(&manifest).look(move |_| wall.clone()).await.result.unwrap_err();
    assert_eq!((fault.kind, fault.retry), (FaultKind::Challenged, Retry::After(7200)));
    let expired = looked(&manifest, json!({"code": "-101"})).await.fault();
    assert_eq!((expired.0, expired.1), (FaultScope::Credential, FaultKind::Unauthorized));
    let gone = looked(&manifest, json!({"msg": "该账号已注销", "list": []})).await.fault();
    assert_eq!((gone.0, gone.1), (FaultScope::Account, FaultKind::Gone));
    let mut alive = list(&["2026-11-20"]);
    alive["msg"] = json!("关于某账号已注销的说明");
    assert_eq!(looked(&manifest, alive).await.seen().sightings.len(), 1);
    let other = looked(&manifest, json!({"code": 5, "msg": "系统繁忙"})).await.fault();
    assert_eq!((other.0, other.1), (FaultScope::Account, FaultKind::Unavailable));
    assert!(other.2.contains("系统繁忙"), "{}", other.2);
    let plain = Try::new(&manifest).look(|_| Answer::status(404)).await.fault();
    assert_eq!((plain.0, plain.1), (FaultScope::Platform, FaultKind::Unavailable));
}

#[tokio::test]
async fn a_list_whose_posts_cannot_be_read_is_a_changed_shape() {
    let drift = looked(BASE, json!({"list": [{"id": 1, "when": "2026-11-20"}]})).await.fault();
    assert_eq!((drift.0, drift.1), (FaultScope::Connector, FaultKind::Malformed));
    let unread = looked(BASE, list(&["20. Nov. 26"])).await.fault();
    assert!(unread.2.contains("20. Nov. 26"), "{}", unread.2);
    let gone = looked(BASE, json!({"items": [], "msg": "改版了"})).await.fault();
    assert!(gone.1 == FaultKind::Malformed && gone.2.contains("改版了"), "{}", gone.2);
    let huge = BASE.replace("\" }\nanswer", "\", bytes_max = 1024 }\nanswer");
    let cut = looked(&huge, list(&["2026-11-20"; 100])).await.fault();
    assert!(cut.1 == FaultKind::Malformed && cut.2.contains("1024"), "{}", cut.2);
}

const LOOKUP: &str = "\n[[lookup]]\nname = \"sid\"\nunless = '.*[a-z].*'\nurl = \"https://a.example.cn/home/{target}\"\n\
    shape = \"html\"\nregex = \"SID:'([^']*)'\"\npattern = '[0-9]+'\n";

#[tokio::test]
async fn a_piece_is_looked_up_once_and_again_when_it_no_longer_holds() {
    let manifest = format!("{}{LOOKUP}", BASE.replace("id={target}", "id={sid}"));
    let script = |asked: &Asked| match (asked.path.as_str(), asked.param("id")) {
        ("/base/home/42", _) => Answer::ok("text/html", "<script>SID:'755'</script>"),
        (_, Some("755" | "abc")) => Answer::json(&list(&["2026-11-20"])),
        _ => Answer::json(&json!({"msg": "unknown id"})),
    };
    let first = Try::new(&manifest).look(script).await;
    assert_eq!(first.asked.len(), 2);
    let memo = first.seen().hint.memo.unwrap();
    let held = Try { memo: Some(&memo), ..Try::new(&manifest) };
    assert_eq!(held.look(script).await.asked.len(), 1);
    let stale = memo.replace("755", "754");
    let again = Try { memo: Some(&stale), ..Try::new(&manifest) }.look(script).await;
    assert_eq!(again.asked.len(), 3);
    assert_eq!(again.seen().sightings.len(), 1);
    let itself = Try { target: "abc", ..Try::new(&manifest) }.look(script).await;
    assert_eq!(itself.asked.len(), 1);
    let foreign = Try { target: "41", memo: Some(&memo), ..Try::new(&manifest) };
    let foreign = foreign.look(|_| Answer::ok("text/html", "<p>SID:'x'</p>")).await;
    assert!(foreign.fault().2.contains("sid"), "another account's memo is not used");
}

const PAGES: &str = r#"
manifest = 1
name = "city"
platform = "city"
about = "市政公告"
target = { pattern = 'https?://[a-z.]+/[a-z]*', example = "https://a.cn/x", help = "网址" }
request = { url = "{+target}" }
answer = { shape = "html" }
items = { css = ["ul.news li", "li"], links = "any" }
coverage = { silence = "newest-first", vouched_by = "operator" }
[fields]
url = { css = "a", attr = "href" }
title = "a"
published = { css = "span", formats = ["%Y-%m-%d"] }
[detail]
pages_max = 2
hosts = ["b.cn"]
shape = "html"
published = { css = "meta[name=PubDate]", attr = "content" }
"#;

fn html(text: &str) -> Answer {
    Answer::ok("text/html", text.to_owned())
}

#[tokio::test]
async fn a_post_without_a_date_is_opened_and_remembered() {
    let page = "<ul class=news><li><a href=/p1>一</a></li><li><a href='https://w.b.cn/p2'>二</a></li>\
        <li><a href='https://c.cn/p3'>三</a></li><li><a href='p4'>四</a><span>2026-11-02</span></li></ul><ul><li>x</li></ul>";
    let script = |asked: &Asked| match asked.path.as_str() {
        "/base/p1" => html("<head><meta name=PubDate content='2026-11-20 09:30'></head>"),
        "/base/p2" => html("<head><meta name=PubDate content='2026-11-19'></head>"),
        _ => html(page),
    };
    let at_site = Try { target: "https://a.cn/x", ..Try::new(PAGES) };
    let first = at_site.look(script).await;
    let paths: Vec<_> = first.asked.iter().map(|asked| asked.path.clone()).collect();
    assert_eq!(paths, ["/base/x", "/base/p1", "/base/p2"], "a foreign host is not asked");
    let seen = first.seen();
    assert_eq!(seen.sightings[0].published.latest, at("2026-11-20T09:30:59"));
    assert_eq!(seen.sightings[0].key, "https://a.cn/p1");
    assert_eq!(seen.sightings[2].published, Published::before(now()));
    assert!(seen.coverage.is_empty(), "the third may be from any time");
    assert!(seen.evidence[0].body.contains("href") && !seen.evidence[0].body.contains("<li>x"));
    let memo = seen.hint.memo.unwrap();
    let again = Try { memo: Some(&memo), ..at_site }.look(script).await;
    assert_eq!(again.asked.len(), 1);
    assert_eq!(again.seen().sightings[0].published.latest, at("2026-11-20T09:30:59"));
}

#[tokio::test]
async fn pages_without_a_date_do_not_stand_in_the_way_for_ever() {
    let page = "<li><a href=/p1>一</a></li><li><a href=/p2>二</a></li><li><a href=/p3>三</a></li>";
    let script = |asked: &Asked| match asked.path.as_str() {
        "/base/x" => html(page),
        "/base/p1" => html("<p>专题页</p>"),
        "/base/p2" => Answer::status(404),
        _ => html("<head><meta name=PubDate content='2026-11-19'></head>"),
    };
    let at_site = |manifest, memo| Try { target: "https://a.cn/x", memo, ..Try::new(manifest) };
    let first = at_site(PAGES, None).look(script).await;
    let first = first.seen();
    assert_eq!(first.faults[0].kind, FaultKind::Malformed, "two were opened, neither has a date");
    assert!(first.coverage.is_empty());
    let second = at_site(PAGES, first.hint.memo.as_deref()).look(script).await;
    assert_eq!(second.asked.len(), 2, "only the third is opened");
    let memo = second.seen().hint.memo.unwrap();
    let again = at_site(PAGES, Some(&memo)).look(script).await;
    assert_eq!(again.asked.len(), 1, "all three are known, one with a date");
    assert_eq!(again.seen().sightings[2].published.latest, at("2026-11-19T23:59:59"));
}

#[tokio::test]
async fn what_leads_elsewhere_is_left_out_and_ends_the_proof() {
    let elsewhere = PAGES.replace("links = \"any\"", "links = \"same-site\"");
    let page = "<li><a href=https://c.cn/1>一</a><span>2026-11-20</span></li>\
        <li><a href=/2>二</a><span>2026-11-02</span></li>";
    let at_site = Try { target: "https://a.cn/x", ..Try::new(&elsewhere) };
    let seen = at_site.look(|_| html(page)).await.seen();
    assert_eq!((seen.sightings.len(), seen.coverage.is_empty()), (1, true));
    let at_site = Try { target: "https://a.cn/x", ..Try::new(PAGES) };
    let seen = at_site.look(|_| html(page)).await.seen();
    assert_eq!((seen.sightings.len(), seen.coverage.is_empty()), (2, false));
}

#[tokio::test]
async fn a_fault_on_the_way_to_a_post_is_told_and_proves_nothing() {
    let page = "<li><a href=/p1>一</a></li><li><a href=/p4>四</a><span>2026-11-02</span></li>";
    let at_site = Try { target: "https://a.cn/x", ..Try::new(PAGES) };
    let busy = |asked: &Asked| match asked.path.as_str() {
        "/base/x" => html(page),
        _ => Answer::status(429).header("retry-after", "900"),
    };
    let seen = at_site.look(busy).await.seen();
    assert_eq!(seen.faults[0].retry, Retry::After(900));
    assert!(seen.coverage.is_empty() && seen.sightings.len() == 2);
    let missing = |asked: &Asked| match asked.path.as_str() {
        "/base/x" => html(page),
        _ => Answer::status(404),
    };
    let seen = at_site.look(missing).await.seen();
    assert!(seen.faults.is_empty() && seen.coverage.is_empty());
    assert_eq!(seen.profile, None, "a post that is gone is no account that is gone");
}

#[tokio::test]
async fn pages_without_posts_walls_and_nests_are_faults() {
    let at_site = Try { target: "https://a.cn/x", ..Try::new(PAGES) };
    let empty = at_site.look(|_| html("<p>没有内容</p>")).await.fault();
    assert_eq!((empty.0, empty.1), (FaultScope::Connector, FaultKind::Malformed));
    let wall = at_site.look(|_| html("<title>安全验证</title><li>x</li>")).await.fault();
    assert_eq!(wall.1, FaultKind::Challenged);
    let nest = format!("<li>{}", "<div><ul><li>".repeat(500));
    let nest = at_site.look(move |_| html(&nest)).await;
    let nested = nest.result.is_err_and(|fault| fault.kind == FaultKind::Malformed);
    assert!(nested, "items inside items");
}

#[tokio::test]
async fn a_missing_secret_is_told_before_anything_is_asked() {
    let manifest =
        BASE.replace("{target}\" }", "{target}\", secret_headers = { cookie = \"cookie\" } }");
    let manifest = Arc::new(Manifest::parse(&manifest, "city").unwrap());
    let connector = DeclarativeConnector::new(manifest, Say::default());
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let budget = Duration::from_secs(5);
    let cx = PollContext {
        now: now(),
        budget,
        http: &http,
        secrets: &NoSecrets,
        memo: None,
        fresh: false,
    };
    let fault = connector.poll(&Target::new("42"), &cx).await.unwrap_err();
    assert_eq!((fault.scope, fault.retry), (FaultScope::Credential, Retry::Operator));
    assert!(connector.probe(&cx).await.is_err());
    assert_eq!(connector.credential(&Target::new("42")).as_deref(), Some("city"));
    assert!(stage.log().is_empty());
}

/// Broken bytes, cut bodies, repeated pieces: nothing panics, and what is read stays small.
#[test]
fn mangled_answers_are_read_or_refused() {
    let mut state = 0x1357_9bdf_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below.max(1)
    };
    let top = env!("CARGO_MANIFEST_DIR");
    let url: Url = "http://www.example.gov.cn/a/".parse().unwrap();
    for (name, file) in [
        ("thepaper", "thepaper.json"),
        ("netease", "netease.json"),
        ("penguin", "penguin.json"),
        ("ifeng", "ifeng.js"),
        ("bilibili", "bilibili.json"),
        ("people", "people.html"),
        ("gdgov", "gdgov.html"),
        ("gkmlpt", "gkmlpt.json"),
        ("jpage", "jpage.xml"),
    ] {
        let read = |path: String| std::fs::read_to_string(format!("{top}/{path}")).unwrap();
        let manifest = read(format!("../config/connectors/{name}.toml"));
        let manifest = Manifest::parse(&manifest, name).unwrap();
        let good = read(format!("fixtures/manifests/{file}")).into_bytes();
        for _ in 0..400 {
            let mut bytes = good.clone();
            for _ in 0..=next(6) {
                if bytes.is_empty() {
                    break;
                }
                let at = next(bytes.len());
                let to = (at + 1 + next(60)).min(bytes.len());
                match next(4) {
                    0 => bytes[at] = b"\"{}[]<>&9"[next(9)],
                    1 => drop(bytes.drain(at..to)),
                    2 => bytes.splice(at..at, bytes[at..to].to_vec()).for_each(drop),
                    _ => bytes.truncate(to),
                }
            }
            let text = crate::charset::decode(&bytes, None);
            let Ok(document) = manifest.reading.document(text) else { continue };
            let place = page::Place { written: &url, answered: &url, now: now() };
            let pieces = Pieces::from([("target".to_owned(), "42".to_owned())]);
            if let Ok(page) = page::read(&manifest, &document, &place, &pieces) {
                let past = |item: &Item| item.published.is_none_or(|at| at.earliest <= Some(now()));
                assert!(page.items.iter().all(past), "{name}");
            }
        }
    }
}
