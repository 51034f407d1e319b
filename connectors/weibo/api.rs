//! What does Weibo's official interface say of an account? `users/show` for the newest post, `user_timeline` for proof.
//!
//! The timeline is trusted as complete only when it shows the account's own posts and agrees with `users/show` on
//! the newest one: the free tier may answer with the authorising user's posts instead, which then prove nothing.

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};
use freshd_core::id::Channel;
use freshd_core::observation::{Evidence, Observation, Profile, ProfileState};
use freshd_core::timetext;
use serde_json::Value;
use url::Url;

use super::post::{self, Post, Row};
use super::refusal::{self, Told};
use super::secret;
use crate::connector::PollContext;
use crate::http::Request;
use crate::lenient;

/// An account that never posted is vouched for over this many days when its age is not told.
const NEVER_DAYS: i64 = 400;
/// Seconds to wait when the limit's reset is not told: limits are per hour.
const RESET_S: i64 = 3600;

/// One look through the official interface.
pub(crate) async fn look(
    uid: &str,
    base: &Url,
    cx: &PollContext<'_>,
) -> Result<Observation, Fault> {
    let api = Api { token: secret(cx, "token")?, base, cx };
    let mut seen = Observation::default();
    let query = [("uid", uid)];
    let user = match api.ask("/2/users/show.json", &query, &mut seen).await {
        Told::Data(user) => user,
        Told::Standing(state, fault) => {
            seen.profile = Some(Profile { state, ..Profile::default() });
            seen.faults.push(fault);
            return Ok(seen);
        }
        Told::Limited(fault) => return Err(api.reset(fault).await),
        Told::Fault(fault) => return Err(fault),
        Told::Empty | Told::Nothing => return Err(malformed("users/show 没有给出用户")),
    };
    let id = user.get("idstr").or_else(|| user.get("id")).and_then(lenient::text);
    if id.as_deref() != Some(uid) {
        return Err(malformed("users/show 给出的不是所问的用户"));
    }
    seen.profile = Some(Profile {
        name: user.get("screen_name").and_then(lenient::text),
        state: ProfileState::Open,
        ..Profile::default()
    });
    let newest = match user.get("status").filter(|status| status.is_object()) {
        Some(status) => match post::read(status, None, uid, cx.now) {
            Row::Own(post) => Some(post),
            Row::Foreign | Row::Odd => None,
        },
        None => None,
    };
    let query = [("uid", uid), ("count", "100")];
    let mut posts = match api.ask("/2/statuses/user_timeline.json", &query, &mut seen).await {
        Told::Data(page) => {
            let posts = timeline(&page, &user, newest.as_ref(), &mut seen, (uid, cx.now));
            let signs = post::comment_sign(&posts);
            post::carried(&mut seen, &post::sightings(&posts), signs.as_ref());
            if !posts.is_empty() && seen.coverage.is_empty() {
                let body = "user_timeline 与 users/show 不一致,或含有不是本账号的微博,不作为没有发布的依据";
                seen.evidence.push(note(base, body.to_owned(), cx));
            }
            posts
        }
        Told::Fault(fault) | Told::Standing(_, fault) => {
            seen.faults.push(fault);
            Vec::new()
        }
        Told::Limited(fault) => {
            let fault = api.reset(fault).await;
            seen.faults.push(fault);
            Vec::new()
        }
        Told::Empty | Told::Nothing => Vec::new(),
    };
    posts.extend(newest);
    seen.evidence.extend(post::remarks(&posts).map(|body| note(base, body, cx)));
    seen.sightings = post::sightings(&posts);
    seen.interaction.extend(post::comment_sign(&posts));
    Ok(seen)
}

/// Takes the timeline's own posts, and its coverage where it may be trusted.
fn timeline(
    page: &Value,
    user: &Value,
    newest: Option<&Post>,
    seen: &mut Observation,
    (uid, now): (&str, Timestamp),
) -> Vec<Post> {
    let Some(list) = page.get("statuses").and_then(Value::as_array) else {
        seen.faults.push(malformed("user_timeline 没有 statuses"));
        return Vec::new();
    };
    let mut posts = Vec::new();
    let mut strange = false;
    for status in list {
        match post::read(status, None, uid, now) {
            Row::Own(post) => posts.push(post),
            Row::Foreign | Row::Odd => strange = true,
        }
    }
    let count = user.get("statuses_count").and_then(lenient::int);
    let since = if list.is_empty() {
        // Empty proves nothing by itself; together with the profile's own count of zero it does.
        (count == Some(0) && newest.is_none()).then(|| born(user, now))
    } else {
        post::vouched_since(&posts).filter(|_| !strange && agrees(&posts, newest))
    };
    if let Some(since) = since {
        seen.coverage.add(Channel::posts(), since, now);
    }
    posts
}

/// Does the timeline hold the newest post that the profile names, as its newest?
fn agrees(posts: &[Post], newest: Option<&Post>) -> bool {
    let Some(newest) = newest else { return false };
    let latest = posts.iter().map(|post| post.sighting.published.latest).max();
    posts.iter().any(|post| post.sighting.key == newest.sighting.key)
        && latest.is_some_and(|latest| latest >= newest.sighting.published.latest)
}

/// When the account was opened, or [`NEVER_DAYS`] ago.
fn born(user: &Value, now: Timestamp) -> Timestamp {
    let told = user.get("created_at").and_then(Value::as_str);
    let told = told.and_then(|text| timetext::parse(text, now)).map(|told| told.latest);
    told.unwrap_or(now - TimeDelta::days(NEVER_DAYS))
}

/// The interface with its token.
struct Api<'a> {
    token: crate::connector::Secret,
    base: &'a Url,
    cx: &'a PollContext<'a>,
}

impl Api<'_> {
    async fn ask(&self, path: &str, query: &[(&str, &str)], seen: &mut Observation) -> Told {
        let mut url = super::address(self.base, path);
        url.query_pairs_mut().extend_pairs(query);
        let shown = url.to_string();
        url.query_pairs_mut().append_pair("access_token", self.token.expose());
        let request = Request { redirects_max: 0, ..Request::get(url) };
        match self.cx.http.send(request).await {
            Err(error) => Told::Fault(error.fault(FaultScope::Platform)),
            Ok(response) => {
                let body = lenient::excerpt(&response.body);
                seen.evidence.push(Evidence { url: shown, at: self.cx.now, body });
                refusal::api(&response, self.cx.now)
            }
        }
    }

    /// The fault of a used-up limit, with the time of its reset: asked of `rate_limit_status`, which does not count.
    async fn reset(&self, fault: Fault) -> Fault {
        if fault.retry != Retry::Backoff {
            return fault;
        }
        let path = "/2/account/rate_limit_status.json";
        let wait = match self.ask(path, &[], &mut Observation::default()).await {
            Told::Data(body) => body.get("reset_time_in_seconds").and_then(lenient::int),
            _ => None,
        };
        let wait = wait.filter(|wait| (1..=86_400).contains(wait)).unwrap_or(RESET_S);
        fault.retry(Retry::After(wait.unsigned_abs()))
    }
}

/// Our own words about what was seen.
pub(super) fn note(base: &Url, body: String, cx: &PollContext<'_>) -> Evidence {
    Evidence { url: base.to_string(), at: cx.now, body }
}

fn malformed(why: &str) -> Fault {
    Fault::new(FaultScope::Connector, FaultKind::Malformed, format!("微博接口:{why}"))
}
