//! What did one run of the notifier do, or would it do? The report as a value, for people and as JSON.

use freshd_core::Timestamp;
use freshd_core::reminder::{Audience, Reason};
use freshd_core::rulebook::Rule;
use serde::{Serialize, Serializer};

use crate::store::{LetterState, Store, StoreError};

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct NotifyReport {
    /// When.
    #[serde(serialize_with = "local")]
    pub at: Timestamp,
    /// Nothing was changed.
    pub dry_run: bool,
    /// Accounts that were due for a decision.
    pub considered: usize,
    /// What is told of which account.
    pub told: Vec<ToldAccount>,
    /// Letters written in this run.
    pub letters: Vec<WrittenLetter>,
    /// Storm control held the run.
    pub storm: Option<Storm>,
    /// Accounts of which something was to be told and nobody can be written to.
    pub without_address: Vec<String>,
    /// Accounts whose records could not be read or changed; they are looked at again.
    pub put_off: Vec<String>,
    /// When the next account is due for a decision.
    #[serde(serialize_with = "maybe_local")]
    pub next: Option<Timestamp>,
}

/// One thing told of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldAccount {
    /// The account's id.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Which rule.
    pub rule: Rule,
    /// Why.
    pub reason: Reason,
    /// Reminder: the threshold in days; overdue: how many times before.
    pub stage: u32,
    /// Owner or supervisor.
    pub audience: Audience,
    /// To whom; empty if nobody can be written to.
    pub to: Vec<String>,
}

/// One letter that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrittenLetter {
    /// Its id.
    pub id: String,
    /// Held or queued.
    pub state: LetterState,
    /// Why held, or when it leaves; Chinese.
    pub why: String,
    /// To whom.
    pub to: String,
    /// Reasons, most urgent first; in JSON one text as in `X-Freshd-Reason`.
    #[serde(serialize_with = "joined")]
    pub reason: Vec<Reason>,
    /// Subject line.
    pub subject: String,
    /// The accounts in it.
    pub accounts: Vec<String>,
    /// When it may leave.
    #[serde(serialize_with = "maybe_local")]
    pub next_attempt: Option<Timestamp>,
}

/// Why a run was held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Storm {
    /// Recipients that the run would have written to.
    pub recipients: usize,
    /// All recipients of the ledger.
    pub of: usize,
}

impl NotifyReport {
    /// An empty report.
    pub(super) fn new(at: Timestamp, dry_run: bool) -> Self {
        Self {
            at,
            dry_run,
            considered: 0,
            told: Vec::new(),
            letters: Vec::new(),
            storm: None,
            without_address: Vec::new(),
            put_off: Vec::new(),
            next: None,
        }
    }

    /// The letters in this state.
    pub fn count(&self, state: LetterState) -> usize {
        self.letters.iter().filter(|letter| letter.state == state).count()
    }

    /// A few lines for people: what was drafted, held and queued, and how to look.
    pub fn summary(&self) -> String {
        let (held, queued) = (self.count(LetterState::Held), self.count(LetterState::Queued));
        let tense = if self.dry_run { "试运行,未作任何改动:将" } else { "已" };
        let mut lines = vec![format!(
            "查看了 {} 个账号,{tense}起草 {} 封信(待发 {queued} 封,暂存 {held} 封)。",
            self.considered,
            self.letters.len()
        )];
        if let Some(storm) = self.storm {
            lines.push(format!(
                "本次要写信给 {} 个收件人(共 {} 个),超过上限,已全部暂存,等待人工放行。",
                storm.recipients, storm.of
            ));
        }
        if held > 0 && !self.dry_run {
            lines.push(
                "暂存的信没有发出。查看:freshd mail outbox、freshd mail preview 编号;放行:freshd mail release \
                 [编号…];以后自动发信:把 [mail] mode 改为 pilot 或 send。"
                    .to_owned(),
            );
        }
        if !self.without_address.is_empty() {
            let names = self.without_address.join("、");
            lines.push(format!("{} 个账号没有可用邮箱:{names}", self.without_address.len()));
        }
        lines.join("\n")
    }
}

/// The outbox as `mail outbox --json` and `GET /api/v1/outbox` show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outbox {
    /// Newest first.
    pub letters: Vec<OutboxLetter>,
}

/// One letter of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutboxLetter {
    /// Its id.
    pub id: String,
    /// How far it has come.
    pub state: LetterState,
    /// To whom.
    pub to: String,
    /// Reasons as in `X-Freshd-Reason`, most urgent first.
    pub reason: String,
    /// The same on every attempt.
    pub message_id: String,
    /// Subject line.
    pub subject: String,
    /// The accounts in it.
    pub accounts: Vec<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was written.
    #[serde(serialize_with = "local")]
    pub created_at: Timestamp,
    /// When it is tried next.
    #[serde(serialize_with = "maybe_local")]
    pub next_attempt: Option<Timestamp>,
    /// What the mail server last said.
    pub last_reply: Option<String>,
}

impl Outbox {
    /// All letters of the store.
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        let mut letters = Vec::new();
        store.for_each_letter(|letter| {
            letters.push(OutboxLetter {
                reason: letter.reasons.join(","),
                accounts: letter.accounts.iter().map(ToString::to_string).collect(),
                id: letter.id,
                state: letter.state,
                to: letter.to,
                message_id: letter.message_id,
                subject: letter.subject,
                attempts: letter.attempts,
                created_at: letter.created_at,
                next_attempt: letter.next_attempt,
                last_reply: letter.last_reply,
            });
            Ok(true)
        })?;
        Ok(Self { letters })
    }
}

fn joined<S: Serializer>(reasons: &[Reason], to: S) -> Result<S::Ok, S::Error> {
    let keys: Vec<&str> = reasons.iter().map(|reason| reason.key()).collect();
    to.serialize_str(&keys.join(","))
}

pub(super) fn local<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&crate::zone::rfc3339(*at))
}

pub(super) fn maybe_local<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => local(at, to),
        None => to.serialize_none(),
    }
}
