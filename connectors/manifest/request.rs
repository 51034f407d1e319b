//! What may be asked, and how? `[target]`, `[[lookup]]` and `[request]` of a manifest.

use std::collections::BTreeSet;

use url::Url;

use super::read::{Node, Part, Value, Wrong, wrong};
use super::value::{css, path, regex, source, template, whole_regex};
use super::{Ask, Body, Lookup, Paging, TargetRule};
use crate::extract::path::Path;
use crate::extract::shape::{Reading, Shape};
use crate::extract::template::{Pieces, Template};

/// Bytes of an answer read unless the manifest says otherwise, and at most.
const BYTES_MAX: (u32, u32) = (1 << 20, 2 << 20);
/// Pages of one list read at most.
const PAGES_MAX: u32 = 10;
/// Requests before the list's own.
const LOOKUPS_MAX: usize = 3;
/// Names that are not the manifest's to choose.
const TAKEN: [&str; 3] = ["target", "page", "value"];
/// Headers that belong to the client: who asks is said truly, and secrets come from their file.
const NOT_HEADERS: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "accept-encoding",
    "user-agent",
    "cookie",
    "authorization",
];

pub(super) fn target(root: &Part<'_>) -> Option<TargetRule> {
    let own = root.table("target");
    if !root.has("target") {
        root.problem("target", "没有 [target]", "写明什么样的目标可以采集");
        return None;
    }
    if !own.has("pattern") {
        own.problem("pattern", "没有写", "用正则表达式写出目标的样子,例如 '[0-9]{1,12}'");
    }
    let pattern = own.parsed("pattern", whole_regex);
    let example = own.need("example", "写一个像真的目标");
    let help = own.need("help", "用中文说明目标是什么、在哪里找");
    if !help.is_empty() && help.is_ascii() {
        own.problem("help", "不是中文", "用中文说明目标是什么、在哪里找");
    }
    if let Some(pattern) = &pattern {
        if !example.is_empty() && !pattern.is_match(&example) {
            own.problem("example", "自己的例子不合 pattern", "改例子或改 pattern");
        }
        if pattern.is_match("") {
            own.problem("pattern", "空的目标也合", "至少要求一个字");
        }
        for name in pattern.capture_names().flatten().filter(|name| TAKEN.contains(name)) {
            own.problem("pattern", format!("组名 {name} 另有用处"), "换一个名称");
        }
    }
    let section = own.table("defaults");
    let defaults = section.named_texts();
    let groups: Vec<_> = pattern.iter().flat_map(|p| p.capture_names().flatten()).collect();
    let unknown = defaults.iter().filter(|_| pattern.is_some());
    for (name, _) in unknown.filter(|(name, _)| !groups.contains(&name.as_str())) {
        section.problem(name, "pattern 里没有这个组", "写成 (?P<名称>…)");
    }
    own.close();
    Some(TargetRule { pattern: pattern?, defaults, example, help })
}

/// `target` and the named groups of its pattern.
pub(super) fn groups(target: &TargetRule) -> BTreeSet<String> {
    let groups = target.pattern.capture_names().flatten().map(str::to_owned);
    groups.chain(["target".to_owned()]).collect()
}

/// Every name in braces: while the target is wrong, nobody knows which there are.
pub(super) fn all_names(text: &str) -> BTreeSet<String> {
    let braced = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    braced.map(|(name, _)| name.trim_start_matches('+').to_owned()).collect()
}

/// The lookups; their names are known from then on, even of those that are wrong.
pub(super) fn lookups(
    root: &Part<'_>,
    groups: &BTreeSet<String>,
    known: &mut BTreeSet<String>,
) -> Vec<Lookup> {
    let mut taken = groups.clone();
    let mut kept = Vec::new();
    for (node, path) in root.each("lookup") {
        if kept.len() == LOOKUPS_MAX {
            root.problem("lookup", format!("超过 {LOOKUPS_MAX} 个"), "每次采集的请求不能太多");
            break;
        }
        let own = Part::of(node, path, root.notes);
        kept.extend(lookup(&own, &taken, known));
        if let Some(Node { value: Value::Text(name), .. }) = own.node("name") {
            known.insert(name.clone());
            taken.insert(name.clone());
        }
        own.close();
    }
    kept
}

fn lookup(own: &Part<'_>, taken: &BTreeSet<String>, known: &BTreeSet<String>) -> Option<Lookup> {
    let name = own.need("name", "写上找到的部分叫什么,在网址里写成 {名称}");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.chars().all(plain) || TAKEN.contains(&name.as_str()) || taken.contains(&name) {
        own.problem("name", format!("名称「{name}」不能用"), "换一个,只用小写字母和数字");
    }
    let unless = own.parsed("unless", whole_regex);
    let ask = ask(own, known, &[]);
    let reading = reading(own);
    let is_page = reading.as_ref().is_none_or(|reading| reading.shape.is_page());
    let source = source(own, is_page, known);
    let pattern = own.parsed("pattern", whole_regex);
    Some(Lookup { name, unless, ask: ask?, reading: reading?, source: source?, pattern })
}

