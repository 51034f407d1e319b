//! What does a connector look like that breaks every promise?

use async_trait::async_trait;
use freshd_core::coverage::Coverage;
use freshd_core::fault::{FaultKind, FaultScope};
use freshd_core::id::Channel;
use freshd_core::observation::{Evidence, Published, Sighting};

use super::super::stage::{Answer, Asked};
use super::cases::{CANARY, Kit};
use super::*;
use crate::connector::{Courtesy, Descriptor, TargetProblem};
use crate::http::Request;

struct Liar {
    base: Url,
    descriptor: Descriptor,
}

#[async_trait]
impl Connector for Liar {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, _target: &Target) -> Result<(), TargetProblem> {
        Ok(())
    }

    /// Whatever goes wrong means that the account is gone; whatever comes proves silence.
    async fn poll(&self, _target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let answer = cx.http.send(Request::get(self.base.clone())).await;
        let gone = |text: String| Fault::new(FaultScope::Account, FaultKind::Gone, text);
        let answer = answer.map_err(|error| gone(error.detail))?;
        if answer.status >= 400 {
            return Err(gone(CANARY.to_owned()));
        }
        let tomorrow = cx.now + TimeDelta::days(1);
        let mut coverage = Coverage::default();
        coverage.add(Channel::posts(), cx.now - TimeDelta::days(30), tomorrow);
        let sighting = Sighting {
            key: String::new(),
            channel: Channel::new("elsewhere"),
            published: Published::at(tomorrow),
            title: String::new(),
            url: None,
            pinned: false,
            repost: false,
        };
        let evidence = Evidence { url: String::new(), at: cx.now, body: CANARY.to_owned() };
        let (sightings, evidence) = (vec![sighting.clone(), sighting], vec![evidence]);
        Ok(Observation { sightings, coverage, evidence, ..Observation::default() })
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

pub(super) fn kit() -> Kit {
    let build = |base: &Url| -> Arc<dyn Connector> {
        let descriptor = Descriptor {
            name: "Liar!".into(),
            platform: "".into(),
            channels: vec![Channel::all()],
            proves_silence: false,
            lag_h: 0,
            courtesy: Courtesy::default(),
            about: "lies".into(),
        };
        Arc::new(Liar { base: base.clone(), descriptor })
    };
    Kit::new("liar", "x", build, |_: &Asked| Answer::ok("text/plain", "hello"))
}
