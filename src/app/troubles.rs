//! Which faults concern many accounts at once? Sources grouped by what fails together: each trouble once.

use std::collections::BTreeMap;

use freshd_connectors::{Registry, Target};
use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::breaker::{Failing, Group};
use freshd_core::civil::chinese;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::state::AccountState;

use crate::report::words::{kind_chinese, scope_chinese};

/// What fails together, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// Names it, the same on every look.
    pub key: String,
    /// Whose concern it is.
    pub scope: FaultScope,
    /// What fails, for people.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was last found to fail.
    pub seen: Timestamp,
    /// Accounts that failed.
    pub accounts: usize,
    /// Until when its accounts wait, if they do.
    pub paused_until: Option<Timestamp>,
    /// Was it ever paused? One account's fault pauses nobody.
    pub paused: bool,
    /// Did no answer come at all?
    pub unreached: bool,
    /// Has nothing else been asked since? Then the fault may be the network's as well as the platform's.
    pub alone: bool,
    /// What was seen last, in words.
    pub detail: String,
}

impl Trouble {
    /// One line of a letter.
    pub fn line(&self, now: Timestamp) -> String {
        let since = chinese(self.since);
        let mut line = format!("{}:自{since}起", self.name);
        if self.accounts > 0 {
            line.push_str(&format!(",涉及 {} 个账号", self.accounts));
        }
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            line.push_str(&format!(",暂停采集到{}", chinese(until)));
        }
        if !self.detail.is_empty() {
            line.push_str(&format!(";{}", self.detail));
        }
        line
    }
}

/// The key of the machine's own network.
pub const LOCAL: &str = "local";

/// Several platforms that cannot be reached, and none that answers: that is our own network, and one trouble. With one
/// platform alone nobody can tell, which is marked.
pub fn one_network(mut troubles: Vec<Trouble>, gathered: &Gathered) -> Vec<Trouble> {
    let unreached = |it: &&Trouble| it.unreached && it.key.starts_with("connector ");
    let failing: Vec<&Trouble> = troubles.iter().filter(unreached).collect();
    let Some(since) = failing.iter().map(|it| it.since).min() else { return troubles };
    let answered = gathered.clean.values().any(|at| *at > since);
    let mends = troubles.iter().any(|it| it.key.starts_with("connector ") && !it.unreached);
    if answered || mends {
        return troubles;
    }
    if failing.len() < 2 {
        let own: Vec<String> = failing.iter().map(|it| it.key.clone()).collect();
        let others =
            gathered.clean.keys().any(|key| key.starts_with("connector ") && !own.contains(key));
        if !others {
            return troubles;
        }
        troubles.iter_mut().filter(|it| unreached(&&**it)).for_each(|it| it.alone = true);
        return troubles;
    }
    let names: Vec<&str> = failing.iter().map(|it| it.name.as_str()).collect();
    let whole = Trouble {
        key: LOCAL.to_owned(),
        scope: FaultScope::Local,
        name: "本机网络".to_owned(),
        since,
        seen: failing.iter().map(|it| it.seen).max().unwrap_or(since),
        accounts: failing.iter().map(|it| it.accounts).sum(),
        paused_until: failing.iter().filter_map(|it| it.paused_until).max(),
        paused: failing.iter().any(|it| it.paused),
        unreached: true,
        alone: false,
        detail: format!("{}都无法连接,没有一个有应答", names.join("、")),
    };
    let others = troubles.iter().filter(|it| !unreached(it) && it.key != LOCAL);
    others.cloned().chain([whole]).collect()
}

/// The name of a group in keys.
pub fn key_of(group: &Group) -> String {
    match group {
        Group::Connector(name) if name == "*" => LOCAL.to_owned(),
        Group::Connector(name) => format!("connector {name}"),
        Group::Credential(connector, name) => format!("credential {connector} {name}"),
    }
}

fn name_of(group: &Group, scope: FaultScope) -> String {
    let scope = scope_chinese(scope);
    match group {
        Group::Connector(name) if name == "*" => "本机网络".to_owned(),
        Group::Connector(name) => format!("{scope} {name}"),
        Group::Credential(connector, name) => format!("{scope} {connector} {name}"),
    }
}

