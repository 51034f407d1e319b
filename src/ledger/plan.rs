//! What would an import change? The differences, before anything is applied.

use std::collections::{BTreeMap, BTreeSet};

use freshd_core::account::Account;
use freshd_core::id::AccountId;
use serde::Serialize;

use crate::config::problem::Problem;

pub use super::existing::{Directory, Existing, identifiers_of};
use super::existing::{Matched, matched};
use super::handle::platform_title;
use super::header::Column;
use super::merge;
pub use super::merge::Change;
use super::row::Row;
use super::rows::{Parsed, elsewhere};
use super::speaks::{self, Unit};
use super::unknown::{self, Unknown};

/// `--replace` wants `--yes` above this many accounts …
pub const REMOVE_MAX: usize = 20;
/// … or above this many in a hundred of all that are known.
pub const REMOVE_PERCENT_MAX: usize = 2;

/// How to import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Import the rows that are right, although others are not.
    pub good_rows: bool,
    /// Mark as 拟移出 what the named units no longer list.
    pub replace: bool,
    /// Replace although many would go.
    pub yes: bool,
    /// The number for the next account without a handle (`platform:n-NUMBER`); from 1, never used twice.
    pub next_number: u64,
}

/// What would change.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plan {
    /// New accounts, with their ids.
    pub added: Vec<Account>,
    /// Known accounts as they would be.
    pub updated: Vec<Account>,
    /// What differs in them, field by field.
    pub changed: Vec<Change>,
    /// How many rows change nothing.
    pub unchanged: usize,
    /// Known accounts that no row speaks of.
    pub missing: Vec<AccountId>,
    /// Those of them that would be marked as 拟移出.
    pub to_remove: Vec<AccountId>,
    /// For whom the file was taken to speak, where [`Options::replace`] asks.
    pub speaks_for: BTreeSet<Unit>,
    /// Name and units of those in `missing`, for people.
    pub names: BTreeMap<AccountId, String>,
    /// Everything wrong.
    pub problems: Vec<Problem>,
    /// Everything worth knowing.
    pub notices: Vec<Problem>,
    /// The columns of each sheet that are not known; what stands in them is kept.
    pub unknown: Vec<Unknown>,
    /// Why `--yes` is wanted, if it is; Chinese.
    pub needs_yes: Option<String>,
    /// How many rows were left out because something is wrong with them.
    pub bad_rows: usize,
    /// [`Options::next_number`] of the next import.
    pub next_number: u64,
    /// May it be applied: nothing is wrong (or good rows are enough) and no `--yes` is wanted?
    pub applies: bool,
}

