//! Was the account named in the last quarter's circular 通报, and until when is that to be put right 整改期限?

use chrono::{Datelike, NaiveDate, TimeDelta};

use crate::account::Account;
use crate::rulebook::Rule;
use crate::{Timestamp, civil};

/// Rectification is due this long after the circular: 2 weeks, the national yardstick
/// (通报公开之日起2周内对问题全部整改到位).
pub const RECTIFY_DAYS: i64 = 14;

/// When what the last quarter's circular named is to be put right: [`RECTIFY_DAYS`] from the end of that quarter, for the
/// day of the circular is not in the ledger. An estimate: the circular's own day goes before it.
pub fn rectify_by(now: Timestamp) -> Timestamp {
    let day = civil::day(now);
    let first = NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1);
    civil::start_of(first.expect("a quarter has a first day")) + TimeDelta::days(RECTIFY_DAYS)
}

/// The rules that the circular of the quarter before `now` named the account for.
pub fn named(account: &Account, now: Timestamp) -> Vec<Rule> {
    if account.last_circular.is_empty() {
        return Vec::new();
    }
    let previous = previous_quarter(None, now);
    let mut rules = Rule::ALL.to_vec();
    rules.retain(|rule| named_last_quarter(account, *rule, &previous) == Some(true));
    rules
}

/// The quarter before: of the label, else of the instant. `2026Q4` → `2026Q3`.
pub fn previous_quarter(quarter: Option<&str>, at: Timestamp) -> String {
    let (year, nth) = quarter.and_then(parsed).unwrap_or_else(|| {
        let day = civil::day(at);
        (day.year(), day.month0() / 3 + 1)
    });
    if nth <= 1 { format!("{}Q4", year - 1) } else { format!("{year}Q{}", nth - 1) }
}

fn parsed(label: &str) -> Option<(i32, u32)> {
    let (year, nth) = label.trim().split_once(['Q', 'q'])?;
    Some((year.parse().ok()?, nth.parse().ok().filter(|nth| (1..=4).contains(nth))?))
}

/// Words of 上季度通报情况 that say that it was not named.
const NOT_NAMED: [&str; 12] =
    ["", "无", "否", "没有", "未通报", "未被通报", "合格", "达标", "正常", "-", "/", "不涉及"];

/// Does 上季度通报情况 hold the previous quarter with this rule, or words that speak of it (or of no rule at all)?
/// `None` where the ledger says nothing at all.
pub fn named_last_quarter(account: &Account, rule: Rule, previous: &str) -> Option<bool> {
    if account.last_circular.iter().all(|entry| entry.trim().is_empty()) {
        return None;
    }
    Some(account.last_circular.iter().any(|entry| {
        let entry = entry.trim();
        if let Some((quarter, told)) = entry.split_once(':').filter(|(q, _)| parsed(q).is_some()) {
            return quarter.trim().eq_ignore_ascii_case(previous) && told.trim() == rule.key();
        }
        if NOT_NAMED.contains(&entry) {
            return false;
        }
        let spoken: Vec<Rule> =
            Rule::ALL.into_iter().filter(|rule| speaks_of(entry, *rule)).collect();
        spoken.is_empty() || spoken.contains(&rule)
    }))
}

fn speaks_of(words: &str, rule: Rule) -> bool {
    let terms: &[&str] = match rule {
        Rule::ContentStale => &["更新", "content-stale"],
        Rule::AppUnusable => &["下载", "客户端", "APP", "app-unusable"],
        Rule::InteractionPoor => &["互动", "interaction-poor"],
        Rule::Safety => &["安全", "泄密", "泄露", "表述错误", "safety"],
        Rule::AccountGone => &["注销", "冻结", "封禁", "account-gone"],
        Rule::MenuLinks => &["链接", "菜单", "menu-links"],
        Rule::Filing => &["备案", "登记", "filing"],
    };
    terms.iter().any(|term| words.contains(term))
}