pub(super) fn paging(own: &Part<'_>) -> Paging {
    Paging {
        first: own.whole("first_page", 0..=1_000_000).unwrap_or(1),
        step: own.whole("page_step", 1..=1_000).unwrap_or(1),
        pages_max: own.whole("pages_max", 1..=PAGES_MAX).unwrap_or(1),
    }
}

/// The request written in a table; `paged` names keys that only the list's own request has.
pub(super) fn ask(own: &Part<'_>, known: &BTreeSet<String>, paged: &[&str]) -> Option<Ask> {
    if !own.has("url") && own.is_present() {
        own.problem("url", "没有写", "写上网址,例如 \"https://api.example.cn/list?id={target}\"");
    }
    let url = own.parsed("url", |text| address(text, known));
    let method = own.choice("method", &[("GET", false), ("POST", true)]);
    let body = body(own, method, known);
    let on_page = |template: &Template| template.names().any(|name| name == "page");
    let uses_page = url.as_ref().is_some_and(on_page)
        || body.as_ref().is_some_and(|body| match body {
            Body::Json(body) => body.to_string().contains("{page}"),
            Body::Form(fields) => fields.iter().any(|(_, value)| on_page(value)),
        });
    if !paged.is_empty() && own.has("pages_max") && !uses_page {
        own.problem("pages_max", "网址、body 和 form 里都没有 {page}", "加上 {page} 或删去这一项");
    }
    let (headers, secrets) = headers(own, known, url.as_ref());
    let bytes_max = own.whole("bytes_max", 1024..=BYTES_MAX.1).unwrap_or(BYTES_MAX.0);
    Some(Ask { url: url?, body, headers, secrets, bytes_max: bytes_max as usize })
}

/// A template that gives an address whatever its pieces are.
fn address(text: &str, known: &BTreeSet<String>) -> Result<Template, Wrong> {
    const HELP: &str = "写成 https://主机/路径?id={target},或以 {+名称} 开头(目标本身是网址)";
    let template = template(text, known)?;
    let start = template.literal_start();
    if !template.starts_raw() && !start.starts_with("https://") && !start.starts_with("http://") {
        return wrong("网址须以 https:// 或 http:// 开头", HELP);
    }
    let sample: Pieces = known.iter().map(|name| (name.clone(), "1".to_owned())).collect();
    let written = template.in_url(&sample);
    let written = if template.starts_raw() { format!("http://a.cn/{written}") } else { written };
    match Url::parse(&written) {
        Ok(url) if url.username().is_empty() && url.password().is_none() => Ok(template),
        _ => wrong("这不是网址", HELP),
    }
}

type Headers = (Vec<(String, Template)>, Vec<(String, String)>);

fn headers(own: &Part<'_>, known: &BTreeSet<String>, url: Option<&Template>) -> Headers {
    let (mut kept, mut secrets) = (Vec::new(), Vec::new());
    let section = own.table("headers");
    for (name, text) in section.named_texts() {
        let lower = name.to_ascii_lowercase();
        if lower == "content-type" && own.has("form") {
            section.problem(&name, "表单的 Content-Type 由程序写", "删去这一项");
            continue;
        }
        if !is_header(&lower) || NOT_HEADERS.contains(&lower.as_str()) {
            let help = "不能写 Host、User-Agent 等;Cookie 等密钥写在 secret_headers 里";
            section.problem(&name, "这个请求头不能写", help);
            continue;
        }
        match template(&text, known) {
            Ok(value) if !text.chars().any(char::is_control) => kept.push((lower, value)),
            Ok(_) => section.problem(&name, "含控制字符", "删去"),
            Err(Wrong(what, help)) => section.problem(&name, what, help),
        }
    }
    let section = own.table("secret_headers");
    for (name, key) in section.named_texts() {
        let lower = name.to_ascii_lowercase();
        if !is_header(&lower) || key.is_empty() {
            section.problem(&name, "请求头或密钥的名称不对", "写成 cookie = \"密钥文件里的名称\"");
            continue;
        }
        secrets.push((lower, key));
    }
    if !secrets.is_empty() && url.is_some_and(|url| !url.literal_start().starts_with("https://")) {
        section.problem("", "密钥不能发往明文或由目标决定的地址", "网址写成 https://主机/…");
    }
    (kept, secrets)
}

fn is_header(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=60).contains(&name.len()) && name.bytes().all(plain)
}

