//! Nothing that steers a terminal or a spreadsheet gets through.

use super::*;
use crate::report::table::{Ink, paint};

#[test]
fn a_cell_never_starts_a_formula() {
    let ascii = ["=1+1", "+86", "-1", "@SUM", "\t=1", "\r=1", "\0=1", "  =1"];
    let full_width = ["\u{ff1d}1", "\u{ff0b}1", "\u{ff0d}1", "\u{ff20}a"];
    for risky in ascii.into_iter().chain(full_width) {
        assert!(neutral(risky).starts_with('\''), "{risky:?}");
    }
    for harmless in ["茂名发布", "", "1-2", "a=b", "《=》"] {
        assert_eq!(neutral(harmless), harmless);
    }
}

#[test]
fn escapes_and_direction_marks_do_not_reach_the_screen() {
    assert_eq!(plain("红\u{1b}[31m字\n二\u{202e}三\u{200b}"), "红 [31m字 二三");
}

#[test]
fn times_are_read_in_beijing() {
    assert_eq!(minute_of("2026-11-22T02:00:00Z"), "2026-11-22 10:00");
    assert_eq!(day_of("2026-11-22T17:00:00Z"), "2026-11-23");
    assert_eq!(minute_of("昨天"), "昨天");
}

#[test]
fn a_screen_shows_lines_and_our_colours_and_nothing_that_steers() {
    let title = "茂名\u{202e}tac\u{2066}\x1b]0;x\x07\x1b[2J\r";
    let text = format!("{}\n\t{title}\n", paint("达标", Ink::Bad, true));
    assert_eq!(screen(&text), "\x1b[1;31m达标\x1b[0m\n\t茂名tac ]0;x  [2J \n");
    for ink in [Ink::Bold, Ink::Dim, Ink::Good, Ink::Warn, Ink::Bad, Ink::Unsure] {
        let painted = paint("x", ink, true);
        assert_eq!(screen(&painted), painted);
    }
}

#[test]
fn past_the_deadline_only_a_proven_silence_is_counted_in_days() {
    assert_eq!(left_chinese(-2.0, Some(Outcome::Undetermined)), "期限已到,之后不清楚");
    assert_eq!(left_chinese(-2.0, Some(Outcome::Fail)), "已过 2.0 天");
    assert_eq!(left_chinese(1.5, Some(Outcome::Undetermined)), "1.5 天");
}

#[test]
fn a_rule_that_only_advises_accuses_nobody() {
    assert_eq!(outcome_chinese(Rule::Filing, Outcome::Fail), "建议处理");
    assert_eq!(outcome_chinese(Rule::ContentStale, Outcome::Fail), "疑似不达标");
}
