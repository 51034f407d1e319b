//! What may be shown of an address or a body? Tokens, passwords and keys are replaced by `***`.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use url::Url;

const HIDDEN: &str = "***";

/// Query parameters whose value is a secret, lower case; also every name that ends in one of
/// [`ENDINGS`].
const NAMES: [&str; 15] = [
    "key",
    "sign",
    "signature",
    "cookie",
    "password",
    "passwd",
    "pwd",
    "auth",
    "authorization",
    "code",
    "auth_code",
    "js_code",
    "ticket",
    "session",
    "sessionid",
];

const ENDINGS: [&str; 6] = ["token", "secret", "apikey", "api_key", "_ticket", "_password"];

/// Secrets in JSON, forms and headers that a server echoes: the name, the separator, then the
/// value.
static PAIRS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        ( ["']? [A-Za-z_]* (?i-u: token | secret | ticket | password | cookie ) \\* ["']?
          \s* [:=] \s* )
        ( \\+" [^"\\]* | "(?:[^"\\]|\\.)*" | '[^']*' | [^\s&"',;<>{}()]+ )"#,
    )
    .expect("a literal expression compiles")
});

/// The words without which [`PAIRS`] finds nothing: found at a fraction of its cost, and most bodies hold none.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?i-u)token|secret|ticket|password|cookie").expect("a literal expression compiles")
});

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The address with secret parameters, user and password replaced.
pub fn url(url: &Url) -> String {
    let named = !url.username().is_empty() || url.password().is_some();
    if !named && url.query().is_none() && url.fragment().is_none() {
        return url.as_str().to_owned();
    }
    let mut shown = url.clone();
    if named {
        let _ = shown.set_username(HIDDEN);
        let _ = shown.set_password(None);
    }
    shown.set_query(url.query().map(pairs).as_deref());
    shown.set_fragment(url.fragment().map(pairs).as_deref());
    shown.into()
}

fn pairs(query: &str) -> String {
    let shown = query.split('&').map(|pair| {
        let name = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
        match (name, pair.split_once('=')) {
            (Some(name), Some((written, _))) if is_secret(&name) => {
                Cow::Owned(format!("{written}={HIDDEN}"))
            }
            _ => Cow::Borrowed(pair),
        }
    });
    shown.collect::<Vec<_>>().join("&")
}

/// A body or message with the values of secret fields replaced (`"access_token":"…"`, `secret=…`).
pub fn text(text: &str) -> Cow<'_, str> {
    if !WORDS.is_match(text) {
        return Cow::Borrowed(text);
    }
    PAIRS.replace_all(text, |found: &regex::Captures<'_>| {
        let quote = match found[2].as_bytes()[0] {
            b'"' => "\"",
            b'\'' => "'",
            _ => "",
        };
        format!("{}{quote}{HIDDEN}{quote}", &found[1])
    })
}

#[cfg(test)]
mod tests;
