//! Are records of every size written, replaced and removed whole, and is the stored form what it
//! was?

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::*;
use crate::store::engine::Order;
use crate::store::memory_engine::MemoryEngine;

const KEY: &[u8] = b"zkey";

fn store(engine: &MemoryEngine, record: Option<&str>) {
    let mut batch = Batch::default();
    let old = engine.get(KEY).unwrap();
    // Packed, these would never be long.
    let plain = |record| [&[JSON][..], &serde_json::to_vec(record).unwrap()].concat();
    let bytes = record.map(plain);
    write(&mut batch, KEY, old.as_deref(), bytes.as_deref()).unwrap();
    engine.commit(batch).unwrap();
}

fn count(engine: &MemoryEngine) -> usize {
    let mut count = 0;
    let mut visit = |_: &[u8], _: &[u8]| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    };
    engine.scan(&[], &[0xff], Order::Ascending, &mut visit).unwrap();
    count
}

#[test]
fn golden_bytes_of_a_record() {
    let record = BTreeMap::from([("名称", 1)]);
    assert_eq!(encode(&record).unwrap(), "\u{1}{\"名称\":1}".as_bytes());
}

#[test]
fn golden_bytes_of_a_long_record() {
    let text = "更新 ".repeat(200);
    let bytes = encode(&text).unwrap();
    assert_eq!(bytes[..5], [2, 0, 0, 5, 0x7a], "the version, and 1402 bytes of JSON");
    assert!(bytes.len() < 60, "{} bytes", bytes.len());
    assert_eq!(decode::<String>("test", KEY, &bytes).unwrap(), text);
    // The deflated form of another library or level is as good: one stored block.
    let json = b"\"more than this\"";
    let stored = [&[2, 0, 0, 0, 16, 1, 16, 0, 0xef, 0xff][..], json].concat();
    assert_eq!(decode::<String>("test", KEY, &stored).unwrap(), "more than this");
}

#[test]
fn golden_bytes_of_a_record_in_parts() {
    let engine = MemoryEngine::default();
    store(&engine, Some(&"y".repeat(VALUE_BYTES_MAX)));
    let head = engine.get(KEY).unwrap().unwrap();
    assert_eq!(head[..7], [0xc1, 0, 2, 0, 0, 0x80, 3]);
    assert_eq!(head.len(), 23);
    assert_eq!(engine.get(b"xzkey\x00\x01").unwrap().unwrap(), b"yy\"");
}

#[test]
fn records_of_every_size_come_back_and_leave_nothing_behind() {
    let engine = MemoryEngine::default();
    for length in [0, 10, VALUE_BYTES_MAX - 3, VALUE_BYTES_MAX - 2, 200_000, 70_000, 5, 100_000] {
        let text = "z".repeat(length);
        store(&engine, Some(&text));
        assert_eq!(read::<String>(&engine, "test", KEY).unwrap(), Some(text));
        let parts = (length + 3).div_ceil(VALUE_BYTES_MAX);
        assert_eq!(count(&engine), if parts < 2 { 1 } else { 1 + parts }, "{length}");
    }
    store(&engine, None);
    assert_eq!(count(&engine), 0);
}

#[test]
fn a_record_over_the_cap_is_refused() {
    let mut batch = Batch::default();
    let refused = write(&mut batch, KEY, None, Some(&vec![1; RECORD_BYTES_MAX + 1]));
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
}

#[test]
fn damaged_records_are_errors_with_their_key() {
    let engine = MemoryEngine::default();
    for damaged in [
        &b""[..],
        b"\x02{}",
        b"\x03{}",
        b"\x02\0\0\0\x02\x01{}",
        b"\x01{",
        b"\xc1\x00",
        b"\x01\"\xff\"",
    ] {
        let mut batch = Batch::default();
        batch.put(KEY, damaged);
        engine.commit(batch).unwrap();
        let error = read::<String>(&engine, "test", KEY).unwrap_err();
        let StoreError::Damaged { kind: "test", key, .. } = error else { panic!("{error}") };
        assert_eq!(key, "zkey");
    }
    store(&engine, Some(&"y".repeat(100_000)));
    let mut batch = Batch::default();
    batch.put(part_key(KEY, 1), b"something else");
    engine.commit(batch).unwrap();
    assert!(matches!(read::<String>(&engine, "test", KEY), Err(StoreError::Damaged { .. })));
}
