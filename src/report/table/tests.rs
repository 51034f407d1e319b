//! Columns stand under each other whatever the script, and what needs a hand comes first.

use unicode_width::UnicodeWidthStr;

use super::*;
use crate::report::samples::{now, policy, province};
use crate::report::view::{StatusView, account_view};

fn view() -> StatusView {
    let mut view = StatusView::at(now());
    for (account, state, judgement) in province() {
        view.count(&account, &judgement);
        view.accounts.push(account_view(&account, &state, &judgement, &policy()));
    }
    view
}

#[test]
fn chinese_and_latin_cells_stand_under_each_other() {
    let mut table = Table::new([Column::text("名称", 10), Column::number("天数", 6)]);
    table.row([Cell::from("茂名发布"), Cell::from("3.5")]);
    table.row([Cell::from("abc"), Cell::from("12")]);
    table.row([Cell::from("一个很长很长的名称"), Cell::from("1")]);
    let text = table.render(false);
    let ends: Vec<usize> = text.lines().map(UnicodeWidthStr::width).collect();
    assert!(ends.iter().all(|end| *end == ends[0]), "{text}");
    assert!(text.contains("一个很长…"), "{text}");
}

#[test]
fn long_text_is_cut_to_the_width_never_beyond() {
    for width in 0..12 {
        assert!(fit("茂a名b发c布d", width).width() <= width);
    }
    assert_eq!(fit("茂名", 4), "茂名");
    assert_eq!(fit("茂名发", 4), "茂…");
}

#[test]
fn colour_comes_only_when_asked_for() {
    assert!(!status_table(&view(), false).contains('\x1b'));
    assert!(status_table(&view(), true).contains("\x1b[1;31m疑似不达标"));
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let mut table = Table::new([Column::text("名称", 40)]);
    table.row([Cell::from("\x1b]0;evil\x07a\nb")]);
    let text = table.render(false);
    assert!(!text.contains('\x1b') && text.lines().count() == 3, "{text:?}");
}

#[test]
fn fails_come_first_then_undetermined_then_risk() {
    let text = status_table(&view(), false);
    let words: Vec<&str> = text
        .lines()
        .skip(2)
        .take(5)
        .filter_map(|line| {
            ["疑似不达标", "待核实", "预警", "达标"].into_iter().find(|w| line.contains(*w))
        })
        .collect();
    assert_eq!(words, ["疑似不达标", "疑似不达标", "待核实", "预警", "达标"], "{text}");
    let first = text.lines().nth(2).unwrap();
    assert!(first.contains("消防"), "the longest overdue is on top: {first}");
    assert!(text.contains("共 5 个账号:疑似不达标 2 · 待核实 1 · 预警 1 · 达标 1"), "{text}");
    assert!(text.contains("自动可判 80.0%,只能证有 0.0%"), "{text}");
}
