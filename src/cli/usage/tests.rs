//! No English word of the parser's is left in help or refusals.

use super::*;

fn refused(line: &str) -> String {
    let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let mut command = command();
    let error = command.try_get_matches_from_mut(&typed).unwrap_err();
    refusal(&mut command, &typed, &error)
}

#[test]
fn every_refusal_says_what_where_and_how() {
    for (line, parts) in [
        ("freshd statsu", &["没有命令“statsu”", "“status”?", "freshd --help"][..]),
        ("freshd status --unti x", &["“--unti”", "是不是“--unit”?", "用法:freshd status"]),
        ("freshd status --verdict good", &["--verdict", "“good”", "可写:pass", "at_risk"]),
        ("freshd status --unit", &["--unit", "后面要写一个值"]),
        ("freshd import", &["缺少 <FILES>...(台账文件", "用法:freshd import [选项]"]),
        ("freshd confirm 甲 --published-at x", &["缺少 --note", "freshd confirm --help"]),
        ("freshd precheck --quarter 2026Q4 --at x", &["--quarter", "不能与 --at", "同时写"]),
        ("freshd poll --all --all", &["--all", "只能写一次"]),
        ("freshd explain 甲 乙", &["多余的参数“乙”"]),
        ("freshd export", &["缺少", "freshd export --help"]),
    ] {
        let told = refused(line);
        for part in parts {
            assert!(told.contains(part), "{line}: no “{part}” in {told}");
        }
        for english in ["error", "Usage", "OPTIONS", "required", "argument", "For more"] {
            assert!(!told.contains(english), "{line}: {english} in {told}");
        }
    }
}

#[test]
fn every_page_of_help_is_chinese() {
    fn pages(command: &mut Command, told: &mut Vec<String>) {
        told.push(command.render_help().to_string());
        told.push(command.render_long_help().to_string());
        command.get_subcommands_mut().for_each(|sub| pages(sub, told));
    }
    let mut told = Vec::new();
    pages(&mut command(), &mut told);
    assert!(told.len() > 40);
    for page in &told {
        assert!(page.contains("用法:") && page.contains("通用选项:"), "{page}");
        for english in [
            "Usage",
            "Options",
            "Commands",
            "Arguments",
            "Print",
            "possible",
            "default:",
            "COMMAND",
        ] {
            assert!(!page.contains(english), "{english} in {page}");
        }
    }
    assert!(told[0].contains("命令:") && told[0].contains("体检"), "{}", told[0]);
}

#[test]
fn the_words_for_verdicts_are_taken() {
    use crate::cli::args::Command;
    for (word, key) in [
        ("达标", "pass"),
        ("预警", "at_risk"),
        ("疑似不达标", "fail"),
        ("不达标", "fail"),
        ("待核实", "undetermined"),
        ("at_risk", "at_risk"),
    ] {
        let typed = ["freshd", "status", "--verdict", word].map(OsString::from).to_vec();
        let Command::Status(status) = parse(typed).unwrap().command else { panic!("status") };
        assert_eq!(status.verdict.unwrap().key(), key);
    }
}
