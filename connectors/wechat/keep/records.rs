//! What is durably known of a third-party platform and of the accounts authorised to it? The records and their names.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use freshd_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Keep, VaultError};

/// The newest `component_verify_ticket`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// The ticket itself.
    pub(crate) value: String,
    /// `CreateTime` of its push.
    pub(crate) created: Timestamp,
}

/// What is known of the platform itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ComponentRecord {
    /// When the push of tickets was last asked for.
    pub(crate) push_asked: Option<Timestamp>,
    /// When the list of authorisations was last begun.
    pub(crate) list_begun: Option<Timestamp>,
    /// The Beijing day of the last list that was read to its end.
    pub(crate) list_whole: Option<NaiveDate>,
}

/// An authorisation that was announced and not yet redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// `AuthorizationCode`.
    pub(crate) value: String,
    /// `AuthorizationCodeExpiredTime`.
    pub(crate) ends: Timestamp,
}

/// One account's authorisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Authorizer {
    /// The durable `authorizer_refresh_token`.
    pub(crate) refresh_token: Option<String>,
    /// The code of a new authorisation, to be redeemed.
    pub(crate) code: Option<Code>,
    /// `func_info`: ids of the permission sets; empty = not known.
    pub(crate) sets: BTreeSet<i64>,
    /// When the owner withdrew the authorisation.
    pub(crate) withdrawn: Option<Timestamp>,
    /// `CreateTime` of the newest event that was applied.
    pub(crate) event_at: Option<Timestamp>,
    /// The Beijing day of the last list that holds it.
    pub(crate) listed: Option<NaiveDate>,
    /// The hash of the code that was redeemed last: told again, it is known.
    pub(crate) redeemed: Option<u64>,
    /// `nick_name`, once it was asked for.
    pub(crate) name: Option<String>,
    /// `user_name`: 原始ID.
    pub(crate) handle: Option<String>,
}

impl Authorizer {
    /// Is the account authorised, as far as we know?
    pub(crate) fn stands(&self) -> bool {
        self.withdrawn.is_none() && (self.refresh_token.is_some() || self.code.is_some())
    }
}

/// Does the platform hold a permission set that opens an interface?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    /// It does, or it is not known: asking tells.
    Perhaps,
    /// The sets are known, and none of them opens it.
    No,
}

fn ticket_name(component: &str) -> String {
    format!("wechat.ticket.{component}")
}

fn component_name(component: &str) -> String {
    format!("wechat.component.{component}")
}

fn authorizer_name(component: &str, appid: &str) -> String {
    format!("wechat.authorizer.{component}.{appid}")
}

impl Keep {
    /// The newest ticket.
    pub(crate) fn ticket(&self, component: &str) -> Result<Option<Ticket>, VaultError> {
        self.load(&ticket_name(component))
    }

    /// Keeps a ticket unless a newer one is held: a push that is played again changes nothing.
    pub(crate) async fn keep_ticket(
        &self,
        component: &str,
        ticket: Ticket,
    ) -> Result<(), VaultError> {
        if self.ticket(component)?.is_some_and(|held| held.created > ticket.created) {
            return Ok(());
        }
        self.save(&ticket_name(component), &ticket).await
    }

    /// What is known of the platform.
    pub(crate) fn component(&self, component: &str) -> Result<ComponentRecord, VaultError> {
        Ok(self.load(&component_name(component))?.unwrap_or_default())
    }

    /// Keeps what is known of the platform; losing it costs calls only.
    pub(crate) fn put_component(
        &self,
        component: &str,
        record: &ComponentRecord,
    ) -> Result<(), VaultError> {
        self.put(&component_name(component), record)
    }

    /// One account's authorisation.
    pub(crate) fn authorizer(
        &self,
        component: &str,
        appid: &str,
    ) -> Result<Option<Authorizer>, VaultError> {
        self.load(&authorizer_name(component, appid))
    }

    /// Every account that was ever authorised to this platform, by AppID.
    pub(crate) fn authorizers(
        &self,
        component: &str,
    ) -> Result<Vec<(String, Authorizer)>, VaultError> {
        let prefix = authorizer_name(component, "");
        let mut all = Vec::new();
        for name in self.names(&prefix)? {
            if let (Some(appid), Some(record)) = (name.strip_prefix(&prefix), self.load(&name)?) {
                all.push((appid.to_owned(), record));
            }
        }
        Ok(all)
    }

    /// Puts it; not durable yet. Read and put without waiting between, so that nothing gets lost.
    pub(crate) fn put_authorizer(
        &self,
        component: &str,
        appid: &str,
        record: &Authorizer,
    ) -> Result<(), VaultError> {
        self.put(&authorizer_name(component, appid), record)
    }

    /// Returns when all that was put is durable.
    pub(crate) async fn durable(&self) -> Result<(), VaultError> {
        self.vault.durable().await
    }
}

impl Authorizer {
    /// A (new) authorisation was announced; the old refresh token stays until the code is redeemed.
    pub(crate) fn announce(&mut self, code: &str, ends: Option<Timestamp>, at: Timestamp) {
        // Undocumented life: an hour is what the documents' examples show.
        let ends = ends.unwrap_or(at + TimeDelta::hours(1));
        self.code = Some(Code { value: code.to_owned(), ends });
        self.withdrawn = None;
        self.sets.clear();
    }

    /// Do the permission sets that were granted open an interface that any of `wanted` opens?
    pub(crate) fn granted(&self, wanted: &[i64]) -> Granted {
        let unknown = self.sets.is_empty() || wanted.is_empty();
        if unknown || wanted.iter().any(|set| self.sets.contains(set)) {
            Granted::Perhaps
        } else {
            Granted::No
        }
    }
}
