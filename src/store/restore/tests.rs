//! Does the old store or the new one stand whole at its place, whatever goes wrong?

use std::collections::BTreeMap;

use super::*;
use crate::store::backup::tests::{made, small, write};
use crate::store::backup::{MANIFEST, RECORDS};
use crate::store::outbox::tests::letter;
use crate::store::tests::{account, id, minute};
use crate::store::{LetterBody, SCHEMA};

fn open(dir: &Path) -> Store {
    Store::open(dir, StoreOptions::default()).unwrap()
}

/// A store on disk with one account, closed again.
fn old(dir: &Path) {
    let store = open(dir);
    let mut change = store.change();
    change.put_account(&account("old", &[]));
    store.commit(change).unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_takes_the_place_of_the_store_which_is_kept_with_what_is_not_ours_left_in_place() {
    let (backup, manifest) = made(&small());
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("store");
    old(&dir);
    fs::create_dir(dir.join("maildir")).unwrap();
    fs::write(dir.join("maildir/1"), "mail").unwrap();
    let restored = restore(backup.path(), &dir, "tester", minute(9)).unwrap();
    let aside = restored.aside.unwrap();
    assert!(aside.to_str().unwrap().contains("store.before-restore-2026"), "{aside:?}");
    assert_eq!(names(top.path()).len(), 2, "nothing else is left: {:?}", names(top.path()));
    assert_eq!((restored.held, restored.brought.as_slice()), (0, &["maildir".to_owned()][..]));
    assert_eq!(fs::read(dir.join("maildir/1")).unwrap(), b"mail");
    {
        let store = open(&dir);
        assert_eq!(store.count_accounts().unwrap(), 2);
        assert_eq!(store.find("gh_1").unwrap(), [id("a")]);
        assert_eq!(store.meta::<u64>(meta::SCHEMA).unwrap(), Some(SCHEMA));
        assert_eq!(store.meta::<Timestamp>(meta::RESTORED).unwrap(), Some(minute(9)));
        let long = store.state::<BTreeMap<String, String>>(&id("a")).unwrap().unwrap();
        assert!(long["long"].len() > 32 * 1024);
    }
    assert_eq!(open(&aside).find(id("old").as_str()).unwrap(), [id("old")]);
    let again = restore(backup.path(), &dir, "tester", minute(9)).unwrap();
    assert_ne!(again.aside.unwrap(), aside, "what is aside is never written over");
    assert_eq!(again.manifest, manifest);
    // And where there was nothing.
    let none = restore(backup.path(), &top.path().join("new/store"), "tester", minute(9)).unwrap();
    assert_eq!(none.aside, None);
    assert_eq!(open(&top.path().join("new/store")).count_accounts().unwrap(), 2);
}

#[test]
fn letters_that_were_about_to_go_are_held() {
    let store = small();
    let mut change = store.change();
    for (name, state) in [
        ("q", LetterState::Queued),
        ("s", LetterState::Sending),
        ("h", LetterState::Held),
        ("a", LetterState::Accepted),
    ] {
        let lease_until = (state == LetterState::Sending).then(|| minute(3));
        let letter = crate::store::Letter { state, lease_until, ..letter(name, 1) };
        change.new_letter(&letter, &LetterBody::default()).unwrap();
    }
    store.commit(change).unwrap();
    let (backup, _) = made(&store);
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("store");
    assert_eq!(restore(backup.path(), &dir, "tester", minute(9)).unwrap().held, 2);
    let store = open(&dir);
    for name in ["q", "s"] {
        let letter = store.letter(name).unwrap().unwrap();
        assert_eq!((letter.state, letter.lease_until), (LetterState::Held, None), "{name}");
        assert!(letter.last_reply.unwrap().contains("备份"));
    }
    assert_eq!(store.letter("a").unwrap().unwrap().state, LetterState::Accepted);
    assert_eq!(store.letter("h").unwrap().unwrap().last_reply, None);
    assert!(store.claim_letters(minute(999), minute(1000), 10).unwrap().is_empty());
}

#[test]
fn a_backup_that_fails_on_the_way_leaves_the_old_store_and_nothing_else() {
    let (backup, mut manifest) = made(&small());
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("store");
    old(&dir);
    let before = names(&dir);
    let refused = || restore(backup.path(), &dir, "tester", minute(9)).unwrap_err();
    *manifest.records.get_mut("account").unwrap() += 1;
    write(backup.path(), &manifest);
    assert!(matches!(refused(), BackupError::Damaged(_)));
    assert_eq!((names(top.path()), names(&dir)), (vec!["store".to_owned()], before.clone()));
    fs::write(backup.path().join(RECORDS), b"x").unwrap();
    assert!(matches!(refused(), BackupError::Damaged(_)));
    fs::remove_file(backup.path().join(MANIFEST)).unwrap();
    assert!(matches!(refused(), BackupError::Incomplete(_)));
    assert_eq!((names(top.path()), names(&dir)), (vec!["store".to_owned()], before));
    assert_eq!(open(&dir).count_accounts().unwrap(), 1);
}

#[test]
fn a_store_that_is_held_is_not_replaced() {
    let (backup, _) = made(&small());
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("store");
    let held = open(&dir);
    let refused = restore(backup.path(), &dir, "tester", minute(9));
    assert!(matches!(refused, Err(BackupError::Store(StoreError::Held { .. }))));
    drop(held);
    restore(backup.path(), &dir, "tester", minute(9)).unwrap();
}

#[test]
fn what_a_killed_restore_left_is_cleared_if_it_is_half_and_kept_if_it_is_whole() {
    let (backup, _) = made(&small());
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("store");
    old(&dir);
    let building = top.path().join("store.restoring");
    fs::create_dir(&building).unwrap();
    fs::write(building.join(UNFINISHED), "").unwrap();
    fs::write(building.join("db"), "half").unwrap();
    restore(backup.path(), &dir, "tester", minute(9)).unwrap();
    assert_eq!(names(top.path()).len(), 2, "{:?}", names(top.path()));
    // Killed between the exchange and the renaming: this is the old store.
    old(&building);
    restore(backup.path(), &dir, "tester", minute(10)).unwrap();
    let asides: Vec<_> = names(top.path()).into_iter().filter(|name| name != "store").collect();
    assert_eq!(asides.len(), 3, "{asides:?}");
    let olds = asides.iter().filter(|name| {
        let store = open(&top.path().join(name));
        !store.find(id("old").as_str()).unwrap().is_empty()
    });
    assert_eq!(olds.count(), 2);
    assert_eq!(open(&dir).count_accounts().unwrap(), 2);
}
