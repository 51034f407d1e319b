//! How do news become letters in the outbox? One bundle is one commit: letters, episodes, due times and journal.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::reminder::{Audience, Reason};
use freshd_core::state::AccountState;
use serde::{Deserialize, Serialize};

use super::META_REFUSED;
use super::clean::domain_of;
use super::letter::{Composed, Draft, Item, compose, owner_acts};
use super::matters;
use super::merge::{Merged, Run};
use super::operator::{Matter, OperatorLetter};
use super::plan::{Bundle, News, look, reached};
use super::reach::{dead_of, received};
use super::report::{NotifyReport, WrittenLetter};
use super::tick::{Notifier, NotifyError};
use crate::config::MailMode;
use crate::seal::SealKey;
use crate::store::{Change, Letter, LetterBody, LetterState, StoreError};

/// A letter in an account's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterEvent {
    /// Always `letter`.
    pub event: String,
    /// The letter's id.
    pub letter: String,
    /// To whom.
    pub to: String,
    /// Reasons, most urgent first.
    pub reasons: Vec<String>,
    /// What it came to, e.g. `queued`, `accepted`.
    pub state: LetterState,
}

impl LetterEvent {
    /// What this letter has come to.
    pub fn of(letter: &Letter) -> Self {
        Self {
            event: "letter".to_owned(),
            letter: letter.id.clone(),
            to: letter.to.clone(),
            reasons: letter.reasons.clone(),
            state: letter.state,
        }
    }
}

/// Why a letter does not leave by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hold {
    No,
    Mode,
    Pilot,
    Storm,
}

impl Hold {
    fn why(self) -> &'static str {
        match self {
            Self::No => "",
            Self::Mode => "[mail] mode = \"hold\":只起草,不发送",
            Self::Pilot => "不在试点单位之内,暂存",
            Self::Storm => "本次收件人过多,暂存待人工放行",
        }
    }
}

impl Notifier {
    /// Writes the letters of a bundle and marks its accounts told, in one commit (none in a dry run).
    pub(super) fn write_bundle(
        &self,
        bundle: &Bundle,
        news: &BTreeMap<AccountId, News>,
        run: &Run<'_>,
    ) -> Result<Vec<WrittenLetter>, NotifyError> {
        if run.report.dry_run {
            let mut unused = self.store.change();
            return self.fill(&mut unused, bundle, news, run);
        }
        self.store.update(|change| self.fill(change, bundle, news, run))
    }

    fn fill(
        &self,
        change: &mut Change,
        bundle: &Bundle,
        news: &BTreeMap<AccountId, News>,
        run: &Run<'_>,
    ) -> Result<Vec<WrittenLetter>, NotifyError> {
        let Run { now, report, .. } = *run;
        let mut drafts: BTreeMap<(String, Hold), Draft> = BTreeMap::new();
        for one in bundle.accounts.iter().filter_map(|id| news.get(id)) {
            let (Some(account), Some(mut state)) =
                (change.account(&one.id)?, change.state::<AccountState>(&one.id)?)
            else {
                return Err(NotifyError::Moved);
            };
            state.forget_after(now);
            let (judgement, decision) =
                look(&account, &state, &self.settings.policy, now, one.ahead);
            let dead = dead_of(&self.store, &account)?;
            let same_to =
                || decision.tell.iter().map(|tell| reached(&account, &state, tell.audience, &dead));
            if decision.tell != one.tell || !same_to().eq(one.to.iter().cloned()) {
                return Err(NotifyError::Moved);
            }
            let hold = self.hold(one, report);
            for (tell, address) in one
                .tell
                .iter()
                .zip(&one.to)
                .flat_map(|(tell, to)| to.iter().map(move |a| (tell, a)))
            {
                let key = (address.to_lowercase(), hold);
                let draft = drafts.entry(key).or_insert_with(|| Draft::to(address, &account));
                draft.add(Item {
                    judgement: judgement.clone(),
                    tell: tell.clone(),
                    owner_acts: owner_acts(&state),
                    history: self.history(&account, &state, tell)?,
                    inspection: None,
                    account: account.clone(),
                });
            }
            state.episodes = decision.episodes;
            state.next_notice = decision.next_look;
            change.put_state_told(&one.id, &state, decision.next_look)?;
        }
        let sender = self.settings.sender();
        let key = self.seal(report.dry_run)?;
        let house = self.settings.house(&sender, key.as_ref());
        let mut written = Vec::new();
        for ((address, hold), draft) in &mut drafts {
            let merged = match hold {
                Hold::No => self.take_in(change, draft, run.waiting.get(address), now)?,
                _ => Merged::default(),
            };
            let mut composed = compose(draft, &house, now)?;
            composed.decided = merged.decided();
            composed.briefs.retain(|brief| !merged.is_only_in(brief.account.as_ref()));
            let (id, to) = (composed.id.clone(), &draft.recipient.address);
            let kept = self.keep(change, to, composed, *hold, now)?;
            merged.close(&self.store, change, &id, now)?;
            written.extend(kept);
        }
        Ok(written)
    }

