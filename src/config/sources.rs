//! Which connectors are there, where do they ask and how politely? `[connectors.*]`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use freshd_connectors::registry::WeiboMode;
use freshd_connectors::wechat::component::{self, ComponentSettings};
use freshd_connectors::wechat::keep::Keep;
use freshd_connectors::{Courtesy, ProcessSettings, Registry, Settings};

use super::manifests::{self, DeclaredConfig};
use super::reader::{Section, Wrong, wrong};
use super::secrets::{FileSecrets, SecretFile};
use super::suggest;
use super::values::base_url;

/// The built-in connectors, as in `connector:target`.
pub const BUILT_IN: [&str; 12] = [
    "wechat",
    "weibo",
    "nanfang",
    "appstore",
    "huawei",
    "tencent",
    "apk",
    "probe",
    "article",
    "feed",
    "feed-complete",
    "manual",
];

/// `[connectors.*]`, save the secrets.
#[derive(Clone, Debug, Default)]
pub struct ConnectorsConfig {
    /// What the built-in connectors need.
    pub settings: Settings,
    /// Limits set for a connector by name.
    pub courtesy: BTreeMap<String, CourtesyLimits>,
    /// Connectors that are programs of their own.
    pub process: BTreeMap<String, ProcessConfig>,
    /// The manifests `connectors/*.toml` beside the configuration.
    pub manifests: Vec<DeclaredConfig>,
}

/// `at_once` and `per_minute` of `[connectors.NAME]`; what is not written stays as the connector says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CourtesyLimits {
    /// Polls in flight at once; 0 = no limit.
    pub at_once: Option<u32>,
    /// Polls started in any minute; 0 = no limit.
    pub per_minute: Option<u32>,
}

/// `[connectors.process.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessConfig {
    /// Program and arguments.
    pub command: Vec<String>,
}

impl CourtesyLimits {
    /// The connector's own limits with what the operator wrote.
    pub fn over(self, own: Courtesy) -> Courtesy {
        Courtesy {
            at_once: self.at_once.unwrap_or(own.at_once),
            per_minute: self.per_minute.unwrap_or(own.per_minute),
        }
    }
}

impl ConnectorsConfig {
    /// The limits in force for a connector whose own are `own`.
    pub fn courtesy(&self, connector: &str, own: Courtesy) -> Courtesy {
        self.courtesy.get(connector).copied().unwrap_or_default().over(own)
    }

    /// Every connector that is built in or has a manifest.
    pub fn registry(&self, keep: &Arc<Keep>) -> Registry {
        let mut registry = Registry::keeping(&self.settings, keep);
        for connector in self.manifests.iter().filter_map(DeclaredConfig::connector) {
            registry.register(Arc::new(connector));
        }
        registry
    }

    /// What a process connector of that name is made from; relative paths start in `directory`.
    pub fn process_settings(&self, name: &str, directory: &Path) -> Option<ProcessSettings> {
        let process = self.process.get(name)?;
        let limits = self.courtesy.get(name).copied().unwrap_or_default();
        Some(ProcessSettings {
            name: name.to_owned(),
            command: process.command.clone(),
            directory: directory.to_owned(),
            at_once: limits.at_once,
            per_minute: limits.per_minute,
            daemon: concat!("freshd/", env!("CARGO_PKG_VERSION")).to_owned(),
        })
    }

    /// Is there a connector of that name?
    pub fn knows(&self, name: &str) -> bool {
        BUILT_IN.contains(&name)
            || self.process.contains_key(name)
            || self.manifests.iter().any(|manifest| manifest.name == name)
    }
}

/// The files with secrets, gathered while reading.
#[derive(Default)]
pub(crate) struct Gathered {
    tables: BTreeMap<String, SecretFile>,
    singles: BTreeMap<(String, String), SecretFile>,
}

impl Gathered {
    pub(crate) fn single(&mut self, connector: &str, key: &str, file: Option<SecretFile>) {
        let entry = file.map(|file| ((connector.to_owned(), key.to_owned()), file));
        self.singles.extend(entry);
    }

    fn table(&mut self, connector: &str, file: Option<SecretFile>) {
        self.tables.extend(file.map(|file| (connector.to_owned(), file)));
    }

    pub(crate) fn into_secrets(self) -> FileSecrets {
        FileSecrets::new(self.tables, self.singles)
    }
}

