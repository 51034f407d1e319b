//! What recurs? The quarterly self-check and the daily digest, each once per appointed time whatever restarts between.

use chrono::{Datelike, TimeDelta};
use chrono_tz::Tz;
use freshd_core::reminder::Reason;
use freshd_core::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::{App, digest};
use crate::cli::exec::precheck_at;
use crate::config::CronSchedule;
use crate::notify::operator::{Matter, OperatorLetter};
use crate::notify::tick::NotifyError;
use crate::poll::Tick;

/// An appointed time that was missed is made up for within this; of several the last.
pub const MAKE_UP: TimeDelta = TimeDelta::hours(24);

/// What recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// 季度自查.
    Precheck,
    /// The day's digest.
    Digest,
}

impl Job {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Precheck, Self::Digest];

    /// As the configuration calls it, for logs.
    fn key(self) -> &'static str {
        match self {
            Self::Precheck => "precheck",
            Self::Digest => "digest",
        }
    }

    /// `Done`: how far the job has come.
    fn meta(self) -> &'static str {
        match self {
            Self::Precheck => "schedule.precheck",
            Self::Digest => "schedule.digest",
        }
    }
}

/// How far a job has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Done {
    /// Appointed times up to this one are settled.
    until: Timestamp,
    /// The appointed time that was last kept.
    fire: Option<Timestamp>,
    /// The letters of that time.
    letters: Vec<String>,
}

/// The appointed time that is to be kept now: the last one after `until` and up to `now`, if it is not older than
/// [`MAKE_UP`].
pub fn due_fire(
    cron: &CronSchedule,
    zone: Tz,
    until: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut at = until.max(now - MAKE_UP - TimeDelta::seconds(1));
    let mut due = None;
    while let Some(next) = cron.next_after(at, zone).filter(|next| *next <= now) {
        due = Some(next);
        at = next;
    }
    due
}

/// Keeps the appointed times that have come; durable when it returns. May walk all accounts.
pub async fn tick(app: &App, now: Timestamp) -> anyhow::Result<Tick> {
    let mut done = Tick::default();
    for job in Job::ALL {
        let app = app.clone();
        let (did, next) = tokio::task::spawn_blocking(move || keep(&app, job, now)).await??;
        done.did += did;
        done.next_wake = [done.next_wake, next].into_iter().flatten().min();
    }
    if done.did > 0 {
        app.store().barrier().await?;
    }
    Ok(done)
}

/// Keeps one job; how many times it was done, and when it is due next.
fn keep(app: &App, job: Job, now: Timestamp) -> anyhow::Result<(usize, Option<Timestamp>)> {
    let config = app.config();
    let (cron, zone) = match job {
        Job::Precheck => (&config.schedule.precheck, config.timezone),
        Job::Digest => (&config.schedule.digest, config.timezone),
    };
    let Some(cron) = cron else { return Ok((0, None)) };
    let held: Option<Done> = app.store().meta(job.meta())?;
    // A first start owes nothing; neither does a clock that was far ahead and is right again.
    let Some(held) = held.filter(|held| held.until - now <= MAKE_UP) else {
        app.store().set_meta(job.meta(), &Done { until: now, ..Done::default() })?;
        return Ok((0, cron.next_after(now, zone)));
    };
    let next = cron.next_after(now, zone);
    let Some(fire) = due_fire(cron, zone, held.until, now) else { return Ok((0, next)) };
    let letter = match job {
        Job::Precheck => precheck_letter(app, fire, now)?,
        Job::Digest => {
            let since = held.fire.unwrap_or(fire - TimeDelta::days(1));
            digest::letter(app, fire, since, now)?
        }
    };
    let notifier = app.notifier();
    let written = app.store().update(|change| {
        if change.meta::<Done>(job.meta())?.is_none_or(|found| found != held) {
            return Ok::<_, NotifyError>(None);
        }
        let written = notifier.tell(change, &letter, now)?;
        notifier.withdraw_held(change, &held.letters)?;
        let letters = written.iter().map(|letter| letter.id.clone()).collect();
        change.put_meta(job.meta(), &Done { until: fire, fire: Some(fire), letters })?;
        Ok(Some(written.len()))
    })?;
    let Some(letters) = written else { return Ok((0, Some(now))) };
    let late = now - fire > TimeDelta::minutes(5);
    tracing::info!(job = job.key(), at = civil::rfc3339(fire), late, letters, "scheduled job done");
    Ok((1, next))
}

/// The self-check of the quarter that an appointed time lies in, as things stand now.
fn precheck_letter(app: &App, fire: Timestamp, now: Timestamp) -> anyhow::Result<OperatorLetter> {
    let day = civil::day(fire);
    let quarter = format!("{}Q{}", day.year(), day.month0() / 3 + 1);
    let precheck = precheck_at(app, Some(&quarter), now)?;
    let scope = &precheck.scope;
    let title = format!(
        "{quarter} 季度自查:疑似不达标 {} 个、待核实 {} 个",
        scope.failed, scope.undetermined
    );
    let words = "按计划生成的季度自查,依据此刻已采集到的数据,供检查前整改参考,不作为通报依据。需要表格时用 freshd \
                 precheck --format xlsx -o 文件。";
    let key = format!("precheck {}", civil::rfc3339(fire));
    let matter = Matter::new(title.clone(), words, Vec::new(), key).with_block(&precheck.text());
    Ok(OperatorLetter { reason: Reason::Precheck, subject: Some(title), matters: vec![matter] })
}

#[cfg(test)]
mod tests;
