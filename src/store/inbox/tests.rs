//! Are mails kept in their order, pruned by age, and addresses remembered once?

use chrono::{TimeDelta, TimeZone as _, Utc};

use super::*;

fn mail(id: &str, at: Timestamp) -> Received {
    Received {
        id: id.to_owned(),
        at,
        sent: None,
        from: "a@b.cn".to_owned(),
        subject: String::new(),
        letter: None,
        accounts: Vec::new(),
        outcome: ReceivedOutcome::Reply,
        told: String::new(),
        text: String::new(),
    }
}

#[test]
fn mails_are_listed_newest_first_and_pruned_by_age() {
    let store = Store::open_memory();
    let start = Utc.with_ymd_and_hms(2026, 11, 1, 8, 0, 0).unwrap();
    let mut change = store.change();
    for day in 0..4 {
        change.put_received(&mail(&format!("m{day}"), start + TimeDelta::days(day))).unwrap();
    }
    store.commit(change).unwrap();
    let listed = || {
        let mut ids = Vec::new();
        store
            .for_each_received(|mail| {
                ids.push(mail.id);
                Ok(true)
            })
            .unwrap();
        ids
    };
    assert_eq!(listed(), ["m3", "m2", "m1", "m0"]);
    assert_eq!(store.prune_received(start + TimeDelta::days(2), 100).unwrap(), 2);
    assert_eq!(listed(), ["m3", "m2"]);
    assert_eq!(store.received("m0").unwrap(), None);
}

#[test]
fn the_first_word_on_an_address_stands_until_it_is_mended() {
    let store = Store::open_memory();
    let at = Utc.with_ymd_and_hms(2026, 11, 1, 8, 0, 0).unwrap();
    let dead = |how, days| DeadAddress {
        address: "a@b.cn".to_owned(),
        how,
        since: at + TimeDelta::days(days),
        letter: "l".to_owned(),
        reply: "550".to_owned(),
    };
    for (how, days) in [(DeadHow::Refused, 0), (DeadHow::Bounced, 1)] {
        store.update(|change| change.put_dead(&dead(how, days))).unwrap();
    }
    assert_eq!(store.dead_address("A@B.cn").unwrap(), Some(dead(DeadHow::Refused, 0)));
    assert!(store.update(|change| change.delete_dead("A@b.cn")).unwrap());
    assert!(!store.update(|change| change.delete_dead("a@b.cn")).unwrap());
    assert_eq!(store.dead_addresses().unwrap(), []);
}
