//! What does Weibo's mobile web show of an account to an operator's own session? Profile, then the first page of posts.
//!
//! The session's cookie is the operator's; none is made up, and a wall is reported, never climbed.

use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::id::Channel;
use freshd_core::observation::{Evidence, Observation, Part, Profile, ProfileState};
use serde_json::Value;
use url::Url;

use super::post::{self, Post, Row};
use super::refusal::{self, Told};
use super::secret;
use crate::connector::{PollContext, Secret};
use crate::http::Request;
use crate::lenient;

/// The mobile pages are given to mobile clients.
const USER_AGENT: &str = "Mozilla/5.0 (Linux; Android 14; Mobile) freshd";
/// Levels of `card_group` that are followed.
const DEPTH_MAX: usize = 4;

/// One look through the mobile web.
pub(crate) async fn look(
    uid: &str,
    base: &Url,
    cx: &PollContext<'_>,
) -> Result<Observation, Fault> {
    let web = Web { cookie: secret(cx, "cookie")?, uid, base, cx };
    let mut seen = Observation::default();
    let profile = match web.ask(None, &mut seen).await {
        Told::Data(profile) => profile,
        Told::Standing(state, fault) => {
            standing(&mut seen, state, fault);
            return Ok(seen);
        }
        Told::Empty | Told::Nothing => {
            let detail = "返回空页面,微博没有给出这个账号的主页:疑似访问限制;UID 可能有误、账号可能已注销,也可能需要登录才能看到";
            return Err(Fault::new(FaultScope::Account, FaultKind::Challenged, detail));
        }
        Told::Fault(fault) | Told::Limited(fault) => return Err(fault),
    };
    let user = profile.pointer("/data/userInfo").filter(|user| user.is_object());
    let id = user.and_then(|user| user.get("id")).and_then(lenient::text);
    if id.as_deref() != Some(uid) {
        return Err(malformed("主页中没有所问的用户"));
    }
    seen.profile = Some(Profile {
        name: user.and_then(|user| user.get("screen_name")).and_then(lenient::text),
        state: ProfileState::Open,
        ..Profile::default()
    });
    let count = user.and_then(|user| user.get("statuses_count")).and_then(lenient::int);
    let container = container(&profile).unwrap_or_else(|| format!("107603{uid}"));
    match web.ask(Some(&container), &mut seen).await {
        Told::Data(page) => page_of_posts(&page, count, &mut seen, (uid, cx)),
        Told::Empty | Told::Nothing => contradiction(count, &mut seen),
        Told::Standing(state, fault) => standing(&mut seen, state, fault),
        Told::Fault(fault) | Told::Limited(fault) => seen.faults.push(fault),
    }
    Ok(seen)
}

/// Takes the own posts of a page, and its coverage back to the oldest that is not pinned.
fn page_of_posts(
    page: &Value,
    count: Option<i64>,
    seen: &mut Observation,
    (uid, cx): (&str, &PollContext<'_>),
) {
    let Some(cards) = page.pointer("/data/cards").and_then(Value::as_array) else {
        seen.faults.push(malformed("微博列表中没有 cards"));
        return;
    };
    let mut rows = Vec::new();
    let mut odd = !gather(cards, 0, &mut rows);
    let mut posts: Vec<Post> = Vec::new();
    for (mblog, card) in rows {
        match post::read(mblog, Some(card), uid, cx.now) {
            Row::Own(post) => posts.push(post),
            Row::Foreign => {}
            Row::Odd => odd = true,
        }
    }
    if posts.is_empty() && !cards.is_empty() && count.unwrap_or(0) > 0 {
        seen.faults.push(malformed("微博列表不为空,却读不出一条本账号的微博"));
    } else if posts.is_empty() {
        contradiction(count, seen);
    }
    if let Some(since) = post::vouched_since(&posts).filter(|_| !odd) {
        seen.coverage.add(Channel::posts(), since, cx.now);
    }
    let signs = post::comment_sign(&posts);
    let told = post::sightings(&posts);
    post::carried(seen, &told, signs.as_ref());
    let remarks = post::remarks(&posts);
    let place = "https://m.weibo.cn/".to_owned();
    seen.evidence.extend(remarks.map(|body| Evidence { url: place, at: cx.now, body }));
    seen.sightings = told;
    seen.interaction.extend(signs);
}

/// Every `mblog` of the cards and of their groups, in order, each with its card. Only cards of type 9 hold a post;
/// a group may hold the pinned post, or the newest one. `false`: some card is not of a known make, and a post may
/// be missing.
fn gather<'a>(cards: &'a [Value], depth: usize, rows: &mut Vec<(&'a Value, &'a Value)>) -> bool {
    let mut known = true;
    for card in cards {
        let kind = card.get("card_type").and_then(lenient::int);
        let mblog = card.get("mblog").filter(|mblog| mblog.is_object());
        match (kind, mblog) {
            (Some(9) | None, Some(mblog)) => rows.push((mblog, card)),
            (Some(9) | None, None) => known = false,
            (Some(_), _) => {}
        }
        match card.get("card_group") {
            Some(Value::Array(group)) if depth < DEPTH_MAX => {
                known &= gather(group, depth + 1, rows)
            }
            // A card of type 11 is a group.
            None if kind != Some(11) => {}
            None | Some(_) => known = false,
        }
    }
    known
}

