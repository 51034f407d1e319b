//! Is every letter told, and never two that cannot be known as one, wherever the daemon dies on the way to the mail server?
//!
//! A child writes letters and hands them in over real SMTP. It is killed before and after each write and each barrier of the store, and
//! at each step of the conversation; another follows it and finishes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};
use freshd::app::App;
use freshd::clock::ManualClock;
use freshd::config::{Args, Config, Surroundings};
use freshd::store::engine::{Batch, Engine, Order, Visit};
use freshd::store::{Due, LetterState, Store, StoreError, StoreOptions};
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::history::Look;
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Observation, Published, Sighting};
use freshd_core::state::AccountState;
use freshd_sim::{MailServer, SimClock};

/// First argument of a child.
pub(crate) const CHILD: &str = "--crash-mail-child";
/// Recipients, and so letters.
const LETTERS: usize = 3;
/// A lease is over after this, minutes.
const LATER_MIN: i64 = 30;
const OPTIONS: StoreOptions = StoreOptions { cache_bytes: 4 << 20, accept_loss: false };

/// A working day in sending hours: 2026-11-25 10:00 in Beijing.
fn begin() -> Timestamp {
    DateTime::from_timestamp(1_795_572_000, 0).expect("an instant of 2026")
}

/// A store that dies at one of its steps: every commit and barrier is two, before and after.
struct Mortal {
    below: Arc<dyn Engine>,
    left: AtomicU64,
    steps: AtomicU64,
}

impl Mortal {
    fn step(&self) {
        self.steps.fetch_add(1, Ordering::SeqCst);
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            die();
        }
    }
}

/// SIGKILL: nothing is closed, flushed or said.
fn die() -> ! {
    let pid = std::process::id().to_string();
    let killed = Command::new("kill").args(["-KILL", &pid]).status();
    panic!("the kill did not come: {killed:?}");
}

impl Engine for Mortal {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.below.get(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        order: Order,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.below.scan(from, to, order, visit)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.step();
        let done = self.below.commit(batch);
        self.step();
        done
    }

    fn barrier(&self) -> Result<(), StoreError> {
        self.step();
        let done = self.below.barrier();
        self.step();
        done
    }

    fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.below.size_on_disk()
    }
}

fn config(port: u16) -> Config {
    let text = format!(
        "[mail]\nserver = \"smtp+insecure://127.0.0.1:{port}\"\nfrom = \"freshd@b.cn\"\n\
         operators = [\"ops@b.cn\"]\noffice = \"公开办\"\nmode = \"send\"\nat_once = 1\n"
    );
    let (file, around) = (Path::new("/nowhere/freshd.toml"), Surroundings::default());
    Config::parse(&text, file, &Args::default(), &around).expect("a configuration")
}

/// Runs the notifier and the deliverer once: `DIR PORT MINUTES STEPS`, dying at that step of the store (0 = never). Says how many
/// steps there were and how many letters it wrote.
pub(crate) fn child(args: &[String]) {
    let number = |at: usize| args[at].parse::<u64>().expect("a number");
    let mut mortal = None;
    let store = Store::open_through(Path::new(&args[0]), OPTIONS, |below| {
        let before = Mortal { below, left: AtomicU64::new(0), steps: AtomicU64::new(0) };
        Arc::clone(mortal.insert(Arc::new(before))) as Arc<dyn Engine>
    });
    let (store, mortal) = (store.expect("the store opens"), mortal.expect("it was asked for"));
    let now = begin() + TimeDelta::minutes(number(2).cast_signed());
    mortal.left.store(number(3), Ordering::SeqCst);
    mortal.steps.store(0, Ordering::SeqCst);
    let port = u16::try_from(number(1)).expect("a port");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let written = runtime.expect("a runtime").block_on(async {
        let app = App::over(config(port), store, Arc::new(ManualClock::new(now))).expect("an app");
        let report = app.notifier().tick(now, false).await.expect("a run");
        app.deliverer().tick(now).await.expect("deliveries");
        report.letters.len()
    });
    println!("{} {written}", mortal.steps.load(Ordering::SeqCst));
}

/// Accounts that are overdue, each with an owner of its own.
fn set_up(dir: &Path) {
    let store = Store::open(dir, OPTIONS).expect("a store");
    let posted = begin() - TimeDelta::days(24);
    for number in 0..LETTERS {
        let account = Account {
            id: AccountId::new(format!("weibo:{number}")),
            name: format!("发布{number}"),
            platform: "weibo".to_owned(),
            handle: number.to_string(),
            sponsor: format!("单位{number}"),
            email: vec![format!("owner{number}@b.cn")],
            ..Account::default()
        };
        let mut observation = Observation::default();
        observation.sightings.push(Sighting {
            key: "1".to_owned(),
            channel: Channel::posts(),
            published: Published::at(posted),
            title: "通知公告".to_owned(),
            url: None,
            pinned: false,
            repost: false,
        });
        observation.coverage.add(Channel::posts(), posted - TimeDelta::days(1), begin());
        let mut state = AccountState::default();
        state.history.absorb(&Look {
            source: "weibo:1",
            at: begin(),
            channels: &[Channel::posts()],
            observation: &observation,
            evidence: None,
            voucher: None,
        });
        let mut change = store.change();
        change.put_account(&account);
        let due = Due { poll: None, notify: Some(begin()) };
        change.put_state(&account.id, &state, due).expect("a state");
        store.commit(change).expect("a commit");
    }
    store.barrier_blocking().expect("a barrier");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("entries").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}

