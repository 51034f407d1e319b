//! What recurs? The quarterly self-check in two rounds and the daily digest, each once per appointed time whatever restarts between.

use chrono::{Datelike, TimeDelta, TimeZone};
use chrono_tz::Tz;
use freshd_core::reminder::Reason;
use freshd_core::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::{App, digest};
use crate::cli::exec::precheck_at;
use crate::config::{Config, CronSchedule};
use crate::notify::operator::{Matter, OperatorLetter};
use crate::notify::precheck::{Letters, Occasion};
use crate::notify::tick::NotifyError;
use crate::poll::Tick;
use crate::store::{Attachment, StoreError};

/// An appointed time that was missed is made up for within this; of several the last.
pub const MAKE_UP: TimeDelta = TimeDelta::hours(24);

/// The second round of the self-check goes out so many working days before the inspection instant.
pub const AGAIN_BEFORE_DAYS: u32 = 3;
/// A workbook larger than this is not attached: mail servers refuse it.
const ATTACHED_BYTES_MAX: usize = 8 << 20;

/// What recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// 季度自查, at its cron time.
    Precheck,
    /// The same again, [`AGAIN_BEFORE_DAYS`] working days before the inspection.
    PrecheckAgain,
    /// The day's digest.
    Digest,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Precheck, Self::PrecheckAgain, Self::Digest];

    /// As the configuration calls it, for logs.
    fn key(self) -> &'static str {
        match self {
            Self::Precheck => "precheck",
            Self::PrecheckAgain => "precheck-again",
            Self::Digest => "digest",
        }
    }

    /// `Done`: how far the job has come.
    fn meta(self) -> &'static str {
        match self {
            Self::Precheck => "schedule.precheck",
            Self::PrecheckAgain => "schedule.precheck_again",
            Self::Digest => "schedule.digest",
        }
    }

    /// Is it done at all? `precheck = ""` switches both rounds off.
    fn is_on(self, config: &Config) -> bool {
        match self {
            Self::Precheck | Self::PrecheckAgain => config.schedule.precheck.is_some(),
            Self::Digest => config.schedule.digest.is_some(),
        }
    }

    /// Its first appointed time after an instant.
    fn next_after(self, config: &Config, at: Timestamp) -> Option<Timestamp> {
        let cron = match self {
            Self::Precheck => &config.schedule.precheck,
            Self::Digest => &config.schedule.digest,
            Self::PrecheckAgain => return again_after(config, at),
        };
        cron.as_ref()?.next_after(at, config.timezone)
    }
}

/// The quarter's label and inspection instant that letters written at `now` look ahead to: the next one.
pub fn next_inspection(config: &Config, now: Timestamp) -> Option<(String, Timestamp)> {
    inspections(config, now).find(|(_, at)| *at > now)
}

/// The inspections of last year's end and of two years, in their order.
fn inspections(config: &Config, now: Timestamp) -> impl Iterator<Item = (String, Timestamp)> {
    let year = civil::day(now).year();
    let quarters = (year - 1..=year + 1).flat_map(|year| (1..=4).map(move |nth| (year, nth)));
    quarters.filter_map(|(year, nth)| {
        let inspection = config.policy.inspection;
        let at = inspection.of_quarter(year, nth, &config.calendar, config.timezone)?;
        Some((format!("{year}Q{nth}"), at))
    })
}

/// The first second round after an instant: the hour of the inspection, so many working days before it.
fn again_after(config: &Config, at: Timestamp) -> Option<Timestamp> {
    let zone = config.timezone;
    let before = |(_, inspection): (String, Timestamp)| {
        let local = inspection.with_timezone(&zone);
        let day = config.calendar.sub_working_days(local.date_naive(), AGAIN_BEFORE_DAYS).day;
        Some(zone.from_local_datetime(&day.and_time(local.time())).earliest()?.to_utc())
    };
    inspections(config, at).filter_map(before).find(|fire| *fire > at)
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
    due_time(|at| cron.next_after(at, zone), until, now)
}

