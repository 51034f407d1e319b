//! Is the app in Huawei's AppGallery 华为应用市场? The record behind its web pages, for Android and
//! HarmonyOS.
//!
//! Source: `POST /edge/webedge/appinfo`. An unknown app is answered by 200 without a byte, which
//! trouble may look like, too: it counts only while the same interface answers for a control app,
//! and when it comes again past caches. What `isShelves` and its neighbours mean is not documented:
//! an unusual value is told, never judged.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::observation::Observation;
use freshd_core::release::Release;
use freshd_core::{civil, timetext};
use serde_json::{Value, json};
use url::Url;

use super::store::{self, Answer, Found, line};
use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::Request;
use crate::lenient;

/// A number of a HarmonyOS listing has at least so many characters; Android's are shorter.
const HARMONY_CHARS_MIN: usize = 15;
/// How long an interface code is used, seconds; the web pages renew it about as often.
const CODE_S: i64 = 600;
/// Bytes of an interface code.
const CODE_BYTES_MAX: usize = 4096;

/// `huawei`: the target is an app's number (`C…`) or its package name.
pub struct HuaweiConnector {
    descriptor: Descriptor,
    base: Url,
    control: Target,
    /// With a code from `getInterfaceCode`, and the one in use.
    with_code: bool,
    code: Mutex<Option<(Timestamp, String)>>,
}

impl HuaweiConnector {
    /// Asks below `base`; `control` is an app that certainly is there; `with_code`: the interface
    /// wants a code, which it gives to every visitor.
    pub fn new(base: Url, control: impl Into<String>, with_code: bool) -> Self {
        let descriptor = Descriptor {
            name: "huawei".into(),
            platform: "app".into(),
            channels: Vec::new(),
            proves_silence: false,
            lag_h: 0,
            courtesy: Courtesy { at_once: 1, per_minute: 20 },
            about: "华为应用市场(安卓、鸿蒙):核验应用是否在架".into(),
        };
        let control = Target::new(control);
        Self { descriptor, base, control, with_code, code: Mutex::default() }
    }

    fn address(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(None);
        url
    }

    /// One question for one app; `None` = answered by nothing at all.
    async fn ask(
        &self,
        target: &Target,
        past_caches: bool,
        seen: &mut Observation,
        cx: &PollContext<'_>,
    ) -> Result<Option<Found>, Fault> {
        let id = target.as_str();
        let mut body = json!({"locale": "zh_CN", "countryCode": "CN", "orderApp": 1});
        body[if is_number(id) { "appId" } else { "pkgName" }] = id.into();
        let mut request = Request::post_json(self.address("/edge/webedge/appinfo"), &body);
        if self.with_code {
            let code = self.code(cx).await?;
            request = request.header("interface-code", code);
        }
        let answer =
            store::ask(request, past_caches, cx).await.map_err(|fault| self.hint(fault))?;
        seen.evidence.push(answer.evidence.clone());
        if answer.response.status != 200 {
            let what = "华为应用市场的查询接口不存在";
            return Err(answer.fault(FaultScope::Connector, FaultKind::Malformed, what));
        }
        if answer.text.trim().is_empty() {
            return Ok(None);
        }
        record(&answer, id, cx.now).map(Some).map_err(|fault| self.hint(fault))
    }

