//! 体检: what is this ledger worth as it is? Contacts, duplicates, and which accounts can be judged and how.

use std::collections::{BTreeMap, BTreeSet};

use freshd_core::account::{Account, Source};
use freshd_core::id::AccountId;
use freshd_core::verdict::lists_posts;
use serde::Serialize;

use crate::config::problem::Problem;

use super::handle::platform_title;
use super::rows::Parsed;
use super::unknown::{self, Unknown};

/// Connectors that need neither a credential nor the owner's consent.
const PUBLIC: [&str; 9] = [
    "nanfang",
    "appstore",
    "huawei",
    "tencent",
    "apk",
    "probe",
    "article",
    "feed",
    "feed-complete",
];

/// Is what this connector reads open to everybody?
pub fn is_public(connector: &str) -> bool {
    PUBLIC.contains(&connector)
}

/// What a source is worth: the facts of its connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Can its silence prove that nothing was published?
    pub proves_silence: bool,
    /// Can it be polled without credentials? See [`is_public`].
    pub public: bool,
}

/// How far an account can be judged without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// A source proves both posts and silence, once its credential is there.
    Auto,
    /// Sources show posts, but their silence proves nothing.
    HitsOnly,
    /// No source: a person looks, or gives an article's link.
    None,
}

/// One account as the checkup sees it.
#[derive(Clone, Debug, Serialize)]
pub struct CheckupRow {
    /// The account; without a handle its id is numbered by its place in the ledger.
    pub account: Account,
    /// 1-based row.
    pub row_no: usize,
    /// Sheet; empty for a CSV.
    pub sheet: String,
    /// File.
    pub file: String,
    /// What is wrong with the row.
    pub problems: Vec<Problem>,
    /// What is worth knowing.
    pub notices: Vec<Problem>,
    /// How far it can be judged without a person.
    pub class: Judged,
    /// By what, and what each source proves; Chinese.
    pub judged_by: String,
    /// Those of its sources that can be polled right now.
    pub public_sources: Vec<Source>,
    /// Neither an e-mail address of its own nor of its supervisor.
    pub lacks_contact: bool,
    /// The row that has the same identifier, or is alike in name, platform and sponsor.
    pub duplicate_of: Option<String>,
}

/// Counts of one platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlatformCount {
    /// Rows understood as accounts.
    pub accounts: usize,
    /// Of them running or closing: those that are inspected.
    pub running: usize,
    /// Of the running: judged without a person.
    pub auto: usize,
    /// Of the running: only posts can be shown.
    pub hits_only: usize,
    /// Of the running: no source.
    pub none: usize,
    /// Accounts without a handle.
    pub lacks_handle: usize,
}

/// A whole ledger.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Checkup {
    /// Account by account.
    pub rows: Vec<CheckupRow>,
    /// By platform, canonical name or as written.
    pub by_platform: BTreeMap<String, PlatformCount>,
    /// Running accounts that nobody could be written to about.
    pub lacks_contact: usize,
    /// Accounts without a handle.
    pub lacks_handle: usize,
    /// Rows that repeat another, certainly or probably.
    pub duplicates: usize,
    /// The columns of each sheet that are not known.
    pub unknown: Vec<Unknown>,
    /// Problems of files and headers.
    pub problems: Vec<Problem>,
    /// Notices of files, sheets and rows passed over.
    pub notices: Vec<Problem>,
}

/// Looks at a ledger as it is. `facts` gives what a source's connector proves; `None` = no such connector.
pub fn checkup(parsed: Parsed, facts: &dyn Fn(&Source) -> Option<Facts>) -> Checkup {
    let mut checkup = Checkup {
        problems: parsed.problems,
        notices: parsed.notices,
        unknown: parsed.unknown,
        ..Checkup::default()
    };
    let mut counted = BTreeSet::new();
    for (at, row) in parsed.rows.into_iter().enumerate() {
        let mut account = row.account;
        if account.handle.is_empty() {
            account.id = AccountId::of(&account.platform, &format!("n-{}", at + 1));
            checkup.lacks_handle += 1;
        }
        let (class, judged_by) = judged(&account, facts);
        let public = |source: &&Source| facts(source).is_some_and(|facts| facts.public);
        let public_sources = account.sources.iter().filter(public).cloned().collect();
        let lacks_contact = account.email.is_empty() && account.supervisor_email.is_empty();
        // A row that repeats another is no further account.
        if counted.insert(account.id.clone()) {
            let platform = checkup.by_platform.entry(account.platform.clone()).or_default();
            count(platform, &account, class);
        }
        let duplicate_of = row.duplicate_of.or(row.similar_to);
        checkup.lacks_contact += usize::from(lacks_contact && account.lifecycle.is_judged());
        checkup.duplicates += usize::from(duplicate_of.is_some());
        checkup.rows.push(CheckupRow {
            account,
            row_no: row.row_no,
            sheet: row.sheet,
            file: row.file,
            problems: row.problems,
            notices: row.notices,
            class,
            judged_by,
            public_sources,
            lacks_contact,
            duplicate_of,
        });
    }
    checkup
}

