//! Does the whole hold against a known truth? A province in bad weather, driven through its days without sleeping.
//!
//! `FRESHD_SIM_SEED`, `FRESHD_SIM_DAYS` and `FRESHD_SIM_ACCOUNTS` choose another run; the seed is printed at the start
//! and with every finding. The invariants are those of the design; each check has a name that begins with its number.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

use chrono::TimeDelta;
use freshd::store::Index;
use freshd_core::Timestamp;
use freshd_core::civil::rfc3339;
use freshd_core::id::stable_hash;
use freshd_sim::mail::MailBehaviour;
use freshd_sim::world::{Account, Kind};
use freshd_sim::{Site, Weather, WeatherKind, WorldSpec};

mod agreement;
mod book;
mod courtesy;
mod letters;
mod liveness;
mod mass;
mod rulings;
mod stage;

use book::Book;
use letters::Letters;
use liveness::Patience;
use rulings::Rulings;
use stage::{Setup, Stage, beginning};

/// A recipient whose mailbox does not exist.
const NO_MAILBOX: &str = "unit-03@example.gov.test";
/// The last days are fair, so that everything can come right.
const FAIR_DAYS: i64 = 12;
/// The store on disk, bytes a poll: sled appends, and gives next to nothing back, whatever is thrown away.
const DISK_PER_POLL_MAX: u64 = 16 << 10;
/// What it may take besides, bytes.
const DISK_FREE: u64 = 96 << 20;
pub const DISK_BOUNDED: &str = "9 the store on disk is bounded";
pub const QUEUES_BOUNDED: &str = "9 queues are bounded";

fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Accounts that lie in one weather.
fn of_site(account: &Account, site: Site) -> bool {
    match account.kind {
        Kind::Wechat { .. } => site == Site::Wechat,
        Kind::Weibo { .. } => site == Site::Weibo,
        Kind::Nanfang { .. } => site == Site::Nanfang,
        Kind::App(_) | Kind::Bridge => site == Site::Web,
        Kind::Unsourced => false,
    }
}

/// One run: the stage, the checks, and what happens when.
struct Run {
    stage: Stage,
    book: Book,
    rulings: Rulings,
    letters: Letters,
    patience: Patience,
    polls: u64,
}

impl Run {
    async fn tick(&mut self) -> Timestamp {
        let now = self.stage.advance();
        let due = self.stage.due_polls(now);
        self.polls += due.len() as u64;
        self.stage.poll(now).await;
        let foreseen = self.letters.foresee(&self.stage, now);
        let notified = self.stage.tell(now).await;
        if let Some(report) = &notified {
            let told: Vec<_> = foreseen.iter().filter(|(_, tells)| !tells.is_empty()).collect();
            let ids: Vec<_> = told.into_iter().map(|(id, _)| id.clone()).collect();
            self.rulings.look(&self.stage, &ids, now, &mut self.book);
            self.letters.note(&self.stage, report, &foreseen, &mut self.book);
        }
        self.stage.deliver(now).await;
        self.rulings.look(&self.stage, &due, now, &mut self.book);
        self.letters.receive(&self.stage, &mut self.book);
        now
    }

    fn bounds(&mut self) {
        let accounts = self.stage.world.accounts.len();
        let waiting = self.stage.store().due(Index::Links, self.stage.end(), usize::MAX);
        let waiting = waiting.unwrap().len();
        let wrong =
            (waiting > accounts).then(|| format!("{waiting} accounts wait for a link check"));
        self.book.check(QUEUES_BOUNDED, wrong);
        let bytes = self.stage.store().size_on_disk().unwrap();
        let most = DISK_FREE + DISK_PER_POLL_MAX * self.polls;
        let wrong =
            (bytes > most).then(|| format!("{} MiB after {} polls", bytes >> 20, self.polls));
        self.book.check(DISK_BOUNDED, wrong);
        self.letters.outbox(&self.stage, &mut self.book);
    }

