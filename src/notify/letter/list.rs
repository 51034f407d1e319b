//! How do the accounts of a supervising unit stand in a table? 自查情况表 of a precheck letter.

use freshd_core::Timestamp;
use freshd_core::account::Account;
use freshd_core::civil;
use freshd_core::forecast::post_span;
use freshd_core::id::AccountId;
use freshd_core::rulebook::Policy;
use freshd_core::verdict::{Judgement, Outcome};
use serde::Serialize;

use super::super::clean::clean_header_text;
use super::due_text;
use super::item::{platform_chinese, span_text};

/// Rows of a table; the rest is counted.
pub const ROWS_MAX: usize = 500;

/// The table, cleaned.
#[derive(Clone, Debug, Default, Serialize)]
pub struct List {
    /// Its heading.
    pub title: String,
    /// How many there are and of which kinds.
    pub lead: String,
    /// Most urgent first; at most [`ROWS_MAX`].
    pub rows: Vec<Row>,
    /// How many rows are left out.
    pub more: usize,
    /// All accounts in it.
    #[serde(skip)]
    pub accounts: Vec<AccountId>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Row {
    #[serde(skip)]
    standing: Standing,
    name: String,
    platform: String,
    sponsor: String,
    state: &'static str,
    last_update: String,
    outlook: String,
    #[serde(skip)]
    id: AccountId,
}

/// What is to be said of an account before an inspection, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It fails now.
    Fails,
    /// It passes now, and not then unless it publishes.
    MustPublish,
    /// It cannot be judged.
    Open,
    /// It passes then, too.
    Passes,
}

/// Where an account stands before the inspection at `at`; `None` for those that are not judged.
pub fn standing(judgement: &Judgement, at: Timestamp) -> Option<Standing> {
    let must = judgement.forecast.is_some_and(|outlook| outlook.deadline <= at);
    Some(match judgement.verdict? {
        Outcome::Fail => Standing::Fails,
        Outcome::Undetermined => Standing::Open,
        Outcome::Pass | Outcome::AtRisk if must => Standing::MustPublish,
        Outcome::Pass | Outcome::AtRisk => Standing::Passes,
    })
}

impl Row {
    /// One account's row.
    pub fn new(
        account: &Account,
        judgement: &Judgement,
        standing: Standing,
        at: Timestamp,
        policy: &Policy,
    ) -> Self {
        let last = judgement.last_update.as_ref().map(|seen| seen.sighting.published.latest);
        let outlook = match standing {
            Standing::Fails => {
                let rules: Vec<_> = judgement.vetoes().map(|it| it.rule.chinese()).collect();
                format!("{};须在检查前整改", rules.join("、"))
            }
            Standing::MustPublish => {
                let due =
                    judgement.forecast.map(|outlook| due_text(outlook.deadline, judgement.now));
                let due = due.map(|due| format!("更新期限{due};")).unwrap_or_default();
                due + &span_text(post_span(at, policy.window, judgement.now), "再发布一次")
            }
            Standing::Open => "没有足够数据,不等于没有更新;请主办单位核实后回复链接".to_owned(),
            Standing::Passes => "届时仍达标".to_owned(),
        };
        Self {
            standing,
            name: clean_header_text(&account.name),
            platform: platform_chinese(account),
            sponsor: clean_header_text(&account.sponsor),
            state: judgement.verdict.map_or("", Outcome::chinese),
            last_update: last.map_or("没有采集到".to_owned(), civil::minute_text),
            outlook,
            id: account.id.clone(),
        }
    }
}

impl List {
    /// The table of these accounts.
    pub fn new(title: String, mut rows: Vec<Row>) -> Self {
        rows.sort();
        let count = |standing| rows.iter().filter(|row| row.standing == standing).count();
        let lead = format!(
            "贵单位主管的账号共 {} 个:现在疑似不达标 {} 个,检查前须再发布 {} 个,待核实 {} 个,届时仍达标 {} 个。\
             请督促主办单位按下表办理。待核实只表示没有采集到足够的数据,不表示没有更新。",
            rows.len(),
            count(Standing::Fails),
            count(Standing::MustPublish),
            count(Standing::Open),
            count(Standing::Passes),
        );
        let accounts = rows.iter().map(|row| row.id.clone()).collect();
        let more = rows.len().saturating_sub(ROWS_MAX);
        rows.truncate(ROWS_MAX);
        Self { title, lead, rows, more, accounts }
    }

    /// How many are in this standing, of those that are shown.
    pub fn count(&self, standing: Standing) -> usize {
        self.rows.iter().filter(|row| row.standing == standing).count()
    }
}
