//! Do the links of an account's menu work? Checks each once, joins the answer with what was known.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::link::{LinkAnswer, LinkCheck, LinkHealth, join};
use freshd_core::schedule::WISH_MAX_DAYS;
use freshd_core::state::AccountState;
use freshd_core::verdict::MenuHealth;
use futures::StreamExt;

use super::apply::reconsider;
use super::{Parts, PollEnv, Tick};
use crate::store::StoreError;

/// A link that answered is checked again after so many hours.
const ALIVE_H: i64 = 71;
/// A link that did not is checked again after so many hours.
const OTHER_H: i64 = 11;
/// A host that was missing is looked up again after so many minutes.
const HOST_GONE_MIN: i64 = 11;
/// Links of one account asked at once.
const AT_ONCE: usize = 4;
/// Accounts checked in one tick.
const TICK_MAX: usize = 64;

/// Is any link of this menu due for a check?
pub fn wants_check(menu: &MenuHealth, state: &AccountState, now: Timestamp) -> bool {
    !due_links(menu, state, now, false).is_empty()
}

fn due_links(menu: &MenuHealth, state: &AccountState, now: Timestamp, all: bool) -> Vec<String> {
    let mut links: Vec<String> = menu
        .entries
        .iter()
        .filter(|entry| entry.entry.at_a_glance().is_none())
        .filter_map(|entry| entry.entry.link().map(str::to_owned))
        .filter(|link| {
            all || state.links.get(link).is_none_or(|check| {
                let wait = match (check.health, check.host_gone_since) {
                    (LinkHealth::Undetermined, Some(_)) => TimeDelta::minutes(HOST_GONE_MIN),
                    (LinkHealth::Alive, _) => TimeDelta::hours(ALIVE_H),
                    _ => TimeDelta::hours(OTHER_H),
                };
                now - check.checked_at >= wait
            })
        })
        .collect();
    links.sort();
    links.dedup();
    links
}

/// The link loop: drains the accounts that polls found in want of a check.
pub struct LinkChecker {
    env: PollEnv,
    resolved_at: Option<Timestamp>,
}

impl LinkChecker {
    /// A loop over the accounts that polls name.
    pub fn new(env: PollEnv) -> Self {
        Self { env, resolved_at: None }
    }

    /// Checks the links of accounts whose time has come.
    pub async fn tick(&mut self) -> Result<Tick, StoreError> {
        let mut did = 0;
        while did < TICK_MAX {
            let now = self.env.clock.now();
            let next = {
                let mut wanted = super::locked(&self.env.links_wanted);
                let next = wanted.iter().find(|(_, at)| **at <= now).map(|(id, _)| id.clone());
                next.inspect(|id| {
                    wanted.remove(id);
                })
            };
            let Some(id) = next else { break };
            did += self.check(&id, false).await?.min(1);
        }
        if did > 0 {
            self.env.keep_resting()?;
            self.env.store.barrier().await?;
        }
        let next_wake = super::locked(&self.env.links_wanted).values().min().copied();
        Ok(Tick { did, next_wake })
    }

    /// Checks the links of one account that are due, or all of them; says how many were asked.
    pub async fn check(&mut self, id: &AccountId, all: bool) -> Result<usize, StoreError> {
        let parts = self.env.parts();
        let now = self.env.clock.now();
        let Some(account) = self.env.store.account(id)? else { return Ok(0) };
        let state: AccountState = self.env.store.state(id)?.unwrap_or_default();
        let menu = freshd_core::verdict::menu_health(&account, &state);
        let mut due = due_links(&menu, &state, now, all);
        due.retain(|url| !self.is_quiet(url, &parts, now));
        if due.is_empty() {
            return Ok(0);
        }
        let answers = self.ask_all(&parts, due, now).await;
        if self.note(id, &answers, &parts, now)? {
            // A missing host is looked up once more before it is called dead.
            let at = now + TimeDelta::minutes(HOST_GONE_MIN);
            super::locked(&self.env.links_wanted).insert(id.clone(), at);
        }
        Ok(answers.len())
    }

    /// Joins answers with what was known, and forgets links that have left the menu. Says whether a missing host
    /// wants a second look.
    fn note(
        &mut self,
        id: &AccountId,
        answers: &[(String, LinkAnswer)],
        parts: &Parts,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if answers.iter().any(|(_, answer)| resolves(answer)) {
            self.resolved_at = Some(now);
        }
        let others = self.resolved_at.is_some_and(|at| now - at < TimeDelta::hours(1));
        self.env.store.update(|change| {
            let Some(account) = change.account(id)? else { return Ok(false) };
            let mut state: AccountState = change.state(id)?.unwrap_or_default();
            for (url, answer) in answers {
                let check = join(state.links.get(url), answer, others, now);
                state.links.insert(url.clone(), check);
            }
            let menu = freshd_core::verdict::menu_health(&account, &state);
            let named: Vec<&str> = menu.entries.iter().filter_map(|e| e.entry.link()).collect();
            state.links.retain(|url, _| named.contains(&url.as_str()));
            let missing = |check: &LinkCheck| {
                check.host_gone_since.is_some() && check.health == LinkHealth::Undetermined
            };
            let again = state.links.values().any(missing);
            let poll = state.next_poll;
            let mut applied = reconsider(&account, state, &parts.terms, now);
            // Looking at links is no poll: the account's turn, or the claim of a poll under way, stays.
            applied.state.next_poll = poll;
            change.put_state_told(id, &applied.state, applied.state.next_notice)?;
            applied.journal.iter().try_for_each(|line| change.journal(id, now, line))?;
            Ok(again)
        })
    }

    /// Did the site of this link ask to be left alone until later?
    fn is_quiet(&self, url: &str, parts: &Parts, now: Timestamp) -> bool {
        let mut quiet = super::locked(&self.env.quiet_sites);
        quiet.retain(|_, until| *until > now);
        let site = freshd_connectors::link::site_of(url, &parts.article_base);
        site.is_some_and(|site| quiet.contains_key(&site))
    }

    /// Asks a few at once. A site's wish holds for every link of it, whoever's menu it is in.
    async fn ask_all(
        &self,
        parts: &Parts,
        due: Vec<String>,
        now: Timestamp,
    ) -> Vec<(String, LinkAnswer)> {
        let http = &parts.means.http.at(now);
        let asked = due.into_iter().map(|url| async move {
            let base = &parts.article_base;
            let checked = freshd_connectors::link::check(http, &url, base, now).await;
            (url, checked)
        });
        let all: Vec<_> = futures::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        let mut quiet = super::locked(&self.env.quiet_sites);
        let mut answers = Vec::with_capacity(all.len());
        for (url, checked) in all {
            if let Some((site, seconds)) = checked.wish {
                let wait =
                    i64::try_from(seconds).unwrap_or(i64::MAX).min(WISH_MAX_DAYS * 24 * 3600);
                let until = now + TimeDelta::seconds(wait);
                let held = quiet.entry(site).or_insert(until);
                *held = until.max(*held);
            }
            answers.push((url, checked.answer));
        }
        answers
    }
}

/// Does this answer show that names resolve?
fn resolves(answer: &LinkAnswer) -> bool {
    matches!(answer, LinkAnswer::Alive | LinkAnswer::Dead(_))
}

#[cfg(test)]
mod tests;
