//! What if no machine can read the platform? The connector of accounts that only people look at.
//!
//! It polls nothing. What people know arrives by other ways, as observations with a name on them:
//! `confirm` (a person looked, both "posted" and "nothing since"), `proof` (an article's link) and
//! patrols.

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::fault::Fault;
use freshd_core::id::Channel;
use freshd_core::observation::{Observation, PollHint};

use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};

/// Days until it is worth looking here again: never, but a wish beyond a week is taken for a
/// mistake.
const NEXT_LOOK_DAYS: i64 = 7;

/// `manual`: any target, nothing polled.
pub struct ManualConnector {
    descriptor: Descriptor,
}

impl ManualConnector {
    /// The connector.
    pub fn new() -> Self {
        Self {
            descriptor: Descriptor {
                name: "manual".into(),
                platform: "*".into(),
                channels: vec![Channel::posts()],
                proves_silence: false,
                lag_h: 0,
                courtesy: Courtesy::default(),
                about: "人工核查:不自动采集,由人员确认、文章链接或巡查结果作为依据".into(),
            },
        }
    }
}

impl Default for ManualConnector {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Connector for ManualConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, _target: &Target) -> Result<(), TargetProblem> {
        Ok(())
    }

    async fn poll(&self, _target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let not_before = cx.now.checked_add_signed(TimeDelta::days(NEXT_LOOK_DAYS));
        let hint = PollHint { not_before, ..PollHint::default() };
        Ok(Observation { hint, ..Observation::default() })
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
