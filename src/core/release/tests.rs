//! Is the newest dated version found, and is a year the line?

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_newest_dated_version_decides_and_a_year_makes_it_stagnant() {
    let now = at("2026-11-23T00:00:00Z");
    let release = |day: &str| Release { version: "2.1".into(), at: at(day) };
    let mut all = BTreeMap::new();
    assert_eq!(newest(&all, now), None);
    all.insert("appstore:1".to_owned(), (now, release("2024-03-01T00:00:00Z")));
    let (source, old) = newest(&all, now).unwrap();
    assert_eq!((source, is_stagnant(old, now)), ("appstore:1", true));
    assert_eq!(chinese(old), "版本 2.1,2024-03-01 发布");
    all.insert("huawei:C1".to_owned(), (now, release("2026-10-01T00:00:00Z")));
    let (source, young) = newest(&all, now).unwrap();
    assert_eq!((source, is_stagnant(young, now)), ("huawei:C1", false));
    // Who judges of the past does not know what came after.
    assert_eq!(newest(&all, at("2026-11-01T00:00:00Z")), None);
    // A date in the future says nothing.
    all.insert("huawei:C1".to_owned(), (now, release("2027-10-01T00:00:00Z")));
    assert_eq!(newest(&all, now).unwrap().0, "appstore:1");
}
