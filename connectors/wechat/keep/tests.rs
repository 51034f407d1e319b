//! Is what must not be forgotten still there, and is a day's allowance never exceeded?

use chrono::{DateTime, NaiveDate, TimeDelta};

use super::records::{Authorizer, Ticket};
use super::{Allowance, Keep};

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
}

#[test]
fn a_days_calls_are_counted_and_the_next_day_begins_anew() {
    let keep = Keep::in_memory();
    let take = |path: &str, n| keep.take("wx1", path, Some(3), day(n)).unwrap();
    for _ in 0..3 {
        assert_eq!(take("/a", 22), Allowance::Yes);
    }
    assert_eq!(take("/a", 22), Allowance::Reached(3));
    assert_eq!(take("/b", 22), Allowance::Yes, "each interface has its own");
    assert_eq!(keep.take("wx2", "/a", Some(3), day(22)).unwrap(), Allowance::Yes);
    keep.learn("wx1", "/a", 2, day(22)).unwrap();
    assert_eq!(take("/a", 22), Allowance::Yes, "the platform allows more than a new account has");
    assert_eq!(take("/a", 22), Allowance::Yes);
    assert_eq!(take("/a", 22), Allowance::Reached(5));
    keep.learn("wx1", "/a", 0, day(22)).unwrap();
    assert_eq!(take("/a", 22), Allowance::Spent);
    assert_eq!(take("/a", 23), Allowance::Yes);
}

#[tokio::test]
async fn an_older_ticket_never_replaces_a_newer_one() {
    let keep = Keep::in_memory();
    let at = DateTime::from_timestamp(1_795_312_800, 0).unwrap();
    let ticket = |value: &str, minutes| Ticket {
        value: value.to_owned(),
        created: at + TimeDelta::minutes(minutes),
    };
    keep.keep_ticket("wxc", ticket("new", 10)).await.unwrap();
    keep.keep_ticket("wxc", ticket("old", 0)).await.unwrap();
    assert_eq!(keep.ticket("wxc").unwrap().unwrap().value, "new");
    assert_eq!(keep.ticket("other").unwrap(), None);
}

#[test]
fn a_record_that_is_not_understood_is_no_absent_one_and_is_not_quoted() {
    let keep = Keep::in_memory();
    keep.put("wechat.authorizer.wxc.wx1", &"SECRET").unwrap();
    let error = keep.authorizer("wxc", "wx1").unwrap_err();
    assert!(!error.to_string().contains("SECRET"), "{error}");
    assert_eq!(keep.authorizer("wxc", "wx2").unwrap(), None);
    keep.put_authorizer("wxc", "wx2", &Authorizer::default()).unwrap();
    assert!(!keep.authorizer("wxc", "wx2").unwrap().unwrap().stands());
}
