//! Is what the daemon says true? Each judgement held against the simulated truth, rule by rule.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::link::LinkHealth;
use freshd_core::rulebook::Rule;
use freshd_core::verdict::{EvidenceClass, Judgement, Outcome};
use freshd_sim::platforms::statistics_from;
use freshd_sim::world::{Account, Kind, MenuTarget};
use freshd_sim::{Site, Weather, World};

use crate::app::App;

/// A provable trouble that is not called a fail this long after it began, with no bad weather in the way, was missed, days.
/// (WeChat's statistics are a day behind, and a disappearance needs two looks.)
const GRACE_DAYS: i64 = 3;

/// What is true of an account; the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// The account has disappeared.
    Gone,
    /// The app can be had nowhere.
    Unusable,
    /// Nothing was published within the window.
    Silent,
    /// The declared interaction is dead.
    Mute,
    /// All is well.
    Well,
}

impl Situation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Well, Self::Silent, Self::Gone, Self::Unusable, Self::Mute];

    /// The rule that speaks of it.
    fn rule(self) -> Rule {
        match self {
            Self::Gone => Rule::AccountGone,
            Self::Unusable => Rule::AppUnusable,
            Self::Mute => Rule::InteractionPoor,
            Self::Silent | Self::Well => Rule::ContentStale,
        }
    }

    /// The words for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Gone => "账号已注销或冻结",
            Self::Unusable => "客户端已无处下载",
            Self::Silent => "超期未更新",
            Self::Mute => "互动功能失效",
            Self::Well => "正常更新",
        }
    }
}

/// How a judgement stands to the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// 正确.
    Right,
    /// 误报: a fail that is not true.
    FalseAlarm,
    /// 漏报: a pass that is not true, or a provable fail that is not said in time.
    Missed,
    /// 漏报: a person saw wrongly, and was believed.
    Misled,
    /// 待核实: no source of this account can prove it.
    CannotTell,
    /// 待核实: the proof is not complete yet (just begun, statistics a day behind, a platform at fault).
    NotYet,
}

impl Mark {
    /// All of them, as they are printed.
    pub const ALL: [Self; 6] =
        [Self::Right, Self::FalseAlarm, Self::Missed, Self::Misled, Self::CannotTell, Self::NotYet];

    /// The words for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Right => "正确",
            Self::FalseAlarm => "误报",
            Self::Missed => "漏报",
            Self::Misled => "漏报(人看错)",
            Self::CannotTell => "待核实(来源不足)",
            Self::NotYet => "待核实(证据未齐)",
        }
    }

    /// Is the daemon wrong?
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::FalseAlarm | Self::Missed)
    }
}

/// One account held against the truth.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The account's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is true.
    pub situation: Situation,
    /// What was said.
    pub verdict: Outcome,
    /// What the evidence rests on.
    pub class: EvidenceClass,
    /// How the two agree.
    pub mark: Mark,
    /// What is true and what was said, in words.
    pub why: String,
    /// How its menu's entries agree.
    pub menu: MenuTally,
    /// Entries of its menu of which something untrue is said, in words.
    pub menu_wrong: Vec<String>,
}

/// Entries of menus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MenuTally {
    /// Lead nowhere in truth, now.
    pub broken: usize,
    /// Of those: found.
    pub found: usize,
    /// Called dead while they worked.
    pub false_alarms: usize,
    /// Called alive while they were dead.
    pub missed: usize,
}

impl MenuTally {
    fn add(&mut self, other: Self) {
        self.broken += other.broken;
        self.found += other.found;
        self.false_alarms += other.false_alarms;
        self.missed += other.missed;
    }

    /// The sum of many.
    pub fn sum<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        all.into_iter().fold(Self::default(), |mut sum, one| {
            sum.add(*one);
            sum
        })
    }
}

/// Holds every account against the truth at `now`.
pub fn compare_all(
    app: &App,
    world: &World,
    weather: &Weather,
    now: Timestamp,
) -> anyhow::Result<Vec<Compared>> {
    let window = app.policy().window;
    let mut compared = Vec::with_capacity(world.accounts.len());
    app.for_each_judged(now, |account, _, judgement| {
        let known = world.find(account.id.as_str());
        compared.extend(known.and_then(|known| {
            let against = Against { world, weather, account: known, window, now };
            against.compare(&judgement)
        }));
        Ok(true)
    })?;
    Ok(compared)
}

