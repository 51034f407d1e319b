//! Is a link dead only when the answer proves it?

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::Html;
use axum::routing::get;

use super::*;
use crate::http::NetSettings;

async fn serve(router: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test server")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn client() -> HttpClient {
    HttpClient::new(NetSettings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        host_per_minute: 0,
        timeout: std::time::Duration::from_millis(800),
        ..NetSettings::default()
    })
    .unwrap()
}

fn now() -> Timestamp {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

fn router() -> Router {
    let to = |place: &'static str| {
        get(move || async move { (StatusCode::FOUND, [(header::LOCATION, place)]) })
    };
    let html = |text: &'static str| get(move || async move { Html(text) });
    let gbk = encoding_rs::GBK.encode("<html><title>栏目不存在</title></html>").0.into_owned();
    let deep = "<div>".repeat(50_000);
    let mut router = Router::new()
        .route("/alive", html(include_str!("../fixtures/link/alive.html")))
        .route("/soft", html(include_str!("../fixtures/link/soft-dead.html")))
        .route("/gbk", get(move || async move { ([(header::CONTENT_TYPE, "text/html")], gbk) }))
        .route("/deep", get(move || async move { Html(deep) }))
        .route("/json", get(|| async { axum::Json(serde_json::json!({"title": "页面不存在"})) }))
        .route("/empty", get(|| async { "" }))
        .route("/wall", html("<title>安全验证</title>"))
        .route("/home", to("/alive"))
        .route("/inside", to("http://10.0.0.1/"))
        .route("/script", to("javascript:void(0)"))
        .route("/loop", to("/loop"))
        .route("/to-soft", to("/soft"));
    for status in [401u16, 403, 410, 412, 429, 500, 503] {
        let code = StatusCode::from_u16(status).unwrap();
        router = router
            .route(&format!("/{status}"), get(move || async move { (code, "<title>404</title>") }));
    }
    router
}

