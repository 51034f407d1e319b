//! What was written before about a problem, to whom, and did it arrive? The history of letters for a supervising unit.

use freshd_core::account::Account;
use freshd_core::reminder::{Audience, Reason, Tell};
use freshd_core::state::AccountState;
use freshd_core::{Timestamp, civil};

use super::clean;
use super::tick::Notifier;
use super::write::LetterEvent;
use crate::store::{LetterState, StoreError};

/// Letters that are listed, the newest.
const LETTERS_MAX: usize = 12;

impl Notifier {
    /// The letters about a problem since its beginning, a line each, oldest first; only where a supervising unit is told.
    pub(super) fn history(
        &self,
        account: &Account,
        state: &AccountState,
        tell: &Tell,
    ) -> Result<Vec<String>, StoreError> {
        let raised =
            matches!(tell.reason, Reason::Escalation | Reason::EvidenceRequest | Reason::Reminder);
        if tell.audience != Audience::Supervisor || !raised {
            return Ok(Vec::new());
        }
        let episode = state.episodes.iter().find(|it| (it.rule, it.mark) == (tell.rule, tell.mark));
        let Some(since) = episode.and_then(|it| it.told.first()).map(|told| told.at) else {
            return Ok(Vec::new());
        };
        let written = self.written_since(account, since)?;
        let skipped = written.len().saturating_sub(LETTERS_MAX);
        let mut lines = Vec::new();
        for (at, event) in written.into_iter().skip(skipped) {
            let held = self.store.letter(&event.letter)?;
            // What another letter took in stands in that one's line.
            if held.as_ref().is_some_and(|letter| letter.merged_into.is_some()) {
                continue;
            }
            let state = held.map_or(event.state, |held| held.state);
            let reasons: Vec<_> = event.reasons.iter().map(|key| reason_words(key)).collect();
            let to = role_words(account, &event.to);
            let (when, became) = (civil::chinese(at), state_words(state));
            lines.push(format!("{when} 致{to}:{},{became}", reasons.join("、")));
        }
        Ok(lines)
    }

    /// The first event of each letter from `since` on, oldest first.
    fn written_since(
        &self,
        account: &Account,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, LetterEvent)>, StoreError> {
        let mut found: Vec<(Timestamp, LetterEvent)> = Vec::new();
        self.store.journal::<serde_json::Value>(&account.id, None, |at, event| {
            if at < since {
                return Ok(false);
            }
            if event.get("event").and_then(serde_json::Value::as_str) == Some("letter")
                && let Ok(event) = serde_json::from_value::<LetterEvent>(event)
            {
                found.retain(|(_, later)| later.letter != event.letter);
                found.push((at, event));
            }
            Ok(true)
        })?;
        found.reverse();
        Ok(found)
    }
}

/// As what a recipient was written to.
fn role_words(account: &Account, to: &str) -> &'static str {
    let holds = |list: &[String]| {
        let split = list.iter().flat_map(|entry| entry.split([';', '\u{ff1b}']));
        split.filter_map(clean::address).any(|held| held.eq_ignore_ascii_case(to))
    };
    if holds(&account.email) {
        "联系人"
    } else if holds(&account.officer_email) {
        "责任人"
    } else if holds(&account.supervisor_email) {
        "主管单位"
    } else {
        "此前的联系人"
    }
}

/// A reason in few words.
pub(super) fn reason_words(key: &str) -> &'static str {
    match key {
        "overdue" => "已超期",
        "reminder" => "临近期限提醒",
        "escalation" => "提请督促",
        "rectified" => "已整改",
        "pre-holiday" => "节前提醒",
        "precheck" => "季度自查",
        "evidence-request" => "请核实更新情况",
        _ => "其他",
    }
}

fn state_words(state: LetterState) -> &'static str {
    match state {
        LetterState::Held => "暂存未发",
        LetterState::Queued | LetterState::Sending => "待发",
        LetterState::Accepted => "对方邮件服务器已接收",
        LetterState::Bounced => "被退回",
        LetterState::Refused => "被拒收",
        LetterState::Cancelled => "已撤回",
        LetterState::GivenUp => "多次未能送达",
    }
}