/// The container of the tab that holds the posts.
fn container(profile: &Value) -> Option<String> {
    let tabs = profile.pointer("/data/tabsInfo/tabs")?;
    let mut tabs: Box<dyn Iterator<Item = &Value>> = match tabs {
        Value::Array(tabs) => Box::new(tabs.iter()),
        Value::Object(tabs) => Box::new(tabs.values()),
        _ => return None,
    };
    let tab = tabs.find(|tab| tab.get("tab_type").and_then(Value::as_str) == Some("weibo"))?;
    tab.get("containerid").and_then(lenient::text)
}

/// An empty list where the profile counts posts: they are hidden from this session, or it was asked too fast.
fn contradiction(count: Option<i64>, seen: &mut Observation) {
    if count != Some(0) {
        let count = count.map_or_else(|| "若干".to_owned(), |count| count.to_string());
        let detail = format!("微博网页:主页称有 {count} 条微博,列表却是空的,可能需要重新登录");
        seen.faults.push(Fault::new(FaultScope::Platform, FaultKind::Challenged, detail));
    }
}

fn standing(seen: &mut Observation, state: ProfileState, fault: Fault) {
    let name = seen.profile.take().and_then(|profile| profile.name);
    seen.profile = Some(Profile { name, state, ..Profile::default() });
    seen.carried(&[Part::Profile]);
    seen.faults.push(fault);
}

/// The mobile web with an operator's session.
struct Web<'a> {
    cookie: Secret,
    uid: &'a str,
    base: &'a Url,
    cx: &'a PollContext<'a>,
}

impl Web<'_> {
    async fn ask(&self, container: Option<&str>, seen: &mut Observation) -> Told {
        let mut url = super::address(self.base, "/api/container/getIndex");
        url.query_pairs_mut().append_pair("type", "uid").append_pair("value", self.uid);
        if let Some(container) = container {
            url.query_pairs_mut().append_pair("containerid", container);
        }
        let shown = url.to_string();
        let referer = super::address(self.base, &format!("/u/{}", self.uid));
        // A redirect is an answer here: it leads to a login or a tombstone, and the cookie must not go along.
        let request = Request { redirects_max: 0, ..Request::get(url) }
            .header("user-agent", USER_AGENT)
            .header("referer", referer)
            .header("mweibo-pwa", "1")
            .header("x-requested-with", "XMLHttpRequest")
            .header("cookie", self.cookie.expose());
        match self.cx.http.send(request).await {
            Err(error) => Told::Fault(error.fault(FaultScope::Platform)),
            Ok(response) => {
                let body = lenient::excerpt(&response.body);
                seen.evidence.push(Evidence { url: shown, at: self.cx.now, body });
                refusal::web(&response, self.cx.now)
            }
        }
    }
}

fn malformed(why: &str) -> Fault {
    Fault::new(FaultScope::Connector, FaultKind::Malformed, format!("微博网页:{why}"))
}
