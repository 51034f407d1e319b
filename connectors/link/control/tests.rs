//! Is a random path beside the asked one, and is its answer compared without its own echo?

use super::*;
use crate::link::seen::Seen;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn response(at: &Url, status: u16, html: &str) -> Response {
    Response {
        status,
        url: at.clone(),
        headers: vec![("content-type".into(), "text/html; charset=utf-8".into())],
        body: html.to_owned().into(),
        truncated: false,
    }
}

fn page(at: &Url, html: &str) -> Seen {
    seen::of(&response(at, 200, html)).unwrap()
}

#[test]
fn the_random_path_keeps_directory_and_ending_and_is_the_same_each_time() {
    let asked = url("https://a.gov.cn/zwgk/col12/art_3.html?id=9#x");
    let random = beside(&asked);
    assert_eq!(random, beside(&asked));
    assert!(random.path().starts_with("/zwgk/col12/x") && random.path().ends_with(".html"));
    assert_eq!((random.query(), random.fragment()), (None, None));
    let of = |path: &str| beside(&url(&format!("https://a.gov.cn{path}"))).path().to_owned();
    assert!(of("/gk/").starts_with("/gk/x") && of("/gk/").ends_with('/'));
    assert!(of("/gk").starts_with("/x") && !of("/gk").ends_with('/'));
    let name = |host: &str| beside(&url(&format!("https://{host}/"))).path().to_owned();
    assert_ne!(name("a.gov.cn"), name("b.gov.cn"), "not one name for all hosts");
}

#[test]
fn answers_are_compared_without_the_address_that_they_repeat() {
    let asked = url("https://a.gov.cn/gk/1.html");
    let random = beside(&asked);
    let words = |at: &Url| {
        format!(
            "<title>提示</title><body><p>地址 {} 没有内容,编号 2026</p>某市人民政府</body>",
            at.path()
        )
    };
    let control = Control::of(&response(&random, 200, &words(&random)), random.clone());
    let like = |html: &str| {
        let seen = page(&asked, html);
        control.is_like(&Case { asked: &asked, last: &asked, seen: &seen, control: None })
    };
    assert_eq!(like(&words(&asked)), Some(true));
    assert_eq!(like("<title>办事指南</title><p>申请材料一览</p><p>受理条件</p>"), Some(false));
    assert_eq!(like("<p>12</p>"), None, "too little to compare");
}
