//! Are the items of well-formed, sloppy, cut and hostile documents read as far as they can be?

use url::Url;

use super::super::outline::{Outline, TooMuch, outline};
use super::*;

fn read(text: &str) -> Result<Document, Unreadable> {
    document(text, &Url::parse("https://feed.example.gov.cn/rss.xml").unwrap())
}

/// `key|date` of each item, and whether the document is whole.
fn check(text: &str, items: &[&str], whole: bool) {
    let document = read(text).unwrap();
    let shown: Vec<String> = document
        .items
        .iter()
        .map(|item| format!("{}|{}", item.key, item.date.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(
        (shown, document.whole),
        (items.iter().map(ToString::to_string).collect(), whole),
        "{text}"
    );
}

const HEAD: &str =
    r#"<rss version="2.0"><channel><title>公告</title><link>https://example.gov.cn/</link>"#;

#[test]
fn the_three_formats_are_read() {
    let dated = "2026-11-22 10:00:00";
    check(
        &format!(
            r#"<?xml version="1.0" encoding="gb2312"?>{HEAD}<lastBuildDate>{dated}</lastBuildDate>
            <item><guid>a</guid><title>一</title><pubDate>{dated}</pubDate></item>
            <item><link>https://example.gov.cn/2</link></item></channel></rss>"#
        ),
        &["a|2026-11-22 10:00:00", "https://example.gov.cn/2|-"],
        true,
    );
    check(
        r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><id>f</id><updated>2026-11-22T00:00:00Z</updated>
        <entry><id>1</id><title>e</title><published>2026-11-20T10:00:00+08:00</published><updated>2026-11-21T10:00:00+08:00</updated></entry>
        <entry><id>2</id><title>f</title><updated>2026-11-19T10:00:00+08:00</updated></entry></feed>"#,
        &["1|2026-11-20T10:00:00+08:00", "2|2026-11-19T10:00:00+08:00"],
        true,
    );
    check(
        r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://example.gov.cn/"><title>t</title><link>https://example.gov.cn/</link></channel>
        <item rdf:about="https://example.gov.cn/1"><title>一</title><link>https://example.gov.cn/1</link><dc:date>2026-11-20</dc:date></item></rdf:RDF>"#,
        &["https://example.gov.cn/1|2026-11-20"],
        true,
    );
    check(
        r#"{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[
        {"id":1,"content_text":"a","date_published":"2026-11-22 10:00:00"},
        {"id":"b","url":"/b","authors":"nobody","date_modified":1795312800}]}"#,
        &["1|2026-11-22 10:00:00", "b|1795312800"],
        true,
    );
}

#[test]
fn an_edit_time_is_told_from_a_publication() {
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>x</title>
        <entry><id>1</id><title>e</title><updated>2026-11-22T10:00:00+08:00</updated></entry></feed>"#;
    assert!(read(atom).unwrap().items[0].edited);
    let rss =
        format!("{HEAD}<item><guid>1</guid><pubDate>2026-11-22</pubDate></item></channel></rss>");
    assert!(!read(&rss).unwrap().items[0].edited);
    let undated = format!("{HEAD}<item><guid>1</guid></item></channel></rss>");
    assert!(!read(&undated).unwrap().items[0].edited);
}

#[test]
fn versions_blanks_and_stray_ampersands_are_mended() {
    for root in [
        "<rss>",
        "<rss version=\"2.1\">",
        "<rss version='0.91'>",
        "\u{feff} \n<rss xmlns:a=\"b\" version=\"2\">",
    ] {
        check(
            &format!("{root}<channel><item><guid>a</guid></item></channel></rss>"),
            &["a|-"],
            true,
        );
    }
    check(
        &format!(
            "{HEAD}<item><title>a & b</title><link>https://example.gov.cn/?x=1&y=2</link></item></channel></rss>"
        ),
        &["https://example.gov.cn/?x=1&y=2|-"],
        true,
    );
    check(
        &format!(
            "{HEAD}<item><guid>a</guid><title>R&D <![CDATA[a & <b>]]> &nbsp;&#38;</title></item></channel></rss>"
        ),
        &["a|-"],
        true,
    );
}

#[test]
fn whole_items_of_a_cut_document_are_kept() {
    let two = format!(
        "{HEAD}<item><guid>a</guid><pubDate>2026-11-22</pubDate></item><item><guid>b</guid><title>tw"
    );
    check(&two, &["a|2026-11-22"], false);
    let whole =
        format!("{HEAD}<item><guid>a</guid></item><item><guid>b</guid></item></channel></rss>");
    let first_end = whole.find("</item>").unwrap() + "</item>".len();
    for cut in first_end..whole.len() - "</channel></rss>".len() {
        if whole.is_char_boundary(cut) {
            let items = read(&whole[..cut]).unwrap();
            assert!(!items.whole && items.items[0].key == "a", "cut at {cut}");
        }
    }
    check(
        r#"<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>x</title></entry><entry><id>2</id><ti"#,
        &["1|-"],
        false,
    );
}

