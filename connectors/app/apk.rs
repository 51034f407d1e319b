//! Does an APK link yield a package? The `apk` connector: a few ranges of bytes; where a server gives
//! none, a small file whole and the start of a large one.

use async_trait::async_trait;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::observation::{DownloadSign, Evidence, Observation, Part};
use url::Url;

use crate::article::{admit_url, target_url};
use crate::connector::{Connector, Courtesy, Descriptor, PollContext, Target, TargetProblem};
use crate::http::{Request, Response, busy_fault, excerpt, redact};
use crate::{page, probe};

mod zip;

/// The start of every ZIP file, and so of every APK.
const MAGIC: &[u8] = b"PK\x03\x04";

/// Bytes read of an answer that is no package, to see what it is instead.
const PAGE_BYTES_MAX: usize = 64 << 10;

/// The end record of a ZIP with the longest comment lies within so many bytes of its end.
const TAIL_BYTES: u64 = 65_557;

/// A table of contents longer than this is not read.
const DIRECTORY_BYTES_MAX: u64 = 8 << 20;

/// Bytes read where the table of contents cannot be asked for: of a file that is known to be no
/// longer, and of others.
const WHOLE_BYTES_MAX: u64 = 8 << 20;
const START_BYTES: u64 = 1 << 20;

/// The connector `apk`: one link, one sign of whether the app can be had there.
pub struct ApkConnector(Descriptor);

impl ApkConnector {
    /// A connector; what it asks is its target.
    pub fn new() -> Self {
        Self(Descriptor {
            name: "apk".into(),
            platform: "app".into(),
            channels: Vec::new(),
            proves_silence: false,
            lag_h: 0,
            courtesy: Courtesy { at_once: 4, per_minute: 0 },
            about: "核验安卓安装包链接能否下载到安装包(只读文件头和目录,不下载全文)".into(),
        })
    }
}

impl Default for ApkConnector {
    fn default() -> Self {
        Self::new()
    }
}

/// What one look at the link found, when it was not a fault.
#[derive(Debug)]
struct Look {
    available: Option<bool>,
    what: String,
    evidence: Evidence,
}

#[async_trait]
impl Connector for ApkConnector {
    fn descriptor(&self) -> &Descriptor {
        &self.0
    }

    fn admit(&self, target: &Target) -> Result<(), TargetProblem> {
        admit_url(target, "apk").map(drop)
    }

    async fn poll(&self, target: &Target, cx: &PollContext<'_>) -> Result<Observation, Fault> {
        let url = target_url(target, "apk")?;
        let mut seen = look(&url, cx, false).await?;
        let mut evidence = Vec::new();
        if seen.available == Some(false) {
            // A cache may still serve yesterday's answer: no second, fresh look, no verdict.
            let again = look(&url, cx, true).await?;
            evidence.push(std::mem::replace(&mut seen, again).evidence);
        }
        evidence.push(seen.evidence);
        let download = DownloadSign { available: seen.available, what: seen.what };
        let mut seen = Observation { download: Some(download), evidence, ..Observation::default() };
        seen.carried(&[Part::Download]);
        Ok(seen)
    }

