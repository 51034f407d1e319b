//! Does a failure of thousands stay one matter? One platform, its shape, or our own network fails for three days across
//! deadlines: one letter to the operators, none that accuses an owner, and one when it is over.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd::app::upkeep::Upkeep;
use freshd::notify::report::ToldAccount;
use freshd::store::Letter;
use freshd_core::id::AccountId;
use freshd_core::reminder::Reason;
use freshd_core::verdict::Outcome;
use freshd_core::{Timestamp, civil};
use freshd_sim::world::Mix;
use freshd_sim::{Site, Weather, WeatherKind, WorldSpec};

use super::book::Book;
use super::liveness::{self, Patience};
use super::stage::{OPERATORS, Setup, Stage, beginning};
use super::{asked, of_site};

const ONE_LETTER: &str = "one letter tells the operators of it";
const OVER: &str = "one letter tells the operators that it is over";
const NOBODY_ACCUSED: &str = "no account of it turns to a fail while it lasts";
const NO_OWNER: &str = "no owner is told that an account has lapsed";
const ACROSS: &str = "deadlines pass while it lasts";
const OTHERS: &str = "the others are ruled as ever";
/// The failure begins after so many days, lasts so many, and as many follow.
const DAYS: [i64; 3] = [2, 3, 2];
/// Between two looks at all accounts.
const LOOK_EVERY: TimeDelta = TimeDelta::hours(3);

/// What fails.
struct Failure {
    title: &'static str,
    sites: &'static [Site],
    kind: WeatherKind,
    accounts: u64,
}

/// Platforms that are read without a credential of each account, most of them one of them.
fn mix() -> Mix {
    Mix {
        wechat: 8,
        wechat_unverified: 0,
        weibo: 17,
        nanfang: 70,
        app: 3,
        bridge: 2,
        unsourced: 0,
        gone: 1,
        ..Mix::default()
    }
}

struct Mass {
    stage: Stage,
    book: Book,
    upkeep: Upkeep,
    failure: Failure,
    from: Timestamp,
    to: Timestamp,
    /// Accounts of the failing sites that fail by what was seen before.
    failed_before: BTreeSet<AccountId>,
    /// Deadlines known when it began.
    deadlines: BTreeMap<AccountId, Timestamp>,
    /// Accounts of the failing sites of which somebody was told while it lasted that they had lapsed, and how.
    accused: BTreeSet<(AccountId, String)>,
}

impl Mass {
    async fn begin(failure: Failure) -> Self {
        let setup = Setup {
            seed: asked("FRESHD_SIM_SEED", 20_260_401),
            accounts: asked("FRESHD_SIM_MASS_ACCOUNTS", failure.accounts) as usize,
            days: DAYS.iter().sum::<i64>() as u32,
            on_disk: false,
            step: TimeDelta::minutes(20),
        };
        let mut spec = WorldSpec::new(setup.accounts, beginning(), setup.days);
        spec.mix = mix();
        let stage = Stage::build(setup, spec, Weather::fair()).await;
        let from = stage.start + TimeDelta::days(DAYS[0]);
        let to = from + TimeDelta::days(DAYS[1]);
        for site in failure.sites {
            stage.weather.force(*site, failure.kind, from, to);
        }
        Self {
            upkeep: Upkeep::new(stage.app().clone()),
            book: Book::default(),
            stage,
            failure,
            from,
            to,
            failed_before: BTreeSet::new(),
            deadlines: BTreeMap::new(),
            accused: BTreeSet::new(),
        }
    }

    fn is_hit(&self, id: &AccountId) -> bool {
        let account = self.stage.world.find(id.as_str()).expect("an account of this world");
        self.failure.sites.iter().any(|site| of_site(account, *site))
    }

    async fn pass(&mut self) {
        let mut looked = self.stage.start;
        while self.stage.now() < self.stage.end() {
            let now = self.stage.advance();
            self.stage.poll(now).await;
            let told = self.stage.tell(now).await;
            self.told(told.iter().flat_map(|report| &report.told), now);
            self.stage.deliver(now).await;
            if now - looked >= LOOK_EVERY {
                looked = now;
                self.upkeep.tick(now).await.unwrap();
                self.look(now);
            }
        }
    }

