//! What does the WeChat connector remember of an account between polls? At most 4 KiB; losing it costs calls only.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use freshd_core::Timestamp;
use freshd_core::id::Channel;
use serde::{Deserialize, Serialize};

use crate::connector::Memo;
use crate::lenient;

/// Bytes of memory that the contract allows.
const BYTES_MAX: usize = 4096;
/// Posts of the newest day that are remembered.
const POSTS_MAX: usize = 5;

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// What was published on the newest publishing day, asked once per such day.
    pub(crate) newest: Option<Newest>,
    /// How far back no publication was found.
    pub(crate) walked: Option<Walked>,
    /// The newest day whose figures were read whole: until those of the next day come, they say nothing new.
    pub(crate) complete: Option<NaiveDate>,
    /// When the un-notified posts were last read (at most hourly: 100 calls a day).
    pub(crate) publish_at: Option<Timestamp>,
    /// The Beijing day on which the menu was last read.
    pub(crate) menu_day: Option<NaiveDate>,
    /// The Beijing day on which the auto-replies were last read.
    pub(crate) reply_day: Option<NaiveDate>,
    /// The Beijing day on which it was last asked whether people get an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dealings_day: Option<NaiveDate>,
    /// The Beijing day on which the third-party platform was last asked about the account itself.
    pub(crate) standing_day: Option<NaiveDate>,
    /// The Beijing day on which one of its articles was last opened to see what became of the account.
    pub(crate) opened_day: Option<NaiveDate>,
    /// What is known of the interfaces.
    pub(crate) doors: Doors,
}

/// Which interfaces open, and which do not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Doors {
    /// Interfaces that must not be asked before an instant.
    pub(crate) quiet: BTreeMap<String, Timestamp>,
    /// The Beijing day on which an interface last answered.
    pub(crate) worked: BTreeMap<String, NaiveDate>,
    /// The Beijing day on which an interface was last refused because the account lacks it.
    pub(crate) refused: BTreeMap<String, NaiveDate>,
}

/// The newest publishing day in detail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Newest {
    /// That day.
    pub(crate) day: NaiveDate,
    /// Its posts.
    pub(crate) posts: Vec<Post>,
}

/// One post of the newest day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Post {
    /// `msgid`.
    pub(crate) key: String,
    /// Notified or not.
    pub(crate) channel: Channel,
    /// The day that the row itself names.
    pub(crate) day: NaiveDate,
    /// Title, may be empty.
    pub(crate) title: String,
    /// Address, if told.
    pub(crate) url: Option<String>,
}

/// A search backwards for the last publication.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Walked {
    /// The oldest day asked about.
    pub(crate) from: NaiveDate,
    /// The newest day asked about, without a gap between.
    pub(crate) until: NaiveDate,
    /// Was a publication found? Then there is no reason to go on.
    pub(crate) hit: bool,
}

/// Is it `every` days since something was last read? A day of the future is a clock that was wrong.
pub(crate) fn is_due(last: Option<NaiveDate>, today: NaiveDate, every: u64) -> bool {
    last.is_none_or(|day| day > today || today >= day + Days::new(every))
}

impl Memory {
    /// The memory in a memo; an unreadable one is forgotten.
    pub(crate) fn read(memo: Option<&Memo>) -> Self {
        memo.and_then(|memo| serde_json::from_str(memo).ok()).unwrap_or_default()
    }

    /// As a memo within the contract's size.
    pub(crate) fn write(mut self) -> String {
        if let Some(newest) = &mut self.newest {
            newest.posts.truncate(POSTS_MAX);
            for post in &mut newest.posts {
                post.title = lenient::cut(&post.title, 120).to_owned();
                post.url = post.url.take().filter(|url| url.len() <= 400);
            }
        }
        let text = self.text();
        if text.len() <= BYTES_MAX {
            return text;
        }
        self.newest = None;
        self.text()
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("the memory has only JSON-able parts")
    }
}
