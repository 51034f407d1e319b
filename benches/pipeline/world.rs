//! Which accounts are measured, and what do their platforms answer? Lists of twenty posts in the documented shapes.
//!
//! Every account posts once in two days, at an hour of its own, so that half of all daily polls find something new.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta};
use freshd::poll::run::SourceOutcome;
use freshd::store::{Audit, LedgerChange, Store};
use freshd_core::account::{Account, Source};
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{
    Evidence, InteractionSign, Observation, Profile, Published, Sighting,
};
use freshd_core::{Timestamp, civil};

/// Posts on a list.
const POSTS: i64 = 20;
/// Seconds between two posts of an account.
const POST_EVERY_S: i64 = 172_800;
/// Weibo's ids count seconds from here.
const WEIBO_EPOCH_S: i64 = 515_483_463;

/// Which platform a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One request a poll: the article list.
    Nanfang,
    /// Two requests a poll: the profile and the timeline.
    Weibo,
}

impl Kind {
    /// The platform's and connector's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nanfang => "nanfang",
            Self::Weibo => "weibo",
        }
    }

    /// The number by which the platform knows account `n`.
    pub fn number(self, n: usize) -> usize {
        match self {
            Self::Nanfang => 1_000 + n,
            Self::Weibo => 1_000_000_000 + n,
        }
    }

    /// Paths and queries of the requests that one poll of account `n` makes.
    pub fn requests(self, n: usize) -> Vec<String> {
        let number = self.number(n);
        match self {
            Self::Nanfang => vec![format!(
                "/nfplus-manuscript-web/article/list?columnId={number}&nfhSubCount=1&pageNum=1&pageSize=20"
            )],
            Self::Weibo => vec![
                format!("/2/users/show.json?uid={number}&access_token=bench-token"),
                format!(
                    "/2/statuses/user_timeline.json?uid={number}&count=100&access_token=bench-token"
                ),
            ],
        }
    }
}

/// An instant from which the measured time runs.
pub fn start() -> Timestamp {
    DateTime::from_timestamp(1_790_000_000, 0).expect("an instant of 2026")
}

/// A ledger row as they are: names, units and contacts.
pub fn account(kind: Kind, n: usize) -> Account {
    let handle = kind.number(n).to_string();
    Account {
        id: AccountId::of(kind.name(), &handle),
        name: format!("某市第{n}号政务发布"),
        platform: kind.name().to_owned(),
        sponsor: format!("某市某某区第{}街道办事处", n / 3),
        supervisor: "某市人民政府办公室".to_owned(),
        reporting_unit: format!("第{}市", n % 21),
        region: format!("广东省/第{}市/某某区", n % 21),
        level: "县级".to_owned(),
        contact: "张某某".to_owned(),
        phone: "020-00000000".to_owned(),
        email: vec![format!("owner{n}@example.gov.cn")],
        officer: "李某某".to_owned(),
        officer_email: vec![format!("officer{}@example.gov.cn", n / 3)],
        sources: vec![Source::new(kind.name(), handle.clone())],
        handle,
        ..Account::default()
    }
}

/// Imports `count` accounts, all due at `first_poll`.
pub fn import(store: &Store, kind: Kind, count: usize, first_poll: Timestamp) {
    import_with(store, kind, count, first_poll, |_| Vec::new());
}

/// The same, where account `n` has a menu.
pub fn import_with(
    store: &Store,
    kind: Kind,
    count: usize,
    first_poll: Timestamp,
    menu: impl Fn(usize) -> Vec<(Vec<String>, String)>,
) {
    let audit = Audit {
        at: first_poll,
        who: "bench".to_owned(),
        what: "import".to_owned(),
        on: String::new(),
        detail: String::new(),
    };
    let ledger = LedgerChange {
        puts: (0..count).map(|n| Account { menu: menu(n), ..account(kind, n) }).collect(),
        deletes: Vec::new(),
        first_poll,
        ledger_number: None,
        audit,
    };
    store.replace_ledger(&ledger).expect("the ledger is imported");
}

/// The last posts of account `n` at `now`, newest first: number and time.
fn posts(n: usize, now: Timestamp) -> impl Iterator<Item = (i64, Timestamp)> {
    let offset = (n as i64 * 7_919) % POST_EVERY_S;
    let newest = (now.timestamp() - offset).div_euclid(POST_EVERY_S);
    (0..POSTS).map(move |back| {
        let number = newest - back;
        let at = DateTime::from_timestamp(number * POST_EVERY_S + offset, 0);
        (number, at.expect("within chrono's range"))
    })
}

fn title(number: i64) -> String {
    format!("关于做好第{number}期政务公开和便民服务有关工作的通知")
}