    async fn probe(&self, _cx: &PollContext<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// A request for one range of bytes, at most `max` of them read.
fn ranged(url: &Url, range: &str, max: u64, fresh: bool) -> Request {
    let mut request = Request::get(url.clone()).header("range", format!("bytes={range}"));
    // A range of a compressed form would be a range of something else.
    request = request.header("accept-encoding", "identity");
    if fresh {
        request = request.header("cache-control", "no-cache").header("pragma", "no-cache");
    }
    request.body_bytes_max = usize::try_from(max).unwrap_or(usize::MAX);
    request
}

async fn ask(request: Request, cx: &PollContext<'_>) -> Result<Response, Fault> {
    cx.http.send(request).await.map_err(|error| error.fault(FaultScope::Account))
}

fn fault(kind: FaultKind, what: &str, response: &Response) -> Fault {
    let detail = format!("{what}(HTTP {}):{}", response.status, redact::url(&response.url));
    Fault::new(FaultScope::Account, kind, detail)
}

/// One look: the first bytes, then either the table of contents or what stands there instead.
async fn look(url: &Url, cx: &PollContext<'_>, fresh: bool) -> Result<Look, Fault> {
    let response = ask(ranged(url, "0-3", 4, fresh), cx).await?;
    if let Some(fault) = busy_fault(&response, FaultScope::Account, cx.now) {
        return Err(fault);
    }
    let found = |available, what: String| Look { available, what, evidence: noted(&response, cx) };
    match response.status {
        200 | 206 if response.body.starts_with(MAGIC) => {
            let (available, what) = package(&response, cx, fresh).await?;
            Ok(found(available, what))
        }
        200 | 206 | 404 | 410 | 416 => instead(url, cx, fresh).await,
        202 | 401 | 403 | 407 | 412 => Err(fault(FaultKind::Challenged, "拒绝自动下载", &response)),
        _ => Err(fault(FaultKind::Malformed, "没有给出文件", &response)),
    }
}

/// What stands there instead of a package: a page, a wall, or nothing.
async fn instead(url: &Url, cx: &PollContext<'_>, fresh: bool) -> Result<Look, Fault> {
    let mut request = Request::get(url.clone());
    if fresh {
        request = request.header("cache-control", "no-cache").header("pragma", "no-cache");
    }
    request.body_bytes_max = PAGE_BYTES_MAX;
    let response = ask(request, cx).await?;
    if let Some(fault) = busy_fault(&response, FaultScope::Account, cx.now) {
        return Err(fault);
    }
    let found = |available, what: &str| Look {
        available,
        what: what.to_owned(),
        evidence: noted(&response, cx),
    };
    let gone = matches!(response.status, 404 | 410);
    match response.status {
        200 | 404 | 410 => (),
        202 | 401 | 403 | 407 | 412 => {
            return Err(fault(FaultKind::Challenged, "拒绝自动下载", &response));
        }
        _ => return Err(fault(FaultKind::Malformed, "没有给出文件", &response)),
    }
    if response.body.starts_with(MAGIC) {
        return Ok(found(None, "两次回答不一致:一次是安装包,一次不是"));
    }
    if page::is_html(&response) {
        return match page::top(&response) {
            None => Ok(found(None, "链接打开的是无法识别的网页")),
            Some(top) if top.challenge().is_some() || top.is_wall() => {
                Err(fault(FaultKind::Challenged, "遇到验证、登录、拦截或维护页面", &response))
            }
            Some(_) if gone => Ok(found(Some(false), "链接已失效(404 或 410)")),
            Some(top) if top.text_chars == 0 && top.title.is_empty() => {
                Ok(found(None, "网页要运行脚本才有内容"))
            }
            Some(_) => Ok(found(Some(false), "链接打开的是网页,不是安装包")),
        };
    }
    if probe::is_guarded(&response) {
        return Err(fault(FaultKind::Challenged, "要求登录或限制访问", &response));
    }
    let kind = response.header("content-type").unwrap_or_default();
    if response.body.is_empty() && gone {
        Ok(found(Some(false), "链接已失效(404 或 410)"))
    } else if response.body.is_empty() {
        Ok(found(None, "链接没有给出任何内容"))
    } else if is_text(kind, &response.body) && page::is_excuse(&excerpt(&response, 400)) {
        Ok(found(None, "链接答复暂时不可用"))
    } else if gone {
        Ok(found(Some(false), "链接已失效(404 或 410)"))
    } else if kind.contains("json") || response.body.starts_with(b"{") {
        Ok(found(None, "链接给出的是接口的回答,看不出有没有安装包"))
    } else {
        Ok(found(Some(false), "链接给出的文件不是安装包"))
    }
}

/// May the answer hold a sentence: JSON, XML or plain text?
fn is_text(kind: &str, body: &[u8]) -> bool {
    ["text/", "json", "xml"].iter().any(|part| kind.contains(part))
        || matches!(body.first(), Some(b'{' | b'<' | b'['))
}

/// A ZIP starts there: does its table of contents name what makes it an app?
async fn package(
    start: &Response,
    cx: &PollContext<'_>,
    fresh: bool,
) -> Result<(Option<bool>, String), Fault> {
    let total = total(start);
    let size = total.map_or(String::new(), |total| format!(",约 {} KB", total / 1024));
    let Some(total) = total.filter(|_| start.status == 206) else {
        return unlisted(start, "服务器不支持分段读取", cx, fresh).await;
    };
    // Suffix ranges are refused by some servers, plain ones by none that gave the first.
    let from = total.saturating_sub(TAIL_BYTES);
    let tail = ask(ranged(&start.url, &format!("{from}-{}", total - 1), TAIL_BYTES, fresh), cx);
    let tail = tail.await?;
    let whole = is_part(&tail, from, total - from);
    let Some(end) = zip::end(&tail.body, from).filter(|_| whole) else {
        return unlisted(start, "文件末尾没有读到目录", cx, fresh).await;
    };
    let directory = match end.directory.checked_sub(from) {
        Some(at) => tail.body.get(at as usize..(at + end.size) as usize).map(<[u8]>::to_vec),
        None if end.size > DIRECTORY_BYTES_MAX => None,
        None => {
            let range = format!("{}-{}", end.directory, end.directory + end.size - 1);
            let part = ask(ranged(&start.url, &range, end.size, fresh), cx).await?;
            is_part(&part, end.directory, end.size).then(|| part.body.to_vec())
        }
    };
    match directory.as_deref().and_then(|bytes| zip::names(bytes, end.entries)) {
        None => unlisted(start, "目录未能读全", cx, fresh).await,
        Some(names) => Ok(listed(&names, &size)),
    }
}

/// What a whole table of contents says.
fn listed(names: &[&[u8]], size: &str) -> (Option<bool>, String) {
    let count = names.len();
    match names.iter().any(|name| is_app_part(name)) {
        true => (Some(true), format!("能够下载到安装包(共 {count} 个文件{size})")),
        false => (Some(false), format!("压缩包内没有安卓应用(共 {count} 个文件{size})")),
    }
}

/// The table of contents cannot be asked for: reads the file from its start, to its end if it is
/// small. Only what is seen inside counts; a name and a size are promises.
async fn unlisted(
    start: &Response,
    why: &str,
    cx: &PollContext<'_>,
    fresh: bool,
) -> Result<(Option<bool>, String), Fault> {
    let total = total(start);
    let size = total.map_or(String::new(), |total| format!(",约 {} KB", total / 1024));
    let most = total.filter(|total| *total <= WHOLE_BYTES_MAX).unwrap_or(START_BYTES);
    let mut request = Request::get(start.url.clone()).header("accept-encoding", "identity");
    if fresh {
        request = request.header("cache-control", "no-cache").header("pragma", "no-cache");
    }
    request.body_bytes_max = usize::try_from(most).unwrap_or(usize::MAX);
    let file = ask(request, cx).await?;
    if let Some(fault) = busy_fault(&file, FaultScope::Account, cx.now) {
        return Err(fault);
    }
    if file.status != 200 || !file.body.starts_with(MAGIC) {
        return Ok((None, format!("文件头是安装包格式{size};{why},未能读取内容")));
    }
    let whole = !file.truncated && total.is_none_or(|total| file.body.len() as u64 == total);
    let end = zip::end(&file.body, 0).filter(|_| whole);
    let directory = end.and_then(|end| {
        let at = usize::try_from(end.directory).ok()?;
        let bytes = file.body.get(at..at.checked_add(usize::try_from(end.size).ok()?)?)?;
        zip::names(bytes, end.entries)
    });
    if let Some(names) = directory {
        return Ok(listed(&names, &size));
    }
    match zip::started(&file.body).any(is_app_part) {
        true => Ok((Some(true), format!("能够下载到安装包(开头有安卓应用的文件{size};{why})"))),
        false => {
            Ok((None, format!("文件头是安装包格式{size};{why},开头没有安卓应用的文件,请人工核实")))
        }
    }
}

/// Is it the range that was asked for, whole? Some caches give another one.
fn is_part(response: &Response, from: u64, length: u64) -> bool {
    let place = response.header("content-range").unwrap_or_default();
    let first = place.trim().strip_prefix("bytes").and_then(|range| range.split('-').next());
    response.status == 206
        && response.body.len() as u64 == length
        && first.is_some_and(|first| first.trim().parse() == Ok(from))
}

/// Names that make a ZIP an app: Android's manifest (also inside a bundle), HarmonyOS's, or a
/// package within.
fn is_app_part(name: &[u8]) -> bool {
    let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
    matches!(last, b"AndroidManifest.xml" | b"module.json" | b"pack.info")
        || last.ends_with(b".apk")
        || last.ends_with(b".hap")
}

/// The size of the whole file: `Content-Range: bytes 0-3/TOTAL`, or the length of a whole answer.
fn total(response: &Response) -> Option<u64> {
    match response.status {
        206 => response.header("content-range")?.rsplit_once('/')?.1.trim().parse().ok(),
        _ => response.header("content-length")?.parse().ok(),
    }
    .filter(|total| *total > 0)
}

fn noted(response: &Response, cx: &PollContext<'_>) -> Evidence {
    let of = |name| response.header(name).unwrap_or("-");
    let start = match response.body.starts_with(MAGIC) {
        true => "PK".to_owned(),
        false => excerpt(response, 400),
    };
    let body = format!(
        "HTTP {}\ncontent-type: {}\ncontent-range: {}\ncontent-length: {}\n\n{start}",
        response.status,
        of("content-type"),
        of("content-range"),
        of("content-length"),
    );
    Evidence { url: redact::url(&response.url), at: cx.now, body }
}

#[cfg(test)]
pub(crate) mod tests;
