//! Is each form of link told apart, and is a whole one never refused?

use super::*;

fn said(link: &str) -> String {
    let base = "https://mp.weixin.qq.com".parse().unwrap();
    objection(&link.parse().unwrap(), &base).unwrap_or_default()
}

#[test]
fn links_that_cannot_be_proofs_are_refused_in_their_own_words() {
    for (link, words) in [
        ("https://mp.weixin.qq.com/s?__biz=MzA%3D%3D&mid=1&idx=1", COPY_LINK),
        ("https://mp.weixin.qq.com/s?src=11&timestamp=1&ver=1&signature=x", "临时链接"),
        ("https://mp.weixin.qq.com/s/abc?tempkey=x", "点右上角“…”复制链接"),
        ("https://weibo.com/u/1234567890", "不是一条微博"),
        ("https://m.weibo.cn/profile/1234567890", "不是一条微博"),
        ("https://weibo.com/ttarticle/p/show?id=2309", "不是一条微博"),
    ] {
        assert!(said(link).contains(words), "{link}: {}", said(link));
    }
}

#[test]
fn whole_links_are_tried() {
    for link in [
        "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv",
        "https://mp.weixin.qq.com/s?__biz=MzA%3D%3D&mid=1&idx=1&sn=abc&chksm=x#rd",
        "https://weibo.com/1234567890/OfABCd123",
        "https://m.weibo.cn/detail/5312356647437845",
        "https://www.example.gov.cn/a?src=1&timestamp=2&signature=3",
    ] {
        assert_eq!(said(link), "", "{link}");
    }
}
