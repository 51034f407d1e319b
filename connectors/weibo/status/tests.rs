//! Is the number of a post read from each form of its link?

use super::*;

fn of(text: &str) -> Option<String> {
    link(&text.parse().unwrap())
}

#[test]
fn a_post_is_named_by_number_or_by_its_short_form() {
    let id = Some("5312356647437845".to_owned());
    for text in [
        "https://m.weibo.cn/status/5312356647437845",
        "https://m.weibo.cn/detail/5312356647437845?from=x#comment",
        "https://weibo.com/1234567890/5312356647437845",
        "https://www.weibo.com/1234567890/5312356647437845/",
    ] {
        assert_eq!(of(text), id, "{text}");
    }
    // A pair that is documented: mid 3501756485200075 is z0JH2lOMb.
    assert_eq!(of("https://weibo.com/2803301701/z0JH2lOMb").as_deref(), Some("3501756485200075"));
    for text in [
        "https://weibo.com/u/1234567890",
        "https://weibo.com/1234567890",
        "https://weibo.com/1234567890/home",
        "https://weibo.com/1234567890/z0JH2lOMb/more",
        "https://weibo.com/ttarticle/show",
        "https://example.com/1234567890/5312356647437845",
        "https://notweibo.com/1234567890/5312356647437845",
        "https://m.weibo.cn/status/531235",
    ] {
        assert_eq!(of(text), None, "{text}");
    }
}
