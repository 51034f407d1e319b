//! What did the person write himself? The words above what is quoted, and the links in them.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, PartType};

/// Characters kept of a reply's own words.
const TEXT_CHARS_MAX: usize = 2_000;
/// Links that are looked at in one reply.
const LINKS_MAX: usize = 10;
/// Longest link, bytes.
const LINK_BYTES_MAX: usize = 2_000;

/// A reply's own part.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) links: Vec<String>,
}

/// Where programs begin to quote, in HTML.
const HTML_QUOTES: [&str; 9] = [
    "<blockquote",
    "gmail_quote",
    "isreplycontent",
    "divrplyfwdmsg",
    "<includetail",
    "原始邮件",
    "original message",
    "回复的原邮件",
    "发件人:",
];

/// Where programs begin to quote, in plain text: a line with dashes that says so.
const TEXT_QUOTES: [&str; 6] = [
    "原始邮件",
    "original message",
    "------------------ original",
    "回复的原邮件",
    "replied message",
    "转发邮件",
];

pub(super) fn of(message: &Message<'_>) -> Said {
    let mut said = Said::default();
    let mut lines: Vec<String> = Vec::new();
    for part in message.text_bodies() {
        match &part.body {
            PartType::Text(text) => lines.extend(own_lines(text)),
            PartType::Html(html) => lines.extend(own_lines(&html_to_text(own_html(html)))),
            _ => {}
        }
    }
    let text = lines.join("\n");
    links_in(&text, &mut said.links);
    for part in message.html_bodies() {
        if let PartType::Html(html) = &part.body {
            hrefs_in(own_html(html), &mut said.links);
        }
    }
    said.text = bounded(&text);
    said
}

/// HTML up to what it quotes. Cut at the tag that the mark stands in.
fn own_html(html: &str) -> &str {
    let small = html.to_ascii_lowercase();
    let cut = HTML_QUOTES.iter().filter_map(|mark| small.find(mark)).min();
    let Some(at) = cut else { return html };
    let tag = small[..at].rfind('<').filter(|tag| !small[*tag..at].contains('>'));
    &html[..tag.unwrap_or(at)]
}

fn own_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut own = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim();
        if is_end(line, &lines[at + 1..]) {
            break;
        }
        if !line.starts_with('>') {
            own.push(line.to_owned());
        }
    }
    own
}

/// Does the quoted letter, or a signature, begin here?
fn is_end(line: &str, next: &[&str]) -> bool {
    let small = line.to_lowercase();
    let dashed = small.starts_with("--") || small.starts_with("__");
    if line == "--" || (dashed && TEXT_QUOTES.iter().any(|mark| small.contains(mark))) {
        return true;
    }
    if line.len() >= 20 && line.chars().all(|c| c == '_') {
        return true;
    }
    let wrote = ["写道:", "写道:", "wrote:"].iter().any(|end| small.ends_with(end));
    let from = ["发件人:", "发件人:", "from:"].iter().any(|begin| small.starts_with(begin));
    let head = ["发送时间", "日期", "收件人", "主题", "sent:", "date:", "to:", "subject:"];
    let is_head = |line: &&str| {
        let small = line.trim().to_lowercase();
        head.iter().any(|begin| small.starts_with(begin))
    };
    wrote || (from && next.iter().take(3).any(is_head))
}

/// Links in plain text. They end at white space, quotes, brackets and everything that is not ASCII.
fn links_in(text: &str, links: &mut Vec<String>) {
    let mut rest = text;
    while let Some(at) = rest.find("http") {
        rest = &rest[at..];
        let is_end = |c: char| !c.is_ascii_graphic() || "<>\"'`{}|\\^[]".contains(c);
        let link = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        rest = &rest[link.len().max(4)..];
        push(link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']), links);
    }
}

/// Links in the attributes `href` of HTML.
fn hrefs_in(html: &str, links: &mut Vec<String>) {
    let small = html.to_ascii_lowercase();
    for (at, mark) in small.match_indices("href=") {
        let rest = &html[at + mark.len()..];
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let rest = quote.map_or(rest, |quote| &rest[quote.len_utf8()..]);
        let is_end = |c: char| c == '>' || c.is_whitespace() || Some(c) == quote;
        push(&rest[..rest.find(is_end).unwrap_or(rest.len())].replace("&amp;", "&"), links);
    }
}

fn push(link: &str, links: &mut Vec<String>) {
    let is_link = link.starts_with("http://") || link.starts_with("https://");
    let fits = link.len() <= LINK_BYTES_MAX && links.len() < LINKS_MAX;
    if is_link && fits && !links.iter().any(|held| held == link) {
        links.push(link.to_owned());
    }
}

/// The beginning, without empty lines at either end or in a row, and without characters that hide.
fn bounded(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines().map(crate::notify::clean::clean_line) {
        if line.is_empty() && (out.is_empty() || out.ends_with("\n\n")) {
            continue;
        }
        out.push_str(&line);
        out.push('\n');
        if out.chars().count() > TEXT_CHARS_MAX {
            out = out.chars().take(TEXT_CHARS_MAX).chain(['…']).collect();
            break;
        }
    }
    out.trim_end().to_owned()
}
