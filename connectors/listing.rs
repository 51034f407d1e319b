//! What do the dates of a list of posts say? Shared by every connector that reads a page of newest
//! posts.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::observation::Published;
use freshd_core::timetext;

/// Hours that a public list may lag behind unnoticed: caches and replicas show the list of some hours ago in the very
/// shape of the present one, so its silence counts only up to so long before the look. Less than a day: what has been
/// silent for a day beyond its window is told at the first look.
pub(crate) const LAG_H: u32 = 23;

/// A date up to this many minutes after the look is a clock that differs; further ahead it is no
/// date.
pub(crate) const SKEW_MIN: i64 = 10;

/// The date as written. One in the future is none: it does not say when the post came out.
pub(crate) fn published(written: &str, now: Timestamp) -> Option<Published> {
    let published = timetext::parse(written, now)?;
    (published.earliest? <= now + TimeDelta::minutes(SKEW_MIN)).then_some(published)
}

/// Since when a page of posts, in its own order, leaves nothing out. It vouches back to its last
/// post, for one that stands before it and is older was pinned there; a page that begins with the
/// oldest, back to its first. `None`: the page is empty (it proves nothing) or some post has no
/// date (it may be from any time).
pub(crate) fn since(dates: &[Option<Published>]) -> Option<Timestamp> {
    let dates =
        dates.iter().map(|date| date.map(|date| date.latest)).collect::<Option<Vec<_>>>()?;
    let (first, last) = (*dates.first()?, *dates.last()?);
    Some(if dates.is_sorted() { first } else { last })
}

/// Bytes of an answer kept as evidence.
const EVIDENCE_BYTES_MAX: usize = 16 << 10;

/// The start of an answer, redacted, as evidence.
pub(crate) fn evidence_text(text: &str) -> String {
    let mut end = text.len().min(EVIDENCE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    crate::http::redact::text(&text[..end]).into_owned()
}

/// Does a page that should not be one look like a captcha or a login?
pub(crate) fn asks_for_a_person(text: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "验证码",
        "安全验证",
        "人机验证",
        "访问过于频繁",
        "环境异常",
        "请登录",
        "captcha",
        "login",
        "challenge",
    ];
    let lower = text.chars().take(20_000).collect::<String>().to_lowercase();
    SIGNS.iter().any(|sign| lower.contains(sign))
}