    /// The Message-ID as it goes out. What a letter says could be worked out by others, and a bounce is believed by this id: so it is
    /// written with the store's key, still the same for the same content.
    fn unguessable(&self, id: &str, message_id: &str) -> Result<String, StoreError> {
        let Some(key) = SealKey::held(&self.store)? else { return Ok(message_id.to_owned()) };
        let mark = key.mark("message-id", message_id);
        // It begins with the letter's id, by which a bounce finds the letter.
        let (mark, domain) = (&mark[..24], domain_of(message_id.trim_end_matches('>')));
        Ok(format!("<freshd.{id}{mark}@{domain}>"))
    }

    /// The key of the links in letters, if there are any; a trial makes none.
    pub(super) fn seal(&self, dry_run: bool) -> Result<Option<SealKey>, StoreError> {
        match (&self.settings.public_url, dry_run) {
            (None, _) => Ok(None),
            (Some(_), true) => SealKey::held(&self.store),
            (Some(_), false) => SealKey::of(&self.store).map(Some),
        }
    }

    fn hold(&self, news: &News, report: &NotifyReport) -> Hold {
        match self.settings.mail.mode {
            MailMode::Hold => Hold::Mode,
            MailMode::Pilot if !news.pilot => Hold::Pilot,
            _ if report.storm.is_some() => Hold::Storm,
            _ => Hold::No,
        }
    }

    /// Puts a letter into the outbox, unless the very same one is there already.
    pub(super) fn keep(
        &self,
        change: &mut Change,
        to: &str,
        composed: Composed,
        hold: Hold,
        now: Timestamp,
    ) -> Result<Vec<WrittenLetter>, NotifyError> {
        if change.letter(&composed.id)?.is_some() {
            return Ok(Vec::new());
        }
        let letter = self.letter(to, &composed, hold, now)?;
        let body = LetterBody {
            text: composed.text.clone(),
            html: composed.html.clone(),
            attachments: composed.attachments.clone(),
        };
        change.new_letter(&letter, &body)?;
        for account in &letter.accounts {
            change.journal(account, now, &LetterEvent::of(&letter))?;
        }
        let why = match letter.next_attempt {
            None => hold.why().to_owned(),
            Some(leaves) if leaves <= now => "即刻发出".to_owned(),
            Some(leaves) => format!("等到{}", freshd_core::civil::chinese(leaves)),
        };
        let copies = self.copies(change, &letter, &composed, &why, now)?;
        let own = WrittenLetter {
            id: composed.id,
            state: letter.state,
            why,
            to: to.to_owned(),
            reason: composed.reasons,
            subject: composed.subject,
            accounts: composed.accounts,
            next_attempt: letter.next_attempt,
        };
        Ok([own].into_iter().chain(copies).collect())
    }

    /// The outbox's record of a letter.
    fn letter(
        &self,
        to: &str,
        composed: &Composed,
        hold: Hold,
        now: Timestamp,
    ) -> Result<Letter, NotifyError> {
        let held = hold != Hold::No;
        let leaves = self.leaves(composed, now);
        let reasons = composed.reasons.iter().map(|reason| reason.key().to_owned());
        Ok(Letter {
            id: composed.id.clone(),
            state: if held { LetterState::Held } else { LetterState::Queued },
            to: to.to_owned(),
            reasons: reasons.collect(),
            message_id: self.unguessable(&composed.id, &composed.message_id)?,
            subject: composed.subject.clone(),
            accounts: composed.accounts.iter().map(AccountId::new).collect(),
            attempts: 0,
            next_attempt: (!held).then_some(leaves),
            lease_until: None,
            last_reply: None,
            created_at: now,
            first_attempt: None,
            late_after: composed.late_after,
            operator_told: false,
            tells: if held || leaves > now { composed.tells.clone() } else { Vec::new() },
            decided: composed.decided.clone(),
            merged_into: None,
        })
    }