/// The truth of one account at one instant.
struct Against<'a> {
    world: &'a World,
    weather: &'a Weather,
    account: &'a Account,
    window: TimeDelta,
    now: Timestamp,
}

impl Against<'_> {
    fn compare(&self, judgement: &Judgement) -> Option<Compared> {
        let verdict = judgement.verdict?;
        let troubles = self.troubles(self.now);
        let situation = troubles.keys().next().copied().unwrap_or(Situation::Well);
        let (menu, menu_wrong) = self.menu(judgement);
        let (mark, why) = self.mark(verdict, &troubles, judgement);
        Some(Compared {
            id: self.account.id.to_string(),
            name: self.account.name.clone(),
            situation,
            verdict,
            class: judgement.evidence_class,
            mark,
            why,
            menu,
            menu_wrong,
        })
    }

    /// Every trouble at `at`, with since when.
    fn troubles(&self, at: Timestamp) -> BTreeMap<Situation, Timestamp> {
        let mut troubles = BTreeMap::new();
        let truth = self.world.truth_of(self.account, at);
        if let Some((since, _)) = self.account.gone.filter(|_| truth.gone.is_some()) {
            troubles.insert(Situation::Gone, since);
        }
        if let Some(app) = self.account.app() {
            if truth.app_usable == Some(false) {
                let since = app.store_removed_at.max(app.apk_page_at);
                troubles.insert(Situation::Unusable, since.unwrap_or(at));
            }
            if let Some(since) = app.probe_dead_at.filter(|_| truth.probe_alive == Some(false)) {
                troubles.insert(Situation::Mute, since);
            }
        }
        // A post that was deleted since was an update all the same.
        let last = truth.last_published;
        if last.is_none_or(|last| at - last >= self.window) {
            let since = last.map_or(self.world.spec.start, |last| last + self.window);
            troubles.insert(Situation::Silent, since);
        }
        troubles
    }

    fn mark(
        &self,
        verdict: Outcome,
        troubles: &BTreeMap<Situation, Timestamp>,
        judgement: &Judgement,
    ) -> (Mark, String) {
        let stale = judgement.ruling(Rule::ContentStale);
        let passes = matches!(verdict, Outcome::Pass | Outcome::AtRisk);
        let fresh = stale.is_some_and(|r| matches!(r.outcome, Outcome::Pass | Outcome::AtRisk));
        if let Some(why) = judgement.vetoes().find_map(|ruling| self.untrue(ruling)) {
            return (Mark::FalseAlarm, why);
        }
        if fresh && troubles.contains_key(&Situation::Silent) {
            let said = stale.map(|ruling| ruling.reason.as_str()).unwrap_or_default();
            return (Mark::Missed, format!("事实:{};判为已更新:{said}", self.last_text()));
        }
        if verdict == Outcome::Fail {
            return (Mark::Right, String::new());
        }
        let said = |situation: Situation| {
            let ruling = judgement.ruling(situation.rule());
            ruling.map(|ruling| ruling.reason.clone()).unwrap_or_default()
        };
        let disturbed = self.is_disturbed();
        let provable = self.world.truth_of(self.account, self.now).provable;
        let late = troubles.iter().find(|(situation, since)| {
            let provable = provable || **situation != Situation::Silent;
            let known = (**since).max(self.readable_since());
            provable && self.now - known > TimeDelta::days(GRACE_DAYS)
        });
        match late {
            Some((situation, since)) if !disturbed => {
                let since = freshd_core::civil::minute_text(*since);
                let (what, said) = (situation.chinese(), said(*situation));
                (Mark::Missed, format!("事实:{since}起{what};判为{}:{said}", verdict.chinese()))
            }
            _ if passes && troubles.is_empty() => (Mark::Right, String::new()),
            _ if provable || passes => (Mark::NotYet, said(Situation::Silent)),
            _ => (Mark::CannotTell, String::new()),
        }
    }

    /// From when on a machine can prove anything of it.
    fn readable_since(&self) -> Timestamp {
        let joined = self.account.joins.as_ref().map(|it| it.at);
        let counted = self.account.interface(self.now).map(|_| statistics_from() + self.window);
        [joined, counted].into_iter().flatten().fold(self.world.spec.start, Timestamp::max)
    }

    /// Was one of its platforms, or its credential, in trouble within the grace?
    fn is_disturbed(&self) -> bool {
        let sites: &[Site] = match &self.account.kind {
            Kind::Wechat { .. } => &[Site::Wechat, Site::Article],
            Kind::Weibo { .. } => &[Site::Weibo],
            Kind::Nanfang { .. } => &[Site::Nanfang],
            Kind::App(_) => &[Site::Itunes, Site::Web],
            Kind::Bridge | Kind::Unsourced => &[Site::Web, Site::Wechat],
        };
        let since = self.now - TimeDelta::days(GRACE_DAYS);
        let spells = sites.iter().flat_map(|site| self.weather.spells(*site));
        let mut spans = spells.map(|spell| (spell.from, spell.to));
        let near = |(from, to): (Timestamp, Timestamp)| from <= self.now && to > since;
        spans.any(near) || self.weather.token_spell(self.account.index).is_some_and(near)
    }

    /// Why a fail is not true, if it is not.
    fn untrue(&self, ruling: &freshd_core::verdict::Ruling) -> Option<String> {
        let truth = self.world.truth_of(self.account, ruling.as_of);
        let untrue = match ruling.rule {
            Rule::ContentStale => {
                truth.last_post.is_some_and(|last| ruling.as_of - last < self.window)
            }
            Rule::AppUnusable => truth.app_usable != Some(false),
            Rule::InteractionPoor => truth.probe_alive != Some(false),
            Rule::AccountGone => truth.gone.is_none(),
            _ => true,
        };
        untrue.then(|| {
            let as_of = freshd_core::civil::minute_text(ruling.as_of);
            let (rule, said) = (ruling.rule.chinese(), &ruling.reason);
            format!("截至{as_of}判“{rule}”:{said};事实:{}", self.last_text())
        })
    }

    fn last_text(&self) -> String {
        match self.world.truth_of(self.account, self.now).last_published {
            Some(last) => format!("最近发布于{}", freshd_core::civil::minute_text(last)),
            None => "从未发布".to_owned(),
        }
    }

    /// Entry by entry, at the instant at which each was checked.
    fn menu(&self, judgement: &Judgement) -> (MenuTally, Vec<String>) {
        let (mut tally, mut wrong) = (MenuTally::default(), Vec::new());
        for held in &judgement.menu.entries {
            let at = held.checked_at.or(judgement.menu.read_at).unwrap_or(self.now);
            let called_dead = matches!(held.health, LinkHealth::Dead | LinkHealth::Placeholder);
            let broken = self.leads_nowhere(&held.entry.path, self.now);
            tally.broken += usize::from(broken);
            tally.found += usize::from(broken && called_dead);
            let dead_then = self.leads_nowhere(&held.entry.path, at);
            let missed = held.health == LinkHealth::Alive && dead_then;
            tally.false_alarms += usize::from(called_dead && !dead_then);
            tally.missed += usize::from(missed);
            if missed || (called_dead && !dead_then) {
                let (at, path) = (freshd_core::civil::minute_text(at), held.entry.path.join("/"));
                let target = held.entry.target.as_deref().unwrap_or_default();
                let id = &self.account.id;
                wrong.push(format!("{id} {path} {target}({at}:{})", held.reason));
            }
        }
        (tally, wrong)
    }

    fn leads_nowhere(&self, path: &[String], at: Timestamp) -> bool {
        let entries = self.account.menu.as_ref().map(|menu| menu.entries.as_slice());
        let entry = entries.unwrap_or_default().iter().find(|entry| entry.path == path);
        match entry {
            // The platform shows a notice in place of the articles of an account that is no more.
            Some(entry) if entry.target == MenuTarget::Article => {
                self.account.gone_by(at).is_some()
            }
            Some(entry) => entry.target.is_alive(at) == Some(false),
            // The addresses that a unit reports lead nowhere if it has no such page.
            None => self.account.kind == Kind::Bridge,
        }
    }
}
