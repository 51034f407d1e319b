//! Where do the requests of a schedule go, and how soon is what is true known? Counted while the province runs.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::AccountId;
use freshd_core::state::AccountState;
use freshd_core::verdict::Outcome;

use super::WINDOW;
use super::stage::Stage;
use crate::measure::line;

/// How an account stood when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Situation {
    Fresh,
    Near,
    AtRisk,
    Failing,
    Undetermined,
    /// Never asked before, or of the open web, which belongs to no account.
    Other,
}

impl Situation {
    const ALL: [Self; 6] =
        [Self::Fresh, Self::Near, Self::AtRisk, Self::Failing, Self::Undetermined, Self::Other];

    fn of(state: &AccountState, deadline: Option<Timestamp>, now: Timestamp) -> Self {
        match state.standing.as_ref().and_then(|standing| standing.verdict) {
            Some(Outcome::Pass) if deadline.is_some_and(|at| at - now <= TimeDelta::days(10)) => {
                Self::Near
            }
            Some(Outcome::Pass) => Self::Fresh,
            Some(Outcome::AtRisk) => Self::AtRisk,
            Some(Outcome::Fail) => Self::Failing,
            Some(Outcome::Undetermined) => Self::Undetermined,
            None => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        ["fresh", "near", "at risk", "failing", "undetermined", "other"][self as usize]
    }
}

/// What was counted.
#[derive(Default)]
pub(super) struct Watch {
    read: usize,
    situations: BTreeMap<usize, Situation>,
    /// By platform and interface, then by situation.
    requests: BTreeMap<(&'static str, String), [u64; 6]>,
    polls: [u64; 6],
    /// How many posts of an account are known, by the account's place.
    known: BTreeMap<usize, usize>,
    /// Hours from a post to its being known: of passing accounts, and of failing ones.
    passing_h: Vec<f64>,
    failing_h: Vec<f64>,
    /// Hours from a lapse to its being ruled a fail, by the account's place while it stands.
    ruled_h: Vec<f64>,
    ruled: BTreeMap<usize, Timestamp>,
}

impl Watch {
    /// Notes how the accounts stand that are about to be polled.
    pub(super) fn before(&mut self, stage: &Stage, due: &[AccountId]) {
        let now = stage.now();
        for id in due {
            let account = stage.world.find(id.as_str()).expect("an account of this world");
            let state = state_of(stage, id);
            let seen = state.history.sightings.iter();
            let newest = seen.filter_map(|seen| seen.sighting.published.earliest).max();
            let situation = Situation::of(&state, newest.map(|at| at + WINDOW), now);
            self.polls[situation as usize] += 1;
            self.situations.insert(account.index, situation);
        }
    }

    /// Counts what was asked since, and notes what is known now.
    pub(super) fn after(&mut self, stage: &Stage, due: &[AccountId]) {
        let (requests, situations) = (&mut self.requests, &self.situations);
        self.read = stage.platforms.log.for_each_from(self.read, |request| {
            let situation = request.account.and_then(|account| situations.get(&account));
            let situation = situation.copied().unwrap_or(Situation::Other);
            let key = (request.site.name(), interface(&request.path));
            requests.entry(key).or_default()[situation as usize] += 1;
        });
        for id in due {
            self.learn(stage, id);
        }
    }

    fn learn(&mut self, stage: &Stage, id: &AccountId) {
        let (now, account) = (stage.now(), stage.world.find(id.as_str()).expect("as before"));
        let state = state_of(stage, id);
        let seen = state.history.sightings.iter();
        let Some(newest) = seen.map(|seen| seen.sighting.published.latest).max() else { return };
        let posts = account.published_by(now);
        let before = self.known.get(&account.index).copied().unwrap_or(0);
        let after = posts.iter().take_while(|post| post.time <= newest).count().max(before);
        let was = self.situations.get(&account.index).copied().unwrap_or(Situation::Other);
        for post in posts[before..after].iter().filter(|post| post.time > stage.start) {
            let delay = hours(now - post.time);
            match was {
                Situation::Failing => self.failing_h.push(delay),
                _ => self.passing_h.push(delay),
            }
        }
        self.known.insert(account.index, after);
        let fails = state.standing.and_then(|standing| standing.verdict) == Some(Outcome::Fail);
        let lapse = posts.last().map(|post| post.time + WINDOW);
        if let Some(lapse) = lapse.filter(|at| fails && *at > stage.start && *at <= now)
            && self.ruled.insert(account.index, lapse) != Some(lapse)
        {
            self.ruled_h.push(hours(now - lapse));
        }
    }

    /// Prints the tables, for so many days of accounts.
    pub(super) fn print(&self, name: &str, days: f64) {
        println!("  {name}, by interface, and how the account stood; requests per account and day");
        let heads: String =
            Situation::ALL.iter().map(|one| format!("{:>13}", one.name())).collect();
        println!("    {:<50}{:>8}{heads}", "", "all");
        let row = |name: &str, counts: &[u64; 6]| {
            let cells: String =
                counts.iter().map(|count| format!("{:>13.3}", *count as f64 / days)).collect();
            println!("    {name:<50}{:>8.3}{cells}", counts.iter().sum::<u64>() as f64 / days);
        };
        row("polls", &self.polls);
        for ((site, path), counts) in &self.requests {
            row(&format!("{site} {path}"), counts);
        }
        for (what, hours) in [
            ("a post of a passing account is known after", &self.passing_h),
            ("a post of a failing account is known after", &self.failing_h),
            ("a lapse is ruled after", &self.ruled_h),
        ] {
            let mut sorted = hours.clone();
            sorted.sort_by(f64::total_cmp);
            let at = |share: usize| sorted.get(sorted.len().saturating_sub(1) * share / 100);
            let at = |share: usize| at(share).copied().unwrap_or(0.0);
            let text = format!("{:.1} h (half), {:.1} h (nine in ten)", at(50), at(90));
            line(what, &format!("{text} of {}", sorted.len()));
        }
    }
}

fn state_of(stage: &Stage, id: &AccountId) -> AccountState {
    stage.store().state(id).expect("the store reads").unwrap_or_default()
}

fn hours(span: TimeDelta) -> f64 {
    span.num_minutes() as f64 / 60.0
}

/// The path without what names one account, one article or one app.
fn interface(path: &str) -> String {
    // What is a number or comes after one names the object; Weibo's version number does not.
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (head, rest) = match path.strip_prefix("/2/") {
        Some(rest) => ("/2/", rest),
        None => ("/", path.trim_start_matches('/')),
    };
    let parts: Vec<&str> = rest.split('/').take_while(|part| !number(part)).collect();
    let kept = if parts.first() == Some(&"s") { 1 } else { 4 };
    format!("{head}{}", parts[..parts.len().min(kept)].join("/"))
}
