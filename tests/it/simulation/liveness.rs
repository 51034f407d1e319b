//! Is what is true also found? Each account's ruling against the world, where nothing stands in the way.

use chrono::TimeDelta;
use freshd_core::civil::{self, rfc3339};
use freshd_core::rulebook::Rule;
use freshd_core::verdict::{Judgement, Outcome};
use freshd_core::{Timestamp, account::Account as Row};
use freshd_sim::world::{Account, Kind};

use super::book::Book;
use super::rulings::WINDOW;
use super::stage::Stage;

pub const SILENCE_FOUND: &str = "2 a silent account is failed within its time";
pub const FRESHNESS_FOUND: &str = "2 an account that posts passes";
pub const ALL_RULED: &str = "3 after recovery the rulings are right again";

/// How long a source may take to show what is true, in fair weather.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The longest time between two polls, spread included, and the driver's own step.
    pub poll: TimeDelta,
    /// The same right after a deadline, until silence is proven.
    pub lapsed: TimeDelta,
    /// A public list counts as silent only up to so long before the look.
    pub list_lag: TimeDelta,
}

impl Patience {
    /// When silence since `last` must be ruled a fail at the latest; `None` where no source can prove it.
    pub fn fails_by(&self, account: &Account, last: Timestamp) -> Option<Timestamp> {
        match &account.kind {
            // Statistics of a whole Beijing day, from 08:30 (and half an hour's spread) of the day after.
            Kind::Wechat { verified: true, .. } => {
                let day = civil::start_of(civil::day(last)) + TimeDelta::days(1);
                Some(day + WINDOW + TimeDelta::hours(9) + self.lapsed)
            }
            Kind::Weibo { .. } | Kind::Nanfang { .. } => {
                Some(last + WINDOW + self.list_lag + self.lapsed)
            }
            Kind::App(app) if app.feed_complete => {
                Some(last + WINDOW + self.list_lag + self.lapsed)
            }
            _ => None,
        }
    }

    /// When a post must be known at the latest; `None` where nothing shows it.
    fn known_by(&self, account: &Account, at: Timestamp) -> Option<Timestamp> {
        match &account.kind {
            Kind::Wechat { verified: true, .. } => {
                Some(civil::start_of(civil::day(at)) + TimeDelta::hours(24 + 9) + self.poll)
            }
            Kind::Wechat { .. } | Kind::Unsourced => None,
            _ => Some(at + self.poll),
        }
    }
}

/// Compares the content-stale rulings of these accounts with the truth.
pub fn look<'a>(
    stage: &Stage,
    accounts: impl Iterator<Item = &'a Account>,
    now: Timestamp,
    patience: Patience,
    names: (&'static str, &'static str),
    book: &mut Book,
) {
    for account in accounts {
        let (row, _, judgement) = stage.app().judged(&account.id, now).unwrap().unwrap();
        look_one(stage, account, (&row, &judgement), now, patience, names, book);
    }
}

fn look_one(
    stage: &Stage,
    account: &Account,
    (row, judgement): (&Row, &Judgement),
    now: Timestamp,
    patience: Patience,
    (silence, freshness): (&'static str, &'static str),
    book: &mut Book,
) {
    if stage.world.truth_of(account, now).gone.is_some() {
        return;
    }
    let ruling = judgement.ruling(Rule::ContentStale).expect("always ruled");
    let say = |why: &str| {
        let state: freshd_core::state::AccountState =
            stage.store().state(&account.id).unwrap().unwrap_or_default();
        format!(
            "{} ({:?}, {:?}) at {}: {why}; {:?} «{}», next poll {:?}, sources {:?}, coverage {:?}",
            row.id,
            account.kind,
            account.behaviour,
            rfc3339(now),
            ruling.outcome,
            ruling.reason,
            state.next_poll.map(rfc3339),
            state.sources,
            state.history.coverage(),
        )
    };
    let published = account.published_by(now);
    // What is still to be seen after the time to look has passed, whichever a reader can be asked to know.
    let known = published.iter().rev().find(|post| {
        let lasts = post.deleted_at.is_none_or(|deleted| {
            patience.known_by(account, post.time).is_some_and(|by| deleted >= by)
        });
        let counted = matches!(account.kind, Kind::Wechat { verified: true, .. });
        (lasts || counted) && patience.known_by(account, post.time).is_some_and(|by| by <= now)
    });
    if let Some(post) = known.filter(|post| now - post.time < WINDOW) {
        let wrong = !matches!(ruling.outcome, Outcome::Pass | Outcome::AtRisk)
            // The day of a push is known, its hour is not.
            && now - civil::start_of(civil::day(post.time)) < WINDOW;
        book.check(freshness, wrong.then(|| say(&format!("post of {}", rfc3339(post.time)))));
        return;
    }
    let Some(last) = published.last().map(|post| post.time) else { return };
    let due = patience.fails_by(account, last.max(stage.start - WINDOW));
    if due.is_some_and(|due| due <= now) {
        let wrong = ruling.outcome != Outcome::Fail;
        book.check(silence, wrong.then(|| say(&format!("silent since {}", rfc3339(last)))));
    }
}
