//! What an import would change, and what it never touches.

use freshd_core::account::Account;

use super::*;
use crate::ledger::samples::with;

const HEADER: &str = "账号名称,平台,账号标识,主办单位,通报对象,联系人,曾用标识";

fn known(plan: &Plan) -> Directory {
    plan.added.iter().chain(&plan.updated).cloned().collect()
}

fn import(rows: &[&str]) -> Plan {
    plan(with(HEADER, rows), &Directory::default(), Options::default())
}

fn again(known: &Directory, rows: &[&str], options: Options) -> Plan {
    plan(with(HEADER, rows), known, options)
}

fn ids(accounts: &[Account]) -> Vec<&str> {
    accounts.iter().map(|account| account.id.as_str()).collect()
}

#[test]
fn a_first_import_adds_and_numbers_what_has_no_handle() {
    let first = import(&["甲,微博,1234567890,局,市,,", "乙,抖音,,局,市,,", "丙,微博,,局,市,,"]);
    assert!(first.applies);
    assert_eq!(ids(&first.added), ["weibo:1234567890", "抖音:n-1", "weibo:n-2"]);
    assert_eq!(first.next_number, 3);
    let second = again(
        &known(&first),
        &["丁,微博,,局,市,,"],
        Options { next_number: 1, ..Options::default() },
    );
    assert_eq!(ids(&second.added), ["weibo:n-1"], "another platform's number is free here");
}

#[test]
fn the_same_file_again_changes_nothing() {
    let rows = ["甲,微博,1234567890,局,市,张,", "乙,抖音,,局,市,,", "乙,抖音,,局,市,,"];
    let known = known(&import(&rows));
    let second = again(&known, &rows, Options { next_number: 9, ..Options::default() });
    assert_eq!((second.unchanged, second.added.len(), second.changed.len()), (3, 0, 0));
    assert_eq!(second.next_number, 9);
    assert!(second.missing.is_empty());
}

#[test]
fn an_account_keeps_its_id_when_its_handle_becomes_known_or_moves() {
    let known = known(&import(&["甲,微博,,局,市,张,", "乙,微博,1234567890,局,市,张,"]));
    let rows = ["甲,微博,2234567890,局,市,李,", "乙新名,微博,3234567890,局,市,张,1234567890"];
    let next = again(&known, &rows, Options::default());
    assert!(next.added.is_empty(), "{:?}", next.added);
    assert_eq!(ids(&next.updated), ["weibo:n-1", "weibo:1234567890"]);
    assert_eq!(next.updated[0].handle, "2234567890");
    assert_eq!(next.updated[0].sources[0].to_string(), "weibo:2234567890");
    assert_eq!(next.updated[1].handle, "3234567890");
    assert!(next.updated[1].aliases.contains(&"1234567890".to_owned()));
    let fields: Vec<&str> = next.changed.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(
        fields,
        ["handle", "contact", "sources", "name", "handle", "aliases", "sources", "previous_handle"]
    );
    // Its old identifier still finds it.
    let moved: Directory = next.updated.into_iter().collect();
    let old = again(&moved, &["乙新名,微博,1234567890,局,市,张,"], Options::default());
    assert_eq!(ids(&old.updated), ["weibo:1234567890"]);
}

#[test]
fn a_row_without_a_handle_never_forgets_the_known_one() {
    let known = known(&import(&["甲,微博,1234567890,局,市,张,"]));
    let next = again(&known, &["甲,微博,,局,市,李,"], Options::default());
    assert_eq!(next.updated[0].handle, "1234567890");
    assert_eq!(next.updated[0].sources[0].to_string(), "weibo:1234567890");
    assert_eq!(next.changed.len(), 1);
}

#[test]
fn a_column_that_the_file_lacks_is_left_and_an_empty_cell_empties() {
    let known = known(&import(&["甲,微博,1234567890,局,市,张,"]));
    let narrow = with("账号名称,平台,账号标识,主办单位", &["甲,微博,1234567890,局"]);
    assert_eq!(plan(narrow, &known, Options::default()).unchanged, 1);
    let next = again(&known, &["甲,微博,1234567890,局,市,,"], Options::default());
    assert_eq!((next.changed[0].before.as_str(), next.changed[0].after.as_str()), ("张", ""));
}

