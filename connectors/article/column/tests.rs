//! Are time and column read from the pages of 南方+, and is an edit no publication?

use chrono::{TimeZone, Utc};

use super::*;

fn read_at(html: &str, url: &str) -> ColumnPage {
    let now = Utc.with_ymd_and_hms(2026, 11, 22, 4, 0, 0).unwrap();
    read(html, &url.parse().unwrap(), now)
}

const STATIC: &str = "https://static.nfnews.com/content/202611/20/c9876543.html";

const PAGE: &str = r#"<html><head><title>南方+</title><meta name="author" content="南方+客户端">
<!--enpproperty <articleid>9876543</articleid><title>茂名&amp;办事</title><keyword></keyword>/enpproperty-->
<script>var info = {"columnId": "3392", columnName: '茂名发布'};</script></head>
<body><h1 id="articleTitle">茂名</h1><div class="nfhtime pubtime" data-time="2026-11-20 09:30:00"></div>
<div id="content">columnId: 1 <p>articleid=2</p></div></body></html>"#;

#[test]
fn an_article_page_gives_time_column_and_number() {
    let page = read_at(PAGE, STATIC);
    let at = Utc.with_ymd_and_hms(2026, 11, 20, 1, 30, 0).unwrap();
    assert_eq!(page.published, Some(Published::at(at)));
    assert_eq!(page.column.as_deref(), Some("3392"), "not what the text says");
    assert_eq!(page.article.as_deref(), Some("9876543"));
    assert_eq!((page.name.as_deref(), page.title.as_str()), (Some("茂名发布"), "茂名&办事"));
}

#[test]
fn the_day_in_the_address_holds_against_an_edit_and_fills_a_gap() {
    let edited = read_at(PAGE, "https://static.nfnews.com/content/202610/01/c9876543.html");
    let first = Utc.with_ymd_and_hms(2026, 9, 30, 16, 0, 0).unwrap();
    assert_eq!(edited.published.unwrap().earliest, Some(first), "it keeps its first time");
    let bare = read_at("<html><title>标题</title></html>", STATIC);
    let day = Utc.with_ymd_and_hms(2026, 11, 19, 16, 0, 0).unwrap();
    assert_eq!(bare.published, Some(Published::between(day, day + Duration::seconds(86_399))));
    assert_eq!((bare.column, bare.name), (None, None));
    assert_eq!(bare.article.as_deref(), Some("9876543"));
    assert_eq!(read_at("<html>", "https://pc.nfnews.com/3392/5.html").column, None, "a claim");
}

#[test]
fn pages_of_the_platform_are_told_from_others() {
    let base: Url = "http://127.0.0.1:9/".parse().unwrap();
    let is = |text: &str| is_page(&text.parse().unwrap(), std::slice::from_ref(&base));
    assert!(is(STATIC) && is("https://pc.nfapp.southcn.com/1/2.html"));
    assert!(is("http://127.0.0.1:9/content/202611/20/c1.html"));
    assert!(!is("https://news.southcn.com/a.html") && !is("https://notnfnews.com/a.html"));
}
