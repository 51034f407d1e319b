//! Did the link end somewhere else: a login, the home page, a page for another client, a shell without content?

use url::Url;

use super::{Case, Kind, Tally, words};

/// Less text than this is no content.
const NOTHING_CHARS: usize = 15;

/// Names of pages that stand for a directory.
const INDEX: [&str; 9] =
    ["index", "default", "home", "main", "portal", "welcome", "login", "m", "wap"];

/// A login in place of what was asked for.
pub(super) fn login(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::Login);
    let asks = words::login(&seen.title).or_else(|| {
        let first = seen.headings.first();
        first.and_then(|heading| words::login(heading))
    });
    let elsewhere = case.asked.path() != case.last.path() || case.asked.host() != case.last.host();
    if elsewhere {
        let address = format!("/{}{}", case.last.host_str().unwrap_or_default(), case.last.path());
        let path = words::login_path(case.last.path());
        tally.add_some("login_address", 50, path.or_else(|| words::login_path(&address[1..])));
        tally.add_some("login_title", 30, asks);
        if seen.password {
            tally.add("password", 30, "input");
        }
    } else if seen.chars <= 150 && !seen.password {
        let please = ["请先登录", "请登录", "登录后", "登录超时", "登录已", "未登录", "重新登录"];
        let text = format!("{} {}", seen.title, seen.text);
        tally.add_some("login_first", 60, please.into_iter().find(|words| text.contains(words)));
    }
    tally
}

/// A page only for a certain client.
pub(super) fn client(case: &Case<'_>) -> Tally {
    let mut tally = Tally::new(Kind::Client);
    if case.seen.chars <= 200 {
        let text = format!("{} {}", case.seen.title, case.seen.text);
        tally.add_some("client", 60, words::client(&text));
    }
    tally
}

/// The host without `www.` and its like.
fn site(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    ["www.", "m.", "wap."].into_iter().find_map(|start| host.strip_prefix(start)).unwrap_or(host)
}

/// Is it the address of a home page?
pub(crate) fn is_home(url: &Url) -> bool {
    let parts = url.path().split('/').filter(|part| !part.is_empty());
    let named = |part: &str| {
        let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
        INDEX.contains(&stem.as_str())
    };
    let mut parts = parts.map(named);
    let query = url.query().unwrap_or_default();
    parts.all(|index| index) && query.len() <= 40 && url.fragment().is_none_or(|it| it.len() <= 2)
}

/// The site's home page in place of what was asked for.
pub(super) fn home(case: &Case<'_>) -> Tally {
    let mut tally = Tally::new(Kind::Home);
    let (asked, last) = (case.asked, case.last);
    if is_home(asked) || !is_home(last) {
        return tally;
    }
    let parts: Vec<&str> = asked.path().split('/').filter(|part| !part.is_empty()).collect();
    let page = parts.last().is_some_and(|part| part.contains('.'));
    let digits = asked.path().bytes().filter(u8::is_ascii_digit).count();
    if parts.len() < 2 && !page {
        return tally;
    }
    tally.add("sent_home", 50, last.as_str());
    if site(asked) != site(last) {
        tally.add("another_site", -20, last.host_str().unwrap_or_default());
    }
    if page && digits >= 4 {
        tally.add("asked_for_a_post", 20, asked.path());
    } else if page || digits >= 3 {
        tally.add("asked_for_a_page", 10, asked.path());
    }
    if let Some(control) = case.control {
        match control.is_home() {
            true => tally.add("random_path_goes_home", 40, control.path()),
            false => tally.add("random_path_does_not", -10, control.path()),
        }
    }
    tally
}

/// Nothing to see without running scripts.
pub(super) fn shell(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::Shell);
    let loading = ["加载中", "正在加载", "载入", "请稍候", "请稍后", "loading"];
    let text = seen.text.to_ascii_lowercase();
    let waits = loading.into_iter().find(|words| text.contains(words));
    if seen.chars <= NOTHING_CHARS * 2 && waits.is_some() && seen.scripts > 0 {
        tally.add_some("loading", 60, waits);
    } else if seen.frames > 0 && seen.chars <= NOTHING_CHARS {
        tally.add("only_frames", 60, seen.frames.to_string());
    } else if seen.scripts > 0 && seen.chars <= NOTHING_CHARS && seen.media == 0 {
        tally.add("only_scripts", 60, seen.scripts.to_string());
    } else if seen.chars + seen.media == 0 && !seen.password {
        tally.add("no_text", 60, "0");
    }
    tally
}
