//! In which time zone do machines read our times? RFC 3339 in that of the configuration.
//!
//! Set once, before anything is written: where a text is rendered there is no configuration at hand,
//! and an instant is the same in every zone, so nothing is decided by it. Texts for people (letters,
//! tables, pages) give Beijing time whatever the zone, as the rule counts its days by it.

use std::sync::OnceLock;

use chrono::SecondsFormat;
use chrono_tz::Tz;
use freshd_core::Timestamp;
use serde_json::Value;

static ZONE: OnceLock<Tz> = OnceLock::new();

/// Writes times in this zone from here on; the first call counts.
pub fn set(zone: Tz) {
    let _first_counts = ZONE.set(zone);
}

/// RFC 3339 in the configured zone (Beijing until one is set), to the second.
pub fn rfc3339(at: Timestamp) -> String {
    rfc3339_in(at, ZONE.get().copied().unwrap_or(Tz::Asia__Shanghai))
}

/// The same to the millisecond, for log lines.
pub fn rfc3339_millis(at: Timestamp) -> String {
    let zone = ZONE.get().copied().unwrap_or(Tz::Asia__Shanghai);
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Millis, false)
}

fn rfc3339_in(at: Timestamp, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Fields that hold instants in what is stored as JSON.
const FIELDS: [&str; 12] = [
    "at",
    "earliest",
    "latest",
    "since",
    "until",
    "as_of",
    "first_seen",
    "first_looked",
    "read_at",
    "checked_at",
    "not_before",
    "mail_failing_since",
];

/// Rewrites the instants of a stored event, wherever they are in it.
pub fn restamp(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(restamp),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if FIELDS.contains(&name.as_str()) => {
                        if let Ok(at) = text.parse::<Timestamp>() {
                            *text = rfc3339(at);
                        }
                    }
                    other => restamp(other),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