#[tokio::test]
async fn each_answer_gets_what_it_proves() {
    let base = serve(router()).await;
    let articles: Url = "https://mp.weixin.qq.com".parse().unwrap();
    let http = client();
    let check = async |path: &str| {
        check(&http, &format!("{base}{path}"), &articles, &Controls::default(), now()).await.answer
    };
    for path in ["alive", "json", "home"] {
        assert_eq!(check(path).await, LinkAnswer::Alive, "{path}");
    }
    for path in ["nowhere", "410"] {
        assert!(matches!(check(path).await, LinkAnswer::Dead(_)), "{path}");
    }
    for path in ["soft", "gbk", "to-soft", "500", "503"] {
        assert!(matches!(check(path).await, LinkAnswer::Failing(_)), "{path}");
    }
    let soft = LinkAnswer::Failing("软死链:页面写着“抱歉,您访问的页面不存在或已被删除”".into());
    assert_eq!(check("soft").await, soft);
    for path in ["401", "403", "412", "429", "empty", "wall", "inside", "script", "loop", "deep"] {
        let answer = check(path).await;
        assert!(matches!(answer, LinkAnswer::Unknown(_)), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn what_does_not_answer_proves_nothing() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (silent_at, gone) = (silent.local_addr().unwrap(), closed.local_addr().unwrap());
    drop(closed);
    let articles: Url = "https://mp.weixin.qq.com".parse().unwrap();
    for url in [
        "http://192.168.1.1/".to_owned(),
        "http://[::1]/".to_owned(),
        "http://8.8.8.8:25/".to_owned(),
        "ftp://a.cn/".to_owned(),
        "weixin://dl/chat".to_owned(),
        "不是网址".to_owned(),
        String::new(),
    ] {
        let answer = check(&client(), &url, &articles, &Controls::default(), now()).await.answer;
        assert!(matches!(answer, LinkAnswer::Unknown(_)), "{url}: {answer:?}");
    }
    for url in [format!("http://{silent_at}/"), format!("http://{gone}/")] {
        let answer = check(&client(), &url, &articles, &Controls::default(), now()).await.answer;
        assert!(matches!(answer, LinkAnswer::Unreachable(_)), "{url}: {answer:?}");
    }
    let missing = HttpError { kind: HttpErrorKind::HostNotFound, detail: String::new() };
    assert_eq!(failed(&missing), LinkAnswer::HostGone);
    let ill = HttpError { kind: HttpErrorKind::ResolverDown, detail: String::new() };
    assert!(matches!(failed(&ill), LinkAnswer::Unknown(_)));
}

#[tokio::test]
async fn wechat_articles_are_asked_on_the_base_and_judged_by_their_page() {
    let html = |text: &'static str| get(move || async move { Html(text) });
    let router = Router::new()
        .route("/s/alive", html(include_str!("../fixtures/article/alive.html")))
        .route("/s/deleted", html(include_str!("../fixtures/article/deleted.html")))
        .route("/s/later", html("<div class=mesg-block><p>该内容暂时无法查看</p></div>"))
        .route("/s/wrong", html("<div class=page_msg>参数错误</div>"))
        .route("/s/paid", html("<div class=page_msg>付费后可继续阅读</div>"))
        .route("/s/wall", html("<div id=js_verify>"))
        .route("/s/odd", html("<title>页面不存在</title>"));
    let base = serve(router).await;
    let http = client();
    let check = async |path: &str| {
        let url = format!("https://mp.weixin.qq.com/s/{path}");
        check(&http, &url, &base, &Controls::default(), now()).await.answer
    };
    assert_eq!(check("alive").await, LinkAnswer::Alive);
    let whose = async |url: &str| {
        super::check(&http, url, &base, &Controls::default(), now()).await.author.map(|it| it.ids)
    };
    let by_page = whose("https://mp.weixin.qq.com/s/alive").await.unwrap();
    assert!(by_page.iter().any(|id| id.starts_with("gh_")), "{by_page:?}");
    assert!(by_page.iter().any(|id| id.starts_with('M')), "{by_page:?}");
    let by_address = whose("https://mp.weixin.qq.com/s?__biz=MzA5MDAwMDAwMQ==&mid=1").await;
    assert_eq!(by_address, Some(vec!["MzA5MDAwMDAwMQ==".to_owned()]), "the page says nothing");
    assert_eq!(check("paid").await, LinkAnswer::Alive);
    assert_eq!(check("deleted").await, LinkAnswer::Dead("该内容已被发布者删除".into()));
    for path in ["later", "wrong"] {
        let answer = check(path).await;
        assert!(matches!(answer, LinkAnswer::Failing(_)), "not dead at once: {answer:?}");
    }
    for path in ["wall", "odd"] {
        assert!(matches!(check(path).await, LinkAnswer::Unknown(_)), "{path}");
    }
}

#[tokio::test]
async fn a_busy_site_says_how_long_it_wants_to_be_left_alone() {
    let busy = |code: StatusCode| get(move || async move { (code, [("retry-after", "900")], "") });
    let router = Router::new()
        .route("/busy", busy(StatusCode::TOO_MANY_REQUESTS))
        .route("/away", busy(StatusCode::SERVICE_UNAVAILABLE))
        .route("/gone", busy(StatusCode::GONE))
        .route("/s/busy", busy(StatusCode::TOO_MANY_REQUESTS));
    let base = serve(router).await;
    let asked = async |url: &str| check(&client(), url, &base, &Controls::default(), now()).await;
    for (url, wish) in [
        (format!("{base}busy"), Some(900)),
        (format!("{base}away"), Some(900)),
        (format!("{base}gone"), None),
        ("https://mp.weixin.qq.com/s/busy".to_owned(), Some(900)),
    ] {
        let wanted = wish.zip(site_of(&url, &base)).map(|(seconds, site)| (site, seconds));
        assert_eq!(asked(&url).await.wish, wanted, "{url}");
    }
    assert_eq!(site_of("https://a.cn/x", &base).as_deref(), Some("a.cn:443"));
    assert_eq!(site_of("不是网址", &base), None);
}

/// A portal whose frame is around everything: `/gone/…` says so with 200, `/lists` is content, `/moved/…` goes home,
/// and any other path says that it is not there. Counts what is asked.
fn portal() -> (Router, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let hits = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = hits.clone();
    let frame = |inside: &str| {
        let menu =
            "<li>走进本县</li><li>政务要闻</li><li>信息公开</li><li>办事大厅</li><li>互动交流</li>";
        Html(format!(
            "<html><head><title>某县人民政府</title></head><body><ul>{menu}</ul>{inside}\
             <p>主办:县府办</p><p>地址:人民路1号</p></body></html>"
        ))
    };
    let answer = move |uri: axum::http::Uri| async move {
        hits.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match uri.path() {
            "/lists" => frame("<h1>办事指南</h1><p>问:点开提示</p><p>您访问的页面不存在</p>"),
            path => frame(&format!("<p>{path}</p><p>您访问的页面不存在</p>")),
        }
    };
    (Router::new().fallback(answer), counted)
}

#[tokio::test]
async fn a_random_path_decides_where_the_page_alone_does_not_and_is_asked_once() {
    let (router, hits) = portal();
    let base = serve(router).await;
    let articles: Url = "https://mp.weixin.qq.com".parse().unwrap();
    let (http, controls) = (client(), Controls::default());
    let asked = async |path: &str| {
        check(&http, &format!("{base}{path}"), &articles, &controls, now()).await
    };
    let gone = asked("a/2019/1.html").await;
    let words = "软死链:页面写着“您访问的页面不存在”";
    assert_eq!(gone.answer, LinkAnswer::Failing(words.into()), "{:?}", gone.marks);
    assert!(gone.marks.iter().any(|mark| mark.feature == "like_a_random_path"));
    assert_eq!(hits.load(std::sync::atomic::Ordering::SeqCst), 2);
    assert!(matches!(asked("b/2020/2.html").await.answer, LinkAnswer::Failing(_)));
    assert_eq!(hits.load(std::sync::atomic::Ordering::SeqCst), 3, "what a host says is kept");
    let lists = asked("lists").await;
    assert!(!matches!(lists.answer, LinkAnswer::Failing(_)), "{lists:?}");
}

#[tokio::test]
async fn a_post_that_leads_home_is_gone_only_where_any_address_does() {
    let to_home = || async { (StatusCode::FOUND, [(header::LOCATION, "/")]) };
    let home = || {
        get(|| async {
            Html("<html><title>某县</title><body>要闻 公告 服务</body></html>")
        })
    };
    let articles: Url = "https://mp.weixin.qq.com".parse().unwrap();
    let check = async |router: Router| {
        let url = format!("{}zwgk/2019/t20190402_3312.html", serve(router).await);
        check(&client(), &url, &articles, &Controls::default(), now()).await.answer
    };
    let any = Router::new().route("/", home()).fallback(to_home);
    assert!(matches!(check(any).await, LinkAnswer::Failing(_)));
    let one =
        Router::new().route("/", home()).route("/zwgk/2019/t20190402_3312.html", get(to_home));
    assert!(matches!(check(one).await, LinkAnswer::Unknown(_)));
}
