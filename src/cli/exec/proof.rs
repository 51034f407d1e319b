//! Does this article prove that the account published? Opens the page, binds its identity at first use.

use anyhow::anyhow;
use freshd_connectors::Target;
use freshd_core::account::{Account, Source};
use freshd_core::civil;
use freshd_core::fault::FaultKind;
use freshd_core::observation::Observation;

use super::{DONE, FOUND, Usage, account_named, printed};
use crate::app::App;
use crate::control::Response;
use crate::poll::apply::apply_word;
use crate::poll::run::{Errand, ask};
use crate::poll::write;
use crate::store::{Audit, StoreError};

mod identity;

use identity::Identity;

/// What an article comes to.
pub(crate) enum Opened {
    /// It is this account's, which now holds the page's identifiers, too.
    Fits {
        /// The account.
        account: Box<Account>,
        /// What the page says.
        seen: Box<Observation>,
    },
    /// It is no proof, or not of this account; Chinese.
    Refused(String),
    /// The page could not be read: it may be a proof; Chinese.
    Unopened(String),
}

pub(super) async fn run(
    app: &App,
    url: &str,
    account: Option<&str>,
    who: &str,
) -> anyhow::Result<Response> {
    Ok(match open(app, url, account).await? {
        Opened::Fits { account, seen } => printed(DONE, keep(app, &account, &seen, url, who)?),
        Opened::Refused(why) | Opened::Unopened(why) => {
            printed(FOUND, format!("{}\n", why.trim_end()))
        }
    })
}

/// Opens the page and says whose it is: of the named account, or of the only one that it can be.
pub(crate) async fn open(app: &App, url: &str, account: Option<&str>) -> anyhow::Result<Opened> {
    let observation = match look(app, url).await? {
        Ok(seen) => seen,
        Err(refusal) => return Ok(refusal),
    };
    let identity = Identity::of(&observation);
    let (owners, namesakes) = candidates(app, &identity)?;
    let id = match account {
        Some(named) => account_named(app, named)?,
        None => match (owners.as_slice(), namesakes.as_slice()) {
            ([one], _) | ([], [one]) => one.id.clone(),
            _ => return Ok(Opened::Refused(unknown(&observation, &identity))),
        },
    };
    if let Some(owner) = owners.iter().find(|owner| owner.id != id) {
        return Ok(Opened::Refused(format!(
            "这篇文章的账号身份({})已属于 {} {}({});没有采用",
            identity.aliases.join("、"),
            owner.id,
            owner.name,
            owner.sponsor
        )));
    }
    let held = app.store().account(&id)?.ok_or_else(|| anyhow!("账号 {id} 已不在台账"))?;
    if let Err(refusal) = identity.belongs_to(&held) {
        return Ok(Opened::Refused(refusal));
    }
    let account = Box::new(identity.bound_to(held));
    // A proof speaks of one article, not of the account's state at large.
    let seen = Box::new(Observation { profile: None, ..*observation });
    Ok(Opened::Fits { account, seen })
}

/// Opens the page, of whichever account; the inner error is a refusal.
async fn look(app: &App, url: &str) -> anyhow::Result<Result<Box<Observation>, Opened>> {
    let parts = app.env.parts();
    let connector =
        parts.means.registry.find("article").ok_or_else(|| anyhow!("没有 article 采集器"))?;
    if let Err(problem) = connector.admit(&Target::new(url)) {
        return Err(Usage(format!("{};{}", problem.what, problem.help)).into());
    }
    let source = Source::new("article", url);
    let errand = Errand { source, memo: None, fresh: true };
    let outcome = ask(&parts.means, errand, app.now(), false).await;
    Ok(Err(match outcome.result {
        Ok(seen) if !seen.sightings.is_empty() => return Ok(Ok(Box::new(seen))),
        Ok(seen) => {
            let why = seen
                .faults
                .first()
                .map_or("页面上没有发布时间", |fault| fault.detail.as_str());
            Opened::Refused(format!("这个链接不能作为佐证:{why}"))
        }
        Err(fault) if fault.kind == FaultKind::Challenged => Opened::Unopened(format!(
            "平台要求人工验证,请在微信或浏览器中打开后用 freshd confirm 登记:{}",
            fault.detail
        )),
        Err(fault) if fault.kind == FaultKind::Gone => {
            Opened::Refused(format!("打不开这个链接:{}", fault.detail))
        }
        Err(fault) => Opened::Unopened(format!("打不开这个链接:{}", fault.detail)),
    }))
}

/// The accounts to which the page's identifiers belong already; without any, those of the same name.
fn candidates(app: &App, identity: &Identity) -> Result<(Vec<Account>, Vec<Account>), StoreError> {
    let (mut owners, mut namesakes) = (Vec::new(), Vec::new());
    app.store().for_each_account(|account| {
        if identity.is_held_by(&account) {
            owners.push(account);
        } else if identity.names(&account) && identity.belongs_to(&account).is_ok() {
            namesakes.push(account);
        }
        Ok(true)
    })?;
    Ok((owners, namesakes))
}

fn unknown(observation: &Observation, identity: &Identity) -> String {
    let at = observation.sightings.first().and_then(|s| s.published.earliest);
    let at = at.map(civil::minute_text).unwrap_or_default();
    format!(
        "文章属于“{}”({}),发布于{at};台账里没有唯一对应的账号,请用 --account ID 指明",
        identity.name,
        identity.aliases.join("、")
    )
}

/// Keeps the article as a proof of the account; says so in words.
pub(crate) fn keep(
    app: &App,
    bound: &Account,
    seen: &Observation,
    url: &str,
    who: &str,
) -> anyhow::Result<String> {
    let now = app.now();
    let terms = app.env.parts().terms.clone();
    let judgement = app.store().update(|change| {
        let before = change.state(&bound.id)?.unwrap_or_default();
        let applied = apply_word(bound, before, "article:proof", seen, None, &terms, now);
        change.put_account(bound);
        write(change, bound, &applied, now)?;
        change.audit(&Audit {
            at: now,
            who: who.to_owned(),
            what: "proof".to_owned(),
            on: bound.id.to_string(),
            detail: url.to_owned(),
        })?;
        Ok::<_, StoreError>(applied.judgement)
    })?;
    let sighting = &seen.sightings[0];
    let at = sighting.published.earliest.unwrap_or(sighting.published.latest);
    let verdict = judgement.verdict.map_or("不判定", |verdict| verdict.chinese());
    Ok(format!(
        "已采用:{}《{}》发布于{};{}现在的判定:{verdict}\n",
        bound.name,
        sighting.title,
        civil::minute_text(at),
        bound.id
    ))
}
