//! Does an address that should answer do so? The `probe` connector, for interaction and app
//! services.

use async_trait::async_trait;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::link::LinkAnswer;
use freshd_core::observation::{Evidence, InteractionSign, Observation};
use serde_json::Value;
use url::Url;

use crate::article::{admit_url, target_url};
use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::{Request, Response, busy_fault, excerpt, json, redact};
use crate::link::judge::{Case, judge as judge_page};
use crate::link::seen::{self, Seen};
use crate::page;

mod expect;

use expect::Expect;

/// Bytes of an answer that are read.
const BODY_BYTES_MAX: usize = 256 << 10;

/// Characters of an answer that are kept as evidence.
const EVIDENCE_CHARS: usize = 1000;

/// The connector `probe`: one GET, one sign of interaction.
pub struct ProbeConnector(Descriptor);

impl ProbeConnector {
    /// A probe; what it asks is its target.
    pub fn new() -> Self {
        Self(Descriptor {
            name: "probe".into(),
            platform: "*".into(),
            channels: Vec::new(),
            proves_silence: false,
            lag_h: 0,
            courtesy: Courtesy { at_once: 8, per_minute: 0 },
            about: "访问一个应当能用的地址(互动入口、接口),看它是否正常回答".into(),
        })
    }
}

impl Default for ProbeConnector {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Connector for ProbeConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.0
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        let mut url = admit_url(target, "probe")?;
        Expect::take(&mut url).map(drop)
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let mut url = target_url(target, "probe")?;
        let expect = Expect::take(&mut url)
            .map_err(|problem| Fault::new(FaultScope::Account, FaultKind::Refused, problem.what))?;
        let asked = url.clone();
        let mut request = Request::get(url);
        request.body_bytes_max = BODY_BYTES_MAX;
        let answer = cx.http.send(request).await;
        let response = answer.map_err(|error| error.fault(FaultScope::Account))?;
        if let Some(fault) = busy_fault(&response, FaultScope::Account, cx.now) {
            return Err(fault);
        }
        let (mut works, mut what) = judge(&asked, &response)?;
        if works == Some(true)
            && let Some(broken) = expect.broken_by(&response)
        {
            (works, what) = broken;
        }
        let sign = InteractionSign { kind: "probe".to_owned(), works, what };
        let evidence = Evidence {
            url: redact::url(&response.url),
            at: cx.now,
            body: format!("HTTP {}\n{}", response.status, excerpt(&response, EVIDENCE_CHARS)),
        };
        Ok(Observation {
            interaction: vec![sign],
            evidence: vec![evidence],
            ..Observation::default()
        })
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// What an answer below 500 proves: it works, it does not, or nothing.
fn judge(asked: &Url, response: &Response) -> Result<(Option<bool>, String), Fault> {
    let status = response.status;
    let fault = |kind, what: String| {
        let detail = format!("{what}:{}", redact::url(&response.url));
        Err(Fault::new(FaultScope::Account, kind, detail))
    };
    match status {
        404 | 410 => return Ok((Some(false), format!("地址不存在(HTTP {status})"))),
        202 | 401 | 403 | 407 | 412 => {
            return fault(FaultKind::Challenged, format!("拒绝自动访问(HTTP {status})"));
        }
        200..=299 => (),
        _ => return fault(FaultKind::Malformed, format!("回答 HTTP {status}")),
    }
    if let Ok(Value::Object(body)) = json(response) {
        return match own_word(&body) {
            Word::Failed(what) => Ok((Some(false), format!("接口自己报告失败({what})"))),
            Word::Guarded(what) => {
                fault(FaultKind::Challenged, format!("接口要求登录或限制访问({what})"))
            }
            Word::Nothing => Ok((Some(true), format!("正常回答(HTTP {status})"))),
        };
    }
    if page::is_html(response) {
        let Some(top) = page::top(response) else {
            return fault(FaultKind::Malformed, "页面结构异常".to_owned());
        };
        if let Some(words) = top.challenge() {
            return fault(FaultKind::Challenged, format!("遇到验证页面({words})"));
        }
        if let Some(words) = top.soft_dead() {
            return Ok((Some(false), format!("页面写着“{words}”")));
        }
        if let Some(doubt) = seen::of(response).and_then(|seen| doubt(asked, response, &seen)) {
            return Ok(doubt);
        }
    }
    match response.body.is_empty() && status != 204 {
        true => Ok((None, format!("回答为空(HTTP {status})"))),
        false => Ok((Some(true), format!("正常回答(HTTP {status})"))),
    }
}

/// What a page says that stands where the service should be: gone, an error, under maintenance. A page that asks to log in or
/// to run scripts answers, and that is what is asked of it.
fn doubt(asked: &Url, response: &Response, seen: &Seen) -> Option<(Option<bool>, String)> {
    let case = Case { asked, last: &response.url, seen, control: None };
    match judge_page(&case).answer {
        LinkAnswer::Dead(what) => Some((Some(false), what)),
        LinkAnswer::Failing(what) | LinkAnswer::Upkeep(what) => Some((None, what)),
        // No page means these.
        LinkAnswer::Unreachable(_) | LinkAnswer::HostGone => None,
        LinkAnswer::Alive | LinkAnswer::Unknown(_) => None,
    }
}

/// Does a JSON answer say, under whatever status, that it wants a login or fewer questions?
pub(crate) fn is_guarded(response: &Response) -> bool {
    matches!(json(response), Ok(Value::Object(body)) if matches!(own_word(&body), Word::Guarded(_)))
}

/// What a JSON answer says of itself.
enum Word {
    Failed(String),
    Guarded(String),
    Nothing,
}

/// Only plain words count: what a code of 1 or 10000 means differs from house to house.
fn own_word(body: &serde_json::Map<String, Value>) -> Word {
    for name in ["code", "status", "statusCode", "errcode", "errCode"] {
        let Some(value) = body.get(name) else { continue };
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let what = format!("{name}={value}");
        match number {
            Some(401 | 403 | 407 | 429) => return Word::Guarded(what),
            Some(400..=599 | ..=-1) => return Word::Failed(what),
            _ => (),
        }
        let word = value.as_str().unwrap_or_default().to_ascii_lowercase();
        if ["error", "fail", "failed", "failure", "down", "out_of_service"].contains(&word.as_str())
        {
            return Word::Failed(what);
        }
    }
    for name in ["success", "ok"] {
        let value = body.get(name);
        if value == Some(&Value::Bool(false)) || value.and_then(Value::as_str) == Some("false") {
            return Word::Failed(format!("{name}=false"));
        }
    }
    Word::Nothing
}

#[cfg(test)]
mod tests;
