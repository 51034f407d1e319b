//! Whose is a row? By identifier first, else by name and platform together; never by a guess.

use std::collections::{BTreeMap, BTreeSet};

use freshd_core::account::Account;
use freshd_core::id::AccountId;

use super::Row;
use crate::config::problem::Problem;
use crate::config::suggest::nearest;
use crate::ledger::existing::identifiers_of;
use crate::ledger::handle;
use crate::ledger::header::half_width;

/// Candidates that a message lists.
const SHOWN_MAX: usize = 8;
/// Names that are compared with the ledger's for slips; of more, any account may be meant.
const NEAR_NAMES_MAX: usize = 1000;

/// What a message says of a known account.
#[derive(Clone, Debug)]
struct Known {
    id: AccountId,
    name: String,
    platform: String,
    sponsor: String,
}

/// The accounts of the ledger, for rows to be found among.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    known: Vec<Known>,
    ids: BTreeMap<String, usize>,
    identifiers: BTreeMap<String, BTreeSet<usize>>,
    names: BTreeMap<String, BTreeSet<usize>>,
    platforms: BTreeSet<String>,
}

impl FromIterator<Account> for Directory {
    fn from_iter<T: IntoIterator<Item = Account>>(accounts: T) -> Self {
        let mut directory = Self::default();
        for account in accounts {
            let at = directory.known.len();
            for identifier in identifiers_of(&account) {
                directory.identifiers.entry(identifier.to_owned()).or_default().insert(at);
            }
            directory.names.entry(same(&account.name)).or_default().insert(at);
            directory.ids.insert(account.id.to_string(), at);
            directory.platforms.insert(account.platform.clone());
            let Account { id, name, platform, sponsor, .. } = account;
            directory.known.push(Known { id, name, platform, sponsor });
        }
        directory
    }
}

/// Why a row is nobody's, and whose it may yet be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is told.
    pub problem: Problem,
    /// The accounts that it may be of; `None` = any.
    pub maybe: Option<Vec<AccountId>>,
    /// Does the ledger not have it at all?
    pub is_unknown: bool,
}

/// Finds the accounts of rows; a name that is not known is compared with the ledger's only once.
pub struct Finder<'a> {
    directory: &'a Directory,
    near: BTreeMap<(String, String), Vec<usize>>,
}

impl Directory {
    /// A finder over these accounts.
    pub fn finder(&self) -> Finder<'_> {
        Finder { directory: self, near: BTreeMap::new() }
    }

    /// The account's name.
    pub fn name(&self, id: &AccountId) -> &str {
        self.ids.get(id.as_str()).map_or("", |at| &self.known[*at].name)
    }

    /// Is this the name of an account?
    pub fn has_name(&self, text: &str) -> bool {
        !text.is_empty() && self.names.contains_key(&same(text))
    }

    fn shown(&self, at: usize) -> String {
        let known = &self.known[at];
        let platform = handle::platform_title(&known.platform);
        format!("{}({},{platform},{})", known.id, known.name, known.sponsor)
    }

    fn choice(&self, found: &[usize]) -> String {
        let mut shown: Vec<String> =
            found.iter().take(SHOWN_MAX).map(|at| self.shown(*at)).collect();
        if found.len() > SHOWN_MAX {
            shown.push(format!("等 {} 个", found.len()));
        }
        shown.join("、")
    }

    fn ids_of(&self, found: &[usize]) -> Vec<AccountId> {
        found.iter().map(|at| self.known[*at].id.clone()).collect()
    }

    /// By id, handle, alias or previous handle, in any of their spellings.
    fn by_identifier(&self, platform: &str, text: &str) -> Vec<usize> {
        if let Some(at) = self.ids.get(text) {
            return vec![*at];
        }
        let mut found = BTreeSet::new();
        let mut seek = |text: &str| {
            found.extend(self.ids.get(text));
            found.extend(self.identifiers.get(text).into_iter().flatten());
        };
        seek(text);
        for token in handle::split(platform, text) {
            seek(&token);
            if let Ok(identifier) = handle::classify(platform, &token) {
                seek(&identifier.text);
            }
        }
        let on = |at: &usize| platform.is_empty() || self.known[*at].platform == platform;
        let here: Vec<usize> = found.iter().copied().filter(on).collect();
        // On another platform only: told, not passed over.
        if here.is_empty() { found.into_iter().collect() } else { here }
    }

    fn by_name(&self, platform: &str, name: &str) -> Vec<usize> {
        let found = self.names.get(&same(name)).into_iter().flatten().copied();
        found.filter(|at| platform.is_empty() || self.known[*at].platform == platform).collect()
    }
}

