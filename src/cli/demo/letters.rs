//! Was everybody warned in time? What was told of which account, held against the posts that never came.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_sim::World;
use freshd_sim::mail::Mail;

use super::drive::ToldOnce;
use super::lapses::Lapses;
use crate::app::App;

/// What arrived, and how early.
#[derive(Clone, Debug, Default)]
pub struct Post {
    /// Letters by reason (`X-Freshd-Reason`, each of several).
    pub by_reason: BTreeMap<String, usize>,
    /// How many letters arrived.
    pub arrived: usize,
    /// How many different recipients.
    pub recipients: usize,
    /// Letters that arrived more than once.
    pub twice: usize,
    /// For each lapse within the run: hours from the first warning's arrival to the deadline; `None` = never.
    pub leads: Vec<Lead>,
    /// What letters did for deadlines.
    pub lapses: Lapses,
}

/// One account that went past its deadline within the run.
#[derive(Clone, Debug)]
pub struct Lead {
    /// The account's id.
    pub id: String,
    /// When its deadline passed.
    pub deadline: Timestamp,
    /// Hours before the deadline at which the first warning arrived; `None` = it was not warned before.
    pub hours: Option<f64>,
}

impl Post {
    /// Reads the mails, and the lapses of provable accounts whose deadline lay between `from` and `to`.
    pub fn read(
        app: &App,
        world: &World,
        mails: &[Mail],
        told: &[ToldOnce],
        (from, to): (Timestamp, Timestamp),
    ) -> anyhow::Result<Self> {
        let mut post = Self { arrived: mails.len(), ..Self::default() };
        let mut arrivals: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut recipients = BTreeSet::new();
        for mail in mails {
            recipients.extend(mail.to.iter().cloned());
            for reason in mail.header("X-Freshd-Reason").unwrap_or_default().split(',') {
                *post.by_reason.entry(reason.trim().to_owned()).or_default() += 1;
            }
            let id = mail.header("Message-ID").unwrap_or_default();
            if let Some(first) = arrivals.insert(id.clone(), mail.at) {
                post.twice += 1;
                arrivals.insert(id, first);
            }
        }
        post.recipients = recipients.len();
        let mut warnings: BTreeMap<&AccountId, Vec<Timestamp>> = BTreeMap::new();
        for one in told.iter().filter(|one| Lapses::warns(one.reason)) {
            let letter = app.store().letter_as_sent(&one.letter)?;
            let at = letter.and_then(|letter| arrivals.get(&letter.message_id).copied());
            warnings.entry(&one.account).or_default().extend(at);
        }
        let window = app.policy().window;
        post.lapses = Lapses::read(world, mails, &warnings, window, (from, to));
        for account in &world.accounts {
            let truth = world.truth_of(account, to);
            if !truth.provable || truth.gone.is_some() {
                continue;
            }
            let posts = account.published_by(to);
            for (n, one) in posts.iter().enumerate() {
                let deadline = one.time + window;
                let next = posts.get(n + 1).map_or(to, |next| next.time);
                if deadline <= from || deadline >= next {
                    continue;
                }
                let warned = warnings.get(&account.id).into_iter().flatten();
                let first = warned.filter(|at| **at > one.time && **at <= deadline).min();
                let hours = first.map(|at| (deadline - *at).num_minutes() as f64 / 60.0);
                post.leads.push(Lead { id: account.id.to_string(), deadline, hours });
            }
        }
        Ok(post)
    }

    /// The median of the hours of those that were warned.
    pub fn median_hours(&self) -> Option<f64> {
        let mut hours: Vec<f64> = self.leads.iter().filter_map(|lead| lead.hours).collect();
        hours.sort_by(f64::total_cmp);
        hours.get(hours.len() / 2).copied()
    }

    /// Lapses with time enough for a warning: the deadline lay at least this far behind the beginning.
    pub fn warnable(&self, from: Timestamp, notice: TimeDelta) -> Vec<&Lead> {
        self.leads.iter().filter(|lead| lead.deadline - from >= notice).collect()
    }
}
