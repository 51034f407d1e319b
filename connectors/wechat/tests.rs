//! Does a poll of a simulated platform see what it should, and prove no more than it may?

pub(crate) mod fake;
mod refusals;
mod standing;

use chrono::{NaiveDate, TimeDelta};
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::id::Channel;
use freshd_core::observation::{Observation, ProfileState, Published};
use serde_json::{Value, json};

use crate::connector::{Connector, Target};
use fake::{APPID, Platform, at, figures, poll};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn whole_day(text: &str) -> Published {
    let start = civil::start_of(day(text));
    Published::between(start, start + TimeDelta::seconds(86_399))
}

#[track_caller]
fn covers(seen: &Observation, channel: &str, since: Timestamp, until: Timestamp) -> bool {
    seen.coverage.on(&Channel::new(channel)).covers(since, until)
}

/// Midnight at the start of that Beijing day.
fn start(text: &str) -> Timestamp {
    civil::start_of(day(text))
}

#[tokio::test]
async fn figures_prove_silence_on_both_channels_and_name_the_newest_post() {
    let platform = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[("2026-11-18", 2)], false),
        "/datacube/getarticletotaldetail" => json!({"is_delay": false, "list": [
            {"ref_date": "2026-11-18", "msgid": "2650_1", "publish_type": 0, "title": "头条",
             "content_url": "http://mp.weixin.qq.com/s/abc", "detail_list": []},
            {"ref_date": "2026-11-18", "msgid": "2651_1", "publish_type": 1, "title": "次条"}]}),
        "/cgi-bin/freepublish/batchget" => json!({"errcode": 48001, "errmsg": "unauthorized"}),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
    let found: Vec<_> = seen
        .sightings
        .iter()
        .map(|s| (s.key.as_str(), s.channel.as_str(), s.title.as_str(), s.url.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("2650_1", "notified", "头条", Some("http://mp.weixin.qq.com/s/abc")),
            ("2651_1", "unnotified", "次条", None),
        ]
    );
    assert_eq!(seen.sightings[0].published, whole_day("2026-11-18"));
    for channel in ["notified", "unnotified"] {
        assert!(covers(&seen, channel, start("2026-10-23"), start("2026-11-22")));
        assert!(!covers(&seen, channel, start("2026-10-22"), start("2026-10-24")));
        assert!(!covers(&seen, channel, start("2026-11-21"), at("2026-11-22T00:00:01+08:00")));
    }
    assert_eq!(seen.profile.as_ref().map(|p| p.state), Some(ProfileState::Open));
    assert_eq!(
        platform.bodies("/datacube/getbizsummary"),
        [json!({"begin_date": "2026-10-23", "end_date": "2026-11-21"})]
    );
    assert!(seen.evidence.iter().all(|e| !e.url.contains("access_token")));
    assert!(seen.evidence.iter().any(|e| e.body.contains("send_page_count")));

    let memo = seen.hint.memo.unwrap();
    let again = poll(&platform, at("2026-11-22T11:00:00+08:00"), Some(&memo), false).await;
    assert_eq!(again.unwrap().sightings, seen.sightings);
    assert_eq!(platform.bodies("/datacube/getarticletotaldetail").len(), 1);
}

#[tokio::test]
async fn before_eight_yesterday_is_not_asked_for() {
    let platform = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[("2026-11-18", 1)], false),
        "/cgi-bin/freepublish/batchget" => json!({"errcode": 48001, "errmsg": "api unauthorized"}),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, at("2026-11-22T07:59:00+08:00"), None, false).await.unwrap();
    assert_eq!(platform.bodies("/datacube/getbizsummary")[0]["end_date"], "2026-11-20");
    assert_eq!(seen.hint.not_before, Some(at("2026-11-22T08:30:00+08:00")));
    assert!(!covers(&seen, "notified", start("2026-11-20"), start("2026-11-22")));
    let seen = poll(&platform, at("2026-11-22T08:40:00+08:00"), None, false).await.unwrap();
    assert_eq!(seen.hint.not_before, Some(at("2026-11-23T08:30:00+08:00")));
}

