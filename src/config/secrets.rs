//! Where do passwords and keys come from? Files that the configuration names, read when they are needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use freshd_connectors::{Secret, SecretProblem, SecretSource};

use super::reader::{Section, Wrong, wrong};
use crate::os::io_text;

/// Longest file of secrets that is read, bytes.
const SECRETS_BYTES_MAX: u64 = 1 << 20;

/// Where named files are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// The configuration's directory: relative paths start here.
    pub(crate) base: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`: plain names are looked for here first.
    pub(crate) credentials: Option<PathBuf>,
    /// May a credential still arrive at the next start by systemd?
    pub(crate) systemd: bool,
}

/// A file with a secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFile {
    /// The key path that names it, for messages.
    pub key: String,
    /// Where it lies.
    pub path: PathBuf,
}

impl SecretFile {
    /// The file that a key names: its absence is a problem, its being readable for everybody a warning.
    pub(crate) fn read(section: &Section<'_>, key: &str) -> Option<Self> {
        let found = section.parsed(key, |name| section.files().find(name))?;
        match &found.state {
            State::Fine => {}
            State::Open => section.warning(key, open_text(&found.path), OPEN_HELP),
            State::Later => section.warning(
                key,
                format!("现在没有名为 {} 的凭据", found.path.display()),
                "以 systemd 服务运行时由 LoadCredential= 提供;否则写出文件的完整路径",
            ),
        }
        Some(Self { key: section.key_path(key), path: found.path })
    }

    /// Its text without the line end.
    pub(crate) fn text(&self) -> Result<String, SecretProblem> {
        let said = |why: &str| SecretProblem(format!("{}({}){why}", self.path.display(), self.key));
        let mut text = String::new();
        fs::File::open(&self.path)
            .map_err(|error| said(&io_text(&error)))?
            .take(SECRETS_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| said(&io_text(&error)))?;
        let text = text.trim().to_owned();
        if text.is_empty() { Err(said("是空的")) } else { Ok(text) }
    }

    fn table(&self) -> Result<toml::Table, SecretProblem> {
        let help = "不是正确的 TOML,每行写 名称 = \"密钥\"";
        let said = || SecretProblem(format!("{}({}){help}", self.path.display(), self.key));
        self.text()?.parse().map_err(|_| said())
    }

    /// Every entry `key = "secret"` of a TOML file.
    pub(crate) fn entries(&self) -> Result<BTreeMap<String, Secret>, SecretProblem> {
        let entry = |(key, value): (String, toml::Value)| match value {
            toml::Value::String(secret) => Ok((key, Secret::new(secret))),
            _ => {
                let said = format!("{}({})里的 {key} 不是文本", self.path.display(), self.key);
                Err(SecretProblem(said))
            }
        };
        self.table()?.into_iter().map(entry).collect()
    }

    /// The entry `key = "secret"` of a TOML file.
    fn entry(&self, key: &str) -> Result<Secret, SecretProblem> {
        let said = |why: &str| SecretProblem(format!("{}({}){why}", self.path.display(), self.key));
        let table = self.table()?;
        match table.get(key).and_then(toml::Value::as_str) {
            Some(secret) if !secret.is_empty() => Ok(Secret::new(secret)),
            _ => Err(said(&format!("里没有 {key} 的密钥,请加一行 {key} = \"密钥\""))),
        }
    }
}

enum State {
    Fine,
    Open,
    Later,
}

struct FoundFile {
    path: PathBuf,
    state: State,
}

impl Files {
    fn find(&self, name: &str) -> Result<FoundFile, Wrong> {
        let plain = !name.contains('/');
        let credential = self.credentials.as_ref().filter(|_| plain).map(|dir| dir.join(name));
        if let Some(path) = credential.filter(|path| path.exists()) {
            return Ok(FoundFile { path, state: State::Fine });
        }
        let path = self.base.join(name);
        match fs::metadata(&path) {
            Ok(held) if held.is_file() => {
                let state = if is_open(&held) { State::Open } else { State::Fine };
                Ok(FoundFile { path, state })
            }
            Ok(_) => wrong(format!("{} 不是文件", path.display()), "写到文件名为止"),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                Ok(FoundFile { path, state: State::Fine })
            }
            Err(_) if plain && self.systemd && self.credentials.is_none() => {
                Ok(FoundFile { path: name.into(), state: State::Later })
            }
            Err(error) => wrong(
                format!("{}:{}", path.display(), io_text(&error)),
                "检查路径(相对路径从配置文件所在目录算起),或用 systemd 的 LoadCredential= 提供",
            ),
        }
    }
}

const OPEN_HELP: &str = "chmod o-r 这个文件";

fn open_text(path: &Path) -> String {
    format!("{} 里有密钥,却人人可读", path.display())
}

fn is_open(held: &fs::Metadata) -> bool {
    held.permissions().mode() & 0o004 != 0
}

/// The secrets of all connectors and of the mail relay, from files; nothing is kept in memory between uses.
#[derive(Debug, Default)]
pub struct FileSecrets {
    /// `connector` → a TOML file of `key = "secret"`.
    pub(crate) tables: BTreeMap<String, SecretFile>,
    /// `(connector, key)` → a file that is the secret.
    pub(crate) singles: BTreeMap<(String, String), SecretFile>,
    warned: Mutex<BTreeSet<PathBuf>>,
}

impl FileSecrets {
    /// From the files by connector, and by connector and key.
    pub(crate) fn new(
        tables: BTreeMap<String, SecretFile>,
        singles: BTreeMap<(String, String), SecretFile>,
    ) -> Self {
        Self { tables, singles, warned: Mutex::default() }
    }

    /// The relay's password; `None` when none is configured.
    pub fn mail_password(&self) -> Result<Option<Secret>, SecretProblem> {
        let key = ("mail".to_owned(), "password".to_owned());
        self.singles.contains_key(&key).then(|| self.secret("mail", "password")).transpose()
    }

    /// The key that letters are signed with.
    pub fn dkim_key(&self) -> Result<Secret, SecretProblem> {
        self.secret("mail", "dkim")
    }

    /// The password of the mailbox; `None` when none is configured.
    pub fn inbox_password(&self) -> Result<Option<Secret>, SecretProblem> {
        let key = ("mail.inbox".to_owned(), "password".to_owned());
        self.singles.contains_key(&key).then(|| self.secret("mail.inbox", "password")).transpose()
    }

    /// Says once per file that everybody can read it.
    fn look_at(&self, file: &SecretFile) {
        if !fs::metadata(&file.path).is_ok_and(|held| is_open(&held)) {
            return;
        }
        let mut warned = self.warned.lock().unwrap_or_else(|broken| broken.into_inner());
        if warned.insert(file.path.clone()) {
            tracing::warn!(file = %file.path.display(), key = file.key, "secret file is world-readable");
        }
    }
}

impl SecretSource for FileSecrets {
    fn secret(&self, connector: &str, key: &str) -> Result<Secret, SecretProblem> {
        if let Some(file) = self.singles.get(&(connector.to_owned(), key.to_owned())) {
            self.look_at(file);
            return file.text().map(Secret::new);
        }
        if let Some(file) = self.tables.get(connector) {
            self.look_at(file);
            return file.entry(key);
        }
        Err(SecretProblem(format!("采集器 {connector} 没有配置 {key} 的密钥")))
    }

    fn all(&self, connector: &str) -> Result<BTreeMap<String, Secret>, SecretProblem> {
        let Some(file) = self.tables.get(connector) else { return Ok(BTreeMap::new()) };
        self.look_at(file);
        file.entries()
    }
}

#[cfg(test)]
mod tests;
