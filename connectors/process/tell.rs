//! What is told of a child? Its faults in words, and nothing of its secrets in whatever it says.

use std::collections::BTreeSet;

use freshd_core::fault::{Fault, FaultKind, FaultScope};
use serde_json::Value;

use super::Secrets;
use super::child::Death;
use crate::wire::LINE_BYTES_MAX;

/// Shorter secrets are not looked for in what a child says: they would be found in everything.
const SECRET_CHARS_MIN: usize = 4;

/// What is hidden in whatever a child says: its secrets, as they are and as they stand in an address.
pub(super) fn hidden_forms(secrets: &Secrets) -> Vec<String> {
    let long = secrets.values().filter(|secret| secret.chars().count() >= SECRET_CHARS_MIN);
    let escaped = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    long.flat_map(|secret| [secret.clone(), escaped(secret)]).collect()
}

pub(super) fn hide(text: &str, secrets: &BTreeSet<String>) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}

/// Hides every secret in every text of a value.
pub(super) fn hide_all(value: &mut Value, secrets: &BTreeSet<String>) {
    match value {
        Value::String(text) if secrets.iter().any(|secret| text.contains(secret.as_str())) => {
            *text = hide(text, secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_all(item, secrets)),
        Value::Object(map) => map.values_mut().for_each(|item| hide_all(item, secrets)),
        _ => {}
    }
}

/// What a child's end means: always of Connector scope, and tried again as the schedule says: whoever mends the program
/// need not tell us.
pub(super) fn fault_of(name: &str, death: &Death, last_said: &str) -> Fault {
    let (kind, what) = match death {
        Death::Unstartable(error) => {
            (FaultKind::Unavailable, format!("无法启动({error});检查 command 和执行权限"))
        }
        Death::Exited(Some(status)) => (FaultKind::Unavailable, format!("自己结束了({status})")),
        Death::Exited(None) => (FaultKind::Unavailable, "不再输出".to_owned()),
        Death::TooLong => {
            (FaultKind::Malformed, format!("写出一行超过 {} MiB", LINE_BYTES_MAX >> 20))
        }
        Death::BadLine(what) => {
            let what: String = what.chars().take(300).collect();
            (FaultKind::Malformed, format!("写出的一行不合 observation/1({what})"))
        }
        Death::Stranger(what) => (FaultKind::Malformed, format!("不能用:{what}")),
        Death::Silent(limit) => {
            (FaultKind::TimedOut, format!("{} 秒内没有回答", limit.as_secs_f32()))
        }
        Death::Pipe(error) => (FaultKind::Unavailable, format!("管道出错({error})")),
    };
    let said = match last_said {
        "" => String::new(),
        said => format!(";它最后说:{said}"),
    };
    let detail = format!("采集程序 {name} {what}{said}");
    Fault::new(FaultScope::Connector, kind, detail)
}
