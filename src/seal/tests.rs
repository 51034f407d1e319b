//! Does a token open what it was sealed for, until it ends, and nothing else?

use chrono::{DateTime, TimeDelta};

use super::*;

fn now() -> Timestamp {
    DateTime::parse_from_rfc3339("2026-11-23T08:00:00+08:00").unwrap().to_utc()
}

#[test]
fn a_token_says_what_was_sealed_until_it_ends() {
    let key = SealKey::new(&[7; 32]);
    let end = now() + TimeDelta::days(30);
    for payload in ["", "letter 微信", &"x".repeat(600)] {
        let token = key.seal("letter", payload, end);
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        assert_eq!(key.open("letter", &token, now()).as_deref(), Ok(payload));
        let last = end - TimeDelta::seconds(1);
        assert_eq!(key.open("letter", &token, last).as_deref(), Ok(payload));
        assert_eq!(key.open("letter", &token, end), Err(Unsealed::Expired));
    }
}

#[test]
fn another_purpose_another_key_or_a_changed_byte_opens_nothing() {
    let key = SealKey::new(&[7; 32]);
    let token = key.seal("letter", "a b", now() + TimeDelta::days(1));
    assert_eq!(key.open("authorise", &token, now()), Err(Unsealed::Forged));
    assert_eq!(key.open("lette", &token, now()), Err(Unsealed::Forged));
    assert_eq!(SealKey::new(&[8; 32]).open("letter", &token, now()), Err(Unsealed::Forged));
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let changed = URL_SAFE_NO_PAD.encode(changed);
        assert_eq!(key.open("letter", &changed, now()), Err(Unsealed::Forged), "byte {at}");
        let cut = URL_SAFE_NO_PAD.encode(&bytes[..at]);
        assert_eq!(key.open("letter", &cut, now()), Err(Unsealed::Forged), "cut at {at}");
    }
    for nonsense in ["", "....", "微信", &"A".repeat(TOKEN_CHARS_MAX + 1)] {
        assert_eq!(key.open("letter", nonsense, now()), Err(Unsealed::Forged));
    }
}

#[test]
fn a_store_keeps_one_key_and_shows_it_nowhere() {
    let store = Store::open_memory();
    assert!(SealKey::held(&store).unwrap().is_none());
    let key = SealKey::of(&store).unwrap();
    let token = key.seal("letter", "x", now() + TimeDelta::days(1));
    let again = SealKey::of(&store).unwrap();
    assert_eq!(again.open("letter", &token, now()).as_deref(), Ok("x"));
    assert!(SealKey::held(&store).unwrap().is_some());
    let other = SealKey::of(&Store::open_memory()).unwrap();
    assert_eq!(other.open("letter", &token, now()), Err(Unsealed::Forged), "each store its own");
    let secret: String = store.meta(META_KEY).unwrap().unwrap();
    assert!(!format!("{key:?}").contains(&secret[..8]));
    store.set_meta(META_KEY, "微信").unwrap();
    assert!(SealKey::held(&store).is_err(), "a damaged key is no other key");
}
