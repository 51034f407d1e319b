//! Is our own clock wrong, by the word of several sites? Their `Date` (RFC 9110 §6.6.1) against ours, side by side.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use url::{Host, Url};

use super::answer::http_date;
use super::{HttpError, HttpErrorKind, Response};

/// Sites whose newest reading is kept. Few, so that a clock that was set right is believed soon.
const SITES_MAX: usize = 9;
/// Sites that must agree with each other before they are believed against our clock.
const SITES_AGREE: usize = 3;
/// Readings older than this say nothing.
const READING_HOURS: i64 = 6;
/// Sites within so many seconds of each other agree.
const AGREE_S: i64 = 60;
/// Our clock may differ by so many minutes.
const TOLERANCE_MIN: i64 = 10;

/// Endings under which sites are registered as a third label: `maoming.gov.cn` is one site, `gov.cn` is none.
const SHARED_LABELS: [&str; 7] = ["ac", "co", "com", "edu", "gov", "net", "org"];

/// The newest reading of the sites that answered last.
#[derive(Debug, Default)]
pub(super) struct Skew {
    readings: Vec<Reading>,
}

#[derive(Debug)]
struct Reading {
    site: String,
    /// By our clock.
    at: Timestamp,
    /// Theirs less ours.
    offset: TimeDelta,
}

impl Skew {
    /// Notes that `site` said `theirs` when our clock said `ours`.
    pub(super) fn note(&mut self, site: String, theirs: Timestamp, ours: Timestamp) {
        // Readings of a later time were taken before our clock was set back.
        let soon = TimeDelta::minutes(TOLERANCE_MIN);
        self.readings.retain(|held| held.site != site && held.at - ours <= soon);
        self.readings.push(Reading { site, at: ours, offset: theirs - ours });
        if self.readings.len() > SITES_MAX {
            let of = self.readings.iter().enumerate().min_by_key(|(_, held)| held.at);
            of.map(|(oldest, _)| oldest).map(|oldest| self.readings.remove(oldest));
        }
    }

    /// How many sites agree that our clock differs, and by how much (theirs less ours, the smallest among them).
    /// They must be three, and more than half of all that were read lately, so that a few sites of one hand
    /// do not stop us.
    pub(super) fn wrong(&self, now: Timestamp) -> Option<(usize, TimeDelta)> {
        let fresh = |held: &&Reading| now - held.at <= TimeDelta::hours(READING_HOURS);
        let mut offsets: Vec<_> =
            self.readings.iter().filter(fresh).map(|held| held.offset).collect();
        offsets.sort_unstable();
        let agreeing = |first: usize| {
            let last = offsets[first] + TimeDelta::seconds(AGREE_S);
            offsets[first..].iter().take_while(|offset| **offset <= last).count()
        };
        let (sites, first) = (0..offsets.len()).map(|at| (agreeing(at), at)).max()?;
        let group = &offsets[first..first + sites];
        let differ = group.iter().all(|offset| offset.abs() > TimeDelta::minutes(TOLERANCE_MIN));
        let many = sites >= SITES_AGREE && sites * 2 > offsets.len();
        (differ && many).then(|| (sites, group[0]))
    }

    /// The error that stands for it.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), HttpError> {
        let Some((sites, offset)) = self.wrong(now) else { return Ok(()) };
        let way = if offset > TimeDelta::zero() { "慢" } else { "快" };
        let span = span_text(offset.abs());
        let detail = format!(
            "本机时钟比 {sites} 个网站的时间{way}约 {span},在此期间的采集结果不予采信;\
             请校准本机时钟(可用 timedatectl 查看和设置)"
        );
        Err(HttpError { kind: HttpErrorKind::ClockWrong, detail })
    }
}

/// A span for people: minutes, hours or days.
fn span_text(span: TimeDelta) -> String {
    match span.num_minutes() {
        minutes if minutes < 120 => format!("{minutes} 分钟"),
        minutes if minutes < 48 * 60 => format!("{} 小时", (minutes + 30) / 60),
        minutes => format!("{} 天", (minutes + 720) / 1_440),
    }
}

/// The site whose clock an answer shows, and what it says; `None` where it proves nothing.
///
/// Only HTTPS counts, which neither a proxy nor a gateway's log-in page can answer in the site's stead, and only public
/// names: the machine's own services have its own clock.
pub(super) fn reading(url: &Url, response: &Response) -> Option<(String, Timestamp)> {
    let Some(Host::Domain(host)) = url.host().filter(|_| url.scheme() == "https") else {
        return None;
    };
    let date = http_date(response.header("date")?.trim())?;
    let age = response.header("age").and_then(|age| age.trim().parse::<u32>().ok()).unwrap_or(0);
    let theirs = date.checked_add_signed(TimeDelta::seconds(i64::from(age)))?;
    Some((site(host)?, theirs))
}

/// The part of a name that somebody registered; `None` for names without one (`localhost`).
fn site(host: &str) -> Option<String> {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    if labels.len() < 2 || labels.last() == Some(&"localhost") {
        return None;
    }
    let shared = labels.last().is_some_and(|last| last.len() == 2)
        && SHARED_LABELS.contains(&labels[labels.len() - 2]);
    let count = if shared { 3 } else { 2 };
    Some(labels[labels.len().saturating_sub(count)..].join("."))
}

#[cfg(test)]
mod tests;
