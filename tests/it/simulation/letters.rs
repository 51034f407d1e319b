//! Did everybody get what was for them, once, in time, and nothing else? Told, written and received compared.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveTime, TimeDelta};
use freshd::notify::NotifyReport;
use freshd::store::{Letter, LetterState};
use freshd_core::id::AccountId;
use freshd_core::reminder::{Audience, GATHER_H, Reason, Tell, decide, decide_unless_quiet};
use freshd_core::state::AccountState;
use freshd_core::verdict::{Outcome, judge};
use freshd_core::{Timestamp, civil};
use freshd_sim::Mail;

use super::book::Book;
use super::stage::{OPERATORS, Stage};

pub const TOLD_ONCE: &str = "5 each thing is told once";
pub const MAILED: &str = "5 what was told is mailed, under one Message-ID";
pub const KNOWN_ID: &str = "5 every mail is a letter of the outbox";
pub const HOURS: &str = "6 mail leaves within its hours";
pub const THEIRS: &str = "6 a letter is about its reader's accounts";
pub const SAID_RIGHT: &str = "7 letters say what the ruling said";
pub const OUTBOX_BOUNDED: &str = "9 the outbox is bounded";

/// One thing told to one recipient.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Thing {
    account: AccountId,
    rule: freshd_core::rulebook::Rule,
    mark: Timestamp,
    reason: Reason,
    stage: u32,
    to: String,
}

/// A letter that was written.
struct Written {
    to: String,
    accounts: Vec<AccountId>,
    late_after: Option<Timestamp>,
    at: Timestamp,
    things: Vec<Thing>,
}

/// Everything told and received.
#[derive(Default)]
pub struct Letters {
    told: BTreeMap<Thing, (Timestamp, String)>,
    written: BTreeMap<String, Written>,
    refused: BTreeSet<String>,
    /// Message-IDs of those that were cancelled; the outbox forgets them.
    cancelled: BTreeSet<String>,
    received: usize,
    mailed: BTreeMap<String, u32>,
}

/// What the accounts that are due have to tell: asked of the pure core before the notifier runs.
pub type Foreseen = BTreeMap<AccountId, Vec<Tell>>;

impl Letters {
    /// What the notifier will have to tell at `now`.
    pub fn foresee(&self, stage: &Stage, now: Timestamp) -> Foreseen {
        let due = stage.store().due(freshd::store::Index::Notify, now, usize::MAX).unwrap();
        let policy = stage.app().policy();
        let mut foreseen = Foreseen::new();
        for (_, id) in due {
            let Some(account) = stage.store().account(&id).unwrap() else { continue };
            let state: AccountState = stage.store().state(&id).unwrap().unwrap_or_default();
            let judgement = judge(&account, &state, &policy, now);
            foreseen.insert(id, decide(&judgement, &state.episodes, &policy).tell);
        }
        // Beside a reminder, what its recipient would be reminded of within a day.
        let ahead = TimeDelta::hours(GATHER_H);
        let soon = stage.store().due(freshd::store::Index::Notify, now + ahead, usize::MAX);
        for (_, id) in soon.unwrap() {
            if foreseen.contains_key(&id) {
                continue;
            }
            let Some(account) = stage.store().account(&id).unwrap() else { continue };
            let state: AccountState = stage.store().state(&id).unwrap().unwrap_or_default();
            let judgement = judge(&account, &state, &policy, now);
            let episodes = &state.episodes;
            let told = decide_unless_quiet(&judgement, episodes, &policy, None, ahead).tell;
            foreseen.insert(id, told);
        }
        foreseen
    }

