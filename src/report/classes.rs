//! On what do the verdicts rest? How many accounts there are in each evidence class 证据类别.

use freshd_core::verdict::EvidenceClass;
use serde::Serialize;

/// How many judged accounts are in each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Classes {
    /// 自动可判.
    pub auto: usize,
    /// 只能证有.
    pub hits_only: usize,
    /// 人工或自报.
    pub attested: usize,
    /// 无来源, or no data yet.
    pub none: usize,
}

impl Classes {
    /// Counts one more.
    pub fn add(&mut self, class: EvidenceClass) {
        *match class {
            EvidenceClass::Auto => &mut self.auto,
            EvidenceClass::HitsOnly => &mut self.hits_only,
            EvidenceClass::Attested => &mut self.attested,
            EvidenceClass::None => &mut self.none,
        } += 1;
    }

    /// How many of this class.
    pub fn of(&self, class: EvidenceClass) -> usize {
        match class {
            EvidenceClass::Auto => self.auto,
            EvidenceClass::HitsOnly => self.hits_only,
            EvidenceClass::Attested => self.attested,
            EvidenceClass::None => self.none,
        }
    }

    /// `自动可判 38.0%,只能证有 41.0%,…`; empty without accounts.
    pub fn chinese(&self) -> String {
        let all: usize = EvidenceClass::ALL.map(|class| self.of(class)).iter().sum();
        if all == 0 {
            return String::new();
        }
        let share = |class: EvidenceClass| {
            format!("{} {:.1}%", class.chinese(), self.of(class) as f64 * 100.0 / all as f64)
        };
        EvidenceClass::ALL.map(share).join(",")
    }
}

#[cfg(test)]
mod tests;