pub(crate) fn read(section: Section<'_>, gathered: &mut Gathered) -> ConnectorsConfig {
    let shown = Path::new(section.file()).with_file_name("connectors");
    let (manifests, problems) = manifests::load(&section.files().base.join("connectors"), &shown);
    problems.into_iter().for_each(|problem| section.elsewhere(problem));
    let mut config = ConnectorsConfig { manifests, ..ConnectorsConfig::default() };
    for name in BUILT_IN {
        let own = section.section(name);
        built_in(name, &own, &mut config, gathered);
        keep_limits(name, &own, &mut config);
        own.close();
    }
    let processes = section.section("process");
    for (name, own) in processes.named_sections() {
        process(&name, &own, &mut config, gathered);
        keep_limits(&name, &own, &mut config);
        own.close();
    }
    for at in 0..config.manifests.len() {
        let name = config.manifests[at].name.clone();
        let own = section.section(&name);
        gathered.table(&name, SecretFile::read(&own, "secrets_file"));
        keep_limits(&name, &own, &mut config);
        declared(&own, &mut config.manifests[at]);
        own.close();
    }
    unknown(&section, &config);
    config
}

fn built_in(name: &str, own: &Section<'_>, config: &mut ConnectorsConfig, gathered: &mut Gathered) {
    let settings = &mut config.settings;
    let url = |key: &str, default: &mut url::Url| {
        *default = own.parsed(key, base_url).unwrap_or_else(|| default.clone());
    };
    match name {
        "wechat" => {
            url("base_url", &mut settings.wechat_base);
            url("article_base_url", &mut settings.wechat_article_base);
            gathered.table(name, SecretFile::read(own, "secrets_file"));
            settings.wechat_component = component(own, gathered);
        }
        "weibo" => {
            settings.weibo_mode = own.parsed("mode", weibo_mode).unwrap_or(WeiboMode::Api);
            if settings.weibo_mode == WeiboMode::Web {
                settings.weibo_base = base_url("https://m.weibo.cn").unwrap_or_else(|_| {
                    unreachable!("a literal address parses");
                });
            }
            url("base_url", &mut settings.weibo_base);
            gathered.single(name, "token", SecretFile::read(own, "token_file"));
            gathered.single(name, "cookie", SecretFile::read(own, "cookie_file"));
        }
        "nanfang" => {
            if let Some(bases) = own.list("base_urls", base_url) {
                if bases.is_empty() {
                    own.problem("base_urls", "至少要有一个地址", "删去这一项即用默认地址");
                } else {
                    settings.nanfang_bases = bases;
                }
            }
        }
        "appstore" => {
            url("base_url", &mut settings.appstore_base);
            if let Some(country) = own.parsed("country", country) {
                settings.appstore_country = country;
            }
            let theirs = Settings::default().appstore_base;
            match own.parsed("control", appstore_control) {
                Some(control) => settings.appstore_control = control,
                // Another place need not have the app that Apple's store has.
                None if settings.appstore_base != theirs => settings.appstore_control.clear(),
                None => {}
            }
        }
        "huawei" => {
            url("base_url", &mut settings.huawei.base);
            if let Some(control) = own.parsed("control", control) {
                settings.huawei.control = control;
            }
            settings.huawei.with_code = own.flag("interface_code", false);
        }
        "tencent" => {
            url("base_url", &mut settings.tencent_base);
            url("second_base_url", &mut settings.tencent_second);
            if let Some(control) = own.parsed("control", tencent_control) {
                settings.tencent_control = control;
            }
        }
        _ => {}
    }
}

/// The third-party platform 第三方平台; its secrets are asked for under the name `wechat.component`.
fn component(own: &Section<'_>, gathered: &mut Gathered) -> Option<ComponentSettings> {
    let section = own.section("component");
    let appid = section.parsed("appid", appid);
    let callback = section.parsed("callback", callback);
    let mut missing = Vec::new();
    for key in ["secret", "token", "aes_key"] {
        let file = SecretFile::read(&section, &format!("{key}_file"));
        if file.is_none() {
            missing.push(format!("{key}_file"));
        }
        gathered.single(component::SECRETS, key, file);
    }
    if section.is_present() {
        if appid.is_none() {
            section.problem("appid", "没有写第三方平台的 AppID", "写上 appid = \"wx…\"");
        }
        if !missing.is_empty() {
            let what = format!("没有写 {}", missing.join("、"));
            section.problem("", what, "AppSecret、消息校验 Token、消息加解密 Key 各放一个文件");
        }
    }
    section.close();
    let callback = callback.unwrap_or_else(|| component::CALLBACK.to_owned());
    appid.map(|appid| ComponentSettings { appid, callback })
}

fn appid(text: &str) -> Result<String, Wrong> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if text.len() == 18 && text.starts_with("wx") && plain {
        Ok(text.to_owned())
    } else {
        wrong(format!("「{text}」不是 AppID"), "以 wx 开头的 18 位,见微信开放平台的第三方平台详情")
    }
}

