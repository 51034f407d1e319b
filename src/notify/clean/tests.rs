//! Are names and addresses made harmless?

use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: &str) {
    assert_eq!(clean_header_text(text), expected, "{text:?}");
}

#[test]
fn hidden_characters_and_line_breaks_go() {
    check("茂名发布", "茂名发布");
    check("茂名\r\nBcc: a@b.cn", "茂名 Bcc: a@b.cn");
    check("  茂名 \t 发布 ", "茂名 发布");
    check("\u{202e}布发\u{202c}", "布发");
    check("茂\u{200b}名\u{feff}", "茂名");
    check("\0\u{7f}\u{85}", "");
    check("{{7*7}}", "{{7*7}}");
}

#[test]
fn long_names_are_cut_with_a_sign() {
    let long = clean_header_text(&"茂".repeat(200));
    assert_eq!(long.chars().count(), NAME_CHARS_MAX);
    assert!(long.ends_with('…'));
    check(&"茂".repeat(64), &"茂".repeat(64));
}

#[test]
fn addresses_are_bare_and_their_domains_ascii() {
    let cases = [
        ("a@b.cn", Some("a@b.cn")),
        (" 张三 <zhang@Maoming.GOV.cn> ", Some("zhang@maoming.gov.cn")),
        ("a@政务.cn", Some("a@xn--4kqs0n.cn")),
        ("a@b@c.cn", None),
        ("a b@c.cn", None),
        ("a@", None),
        ("@b.cn", None),
        ("a@b..cn", None),
        ("a\r\nRCPT TO:<x@y.cn>@b.cn", None),
        ("a\r\nRCPT TO:<x@y.cn>", None),
        ("<a@b.cn", None),
        (".a@b.cn", None),
        ("a@127.0.0.1", None),
        ("", None),
    ];
    for (text, expected) in cases {
        if expected.is_some_and(|e| e.contains("xn--")) {
            let found = address(text).unwrap();
            assert!(found.starts_with("a@xn--") && found.ends_with(".cn"), "{found}");
        } else {
            assert_eq!(address(text).as_deref(), expected, "{text:?}");
        }
    }
}

proptest! {
    #[test]
    fn nothing_that_breaks_a_header_survives(text in any::<String>()) {
        let clean = clean_header_text(&text);
        prop_assert!(clean.chars().count() <= NAME_CHARS_MAX);
        prop_assert!(!clean.chars().any(is_hidden));
        prop_assert_eq!(clean_header_text(&clean), clean.clone());
        let _ = address(&text);
    }
}
