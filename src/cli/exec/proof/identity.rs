//! Whose article is it? What a page says of its account, held against what the ledger says of ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use freshd_core::account::{Account, platform};
use freshd_core::observation::Observation;

/// A biz is the base64 of a number of at least so many digits; shorter ones are words that look like one.
const BIZ_DIGITS_MIN: usize = 8;

/// What the page says of its account.
pub(super) struct Identity {
    /// 账号名称; empty where the page does not say.
    pub(super) name: String,
    /// 账号主体; empty where the page does not say.
    pub(super) holder: String,
    /// Identifiers: biz, gh_.
    pub(super) aliases: Vec<String>,
}

impl Identity {
    pub(super) fn of(seen: &Observation) -> Self {
        let profile = seen.profile.clone().unwrap_or_default();
        Self {
            name: profile.name.unwrap_or_default(),
            holder: profile.holder.unwrap_or_default(),
            aliases: profile.aliases,
        }
    }

    /// Is the article one of a WeChat account?
    pub(super) fn is_wechat(&self) -> bool {
        self.aliases.iter().any(|alias| kind(alias).is_some())
    }

    /// Does the account hold one of the page's identifiers?
    pub(super) fn is_held_by(&self, account: &Account) -> bool {
        identities(account).any(|held| self.aliases.iter().any(|alias| same(held, alias)))
    }

    /// Has the account the name that the page shows?
    pub(super) fn names(&self, account: &Account) -> bool {
        same_words(&self.name, &account.name)
    }

    /// Is it this account's? By an identifier that is known; at first use by name or holder.
    ///
    /// # Errors
    /// Why not, in words.
    pub(super) fn belongs_to(&self, account: &Account) -> Result<(), String> {
        if self.is_wechat() && account.platform != platform::WECHAT {
            return Err(format!(
                "这是微信公众号“{}”的文章,而 {} 是{}账号;没有采用",
                self.name, account.name, account.platform
            ));
        }
        for alias in &self.aliases {
            let held: Vec<&str> =
                identities(account).filter(|it| kind(it) == kind(alias)).collect();
            if !held.is_empty() && !held.iter().any(|it| same(it, alias)) {
                return Err(format!(
                    "这篇文章属于“{}”({alias}),不是{}({});没有采用",
                    self.name,
                    account.name,
                    held.join("、")
                ));
            }
        }
        // A page that speaks of no account at all: whoever names the account vouches for it.
        let silent = self.aliases.is_empty() && self.name.is_empty() && self.holder.is_empty();
        let holder = same_words(&self.holder, &account.sponsor);
        if silent || self.is_held_by(account) || self.names(account) || holder {
            return Ok(());
        }
        let whose = match self.name.as_str() {
            "" => format!("页面没有写账号名称({})", self.aliases.join("、")),
            name => format!("这篇文章属于“{name}”"),
        };
        Err(format!(
            "{whose},与台账中的账号名称“{}”、主办单位“{}”都不一致,第一次使用不能绑定;\
             若账号已更名,请先更新台账,或把文章的原始ID写入台账的账号标识,再提交",
            account.name, account.sponsor
        ))
    }

    /// The account with the page's identifiers among its aliases.
    pub(super) fn bound_to(&self, account: Account) -> Account {
        let mut bound = account;
        for alias in &self.aliases {
            if !identities(&bound).any(|held| same(held, alias)) {
                bound.aliases.push(alias.clone());
            }
        }
        bound
    }
}

/// Everything by which the ledger knows the account: handle, id, aliases, former handles.
fn identities(account: &Account) -> impl Iterator<Item = &str> {
    let id = account.id.as_str().split_once(':').map(|(_, handle)| handle);
    let written = [&account.handle, &account.previous_handle].into_iter();
    let parts = written.flat_map(|text| text.split(' ')).chain(id);
    parts.chain(account.aliases.iter().map(String::as_str)).filter(|part| kind(part).is_some())
}

/// The identifiers that an article carries, of which an account has one of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Original,
    Biz,
}

fn kind(text: &str) -> Option<Kind> {
    if text.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("gh_")) {
        return Some(Kind::Original);
    }
    let number = STANDARD.decode(text).ok()?;
    let is_biz = number.len() >= BIZ_DIGITS_MIN && number.iter().all(u8::is_ascii_digit);
    is_biz.then_some(Kind::Biz)
}

fn same(one: &str, other: &str) -> bool {
    match kind(one) {
        Some(Kind::Original) => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

/// Are these the same words? Space and width do not matter; empty words are nobody's.
fn same_words(one: &str, other: &str) -> bool {
    let folded = crate::ledger::header::folded;
    !folded(one).is_empty() && folded(one) == folded(other)
}

#[cfg(test)]
mod tests;
