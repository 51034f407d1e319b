//! Are scheme, port and name judged, and is a missing name told from an ill resolver?

use super::*;

fn guard(allow: &[&str]) -> Guard {
    let allow = allow.iter().map(|net| net.parse().unwrap()).collect();
    Guard { allow, ports: vec![80, 443] }
}

fn door(guard: &Guard, url: &str) -> Result<Door, HttpErrorKind> {
    guard.door(&Url::parse(url).unwrap()).map_err(|error| error.kind)
}

#[test]
fn schemes_ports_and_literals_are_judged_before_anything_is_sent() {
    let (closed, lab) = (guard(&[]), guard(&["127.0.0.0/8"]));
    let refused = Err(HttpErrorKind::Refused);
    for url in ["file:///etc/passwd", "ftp://1.1.1.1/", "gopher://1.1.1.1/", "javascript:alert(1)"]
    {
        assert_eq!(door(&lab, url), refused, "{url}");
    }
    let cases = [
        ("http://www.gov.cn/", Ok(Door::Open), Ok(Door::Open)),
        ("https://www.gov.cn/", Ok(Door::Open), Ok(Door::Open)),
        ("http://www.gov.cn:443/", Ok(Door::Open), Ok(Door::Open)),
        ("http://www.gov.cn:22/", refused, Ok(Door::Listed)),
        ("http://8.8.8.8/", Ok(Door::Open), Ok(Door::Open)),
        ("http://8.8.8.8:6379/", refused, refused),
        ("http://127.0.0.1/", refused, Ok(Door::Listed)),
        ("http://127.0.0.1:6379/", refused, Ok(Door::Listed)),
        ("http://10.0.0.1/", refused, refused),
    ];
    for (url, without, with) in cases {
        assert_eq!(door(&closed, url), without, "{url}");
        assert_eq!(door(&lab, url), with, "{url}");
    }
}

#[tokio::test]
async fn names_are_judged_by_what_they_resolve_to() {
    let resolver = |allow: &[&str], door, proxy: Option<&str>| GuardedResolver {
        allow: guard(allow).allow,
        door,
        proxy_host: proxy.map(str::to_owned),
        answered: Arc::default(),
        lookup: system(),
    };
    let ask = async |resolver: GuardedResolver| {
        resolver
            .admitted("localhost")
            .await
            .map(|found| found.map(|at| at.ip()).collect::<Vec<_>>())
    };
    let refused = ask(resolver(&[], Door::Open, None)).await.unwrap_err();
    assert_eq!(refused, ResolveError::Refused("localhost".into(), "本机地址"));
    let listed = ask(resolver(&["127.0.0.0/8"], Door::Listed, None)).await.unwrap();
    assert!(!listed.is_empty() && listed.iter().all(IpAddr::is_ipv4), "{listed:?}");
    let strict = ask(resolver(&[], Door::Strict, None)).await.unwrap_err();
    assert_eq!(strict, ResolveError::Refused("localhost".into(), "本机地址"));
    assert!(!ask(resolver(&[], Door::Open, Some("localhost"))).await.unwrap().is_empty());
}

#[test]
fn only_the_resolver_s_own_word_makes_a_name_missing() {
    let kind = |detail: &str, well| {
        let text = format!("failed to lookup address information: {detail}");
        sorted("a.gov.cn", &text, well).kind()
    };
    for missing in ["Name or service not known", "No address associated with hostname"] {
        assert_eq!(kind(missing, true), HttpErrorKind::HostNotFound);
        assert_eq!(kind(missing, false), HttpErrorKind::HostNotFound);
    }
    for ill in ["Temporary failure in name resolution", "Try again", "System error", "?"] {
        assert_eq!(kind(ill, false), HttpErrorKind::ResolverDown);
        assert_eq!(kind(ill, true), HttpErrorKind::Connect, "others resolve");
    }
}
