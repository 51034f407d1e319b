//! How are patterns, selectors, paths, places and conditions written in a manifest?

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};
use scraper::Selector;

use super::read::{Node, Part, Value, Wrong, wrong};
use crate::extract::path::Path;
use crate::extract::template::Template;
use crate::extract::{Condition, Place, Source, Test};

/// Longest pattern and selector, characters.
const PATTERN_CHARS_MAX: usize = 500;
/// What a compiled pattern may take, bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Values and sources named in one list.
const LIST_MAX: usize = 50;

/// A regular expression that costs little.
pub(super) fn regex(text: &str) -> Result<Regex, Wrong> {
    const HELP: &str = "用单引号写正则表达式,例如 '[0-9]+';不支持前后查找";
    if text.is_empty() || text.chars().count() > PATTERN_CHARS_MAX {
        return wrong(format!("正则表达式应有 1 到 {PATTERN_CHARS_MAX} 个字"), HELP);
    }
    RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build().or_else(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim().to_owned();
        wrong(format!("正则表达式不对:{last}"), HELP)
    })
}

/// A regular expression for the whole of a text.
pub(super) fn whole_regex(text: &str) -> Result<Regex, Wrong> {
    regex(text)?;
    regex(&format!("^(?:{text})$"))
}

/// A CSS selector; those by which every element asks about every other are refused.
pub(super) fn css(text: &str) -> Result<Selector, Wrong> {
    const HELP: &str = "写成 CSS 选择器,例如 \"ul.list li\"";
    if text.chars().count() > PATTERN_CHARS_MAX || text.split_whitespace().count() > 12 {
        return wrong("选择器太长", HELP);
    }
    // These count or search siblings for every element: quadratic on a page made for it.
    const COSTLY: [&str; 6] = [":has", ":nth", "-of-type", ":is(", ":where(", ":not("];
    let sibling = text.replace("~=", "").contains('~');
    if let Some(costly) = COSTLY.into_iter().find(|part| text.contains(part)) {
        let help = "可以用 :first-child、:last-child;其余用 own、skip 条件筛选";
        return wrong(format!("不支持 {costly}"), help);
    }
    if sibling {
        return wrong("不支持 ~", "可以用 +、>");
    }
    Selector::parse(text).or_else(|_| wrong(format!("选择器「{text}」看不懂"), HELP))
}

/// A path of a JSON document.
pub(super) fn path(text: &str) -> Result<Path, Wrong> {
    Path::parse(text).or_else(|what| wrong(what, "写成 /data/list 或 $.data.list[*],不含表达式"))
}

/// A template whose pieces are all known.
pub(super) fn template(text: &str, known: &BTreeSet<String>) -> Result<Template, Wrong> {
    let all = || known.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join("、");
    let template = Template::parse(text)
        .or_else(|what| wrong(what, format!("可用的有 {};花括号只用来括名称", all())))?;
    if let Some(name) = template.names().find(|name| !known.contains(*name)) {
        return wrong(format!("没有名为 {{{name}}} 的部分"), format!("可用的有 {}", all()));
    }
    Ok(template)
}

/// The source at a key: one of them.
pub(super) fn source_of(
    part: &Part<'_>,
    key: &'static str,
    is_page: bool,
    known: &BTreeSet<String>,
) -> Option<Source> {
    sources_of(part, key, is_page, known).into_iter().next()
}

/// The sources at a key, in order: a table, a text (a path, or a selector on pages), or a list.
pub(super) fn sources_of(
    part: &Part<'_>,
    key: &'static str,
    is_page: bool,
    known: &BTreeSet<String>,
) -> Vec<Source> {
    let each = part.each(key);
    if each.len() > LIST_MAX {
        part.problem(key, format!("超过 {LIST_MAX} 项"), "删去一些");
        return Vec::new();
    }
    let read = |(node, path): (&Node, String)| {
        if let Value::Text(text) = &node.value {
            return shorthand(part, node, &path, text, is_page);
        }
        let own = Part::of(node, path, part.notes);
        let source = own.is_present().then(|| source(&own, is_page, known)).flatten();
        own.close();
        source
    };
    each.into_iter().filter_map(read).collect()
}

