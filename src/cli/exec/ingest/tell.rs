//! What is a person, or a program, told of a file of posts?

use std::collections::BTreeSet;
use std::fmt::Write as _;

use freshd_core::civil;
use freshd_core::id::AccountId;
use freshd_core::verdict::Outcome;
use serde::Serialize;
use serde_json::{Value, json};

use super::Table;
use crate::config::problem::Problem;
use crate::ledger::posts::Posts;
use crate::ledger::posts::plan::{Given, Plan, Unknown};
use crate::zone::rfc3339;

/// Lines of one kind that are shown on a terminal.
const LINES_MAX: usize = 200;

/// One account's part, as told.
#[derive(Clone, Debug, Serialize)]
pub(super) struct AccountReport {
    id: String,
    name: String,
    /// Posts that the file lists.
    posts: usize,
    /// Of them kept as new.
    new: usize,
    /// `{"since", "until"}` that the file is vouched to list completely.
    coverage: Option<Value>,
    /// Why there is none although it was claimed.
    withheld: Option<String>,
    changed: bool,
    verdict: Option<Outcome>,
}

impl AccountReport {
    pub(super) fn of(
        id: &AccountId,
        given: &Given,
        changed: bool,
        new: usize,
        verdict: Option<Outcome>,
    ) -> Self {
        let claim = given
            .claim
            .map(|span| json!({"since": rfc3339(span.since), "until": rfc3339(span.until)}));
        Self {
            id: id.to_string(),
            name: given.name.clone(),
            posts: given.listed,
            new,
            coverage: claim,
            withheld: given.withheld.clone(),
            changed,
            verdict,
        }
    }
}

/// Everything there is to tell.
pub(super) struct Report {
    by: String,
    dry_run: bool,
    files: Vec<Value>,
    rows: usize,
    complete: Option<String>,
    unread: Vec<Problem>,
    problems: Vec<Problem>,
    notices: Vec<Problem>,
    unknown: BTreeSet<Unknown>,
    unknown_columns: BTreeSet<String>,
    accounts: Vec<AccountReport>,
}

impl Report {
    pub(super) fn new(by: &str, dry_run: bool) -> Self {
        Self {
            by: by.to_owned(),
            dry_run,
            files: Vec::new(),
            rows: 0,
            complete: None,
            unread: Vec::new(),
            problems: Vec::new(),
            notices: Vec::new(),
            unknown: BTreeSet::new(),
            unknown_columns: BTreeSet::new(),
            accounts: Vec::new(),
        }
    }

    pub(super) fn unread(&mut self, problem: Problem) {
        self.unread.push(problem);
    }

    pub(super) fn notice(&mut self, notice: Problem) {
        self.notices.push(notice);
    }

    pub(super) fn read(&mut self, table: &Table, posts: &Posts) {
        self.files.push(json!({"name": table.name, "sha256": table.id.to_string()}));
        self.rows += posts.rows.len();
        self.unknown_columns.extend(posts.unknown_columns.iter().cloned());
        self.complete = table.complete.map(|span| {
            format!("{} 至 {}", civil::minute_text(span.since), civil::minute_text(span.until))
        });
    }

    pub(super) fn planned(&mut self, plan: &Plan) {
        self.problems.extend(plan.problems.iter().cloned());
        self.notices.extend(plan.notices.iter().cloned());
        self.unknown.extend(plan.unknown.iter().cloned());
    }

    /// Is there a problem that stops everything? Good rows are asked for, not good files.
    pub(super) fn refuses(&self, good_rows: bool) -> bool {
        !self.unread.is_empty() || (!self.problems.is_empty() && !good_rows)
    }

    pub(super) fn account(&mut self, account: AccountReport) {
        self.accounts.push(account);
    }

    pub(super) fn judged(&mut self, id: &AccountId, verdict: Option<Outcome>) {
        let told = self.accounts.iter_mut().filter(|account| account.id == id.as_str());
        told.for_each(|account| account.verdict = verdict);
    }

    fn changes(&self) -> bool {
        self.accounts.iter().any(|account| account.changed)
    }

