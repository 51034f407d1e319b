//! `freshd status` as a table: what needs a hand comes first.

use freshd_core::link::MenuState;
use freshd_core::rulebook::Rule;
use freshd_core::verdict::{Outcome, menu_state_chinese};

use super::{Cell, Column, Ink, Table, paint};
use crate::report::classes::Classes;
use crate::report::view::{AccountView, LastUpdate, StatusView, Totals};
use crate::report::words::{day_of, kind_chinese, left_chinese, minute_of, platform_chinese};

/// The table of every account of a view, fails first, then a line of totals and one of evidence classes.
/// Colour is the caller's decision (a terminal).
pub fn status_table(view: &StatusView, colour: bool) -> String {
    let mut table = Table::new([
        Column::text("账号名称", 26),
        Column::text("平台", 14),
        Column::text("主办单位", 26),
        Column::text("判定", 10),
        Column::text("最近更新", 22),
        Column::text("剩余天数/截止", 34),
        Column::text("说明", 76),
    ]);
    let mut accounts: Vec<&AccountView> = view.accounts.iter().collect();
    accounts.sort_by(|a, b| order(a).0.cmp(&order(b).0).then(order(a).1.total_cmp(&order(b).1)));
    for account in accounts {
        table.row([
            Cell::from(&account.name),
            Cell::from(platform_chinese(&account.platform)),
            Cell::from(&account.sponsor),
            verdict_cell(account.verdict),
            Cell::from(account.last_update.as_ref().map(when_text).unwrap_or_default()),
            days_cell(account),
            Cell::from(note_of(account)),
        ]);
    }
    let mut out = if table.is_empty() { String::new() } else { table.render(colour) + "\n" };
    out.push_str(&totals_line(&view.totals, colour));
    out.push_str(&footer(view));
    out
}

/// Fail, undetermined, at risk, pass, not judged; within each the fewest days left first.
fn order(account: &AccountView) -> (u8, f64) {
    let rank = match account.verdict {
        Some(Outcome::Fail) => 0,
        Some(Outcome::Undetermined) => 1,
        Some(Outcome::AtRisk) => 2,
        Some(Outcome::Pass) => 3,
        None => 4,
    };
    (rank, account.days_left.unwrap_or(f64::INFINITY))
}

pub(crate) fn verdict_cell(verdict: Option<Outcome>) -> Cell {
    verdict.map_or_else(
        || Cell::inked("不判定", Ink::Dim),
        |verdict| Cell::inked(verdict.chinese(), ink_of(verdict)),
    )
}

fn ink_of(verdict: Outcome) -> Ink {
    match verdict {
        Outcome::Pass => Ink::Good,
        Outcome::AtRisk => Ink::Warn,
        Outcome::Fail => Ink::Bad,
        Outcome::Undetermined => Ink::Unsure,
    }
}

/// When the last post was published, as exactly as it is known.
pub fn when_text(seen: &LastUpdate) -> String {
    match &seen.earliest {
        None => format!("不晚于 {}", day_of(&seen.latest)),
        Some(earliest) if minute_of(earliest) == minute_of(&seen.latest) => minute_of(earliest),
        Some(earliest) if day_of(earliest) == day_of(&seen.latest) => day_of(earliest),
        Some(earliest) => format!("{}~{}", day_of(earliest), day_of(&seen.latest)),
    }
}

fn days_cell(account: &AccountView) -> Cell {
    let (Some(days), Some(deadline)) = (account.days_left, &account.deadline) else {
        return Cell::default();
    };
    let day = day_of(deadline);
    let ink = match account.verdict {
        Some(Outcome::AtRisk) => Ink::Warn,
        // What happened after the deadline nobody knows: that accuses nobody.
        Some(Outcome::Undetermined) => Ink::Plain,
        _ if days < 0.0 => Ink::Bad,
        _ => Ink::Plain,
    };
    Cell::inked(format!("{}({day})", left_chinese(days, account.verdict)), ink)
}

/// The one sentence that says why: the failing or undecided rules' reasons, else the last title; then what
/// is wrong with the menu, and what keeps polls from working.
pub fn note_of(account: &AccountView) -> String {
    let reasons = |wanted: &dyn Fn(Rule, Outcome) -> bool| -> Vec<String> {
        let rulings = account.rulings.iter().filter(|r| wanted(r.rule, r.outcome));
        rulings.map(|ruling| ruling.reason.clone()).collect()
    };
    let decides = |rule: Rule| matches!(rule, Rule::ContentStale | Rule::AppUnusable);
    let mut parts = match account.verdict {
        Some(Outcome::Fail) => reasons(&|rule, out| rule.is_veto() && out == Outcome::Fail),
        Some(Outcome::Undetermined) => {
            reasons(&|rule, out| decides(rule) && out == Outcome::Undetermined)
        }
        _ => {
            let title = account.last_update.as_ref().map(|seen| seen.title.as_str());
            let title = title.filter(|title| !title.is_empty());
            title.map(|title| format!("《{title}》")).into_iter().collect()
        }
    };
    if matches!(account.menu.state, MenuState::Broken | MenuState::Degraded) {
        let told = if account.menu.source == Some("self_reported") { "(自报)" } else { "" };
        parts.push(format!("菜单{}{told}", menu_state_chinese(account.menu.state)));
    }
    if account.verdict == Some(Outcome::Undetermined) {
        parts.extend(account.awaits_second.clone());
    }
    if let Some(fault) = account.faults.first() {
        parts.push(format!("采集故障:{}({})", kind_chinese(fault.kind), fault.source));
    }
    if account.to_remove {
        parts.push("拟移出台账".to_owned());
    }
    parts.join(";")
}

/// `共 12 个账号:疑似不达标 1 · 待核实 2 · 预警 3 · 达标 6`.
pub(crate) fn totals_line(totals: &Totals, colour: bool) -> String {
    let one = |outcome: Outcome, count: usize| {
        paint(&format!("{} {count}", outcome.chinese()), ink_of(outcome), colour && count > 0)
    };
    format!(
        "共 {} 个账号:{} · {} · {} · {}\n",
        totals.all(),
        one(Outcome::Fail, totals.fail),
        one(Outcome::Undetermined, totals.undetermined),
        one(Outcome::AtRisk, totals.at_risk),
        one(Outcome::Pass, totals.pass),
    )
}

fn footer(view: &StatusView) -> String {
    let judged: Vec<_> = view.accounts.iter().filter(|a| a.verdict.is_some()).collect();
    let mut out = String::new();
    if !judged.is_empty() {
        let mut classes = Classes::default();
        judged.iter().for_each(|account| classes.add(account.evidence_class, account.has_source));
        out.push_str(&format!("证据:{}\n", classes.chinese()));
    }
    let unjudged = view.accounts.len() - judged.len();
    if unjudged > 0 {
        out.push_str(&format!("另有 {unjudged} 个账号已关停或已注销,不判定\n"));
    }
    out.push_str(&format!("截至 {}\n", minute_of(&view.as_of)));
    out
}