    fn site_is_right(&mut self, site: Site, now: Timestamp) {
        let world = std::sync::Arc::clone(&self.stage.world);
        let weather = std::sync::Arc::clone(&self.stage.weather);
        let accounts = world.accounts.iter().filter(|account| of_site(account, site));
        // Whoever lost its credential lately cannot be asked to be right.
        let accounts = accounts.filter(|account| {
            (0..24 * 4)
                .all(|back| !weather.token_refused(account.index, now - TimeDelta::hours(back)))
        });
        let names = (liveness::ALL_RULED, liveness::ALL_RULED);
        liveness::look(&self.stage, accounts, now, self.patience, names, &mut self.book);
    }
}

fn setup(seed: u64, accounts: u64, days: u64, on_disk: bool, step_min: i64) -> Setup {
    Setup {
        seed: asked("FRESHD_SIM_SEED", seed),
        accounts: asked("FRESHD_SIM_ACCOUNTS", accounts) as usize,
        days: asked("FRESHD_SIM_DAYS", days) as u32,
        on_disk,
        step: TimeDelta::minutes(step_min),
    }
}

/// Bad weather of the seed, a forced outage of one platform over three days, and a fair end.
fn hard_weather(setup: &Setup) -> (Weather, Timestamp, Timestamp) {
    let start = beginning();
    let days = i64::from(setup.days);
    let bad = u32::try_from((days - FAIR_DAYS).max(1)).unwrap();
    let weather = Weather::generate(setup.seed, start, bad, 1.5);
    let from = start + TimeDelta::days(days * 2 / 5);
    let to = from + TimeDelta::days(3);
    weather.force(Site::Weibo, WeatherKind::Outage, from, to);
    (weather, from, to)
}

