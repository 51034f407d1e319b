//! What does an answer mean? `[answer]`, `[items]`, `[fields]`, `[detail]`, `[coverage]` and
//! `[[faults]]` of a manifest.

use std::collections::BTreeSet;

use chrono::FixedOffset;
use freshd_core::civil;
use freshd_core::fault::{FaultKind, FaultScope, Retry};

use super::read::{Node, Part, Value, Wrong, wrong};
use super::request::reading;
use super::value::{conditions, css, path, source, source_of, sources_of};
use super::{CoverageRule, Dated, Detail, FaultRow, Fields, ItemPlace, Items};
use crate::extract::path::Path;
use crate::extract::shape::Reading;
use crate::extract::time::TimeFormat;
use crate::extract::{Condition, Place, Source};
use crate::listing::LAG_H;

/// Posts' own pages opened in one look at most.
const DETAILS_MAX: u32 = 10;
/// Rows of the fault table.
const FAULTS_MAX: usize = 50;

type Known = BTreeSet<String>;

pub(super) fn answer(
    root: &Part<'_>,
    known: &Known,
) -> (Option<Reading>, Vec<Condition>, Option<Source>) {
    let own = root.table("answer");
    if !root.has("answer") {
        root.problem("answer", "没有 [answer]", "写明回答的样子,例如 shape = \"json\"");
    }
    let reading = reading(&own);
    let is_page = reading.as_ref().is_some_and(|reading| reading.shape.is_page());
    let success = conditions(&own, "success", is_page, known);
    let message = source_of(&own, "message", is_page, known);
    own.close();
    (reading, success, message)
}

pub(super) fn items(root: &Part<'_>, is_page: bool, known: &Known) -> Option<Items> {
    let own = root.table("items");
    if !root.has("items") {
        root.problem("items", "没有 [items]", "写明每条内容在哪里:at(JSON)或 css(网页)");
        return None;
    }
    let at: Option<Path> = own.parsed("at", path);
    let selectors = own.texts("css", css);
    let (wanted, other) = if is_page { ("css", "at") } else { ("at", "css") };
    if !own.has(wanted) {
        own.problem(wanted, "没有写", "JSON 用 at,网页用 css");
    }
    if own.has(other) {
        own.problem(other, "与 [answer] 的 shape 不合", "JSON 用 at,网页用 css");
    }
    let place = match is_page {
        true if !selectors.is_empty() => Some(ItemPlace::Css(selectors)),
        true => None,
        false => at.map(ItemPlace::Json),
    };
    let when = |key| conditions(&own, key, is_page, known);
    let (kept, skip, pinned, repost) = (when("own"), when("skip"), when("pinned"), when("repost"));
    let same_site = own.choice("links", &[("any", false), ("same-site", true)]);
    let empty = own.choice("empty", &[("nothing", false), ("fault", true)]);
    own.close();
    Some(Items {
        place: place?,
        own: kept,
        skip,
        pinned,
        repost,
        same_site: same_site.unwrap_or(false),
        empty_is_fault: empty.unwrap_or(is_page),
    })
}

pub(super) fn fields(root: &Part<'_>, is_page: bool, known: &Known) -> Option<Fields> {
    let own = root.table("fields");
    if !root.has("fields") {
        root.problem("fields", "没有 [fields]", "写明每条内容的 key、title、url、published");
        return None;
    }
    let fields = Fields {
        key: sources_of(&own, "key", is_page, known),
        title: sources_of(&own, "title", is_page, known),
        url: sources_of(&own, "url", is_page, known),
        published: dates(&own, is_page, known),
    };
    if !own.has("key") && !own.has("url") {
        own.problem("key", "没有写", "写明每条内容的编号;网址不变的也可以只写 url");
    }
    if !own.has("published") && !root.has("detail") {
        own.problem("published", "没有写", "写明发布时间;只在正文页才有的写 [detail]");
    }
    own.close();
    Some(fields)
}

fn dates(own: &Part<'_>, is_page: bool, known: &Known) -> Vec<Dated> {
    let read = |(node, path): (&Node, String)| {
        if let Value::Text(_) = node.value {
            return sources_of(own, "published", is_page, known)
                .into_iter()
                .next()
                .map(undecorated);
        }
        let table = Part::of(node, path, own.notes);
        let dated = table.is_present().then(|| dated(&table, is_page, known)).flatten();
        table.close();
        dated
    };
    let each = own.each("published");
    if each.len() > 1 && each.iter().any(|(node, _)| matches!(node.value, Value::Text(_))) {
        own.problem(
            "published",
            "列表里的每一项应当是一个表",
            "写成 [{ at = \"…\" }, { at = \"…\" }]",
        );
        return Vec::new();
    }
    each.into_iter().filter_map(read).collect()
}

