//! Which words and addresses do templates make of keys? Filters; whatever they do not know they leave as it is.

use freshd_core::account::{Filing, Lifecycle};
use freshd_core::id::Channel;
use freshd_core::owner::{OwnerAct, RequestState};
use freshd_core::rulebook::Rule;
use freshd_core::verdict::{Activity, Outcome, channel_chinese, menu_state_chinese};
use minijinja::Environment;
use serde::de::DeserializeOwned;

use crate::report::words as report;

/// Gives an environment all filters.
pub(super) fn add_to(templates: &mut Environment<'static>) {
    fn add(templates: &mut Environment<'static>, name: &'static str, word: fn(&str) -> String) {
        templates.add_filter(name, move |text: Option<String>| word(&text.unwrap_or_default()));
    }
    add(templates, "outcome", |key| word(key, Outcome::chinese));
    add(templates, "activity", |key| word(key, Activity::chinese));
    add(templates, "rule", |key| word(key, Rule::chinese));
    add(templates, "menu_state", |key| word(key, menu_state_chinese));
    add(templates, "health", |key| word(key, report::link_chinese));
    add(templates, "fault_kind", |key| word(key, report::kind_chinese));
    add(templates, "fault_scope", |key| word(key, report::scope_chinese));
    add(templates, "lifecycle", |key| word::<Lifecycle>(key, report::lifecycle_chinese));
    add(templates, "filing", |key| word::<Filing>(key, report::filing_chinese));
    add(templates, "owner_act", |key| word(key, OwnerAct::chinese));
    add(templates, "owner_state", |key| word(key, RequestState::chinese));
    add(templates, "platform", |key| report::platform_chinese(key).to_owned());
    add(templates, "channel", channel);
    add(templates, "minute", report::minute_of);
    add(templates, "day", report::day_of);
    add(templates, "segment", segment);
    add(templates, "web_link", web_link);
}

fn word<T: DeserializeOwned>(key: &str, chinese: fn(T) -> &'static str) -> String {
    serde_json::from_value(key.into()).map_or_else(|_| key.to_owned(), |it| chinese(it).to_owned())
}

fn channel(key: &str) -> String {
    let channel = Channel::new(key);
    if channel.is_all() { "全部渠道".to_owned() } else { channel_chinese(&channel).to_owned() }
}

/// One segment of a path or one value of a query: everything but letters, digits and `-._~` is encoded.
pub(super) fn segment(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let encoded = |b: u8| {
        if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }
    };
    text.bytes().map(encoded).collect()
}

/// The address if it may be a link: `http` or `https`; else nothing (never `javascript:`).
fn web_link(address: &str) -> String {
    let parsed = url::Url::parse(address.trim());
    let fine = parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if fine { address.trim().to_owned() } else { String::new() }
}
