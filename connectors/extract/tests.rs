//! Is each thing that a manifest can ask of an answer answered as documented?

use chrono::DateTime;
use encoding_rs::GBK;
use freshd_core::Timestamp;
use regex::Regex;
use scraper::Selector;
use serde_json::{Value, json};

use super::path::Path;
use super::shape::{Reading, Shape};
use super::template::{Pieces, Template};
use super::time::{TimeFormat, published};
use super::*;

fn pieces() -> Pieces {
    Pieces::from([("target".to_owned(), "a b/中=".to_owned())])
}

fn source(place: Place) -> Source {
    Source { place, regex: None, template: None }
}

fn at(path: &str) -> Source {
    source(Place::Json(Path::parse(path).unwrap()))
}

#[test]
fn paths_name_places_and_compute_nothing() {
    let root = json!({"a": {"b": [{"c": 1}, {"c": null}, {"c": 3}], "x/y": "s", "m~n": 7}});
    let all = |path: &str| -> Vec<Value> {
        Path::parse(path).unwrap().all(&root).into_iter().cloned().collect()
    };
    assert_eq!(all("/a/b/0/c"), [json!(1)]);
    assert_eq!(all("$.a.b[2].c"), [json!(3)]);
    assert_eq!(all("$['a'].b[*].c"), [json!(1), Value::Null, json!(3)]);
    assert_eq!(all("/a/x~1y"), [json!("s")]);
    assert_eq!(all("/a/m~0n"), [json!(7)]);
    assert_eq!(all("").as_slice(), std::slice::from_ref(&root));
    assert!(all("/a/z").is_empty() && all("/a/b/9").is_empty());
    assert_eq!(Path::parse("/a/b/1/c").unwrap().first(&root), None, "null is not there");
    for wrong in ["a.b", "$.a[?(@.b)]", "$..a", "$.a[1:2]", "$.a.*", "$.", "$[", "$['a"] {
        assert!(Path::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn pieces_are_encoded_in_addresses_and_plain_elsewhere() {
    let template = Template::parse("https://a.cn/{target}?x={+target}").unwrap();
    assert_eq!(template.in_url(&pieces()), "https://a.cn/a%20b%2F%E4%B8%AD%3D?x=a b/中=");
    assert_eq!(template.plain(&pieces()), "https://a.cn/a b/中=?x=a b/中=");
    for wrong in ["{", "}", "{a b}", "{}", "a}b", "{a{b}}"] {
        assert!(Template::parse(wrong).is_err(), "{wrong}");
    }
}

fn reading(shape: Shape) -> Reading {
    Reading { shape, charset: None, nested: Vec::new() }
}

fn json_of(shape: Shape, text: &str) -> Result<Value, String> {
    let document = reading(shape).document(text.to_owned())?;
    Ok(document.json().unwrap().clone())
}

#[test]
fn every_shape_is_unwrapped() {
    let one = json!({"a": 1});
    let jsonp = || Shape::Jsonp(None);
    for text in ["cb({\"a\":1})", " /**/ cb( {\"a\":1} );\n", "\u{feff}cb({\"a\":1});"] {
        assert_eq!(json_of(jsonp(), text).unwrap(), one, "{text}");
    }
    assert!(json_of(jsonp(), "{\"a\":1}").is_err());
    assert!(json_of(Shape::Jsonp(Some("other".into())), "cb({\"a\":1})").is_err());
    let by_id = Shape::Script(Some(Selector::parse("script#data").unwrap()), None);
    let page = "<html><script>1</script><script id=data type=json>{\"a\":1}</script></html>";
    assert_eq!(json_of(by_id.clone(), page).unwrap(), one);
    assert!(json_of(by_id, "<html></html>").is_err());
    let after = Shape::Script(None, Some("var x =".into()));
    assert_eq!(
        json_of(after.clone(), "<script>var x = {\"a\":1}; var y = 2;</script>").unwrap(),
        one
    );
    assert!(json_of(after, "<script>var y = {}</script>").is_err());
    let mut nested = reading(Shape::Json);
    nested.nested = vec![Path::parse("/d").unwrap(), Path::parse("$.d.list[*]").unwrap()];
    let text = json!({"d": json!({"list": ["{\"a\":1}"]}).to_string()}).to_string();
    let document = nested.document(text).unwrap();
    assert_eq!(document.json().unwrap(), &json!({"d": {"list": [{"a": 1}]}}));
    assert!(nested.document("{\"d\":\"no JSON\"}".to_owned()).is_err());
    let records = Shape::Records(Regex::new("(?s)<r>(.*?)</r>").unwrap());
    let document =
        reading(records).document("<x><r><li>1</li></r><r><tr><td>2</td></tr></r></x>".into());
    let document = document.unwrap();
    let cells = Selector::parse(".record li, .record td").unwrap();
    assert_eq!(document.html().unwrap().select(&cells).count(), 2);
}

#[test]
fn bombs_are_refused_before_a_tree_is_built() {
    let records = Regex::new("(?s)<r>(.*?)</r>").unwrap();
    let deep = |open: &str, times: usize| open.repeat(times);
    for (shape, text) in [
        (Shape::Html, deep("<div>", 100_000)),
        (Shape::Html, "a".repeat(markup_bytes() + 1)),
        (Shape::Html, format!("{}{}", deep("<div><ul>", 240), deep("<li>x", 20_000))),
        (Shape::Records(records), format!("<r>{}</r>", deep("<b><i>", 50_000))),
        (Shape::Json, deep("[", 200_000)),
        (Shape::Json, deep("{\"a\":", 200_000)),
        (Shape::Jsonp(None), format!("cb({})", deep("[", 200_000))),
        (Shape::Script(None, Some("x=".into())), format!("x={}", deep("[", 200_000))),
    ] {
        assert!(reading(shape).document(text).is_err());
    }
    let mut nested = reading(Shape::Json);
    nested.nested = vec![Path::parse("/d").unwrap()];
    let bomb = json!({"d": deep("[", 200_000)}).to_string();
    assert!(nested.document(bomb).is_err());
}

fn markup_bytes() -> usize {
    crate::markup::TREE_BYTES_MAX
}

#[test]
fn a_charset_that_is_written_down_is_believed() {
    let body = GBK.encode("标题").0.into_owned();
    let response = |body: Vec<u8>| crate::http::Response {
        status: 200,
        url: "http://a.cn".parse().unwrap(),
        headers: vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())],
        body: body.into(),
        truncated: false,
    };
    let own = Reading { charset: Some(GBK), ..reading(Shape::Html) };
    assert_eq!(own.text(&response(body)), "标题");
}

#[test]
fn places_attributes_groups_and_templates() {
    let value = json!({"id": 7, "on": true, "list": [], "s": "  ", "t": "x-42-y"});
    let spot = Spot::Json(&value);
    let text = |source: Source| source.text(spot, &pieces());
    assert_eq!(text(at("/id")).as_deref(), Some("7"));
    assert_eq!(text(at("/on")).as_deref(), Some("true"));
    assert_eq!((text(at("/list")), text(at("/s")), text(at("/none"))), (None, None, None));
    let regex = Some(Regex::new("-([0-9]+)-").unwrap());
    let template = Some(Template::parse("https://a.cn/{value}?{+target}").unwrap());
    let full = Source { regex, template, ..at("/t") };
    assert_eq!(text(full.clone()).as_deref(), Some("https://a.cn/42?a b/中="));
    assert_eq!(text(Source { regex: Some(Regex::new("nothing").unwrap()), ..full }), None);
    let page =
        scraper::Html::parse_document("<li><a href='/1' title=' T '>x <b>y</b></a><i>d</i></li>");
    let li = Selector::parse("li").unwrap();
    let spot = Spot::Html(page.select(&li).next().unwrap());
    let css = |selector: &str, attribute: Option<&str>| {
        let selector = Some(Selector::parse(selector).unwrap());
        source(Place::Css(selector, attribute.map(str::to_owned))).text(spot, &pieces())
    };
    assert_eq!(css("a", None).as_deref(), Some("x y"));
    assert_eq!(css("a", Some("title")).as_deref(), Some("T"));
    assert_eq!(css("em", None), None);
}

#[test]
fn conditions_hold_do_not_or_cannot_be_told() {
    let value = json!({"code": 200, "ok": true, "list": [], "who": "a b/中=", "text": "已注销"});
    let check = |path: &str, test: Test| {
        Condition { source: at(path), test }.holds(Spot::Json(&value), &pieces())
    };
    let texts = |all: &[&str]| all.iter().map(|text| Template::parse(text).unwrap()).collect();
    assert_eq!(check("/code", Test::Is(texts(&["1", "200"]))), Some(true));
    assert_eq!(check("/code", Test::Not(texts(&["200"]))), Some(false));
    assert_eq!(check("/ok", Test::Is(texts(&["true"]))), Some(true));
    assert_eq!(check("/who", Test::Is(texts(&["{target}"]))), Some(true));
    assert_eq!(check("/none", Test::Is(texts(&["1"]))), None);
    assert_eq!(check("/none", Test::Not(texts(&["1"]))), None);
    assert_eq!(check("/text", Test::Matches(Regex::new("注销").unwrap())), Some(true));
    assert_eq!(check("/list", Test::Present(true)), Some(true));
    assert_eq!(check("/none", Test::Present(false)), Some(true));
}

#[test]
fn times_are_ranges_and_impossible_ones_are_none() {
    let now: Timestamp = "2026-11-22T02:30:00Z".parse().unwrap();
    let read = |text: &str, format: &str| {
        let format = TimeFormat::parse(format).unwrap();
        let found = published(text, &[format], freshd_core::civil::beijing(), now)?;
        let show = |at: Timestamp| at.format("%m-%dT%H:%M:%S").to_string();
        Some((show(found.earliest.unwrap()), show(found.latest)))
    };
    let some = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    let day = "2026-11-20T01:30:00Z".parse::<DateTime<chrono::Utc>>().unwrap().timestamp();
    let one = some("11-20T01:30:00", "11-20T01:30:00");
    assert_eq!(read(&day.to_string(), "unix-s"), one);
    assert_eq!(read(&format!("{day}.0"), "unix-s"), one);
    assert_eq!(read(&(day * 1000).to_string(), "unix-ms"), one);
    assert_eq!(read(&day.to_string(), "unix-ms"), None, "seconds are no milliseconds");
    assert_eq!(read(&(day * 1000).to_string(), "unix-s"), None);
    assert_eq!(read("2026-11-20 09:30:00", "%Y-%m-%d %H:%M:%S"), one);
    let minute = some("11-20T01:30:00", "11-20T01:30:59");
    assert_eq!(read("2026年11月20日09:30", "%Y年%m月%d日%H:%M"), minute);
    assert_eq!(read("2026/1120", "%Y/%m%d"), some("11-19T16:00:00", "11-20T15:59:59"));
    assert_eq!(read("2026-11-22", "%Y-%m-%d"), some("11-21T16:00:00", "11-22T02:30:00"));
    assert_eq!(read("Fri Nov 20 09:30:00 +0800 2026", "%a %b %d %H:%M:%S %z %Y"), one);
    assert_eq!(read("2小时前", "text"), some("11-21T23:30:00", "11-22T01:00:00"));
    assert_eq!(read("2026-11-23 09:30:00", "%Y-%m-%d %H:%M:%S"), None, "it is not yet");
    assert_eq!(read("0", "unix-s"), None);
    assert_eq!(read("", "text"), None);
    for wrong in ["%m-%d", "%H:%M", "%Q", "unix", "%s", "%Y-%m"] {
        assert!(TimeFormat::parse(wrong).is_err(), "{wrong}");
    }
}
