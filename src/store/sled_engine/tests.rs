//! Does sled keep the seam's promises, and does each safeguard do its work?

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::store::engine::{VALUE_BYTES_MAX, suite};
use crate::store::error::Holder;

fn open(dir: &Path) -> SledEngine {
    SledEngine::open(dir, CACHE_BYTES_DEFAULT).unwrap()
}

fn put(engine: &SledEngine, key: &[u8], value: &[u8]) {
    let mut batch = Batch::default();
    batch.put(key, value);
    engine.commit(batch).unwrap();
}

fn snapshots(dir: &Path) -> Vec<std::path::PathBuf> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect()
}

/// A directory with a store that holds `k` and has a snapshot.
fn closed_store() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    for n in 0..500_u32 {
        put(&engine, &n.to_be_bytes(), &[7; 600]);
    }
    put(&engine, b"k", b"kept");
    engine.barrier().unwrap();
    drop(engine);
    drop(open(dir.path()));
    assert!(!snapshots(dir.path()).is_empty(), "opening writes a snapshot");
    dir
}

fn assert_whole(engine: &SledEngine) {
    assert_eq!(engine.get(b"k").unwrap().as_deref(), Some(&b"kept"[..]));
    for n in 0..500_u32 {
        assert!(engine.get(&n.to_be_bytes()).unwrap().is_some(), "{n}");
    }
}

#[test]
fn sled_engine_passes_the_suite() {
    let dir = tempfile::tempdir().unwrap();
    suite::run(Arc::new(open(dir.path())));
}

#[test]
fn safeguard_1_a_half_written_snapshot_does_not_brick_the_store() {
    let dir = closed_store();
    let whole = fs::read(&snapshots(dir.path())[0]).unwrap();
    let planted = dir.path().join("snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&planted, &whole[..whole.len() / 2]).unwrap();
    let bare = config(dir.path(), CACHE_BYTES_DEFAULT).open();
    assert!(bare.is_err(), "sled by itself is stopped by it: else this test proves nothing");
    drop(bare);
    let engine = open(dir.path());
    assert_whole(&engine);
    let aside = dir.path().join("quarantine/snap.7FFFFFFFFFFFFFFF.generating.0");
    assert_eq!(engine.opening().set_aside, std::slice::from_ref(&aside));
    assert_eq!(fs::read(aside).unwrap(), whole[..whole.len() / 2], "moved, not deleted");
}

#[test]
fn safeguard_1_a_damaged_snapshot_is_set_aside_and_the_log_read_instead() {
    let dir = closed_store();
    let snapshot = snapshots(dir.path()).remove(0);
    let whole = fs::read(&snapshot).unwrap();
    fs::write(&snapshot, &whole[..whole.len() - 3]).unwrap();
    assert!(config(dir.path(), CACHE_BYTES_DEFAULT).open().is_err());
    let engine = open(dir.path());
    assert_whole(&engine);
    assert_eq!(engine.opening().set_aside.len(), 1);
}

#[test]
fn a_kill_during_the_very_first_opening_leaves_nothing_that_stops_the_next() {
    let whole = tempfile::tempdir().unwrap();
    drop(open(whole.path()));
    let conf = fs::read(whole.path().join("conf")).unwrap();
    for length in [0, 5, 9, conf.len() - 4, conf.len() - 1] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("blobs")).unwrap();
        fs::write(dir.path().join("conf"), &conf[..length]).unwrap();
        let engine = open(dir.path());
        put(&engine, b"k", b"v");
        engine.barrier().unwrap();
        drop(engine);
        assert_eq!(open(dir.path()).get(b"k").unwrap().as_deref(), Some(&b"v"[..]), "{length}");
    }
}

#[test]
fn safeguard_2_a_barrier_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    // Other tests of this process sync, too: none of them may account for all of these.
    let before = syncs();
    for n in 0..20_u32 {
        put(&engine, &n.to_be_bytes(), b"v");
        engine.barrier().unwrap();
    }
    assert!(syncs() >= before + 20, "{} syncs for 20 barriers", syncs() - before);
}

#[test]
fn safeguard_3_values_at_the_cap_never_become_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let mut seed = 1_u64;
    for round in 0..3_u8 {
        for n in 0..300_u64 {
            seed = freshd_core::id::stable_hash(&[&seed.to_be_bytes()]);
            let key = if round == 0 { n } else { seed % 300 };
            put(&engine, &key.to_be_bytes(), &vec![round ^ seed as u8; VALUE_BYTES_MAX]);
        }
        engine.barrier().unwrap();
    }
    let blobs = || fs::read_dir(dir.path().join("blobs")).unwrap().count();
    assert_eq!(blobs(), 0, "values at the cap spilled into files");
}

#[test]
fn safeguard_4_everything_is_synced_after_opening() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let synced = &engine.opening().synced;
    for name in ["conf", "db", "blobs", "holder", ""] {
        let path = if name.is_empty() { dir.path().to_owned() } else { dir.path().join(name) };
        assert!(synced.contains(&path), "{} is not among {synced:?}", path.display());
    }
}

#[test]
fn safeguard_5_the_cache_is_bounded() {
    let config = config(Path::new("x"), 5 << 20);
    assert_eq!(config.cache_capacity, 5 << 20);
    assert_eq!(config.segment_size, SEGMENT_BYTES);
    assert_ne!(config.cache_capacity, sled::Config::new().cache_capacity, "sled's own is 1 GiB");
}

#[test]
fn a_second_holder_is_told_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let Err(refused) = SledEngine::open(dir.path(), CACHE_BYTES_DEFAULT) else { panic!("held") };
    let text = refused.to_string();
    let StoreError::Held { path, by: Some(Holder { pid, command }) } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((path.as_path(), pid), (dir.path(), std::process::id()));
    assert!(!command.contains('/') && text.contains(&command) && text.contains(&pid.to_string()));
    put(&first, b"k", b"the first is undisturbed");
    drop(first);
    assert!(open(dir.path()).get(b"k").unwrap().is_some());
}

#[test]
fn a_store_can_be_reopened_at_once_many_times() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..40_u32 {
        let engine = open(dir.path());
        put(&engine, &n.to_be_bytes(), &[1; 2000]);
        drop(engine);
    }
    let engine = open(dir.path());
    assert!((0..40_u32).all(|n| engine.get(&n.to_be_bytes()).unwrap().is_some()));
}

#[test]
fn ruined_data_is_an_error_with_the_place_and_no_panic() {
    let dir = closed_store();
    fs::write(dir.path().join("conf"), b"nothing like a configuration").unwrap();
    match SledEngine::open(dir.path(), CACHE_BYTES_DEFAULT) {
        Err(StoreError::Corrupt { path, .. }) => assert_eq!(path, dir.path()),
        Err(StoreError::Engine(_)) => {}
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn a_full_disk_has_a_name() {
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    assert!(matches!(StoreError::from(sled::Error::Io(full())), StoreError::DiskFull));
    assert!(matches!(StoreError::from(full()), StoreError::DiskFull));
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    assert!(matches!(StoreError::from(sled::Error::Io(denied)), StoreError::Io(_)));
}