/// The same of any appointed times.
fn due_time(
    next_after: impl Fn(Timestamp) -> Option<Timestamp>,
    until: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut at = until.max(now - MAKE_UP - TimeDelta::seconds(1));
    let mut due = None;
    while let Some(next) = next_after(at).filter(|next| *next <= now) {
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
    if !job.is_on(&config) {
        return Ok((0, None));
    }
    let held: Option<Done> = app.store().meta(job.meta())?;
    // A first start owes nothing; neither does a clock that was far ahead and is right again.
    let Some(held) = held.filter(|held| held.until - now <= MAKE_UP) else {
        app.store().set_meta(job.meta(), &Done { until: now, ..Done::default() })?;
        return Ok((0, job.next_after(&config, now)));
    };
    let next = job.next_after(&config, now);
    let due = due_time(|at| job.next_after(&config, at), held.until, now);
    let Some(fire) = due else { return Ok((0, next)) };
    let letter = match job {
        Job::PrecheckAgain if written_today(app, fire)? => {
            let done = Done { until: fire, ..held };
            app.store().set_meta(job.meta(), &done)?;
            return Ok((0, next));
        }
        Job::Precheck | Job::PrecheckAgain => {
            precheck_to_units(app, fire, now)?;
            precheck_letter(app, job, fire, now)?
        }
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

/// Did the first round go out on this very day?
fn written_today(app: &App, fire: Timestamp) -> Result<bool, StoreError> {
    let first: Option<Done> = app.store().meta(Job::Precheck.meta())?;
    let at = first.and_then(|done| done.fire);
    Ok(at.is_some_and(|at| civil::day(at) == civil::day(fire)))
}

/// Writes to owners and supervising units what to do before the next inspection. Done again after a crash it adds what is
/// missing: these letters come before the operators', whose commit ends the job.
fn precheck_to_units(app: &App, fire: Timestamp, now: Timestamp) -> anyhow::Result<()> {
    let config = app.config();
    let Some((quarter, inspection)) = next_inspection(&config, now) else { return Ok(()) };
    let notifier = app.notifier();
    let mut letters = Letters::new(Occasion { fire, quarter, inspection });
    app.for_each_judged(now, |account, state, judgement| {
        notifier.add_precheck(&mut letters, &account, &state, &judgement)?;
        Ok(true)
    })?;
    let kept = notifier.keep_precheck(letters, now)?;
    tracing::info!(letters = kept, at = civil::rfc3339(fire), "self-check written to units");
    Ok(())
}

/// The self-check of the quarter that an appointed time lies in, as things stand now, with its workbook.
fn precheck_letter(
    app: &App,
    job: Job,
    fire: Timestamp,
    now: Timestamp,
) -> anyhow::Result<OperatorLetter> {
    let day = civil::day(fire);
    let quarter = format!("{}Q{}", day.year(), day.month0() / 3 + 1);
    let precheck = precheck_at(app, Some(&quarter), now)?;
    let scope = &precheck.scope;
    let again = if job == Job::PrecheckAgain { "(检查前三个工作日)" } else { "" };
    let title = format!(
        "{quarter} 季度自查{again}:疑似不达标 {} 个、待核实 {} 个",
        scope.failed, scope.undetermined
    );
    let words = "按计划生成的季度自查,依据此刻已采集到的数据,供检查前整改参考,不作为通报依据。同时已写信给有关主办单位和各主管单位。\
                 表格见附件;随时可用 freshd precheck --format xlsx -o 文件 另取。";
    let key = format!("{} {}", job.key(), civil::rfc3339(fire));
    let matter = Matter::new(title.clone(), words, Vec::new(), key).with_block(&precheck.text());
    let (reason, subject) = (Reason::Precheck, Some(title));
    let book = precheck.xlsx()?;
    let file = || Attachment::new(&format!("freshd-precheck-{quarter}.xlsx"), XLSX, &book);
    let attachments = (book.len() <= ATTACHED_BYTES_MAX).then(file).into_iter().collect();
    Ok(OperatorLetter { reason, subject, matters: vec![matter], attachments })
}

/// The media type of a workbook.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[cfg(test)]
mod tests;
