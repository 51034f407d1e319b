//! How are addresses, nets, ports and mailboxes written? Parsers of single values, shared by the sections.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Url;

use super::reader::{Wrong, wrong};

/// An `http://` or `https://` address with a host and neither password, query nor fragment.
pub(crate) fn base_url(text: &str) -> Result<Url, Wrong> {
    const HELP: &str = "写成 https://主机名 或 https://主机名:端口/路径";
    // The parser drops line breaks and escapes the rest; what is shown in letters and pages must be what was meant.
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || "\"<>`\\".contains(c)) {
        return wrong("网址里有空白、引号、尖括号或控制字符", HELP);
    }
    let Ok(url) = Url::parse(text) else {
        return wrong(format!("「{text}」不是网址"), HELP);
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong(
            format!("网址须以 http:// 或 https:// 开头,这里是 {}://", url.scheme()),
            HELP,
        );
    }
    if url.host_str().is_none_or(str::is_empty) {
        return wrong("网址里没有主机名", HELP);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("网址里不能写用户名或密码", "密钥放进单独的文件");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("这里的网址不能带 ? 或 # 之后的部分", HELP);
    }
    Ok(url)
}

/// A net (`10.0.0.0/8`) or a single address.
pub(crate) fn net(text: &str) -> Result<IpNet, Wrong> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    match text.parse::<IpNet>() {
        Ok(net) => Ok(net.trunc()),
        Err(_) => wrong(format!("「{text}」不是网段"), "写成 10.0.0.0/8 或单个地址 10.1.2.3"),
    }
}

/// A mail address, alone or after a name: `freshd@example.gov.cn`, `政务公开办 <freshd@example.gov.cn>`.
pub(crate) fn mailbox(text: &str) -> Result<String, Wrong> {
    const HELP: &str = "写成 name@example.gov.cn 或 名称 <name@example.gov.cn>";
    if text.chars().any(char::is_control) {
        return wrong("邮件地址里有控制字符", HELP);
    }
    let address = match (text.find('<'), text.strip_suffix('>')) {
        (Some(open), Some(rest)) => &rest[open + 1..],
        (None, None) => text,
        _ => return wrong(format!("「{text}」的尖括号不成对"), HELP),
    };
    let whole = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>@,;:\"()".contains(c))
    };
    match address.split_once('@') {
        Some((user, domain)) if whole(user) && whole(domain) && !domain.starts_with('.') => {
            Ok(text.to_owned())
        }
        _ => wrong(format!("「{text}」不是邮件地址"), HELP),
    }
}

/// The bare address of a mailbox that [`mailbox`] accepted.
pub(crate) fn bare_address(mailbox: &str) -> &str {
    mailbox.rsplit_once('<').map_or(mailbox, |(_, rest)| rest.trim_end_matches('>')).trim()
}

/// Is the host this machine by its very name or address?
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `%40` and its kin as plain text; what is no escape stays.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let code = escape
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        plain.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}
