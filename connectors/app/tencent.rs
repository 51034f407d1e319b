//! Is the app in Tencent's store 应用宝? Its public page, and the page that opens the app as a second
//! opinion.
//!
//! Sources: `sj.qq.com/appdetail/PKG`, whose `script#__NEXT_DATA__` names the app among others that
//! are only recommended; `a.app.qq.com/o/simple.jsp?pkgname=PKG`, whose `window.systemData` has an
//! `appDetail` of null when there is no such app. Absent is what both say, asked past caches, while
//! the store's page of a control app lists that one.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::observation::Observation;
use serde_json::Value;
use url::Url;

use super::store::{self, Answer, Found, line};
use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::Request;
use crate::markup::{self, Piece};
use crate::{lenient, listing};

/// Levels of the page's data that are searched for the app.
const DEPTH_MAX: usize = 16;
/// For so long the control app, once found, need not be asked for again, minutes.
const CONTROL_MIN: i64 = 10;

/// `tencent`: the target is the app's package name.
pub struct TencentConnector {
    descriptor: Descriptor,
    base: Url,
    second: Url,
    control: String,
    /// When the control app was last found.
    controlled: Mutex<Option<Timestamp>>,
}

/// What one page says.
enum Page {
    Listed(Found),
    /// It says that there is no such app, in these words.
    Absent(String),
    /// It says neither.
    Unclear,
}

impl TencentConnector {
    /// Asks the store's pages below `base`, and those that open an app below `second`; `control` is
    /// the package of an app that certainly is there.
    pub fn new(base: Url, second: Url, control: impl Into<String>) -> Self {
        let descriptor = Descriptor {
            name: "tencent".into(),
            platform: "app".into(),
            channels: Vec::new(),
            proves_silence: false,
            lag_h: 0,
            courtesy: Courtesy { at_once: 1, per_minute: 20 },
            about: "应用宝(腾讯):核验安卓应用是否在架".into(),
        };
        let (control, controlled) = (control.into(), Mutex::default());
        Self { descriptor, base, second, control, controlled }
    }

    /// Both pages must be seen to list the control app before what they lack is missing: whatever else
    /// they show everybody (a redesign, an empty list) is no word about one app.
    async fn check_control(
        &self,
        seen: &mut Observation,
        cx: &PollContext<'_>,
    ) -> Result<(), Fault> {
        let held = *self.controlled.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |at: Timestamp| (cx.now - at).abs() <= TimeDelta::minutes(CONTROL_MIN);
        if held.is_some_and(fresh) {
            return Ok(());
        }
        let first = store::ask(Request::get(self.first(&self.control)), true, cx).await?;
        let second = store::ask(Request::get(self.opening(&self.control)), true, cx).await?;
        let pages = [detail(&first, &self.control)?, simple(&second, &self.control)?];
        seen.evidence.extend([first.evidence, second.evidence]);
        if !pages.iter().all(|page| matches!(page, Page::Listed(_))) {
            let detail =
                format!("应用宝的页面连对照应用 {} 也查不到,不能判断是否在架", self.control);
            return Err(Fault::new(FaultScope::Platform, FaultKind::Unavailable, detail));
        }
        *self.controlled.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.now);
        Ok(())
    }

    /// The store's page of a package.
    fn first(&self, package: &str) -> Url {
        below(&self.base, &format!("/appdetail/{package}"))
    }

    /// The page that opens it.
    fn opening(&self, package: &str) -> Url {
        let mut url = below(&self.second, "/o/simple.jsp");
        url.query_pairs_mut().append_pair("pkgname", package);
        url
    }
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url
}

#[async_trait]
impl Connector for TencentConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        if store::is_package(target.as_str()) {
            return Ok(());
        }
        Err(TargetProblem::new(
            "应用宝的目标应为安卓包名",
            "填写应用页面地址 sj.qq.com/appdetail/ 后面的包名,例如 tencent:cn.gov.example.app",
        ))
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        self.admit(target)
            .map_err(|problem| Fault::new(FaultScope::Account, FaultKind::Refused, problem.what))?;
        let package = target.as_str();
        let mut seen = Observation::default();
        let answer = store::ask(Request::get(self.first(package)), cx.fresh, cx).await?;
        seen.evidence.push(answer.evidence.clone());
        let first = detail(&answer, package)?;
        let found = match first {
            Page::Listed(found) if found.available == Some(true) => found,
            first => {
                let answer = store::ask(Request::get(self.opening(package)), true, cx).await?;
                seen.evidence.push(answer.evidence.clone());
                joined(first, simple(&answer, package)?)
            }
        };
        if found.available == Some(false) {
            self.check_control(&mut seen, cx).await?;
        }
        found.tell(&mut seen);
        Ok(seen)
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// Two pages: the app is there if either gives it, and absent only if both say so.
fn joined(first: Page, second: Page) -> Found {
    let plain =
        |available, what| Found { available, what, name: None, holder: None, release: None };
    match (first, second) {
        (_, Page::Listed(found)) if found.available == Some(true) => found,
        (Page::Listed(found), _) | (_, Page::Listed(found)) => found,
        (Page::Absent(first), Page::Absent(second)) => {
            plain(Some(false), format!("应用宝查无此应用:{first};{second}(已绕过缓存复查)"))
        }
        (Page::Absent(words), Page::Unclear) | (Page::Unclear, Page::Absent(words)) => {
            plain(None, format!("应用宝的两个页面说法不一,不能判断:{words}"))
        }
        (Page::Unclear, Page::Unclear) => {
            plain(None, "应用宝的页面没有说明是否有此应用".to_owned())
        }
    }
}

