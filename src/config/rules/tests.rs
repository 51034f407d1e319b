//! Does the built-in rulebook say what the clauses say, and can an operator add to it?

use super::*;

#[test]
fn the_built_in_profiles_have_their_windows_and_all_clauses() {
    let rulebook = built_in();
    for (name, days) in [("national", 14), ("weekly", 7), ("ten_days", 10)] {
        let profile = rulebook.profile(name).unwrap();
        assert_eq!(profile.update_window_days, days);
        assert_eq!(profile.clauses.len(), Rule::ALL.len(), "{name} has a clause for each rule");
    }
    let national = rulebook.profile("national").unwrap();
    assert!(national.clause(Rule::ContentStale).contains("监测时间点前2周内无更新"));
    assert_eq!(
        rulebook.profile("weekly").unwrap().clause(Rule::Safety),
        national.clause(Rule::Safety)
    );
}

#[test]
fn a_file_beside_the_configuration_adds_and_replaces() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rulebook.toml");
    let text = "[profile.city]\nbase = \"national\"\nupdate_window_days = 5\n\
                [profile.weekly]\nupdate_window_days = 6\n";
    std::fs::write(&file, text).unwrap();
    let rulebook = beside(&file, "rulebook.toml").unwrap();
    assert_eq!(rulebook.profile("city").unwrap().update_window_days, 5);
    assert_eq!(rulebook.profile("weekly").unwrap().update_window_days, 6);
    assert_eq!(rulebook.profile("national").unwrap().update_window_days, 14);
    assert_eq!(beside(&dir.path().join("absent.toml"), "x").unwrap(), built_in());
}

#[test]
fn every_problem_of_a_rulebook_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rulebook.toml");
    let text = "[profile.a]\ntitle = \"x\"\n[profile.b]\nupdate_window_days = 0\nbase = \"zzz\"\n\
                [profile.b.clauses]\ncontent-stail = \"…\"\n";
    std::fs::write(&file, text).unwrap();
    let problems = beside(&file, "rulebook.toml").unwrap_err();
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for part in ["profile.a.update_window_days", "第 4 行", "zzz", "是不是 content-stale?"] {
        assert!(shown.iter().any(|line| line.contains(part)), "{part} is not in {shown:#?}");
    }
    assert_eq!(shown.len(), 4, "{shown:#?}");
}
