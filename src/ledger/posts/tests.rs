//! Tests of tables of posts: spans, times, whose a row is, and what is never claimed.

use freshd_core::account::Account;
use freshd_core::coverage::Span;
use freshd_core::id::AccountId;
use freshd_core::{Timestamp, civil, timetext};

use super::plan::{Options, Plan, plan};
use super::whose::Directory;
use super::{row, span};

fn at(text: &str) -> Timestamp {
    let now = civil::start_of(chrono::NaiveDate::from_ymd_opt(2027, 1, 1).unwrap());
    timetext::parse(text, now).unwrap().earliest.unwrap()
}

fn now() -> Timestamp {
    at("2026-11-22 18:00")
}

fn account(name: &str, handle: &str) -> Account {
    Account {
        id: AccountId::of("抖音", handle),
        name: name.to_owned(),
        platform: "抖音".to_owned(),
        handle: handle.to_owned(),
        sponsor: "市局".to_owned(),
        ..Account::default()
    }
}

fn directory() -> Directory {
    [account("城东", "a"), account("城西", "b"), account("城北发布", "c")].into_iter().collect()
}

fn taken(csv: &str, complete: bool, good_rows: bool) -> Plan {
    let span = span::read("2026-10-01..2026-11-15", now()).unwrap();
    let posts = super::read("f.csv", csv.as_bytes(), now());
    plan(posts, &directory(), Options { good_rows, complete: complete.then_some(span) })
}

fn claims(plan: &Plan) -> Vec<&str> {
    let claimed = plan.accounts.iter().filter(|(_, given)| given.claim.is_some());
    claimed.map(|(id, _)| id.as_str()).collect()
}

#[test]
fn a_span_is_of_beijing_days_and_never_of_the_future() {
    let read = |text| span::read(text, now());
    let of = |since, until| Ok(Span { since: at(since), until: at(until) });
    assert_eq!(read("2026-10-01..2026-11-15"), of("2026-10-01", "2026-11-16"));
    assert_eq!(read("2026-10-01..2026-11-22"), of("2026-10-01", "2026-11-22 18:00"));
    assert_eq!(read("2026-10-01..2026-11-15 09:30"), of("2026-10-01", "2026-11-15 09:30"));
    let day = read("2026-11-15..2026-11-15");
    assert_eq!(day, of("2026-11-15", "2026-11-16"));
    for wrong in ["", "2026-10-01", "2026-11-02..2026-11-01", "11-01..11-02", "2026-10-01..明天"]
    {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    assert!(read("2026-10-01..2026-11-23").unwrap_err().contains("在将来"));
}

#[test]
fn a_time_in_a_file_says_the_whole_date() {
    let read = |text| row::time_of(text, now());
    let day = read("2026年11月15日").unwrap();
    assert_eq!((day.earliest, day.latest), (Some(at("2026-11-15")), at("2026-11-15 23:59:59")));
    assert!(read("2026-11-22").is_ok_and(|today| today.latest == now()));
    assert!(read("1794700800").is_ok(), "unix seconds");
    for relative in ["昨天", "3小时前", "11-15", "11月15日", "2月29日", "周一"] {
        assert!(read(relative).is_err(), "{relative}");
    }
    assert_eq!(read("2026-11-23").unwrap_err().0, "在将来");
    assert_eq!(read("2026-02-31").unwrap_err().0, "看不懂这个时间");
}

#[test]
fn only_accounts_in_the_file_are_claimed_and_none_in_doubt() {
    let head = "账号名称,平台,发布时间,标题\n";
    let whole = taken(&format!("{head}城东,抖音,2026-11-01,x\n城西,抖音,,\n"), true, false);
    assert_eq!(claims(&whole), ["抖音:a", "抖音:b"]);
    let none = taken(&format!("{head}城东,抖音,2026-11-01,x\n城西,抖音,,\n"), false, false);
    assert!(none.applies && claims(&none).is_empty());
    // A row whose date is wrong is the account's, one without a name anybody's.
    let dated = format!("{head}城东,抖音,32号,x\n城东,抖音,无,\n城西,抖音,,\n");
    assert!(!taken(&dated, true, false).applies);
    assert_eq!(claims(&taken(&dated, true, true)), ["抖音:b"]);
    let nameless = format!("{head},抖音,2026-11-01,x\n城西,抖音,,\n");
    assert!(claims(&taken(&nameless, true, true)).is_empty());
    let near = format!("{head}城比发布,抖音,2026-11-01,x\n城西,抖音,,\n城北发布,抖音,,\n");
    assert_eq!(claims(&taken(&near, true, true)), ["抖音:b"]);
}

#[test]
fn totals_and_signatures_are_passed_over_but_never_a_row_with_a_time() {
    let csv = "发布情况\n账号名称,平台,发布时间\n城东,抖音,2026-11-01\n\
               账号名称,平台,发布时间\n合计,1,\n填表人:张三\n合计,,2026-11-02\n";
    let plan = taken(csv, false, false);
    assert_eq!(plan.notices.len(), 3, "{:?}", plan.notices);
    assert_eq!(plan.problems.len(), 1, "{:?}", plan.problems);
    assert!(plan.problems[0].to_string().contains("第 7 行"), "{:?}", plan.problems);
}

#[test]
fn a_platform_or_identifier_that_is_not_known_leaves_its_namesakes_or_everybody_in_doubt() {
    let head = "账号名称,平台,发布时间,账号标识\n";
    let other = format!("{head}城东,抖音号,2026-11-01,\n城东,抖音,,\n城西,抖音,,\n");
    let plan = taken(&other, true, true);
    assert_eq!(claims(&plan), ["抖音:b"]);
    assert!(plan.problems[0].help.contains("抖音:a"), "{:?}", plan.problems);
    let mistyped = format!("{head},抖音,2026-11-01,zz9\n城西,抖音,,\n");
    assert!(claims(&taken(&mistyped, true, true)).is_empty());
}