/// Reads the store's page.
fn detail(answer: &Answer, package: &str) -> Result<Page, Fault> {
    if matches!(answer.response.status, 404 | 410) {
        return Ok(Page::Absent(format!("页面不存在(HTTP {})", answer.response.status)));
    }
    let (mut data, mut title, mut in_data) = (None, String::new(), false);
    markup::scan(&answer.text, &mut |piece| match piece {
        Piece::Open { name, attributes } => {
            in_data = name.eq_ignore_ascii_case("script")
                && markup::attribute(attributes, "id") == Some("__NEXT_DATA__");
        }
        Piece::Script(text) if in_data && data.is_none() => data = Some(text),
        Piece::Title(text) if title.is_empty() => title = text.trim().to_owned(),
        Piece::Script(_) | Piece::Title(_) => {}
    });
    let data = data.and_then(|text| crate::bounds::json(text.as_bytes()).ok());
    let at = "/props/pageProps/dynamicCardResponse/data/components";
    let components = data.as_ref().and_then(|data| data.pointer(at)).and_then(Value::as_array);
    if let Some(components) = components
        && let Some(item) = components.iter().find_map(|part| item(part, package, 0))
    {
        return Ok(Page::Listed(listed(&item, &["download_url"])));
    }
    if ["找不到", "404"].iter().any(|words| title.contains(words)) {
        let title = lenient::cut(&title, 120);
        return Ok(Page::Absent(format!("页面标题为“{}”", crate::http::redact::text(title))));
    }
    match components {
        Some(_) => Ok(Page::Absent("页面中没有这个包名".to_owned())),
        None if data.is_some() => Ok(Page::Unclear),
        None => Err(no_page(answer)),
    }
}

/// The entry of that package, wherever the component keeps it; lists may be JSON within a string.
fn item(value: &Value, package: &str, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let deeper = |value: &Value| item(value, package, depth + 1);
    match value {
        Value::Object(fields) => {
            let own = line(value, "pkg_name").as_deref() == Some(package);
            if own { Some(value.clone()) } else { fields.values().find_map(deeper) }
        }
        Value::Array(items) => items.iter().find_map(deeper),
        Value::String(text) if text.starts_with(['[', '{']) => {
            crate::bounds::json(text.as_bytes()).ok().as_ref().and_then(deeper)
        }
        _ => None,
    }
}

/// Reads the page that opens an app.
fn simple(answer: &Answer, package: &str) -> Result<Page, Fault> {
    if matches!(answer.response.status, 404 | 410) {
        return Ok(Page::Unclear);
    }
    let (_, rest) = answer.text.split_once("window.systemData").ok_or_else(|| no_page(answer))?;
    let json = rest.trim_start().strip_prefix('=').unwrap_or_default();
    let data = crate::bounds::leading_object(json).ok_or_else(|| no_page(answer))?;
    match data.get("appDetail") {
        Some(Value::Null) => Ok(Page::Absent("打开页面的 appDetail 为空".to_owned())),
        Some(app) if app.is_object() => {
            let other = ["pkgName", "pkgname", "packageName"]
                .iter()
                .find_map(|name| line(app, name))
                .is_some_and(|named| named != package);
            match other {
                true => Ok(Page::Unclear),
                false => Ok(Page::Listed(listed(app, &["apkUrl64", "apkUrl"]))),
            }
        }
        _ => Ok(Page::Unclear),
    }
}

/// A page that names the package; without an address to download from it says no more than that.
fn listed(app: &Value, addresses: &[&str]) -> Found {
    let downloadable = addresses
        .iter()
        .filter_map(|name| app.get(name).and_then(Value::as_str))
        .any(|url| url.starts_with("http"));
    let version = ["version_name", "versionName"].iter().find_map(|name| line(app, name));
    let version = version.unwrap_or_else(|| "未标明".to_owned());
    let what = match downloadable {
        true => format!("在架,可下载;版本 {version}"),
        false => format!("有页面,但没有下载地址,请人工核实;版本 {version}"),
    };
    Found {
        available: downloadable.then_some(true),
        what,
        name: ["name", "appName"].iter().find_map(|name| line(app, name)),
        holder: ["operator", "developer", "author"].iter().find_map(|name| line(app, name)),
        // The page's data holds no date of the version.
        release: None,
    }
}

/// A page without the data that every page of the store has.
fn no_page(answer: &Answer) -> Fault {
    if listing::asks_for_a_person(&answer.text) {
        return answer.fault(FaultScope::Platform, FaultKind::Challenged, "返回验证或登录页面");
    }
    answer.fault(FaultScope::Connector, FaultKind::Malformed, "应用宝的页面结构与以往不同")
}

#[cfg(test)]
mod tests;
