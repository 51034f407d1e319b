//! Which posts does one page of a list show? Items, their fields, and what is unclear about them.

use freshd_core::Timestamp;
use freshd_core::observation::{Evidence, Published};
use scraper::ElementRef;
use serde_json::Value;
use url::Url;

use super::memo::Validators;
use crate::extract::shape::Document;
use crate::extract::template::Pieces;
use crate::extract::time::published;
use crate::extract::{Condition, Spot, all_hold, any_holds};
use crate::manifest::{Dated, ItemPlace, Manifest};
use crate::{lenient, listing};

/// Items read of one page.
const ITEMS_MAX: usize = 200;
/// Nodes below all items of a page together: items inside items would be read again and again.
const NODES_MAX: usize = 300_000;
/// Longest key, title and address, bytes.
const FIELD_BYTES_MAX: usize = 500;

/// One page, read.
pub(super) struct Page {
    /// The account's own posts, in the page's order.
    pub(super) items: Vec<Item>,
    /// Items on the page, others' included.
    pub(super) listed: usize,
    /// Some item does not say whose it is or which it is, or leads elsewhere.
    pub(super) unclear: bool,
    /// The page says that none follows, and is not full.
    pub(super) last: bool,
    pub(super) evidence: Evidence,
    /// The account's name.
    pub(super) name: Option<String>,
    /// A date that could not be read, as it stands.
    pub(super) unread: Option<String>,
    /// How to ask whether the page has changed, where that can be asked.
    pub(super) validators: Option<Validators>,
}

impl Page {
    /// Does another reading of the same bytes give the same posts the same dates?
    pub(super) fn is_dated_as(&self, other: &Self) -> bool {
        let dates = |page: &Self| -> Vec<_> {
            page.items.iter().map(|item| (item.key.clone(), item.published, item.before)).collect()
        };
        dates(self) == dates(other) && self.last == other.last && self.unclear == other.unclear
    }
}

/// One post.
pub(super) struct Item {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) url: Option<String>,
    pub(super) published: Option<Published>,
    /// Published no later than this.
    pub(super) before: Option<Timestamp>,
    pub(super) pinned: bool,
    pub(super) repost: bool,
    /// Where its own page may be opened: on the list's own host, or where the manifest allows it.
    pub(super) detail: Option<Url>,
}

/// A post's own page, read.
pub(super) struct Opened {
    pub(super) published: Option<Published>,
    pub(super) title: Option<String>,
    pub(super) evidence: Evidence,
}

/// Where and when a page was read.
pub(super) struct Place<'a> {
    /// Its address as the manifest gives it.
    pub(super) written: &'a Url,
    /// The address that answered.
    pub(super) answered: &'a Url,
    pub(super) now: Timestamp,
}

/// What the sources of a date say.
#[derive(Default)]
pub(super) struct Date {
    pub(super) range: Option<Published>,
    pub(super) before: Option<Timestamp>,
    /// The text that was read, or could not be.
    pub(super) raw: Option<String>,
}

/// Items on a page, whosever they are.
pub(super) fn listed(manifest: &Manifest, document: &Document) -> usize {
    found(manifest, document).map_or(0, |found| found.len())
}

/// Every item; the error says in Chinese that the place for them is not there.
fn found<'d>(manifest: &Manifest, document: &'d Document) -> Result<Vec<Spot<'d>>, String> {
    match (&manifest.items.place, document.json(), document.html()) {
        (ItemPlace::Json(path), Some(root), _) => {
            let items: Vec<&Value> = match path.is_many() {
                true => path.all(root),
                false => match path.first(root) {
                    Some(Value::Array(items)) => items.iter().collect(),
                    _ => return Err("回答中没有内容列表([items] at)".to_owned()),
                },
            };
            Ok(items.into_iter().map(Spot::Json).collect())
        }
        (ItemPlace::Css(selectors), _, Some(tree)) => {
            let all = |selector| tree.select(selector).take(ITEMS_MAX + 1).collect::<Vec<_>>();
            let first = selectors.iter().map(all).find(|found| !found.is_empty());
            let found = first.unwrap_or_default();
            let mut nodes = 0;
            for element in &found {
                nodes += element.descendants().take(NODES_MAX).count();
                if nodes > NODES_MAX {
                    return Err("条目互相嵌套,没有读([items] css 太宽)".to_owned());
                }
            }
            Ok(found.into_iter().map(Spot::Html).collect())
        }
        _ => Err("回答的样子与清单不合".to_owned()),
    }
}