/// Plans an import. Pure: the same rows and accounts give the same plan.
pub fn plan(parsed: Parsed, existing: &dyn Existing, options: Options) -> Plan {
    let mut plan = Plan {
        problems: parsed.problems.clone(),
        notices: parsed.all_notices().cloned().collect(),
        unknown: parsed.unknown.clone(),
        next_number: options.next_number.max(1),
        ..Plan::default()
    };
    // A file whose header is not understood could make half its accounts look missing.
    let whole = parsed.problems.is_empty();
    let mut rows = parsed.rows;
    let Matched { ids, twice, torn } = matched(&rows, existing);
    for (first, second) in twice {
        let what = format!("与{}指向同一个已有账号", elsewhere(&rows, first, second));
        let problem =
            rows[second].problem(Column::Handle.title(), what, "删去多余的一行,或更正标识");
        if rows[second].problems.is_empty() {
            rows[second].problems.push(problem);
        }
    }
    for (at, one, other) in torn {
        let what = format!("这一行的标识分属两个已有账号 {one} 和 {other}");
        let help = "一行只写一个账号的标识;若确是同一个账号,先把其中一个标为已注销";
        let problem = rows[at].problem(Column::Handle.title(), what, help);
        rows[at].problems.push(problem);
    }
    let (mut named, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
    for ((row, id), unit) in rows.iter().zip(&ids).zip(speaks::units(&rows)) {
        if row.importable && row.problems.is_empty() {
            apply(&mut plan, row, id.as_ref(), existing);
            named.extend(unit);
        } else {
            plan.bad_rows += 1;
            plan.problems.extend(row.problems.iter().cloned());
            doubtful.insert(unit);
        }
    }
    let seen: BTreeSet<&AccountId> = ids.iter().flatten().collect();
    let known = existing.ids();
    let gone = known.iter().filter(|id| !seen.contains(id)).filter_map(|id| existing.by_id(id));
    let gone: Vec<Account> = gone.collect();
    plan.missing = gone.iter().map(|account| account.id.clone()).collect();
    plan.names =
        gone.iter().map(|account| (account.id.clone(), named_with_units(account))).collect();
    if options.replace {
        // A wrong row that names no unit may be of any of them.
        if whole && !doubtful.contains(&None) {
            let of =
                |units: &BTreeSet<Unit>, account: &Account| units.iter().any(|it| it.has(account));
            let doubtful = doubtful.into_iter().flatten().collect();
            plan.to_remove = gone
                .iter()
                .filter(|it| of(&named, it) && !of(&doubtful, it) && !it.to_remove)
                .map(|account| account.id.clone())
                .collect();
        }
        plan.speaks_for = named;
        plan.needs_yes = asks(plan.to_remove.len(), known.len()).filter(|_| !options.yes);
    }
    plan.applies = (plan.problems.is_empty() || options.good_rows) && plan.needs_yes.is_none();
    plan
}

/// Puts a good row where it belongs.
fn apply(plan: &mut Plan, row: &Row, id: Option<&AccountId>, existing: &dyn Existing) {
    let Some(old) = id.and_then(|id| existing.by_id(id)) else {
        let account = new_account(plan, row, existing);
        plan.added.push(account);
        return;
    };
    let new = merge::merged(&old, row);
    let changes = merge::changes(&old, &new);
    if changes.is_empty() {
        plan.unchanged += 1;
    } else {
        plan.changed.extend(changes);
        plan.updated.push(new);
    }
}

fn new_account(plan: &mut Plan, row: &Row, existing: &dyn Existing) -> Account {
    let mut account = row.account.clone();
    let former = account.previous_handle.split(' ').filter(|part| !part.is_empty());
    for identifier in former.map(str::to_owned).collect::<Vec<_>>() {
        super::row::push_new(&mut account.aliases, identifier);
    }
    if account.handle.is_empty() {
        // A number that an account of another generation already has is passed over.
        account.id = loop {
            let handle = format!("n-{}", plan.next_number);
            let id = AccountId::of(&account.platform, &handle);
            plan.next_number += 1;
            if existing.by_id(&id).is_none() {
                break id;
            }
        };
    }
    account
}

/// `甲(微信公众号;主办 教育局;通报对象 茂名市)`.
fn named_with_units(account: &Account) -> String {
    let parts = [
        (platform_title(&account.platform), ""),
        ("主办 ", account.sponsor.trim()),
        ("主管 ", account.supervisor.trim()),
        ("通报对象 ", account.reporting_unit.trim()),
    ];
    let told = parts.iter().enumerate().filter(|(at, (_, name))| *at == 0 || !name.is_empty());
    let told: Vec<String> = told.map(|(_, (title, name))| format!("{title}{name}")).collect();
    format!("{}({})", account.name, told.join(";"))
}

fn asks(leaving: usize, known: usize) -> Option<String> {
    let many = leaving > REMOVE_MAX || leaving * 100 > known * REMOVE_PERCENT_MAX;
    (leaving > 0 && many).then(|| {
        format!(
            "将有 {leaving} 个账号标为拟移出(现有 {known} 个),超过 {REMOVE_MAX} 个或 {REMOVE_PERCENT_MAX}%;\
             确认无误后加 --yes"
        )
    })
}

impl Plan {
    /// What would happen, in Chinese: counts, then each difference, then what is wrong and worth knowing.
    pub fn summary(&self) -> String {
        let mut lines = vec![self.counts()];
        lines.extend(unknown::lines(&self.unknown));
        let mut section = |title: &str, items: Vec<String>, most: usize| {
            if !items.is_empty() {
                lines.push(format!("{title}({}):", items.len()));
                let more = items.len().saturating_sub(most);
                lines.extend(items.into_iter().take(most).map(|item| format!("  {item}")));
                if more > 0 {
                    lines.push(format!("  ……另有 {more} 项"));
                }
            }
        };
        // All at once: whoever mends the file wants to do it in one go.
        section("问题", self.problems.iter().map(ToString::to_string).collect(), usize::MAX);
        let title = |it: &Account| format!("{} {}({})", it.id, it.name, it.sponsor);
        section("新增", self.added.iter().map(title).collect(), SHOWN_MAX);
        let mut by_account: BTreeMap<&AccountId, Vec<String>> = BTreeMap::new();
        for Change { id, field, before, after } in &self.changed {
            let change = format!("{field} «{before}» → «{after}»");
            by_account.entry(id).or_default().push(change);
        }
        let changed = by_account.iter().map(|(id, changes)| format!("{id} {}", changes.join(", ")));
        section("变更", changed.collect(), SHOWN_MAX);
        let units = self.speaks_for.iter().map(ToString::to_string).collect();
        section("只在文件代表的这些单位里找没有列出的账号", units, SHOWN_MAX);
        let titled = |id: &AccountId| match self.names.get(id) {
            Some(name) => format!("{id} {name}"),
            None => id.to_string(),
        };
        section("拟移出", self.to_remove.iter().map(titled).collect(), SHOWN_MAX);
        let removed: BTreeSet<&AccountId> = self.to_remove.iter().collect();
        let left = self.missing.iter().filter(|id| !removed.contains(id));
        section("文件中没有、仍保留的账号", left.map(titled).collect(), SHOWN_MAX);
        section("提示", self.notices.iter().map(ToString::to_string).collect(), SHOWN_MAX);
        lines.extend(self.needs_yes.clone());
        lines.join("\n") + "\n"
    }

    fn counts(&self) -> String {
        let mut text = format!(
            "新增 {},变更 {},不变 {},文件中没有 {},拟移出 {}",
            self.added.len(),
            self.updated.len(),
            self.unchanged,
            self.missing.len(),
            self.to_remove.len()
        );
        if self.bad_rows > 0 {
            text.push_str(&format!(",有问题的行 {}", self.bad_rows));
        }
        if !self.applies && self.needs_yes.is_none() {
            text.push_str(";有问题,什么都没有改动(--good-rows 只导入没有问题的行)");
        }
        text
    }
}

/// How many items of a kind a summary shows; problems are shown all.
const SHOWN_MAX: usize = 50;

#[cfg(test)]
mod tests;
