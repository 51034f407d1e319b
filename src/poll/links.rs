//! Do the links of the menus work? Each address is asked once for all accounts that have it, and the answer joined
//! with what was known.
//!
//! Which account is next stands in the store ([`Index::Links`]), what is known of an address in a record that all
//! accounts share ([`StoredLink`]); in memory is only what is waiting or being asked
//! (`hand.rs`).

use std::collections::BTreeSet;
#[cfg(test)]
use std::sync::Mutex;

use chrono::TimeDelta;
use freshd_connectors::link::control::Controls;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::history::{EvidenceRef, FUTURE_SKEW_MIN};
use freshd_core::id::AccountId;
use freshd_core::link::{LinkAnswer, LinkCheck, LinkHealth, LinkTerms, join};
use freshd_core::state::AccountState;
use freshd_core::verdict::{MenuHealth, menu_health};

use super::apply::{Applied, reconsider};
use super::{Parts, PollEnv, Tick};
use crate::store::{Change, EvidenceId, Index, StoreError, StoredLink};

mod ask;
mod hand;

pub use ask::AT_ONCE;
use ask::{Answered, Sites};
use hand::Hand;

/// Accounts claimed at a time.
const CLAIM_MAX: usize = 16;
/// Accounts looked at in one tick.
const TICK_MAX: usize = 4096;
/// A look at an account's links that is not finished is due again after so many minutes.
const LEASE_MIN: i64 = 10;
/// Other sites were reached within so many minutes: what does not answer now is to blame itself.
const REACHED_MIN: i64 = 60;

/// The addresses of a menu, and of what is shown elsewhere, that somebody must be asked about, each once.
fn links_of(menu: &MenuHealth) -> BTreeSet<&str> {
    let all = menu.entries.iter().chain(menu.others.iter().map(|(_, other)| other));
    let asked = all.filter(|entry| entry.entry.at_a_glance().is_none());
    asked.filter_map(|entry| entry.entry.link()).collect()
}

/// When the links of this menu are looked at next; `None` = it has none.
pub fn next_look(
    menu: &MenuHealth,
    state: &AccountState,
    terms: &LinkTerms,
    now: Timestamp,
) -> Option<Timestamp> {
    let of = |link: &str| state.links.get(link).map_or(now, |check| check.next_look(terms));
    links_of(menu).into_iter().map(of).min()
}

/// Sets when the links loop looks at an account that was just polled. A look that is already set for later, because
/// it is under way or a site has its hands full, stays where it is.
pub(super) fn set_turn(
    change: &mut Change,
    id: &AccountId,
    applied: &Applied,
    terms: &LinkTerms,
    now: Timestamp,
) -> Result<(), StoreError> {
    let next = next_look(&applied.judgement.menu, &applied.state, terms, now);
    let held = change.links_due_of(id)?;
    let put_off = |at: Timestamp| at > now && at - now <= TimeDelta::hours(1);
    match (held, next) {
        (Some(held), Some(next)) if next <= now && put_off(held) => {}
        (held, next) if held != next => change.set_links_due(id, next),
        _ => {}
    }
    Ok(())
}

/// The link loop.
pub struct LinkChecker {
    env: PollEnv,
    sites: Sites,
    /// What hosts answer to a path that nobody made.
    controls: Controls,
    /// The most addresses and accounts that were ever held at once.
    #[cfg(test)]
    most_held: Mutex<(usize, usize)>,
}

impl LinkChecker {
    /// A loop over the accounts whose turn has come.
    pub fn new(env: PollEnv) -> Self {
        Self {
            env,
            sites: Sites::default(),
            controls: Controls::default(),
            #[cfg(test)]
            most_held: Mutex::default(),
        }
    }

    /// Checks the links of accounts whose turn has come, until there are none or the tick has lasted long enough.
    pub async fn tick(&mut self) -> Result<Tick, StoreError> {
        let done = self.round(None, false).await?;
        if done.accounts > 0 {
            self.env.keep_resting()?;
            self.env.store.barrier().await?;
        }
        Ok(Tick { did: done.accounts, next_wake: self.env.store.next_due(Index::Links)? })
    }

