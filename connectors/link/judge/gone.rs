//! Does the page itself say that what was asked for is gone, closed, for sale, blocked or being worked on?

use super::{Case, Kind, Tally, words};
use crate::link::seen::Seen;
use crate::page;

/// A longer piece of text is prose.
const SENTENCE_CHARS: usize = 60;

/// The short pieces that a reader sees: headings first.
fn sentences(seen: &Seen) -> impl Iterator<Item = &str> {
    let all = seen.headings.iter().chain(&seen.pieces).map(String::as_str);
    all.filter(|piece| piece.chars().count() <= SENTENCE_CHARS)
}

/// The piece of text that weighs most.
fn heaviest<'a>(
    seen: &'a Seen,
    weigh: impl Fn(&str) -> Option<(&'static str, i32)>,
) -> Option<(&'static str, i32, &'a str)> {
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

/// A page that says "not found", "deleted" or "closed".
pub(super) fn not_found(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::NotFound);
    let title = seen.title.as_str();
    if page::is_dead_title(title) {
        tally.add("title_says_so", 60, title);
    } else if words::about(title).is_none() {
        tally.add_some("title_speaks_of_it", 30, words::gone(title));
        tally.add_some("error_title", 15, words::error_title(title));
    }
    let said = heaviest(seen, |piece| {
        let gone = words::gone(piece).filter(|_| words::about(piece).is_none());
        if page::is_dead_sentence(piece) {
            Some(("sentence", 50))
        } else if gone.is_some() && words::to_you(piece).is_some() {
            Some(("sentence_to_you", 55))
        } else if gone.is_some() && piece.chars().count() <= 40 {
            Some(("sentence_of_it", 35))
        } else {
            None
        }
    });
    if let Some((feature, weight, piece)) = said {
        tally.add(feature, weight, piece);
    }
    let number = sentences(seen).chain([title]).find_map(words::number);
    tally.add_some("number", 20, number.filter(|_| seen.chars <= 1500));
    tally.add_some("error_address", 30, words::error_path(case.last.path()));
    if tally.score() == 0 {
        return tally;
    }
    tally.add_some("way_back", 10, words::way_back(&seen.text));
    tally.add_length(seen);
    tally.add_article(case);
    tally.add_some("title_of_writing", -60, words::about(title));
    tally.add_some("searched", -50, words::searched(&seen.text));
    let query = case.last.query().map_or(String::new(), |query| format!("?{query}"));
    tally.add_some(
        "search_address",
        -50,
        words::search_path(&format!("{}{query}", case.last.path())),
    );
    tally.add_some("moved", -60, words::moved(&seen.text));
    if let Some(control) = case.control {
        match control.is_like(case) {
            Some(true) => tally.add("like_a_random_path", 40, control.path()),
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
    if tally.score() == 0 {
        return tally;
    }
    tally.add_some("seller", 20, words::seller(&seen.text));
    tally.add_length(seen);
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
    if tally.score() < 40 {
        return Tally::new(Kind::Unregistered);
    }
    tally.add_some("closed_now", 25, words::closed_now(&start));
    tally.add_some("authority", 15, words::authority(&start));
    tally.add_length(seen);
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
    if tally.score() == 0 {
        return tally;
    }
    tally.add_length(seen);
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
    if seen.chars <= 80 {
        tally.add("nothing_else", 40, seen.chars.to_string());
    }
    if seen.chars > 3000 {
        tally.add("length", -60, seen.chars.to_string());
    }
    tally.add_article(case);
    tally
}
