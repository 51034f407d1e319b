//! For how long is a link good, and what does it look like?

use chrono::NaiveDate;

use super::{link_ends, path_of};

#[test]
fn a_link_stays_the_same_for_half_a_year_and_lives_longer() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    for (today, ends) in [
        ("2026-01-01", "2026-12-31"),
        ("2026-06-30", "2026-12-31"),
        ("2026-07-01", "2027-06-30"),
        ("2026-12-31", "2027-06-30"),
    ] {
        assert_eq!(link_ends(day(today)), day(ends), "{today}");
    }
    assert_eq!(path_of("wechat:n-1", "20270630-x"), "/authorise/wechat:n-1/20270630-x");
    assert_eq!(path_of("wechat:茂/名", "t"), "/authorise/wechat:%E8%8C%82%2F%E5%90%8D/t");
}
