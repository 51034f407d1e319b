//! Does this article prove that the account published? Opens the page, binds its identity at first use.

use anyhow::anyhow;
use freshd_connectors::article::{Looked, Whose};
use freshd_connectors::{Connector as _, PollContext, Target};
use freshd_core::account::Account;
use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::id::AccountId;
use freshd_core::observation::Observation;
use url::Url;

use super::{DONE, FOUND, Usage, account_named, printed};
use crate::app::App;
use crate::control::Response;
use crate::poll::apply::apply_word;
use crate::poll::write;
use crate::store::{Audit, StoreError};

pub(crate) mod by_mail;
mod identity;

pub(crate) use identity::Identity;
use identity::platform_words;

/// Accounts named in one answer at most.
const NAMED_MAX: usize = 20;

/// Said after every refusal.
const UNCHANGED: &str = "没有采用,账号状态不变";

/// Who wrote the address of an article?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// An operator, at this machine: `[net] allow_private` holds.
    Operator,
    /// Whoever has a letter, a token or a sheet: nothing private but what operators wrote, the addresses of the
    /// configuration and the websites of the ledger.
    Stranger,
}

/// What an article comes to.
pub(crate) enum Opened {
    /// It is this account's.
    Fits(Box<Proven>),
    /// It is no proof, or not of this account; Chinese.
    Refused(String),
    /// The page could not be read: it may be a proof; Chinese.
    Unopened(String),
}

/// A post whose account is known.
pub(crate) struct Proven {
    /// The account, as the ledger has it.
    pub account: Account,
    /// What the page says of its account.
    pub identity: Identity,
    /// What the page shows.
    pub seen: Observation,
}

pub(super) async fn run(
    app: &App,
    url: &str,
    account: Option<&str>,
    who: &str,
) -> anyhow::Result<Response> {
    let named = account.map(|named| account_named(app, named)).transpose()?;
    let refused = |why: String| Ok(printed(FOUND, format!("{}\n", why.trim_end())));
    match open(app, url, named, Writer::Operator).await? {
        Opened::Fits(proven) => match keep(app, &proven, (url, who))? {
            Ok(text) => Ok(printed(DONE, text)),
            Err(refusal) => refused(refusal),
        },
        Opened::Refused(why) | Opened::Unopened(why) => refused(why),
    }
}

/// Opens the page and says whose it is: of the named account, or of the only one that it can be.
pub(crate) async fn open(
    app: &App,
    url: &str,
    named: Option<AccountId>,
    writer: Writer,
) -> anyhow::Result<Opened> {
    let (seen, whose) = match look(app, url, named.as_ref(), writer).await? {
        Ok(seen) => seen,
        Err(refusal) => return Ok(refusal),
    };
    let identity = Identity(whose);
    let found = Found::search(app, &identity)?;
    let id = match (named, found.owners.as_slice(), found.namesakes.as_slice()) {
        (Some(named), ..) => named,
        (None, [one], _) | (None, [], [one]) => one.id.clone(),
        (None, ..) => return Ok(Opened::Refused(found.unclear(&seen, &identity))),
    };
    let held = app.store().account(&id)?.ok_or_else(|| anyhow!("账号 {id} 已不在台账"))?;
    // A site may be several accounts'; an account of a platform is one.
    let taken = found.owners.iter().find(|owner| owner.id != id && !identity.0.ids.is_empty());
    if let Some(owner) = taken {
        return Ok(Opened::Refused(format!(
            "这篇文章属于“{}”({}),已属于 {} {}({}),不是“{}”;{UNCHANGED}",
            identity.0.name,
            identity.0.ids.join("、"),
            owner.id,
            owner.name,
            owner.sponsor,
            held.name
        )));
    }
    if let Err(refusal) = identity.belongs_to(&held) {
        return Ok(Opened::Refused(refusal));
    }
    // A proof speaks of one article, not of the account's state at large.
    let seen = Observation { profile: None, ..seen };
    Ok(Opened::Fits(Box::new(Proven { account: held, identity, seen })))
}