fn words_of(fault: &Fault) -> String {
    match fault.detail.as_str() {
        "" => kind_chinese(fault.kind).to_owned(),
        detail => format!("{}({detail})", kind_chinese(fault.kind)),
    }
}

fn trouble(group: &Group, fault: &Fault, since: Timestamp) -> Trouble {
    let scope = match group {
        Group::Credential(..) => FaultScope::Credential,
        Group::Connector(name) if name == "*" => FaultScope::Local,
        Group::Connector(_) => fault.scope,
    };
    Trouble {
        key: key_of(group),
        scope,
        name: name_of(group, scope),
        since,
        seen: since,
        accounts: 0,
        paused_until: None,
        paused: false,
        unreached: matches!(fault.kind, FaultKind::Unreachable | FaultKind::TimedOut),
        alone: false,
        detail: words_of(fault),
    }
}

/// What the breaker knows: fresh, and empty after a restart.
pub fn of_breaker(failing: &[Failing]) -> Vec<Trouble> {
    let one = |held: &Failing| Trouble {
        seen: held.seen,
        accounts: held.accounts,
        paused_until: held.paused_until,
        paused: held.paused_until.is_some(),
        ..trouble(&held.group, &held.fault, held.since)
    };
    failing.iter().map(one).collect()
}

/// What the accounts' records know, gathered account by account.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    troubles: BTreeMap<String, Trouble>,
    clean: BTreeMap<String, Timestamp>,
    /// Accounts with a fault of their own.
    pub own: usize,
}

impl Gathered {
    /// Takes in one account.
    pub fn add(&mut self, account: &Account, state: &AccountState, registry: &Registry) {
        let mut counted: Vec<String> = Vec::new();
        for source in &account.sources {
            let Some(held) = state.sources.get(&source.to_string()) else { continue };
            let connector = Group::Connector(source.connector.clone());
            let target = Target::new(source.target.clone());
            let found = registry.find(&source.connector).and_then(|it| it.credential(&target));
            let credential = found.map(|name| Group::Credential(source.connector.clone(), name));
            if held.faults.is_empty() {
                if let Some(at) = held.last_ok {
                    let local = Group::Connector("*".to_owned());
                    for group in [Some(connector), credential, Some(local)].into_iter().flatten() {
                        let newest = self.clean.entry(key_of(&group)).or_insert(at);
                        *newest = (*newest).max(at);
                    }
                }
                continue;
            }
            for fault in &held.faults {
                let group = match fault.scope {
                    FaultScope::Account => {
                        counted.push(String::new());
                        continue;
                    }
                    FaultScope::Credential => credential.clone(),
                    FaultScope::Platform | FaultScope::Connector => Some(connector.clone()),
                    FaultScope::Local => Some(Group::Connector("*".to_owned())),
                };
                let (Some(group), Some(since)) = (group, held.failing_since) else { continue };
                counted.push(key_of(&group));
                let known = self.troubles.entry(key_of(&group));
                let known = known.or_insert_with(|| trouble(&group, fault, since));
                known.since = known.since.min(since);
            }
        }
        counted.sort();
        counted.dedup();
        for key in counted {
            match self.troubles.get_mut(&key) {
                Some(trouble) => trouble.accounts += 1,
                None => self.own += 1,
            }
        }
    }

    /// The troubles, each once, with the pauses in force.
    pub fn troubles(&self, failing: &[Failing]) -> Vec<Trouble> {
        let mut all = self.troubles.clone();
        for fresh in of_breaker(failing) {
            let held = all.entry(fresh.key.clone()).or_insert_with(|| fresh.clone());
            held.since = held.since.min(fresh.since);
            held.seen = held.seen.max(fresh.seen);
            held.accounts = held.accounts.max(fresh.accounts);
            (held.paused_until, held.paused) = (fresh.paused_until, fresh.paused);
        }
        all.into_values().collect()
    }

    #[cfg(test)]
    pub(super) fn heard(&mut self, key: &str, at: Timestamp) {
        self.clean.insert(key.to_owned(), at);
    }

    /// When a source of this group last answered with nothing wrong.
    pub fn clean_at(&self, key: &str) -> Option<Timestamp> {
        self.clean.get(key).copied()
    }
}

#[cfg(test)]
mod tests;