/// Where the child is to die.
#[derive(Clone, Copy, Debug)]
enum Death {
    Never,
    /// At this step of the store.
    Store(u64),
    /// When the server has heard this word, before it answers, for the n-th time.
    Word(&'static str, usize),
}

struct Round {
    /// What the child said; `None` when it was killed.
    said: Option<(u64, usize)>,
}

fn run(dir: &Path, mail: &MailServer, minutes: i64, death: Death) -> Round {
    let stop = if let Death::Store(step) = death { step } else { 0 };
    let port = mail.addr.port().to_string();
    let child = Command::new(std::env::current_exe().expect("this binary"))
        .args([CHILD, &dir.to_string_lossy(), &port, &minutes.to_string(), &stop.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let pid = child.id().to_string();
    if let Death::Word(word, nth) = death {
        let heard = Mutex::new(0);
        mail.set_probe(Some(Box::new(move |said| {
            let mut heard = heard.lock().expect("counts");
            *heard += usize::from(said == word);
            if said == word && *heard == nth {
                let killed = Command::new("kill").args(["-KILL", &pid]).status();
                assert!(killed.is_ok_and(|status| status.success()));
            }
        })));
    }
    let output = child.wait_with_output().expect("its end");
    mail.set_probe(None);
    let said = output.status.success().then(|| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut words = text.split_whitespace().map(|word| word.parse::<u64>().expect("a number"));
        let steps = words.next().expect("steps");
        (steps, usize::try_from(words.next().expect("letters")).expect("few"))
    });
    Round { said }
}

/// Message-IDs that arrived, and how often each.
fn arrived(mail: &MailServer, from: usize) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for one in &mail.mails()[from..] {
        *found.entry(one.header("Message-ID").expect("an id")).or_default() += 1;
    }
    found
}

/// Kills at every step, and verifies after each.
pub(crate) fn rounds() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build().expect("a runtime");
    let clock = SimClock::new(begin());
    let mail = runtime.block_on(MailServer::start(clock)).expect("a mail server");
    let home = tempfile::tempdir().expect("a directory");
    let origin = home.path().join("origin");
    set_up(&origin);
    let scene = home.path().join("whole");
    copy(&origin, &scene);
    let (steps, written) = run(&scene, &mail, 0, Death::Never).said.expect("a whole run");
    assert_eq!((written, arrived(&mail, 0).len()), (LETTERS, LETTERS));

    let mut deaths: Vec<Death> = (1..=steps).map(Death::Store).collect();
    for word in ["EHLO", "MAIL", "RCPT", "DATA", "content", "taken"] {
        let often = if word == "EHLO" { 1 } else { LETTERS };
        deaths.extend((1..=often).map(|nth| Death::Word(word, nth)));
    }
    let mut twice = 0;
    for (nth, death) in deaths.iter().enumerate() {
        let dir = home.path().join(format!("round-{nth}"));
        copy(&origin, &dir);
        twice += verify(&dir, &mail, *death);
        fs::remove_dir_all(&dir).expect("cleared");
    }
    println!(
        "{} kills on the way to the mail server ({steps} steps of the store): every letter arrived, {twice} of {} a second time under \
         its own Message-ID",
        deaths.len(),
        deaths.len() * LETTERS
    );
    runtime.shutdown_background();
}

/// One death and those who come after it; how many letters came twice.
fn verify(dir: &Path, mail: &MailServer, death: Death) -> usize {
    let before = mail.mails().len();
    assert!(run(dir, mail, 0, death).said.is_none(), "{death:?}: the child was to die");
    let next = run(dir, mail, LATER_MIN, Death::Never).said;
    assert!(next.is_some(), "{death:?}: the next run failed");
    let last = run(dir, mail, 2 * LATER_MIN, Death::Never).said;
    assert_eq!(last.map(|(_, written)| written), Some(0), "{death:?}: something was told again");
    let found = arrived(mail, before);
    assert_eq!(found.len(), LETTERS, "{death:?}: letters that arrived");
    let twice = found.values().filter(|times| **times > 1).count();
    assert!(twice <= 1 && found.values().all(|times| *times <= 2), "{death:?}: {found:?}");
    let store = Store::open(dir, OPTIONS).expect("the store opens");
    let mut states = Vec::new();
    let seen = store.for_each_letter(|letter| {
        states.push(letter.state);
        Ok(true)
    });
    assert_eq!(seen.expect("letters").damaged, 0, "{death:?}");
    assert_eq!(states, [LetterState::Accepted; LETTERS], "{death:?}");
    twice
}
