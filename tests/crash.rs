//! Is nothing lost that was promised, and nothing half done, however the process dies? This binary
//! runs itself as a child that writes, kills it at random instants (while it writes, and while it
//! opens), reopens and verifies.
//!
//! `FRESHD_CRASH_ROUNDS` (default 30) and `FRESHD_CRASH_SEED` (default: random, printed) drive it.

#[path = "crash/mail.rs"]
mod mail;

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use chrono::{DateTime, TimeDelta};
use freshd::store::{
    Audit, Due, EvidenceId, Index, LedgerChange, Letter, LetterBody, LetterState, Store,
    StoreOptions,
};
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::{AccountId, stable_hash};

/// First argument of a child.
const CHILD: &str = "--crash-child";
/// Accounts that the writer goes round.
const ACCOUNTS: u64 = 40;
/// Accounts of an import, enough for several slices.
const IMPORTED: usize = 700;
/// Every so many changes the child imports a ledger.
const IMPORT_EVERY: u64 = 150;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some(CHILD) => child(Path::new(&args[2])),
        Some(mail::CHILD) => mail::child(&args[2..]),
        // What test runners ask of a binary without the standard harness.
        Some("--list") => {
            if !args.iter().any(|arg| arg == "--ignored") {
                println!("store: test\nmail: test");
            }
        }
        _ => {
            // Test runners name what they want, and how, in any order.
            let named: Vec<&str> =
                args[1..].iter().map(String::as_str).filter(|arg| !arg.starts_with('-')).collect();
            let wanted =
                |test: &str| named.is_empty() || named.iter().any(|name| test.contains(name));
            if wanted("store") {
                rounds();
            }
            if wanted("mail") {
                mail::rounds();
            }
        }
    }
    ExitCode::SUCCESS
}

fn instant(n: u64) -> Timestamp {
    let begin = DateTime::from_timestamp(1_795_312_800, 0).expect("an instant of 2026");
    begin + TimeDelta::seconds(i64::try_from(n).expect("few changes"))
}

fn account_of(n: u64) -> AccountId {
    AccountId::new(format!("weibo:{:04}", n % ACCOUNTS))
}

/// Some are small, some take several values, even packed.
fn text_of(n: u64) -> String {
    let words = if n.is_multiple_of(7) { 6_000 } else { 3 + n * 131 % 180 };
    let word = |k: u64| format!("{:016x}", stable_hash(&[&n.to_be_bytes(), &k.to_be_bytes()]));
    format!("{n}:{}", (0..words).map(word).collect::<String>())
}

/// Everything that change number `n` does, as one commit.
fn write_change(store: &Store, n: u64) {
    let (id, at) = (account_of(n), instant(n));
    let mut change = store.change();
    let due =
        Due { poll: Some(at + TimeDelta::hours(1)), notify: n.is_multiple_of(3).then_some(at) };
    change.put_state(&id, &(n, text_of(n)), due).expect("a state");
    change.journal(&id, at, &n).expect("an event");
    change.evidence(text_of(n).as_bytes(), at).expect("evidence");
    change.put_meta("crash.last", &n).expect("the mark");
    let letter = Letter {
        id: format!("letter-{n}"),
        state: LetterState::Queued,
        to: "owner@example.gov.cn".into(),
        reasons: vec!["reminder".into()],
        message_id: format!("<{n}@freshd>"),
        subject: text_of(n % 7 + 1),
        accounts: vec![id],
        attempts: 0,
        next_attempt: Some(at),
        lease_until: None,
        last_reply: None,
        created_at: at,
        first_attempt: None,
        late_after: None,
        operator_told: false,
        tells: Vec::new(),
        decided: Vec::new(),
        merged_into: None,
    };
    let body = LetterBody { text: text_of(n), html: String::new(), ..LetterBody::default() };
    change.new_letter(&letter, &body).expect("a letter");
    store.commit(change).expect("a commit");
}

