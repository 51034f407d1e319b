//! How are letters sent, and to whom at all? `[mail]`.

use std::path::PathBuf;

use chrono::NaiveTime;
use url::{Host, Url};

use super::inbox::{self, InboxConfig};
use super::reader::{Section, Wrong, wrong};
use super::secrets::SecretFile;
use super::values::{bare_address, is_loopback, mailbox, percent_decoded};

/// `[mail]`.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// The relay; without one nothing can leave, and letters wait.
    pub server: Option<MailServer>,
    /// The relay's password, read when needed.
    pub password: Option<SecretFile>,
    /// Sender, `地址` or `名称 <地址>`.
    pub from: Option<String>,
    /// Who is told about the monitor's own troubles.
    pub operators: Vec<String>,
    /// Who writes, and a phone number: stands in every letter.
    pub office: String,
    /// What happens with a letter.
    pub mode: MailMode,
    /// In [`MailMode::Pilot`]: units whose letters leave.
    pub pilot_units: Vec<String>,
    /// All letters to this one address, for trying.
    pub redirect_to: Option<String>,
    /// Letters that may leave in a day; 0 = no limit.
    pub per_day: u32,
    /// Letters that may leave in a minute; 0 = no limit.
    pub per_minute: u32,
    /// …to the addresses of one domain.
    pub domain_per_minute: u32,
    /// Letters handed in at once, each over a connection of its own.
    pub at_once: u32,
    /// The folder with templates of the operator's own.
    pub templates_dir: Option<PathBuf>,
    /// Letters are signed by it.
    pub dkim: Option<Dkim>,
    /// A run that would write to more than this share of the recipients (0 to 1) is held…
    pub hold_share: f64,
    /// …if it is more than this many recipients.
    pub hold_min_recipients: u32,
    /// The hours in which letters leave.
    pub send_between: SendHours,
    /// Only on working days (save a letter that would come too late).
    pub working_days_only: bool,
    /// Where replies and returned letters arrive.
    pub inbox: InboxConfig,
}

/// `[mail.dkim]`: letters are signed here (RFC 6376), where no relay does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dkim {
    /// The domain that is signed for.
    pub domain: String,
    /// The public key stands at `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// The private key.
    pub key: SecretFile,
}

/// `[mail] mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailMode {
    /// Letters are drafted; nothing leaves.
    Hold,
    /// Only the pilot units' letters leave.
    Pilot,
    /// Letters leave.
    Send,
}

/// Hours of the day, local time; both ends belong to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendHours {
    /// First minute.
    pub from: NaiveTime,
    /// Last minute.
    pub until: NaiveTime,
}

/// The relay of `[mail] server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// How the connection is protected.
    pub tls: MailTls,
    /// Name or address, without brackets.
    pub host: String,
    /// Port; 465, 587 or 25 by scheme where none is written.
    pub port: u16,
    /// The user to log in as; then a password file is set, too.
    pub user: Option<String>,
}

/// How the connection to the relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// `smtp://`: STARTTLS or nothing (587).
    StartTls,
    /// `smtps://`: TLS from the first byte (465).
    Tls,
    /// `smtp+opportunistic://`: STARTTLS where offered, never with a password (25).
    Opportunistic,
    /// `smtp+insecure://`: none; loopback only (25).
    Insecure,
}

pub(crate) fn read(section: &Section<'_>) -> MailConfig {
    let address = |text: &str| mailbox(text);
    let bare = |text: &str| mailbox(text).map(|whole| bare_address(&whole).to_owned());
    let base = section.files().base.clone();
    let mail = MailConfig {
        server: section.parsed("server", server),
        password: SecretFile::read(section, "password_file"),
        from: section.parsed("from", address),
        operators: section.list("operators", bare).unwrap_or_default(),
        office: section.text("office").unwrap_or_default().trim().to_owned(),
        mode: section.parsed("mode", mode).unwrap_or(MailMode::Hold),
        pilot_units: section.list("pilot_units", |unit| Ok(unit.to_owned())).unwrap_or_default(),
        redirect_to: section.parsed("redirect_to", bare),
        per_day: section.whole("per_day", 0..=1_000_000).unwrap_or(500),
        per_minute: section.whole("per_minute", 0..=100_000).unwrap_or(300),
        domain_per_minute: section.whole("domain_per_minute", 0..=100_000).unwrap_or(120),
        at_once: section.whole("at_once", 1..=20).unwrap_or(2),
        templates_dir: section.parsed("templates_dir", |text| Ok(base.join(text))),
        dkim: dkim(section),
        hold_share: section.share("hold_share").unwrap_or(0.3),
        hold_min_recipients: section.whole("hold_min_recipients", 0..=1_000_000).unwrap_or(50),
        send_between: section.parsed("send_between", hours).unwrap_or(SendHours::DAYTIME),
        working_days_only: section.flag("working_days_only", true),
        inbox: super::closed(section.section("inbox"), inbox::read),
    };
    check(section, &mail);
    mail
}

