//! Are tags found where a browser finds them, and is depth never undercounted?

use super::*;

fn depth(html: &str) -> usize {
    scan(html, &mut |_| ())
}

fn ids(html: &str) -> Vec<&str> {
    let mut ids = Vec::new();
    scan(html, &mut |piece| {
        if let Piece::Open { attributes, .. } = piece {
            ids.extend(attribute(attributes, "id"));
        }
    });
    ids
}

#[test]
fn tags_are_found_outside_scripts_and_comments() {
    let html = r#"<!DOCTYPE html><title>x<b id=no></title><!-- <i id=no> --><script>"<p id='no'>"</script>
        <style><p id=no></style><textarea><p id=no></textarea><DIV a="1>2" ID = 'one'/><p
        id=two><a href=/x/ id=three>y</a> 1 < 2 <!--><u id=four><? <x id=no>"#;
    assert_eq!(ids(html), ["one", "two", "three", "four"]);
}

#[test]
fn scripts_and_title_are_given() {
    let mut seen = Vec::new();
    scan("<title>a &amp; b</TITLE><script x>var a = '</div>';</script>", &mut |piece| {
        if !matches!(piece, Piece::Open { .. }) {
            seen.push(piece);
        }
    });
    assert_eq!(seen, [Piece::Title("a &amp; b"), Piece::Script("var a = '</div>';")]);
}

#[test]
fn ordinary_pages_are_shallow() {
    assert_eq!(depth("<html><body><div><p>a<p>b<br><img src=x><ul><li>1<li>2</ul></div>"), 2);
    assert_eq!(depth(&"<div><span>x</span></div><p>y".repeat(5000)), 2);
    assert_eq!(depth(&"<table><tr><td>1<td>2</table>".repeat(5000)), 1);
    assert_eq!(depth(&"<svg><path d='m'/><g/></svg>".repeat(5000)), 1);
}

#[test]
fn tricks_do_not_hide_depth() {
    for unit in [
        "<div>",
        "<div></x>",
        "<span><div></span>",
        "<div><table></div>",
        "<div><object></div>",
        "<b><div></b>",
        "<div/>",
        "<svg><title><div>",
        "<ul><li>",
        "<table><td>",
        "<div x='</div>'>",
        "<div><!-- ></div>-->",
        "<div><script></div></script>",
    ] {
        assert!(depth(&unit.repeat(20_000)) > DEPTH_MAX, "{unit}");
        assert!(tree(&unit.repeat(20_000)).is_none(), "{unit}");
    }
    assert!(tree("<p>x").is_some());
    assert!(tree(&"x".repeat(TREE_BYTES_MAX + 1)).is_none());
}

#[test]
fn broken_markup_ends_quietly() {
    for html in [
        "<",
        "</",
        "<a",
        "<a b",
        "<a b=",
        "<a b='",
        "<!--",
        "<script>",
        "<é>",
        "<a é='é>",
        "</é>",
        "<a =b>",
    ] {
        depth(html);
    }
}

#[test]
fn formatting_that_is_opened_again_in_every_block_is_counted() {
    // Each paragraph would hold a copy of all of them: 1 MiB would become some 60 million elements.
    let open: String = (0..60).map(|n| format!("<b id={n}>")).collect();
    for block in ["<p>x</p>", "<p>x", "<div>x</div>", "<li>x"] {
        assert!(tree(&format!("<p>{open}</p>{}", block.repeat(50_000))).is_none(), "{block}");
    }
    let hidden = format!("<div>{open}</div>{}", "<p>x</p>".repeat(50_000));
    assert!(tree(&hidden).is_none(), "closed by the element around them, and opened again");
    let many: String = (0..600).map(|n| format!("<font color={n}>")).collect();
    assert!(tree(&many).is_none());
}

#[test]
fn a_tree_costs_no_more_than_was_counted() {
    let open: String = (0..20).map(|n| format!("<i id={n}>")).collect();
    for page in [
        format!("<p>{open}</p>{}", "<p>x</p>".repeat(3_000)),
        format!("<div>{open}</div>{}", "<div>x</div>".repeat(3_000)),
        format!("<table><td>{open}</table>{}", "<p>x</p>".repeat(3_000)),
        format!("<b>{}</b>", "<p><b>x</p>".repeat(300)),
        format!("{}{}", "<a href=x>y".repeat(300), "<p>x".repeat(3_000)),
        "<nobr><b>x</i></b>".repeat(300),
    ] {
        let cost = walk(&page, &mut |_| ());
        let tree = tree(&page).expect("within the limits");
        let elements = tree.tree.nodes().filter(|node| node.value().is_element()).count();
        assert!(elements <= cost.work + 10, "{elements} of {}: {}", cost.work, &page[..60]);
    }
}

#[test]
fn comments_end_where_a_browser_ends_them() {
    for (comment, rest) in [
        ("-->x", "x"),
        (" a --!>x", "x"),
        (" -- > --->x", "x"),
        (" ---- -->x", "x"),
        (">x", "x"),
        ("->x", "x"),
        (" -", ""),
        (" --", ""),
        ("", ""),
    ] {
        assert_eq!(after_comment(comment), rest, "{comment}");
    }
    // Looking for the rarer end from every comment on would be quadratic.
    assert_eq!(depth(&"<!---->".repeat(150_000)), 0);
    assert_eq!(depth(&format!("<!--{}", "-".repeat(1 << 20))), 0);
}

#[test]
fn references_are_resolved_once() {
    for (text, plain) in [
        ("a &amp; b", "a & b"),
        ("&amp;lt;", "&lt;"),
        ("&#20013;&#x6587;&nbsp;&quot;&apos;&gt;", "中文 \"'>"),
        (
            "&nosuch; & &; &#0; &#xd800; &#99999999999;",
            "&nosuch; & &; &#0; &#xd800; &#99999999999;",
        ),
        ("&", "&"),
        ("&amp", "&amp"),
    ] {
        assert_eq!(unescaped(text), plain);
    }
}
