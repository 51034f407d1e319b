//! How far has authorisation come, by which links do owners come in, and how is WeChat asked about it?

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use freshd_connectors::wechat::authorise::{Authorisation, Desk, Hold, authorisations};
use freshd_connectors::wechat::component::ComponentSettings;
use freshd_connectors::wechat::is_appid;
use freshd_connectors::{PollContext, SecretSource as _};
use freshd_core::account::{Account, platform};
use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::id::AccountId;

use super::App;
use crate::clock::secret_bytes;
use crate::report::authorisations::{AuthorisationsView, Row, Standing, Unlisted};
use crate::report::view::as_of;
use crate::seal::short::Sealer;
use crate::store::{StoreError, meta};
use crate::zone::rfc3339;

/// What such a link is sealed for.
pub(super) const PURPOSE: &str = "authorise";
/// Longest address of a link, bytes: more fits no code that a telephone reads from paper.
const LINK_BYTES_MAX: usize = 400;

impl App {
    /// What signs links; made when it is first needed.
    pub fn sealer(&self) -> Result<Sealer, StoreError> {
        let secret = self.store().update(|change| {
            if let Some(held) = change.meta::<[u8; 32]>(meta::SEAL)? {
                return Ok::<_, StoreError>(held);
            }
            let made = secret_bytes();
            change.put_meta(meta::SEAL, &made)?;
            Ok(made)
        })?;
        Ok(Sealer::new(&secret))
    }

    /// How far authorisation has come, for accounts of these units (none = all) and of this unit, if one is named.
    pub fn authorisations(
        &self,
        units: &[String],
        unit: Option<&str>,
    ) -> anyhow::Result<AuthorisationsView> {
        let config = self.config();
        let settings = &config.connectors.settings.wechat_component;
        let known: BTreeMap<String, Authorisation> = match settings {
            Some(settings) => authorisations(&self.keep, settings)?,
            None => Vec::new(),
        }
        .into_iter()
        .map(|held| (held.appid.clone(), held))
        .collect();
        let own = config.secrets.all("wechat").unwrap_or_default();
        let links = Links::of(self)?;
        let (mut rows, mut read, mut all) = (Vec::new(), BTreeSet::new(), Vec::new());
        self.store().for_each_account(|account| {
            if account.platform != platform::WECHAT {
                return Ok(true);
            }
            let appid = appid_of(&account);
            read.extend(appid.clone());
            let held = appid.as_ref().and_then(|appid| known.get(appid));
            let has_key = appid.as_ref().is_some_and(|appid| own.contains_key(appid));
            if account.lifecycle.is_judged() && is_asked(&account, units, unit) {
                let link = links.as_ref().and_then(|links| links.link(&account.id));
                rows.push(row(&account, appid, held, has_key, link));
            }
            all.push(account);
            Ok(true)
        })?;
        // Whose they are is nobody's of a unit: only who sees all sees them.
        let wide = units.is_empty() && unit.is_none();
        let unlisted = known.values().filter(|held| {
            wide && matches!(held.hold, Hold::Stands | Hold::Lacks(_))
                && !read.contains(&held.appid)
        });
        let unlisted: Vec<Unlisted> = unlisted.map(|held| stray(held, &all)).collect();
        for row in rows.iter_mut().filter(|row| row.standing == Standing::NotYet) {
            let fits = |each: &&Unlisted| {
                each.fits.iter().any(|fit| fit.starts_with(&format!("{} ", row.id)))
            };
            if let Some(found) = unlisted.iter().find(fits) {
                row.reason = format!("可能已授权({}),台账里还没有它的 AppID", found.appid);
            }
        }
        let mut view = AuthorisationsView::of(as_of(self.now()), rows, unlisted);
        view.hindrances = self.hindrances(settings.is_some());
        Ok(view)
    }

    fn hindrances(&self, component: bool) -> Vec<String> {
        let mut all = Vec::new();
        if !component {
            all.push(
                "没有配置第三方平台,账号无法授权:请填写 [connectors.wechat.component]".to_owned(),
            );
        }
        if self.config().web.public_url.is_none() {
            let told = "没有配置 [web] public_url,不能生成授权二维码:写第三方平台“授权发起页域名”的 https 地址";
            all.push(told.to_owned());
        }
        all
    }

    /// Reads WeChat's own list and the names of accounts that the ledger does not hold; without a platform nothing.
    pub(super) async fn tend_authorisations(&self) -> anyhow::Result<()> {
        let config = self.config();
        let Some(settings) = &config.connectors.settings.wechat_component else { return Ok(()) };
        let mut known = BTreeSet::new();
        self.store().for_each_account(|account| {
            known.extend(appid_of(&account));
            Ok(true)
        })?;
        let tended = self.at_desk(settings, async |desk| desk.tend(&known).await).await;
        if let Err(fault) = tended {
            tracing::info!(why = fault.detail, "authorisations not read");
        }
        Ok(())
    }

