//! Does the weather follow its seed and the clock?

use chrono::{TimeDelta, TimeZone as _, Utc};
use freshd_core::Timestamp;

use super::{Site, Weather, WeatherKind};

fn start() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 9, 1, 0, 0, 0).unwrap()
}

#[test]
fn fair_weather_never_strikes() {
    let weather = Weather::fair();
    for hour in 0..24 * 365 {
        let now = start() + TimeDelta::hours(hour);
        assert_eq!(weather.at(Site::Weibo, now, "/"), None);
    }
    assert!((0..1_000).all(|account| weather.token_spell(account).is_none()));
}

#[test]
fn the_same_seed_gives_the_same_weather() {
    let show = |seed| {
        let weather = Weather::generate(seed, start(), 365, 1.0);
        Site::ALL.map(|site| weather.spells(site))
    };
    assert_eq!(show(5), show(5));
    assert_ne!(show(5), show(6));
}

#[test]
fn a_usual_year_has_about_thirty_spells_a_platform() {
    let weather = Weather::generate(5, start(), 365, 1.0);
    for site in Site::ALL {
        let count = weather.spells(site).len();
        assert!((28..=32).contains(&count), "{site:?}: {count}");
    }
    let refused = (0..10_000).filter(|account| weather.token_spell(*account).is_some()).count();
    assert!((2_700..3_300).contains(&refused), "{refused}");
}

#[test]
fn noise_is_as_frequent_as_asked_and_repeats_itself() {
    let weather = Weather::fair();
    weather.set_noise(20_000, 2_000);
    let draw = |n: i64| weather.at(Site::Web, start() + TimeDelta::seconds(n), "/page/1/0");
    let errors = (0..100_000).filter(|n| draw(*n) == Some(WeatherKind::Outage)).count();
    let cuts = (0..100_000).filter(|n| draw(*n) == Some(WeatherKind::Truncated)).count();
    assert!((1_800..2_200).contains(&errors) && (140..260).contains(&cuts), "{errors} {cuts}");
    assert!((0..1_000).all(|n| draw(n) == draw(n)));
}

#[test]
fn a_forced_spell_holds_from_its_start_to_before_its_end() {
    let weather = Weather::fair();
    let (from, to) = (start(), start() + TimeDelta::hours(1));
    weather.force(Site::Nanfang, WeatherKind::RateLimit(60), from, to);
    let at = |now| weather.at(Site::Nanfang, now, "");
    let second = TimeDelta::seconds(1);
    assert_eq!(at(from - second), None);
    assert_eq!(at(from), Some(WeatherKind::RateLimit(60)));
    assert_eq!(at(to - second), Some(WeatherKind::RateLimit(60)));
    assert_eq!(at(to), None);
    assert_eq!(weather.at(Site::Weibo, from, ""), None);
}
