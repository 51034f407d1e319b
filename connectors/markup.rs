//! What tags does this markup hold, and how deep do they nest? One cheap pass, before any tree is
//! built.
//!
//! Building a tree is quadratic on deep nesting and costs many times the bytes, so a page is
//! scanned first and parsed only when it is small and shallow. The depth counted here is never less
//! than the tree's.

/// A tree is only built for markup that nests no deeper.
pub const DEPTH_MAX: usize = 512;

/// A tree is only built for markup of at most so many bytes.
pub const TREE_BYTES_MAX: usize = 1 << 20;

/// Formatting elements (`b`, `font`) of different kinds open at once at most where a tree is built.
const FORMATTING_MAX: usize = 64;

/// Steps that a tree may cost: each element, and each formatting element that it may open again.
pub const WORK_MAX: usize = 250_000;

/// Attributes of one tag at most where a tree is built.
const ATTRIBUTES_MAX: usize = 2048;

/// Comparisons of end tags with open elements, after which the markup counts as too deep.
const COMPARED_MAX: usize = 4_000_000;

/// Something met on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A start tag and the text of its attributes (see [`attribute`]).
    Open { name: &'a str, attributes: &'a str },
    /// The text of a script (style, title, textarea are skipped or given as [`Piece::Title`]).
    Script(&'a str),
    /// The text of the document's title, with its entities.
    Title(&'a str),
}

/// Parses markup into a tree, unless that could take long.
pub fn tree(html: &str) -> Option<scraper::Html> {
    if html.len() > TREE_BYTES_MAX {
        return None;
    }
    let cost = walk(html, &mut |_| ());
    let small = cost.deepest <= DEPTH_MAX && cost.work <= WORK_MAX;
    small.then(|| scraper::Html::parse_document(html))
}

/// Walks over the markup; comments and the insides of raw text elements are no tags. Returns the
/// greatest depth, and stops early once it is past [`DEPTH_MAX`].
pub fn scan<'a>(html: &'a str, visit: &mut dyn FnMut(Piece<'a>)) -> usize {
    walk(html, visit).deepest
}

fn walk<'a>(html: &'a str, visit: &mut dyn FnMut(Piece<'a>)) -> Stack<'a> {
    let mut stack = Stack::default();
    let mut rest = html;
    while let Some(lt) = rest.find('<') {
        rest = &rest[lt + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = after_comment(comment);
        } else if let Some(close) = rest.strip_prefix('/').filter(|close| letter(close)) {
            stack.tag(name(close), None);
            stack.close(name(close));
            if stack.deepest > DEPTH_MAX {
                break;
            }
            rest = after(close, ">");
        } else if letter(rest) {
            let name = name(rest);
            let Some((attributes, closed, then)) = attributes(&rest[name.len()..]) else { break };
            rest = then;
            stack.tag(name, Some(attributes));
            visit(Piece::Open { name, attributes });
            if !stack.foreign() && one_of(name, RAW) {
                let (text, then) = raw(rest, name);
                rest = then;
                if name.eq_ignore_ascii_case("script") {
                    visit(Piece::Script(text));
                } else if name.eq_ignore_ascii_case("title") {
                    visit(Piece::Title(text));
                }
            } else if !(closed && stack.foreign()) {
                stack.open(name);
            }
            if stack.deepest > DEPTH_MAX || name.eq_ignore_ascii_case("plaintext") {
                break;
            }
        } else if rest.starts_with(['!', '?', '/']) {
            rest = after(rest, ">");
        }
    }
    stack
}

/// A text with the usual entities and character references resolved; others stay as they are.
pub fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let meant = end.and_then(|end| match &rest[1..end] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            name => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code).filter(|c| !c.is_control())
            }
        });
        match (meant, end) {
            (Some(meant), Some(end)) => {
                out.push(meant);
                rest = &rest[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The value of an attribute as written, without entities resolved.
pub fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some((name, value, then)) = pair(rest) {
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = then;
    }
    None
}

/// Elements whose inside is text up to their end tag.
const RAW: &[&str] =
    &["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];

/// Elements without content, and those that never nest without another that is counted.
const UNCOUNTED: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr", "html", "head", "body", "p", "li",
    "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "optgroup", "caption",
    "colgroup", "rp", "rt", "rb", "rtc",
];

/// Elements that a parser opens again after a block that they reached into.
const FORMATTING: &[&str] = &[
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// An end tag of an ordinary element does not reach past these.
const SPECIAL: &[&str] = &[
    "address",
    "applet",
    "article",
    "aside",
    "blockquote",
    "button",
    "center",
    "details",
    "dir",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "listing",
    "main",
    "marquee",
    "menu",
    "nav",
    "noscript",
    "object",
    "ol",
    "pre",
    "search",
    "section",
    "select",
    "summary",
    "table",
    "template",
    "ul",
    "svg",
    "math",
];

/// An end tag of a special element does not reach past these.
const SCOPE: &[&str] = &["applet", "marquee", "object", "table", "template", "svg", "math"];

fn one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|held| held.eq_ignore_ascii_case(name))
}

/// An element that is open.
struct Open<'a> {
    name: &'a str,
    special: bool,
    scope: bool,
    foreign: bool,
}

