//! Weather over the wire, the log, and the price of a request.

use chrono::TimeDelta;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Province, get, send, start};
use crate::weather::{Site, WeatherKind};
use crate::world::{Account, Behaviour, Kind};

fn column(account: &Account) -> bool {
    matches!(account.kind, Kind::Nanfang { .. }) && account.behaviour == Behaviour::Daily
}

impl Province {
    fn force(&self, site: Site, kind: WeatherKind) {
        self.weather.force(site, kind, start(), start() + TimeDelta::hours(1));
    }

    fn column_list(&self) -> String {
        let column = &self.account(column).handle;
        format!("/nfplus-manuscript-web/article/list?columnId={column}&nfhSubCount=0&pageNum=1")
    }
}

#[tokio::test]
async fn outage_and_rate_limit_have_their_statuses_and_the_log_proves_courtesy() {
    let province = Province::start().await;
    let (base, list) = (province.platforms.bases().nanfang.clone(), province.column_list());
    province.force(Site::Nanfang, WeatherKind::Outage);
    assert_eq!(get(&base, &list).await.status, 503);
    province.force(Site::Nanfang, WeatherKind::RateLimit(600));
    let limited = get(&base, &list).await;
    assert_eq!(limited.status, 429);
    assert!(limited.head.contains("retry-after: 600"), "{}", limited.head);
    assert!(province.platforms.log.violations().is_empty());
    province.clock.set(start() + TimeDelta::seconds(599));
    get(&base, &list).await;
    assert_eq!(province.platforms.log.violations().len(), 1);
    let statuses: Vec<u16> =
        province.platforms.log.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [503, 429, 429]);
}

#[tokio::test]
async fn a_closed_line_gives_nothing_and_a_cut_body_less_than_promised() {
    let province = Province::start().await;
    let (base, list) = (province.platforms.bases().nanfang.clone(), province.column_list());
    let whole = get(&base, &list).await.body.len();
    province.force(Site::Nanfang, WeatherKind::Truncated);
    let cut = get(&base, &list).await;
    assert!(cut.head.to_lowercase().contains(&format!("content-length: {whole}")), "{}", cut.head);
    assert!(cut.body.len() <= whole / 2, "{} of {whole}", cut.body.len());
    province.force(Site::Nanfang, WeatherKind::Closed);
    assert!(send(&base, "GET", &list, "").await.is_none());
}

#[tokio::test]
async fn lies_are_well_formed() {
    let province = Province::start().await;
    let (base, list) = (province.platforms.bases().nanfang.clone(), province.column_list());
    let account = province.account(column);
    let truth = province.world.last_post_before(account.index, start() - TimeDelta::hours(30));
    province.force(Site::Nanfang, WeatherKind::Stale(30));
    let stale = get(&base, &list).await.json();
    let newest =
        stale["data"]["list"].as_array().unwrap().iter().map(|i| i["releaseTime"].as_str()).max();
    let expected =
        freshd_core::civil::local(truth.unwrap()).format("%Y-%m-%d %H:%M:%S").to_string();
    assert_eq!(newest.unwrap().unwrap(), expected);
    province.force(Site::Nanfang, WeatherKind::SilentEmpty);
    let empty = get(&base, &list).await.json();
    assert!(empty["success"] == true && empty["data"]["list"].as_array().unwrap().is_empty());
    province.force(Site::Nanfang, WeatherKind::Captcha);
    let wall = get(&base, &list).await;
    assert!(wall.status == 200 && wall.text().contains("安全验证"));
    province.force(Site::Article, WeatherKind::Captcha);
    assert_eq!(get(&province.platforms.bases().article, "/s/abc").await.status, 302);
}

#[tokio::test]
async fn a_stopped_platform_answers_nobody() {
    let province = Province::start().await;
    let base = province.platforms.bases().nanfang.clone();
    province.platforms.stop().await;
    let address = base.strip_prefix("http://").unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_log_tells_whom_a_request_was_about() {
    let province = Province::start().await;
    let (base, list) = (province.platforms.bases().nanfang.clone(), province.column_list());
    get(&base, &list).await;
    get(&base, "/nfplus-manuscript-web/article/list?columnId=1").await;
    let about: Vec<Option<usize>> =
        province.platforms.log.requests().iter().map(|request| request.account).collect();
    assert_eq!(about, [Some(province.account(column).index), None]);
    assert_eq!(province.platforms.log.per_account_day().len(), 1);
}

/// Two thousand requests over one kept-alive connection, every one answered: prints what one costs.
#[tokio::test]
async fn many_requests_share_a_connection() {
    let province = Province::start().await;
    let (base, list) = (province.platforms.bases().nanfang.clone(), province.column_list());
    let length = get(&base, &list).await.body.len();
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {list} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut buffer = Vec::new();
    for _ in 0..2_000 {
        stream.write_all(request.as_bytes()).await.unwrap();
        buffer.clear();
        loop {
            assert!(stream.read_buf(&mut buffer).await.unwrap() > 0);
            let head = buffer.windows(4).position(|window| window == b"\r\n\r\n");
            if head.is_some_and(|head| buffer.len() == head + 4 + length) {
                break;
            }
        }
    }
    assert_eq!(province.platforms.log.count(Site::Nanfang), 2_001);
}