fn dkim(mail: &Section<'_>) -> Option<Dkim> {
    let section = mail.section("dkim");
    let label = |text: &str| match Host::parse(text) {
        Ok(Host::Domain(name)) => Ok(name),
        _ => wrong(format!("「{text}」不是域名"), "写成 example.gov.cn 这样的域名"),
    };
    let domain = section.parsed("domain", label);
    let selector = section.parsed("selector", label);
    let key = SecretFile::read(&section, "key_file");
    let all = [
        ("domain", domain.is_some()),
        ("selector", selector.is_some()),
        ("key_file", key.is_some()),
    ];
    for (name, there) in all {
        if section.is_present() && !there && !section.has(name) {
            let help = "写全 domain、selector 和 key_file;不签名就去掉 [mail.dkim]";
            section.problem(name, format!("没有写 {name}"), help);
        }
    }
    section.close();
    Some(Dkim { domain: domain?, selector: selector?, key: key? })
}

fn check(section: &Section<'_>, mail: &MailConfig) {
    if mail.mode != MailMode::Hold {
        if !section.has("server") {
            section.problem(
                "server",
                "要发信,却没有写邮件服务器",
                "写上 server = \"smtps://用户@主机:465\"",
            );
        }
        if !section.has("from") {
            section.problem("from", "要发信,却没有写发件人", "写上 from = \"名称 <地址>\"");
        }
        if mail.office.is_empty() {
            section.warning(
                "office",
                "没有写是谁发信、联系电话是多少",
                "写上 office = \"××市政务公开办 020-…\",每封信里都会出现",
            );
        }
        if mail.operators.is_empty() {
            section.warning(
                "operators",
                "没有写管理员邮箱,退信和故障没有人知道",
                "写上 operators = [\"…\"]",
            );
        }
    }
    if mail.mode == MailMode::Pilot && mail.pilot_units.is_empty() {
        section.problem(
            "pilot_units",
            "试点方式下没有写试点单位",
            "写上 pilot_units = [\"主办单位名称\"]",
        );
    }
    let Some(server) = &mail.server else { return };
    let unprotected = matches!(server.tls, MailTls::Opportunistic | MailTls::Insecure);
    match (&server.user, section.has("password_file")) {
        (Some(_), _) | (None, true) if unprotected => section.problem(
            "server",
            "密码会不加密地发出去",
            "改用 smtps:// 或 smtp://(必须 STARTTLS);中继不要密码时,去掉用户名和 password_file",
        ),
        (Some(_), false) => section.problem(
            "password_file",
            "服务器地址里有用户名,却没有 password_file",
            "把密码写进一个只有本程序能读的文件,再写 password_file = \"文件\"",
        ),
        (None, true) => section.problem(
            "server",
            "有 password_file,服务器地址里却没有用户名",
            "写成 smtps://用户@主机:465;用户名里的 @ 写成 %40",
        ),
        _ => {}
    }
}

fn mode(text: &str) -> Result<MailMode, Wrong> {
    match text {
        "hold" => Ok(MailMode::Hold),
        "pilot" => Ok(MailMode::Pilot),
        "send" => Ok(MailMode::Send),
        _ => wrong(
            format!("不认识的发信方式「{text}」"),
            "hold(只起草不发)、pilot(只发试点单位)或 send(发)",
        ),
    }
}

fn server(text: &str) -> Result<MailServer, Wrong> {
    const HELP: &str = "写成 smtps://用户@主机:465、smtp://用户@主机:587(必须 STARTTLS)、\
                        smtp+opportunistic://主机:25 或 smtp+insecure://127.0.0.1:端口";
    let Ok(url) = Url::parse(text) else {
        return wrong("邮件服务器地址读不懂", HELP);
    };
    let (tls, port) = match url.scheme() {
        "smtp" => (MailTls::StartTls, 587),
        "smtps" => (MailTls::Tls, 465),
        "smtp+opportunistic" => (MailTls::Opportunistic, 25),
        "smtp+insecure" => (MailTls::Insecure, 25),
        other => return wrong(format!("不认识的邮件服务器类型 {other}://"), HELP),
    };
    if url.password().is_some() {
        return wrong("密码不能写在服务器地址里", "把它放进文件,用 password_file 指明");
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return wrong("邮件服务器地址里没有主机名", HELP);
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return wrong("邮件服务器地址在主机和端口之后还有多余的部分", HELP);
    }
    if tls == MailTls::Insecure && !is_loopback(&host) {
        let help = "别处的服务器用 smtps:// 或 smtp://";
        return wrong("smtp+insecure 只许用于本机(127.0.0.1、::1、localhost)", help);
    }
    let user = Some(percent_decoded(url.username())).filter(|user| !user.is_empty());
    Ok(MailServer { tls, host, port: url.port().unwrap_or(port), user })
}

impl SendHours {
    /// 08:30 to 18:00.
    const DAYTIME: Self = Self {
        from: NaiveTime::from_hms_opt(8, 30, 0).expect("08:30 is a time"),
        until: NaiveTime::from_hms_opt(18, 0, 0).expect("18:00 is a time"),
    };
}

fn hours(text: &str) -> Result<SendHours, Wrong> {
    const HELP: &str = "写成 08:30-18:00,24 小时制,先早后晚";
    let Some((from, until)) = text.split_once(['-', '–', '~']) else {
        return wrong(format!("「{text}」不是时段"), HELP);
    };
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    match (time(from), time(until)) {
        (Some(from), Some(until)) if from < until => Ok(SendHours { from, until }),
        (Some(_), Some(_)) => wrong(format!("「{text}」的结束不晚于开始"), HELP),
        _ => wrong(format!("「{text}」里有读不懂的时间"), HELP),
    }
}
