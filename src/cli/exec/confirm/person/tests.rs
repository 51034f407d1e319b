//! Which spellings are one person's?

use super::*;

#[test]
fn spelling_makes_no_second_person() {
    for (one, other) in [
        ("张三", " 张三 "),
        ("张三", "张\u{3000}三"),
        ("张三", "张\u{200b}三\u{202e}"),
        ("Li  Lei", "li lei"),
        ("Li Lei", "LI LEI"),
        ("张三", "张 三."),
        ("张三", "张三(甲局)"),
        ("张三", "张三【值班】"),
        ("李一", "李\u{2f00}"),
        ("Ren\u{e9}", "Rene\u{301}"),
    ] {
        assert_eq!(identity(one), identity(other), "{one:?} and {other:?}");
    }
    for (one, other) in [("张三", "李四"), ("Li Lei", "LiLei"), ("hx8", "hx9")] {
        assert_ne!(identity(one), identity(other), "{one:?} and {other:?}");
    }
}

#[test]
fn a_name_is_shown_as_written() {
    assert_eq!(shown("  Li \t Lei\u{202e} "), "Li Lei");
    assert_eq!(shown(" \u{200b}\n"), "");
}
