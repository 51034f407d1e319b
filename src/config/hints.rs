//! What is allowed, and yet will surprise? Hints of `config check`: nothing here keeps the program from starting.

use std::net::IpAddr;

use url::{Host, Url};

use super::Config;

/// What an operator should know before the first run, in plain words. Reads the files of secrets, never shows what is in them.
pub fn hints(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let mail = &config.mail;
    if mail.server.is_none() {
        found.push("没有写 [mail] server:信只能起草,发不出去".to_owned());
    }
    if mail.operators.is_empty() {
        found.push("没有写 [mail] operators:平台故障、凭据失效、退信没有人知道".to_owned());
    }
    if mail.office.is_empty() {
        found.push("没有写 [mail] office:收信人不知道是谁写的、打什么电话".to_owned());
    }
    if config.web.public_url.is_none() {
        found.push("没有写 [web] public_url:信里没有链接,收信人只能回复邮件".to_owned());
    }
    found.extend(secrets(config));
    found.extend(bases(config));
    found
}

/// Files of secrets that cannot be used as they are.
fn secrets(config: &Config) -> Vec<String> {
    let held = &config.secrets;
    let tables = held.tables.iter().filter_map(|(connector, file)| match file.entries() {
        Ok(entries) if entries.is_empty() => {
            Some(format!("{}({})里一个密钥也没有", file.path.display(), file.key))
        }
        Ok(entries) => {
            let empty = entries.iter().find(|(_, secret)| secret.expose().trim().is_empty());
            empty.map(|(key, _)| {
                format!("{}({connector})里 {key} 的密钥是空的", file.path.display())
            })
        }
        Err(problem) => Some(problem.0),
    });
    let singles = held.singles.values().filter_map(|file| file.text().err().map(|said| said.0));
    tables.chain(singles).collect()
}

/// Addresses of platforms on our own machine or network that the guard will refuse.
fn bases(config: &Config) -> Vec<String> {
    let held = &config.connectors.settings;
    let one = [
        ("connectors.wechat.base_url", &held.wechat_base),
        ("connectors.wechat.article_base_url", &held.wechat_article_base),
        ("connectors.weibo.base_url", &held.weibo_base),
        ("connectors.appstore.base_url", &held.appstore_base),
        ("connectors.huawei.base_url", &held.huawei.base),
        ("connectors.tencent.base_url", &held.tencent_base),
    ];
    let many = held.nanfang_bases.iter().map(|url| ("connectors.nanfang.base_urls", url));
    let refused = |url: &Url| match address(url) {
        Some(address) if is_inner(address) => {
            !config.net.allow_private.iter().any(|net| net.contains(&address))
        }
        _ => false,
    };
    one.into_iter()
        .chain(many)
        .filter(|(_, url)| refused(url))
        .map(|(key, url)| {
            let host = url.host_str().unwrap_or_default();
            format!(
                "{key} 是本机或内网地址 {host},会被拒绝访问;确实要用的话写进 [net] allow_private"
            )
        })
        .collect()
}

fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain("localhost") => Some(IpAddr::from([127, 0, 0, 1])),
        Host::Domain(_) => None,
    }
}

fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_loopback() || four.is_private() || four.is_link_local(),
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local(),
    }
}

#[cfg(test)]
mod tests;