    /// When it leaves; among letters of one instant the more urgent come first.
    fn leaves(&self, composed: &Composed, now: Timestamp) -> Timestamp {
        let when = self.settings.window().when(now, composed.late_after);
        let rank = composed.reasons.first().map_or(0, |reason| *reason as i64);
        if when <= now {
            now - TimeDelta::milliseconds(Reason::Operator as i64 + 1 - rank)
        } else {
            when + TimeDelta::milliseconds(rank)
        }
    }

    /// Writes to the operators about a storm, refused addresses and accounts that nobody can be written to about.
    pub(super) fn tell_operators(
        &self,
        now: Timestamp,
        report: &mut NotifyReport,
    ) -> Result<(), NotifyError> {
        let dry = report.dry_run;
        let seen: &NotifyReport = report;
        let make = |change: &mut Change| -> Result<Vec<WrittenLetter>, NotifyError> {
            let matters = self.matters(change, now, seen)?;
            if matters.is_empty() {
                return Ok(Vec::new());
            }
            let letter = OperatorLetter {
                reason: Reason::Operator,
                subject: None,
                matters,
                attachments: Vec::new(),
            };
            self.tell(change, &letter, now)
        };
        let written =
            if dry { make(&mut self.store.change())? } else { self.store.update(make)? };
        report.letters.extend(written);
        Ok(())
    }

    fn matters(
        &self,
        change: &mut Change,
        now: Timestamp,
        report: &NotifyReport,
    ) -> Result<Vec<Matter>, NotifyError> {
        let mut told = Vec::new();
        if let Some(storm) = report.storm {
            told.push(matters::storm(report, storm));
        }
        told.extend(self.refusals(change)?);
        told.extend(self.nobody(change, now, report)?);
        told.extend(silent(report));
        told.extend(received(change)?);
        Ok(told)
    }

    /// Letters that failed for good and of which the operators do not know yet.
    fn refusals(&self, change: &mut Change) -> Result<Option<Matter>, NotifyError> {
        let ids: Vec<String> = change.meta(META_REFUSED)?.unwrap_or_default();
        let mut lines = Vec::new();
        for id in &ids {
            let Some(mut letter) = change.letter(id)?.filter(|letter| !letter.operator_told) else {
                continue;
            };
            let what = match letter.state {
                LetterState::GivenUp => "多次未能送达",
                LetterState::Bounced => "被退回",
                _ => "被拒收",
            };
            let reply = letter.last_reply.as_deref().unwrap_or("无答复");
            let names: Vec<&str> = letter.accounts.iter().map(AccountId::as_str).collect();
            lines.push(format!("{} {what}:{reply}(信 {id};账号 {})", letter.to, names.join("、")));
            letter.operator_told = true;
            change.put_letter(&letter);
        }
        if !ids.is_empty() {
            change.delete_meta(META_REFUSED);
        }
        let key = format!("refused {}", ids.join(" "));
        Ok((!lines.is_empty()).then(|| matters::refused(lines, key)))
    }
}

/// Accounts whose owners did not answer two questions 请核实更新情况.
fn silent(report: &NotifyReport) -> Option<Matter> {
    let asked = report.told.iter().filter(|told| {
        told.reason == Reason::EvidenceRequest && told.audience == Audience::Supervisor
    });
    let lines: Vec<String> = asked
        .map(|told| {
            let written = if told.to.is_empty() {
                ",台账里没有主管单位邮箱"
            } else {
                ",已转主管单位"
            };
            format!("{}({}){written}", told.name, told.account)
        })
        .collect();
    let words = "以下账号无法自动核实,两次请联系人核实更新情况都没有答复。请电话催办,或人工核查(freshd confirm、freshd proof)。\
                 没有采集到数据不等于没有更新。";
    let title = format!("{} 个账号两次请核实未答复", lines.len());
    let key = format!("silent {}", report.at.timestamp_millis());
    (!lines.is_empty()).then(|| Matter::new(title, words, lines, key))
}