    /// Asks WeChat as the third-party platform, within the budget of a poll.
    pub(super) async fn at_desk<T>(
        &self,
        settings: &ComponentSettings,
        work: impl AsyncFnOnce(Desk<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (parts, config, now) = (self.env.parts(), self.config(), self.now());
        let http = parts.means.http.at(now);
        let context = PollContext {
            now,
            budget: parts.means.budget,
            http: &http,
            secrets: parts.means.secrets.as_ref(),
            memo: None,
            fresh: true,
        };
        let base = &config.connectors.settings.wechat_base;
        let desk = Desk::new(&context, base, &self.keep, settings);
        let worked = tokio::time::timeout(context.budget, work(desk)).await;
        worked.unwrap_or_else(|_| {
            Err(Fault::new(FaultScope::Platform, FaultKind::TimedOut, "微信没有及时答复"))
        })
    }
}

/// The AppID of an account, if the ledger names one.
pub(super) fn appid_of(account: &Account) -> Option<String> {
    let sources = account.sources.iter().filter(|source| source.connector == "wechat");
    let named = sources.map(|source| source.target.as_str());
    let written = account.handle.split_whitespace();
    let aliases = account.aliases.iter().map(String::as_str);
    named.chain(written).chain(aliases).find(|text| is_appid(text)).map(str::to_owned)
}

fn is_asked(account: &Account, units: &[String], unit: Option<&str>) -> bool {
    let own = [&account.sponsor, &account.supervisor, &account.reporting_unit];
    let covered = units.is_empty() || own.iter().any(|it| units.contains(it));
    covered && unit.is_none_or(|unit| own.iter().any(|it| it.as_str() == unit))
}

fn row(
    account: &Account,
    appid: Option<String>,
    held: Option<&Authorisation>,
    has_key: bool,
    link: Option<String>,
) -> Row {
    let (standing, reason) = match held.map(|held| &held.hold) {
        Some(Hold::Stands) => (Standing::Authorised, String::new()),
        _ if has_key => (Standing::OwnKey, String::new()),
        Some(Hold::Lacks(names)) => {
            (Standing::Lost, format!("缺权限集“{}”,请重新扫码并勾选", names.join("”“")))
        }
        Some(Hold::Withdrawn(_)) => (Standing::Lost, "管理员取消了授权".to_owned()),
        Some(Hold::Vanished) => (Standing::Lost, "微信的授权列表里已没有它".to_owned()),
        Some(Hold::TokenGone) => (Standing::Lost, "没有它的刷新令牌,请重新扫码".to_owned()),
        None => (Standing::NotYet, String::new()),
    };
    let unit = [&account.reporting_unit, &account.supervisor, &account.sponsor];
    Row {
        id: account.id.to_string(),
        name: account.name.clone(),
        reporting_unit: unit.into_iter().find(|it| !it.is_empty()).cloned().unwrap_or_default(),
        sponsor: account.sponsor.clone(),
        appid,
        standing,
        reason,
        since: held.and_then(|held| held.since).map(rfc3339),
        link,
    }
}

/// An authorised account that no account of the ledger reads, and which one it seems to be.
fn stray(held: &Authorisation, all: &[Account]) -> Unlisted {
    let is_it = |account: &&Account| {
        let known = || account.aliases.iter().map(String::as_str).chain(account.handle.split(' '));
        let handle = held.handle.as_deref().is_some_and(|own| known().any(|it| it == own));
        handle || held.name.as_deref().is_some_and(|name| name == account.name)
    };
    let found: Vec<&Account> = all.iter().filter(is_it).collect();
    let appid = &held.appid;
    let how = match found.as_slice() {
        [] => format!("在台账中加一行,“账号标识”写 {appid},再导入;不归本单位监测的,不必加"),
        [one] => format!(
            "台账中“{}”({})的“账号标识”改为 {appid},原来的写进“曾用标识”,再导入",
            one.name, one.id
        ),
        _ => format!("台账中有几个账号像它,请核对是哪一个,“账号标识”写 {appid},再导入"),
    };
    Unlisted {
        appid: appid.clone(),
        name: held.name.clone(),
        handle: held.handle.clone(),
        fits: found.iter().map(|account| format!("{} {}", account.id, account.name)).collect(),
        how,
    }
}

/// Makes the addresses that owners open.
struct Links {
    sealer: Sealer,
    base: String,
    until: NaiveDate,
}

/// The last day of the next half-year: the same link for half a year, and none that ends within six months.
fn link_ends(today: NaiveDate) -> NaiveDate {
    let (year, month, day) =
        if today.month() <= 6 { (today.year(), 12, 31) } else { (today.year() + 1, 6, 30) };
    NaiveDate::from_ymd_opt(year, month, day).expect("both are days of every year")
}

impl Links {
    /// `None` without a public address or a platform.
    fn of(app: &App) -> Result<Option<Self>, StoreError> {
        let config = app.config();
        let Some(url) = &config.web.public_url else { return Ok(None) };
        if config.connectors.settings.wechat_component.is_none() {
            return Ok(None);
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        let until = link_ends(civil::day(app.now()));
        Ok(Some(Self { sealer: app.sealer()?, base, until }))
    }

    fn link(&self, id: &AccountId) -> Option<String> {
        let link = format!("{}{}", self.base, path_of(id.as_str(), &self.token(id.as_str())));
        (link.len() <= LINK_BYTES_MAX).then_some(link)
    }

    fn token(&self, id: &str) -> String {
        let until = self.until.format("%Y%m%d").to_string();
        let seal = self.sealer.seal(PURPOSE, &[id, &until]);
        format!("{until}-{seal}")
    }
}

/// The path of a link, without a slash at its end.
pub(super) fn path_of(id: &str, token: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:@".contains(&b);
    let id: String = id
        .bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    format!("/authorise/{id}/{token}")
}

#[cfg(test)]
mod tests;