/// The elements that are open.
#[derive(Default)]
struct Stack<'a> {
    open: Vec<Open<'a>>,
    foreign: usize,
    deepest: usize,
    /// Elements that end tags were compared with.
    compared: usize,
    /// The list of active formatting elements of the HTML standard §13.2.4.3, at least as long as a parser's.
    formatting: Vec<(&'a str, &'a str)>,
    work: usize,
}

impl<'a> Stack<'a> {
    /// Inside SVG or MathML, where other rules hold?
    fn foreign(&self) -> bool {
        self.foreign > 0
    }

    /// Counts what a tag may cost: a parser opens every active formatting element again in each new block, and
    /// compares each attribute with all others.
    fn tag(&mut self, name: &'a str, attributes: Option<&'a str>) {
        self.work += 1 + self.formatting.len();
        let parts = |text: &str| {
            text.bytes().filter(|byte| *byte == b'=' || byte.is_ascii_whitespace()).count()
        };
        if attributes
            .is_some_and(|text| text.len() > ATTRIBUTES_MAX && parts(text) > ATTRIBUTES_MAX)
        {
            self.work = self.work.max(WORK_MAX + 1);
        }
        if !one_of(name, FORMATTING) {
            return;
        }
        let last = |list: &[(&str, &str)]| {
            list.iter().rposition(|(held, _)| held.eq_ignore_ascii_case(name))
        };
        let Some(attributes) = attributes else {
            if let Some(at) = last(&self.formatting) {
                self.formatting.remove(at);
            }
            return;
        };
        // One link within another ends it; a fourth of the same kind takes the first one's place.
        let alike = |held: &(&str, &str)| held.0.eq_ignore_ascii_case(name) && held.1 == attributes;
        if one_of(name, &["a", "nobr"]) {
            self.formatting.retain(|(held, _)| !held.eq_ignore_ascii_case(name));
        } else if self.formatting.iter().filter(|held| alike(held)).count() >= 3 {
            return;
        }
        if self.formatting.len() < FORMATTING_MAX {
            self.formatting.push((name, attributes));
        } else {
            self.work = self.work.max(WORK_MAX + 1);
        }
    }

    fn open(&mut self, name: &'a str) {
        if one_of(name, UNCOUNTED) {
            return;
        }
        let foreign = one_of(name, &["svg", "math"]);
        self.foreign += usize::from(foreign);
        let (special, scope) = (one_of(name, SPECIAL), one_of(name, SCOPE));
        self.open.push(Open { name, special, scope, foreign });
        self.deepest = self.deepest.max(self.open.len());
    }

    /// Closes the nearest element of that name, if a parser would.
    fn close(&mut self, name: &str) {
        if self.open.is_empty() || one_of(name, UNCOUNTED) {
            return;
        }
        let special = one_of(name, SPECIAL);
        for at in (0..self.open.len()).rev() {
            self.compared += 1;
            let open = &self.open[at];
            if open.name.eq_ignore_ascii_case(name) {
                let gone = self.open.drain(at..);
                let foreign = gone.filter(|open| open.foreign).count();
                self.foreign -= foreign;
                return;
            }
            if if special { open.scope } else { open.special } {
                return;
            }
        }
        if self.compared > COMPARED_MAX {
            self.deepest = DEPTH_MAX + 1;
        }
    }
}

fn letter(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn name(text: &str) -> &str {
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>');
    &text[..end.unwrap_or(text.len())]
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

fn after_comment(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('>').or_else(|| text.strip_prefix("->")) {
        return rest;
    }
    // One search for both ends: one for each would look through the rest of the page at every comment.
    let mut rest = text;
    while let Some(at) = rest.find("--") {
        rest = &rest[at + 2..];
        if let Some(then) = rest.strip_prefix('>').or_else(|| rest.strip_prefix("!>")) {
            return then;
        }
        // `--->` ends, too: step back by one.
        if rest.starts_with('-') {
            rest = &text[text.len() - rest.len() - 1..];
        }
    }
    ""
}

/// The text up to `</name`, and what follows that.
fn raw<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        let (end, start) = (from + at, from + at + 2);
        let tail = text.as_bytes().get(start..start + name.len());
        if tail.is_some_and(|tail| tail.eq_ignore_ascii_case(name.as_bytes())) {
            return (&text[..end], after(&text[start..], ">"));
        }
        from = start;
    }
    (text, "")
}

/// The attributes of a start tag, whether it ends in `/>`, and what follows it.
fn attributes(text: &str) -> Option<(&str, bool, &str)> {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(then) = trimmed.strip_prefix('>') {
            let end = text.len() - trimmed.len();
            return Some((&text[..end], text[..end].ends_with('/'), then));
        }
        rest = pair(trimmed)?.2;
    }
}

/// The next `name=value`, and what follows it; `None` at the end.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    let first = text.chars().next()?.len_utf8();
    let stops = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
    let end = text[first..].find(stops).map_or(text.len(), |at| at + first);
    let (name, rest) = text.split_at(end);
    let Some(value) = rest.trim_start().strip_prefix('=').map(str::trim_start) else {
        return Some((name, "", rest));
    };
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (held, then) = value[1..].split_once(quote)?;
        return Some((name, held, then));
    }
    let end = value.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(value.len());
    Some((name, &value[..end], &value[end..]))
}

#[cfg(test)]
mod tests;
