//! How do weeks pass in seconds? The daemon's own ticks, called when they are due, in simulated time; nothing sleeps.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Reason, UNANSWERED};

use crate::app::upkeep::Upkeep;
use crate::app::{App, schedule};
use crate::clock::{Clock, ManualClock, SystemClock};
use crate::notify::{Deliverer, Notifier};
use crate::poll::Poller;
use crate::poll::links::LinkChecker;
use crate::store::Index;

/// The clock moves at least this far from round to round, minutes.
const STEP_MIN: i64 = 15;
/// And at most this far, minutes.
const STEP_MAX: i64 = 60;
/// A round is called again at once this often while work remains that is due already.
const AGAIN_MAX: usize = 50;

/// One thing that an owner or supervisor was told.
#[derive(Clone, Debug)]
pub struct ToldOnce {
    /// Of which account.
    pub account: AccountId,
    /// Why.
    pub reason: Reason,
    /// Reminder: the threshold in days; overdue: how many times before.
    pub stage: u32,
    /// In which letter.
    pub letter: String,
}

/// Real time spent in each loop, microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Polling.
    pub poll: i64,
    /// Links.
    pub links: i64,
    /// Deciding and drafting.
    pub notify: i64,
    /// Sending.
    pub deliver: i64,
    /// Tidying the store.
    pub upkeep: i64,
}

/// What the ticks did.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Rounds.
    pub rounds: usize,
    /// Polls of accounts.
    pub polls: usize,
    /// Menus whose links were checked.
    pub menus: usize,
    /// Letters drafted.
    pub letters: usize,
    /// Who was told what.
    pub told: Vec<ToldOnce>,
    /// Where the time went.
    pub spent: Spent,
}

impl Course {
    /// Of how many accounts was told what, by reason and stage: `提醒 5 天 120 次、…`.
    pub fn stages(&self) -> String {
        let mut count: BTreeMap<u32, usize> = BTreeMap::new();
        for told in self.told.iter().filter(|told| told.reason == Reason::Reminder) {
            *count.entry(told.stage).or_default() += 1;
        }
        let word = |stage: u32| match stage {
            UNANSWERED => "提醒无效果而告知主管单位".to_owned(),
            days => format!("剩 {days} 天"),
        };
        let parts = count.iter().rev().map(|(stage, n)| format!("{} {n} 次", word(*stage)));
        parts.collect::<Vec<_>>().join("、")
    }
}

/// The daemon without its sleeping loops.
pub struct Driver {
    app: App,
    clock: ManualClock,
    poller: Poller,
    links: LinkChecker,
    notifier: Notifier,
    deliverer: Deliverer,
    upkeep: Upkeep,
    tidied: Option<Timestamp>,
    appointed: Option<Timestamp>,
    /// What was done so far.
    pub course: Course,
}

impl Driver {
    /// Over an app that lives by this clock.
    pub fn new(app: App, clock: ManualClock) -> Self {
        Self {
            poller: Poller::new(app.env.clone(), Default::default()),
            links: LinkChecker::new(app.env.clone()),
            notifier: app.notifier(),
            deliverer: app.deliverer(),
            upkeep: Upkeep::new(app.clone()),
            tidied: None,
            appointed: None,
            course: Course::default(),
            app,
            clock,
        }
    }

    /// Rounds until the clock stands at `end`; what is due at `end` itself is done, too.
    pub async fn run_to(&mut self, end: Timestamp) -> anyhow::Result<()> {
        loop {
            let now = self.clock.now();
            let mut next = self.round(now).await?;
            for _ in 0..AGAIN_MAX {
                if next.is_none_or(|at| at > now) {
                    break;
                }
                next = self.round(now).await?;
            }
            if now >= end {
                return Ok(());
            }
            let latest = now + TimeDelta::minutes(STEP_MAX);
            let next = next.unwrap_or(latest).clamp(now + TimeDelta::minutes(STEP_MIN), latest);
            self.clock.advance_to(next.min(end));
        }
    }

    /// Each loop once, in the order of the flow; says when there is something to do again.
    async fn round(&mut self, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        self.course.rounds += 1;
        let mut watch = Watch::start();
        self.course.polls += self.poller.tick().await?.did;
        self.course.spent.poll += watch.lap();
        self.course.menus += self.links.tick().await?.did;
        self.course.spent.links += watch.lap();
        let report = self.notifier.tick(now, false).await?;
        self.course.letters += report.letters.len();
        for told in &report.told {
            let letter = report.letters.iter().find(|letter| {
                letter.accounts.contains(&told.account)
                    && letter.reason.contains(&told.reason)
                    && told.to.contains(&letter.to)
            });
            self.course.told.extend(letter.map(|letter| ToldOnce {
                account: AccountId::new(told.account.clone()),
                reason: told.reason,
                stage: told.stage,
                letter: letter.id.clone(),
            }));
        }
        if self.appointed.is_none_or(|at| at <= now) {
            self.appointed = schedule::tick(&self.app, now).await?.next_wake;
        }
        self.course.spent.notify += watch.lap();
        self.deliverer.tick(now).await?;
        self.course.spent.deliver += watch.lap();
        if self.tidied.is_none_or(|at| now - at >= TimeDelta::days(1)) {
            self.upkeep.tick(now).await?;
            self.tidied = Some(now);
        }
        self.course.spent.upkeep += watch.lap();
        let store = self.app.store();
        let next = [
            store.next_due(Index::Poll)?,
            store.next_due(Index::Notify)?,
            store.next_letter_due()?,
            self.appointed,
        ];
        Ok(next.into_iter().flatten().min())
    }
}

struct Watch(Timestamp);

impl Watch {
    fn start() -> Self {
        Self(SystemClock.now())
    }

    fn lap(&mut self) -> i64 {
        let now = SystemClock.now();
        let gone = (now - self.0).num_microseconds().unwrap_or_default();
        self.0 = now;
        gone
    }
}