#[tokio::test]
async fn a_day_without_a_row_is_unknown() {
    let platform = Platform::start(|path, _, _| match path {
        "/datacube/getbizsummary" => json!({"is_delay": false, "list": [
            {"ref_date": "2026-11-20", "detail": {"send_page_count": 0}},
            {"ref_date": "2026-11-21", "detail": {"read_user": 3}}]}),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
    assert!(covers(&seen, "notified", start("2026-11-20"), start("2026-11-21")));
    assert!(!covers(&seen, "notified", start("2026-11-19"), start("2026-11-20")));
    assert!(!covers(&seen, "notified", start("2026-11-21"), start("2026-11-22")));
}

#[tokio::test]
async fn delayed_figures_prove_nothing_but_an_earlier_window_may() {
    let platform = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => {
            let delayed = body["end_date"] == "2026-11-21";
            figures(body, &[("2026-11-10", 1)], delayed)
        }
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T09:00:00+08:00");
    let seen = poll(&platform, now, None, false).await.unwrap();
    assert!(covers(&seen, "notified", start("2026-11-11"), start("2026-11-21")));
    assert!(!covers(&seen, "notified", start("2026-11-21"), start("2026-11-22")));
    assert_eq!(seen.sightings[0].key, "day:2026-11-10");
    assert_eq!(seen.hint.not_before, Some(now + TimeDelta::hours(1)));

    let platform = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[], true),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, now, None, false).await.unwrap();
    assert!(seen.coverage.on(&Channel::new("notified")).is_empty());
}

#[tokio::test]
async fn figures_that_are_not_ready_are_no_fault() {
    let platform = Platform::start(|path, _, _| match path {
        "/datacube/getbizsummary" => json!({"errcode": 61503, "errmsg": "data not ready"}),
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T08:05:00+08:00");
    let seen = poll(&platform, now, None, false).await.unwrap();
    assert_eq!((seen.faults.as_slice(), seen.sightings.as_slice()), (&[][..], &[][..]));
    assert!(seen.coverage.on(&Channel::new("notified")).is_empty());
    assert_eq!(seen.hint.not_before, Some(at("2026-11-22T08:30:00+08:00")));
}

#[tokio::test]
async fn the_search_goes_back_three_windows_a_poll_and_never_before_the_era() {
    let platform = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[("2026-03-01", 1)], false),
        _ => Value::Null,
    })
    .await;
    let asked = |platform: &Platform| platform.bodies("/datacube/getbizsummary").len();
    let now = at("2026-11-22T10:00:00+08:00");
    let first = poll(&platform, now, None, false).await.unwrap();
    assert_eq!((asked(&platform), first.sightings.len()), (4, 0));
    assert!(covers(&first, "notified", start("2026-07-25"), start("2026-11-22")));
    let second = poll(&platform, now, first.hint.memo.as_deref(), false).await.unwrap();
    assert_eq!((asked(&platform), second.sightings.len()), (8, 0));
    let third = poll(&platform, now, second.hint.memo.as_deref(), false).await.unwrap();
    assert_eq!(third.sightings[0].key, "day:2026-03-01");
    let before = asked(&platform);
    let fourth = poll(&platform, now, third.hint.memo.as_deref(), false).await.unwrap();
    assert_eq!(asked(&platform), before + 1, "known: not searched for again");
    assert!(fourth.faults.is_empty());

    let early = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[], false),
        _ => Value::Null,
    })
    .await;
    poll(&early, at("2025-11-20T10:00:00+08:00"), None, false).await.unwrap();
    assert_eq!(
        early.bodies("/datacube/getbizsummary"),
        [json!({"begin_date": "2025-11-01", "end_date": "2025-11-19"})]
    );
}

/// The fixture's three items, and as many older ones as fill a page of a list of 60.
fn full_page() -> Value {
    let mut page = fake::fixture("freepublish.json");
    let items = page["item"].as_array_mut().unwrap();
    for n in 0..17 {
        items.push(json!({"article_id": format!("OLD-{n}"), "update_time": 1_795_000_000 - n,
                          "content": {"news_item": [{"title": "旧文", "is_deleted": false}]}}));
    }
    page["item_count"] = json!(20);
    page
}

