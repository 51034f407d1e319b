//! Are the rulings true? Each account is compared with the world right after it was polled.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil::rfc3339;
use freshd_core::history::{SIGHTINGS_BY_EARLIEST, SIGHTINGS_BY_LATEST};
use freshd_core::id::AccountId;
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, Outcome, Ruling};
use freshd_sim::world::{Account, Kind};

use super::book::Book;
use super::stage::Stage;

/// Days without a post that fail.
pub const WINDOW: TimeDelta = TimeDelta::days(14);
/// One account's state, bytes of JSON.
const STATE_BYTES_MAX: usize = 48 << 10;

pub const NO_FALSE_STALE: &str = "1 no stale fail with a post in its window";
pub const NO_FALSE_APP: &str = "1 no app fail while it can be had";
pub const NO_FALSE_GONE: &str = "1 no gone fail while it is there";
pub const NO_FALSE_PROBE: &str = "1 no interaction fail while the probe answers";
pub const NO_FAIL_BY_FAULT: &str = "3 a fault alone makes no fail";
pub const EVIDENCE_KEPT: &str = "8 a ruling's evidence is in the store";
pub const STATE_BOUNDED: &str = "9 an account's state is bounded";

/// What is remembered from poll to poll.
#[derive(Default)]
pub struct Rulings {
    /// Rules that failed when last looked at.
    failing: BTreeMap<AccountId, BTreeSet<Rule>>,
    /// Posts that the daemon has had in its hands, by account and number.
    seen: BTreeMap<usize, BTreeSet<usize>>,
}

/// An account with everything that is known of it.
struct Case<'a> {
    account: &'a Account,
    state: &'a AccountState,
    now: Timestamp,
}

impl Case<'_> {
    fn say(&self, ruling: &Ruling, why: &str) -> String {
        let coverage = self.state.history.coverage();
        let sightings: Vec<_> = self
            .state
            .history
            .sightings
            .iter()
            .take(3)
            .map(|seen| (seen.sighting.published, seen.source.as_str()))
            .collect();
        format!(
            "{} ({:?}, {:?}) at {}: {why}; as of {}, «{}», evidence {:?}, coverage {coverage:?}, newest {sightings:?}",
            self.account.id,
            self.account.kind,
            self.account.behaviour,
            rfc3339(self.now),
            rfc3339(ruling.as_of),
            ruling.reason,
            ruling.evidence,
        )
    }

    /// The last look that brought anything.
    fn last_ok(&self) -> Option<Timestamp> {
        self.state.sources.values().filter_map(|source| source.last_ok).max()
    }
}

impl Rulings {
    /// Checks these accounts as they stand now.
    pub fn look(&mut self, stage: &Stage, ids: &[AccountId], now: Timestamp, book: &mut Book) {
        for id in ids {
            let Some((_, state, judgement)) = stage.app().judged(id, now).unwrap() else {
                continue;
            };
            let account = stage.world.find(id.as_str()).expect("an account of this world");
            let case = Case { account, state: &state, now };
            self.remember(&case);
            self.check(stage, &case, &judgement, book);
        }
    }

    /// Takes over how things stand, with nothing to say: the daemon died in a tick whose end nobody saw.
    pub fn catch_up(&mut self, stage: &Stage, now: Timestamp) {
        for account in &stage.world.accounts {
            let judged = stage.app().judged(&account.id, now).unwrap();
            let Some((_, state, judgement)) = judged else { continue };
            self.remember(&Case { account, state: &state, now });
            let failing = judgement.rulings.iter().filter(|r| r.outcome == Outcome::Fail);
            self.failing.insert(account.id.clone(), failing.map(|r| r.rule).collect());
        }
    }

    fn check(&mut self, stage: &Stage, case: &Case<'_>, judgement: &Judgement, book: &mut Book) {
        let before = self.failing.remove(&case.account.id).unwrap_or_default();
        let answered = case.last_ok() == Some(case.now);
        let mut failing = BTreeSet::new();
        for ruling in &judgement.rulings {
            if ruling.outcome == Outcome::Fail {
                failing.insert(ruling.rule);
                self.fail(stage, case, ruling, book);
                if ruling.rule.is_veto() && !before.contains(&ruling.rule) {
                    let gone = ruling.rule == Rule::AccountGone;
                    let wrong = (!answered && !gone)
                        .then(|| case.say(ruling, "a new fail at a poll that brought nothing"));
                    book.check(NO_FAIL_BY_FAULT, wrong);
                }
            }
            if ruling.rule.is_veto() {
                evidence_kept(stage, case, ruling, book);
            }
        }
        self.failing.insert(case.account.id.clone(), failing);
        bounded(case, book);
    }

