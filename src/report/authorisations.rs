//! Who has authorised us as a third-party platform, who has not, and who lost it? 授权进度: counts, lists, and as text.

use std::collections::BTreeMap;

use serde::Serialize;

/// How an account of the ledger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 已授权, with the permission sets that are needed.
    Authorised,
    /// It was, and is of no use any more: withdrawn, gone from WeChat's list, sets missing.
    Lost,
    /// Not yet.
    NotYet,
    /// Read with an AppSecret of its own.
    OwnKey,
}

impl Standing {
    /// For people.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Authorised => "已授权",
            Self::Lost => "已失去授权",
            Self::NotYet => "未授权",
            Self::OwnKey => "自备密钥",
        }
    }
}

/// How many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// 公众号 in operation.
    pub all: usize,
    /// [`Standing::Authorised`].
    pub authorised: usize,
    /// [`Standing::Lost`].
    pub lost: usize,
    /// [`Standing::NotYet`].
    pub not_yet: usize,
    /// [`Standing::OwnKey`].
    pub own_key: usize,
}

impl Progress {
    fn count(&mut self, standing: Standing) {
        self.all += 1;
        match standing {
            Standing::Authorised => self.authorised += 1,
            Standing::Lost => self.lost += 1,
            Standing::NotYet => self.not_yet += 1,
            Standing::OwnKey => self.own_key += 1,
        }
    }

    /// `35.3%`; empty of none.
    pub fn share(&self) -> String {
        if self.all == 0 {
            return String::new();
        }
        format!("{:.1}%", self.authorised as f64 * 100.0 / self.all as f64)
    }

    /// `812 / 2,300(35.3%)`.
    pub fn chinese(&self) -> String {
        let of = format!("{} / {}", grouped(self.authorised), grouped(self.all));
        if self.all == 0 { of } else { format!("{of}({})", self.share()) }
    }
}

/// `2,300`.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One account of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// 账号名称.
    pub name: String,
    /// 通报对象.
    pub reporting_unit: String,
    /// 主办单位.
    pub sponsor: String,
    /// Its AppID, if the ledger names it.
    pub appid: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// Why it is no more, or what hinders; Chinese, may be empty.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// The address for its owner, as in the QR code; `None` without `[web] public_url`.
    pub link: Option<String>,
}

/// An account that is authorised and that no account of the ledger reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unlisted {
    /// Its AppID.
    pub appid: String,
    /// `nick_name`, once it was read.
    pub name: Option<String>,
    /// 原始ID `gh_…`.
    pub handle: Option<String>,
    /// Accounts of the ledger that it seems to be: `id name`.
    pub fits: Vec<String>,
    /// What to do about it, Chinese.
    pub how: String,
}

/// One 通报对象.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// How many.
    #[serde(flatten)]
    pub progress: Progress,
    /// `35.3%`.
    pub share: String,
}

/// `authorise list --json` and `GET /api/v1/authorisations`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AuthorisationsView {
    /// The instant that everything speaks of.
    pub as_of: String,
    /// Why nobody can authorise now; Chinese.
    pub hindrances: Vec<String>,
    /// All that is asked about.
    pub totals: Progress,
    /// `812 / 2,300(35.3%)`.
    pub text: String,
    /// By 通报对象, in the order of names.
    pub units: Vec<Unit>,
    /// Every 公众号 in operation, by unit and name.
    pub accounts: Vec<Row>,
    /// Authorised, and not in the ledger.
    pub unlisted: Vec<Unlisted>,
}

impl AuthorisationsView {
    /// Takes the rows in, counts and sorts them.
    pub fn of(as_of: String, mut accounts: Vec<Row>, unlisted: Vec<Unlisted>) -> Self {
        let key = |row: &Row| (row.reporting_unit.clone(), row.name.clone(), row.id.clone());
        accounts.sort_by_cached_key(key);
        let (mut totals, mut units) = (Progress::default(), BTreeMap::<_, Progress>::new());
        for row in &accounts {
            totals.count(row.standing);
            units.entry(row.reporting_unit.clone()).or_default().count(row.standing);
        }
        let unit =
            |(name, progress): (String, Progress)| Unit { name, share: progress.share(), progress };
        Self {
            as_of,
            hindrances: Vec::new(),
            totals,
            text: totals.chinese(),
            units: units.into_iter().map(unit).collect(),
            accounts,
            unlisted,
        }
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut out = format!("微信公众号:已授权 {}\n", self.text);
        self.hindrances.iter().for_each(|each| out.push_str(&format!("注意:{each}\n")));
        for unit in &self.units {
            let Progress { lost, not_yet, own_key, .. } = unit.progress;
            out.push_str(&format!("  {}:{}", unit.name, unit.progress.chinese()));
            for (count, word) in [(not_yet, "未授权"), (lost, "失去"), (own_key, "自备密钥")]
            {
                if count > 0 {
                    out.push_str(&format!(",{word} {count}"));
                }
            }
            out.push('\n');
        }
        for standing in [Standing::Lost, Standing::NotYet, Standing::Authorised, Standing::OwnKey] {
            let mut rows = self.accounts.iter().filter(|row| row.standing == standing).peekable();
            if rows.peek().is_some() {
                out.push_str(&format!("{}:\n", standing.chinese()));
            }
            rows.for_each(|row| out.push_str(&line(row)));
        }
        if !self.unlisted.is_empty() {
            out.push_str("已授权,但台账里没有:\n");
        }
        for each in &self.unlisted {
            let name = each.name.as_deref().unwrap_or("(名称尚未读到)");
            let handle = each.handle.as_deref().unwrap_or_default();
            out.push_str(&format!("  {name} {} {handle}:{}\n", each.appid, each.how));
        }
        out
    }
}

fn line(row: &Row) -> String {
    let since = row.since.as_deref().map(super::words::minute_of);
    let facts = [Some(row.reason.clone()).filter(|reason| !reason.is_empty()), since];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let facts = if facts.is_empty() { String::new() } else { format!(":{}", facts.join(",")) };
    format!("  {}({}){facts}  {}\n", row.name, row.sponsor, row.id)
}

#[cfg(test)]
mod tests;