    /// Takes in a run of the notifier.
    pub fn note(
        &mut self,
        stage: &Stage,
        report: &NotifyReport,
        foreseen: &Foreseen,
        book: &mut Book,
    ) {
        let mut things: BTreeMap<(String, AccountId), Vec<Thing>> = BTreeMap::new();
        for told in &report.told {
            let id = AccountId::new(told.account.clone());
            let tells = foreseen.get(&id).map(Vec::as_slice).unwrap_or_default();
            let tell = tells.iter().find(|tell| {
                (tell.rule, tell.reason, tell.stage) == (told.rule, told.reason, told.stage)
            });
            let wrong = tell.is_none().then(|| format!("{told:?} was not to be told: {tells:?}"));
            book.check(SAID_RIGHT, wrong);
            for to in &told.to {
                let thing = Thing {
                    account: id.clone(),
                    rule: told.rule,
                    mark: tell.map_or(report.at, |tell| tell.mark),
                    reason: told.reason,
                    stage: told.stage,
                    to: to.clone(),
                };
                self.theirs(stage, &id, told.audience, to, book);
                things.entry((to.clone(), id.clone())).or_default().push(thing);
            }
        }
        for letter in &report.letters {
            let held =
                stage.store().letter(&letter.id).unwrap().expect("what was written is there");
            self.write(stage, held, &mut things, report.at, book);
        }
        let left: Vec<_> = things.into_values().flatten().collect();
        let wrong = (!left.is_empty() && report.put_off.is_empty())
            .then(|| format!("told at {} without a letter: {left:?}", civil::rfc3339(report.at)));
        book.check(MAILED, wrong);
    }

    fn theirs(&self, stage: &Stage, id: &AccountId, audience: Audience, to: &str, book: &mut Book) {
        let account = stage.world.find(id.as_str()).expect("an account of this world");
        let unit = &stage.world.units[account.unit];
        let right = match audience {
            // An address that was refused for good is written to no more: its officer is.
            Audience::Owner => match stage.store().dead_address(&unit.email).unwrap() {
                Some(_) => to == format!("officer-{:02}@example.gov.test", account.unit),
                None => to == unit.email,
            },
            Audience::Supervisor => to == unit.supervisor_email,
        };
        book.check(THEIRS, (!right).then(|| format!("{id} of {} is told to {to}", unit.name)));
    }

    fn write(
        &mut self,
        stage: &Stage,
        letter: Letter,
        things: &mut BTreeMap<(String, AccountId), Vec<Thing>>,
        at: Timestamp,
        book: &mut Book,
    ) {
        let mut mine = Vec::new();
        for account in &letter.accounts {
            mine.extend(things.remove(&(letter.to.clone(), account.clone())).unwrap_or_default());
        }
        for thing in &mine {
            let entry = (at, letter.message_id.clone());
            let again = self.told.insert(thing.clone(), entry);
            let wrong = again.map(|(first, id)| {
                let (first, now) = (civil::rfc3339(first), civil::rfc3339(at));
                format!("{thing:?} at {first} in {id} and at {now} in {}", letter.message_id)
            });
            book.check(TOLD_ONCE, wrong);
        }
        self.said(stage, &letter, &mine, at, book);
        let written = Written {
            to: letter.to,
            accounts: letter.accounts,
            late_after: letter.late_after,
            at,
            things: mine,
        };
        self.written.insert(letter.message_id, written);
    }

    /// The letter's own words: each account's name, its state and the instant of its data.
    fn said(
        &self,
        stage: &Stage,
        letter: &Letter,
        things: &[Thing],
        at: Timestamp,
        book: &mut Book,
    ) {
        let body = stage.store().letter_body(&letter.id).unwrap().expect("a letter has a body");
        for thing in things {
            let (account, _, judgement) =
                stage.app().judged(&thing.account, at).unwrap().expect("an account");
            let ruling = judgement.ruling(thing.rule).expect("a rule that was told is ruled");
            let fits = match thing.reason {
                Reason::Overdue | Reason::Escalation => ruling.outcome == Outcome::Fail,
                Reason::Reminder => ruling.outcome == Outcome::AtRisk,
                Reason::Rectified => matches!(ruling.outcome, Outcome::Pass | Outcome::AtRisk),
                _ => true,
            };
            let as_of = civil::minute_text(ruling.as_of);
            let missing = [account.name.as_str(), as_of.as_str(), freshd::notify::letter::NOTICE]
                .into_iter()
                .find(|words| !body.text.contains(words));
            let named = body.html.contains(&account.name);
            let wrong = (!fits || !named || missing.is_some()).then(|| {
                format!(
                    "{thing:?} at {}: {ruling:?}, missing {missing:?}: {}",
                    civil::rfc3339(at),
                    body.text
                )
            });
            book.check(SAID_RIGHT, wrong);
        }
    }