    /// The code that the interface gives to every visitor, with the time of its use.
    async fn code(&self, cx: &PollContext<'_>) -> Result<String, Fault> {
        let held = self.code.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let stamp = cx.now.timestamp_millis();
        if let Some((since, code)) = held
            && (cx.now - since).abs() < TimeDelta::seconds(CODE_S)
        {
            return Ok(format!("{code}_{stamp}"));
        }
        let url = self.address("/edge/webedge/getInterfaceCode");
        let answer = store::ask(Request::post_json(url, &json!({})), true, cx).await?;
        let code = answer.json().and_then(|code| code.as_str().map(str::to_owned));
        let plain = |code: &String| {
            (1..=CODE_BYTES_MAX).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let Some(code) = code.filter(plain) else {
            let what = "华为应用市场没有给出 interface-code";
            return Err(answer.fault(FaultScope::Connector, FaultKind::Malformed, what));
        };
        let mut held = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((cx.now, code.clone()));
        Ok(format!("{code}_{stamp}"))
    }

    /// A refusal may be about the code: say so, and forget the one in use.
    fn hint(&self, mut fault: Fault) -> Fault {
        if fault.kind == FaultKind::Challenged || fault.kind == FaultKind::Malformed {
            self.code.lock().unwrap_or_else(PoisonError::into_inner).take();
            if !self.with_code {
                fault.detail.push_str(";若一直如此,可试 [connectors.huawei] interface_code = true");
            }
        }
        fault
    }
}

#[async_trait]
impl Connector for HuaweiConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        let id = target.as_str();
        if is_number(id) || store::is_package(id) {
            return Ok(());
        }
        Err(TargetProblem::new(
            "华为应用市场的目标应为应用编号或包名",
            "填写应用页面地址中以 C 开头的编号,例如 huawei:C100000001(鸿蒙版另有编号,分别填写),或包名",
        ))
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        self.admit(target)
            .map_err(|problem| Fault::new(FaultScope::Account, FaultKind::Refused, problem.what))?;
        let mut seen = Observation::default();
        let mut found = self.ask(target, cx.fresh, &mut seen, cx).await?;
        if found.is_none() {
            // Nothing proves something only where the interface does answer.
            if self.ask(&self.control, true, &mut seen, cx).await?.is_none() {
                let detail = format!(
                    "华为应用市场对 {target} 和对照应用 {} 都没有回答任何内容,不能判断是否在架",
                    self.control
                );
                return Err(Fault::new(FaultScope::Connector, FaultKind::Malformed, detail));
            }
            found = self.ask(target, true, &mut seen, cx).await?;
        }
        let found = found.unwrap_or_else(|| Found {
            available: Some(false),
            what: format!(
                "华为应用市场查无此应用({}),同一接口能查到对照应用 {}(已复查)",
                edition(target.as_str()),
                self.control
            ),
            name: None,
            holder: None,
            release: None,
        });
        found.tell(&mut seen);
        Ok(seen)
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        self.admit(&self.control).map_err(|problem| {
            let detail = format!("[connectors.huawei] control:{}", problem.what);
            Fault::new(FaultScope::Connector, FaultKind::Refused, detail)
        })
    }
}

/// `C` and digits.
pub(crate) fn is_number(id: &str) -> bool {
    let digits = id.strip_prefix('C').unwrap_or_default();
    (2..=24).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Which of the two listings a target names; they are different apps to the store.
fn edition(id: &str) -> &'static str {
    match is_number(id) {
        true if id.len() >= HARMONY_CHARS_MIN => "鸿蒙版",
        true => "安卓版",
        false => "按包名",
    }
}

/// Reads a record, which must be that of the app asked for.
fn record(answer: &Answer, id: &str, now: Timestamp) -> Result<Found, Fault> {
    let malformed = |what: &str| answer.fault(FaultScope::Connector, FaultKind::Malformed, what);
    let Some(record) = answer.json().filter(Value::is_object) else {
        if crate::listing::asks_for_a_person(&answer.text) {
            let what = "返回验证或登录页面";
            return Err(answer.fault(FaultScope::Platform, FaultKind::Challenged, what));
        }
        return Err(malformed("华为应用市场的回答不是有效的 JSON"));
    };
    if let Some(code) = record.get("rtnCode").and_then(lenient::int).filter(|code| *code != 0) {
        let words = line(&record, "rtnDesc").unwrap_or_default();
        return Err(malformed(&format!("华为应用市场拒绝查询(rtnCode {code}:{words})")));
    }
    let is = |name: &str| line(&record, name).as_deref() == Some(id);
    if !is("appId") && !is("pkgName") {
        return Err(malformed(&format!("华为应用市场给出的不是应用 {id}")));
    }
    let odd: Vec<String> = [("isShelves", 1), ("isDisciplined", 0), ("deleteArchive", 0)]
        .into_iter()
        .filter_map(|(name, usual)| {
            let value = record.get(name).filter(|value| !value.is_null())?;
            let number = lenient::int(value).or_else(|| value.as_bool().map(i64::from));
            (number != Some(usual))
                .then(|| format!("{name}={}", lenient::cut(&value.to_string(), 40)))
        })
        .collect();
    let version = line(&record, "version");
    let date = line(&record, "releaseDate").and_then(|date| timetext::parse(&date, now));
    let released = date.map_or_else(
        || "未标明".to_owned(),
        |date| date.latest.with_timezone(&civil::beijing()).format("%Y-%m-%d").to_string(),
    );
    let release =
        date.map(|date| Release { version: version.clone().unwrap_or_default(), at: date.latest });
    let version = version.unwrap_or_else(|| "未标明".to_owned());
    let listed = edition(line(&record, "appId").as_deref().unwrap_or(id));
    let what = match odd.is_empty() {
        true => format!("在架({listed});版本 {version},版本发布日期 {released}"),
        false => format!("有登记({listed}),但标记为 {},含义未公开,请人工核实", odd.join("、")),
    };
    Ok(Found {
        available: odd.is_empty().then_some(true),
        what,
        name: line(&record, "name"),
        holder: line(&record, "developerName").or_else(|| line(&record, "supplier")),
        release,
    })
}

#[cfg(test)]
mod tests;