fn import(store: &Store, number: u64) {
    let put = |n: usize| Account {
        id: AccountId::new(format!("app:{n:05}")),
        note: number.to_string(),
        aliases: vec![format!("别名{n}")],
        ..Account::default()
    };
    let ledger = LedgerChange {
        puts: (0..IMPORTED).map(put).collect(),
        deletes: Vec::new(),
        first_poll: instant(0),
        ledger_number: Some(number),
        audit: Audit {
            at: instant(number),
            who: "crash".into(),
            what: "import".into(),
            on: String::new(),
            detail: number.to_string(),
        },
    };
    store.replace_ledger(&ledger).expect("an import");
}

/// Says what it is about to do and what it has promised, one line each, until it is killed.
fn child(dir: &Path) {
    let out = std::io::stdout();
    let say = |line: String| {
        let mut out = out.lock();
        // The parent may have gone; then there is nobody to promise anything to.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    };
    say("opening".into());
    let store = Store::open(dir, StoreOptions { cache_bytes: 4 << 20, ..StoreOptions::default() })
        .expect("the store opens");
    let last = store.meta::<u64>("crash.last").expect("the mark").unwrap_or(0);
    for n in last + 1.. {
        write_change(&store, n);
        if n.is_multiple_of(IMPORT_EVERY) {
            import(&store, n / IMPORT_EVERY);
            say(format!("import {}", n / IMPORT_EVERY));
        }
        if n.is_multiple_of(3) {
            store.barrier_blocking().expect("a barrier");
            say(format!("promised {n}"));
        }
    }
}

/// Numbers that a seed determines.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = stable_hash(&[&self.0.to_be_bytes()]);
        self.0 % limit
    }

    /// Lets an unpredictable little time pass without sleeping.
    fn linger(&mut self, turns: u64) {
        for _ in 0..self.below(turns) {
            std::hint::spin_loop();
        }
    }
}

/// What the child has promised over all rounds.
#[derive(Default)]
struct Promised {
    change: u64,
    import: u64,
}

fn rounds() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed =
        number("FRESHD_CRASH_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let rounds = number("FRESHD_CRASH_ROUNDS").unwrap_or(30);
    println!("FRESHD_CRASH_SEED={seed} FRESHD_CRASH_ROUNDS={rounds}");
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("store");
    let mut dice = Dice(seed);
    let mut promised = Promised::default();
    let (mut opens, mut halves) = (0, 0);
    for round in 0..rounds {
        if round % 2 == 0 {
            kill_while_writing(&dir, &mut dice, &mut promised);
        } else {
            kill_while_opening(&dir, &mut dice, &mut promised);
            opens += 1;
        }
        halves += plant_half_snapshot(&dir, &mut dice);
        verify(&dir, round, &promised);
    }
    println!(
        "{rounds} kills ({opens} while opening, {halves} half snapshots planted): \
         {} changes and {} imports promised, none lost",
        promised.change, promised.import
    );
    assert!(promised.change > rounds, "too little was written to prove anything");
}

fn start(dir: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .arg(CHILD)
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let out = BufReader::new(child.stdout.take().expect("its output"));
    (child, out)
}

impl Promised {
    fn hear(&mut self, line: &str) {
        let number = |text: &str| text.parse::<u64>().expect("a number");
        if let Some(n) = line.strip_prefix("promised ") {
            self.change = self.change.max(number(n));
        } else if let Some(n) = line.strip_prefix("import ") {
            self.import = self.import.max(number(n));
        }
    }

    /// Kills the child, then hears what it had said before it died.
    fn after_killing(&mut self, mut child: Child, out: BufReader<ChildStdout>) {
        child.kill().expect("SIGKILL");
        let status = child.wait().expect("its end");
        assert!(status.code().is_none(), "the child ended by itself: {status}");
        for line in out.lines().map_while(Result::ok) {
            self.hear(&line);
        }
    }
}