#[test]
fn a_unit_that_followed_from_the_region_follows_it_further() {
    let columns = "账号名称,平台,账号标识,主办单位,地区";
    let first = with(columns, &["甲,微博,1234567890,局,广东省/茂名市"]);
    let known = known(&plan(first, &Directory::default(), Options::default()));
    let second = with(columns, &["甲,微博,1234567890,局,广东省/湛江市"]);
    let next = plan(second, &known, Options::default());
    assert_eq!(next.updated[0].reporting_unit, "湛江市");
}

#[test]
fn one_bad_row_stops_the_import_unless_good_rows_are_enough() {
    let rows = ["甲,微博,1234567890,局,市,,", ",微博,2234567890,局,市,,"];
    let strict = import(&rows);
    assert!(!strict.applies && strict.bad_rows == 1 && strict.problems.len() == 1);
    assert!(strict.summary().contains("什么都没有改动"));
    let lenient =
        again(&Directory::default(), &rows, Options { good_rows: true, ..Options::default() });
    assert!(lenient.applies);
    assert_eq!(ids(&lenient.added), ["weibo:1234567890"]);
}

#[test]
fn replace_touches_only_the_units_that_the_file_names() {
    let all: Vec<String> =
        (0..200).map(|n| format!("甲{n},微博,{},局,市{},,", 1_000_000_000 + n, n % 4)).collect();
    let rows: Vec<&str> = all.iter().map(String::as_str).collect();
    let known = known(&import(&rows));
    let of_unit_0: Vec<&str> = rows.iter().step_by(4).copied().collect();
    let replace = Options { replace: true, ..Options::default() };

    let few = again(&known, &of_unit_0[2..], replace);
    assert_eq!(few.missing.len(), 152);
    let leaving: Vec<&str> = few.to_remove.iter().map(AccountId::as_str).collect();
    assert_eq!(leaving, ["weibo:1000000000", "weibo:1000000004"]);
    assert!(few.applies);

    let many = again(&known, &of_unit_0[5..], replace);
    assert_eq!(many.to_remove.len(), 5);
    assert!(!many.applies && many.needs_yes.as_deref().unwrap().contains("--yes"));
    assert!(many.summary().contains("--yes"));
    assert!(again(&known, &of_unit_0[5..], Options { yes: true, ..replace }).applies);

    let plain = again(&known, &of_unit_0[2..], Options::default());
    assert!(plain.to_remove.is_empty() && plain.missing.len() == 152);
}

/// A row that cannot be read might be the account that seems to be missing.
#[test]
fn a_unit_with_a_bad_row_loses_nobody() {
    let known = known(&import(&["甲,微博,1234567890,局,市,,", "乙,微博,2234567890,局,市,,"]));
    let options = Options { replace: true, yes: true, good_rows: true, ..Options::default() };
    let next = again(&known, &["甲,微博,1234567890,局,市,,", "丙,微博,2.23E+09,局,市,,"], options);
    assert_eq!(next.missing.len(), 1);
    assert!(next.to_remove.is_empty());
}

#[test]
fn a_returning_account_is_no_longer_to_be_removed() {
    let mut account = import(&["甲,微博,1234567890,局,市,,"]).added.remove(0);
    account.to_remove = true;
    let known: Directory = [account].into_iter().collect();
    let next = again(&known, &["甲,微博,1234567890,局,市,,"], Options::default());
    assert!(!next.updated[0].to_remove);
    assert_eq!(next.changed[0].field, "to_remove");
}

#[test]
fn two_rows_of_one_known_account_and_one_row_of_two_are_refused() {
    let columns = "账号名称,平台,账号标识,原始ID,主办单位";
    let first = with(columns, &["甲,微信公众号,gh_1,abcdef,局", "乙,微信公众号,gh_2,,局"]);
    let known = known(&plan(first, &Directory::default(), Options::default()));
    let twice = with(columns, &["甲,微信公众号,gh_1,,局", "丙,微信公众号,abcdef,,局"]);
    let told = plan(twice, &known, Options::default());
    assert!(told.problems[0].what.contains("与第 2 行指向同一个已有账号"), "{:?}", told.problems);
    let torn = with(columns, &["甲,微信公众号,gh_1,gh_2,局"]);
    let told = plan(torn, &known, Options::default());
    assert!(told.problems[0].what.contains("分属两个已有账号"), "{:?}", told.problems);
    assert!(!told.applies && told.updated.is_empty());
}

