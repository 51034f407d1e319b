//! Does a walk see one instant, whatever is written meanwhile?

use serde_json::json;

use super::*;
use crate::store::states::Due;
use crate::store::tests::{id, minute};

fn put(store: &Store, name: &str, number: u64) {
    let mut change = store.change();
    change.put_state(&id(name), &json!(number), Due::default()).unwrap();
    store.commit(change).unwrap();
}

fn whole(mut snapshot: Snapshot) -> Entries {
    let mut all = Entries::new();
    while let Some(slice) = snapshot.slice().unwrap() {
        all.extend(slice);
    }
    all
}

#[test]
fn what_is_written_during_the_walk_is_not_seen_and_what_is_removed_still_is() {
    let store = Store::open_memory();
    (0..1200).for_each(|n| put(&store, &format!("a{n:04}"), 1));
    let before = whole(store.snapshot().unwrap());
    let mut snapshot = store.snapshot().unwrap();
    let mut seen = snapshot.slice().unwrap().unwrap();
    assert!(seen.len() < before.len(), "there is more to come");
    // Behind the walk, in front of it, new in front of it, removed in front of it.
    put(&store, "a0000", 2);
    put(&store, "a1100", 2);
    put(&store, "a1100", 3);
    put(&store, "b", 2);
    let mut change = store.change();
    change.delete_account(&id("a1199"));
    change.set_poll_due(&id("a1198"), Some(minute(0)));
    store.commit(change).unwrap();
    while let Some(slice) = snapshot.slice().unwrap() {
        seen.extend(slice);
    }
    assert_eq!(seen.len(), before.len());
    assert!(seen == before, "the same bytes as of the instant");
    drop(snapshot);
    assert!(store.0.snapshots.lock().walks.is_empty(), "writers are free");
    let after = whole(store.snapshot().unwrap());
    assert_eq!(after.len(), before.len() + 1 - 1 + 2, "b, minus a1199, plus two of a due time");
}

#[test]
fn writers_wait_while_too_much_is_kept_and_go_on_when_the_walk_has_moved() {
    let store = Store::open_memory();
    (0..1200).for_each(|n| put(&store, &format!("a{n:04}"), 1));
    let mut snapshot = store.snapshot().unwrap();
    snapshot.slice().unwrap();
    store.0.snapshots.lock().walks.get_mut(&snapshot.id).unwrap().bytes += BEFORE_BYTES_MAX;
    put(&store, "a1199", 2);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| put(&store, "a1198", 2));
        assert!(!writer.is_finished(), "it waits");
        while snapshot.slice().unwrap().is_some() {}
        drop(snapshot);
    });
    assert_eq!(store.state::<u64>(&id("a1198")).unwrap(), Some(2));
}
