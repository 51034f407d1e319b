//! What can a source not see yet, in words for people?

use freshd_core::Timestamp;
use freshd_core::civil::{self, minute_text};
use freshd_core::id::Channel;
use freshd_core::observation::Blind;
use freshd_core::verdict::channel_chinese;

/// The channel's name; all of them in one word.
pub(super) fn channel_word(channel: &Channel) -> &str {
    if channel.is_all() { "全部渠道" } else { channel_chinese(channel) }
}

/// `今日 00:00 以后群发不可见,将于 08:30 复核`.
pub(super) fn blind_text(blind: &Blind, now: Timestamp) -> String {
    let since = near_text(blind.since, now);
    let channel = channel_word(&blind.channel);
    if blind.again <= now {
        return format!("{since} 以后{channel}不可见,待复核");
    }
    let again = near_text(blind.again, now);
    let again = again.strip_prefix("今日 ").unwrap_or(&again);
    format!("{since} 以后{channel}不可见,将于 {again} 复核")
}

/// An instant near now, as people say it.
fn near_text(at: Timestamp, now: Timestamp) -> String {
    let days = (civil::day(at) - civil::day(now)).num_days();
    let day = match days {
        -1 => "昨日",
        0 => "今日",
        1 => "明日",
        _ => return minute_text(at),
    };
    format!("{day} {}", civil::local(at).format("%H:%M"))
}