fn undecorated(source: Source) -> Dated {
    let formats = vec![TimeFormat::Text];
    Dated { source, formats, zone: civil::beijing(), bound: false }
}

fn dated(own: &Part<'_>, is_page: bool, known: &Known) -> Option<Dated> {
    const HELP: &str = "unix-s、unix-ms、text(各种中文写法)或 %Y-%m-%d %H:%M:%S 这样的格式";
    let source = source(own, is_page, known);
    let formats =
        own.texts("formats", |text| TimeFormat::parse(text).or_else(|what| wrong(what, HELP)));
    let zone = own.parsed("zone", zone);
    let walled = |format: &TimeFormat| matches!(format, TimeFormat::Pattern(..));
    let all_read = own.each("formats").len() == formats.len();
    if own.has("zone") && all_read && !formats.iter().any(walled) {
        own.problem("zone", "这里的时间格式用不到时区", "text 一律按北京时间;unix 时间没有时区");
    }
    let bound = own.flag("bound").unwrap_or(false);
    let formats = if formats.is_empty() { vec![TimeFormat::Text] } else { formats };
    Some(Dated { source: source?, formats, zone: zone.unwrap_or_else(civil::beijing), bound })
}

fn zone(text: &str) -> Result<FixedOffset, Wrong> {
    let parsed = text.parse::<FixedOffset>();
    parsed.or_else(|_| wrong(format!("时区「{text}」看不懂"), "写成 \"+08:00\""))
}

pub(super) fn detail(root: &Part<'_>, known: &Known) -> Option<Detail> {
    if !root.has("detail") {
        root.table("detail");
        return None;
    }
    let own = root.table("detail");
    let reading = reading(&own);
    let is_page = reading.as_ref().is_none_or(|reading| reading.shape.is_page());
    let detail = Detail {
        pages_max: own.whole("pages_max", 1..=DETAILS_MAX).unwrap_or(3),
        hosts: own.texts("hosts", domain),
        published: dates(&own, is_page, known),
        title: sources_of(&own, "title", is_page, known),
        reading: reading?,
    };
    if !own.has("published") {
        own.problem("published", "没有写", "写明正文页上的发布时间");
    }
    let whole = |source: &Source| matches!(source.place, Place::Css(None, _));
    if detail.published.iter().any(|dated| whole(&dated.source)) {
        own.problem(
            "published",
            "正文页上要用 css 指明元素",
            "例如 { css = \"meta[name=PubDate]\", attr = \"content\" }",
        );
    }
    own.close();
    Some(detail)
}

fn domain(text: &str) -> Result<String, Wrong> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if text.bytes().all(plain) && text.split('.').filter(|part| !part.is_empty()).count() >= 2 {
        return Ok(text.to_owned());
    }
    wrong(format!("「{text}」不是域名"), "写成 \"people.com.cn\",包括它的下级域名")
}

pub(super) fn coverage(root: &Part<'_>, is_page: bool, known: &Known) -> CoverageRule {
    let own = root.table("coverage");
    if !root.has("coverage") {
        let help = "silence = \"none\":没有列出什么都不证明;\"newest-first\":从新到旧、不遗漏";
        root.problem("coverage", "没有 [coverage]", help);
    }
    let silence = own.choice("silence", &[("none", false), ("newest-first", true)]);
    if root.has("coverage") && !own.has("silence") {
        own.problem("silence", "没有写", "none 或 newest-first");
    }
    let by = own.choice("vouched_by", &[("manifest", false), ("operator", true)]);
    let newest_first = silence.unwrap_or(false);
    if newest_first && !own.has("vouched_by") {
        let help =
            "manifest:接口的说明如此;operator:由管理员在 [connectors.名称] 写 complete = true";
        own.problem("vouched_by", "没有写谁担保列表完整", help);
    }
    let last_page = conditions(&own, "last_page", is_page, known);
    let rule = CoverageRule {
        newest_first,
        by_operator: by.unwrap_or(true),
        lag_h: own.whole("lag_h", 0..=24 * 14).unwrap_or(LAG_H),
        full_page: own.whole("full_page", 1..=1000),
        last_page_days: own.whole("last_page_days", 1..=4000).unwrap_or(0),
        last_page,
    };
    if own.has("last_page") != own.has("last_page_days") {
        own.problem("last_page", "last_page 与 last_page_days 要一起写", "最后一页往前证明多少天");
    }
    let unused = ["vouched_by", "lag_h", "last_page", "full_page"];
    if silence == Some(false)
        && let Some(key) = unused.into_iter().find(|key| own.has(key))
    {
        own.problem(key, "silence = \"none\" 时用不到", "删去这一项");
    }
    own.close();
    rule
}

