//! What day and time is it in Beijing? Civil time, and how instants are written for people and machines.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone, Utc};

use crate::Timestamp;

/// Offset of Beijing time, seconds east. Constant since 1991 (posts are never older).
pub const BEIJING_OFFSET_S: i32 = 8 * 3600;

/// Beijing time, UTC+8, no daylight saving.
pub fn beijing() -> FixedOffset {
    FixedOffset::east_opt(BEIJING_OFFSET_S).expect("+08:00 is a valid offset")
}

/// The instant as Beijing wall time.
pub fn local(instant: Timestamp) -> DateTime<FixedOffset> {
    instant.with_timezone(&beijing())
}

/// The Beijing calendar day of an instant.
pub fn day(instant: Timestamp) -> NaiveDate {
    local(instant).date_naive()
}

/// A Beijing wall time as an instant.
pub fn instant(wall: NaiveDateTime) -> Timestamp {
    beijing()
        .from_local_datetime(&wall)
        .single()
        .expect("a fixed offset maps every wall time to one instant")
        .with_timezone(&Utc)
}

/// Beijing midnight at the start of a day.
pub fn start_of(day: NaiveDate) -> Timestamp {
    instant(day.and_hms_opt(0, 0, 0).expect("midnight exists"))
}

/// RFC 3339 with `+08:00`, to the second: for JSON and logs.
pub fn rfc3339(at: Timestamp) -> String {
    local(at).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// `2026-11-22 10:00`: for tables.
pub fn minute_text(at: Timestamp) -> String {
    local(at).format("%Y-%m-%d %H:%M").to_string()
}

/// `11月22日 10:00`: for letters.
pub fn chinese(at: Timestamp) -> String {
    local(at).format("%-m月%-d日 %H:%M").to_string()
}

/// `12月2日`: a day for letters.
pub fn chinese_day(at: Timestamp) -> String {
    local(at).format("%-m月%-d日").to_string()
}