/// A path of our own listener that no page has.
fn callback(text: &str) -> Result<String, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    let taken = ["/api/", "/accounts/", "/assets/"].iter().any(|own| text.starts_with(own));
    let used = ["/healthz", "/readyz", "/metrics"].contains(&text);
    if text.len() > 1 && text.starts_with('/') && text.chars().all(plain) && !taken && !used {
        Ok(text.to_owned())
    } else {
        wrong(format!("「{text}」不能作为回调路径"), "以 / 开头,例如 /wechat/component")
    }
}

fn process(name: &str, own: &Section<'_>, config: &mut ConnectorsConfig, gathered: &mut Gathered) {
    if BUILT_IN.contains(&name) || config.manifests.iter().any(|held| held.name == name) {
        own.problem("", format!("已有名为 {name} 的采集器"), "换一个名称");
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.chars().all(plain) {
        own.problem("", format!("采集器名称「{name}」不合规"), "只用小写字母、数字和连字符");
    }
    let command = own.list("command", |word| Ok(word.to_owned())).unwrap_or_default();
    match command.first() {
        None => own.problem("command", "没有写要运行的程序", "写上 command = [\"/路径/程序\"]"),
        Some(program) if program.contains('/') && !own.files().base.join(program).exists() => {
            let help = "检查程序的路径(相对路径从配置文件所在目录算起)";
            own.problem("command", format!("{program}:文件不存在"), help);
        }
        Some(_) => {}
    }
    gathered.table(name, SecretFile::read(own, "secrets_file"));
    config.process.insert(name.to_owned(), ProcessConfig { command });
}

fn declared(own: &Section<'_>, declared: &mut DeclaredConfig) {
    declared.base_url = own.parsed("base_url", base_url);
    declared.complete = own.flag("complete", false);
    let wants_word = declared.manifest.as_ref().is_none_or(|manifest| manifest.wants_word());
    if declared.complete && !wants_word {
        let help = "删去这一项;只有清单写了 vouched_by = \"operator\" 的才由管理员担保";
        own.problem("complete", "这个清单的列表不需要或不能担保完整", help);
    }
}

fn keep_limits(name: &str, own: &Section<'_>, config: &mut ConnectorsConfig) {
    let limits = CourtesyLimits {
        at_once: own.whole("at_once", 0..=10_000),
        per_minute: own.whole("per_minute", 0..=1_000_000),
    };
    if limits != CourtesyLimits::default() {
        config.courtesy.insert(name.to_owned(), limits);
    }
}

fn unknown(section: &Section<'_>, config: &ConnectorsConfig) {
    let known = || {
        let manifests = config.manifests.iter().map(|held| held.name.as_str());
        BUILT_IN.into_iter().chain(["process"]).chain(manifests)
    };
    for name in section.names() {
        if known().any(|known| known == name) {
            continue;
        }
        let help = match suggest::nearest(name, known()) {
            Some(near) => format!("是不是 {near}?"),
            None => format!(
                "内置的有 {};自己的程序写成 [connectors.process.{name}],清单放在 connectors/{name}.toml",
                BUILT_IN.join("、")
            ),
        };
        section.problem(name, format!("没有名为 {name} 的采集器"), help);
    }
}

fn weibo_mode(text: &str) -> Result<WeiboMode, Wrong> {
    match text {
        "api" => Ok(WeiboMode::Api),
        "web" => Ok(WeiboMode::Web),
        _ => wrong(format!("不认识的方式「{text}」"), "api(官方接口)或 web(网页登录态)"),
    }
}

fn control(text: &str) -> Result<String, Wrong> {
    if freshd_connectors::app::is_huawei_target(text) {
        Ok(text.to_owned())
    } else {
        wrong(format!("「{text}」不是应用编号或包名"), "一个肯定在架的应用,例如 com.tencent.mm")
    }
}

fn appstore_control(text: &str) -> Result<String, Wrong> {
    if freshd_connectors::app::is_appstore_target(text) {
        Ok(text.to_owned())
    } else {
        wrong(format!("「{text}」不是苹果应用编号"), "一个肯定在架的应用,例如 414478124(微信)")
    }
}

fn tencent_control(text: &str) -> Result<String, Wrong> {
    if freshd_connectors::app::is_tencent_target(text) {
        Ok(text.to_owned())
    } else {
        wrong(format!("「{text}」不是安卓包名"), "一个肯定在架的应用,例如 com.tencent.mm(微信)")
    }
}

fn country(text: &str) -> Result<String, Wrong> {
    if text.len() == 2 && text.chars().all(|c| c.is_ascii_lowercase()) {
        Ok(text.to_owned())
    } else {
        wrong(format!("「{text}」不是商店的国家代码"), "两个小写字母,中国大陆为 cn")
    }
}