fn wall(at: Timestamp) -> String {
    civil::local(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The bodies of account `n` at `now`, in the order of [`Kind::requests`].
pub fn bodies(kind: Kind, n: usize, now: Timestamp) -> Vec<String> {
    match kind {
        Kind::Nanfang => vec![article_list(n, now)],
        Kind::Weibo => {
            let statuses: Vec<String> =
                posts(n, now).map(|(number, at)| status(n, number, at)).collect();
            vec![user(n, Some(&statuses[0])), timeline(&statuses)]
        }
    }
}

/// `article/list` of a 南方号.
fn article_list(n: usize, now: Timestamp) -> String {
    let column = Kind::Nanfang.number(n);
    let mut list = String::new();
    for (number, at) in posts(n, now) {
        let (id, time, made) = (number + 10_000_000, wall(at), wall(at - TimeDelta::hours(3)));
        let comma = if list.is_empty() { "" } else { "," };
        write!(
            list,
            "{comma}{{\"articleId\":{id},\"articleType\":0,\"columnId\":{column},\
             \"columnName\":\"某市第{n}号政务发布\",\"columnDesc\":\"\",\"title\":\"{}\",\
             \"summary\":\"详见内文\",\"source\":\"\",\"copyright\":\"0\",\"createTime\":\"{made}\",\
             \"releaseTime\":\"{time}\",\"updateTime\":\"{time}\",\"countDiscuss\":0,\"countLike\":3,\
             \"picMiddle\":\"\",\"shareUrl\":\"https://static.nfnews.com/content/{}/c{id}.html\"}}",
            title(number),
            civil::local(at).format("%Y%m/%d"),
        )
        .expect("a string takes everything");
    }
    format!(
        "{{\"success\":true,\"code\":200,\"msg\":\"操作成功\",\"data\":{{\"list\":[{list}],\"hasNextPage\":true}}}}"
    )
}

fn status(n: usize, number: i64, at: Timestamp) -> String {
    let low = (n as i64 * 31 + number) & 0x3f_ffff;
    let id = (at.timestamp() - WEIBO_EPOCH_S) << 22 | low;
    let created = civil::local(at).format("%a %b %d %H:%M:%S +0800 %Y");
    format!(
        "{{\"created_at\":\"{created}\",\"id\":{id},\"mid\":\"{id}\",\"idstr\":\"{id}\",\"text\":\"{}\",\
         \"source\":\"<a href=\\\"http://weibo.com\\\" rel=\\\"nofollow\\\">微博 weibo.com</a>\",\
         \"favorited\":false,\"truncated\":false,\"in_reply_to_status_id\":\"\",\
         \"in_reply_to_user_id\":\"\",\"in_reply_to_screen_name\":\"\",\"geo\":null,\
         \"user\":{},\"reposts_count\":1,\"comments_count\":2,\"attitudes_count\":3,\"mlevel\":0,\
         \"visible\":{{\"type\":0,\"list_id\":0}}}}",
        title(number),
        user(n, None),
    )
}

fn user(n: usize, status: Option<&String>) -> String {
    let uid = Kind::Weibo.number(n);
    let status = status.map(|status| format!(",\"status\":{status}")).unwrap_or_default();
    format!(
        "{{\"id\":{uid},\"idstr\":\"{uid}\",\"screen_name\":\"某市第{n}号政务发布\",\"name\":\"某市第{n}号政务发布\",\
         \"province\":\"44\",\"city\":\"1\",\"location\":\"广东 广州\",\"description\":\"官方微博\",\
         \"url\":\"\",\"profile_url\":\"u/{uid}\",\"domain\":\"\",\"gender\":\"m\",\
         \"followers_count\":12345,\"friends_count\":100,\"statuses_count\":4321,\
         \"created_at\":\"Tue May 24 18:04:53 +0800 2011\",\"verified\":true,\"verified_type\":1,\
         \"verified_reason\":\"某市第{n}号政务发布官方微博\"{status}}}"
    )
}

fn timeline(statuses: &[String]) -> String {
    let list = statuses.join(",");
    format!(
        "{{\"statuses\":[{list}],\"hasvisible\":false,\"previous_cursor\":0,\"next_cursor\":0,\"total_number\":4321}}"
    )
}

/// What a poll of account `n` brings, as the connector of 南方号 says it.
pub fn outcome(n: usize, now: Timestamp) -> SourceOutcome {
    let sightings = posts(n, now).map(|(number, at)| Sighting {
        key: (number + 10_000_000).to_string(),
        channel: Channel::posts(),
        published: Published::at(at),
        title: title(number),
        url: Some(format!("https://static.nfnews.com/content/c{}.html", number + 10_000_000)),
        pinned: false,
        repost: false,
    });
    let source = Source::new("nanfang", Kind::Nanfang.number(n).to_string());
    let mut observation = Observation { sightings: sightings.collect(), ..Observation::default() };
    let oldest = posts(n, now).last().map_or(now, |(_, at)| at);
    observation.coverage.add(Channel::all(), oldest, now);
    observation.profile =
        Some(Profile { name: Some(format!("某市第{n}号政务发布")), ..Profile::default() });
    observation.interaction.push(InteractionSign {
        kind: "comments".to_owned(),
        works: Some(true),
        what: "最近 20 篇内容共有 3 条评论".to_owned(),
    });
    observation.evidence.push(Evidence {
        url: Kind::Nanfang.requests(n).remove(0),
        at: now,
        body: article_list(n, now),
    });
    SourceOutcome {
        source,
        credential: None,
        channels: vec![Channel::posts()],
        at: now,
        result: Ok(observation),
        trace: Vec::new(),
    }
}