    fn told<'a>(&mut self, told: impl Iterator<Item = &'a ToldAccount>, now: Timestamp) {
        if now < self.from || now >= self.to {
            return;
        }
        for told in told {
            let id = AccountId::new(told.account.clone());
            let lapsed = matches!(told.reason, Reason::Overdue | Reason::Escalation);
            if self.is_hit(&id) && lapsed {
                self.accused.insert((id, told.reason.key().to_owned()));
            }
        }
    }

    fn look(&mut self, now: Timestamp) {
        let (mut failing, mut failed_before) = (BTreeSet::new(), BTreeSet::new());
        let mut deadlines = BTreeMap::new();
        let app = self.stage.app();
        app.for_each_judged(now, |account, _, judgement| {
            if self.is_hit(&account.id) {
                if judgement.verdict == Some(Outcome::Fail) {
                    // Whatever speaks of a later instant than the beginning came of the failure.
                    match judgement.vetoes().all(|ruling| ruling.as_of < self.from) {
                        true => failed_before.insert(account.id.clone()),
                        false => failing.insert(account.id.clone()),
                    };
                }
                if let Some(outlook) = judgement.forecast {
                    deadlines.insert(account.id, outlook.deadline);
                }
            }
            Ok(true)
        })
        .unwrap();
        self.failed_before.extend(failed_before);
        if now < self.from {
            self.deadlines = deadlines;
        } else if now < self.to {
            let wrong = (!failing.is_empty()).then(|| {
                format!("{} turned at {}: {failing:?}", failing.len(), civil::rfc3339(now))
            });
            self.book.check(NOBODY_ACCUSED, wrong);
        }
    }

    fn letters(&self) -> Vec<Letter> {
        let mut all = Vec::new();
        let keep = |letter| {
            all.push(letter);
            Ok(true)
        };
        self.stage.store().for_each_letter(keep).unwrap();
        all
    }

    fn close(mut self) {
        let letters = self.letters();
        let operators: Vec<&Letter> =
            letters.iter().filter(|letter| letter.to == OPERATORS).collect();
        let told = |over: bool| {
            operators.iter().filter(move |letter| letter.subject.contains("已恢复") == over)
        };
        let subjects = || operators.iter().map(|it| it.subject.clone()).collect::<Vec<_>>();
        let wrong = told(false).count() != 1 || told(false).any(|it| it.created_at >= self.to);
        self.book.check(ONE_LETTER, wrong.then(|| format!("{:?}", subjects())));
        let wrong = told(true).count() != 1 || told(true).any(|it| it.created_at < self.to);
        self.book.check(OVER, wrong.then(|| format!("{:?}", subjects())));
        let accused = self.accused.iter().filter(|(id, _)| !self.failed_before.contains(id));
        let accused: Vec<_> = accused.collect();
        self.book.check(NO_OWNER, (!accused.is_empty()).then(|| format!("{accused:?}")));
        let crossed = self.deadlines.values().filter(|at| self.from < **at && **at < self.to);
        let crossed = crossed.count();
        self.book.check(ACROSS, (crossed == 0).then(|| "no deadline passed".to_owned()));
        let (now, world) = (self.stage.now(), std::sync::Arc::clone(&self.stage.world));
        let poll = TimeDelta::hours(28);
        let patience = Patience { poll, lapsed: poll, list_lag: TimeDelta::hours(23) };
        let names = (OTHERS, OTHERS);
        // An empty list proves nothing, ever.
        let shown = world.accounts.iter().filter(|account| {
            account.visible(now).any(|(_, post)| now - post.time < TimeDelta::days(60))
        });
        liveness::look(&self.stage, shown, now, patience, names, &mut self.book);
        let title = format!(
            "{}: {} accounts, {crossed} deadlines within, {} letters, seed {}",
            self.failure.title,
            self.stage.setup.accounts,
            letters.len(),
            self.stage.setup.seed
        );
        self.book.close(&title, &[ONE_LETTER, OVER, NOBODY_ACCUSED, NO_OWNER, ACROSS, OTHERS]);
    }
}

async fn endure(failure: Failure) {
    let mut mass = Mass::begin(failure).await;
    mass.pass().await;
    mass.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_is_out_for_three_days_is_one_matter() {
    endure(Failure {
        title: "a platform is out",
        sites: &[Site::Nanfang],
        kind: WeatherKind::Outage,
        accounts: 1_000,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_was_rebuilt_is_one_matter() {
    endure(Failure {
        title: "a platform was rebuilt",
        sites: &[Site::Nanfang],
        kind: WeatherKind::Redesign,
        accounts: 300,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_broken_network_is_one_matter() {
    endure(Failure {
        title: "our own network is broken",
        sites: &Site::ALL,
        kind: WeatherKind::Closed,
        accounts: 300,
    })
    .await;
}
