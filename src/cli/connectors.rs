//! Which connectors are there, and what may each be asked? `freshd connector list`.

use std::sync::Arc;

use freshd_connectors::wechat::keep::Keep;
use freshd_connectors::{Connector, Courtesy};
use freshd_core::id::Channel;
use serde_json::{Value, json};

use crate::config::{BUILT_IN_CONNECTORS, Config};
use crate::control::Response;
use crate::report::table::{Cell, Column, Table};

/// What kind of connector it is: the key, and the word.
fn kind(config: &Config, connector: &dyn Connector) -> (&'static str, &'static str) {
    let name = &*connector.descriptor().name;
    if config.connectors.process.contains_key(name) {
        ("process", "进程")
    } else if BUILT_IN_CONNECTORS.contains(&name) {
        ("built-in", "内置")
    } else {
        ("manifest", "清单")
    }
}

/// The limits in force. A process holds the operator's limits against its own itself.
fn courtesy(config: &Config, connector: &dyn Connector) -> Courtesy {
    let facts = connector.descriptor();
    match connector.late_courtesy() {
        Some(_) => facts.courtesy,
        None => config.connectors.courtesy(&facts.name, facts.courtesy),
    }
}

/// Is what is shown of it only what is known before it said hello?
fn is_unmet(connector: &dyn Connector) -> bool {
    connector.late_courtesy().is_some_and(|late| late.courtesy.is_none())
}

/// The facts of a connector with the limits in force.
pub fn facts_json(config: &Config, connector: &dyn Connector) -> Value {
    let (facts, courtesy) = (connector.descriptor(), courtesy(config, connector));
    json!({
        "name": facts.name,
        "kind": kind(config, connector).0,
        "platform": facts.platform,
        "channels": facts.channels,
        "proves_silence": facts.proves_silence,
        "lag_h": facts.lag_h,
        "courtesy": {"at_once": courtesy.at_once, "per_minute": courtesy.per_minute},
        "about": facts.about,
        "met": !is_unmet(connector),
    })
}

/// The same for people, several lines.
pub fn facts_text(config: &Config, connector: &dyn Connector) -> String {
    let (facts, courtesy) = (connector.descriptor(), courtesy(config, connector));
    let channels: Vec<&str> = facts.channels.iter().map(Channel::as_str).collect();
    let proves = match (facts.proves_silence, facts.lag_h) {
        (false, _) => "不能".to_owned(),
        (true, 0) => "能,以它给出的时间段为限".to_owned(),
        (true, hours) => format!("能,只到查看前 {hours} 小时"),
    };
    let limit = |limit: u32| if limit == 0 { "不限".to_owned() } else { limit.to_string() };
    format!(
        "{}({}):{}\n  平台 {};渠道 {}\n  静默可证:{proves}\n  频率:同时 {},每分钟 {}\n",
        facts.name,
        kind(config, connector).1,
        facts.about,
        facts.platform,
        channels.join("、"),
        limit(courtesy.at_once),
        limit(courtesy.per_minute),
    )
}

/// The connectors with the limits in force. No process is started: of one that has not said hello the defaults are shown.
pub fn list(config: &Config, as_json: bool) -> anyhow::Result<Response> {
    let registry = crate::app::registry(config, &Arc::new(Keep::in_memory()));
    if as_json {
        let all: Vec<_> =
            registry.iter().map(|connector| facts_json(config, &**connector)).collect();
        let text = serde_json::to_string_pretty(&json!({ "connectors": all }))? + "\n";
        return Ok(Response { stdout: text, ..Response::default() });
    }
    let mut table = Table::new([
        Column::text("采集器", 16),
        Column::text("种类", 6),
        Column::text("平台", 10),
        Column::text("静默可证", 8),
        Column::number("每分钟", 8),
        Column::text("说明", 120),
    ]);
    for connector in registry.iter() {
        let facts = connector.descriptor();
        let proves = if facts.proves_silence { "是" } else { "否" };
        let per_minute = match courtesy(config, &**connector).per_minute {
            0 => "不限".to_owned(),
            limit => limit.to_string(),
        };
        let kind = kind(config, &**connector).1;
        let cells = [&*facts.name, kind, &facts.platform, proves, &per_minute, &facts.about];
        table.row(cells.map(Cell::from));
    }
    Ok(Response { stdout: table.render(false), ..Response::default() })
}
