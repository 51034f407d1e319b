//! How much work is it for people? Looks and entries by kind, at so many seconds each.

use std::collections::BTreeMap;

use freshd_core::word::Finding;
use freshd_core::{Timestamp, civil};

/// Something that a person of the office does by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Opens the account, sees a new post, pastes its link or writes its time.
    Updated,
    /// Sees nothing new, and says so.
    Nothing,
    /// Sees nothing new, and takes a screenshot.
    NothingPictured,
    /// Does not find the account.
    NotFound,
    /// Enters an account's authorisation into the ledger.
    Authorised,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Updated, Self::Nothing, Self::NothingPictured, Self::NotFound, Self::Authorised];

    /// The look that came to this.
    pub fn of(found: Finding, pictured: bool) -> Self {
        match found {
            Finding::NothingSince if pictured => Self::NothingPictured,
            Finding::NothingSince
            | Finding::MenuWrong
            | Finding::InteractionWorks
            | Finding::InteractionBroken => Self::Nothing,
            Finding::NotFound => Self::NotFound,
            Finding::Updated => Self::Updated,
        }
    }

    /// How long it takes, seconds: assumed.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Updated => 40,
            Self::Nothing => 35,
            Self::NothingPictured => 70,
            Self::NotFound => 60,
            Self::Authorised => 120,
        }
    }

    /// For people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Updated => "有更新(粘贴链接)",
            Self::Nothing => "未见更新",
            Self::NothingPictured => "未见更新并截图",
            Self::NotFound => "搜不到账号",
            Self::Authorised => "登记一个账号的授权",
        }
    }
}

/// What was done, by kind and day.
#[derive(Clone, Debug, Default)]
pub struct Effort {
    count: BTreeMap<Job, usize>,
    days: BTreeMap<chrono::NaiveDate, u64>,
}

impl Effort {
    /// Notes one more.
    pub fn add(&mut self, job: Job, at: Timestamp) {
        *self.count.entry(job).or_default() += 1;
        *self.days.entry(civil::day(at)).or_default() += u64::from(job.seconds());
    }

    /// Hours in all.
    pub fn hours(&self) -> f64 {
        self.days.values().sum::<u64>() as f64 / 3600.0
    }

    /// Hours of the busiest day.
    pub fn most(&self) -> f64 {
        self.days.values().copied().max().unwrap_or_default() as f64 / 3600.0
    }

    /// `有更新(粘贴链接) 812 次×40 秒、…`.
    pub fn chinese(&self) -> String {
        let told = Job::ALL.into_iter().map(|job| {
            let count = self.count.get(&job).copied().unwrap_or_default();
            format!("{} {count} 次×{} 秒", job.chinese(), job.seconds())
        });
        told.collect::<Vec<_>>().join("、")
    }
}