pub(super) fn faults(root: &Part<'_>, is_page: bool, known: &Known) -> Vec<FaultRow> {
    let each = root.each("faults");
    if each.len() > FAULTS_MAX {
        root.problem("faults", format!("超过 {FAULTS_MAX} 行"), "合并一些");
        return Vec::new();
    }
    let read = |(node, path): (&Node, String)| {
        let own = Part::of(node, path, root.notes);
        let row = own.is_present().then(|| fault(&own, is_page, known)).flatten();
        own.close();
        row
    };
    each.into_iter().filter_map(read).collect()
}

fn fault(own: &Part<'_>, is_page: bool, known: &Known) -> Option<FaultRow> {
    const SCOPES: [(&str, FaultScope); 4] = [
        ("account", FaultScope::Account),
        ("credential", FaultScope::Credential),
        ("platform", FaultScope::Platform),
        ("connector", FaultScope::Connector),
    ];
    const KINDS: [(&str, FaultKind); 7] = [
        ("gone", FaultKind::Gone),
        ("suspended", FaultKind::Suspended),
        ("unauthorized", FaultKind::Unauthorized),
        ("rate_limited", FaultKind::RateLimited),
        ("challenged", FaultKind::Challenged),
        ("unavailable", FaultKind::Unavailable),
        ("malformed", FaultKind::Malformed),
    ];
    let status = statuses(own);
    let when = conditions(own, "when", is_page, known);
    let scope = own.choice("scope", &SCOPES);
    let kind = own.choice("kind", &KINDS);
    for key in ["scope", "kind"] {
        if !own.has(key) {
            own.problem(key, "没有写", "scope 说谁等,kind 说是什么");
        }
    }
    if status.is_empty() && when.is_empty() && !own.has("status") && !own.has("when") {
        own.problem("when", "没有写何时算", "写 status(HTTP 状态)或 when(回答的内容),或都写");
    }
    if matches!(kind, Some(FaultKind::Gone | FaultKind::Suspended)) {
        let placed = |condition: &Condition| !matches!(condition.source.place, Place::Whole);
        if scope != Some(FaultScope::Account) {
            own.problem("scope", "注销、冻结只能是账号的事", "写成 scope = \"account\"");
        }
        if own.has("when") && !when.iter().any(placed) || !own.has("when") {
            let help = "在 when 里用 at 或 css 指明平台在哪里说的;全文里出现几个字不算";
            own.problem("when", "这不足以说明账号已注销或冻结", help);
        }
    }
    let say = own.need("say", "用一句中文说明是什么,给管理员看");
    let retry = retry(own);
    Some(FaultRow { status, when, scope: scope?, kind: kind?, retry, say })
}

fn statuses(own: &Part<'_>) -> Vec<u32> {
    let mut kept = Vec::new();
    for (node, path) in own.each("status") {
        match node.value {
            Value::Whole(status @ 200..=599) => kept.extend(u32::try_from(status)),
            _ => {
                let found = Wrong("不是 HTTP 状态".to_owned(), "写成 404 或 [403, 412]".to_owned());
                own.notes.add(Some(node.line), &path, found);
            }
        }
    }
    kept
}

fn retry(own: &Part<'_>) -> Retry {
    let word = own.node("retry").map(|node| &node.value);
    match word {
        None => Retry::Backoff,
        Some(Value::Text(text)) if text == "backoff" => Retry::Backoff,
        Some(Value::Text(text)) if text == "operator" => Retry::Operator,
        Some(Value::Whole(seconds)) if (1..=604_800).contains(seconds) => {
            Retry::After(seconds.unsigned_abs())
        }
        Some(_) => {
            own.problem("retry", "看不懂", "backoff(默认)、operator(等人处理),或秒数(至多 604800)");
            Retry::Backoff
        }
    }
}
