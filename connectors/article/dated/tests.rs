//! Are the date forms of government pages read, and coarse ones kept as ranges?

use super::*;

fn span(text: &str) -> Option<(String, String)> {
    let held = time(text)?;
    Some((civil::rfc3339(held.earliest?), civil::rfc3339(held.latest)))
}

#[test]
fn times_are_read_in_all_their_forms() {
    let second = "2026-11-05T10:30:15+08:00";
    for text in [
        "2026-11-05 10:30:15",
        "2026-11-05-10:30:15",
        "2026/11/05 10:30:15",
        "2026-11-05T10:30:15",
        "2026年11月5日 10时30分15秒",
        "2026-11-05T10:30:15+08:00",
        "2026-11-05T02:30:15Z",
        "2026.11.5 10:30:15",
        "2026-11-05T10:30:15+0800",
        " 2026-11-05 10:30:15 ",
        "2026-11-05 10:30:15.0",
    ] {
        assert_eq!(span(text), Some((second.into(), second.into())), "{text}");
    }
    let minute = ("2026-11-05T10:30:00+08:00".to_owned(), "2026-11-05T10:30:59+08:00".to_owned());
    assert_eq!(span("2026-11-05 10:30"), Some(minute));
    let day = ("2026-11-05T00:00:00+08:00".to_owned(), "2026-11-05T23:59:59+08:00".to_owned());
    for text in ["2026-11-05", "2026年11月05日", "2026/11/5"] {
        assert_eq!(span(text), Some(day.clone()), "{text}");
    }
    for text in [
        "",
        "昨天",
        "11-05",
        "2026-13-01",
        "2026-02-30",
        "2026-11-05 25:00",
        "20261105",
        "发布:2026-11-05",
    ] {
        assert_eq!(span(text), None, "{text}");
    }
}

#[test]
fn meta_tags_come_before_clocks_and_modification_is_no_publication() {
    let page = |html: &str| {
        let read = read(html);
        (
            read.published.and_then(|at| at.earliest).map(civil::rfc3339),
            read.title.unwrap_or_default(),
        )
    };
    let (at, title) = page(
        r#"<title>站名</title><meta name="ArticleTitle" content="通知"><time datetime="2026-11-09">
        <meta name="lastmodifiedtime" content="2026-11-10 00:00:00">
        <meta property="article:published_time" content="2026-11-08T00:00:00Z">
        <META NAME='PubDate' CONTENT='2026-11-05 10:30:15'/>"#,
    );
    assert_eq!((at.as_deref(), title.as_str()), (Some("2026-11-05T10:30:15+08:00"), "通知"));
    let one = "<title> 通知 &amp; 公告 </title><time datetime='2026-11-05T00:00:00+08:00'>";
    assert_eq!(page(one), (Some("2026-11-05T00:00:00+08:00".into()), "通知 & 公告".into()));
    assert_eq!(page(&format!("{one}{one}")).0, None, "two clocks: which is the page's?");
    assert_eq!(page("<script><meta name=pubdate content=2026-11-05></script>").0, None);
}