/// Opens the page, of whichever account; the inner error is a refusal.
async fn look(
    app: &App,
    url: &str,
    named: Option<&AccountId>,
    writer: Writer,
) -> anyhow::Result<Result<(Observation, Whose), Opened>> {
    let parts = app.env.parts();
    let connector = parts.means.registry.articles();
    let connector = connector.ok_or_else(|| anyhow!("没有 article 采集器"))?;
    let target = Target::new(url.trim());
    if let Err(problem) = connector.admit(&target) {
        return Err(Usage(format!("{};{}", problem.what, problem.help)).into());
    }
    let now = app.now();
    let http = match writer {
        Writer::Operator => parts.means.http.at(now),
        Writer::Stranger => {
            let mut own: Vec<Url> = connector.own_addresses().cloned().collect();
            own.extend(website(app, url)?);
            parts.means.http.at(now).for_strangers(&own)
        }
    };
    let context = PollContext {
        now,
        budget: parts.means.budget,
        http: &http,
        secrets: parts.means.secrets.as_ref(),
        memo: None,
        fresh: true,
    };
    let looked = tokio::time::timeout(context.budget, connector.look(&target, &context)).await;
    let looked = looked.unwrap_or_else(|_| {
        Err(Fault::new(FaultScope::Account, FaultKind::TimedOut, "打开链接超时"))
    });
    Ok(match looked {
        Ok(Looked { observation, whose: Some(whose) }) if is_dated(&observation) => {
            Ok((observation, whose))
        }
        Ok(Looked { observation, .. }) => Err(Opened::Refused(unusable(&observation))),
        Err(fault) => Err(closed(&fault, url, named)),
    })
}

/// The address, if it is on a website that the ledger has as an account.
fn website(app: &App, url: &str) -> Result<Option<Url>, StoreError> {
    let Ok(url) = Url::parse(url.trim()) else { return Ok(None) };
    let mut known = false;
    app.store().for_each_account(|account| {
        known = identity::is_website_at(&account, &url);
        Ok(!known)
    })?;
    Ok(known.then_some(url))
}

fn is_dated(seen: &Observation) -> bool {
    seen.sightings.first().is_some_and(|sighting| sighting.published.earliest.is_some())
}

/// Why what was seen proves nothing: a notice in the article's place, no date, or one in the future.
fn unusable(seen: &Observation) -> String {
    let fault = seen.faults.first().map(|fault| fault.detail.clone());
    let notice = || seen.evidence.first().map(|held| format!("页面显示“{}”", held.body.trim()));
    let why = fault.or_else(notice).unwrap_or_else(|| "页面上没有发布时间".to_owned());
    format!("这个链接不能作为佐证:{why};{UNCHANGED}")
}

/// Why nothing was seen: a person has to open it, it is no article, or it could not be reached.
fn closed(fault: &Fault, url: &str, named: Option<&AccountId>) -> Opened {
    let why = &fault.detail;
    match fault.kind {
        FaultKind::Challenged | FaultKind::Unauthorized | FaultKind::RateLimited => {
            let id = named.map_or("账号ID".to_owned(), ToString::to_string);
            Opened::Unopened(format!(
                "待人工打开:{why}。\n请在微信或手机浏览器中打开这个链接,看清账号和发布时间后登记:\n  \
                 freshd confirm {id} --published-at \"年-月-日 时:分\" --url \"{url}\" --note \"人工打开文章所见\"\n{UNCHANGED}"
            ))
        }
        FaultKind::Malformed | FaultKind::Refused => {
            Opened::Refused(format!("这个链接不能作为佐证:{why};{UNCHANGED}"))
        }
        _ => Opened::Unopened(format!("打不开这个链接:{why};稍后再试;{UNCHANGED}")),
    }
}

/// Which accounts of the ledger a page may be about.
#[derive(Default)]
struct Found {
    /// To whom its identifiers belong already.
    owners: Vec<Account>,
    /// Of the same name, and not contradicted.
    namesakes: Vec<Account>,
    /// Of the same name, and yet not its own: why.
    strangers: Vec<String>,
}