    /// Looks at the mails that arrived since the last time.
    pub fn receive(&mut self, stage: &Stage, book: &mut Book) {
        if stage.mail.count() == self.received {
            return;
        }
        let mails = stage.mail.mails();
        for mail in &mails[self.received..] {
            self.received_one(stage, mail, book);
        }
        self.received = mails.len();
    }

    fn received_one(&mut self, stage: &Stage, mail: &Mail, book: &mut Book) {
        let id = mail.header("Message-ID").unwrap_or_default();
        *self.mailed.entry(id.clone()).or_default() += 1;
        if !self.written.contains_key(&id) {
            self.settle(stage, book);
        }
        let Some(written) = self.written.get(&id) else {
            book.check(KNOWN_ID, Some(format!("{id} to {:?}: {}", mail.to, mail.subject())));
            return;
        };
        let right = mail.to == [written.to.clone()] && mail.from == super::stage::SENDER;
        book.check(
            KNOWN_ID,
            (!right).then(|| format!("{id} went to {:?} from {}", mail.to, mail.from)),
        );
        let text = mail.text_body().unwrap_or_default();
        let wrong = foreign(stage, written, &text)
            .map(|name| format!("{id} to {} speaks of {name}: {text}", written.to));
        book.check(THEIRS, wrong);
        let open = stage.is_open(mail.at);
        let excused = written.late_after.is_some_and(|late| late <= stage.opens(mail.at));
        let wrong = (!open && !excused).then(|| {
            let (at, made) = (civil::rfc3339(mail.at), civil::rfc3339(written.at));
            let late = written.late_after.map(civil::rfc3339);
            format!("{id} to {} left at {at}, written {made}, late after {late:?}", written.to)
        });
        book.check(HOURS, wrong);
        if !open {
            book.count("letters that could not wait for the morning");
        }
        let soon = mail.at - written.at <= TimeDelta::seconds(60);
        if open && soon {
            book.count("letters within a minute of the ruling");
        }
    }

    /// Letters that were written in a tick whose report nobody got: the daemon died in it.
    pub fn catch_up(&mut self, stage: &Stage) {
        let walk = stage.store().for_each_letter(|letter| {
            let written = Written {
                to: letter.to,
                accounts: letter.accounts,
                late_after: letter.late_after,
                at: letter.created_at,
                things: Vec::new(),
            };
            self.written.entry(letter.message_id).or_insert(written);
            Ok(true)
        });
        walk.unwrap();
    }

    /// A recipient that refuses all mail.
    pub fn refuses(&mut self, to: &str) {
        self.refused.insert(to.to_owned());
    }

    /// The outbox as it stands.
    pub fn outbox(&mut self, stage: &Stage, book: &mut Book) {
        self.settle(stage, book);
        let mut open = 0;
        let mut all = 0;
        stage
            .store()
            .for_each_letter(|letter| {
                all += 1;
                open += usize::from(!letter.state.is_final());
                Ok(true)
            })
            .unwrap();
        let (accounts, units) = (stage.world.accounts.len(), stage.world.units.len());
        // A reader has at most one letter of a run waiting, and a letter lives five days.
        let wrong = open > units * 12 || all > accounts * 60;
        book.check(OUTBOX_BOUNDED, wrong.then(|| format!("{all} letters, {open} not over")));
    }

