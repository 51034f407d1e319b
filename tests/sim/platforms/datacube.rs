//! What do WeChat's statistics say? Published pieces per day, a day late, and the articles of one day.

use std::fmt::Write as _;

use chrono::{Days, NaiveDate, TimeDelta, Timelike as _};
use freshd_core::{Timestamp, civil};
use serde_json::{Value, json};

use super::ask::{Ask, JSON, Reply};
use super::wechat::error;
use super::{Scene, article};
use crate::world::{Account, PostChannel};

/// The longest span of `getbizsummary`, in inclusive days.
const SPAN_DAYS_MAX: i64 = 30;

/// The figures of a day that nobody here looks at.
const REST: &str = r#""share_user":1,"zaikan_user":0,"like_user":0,"comment_count":0,"collection_user":0,"redirect_ori_page_user":0"#;

/// Statistics exist from this day on.
fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 11, 1).expect("a calendar day")
}

/// The first instant that WeChat's statistics speak of.
pub fn statistics_from() -> Timestamp {
    civil::start_of(first_day())
}

/// The asked span, or the error for it.
fn span(ask: &Ask<'_>, days_max: i64) -> Result<(NaiveDate, NaiveDate), Reply> {
    if ask.method != "POST" {
        return Err(error(43002, "require POST method"));
    }
    let body = ask.json();
    let day = |name: &str| {
        let text = body.get(name).and_then(Value::as_str).unwrap_or_default();
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|_| text.len() == 10)
            .ok_or_else(|| error(61500, "date format error"))
    };
    let (begin, end) = (day("begin_date")?, day("end_date")?);
    let too_long = (end - begin).num_days() >= days_max;
    if begin > end || too_long || end >= civil::day(ask.now) {
        return Err(error(61501, "date range error"));
    }
    Ok((begin, end))
}

/// Are the figures of `day` complete in a copy made at `as_of`? They are from 08:00 of the next day.
fn is_ready(day: NaiveDate, as_of: Timestamp) -> bool {
    let today = civil::day(as_of);
    let yesterday = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    day < yesterday || (day == yesterday && civil::local(as_of).hour() >= 8)
}

fn bounds(day: NaiveDate) -> (Timestamp, Timestamp) {
    let from = civil::start_of(day);
    (from, from + TimeDelta::days(1))
}

/// `getbizsummary`: one row a day with `send_page_count`, both channels; deleted posts stay counted.
pub(super) fn biz_summary(account: &Account, ask: &Ask<'_>) -> Reply {
    let (begin, end) = match span(ask, SPAN_DAYS_MAX) {
        Ok(span) => span,
        Err(reply) => return reply,
    };
    let is_delay = !is_ready(end, ask.as_of);
    if ask.empty {
        return Reply::json(&json!({"list": [], "is_delay": false}));
    }
    let mut body = String::from(r#"{"list":["#);
    let days = begin.max(first_day()).iter_days().take_while(|day| *day <= end);
    for day in days.filter(|day| is_ready(*day, ask.as_of)) {
        let (from, to) = bounds(day);
        let pieces = account.between(from, to).count();
        let readers = 40 + pieces * 317;
        if !body.ends_with('[') {
            body.push(',');
        }
        let row = write!(
            body,
            r#"{{"ref_date":"{day}","detail":{{"read_user":{readers},"read_user_source":[{{"user_count":{readers},"scene_desc":"全部"}}],{REST},"send_page_count":{pieces}}}}}"#
        );
        row.expect("a string takes everything");
    }
    let end = write!(body, r#"],"is_delay":{is_delay}}}"#);
    end.expect("a string takes everything");
    Reply::new(200, JSON, body)
}

/// `getarticletotaldetail`: what was published on one day.
pub(super) fn article_total_detail(scene: &Scene, account: &Account, ask: &Ask<'_>) -> Reply {
    let (day, _) = match span(ask, 1) {
        Ok(span) => span,
        Err(reply) => return reply,
    };
    if !is_ready(day, ask.as_of) {
        return Reply::json(&json!({"list": [], "is_delay": true}));
    }
    let (from, to) = bounds(day);
    let posts = account.between(from, to).filter(|_| !ask.empty && day >= first_day());
    let list: Vec<Value> = posts
        .map(|(number, post)| {
            json!({
                "ref_date": day.to_string(),
                "msgid": format!("{}_1", article::mid(number)),
                "publish_type": u8::from(post.channel == PostChannel::Unnotified),
                "title": post.title(),
                "content_url": article::short_link(scene.bases(), account, number),
                "detail_list": [{
                    "stat_date": day.to_string(), "read_user": 311,
                    "read_user_source": [{"user_count": 311, "scene_desc": "全部"}],
                    "share_user": 3, "zaikan_user": 1, "like_user": 5,
                    "comment_count": u8::from(account.auto_reply) * 2, "collection_user": 0, "praise_money": 0,
                    "read_subscribe_user": 200, "read_delivery_rate": 0.0271, "read_finish_rate": 0.6304,
                    "read_avg_activetime": 1.05, "read_jump_position": [{"position": 1, "rate": 0.53}]
                }]
            })
        })
        .collect();
    Reply::json(&json!({"list": list, "is_delay": false}))
}
