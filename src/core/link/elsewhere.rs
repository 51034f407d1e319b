//! Which links does an account show elsewhere than in its menu? In its automatic replies, on the page of its app, and as
//! its declared way to be written to.

use serde::{Deserialize, Serialize};

use super::MenuEntry;

/// Links kept of one source.
pub const ELSEWHERE_MAX: usize = 60;

/// Where a link is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// 自动回复.
    AutoReply,
    /// 应用主页: the app's page in a store.
    AppPage,
    /// 登记的互动地址: 互动功能 in the ledger.
    Interaction,
}

impl Place {
    /// The word for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::AutoReply => "自动回复",
            Self::AppPage => "应用主页",
            Self::Interaction => "登记的互动地址",
        }
    }
}

/// One link that is shown elsewhere; the names of its entry lead to it from its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Elsewhere {
    /// Where.
    pub place: Place,
    /// The link.
    pub entry: MenuEntry,
}

impl Elsewhere {
    /// A link to an address, below these names.
    pub fn new(place: Place, path: Vec<String>, kind: &str, target: String) -> Self {
        let (kind, target) = (kind.to_owned(), Some(target));
        Self { place, entry: MenuEntry { path, kind, target, aside: false } }
    }
}

/// The web addresses in a text, as they stand there.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || !c.is_ascii() || "\"'<>()[]{}".contains(c);
    let starts = text.match_indices("http").filter(|(at, _)| {
        let rest = &text[*at..];
        rest.starts_with("http://") || rest.starts_with("https://")
    });
    starts.filter_map(move |(at, _)| {
        let found = text[at..].split(ends).next().unwrap_or_default();
        let found = found.trim_end_matches(['.', ',', ';', '!', '?']);
        let host = found.split_once("://").is_some_and(|(_, rest)| !rest.is_empty());
        host.then_some(found)
    })
}
