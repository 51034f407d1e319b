//! Who cannot be reached by mail, and whom must somebody call? Findings about contacts 联系人问题 and the phone list
//! 电话催办清单; both hold names and numbers and never leave by a page without login.

use std::collections::{BTreeMap, BTreeSet};

use freshd_core::account::Account;
use freshd_core::forecast::last_safe_day;
use freshd_core::reminder::{Audience, Reason};
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, Outcome};
use freshd_core::{Timestamp, civil};
use serde::Serialize;
use serde_json::json;

use super::App;
use crate::notify::operator::Matter;
use crate::notify::{addresses, listed, reachable};
use crate::report::export::Rows;
use crate::report::table::{Cell, Column, Table};
use crate::report::words::platform_chinese;
use crate::store::{DeadAddress, StoreError};
use crate::zone::rfc3339;

/// Who was told so often that an account fails, and neither posted nor answered, is silent.
const SILENT_AFTER: usize = 2;

/// What is wrong with an account's contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 缺联系人: neither a contact's address nor the officer's.
    Missing,
    /// 拒收、退信: the address takes no letters.
    Dead,
    /// 无回应: told again and again.
    Silent,
}

impl Kind {
    fn chinese(self) -> &'static str {
        match self {
            Self::Missing => "缺联系人",
            Self::Dead => "拒收退信",
            Self::Silent => "无回应",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// The account's id.
    pub account: String,
    /// Its name.
    pub name: String,
    /// 主办单位.
    pub sponsor: String,
    /// The address that it is about; empty where there is none.
    pub address: String,
    /// Since when, if that is known.
    pub since: Option<String>,
    /// What was said, and who is written to instead; Chinese.
    pub detail: String,
}

/// One call to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The account's id.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its platform, in Chinese.
    pub platform: String,
    /// 主办单位.
    pub sponsor: String,
    /// 联系人.
    pub contact: String,
    /// 联系电话.
    pub phone: String,
    /// 责任领导.
    pub officer: String,
    /// 主管单位.
    pub supervisor: String,
    /// Why mail does not do.
    pub why: String,
    /// By when it must publish; `None` where nothing is known.
    pub deadline: Option<String>,
    /// 判定.
    pub verdict: Outcome,
    /// What to say.
    pub say: String,
}

/// Both lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contacts {
    /// What is wrong, by account.
    pub findings: Vec<Finding>,
    /// Whom to call, the most urgent first.
    pub phone_list: Vec<Call>,
}

impl App {
    /// Looks at the contacts of every account that is judged.
    pub fn contacts(&self) -> Result<Contacts, StoreError> {
        let now = self.now();
        let dead: BTreeMap<String, DeadAddress> = self
            .store()
            .dead_addresses()?
            .into_iter()
            .map(|dead| (dead.address.clone(), dead))
            .collect();
        let answered = self.answered()?;
        let mut contacts = Contacts::default();
        let mut calls: Vec<(Option<Timestamp>, Call)> = Vec::new();
        self.for_each_judged(now, |account, state, judgement| {
            let Some(verdict) = judgement.verdict else { return Ok(true) };
            let look = Look { account: &account, state: &state, judgement: &judgement, now };
            let found = look.findings(&dead, &answered);
            let due = verdict != Outcome::Pass && look.needs_a_call(&found, &dead);
            if due {
                let deadline = judgement.forecast.map(|outlook| outlook.deadline);
                calls.push((deadline, look.call(&found, verdict)));
            }
            contacts.findings.extend(found);
            Ok(true)
        })?;
        calls.sort_by_key(|(deadline, call)| {
            (call.verdict == Outcome::Undetermined, deadline.is_none(), *deadline)
        });
        contacts.phone_list = calls.into_iter().map(|(_, call)| call).collect();
        contacts.findings.sort_by(|a, b| (a.kind, &a.account).cmp(&(b.kind, &b.account)));
        Ok(contacts)
    }

    /// When each address last answered a letter of ours.
    fn answered(&self) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let mut answered = BTreeMap::new();
        self.store().for_each_received(|mail| {
            if mail.outcome.is_answer() && mail.letter.is_some() {
                answered.entry(mail.from.to_lowercase()).or_insert(mail.at);
            }
            Ok(true)
        })?;
        Ok(answered)
    }
}

