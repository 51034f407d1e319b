//! Where do letters that come back arrive? `[mail.inbox]`.

use std::path::PathBuf;

use url::Url;

use super::reader::{Section, Wrong, wrong};
use super::secrets::SecretFile;
use super::values::{is_loopback, percent_decoded};

/// `[mail.inbox]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxConfig {
    /// A directory into which mails are dropped as `.eml`.
    pub folder: Option<PathBuf>,
    /// The server of a mailbox.
    pub server: Option<ImapServer>,
    /// Its password, read when needed.
    pub password: Option<SecretFile>,
    /// Which mailbox; never changed, only read.
    pub mailbox: String,
    /// How often it is looked at, minutes.
    pub every_min: u32,
}

/// The server of `[mail.inbox] server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImapServer {
    /// TLS from the first byte (`imaps://`); without (`imap+insecure://`) on loopback only.
    pub tls: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// Port; 993 or 143 where none is written.
    pub port: u16,
    /// The user to log in as.
    pub user: String,
}

impl InboxConfig {
    /// Is anything to be read?
    pub fn is_used(&self) -> bool {
        self.folder.is_some() || self.server.is_some()
    }
}

pub(super) fn read(section: &Section<'_>) -> InboxConfig {
    let base = section.files().base.clone();
    let mailbox = |text: &str| match text.trim() {
        text if text.chars().any(char::is_control) => wrong("信箱名称里有控制字符", "写成 INBOX"),
        text => Ok(text.to_owned()),
    };
    let inbox = InboxConfig {
        folder: section.parsed("folder", |text| Ok(base.join(text))),
        server: section.parsed("server", server),
        password: SecretFile::read(section, "password_file"),
        mailbox: section.parsed("mailbox", mailbox).unwrap_or_else(|| "INBOX".to_owned()),
        every_min: section.whole("every_min", 1..=1_440).unwrap_or(2),
    };
    if let Some(folder) = inbox.folder.as_ref().filter(|folder| !folder.is_dir()) {
        let what = format!("没有目录 {}", folder.display());
        section.warning("folder", what, "建立这个目录,让本程序能读写");
    }
    match (section.has("server"), section.has("password_file")) {
        (true, false) => section.problem(
            "password_file",
            "要读邮箱,却没有 password_file",
            "把密码(或邮箱的客户端授权码)写进一个只有本程序能读的文件,再写 password_file = \"文件\"",
        ),
        (false, true) => section.problem(
            "server",
            "有 password_file,却没有写邮箱服务器",
            "写上 server = \"imaps://用户@主机:993\"",
        ),
        _ => {}
    }
    inbox
}

fn server(text: &str) -> Result<ImapServer, Wrong> {
    const HELP: &str = "写成 imaps://用户@主机:993;用户名里的 @ 写成 %40;本机可用 imap+insecure://用户@127.0.0.1:端口";
    let Ok(url) = Url::parse(text) else { return wrong("邮箱服务器地址读不懂", HELP) };
    let (tls, port) = match url.scheme() {
        "imaps" => (true, 993),
        "imap+insecure" => (false, 143),
        "imap" => return wrong("imap:// 会不加密地发出密码", "改用 imaps://用户@主机:993"),
        other => return wrong(format!("不认识的邮箱服务器类型 {other}://"), HELP),
    };
    if url.password().is_some() {
        return wrong("密码不能写在服务器地址里", "把它放进文件,用 password_file 指明");
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return wrong("邮箱服务器地址里没有主机名", HELP);
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return wrong(
            "邮箱服务器地址在主机和端口之后还有多余的部分",
            "信箱用 mailbox = \"INBOX\" 指明",
        );
    }
    if !tls && !is_loopback(&host) {
        let help = "别处的服务器用 imaps://";
        return wrong("imap+insecure 只许用于本机(127.0.0.1、::1、localhost)", help);
    }
    let user = percent_decoded(url.username());
    if user.is_empty() || user.chars().any(char::is_control) {
        return wrong("邮箱服务器地址里没有用户名", HELP);
    }
    Ok(ImapServer { tls, host, port: url.port().unwrap_or(port), user })
}
