//! By which settings are letters written and sent? What the configuration says, made ready.

use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;
use freshd_core::calendar::Calendar;
use freshd_core::rulebook::Policy;

use super::clean;
use super::letter::House;
use super::letter::door::Doors;
use super::templates::Templates;
use super::window::SendWindow;
use crate::config::{Config, MailConfig, WebhookConfig};
use crate::seal::SealKey;

/// What the notifier and the deliverer go by.
#[derive(Clone, Debug)]
pub struct NotifySettings {
    /// `[mail]`.
    pub mail: MailConfig,
    /// Thresholds and clauses.
    pub policy: Policy,
    /// `[[webhooks]]`.
    pub webhooks: Vec<WebhookConfig>,
    /// By which letters are written.
    pub templates: Arc<Templates>,
    /// Working days.
    pub calendar: Arc<Calendar>,
    /// Zone of the sending hours.
    pub zone: Tz,
    /// Where the pages are, if owners can reach them.
    pub public_url: Option<String>,
    /// How long a link opens by which an owner acts.
    pub link_lasts: TimeDelta,
}

impl NotifySettings {
    /// From the configuration.
    pub fn of(config: &Config, calendar: Arc<Calendar>) -> Self {
        Self {
            mail: config.mail.clone(),
            webhooks: config.webhooks.clone(),
            templates: Arc::new(Templates::read(config.mail.templates_dir.as_deref()).0),
            policy: config.policy(),
            calendar,
            zone: config.timezone,
            public_url: config.web.public_url.as_ref().map(ToString::to_string),
            link_lasts: TimeDelta::days(i64::from(config.web.link_days)),
        }
    }

    /// The sender's bare address; empty if none is configured (letters can be drafted without).
    pub fn sender(&self) -> String {
        self.mail.from.as_deref().and_then(clean::address).unwrap_or_default()
    }

    /// The operators' bare addresses.
    pub fn operators(&self) -> Vec<String> {
        self.mail.operators.iter().filter_map(|address| clean::address(address)).collect()
    }

    /// When letters leave.
    pub fn window(&self) -> SendWindow {
        SendWindow {
            hours: self.mail.send_between,
            working_days_only: self.mail.working_days_only,
            zone: self.zone,
            calendar: Arc::clone(&self.calendar),
        }
    }

    /// What stands in every letter.
    pub(super) fn house<'a>(&'a self, sender: &'a str, key: Option<&'a SealKey>) -> House<'a> {
        House {
            from: sender,
            office: &self.mail.office,
            public_url: self.public_url.as_deref(),
            doors: key.map(|key| Doors { key, lasts: self.link_lasts }),
            policy: &self.policy,
            calendar: &self.calendar,
            templates: &self.templates,
        }
    }
}
