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
