//! What do we promise never to do? Where a credential could change something, only reading is let through.
//!
//! Kept in the one client, for whoever asks (connectors, manifests, links, redirects): a platform's own host answers
//! listed requests only. A `base_url` of the configuration may share its origin with pages and links, so there
//! whatever shows a token or lies among the platform's interfaces must be listed.

use url::{Origin, Url};

use super::{HttpError, HttpErrorKind, redact};

/// A platform whose interfaces could change an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// 微信公众平台接口.
    Wechat,
    /// 微博开放平台接口.
    Weibo,
}

impl Api {
    const ALL: [Self; 2] = [Self::Wechat, Self::Weibo];

    /// Every request that is ever made of it: method and path. They read, hand out tokens and codes, or have our own tickets
    /// pushed to us again; none changes an account.
    pub(crate) const fn listed(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Wechat => &[
                ("POST", "/cgi-bin/stable_token"),
                ("POST", "/cgi-bin/component/api_component_token"),
                ("POST", "/cgi-bin/component/api_start_push_ticket"),
                ("POST", "/cgi-bin/component/api_create_preauthcode"),
                ("POST", "/cgi-bin/component/api_query_auth"),
                ("POST", "/cgi-bin/component/api_authorizer_token"),
                ("POST", "/cgi-bin/component/api_get_authorizer_list"),
                ("POST", "/cgi-bin/component/api_get_authorizer_info"),
                ("GET", "/cgi-bin/get_current_selfmenu_info"),
                ("GET", "/cgi-bin/menu/get"),
                ("GET", "/cgi-bin/get_current_autoreply_info"),
                ("POST", "/cgi-bin/freepublish/batchget"),
                ("POST", "/cgi-bin/openapi/quota/get"),
                ("POST", "/cgi-bin/comment/list"),
                ("GET", "/cgi-bin/customservice/getkflist"),
                ("POST", "/datacube/getinterfacesummary"),
                ("POST", "/datacube/getbizsummary"),
                ("POST", "/datacube/getarticletotaldetail"),
            ],
            Self::Weibo => &[
                ("GET", "/2/users/show.json"),
                ("GET", "/2/statuses/user_timeline.json"),
                ("GET", "/2/statuses/show.json"),
                ("GET", "/2/account/rate_limit_status.json"),
            ],
        }
    }

    /// How the paths of its interfaces begin.
    const fn families(self) -> &'static [&'static str] {
        match self {
            Self::Wechat => &["/cgi-bin/", "/datacube/", "/customservice/"],
            Self::Weibo => &["/2/statuses/", "/2/comments/", "/2/users/", "/oauth2/"],
        }
    }

    /// Is it a host of its interfaces?
    fn lives_on(self, host: &str) -> bool {
        let below = |name: &str| {
            host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
        };
        match self {
            Self::Wechat => below("api.weixin.qq.com") || host == "api2.weixin.qq.com",
            Self::Weibo => below("api.weibo.com"),
        }
    }

    fn lists(self, method: &str, path: &str) -> bool {
        self.listed().contains(&(method, path))
    }
}

/// What an operator's own session of m.weibo.cn is shown for.
const WEIBO_SESSION: [&str; 2] = ["/api/container/getIndex", "/statuses/show"];

/// Is it one of the reading interfaces of WeChat?
pub(crate) fn is_wechat_reading(path: &str) -> bool {
    Api::Wechat.listed().iter().any(|(_, listed)| *listed == path)
}

/// The promise 只读, and where it holds besides the platforms' own hosts.
#[derive(Clone, Debug, Default)]
pub(super) struct Promise {
    bases: Vec<(Api, Origin, String)>,
}

impl Promise {
    /// It holds at these configured addresses, too.
    pub(super) fn at(bases: &[(Api, Url)]) -> Self {
        let base = |(api, url): &(Api, Url)| {
            (*api, url.origin(), url.path().trim_end_matches('/').to_owned())
        };
        Self { bases: bases.iter().map(base).collect() }
    }

    /// Refuses what would break it, before anything is sent; `cookie` = the request shows a session.
    pub(super) fn keep(&self, method: &str, url: &Url, cookie: bool) -> Result<(), HttpError> {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let own = Api::ALL.into_iter().find(|api| api.lives_on(host));
        let kept = match own {
            Some(api) => api.lists(method, url.path()),
            None if host == "m.weibo.cn" && cookie => {
                method == "GET" && WEIBO_SESSION.contains(&url.path())
            }
            None => self.is_kept_at_base(method, url),
        };
        if kept {
            return Ok(());
        }
        let shown = redact::url(url);
        let detail = format!("不在只读接口清单内,已拒绝:{method} {shown}");
        Err(HttpError { kind: HttpErrorKind::Refused, detail })
    }

    fn is_kept_at_base(&self, method: &str, url: &Url) -> bool {
        let origin = url.origin();
        let here: Vec<(Api, &str)> = self
            .bases
            .iter()
            .filter(|(_, base, _)| *base == origin)
            .map(|(api, _, prefix)| (*api, url.path().strip_prefix(prefix.as_str()).unwrap_or("")))
            .collect();
        if here.iter().any(|(api, path)| api.lists(method, path)) {
            return true;
        }
        let family = |(api, path): &(Api, &str)| {
            let paths = [*path, url.path()];
            paths.iter().any(|path| api.families().iter().any(|held| path.starts_with(held)))
        };
        let token =
            url.query_pairs().any(|(name, _)| name.to_ascii_lowercase().ends_with("access_token"));
        here.is_empty() || !(token || here.iter().any(family))
    }
}

#[cfg(test)]
mod tests;