    /// Checks the links of one account that are due, or all of them; says how many were asked.
    pub async fn check(&mut self, id: &AccountId, all: bool) -> Result<usize, StoreError> {
        Ok(self.round(Some(id), all).await?.asked)
    }

    /// Takes up the addresses that must be asked: those that are due, whoever asked last, and whose site is ready.
    fn plan(
        &self,
        ids: &[AccountId],
        all: bool,
        (hand, sites): (&mut Hand, &mut Sites),
        parts: &Parts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for id in ids {
            let account = self.env.store.account(id)?.filter(|a| a.lifecycle.is_judged());
            let state: AccountState = self.env.store.state(id)?.unwrap_or_default();
            let by_owner = account.as_ref().is_some_and(|account| account.menu_by_owner)
                && state.history.menu.is_none();
            let menu = account.map(|account| menu_health(&account, &state));
            let (mut left, mut put_off): (usize, Option<Timestamp>) = (0, None);
            for url in menu.as_ref().map(links_of).unwrap_or_default() {
                if hand.has_answer(url) {
                    continue;
                }
                if hand.join(url, id, by_owner) {
                    left += 1;
                    continue;
                }
                let shared = self.env.store.link(url)?.and_then(|link| current(link, now));
                let known = newer(shared, state.links.get(url));
                if !all && known.as_ref().is_some_and(|it| it.next_look(&parts.links) > now) {
                    continue;
                }
                let site = freshd_connectors::link::site_of(url, &parts.article_base);
                let wait = site.as_ref().and_then(|site| self.wait(sites, site, id, now));
                match wait {
                    None => {
                        hand.take(site.unwrap_or_default(), url, (id, by_owner), known);
                        left += 1;
                    }
                    Some(until) => {
                        hand.put_off += 1;
                        put_off = Some(put_off.map_or(until, |held| held.min(until)));
                    }
                }
            }
            hand.open(id, left, put_off);
        }
        Ok(())
    }

    /// Until when an address of this site must wait: the site asked for it, or has its hands full.
    fn wait(
        &self,
        sites: &mut Sites,
        site: &str,
        id: &AccountId,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let quiet = super::locked(&self.env.quiet_sites).get(site).copied();
        quiet.filter(|until| *until > now).or_else(|| sites.book(site, id, now))
    }

    /// Joins answers with what was known of their addresses, for all accounts at once.
    fn keep(&self, answers: &[Answered], parts: &Parts, now: Timestamp) -> Result<(), StoreError> {
        if answers.is_empty() {
            return Ok(());
        }
        if answers.iter().any(|answered| reaches(&answered.answer)) {
            *super::locked(&self.env.reached) = Some(now);
        }
        let reached = *super::locked(&self.env.reached);
        let others = reached.is_some_and(|at| now - at < TimeDelta::minutes(REACHED_MIN));
        self.env.store.update(|change| {
            for answered in answers {
                let held = change.link(&answered.url)?.and_then(|link| current(link, now));
                let held = held.or_else(|| answered.known.clone());
                let mut check = join(held.as_ref(), &answered.answer, others, &parts.links, now);
                check.author = answered.author.clone().or(check.author);
                keep_evidence(change, held.as_ref(), &mut check, answered)?;
                change.put_link(&StoredLink {
                    url: answered.url.clone(),
                    host_gone_since: check.host_gone_since,
                    check: Some(check),
                    needed_at: now,
                })?;
            }
            Ok::<_, StoreError>(())
        })
    }

