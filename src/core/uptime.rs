//! How often did an address that should answer do so this quarter? Tallies of probes, the quarter before beside it.
//!
//! A tally is no finding: what fails an app or an interaction is judged from [`crate::history`]. It counts what looks
//! saw, so what nobody could see (our own network, a captcha, a platform at rest) is counted apart and is no outage.

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultKind, FaultScope};
use crate::observation::{Observation, PROBE_KIND};
use crate::{Timestamp, civil};

/// What one look at such an address came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// As it should.
    Up,
    /// It said that it does not work, or gave no answer while the rest of the world did.
    Down,
    /// Nobody can tell.
    Unknown,
}

impl Answered {
    /// Of a look that ended in an observation: by the sign of a probe or of a download, else by what went wrong.
    pub fn of(observation: &Observation) -> Self {
        let probes = observation.interaction.iter().filter(|sign| sign.kind == PROBE_KIND);
        let signs = probes.map(|sign| sign.works);
        let signs = signs.chain(observation.download.iter().map(|sign| sign.available));
        match signs.flatten().reduce(|all, one| all && one) {
            Some(true) => Self::Up,
            Some(false) => Self::Down,
            None => observation.faults.first().map_or(Self::Unknown, Self::of_fault),
        }
    }

    /// Of a look that ended in a fault. A server of the account's that does not answer is down; where many do not answer
    /// the fault has another scope, and says nothing of this one.
    pub fn of_fault(fault: &Fault) -> Self {
        use FaultKind::{Gone, TimedOut, Unavailable, Unreachable};
        let silent = matches!(fault.kind, Gone | TimedOut | Unavailable | Unreachable);
        if fault.scope == FaultScope::Account && silent { Self::Down } else { Self::Unknown }
    }
}

/// Does a source of this connector ask an address of the account's own, which is up or down? Stores are the platform's.
pub fn is_own_service(connector: &str) -> bool {
    matches!(connector, "probe" | "apk")
}

/// A quarter of Beijing's calendar: `2026Q4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quarter {
    /// The year.
    pub year: i32,
    /// 1 to 4.
    pub nth: u32,
}

impl Quarter {
    /// The quarter that an instant lies in.
    pub fn of(at: Timestamp) -> Self {
        let day = civil::day(at);
        Self { year: day.year(), nth: day.month0() / 3 + 1 }
    }

    /// The quarter before.
    #[must_use]
    pub fn before(self) -> Self {
        match self.nth {
            1 => Self { year: self.year - 1, nth: 4 },
            nth => Self { nth: nth - 1, ..self },
        }
    }
}

impl std::fmt::Display for Quarter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}Q{}", self.year, self.nth)
    }
}

/// Looks in a row that found it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// The first of them.
    pub since: Timestamp,
    /// The last of them.
    pub until: Timestamp,
    /// How many.
    pub looks: u32,
}

/// The looks of one quarter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Which.
    pub quarter: Quarter,
    /// Looks that found it up.
    pub up: u32,
    /// Looks that found it down.
    pub down: u32,
    /// Looks that could not tell.
    #[serde(default)]
    pub unknown: u32,
    /// The outage that no look has seen the end of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Outage>,
    /// The outage with the longest time between its first and last look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<Outage>,
}

impl Tally {
    fn of(quarter: Quarter) -> Self {
        Self { quarter, up: 0, down: 0, unknown: 0, open: None, longest: None }
    }

    fn note(&mut self, at: Timestamp, answered: Answered) {
        match answered {
            Answered::Up => (self.up, self.open) = (self.up.saturating_add(1), None),
            Answered::Unknown => self.unknown = self.unknown.saturating_add(1),
            Answered::Down => {
                self.down = self.down.saturating_add(1);
                let open = self.open.get_or_insert(Outage { since: at, until: at, looks: 0 });
                (open.until, open.looks) = (at, open.looks.saturating_add(1));
                let length = |outage: &Outage| (outage.until - outage.since, outage.looks);
                if self.longest.as_ref().is_none_or(|held| length(held) <= length(open)) {
                    self.longest = Some(*open);
                }
            }
        }
    }

    /// Looks in all.
    pub fn looks(&self) -> u32 {
        self.up.saturating_add(self.down).saturating_add(self.unknown)
    }

    /// Of the looks that could tell, how many found it up: per cent, two decimals. `None` of none.
    pub fn rate(&self) -> Option<f64> {
        let told = f64::from(self.up) + f64::from(self.down);
        (told > 0.0).then(|| (f64::from(self.up) * 10_000.0 / told).round() / 100.0)
    }

    /// `2026Q4 探测 812 次,可用率 99.38%(5 次失败;2 次无法判断);最长一次连续 3 次失败(…至…)`.
    pub fn chinese(&self) -> String {
        let mut out = format!("{} 探测 {} 次", self.quarter, self.looks());
        match self.rate() {
            Some(rate) => out += &format!(",可用率 {rate:.2}%"),
            None => out += ",都无法判断是否可用",
        }
        let failed = (self.down > 0).then(|| format!("{} 次失败", self.down));
        let told = self.rate().is_some() && self.unknown > 0;
        let unknown = told.then(|| format!("{} 次无法判断,不计入", self.unknown));
        let parts: Vec<String> = failed.into_iter().chain(unknown).collect();
        if !parts.is_empty() {
            out += &format!("({})", parts.join(";"));
        }
        if let Some(outage) = self.longest.filter(|outage| outage.looks > 1) {
            let (since, until) =
                (civil::minute_text(outage.since), civil::minute_text(outage.until));
            out += &format!(";最长一次连续 {} 次失败({since} 至 {until})", outage.looks);
        }
        out
    }
}

/// This quarter and the one before it that had looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// The quarter of the newest look.
    pub current: Tally,
    /// The one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Tally>,
    /// The newest look.
    pub last: Timestamp,
}

impl Uptime {
    /// Counts a look; one that is no newer than the newest was counted.
    pub fn note(held: &mut Option<Self>, at: Timestamp, answered: Answered) {
        let quarter = Quarter::of(at);
        let uptime = held.get_or_insert_with(|| Self {
            current: Tally::of(quarter),
            previous: None,
            last: Timestamp::MIN_UTC,
        });
        if at <= uptime.last {
            return;
        }
        if uptime.current.quarter < quarter {
            let ended = std::mem::replace(&mut uptime.current, Tally::of(quarter));
            uptime.previous = Some(ended);
        }
        uptime.last = at;
        uptime.current.note(at, answered);
    }

    /// The tally of a quarter.
    pub fn tally(&self, quarter: Quarter) -> Option<&Tally> {
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|tally| tally.quarter == quarter)
    }

    /// Forgets a count that holds looks later than `latest`, which a wrong clock made. Is nothing left?
    pub fn forget_after(held: &mut Option<Self>, latest: Timestamp) -> bool {
        held.take_if(|uptime| uptime.last > latest).is_some()
    }
}

#[cfg(test)]
mod tests;