/// What is posted: `body`, a JSON document, or `form`, the fields of a form; never both, never by GET.
fn body(own: &Part<'_>, method: Option<bool>, known: &BTreeSet<String>) -> Option<Body> {
    let written = ["body", "form"].map(|key| own.has(key));
    let posts = method.unwrap_or(own.has("method") && written.contains(&true));
    let json = own.node("body").and_then(|node| document(own, node, known));
    let form = own.node("form").map(|_| form(&own.table("form"), known));
    if posts && !written.contains(&true) {
        let help = "写成 body = { 名称 = 值 }(JSON)或 form = { 名称 = \"值\" }(表单)";
        own.problem("body", "POST 没有写 body 或 form", help);
    }
    for (key, _) in ["body", "form"].iter().zip(written).filter(|(_, written)| *written && !posts) {
        own.problem(key, format!("只有 POST 才有 {key}"), "加上 method = \"POST\"");
    }
    if written == [true, true] {
        own.problem("form", "body 和 form 只能写一个", "接口要 JSON 用 body,要表单用 form");
    }
    json.map(Body::Json).or(form.map(Body::Form))
}

/// The fields of a form: texts, which are templates, whole numbers and flags.
fn form(section: &Part<'_>, known: &BTreeSet<String>) -> Vec<(String, Template)> {
    let mut kept = Vec::new();
    for (name, node) in section.entries() {
        let text = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Whole(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::List(_) | Value::Table(_) | Value::Other => {
                section.problem(name, "表单的值只能是文本、整数或 true/false", "写成一个文本");
                continue;
            }
        };
        match template(&text, known) {
            Ok(value) => kept.push((name.clone(), value)),
            Err(Wrong(what, help)) => section.problem(name, what, help),
        }
    }
    if section.is_present() && section.entries().next().is_none() {
        section.problem("", "表单是空的", "至少写一项");
    }
    kept
}

/// A TOML table as a JSON document; its texts are templates.
fn document(own: &Part<'_>, node: &Node, known: &BTreeSet<String>) -> Option<serde_json::Value> {
    if !matches!(node.value, Value::Table(_)) {
        own.problem("body", "应当是一个表", "写成 body = { pageNum = \"{page}\" }");
        return None;
    }
    json(own, node, known)
}

fn json(own: &Part<'_>, node: &Node, known: &BTreeSet<String>) -> Option<serde_json::Value> {
    let told = |what: &str, help: String| {
        own.notes.add(Some(node.line), &own.key_path("body"), Wrong(what.to_owned(), help));
        None
    };
    match &node.value {
        Value::Text(text) => match template(text, known) {
            Ok(_) => Some(text.clone().into()),
            Err(Wrong(what, help)) => told(&what, help),
        },
        Value::Whole(number) => Some((*number).into()),
        Value::Flag(flag) => Some((*flag).into()),
        Value::List(items) => {
            let items: Vec<_> = items.iter().filter_map(|item| json(own, item, known)).collect();
            Some(items.into())
        }
        Value::Table(inner) => {
            let field =
                |(name, node): (&String, &Node)| Some((name.clone(), json(own, node, known)?));
            Some(serde_json::Value::Object(inner.iter().filter_map(field).collect()))
        }
        Value::Other => told("不支持小数和日期", "写成文本或整数".to_owned()),
    }
}

/// How an answer is read: `shape` and what belongs to it.
pub(super) fn reading(own: &Part<'_>) -> Option<Reading> {
    const SHAPES: [(&str, u8); 5] =
        [("json", 0), ("jsonp", 1), ("script", 2), ("html", 3), ("records", 4)];
    let shape = own.choice("shape", &SHAPES);
    if !own.has("shape") && own.is_present() {
        own.problem("shape", "没有写回答的样子", "json、jsonp、script、html、records 之一");
    }
    let callback = own.text("callback");
    let script = own.parsed("script", css);
    let after = own.text("after");
    let record = own.parsed("record", regex);
    for (key, of) in [("callback", 1), ("script", 2), ("after", 2), ("record", 4)] {
        if own.has(key) && shape.is_some_and(|shape| shape != of) {
            let help = format!("它属于 shape = \"{}\"", SHAPES[usize::from(of)].0);
            own.problem(key, "与 shape 不合", help);
        }
    }
    let charset = own.parsed("charset", |text| {
        let found = encoding_rs::Encoding::for_label(text.as_bytes());
        found.ok_or(Wrong(format!("不认识的编码「{text}」"), "例如 \"gbk\"、\"utf-8\"".to_owned()))
    });
    let nested: Vec<Path> = own.texts("nested", path);
    let shape = match shape? {
        0 => Shape::Json,
        1 => Shape::Jsonp(callback),
        2 if script.is_none() && after.is_none() => {
            let help = "script 写 CSS 选择器(script#id),after 写 JSON 之前的文字(var x =)";
            own.problem("shape", "script 需要 script 或 after", help);
            return None;
        }
        2 => Shape::Script(script, after),
        3 => Shape::Html,
        _ => match record {
            Some(record) if record.captures_len() > 1 => Shape::Records(record),
            _ => {
                let help = "用一个组括出每条记录的网页片段";
                own.problem("record", "records 需要带一个组的 record", help);
                return None;
            }
        },
    };
    if shape.is_page() && own.has("nested") {
        own.problem("nested", "网页里没有嵌套的 JSON 文本", "删去,或改用 shape = \"script\"");
    }
    Some(Reading { shape, charset, nested })
}