#[tokio::test]
async fn un_notified_posts_cover_their_channel_only() {
    let platform = Platform::start(|path, _, _| match path {
        "/cgi-bin/freepublish/batchget" => full_page(),
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T10:00:00+08:00");
    let seen = poll(&platform, now, None, false).await.unwrap();
    let found: Vec<_> = seen.sightings[..2]
        .iter()
        .map(|s| (s.key.as_str(), s.title.as_str(), s.published.latest.timestamp()))
        .collect();
    let want = [("FP-2", "次条还在", 1_795_200_000), ("FP-1", "只有更新时间", 1_795_100_000)];
    assert_eq!(found, want);
    assert_eq!(seen.sightings.len(), 19, "all but the deleted one");
    let oldest = Timestamp::from_timestamp(1_795_000_000 - 16, 0).unwrap();
    assert!(covers(&seen, "unnotified", oldest, now));
    assert!(!covers(&seen, "unnotified", oldest - TimeDelta::seconds(1), now));
    assert!(seen.coverage.on(&Channel::new("notified")).is_empty());
    let comments = seen.interaction.iter().find(|sign| sign.kind == "comments").unwrap();
    assert_eq!(comments.works, Some(true));
    assert_eq!(
        platform.bodies("/cgi-bin/freepublish/batchget"),
        [json!({"offset": 0, "count": 20, "no_content": 1})]
    );

    let memo = seen.hint.memo.unwrap();
    let batches = || platform.bodies("/cgi-bin/freepublish/batchget").len();
    poll(&platform, now + TimeDelta::minutes(59), Some(&memo), false).await.unwrap();
    assert_eq!(batches(), 1, "at most hourly");
    poll(&platform, now + TimeDelta::minutes(59), Some(&memo), true).await.unwrap();
    assert_eq!(batches(), 2, "unless asked freshly");
    poll(&platform, now + TimeDelta::minutes(60), Some(&memo), false).await.unwrap();
    assert_eq!(batches(), 3);
}

/// Since when the un-notified channel is covered by that answer.
async fn vouched(page: Value) -> Option<Timestamp> {
    let platform = Platform::start(move |path, _, _| match path {
        "/cgi-bin/freepublish/batchget" => page.clone(),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
    assert!(!seen.sightings.is_empty());
    let spans = seen.coverage.on(&Channel::new("unnotified"));
    spans.as_slice().first().map(|span| span.since)
}

#[tokio::test]
async fn the_whole_list_vouches_back_to_the_era_and_a_doubtful_page_for_nothing() {
    let era = Some(start("2025-11-01"));
    let mut whole = fake::fixture("freepublish.json");
    whole["total_count"] = json!(3);
    assert_eq!(vouched(whole.clone()).await, era);
    whole["item"].as_array_mut().unwrap().reverse();
    assert_eq!(vouched(whole).await, era, "the order of a whole list does not matter");

    let oldest = Timestamp::from_timestamp(1_795_000_000 - 16, 0);
    assert_eq!(vouched(full_page()).await, oldest);
    let mut disordered = full_page();
    disordered["item"].as_array_mut().unwrap().swap(1, 2);
    assert_eq!(vouched(disordered).await, None);
    let mut undated = full_page();
    undated["item"][2]["update_time"] = json!(0);
    assert_eq!(vouched(undated).await, None);
    let short = fake::fixture("freepublish.json");
    assert_eq!(vouched(short).await, None, "3 rows of 60 are no page of 20");
}

#[tokio::test]
async fn a_page_of_deleted_posts_is_followed_by_the_next() {
    let platform = Platform::start(|path, body, _| match path {
        "/cgi-bin/freepublish/batchget" => {
            let mut page = full_page();
            if body["offset"] == 0 {
                for item in page["item"].as_array_mut().unwrap() {
                    item["content"]["news_item"] = json!([{"title": "x", "is_deleted": true}]);
                }
            }
            page
        }
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
    let asked = platform.bodies("/cgi-bin/freepublish/batchget");
    assert_eq!(asked.iter().map(|body| &body["offset"]).collect::<Vec<_>>(), [0, 20]);
    assert_eq!(seen.sightings[0].key, "FP-2");
}

#[tokio::test]
async fn menu_and_replies_are_read_every_three_days() {
    let platform = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[("2026-11-18", 1)], false),
        "/cgi-bin/get_current_selfmenu_info" => fake::fixture("selfmenu.json"),
        "/cgi-bin/get_current_autoreply_info" => fake::fixture("autoreply.json"),
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T10:00:00+08:00");
    let seen = poll(&platform, now, None, false).await.unwrap();
    assert_eq!(seen.menu.as_ref().map(|menu| menu.entries.len()), Some(11));
    let reply = seen.interaction.iter().find(|sign| sign.kind == "auto_reply").unwrap();
    assert_eq!(reply.works, Some(true));
    assert!(reply.what.contains("关键词回复规则 1 条"), "{}", reply.what);
    let memo = seen.hint.memo.as_deref();
    let same_day = poll(&platform, now + TimeDelta::hours(2), memo, false).await.unwrap();
    assert!(same_day.menu.is_none() && same_day.interaction.is_empty());
    let fresh = poll(&platform, now + TimeDelta::hours(2), memo, true).await.unwrap();
    assert!(fresh.menu.is_some());
    let next_day = poll(&platform, now + TimeDelta::hours(15), memo, false).await.unwrap();
    assert!(next_day.menu.is_none() && next_day.interaction.is_empty(), "as it was, not absent");
    let third = poll(&platform, now + TimeDelta::hours(63), memo, false).await.unwrap();
    assert!(third.menu.is_some() && !third.interaction.is_empty());
}

#[tokio::test]
async fn whole_figures_are_asked_for_once_a_day_and_keep_their_gap() {
    let platform = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[("2026-11-10", 1)], false),
        "/cgi-bin/freepublish/batchget" => full_page(),
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T10:00:00+08:00");
    let asked = || platform.bodies("/datacube/getbizsummary").len();
    let first = poll(&platform, now, None, false).await.unwrap();
    assert_eq!(asked(), 1);
    let memo = first.hint.memo.as_deref();
    let later = poll(&platform, now + TimeDelta::hours(4), memo, false).await.unwrap();
    assert_eq!(asked(), 1, "the figures of today come tomorrow");
    assert_eq!(later.hint.blind, first.hint.blind, "what cannot be seen is said all the same");
    assert!(later.profile.is_some(), "it was a look: the un-notified posts were read");
    poll(&platform, now + TimeDelta::hours(4), memo, true).await.unwrap();
    assert_eq!(asked(), 2, "who asks freshly gets everything");
    poll(&platform, now + TimeDelta::hours(24), memo, false).await.unwrap();
    assert_eq!(asked(), 3);
}

#[tokio::test]
async fn un_notified_posts_wait_where_the_figures_show_a_post_of_these_days() {
    let platform = Platform::start(|path, body, _| match path {
        "/datacube/getbizsummary" => figures(body, &[("2026-11-21", 1)], false),
        "/cgi-bin/freepublish/batchget" => full_page(),
        _ => Value::Null,
    })
    .await;
    let now = at("2026-11-22T10:00:00+08:00");
    let asked = || platform.bodies("/cgi-bin/freepublish/batchget").len();
    let first = poll(&platform, now, None, false).await.unwrap();
    let memo = first.hint.memo.as_deref();
    poll(&platform, now + TimeDelta::days(1), memo, false).await.unwrap();
    assert_eq!(asked(), 1, "a post of the day before yesterday is enough");
    poll(&platform, now + TimeDelta::days(1), memo, true).await.unwrap();
    assert_eq!(asked(), 2, "who asks freshly gets everything");
    poll(&platform, now + TimeDelta::days(5), memo, false).await.unwrap();
    assert_eq!(asked(), 3, "the newest post is six days old");
}

#[tokio::test]
async fn comments_in_the_figures_prove_that_commenting_works() {
    let platform = Platform::start(|path, _, _| match path {
        "/datacube/getbizsummary" => json!({"is_delay": false, "list": [
            {"ref_date": "2026-11-19", "detail": {"send_page_count": 1, "comment_count": 9}},
            {"ref_date": "2026-11-20", "detail": {"send_page_count": 0, "comment_count": 3}},
            {"ref_date": "2026-11-21", "detail": {"send_page_count": 0, "comment_count": 0}}]}),
        "/cgi-bin/freepublish/batchget" => full_page(),
        _ => Value::Null,
    })
    .await;
    let seen = poll(&platform, at("2026-11-22T10:00:00+08:00"), None, false).await.unwrap();
    let signs: Vec<_> = seen.interaction.iter().filter(|sign| sign.kind == "comments").collect();
    assert_eq!(signs.len(), 1);
    assert_eq!(signs[0].what, "2026-11-20 收到 3 条留言");
}

#[test]
fn zeros_do_not_prove_that_nobody_answers() {
    let sign = super::reply::read(&json!({"is_add_friend_reply_open": 0, "is_autoreply_open": 0}));
    assert_eq!(sign.unwrap().works, None);
}

#[test]
fn only_an_appid_is_admitted() {
    let connector = fake::connector("http://127.0.0.1:1/");
    assert!(connector.admit(&Target::new(APPID)).is_ok());
    for other in ["gh_0123456789ab", "maoming_fabu", "wx0123", "", "wx0123456789abcdef0"] {
        let problem = connector.admit(&Target::new(other)).unwrap_err();
        assert!(problem.help.contains("AppID"), "{}", problem.help);
    }
}
