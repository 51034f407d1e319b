//! Who may push, and for which units? `[[web.tokens]]`.

use std::collections::BTreeSet;

use freshd_connectors::SecretProblem;
use sha2::{Digest, Sha256};

use super::reader::{Section, Wrong, wrong};
use super::secrets::SecretFile;

/// Shortest token that is believed, characters: one that can be guessed is none.
pub const TOKEN_CHARS_MIN: usize = 20;
/// How the file of a token begins that holds its hash only.
const HASH_PREFIX: &str = "sha256:";

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// 查看.
    Viewer,
    /// 查留痕.
    Auditor,
    /// 经办: push, too.
    Operator,
    /// 管理: everything.
    Admin,
}

impl Role {
    /// The key in the configuration.
    pub fn key(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// May it bring observations?
    pub fn may_push(self) -> bool {
        matches!(self, Self::Operator | Self::Admin)
    }
}

/// One of `[[web.tokens]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenConfig {
    /// Who it stands for: in the audit trail, and as `push:NAME` where a source is named.
    pub name: String,
    /// The file with the token, or with `sha256:` and its hash; `None` only where the configuration has problems.
    pub file: Option<SecretFile>,
    /// What it may do.
    pub role: Role,
    /// The units (主办、主管单位或通报对象) that it may speak for; empty = all.
    pub units: Vec<String>,
    /// Does the coverage that it brings count?
    pub vouch: bool,
}

impl TokenConfig {
    /// Is this the hash of my token? Reads the file; compares in constant time.
    ///
    /// # Errors
    /// The file cannot be read, or what it holds is no token.
    pub fn is(&self, presented: &[u8; 32]) -> Result<bool, SecretProblem> {
        let Some(file) = &self.file else { return Ok(false) };
        let held = file.text()?;
        let hash = match held.strip_prefix(HASH_PREFIX) {
            Some(hex) => hash_of_hex(hex.trim()).ok_or("里 sha256: 后面应有 64 个十六进制数字"),
            None if held.chars().count() >= TOKEN_CHARS_MIN => Ok(hash_of(&held)),
            None => Err("里的令牌太短,至少 20 个字符"),
        };
        let hash = hash
            .map_err(|why| SecretProblem(format!("{}({}){why}", file.path.display(), file.key)))?;
        let differing = hash.iter().zip(presented).fold(0, |all, (a, b)| all | (a ^ b));
        Ok(std::hint::black_box(differing) == 0)
    }

    /// May it speak for an account of these units?
    pub fn covers<'u>(&self, mut units: impl Iterator<Item = &'u str>) -> bool {
        self.units.is_empty() || units.any(|unit| self.units.iter().any(|held| held == unit))
    }
}

/// The hash by which tokens are compared.
pub fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn hash_of_hex(hex: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (nth, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * nth..2 * nth + 2)?, 16).ok()?;
    }
    Some(hash)
}

pub(crate) fn read(web: &Section<'_>) -> Vec<TokenConfig> {
    let mut names = BTreeSet::new();
    let mut tokens = Vec::new();
    for section in web.tables("tokens") {
        let token = one(&section);
        if !token.name.is_empty() && !names.insert(token.name.clone()) {
            section.problem("name", format!("已有名为 {} 的令牌", token.name), "换一个名称");
        }
        section.close();
        tokens.push(token);
    }
    tokens
}

fn one(section: &Section<'_>) -> TokenConfig {
    let name = section.parsed("name", name);
    if name.is_none() && !section.has("name") {
        section.problem("name", "没有写令牌的名称", "写上 name = \"省平台\",留痕里用它");
    }
    let file = SecretFile::read(section, "token_file");
    if file.is_none() && !section.has("token_file") {
        let help = "写上 token_file:文件里是令牌(openssl rand -hex 32),或 sha256: 加其散列";
        section.problem("token_file", "没有写令牌文件", help);
    }
    let role = section.parsed("role", role).unwrap_or(Role::Viewer);
    let vouch = section.flag("vouch", false);
    if vouch && !role.may_push() {
        let what = format!("角色 {} 不能推送,担保没有意义", role.key());
        section.problem("vouch", what, "role 改成 operator,或删去 vouch");
    }
    let units = section.list("units", |unit| match unit {
        "" => wrong("单位名称是空的", "写上单位名称,或删去 units 表示全部单位"),
        unit => Ok(unit.to_owned()),
    });
    if units.as_ref().is_some_and(Vec::is_empty) {
        section.problem("units", "一个单位也没有", "写上单位名称,或删去 units 表示全部单位");
    }
    let units = units.unwrap_or_default();
    TokenConfig { name: name.unwrap_or_default(), file, role, units, vouch }
}

pub(super) fn name(text: &str) -> Result<String, Wrong> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.chars().all(plain) && text.chars().count() <= 40 {
        Ok(text.to_owned())
    } else {
        wrong(format!("名称「{text}」不合规"), "用文字、数字、- _ .,不超过 40 个字符")
    }
}

fn role(text: &str) -> Result<Role, Wrong> {
    let all = [Role::Viewer, Role::Auditor, Role::Operator, Role::Admin];
    let found = all.into_iter().find(|role| role.key() == text);
    found.map_or_else(
        || wrong(format!("没有角色「{text}」"), "viewer、operator、admin 或 auditor"),
        Ok,
    )
}

#[cfg(test)]
mod tests;