    /// At the end: everything told was mailed, save to whom it could not be and what had no time to.
    pub fn close(&self, stage: &Stage, now: Timestamp, book: &mut Book) {
        let grace = TimeDelta::days(11);
        for (id, written) in &self.written {
            let times = self.mailed.get(id).copied().unwrap_or(0);
            let excused = self.refused.contains(&written.to)
                || now - written.at < grace
                || self.cancelled.contains(id);
            let wrong = (times == 0 && !excused).then(|| {
                let at = civil::rfc3339(written.at);
                let letter = self.letter(stage, id);
                let things = &written.things;
                format!("{id} to {} of {at} never arrived: {letter:?}, {things:?}", written.to)
            });
            book.check(MAILED, wrong);
            if times > 1 {
                book.count("letters that arrived more than once, under one Message-ID");
            }
        }
        for to in &self.refused {
            let told = stage.mail.mails().iter().any(|mail| {
                mail.to == [OPERATORS] && mail.text_body().is_some_and(|text| text.contains(to))
            });
            let used = self.written.values().any(|written| written.to == *to);
            let wrong = (used && !told).then(|| format!("nobody told the operators of {to}"));
            book.check(MAILED, wrong);
        }
    }

    /// Letters that were cancelled since the last time.
    fn settle(&mut self, stage: &Stage, book: &mut Book) {
        let mut cancelled = Vec::new();
        let walk = stage.store().for_each_letter(|letter| {
            cancelled.extend((letter.state == LetterState::Cancelled).then_some(letter));
            Ok(true)
        });
        walk.unwrap();
        for letter in cancelled {
            if self.cancelled.insert(letter.message_id.clone()) {
                self.taken_in(stage, &letter, book);
            }
        }
    }

    /// What another letter took in is told by that one, as far as it was still so: a later one to the same recipient, or
    /// what is left of it.
    fn taken_in(&mut self, stage: &Stage, had: &Letter, book: &mut Book) {
        let Some(into) = &had.merged_into else { return };
        book.count("letters that another one to the same recipient took in");
        let heir = stage.store().letter(into).unwrap();
        let heir = heir.filter(|heir| heir.to.eq_ignore_ascii_case(&had.to));
        book.check(MAILED, heir.is_none().then(|| format!("{} was lost in {into}", had.to)));
        let Some(heir) = heir else { return };
        let lacking = had.accounts.iter().any(|id| !heir.accounts.contains(id));
        if lacking {
            book.count("letters of which something was settled before they left");
        }
        if self.written.contains_key(&heir.message_id) {
            return;
        }
        let foreign = heir.accounts.iter().find(|id| !had.accounts.contains(id));
        book.check(THEIRS, foreign.map(|id| format!("what is left in {into} speaks of {id}")));
        let left = Written {
            to: heir.to,
            accounts: heir.accounts,
            late_after: heir.late_after,
            at: heir.created_at,
            things: Vec::new(),
        };
        self.written.insert(heir.message_id, left);
    }

    fn letter(&self, stage: &Stage, message_id: &str) -> Option<Letter> {
        let mut found = None;
        let walk = stage.store().for_each_letter(|letter| {
            let more = letter.message_id != message_id;
            if !more {
                found = Some(letter);
            }
            Ok(more)
        });
        walk.unwrap();
        found
    }
}

/// The name of a unit in the text that is none of the recipient's.
fn foreign<'a>(stage: &'a Stage, written: &Written, text: &str) -> Option<&'a str> {
    if written.to == OPERATORS {
        return None;
    }
    let own: BTreeSet<&str> = written
        .accounts
        .iter()
        .filter_map(|id| stage.world.find(id.as_str()))
        .map(|account| stage.world.units[account.unit].short.as_str())
        .collect();
    let others = stage.world.units.iter().map(|unit| unit.short.as_str());
    let mut others = others.filter(|name| !own.iter().any(|mine| mine.contains(name)));
    others.find(|name| text.contains(name))
}

impl Stage {
    /// 08:30 to 18:00 on working days, both minutes included.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = civil::local(at);
        let time = local.time();
        let from = NaiveTime::from_hms_opt(8, 30, 0).unwrap();
        let until = NaiveTime::from_hms_opt(18, 1, 0).unwrap();
        let working = self.app().config().calendar.working_or_weekday(civil::day(at)).0;
        working && from <= time && time < until
    }

    /// The first minute from `at` on at which mail may leave.
    pub fn opens(&self, at: Timestamp) -> Timestamp {
        let mut minute = at;
        while !self.is_open(minute) {
            minute += TimeDelta::minutes(1);
        }
        minute
    }
}
