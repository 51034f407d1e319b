//! Does this article prove that the account published? Opens the page, binds its identity at first use.

use anyhow::anyhow;
use freshd_connectors::Target;
use freshd_core::account::{Account, Source};
use freshd_core::civil;
use freshd_core::id::AccountId;
use freshd_core::observation::Observation;

use super::{DONE, FOUND, Usage, account_named, printed};
use crate::app::App;
use crate::control::Response;
use crate::poll::apply::apply_word;
use crate::poll::run::{Errand, ask};
use crate::poll::write;
use crate::store::{Audit, StoreError};

pub(super) async fn run(
    app: &App,
    url: &str,
    account: Option<&str>,
    who: &str,
) -> anyhow::Result<Response> {
    let observation = match look(app, url).await? {
        Ok(observation) => observation,
        Err(why) => return Ok(printed(FOUND, format!("{why}\n"))),
    };
    let identity = identity(&observation);
    let id = match account {
        Some(named) => account_named(app, named)?,
        None => match by_identity(app, &identity)? {
            Some(id) => id,
            None => return Ok(printed(FOUND, unknown(&observation, &identity))),
        },
    };
    let held = app.store().account(&id)?.ok_or_else(|| anyhow!("账号 {id} 已不在台账"))?;
    if let Err(refusal) = belongs(&held, &observation, &identity) {
        return Ok(printed(FOUND, refusal));
    }
    let bound = bind(&held, &identity);
    let text = keep(app, &bound, &observation, url, who)?;
    Ok(printed(DONE, text))
}

/// Opens the page; the inner error is a refusal in words.
async fn look(app: &App, url: &str) -> anyhow::Result<Result<Observation, String>> {
    let parts = app.env.parts();
    let connector =
        parts.means.registry.find("article").ok_or_else(|| anyhow!("没有 article 采集器"))?;
    if let Err(problem) = connector.admit(&Target::new(url)) {
        return Err(Usage(format!("{};{}", problem.what, problem.help)).into());
    }
    let source = Source::new("article", url);
    let errand = Errand { source, memo: None, fresh: true };
    let outcome = ask(&parts.means, errand, app.now(), false).await;
    Ok(match outcome.result {
        Ok(seen) if !seen.sightings.is_empty() => Ok(seen),
        Ok(seen) => {
            let why = seen
                .faults
                .first()
                .map_or("页面上没有发布时间", |fault| fault.detail.as_str());
            Err(format!("这个链接不能作为佐证:{why}"))
        }
        Err(fault) if fault.kind == freshd_core::fault::FaultKind::Challenged => Err(format!(
            "平台要求人工验证,请在微信或浏览器中打开后用 freshd confirm 登记:{}",
            fault.detail
        )),
        Err(fault) => Err(format!("打不开这个链接:{}", fault.detail)),
    })
}

/// What the page says of its account: name, then identifiers (biz, gh_).
struct Identity {
    name: String,
    aliases: Vec<String>,
}

fn identity(observation: &Observation) -> Identity {
    let profile = observation.profile.clone().unwrap_or_default();
    Identity { name: profile.name.unwrap_or_default(), aliases: profile.aliases }
}

fn by_identity(app: &App, identity: &Identity) -> Result<Option<AccountId>, StoreError> {
    for alias in &identity.aliases {
        if let [one] = app.store().find(alias)?.as_slice() {
            return Ok(Some(one.clone()));
        }
    }
    let mut named = Vec::new();
    app.store().for_each_account(|account| {
        if !identity.name.is_empty() && account.name == identity.name {
            named.push(account.id);
        }
        Ok(true)
    })?;
    Ok(if named.len() == 1 { named.pop() } else { None })
}

fn unknown(observation: &Observation, identity: &Identity) -> String {
    let at = observation.sightings.first().and_then(|s| s.published.earliest);
    let at = at.map(civil::minute_text).unwrap_or_default();
    format!(
        "文章属于“{}”({}),发布于{at};台账里没有唯一对应的账号,请用 --account ID 指明\n",
        identity.name,
        identity.aliases.join("、")
    )
}

/// Another account's article is refused: by a bound identity, else by the name.
fn belongs(account: &Account, seen: &Observation, identity: &Identity) -> Result<(), String> {
    let kind_of = |alias: &str| alias.starts_with("gh_");
    for alias in &identity.aliases {
        let bound: Vec<&String> = account
            .aliases
            .iter()
            .filter(|held| is_article_identity(held) && kind_of(held) == kind_of(alias))
            .collect();
        if !bound.is_empty() && !bound.contains(&alias) {
            return Err(format!(
                "这篇文章属于“{}”({alias}),不是{}({});没有采用\n",
                identity.name,
                account.name,
                bound.iter().map(|b| b.as_str()).collect::<Vec<_>>().join("、")
            ));
        }
        if bound.contains(&alias) {
            return Ok(());
        }
    }
    let same = identity.name.is_empty() || identity.name.trim() == account.name.trim();
    if same || seen.profile.is_none() {
        return Ok(());
    }
    Err(format!(
        "这篇文章属于“{}”,与台账中的账号名称“{}”不一致;若账号已更名,请先更新台账再提交\n",
        identity.name, account.name
    ))
}

/// `gh_…` and `biz` (base64 of a number) identify who published an article.
fn is_article_identity(alias: &str) -> bool {
    alias.starts_with("gh_") || (alias.starts_with('M') && alias.ends_with("=="))
}

fn bind(account: &Account, identity: &Identity) -> Account {
    let mut bound = account.clone();
    for alias in &identity.aliases {
        if !bound.aliases.contains(alias) && bound.id.as_str() != alias {
            bound.aliases.push(alias.clone());
        }
    }
    bound
}

fn keep(
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
        // A proof speaks of one article, not of the account's state at large.
        let article = Observation { profile: None, ..seen.clone() };
        let applied = apply_word(bound, before, "article:proof", &article, None, &terms, now);
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
