//! Is every form of a post's time read as exactly as it can be, and never more exactly?

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::observation::Published;
use serde_json::{Value, json};

use super::{Post, Row, id_time, read, vouched_since};

const UID: &str = "1234567890";

fn at(text: &str) -> Timestamp {
    text.parse::<chrono::DateTime<chrono::FixedOffset>>().unwrap().to_utc()
}

fn now() -> Timestamp {
    at("2026-11-22T10:00:00+08:00")
}

fn post(value: &Value) -> Post {
    match read(value, None, UID, now()) {
        Row::Own(post) => post,
        Row::Foreign | Row::Odd => panic!("not read: {value}"),
    }
}

fn of(created_at: &str, id: &str) -> Published {
    post(&json!({"id": id, "created_at": created_at})).sighting.published
}

#[test]
fn the_id_holds_the_second_of_posting() {
    let want = at("2021-06-17T11:00:31+08:00");
    let got = id_time("4649031014551911", now()).unwrap();
    assert!((got - want).abs() <= TimeDelta::seconds(1), "{got}");
    assert_eq!(id_time("KkLmN0pQr", now()), None);
    assert_eq!(id_time("123", now()), None);
    assert_eq!(id_time("9999999999999999", now()), None, "of the future");
}

#[test]
fn a_time_to_the_second_is_believed() {
    let exact = Published::at(at("2026-11-20T18:00:00+08:00"));
    assert_eq!(of("Fri Nov 20 18:00:00 +0800 2026", "5367389327724545"), exact);
    // Scheduled ahead: the id is of the day on which it was written.
    assert_eq!(of("Fri Nov 20 18:00:00 +0800 2026", "5360745550188545"), exact);
}

#[test]
fn a_vague_time_is_narrowed_by_the_id() {
    let exact = Published::at(at("2026-11-18T20:15:00+08:00"));
    assert_eq!(of("11-18", "5366698525855745"), exact);
    assert_eq!(of("2026-11-18", "5366698525855745"), exact);
    assert_eq!(of("20分钟前", "5367988324667393"), Published::at(at("2026-11-22T09:40:12+08:00")));
    assert_eq!(of("", "5366698525855745"), exact);
}

#[test]
fn a_vague_time_that_the_id_contradicts_leaves_both_possible() {
    let got = of("15小时前", "4393799999999999");
    assert!(got.earliest.unwrap() < at("2020-01-01T00:00:00+08:00"));
    assert!(got.latest > at("2026-11-21T00:00:00+08:00"));
}

#[test]
fn without_an_id_time_the_range_stays() {
    let got = of("11-18", "KkLmN0pQr");
    assert_eq!(got.earliest, Some(at("2026-11-18T00:00:00+08:00")));
    assert!(got.latest >= at("2026-11-18T23:59:59+08:00"));
    assert_eq!(of("不久前", "KkLmN0pQr"), Published::before(now()));
}

#[test]
fn only_own_posts_count() {
    let of = |user: Value| json!({"id": "5366698525855745", "created_at": "11-18", "user": user});
    for own in [json!({"id": 1_234_567_890}), json!({"idstr": UID}), json!(1_234_567_890)] {
        assert!(matches!(read(&of(own), None, UID, now()), Row::Own(_)));
    }
    assert!(matches!(read(&of(json!({"id": 9_999_999})), None, UID, now()), Row::Foreign));
    for unknown in [Value::Null, json!({}), json!(false), json!("x"), json!(0), json!({"id": {}})] {
        assert!(matches!(read(&of(unknown), None, UID, now()), Row::Odd));
    }
    assert!(matches!(read(&json!({"created_at": "11-18"}), None, UID, now()), Row::Odd));
}

#[test]
fn each_pinned_marker_suffices() {
    for marker in [json!({"isTop": 1}), json!({"mblogtype": 2}), json!({"title": {"text": "置顶"}})]
    {
        let mut value = json!({"id": "5366698525855745", "created_at": "11-18"});
        value.as_object_mut().unwrap().extend(marker.as_object().unwrap().clone());
        assert!(post(&value).sighting.pinned, "{marker}");
    }
    let hot = json!({"id": "5366698525855745", "created_at": "11-18", "mblogtype": 1});
    assert!(!post(&hot).sighting.pinned);
    let card = json!({"profile_type_id": "proweibotop_1"});
    let Row::Own(pinned) = read(&hot, Some(&card), UID, now()) else { panic!() };
    assert!(pinned.sighting.pinned);
}

