//! How does the App Store answer a lookup? By id or bundle id, per storefront.

use freshd_core::Timestamp;
use serde_json::{Value, json};

use super::Scene;
use super::ask::{Ask, JSON, Reply};
use crate::world::Account;

/// Parameters that the lookup knows; with any other one its cache is passed by.
const KNOWN: [&str; 5] = ["id", "bundleId", "country", "entity", "lang"];

/// An app that is always there: 微信.
const EVERYWHERE: &str = "414478124";

/// `/lookup`.
pub(super) fn answer(scene: &Scene, ask: &Ask<'_>) -> Reply {
    if ask.path != "/lookup" {
        return Reply::page(404, "404 Not Found", "");
    }
    let keys = ask.param("id").or_else(|| ask.param("bundleId")).unwrap_or_default();
    let digits = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    if ask.param("id").is_some_and(|ids| !ids.split(',').all(digits)) {
        let body = json!({
            "errorMessage": "Invalid value(s) for key(s): [itunesId]",
            "queryParameters": {"output": "json", "country": "ISO-2A country code"}
        });
        return Reply::new(200, JSON, format!("\n\n\n{body}\n"));
    }
    let busted = ask.query.iter().any(|(name, _)| !KNOWN.contains(&name.as_str()));
    let at = if busted { ask.now } else { ask.as_of };
    // Without `country` the US store is asked, and lists none of these.
    let in_china = ask.param("country").is_some_and(|country| country.eq_ignore_ascii_case("cn"));
    let found: Vec<&Account> = keys
        .split(',')
        .filter_map(|key| scene.world.find(key))
        .filter(|account| in_china && is_listed(account, at))
        .collect();
    let mut results: Vec<Value> = found.iter().map(|account| listing(account, at)).collect();
    if in_china && keys.split(',').any(|key| key == EVERYWHERE) {
        results.push(json!({
            "wrapperType": "software", "kind": "software", "trackId": 414_478_124,
            "bundleId": "com.tencent.xin", "trackName": "微信", "version": "8.0.60",
            "sellerName": "Tencent Technology (Shenzhen) Company Limited"
        }));
    }
    let body = json!({"resultCount": results.len(), "results": results});
    // Stray blank lines before the document, as recorded.
    let reply = Reply::new(200, "text/javascript; charset=utf-8", format!("\n\n\n{body}\n"));
    match keys.split(',').find_map(|key| scene.world.find(key)) {
        Some(account) => reply.about(account.index),
        None => reply,
    }
}

fn is_listed(account: &Account, at: Timestamp) -> bool {
    account.app().is_some_and(|app| {
        app.store_id.is_some() && app.store_removed_at.is_none_or(|removed| at < removed)
    })
}

fn listing(account: &Account, at: Timestamp) -> Value {
    let (id, package) = account
        .app()
        .map(|app| (app.store_id.unwrap_or_default(), app.package.as_str()))
        .unwrap_or_default();
    let updated = at - chrono::TimeDelta::days(40 + i64::try_from(id % 200).unwrap_or_default());
    json!({
        "wrapperType": "software", "kind": "software", "trackId": id, "bundleId": package,
        "trackName": account.name, "trackViewUrl": format!("https://apps.apple.com/cn/app/id{id}?uo=4"),
        "version": "3.2.1", "currentVersionReleaseDate": updated.format("%Y-%m-%dT08:00:00Z").to_string(),
        "releaseDate": "2019-03-05T08:00:00Z", "sellerName": account.name, "artistName": account.name,
        "minimumOsVersion": "12.0", "fileSizeBytes": "48234496"
    })
}
