//! A reader that passes over what it does not understand and takes an empty list for silence: what the
//! mangling must find out.

use async_trait::async_trait;
use freshd_core::fault::FaultScope;
use freshd_core::id::Channel;
use freshd_core::timetext;
use serde_json::{Value, json};

use super::super::cases::Kit;
use super::*;
use crate::connector::{Courtesy, Descriptor, TargetProblem};
use crate::http::Request;

struct Naive {
    descriptor: Descriptor,
    base: Url,
}

#[async_trait]
impl Connector for Naive {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, _target: &Target) -> Result<(), TargetProblem> {
        Ok(())
    }

    async fn poll(&self, _target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let answer = cx.http.send(Request::get(self.base.clone())).await;
        let answer = answer.map_err(|error| error.fault(FaultScope::Platform))?;
        let page: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let mut seen = Observation::default();
        for item in page["items"].as_array().into_iter().flatten() {
            assert!(!item.is_null(), "an item is never null");
            let date = item["date"].as_str().and_then(|text| timetext::parse(text, cx.now));
            let Some(published) = date else { continue };
            seen.sightings.push(Sighting {
                key: item["id"].to_string(),
                channel: Channel::posts(),
                published,
                title: String::new(),
                url: None,
                pinned: false,
                repost: false,
            });
        }
        let oldest = seen.sightings.iter().map(|post| post.published.latest).min();
        let since = oldest.unwrap_or(cx.now - TimeDelta::days(30));
        seen.coverage.add(Channel::posts(), since, cx.now);
        Ok(seen)
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

pub(super) fn kit() -> Kit {
    let build = |base: &Url| -> Arc<dyn Connector> {
        let descriptor = Descriptor {
            name: "naive".into(),
            platform: "naive".into(),
            channels: vec![Channel::posts()],
            proves_silence: true,
            lag_h: 0,
            courtesy: Courtesy::default(),
            about: "不当心的采集器".into(),
        };
        Arc::new(Naive { base: base.clone(), descriptor })
    };
    let good = |_: &Asked| {
        Answer::json(&json!({"items": [
            {"id": "b", "date": "2026-11-20 09:30:00"}, {"id": "a", "date": "2026-11-02 10:00:00"},
        ]}))
    };
    Kit::new("naive", "x", build, good)
}
