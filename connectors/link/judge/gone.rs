//! Does the page itself say that what was asked for is gone, closed, for sale, blocked or being worked on?

use super::{Case, Kind, Tally, words};
use crate::link::seen::Seen;
use crate::page;

/// A longer piece of text is prose.
const SENTENCE_CHARS: usize = 80;

/// The short pieces that a reader sees: headings first.
fn sentences(seen: &Seen) -> impl Iterator<Item = &str> {
    let all = seen.headings.iter().chain(&seen.pieces).map(String::as_str);
    all.filter(|piece| piece.chars().count() <= SENTENCE_CHARS)
}

/// The piece of text that weighs most.
fn heaviest(
    seen: &Seen,
    weigh: impl Fn(&str) -> Option<(&'static str, i32)>,
) -> Option<(&'static str, i32, &str)> {
    let mut best: Option<(&'static str, i32, &str)> = None;
    for piece in sentences(seen) {
        if let Some((feature, weight)) = weigh(piece)
            && best.is_none_or(|(_, held, _)| weight > held)
        {
            best = Some((feature, weight, piece));
        }
    }
    best
}

/// How plainly does a piece of text say that the page is gone?
fn weighed(piece: &str) -> Option<(&'static str, i32)> {
    let beside = words::about(piece).or_else(|| words::supposed(piece));
    let gone = words::gone(piece).is_some() && beside.is_none();
    let whole = page::is_dead_sentence(piece);
    let to_you = words::to_you(piece).is_some();
    let first = words::gone_first(piece).is_some();
    match piece.chars().count() {
        _ if whole && to_you => Some(("sentence_to_you", 65)),
        _ if whole => Some(("sentence", 50)),
        _ if gone && to_you => Some(("sentence_to_you", 55)),
        _ if words::framework(piece).is_some() => Some(("sentence_of_framework", 80)),
        ..=30 if gone && first => Some(("sentence_first", 50)),
        ..=40 if gone => Some(("sentence_of_it", 35)),
        _ => None,
    }
}

/// A page that says "not found", "deleted" or "closed".
pub(super) fn not_found(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::NotFound);
    let title = seen.title.as_str();
    if page::is_dead_title(title) {
        tally.add("title_says_so", 60, title);
    } else if words::about(title).is_none() {
        tally.add_some("title_speaks_of_it", 30, words::gone(title));
        let part = page::parts(title).find_map(words::error_title);
        tally.add_some("error_title", 15, part);
    }
    let said = heaviest(seen, weighed);
    if let Some((feature, weight, piece)) = said {
        tally.add(feature, weight, piece);
    }
    let number = sentences(seen).chain([title]).find_map(words::number);
    tally.add_some("number", 20, number.filter(|_| seen.chars <= 1500));
    tally.add_some("error_address", 30, {
        words::error_path(case.last.path()).filter(|_| case.asked.path() != case.last.path())
    });
    if tally.score() == 0 {
        return tally;
    }
    let back = seen.back.then_some("history");
    tally.add_some("way_back", 10, words::way_back(&seen.text).or(back));
    tally.add_some("transient", -40, words::transient(&seen.text));
    tally.add_length(seen);
    let says = said.is_some() || page::is_dead_title(title);
    if !tally.add_rest(seen) && says {
        tally.add("nothing_else", 20, seen.chars.to_string());
    }
    tally.add_article(case);
    tally.add_some("title_of_writing", -60, words::about(title));
    tally.add_some("searched", -50, words::searched(&seen.text));
    let query = case.last.query().map_or(String::new(), |query| format!("?{query}"));
    tally.add_some(
        "search_address",
        -50,
        words::search_path(&format!("{}{query}", case.last.path())),
    );
    tally.add_some("moved", -50, words::moved(&seen.text));
    if let Some(control) = case.control {
        match control.is_like(case) {
            Some(true) => tally.add("like_a_random_path", 100, control.path()),
            Some(false) if control.status() == 200 => {
                tally.add("unlike_a_random_path", -20, control.path());
            }
            _ => {}
        }
    }
    tally
}

/// A name for sale.
pub(super) fn parked(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::Parked);
    tally.add_some("title_for_sale", 50, words::for_sale(&seen.title));
    let said = heaviest(seen, |piece| words::for_sale(piece).map(|_| ("for_sale", 40)));
    if let Some((feature, weight, piece)) = said {
        tally.add(feature, weight, piece);
    }
    let places = [case.last.as_str(), seen.script.as_str()];
    tally.add_some("parking_service", 40, places.into_iter().find_map(words::parking));
    // An article speaks of some name, a parked page of the very name that was asked for.
    let host = case.asked.host_str().unwrap_or_default();
    let name = host.strip_prefix("www.").unwrap_or(host);
    let text = format!("{} {}", seen.title, seen.text).to_ascii_lowercase();
    let of_this = tally.marks.iter().any(|mark| mark.feature == "parking_service")
        || words::this_site(&text).is_some()
        || !name.is_empty() && text.contains(name);
    if tally.score() == 0 || !of_this {
        return Tally::new(Kind::Parked);
    }
    tally.add_some("seller", 20, words::seller(&seen.text));
    tally.add_length(seen);
    tally.add_rest(seen);
    tally.add_rest(seen);
    tally.add_article(case);
    tally.add_some("title_of_writing", -60, words::about(&seen.title));
    tally
}

