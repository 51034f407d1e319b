//! When was one Weibo post published, and whose is it? A post's link, read through the configured interface.

use freshd_core::account::platform;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::observation::{Evidence, Observation};
use serde_json::Value;
use url::Url;

use super::post::{self, Row};
use super::refusal::{self, Told};
use super::{address, secret};
use crate::article::{Looked, Whose};
use crate::connector::PollContext;
use crate::http::Request;
use crate::lenient;
use crate::registry::WeiboMode;

/// The mobile pages are given to mobile clients.
const USER_AGENT: &str = "Mozilla/5.0 (Linux; Android 14; Mobile) freshd";
/// Digits of a post's number.
const ID_DIGITS: usize = 16;
/// What the short form of a number is written with.
const BASE62: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Is it a page of Weibo?
pub(crate) fn is_weibo(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    ["weibo.com", "weibo.cn"]
        .iter()
        .any(|name| host == *name || host.strip_suffix(name).is_some_and(|it| it.ends_with('.')))
}

/// The number of the post that a link names: `weibo.com/UID/ID`, `m.weibo.cn/status/ID`, `m.weibo.cn/detail/ID`; the ID
/// in digits or in the short form.
pub(crate) fn link(url: &Url) -> Option<String> {
    let mut path = url.path_segments()?.filter(|part| !part.is_empty());
    let (first, second) = (path.next()?, path.next()?);
    let uid = super::admit(first).is_ok();
    let named = path.next().is_none() && (uid || matches!(first, "status" | "detail"));
    (is_weibo(url) && named).then(|| number(second))?
}

/// A post's number from either form. The short one holds seven decimal digits in every four characters.
fn number(id: &str) -> Option<String> {
    if id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(id.to_owned());
    }
    if !(8..=10).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut groups = Vec::new();
    let mut end = id.len();
    while end > 0 {
        let start = end.saturating_sub(4);
        let digit = |held: usize, c| Some(held * 62 + BASE62.find(c)?);
        groups.push(id[start..end].chars().try_fold(0, digit)?);
        end = start;
    }
    let mut number = groups.pop()?.to_string();
    for group in groups.into_iter().rev() {
        number.push_str(&format!("{group:07}"));
    }
    (number.len() == ID_DIGITS).then_some(number)
}

/// Reads the post of that number below the configured address.
pub(crate) async fn look(
    id: &str,
    (mode, base): &(WeiboMode, Url),
    cx: &PollContext<'_>,
) -> Result<Looked, Fault> {
    let (told, shown, body) = ask(id, *mode, base, cx).await.map_err(tame)?;
    let data = match told {
        Told::Data(data) => data,
        Told::Nothing | Told::Empty => {
            return Err(refused(FaultKind::Malformed, "这条微博不存在、已删除或不公开"));
        }
        Told::Standing(_, fault) | Told::Fault(fault) | Told::Limited(fault) => {
            return Err(tame(fault));
        }
    };
    let status = data.get("data").filter(|held| held.is_object()).unwrap_or(&data);
    let text = |value: &Value, key: &str| value.get(key).and_then(lenient::text);
    if text(status, "deleted").as_deref() == Some("1") {
        return Err(refused(FaultKind::Malformed, "这条微博已删除"));
    }
    let held = text(status, "idstr").or_else(|| text(status, "id")).or_else(|| text(status, "mid"));
    if held.as_deref() != Some(id) {
        return Err(refused(FaultKind::Malformed, "微博给出的不是所问的那一条"));
    }
    let user = status.get("user").filter(|user| user.is_object());
    let uid = user.and_then(|user| text(user, "idstr").or_else(|| text(user, "id")));
    let (Some(user), Some(uid)) = (user, uid.filter(|uid| super::admit(uid).is_ok())) else {
        return Err(refused(FaultKind::Malformed, "微博没有说明这一条是谁发的"));
    };
    let Row::Own(post) = post::read(status, None, &uid, cx.now) else {
        return Err(refused(FaultKind::Malformed, "微博的应答不可识别"));
    };
    if !post.public {
        return Err(refused(FaultKind::Malformed, "这条微博只对部分人可见,不算公开发布"));
    }
    if post.sighting.published.earliest.is_none() {
        return Err(refused(FaultKind::Malformed, "这条微博没有写明发布时间"));
    }
    let remark = post.remark.as_ref().map(|body| super::api::note(base, body.clone(), cx));
    let evidence = Evidence { url: shown, at: cx.now, body };
    let whose = Whose {
        platform: platform::WEIBO,
        name: text(user, "screen_name").unwrap_or_default(),
        ids: vec![uid],
        reprint: post.sighting.repost,
        ..Whose::default()
    };
    let observation = Observation {
        sightings: vec![post.sighting],
        evidence: [evidence].into_iter().chain(remark).collect(),
        ..Observation::default()
    };
    Ok(Looked { observation, whose: Some(whose) })
}

async fn ask(
    id: &str,
    mode: WeiboMode,
    base: &Url,
    cx: &PollContext<'_>,
) -> Result<(Told, String, String), Fault> {
    let path = match mode {
        WeiboMode::Api => "/2/statuses/show.json",
        WeiboMode::Web => "/statuses/show",
    };
    let mut url = address(base, path);
    url.query_pairs_mut().append_pair("id", id);
    let shown = url.to_string();
    let request = match mode {
        WeiboMode::Api => {
            let token = secret(cx, "token")?;
            url.query_pairs_mut().append_pair("access_token", token.expose());
            Request { redirects_max: 0, ..Request::get(url) }
        }
        WeiboMode::Web => {
            let cookie = secret(cx, "cookie")?;
            Request { redirects_max: 0, ..Request::get(url) }
                .header("user-agent", USER_AGENT)
                .header("referer", address(base, &format!("/detail/{id}")))
                .header("mweibo-pwa", "1")
                .header("x-requested-with", "XMLHttpRequest")
                .header("cookie", cookie.expose())
        }
    };
    let response = cx.http.send(request).await;
    let response = response.map_err(|error| error.fault(FaultScope::Account))?;
    let told = match mode {
        WeiboMode::Api => refusal::api(&response, cx.now),
        WeiboMode::Web => refusal::web(&response, cx.now),
    };
    Ok((told, shown, lenient::excerpt(&response.body)))
}

/// A link that somebody gave says nothing of any account or platform: its trouble is its own.
fn tame(fault: Fault) -> Fault {
    let kind = match fault.kind {
        FaultKind::Gone | FaultKind::Suspended => FaultKind::Malformed,
        kind => kind,
    };
    let scope = match fault.scope {
        FaultScope::Local => FaultScope::Local,
        _ => FaultScope::Account,
    };
    Fault { scope, kind, ..fault }
}

fn refused(kind: FaultKind, what: &str) -> Fault {
    Fault::new(FaultScope::Account, kind, what)
}

#[cfg(test)]
mod tests;
