//! Which group chats and programs are told, of what, and of whose accounts? `[[webhooks]]`.

use std::collections::BTreeSet;

use freshd_core::reminder::Reason;

use super::reader::{Section, Wrong, wrong};
use super::secrets::SecretFile;

/// What a webhook understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookKind {
    /// A program: JSON with a signature in the headers.
    Json,
    /// 企业微信群机器人.
    Wecom,
    /// 钉钉群机器人.
    Dingtalk,
    /// 飞书群机器人.
    Feishu,
}

impl WebhookKind {
    /// All of them, with the words of the configuration.
    pub const ALL: [(&'static str, Self); 4] = [
        ("json", Self::Json),
        ("wecom", Self::Wecom),
        ("dingtalk", Self::Dingtalk),
        ("feishu", Self::Feishu),
    ];
}

/// One of `[[webhooks]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// What it is called: `webhook:NAME` in the outbox.
    pub name: String,
    /// What it understands.
    pub kind: WebhookKind,
    /// The file with its address, which is a secret: who knows it can write to the group. `None` only where the configuration has
    /// problems.
    pub url: Option<SecretFile>,
    /// The file with the key that signs; `None` = nothing is signed.
    pub secret: Option<SecretFile>,
    /// Letters with one of these reasons are told.
    pub reasons: Vec<Reason>,
    /// Only accounts of these units (主办、主管单位或通报对象); empty = all.
    pub units: Vec<String>,
}

pub(crate) fn read(root: &Section<'_>) -> Vec<WebhookConfig> {
    let mut names = BTreeSet::new();
    let mut hooks = Vec::new();
    for section in root.tables("webhooks") {
        let hook = one(&section);
        if !hook.name.is_empty() && !names.insert(hook.name.clone()) {
            section.problem("name", format!("已有名为 {} 的 webhook", hook.name), "换一个名称");
        }
        section.close();
        hooks.push(hook);
    }
    hooks
}

fn one(section: &Section<'_>) -> WebhookConfig {
    let name = section.parsed("name", super::tokens::name);
    if name.is_none() && !section.has("name") {
        section.problem("name", "没有写名称", "写上 name = \"值班群\",信件列表里用它");
    }
    let kind = section.parsed("kind", kind);
    if kind.is_none() && !section.has("kind") {
        let help =
            "写上 kind = \"wecom\"(企业微信)、\"dingtalk\"(钉钉)、\"feishu\"(飞书)或 \"json\"";
        section.problem("kind", "没有写是哪一种", help);
    }
    let kind = kind.unwrap_or(WebhookKind::Json);
    let url = SecretFile::read(section, "url_file");
    if url.is_none() && !section.has("url_file") {
        let help =
            "把机器人的完整地址(含密钥)写进一个只有本程序能读的文件,再写 url_file = \"文件\"";
        section.problem("url_file", "没有写地址文件", help);
    }
    let secret = SecretFile::read(section, "secret_file");
    if secret.is_some() && kind == WebhookKind::Wecom {
        let help = "删去 secret_file;地址里的 key 就是密钥";
        section.problem("secret_file", "企业微信的机器人不加签", help);
    }
    let reasons = section.list("reasons", reason);
    if reasons.as_ref().is_some_and(Vec::is_empty) {
        section.problem("reasons", "一种也没有", "写上原因,或删去 reasons 表示只收给管理员的信");
    }
    let units = section.list("units", |unit| match unit {
        "" => wrong("单位名称是空的", "写上单位名称,或删去 units 表示全部单位"),
        unit => Ok(unit.to_owned()),
    });
    WebhookConfig {
        name: name.unwrap_or_default(),
        kind,
        url,
        secret,
        reasons: reasons.unwrap_or_else(|| vec![Reason::Operator]),
        units: units.unwrap_or_default(),
    }
}

fn kind(text: &str) -> Result<WebhookKind, Wrong> {
    match WebhookKind::ALL.iter().find(|(word, _)| *word == text) {
        Some((_, kind)) => Ok(*kind),
        None => wrong(format!("不认识的种类「{text}」"), "wecom、dingtalk、feishu 或 json"),
    }
}

fn reason(text: &str) -> Result<Reason, Wrong> {
    const ALL: [Reason; 8] = [
        Reason::Overdue,
        Reason::Reminder,
        Reason::Escalation,
        Reason::Rectified,
        Reason::PreHoliday,
        Reason::Precheck,
        Reason::EvidenceRequest,
        Reason::Operator,
    ];
    match ALL.iter().find(|reason| reason.key() == text) {
        Some(reason) => Ok(*reason),
        None => {
            let known: Vec<&str> = ALL.iter().map(|reason| reason.key()).collect();
            wrong(format!("不认识的原因「{text}」"), format!("可以写:{}", known.join("、")))
        }
    }
}
