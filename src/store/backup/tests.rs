//! Is a backup that is not whole ever taken for one?

use serde_json::json;

use super::*;
use crate::store::StoreOptions;
use crate::store::states::Due;
use crate::store::tests::{Stops, account, id, minute};

/// A backup of a small store in a directory, as `freshd backup` leaves it.
pub(in crate::store) fn made(store: &Store) -> (tempfile::TempDir, Manifest) {
    let dir = tempfile::tempdir().unwrap();
    let file = File::create(dir.path().join(RECORDS)).unwrap();
    let manifest = store.back_up(file, minute(0)).unwrap();
    write(dir.path(), &manifest);
    (dir, manifest)
}

pub(in crate::store) fn write(dir: &Path, manifest: &Manifest) {
    std::fs::write(dir.join(MANIFEST), serde_json::to_vec(manifest).unwrap()).unwrap();
}

/// A store with two accounts, one of which has a state in parts.
pub(in crate::store) fn small() -> Store {
    let store = Store::open_memory();
    let mut change = store.change();
    change.put_account(&account("a", &["gh_1"]));
    change.put_account(&account("b", &[]));
    // Nothing that repeats itself: it stays too large for one value.
    let long: String =
        (0..9000_u64).map(|n| format!("{:x}", n.wrapping_mul(n ^ 0x9e37_79b9))).collect();
    let due = Due { poll: Some(minute(5)), notify: None };
    change.put_state(&id("a"), &json!({ "long": long }), due).unwrap();
    store.commit(change).unwrap();
    store
}

#[test]
fn every_record_comes_back_as_it_was() {
    let store = small();
    let (dir, manifest) = made(&store);
    assert_eq!(Manifest::verified(dir.path()).unwrap(), manifest);
    assert_eq!((manifest.records["account"], manifest.records["alias"]), (2, 1));
    assert!(manifest.records["part"] > 1, "{manifest:?}");
    let mut count = 0;
    manifest
        .each(dir.path(), |key, value| {
            assert_eq!(store.engine().get(&key)?, Some(value));
            count += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(count, manifest.records.values().sum::<u64>());
}

#[test]
fn what_is_committed_together_is_together_in_a_backup_made_meanwhile() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let top = tempfile::tempdir().unwrap();
    let store = Store::open(&top.path().join("store"), StoreOptions::default()).unwrap();
    let write = |n: u64| {
        let mut change = store.change();
        // Far apart, with more between them than one slice holds.
        for name in ["a", "z"] {
            change.put_state(&id(name), &json!(n), Due::default()).unwrap();
        }
        change.put_state(&id(&format!("m{}", n % 2000)), &json!(n), Due::default()).unwrap();
        store.commit(change).unwrap();
    };
    (0..2000).for_each(write);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..).take_while(|_| !stop.load(Ordering::Relaxed)).for_each(write);
        });
        let _stops = Stops(&stop);
        for _ in 0..5 {
            let (dir, manifest) = made(&store);
            assert_eq!(manifest.records["state"], 2002);
            let mut ends = Vec::new();
            let of = |name: &str| keys::of_account(keys::kind::STATE, &id(name));
            let take = |key: Vec<u8>, value: Vec<u8>| {
                if key == of("a") || key == of("z") {
                    ends.push(value);
                }
                Ok(())
            };
            manifest.each(dir.path(), take).unwrap();
            assert_eq!(ends.len(), 2);
            assert_eq!(ends[0], ends[1], "of one commit");
        }
    });
}

#[test]
fn a_flipped_bit_a_missing_end_and_an_unfinished_backup_are_refused_in_words() {
    let (dir, manifest) = made(&small());
    let path = dir.path().join(RECORDS);
    let whole = std::fs::read(&path).unwrap();
    let refused = || Manifest::verified(dir.path()).unwrap_err().to_string();
    for at in [0, 9, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        std::fs::write(&path, flipped).unwrap();
        assert!(refused().contains("校验值不符"), "{at}");
    }
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(refused().contains(&format!("应有 {} 字节", whole.len())));
    std::fs::remove_file(&path).unwrap();
    assert!(refused().contains(RECORDS));
    std::fs::write(&path, &whole).unwrap();

    let manifest_path = dir.path().join(MANIFEST);
    let text = std::fs::read(&manifest_path).unwrap();
    std::fs::write(&manifest_path, &text[..text.len() / 2]).unwrap();
    assert!(refused().contains("读不懂"));
    std::fs::remove_file(&manifest_path).unwrap();
    assert!(refused().contains("没有做完"), "killed before the manifest was there");
    std::fs::write(dir.path().join("backup.json.part"), &text).unwrap();
    assert!(refused().contains("没有做完"));

    let newer = Manifest { format: "freshd-backup/2".to_owned(), ..manifest.clone() };
    write(dir.path(), &newer);
    assert!(refused().contains("freshd-backup/2"));
    let newer = Manifest { schema: SCHEMA + 1, ..manifest.clone() };
    write(dir.path(), &newer);
    assert!(matches!(Manifest::verified(dir.path()), Err(BackupError::Newer(_))));
    let other = Manifest { format: "tar".to_owned(), ..manifest.clone() };
    write(dir.path(), &other);
    assert!(matches!(Manifest::verified(dir.path()), Err(BackupError::Damaged(_))));

    let mut fewer = manifest;
    *fewer.records.get_mut("alias").unwrap() += 1;
    write(dir.path(), &fewer);
    assert!(Manifest::verified(dir.path()).is_ok());
    let counted = fewer.each(dir.path(), |_, _| Ok(())).unwrap_err().to_string();
    assert!(counted.contains("条数"), "{counted}");
}