impl Found {
    fn search(app: &App, identity: &Identity) -> Result<Self, StoreError> {
        let mut found = Self::default();
        app.store().for_each_account(|account| {
            if identity.is_held_by(&account) {
                found.owners.push(account);
            } else if identity.names(&account) {
                match identity.belongs_to(&account) {
                    Ok(()) => found.namesakes.push(account),
                    Err(why) => found.strangers.push(why),
                }
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// No account, or several: which they are.
    fn unclear(&self, seen: &Observation, identity: &Identity) -> String {
        let at = seen.sightings.first().and_then(|s| s.published.earliest);
        let at = at.map(civil::minute_text).unwrap_or_default();
        let whose = match identity.0.platform {
            "" => identity.0.host.clone(),
            _ => identity.0.ids.join("、"),
        };
        let mut text = format!(
            "{}“{}”({whose})的文章,发布于{at};",
            identity.0.platform_chinese(),
            identity.0.name
        );
        let many = if self.owners.is_empty() { &self.namesakes } else { &self.owners };
        if many.is_empty() {
            let end = if self.strangers.is_empty() { ";" } else { ":\n" };
            text.push_str("台账里没有唯一对应的账号,请核对台账,或用 --account ID 指明");
            text.push_str(end);
            for why in self.strangers.iter().take(NAMED_MAX) {
                text.push_str(&format!("  {why}\n"));
            }
        } else {
            text.push_str(
                "台账里有几个账号与它对应,没有唯一对应的账号,请按主办单位用 --account ID 指明:\n",
            );
            for account in many.iter().take(NAMED_MAX) {
                let platform = platform_words(&account.platform);
                let (id, name, sponsor) = (&account.id, &account.name, &account.sponsor);
                text.push_str(&format!("  {id}  {name}  {platform}  主办单位:{sponsor}\n"));
            }
            if many.len() > NAMED_MAX {
                text.push_str(&format!("  ……共 {} 个\n", many.len()));
            }
        }
        text.push_str(UNCHANGED);
        text
    }
}

/// Takes the proof; the inner error is a refusal, for the account may have changed in between.
pub(crate) fn keep(
    app: &App,
    Proven { account: Account { id, .. }, identity, seen }: &Proven,
    (url, who): (&str, &str),
) -> anyhow::Result<Result<String, String>> {
    let now = app.now();
    let terms = app.env.parts().terms.clone();
    let kept = app.store().update(|change| {
        let Some(held) = change.account(id)? else {
            return Ok(Err(format!("账号 {id} 已不在台账")));
        };
        if let Err(refusal) = identity.belongs_to(&held) {
            return Ok(Err(refusal));
        }
        let (bound, new) = identity.bound_to(held);
        let before = change.state(id)?.unwrap_or_default();
        let applied = apply_word(&bound, before, "article:proof", seen, None, &terms, now);
        if !new.is_empty() {
            change.put_account(&bound);
        }
        write(change, &bound, &applied, now)?;
        change.audit(&Audit {
            at: now,
            who: who.to_owned(),
            what: "proof".to_owned(),
            on: id.to_string(),
            detail: url.to_owned(),
        })?;
        Ok::<_, StoreError>(Ok((bound, new, applied.judgement)))
    })?;
    let (bound, new, judgement) = match kept {
        Ok(kept) => kept,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let sighting = &seen.sightings[0];
    let at = sighting.published.earliest.unwrap_or(sighting.published.latest);
    let verdict = judgement.verdict.map_or("不判定", |verdict| verdict.chinese());
    let reprint = if identity.0.reprint { "(转载,按本账号发布的时间计)" } else { "" };
    let mut text = format!(
        "已采用:{}《{}》发布于{}{reprint};{}现在的判定:{verdict}\n",
        bound.name,
        sighting.title,
        civil::minute_text(at),
        bound.id
    );
    if !new.is_empty() {
        text.push_str(&format!("首次使用,已绑定账号标识:{}\n", new.join("、")));
    }
    Ok(Ok(text))
}