fn bad_mail(run: &Run, day: i64) {
    use MailBehaviour::{Accept, DropAfterData, LocalError, Refuse, TryLater, Unavailable};
    let moods = [Accept, TryLater, DropAfterData, Accept, LocalError, Unavailable, Accept];
    let draw = stable_hash(&[b"mail", &run.stage.setup.seed.to_le_bytes(), &day.to_le_bytes()]);
    let mood = moods[(draw % moods.len() as u64) as usize];
    run.stage.mail.set_behaviour_times(None, mood, (draw >> 8) as u32 % 9 + 1);
    run.stage.mail.set_behaviour(Some(NO_MAILBOX), Refuse);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_province_in_bad_weather_keeps_every_invariant() {
    let setup = setup(20_260_105, 300, 120, true, 15);
    let title = format!("seed {} ({} accounts, {} days)", setup.seed, setup.accounts, setup.days);
    eprintln!("{title}");
    let (weather, from, to) = hard_weather(&setup);
    let stage =
        Stage::build(setup, WorldSpec::new(setup.accounts, beginning(), setup.days), weather).await;
    let poll = TimeDelta::hours(28);
    let patience = Patience { poll, lapsed: poll, list_lag: TimeDelta::hours(23) };
    let mut run = Run {
        stage,
        book: Book::default(),
        rulings: Rulings::default(),
        letters: Letters::default(),
        patience,
        polls: 0,
    };
    run.letters.refuses(NO_MAILBOX);
    let fair_from = run.stage.end() - TimeDelta::days(FAIR_DAYS);
    let (mut day, mut recovered, mut fair) = (-1, false, false);
    loop {
        let now = run.tick().await;
        if now >= run.stage.end() {
            break;
        }
        if !recovered && now >= to + TimeDelta::hours(30) {
            recovered = true;
            run.site_is_right(Site::Weibo, now);
        }
        if !fair && now >= fair_from {
            fair = true;
            run.stage.weather.set_noise(0, 0);
        }
        let today = (now - run.stage.start).num_days();
        if today == day {
            continue;
        }
        day = today;
        bad_mail(&run, day);
        let draw = stable_hash(&[b"day", &setup.seed.to_le_bytes(), &day.to_le_bytes()]);
        if draw.is_multiple_of(9) {
            eprintln!("  day {day}: dies at {}", rfc3339(now));
            run.crash((draw >> 8) as u32 % 400).await;
        }
        if day % 6 == 5 {
            let now = run.stage.now();
            agreement::check(&run.stage, now, &mut run.book).await;
            run.bounds();
        }
    }
    let now = run.stage.now();
    for site in [Site::Wechat, Site::Weibo, Site::Nanfang, Site::Web] {
        run.site_is_right(site, now);
    }
    agreement::check(&run.stage, now, &mut run.book).await;
    run.bounds();
    run.letters.receive(&run.stage, &mut run.book);
    run.letters.close(&run.stage, now, &mut run.book);
    courtesy::check(&run.stage.platforms.log, &mut run.book);
    eprintln!("  Weibo was out from {} to {}", rfc3339(from), rfc3339(to));
    eprintln!("  {} requests, {} mails", run.stage.platforms.log.total(), run.stage.mail.count());
    run.book.close(
        &title,
        &[
            rulings::NO_FALSE_STALE,
            rulings::NO_FALSE_GONE,
            rulings::NO_FAIL_BY_FAULT,
            rulings::EVIDENCE_KEPT,
            rulings::STATE_BOUNDED,
            liveness::ALL_RULED,
            courtesy::RETRY_AFTER,
            courtesy::PER_MINUTE,
            letters::TOLD_ONCE,
            letters::MAILED,
            letters::KNOWN_ID,
            letters::HOURS,
            letters::THEIRS,
            letters::SAID_RIGHT,
            agreement::AGREE,
            DISK_BOUNDED,
        ],
    );
}

/// In fair weather nothing is missed: silence is a fail in time, a post is a pass in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_province_in_fair_weather_is_ruled_in_time() {
    let setup = setup(20_260_301, 300, 120, false, 1);
    let title = format!("seed {} ({} accounts, {} days)", setup.seed, setup.accounts, setup.days);
    eprintln!("{title}");
    let spec = WorldSpec::new(setup.accounts, beginning(), setup.days);
    let stage = Stage::build(setup, spec, Weather::fair()).await;
    // While a ruling is open an account is polled every six hours and an eighth, and every twelve once it is old.
    let patience = Patience {
        poll: TimeDelta::minutes(13 * 60 + 30 + 2),
        lapsed: TimeDelta::minutes(6 * 60 + 45 + 2),
        list_lag: TimeDelta::hours(23),
    };
    let mut run = Run {
        stage,
        book: Book::default(),
        rulings: Rulings::default(),
        letters: Letters::default(),
        patience,
        polls: 0,
    };
    let mut looked = run.stage.start + TimeDelta::hours(40);
    loop {
        let now = run.tick().await;
        if now >= looked {
            looked = now + TimeDelta::hours(1);
            run.in_time(now);
        }
        if now >= run.stage.end() {
            break;
        }
    }
    courtesy::check(&run.stage.platforms.log, &mut run.book);
    run.book.close(
        &title,
        &[
            liveness::SILENCE_FOUND,
            liveness::FRESHNESS_FOUND,
            rulings::NO_FALSE_STALE,
            letters::TOLD_ONCE,
            letters::KNOWN_ID,
            letters::HOURS,
        ],
    );
}

impl Run {
    fn in_time(&mut self, now: Timestamp) {
        let world = std::sync::Arc::clone(&self.stage.world);
        let names = (liveness::SILENCE_FOUND, liveness::FRESHNESS_FOUND);
        liveness::look(
            &self.stage,
            world.accounts.iter(),
            now,
            self.patience,
            names,
            &mut self.book,
        );
    }

    /// Dies in the middle of a tick and comes back. What was written in that tick is taken from the store.
    async fn crash(&mut self, after_yields: u32) {
        self.stage.crash(after_yields).await;
        self.letters.catch_up(&self.stage);
        self.rulings.catch_up(&self.stage, self.stage.now());
    }
}
