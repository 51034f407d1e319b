//! Does a letter to the operators keep its table, its identity and its harmlessness?

use chrono::DateTime;

use super::*;

fn now() -> Timestamp {
    DateTime::from_timestamp(1_795_312_800, 0).unwrap()
}

fn letter(key: &str) -> OperatorLetter {
    let lines = vec!["第一项".to_owned(), "坏\u{202e}名\n字".to_owned()];
    let matter = Matter::new("季度自查".to_owned(), "说明", lines, key.to_owned());
    OperatorLetter {
        attachments: Vec::new(),
        reason: Reason::Precheck,
        subject: Some("2026Q4 季度自查".to_owned()),
        matters: vec![matter.with_block("1. 甲 <b>\n2. 乙\u{202e}")],
    }
}

fn made(letter: &OperatorLetter, at: Timestamp) -> Composed {
    compose("ops@b.cn", letter, ("f@b.cn", "政务公开办 0668-1"), &Templates::default(), at).unwrap()
}

#[test]
fn a_table_keeps_its_lines_and_nothing_is_markup() {
    let made = made(&letter("precheck 1"), now());
    assert_eq!(made.subject, "【政务新媒体提醒】2026Q4 季度自查");
    assert_eq!(made.reasons, [Reason::Precheck]);
    assert!(made.text.contains("政务公开办 0668-1") && made.html.contains("政务公开办 0668-1"));
    assert!(made.text.contains("\n  · 坏名 字\n1. 甲 <b>\n2. 乙\n"), "{}", made.text);
    assert!(made.html.contains("1. 甲 &lt;b&gt;\n2. 乙</pre>"), "{}", made.html);
}

#[test]
fn the_keys_alone_are_its_identity() {
    let one = made(&letter("precheck 1"), now());
    let later = now() + chrono::TimeDelta::hours(5);
    let again = made(&letter("precheck 1"), later);
    let next = made(&letter("precheck 2"), now());
    assert_eq!(one.message_id, again.message_id);
    assert_ne!(one.message_id, next.message_id);
}