#[test]
fn the_summary_shows_the_differences_before_they_apply() {
    let known = known(&import(&["甲,微博,1234567890,局,市,张,", "丁,微博,4234567890,局,市,,"]));
    let next =
        again(&known, &["甲,微博,1234567890,局,市,李,", "乙,抖音,,局,市,,"], Options::default());
    let text = next.summary();
    for part in [
        "新增 1,变更 1,不变 0,文件中没有 1,拟移出 0",
        "抖音:n-1 乙(局)",
        "weibo:1234567890 contact «张» → «李»",
        "文件中没有、仍保留的账号(1):\n  weibo:4234567890 丁(微博;主办 局;通报对象 市)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_sheet_that_lacks_a_required_column_imports_no_row_even_of_the_good() {
    let parsed = with("账号名称,平台,账号标识", &["甲,微博,1234567890"]);
    let told =
        plan(parsed, &Directory::default(), Options { good_rows: true, ..Options::default() });
    assert_eq!((told.added.len(), told.bad_rows, told.problems.len()), (0, 1, 1));
}

#[test]
fn replacing_marks_nobody_of_a_unit_that_the_file_does_not_name() {
    // Neither 通报对象 nor 主管单位 nor 地区: the sponsor is the unit, and no two sponsors share one.
    let known = known(&import(&[
        "甲,微博,1234567890,局0,,,",
        "乙,微博,2234567890,局0,,,",
        "丙,微博,3234567890,局1,,,",
        "丁,微博,4234567890,局2,茂名市,,",
    ]));
    let replace = Options { replace: true, yes: true, ..Options::default() };
    let next = again(&known, &["甲,微博,1234567890,局0,,,"], replace);
    assert_eq!(next.missing.len(), 3);
    assert_eq!(
        next.to_remove.iter().map(AccountId::as_str).collect::<Vec<_>>(),
        ["weibo:2234567890"]
    );
    // A row that is wrong and names no unit may be any missing account's.
    let rows = ["甲,微博,1234567890,局0,,,", "乙,微博,,,,,"];
    let next = again(&known, &rows, Options { good_rows: true, ..replace });
    assert_eq!((next.bad_rows, next.to_remove.len()), (1, 0));
}

#[test]
fn a_row_of_another_file_is_named_with_its_file() {
    let known = known(&import(&["甲,微博,1234567890,局,市,,2234567890"]));
    let book = |file: &str, row: &str| {
        crate::ledger::table::read(file, format!("{HEADER}\n{row}\n").as_bytes()).unwrap()
    };
    let books =
        [book("a.csv", "甲,微博,1234567890,局,市,,"), book("b.csv", "甲,微博,2234567890,局,市,,")];
    let parsed = crate::ledger::rows::parse(&books, &crate::ledger::samples::rules());
    let next = plan(parsed, &known, Options::default());
    let told: Vec<String> = next.problems.iter().map(ToString::to_string).collect();
    assert!(told[0].starts_with("b.csv") && told[0].contains("与a.csv 第 2 行"), "{told:?}");
}

#[test]
fn a_bureaus_file_speaks_for_the_bureau_and_not_for_the_city_that_its_region_gives() {
    let columns = "账号名称,平台,账号标识,主办单位,主管单位,地区";
    let all = [
        "甲,微博,1234567890,教育局,市政府办,广东省/茂名市",
        "乙,微博,2234567890,教育局,市政府办,广东省/茂名市",
        "丙,微博,3234567890,卫健局,市政府办,广东省/茂名市",
    ];
    let known = known(&plan(with(columns, &all), &Directory::default(), Options::default()));
    assert_eq!(known.ids().len(), 3);
    let replace = Options { replace: true, yes: true, ..Options::default() };
    let bureau = plan(with(columns, &all[..1]), &known, replace);
    let leaving: Vec<&str> = bureau.to_remove.iter().map(AccountId::as_str).collect();
    assert_eq!(leaving, ["weibo:2234567890"]);
    let text = bureau.summary();
    assert!(text.contains("没有列出的账号(1):\n  主办单位「教育局」"), "{text}");
    let titled = "weibo:2234567890 乙(微博;主办 教育局;主管 市政府办;通报对象 茂名市)";
    assert!(text.contains(titled), "{text}");
    // A file of several bureaus under one 主管单位 is that one's.
    let office = ["甲,微博,1234567890,教育局,市政府办,", "丁,微博,4234567890,民政局,市政府办,"];
    let office = plan(with(columns, &office), &known, replace);
    assert_eq!(office.to_remove.len(), 2);
    assert!(office.summary().contains("主管单位「市政府办」"));
}
