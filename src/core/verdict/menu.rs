//! How is the account's menu doing, entry by entry?

use std::collections::BTreeSet;

use crate::Timestamp;
use crate::account::Account;
use crate::history::EvidenceRef;
use crate::link::{
    Elsewhere, LinkCheck, LinkHealth, Menu, MenuEntry, MenuState, Place, is_temporary,
};
use crate::state::AccountState;
use crate::word::Word;

/// The menu with the health of each entry.
#[derive(Clone, Debug, PartialEq)]
pub struct MenuHealth {
    /// The menu as a whole.
    pub state: MenuState,
    /// Every leaf.
    pub entries: Vec<MenuEntryHealth>,
    /// When the menu was read; `None` = never, or only self-reported.
    pub read_at: Option<Timestamp>,
    /// Links that the account shows elsewhere: advice, and nothing of the menu's state.
    pub others: Vec<(Place, MenuEntryHealth)>,
}

/// What the people who started all this say of a menu whose every entry leads nowhere.
const NEVER_FILLED: &str = "自定义菜单均未更新栏目地址";

impl MenuHealth {
    /// Is it only what the ledger says 自报, and nothing that was read?
    pub fn is_self_reported(&self) -> bool {
        self.read_at.is_none() && !self.entries.is_empty()
    }

    /// Is every entry that people are shown a placeholder or dead?
    fn is_wholly_bad(&self) -> bool {
        let mut shown = self.entries.iter().filter(|e| !e.entry.aside);
        shown.all(|e| matches!(e.health, LinkHealth::Dead | LinkHealth::Placeholder))
    }

    /// The state in words for people, with the entries that do not work.
    pub fn reason(&self) -> String {
        if self.entries.is_empty() && self.read_at.is_none() {
            return "没有读取到自定义菜单".to_owned();
        }
        let told = if self.is_self_reported() { "(自报)" } else { "" };
        let mut reason = match self.state {
            MenuState::Broken if self.is_wholly_bad() => format!("{NEVER_FILLED}{told}"),
            MenuState::Broken => format!("自定义菜单可核验的链接全部失效{told}"),
            state => format!("自定义菜单{}{told}", super::menu_state_chinese(state)),
        };
        if self.state == MenuState::Closed && !self.entries.is_empty() {
            reason += "(菜单内容还在,但开关已关:通常是启用了服务器配置(消息服务器),后台编辑的菜单随之停用)";
        }
        use LinkHealth::{Dead, Placeholder, Unstable};
        let bad =
            |e: &&MenuEntryHealth| e.foreign || matches!(e.health, Dead | Placeholder | Unstable);
        let name = |e: &MenuEntryHealth| {
            let aside = if e.entry.aside { "(个性化菜单,现无人可见)" } else { "" };
            format!("{}{aside}({})", e.entry.path.join("/"), e.reason)
        };
        let named: Vec<_> = self.entries.iter().filter(bad).map(name).collect();
        match named.is_empty() {
            true => reason,
            false => format!("{reason}:{}", named.join("、")),
        }
    }
}

/// One leaf and its health.
#[derive(Clone, Debug, PartialEq)]
pub struct MenuEntryHealth {
    /// The leaf.
    pub entry: MenuEntry,
    /// Its health.
    pub health: LinkHealth,
    /// Why, in words for people.
    pub reason: String,
    /// When it was checked; `None` where nothing had to be asked.
    pub checked_at: Option<Timestamp>,
    /// What was received when it was found dead or unstable.
    pub evidence: Option<EvidenceRef>,
    /// It leads to an article of another account; advice.
    pub foreign: bool,
}

/// The menu as read by a connector, else as self-reported in the ledger 菜单地址.
pub fn known_menu(account: &Account, state: &AccountState) -> Option<(Menu, Option<Timestamp>)> {
    if let Some((at, menu)) = &state.history.menu {
        return Some((menu.clone(), Some(*at)));
    }
    (!account.menu.is_empty()).then(|| {
        let entries = account.menu.iter().map(|(path, target)| MenuEntry {
            path: path.clone(),
            kind: "view".to_owned(),
            target: Some(target.clone()),
            aside: false,
        });
        (Menu { open: true, whole: false, entries: entries.collect() }, None)
    })
}

