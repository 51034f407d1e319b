//! On what do the verdicts rest? How many accounts there are in each evidence class 证据类别.

use freshd_core::verdict::EvidenceClass;
use serde::Serialize;

use super::words::class_chinese;

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
    /// Of these the ones whose source has brought nothing yet: 尚未取得数据.
    pub no_data: usize,
}

impl Classes {
    /// Counts one more.
    pub fn add(&mut self, class: EvidenceClass, has_source: bool) {
        self.no_data += usize::from(class == EvidenceClass::None && has_source);
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

    /// `自动可判 38.0%,只能证有 41.0%,…`, with 尚未取得数据 apart from 无来源; empty without accounts.
    pub fn chinese(&self) -> String {
        let all: usize = EvidenceClass::ALL.map(|class| self.of(class)).iter().sum();
        if all == 0 {
            return String::new();
        }
        let share = |(class, has_source): (EvidenceClass, bool)| {
            let count = match (class, has_source) {
                (EvidenceClass::None, true) => self.no_data,
                (EvidenceClass::None, false) => self.none - self.no_data,
                (class, _) => self.of(class),
            };
            let word = class_chinese(class, has_source);
            format!("{word} {:.1}%", count as f64 * 100.0 / all as f64)
        };
        let known = EvidenceClass::ALL.map(|class| (class, true));
        known
            .into_iter()
            .chain([(EvidenceClass::None, false)])
            .map(share)
            .collect::<Vec<_>>()
            .join(",")
    }
}

#[cfg(test)]
mod tests;