/// Reads a page; the error says in Chinese what is not as the manifest says.
pub(super) fn read(
    manifest: &Manifest,
    document: &Document,
    place: &Place<'_>,
    pieces: &Pieces,
) -> Result<Page, String> {
    let spots = found(manifest, document)?;
    let rules = &manifest.items;
    let whole = Spot::Document(document);
    let coverage = &manifest.coverage;
    let short = coverage.full_page.is_none_or(|full| spots.len() < full as usize);
    let says_last = !coverage.last_page.is_empty() && all_hold(&coverage.last_page, whole, pieces);
    let name = manifest.account_name.as_ref().and_then(|name| name.text(whole, pieces));
    let body = evidence(document, &spots);
    let mut page = Page {
        items: Vec::new(),
        listed: spots.len(),
        unclear: false,
        last: says_last && short && (1..=ITEMS_MAX).contains(&spots.len()),
        evidence: Evidence { url: String::new(), at: place.now, body },
        name: name.map(|name| lenient::cut(&name, FIELD_BYTES_MAX).to_owned()),
        unread: None,
        validators: None,
    };
    for spot in spots.into_iter().take(ITEMS_MAX) {
        if any_holds(&rules.skip, spot, pieces) {
            continue;
        }
        match owned(&rules.own, spot, pieces) {
            Some(true) => {}
            Some(false) => continue,
            None => {
                page.unclear = true;
                continue;
            }
        }
        let date = date(&manifest.fields.published, spot, pieces, place.now);
        if date.range.is_none() {
            page.unread = page.unread.take().or(date.raw.clone());
        }
        match item(manifest, spot, place, pieces, date) {
            // Perhaps the account's newest, published elsewhere: left out, and nothing is proven.
            Some(item) if rules.same_site && item.detail.is_none() => page.unclear = true,
            Some(item) => page.items.push(item),
            None => page.unclear = true,
        }
    }
    Ok(page)
}

/// Is it the account's own? `None`: it does not say.
fn owned(conditions: &[Condition], spot: Spot<'_>, pieces: &Pieces) -> Option<bool> {
    let mut own = true;
    for condition in conditions {
        own &= condition.holds(spot, pieces)?;
    }
    Some(own)
}

fn item(
    manifest: &Manifest,
    spot: Spot<'_>,
    place: &Place<'_>,
    pieces: &Pieces,
    date: Date,
) -> Option<Item> {
    let fields = &manifest.fields;
    let first = |sources: &[crate::extract::Source]| {
        let found = sources.iter().find_map(|source| source.text(spot, pieces))?;
        Some(lenient::cut(&found, FIELD_BYTES_MAX).to_owned())
    };
    let url = first(&fields.url).and_then(|url| place.written.join(&url).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let hosts = [place.written, place.answered].map(Url::host_str);
    let domains = manifest.detail.iter().flat_map(|detail| &detail.hosts);
    let allowed = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        let below = |domain: &String| {
            host.strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        hosts.contains(&Some(host)) || domains.clone().any(below)
    };
    let detail = url.clone().filter(allowed);
    let key = match fields.key.is_empty() {
        true => url.as_ref().map(|url| lenient::cut(url.as_str(), FIELD_BYTES_MAX).to_owned()),
        false => first(&fields.key),
    }?;
    let rules = &manifest.items;
    Some(Item {
        key,
        title: first(&fields.title).unwrap_or_default(),
        url: url.map(String::from),
        published: date.range,
        before: date.before,
        pinned: any_holds(&rules.pinned, spot, pieces),
        repost: any_holds(&rules.repost, spot, pieces),
        detail,
    })
}

/// What the first source that can be read says; a bound only where nothing says more.
pub(super) fn date(sources: &[Dated], spot: Spot<'_>, pieces: &Pieces, now: Timestamp) -> Date {
    let mut date = Date::default();
    for dated in sources {
        let Some(text) = dated.source.text(spot, pieces) else { continue };
        let Some(range) = published(&text, &dated.formats, dated.zone, now) else {
            let shown = lenient::cut(&text, 60).to_owned();
            date.raw = date.raw.or(Some(shown));
            continue;
        };
        if !dated.bound {
            return Date { range: Some(range), before: None, raw: Some(text) };
        }
        date.before = date.before.or(Some(range.latest));
    }
    date
}

/// What backs the page: the JSON as it came, or the items' own markup.
fn evidence(document: &Document, spots: &[Spot<'_>]) -> String {
    let rows: Vec<String> = spots.iter().take(20).filter_map(markup).collect();
    match rows.is_empty() {
        true => listing::evidence_text(&document.text),
        false => listing::evidence_text(&rows.join("\n")),
    }
}

fn markup(spot: &Spot<'_>) -> Option<String> {
    match spot {
        Spot::Html(element) => Some(ElementRef::html(element)),
        _ => None,
    }
}