    /// Gives an account what is known of its addresses, forgets those that have left its menu, and sets its next turn.
    fn note(
        &self,
        id: &AccountId,
        put_off: Option<Timestamp>,
        parts: &Parts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.env.store.update(|change| {
            let Some(account) = change.account(id)?.filter(|a| a.lifecycle.is_judged()) else {
                change.set_links_due(id, None);
                return Ok::<_, StoreError>(());
            };
            let mut state: AccountState = change.state(id)?.unwrap_or_default();
            let changed = share(change, &account, &mut state, now)?;
            let menu = menu_health(&account, &state);
            let next = next_look(&menu, &state, &parts.links, now);
            // What was put off is not due before it may be asked.
            let next = next.map(|next| put_off.map_or(next, |at| next.max(now).max(at)));
            let soonest = now + TimeDelta::minutes(1);
            change.set_links_due(id, next.map(|next| next.max(soonest)));
            if changed {
                let poll = state.next_poll;
                let mut applied = reconsider(&account, state, &parts.terms, now);
                // Looking at links is no poll: the account's turn, or the claim of a poll under way, stays.
                applied.state.next_poll = poll;
                change.put_state_told(id, &applied.state, applied.state.next_notice)?;
                applied.journal.iter().try_for_each(|line| change.journal(id, now, line))?;
            }
            Ok(())
        })
    }
}

/// Copies what is newer than the account's own knowledge; says whether anything changed.
fn share(
    change: &mut Change,
    account: &Account,
    state: &mut AccountState,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let menu = menu_health(account, state);
    let named: BTreeSet<String> = links_of(&menu).into_iter().map(str::to_owned).collect();
    let before = state.links.len();
    state.links.retain(|url, _| named.contains(url));
    let mut changed = state.links.len() != before;
    for url in named {
        let shared = change.link(&url)?.and_then(|link| current(link, now));
        let Some(check) = shared else { continue };
        if state.links.get(&url).is_none_or(|held| held.checked_at < check.checked_at) {
            state.links.insert(url, check);
            changed = true;
        }
    }
    Ok(changed)
}

/// What a record says, unless a clock that was wrong noted it.
fn current(link: StoredLink, now: Timestamp) -> Option<LinkCheck> {
    link.check.filter(|check| check.checked_at <= now + TimeDelta::minutes(FUTURE_SKEW_MIN))
}

/// The later of what all know of an address and what one account knew before there was a common record.
fn newer(shared: Option<LinkCheck>, own: Option<&LinkCheck>) -> Option<LinkCheck> {
    match (shared, own) {
        (Some(shared), Some(own)) if own.checked_at > shared.checked_at => Some(own.clone()),
        (Some(shared), _) => Some(shared),
        (None, own) => own.cloned(),
    }
}

/// Keeps what was received when a link is first found dead or unstable, and marks it as needed while it stays so.
fn keep_evidence(
    change: &mut Change,
    before: Option<&LinkCheck>,
    check: &mut LinkCheck,
    answered: &Answered,
) -> Result<(), StoreError> {
    let now = check.checked_at;
    if !matches!(check.health, LinkHealth::Dead | LinkHealth::Unstable) {
        return Ok(());
    }
    let same = before.is_some_and(|held| held.health == check.health);
    match check.evidence.as_ref().filter(|_| same).and_then(|held| held.id.parse().ok()) {
        Some(id) => change.keep_evidence(id, now),
        None => {
            let body = serde_json::json!({
                "url": answered.url,
                "at": freshd_core::civil::rfc3339(now),
                "health": check.health,
                "reason": check.reason,
                "failing": check.failing,
                "requests": answered.requests,
                "marks": answered.marks,
            });
            let body = body.to_string();
            let id = EvidenceId::of(body.as_bytes());
            change.evidence_of(id, body.as_bytes(), now)?;
            let url = answered.url.clone();
            check.evidence = Some(EvidenceRef { at: now, id: id.to_string(), url });
        }
    }
    Ok(())
}

/// Does this answer show that we reach other sites?
fn reaches(answer: &LinkAnswer) -> bool {
    use LinkAnswer::{Alive, Dead, Failing, Upkeep};
    matches!(answer, Alive | Dead(_) | Failing(_) | Upkeep(_))
}

#[cfg(test)]
mod many_tests;
#[cfg(test)]
mod tests;
