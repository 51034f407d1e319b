//! In which order are addresses asked? Sites take turns, so that none that is slow or large keeps the others waiting.

use std::collections::{BTreeMap, VecDeque};

use chrono::TimeDelta;
use freshd_connectors::http::{HttpClient, RequestTrace, TraceSink};
use freshd_connectors::link::{self, Checked, judge::Mark};
use freshd_core::Timestamp;
use freshd_core::id::{AccountId, stable_hash};
use freshd_core::link::{Author, LinkAnswer, LinkCheck};
use freshd_core::schedule::WISH_MAX_DAYS;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::super::{Parts, locked};
use super::hand::Hand;
use super::{CLAIM_MAX, LEASE_MIN, LinkChecker, TICK_MAX};
use crate::store::{Index, StoreError};

/// Addresses asked at once.
pub const AT_ONCE: usize = 64;
/// Addresses of one site asked at once.
pub(super) const SITE_AT_ONCE: usize = 2;
/// Addresses of one site in hand at once.
pub(super) const SITE_MAX: u32 = 20;
/// How long addresses of a site are put off that has more than it can be asked: first and at most, seconds.
const LAG_S: (u32, u32) = (60, 3600);
/// Sites remembered as having more than they can be asked.
const LAGGING_MAX: usize = 4096;
/// No request is begun later than this after the tick began.
const TICK_SPAN: TimeDelta = TimeDelta::seconds(30);

/// What one address said.
pub(super) struct Answered {
    pub(super) url: String,
    pub(super) answer: LinkAnswer,
    /// What the asking account knew of it, where there was no common record yet.
    pub(super) known: Option<LinkCheck>,
    /// What was sent and received, for the evidence.
    pub(super) requests: Vec<RequestTrace>,
    /// The features by which the page was judged, for the evidence.
    pub(super) marks: Vec<Mark>,
    /// Whose article it is.
    pub(super) author: Option<Author>,
}

/// How much each site has been asked, and which have more links than may be asked at a time.
#[derive(Default)]
pub(super) struct Sites {
    /// Addresses of a site in this tick: in hand now, put off so far.
    booked: BTreeMap<String, (u32, u32)>,
    /// Seconds over which a site's addresses are spread when it has too many.
    lagging: BTreeMap<String, u32>,
}

impl Sites {
    /// Books one address of a site; `Some` = the site has its hands full until then.
    pub(super) fn book(&mut self, site: &str, id: &AccountId, now: Timestamp) -> Option<Timestamp> {
        let (asked, put_off) = self.booked.entry(site.to_owned()).or_default();
        if *asked < SITE_MAX {
            *asked += 1;
            return None;
        }
        *put_off += 1;
        let lag = u64::from(self.lagging.get(site).copied().unwrap_or(LAG_S.0));
        let spread = stable_hash(&[id.as_str().as_bytes(), site.as_bytes()]) % lag;
        let wait = i64::try_from(lag / 2 + spread).unwrap_or(i64::MAX).max(1);
        Some(now + TimeDelta::seconds(wait))
    }

    /// An address of a site is no longer in hand.
    pub(super) fn done(&mut self, site: &str) {
        if let Some((in_hand, _)) = self.booked.get_mut(site) {
            *in_hand = in_hand.saturating_sub(1);
        }
    }

    /// A tick is over: a site that had too much is given more time, one that had not, less.
    pub(super) fn over(&mut self) {
        for (site, (_, put_off)) in std::mem::take(&mut self.booked) {
            let lag = self.lagging.get(&site).copied();
            match (put_off > 0, lag) {
                (true, lag) if lag.is_some() || self.lagging.len() < LAGGING_MAX => {
                    self.lagging.insert(site, (lag.unwrap_or(LAG_S.0 / 2) * 2).min(LAG_S.1));
                }
                (false, Some(lag)) if lag > LAG_S.0 => {
                    self.lagging.insert(site, lag / 2);
                }
                (false, Some(_)) => {
                    self.lagging.remove(&site);
                }
                _ => {}
            }
        }
    }
}

/// Addresses by site, each site with as many turns as may be under way at once.
#[derive(Default)]
pub(super) struct Queues {
    by_site: BTreeMap<String, Queue>,
    turns: VecDeque<String>,
}

/// One site's addresses that wait, and its turns: those that wait and those under way.
#[derive(Default)]
struct Queue {
    urls: VecDeque<String>,
    turns: usize,
}

impl Queues {
    /// One more address of a site.
    pub(super) fn push(&mut self, site: String, url: String) {
        let queue = self.by_site.entry(site.clone()).or_default();
        queue.urls.push_back(url);
        if queue.turns < SITE_AT_ONCE {
            queue.turns += 1;
            self.turns.push_back(site);
        }
    }

    /// The next address, and the site whose turn it was.
    pub(super) fn next(&mut self) -> Option<(String, String)> {
        while let Some(site) = self.turns.pop_front() {
            let Some(queue) = self.by_site.get_mut(&site) else { continue };
            if let Some(url) = queue.urls.pop_front() {
                return Some((site, url));
            }
            queue.turns -= 1;
            if queue.turns == 0 {
                self.by_site.remove(&site);
            }
        }
        None
    }

    /// An address of this site has answered.
    pub(super) fn done(&mut self, site: String) {
        self.turns.push_back(site);
    }

    /// Turns that wait.
    pub(super) fn turns(&self) -> usize {
        self.turns.len()
    }
}

