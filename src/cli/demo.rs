//! What does freshd do, shown? A simulated province on loopback, watched by the real daemon: as a scenario that is
//! compared with its truth (`--once`), or live.
//!
//! **Invariant:** nothing here takes a way that a user does not have: configuration, ledger, polls and letters are real.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_sim::Mail;

pub mod drive;
pub mod effort;
pub mod lapses;
pub mod letters;
mod live;
pub mod outcome;
pub mod owners;
pub mod people;
pub mod province;
pub mod quarters;
mod text;
pub mod truth;

use super::args::{DemoArgs, PrecheckFormat};
use super::exec::{DONE, FOUND, execute};
use super::request::Request;
use crate::app::App;
use crate::clock::{Clock, SystemClock};
use crate::telemetry;
use drive::Driver;
use effort::Job;
use letters::Post;
pub use outcome::Found;
use outcome::{Checked, Traffic};
use owners::Owners;
use people::Patrols;
use province::{Province, Scenario};
use quarters::{Check, Done, Quarters};

/// Of a hundred letters about an account, so many are acted upon by its owner, unless told otherwise: assumed.
pub const REACTS_PERCENT: u64 = 50;

/// Runs `freshd demo`; the answer is the exit status.
pub async fn run(args: DemoArgs) -> anyhow::Result<i32> {
    if !args.once {
        return live::run(args).await;
    }
    let scenario = Scenario {
        accounts: args.accounts,
        days: args.days,
        days_after: 0,
        seed: args.seed,
        listen: None,
        authorised: args.authorised,
        reacts_percent: REACTS_PERCENT,
    };
    let (found, _) = run_once(&scenario).await?;
    print!("{}", found.report());
    Ok(if found.is_right() { DONE } else { FOUND })
}

/// Runs the scenario to its end and holds every day's verdicts against the truth.
/// The letters that arrived come along.
pub async fn run_once(scenario: &Scenario) -> anyhow::Result<(Found, Vec<Mail>)> {
    let begun = SystemClock.now();
    let province = Province::start(scenario).await?;
    let app = province.daemon().await?;
    telemetry::init(&app.config().log);
    let mut driver = Driver::new(app.clone(), province.clock.clone());
    let (mut wrong, mut comparisons, mut last) = (BTreeMap::new(), 0, Vec::new());
    let mut people = Patrols::default();
    let (mut owners, mut quarters) = (Owners::new(scenario.reacts_percent), Quarters::default());
    for day in 0..=scenario.days {
        let now = province.start + TimeDelta::days(i64::from(day));
        let joined = province.join(&app, now - TimeDelta::days(1), now).await?;
        (0..joined).for_each(|_| people.effort.add(Job::Authorised, now));
        driver.run_to(now).await?;
        let (world, platforms) = (&province.world, &province.platforms);
        owners.react(&app, world, platforms, &driver.course.told, now).await?;
        if day == 0 {
            let before = truth::compare_all(&app, world, &province.weather, now)?;
            quarters.first = Some(Check::of(&before, now, Done::default()));
        }
        people.look(&app, world, platforms).await?;
        last = truth::compare_all(&app, world, &province.weather, now)?;
        people.excuse(&mut last, now);
        let (looks, hours) = (people.looks(), people.effort.hours());
        let done = Done { looks, hours, letters: province.mail.count() };
        if day > 0 && Quarters::is_check(&app, now) {
            quarters.checks.push(Check::of(&last, now, done));
            let gone = (SystemClock.now() - begun).num_seconds();
            eprintln!("{}", quarters.progress(gone));
        }
        comparisons += last.len();
        Found::note(&mut wrong, &last, now);
    }
    let span = (province.start, province.clock.now());
    let mails = province.mail.mails();
    let post = Post::read(&app, &province.world, &mails, &driver.course.told, span)?;
    let found = Found {
        span,
        seed: scenario.seed,
        last,
        comparisons,
        wrong,
        post,
        course: driver.course,
        people,
        owners,
        quarters,
        traffic: Traffic::of(&province.platforms.log),
        precheck: precheck(&app).await?,
        elapsed_ms: (SystemClock.now() - begun).num_milliseconds(),
    };
    Ok((found, mails))
}

/// `freshd precheck --format json`, now.
async fn precheck(app: &App) -> anyhow::Result<Checked> {
    let request =
        Request::Precheck { quarter: None, at: None, format: PrecheckFormat::Json, colour: false };
    let response = execute(app, request, "演示").await;
    let value: serde_json::Value = serde_json::from_str(&response.stdout)?;
    Ok(Checked { exit: response.exit, scope: value["scope"].clone() })
}
