//! Is each letter sent by one sender at a time, kept through crashes, and never written over?

use chrono::TimeDelta;

use super::*;
use crate::store::tests::{id, keys_of, minute};

pub(crate) fn letter(id_text: &str, created: i64) -> Letter {
    Letter {
        id: id_text.to_owned(),
        state: LetterState::Queued,
        to: "owner@example.gov.cn".into(),
        reasons: vec!["reminder".into()],
        message_id: format!("<{id_text}@freshd>"),
        subject: "请及时更新".into(),
        accounts: vec![id("a")],
        attempts: 0,
        next_attempt: None,
        lease_until: None,
        last_reply: None,
        created_at: minute(created),
        first_attempt: None,
        late_after: None,
        operator_told: false,
        tells: Vec::new(),
        decided: Vec::new(),
        merged_into: None,
    }
}

pub(crate) fn add(store: &Store, letter: &Letter) {
    let mut change = store.change();
    let body = LetterBody {
        text: "正文".into(),
        html: "<p>正文</p>".repeat(4000),
        ..LetterBody::default()
    };
    change.new_letter(letter, &body).unwrap();
    store.commit(change).unwrap();
}

fn ids(letters: &[Letter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.id.as_str()).collect()
}

#[test]
fn a_letter_is_claimed_once_and_again_when_its_lease_has_run_out() {
    let store = Store::open_memory();
    add(&store, &letter("one", 0));
    add(&store, &Letter { next_attempt: Some(minute(9)), ..letter("two", 0) });
    add(&store, &Letter { state: LetterState::Held, ..letter("held", 0) });
    let claimed = store.claim_letters(minute(1), minute(3), 9).unwrap();
    assert_eq!(ids(&claimed), ["one"]);
    assert_eq!((claimed[0].state, claimed[0].attempts), (LetterState::Sending, 1));
    assert!(store.claim_letters(minute(2), minute(5), 9).unwrap().is_empty());
    assert_eq!(store.next_letter_due().unwrap(), Some(minute(3)));
    let again = store.claim_letters(minute(3), minute(5), 9).unwrap();
    assert_eq!((ids(&again), again[0].attempts), (vec!["one"], 2));
    assert_eq!(again[0].message_id, claimed[0].message_id);
    assert_eq!(ids(&store.claim_letters(minute(9), minute(10), 1).unwrap()), ["one"]);
    assert_eq!(ids(&store.claim_letters(minute(9), minute(20), 5).unwrap()), ["two"]);
}

#[test]
fn a_reply_is_recorded_and_takes_the_letter_out_of_the_queue() {
    let store = Store::open_memory();
    add(&store, &letter("one", 0));
    store.claim_letters(minute(1), minute(3), 9).unwrap();
    let done = store.update_letter("one", |letter| {
        letter.state = LetterState::Accepted;
        letter.last_reply = Some("250 OK".into());
    });
    assert_eq!(done.unwrap().unwrap().last_reply.as_deref(), Some("250 OK"));
    assert_eq!(keys_of(&store, kind::LETTER_QUEUE), 0);
    assert_eq!(store.next_letter_due().unwrap(), None);
    assert_eq!(store.claim_letter("one", minute(9)).unwrap(), None, "final");
    assert_eq!(store.letter_body("one").unwrap().unwrap().text, "正文");
    assert!(store.update_letter("none", |_| ()).unwrap().is_none());
}

#[test]
fn retry_ignores_backoff_and_lease() {
    let store = Store::open_memory();
    add(&store, &Letter { next_attempt: Some(minute(99)), ..letter("one", 0) });
    let claimed = store.claim_letter("one", minute(3)).unwrap().unwrap();
    assert_eq!((claimed.attempts, claimed.lease_until), (1, Some(minute(3))));
    assert_eq!(keys_of(&store, kind::LETTER_QUEUE), 1, "its old place is gone");
    assert!(store.claim_letter("one", minute(4)).unwrap().is_some());
}