/// A host that may not be shown.
pub(super) fn unregistered(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::Unregistered);
    tally.add_some("title_unregistered", 40, words::unregistered(&seen.title));
    tally.add_some("title_closed", 25, words::closed_now(&seen.title));
    let start: String = seen.text.chars().take(600).collect();
    tally.add_some("unregistered", 50, words::unregistered(&start));
    // An article speaks of some site, a block of the very site that was asked for.
    let of_this = sentences(seen).chain([seen.title.as_str()]).any(|piece| {
        words::begins_with_this_site(piece).is_some() && words::unregistered(piece).is_some()
    });
    if tally.score() < 40 || !of_this {
        return Tally::new(Kind::Unregistered);
    }
    tally.add_some("closed_now", 25, words::closed_now(&start));
    tally.add_some("authority", 15, words::authority(&start));
    tally.add_length(seen);
    tally.add_rest(seen);
    tally.add_rest(seen);
    tally.add_article(case);
    tally.add_some("title_of_writing", -60, words::about(&seen.title));
    tally
}

/// Somebody works on the site.
pub(super) fn upkeep(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::Upkeep);
    tally.add_some("title_upkeep", 45, words::upkeep(&seen.title).map(|_| seen.title.as_str()));
    let said = heaviest(seen, |piece| {
        let short = piece.chars().count() <= 24;
        words::upkeep(piece).map(|_| ("upkeep", if short { 60 } else { 50 }))
    });
    match said {
        Some((feature, weight, piece)) => tally.add(feature, weight, piece),
        // A notice in one long sentence.
        None if seen.chars <= 400 => tally.add_some("upkeep", 50, words::upkeep(&seen.text)),
        None => {}
    }
    if tally.score() == 0 {
        return tally;
    }
    tally.add_some("patience", 15, words::patience(&seen.text));
    tally.add_length(seen);
    tally.add_rest(seen);
    tally.add_article(case);
    tally.add_some("title_of_writing", -30, words::about(&seen.title));
    tally.add_some("moved", -30, words::moved(&seen.text));
    tally
}

/// The server's own program failed, and says so with its number or trace.
pub(super) fn server_error(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::ServerError);
    tally.add_some("title_error", 60, words::server_error(&seen.title));
    let start: String = seen.text.chars().take(400).collect();
    tally.add_some("error", 50, words::server_error(&start));
    let trace = ["ORA-", "java.", "SQLSTATE", "at org.", "Whitelabel", "Server Error"];
    let traces: Vec<&str> = trace.into_iter().filter(|word| start.contains(word)).collect();
    if traces.len() > 1 {
        tally.add("trace", 20, traces.join(" "));
    }
    if tally.score() == 0 {
        return tally;
    }
    tally.add_length(seen);
    tally.add_rest(seen);
    tally.add_article(case);
    tally.add_some("title_of_writing", -60, words::about(&seen.title));
    tally
}

/// What a server shows before anybody has put anything there.
pub(super) fn default_page(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::DefaultPage);
    let (title, text) = words::default_page(&seen.title, &seen.text);
    if title.is_none() {
        return tally;
    }
    tally.add_some("title_default", 60, title.map(|_| seen.title.as_str()));
    tally.add_some("text_default", 40, text.as_deref());
    if seen.chars <= 15 {
        tally.add("nothing_else", 40, seen.chars.to_string());
    }
    if seen.chars > 3000 {
        tally.add("length", -60, seen.chars.to_string());
    }
    tally.add_article(case);
    tally
}
