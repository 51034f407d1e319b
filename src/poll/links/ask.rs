//! In which order are addresses asked? Sites take turns, so that none that is slow or large keeps the others waiting.

use std::collections::{BTreeMap, VecDeque};

use chrono::TimeDelta;
use freshd_connectors::http::{RequestTrace, TraceSink};
use freshd_connectors::link::{self, judge::Mark};
use freshd_core::Timestamp;
use freshd_core::id::{AccountId, stable_hash};
use freshd_core::link::{LinkAnswer, LinkCheck};
use freshd_core::schedule::WISH_MAX_DAYS;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::super::{Parts, locked};
use super::{LinkChecker, Wanted};

/// Addresses asked at once.
const AT_ONCE: usize = 32;
/// Addresses of one site asked at once.
const SITE_AT_ONCE: usize = 2;
/// Addresses of one site in one tick.
const SITE_MAX: u32 = 20;
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
}

/// How much each site has been asked, and which have more links than may be asked at a time.
#[derive(Default)]
pub(super) struct Sites {
    /// Addresses booked in this tick: asked, put off.
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

    /// The plan of a tick is made: a site that had too much is given more time, one that had not, less.
    pub(super) fn planned(&mut self) {
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
struct Queues {
    by_site: BTreeMap<String, VecDeque<String>>,
    turns: VecDeque<String>,
}

impl Queues {
    fn of(urls: impl IntoIterator<Item = String>, article_base: &url::Url) -> Self {
        let mut by_site: BTreeMap<String, VecDeque<String>> = BTreeMap::new();
        for url in urls {
            let site = link::site_of(&url, article_base).unwrap_or_default();
            by_site.entry(site).or_default().push_back(url);
        }
        let mut turns = VecDeque::new();
        for turn in 0..SITE_AT_ONCE {
            let busy = by_site.iter().filter(|(_, urls)| urls.len() > turn);
            turns.extend(busy.map(|(site, _)| site.clone()));
        }
        Self { by_site, turns }
    }

    /// The next address, and the site whose turn it was.
    fn next(&mut self) -> Option<(String, String)> {
        while let Some(site) = self.turns.pop_front() {
            if let Some(url) = self.by_site.get_mut(&site).and_then(VecDeque::pop_front) {
                return Some((site, url));
            }
        }
        None
    }

    /// An address of this site has answered.
    fn done(&mut self, site: String) {
        self.turns.push_back(site);
    }
}

impl LinkChecker {
    /// Asks, a few at once and of each site fewer. A site's wish holds for every link of it, whoever's menu it is in.
    /// What is not begun in time is left out.
    pub(super) async fn ask_all(
        &self,
        parts: &Parts,
        wanted: BTreeMap<String, Wanted>,
        now: Timestamp,
    ) -> Vec<Answered> {
        let (http, base) = (&parts.means.http.at(now), &parts.article_base);
        let strict = &http.for_strangers(std::slice::from_ref(base));
        let mut queues = Queues::of(wanted.keys().cloned(), base);
        let mut known = wanted;
        let mut flying = FuturesUnordered::new();
        let mut answers = Vec::with_capacity(known.len());
        loop {
            while flying.len() < AT_ONCE && self.env.clock.now() - now < TICK_SPAN {
                let Some((site, url)) = queues.next() else { break };
                let by_owner = known.get(&url).is_some_and(|wanted| wanted.by_owner);
                let http = if by_owner { strict } else { http };
                flying.push(async move {
                    let sink = TraceSink::default();
                    let http = http.traced(sink.clone());
                    let controls = &self.controls;
                    let checked = link::check(&http, &url, base, controls, now).await;
                    let requests = std::mem::take(&mut *locked(&sink));
                    (site, url, checked, requests)
                });
            }
            let Some((site, url, checked, requests)) = flying.next().await else { break };
            queues.done(site);
            if let Some((site, seconds)) = checked.wish {
                self.hush(site, seconds, now);
            }
            let known = known.remove(&url).and_then(|wanted| wanted.known);
            let (answer, marks) = (checked.answer, checked.marks);
            answers.push(Answered { url, answer, known, requests, marks });
        }
        answers
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