fn kill_while_writing(dir: &Path, dice: &mut Dice, promised: &mut Promised) {
    let (child, mut out) = start(dir);
    for _ in 0..2 + dice.below(60) {
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        promised.hear(line.trim_end());
    }
    dice.linger(400_000);
    promised.after_killing(child, out);
}

fn kill_while_opening(dir: &Path, dice: &mut Dice, promised: &mut Promised) {
    let (child, mut out) = start(dir);
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    dice.linger(3_000_000);
    promised.after_killing(child, out);
}

/// In some rounds, what a kill at the worst moment of opening leaves behind.
fn plant_half_snapshot(dir: &Path, dice: &mut Dice) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let snapshot = entries.map(|entry| entry.path()).find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap."))
    });
    let Some(snapshot) = snapshot.filter(|_| dice.below(3) == 0) else { return 0 };
    let whole = fs::read(snapshot).expect("a snapshot");
    let cut = dice.below(whole.len() as u64) as usize;
    fs::write(dir.join("snap.7FFFFFFFFFFFFFFF.generating"), &whole[..cut]).expect("planted");
    1
}

/// Opens, and compares everything with what the writer must have done.
fn verify(dir: &Path, round: u64, promised: &Promised) {
    let store = Store::open(dir, StoreOptions { cache_bytes: 4 << 20, ..StoreOptions::default() })
        .unwrap_or_else(|error| panic!("round {round}: the store does not open: {error}"));
    let last = store.meta::<u64>("crash.last").expect("the mark").unwrap_or(0);
    assert!(
        last >= promised.change,
        "round {round}: {} was promised, {last} is there",
        promised.change
    );
    let letters = store.for_each_letter(|_| Ok(true)).expect("letters");
    assert_eq!((letters.seen, letters.damaged), (last, 0), "round {round}: letters");
    for n in (1..=last).rev().take(200) {
        assert_eq!(
            store.letter_body(&format!("letter-{n}")).expect("texts").map(|b| b.text),
            Some(text_of(n))
        );
        let id = EvidenceId::of(text_of(n).as_bytes());
        assert!(store.evidence(id).expect("evidence").is_some(), "round {round}: evidence of {n}");
    }
    for k in 0..ACCOUNTS {
        verify_account(&store, round, k, last);
    }
    let running = ACCOUNTS.min(last);
    let due = store.due(Index::Poll, instant(u32::MAX.into()), usize::MAX).expect("due");
    let due = due.iter().filter(|(_, id)| id.as_str().starts_with("weibo:")).count() as u64;
    assert_eq!(due, running, "round {round}: one due time an account");
    verify_import(&store, round, promised.import);
}

fn verify_account(store: &Store, round: u64, k: u64, last: u64) {
    let newest = (last >= k).then(|| last - (last - k) % ACCOUNTS).filter(|n| *n > 0);
    let state = store.state::<(u64, String)>(&account_of(k)).expect("a state");
    assert_eq!(state, newest.map(|n| (n, text_of(n))), "round {round}: state of {k}");
    let events = store.last_events::<u64>(&account_of(k), usize::MAX).expect("events");
    let events: Vec<u64> = events.into_iter().map(|(_, n)| n).collect();
    let expected: Vec<u64> = (1..=last).rev().filter(|n| n % ACCOUNTS == k).collect();
    assert_eq!(events, expected, "round {round}: journal of {k}");
}

fn verify_import(store: &Store, round: u64, promised: u64) {
    let mut notes = Vec::new();
    store
        .for_each_account(|account| {
            notes.push(account.note);
            Ok(true)
        })
        .expect("accounts");
    let number = store.meta::<u64>("ledger.number").expect("the number").unwrap_or(0);
    assert!(number >= promised, "round {round}: import {promised} was promised");
    assert_eq!(notes.len(), if number == 0 { 0 } else { IMPORTED }, "round {round}: accounts");
    assert!(notes.iter().all(|note| *note == number.to_string()), "round {round}: half an import");
}
