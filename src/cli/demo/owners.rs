//! What do owners do who were written to? Some publish, some answer with a link, some never react.
//!
//! **Invariant:** an owner knows what the letter says and what it published itself; chance comes from the account and letter.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use freshd_core::id::stable_hash;
use freshd_core::reminder::Reason;
use freshd_core::{Timestamp, civil};
use freshd_sim::world::Account;
use freshd_sim::{Platforms, World};

use super::drive::ToldOnce;
use crate::app::App;
use crate::cli::exec::{DONE, execute};
use crate::cli::request::Request;
use crate::store::LetterState;

/// Of a hundred accounts, so many are run by somebody who never reacts to a letter.
pub const DEAF_PERCENT: u64 = 15;

/// An owner who published within so long has done so since what the letter speaks of, and answers with that.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::days(8);

/// What owners did.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// Of a hundred letters about one account, so many are acted upon; 0 = owners never react.
    pub reacts_percent: u64,
    /// Posts that letters brought about.
    pub posts: usize,
    /// Links sent in answer to a letter.
    pub answers: usize,
    /// Of those: taken as proof.
    pub taken: usize,
    read: usize,
    /// What was told in letters that have not arrived yet.
    unread: Vec<usize>,
    due: BTreeSet<(Timestamp, usize)>,
}

impl Owners {
    /// Owners who act upon so many of a hundred letters.
    pub fn new(reacts_percent: u64) -> Self {
        Self { reacts_percent, ..Self::default() }
    }

    /// Reads what came since it was called last, and answers what is due by `now`.
    pub async fn react(
        &mut self,
        app: &App,
        world: &World,
        platforms: &Platforms,
        told: &[ToldOnce],
        now: Timestamp,
    ) -> anyhow::Result<()> {
        self.unread.extend(self.read..told.len());
        self.read = told.len();
        for nth in std::mem::take(&mut self.unread) {
            let Some(one) = told.get(nth) else { continue };
            let Some(account) = world.find(one.account.as_str()) else { continue };
            match app.store().letter_as_sent(&one.letter)? {
                Some(letter) if letter.state == LetterState::Accepted => {
                    self.read_one(world, account, one.reason, &letter.id, now);
                }
                Some(letter) if !letter.state.is_final() => self.unread.push(nth),
                _ => {}
            }
        }
        while let Some((at, index)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, index));
            let Some(account) = world.accounts.get(index) else { continue };
            self.answer(app, platforms, account, now).await?;
        }
        Ok(())
    }

    fn read_one(
        &mut self,
        world: &World,
        account: &Account,
        reason: Reason,
        letter: &str,
        now: Timestamp,
    ) {
        let acts = matches!(
            reason,
            Reason::Reminder
                | Reason::PreHoliday
                | Reason::Overdue
                | Reason::Escalation
                | Reason::EvidenceRequest
        );
        if !acts || !acts_on(account, letter, self.reacts_percent) {
            return;
        }
        // Read in the morning, acted upon within the day.
        let morning = civil::start_of(civil::day(now));
        let minutes = i64::try_from(roll(account, letter, b"when") % 360).unwrap_or_default();
        let at = morning + TimeDelta::hours(10) + TimeDelta::minutes(minutes);
        let posted = account.visible(now).next().map(|(_, post)| post.time);
        let published = posted.is_some_and(|time| now - time < ANSWERED_WITHIN);
        let planned = account.asked().iter().any(|post| post.time > now);
        if !planned && !published && world.publish(account.index, at) {
            self.posts += 1;
        }
        // Where no machine reads the account, the letter asks for the newest article's link.
        if !world.truth_of(account, now).provable {
            self.due.insert((at + TimeDelta::hours(1), account.index));
        }
    }

    /// Sends the newest article's link, as a letter asked.
    async fn answer(
        &mut self,
        app: &App,
        platforms: &Platforms,
        account: &Account,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let newest = account.visible(now).next();
        let link = newest.and_then(|(number, _)| link_of(platforms, account, number));
        let Some(link) = link else { return Ok(()) };
        self.answers += 1;
        let request = Request::Proof { url: link, account: Some(account.id.to_string()) };
        let response = execute(app, request, "演示:联系人").await;
        self.taken += usize::from(response.exit == DONE);
        Ok(())
    }
}

/// The link that a reader of a WeChat account copies; other platforms' posts have none here.
pub fn link_of(platforms: &Platforms, account: &Account, number: usize) -> Option<String> {
    let has_pages = account.id.as_str().starts_with("wechat:");
    has_pages.then(|| platforms.article_link(account, number))
}

fn acts_on(account: &Account, letter: &str, percent: u64) -> bool {
    let deaf = roll(account, "", b"deaf") % 100 < DEAF_PERCENT;
    !deaf && roll(account, letter, b"acts") % 100 < percent
}

fn roll(account: &Account, letter: &str, what: &[u8]) -> u64 {
    stable_hash(&[b"owner", what, account.id.as_str().as_bytes(), letter.as_bytes()]) >> 8
}