fn count(count: &mut PlatformCount, account: &Account, class: Judged) {
    count.accounts += 1;
    count.lacks_handle += usize::from(account.handle.is_empty());
    if account.lifecycle.is_judged() {
        count.running += 1;
        match class {
            Judged::Auto => count.auto += 1,
            Judged::HitsOnly => count.hits_only += 1,
            Judged::None => count.none += 1,
        }
    }
}

fn judged(account: &Account, facts: &dyn Fn(&Source) -> Option<Facts>) -> (Judged, String) {
    let (mut class, mut listed) = (Judged::None, false);
    let mut words = Vec::new();
    for source in &account.sources {
        let Some(Facts { proves_silence, public }) = facts(source) else {
            words.push(format!("{}:没有这个采集器", source.connector));
            continue;
        };
        let (reached, proves) = match proves_silence {
            true => (Judged::Auto, "能证明有更新,也能证明无更新"),
            false if !lists_posts(&source.connector) => {
                (Judged::None, works_what(&source.connector))
            }
            false => (Judged::HitsOnly, "只能证明有更新"),
        };
        listed |= lists_posts(&source.connector);
        class = class.min(reached);
        let needs = if public { "公开可查" } else { "需要授权或登录凭据" };
        words.push(format!("{}:{proves}({needs})", source.connector));
    }
    if words.is_empty() {
        let lack = if account.handle.is_empty() { "标识待补," } else { "" };
        words.push(format!("{lack}没有采集来源,靠人工核查或文章链接佐证"));
    } else if !listed {
        words.push("缺内容更新的来源(feed:、article: 或人工核查),内容不更新判不了".to_owned());
    }
    (class, words.join(";"))
}

fn works_what(connector: &str) -> &'static str {
    if connector == "probe" { "只能判互动功能是否可用" } else { "只能判能否下载" }
}

impl Checkup {
    /// The report in Chinese, one fact a line.
    pub fn text(&self) -> String {
        let running: usize = self.by_platform.values().map(|it| it.running).sum();
        let auto: usize = self.by_platform.values().map(|it| it.auto).sum();
        let bad = self.rows.iter().filter(|row| !row.problems.is_empty()).count();
        let mut lines = vec![
            format!(
                "读懂 {} 行、{} 个账号(重复的行只算一次),其中在运行 {running} 个;有问题的行 {bad}",
                self.rows.len(),
                self.by_platform.values().map(|it| it.accounts).sum::<usize>()
            ),
            format!(
                "可自动判定 {auto} 个,无人可发邮件 {} 个,标识待补 {} 个,重复或疑似重复 {} 行",
                self.lacks_contact, self.lacks_handle, self.duplicates
            ),
            String::new(),
        ];
        for (platform, it) in &self.by_platform {
            lines.push(format!(
                "{}:{} 个,在运行 {};可自动判定 {},只能证有 {},无来源 {};标识待补 {}",
                platform_title(platform),
                it.accounts,
                it.running,
                it.auto,
                it.hits_only,
                it.none,
                it.lacks_handle
            ));
        }
        if !self.unknown.is_empty() {
            lines.push(String::new());
            lines.extend(unknown::lines(&self.unknown));
        }
        let problems = self.problems.iter().chain(self.rows.iter().flat_map(|row| &row.problems));
        list(&mut lines, "问题", problems.map(ToString::to_string));
        let lacking =
            self.rows.iter().filter(|row| row.lacks_contact && row.account.lifecycle.is_judged());
        list(&mut lines, "无人可发邮件(本单位和主管单位都没有邮箱)", lacking.map(titled));
        let doubles = self.rows.iter().filter(|row| row.duplicate_of.is_some());
        list(
            &mut lines,
            "重复或疑似重复",
            doubles.map(|row| {
                format!("{} 与{}", titled(row), row.duplicate_of.as_deref().unwrap_or_default())
            }),
        );
        list(
            &mut lines,
            "提示",
            self.notices
                .iter()
                .chain(self.rows.iter().flat_map(|row| &row.notices))
                .map(ToString::to_string),
        );
        lines.join("\n") + "\n"
    }
}

/// Most items of a list in the text report; the workbook has all.
const SHOWN_MAX: usize = 50;

fn list(lines: &mut Vec<String>, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return;
    }
    lines.extend([String::new(), format!("{title}({}):", items.len())]);
    let more = items.len().saturating_sub(SHOWN_MAX);
    lines.extend(items.into_iter().take(SHOWN_MAX).map(|item| format!("  {item}")));
    if more > 0 {
        lines.push(format!("  ……另有 {more} 项"));
    }
}

fn titled(row: &CheckupRow) -> String {
    let CheckupRow { account, row_no, .. } = row;
    let sheet = if row.sheet.is_empty() { String::new() } else { format!("「{}」", row.sheet) };
    format!("{sheet}第 {row_no} 行 {}({})", account.name, platform_title(&account.platform))
}

#[cfg(test)]
mod tests;