impl Finder<'_> {
    /// The account of a row, with what is worth knowing about how it was found.
    ///
    /// # Errors
    /// It is nobody's, or more than one's.
    pub fn whose(&mut self, row: &Row) -> Result<(AccountId, Option<Problem>), Refused> {
        match (row.handle.is_empty(), row.name.is_empty()) {
            (false, _) => self.by_identifier(row),
            (true, false) => self.by_name(row).map(|id| (id, None)),
            (true, true) => {
                let problem = row.whose_problem("没有写是哪个账号", "补上账号名称或账号标识");
                Err(Refused { problem, maybe: None, is_unknown: false })
            }
        }
    }

    fn by_identifier(&mut self, row: &Row) -> Result<(AccountId, Option<Problem>), Refused> {
        let directory = self.directory;
        let found = directory.by_identifier(&row.platform, &row.handle);
        let [one] = found.as_slice() else {
            if found.is_empty() {
                return Err(self.unknown_identifier(row));
            }
            let what = format!("对应 {} 个账号:{}", found.len(), directory.choice(&found));
            let help = "把要的那个的 id(最前面一段)填入账号标识列";
            return Err(self.refused(row.whose_problem(what, help), &found));
        };
        let known = &directory.known[*one];
        if !row.platform.is_empty() && row.platform != known.platform {
            let what = format!("在台账里是另一个平台的:{}", directory.shown(*one));
            let mut touched = directory.by_name(&row.platform, &row.name);
            touched.push(*one);
            let problem = row.whose_problem(what, "核对平台和账号标识,改正其中一个");
            return Err(self.refused(problem, &touched));
        }
        if row.name.is_empty() || same(&row.name) == same(&known.name) {
            return Ok((known.id.clone(), None));
        }
        let mut named = directory.by_name(&known.platform, &row.name);
        if named.is_empty() {
            let what = format!("名称“{}”与台账不同,按标识认作 {}", row.name, directory.shown(*one));
            return Ok((known.id.clone(), Some(row.whose_problem(what, ""))));
        }
        let what = format!(
            "标识是 {} 的,名称“{}”却是 {} 的",
            directory.shown(*one),
            row.name,
            directory.choice(&named)
        );
        named.push(*one);
        Err(self.refused(row.whose_problem(what, "核对后改正其中一个,或留空其中一个"), &named))
    }

    fn unknown_identifier(&mut self, row: &Row) -> Refused {
        let namesakes = self.directory.by_name(&row.platform, &row.name);
        if namesakes.is_empty() {
            return self.unknown(row, "台账里没有这个账号标识");
        }
        let what = format!("台账里没有这个账号标识;同名的是 {}", self.directory.choice(&namesakes));
        let help = "若是同一个账号,把它的 id 填入账号标识列;若不是,删去这一行或先导入台账";
        self.refused(row.whose_problem(what, help), &namesakes)
    }

    fn by_name(&mut self, row: &Row) -> Result<AccountId, Refused> {
        let directory = self.directory;
        let found = directory.by_name(&row.platform, &row.name);
        if found.is_empty() {
            return Err(self.unknown(row, "台账里没有这个账号"));
        }
        if row.platform.is_empty() {
            let what = format!("没有写平台;同名的是 {}", directory.choice(&found));
            let help = "写上平台,或把要的那个的 id 填入账号标识列";
            return Err(self.refused(row.whose_problem(what, help), &found));
        }
        let sponsored = |at: &&usize| {
            row.sponsor.is_empty() || same(&row.sponsor) == same(&directory.known[**at].sponsor)
        };
        let fitting: Vec<usize> = found.iter().filter(sponsored).copied().collect();
        match fitting.as_slice() {
            [one] => Ok(directory.known[*one].id.clone()),
            [] => {
                let what = format!("与台账里的主办单位不同:{}", directory.choice(&found));
                let help = "若是同一个账号,把它的 id 填入账号标识列,或改正主办单位";
                Err(self.refused(row.sponsor_problem(what, help), &found))
            }
            many => {
                let what = format!("有 {} 个同名账号:{}", many.len(), directory.choice(many));
                let help = "把要的那个的 id(最前面一段)填入账号标识列";
                Err(self.refused(row.whose_problem(what, help), many))
            }
        }
    }

    /// Not in the ledger. It may be a slip for a name that is much like it.
    fn unknown(&mut self, row: &Row, what: &str) -> Refused {
        if row.name.is_empty() {
            // An identifier that was mistyped may be anybody's.
            let problem = row.whose_problem(what, "核对账号标识,或先把账号导入台账");
            return Refused { problem, maybe: None, is_unknown: true };
        }
        let key = (row.platform.clone(), row.name.clone());
        let near = match self.near.get(&key) {
            Some(near) => Some(near.clone()),
            None if self.near.len() >= NEAR_NAMES_MAX => None,
            None => {
                let near = self.names_like(row);
                self.near.insert(key, near.clone());
                Some(near)
            }
        };
        let help = match near.as_deref() {
            None | Some([]) => "删去这一行,或先把账号导入台账".to_owned(),
            Some(near) => format!("是不是 {}?", self.directory.choice(near)),
        };
        let problem = row.whose_problem(what, help);
        let maybe = near.map(|near| self.directory.ids_of(&near));
        Refused { problem, maybe, is_unknown: true }
    }

    fn names_like(&self, row: &Row) -> Vec<usize> {
        if !self.directory.platforms.contains(&row.platform) {
            // The platform may be called otherwise in the ledger.
            let namesakes = self.directory.by_name("", &row.name);
            if !namesakes.is_empty() {
                return namesakes;
            }
        }
        let length = row.name.chars().count();
        let like = |known: &Known| {
            (row.platform.is_empty() || known.platform == row.platform)
                && known.name.chars().count().abs_diff(length) <= 3
                && nearest(&row.name, std::iter::once(known.name.as_str())).is_some()
        };
        let all = self.directory.known.iter().enumerate();
        all.filter(|(_, known)| like(known)).map(|(at, _)| at).collect()
    }

    fn refused(&self, problem: Problem, maybe: &[usize]) -> Refused {
        Refused { problem, maybe: Some(self.directory.ids_of(maybe)), is_unknown: false }
    }
}

/// What is compared: without space, full-width forms as their twins.
fn same(name: &str) -> String {
    half_width(name).chars().filter(|c| !c.is_whitespace()).collect()
}
