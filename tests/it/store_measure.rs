//! What does the store cost? A table, printed on request:
//! `cargo test --release --test it store_costs -- --ignored --nocapture`.

use std::fs;

use freshd::clock::{Clock, SystemClock};
use freshd::store::{Audit, Due, LedgerChange, Store, StoreOptions};
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use serde_json::json;

fn millis(since: Timestamp) -> f64 {
    let span = SystemClock.now() - since;
    span.num_microseconds().unwrap_or(i64::MAX) as f64 / 1000.0
}

/// Processor time of this process and its threads, milliseconds (to a hundredth of a second).
fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0
}

fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn account(n: usize) -> Account {
    Account {
        id: AccountId::new(format!("wechat:wx{n:016x}")),
        aliases: vec![format!("gh_{n:012x}"), format!("maoming-{n}")],
        name: format!("茂名市第{n}号政务发布"),
        platform: "wechat".into(),
        handle: format!("wx{n:016x}"),
        sponsor: format!("茂名市某某区第{}街道办事处", n / 3),
        supervisor: "茂名市人民政府办公室".into(),
        region: "广东省/茂名市/茂南区".into(),
        email: vec![format!("owner{n}@maoming.example.gov.cn")],
        contact: "张某某".into(),
        phone: "0668-0000000".into(),
        ..Account::default()
    }
}

/// About 3 KiB, as an account's state with its coverage and sightings is.
fn state(n: usize, round: usize) -> serde_json::Value {
    let posts: Vec<_> = (0..20)
        .map(|k| {
            json!({"key": format!("{n}-{round}-{k}"), "channel": "notified",
            "at": "2026-11-22T10:00:00Z", "title": format!("关于第{k}项工作的通知公告({n})")})
        })
        .collect();
    json!({"round": round, "sightings": posts})
}

#[test]
#[ignore = "prints a table; run it on request"]
fn store_costs() {
    let env = |name: &str, or: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
    };
    let accounts = env("FRESHD_MEASURE_ACCOUNTS", 100_000);
    let cache_bytes = (env("FRESHD_MEASURE_CACHE_MIB", 32) << 20) as u64;
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let now = SystemClock.now();
    let store =
        Store::open(dir.path(), StoreOptions { cache_bytes, ..StoreOptions::default() }).unwrap();
    println!("accounts {accounts}, cache {} MiB, rss {} MiB", cache_bytes >> 20, memory("VmRSS"));

    let audit = Audit {
        at: now,
        who: "measure".into(),
        what: "import".into(),
        on: String::new(),
        detail: String::new(),
    };
    let ledger = LedgerChange {
        puts: (0..accounts).map(account).collect(),
        deletes: Vec::new(),
        first_poll: now,
        ledger_number: None,
        audit,
    };
    println!("ledger in memory: rss {} MiB", memory("VmRSS"));
    let begun = SystemClock.now();
    store.replace_ledger(&ledger).unwrap();
    store.barrier_blocking().unwrap();
    println!(
        "import {:.0} ms, rss {} MiB (peak {}), disk {} MiB",
        millis(begun),
        memory("VmRSS"),
        memory("VmHWM"),
        store.size_on_disk().unwrap() >> 20
    );
    let begun = SystemClock.now();
    store.replace_ledger(&ledger).unwrap();
    println!("the same import again {:.0} ms", millis(begun));
    drop(ledger);

    let bytes = serde_json::to_vec(&state(1, 1)).unwrap().len();
    for round in 0..2 {
        let records: Vec<_> = (0..100).map(|n| state(n, round as usize)).collect();
        let (begun, processor_begun) = (SystemClock.now(), processor());
        for n in 0..accounts {
            let (id, at) = (account(n).id, now + chrono::TimeDelta::seconds(n as i64));
            let mut change = store.change();
            let due = Due { poll: Some(at), notify: Some(at + chrono::TimeDelta::days(round)) };
            change.put_state(&id, &records[n % 100], due).unwrap();
            store.commit(change).unwrap();
        }
        let (spent, processor) = (millis(begun), processor() - processor_begun);
        store.barrier_blocking().unwrap();
        println!(
            "round {round}: commit of {bytes} B and 2 due times {:.0} µs, \
             of the processor {:.0} µs; rss {} MiB, disk {} B/account",
            spent * 1000.0 / accounts as f64,
            processor * 1000.0 / accounts as f64,
            memory("VmRSS"),
            store.size_on_disk().unwrap() / accounts as u64
        );
    }
    let begun = SystemClock.now();
    for n in 0..200 {
        let mut change = store.change();
        change.put_state(&account(n).id, &state(n, 9), Due::default()).unwrap();
        store.commit(change).unwrap();
        store.barrier_blocking().unwrap();
    }
    println!("commit and barrier {:.2} ms", millis(begun) / 200.0);

    drop(store);
    let begun = SystemClock.now();
    let store =
        Store::open(dir.path(), StoreOptions { cache_bytes, ..StoreOptions::default() }).unwrap();
    println!("reopen {:.0} ms, rss {} MiB", millis(begun), memory("VmRSS"));
    let begun = SystemClock.now();
    let seen = store.for_each_account(|_| Ok(true)).unwrap().seen;
    println!("walk of {seen} accounts {:.0} ms, rss {} MiB", millis(begun), memory("VmRSS"));
    let begun = SystemClock.now();
    let seen = store.for_each_state::<serde_json::Value>(|_, _| Ok(true)).unwrap().seen;
    println!("walk of {seen} states {:.0} ms, rss {} MiB", millis(begun), memory("VmRSS"));
}