    pub(super) fn json(&self, taken: bool) -> Value {
        let problems: Vec<&Problem> = self.unread.iter().chain(&self.problems).collect();
        let complete = self.accounts.iter().find_map(|account| account.coverage.clone());
        json!({
            "files": self.files,
            "by": self.by,
            "source": format!("ingest:{}", self.by),
            "rows": self.rows,
            "posts": self.accounts.iter().map(|account| account.posts).sum::<usize>(),
            "new_posts": self.accounts.iter().map(|account| account.new).sum::<usize>(),
            "complete": complete,
            "accounts": self.accounts,
            "unknown": self.unknown,
            "unknown_columns": self.unknown_columns,
            "problems": problems,
            "notices": self.notices,
            "dry_run": self.dry_run,
            "taken": taken,
            "changed": taken && !self.dry_run && self.changes(),
        })
    }

    pub(super) fn text(&self, taken: bool) -> String {
        let mut out = String::new();
        let problems: Vec<String> =
            self.unread.iter().chain(&self.problems).map(ToString::to_string).collect();
        lines(&mut out, "", &problems);
        let notices: Vec<String> = self.notices.iter().map(ToString::to_string).collect();
        lines(&mut out, "提示:", &notices);
        if !self.unknown_columns.is_empty() {
            let names: Vec<&str> = self.unknown_columns.iter().map(String::as_str).collect();
            line(&mut out, &format!("没有用到的列:{}", names.join("、")));
        }
        let unknown: Vec<String> = self.unknown.iter().map(unknown_text).collect();
        lines(&mut out, "台账里没有:", &unknown);
        if !taken {
            let help = "改好后重新执行;或用 --good-rows 跳过有问题的行";
            let count = problems.len();
            line(&mut out, &format!("共 {count} 个问题,什么都没有改变;{help}"));
            return out;
        }
        self.outcome(&mut out, problems.len());
        out
    }

    fn outcome(&self, out: &mut String, problems: usize) {
        let sum = |of: fn(&AccountReport) -> usize| self.accounts.iter().map(of).sum::<usize>();
        if problems > 0 {
            line(out, &format!("跳过了有问题的行,共 {problems} 个问题"));
        }
        line(
            out,
            &format!(
                "{} 提供:{} 行,{} 个账号,{} 条发布(可留存的新发布 {} 条)",
                self.by,
                self.rows,
                self.accounts.len(),
                sum(|account| account.posts),
                sum(|account| account.new)
            ),
        );
        if let Some(complete) = &self.complete {
            let covered = self.accounts.iter().filter(|account| account.coverage.is_some()).count();
            let text =
                format!("{} 作证:文件列全了 {complete} 的发布,{covered} 个账号适用", self.by);
            line(out, &text);
            let withheld = self.accounts.iter().filter_map(|account| {
                let why = account.withheld.as_ref()?;
                Some(format!("{}({}):{why}", account.id, account.name))
            });
            lines(out, "不算列全:", &withheld.collect::<Vec<_>>());
        }
        for (verdict, word) in Outcome::ALL.map(|outcome| (outcome, outcome.chinese())) {
            let count = self.accounts.iter().filter(|account| account.verdict == Some(verdict));
            let count = count.count();
            if count > 0 && !self.dry_run {
                line(out, &format!("现在{word}:{count} 个账号"));
            }
        }
        line(
            out,
            match (self.dry_run, self.changes()) {
                (true, true) => "试运行:什么都没有改动。",
                (true, false) => "试运行:与上次相同,不会有改变。",
                (false, true) => "已采用。",
                (false, false) => "与上次相同,没有改变。",
            },
        );
    }
}

fn unknown_text(unknown: &Unknown) -> String {
    let platform = crate::ledger::handle::platform_title(&unknown.platform);
    let parts = [unknown.name.as_str(), platform, unknown.handle.as_str()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

fn lines(out: &mut String, head: &str, texts: &[String]) {
    for text in texts.iter().take(LINES_MAX) {
        line(out, &format!("{head}{text}"));
    }
    if texts.len() > LINES_MAX {
        line(out, &format!("{head}另有 {} 个,用 --json 看全部", texts.len() - LINES_MAX));
    }
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a string takes everything");
}
