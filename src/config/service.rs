//! How does the daemon itself live? `[store] [web] [net] [courtesy] [retention] [ui] [log]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use freshd_connectors::http::NetSettings;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

use super::reader::{Section, Wrong, wrong};
use super::tokens::{self, TokenConfig};
use super::values::{base_url, net};

/// Longest path of the control socket, bytes: 107 for a Unix socket, less the end that its name has while it is made.
const SOCKET_PATH_BYTES_MAX: usize = 105;

/// Links in letters open for so many days unless said otherwise.
const LINK_DAYS: u32 = 30;

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// The store's directory.
    pub path: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
    /// Pages kept in memory, MiB.
    pub cache_mb: u32,
}

/// `[web]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebConfig {
    /// Where pages, API and metrics are served; `None` = nowhere.
    pub listen: Option<SocketAddr>,
    /// How owners reach the pages; without it letters hold no links.
    pub public_url: Option<Url>,
    /// How long the links in letters open, days.
    pub link_days: u32,
    /// Who may push.
    pub tokens: Vec<TokenConfig>,
}

/// `[retention]`: how long things are kept, days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Observations.
    pub journal_days: u32,
    /// Bodies kept as evidence that no ruling names any more.
    pub evidence_days: u32,
    /// Letters that have come to an end.
    pub letters_days: u32,
}

/// `[ui] lang`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged: `info`, `debug`, or directives like `info,freshd::poll=debug`.
    pub level: String,
}

/// `[log] format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people, coloured on a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

pub(crate) fn read_store(section: &Section<'_>, given: Option<PathBuf>) -> StoreConfig {
    let base = section.files().base.clone();
    let written = section.parsed("path", |path| Ok(base.join(path)));
    if given.is_none() && section.is_empty_text("path") {
        section.problem("path", "数据目录是空的", "写上目录;不写这一项则用 /var/lib/freshd");
    }
    let path = given.or(written).unwrap_or_else(|| "/var/lib/freshd".into());
    if path.is_file() {
        let what = format!("{} 是一个文件,不是目录", path.display());
        section.problem("path", what, "写一个目录;没有时会自动建立");
    }
    let socket = section.parsed("socket", |path| Ok(base.join(path)));
    let socket = socket.unwrap_or_else(|| path.join("freshd.sock"));
    let length = socket.as_os_str().len();
    if length > SOCKET_PATH_BYTES_MAX {
        let what = format!("控制接口的路径有 {length} 字节,超过 {SOCKET_PATH_BYTES_MAX}");
        section.problem("socket", what, "用 socket = \"/run/freshd/freshd.sock\" 另指一个短的路径");
    }
    StoreConfig { path, socket, cache_mb: section.whole("cache_mb", 8..=65_536).unwrap_or(64) }
}

pub(crate) fn read_web(section: &Section<'_>) -> WebConfig {
    let default = SocketAddr::from(([127, 0, 0, 1], 8080));
    let listen = match section.has("listen") {
        true => section.parsed("listen", listen),
        false => section.parsed("listen", listen).or(Some(default)),
    };
    let tokens = tokens::read(section);
    let public_url = section.parsed("public_url", base_url);
    let link_days = section.whole("link_days", 1..=365).unwrap_or(LINK_DAYS);
    WebConfig { listen, public_url, link_days, tokens }
}

fn listen(text: &str) -> Result<SocketAddr, Wrong> {
    const HELP: &str = "写成 127.0.0.1:8080 或 [::1]:8080;不要网页时写空文本";
    let text = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"))
        .unwrap_or(text.to_owned());
    let Ok(address) = text.parse::<SocketAddr>() else {
        return wrong(format!("「{text}」不是监听地址"), HELP);
    };
    if !address.ip().is_loopback() {
        return wrong(
            "网页还没有用户和权限,只许在本机监听",
            "写成 127.0.0.1:端口;远程查看用 ssh -L 或带登录的反向代理",
        );
    }
    Ok(address)
}

pub(crate) fn read_net(section: &Section<'_>, courtesy: &Section<'_>) -> NetSettings {
    let allow_private = section.list("allow_private", net).unwrap_or_default();
    if allow_private.iter().any(|net| net.prefix_len() == 0) {
        section.warning("allow_private", "放行了全部地址,等于没有防护", "只写确实需要的内网网段");
    }
    let proxy = section.parsed("proxy", base_url);
    if proxy.is_some() {
        section.warning(
            "proxy",
            "经代理访问时,域名由代理解析,本机只核对网址类型、端口和写成数字的地址",
            "请在代理上拒绝访问内网、本机和云主机元数据等特殊地址",
        );
    }
    let ports = section.wholes("ports", 1..=65_535).unwrap_or(vec![80, 443]);
    let timeout = section.whole("timeout_s", 1..=300).unwrap_or(20);
    NetSettings {
        allow_private,
        ports: ports.into_iter().filter_map(|port| u16::try_from(port).ok()).collect(),
        timeout: Duration::from_secs(timeout.into()),
        proxy,
        host_at_once: courtesy.whole("host_at_once", 0..=10_000).unwrap_or(2),
        host_per_minute: courtesy.whole("host_per_minute", 0..=1_000_000).unwrap_or(60),
    }
}

pub(crate) fn read_retention(section: &Section<'_>) -> RetentionConfig {
    RetentionConfig {
        journal_days: section.whole("journal_days", 120..=36_500).unwrap_or(400),
        evidence_days: section.whole("evidence_days", 30..=36_500).unwrap_or(400),
        letters_days: section.whole("letters_days", 30..=36_500).unwrap_or(800),
    }
}

pub(crate) fn read_lang(section: &Section<'_>) -> Lang {
    let lang = |text: &str| match text {
        "zh" => Ok(Lang::Zh),
        "en" => Ok(Lang::En),
        _ => wrong(format!("不认识的语言「{text}」"), "zh 或 en"),
    };
    section.parsed("lang", lang).unwrap_or(Lang::Zh)
}

pub(crate) fn read_log(section: &Section<'_>) -> LogConfig {
    let format = |text: &str| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => wrong(format!("不认识的日志格式「{text}」"), "text 或 json"),
    };
    // A word that is no level would be taken for the name of a module, and nothing be logged.
    let is_level = |word: &str| word.trim().parse::<LevelFilter>().is_ok();
    let named = |part: &str| is_level(part.rsplit_once('=').map_or(part, |(_, level)| level));
    let level = |text: &str| match EnvFilter::builder().parse(text) {
        Ok(_) if text.split(',').all(named) => Ok(text.to_owned()),
        _ => wrong(
            format!("「{text}」不是日志级别"),
            "error、warn、info、debug、trace,或 info,freshd::poll=debug",
        ),
    };
    LogConfig {
        format: section.parsed("format", format).unwrap_or(LogFormat::Text),
        level: section.parsed("level", level).unwrap_or("info".to_owned()),
    }
}
