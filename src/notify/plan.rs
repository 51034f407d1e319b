//! Who must be told what? The due accounts judged, and their news sorted by recipient and by what must be committed
//! together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Audience, Decision, Tell, decide_unless_quiet};
use freshd_core::rulebook::Policy;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, judge};

use super::clean;

/// What is to be told of one account.
#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) id: AccountId,
    pub(super) name: String,
    pub(super) tell: Vec<Tell>,
    /// Addresses for each of `tell`.
    pub(super) to: Vec<Vec<String>>,
    /// Does it belong to a unit of the pilot?
    pub(super) pilot: bool,
    /// Does the ledger have an address of its supervisor?
    pub(super) supervised: bool,
    /// What is due within so long is told as well: its recipient is written to anyway.
    pub(super) ahead: TimeDelta,
}

impl News {
    /// Was something to be told, and nobody can be written to? Who has no supervisor in the ledger has none to tell.
    pub(super) fn has_nobody(&self) -> bool {
        let due = |tell: &Tell| tell.audience == Audience::Owner || self.supervised;
        let told = self.tell.iter().zip(&self.to);
        told.filter(|(tell, _)| due(tell)).any(|(_, to)| to.is_empty())
    }
}

/// Accounts that share a recipient, so that their letters and episodes are one commit.
#[derive(Clone, Debug, Default)]
pub(super) struct Bundle {
    pub(super) accounts: Vec<AccountId>,
}

/// One account judged and decided, with what is due within `ahead`.
pub(super) fn look(
    account: &Account,
    state: &AccountState,
    policy: &Policy,
    now: Timestamp,
    ahead: TimeDelta,
) -> (Judgement, Decision) {
    let judgement = judge(account, state, policy, now);
    let (episodes, quiet) = (&state.episodes, state.quiet_until);
    let decision = decide_unless_quiet(&judgement, episodes, policy, quiet, ahead);
    (judgement, decision)
}

/// Who the ledger says is written to: the owner's addresses, else the officer's, else the supervisor's; or the
/// supervisor's alone.
pub fn addresses(account: &Account, audience: Audience) -> Vec<String> {
    reachable(account, audience, &BTreeSet::new())
}

/// The addresses of one column of the ledger, each once.
pub fn listed(list: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let split = list.iter().flat_map(|entry| entry.split([';', '\u{ff1b}']));
    let found = split.filter_map(clean::address);
    found.filter(|address| seen.insert(address.to_lowercase())).collect()
}

/// Who is written to: the first of the chain that has an address besides the dead ones (in small letters).
pub fn reachable(account: &Account, audience: Audience, dead: &BTreeSet<String>) -> Vec<String> {
    let fit = |list: &[String]| {
        let mut found = listed(list);
        found.retain(|address| !dead.contains(&address.to_lowercase()));
        found
    };
    let supervisor = || fit(&account.supervisor_email);
    match audience {
        Audience::Supervisor => supervisor(),
        Audience::Owner => {
            let (own, officer) = (fit(&account.email), fit(&account.officer_email));
            if !own.is_empty() {
                own
            } else if !officer.is_empty() {
                officer
            } else {
                supervisor()
            }
        }
    }
}

/// Who is written to now: where one of the owner's says to be no longer the contact, the next in the chain as well,
/// until an operator has decided.
pub(super) fn reached(
    account: &Account,
    state: &AccountState,
    audience: Audience,
    dead: &BTreeSet<String>,
) -> Vec<String> {
    let mut all = reachable(account, audience, dead);
    let leaves = |held: &String| state.leaving.iter().any(|it| it.eq_ignore_ascii_case(held));
    if audience == Audience::Owner && all.iter().any(leaves) {
        let new = |list: Vec<String>| -> Vec<String> {
            let had = |it: &String| all.iter().any(|held| held.eq_ignore_ascii_case(it));
            let is_dead = |it: &String| dead.contains(&it.to_lowercase());
            list.into_iter().filter(|it| !had(it) && !is_dead(it)).collect()
        };
        let (officer, supervisor) =
            (new(listed(&account.officer_email)), new(listed(&account.supervisor_email)));
        all.extend(if officer.is_empty() { supervisor } else { officer });
    }
    all
}

/// Does the ledger name this address for the account: as contact, officer or supervisor?
pub fn is_contact(account: &Account, address: &str) -> bool {
    let lists = [&account.email, &account.officer_email, &account.supervisor_email];
    lists.into_iter().flat_map(|list| listed(list)).any(|held| held.eq_ignore_ascii_case(address))
}

/// What the recipient is called: the contact, the officer or the supervising unit; empty where several share it.
pub(super) fn name_for(account: &Account, address: &str) -> String {
    let mine = |list: &[String]| {
        let found: Vec<_> = list.iter().filter_map(|entry| clean::address(entry)).collect();
        found.len() == 1 && found[0].eq_ignore_ascii_case(address)
    };
    if mine(&account.email) {
        account.contact.clone()
    } else if mine(&account.officer_email) {
        account.officer.clone()
    } else if mine(&account.supervisor_email) {
        account.supervisor.clone()
    } else {
        String::new()
    }
}

/// Does the account belong to one of these units: its sponsor, supervisor or reporting unit?
pub(super) fn in_units(account: &Account, units: &[String]) -> bool {
    let own = [&account.sponsor, &account.supervisor, &account.reporting_unit];
    units.iter().any(|unit| own.iter().any(|name| name.trim() == unit.trim()))
}

/// Distinct recipients of the news that count.
pub(super) fn recipients<'a>(
    news: impl Iterator<Item = &'a News>,
    counts: impl Fn(&Tell) -> bool,
) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for one in news {
        let counted = |nth: usize| one.tell.get(nth).is_none_or(&counts);
        let to = one.to.iter().enumerate().filter(|(nth, _)| counted(*nth));
        all.extend(to.flat_map(|(_, to)| to).map(|address| address.to_lowercase()));
    }
    all
}

/// Sorts accounts into bundles: two accounts that are told to one address are in one bundle.
pub(super) fn bundles(news: &BTreeMap<AccountId, News>) -> Vec<Bundle> {
    let ids: Vec<&AccountId> = news.keys().collect();
    let mut parent: Vec<usize> = (0..ids.len()).collect();
    let mut first_of: BTreeMap<String, usize> = BTreeMap::new();
    for (at, one) in news.values().enumerate() {
        for address in one.to.iter().flatten() {
            let first = *first_of.entry(address.to_lowercase()).or_insert(at);
            let (a, b) = (root(&mut parent, first), root(&mut parent, at));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, Bundle> = BTreeMap::new();
    for (at, id) in ids.iter().enumerate() {
        let root = root(&mut parent, at);
        groups.entry(root).or_default().accounts.push((*id).clone());
    }
    groups.into_values().collect()
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

#[cfg(test)]
mod tests;
