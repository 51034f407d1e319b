//! What becomes of a push by WeChat to us as a third-party platform? It is checked, kept, and the account it is about is
//! polled soon.

use std::sync::Arc;

use async_trait::async_trait;
use freshd_connectors::wechat::push::{Pushed, receive};
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::state::AccountState;
use tokio::sync::Notify;

use super::App;
use crate::store::{Due, StoreError};
use crate::web::{Callback, Taken};

/// Answers pushes of a running daemon.
pub struct Pushes {
    app: App,
    wake: Arc<Notify>,
}

impl Pushes {
    /// Over an app; `wake` ends the sleep of the poll loop.
    pub fn new(app: App, wake: Arc<Notify>) -> Self {
        Self { app, wake }
    }

    /// An account was authorised, or no longer is: what reads it is asked soon. For the log it suffices if that fails.
    pub fn authorised(&self, appid: &str) {
        match self.poll_soon(appid, self.app.now()) {
            Ok(known) => tracing::info!(appid, known, "authorisation"),
            Err(error) => tracing::error!(%error, appid, "not polled at once"),
        }
        self.wake.notify_one();
    }

    /// The accounts of the ledger that read this AppID are asked as soon as courtesy lets them be. How many?
    fn poll_soon(&self, appid: &str, now: Timestamp) -> Result<usize, StoreError> {
        let store = self.app.store();
        let mut ids = store.find(&format!("wechat:{appid}"))?;
        ids.extend(store.find(appid)?);
        ids.sort();
        ids.dedup();
        let mut known = 0;
        for id in ids {
            known += usize::from(self.advance(&id, &format!("wechat:{appid}"), now)?);
        }
        Ok(known)
    }

    fn advance(&self, id: &AccountId, source: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.app.store().update(|change| {
            let Some(mut state) = change.state::<AccountState>(id)? else { return Ok(false) };
            let Some(held) = state.sources.get_mut(source) else { return Ok(false) };
            // What only a person could mend may be mended now; a server's wish stands.
            held.hint = None;
            state.next_poll = Some(now);
            let due = Due { poll: Some(now), notify: state.next_notice };
            change.put_state(id, &state, due)?;
            Ok(true)
        })
    }
}

#[async_trait]
impl Callback for Pushes {
    fn path(&self) -> Option<String> {
        let config = self.app.config();
        let component = config.connectors.settings.wechat_component.as_ref()?;
        Some(component.callback.clone())
    }

    async fn take(&self, query: &str, body: &[u8]) -> Taken {
        let (config, now) = (self.app.config(), self.app.now());
        let Some(settings) = &config.connectors.settings.wechat_component else {
            return Taken::Refused;
        };
        let secrets = config.secrets.as_ref();
        let told = receive(&self.app.keep, settings, secrets, query, body, now).await;
        let metrics = &self.app.env.metrics;
        match told {
            Ok(pushed) => {
                metrics.push(pushed.key());
                tracing::info!(push = pushed.key(), "push of WeChat taken");
                if let Pushed::Authorized(appid) | Pushed::Withdrawn(appid) = &pushed {
                    self.authorised(appid);
                }
                Taken::Kept
            }
            Err(refused) => {
                metrics.push(refused.key());
                tracing::warn!(push = refused.key(), why = %refused, "push of WeChat refused");
                if refused.is_ours() { Taken::Later } else { Taken::Refused }
            }
        }
    }
}
