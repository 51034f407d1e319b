//! What do we promise never to do? On hosts where a credential could change something, only reading is let through.

use url::Url;

use super::{HttpError, HttpErrorKind, redact};

/// The host of WeChat's interfaces.
const WECHAT: &str = "api.weixin.qq.com";

/// Every path of that host that is ever asked. They read, hand out tokens, or have our own tickets pushed to us again;
/// none changes an account.
const WECHAT_PATHS: [&str; 16] = [
    "/cgi-bin/stable_token",
    "/cgi-bin/component/api_component_token",
    "/cgi-bin/component/api_start_push_ticket",
    "/cgi-bin/component/api_query_auth",
    "/cgi-bin/component/api_authorizer_token",
    "/cgi-bin/component/api_get_authorizer_list",
    "/cgi-bin/component/api_get_authorizer_info",
    "/cgi-bin/get_current_selfmenu_info",
    "/cgi-bin/menu/get",
    "/cgi-bin/get_current_autoreply_info",
    "/cgi-bin/freepublish/batchget",
    "/cgi-bin/freepublish/getarticle",
    "/cgi-bin/openapi/quota/get",
    "/datacube/getbizsummary",
    "/datacube/getarticletotaldetail",
    "/datacube/getinterfacesummary",
];

/// Is it one of the reading interfaces of WeChat?
pub(crate) fn is_wechat_reading(path: &str) -> bool {
    WECHAT_PATHS.contains(&path)
}

/// Refuses what would break the promise 只读, before anything is sent.
pub(super) fn keep(url: &Url) -> Result<(), HttpError> {
    let named = url.host_str().map(|host| host.trim_end_matches('.'));
    if named != Some(WECHAT) || is_wechat_reading(url.path()) {
        return Ok(());
    }
    let detail = format!("不在只读接口清单内,已拒绝:{}", redact::url(url));
    Err(HttpError { kind: HttpErrorKind::Refused, detail })
}

#[cfg(test)]
mod tests;