/// `"/data/id"` or `"a.title"`.
fn shorthand(part: &Part<'_>, node: &Node, key: &str, text: &str, is_page: bool) -> Option<Source> {
    let place = match is_page {
        true => css(text).map(|selector| Place::Css(Some(selector), None)),
        false => path(text).map(Place::Json),
    };
    match place {
        Ok(place) => Some(Source { place, regex: None, template: None }),
        Err(found) => {
            part.notes.add(Some(node.line), key, found);
            None
        }
    }
}

/// The source in a table: `at`, or `css` and `attr`; `regex`; `template`.
pub(super) fn source(own: &Part<'_>, is_page: bool, known: &BTreeSet<String>) -> Option<Source> {
    let path = own.parsed("at", path);
    let selector = own.parsed("css", css);
    let attribute = own.text("attr");
    let regex = own.parsed("regex", regex);
    let mut names = known.clone();
    names.insert("value".to_owned());
    let template = own.parsed("template", |text| template(text, &names));
    let on_page = own.has("css") || own.has("attr");
    if on_page && own.has("at") {
        own.problem("at", "at 与 css、attr 不能同时写", "JSON 用 at,网页用 css");
        return None;
    }
    if own.has("at") && is_page {
        own.problem("at", "这里读的是网页,没有 JSON 路径", "用 css 和 attr");
        return None;
    }
    if on_page && !is_page {
        let key = if own.has("css") { "css" } else { "attr" };
        own.problem(key, "这里读的是 JSON,没有 CSS 选择器", "用 at 写 JSON 路径");
        return None;
    }
    let place = if own.has("at") {
        Place::Json(path?)
    } else if on_page {
        if own.has("css") && selector.is_none() {
            return None;
        }
        Place::Css(selector, attribute)
    } else if own.has("regex") {
        Place::Whole
    } else {
        own.problem("", "没有说明在哪里", "写上 at(JSON)、css 或 attr(网页)、regex(全文)之一");
        return None;
    };
    if own.has("regex") && regex.is_none() {
        return None;
    }
    Some(Source { place, regex, template })
}

/// The conditions at a key.
pub(super) fn conditions(
    part: &Part<'_>,
    key: &'static str,
    is_page: bool,
    known: &BTreeSet<String>,
) -> Vec<Condition> {
    let read = |(node, path): (&Node, String)| {
        let own = Part::of(node, path, part.notes);
        let condition = own.is_present().then(|| condition(&own, is_page, known)).flatten();
        own.close();
        condition
    };
    part.each(key).into_iter().filter_map(read).collect()
}

fn condition(own: &Part<'_>, is_page: bool, known: &BTreeSet<String>) -> Option<Condition> {
    let source = source(own, is_page, known);
    let values = |key| literals(own, key, known);
    let (is, not) = (values("is"), values("not"));
    let matches = own.parsed("matches", regex);
    let present = own.flag("present");
    let written = ["is", "not", "matches", "present"].into_iter().filter(|key| own.has(key));
    if written.count() != 1 {
        own.problem("", "条件应当恰好有一个比较", "写 is、not、matches、present 之一");
        return None;
    }
    let test = match (matches, present) {
        (Some(regex), _) => Test::Matches(regex),
        (_, Some(wanted)) => Test::Present(wanted),
        _ if !is.is_empty() => Test::Is(is),
        _ if !not.is_empty() => Test::Not(not),
        _ if own.has("is") || own.has("not") => {
            let key = if own.has("is") { "is" } else { "not" };
            if own.each(key).is_empty() {
                own.problem(key, "没有可比较的值", "写成一个值或一个列表");
            }
            return None;
        }
        _ => return None,
    };
    Some(Condition { source: source?, test })
}

/// Texts, numbers and flags to compare with; texts are templates.
fn literals(own: &Part<'_>, key: &'static str, known: &BTreeSet<String>) -> Vec<Template> {
    let mut kept = Vec::new();
    for (node, path) in own.each(key).into_iter().take(LIST_MAX) {
        let read = match &node.value {
            Value::Text(text) => template(text, known),
            Value::Whole(number) => template(&number.to_string(), known),
            Value::Flag(flag) => template(&flag.to_string(), known),
            _ => wrong("只能与文本、整数、true 或 false 比较", "其他的值用 matches"),
        };
        match read {
            Ok(value) => kept.push(value),
            Err(found) => own.notes.add(Some(node.line), &path, found),
        }
    }
    kept
}