/// One account, looked at.
struct Look<'a> {
    account: &'a Account,
    state: &'a AccountState,
    judgement: &'a Judgement,
    now: Timestamp,
}

impl Look<'_> {
    fn findings(
        &self,
        dead: &BTreeMap<String, DeadAddress>,
        answered: &BTreeMap<String, Timestamp>,
    ) -> Vec<Finding> {
        let account = self.account;
        let mut found = Vec::new();
        let gone: BTreeSet<String> = dead.keys().cloned().collect();
        let instead = reachable(account, Audience::Owner, &gone);
        let instead = match instead.as_slice() {
            [] => "没有可用邮箱,请电话通知".to_owned(),
            list => format!("信件改发 {}", list.join("、")),
        };
        let mut push = |kind, address: &str, since: Option<Timestamp>, detail: String| {
            found.push(Finding {
                kind,
                account: account.id.to_string(),
                name: account.name.clone(),
                sponsor: account.sponsor.clone(),
                address: address.to_owned(),
                since: since.map(rfc3339),
                detail,
            });
        };
        if listed(&account.email).is_empty() && listed(&account.officer_email).is_empty() {
            let what = format!("联系人和责任人都没有可用的邮箱;{instead}");
            push(Kind::Missing, "", None, what);
        }
        let columns = [
            ("联系人", &account.email),
            ("责任人", &account.officer_email),
            ("主管单位", &account.supervisor_email),
        ];
        for (role, column) in columns {
            for address in listed(column) {
                if let Some(dead) = dead.get(&address.to_lowercase()) {
                    let how = dead.how.chinese();
                    let what = format!("{role}邮箱{how}:{};{instead}", dead.reply);
                    push(Kind::Dead, &address, Some(dead.since), what);
                }
            }
        }
        if let Some((times, since)) = self.unheard(answered) {
            let to = addresses(account, Audience::Owner).join("、");
            let what = format!("已去信 {times} 次,没有更新,也没有回信");
            push(Kind::Silent, &to, Some(since), what);
        }
        found
    }

    /// How often it was told that the account fails, and since when, if nothing came of it.
    fn unheard(&self, answered: &BTreeMap<String, Timestamp>) -> Option<(usize, Timestamp)> {
        if self.judgement.verdict != Some(Outcome::Fail) {
            return None;
        }
        let told = self.state.episodes.iter().flat_map(|episode| &episode.told);
        let told: Vec<Timestamp> =
            told.filter(|told| told.reason == Reason::Overdue).map(|told| told.at).collect();
        let first = told.iter().min().copied()?;
        let own = addresses(self.account, Audience::Owner);
        let heard = own.iter().filter_map(|address| answered.get(&address.to_lowercase()));
        let is_heard = heard.max().is_some_and(|at| *at >= first);
        (told.len() >= SILENT_AFTER && !own.is_empty() && !is_heard).then_some((told.len(), first))
    }

    /// Does mail not do: is there no owner's address that takes letters, or is he silent?
    fn needs_a_call(&self, found: &[Finding], dead: &BTreeMap<String, DeadAddress>) -> bool {
        let own =
            listed(&self.account.email).into_iter().chain(listed(&self.account.officer_email));
        let mut alive = own.filter(|address| !dead.contains_key(&address.to_lowercase()));
        alive.next().is_none() || found.iter().any(|finding| finding.kind == Kind::Silent)
    }

    fn call(&self, found: &[Finding], verdict: Outcome) -> Call {
        let account = self.account;
        let kinds: BTreeSet<Kind> = found.iter().map(|finding| finding.kind).collect();
        let why: Vec<&str> = kinds.into_iter().map(Kind::chinese).collect();
        Call {
            account: account.id.to_string(),
            name: account.name.clone(),
            platform: platform_chinese(&account.platform).to_owned(),
            sponsor: account.sponsor.clone(),
            contact: account.contact.clone(),
            phone: account.phone.clone(),
            officer: account.officer.clone(),
            supervisor: account.supervisor.clone(),
            why: why.join("、"),
            deadline: self.judgement.forecast.map(|outlook| rfc3339(outlook.deadline)),
            verdict,
            say: self.say(verdict),
        }
    }

    /// What to say on the phone: what was seen, by when, what to do; never an accusation of what is not known.
    fn say(&self, verdict: Outcome) -> String {
        let account = self.account;
        let what = format!("“{}”({})", account.name, platform_chinese(&account.platform));
        let seen = self.judgement.last_update.as_ref().map(|seen| &seen.sighting.published);
        let last = seen.map(|at| civil::chinese_day(at.earliest.unwrap_or(at.latest)));
        let last = match last {
            Some(day) => format!("我们见到的最近一次发布是{day}"),
            None => "我们还没有见到它的发布".to_owned(),
        };
        let deadline = self.judgement.forecast.map(|outlook| outlook.deadline);
        let safe = deadline.and_then(|at| last_safe_day(at, self.now));
        let act = match (verdict, safe) {
            (Outcome::Fail, _) => {
                let bad = self.judgement.vetoes().find(|ruling| ruling.outcome == Outcome::Fail);
                let rule = bad.map_or("", |ruling| ruling.rule.chinese());
                format!("疑似不达标({rule}),请核对并尽快处理")
            }
            (Outcome::AtRisk, Some(day)) => format!("请于{}(含)前发布", day.format("%-m月%-d日")),
            (Outcome::AtRisk, None) => "请今天就发布".to_owned(),
            _ => "没有数据不等于没有更新,请核实最近一次发布并告知文章链接".to_owned(),
        };
        format!("{what}:{last};{act}。另请提供可用的联系邮箱。")
    }
}

