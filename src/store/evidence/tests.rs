//! Are the bytes kept once, whole, and told from damaged ones?

use super::*;
use crate::store::keys::kind;
use crate::store::tests::{keys_of, minute, overwrite};

/// Bytes that cannot be packed.
fn noise(length: usize) -> Vec<u8> {
    let word = |n: usize| freshd_core::id::stable_hash(&[&n.to_be_bytes()]).to_be_bytes();
    (0..length.div_ceil(8)).flat_map(word).take(length).collect()
}

#[test]
fn what_repeats_itself_takes_little_and_comes_back() {
    let store = Store::open_memory();
    let body = "{\"articleId\":1,\"title\":\"公开\"}".repeat(10_000);
    let mut change = store.change();
    let id = change.evidence(body.as_bytes(), minute(0)).unwrap();
    store.commit(change).unwrap();
    assert_eq!(store.evidence(id).unwrap().as_deref(), Some(body.as_bytes()));
    assert_eq!(keys_of(&store, kind::EVIDENCE_BYTES), 1, "340,000 bytes in one value");
    overwrite(&store, chunk_key(id, 0), b"the page");
    assert!(matches!(store.evidence(id), Err(StoreError::Damaged { .. })));
}

#[test]
fn bytes_of_every_size_come_back_and_are_kept_once() {
    let store = Store::open_memory();
    for length in [0, 1, VALUE_BYTES_MAX, VALUE_BYTES_MAX + 1, 200_000] {
        let body = noise(length);
        for at in [minute(5), minute(3)] {
            let mut change = store.change();
            let id = change.evidence(&body, at).unwrap();
            store.commit(change).unwrap();
            assert_eq!(store.evidence(id).unwrap().as_deref(), Some(body.as_slice()));
        }
    }
    assert_eq!(keys_of(&store, kind::EVIDENCE), 5);
    assert_eq!(keys_of(&store, kind::EVIDENCE_TIME), 5, "an earlier reference moves nothing");
    assert_eq!(keys_of(&store, kind::EVIDENCE_BYTES), 1 + 1 + 2 + 7);
    assert_eq!(store.evidence(EvidenceId::of(b"unknown")).unwrap(), None);
}

#[test]
fn references_are_kept_by_the_day() {
    let store = Store::open_memory();
    let refer = |body: Option<&[u8]>, at| {
        let mut change = store.change();
        match body {
            Some(body) => drop(change.evidence(body, at).unwrap()),
            None => change.keep_evidence(EvidenceId::of(b"the page"), at),
        }
        store.commit(change).unwrap();
        let head = store.engine().get(&head_key(EvidenceId::of(b"the page"))).unwrap().unwrap();
        Head::read(&[], &head).unwrap().at
    };
    let day = 24 * 60;
    assert_eq!(refer(Some(b"the page"), minute(0)), minute(0));
    assert_eq!(refer(None, minute(day - 1)), minute(0), "a poll an hour does not write an hour");
    assert_eq!(refer(None, minute(day)), minute(day));
    assert_eq!(refer(Some(b"the page"), minute(day + 1)), minute(day + 1));
}

#[test]
fn too_much_is_refused_and_damage_is_seen() {
    let store = Store::open_memory();
    let refused = store.change().evidence(&vec![0; EVIDENCE_BYTES_MAX + 1], minute(0));
    assert!(matches!(refused, Err(StoreError::TooLarge { what: "evidence", .. })));
    let mut change = store.change();
    let id = change.evidence(b"the page", minute(0)).unwrap();
    store.commit(change).unwrap();
    overwrite(&store, chunk_key(id, 0), b"the Page");
    assert!(matches!(store.evidence(id), Err(StoreError::Damaged { .. })));
    overwrite(&store, head_key(id), b"\x09");
    assert!(matches!(store.evidence(id), Err(StoreError::Damaged { .. })));
}

#[test]
fn ids_are_hexadecimal_both_ways() {
    let id = EvidenceId::of(b"");
    let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(id.to_string(), text);
    assert_eq!(text.parse(), Ok(id));
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
    assert_eq!(serde_json::from_str::<EvidenceId>(&format!("\"{text}\"")).unwrap(), id);
    for wrong in ["", "e3", &text[1..], &format!("{text}0"), &text.replace('e', "g"), "网"] {
        assert_eq!(wrong.parse::<EvidenceId>(), Err(NotAnEvidenceId));
    }
}

#[test]
fn golden_bytes_of_a_head() {
    for (packed, version) in [(false, 1), (true, 2)] {
        let head = Head { packed, chunks: 2, bytes: 40_000, at: minute(0) };
        let bytes = head.write();
        assert_eq!(bytes[..7], [version, 0, 2, 0, 0, 0x9c, 0x40]);
        assert_eq!(bytes[7..], sortable(minute(0)));
    }
}
