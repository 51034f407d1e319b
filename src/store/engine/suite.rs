//! Does an engine keep its promises? One suite that each of them passes.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Batch, Engine, KEY_BYTES_MAX, Order, VALUE_BYTES_MAX};
use crate::store::error::StoreError;

/// Everything the seam promises, on an empty engine.
pub(crate) fn run(engine: Arc<dyn Engine>) {
    puts_and_deletes(&*engine);
    scans_both_ways(&*engine);
    visitor_may_call_the_engine(&*engine);
    expectations_hold_or_nothing_happens(&*engine);
    caps_refuse_before_writing(&*engine);
    concurrent_increments_lose_nothing(&engine);
    engine.barrier().unwrap();
    engine.size_on_disk().unwrap();
}

fn put(engine: &dyn Engine, key: &[u8], value: &[u8]) {
    let mut batch = Batch::default();
    batch.put(key, value);
    engine.commit(batch).unwrap();
}

fn keys(engine: &dyn Engine, from: &[u8], to: &[u8], order: Order, limit: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    engine
        .scan(from, to, order, &mut |key, _| {
            found.push(key.to_vec());
            Ok(if found.len() == limit {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
        .unwrap();
    found
}

fn puts_and_deletes(engine: &dyn Engine) {
    assert_eq!(engine.get(b"pa").unwrap(), None);
    let mut batch = Batch::default();
    batch.put(b"pa", b"1");
    batch.put(b"pb", b"");
    engine.commit(batch).unwrap();
    assert_eq!(engine.get(b"pa").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(engine.get(b"pb").unwrap().as_deref(), Some(&b""[..]));
    let mut batch = Batch::default();
    batch.put(b"pa", b"2");
    batch.put(b"pa", b"3");
    batch.delete(b"pb");
    batch.delete(b"never there");
    engine.commit(batch).unwrap();
    assert_eq!(engine.get(b"pa").unwrap().as_deref(), Some(&b"3"[..]), "the last word counts");
    assert_eq!(engine.get(b"pb").unwrap(), None);
    engine.commit(Batch::default()).unwrap();
}

fn scans_both_ways(engine: &dyn Engine) {
    for n in 0..600_u16 {
        put(engine, &[b"s".as_slice(), &n.to_be_bytes()].concat(), &n.to_le_bytes());
    }
    put(engine, b"r", b"before");
    put(engine, b"t", b"after");
    let all = keys(engine, b"s", b"t", Order::Ascending, usize::MAX);
    assert_eq!(all.len(), 600, "from is included, to is not");
    assert!(all.is_sorted());
    let mut back = keys(engine, b"s", b"t", Order::Descending, usize::MAX);
    back.reverse();
    assert_eq!(all, back);
    assert_eq!(keys(engine, &all[300], b"t", Order::Ascending, 2), all[300..302]);
    assert_eq!(keys(engine, b"s", &all[300], Order::Descending, 1), all[299..300]);
    assert!(keys(engine, b"t", b"s", Order::Ascending, 9).is_empty(), "an empty range");
    assert!(keys(engine, b"s", b"s", Order::Descending, 9).is_empty());
    let refused = engine.scan(b"s", b"t", Order::Ascending, &mut |_, _| {
        Err(StoreError::Engine("the visitor's own".into()))
    });
    assert!(matches!(refused, Err(StoreError::Engine(_))), "a visitor's error ends the scan");
}

fn visitor_may_call_the_engine(engine: &dyn Engine) {
    engine
        .scan(b"s", b"t", Order::Ascending, &mut |key, value| {
            assert_eq!(engine.get(key)?.as_deref(), Some(value));
            let mut batch = Batch::default();
            batch.put([b"v", key].concat(), value);
            engine.commit(batch)?;
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    assert_eq!(keys(engine, b"v", b"w", Order::Ascending, usize::MAX).len(), 600);
}

fn expectations_hold_or_nothing_happens(engine: &dyn Engine) {
    put(engine, b"xa", b"1");
    let mut batch = Batch::default();
    batch.expect(b"xa", Some(b"1".to_vec()));
    batch.expect(b"xb", None);
    batch.put(b"xb", b"made");
    engine.commit(batch.clone()).unwrap();
    let Err(StoreError::Conflict { key }) = engine.commit(batch) else { panic!("xb is there now") };
    assert_eq!(key, b"xb");
    let mut batch = Batch::default();
    batch.expect(b"xa", Some(b"other".to_vec()));
    batch.put(b"xa", b"2");
    batch.delete(b"xb");
    batch.put(b"xc", b"3");
    assert!(engine.commit(batch).unwrap_err().is_conflict());
    assert_eq!(engine.get(b"xa").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(engine.get(b"xb").unwrap().as_deref(), Some(&b"made"[..]));
    assert_eq!(engine.get(b"xc").unwrap(), None);
}

fn caps_refuse_before_writing(engine: &dyn Engine) {
    let mut batch = Batch::default();
    batch.put(b"ca", b"fine");
    batch.put(b"cb", vec![0; VALUE_BYTES_MAX + 1]);
    let refused = engine.commit(batch).unwrap_err();
    assert!(matches!(refused, StoreError::TooLarge { what: "value", max: VALUE_BYTES_MAX, .. }));
    let mut batch = Batch::default();
    batch.put(b"ca", b"fine");
    batch.put(vec![b'c'; KEY_BYTES_MAX + 1], b"");
    let refused = engine.commit(batch).unwrap_err();
    assert!(matches!(refused, StoreError::TooLarge { what: "key", .. }));
    assert_eq!(engine.get(b"ca").unwrap(), None, "nothing of a refused batch is written");
    let mut batch = Batch::default();
    batch.put(vec![b'c'; KEY_BYTES_MAX], vec![7; VALUE_BYTES_MAX]);
    engine.commit(batch).unwrap();
}

fn concurrent_increments_lose_nothing(engine: &Arc<dyn Engine>) {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| increment(&**engine)));
        }
    });
    assert_eq!(engine.get(b"i").unwrap().as_deref(), Some(&400_u64.to_be_bytes()[..]));
}

fn increment(engine: &dyn Engine) {
    loop {
        let old = engine.get(b"i").unwrap();
        let count = old.as_deref().map_or(0, |old| u64::from_be_bytes(old.try_into().unwrap()));
        let mut batch = Batch::default();
        batch.expect(b"i", old);
        batch.put(b"i", (count + 1).to_be_bytes());
        match engine.commit(batch) {
            Ok(()) => return,
            Err(error) => assert!(error.is_conflict(), "{error}"),
        }
    }
}