    fn fail(&self, stage: &Stage, case: &Case<'_>, ruling: &Ruling, book: &mut Book) {
        let truth = stage.world.truth_of(case.account, ruling.as_of);
        let wrong = |is: bool, why: &str| is.then(|| case.say(ruling, why));
        match ruling.rule {
            Rule::ContentStale => {
                let found = self.post_in_window(case, ruling.as_of, book);
                book.check(NO_FALSE_STALE, found.map(|why| case.say(ruling, &why)));
                book.count("stale fails looked at");
            }
            Rule::AppUnusable => {
                let usable = truth.app_usable != Some(false);
                book.check(NO_FALSE_APP, wrong(usable, "it can be had"));
            }
            Rule::AccountGone => {
                book.check(NO_FALSE_GONE, wrong(truth.gone.is_none(), "it is there"));
            }
            Rule::InteractionPoor => {
                let alive = truth.probe_alive != Some(false);
                book.check(NO_FALSE_PROBE, wrong(alive, "its probe answers"));
            }
            _ => {}
        }
    }

    /// A post in `(as_of - window, as_of]` that a reader could have found. One that its owner deleted before anybody
    /// looked cannot be known from a list (WeChat's statistics keep counting it); one that was seen stays seen.
    fn post_in_window(&self, case: &Case<'_>, as_of: Timestamp, book: &mut Book) -> Option<String> {
        let account = case.account;
        let counted = matches!(account.kind, Kind::Wechat { verified: true, .. });
        let looked = case.last_ok().unwrap_or(case.now);
        let posts = account.posts.iter().enumerate();
        for (number, post) in posts.filter(|(_, p)| p.time > as_of - WINDOW && p.time <= as_of) {
            let seen = self.seen.get(&account.index).is_some_and(|held| held.contains(&number));
            let hidden = post.deleted_at.is_some_and(|deleted| deleted <= looked);
            if hidden && !counted && !seen {
                book.count("posts deleted before anybody looked");
                continue;
            }
            let when = rfc3339(post.time);
            let deleted = post.deleted_at.map(rfc3339);
            return Some(format!(
                "there is post {number} of {when}, deleted {deleted:?}, seen {seen}"
            ));
        }
        None
    }

    /// Which posts are in the history? Those dated to the minute.
    fn remember(&mut self, case: &Case<'_>) {
        let held = self.seen.entry(case.account.index).or_default();
        for seen in &case.state.history.sightings {
            let at = seen.sighting.published;
            let Some(from) = at.earliest.filter(|from| at.latest - *from <= TimeDelta::minutes(1))
            else {
                continue;
            };
            let until = from.max(at.latest) + TimeDelta::minutes(1);
            let found = case.account.between(from - TimeDelta::seconds(1), until);
            held.extend(found.map(|(number, _)| number));
        }
    }
}

fn evidence_kept(stage: &Stage, case: &Case<'_>, ruling: &Ruling, book: &mut Book) {
    let fails_stale = ruling.rule == Rule::ContentStale && ruling.outcome == Outcome::Fail;
    if fails_stale && ruling.evidence.iter().all(|held| held.id.is_empty()) {
        book.check(EVIDENCE_KEPT, Some(case.say(ruling, "nothing backs it")));
    }
    for held in ruling.evidence.iter().filter(|held| !held.id.is_empty()) {
        let id = held.id.parse().expect("an evidence id");
        let missing = stage.store().evidence(id).unwrap().is_none();
        let wrong = missing.then(|| case.say(ruling, &format!("{} is not in the store", held.id)));
        book.check(EVIDENCE_KEPT, wrong);
    }
}

fn bounded(case: &Case<'_>, book: &mut Book) {
    let history = &case.state.history;
    let sightings = history.sightings.len();
    let spans = history.proofs.values().flat_map(|proof| proof.coverage.iter());
    let spans = spans.map(|(_, spans)| spans.as_slice().len()).max().unwrap_or(0);
    let wrong = sightings > SIGHTINGS_BY_LATEST + SIGHTINGS_BY_EARLIEST
        || spans > freshd_core::coverage::SPANS_MAX
        || case.state.episodes.len() > Rule::ALL.len();
    let mut why =
        format!("{sightings} sightings, {spans} spans, {} episodes", case.state.episodes.len());
    let mut wrong = wrong;
    if case.now.timestamp() % 20 == 0 {
        let bytes = serde_json::to_vec(case.state).unwrap().len();
        wrong |= bytes > STATE_BYTES_MAX;
        why.push_str(&format!(", {bytes} bytes"));
    }
    book.check(STATE_BOUNDED, wrong.then(|| format!("{}: {why}", case.account.id)));
}
