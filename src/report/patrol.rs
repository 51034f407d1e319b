//! How does today's list of accounts to look at read? 人工核查单: as a value, as text, and as a sheet to fill in.

use freshd_core::account::{Account, platform};
use freshd_core::civil;
use freshd_core::patrol::{Case, Load, Task};
use freshd_core::verdict::Judgement;
use serde::Serialize;

use super::words::platform_chinese;
use crate::zone::rfc3339;

mod sheet;

pub use sheet::{COLUMNS, Column, workbook};

/// One account to look at.
#[derive(Clone, Debug, Serialize)]
pub struct PatrolRow {
    /// 1, 2, 3 … within the list.
    pub no: usize,
    /// The account's id.
    pub id: String,
    /// 账号名称.
    pub name: String,
    /// 平台, its key.
    pub platform: String,
    /// What to search for: 微信号, 原始ID, UID, or what the ledger says.
    pub place: String,
    /// Where to look, if there is an address.
    pub link: Option<String>,
    /// 主办单位.
    pub sponsor: String,
    /// Who looks; `None` = whoever comes.
    pub person: Option<String>,
    /// Why, its key.
    pub why: &'static str,
    /// Why, for people.
    pub reason: String,
    /// Until when silence was proven that no longer counts, RFC 3339: the proof is older than 48 h.
    pub lapsed: Option<String>,
    /// The newest post that is known, RFC 3339; what "nothing since" speaks of.
    pub last_update: Option<String>,
    /// Its title.
    pub last_title: String,
    /// When the account no longer passes, RFC 3339.
    pub deadline: Option<String>,
    /// Since when a look is due, RFC 3339; `None` = it was never looked at.
    pub due: Option<String>,
    /// "Nothing since" counts only with a picture: nobody else is there to look.
    pub picture_needed: bool,
}

/// The load, as numbers and as a sentence.
#[derive(Clone, Debug, Serialize)]
pub struct LoadView {
    /// Accounts that only persons can speak of.
    pub unproven: usize,
    /// Of those: 待核实 now.
    pub open: usize,
    /// Of those: a known post speaks for them for now.
    pub passing: usize,
    /// Of those: proven to fail.
    pub failing: usize,
    /// Days of a round.
    pub round_days: i64,
    /// Looks a day.
    pub per_day: usize,
    /// Seconds of one look.
    pub seconds_each: u32,
    /// Hours a day, one decimal.
    pub hours: f64,
    /// In one sentence.
    pub text: String,
}

impl From<Load> for LoadView {
    fn from(load: Load) -> Self {
        Self {
            unproven: load.standing.all(),
            open: load.standing.open,
            passing: load.standing.passing,
            failing: load.standing.failing,
            round_days: load.round_days,
            per_day: load.per_day,
            seconds_each: load.seconds_each,
            hours: (load.hours * 10.0).round() / 10.0,
            text: load.chinese(),
        }
    }
}

/// `patrol list --json` and `GET /api/v1/tasks`.
#[derive(Clone, Debug, Serialize)]
pub struct PatrolView {
    /// The day, `2026-11-22`.
    pub day: String,
    /// The instant that everything speaks of.
    pub as_of: String,
    /// The named people.
    pub people: Vec<String>,
    /// Looks of one person a day.
    pub daily: usize,
    /// How much work it is.
    pub load: LoadView,
    /// What "nothing since" means where no post is known: nothing in so many days.
    pub none_days: i64,
    /// In the order in which to look.
    pub tasks: Vec<PatrolRow>,
    /// Due as well, beyond what people can do today.
    pub beyond: usize,
    /// Accounts that two persons could not find: the operator checks the ledger.
    pub not_found: Vec<PatrolRow>,
}

/// The row of a case; numbered and given to a person by who lists it.
pub fn row(account: &Account, judgement: &Judgement, case: &Case) -> PatrolRow {
    let last = judgement.last_update.as_ref();
    let (place, link) = place(account);
    // Bound by an article and otherwise unknown: from the newest one a reader comes to the account.
    let newest = last.and_then(|seen| seen.sighting.url.clone());
    let link = link.or_else(|| newest.filter(|_| place.is_empty()));
    PatrolRow {
        no: 0,
        id: account.id.to_string(),
        name: account.name.clone(),
        platform: account.platform.clone(),
        place,
        link,
        sponsor: account.sponsor.clone(),
        person: None,
        why: case.why.key(),
        reason: reason(case),
        lapsed: case.lapsed.map(rfc3339),
        last_update: last.map(|seen| rfc3339(seen.sighting.published.latest)),
        last_title: last.map(|seen| seen.sighting.title.clone()).unwrap_or_default(),
        deadline: judgement.forecast.map(|forecast| rfc3339(forecast.deadline)),
        due: (case.due > freshd_core::Timestamp::UNIX_EPOCH).then(|| rfc3339(case.due)),
        picture_needed: false,
    }
}

