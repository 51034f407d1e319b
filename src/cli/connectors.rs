//! Which connectors are there, and what may each be asked? `freshd connector list`.

use serde_json::json;

use crate::config::Config;
use crate::control::Response;
use crate::report::table::{Cell, Column, Table};

/// The connectors with the limits in force.
pub fn list(config: &Config, as_json: bool) -> anyhow::Result<Response> {
    let registry = config.connectors.registry();
    if as_json {
        let all: Vec<_> = registry
            .iter()
            .map(|connector| {
                let facts = connector.descriptor();
                let courtesy = config.connectors.courtesy(&facts.name, facts.courtesy);
                json!({
                    "name": facts.name,
                    "platform": facts.platform,
                    "channels": facts.channels,
                    "proves_silence": facts.proves_silence,
                    "courtesy": {
                        "at_once": courtesy.at_once,
                        "per_minute": courtesy.per_minute,
                    },
                    "about": facts.about,
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&json!({ "connectors": all }))? + "\n";
        return Ok(Response { stdout: text, ..Response::default() });
    }
    let mut table = Table::new([
        Column::text("采集器", 16),
        Column::text("平台", 10),
        Column::text("静默可证", 8),
        Column::number("每分钟", 8),
        Column::text("说明", 120),
    ]);
    for connector in registry.iter() {
        let facts = connector.descriptor();
        let courtesy = config.connectors.courtesy(&facts.name, facts.courtesy);
        let proves = if facts.proves_silence { "是" } else { "否" };
        let per_minute = match courtesy.per_minute {
            0 => "不限".to_owned(),
            limit => limit.to_string(),
        };
        let cells = [&*facts.name, &facts.platform, proves, &per_minute, &facts.about];
        table.row(cells.map(Cell::from));
    }
    Ok(Response { stdout: table.render(false), ..Response::default() })
}
