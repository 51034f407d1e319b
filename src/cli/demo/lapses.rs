//! How many lapses did letters prevent? Every deadline that would have passed without one, held against what owners did.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::reminder::Reason;
use freshd_sim::World;
use freshd_sim::mail::Mail;

/// A deadline that is nearer to the beginning than this leaves no time to warn, days.
const NOTICE_DAYS: i64 = 5;
/// Days of a month, for rates.
const MONTH_DAYS: f64 = 30.4;

/// What letters did for deadlines.
#[derive(Clone, Debug, Default)]
pub struct Lapses {
    /// Deadlines that would have passed unless the owner had been written to.
    pub preventable: usize,
    /// Of those: a warning arrived before.
    pub warned: usize,
    /// Of those: the owner published in time because of a letter.
    pub prevented: usize,
    /// Hours from the first warning to the deadline, ascending.
    pub hours: Vec<f64>,
    /// Letters to owners, per owner and month.
    pub per_owner_month: f64,
}

impl Lapses {
    /// Reads what came of every deadline between `from` and `to`; `warnings` = when warnings arrived, by account.
    pub fn read(
        world: &World,
        mails: &[Mail],
        warnings: &BTreeMap<&AccountId, Vec<Timestamp>>,
        window: TimeDelta,
        (from, to): (Timestamp, Timestamp),
    ) -> Self {
        let mut lapses = Self::default();
        let first = from + TimeDelta::days(NOTICE_DAYS);
        for account in &world.accounts {
            for post in account.published_by(to) {
                let deadline = post.time + window;
                let in_time = |time: Timestamp| time > post.time && time <= deadline;
                let gone = account.gone_by(deadline).is_some();
                let own = account.posts.iter().any(|it| in_time(it.time));
                if gone || own || deadline < first || deadline > to {
                    continue;
                }
                lapses.preventable += 1;
                let warned = warnings.get(&account.id).into_iter().flatten();
                let Some(at) = warned.filter(|at| in_time(**at)).min() else { continue };
                lapses.warned += 1;
                lapses.hours.push((deadline - *at).num_minutes() as f64 / 60.0);
                let asked = account.asked();
                lapses.prevented += usize::from(asked.iter().any(|it| in_time(it.time)));
            }
        }
        lapses.hours.sort_by(f64::total_cmp);
        let owners: BTreeSet<&str> = world.units.iter().map(|unit| unit.email.as_str()).collect();
        let own = |mail: &&Mail| mail.to.iter().any(|to| owners.contains(to.as_str()));
        let months = (to - from).num_hours() as f64 / 24.0 / MONTH_DAYS;
        let letters = mails.iter().filter(own).count() as f64;
        lapses.per_owner_month = letters / owners.len().max(1) as f64 / months.max(0.1);
        lapses
    }

    /// Which letters warn.
    pub fn warns(reason: Reason) -> bool {
        matches!(reason, Reason::Reminder | Reason::PreHoliday)
    }

    /// Mean and median of the hours.
    pub fn lead(&self) -> Option<(f64, f64)> {
        let median = self.hours.get(self.hours.len() / 2)?;
        Some((self.hours.iter().sum::<f64>() / self.hours.len() as f64, *median))
    }

    /// Some lines, Chinese, with what each number means.
    pub fn report(&self) -> String {
        let share = |part: usize| part as f64 * 100.0 / self.preventable.max(1) as f64;
        let lead = self.lead().map_or("—".to_owned(), |(mean, median)| {
            format!("平均 {:.1} 天,中位数 {:.1} 天", mean / 24.0, median / 24.0)
        });
        format!(
            "  可预防的超期 {} 次:不来信就会超期、账号还在、到期在第 {NOTICE_DAYS} 天以后的截止日\n  \
             事先提醒到的 {} 次({:.1}%):截止之前有提醒或节前提醒送达\n  \
             因来信避免的 {} 次({:.1}%):联系人收信后在截止之前发布了\n  \
             提前量:{lead}(第一封提醒送达到截止)\n  \
             每个联系人每月 {:.2} 封:发给联系人的信,按全部联系人(含没有收到信的)平均\n",
            self.preventable,
            self.warned,
            share(self.warned),
            self.prevented,
            share(self.prevented),
            self.per_owner_month,
        )
    }
}
