//! How is an HTTP client made whose every connection goes through the guard?

use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use url::Url;

use super::guard::GuardedResolver;
use super::send::causes;
use super::{HttpError, HttpErrorKind};

/// Longest wait for a connection (name, TCP and TLS together).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Idle connections are closed after this; servers commonly drop them after 60 s or more.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// Sent with every request. ASCII only: some gateways refuse other bytes in this header.
const USER_AGENT: &str =
    concat!("freshd/", env!("CARGO_PKG_VERSION"), " (+government new-media freshness monitor)");

/// A client whose every connection goes through the guard.
pub(super) fn client(
    resolver: GuardedResolver,
    proxy: Option<&Url>,
    idle: usize,
) -> Result<reqwest::Client, HttpError> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error only says that another part of the process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let mut defaults = HeaderMap::new();
    defaults.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("zh-CN,zh;q=0.9"));
    #[expect(clippy::disallowed_methods, reason = "the one place that makes a client")]
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(Arc::new(resolver))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .user_agent(USER_AGENT)
        .default_headers(defaults)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(idle)
        .pool_idle_timeout(IDLE_TIMEOUT);
    if let Some(proxy) = proxy {
        let proxy = reqwest::Proxy::all(proxy.clone()).map_err(|error| unusable(&error))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| unusable(&error))
}

fn unusable(error: &reqwest::Error) -> HttpError {
    let detail = format!("无法建立 HTTP 客户端(系统根证书或代理设置):{}", causes(error));
    HttpError { kind: HttpErrorKind::Connect, detail }
}
