//! Does the digest say what changed, each trouble once, and what is missing?

use freshd_core::fault::{Fault, FaultKind, FaultScope};

use chrono::TimeDelta;

use super::*;
use crate::app::samples::{SENDING, app, failing, keep, standing};
use crate::report::samples::{account, now, province, sample};

fn made(app: &App) -> (String, String) {
    let letter = letter(app, now(), now() - TimeDelta::days(1), now()).unwrap();
    let mut text = String::new();
    for matter in &letter.matters {
        text.push_str(&format!("# {}\n{}\n", matter.title, matter.lines.join("\n")));
    }
    (letter.subject.unwrap(), text)
}

fn ago(hours: i64) -> Timestamp {
    now() - TimeDelta::hours(hours)
}

#[tokio::test]
async fn what_turned_bad_since_yesterday_and_nothing_older() {
    let (app, _) = app(SENDING, now());
    let mut all = province().into_iter();
    let (good, risk) = (all.next().unwrap(), all.next().unwrap());
    let fails = sample(account("3", "新超期"), Some(20.0), 30);
    let old = sample(account("4", "老超期"), Some(120.0), 100);
    let mut silent = sample(account("6", "无邮箱"), Some(1.0), 30);
    silent.0.email.clear();
    keep(
        &app,
        &[
            good,
            standing(risk, Outcome::Pass, ago(300)),
            standing(fails, Outcome::Fail, ago(3)),
            standing(old, Outcome::Fail, ago(3000)),
            silent,
        ],
    );
    let (subject, text) = made(&app);
    assert_eq!(subject, "日报 11月22日:疑似不达标 2,预警 1,待核实 0");
    assert!(text.contains("在运行账号 5 个:达标 2,预警 1,疑似不达标 2,待核实 0"), "{text}");
    assert!(text.contains("# 新增疑似不达标 1 项\n新超期"), "{text}");
    // It has been at risk for four days and a half: that was told then.
    assert!(!text.contains("老超期") && !text.contains("新增预警"), "{text}");
    assert!(text.contains("# 没有可用邮箱的账号 1 项\n无邮箱(新浪微博,weibo:6)"), "{text}");
}

#[tokio::test]
async fn an_account_that_came_near_its_deadline_by_time_alone_is_new_once() {
    let (app, _) = app(SENDING, now());
    // Five days before its deadline half a day ago.
    let near = sample(account("1", "将到期"), Some(9.5), 30);
    keep(&app, &[standing(near, Outcome::Pass, ago(48))]);
    assert!(made(&app).1.contains("# 新增预警 1 项\n将到期"));
    let later = now() + TimeDelta::days(1);
    let next = letter(&app, later, now(), later).unwrap();
    assert!(!next.matters.iter().any(|matter| matter.title.contains("新增预警")));
}

#[tokio::test]
async fn troubles_are_listed_once_and_letters_and_the_calendar_are_told() {
    let (app, _) = app(SENDING, now());
    let fault = Fault::new(FaultScope::Credential, FaultKind::Unauthorized, "40164");
    let all: Vec<_> = (0..40)
        .map(|n| {
            let one = sample(account(&n.to_string(), "甲"), Some(1.0), 30);
            failing(one, fault.clone(), ago(n))
        })
        .collect();
    keep(&app, &all);
    app.store().set_meta(META_RELAY_FAILING_SINCE, &ago(2)).unwrap();
    let text = made(&app).1;
    assert!(
        text.contains(
            "# 采集故障 1 项\n授权凭证 weibo weibo:自11月20日 19:00起,涉及 40 个账号;未获授权(40164)\n"
        ),
        "{text}"
    );
    assert!(text.contains("邮件服务器自11月22日 08:00起无法使用"), "{text}");
    let (covered, far) =
        (calendar(&app, now() - TimeDelta::days(200)), now() + TimeDelta::days(4000));
    assert!(covered.is_none());
    assert!(calendar(&app, far).unwrap().lines[0].contains("还没有录入"));
}
