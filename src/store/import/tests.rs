//! Is an import there whole or not at all, wherever it is cut?

use super::*;
use crate::store::Index;
use crate::store::tests::{account, id, keys_of, minute, restart};

fn ledger(names: std::ops::Range<usize>, suffix: &str, deletes: &[&str]) -> LedgerChange {
    let put =
        |n: usize| Account { note: suffix.to_owned(), ..account(&format!("{n:05}"), &["同名"]) };
    LedgerChange {
        puts: names.map(put).collect(),
        deletes: deletes.iter().map(|name| id(name)).collect(),
        first_poll: minute(1),
        ledger_number: Some(7),
        audit: Audit {
            at: minute(0),
            who: "张三".into(),
            what: "import".into(),
            on: String::new(),
            detail: suffix.into(),
        },
    }
}

fn later(mut ledger: LedgerChange, minutes: i64) -> LedgerChange {
    ledger.audit.at += chrono::TimeDelta::minutes(minutes);
    ledger
}

fn notes(store: &Store) -> BTreeSet<String> {
    let mut notes = BTreeSet::new();
    store
        .for_each_account(|account| {
            notes.insert(account.note);
            Ok(true)
        })
        .unwrap();
    notes
}

#[test]
fn an_import_of_many_is_complete_and_the_same_again_changes_nothing() {
    let store = Store::open_memory();
    assert_eq!(store.replace_ledger(&ledger(0..1001, "v1", &[])).unwrap(), 1);
    assert_eq!(store.count_accounts().unwrap(), 1001);
    assert_eq!(store.due(Index::Poll, minute(1), 9999).unwrap().len(), 1001);
    assert_eq!(store.find("同名").unwrap().len(), 1001);
    assert_eq!(store.meta::<u64>(meta::LEDGER_NUMBER).unwrap(), Some(7));
    store.claim_due(Index::Poll, minute(1), minute(9), 9999).unwrap();
    assert!(store.slices(&ledger(0..1001, "v1", &[])).unwrap().is_empty());
    assert_eq!(store.replace_ledger(&later(ledger(0..1001, "v1", &[]), 1)).unwrap(), 2);
    let third = later(ledger(0..900, "v1", &["01000", "00005"]), 2);
    assert_eq!(store.replace_ledger(&third).unwrap(), 3);
    assert_eq!(store.count_accounts().unwrap(), 1000, "an account both put and deleted stays");
    let due = store.due(Index::Poll, minute(1), 9999).unwrap();
    assert!(due.is_empty(), "only new accounts are due at once");
    assert_eq!(keys_of(&store, kind::IMPORT), 0);
    assert_eq!(store.audit(|_| Ok(true)).unwrap().seen, 3);
}

/// Writes an import down as far as `slices` slices; decides it if `decided`; carries out `carried`
/// of them.
fn cut(store: &Store, ledger: &LedgerChange, slices: usize, decided: bool, carried: u32) {
    let many = store.slices(ledger).unwrap();
    for (number, slice) in (0..).zip(many.iter().take(slices)) {
        let mut change = store.change();
        change.put(slice_key(number), slice).unwrap();
        store.commit(change).unwrap();
    }
    if decided {
        let slices = u32::try_from(many.len()).unwrap();
        store.decide(ledger, |change| change.put_meta(PENDING, &Pending { slices })).unwrap();
    }
    for (number, slice) in (0..carried).zip(&many) {
        let mut change = store.change();
        change.remove(slice_key(number));
        store.carry_out(&mut change, slice).unwrap();
        store.commit(change).unwrap();
    }
}

#[test]
fn cut_before_the_decision_nothing_of_it_remains() {
    for slices in [1, 3, 6] {
        let store = Store::open_memory();
        store.replace_ledger(&ledger(0..1001, "v1", &[])).unwrap();
        cut(&store, &ledger(0..1001, "v2", &[]), slices, false, 0);
        let store = restart(&store);
        assert_eq!(notes(&store), BTreeSet::from(["v1".to_owned()]));
        assert_eq!(keys_of(&store, kind::IMPORT), 0);
        assert_eq!(store.meta::<u64>(meta::IMPORT_GENERATION).unwrap(), Some(1));
    }
}

#[test]
fn cut_after_the_decision_all_of_it_is_there_after_a_restart() {
    for carried in [0, 1, 5, 6] {
        let store = Store::open_memory();
        store.replace_ledger(&ledger(0..1001, "v1", &[])).unwrap();
        cut(&store, &ledger(0..1001, "v2", &[]), 6, true, carried);
        let store = restart(&store);
        assert_eq!(notes(&store), BTreeSet::from(["v2".to_owned()]), "{carried}");
        assert_eq!(keys_of(&store, kind::IMPORT), 0);
        assert!(store.meta::<Pending>(PENDING).unwrap().is_none());
        assert_eq!(store.meta::<u64>(meta::IMPORT_GENERATION).unwrap(), Some(2));
    }
}

#[test]
fn golden_bytes_of_a_decided_import() {
    assert_eq!(codec::encode(&Pending { slices: 6 }).unwrap(), b"\x01{\"slices\":6}");
}
