//! What does a page show to somebody who opens it? Its visible pieces, as far as judging it needs them.

use scraper::node::Node;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use crate::http::Response;
use crate::{charset, markup, page};

/// Pieces of visible text that are kept, from the top.
const PIECES_MAX: usize = 400;
/// Headings that are kept, from the top.
const HEADINGS_MAX: usize = 6;
/// Characters of visible text that are kept, from the top.
const TEXT_CHARS_MAX: usize = 4000;
/// Bytes of scripts that are kept: small pages that stand in the way say so there.
const SCRIPT_BYTES_MAX: usize = 16 << 10;

/// What is seen of a page: without scripts, styles, `noscript`, templates, comments and what is hidden in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The text of `<title>`.
    pub title: String,
    /// The first visible headings `h1` to `h3`, at most six.
    pub headings: Vec<String>,
    /// Pieces of visible text, each as it stands between two tags.
    pub pieces: Vec<String>,
    /// The visible text from the top, blanks folded.
    pub text: String,
    /// Characters of visible text in the whole page, without blanks.
    pub chars: usize,
    /// Does it offer to go back (`history.back()`)?
    pub back: bool,
    /// Does it ask for a password?
    pub password: bool,
    /// Does it tell when it was published (`PubDate`, `ArticleTitle`, `article:published_time`)?
    pub dated: bool,
    /// Pictures and other things that need no script to show.
    pub media: usize,
    /// Scripts.
    pub scripts: usize,
    /// Frames, whose content is elsewhere.
    pub frames: usize,
    /// The text of small scripts, and the addresses of the others.
    pub script: String,
    /// Did the page end with its own end tags? A page that broke off proves nothing.
    pub ended: bool,
}

/// Reads the page of an answer; `None` when it nests too deep or is too large to be read.
pub fn of(response: &Response) -> Option<Seen> {
    let html = charset::decode(&response.body, response.header("content-type"));
    let tree = markup::tree(&html)?;
    let mut seen = walk(&tree);
    let selector = Selector::parse("title").expect("a literal selector parses");
    let mut titles = tree.select(&selector).map(page::text);
    seen.title = titles.find(|text| !text.is_empty()).unwrap_or_default();
    seen.ended = !response.truncated && has_end(&html);
    Some(seen)
}

fn has_end(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    let inside = lower.rfind("<script") > lower.rfind("</script");
    !inside && (lower.contains("</html") || lower.contains("</body"))
}

/// One walk over the tree, leaving out what nobody sees.
fn walk(tree: &Html) -> Seen {
    let mut seen = Seen::default();
    let mut text = String::new();
    let mut left = 0;
    // A stack of its own: a recursion could run deep.
    let mut open = vec![tree.tree.root()];
    while let Some(node) = open.pop() {
        match node.value() {
            Node::Text(piece) => {
                let piece = piece.split_whitespace().collect::<Vec<_>>().join(" ");
                let chars = piece.chars().filter(|c| *c != ' ').count();
                seen.chars += chars;
                if chars > 0 && left < TEXT_CHARS_MAX {
                    left += chars;
                    text.extend([piece.as_str(), " "]);
                    if seen.pieces.len() < PIECES_MAX {
                        seen.pieces.push(piece);
                    }
                }
                continue;
            }
            Node::Element(element) => {
                if let Some(held) = ElementRef::wrap(node) {
                    note(&mut seen, held);
                }
                let name = element.name();
                let unseen = matches!(name, "script" | "style" | "title" | "noscript" | "template");
                if unseen || is_hidden(element) {
                    continue;
                }
                let heading =
                    matches!(name, "h1" | "h2" | "h3") && seen.headings.len() < HEADINGS_MAX;
                let text = ElementRef::wrap(node).filter(|_| heading).map(page::text);
                seen.headings.extend(text.filter(|text| !text.is_empty()));
            }
            _ => {}
        }
        open.extend(node.children().rev());
    }
    text.truncate(text.trim_end().len());
    Seen { text: text.chars().take(TEXT_CHARS_MAX).collect(), ..seen }
}

/// Is it hidden where it stands, until a script shows it?
fn is_hidden(element: &scraper::node::Element) -> bool {
    let style = element.attr("style").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
    let styled = style.contains("display:none") || style.contains("visibility:hidden");
    // A body that is hidden until its script has run is meant to be seen.
    (styled || element.attr("hidden").is_some()) && element.name() != "body"
}

fn note(seen: &mut Seen, held: ElementRef<'_>) {
    let element = held.value();
    let is = |name: &str, value: &str| {
        element.attr(name).is_some_and(|held| held.eq_ignore_ascii_case(value))
    };
    match element.name() {
        "a" => seen.back |= element.attr("href").is_some_and(|href| href.contains("history.")),
        "input" => seen.password |= is("type", "password"),
        "meta" => {
            let name = element.attr("name").or_else(|| element.attr("property"));
            let said = element.attr("content").is_some_and(|content| !content.trim().is_empty());
            let of_post = ["pubdate", "articletitle", "article:published_time", "publishdate"];
            let named = name.map(str::to_ascii_lowercase);
            seen.dated |= said && named.is_some_and(|name| of_post.contains(&name.as_str()));
        }
        "img" | "picture" | "video" | "canvas" | "object" | "embed" | "svg" => seen.media += 1,
        "iframe" | "frame" => seen.frames += 1,
        "script" => {
            seen.scripts += 1;
            seen.script.push_str(element.attr("src").unwrap_or_default());
            for text in held.text() {
                if text.len() + seen.script.len() < SCRIPT_BYTES_MAX {
                    seen.script.push_str(text);
                }
            }
            seen.script.push('\n');
        }
        _ => {}
    }
}

impl Seen {
    /// The text as it is compared with another page's: without the page's own address, digits and punctuation.
    pub fn bare_without(&self, echo: &Url) -> String {
        let file = echo.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let mut text = format!("{} {}", self.title, self.text);
        for said in [echo.as_str(), echo.path(), file] {
            if said.len() > 1 {
                text = text.replace(said, "");
            }
        }
        text.chars().filter(|c| c.is_alphabetic()).collect()
    }
}