#[test]
fn a_letter_is_never_written_over_by_a_new_one() {
    let store = Store::open_memory();
    add(&store, &letter("one", 0));
    store.update_letter("one", |letter| letter.state = LetterState::Accepted).unwrap();
    let mut change = store.change();
    change.new_letter(&letter("one", 1), &LetterBody::default()).unwrap();
    assert!(store.commit(change).unwrap_err().is_conflict());
    assert_eq!(store.letter("one").unwrap().unwrap().state, LetterState::Accepted);
}

#[test]
fn letters_are_listed_newest_first_and_leave_nothing() {
    let store = Store::open_memory();
    (0..3).for_each(|n| add(&store, &letter(&n.to_string(), n)));
    let mut seen = Vec::new();
    store
        .for_each_letter(|letter| {
            seen.push(letter.created_at);
            Ok(seen.len() < 2)
        })
        .unwrap();
    assert_eq!(seen, [minute(2), minute(1)]);
    let mut change = store.change();
    (0..3).for_each(|n| change.delete_letter(&n.to_string()));
    store.commit(change).unwrap();
    let kinds =
        [kind::LETTER, kind::LETTER_BODY, kind::LETTER_QUEUE, kind::LETTER_TIME, kind::PART];
    assert_eq!(kinds.map(|kind| keys_of(&store, kind)), [0; 5]);
}

#[test]
fn two_senders_never_share_a_letter() {
    let store = Store::open_memory();
    (0..100).for_each(|n| add(&store, &letter(&n.to_string(), n)));
    let late = minute(0) + TimeDelta::days(1);
    let claim = || {
        let mut mine = 0;
        loop {
            match store.claim_letters(late, late + TimeDelta::hours(1), 3) {
                Ok(claimed) if claimed.is_empty() => return mine,
                Ok(claimed) => mine += claimed.len(),
                Err(error) => assert!(error.is_conflict()),
            }
        }
    };
    let (a, b) = std::thread::scope(|scope| {
        let (a, b) = (scope.spawn(claim), scope.spawn(claim));
        (a.join().unwrap(), b.join().unwrap())
    });
    assert_eq!(a + b, 100);
}

#[test]
fn golden_bytes_of_a_letter() {
    let bytes = codec::encode(&letter("one", 0)).unwrap();
    let expected = "\u{1}{\"id\":\"one\",\"state\":\"queued\",\"to\":\"owner@example.gov.cn\",\
        \"reasons\":[\"reminder\"],\"message_id\":\"<one@freshd>\",\"subject\":\"请及时更新\",\
        \"accounts\":[\"weibo:a\"],\"attempts\":0,\"created_at\":\"2026-11-22T02:00:00Z\"}";
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    assert_eq!(serde_json::to_string(&LetterState::GivenUp).unwrap(), "\"given_up\"");
    let body = LetterBody { text: "t".into(), html: "h".into(), ..LetterBody::default() };
    assert_eq!(codec::encode(&body).unwrap(), b"\x01{\"text\":\"t\",\"html\":\"h\"}");
}

#[test]
fn letters_are_counted_on_as_they_move() {
    let store = Store::open_memory();
    let walked = || {
        let mut counts: BTreeMap<LetterState, u64> =
            LetterState::ALL.into_iter().map(|state| (state, 0)).collect();
        store
            .for_each_letter(|letter| {
                *counts.entry(letter.state).or_default() += 1;
                Ok(true)
            })
            .unwrap();
        counts
    };
    let check = |what: &str| assert_eq!(store.letter_counts().unwrap(), walked(), "{what}");
    add(&store, &letter("before", 0));
    check("the first count walks");
    add(&store, &letter("one", 0));
    add(&store, &Letter { state: LetterState::Held, ..letter("held", 0) });
    check("new ones");
    store.claim_letters(minute(1), minute(3), 9).unwrap();
    check("claimed");
    store.update_letter("one", |letter| letter.state = LetterState::Accepted).unwrap();
    check("accepted");
    assert_eq!(store.letter_counts().unwrap()[&LetterState::Accepted], 1);
    let mut change = store.change();
    change.new_letter(&letter("one", 9), &LetterBody::default()).unwrap();
    assert!(store.commit(change).is_err());
    check("a commit that failed");
    let mut change = store.change();
    change.delete_letter("one");
    store.commit(change).unwrap();
    check("removed");
}
