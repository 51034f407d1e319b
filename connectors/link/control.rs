//! What does a host answer to a path that nobody ever made? The standard way to catch a "not found" that answers 200.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::id::stable_hash;
use url::Url;

use super::judge::{Case, is_home};
use super::{PAGE_BYTES_MAX, seen};
use crate::article::fetch;
use crate::http::{self, HttpClient, Response};

/// An answer to a random path holds for so many hours.
const HOLDS_H: i64 = 6;
/// Hosts remembered at once.
const HOSTS_MAX: usize = 4096;
/// Texts shorter than this say nothing when compared.
const COMPARED_MIN: usize = 4;

/// A host's answer to a random path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    asked: Url,
    last: Url,
    status: u16,
    /// Its text without its own address; `None` where it is no page.
    text: Option<String>,
}

/// What hosts answer to random paths, for some hours.
#[derive(Debug, Default)]
pub struct Controls {
    held: Mutex<BTreeMap<String, (Timestamp, Option<Control>)>>,
}

/// A path beside the asked one that nobody ever made: of the same directory and ending, its name a hash of the host.
fn beside(url: &Url) -> Url {
    let host = url.host_str().unwrap_or_default();
    let name = format!("x{:015x}", stable_hash(&[host.as_bytes(), b"random path"]) >> 4);
    let (directory, file) = url.path().rsplit_once('/').unwrap_or(("", ""));
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let path = match (file.is_empty(), ending.is_empty()) {
        (true, _) => format!("{directory}/{name}/"),
        (false, true) => format!("{directory}/{name}"),
        (false, false) => format!("{directory}/{name}.{ending}"),
    };
    let mut beside = url.clone();
    beside.set_path(&path);
    beside.set_query(None);
    beside.set_fragment(None);
    beside
}

impl Control {
    /// Reads what was answered to `asked`.
    pub fn of(response: &Response, asked: Url) -> Self {
        let text = seen::of(response).map(|seen| seen.bare_without(&asked));
        Self { last: response.url.clone(), status: response.status, text, asked }
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The random path.
    pub fn path(&self) -> &str {
        self.asked.path()
    }

    /// Does a random path lead to the home page?
    pub fn is_home(&self) -> bool {
        self.status == 200 && is_home(&self.last) && !is_home(&self.asked)
    }

    /// Is a page the same as this answer, but for its own address and figures? `None` where they can't be compared.
    pub fn is_like(&self, case: &Case<'_>) -> Option<bool> {
        let (mine, other) = (self.text.as_ref()?, case.seen.bare_without(case.asked));
        let (mine, other): (Vec<char>, Vec<char>) =
            (mine.chars().collect(), other.chars().collect());
        if mine.len() < COMPARED_MIN || other.len() < COMPARED_MIN {
            return None;
        }
        Some(likeness(&mine, &other) >= 0.9)
    }
}

/// The share of pairs of neighbouring characters that both have (Dice).
fn likeness(one: &[char], other: &[char]) -> f64 {
    let mut pairs: BTreeMap<&[char], i64> = BTreeMap::new();
    for pair in one.windows(2) {
        *pairs.entry(pair).or_default() += 1;
    }
    let mut common = 0_u32;
    for pair in other.windows(2) {
        if let Some(left) = pairs.get_mut(pair).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    let total = one.len() + other.len() - 2;
    f64::from(common * 2) / total.max(1) as f64
}

impl Controls {
    /// What the host of this address answers to a random path; asked once for some hours. `None` = not to be had.
    pub(super) async fn of(
        &self,
        http: &HttpClient,
        url: &Url,
        article_base: &Url,
        now: Timestamp,
    ) -> Option<Control> {
        let site = super::site(url);
        if let Some((at, held)) = self.locked().get(&site)
            && (now - *at).abs() < TimeDelta::hours(HOLDS_H)
        {
            return held.clone();
        }
        let asked = beside(url);
        let control = match fetch::page(http, &asked, article_base, PAGE_BYTES_MAX, &[]).await {
            Ok(fetch::Fetched::Page(response, _)) => {
                Some(http::apart(response, move |answer| Control::of(answer, asked)).await)
            }
            _ => None,
        };
        let mut held = self.locked();
        held.retain(|_, (at, _)| (now - *at).abs() < TimeDelta::hours(HOLDS_H));
        if held.len() < HOSTS_MAX {
            held.insert(site, (now, control.clone()));
        }
        control
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, (Timestamp, Option<Control>)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
