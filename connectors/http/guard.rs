//! May this request leave, and by which door? Scheme, port and address, checked before and while
//! connecting.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::Instant;
use url::{Host, Url};

use super::address::{Admission, admit};
use super::{HttpError, HttpErrorKind, redact};

/// Longest wait for the resolver; shorter than the connect timeout, so that a dead resolver is not
/// mistaken for a dead host.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(4);

/// After an answer, the resolver is taken to be well for so long.
const WELL_FOR: Duration = Duration::from_secs(60);

/// Which of the two clients carries a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Public addresses and the listed ones, on the listed ports.
    Open,
    /// Only listed addresses, on any port, never through the proxy.
    Listed,
    /// Public addresses only, on the listed ports: nothing counts as listed.
    Strict,
}

/// What may be asked.
pub(super) struct Guard {
    pub(super) allow: Vec<IpNet>,
    pub(super) ports: Vec<u16>,
}

impl Guard {
    /// Judges an address before anything is sent. A literal address is judged here, for a resolver
    /// is never asked for it; a name is judged by the door's resolver when it is looked up.
    pub(super) fn door(&self, url: &Url) -> Result<Door, HttpError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(format!("不支持的网址类型 {}:", url.scheme())));
        }
        let port = url.port_or_known_default().unwrap_or(0);
        let admission = match url.host() {
            Some(Host::Ipv4(ip)) => admit(IpAddr::V4(ip), &self.allow),
            Some(Host::Ipv6(ip)) => admit(IpAddr::V6(ip), &self.allow),
            Some(Host::Domain(_)) if self.ports.contains(&port) => return Ok(Door::Open),
            Some(Host::Domain(_)) if !self.allow.is_empty() => return Ok(Door::Listed),
            Some(Host::Domain(_)) => Admission::Public,
            None => return Err(refused("网址里没有主机名".to_owned())),
        };
        match admission {
            Admission::Listed => Ok(Door::Listed),
            Admission::Public if self.ports.contains(&port) => Ok(Door::Open),
            Admission::Public => {
                Err(refused(format!("不允许访问端口 {port}:{}", redact::url(url))))
            }
            Admission::Refused(what) => {
                Err(refused(format!("不允许访问{what}:{}", redact::url(url))))
            }
        }
    }
}

fn refused(detail: String) -> HttpError {
    HttpError { kind: HttpErrorKind::Refused, detail }
}

/// Why a name could not be turned into an address that may be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("域名 {0} 指向不允许访问的地址({1})")]
    Refused(String, &'static str),
    #[error("域名 {0} 不存在")]
    NotFound(String),
    #[error("域名 {0} 解析失败:{1}")]
    Down(String, String),
    /// The resolver answers for other names: it is this name's own servers that are ill.
    #[error("域名 {0} 的域名服务器异常:{1}")]
    Ill(String, String),
}

impl ResolveError {
    /// The first of its kind in an error's chain of causes.
    pub(super) fn within<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }

    pub(super) fn kind(&self) -> HttpErrorKind {
        match self {
            Self::Refused(..) => HttpErrorKind::Refused,
            Self::NotFound(_) => HttpErrorKind::HostNotFound,
            Self::Down(..) => HttpErrorKind::ResolverDown,
            Self::Ill(..) => HttpErrorKind::Connect,
        }
    }
}

/// Looks up the addresses of a name.
pub(super) type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The system's resolver.
pub(super) fn system() -> Lookup {
    Arc::new(|host| async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) }.boxed())
}

/// A resolver that hands out only addresses that the guard admits; the connection goes to exactly
/// those, so a name that changes its answer between check and use gains nothing.
#[derive(Clone)]
pub(super) struct GuardedResolver {
    pub(super) allow: Vec<IpNet>,
    pub(super) door: Door,
    /// The configured proxy's own name, which may be anywhere.
    pub(super) proxy_host: Option<String>,
    /// When the resolver last answered, shared by all doors.
    pub(super) answered: Arc<Mutex<Option<Instant>>>,
    /// Who is asked.
    pub(super) lookup: Lookup,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move { Ok(this.admitted(name.as_str()).await?) })
    }
}

impl GuardedResolver {
    async fn admitted(&self, host: &str) -> Result<Addrs, ResolveError> {
        let lookup = tokio::time::timeout(RESOLVE_TIMEOUT, (self.lookup)(host.to_owned()));
        let found: Vec<SocketAddr> = match lookup.await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Err(sorted(host, &error.to_string(), self.is_well())),
            Err(_) => return Err(sorted(host, "域名服务器没有回答", self.is_well())),
        };
        // A local name comes from a file and says nothing of the resolver.
        if found.iter().any(|address| !address.ip().is_loopback()) {
            *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        let proxy = self.proxy_host.as_deref() == Some(host);
        let mut refusal = None;
        let mut admitted = Vec::with_capacity(found.len());
        for address in found {
            match (admit(address.ip(), &self.allow), self.door) {
                _ if proxy => admitted.push(address),
                (Admission::Refused(what), _) => refusal = Some(what),
                (Admission::Public, Door::Listed) => refusal = Some("该端口不允许访问"),
                (Admission::Public | Admission::Listed, _) => admitted.push(address),
            }
        }
        match (admitted.is_empty(), refusal) {
            (false, _) => Ok(Box::new(admitted.into_iter())),
            (true, Some(what)) => Err(ResolveError::Refused(host.to_owned(), what)),
            (true, None) => Err(ResolveError::NotFound(host.to_owned())),
        }
    }

    /// Did the resolver answer for some name a moment ago?
    fn is_well(&self) -> bool {
        let answered = *self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.is_some_and(|at| at.elapsed() < WELL_FOR)
    }
}

/// The words of `gai_strerror` for "no such name" and "no address under that name" (EAI_NONAME,
/// EAI_NODATA), in glibc and musl. The standard library keeps the text and drops the number.
const NOT_FOUND: [&str; 5] = [
    "Name or service not known",
    "No address associated with",
    "Name does not resolve",
    "Name has no usable address",
    "nodename nor servname provided",
];

/// Is it the name that is missing, its own servers that are ill, or the resolver? Only the
/// resolver's plain word makes a name missing; the other two prove nothing about the host.
fn sorted(host: &str, text: &str, resolver_is_well: bool) -> ResolveError {
    let host = host.to_owned();
    if NOT_FOUND.iter().any(|words| text.contains(words)) {
        return ResolveError::NotFound(host);
    }
    match resolver_is_well {
        true => ResolveError::Ill(host, text.to_owned()),
        false => ResolveError::Down(host, text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