/// Judges the menu by what is known of its links.
pub fn menu_health(account: &Account, state: &AccountState) -> MenuHealth {
    let Some((menu, read_at)) = known_menu(account, state) else {
        let (state, others) = (MenuState::Undetermined, others(account, state));
        return MenuHealth { state, entries: Vec::new(), read_at: None, others };
    };
    let entries: Vec<_> =
        menu.entries.iter().map(|entry| entry_health(entry, account, state, read_at)).collect();
    let overall = if entries.iter().all(|e| e.entry.aside) && menu.whole {
        MenuState::Absent
    } else if !menu.open {
        MenuState::Closed
    } else {
        overall(&entries)
    };
    MenuHealth { state: overall, entries, read_at, others: others(account, state) }
}

/// What the account shows elsewhere than in its menu, each address once at each place.
fn others(account: &Account, state: &AccountState) -> Vec<(Place, MenuEntryHealth)> {
    let declared = account.interaction_links().map(|link| {
        let names = vec!["互动功能".to_owned()];
        (None, Elsewhere::new(Place::Interaction, names, "view", link.to_owned()))
    });
    let read = state.history.links.values();
    let read = read.flat_map(|(at, links)| links.iter().map(|link| (Some(*at), link.clone())));
    let mut seen = BTreeSet::new();
    let once =
        read.chain(declared).filter(|(_, it)| seen.insert((it.place, it.entry.target.clone())));
    once.map(|(at, it)| (it.place, entry_health(&it.entry, account, state, at))).collect()
}

/// What a person doubts is for a person to review: such a menu is not called healthy, and never worse than it was.
pub(super) fn doubted(menu: MenuHealth, doubt: Option<&Word>) -> MenuHealth {
    match (doubt, menu.state) {
        (Some(_), MenuState::Healthy | MenuState::Absent) => {
            MenuHealth { state: MenuState::Undetermined, ..menu }
        }
        _ => menu,
    }
}

fn entry_health(
    entry: &MenuEntry,
    account: &Account,
    state: &AccountState,
    read_at: Option<Timestamp>,
) -> MenuEntryHealth {
    let told = |health, reason: &str, checked_at| MenuEntryHealth {
        entry: entry.clone(),
        health,
        reason: reason.to_owned(),
        checked_at,
        evidence: None,
        foreign: false,
    };
    if let Some((health, reason)) = entry.at_a_glance() {
        return told(health, reason, read_at);
    }
    match entry.link().and_then(|link| state.links.get(link)) {
        Some(check) => {
            let (health, mut reason) = lasting(entry, check);
            let own: Vec<String> =
                account.aliases.iter().chain([&account.handle]).cloned().collect();
            let foreign = check.author.as_ref().filter(|it| it.is_not(&own));
            if let Some(author) = foreign {
                let named = |name: &str| format!("「{name}」");
                let name = if author.name.is_empty() { String::new() } else { named(&author.name) };
                reason += &format!(";文章属于其他公众号{name},请核对是否放错");
            }
            MenuEntryHealth {
                evidence: check.evidence.clone(),
                foreign: foreign.is_some(),
                ..told(health, &reason, Some(check.checked_at))
            }
        }
        None => told(LinkHealth::Undetermined, "尚未核验", None),
    }
}

/// What the last check said; a preview that still opens will not for long.
fn lasting(entry: &MenuEntry, check: &LinkCheck) -> (LinkHealth, String) {
    let temporary = entry.link().is_some_and(is_temporary);
    if temporary && check.health == LinkHealth::Alive {
        let reason = "现在可以打开,但这是预览用的临时链接,很快会过期,请换成正式文章的链接";
        return (LinkHealth::Unstable, reason.to_owned());
    }
    (check.health, check.reason.clone())
}

fn overall(entries: &[MenuEntryHealth]) -> MenuState {
    let shown = || entries.iter().filter(|e| !e.entry.aside);
    let count = |wanted: &[LinkHealth]| shown().filter(|e| wanted.contains(&e.health)).count();
    let bad = count(&[LinkHealth::Dead, LinkHealth::Placeholder]);
    let alive = count(&[LinkHealth::Alive]);
    let unstable = count(&[LinkHealth::Unstable]);
    let unknown = count(&[LinkHealth::Undetermined]);
    if bad > 0 && alive + unstable + unknown == 0 {
        MenuState::Broken
    } else if bad > 0 || unstable > 0 {
        MenuState::Degraded
    } else if unknown > 0 || alive == 0 {
        MenuState::Undetermined
    } else {
        MenuState::Healthy
    }
}
