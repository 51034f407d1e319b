//! Is an instant the same in every zone, and written with its offset?

use serde_json::json;

use super::*;

#[test]
fn times_carry_the_offset_of_their_zone_then() {
    let at: Timestamp = "2026-07-01T02:00:00Z".parse().unwrap();
    for (zone, text) in [
        (Tz::UTC, "2026-07-01T02:00:00+00:00"),
        (Tz::Asia__Shanghai, "2026-07-01T10:00:00+08:00"),
        (Tz::Europe__Berlin, "2026-07-01T04:00:00+02:00"),
    ] {
        assert_eq!(rfc3339_in(at, zone), text);
        assert_eq!(rfc3339_in(at, zone).parse::<Timestamp>().unwrap(), at);
    }
}

#[test]
fn stored_events_are_rewritten_where_they_hold_instants() {
    let mut event = json!({"posts": [{"title": "2026-07-01T02:00:00Z",
        "published": {"earliest": "2026-07-01T02:00:00Z", "latest": null}}]});
    restamp(&mut event);
    let post = &event["posts"][0];
    assert_eq!(post["published"]["earliest"], "2026-07-01T10:00:00+08:00");
    assert_eq!(post["title"], "2026-07-01T02:00:00Z", "a title stays");
}