/// What a round has done.
pub(super) struct Done {
    /// Accounts looked at.
    pub(super) accounts: usize,
    /// Addresses asked.
    pub(super) asked: usize,
}

/// One address that was asked: its site, the address, what it said, what was sent.
type Asked = (String, String, Checked, Vec<RequestTrace>);

impl LinkChecker {
    /// One round over what is due, or over one account.
    pub(super) async fn round(
        &mut self,
        only: Option<&AccountId>,
        all: bool,
    ) -> Result<Done, StoreError> {
        let mut sites = std::mem::take(&mut self.sites);
        let done = self.roll(&mut sites, only, all).await;
        sites.over();
        self.sites = sites;
        done
    }

    /// Asks, a few at once and of each site fewer, and takes up more accounts as soon as answers make room. A site's
    /// wish holds for every link of it, whoever's menu it is in. What is not begun in time is left out.
    async fn roll(
        &self,
        sites: &mut Sites,
        only: Option<&AccountId>,
        all: bool,
    ) -> Result<Done, StoreError> {
        let (parts, now) = (self.env.parts(), self.env.clock.now());
        let http = parts.means.http.at(now);
        let strict = http.for_strangers(std::slice::from_ref(&parts.article_base));
        let (mut hand, mut flying) = (Hand::default(), FuturesUnordered::new());
        let mut done = Done { accounts: 0, asked: 0 };
        // Answers to wait for before more accounts are claimed; `None` = there are no more.
        let mut pause = Some(0);
        if let Some(id) = only {
            self.plan(std::slice::from_ref(id), all, (&mut hand, sites), &parts, now)?;
            (done.accounts, pause) = (1, None);
        }
        loop {
            let in_time = self.env.clock.now() - now < TICK_SPAN;
            pause = pause.filter(|_| done.accounts < TICK_MAX);
            while pause == Some(0) && in_time && hand.is_hungry() {
                let (taken, put_off) = (hand.taken, hand.put_off);
                let ids = self.claim(now)?;
                self.plan(&ids, false, (&mut hand, sites), &parts, now)?;
                done.accounts += ids.len();
                // Where most sites have their hands full, or nothing new is asked: go on after a while.
                let full = hand.put_off - put_off >= hand.taken - taken;
                let wait = if full { hand.patience() } else { 0 };
                pause = (!ids.is_empty()).then_some(wait);
                if hand.is_heavy() {
                    self.write(&mut hand, &parts, now)?;
                }
                tokio::task::yield_now().await;
            }
            while in_time && flying.len() < AT_ONCE {
                let Some((site, url)) = hand.queues.next() else { break };
                let http = if hand.is_by_owner(&url) { &strict } else { &http };
                flying.push(self.ask(http, &parts.article_base, site, url, now));
                done.asked += 1;
            }
            let Some((site, url, checked, requests)) = flying.next().await else {
                match pause {
                    Some(left) if left > 0 && in_time => pause = Some(0),
                    _ => break,
                }
                continue;
            };
            pause = pause.map(|left| left.saturating_sub(1));
            sites.done(&site);
            hand.queues.done(site);
            if let Some((site, seconds)) = checked.wish {
                self.hush(site, seconds, now);
            }
            let known = hand.answered(&url);
            let (answer, marks, author) = (checked.answer, checked.marks, checked.author);
            hand.answers.push(Answered { url, answer, known, requests, marks, author });
            if hand.is_heavy() {
                self.write(&mut hand, &parts, now)?;
            }
        }
        hand.give_up();
        self.write(&mut hand, &parts, now)?;
        Ok(done)
    }

    /// Some of the accounts whose turn has come.
    fn claim(&self, now: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        let lease = now + TimeDelta::minutes(LEASE_MIN);
        self.env.store.claim_due(Index::Links, now, lease, CLAIM_MAX)
    }

    /// Asks one address.
    async fn ask(
        &self,
        http: &HttpClient,
        base: &url::Url,
        site: String,
        url: String,
        now: Timestamp,
    ) -> Asked {
        let sink = TraceSink::default();
        let http = http.traced(sink.clone());
        let checked = link::check(&http, &url, base, &self.controls, now).await;
        let requests = std::mem::take(&mut *locked(&sink));
        (site, url, checked, requests)
    }

    /// Writes down what is known by now: the answers first, then the accounts that waited for them.
    fn write(&self, hand: &mut Hand, parts: &Parts, now: Timestamp) -> Result<(), StoreError> {
        #[cfg(test)]
        {
            let (held, mut most) = (hand.held(), locked(&self.most_held));
            *most = (most.0.max(held.0), most.1.max(held.1));
        }
        self.keep(&std::mem::take(&mut hand.answers), parts, now)?;
        let ready = std::mem::take(&mut hand.ready);
        ready.iter().try_for_each(|(id, put_off)| self.note(id, *put_off, parts, now))
    }

    /// A site wants to be left alone.
    fn hush(&self, site: String, seconds: u64, now: Timestamp) {
        let wait = i64::try_from(seconds).unwrap_or(i64::MAX).min(WISH_MAX_DAYS * 24 * 3600);
        let until = now + TimeDelta::seconds(wait);
        let mut quiet = locked(&self.env.quiet_sites);
        quiet.retain(|_, until| *until > now);
        let held = quiet.entry(site).or_insert(until);
        *held = until.max(*held);
    }
}

#[cfg(test)]
mod tests;
