//! What a source brought is told in plain words.

use freshd_core::observation::Evidence;

use super::*;

fn told(source: &str, seen: &Observation) -> String {
    let mut text = String::new();
    seen_text(&mut text, &Source::parse(source).unwrap(), seen);
    text
}

#[test]
fn a_download_source_says_whether_it_can_be_had_and_what_was_tried() {
    let at = "2026-11-22T02:00:00Z".parse().unwrap();
    let tried = Evidence { url: "https://a.cn/x.apk".to_owned(), at, body: String::new() };
    for (available, word) in [
        (Some(true), "能否下载:可下载,安装包"),
        (Some(false), "能否下载:不可下载,安装包"),
        (None, "能否下载:待核实,安装包"),
    ] {
        let download = Some(DownloadSign { available, what: "安装包".to_owned() });
        let evidence = vec![tried.clone(), tried.clone()];
        let seen = Observation { download, evidence, ..Observation::default() };
        let text = told("apk:https://a.cn/x.apk", &seen);
        assert!(text.contains(word) && text.contains("(已试 2 次:https://a.cn/x.apk)"), "{text}");
        assert!(!text.contains("没有看到发布"), "it lists no posts: {text}");
    }
}

#[test]
fn a_source_that_shows_hits_only_says_so_in_plain_words() {
    let text = told("feed:https://a.cn/x", &Observation::default());
    assert!(text.contains("没有看到发布"), "{text}");
    assert!(text.contains("这个来源没有列出的,不能证明没有发布"), "{text}");
}