#[test]
fn a_broken_item_costs_only_itself() {
    check(
        &format!(
            "{HEAD}<item><guid>a</guid></item><item><guid>b</guid><description><p>x<br>y</p></description></item><item><guid>c</guid></item></channel></rss>"
        ),
        &["a|-", "c|-"],
        false,
    );
}

#[test]
fn what_is_no_feed_is_said_to_be_none() {
    for text in [
        "<!DOCTYPE html><html><body>502</body></html>",
        "<html><item>x</item></html>",
        "hello",
        "{\"items\":[]}",
        "{\"version\":\"https://jsonfeed.org/version/1\"}",
        "[1]",
    ] {
        assert_eq!(read(text), Err(Unreadable::NotAFeed), "{text}");
    }
    for text in ["", "  \n", "\u{feff}", "<?xml version=\"1.0\"?>"] {
        assert_eq!(read(text), Err(Unreadable::Empty), "{text}");
    }
    for text in ["{\"version\":", "<rss version=\"2.0\"><channel><item><ti", "<feed"] {
        assert!(matches!(read(text), Err(Unreadable::Broken(_) | Unreadable::NotAFeed)), "{text}");
    }
}

#[test]
fn an_item_without_guid_and_link_keeps_its_key() {
    let text = format!(
        "{HEAD}<item><title>甲</title><pubDate>2026-11-22</pubDate></item><item><description>乙</description></item>
        <item><title>甲</title><pubDate>2026-11-21</pubDate></item></channel></rss>"
    );
    let (one, two) = (read(&text).unwrap(), read(&text).unwrap());
    assert_eq!(one, two);
    let keys: std::collections::BTreeSet<_> = one.items.iter().map(|item| &item.key).collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn one_guid_for_all_posts_does_not_make_them_one() {
    let text = format!(
        "{HEAD}<item><guid>x</guid><title>甲</title></item><item><guid>x</guid><title>乙</title></item></channel></rss>"
    );
    let document = read(&text).unwrap();
    assert_eq!(document.items.len(), 2);
    assert_ne!(document.items[0].key, document.items[1].key);
}

#[test]
fn only_web_links_are_kept() {
    let text = format!(
        "{HEAD}<item><guid>a</guid><link>javascript:alert(1)</link></item><item><guid>b</guid><link>/rel</link></item></channel></rss>"
    );
    let document = read(&text).unwrap();
    assert_eq!(document.items[0].url, None);
    assert_eq!(document.items[1].url.as_deref(), Some("https://feed.example.gov.cn/rel"));
}

#[test]
fn deep_documents_are_refused_in_one_pass() {
    let deep = format!("<rss version=\"2.0\">{}", "<a>".repeat(1_000_000));
    assert_eq!(read(&deep), Err(Unreadable::TooMuch));
    assert_eq!(outline(&deep), Err(TooMuch));
    let wide = format!("{HEAD}{}</channel></rss>", "<a/>".repeat(100_000));
    assert!(read(&wide).unwrap().items.is_empty());
    let nested_json = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":{}",
        "[".repeat(100_000)
    );
    assert!(matches!(read(&nested_json), Err(Unreadable::Broken(_))));
}

#[test]
fn entities_are_not_expanded() {
    let text = format!(
        "<!DOCTYPE rss [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>{HEAD}<item><guid>g</guid><title>&b;&f;</title></item></channel></rss>"
    );
    let document = read(&text).unwrap();
    assert!(document.items[0].title.len() < 20, "{}", document.items[0].title);
}

#[test]
fn tags_in_cdata_comments_and_attributes_are_no_items() {
    let text = format!(
        "{HEAD}<!-- <item> --><item a=\"<item>\"><guid>a</guid><description><![CDATA[<item></item>]]></description></item></channel></rss>"
    );
    let found: Outline<'_> = outline(&text).unwrap();
    assert_eq!(
        (found.root, found.items.len(), found.around.as_slice()),
        ("rss", 1, ["rss", "channel"].as_slice())
    );
}

mod hostile {
    use super::*;

    /// A feed, mangled at seeded places, is read or refused; never a panic.
    #[test]
    fn mangled_feeds_never_panic() {
        let good = format!(
            "<?xml version=\"1.0\"?>{HEAD}<item><guid>甲&amp;</guid><title><![CDATA[一]]></title><pubDate>2026-11-22</pubDate></item><item><guid>b</guid></item></channel></rss>"
        );
        let bytes = good.as_bytes();
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..3_000 {
            let mut mangled = bytes.to_vec();
            for _ in 0..3 {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let at = usize::try_from(seed % (mangled.len() as u64)).unwrap();
                match seed >> 60 {
                    0..4 => drop(mangled.drain(at..(at + 7).min(mangled.len()))),
                    4..8 => mangled.insert(at, b"<>&\"/"[usize::try_from(seed >> 20 & 3).unwrap()]),
                    8..12 => mangled.truncate(at.max(1)),
                    _ => mangled[at] = u8::try_from(seed >> 32 & 0xff).unwrap(),
                }
                if mangled.is_empty() {
                    mangled.push(b'<');
                }
            }
            let _ = read(&String::from_utf8_lossy(&mangled));
        }
    }
}
