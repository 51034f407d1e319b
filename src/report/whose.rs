//! Whose is a fault, and what mends it? Nobody is sent to the account's owner for what is ours or the platform's.

use freshd_core::fault::{Fault, FaultKind, FaultScope};

use super::words::{kind_chinese, scope_chinese};

/// `未获授权(授权凭证):采集器 wechat 没有配置 … 的密钥`. What was not reached is not called the account's.
pub fn fault_text(fault: &Fault) -> String {
    if fault.scope == FaultScope::Account && unreached(fault.kind) {
        return format!("{}:{}", kind_chinese(fault.kind), fault.detail);
    }
    format!("{}({}):{}", kind_chinese(fault.kind), scope_chinese(fault.scope), fault.detail)
}

/// Whose it is and what to do, one sentence without its stop. `source` is `connector:target` or a connector's name.
pub fn whose(fault: &Fault, source: &str) -> String {
    if let Some(act) = &fault.owner {
        return format!("需账号管理员处理:{act}");
    }
    let connector = source.split_once(':').map_or(source, |(connector, _)| connector);
    match (fault.scope, fault.kind) {
        (FaultScope::Credential, _) => format!(
            "由运维人员补上或更新凭证:配置文件 {}(不是账号的问题)",
            credential_key(connector)
        ),
        (_, FaultKind::Refused) if fault.scope != FaultScope::Platform => {
            "核对台账采集方式里的地址;内网地址须由运维人员在 [net] allow_private 中\
             放行"
                .to_owned()
        }
        (FaultScope::Connector, _) => {
            format!("由运维人员检查采集器:freshd connector check {connector}(不是账号的问题)")
        }
        (FaultScope::Local, _) => {
            "由运维人员检查本机网络、域名解析和 [net] proxy(不是账号的问题)".to_owned()
        }
        (FaultScope::Platform, FaultKind::Unreachable) => format!(
            "由运维人员检查本机网络和 [connectors.{connector}] 的地址;平台恢复后自动重新采集"
        ),
        (FaultScope::Platform, _) => "平台恢复后自动重新采集(不是账号的问题)".to_owned(),
        (FaultScope::Account, kind) if unreached(kind) => {
            "系统会自动再试;一直取不到则核对台账采集方式里的地址".to_owned()
        }
        (FaultScope::Account, _) => "核对账号标识是否正确、账号是否仍在使用".to_owned(),
    }
}

/// Did no answer come that says anything of the account?
fn unreached(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Unreachable
            | FaultKind::TimedOut
            | FaultKind::Unavailable
            | FaultKind::Malformed
            | FaultKind::RateLimited
            | FaultKind::Challenged
    )
}

/// The key of the configuration that names the file of a connector's secrets.
fn credential_key(connector: &str) -> String {
    match connector {
        "weibo" => "[connectors.weibo] token_file(网页方式为 cookie_file)".to_owned(),
        "wechat" => "[connectors.wechat] secrets_file".to_owned(),
        other => {
            format!("[connectors.{other}](外部程序为 [connectors.process.{other}])secrets_file")
        }
    }
}

#[cfg(test)]
mod tests;