#[test]
fn a_page_vouches_back_to_its_oldest_item_that_is_not_pinned() {
    let item = |id: &str, extra: Value| {
        let told = match id {
            "5360745550188545" => "Mon Nov 02 10:00:00 +0800 2026",
            "5367623369887745" => "Sat Nov 21 09:30:00 +0800 2026",
            "5366698525855745" => "11-18",
            _ => "20分钟前",
        };
        let mut value = json!({"id": id, "created_at": told});
        value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        post(&value)
    };
    let old_pin = item("5360745550188545", json!({"isTop": 1}));
    let newer = item("5367623369887745", json!({}));
    let older = item("5366698525855745", json!({}));
    let since = Some(at("2026-11-18T20:15:00+08:00"));
    assert_eq!(vouched_since(&[old_pin.clone(), newer.clone(), older.clone()]), since);
    assert_eq!(vouched_since(&[older.clone(), newer.clone()]), None, "out of order");
    assert_eq!(vouched_since(&[old_pin]), None, "nothing but a pinned post");
    for told in [json!(""), json!(null), json!("不久前"), json!(20_261_121)] {
        let undated = item("5367298730758145", json!({"created_at": told}));
        assert_eq!(
            vouched_since(&[newer.clone(), undated, older.clone()]),
            None,
            "only the id says when: {told}"
        );
    }
    let hidden = item("5367988324667393", json!({"visible": {"type": 10}}));
    assert_eq!(vouched_since(&[hidden.clone(), older.clone()]), None, "the newest is restricted");
    assert_eq!(super::sightings(&[hidden, older.clone(), older]).len(), 1);
}

#[test]
fn a_title_has_no_markup() {
    let value =
        json!({"id": "5366698525855745", "text": "看<a href='/n/x'>@某县</a> &amp; <br/>更多"});
    assert_eq!(post(&value).sighting.title, "看@某县 & 更多");
}

#[test]
fn every_form_of_time_is_read() {
    // Ids without a time of their own, so that the text alone decides; now is 2026-11-22 10:00.
    for (told, earliest, latest) in [
        ("Fri Nov 20 18:00:31 +0800 2026", "2026-11-20T18:00:31", "2026-11-20T18:00:31"),
        ("刚刚", "2026-11-22T09:59:00", "2026-11-22T10:00:00"),
        ("20分钟前", "2026-11-22T09:39:00", "2026-11-22T09:40:30"),
        ("15小时前", "2026-11-21T18:00:00", "2026-11-21T19:00:00"),
        ("昨天 18:05", "2026-11-21T18:05:00", "2026-11-21T18:05:59"),
        ("今天 08:05", "2026-11-22T08:05:00", "2026-11-22T08:05:59"),
        ("06-14", "2026-06-14T00:00:00", "2026-06-14T23:59:59"),
        ("12-31", "2025-12-31T00:00:00", "2025-12-31T23:59:59"),
        ("2020-06-03", "2020-06-03T00:00:00", "2020-06-03T23:59:59"),
        ("2020-06-03 00:10", "2020-06-03T00:10:00", "2020-06-03T00:10:59"),
        ("06月17日 18:12", "2026-06-17T18:12:00", "2026-06-17T18:12:59"),
    ] {
        let got = of(told, "KkLmN0pQr");
        let (from, to) = (at(&format!("{earliest}+08:00")), at(&format!("{latest}+08:00")));
        let slack =
            TimeDelta::minutes(if told.ends_with('前') || told == "刚刚" { 61 } else { 0 });
        let first = got.earliest.unwrap();
        assert!((first - from).abs() <= slack, "{told}: {got:?}");
        assert!((got.latest - to).abs() <= slack, "{told}: {got:?}");
        assert!(first <= got.latest && got.latest <= now(), "{told}: {got:?}");
    }
}

#[test]
fn an_id_that_contradicts_the_date_is_told() {
    let of = |told: &str, id: &str| post(&json!({"id": id, "created_at": told}));
    let fine = of("Sat Nov 21 09:30:00 +0800 2026", "5367623369887745");
    assert_eq!(super::remarks(std::slice::from_ref(&fine)), None);
    // Published on the 20th with an id of the 2nd: written ahead. Believed, and told.
    let ahead = of("Fri Nov 20 18:00:00 +0800 2026", "5360745550188545");
    assert_eq!(ahead.sighting.published, Published::at(at("2026-11-20T18:00:00+08:00")));
    // An id of the 21st cannot have been published on the 2nd: both are possible.
    let late = of("Mon Nov 02 10:00:00 +0800 2026", "5367623369887745");
    let both = late.sighting.published;
    assert_eq!(both.earliest, Some(at("2026-11-02T10:00:00+08:00")));
    assert!(both.latest >= at("2026-11-21T09:29:00+08:00"), "{both:?}");
    let undated = of("", "5366698525855745");
    for post in [ahead, late, undated] {
        let told = super::remarks(&[fine.clone(), post.clone()]).unwrap();
        assert!(told.contains(&post.sighting.key), "{told}");
    }
}
