//! Who is logged in to the pages? Sessions in memory, opened by a token, that end after half a day.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use chrono::TimeDelta;
use freshd_core::Timestamp;

use super::push::holder;
use super::{WebState, problem::Problem};
use crate::clock::secret_bytes;
use crate::config::TokenConfig;
use crate::config::tokens::hash_of;

/// A session ends after so many hours.
pub(super) const SESSION_H: i64 = 12;
/// Sessions at once; the oldest makes room.
const SESSIONS_MAX: usize = 1_000;
/// Wrong tokens within [`FAILURES_MIN`]; then nobody is let in until it has passed.
const FAILURES_MAX: usize = 10;
/// Minutes in which wrong tokens are counted.
const FAILURES_MIN: i64 = 5;
/// The cookie's name.
const COOKIE: &str = "freshd_session";

#[derive(Clone)]
struct Session {
    /// The hash of the token that opened it: a token that is changed or taken away ends it.
    token: [u8; 32],
    person: Option<String>,
    until: Timestamp,
    notice: Option<String>,
}

/// All sessions, by the hash of what the cookie holds.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Held>);

#[derive(Default)]
struct Held {
    open: BTreeMap<[u8; 32], Session>,
    failures: VecDeque<Timestamp>,
}

/// Who is logged in.
#[derive(Clone)]
pub(super) struct Visitor {
    /// The token.
    pub by: TokenConfig,
    /// The person who was chosen at the login.
    pub person: Option<String>,
    key: [u8; 32],
}

impl Visitor {
    /// Whose name is kept with what is said.
    pub(super) fn name(&self) -> &str {
        self.person.as_deref().unwrap_or(&self.by.name)
    }
}

impl Sessions {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Were there too many wrong tokens of late?
    pub(super) fn is_barred(&self, now: Timestamp) -> bool {
        let mut held = self.held();
        let since = now - TimeDelta::minutes(FAILURES_MIN);
        held.failures.retain(|at| *at > since);
        held.failures.len() >= FAILURES_MAX
    }

    /// Counts a wrong token.
    pub(super) fn failed(&self, now: Timestamp) {
        let mut held = self.held();
        held.failures.push_back(now);
        if held.failures.len() > FAILURES_MAX {
            held.failures.pop_front();
        }
    }

    /// Opens a session; the answer is what the cookie holds.
    pub(super) fn open(&self, token: [u8; 32], person: Option<String>, now: Timestamp) -> String {
        let secret = secret_bytes().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let mut held = self.held();
        held.open.retain(|_, session| session.until > now);
        if held.open.len() >= SESSIONS_MAX
            && let Some(oldest) =
                held.open.iter().min_by_key(|(_, session)| session.until).map(|(key, _)| *key)
        {
            held.open.remove(&oldest);
        }
        let until = now + TimeDelta::hours(SESSION_H);
        held.open.insert(hash_of(&secret), Session { token, person, until, notice: None });
        secret
    }

    /// Ends the session of this request.
    pub(super) fn close(&self, headers: &HeaderMap) {
        if let Some(secret) = cookie(headers) {
            self.held().open.remove(&hash_of(&secret));
        }
    }

    /// Leaves a word that the visitor's next page shows.
    pub(super) fn tell(&self, visitor: &Visitor, text: String) {
        if let Some(session) = self.held().open.get_mut(&visitor.key) {
            session.notice = Some(text);
        }
    }

    /// Takes that word.
    pub(super) fn told(&self, visitor: &Visitor) -> Option<String> {
        self.held().open.get_mut(&visitor.key)?.notice.take()
    }
}

/// Who asks; `None` if nobody is logged in, or the token is no longer good.
pub(super) async fn visitor(
    state: &WebState,
    headers: &HeaderMap,
) -> Result<Option<Visitor>, Problem> {
    let Some(secret) = cookie(headers) else { return Ok(None) };
    let (key, now) = (hash_of(&secret), state.data.now());
    let found = state.sessions.held().open.get(&key).cloned();
    let Some(session) = found.filter(|session| session.until > now) else { return Ok(None) };
    let by = state.read(move |data| Ok(holder(data.tokens(), &session.token))).await?;
    let by = by.filter(|by| by.role.may_push());
    Ok(by.map(|by| Visitor { by, person: session.person, key }))
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| name.trim() == COOKIE).map(|(_, value)| value.trim().to_owned())
}

/// The cookie as it is set; empty ends it. Over HTTPS it never travels otherwise.
pub(super) fn set_cookie(secret: &str, headers: &HeaderMap) -> String {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let secure = if origin.is_some_and(|it| it.starts_with("https://")) { "; Secure" } else { "" };
    let age = if secret.is_empty() { 0 } else { SESSION_H * 3600 };
    format!("{COOKIE}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}
