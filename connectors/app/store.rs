//! How is a store asked about one app? What its connectors share: one request, its walls, its
//! evidence, and the names of apps.

use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::observation::{DownloadSign, Evidence, Observation, Part, Profile};
use freshd_core::release::Release;

use crate::connector::PollContext;
use crate::http::{self, Request, Response};
use crate::{lenient, listing};

/// Characters of a name or version that are shown.
const SHOWN_CHARS: usize = 120;

/// One answer of a store that is neither busy nor a wall.
pub(super) struct Answer {
    pub(super) response: Response,
    /// The body, decoded, without NUL characters.
    pub(super) text: String,
    pub(super) evidence: Evidence,
}

impl Answer {
    /// A fault of this answer that says where it came from.
    pub(super) fn fault(&self, scope: FaultScope, kind: FaultKind, what: &str) -> Fault {
        let status = self.response.status;
        let place = http::redact::url(&self.response.url);
        Fault::new(scope, kind, format!("{what}(HTTP {status}):{place}"))
    }

    /// The text as JSON; a body that was cut is none.
    pub(super) fn json(&self) -> Option<serde_json::Value> {
        (!self.response.truncated).then(|| crate::bounds::json(self.text.as_bytes()).ok()).flatten()
    }
}

/// What a look found of the app.
#[derive(Debug)]
pub(super) struct Found {
    /// `None`: it is listed in a way that does not say whether it can be had.
    pub(super) available: Option<bool>,
    pub(super) what: String,
    pub(super) name: Option<String>,
    pub(super) holder: Option<String>,
    /// The version and its date, where the store gives both as fields.
    pub(super) release: Option<Release>,
}

impl Found {
    /// Writes it into an observation. A new version of an app is no content: nothing is a sighting.
    pub(super) fn tell(self, seen: &mut Observation) {
        // What was asked last decides.
        seen.carried(&[Part::Download, Part::Profile]);
        seen.release = self.release;
        seen.download = Some(DownloadSign { available: self.available, what: self.what });
        let profile = Profile { name: self.name, holder: self.holder, ..Profile::default() };
        seen.profile = (profile != Profile::default()).then_some(profile);
    }
}

/// Asks once. Busy, refusing and walled answers are faults of the platform.
pub(super) async fn ask(
    mut request: Request,
    past_caches: bool,
    cx: &PollContext<'_>,
) -> Result<Answer, Fault> {
    if past_caches {
        request = request.header("cache-control", "no-cache").header("pragma", "no-cache");
    }
    let answer = cx.http.send(request).await;
    let response = answer.map_err(|error| error.fault(FaultScope::Platform))?;
    if let Some(fault) = http::busy_fault(&response, FaultScope::Platform, cx.now) {
        return Err(fault);
    }
    let mut text = crate::charset::decode(&response.body, response.header("content-type"));
    text.retain(|c| c != '\0');
    let url = http::redact::url(&response.url);
    let shown = format!("HTTP {}\n{}", response.status, listing::evidence_text(&text));
    let answer = Answer { response, text, evidence: Evidence { url, at: cx.now, body: shown } };
    match answer.response.status {
        200 if answer.response.truncated => {
            Err(answer.fault(FaultScope::Connector, FaultKind::Malformed, "回答过长,未读完"))
        }
        401 | 403 | 407 | 412 | 418 => {
            let wait = http::retry_after_s(&answer.response, cx.now);
            let fault = answer.fault(FaultScope::Platform, FaultKind::Challenged, "拒绝自动查询");
            Err(fault.retry(wait.map_or(Retry::Backoff, Retry::After)))
        }
        200 | 404 | 410 => Ok(answer),
        _ => Err(answer.fault(FaultScope::Platform, FaultKind::Unavailable, "没有给出应用信息")),
    }
}

/// Is it a package name: at least two parts of letters, digits and `_`, joined by dots?
pub(crate) fn is_package(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    text.len() <= 128 && text.contains('.') && text.split('.').all(part)
}

/// A text of an answer in one short line.
pub(super) fn line(value: &serde_json::Value, name: &str) -> Option<String> {
    let text = lenient::text(value.get(name)?)?;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = line.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect::<String>();
    Some(http::redact::text(&plain).into_owned()).filter(|text| !text.is_empty())
}