impl Contacts {
    /// For people.
    pub fn text(&self) -> String {
        let mut table = Table::new([
            Column::text("问题", 10),
            Column::text("账号", 24),
            Column::text("主办单位", 20),
            Column::text("邮箱", 28),
            Column::text("说明", 60),
        ]);
        for one in &self.findings {
            let cells: [&str; 5] =
                [one.kind.chinese(), &one.name, &one.sponsor, &one.address, &one.detail];
            table.row(cells.map(Cell::from));
        }
        let mut text = format!("联系人问题 {} 项\n", self.findings.len());
        if !self.findings.is_empty() {
            text.push_str(&table.render(false));
        }
        let mut table = Table::new([
            Column::text("账号", 24),
            Column::text("主办单位", 20),
            Column::text("联系人", 10),
            Column::text("电话", 16),
            Column::text("原因", 16),
            Column::text("说什么", 80),
        ]);
        for one in &self.phone_list {
            let cells: [&str; 6] =
                [&one.name, &one.sponsor, &one.contact, &one.phone, &one.why, &one.say];
            table.row(cells.map(Cell::from));
        }
        text.push_str(&format!("\n电话催办清单 {} 个账号\n", self.phone_list.len()));
        if !self.phone_list.is_empty() {
            text.push_str(&table.render(false));
            text.push_str("导出:freshd export phone-list --format xlsx -o 电话催办清单.xlsx\n");
        }
        text
    }

    /// The phone list as a table.
    pub fn phone_rows(&self) -> Rows {
        let columns = [
            "id",
            "name",
            "platform",
            "sponsor",
            "contact",
            "phone",
            "officer",
            "supervisor",
            "why",
            "deadline",
            "verdict",
            "say",
        ];
        let mut rows = Rows::new(columns);
        for one in &self.phone_list {
            let texts = [
                &one.account,
                &one.name,
                &one.platform,
                &one.sponsor,
                &one.contact,
                &one.phone,
                &one.officer,
                &one.supervisor,
                &one.why,
            ];
            let mut row: Vec<_> = texts.into_iter().map(|text| json!(text)).collect();
            row.extend([json!(one.deadline), json!(one.verdict), json!(one.say)]);
            rows.push(row);
        }
        rows
    }

    /// What the operators' digest says of it, if anything.
    pub(super) fn matter(&self) -> Option<Matter> {
        let told = self.findings.iter().filter(|finding| finding.kind != Kind::Missing);
        let line = |one: &Finding| {
            let kind = one.kind.chinese();
            format!(
                "{kind}:{}({})、{};{} {}",
                one.name, one.account, one.sponsor, one.address, one.detail
            )
        };
        let lines: Vec<String> = told.map(line).collect();
        let title = format!("联系人问题 {} 项", lines.len());
        let words = "这些邮箱收不到信,或去信后没有更新也没有回应。请更新台账里的邮箱后重新导入,或电话通知(freshd contacts)。";
        (!lines.is_empty()).then(|| Matter::new(title, words, lines, String::new()))
    }
}

#[cfg(test)]
mod tests;
