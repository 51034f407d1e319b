//! How is an owner received who opens a signed link, and who comes back from WeChat's page of authorisation?

use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use freshd_connectors::wechat::authorise::{Authorisation, Hold, Welcome, authorisations};
use freshd_connectors::wechat::component::ComponentSettings;
use freshd_core::account::Account;
use freshd_core::civil;
use freshd_core::id::AccountId;
use tokio::sync::Notify;
use url::Url;

use super::App;
use super::authorise::{PURPOSE, appid_of, path_of};
use super::callback::Pushes;
use crate::report::authorisations::AuthorisationsView;
use crate::web::authorise::{Arrived, Invited, Page, Refusal};
use crate::zone::rfc3339;

/// Answers owners, and those who ask how far it has come.
pub struct Reception {
    app: App,
    wake: Arc<Notify>,
}

impl Reception {
    /// Over an app; `wake` ends the sleep of the poll loop.
    pub fn new(app: App, wake: Arc<Notify>) -> Self {
        Self { app, wake }
    }

    /// The account of a link that is good.
    fn admitted(&self, id: &str, token: &str) -> anyhow::Result<Result<Account, Refusal>> {
        let Some((until, seal)) = token.split_once('-') else { return Ok(Err(Refusal::Forged)) };
        if !self.app.sealer()?.holds(PURPOSE, &[id, until], seal) {
            return Ok(Err(Refusal::Forged));
        }
        let ends = NaiveDate::parse_from_str(until, "%Y%m%d");
        if ends.is_ok_and(|ends| ends < civil::day(self.app.now())) {
            return Ok(Err(Refusal::Expired));
        }
        Ok(self.app.store().account(&AccountId::new(id))?.ok_or(Refusal::Unknown))
    }

    fn hold_of(&self, settings: &ComponentSettings, appid: &str) -> anyhow::Result<Option<Hold>> {
        let all = authorisations(&self.app.keep, settings)?;
        Ok(all.into_iter().find(|held| held.appid == appid).map(|held| held.hold))
    }

    async fn invited(&self, id: &str, token: &str, again: bool) -> anyhow::Result<Invited> {
        let account = match self.admitted(id, token)? {
            Ok(account) => account,
            Err(refusal) => return Ok(Invited::Refused(refusal)),
        };
        let config = self.app.config();
        let settings = &config.connectors.settings.wechat_component;
        let (Some(settings), Some(public)) = (settings, &config.web.public_url) else {
            return Ok(Invited::Refused(Refusal::NotSet));
        };
        let appid = appid_of(&account);
        let held = match &appid {
            Some(appid) => self.hold_of(settings, appid)?,
            None => None,
        };
        let (name, sponsor) = (account.name.clone(), account.sponsor.clone());
        if held == Some(Hold::Stands) && !again {
            return Ok(Invited::Already(Page { name, sponsor, appid }));
        }
        let back = format!("{}{}/done", public.as_str().trim_end_matches('/'), path_of(id, token));
        let back: Url = back.parse()?;
        let named = appid.as_deref();
        let asked =
            self.app.at_desk(settings, async |desk| desk.invite(id, named, &back).await).await;
        Ok(match asked {
            Ok(links) => Invited::Links {
                page: Page { name, sponsor, appid },
                computer: links.computer.into(),
                phone: links.phone.into(),
                until: rfc3339(links.ends),
            },
            Err(fault) => {
                tracing::warn!(account = id, why = fault.detail, "no pre_auth_code");
                Invited::Refused(Refusal::Later)
            }
        })
    }

    async fn arrived(&self, id: &str, token: &str, code: &str) -> anyhow::Result<Arrived> {
        let account = match self.admitted(id, token)? {
            Ok(account) => account,
            Err(refusal) => return Ok(Arrived::Refused(refusal)),
        };
        let config = self.app.config();
        let Some(settings) = &config.connectors.settings.wechat_component else {
            return Ok(Arrived::Refused(Refusal::NotSet));
        };
        let asked = self.app.at_desk(settings, async |desk| {
            let told = desk.welcome(code).await;
            if matches!(told, Ok(Welcome::Authorised(_))) {
                desk.used(id).await;
            }
            told
        });
        let held = match asked.await {
            Ok(Welcome::Authorised(held)) => held,
            Ok(Welcome::Spent) => return Ok(Arrived::Refused(Refusal::Spent)),
            Err(fault) => {
                tracing::warn!(account = id, why = fault.detail, "auth_code not redeemed");
                return Ok(Arrived::Refused(Refusal::Later));
            }
        };
        tracing::info!(appid = held.appid, account = id, "authorised by a link");
        Pushes::new(self.app.clone(), Arc::clone(&self.wake)).authorised(&held.appid);
        self.app.store().barrier().await?;
        let lacks = match &held.hold {
            Hold::Lacks(names) => names.iter().map(|name| (*name).to_owned()).collect(),
            _ => Vec::new(),
        };
        let other = is_other(&account, &held);
        let page = Page { name: account.name, sponsor: account.sponsor, appid: None };
        let known = self.app.store().find(&format!("wechat:{}", held.appid))?;
        Ok(Arrived::Authorised {
            page,
            name: held.name.clone().unwrap_or_else(|| held.appid.clone()),
            other,
            listed: !known.is_empty() || !self.app.store().find(&held.appid)?.is_empty(),
            lacks,
        })
    }
}

/// Is what was authorised certainly another account than the link was for?
fn is_other(account: &Account, held: &Authorisation) -> bool {
    if let Some(appid) = appid_of(account) {
        return appid != held.appid;
    }
    let known = || account.aliases.iter().map(String::as_str).chain(account.handle.split(' '));
    if let Some(own) = known().find(|text| text.starts_with("gh_")) {
        return held.handle.as_deref().is_some_and(|handle| handle != own);
    }
    held.name.as_deref().is_some_and(|name| name.trim() != account.name.trim())
}

fn words<T>(done: anyhow::Result<T>) -> Result<T, String> {
    done.map_err(|error| format!("{error:#}"))
}

#[async_trait]
impl crate::web::authorise::Reception for Reception {
    fn progress(&self, units: &[String], unit: Option<&str>) -> Result<AuthorisationsView, String> {
        words(self.app.authorisations(units, unit))
    }

    async fn invite(&self, id: &str, token: &str, again: bool) -> Result<Invited, String> {
        words(self.invited(id, token, again).await)
    }

    async fn arrive(&self, id: &str, token: &str, code: &str) -> Result<Arrived, String> {
        words(self.arrived(id, token, code).await)
    }
}

#[cfg(test)]
mod tests;
