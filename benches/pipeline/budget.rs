//! How many requests does a year take, and how early is a lapse warned of? The daemon's own schedule beside fixed ones.
//!
//! The same simulated province, in the same weather, is run through its year three times: as freshd schedules polls, and with
//! every account polled each hour, or each six hours, whatever is known of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_connectors::{Connector, Descriptor, PollContext, Registry, Target, TargetProblem};
use freshd_core::Timestamp;
use freshd_core::fault::Fault;
use freshd_core::id::AccountId;
use freshd_core::observation::Observation;
use freshd_core::schedule::Intervals;
use freshd_sim::{Weather, WorldSpec};

use crate::Plan;
use crate::measure::{heading, line, target};

mod watch;

use watch::Watch;

#[expect(clippy::unwrap_used, dead_code, reason = "a stage that the tests share")]
#[path = "../../tests/it/simulation/stage.rs"]
mod stage;

use stage::{OPERATORS, Setup, Stage, beginning};

/// One world for all schedules.
const SEED: u64 = 20_260_501;
/// Accounts and days; hourly polls of more take long and say the same.
const ACCOUNTS: usize = 40;
const DAYS: u32 = 365;
/// The window of the national rule.
const WINDOW: TimeDelta = TimeDelta::days(14);

/// What a schedule comes to.
struct Year {
    requests: f64,
    polls: f64,
    /// Hours between the first warning and the lapse, of every lapse that was warned of, sorted.
    leads_h: Vec<f64>,
    lapses: usize,
    /// Where the requests went, and how soon what is true was known.
    watch: Watch,
}

/// A connector whose hints nobody hears.
struct Hintless(Arc<dyn Connector>);

#[async_trait]
impl Connector for Hintless {
    fn descriptor(&self) -> &Descriptor {
        self.0.descriptor()
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        self.0.admit(target)
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let mut seen = self.0.poll(target, cx).await?;
        seen.hint.not_before = None;
        Ok(seen)
    }

    async fn probe(&self, cx: &PollContext<'_>) -> Result<(), Fault> {
        self.0.probe(cx).await
    }

    fn credential(&self, target: &Target) -> Option<String> {
        self.0.credential(target)
    }
}

/// Runs and prints the comparison.
pub fn run(plan: &Plan) {
    let days = DAYS / u32::try_from(plan.shrink).expect("a small number");
    let (accounts, days) = (ACCOUNTS, days.max(60));
    heading(&format!(
        "requests of {accounts} accounts through {days} days, and the warnings in time"
    ));
    let runtime = crate::polls::runtime();
    let year = |every| runtime.block_on(pass(accounts, days, every));
    let own = year(None);
    let six = year(Some(6));
    let hourly = year(Some(1));
    let per_day = |year: &Year| year.requests / (accounts as f64 * f64::from(days));
    for (name, year) in
        [("freshd's own schedule", &own), ("every 6 h", &six), ("every hour", &hourly)]
    {
        let leads = &year.leads_h;
        let at = |share: usize| leads.get(leads.len().saturating_sub(1) * share / 100).copied();
        line(
            name,
            &format!(
                "{:>6.2} requests, {:>5.2} polls per account and day; {} of {} lapses warned of, \
                 {:.1} h before (half), {:.1} h (the least)",
                per_day(year),
                year.polls / (accounts as f64 * f64::from(days)),
                leads.len(),
                year.lapses,
                at(50).unwrap_or(0.0),
                at(0).unwrap_or(0.0),
            ),
        );
    }
    for (name, year) in [("freshd's own schedule", &own), ("every 6 h", &six)] {
        year.watch.print(name, accounts as f64 * f64::from(days));
    }
    let share = per_day(&own) / per_day(&hourly);
    target("requests, of hourly polls", &format!("{:.1} %", share * 100.0), "≤ 10 %", share <= 0.1);
    let share = per_day(&own) / per_day(&six);
    line("requests, of polls every 6 h", &format!("{:.1} %", share * 100.0));
}

async fn pass(accounts: usize, days: u32, every_h: Option<i64>) -> Year {
    let setup = Setup { seed: SEED, accounts, days, on_disk: false, step: TimeDelta::minutes(10) };
    let spec = WorldSpec::new(accounts, beginning(), days);
    let weather = Weather::generate(SEED, beginning(), days, 0.5);
    let mut stage = Stage::build(setup, spec, weather).await;
    if let Some(hours) = every_h {
        fix(&stage, hours * 60);
    }
    let mut polls = 0;
    let mut watch = Watch::default();
    while stage.now() < stage.end() {
        let now = stage.advance();
        let due = stage.due_polls(now);
        polls += due.len();
        watch.before(&stage, &due);
        stage.poll(now).await;
        watch.after(&stage, &due);
        stage.tell(now).await;
        stage.deliver(now).await;
    }
    let (leads_h, lapses) = leads(&stage);
    let requests = stage.platforms.log.total() as f64;
    Year { requests, polls: polls as f64, leads_h, lapses, watch }
}

/// Polls everything each so many minutes from now on, and hears no hint.
fn fix(stage: &Stage, minutes: i64) {
    let app = stage.app();
    let mut parts = freshd::app::parts(&app.config()).expect("the same configuration again");
    let mut deaf = Registry::default();
    parts.means.registry.iter().for_each(|it| deaf.register(Arc::new(Hintless(Arc::clone(it)))));
    parts.means.registry = deaf;
    parts.terms.intervals = Intervals {
        fresh_min: minutes,
        near_min: minutes,
        urgent_min: minutes,
        open_min: minutes,
        settled_min: minutes,
        backoff_min: minutes.min(15),
        ceiling_min: minutes,
    };
    app.env.reload(parts);
}

/// Of every lapse of the truth: how long before was its owner first warned?
fn leads(stage: &Stage) -> (Vec<f64>, usize) {
    let mut warned: BTreeMap<AccountId, Vec<Timestamp>> = BTreeMap::new();
    let note = |letter: freshd::store::Letter| {
        if letter.to != OPERATORS && letter.reasons.iter().any(|reason| reason == "reminder") {
            for id in letter.accounts {
                warned.entry(id).or_default().push(letter.created_at);
            }
        }
        Ok(true)
    };
    stage.store().for_each_letter(note).expect("the outbox reads");
    let (mut leads, mut lapses) = (Vec::new(), 0);
    for account in &stage.world.accounts {
        let posts = account.published_by(stage.end());
        for (nth, post) in posts.iter().enumerate() {
            let lapse = post.time + WINDOW;
            let next = posts.get(nth + 1).map(|next| next.time);
            // What lapsed before the watching began, or had just begun, could not be warned of.
            let watched = post.time > stage.start && lapse < stage.end();
            if !watched
                || next.is_some_and(|next| next <= lapse)
                || account.gone_by(lapse).is_some()
            {
                continue;
            }
            lapses += 1;
            let times = warned.get(&account.id).map(Vec::as_slice).unwrap_or_default();
            let first = times.iter().filter(|at| **at > post.time && **at < lapse).min();
            leads.extend(first.map(|at| (lapse - *at).num_minutes() as f64 / 60.0));
        }
    }
    leads.sort_by(f64::total_cmp);
    (leads, lapses)
}