fn reason(case: &Case) -> String {
    let why = case.why.chinese();
    match case.lapsed {
        Some(until) => {
            format!("{why}(已于{}证实超期,佐证已过48小时)", civil::minute_text(until))
        }
        None => why.to_owned(),
    }
}

impl PatrolRow {
    /// The same, as a task of somebody.
    #[must_use]
    pub fn given(mut self, task: &Task) -> Self {
        self.person.clone_from(&task.person);
        self.picture_needed = task.alone;
        if task.alone {
            self.reason.push_str("(没有别的核查人:请附截图)");
        }
        self
    }
}

/// What to search for on the platform, and where it can be opened.
fn place(account: &Account) -> (String, Option<String>) {
    let is_link = |text: &str| text.starts_with("https://") || text.starts_with("http://");
    let handle = account.handle.trim();
    let aliases = account.aliases.iter().map(String::as_str);
    let mut known = std::iter::once(handle).chain(aliases).filter(|text| !text.is_empty());
    let link = known.clone().find(|text| is_link(text)).map(str::to_owned);
    if account.platform == platform::WEIBO && handle.bytes().all(|b| b.is_ascii_digit()) {
        let link = (!handle.is_empty()).then(|| format!("https://weibo.com/u/{handle}"));
        return (handle.to_owned(), link);
    }
    // A person searches WeChat by 微信号 or name: an AppID, a gh_ or a biz finds nothing there.
    let machine = |text: &str| text.starts_with("wx") && text.len() == 18 || text.ends_with("==");
    let named = known.find(|text| !is_link(text) && !machine(text) && !text.starts_with("gh_"));
    (named.unwrap_or(handle).to_owned(), link)
}

impl PatrolView {
    /// For a terminal.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n", self.load.text);
        let people = if self.people.is_empty() {
            format!("没有写核查人([patrol] people),合计每天最多 {} 个", self.daily)
        } else {
            format!("核查人:{},每人每天最多 {} 个", self.people.join("、"), self.daily)
        };
        out.push_str(&format!("{} 的核查单 {} 个({people})", self.day, self.tasks.len()));
        if self.beyond > 0 {
            out.push_str(&format!(";另有 {} 个排到以后(--all 列出)", self.beyond));
        }
        out.push('\n');
        for row in &self.tasks {
            out.push_str(&line(row));
        }
        if !self.not_found.is_empty() {
            out.push_str("两人都搜不到,请核对台账的账号标识,或确认是否已关停:\n");
            self.not_found.iter().for_each(|row| out.push_str(&line(row)));
        }
        out
    }
}

fn line(row: &PatrolRow) -> String {
    let last = row.last_update.as_deref().map_or("没有已知更新".to_owned(), |at| {
        format!("最近更新 {}", super::words::day_of(at))
    });
    let deadline = row.deadline.as_deref();
    let deadline = deadline.map(|at| format!(",截止 {}", super::words::day_of(at)));
    let person = row.person.as_deref().map(|name| format!("[{name}] ")).unwrap_or_default();
    format!(
        "{:>4}. {person}{}({} {}){} {}{}:{}  {}\n",
        row.no,
        row.name,
        platform_chinese(&row.platform),
        row.link.as_deref().unwrap_or(&row.place),
        row.sponsor,
        last,
        deadline.unwrap_or_default(),
        row.reason,
        row.id
    )
}

/// Days that "nothing since" speaks of where no post is known: the window, and the 48 h within which two words meet.
pub fn none_days(window: chrono::TimeDelta) -> i64 {
    window.num_days() + 2
}

/// Since when "nothing since" speaks where no post is known: the beginning of that day.
pub fn none_since(
    seen: freshd_core::Timestamp,
    window: chrono::TimeDelta,
) -> freshd_core::Timestamp {
    civil::start_of(civil::day(seen - chrono::TimeDelta::days(none_days(window))))
}
