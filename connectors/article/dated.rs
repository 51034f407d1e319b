//! When was an ordinary web page published? By its meta tags, in the forms that government sites
//! use.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime};
use freshd_core::civil;
use freshd_core::observation::Published;
use regex::Regex;

use super::facts::unescape;
use crate::markup::{self, Piece};

/// What an ordinary page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatedPage {
    /// When it was published.
    pub published: Option<Published>,
    /// Its title.
    pub title: Option<String>,
    /// `SiteName` 网站名称.
    pub site: Option<String>,
    /// `SiteDomain` 网站域名.
    pub domain: Option<String>,
    /// `ContentSource` 来源.
    pub source: Option<String>,
}

/// Names of meta tags that give the time of publication, best first (国办发〔2017〕47号 names `PubDate`;
/// www.gov.cn has `firstpublishedtime`). A time of last modification is none.
const TIME_TAGS: [&str; 7] = [
    "pubdate",
    "firstpublishedtime",
    "article:published_time",
    "og:article:published_time",
    "og:time",
    "publishdate",
    "datepublished",
];

const TITLE_TAGS: [&str; 2] = ["articletitle", "og:title"];

/// Whose a page is (国办发〔2017〕47号): name and domain of the site, and who supplied the text.
const OWNER_TAGS: [&str; 3] = ["sitename", "sitedomain", "contentsource"];

/// Reads the page.
pub fn read(html: &str) -> DatedPage {
    let mut times: [Option<Published>; TIME_TAGS.len()] = [None; TIME_TAGS.len()];
    let mut titles = [None, None, None];
    let mut owners = [None, None, None];
    let mut clocks = Vec::new();
    markup::scan(html, &mut |piece| match piece {
        Piece::Open { name, attributes } if name.eq_ignore_ascii_case("meta") => {
            let of = |key| markup::attribute(attributes, key);
            let key = of("name").or_else(|| of("property")).or_else(|| of("itemprop"));
            let (Some(key), Some(content)) = (key, of("content")) else { return };
            let key = key.trim().to_ascii_lowercase();
            if let Some(at) = TIME_TAGS.iter().position(|tag| *tag == key) {
                times[at] = times[at].or_else(|| time(content));
            }
            if let Some(at) = OWNER_TAGS.iter().position(|tag| *tag == key) {
                let said = unescape(content.trim());
                owners[at] = owners[at].take().or(Some(said).filter(|said| !said.is_empty()));
            }
            if let Some(at) = TITLE_TAGS.iter().position(|tag| *tag == key) {
                titles[at] = Some(unescape(content.trim())).filter(|title| !title.is_empty());
            }
        }
        Piece::Open { name, attributes } if name.eq_ignore_ascii_case("time") => {
            clocks.extend(markup::attribute(attributes, "datetime").and_then(time));
        }
        Piece::Title(text) if titles[2].is_none() => titles[2] = Some(unescape(text.trim())),
        _ => (),
    });
    // Several time elements may belong to comments or to a list; a single one is the page's own.
    let only = if clocks.len() == 1 { clocks.pop() } else { None };
    let [site, domain, source] = owners;
    DatedPage {
        published: times.into_iter().flatten().next().or(only),
        title: titles.into_iter().flatten().find(|title| !title.is_empty()),
        site,
        domain,
        source,
    }
}

/// A time as such pages write it: RFC 3339, or Beijing wall time with `-`, `/`, `.` or 年月日, to the
/// second, the minute or the day. A coarser time is a range.
pub fn time(text: &str) -> Option<Published> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(Published::at(at.to_utc()));
    }
    static WALL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?x) ^ (\d{4}) [-/.年] (\d{1,2}) [-/.月] (\d{1,2}) 日?
                (?: [\sT-]+ (\d{1,2}) [::时] (\d{1,2}) 分? (?: [::]? (\d{1,2}) (?:\.\d+)? 秒? )? )?
                \s* (Z|[+-]\d{2}:?\d{2})? $",
        )
        .expect("a literal expression compiles")
    });
    let found = WALL.captures(text)?;
    let number = |n: usize| found.get(n).and_then(|held| held.as_str().parse::<u32>().ok());
    let day = NaiveDate::from_ymd_opt(found[1].parse().ok()?, number(2)?, number(3)?)?;
    let (Some(hour), Some(minute)) = (number(4), number(5)) else {
        let start = civil::start_of(day);
        return Some(Published::between(start, start + Duration::seconds(86_399)));
    };
    let wall = day.and_hms_opt(hour, minute, number(6).unwrap_or(0))?;
    let start = zoned(wall, found.get(7).map(|zone| zone.as_str()))?;
    match number(6) {
        Some(_) => Some(Published::at(start)),
        None => Some(Published::between(start, start + Duration::seconds(59))),
    }
}

fn zoned(wall: NaiveDateTime, zone: Option<&str>) -> Option<freshd_core::Timestamp> {
    match zone {
        None => Some(civil::instant(wall)),
        Some("Z") => Some(wall.and_utc()),
        Some(zone) => {
            let zoned = format!("{}{zone}", wall.format("%Y-%m-%dT%H:%M:%S"));
            DateTime::parse_from_str(&zoned, "%Y-%m-%dT%H:%M:%S%z").ok().map(|at| at.to_utc())
        }
    }
}

#[cfg(test)]
mod tests;
