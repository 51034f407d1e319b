//! Does a letter say everything that it must, and nothing that an account's name smuggles in?

use chrono::TimeDelta;
use freshd_core::calendar::Calendar;
use freshd_core::history::{EvidenceRef, Look};
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Observation, Published, Sighting};
use freshd_core::reminder::Audience;
use freshd_core::state::AccountState;
use proptest::prelude::*;

use super::super::plan::look;
use super::*;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::state::SourceState;

fn at(month: u32, day: u32, hour: u32) -> Timestamp {
    let day = NaiveDate::from_ymd_opt(2026, month, day).unwrap();
    civil::instant(day.and_hms_opt(hour, 0, 0).unwrap())
}

fn policy() -> Policy {
    let book = crate::config::rules::built_in();
    Policy::of(book.profile("national").expect("the national profile is built in").clone())
}

fn calendar() -> Calendar {
    Calendar::from_parts(
        [2026],
        [(NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(), "假日".into())],
        [],
    )
}

fn account(name: &str) -> Account {
    Account {
        id: AccountId::new("weibo:1234"),
        name: name.to_owned(),
        platform: "weibo".to_owned(),
        handle: "1234".to_owned(),
        sponsor: "茂名市政务公开办".to_owned(),
        ..Account::default()
    }
}

/// One post, then proven silence until `seen`.
fn state(posted: Timestamp, seen: Timestamp, title: &str) -> AccountState {
    let mut state = AccountState::default();
    let mut observation = Observation::default();
    observation.sightings.push(Sighting {
        key: "1".to_owned(),
        channel: Channel::posts(),
        published: Published::at(posted),
        title: title.to_owned(),
        url: Some("https://weibo.com/1234/1".to_owned()),
        pinned: false,
        repost: false,
    });
    observation.coverage.add(Channel::posts(), posted - TimeDelta::days(30), seen);
    let url = "https://m.weibo.cn/api".to_owned();
    state.history.absorb(&Look {
        source: "weibo:1234",
        at: seen,
        channels: &[Channel::posts()],
        observation: &observation,
        evidence: Some(EvidenceRef { at: seen, id: "0123456789abcdef".to_owned(), url }),
        voucher: None,
    });
    state
}

fn items(account: &Account, state: &AccountState, now: Timestamp) -> Vec<Item> {
    let (judgement, decision) = look(account, state, &policy(), now, TimeDelta::zero());
    let item = |tell| Item {
        account: account.clone(),
        judgement: judgement.clone(),
        tell,
        owner_acts: owner_acts(state),
        history: Vec::new(),
        inspection: None,
    };
    decision.tell.into_iter().map(item).collect()
}

fn write(items: Vec<Item>, public_url: Option<&str>, now: Timestamp) -> Composed {
    let recipient = Recipient { address: "a@b.gov.cn".to_owned(), name: "张三".to_owned() };
    let (policy, calendar) = (policy(), calendar());
    let house = House {
        from: "freshd@maoming.gov.cn",
        office: "茂名市政务公开办 0668-1234567",
        public_url,
        doors: None,
        policy: &policy,
        calendar: &calendar,
        templates: &Templates::default(),
    };
    compose(
        &Draft { recipient, items, list: None, named: None, left_of: String::new() },
        &house,
        now,
    )
    .unwrap()
}

#[test]
fn a_reminder_names_the_day_the_holiday_and_the_evidence() {
    let now = at(11, 28, 9);
    let letter =
        write(items(&account("茂名发布"), &state(at(11, 19, 0), now, "通知"), now), None, now);
    assert_eq!(letter.subject, "【政务新媒体提醒】1 个账号须于12月2日(含)前发布(茂名发布)");
    assert_eq!(letter.reasons, [Reason::Reminder]);
    assert_eq!(letter.late_after, Some(at(12, 3, 0)));
    let expected = "张三,您好:

■ 即将到期(预警)(1 个)
贵单位主办的以下账号目前达标,但临近更新期限,请按时发布。

1. 茂名发布(新浪微博,1234)
   主办单位:茂名市政务公开办
   状态:预警
   ▶ 请于12月2日(含)前发布
   ▶ 期限前有假日假期(12月1日),建议于11月30日(放假前最后一个工作日)前发布
   指标:内容不更新
";
    assert!(letter.text.starts_with(expected), "{}", letter.text);
    for line in [
        "   最近更新:2026-11-19 00:00《通知》",
        "   链接:https://weibo.com/1234/1",
        "   佐证:2026-11-28 09:00 采集自 https://m.weibo.cn/api,存证编号 0123456789ab",
        "   数据截至:2026-11-28 09:00",
        "   ▶ 请于12月2日(含)前发布",
        "   ▶ 期限前有假日假期(12月1日),建议于11月30日(放假前最后一个工作日)前发布",
        "“茂名发布”(新浪微博),最近更新11月19日,请于12月2日(含)前发布。(茂名市政务公开办 0668-1234567)",
        "系统自动提示,供自查,不作为通报依据。",
        "茂名市政务公开办 0668-1234567",
        "本邮件不会索要密码、AppSecret 或验证码,请勿在回复中提供。",
    ] {
        assert!(letter.text.lines().any(|found| found == line), "{line}\n--\n{}", letter.text);
    }
    assert!(letter.text.contains("   条款:") && letter.text.contains("直接回复本邮件"));
    assert!(!letter.text.contains("/accounts/"), "no link without a public address");
    for words in ["请于12月2日(含)前发布", "系统自动提示", "2026-11-28 09:00", "条款"]
    {
        assert!(letter.html.contains(words), "{words}\n--\n{}", letter.html);
    }
}

#[test]
fn only_hours_left_are_told_as_an_hour() {
    let now = at(12, 3, 9);
    let letter =
        write(items(&account("茂名发布"), &state(at(11, 19, 15), now, ""), now), None, now);
    assert_eq!(letter.subject, "【政务新媒体提醒】1 个账号须于今日15:00前发布(茂名发布)");
    assert!(letter.text.contains("   ▶ 请于今日15:00前发布\n"), "{}", letter.text);
}

#[test]
fn an_overdue_letter_says_suspected_and_as_of_when() {
    let now = at(12, 5, 9);
    let seen = at(12, 4, 20);
    let letter = write(
        items(&account("茂名发布"), &state(at(11, 19, 15), seen, ""), now),
        Some("https://freshd.maoming.gov.cn/"),
        now,
    );
    assert_eq!(letter.subject, "【政务新媒体提醒】1 个账号已超期(茂名发布)");
    assert_eq!(letter.late_after, None);
    for words in [
        "   状态:疑似不达标\n",
        "   数据截至:2026-12-04 19:59\n",
        "应于12月2日(含)前发布,已超期",
        "   详情:https://freshd.maoming.gov.cn/accounts/weibo:1234\n",
    ] {
        assert!(letter.text.contains(words), "{words}\n--\n{}", letter.text);
    }
}

#[test]
fn reasons_are_grouped_most_urgent_first_and_the_id_ignores_order() {
    let now = at(12, 5, 9);
    let mut all = items(&account("甲"), &state(at(11, 23, 0), now, ""), now);
    let mut other = account("乙");
    other.id = AccountId::new("weibo:2");
    all.extend(items(&other, &state(at(11, 10, 0), now, ""), now));
    let mut turned = all.clone();
    turned.reverse();
    let (one, two) = (write(all.clone(), None, now), write(turned, None, now));
    assert_eq!(one, two);
    assert_eq!(one.reasons, [Reason::Overdue, Reason::Reminder]);
    assert_eq!(
        one.subject,
        "【政务新媒体提醒】1 个账号已超期、1 个账号须于12月6日(含)前发布(茂名市政务公开办)"
    );
    assert_eq!(one.accounts, ["weibo:2", "weibo:1234"]);
    assert_eq!(one.id.len(), 16);
    assert!(one.message_id.starts_with(&format!("<freshd.{}", one.id)), "{}", one.message_id);
    assert!(one.message_id.ends_with("@maoming.gov.cn>"));
    let later = write(all.clone(), None, now + TimeDelta::hours(1));
    assert_eq!((&later.id, &later.message_id), (&one.id, &one.message_id), "same content");
    all[0].tell.stage += 1;
    assert_ne!(write(all, None, now).id, one.id);
}

#[test]
fn names_are_never_a_template_nor_markup() {
    let now = at(11, 28, 9);
    let name = "{{7*7}}{% for x in y %}<script>alert(1)</script>\u{202e}";
    let letter = write(items(&account(name), &state(at(11, 19, 0), now, "<b>"), now), None, now);
    let clean = "{{7*7}}{% for x in y %}<script>alert(1)</script>";
    assert!(letter.subject.ends_with(&format!("({clean})")), "{}", letter.subject);
    assert!(letter.text.contains(clean) && letter.text.contains("《<b>》"));
    assert!(!letter.html.contains("<script>") && letter.html.contains("&lt;script&gt;"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_name_makes_a_letter(name in any::<String>(), title in any::<String>()) {
        let now = at(11, 28, 9);
        let letter = write(items(&account(&name), &state(at(11, 19, 0), now, &title), now), None, now);
        prop_assert!(!letter.subject.chars().any(char::is_control));
        prop_assert!(letter.text.contains("系统自动提示,供自查,不作为通报依据"));
        prop_assert!(!letter.html.contains("<script"));
    }
}

#[test]
fn what_only_the_owner_can_mend_stands_in_the_owners_letter_once() {
    let now = at(11, 28, 9);
    let mut state = state(at(11, 19, 0), now, "通知");
    let fault =
        Fault::new(FaultScope::Account, FaultKind::Unauthorized, "48001").for_owner("请办理年审\n");
    for source in ["wechat:a", "wechat:b"] {
        let faults = vec![fault.clone(), Fault { owner: None, ..fault.clone() }];
        let held = SourceState { faults, ..SourceState::default() };
        state.sources.insert(source.to_owned(), held);
    }
    let letter = write(items(&account("茂名发布"), &state, now), None, now);
    let told = "   建议:为能继续监测:请办理年审\n";
    assert_eq!(letter.text.matches(told).count(), 1, "{}", letter.text);
    assert!(letter.html.contains("请办理年审"));
    state.sources.clear();
    let letter = write(items(&account("茂名发布"), &state, now), None, now);
    assert!(!letter.text.contains("为能继续监测"), "{}", letter.text);
}

#[test]
fn the_words_follow_who_reads_them() {
    let now = at(11, 28, 9);
    let mut account = account("茂名发布");
    account.supervisor = "茂名市政府办".to_owned();
    account.officer_email = vec!["officer@b.gov.cn".to_owned()];
    account.supervisor_email = vec!["x@b.gov.cn; Boss@b.gov.cn".to_owned()];
    let to = |address: &str, account: &Account, audience: Audience| {
        let mut items = items(account, &state(at(11, 19, 0), now, ""), now);
        items.iter_mut().for_each(|item| item.tell.audience = audience);
        let recipient = Recipient { address: address.to_owned(), name: String::new() };
        let (policy, calendar) = (policy(), calendar());
        let (from, office) = ("freshd@maoming.gov.cn", "");
        let (public_url, doors, templates) = (None, None, &Templates::default());
        let (policy, calendar) = (&policy, &calendar);
        let house = House { from, office, public_url, doors, policy, calendar, templates };
        compose(
            &Draft { recipient, items, list: None, named: None, left_of: String::new() },
            &house,
            now,
        )
        .unwrap()
    };
    let officer = to("officer@b.gov.cn", &account, Audience::Owner);
    assert!(officer.text.contains("贵单位主办的以下账号") && !officer.text.contains("督促"));
    for audience in [Audience::Owner, Audience::Supervisor] {
        let boss = to("boss@b.gov.cn", &account, audience);
        for words in [
            "贵单位主管的以下账号",
            "主办单位:茂名市政务公开办",
            "▶ 请督促主办单位办理:请于12月2日(含)前发布",
            // What is passed on speaks to the owner.
            "“茂名发布”(新浪微博),最近更新11月19日,请于12月2日(含)前发布",
        ] {
            assert!(boss.text.contains(words), "{words}\n--\n{}", boss.text);
        }
        assert!(!boss.text.contains("贵单位主办") && boss.html.contains("贵单位主管的"));
    }
    account.supervisor = account.sponsor.clone();
    let own = to("boss@b.gov.cn", &account, Audience::Supervisor);
    assert!(own.text.contains("贵单位主办的以下账号"), "{}", own.text);
}

#[test]
fn a_day_of_another_year_is_told_with_its_year() {
    let day = |text: &str| text.parse().unwrap();
    let now = civil::start_of(day("2026-11-22"));
    assert_eq!(dated(day("2026-09-19"), now), "9月19日");
    assert_eq!(dated(day("2021-09-19"), now), "2021年9月19日");
}

fn told(account: &Account, state: &AccountState, tell: Tell, now: Timestamp) -> Item {
    let (judgement, _) = look(account, state, &policy(), now, TimeDelta::zero());
    Item {
        account: account.clone(),
        judgement,
        tell,
        owner_acts: owner_acts(state),
        history: Vec::new(),
        inspection: None,
    }
}

fn tell(reason: Reason, mark: Timestamp) -> Tell {
    Tell { rule: Rule::ContentStale, mark, reason, stage: 0, audience: Audience::Owner }
}

#[test]
fn a_question_says_that_no_data_is_not_no_update() {
    let now = at(11, 28, 9);
    let (account, state) = (account("茂名发布"), AccountState::default());
    let letter =
        write(vec![told(&account, &state, tell(Reason::EvidenceRequest, now), now)], None, now);
    assert_eq!(letter.subject, "【政务新媒体提醒】1 个账号请核实更新情况(茂名发布)");
    for words in [
        "■ 请核实更新情况(1 个)",
        "没有采集到数据不等于没有更新,这不表示账号存在问题。",
        "   状态:待核实\n",
        "   最近更新:没有采集到任何发布\n",
        "   ▶ 请回复最近一篇文章的链接(直接粘贴即可);近期没有发布的,请发布后回复链接\n",
        "“茂名发布”(新浪微博)近期更新情况待核实(没有采集到数据,不等于没有更新)。",
    ] {
        assert!(letter.text.contains(words), "{words}\n--\n{}", letter.text);
    }
    assert!(!letter.text.contains("不达标"), "{}", letter.text);
}

#[test]
fn before_a_break_the_latest_safe_date_stands_once_beside_a_reminder() {
    let now = at(11, 27, 9);
    let account = account("茂名发布");
    let state = state(at(11, 17, 10), now, "通知");
    let eve = || told(&account, &state, tell(Reason::PreHoliday, at(12, 1, 0)), now);
    let alone = write(vec![eve()], None, now);
    assert_eq!(
        alone.subject,
        "【政务新媒体提醒】1 个账号须在长假前安排发布,最晚11月30日(茂名发布)"
    );
    assert_eq!(alone.late_after, Some(at(12, 1, 0)), "in the break nobody reads it");
    let advice = "▶ 假日假期12月1日至12月1日,12月2日上班;照目前的发布情况,12月1日 10:00到期,早于节后上班。\
                  最晚安全日期:11月30日(放假前最后一个工作日),请于当日(含)前发布\n";
    for words in
        ["   ▶ 请于11月30日(含)前发布\n", advice, ",最近更新11月17日,请于11月30日(含)前发布。"]
    {
        assert!(alone.text.contains(words), "{words}\n--\n{}", alone.text);
    }
    let both = vec![told(&account, &state, tell(Reason::Reminder, at(11, 17, 10)), now), eve()];
    let letter = write(both, None, now);
    assert_eq!(letter.reasons, [Reason::Reminder, Reason::PreHoliday]);
    assert_eq!(letter.text.matches("数据截至").count(), 1, "{}", letter.text);
    assert!(letter.text.contains(advice), "{}", letter.text);
}

/// The lines of a calendar, unfolded (RFC 5545 §3.1).
fn calendar_lines(letter: &Composed) -> Vec<String> {
    let bytes = letter.attachments[0].bytes().unwrap();
    let text = String::from_utf8(bytes).unwrap().replace("\r\n ", "").replace("\r\n\t", "");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_reminder_brings_its_day_to_the_calendar_and_what_is_overdue_does_not() {
    let now = at(11, 28, 9);
    let account = account("茂名,发布;一\n二");
    let letter = write(items(&account, &state(at(11, 19, 0), now, "通知"), now), None, now);
    assert_eq!(letter.attachments.len(), 1);
    assert_eq!(letter.attachments[0].name, "deadline.ics");
    assert_eq!(letter.attachments[0].kind, "text/calendar; charset=utf-8; method=PUBLISH");
    let lines = calendar_lines(&letter);
    for line in [
        "METHOD:PUBLISH",
        "UID:weibo:1234@deadline.freshd",
        "DTSTART;VALUE=DATE:20261202",
        "DTSTAMP:20261128T010000Z",
        "SUMMARY:茂名\\,发布\\;一 二:今天(含)前须发布新内容",
        "DTEND;VALUE=DATE:20261203",
        "TRIGGER;RELATED=START:-PT54000S",
    ] {
        assert!(lines.iter().any(|held| held == line), "{line}\n{}", lines.join("\n"));
    }
    assert_eq!(lines.iter().filter(|line| *line == "BEGIN:VEVENT").count(), 1);
    // The same letter is the same to the byte: a retry changes nothing.
    let again = write(items(&account, &state(at(11, 19, 0), now, "通知"), now), None, now);
    assert_eq!(letter.attachments, again.attachments);
    let over = at(12, 8, 9);
    let letter = write(items(&account, &state(at(11, 19, 0), over, "通知"), over), None, over);
    assert_eq!(letter.reasons[0], Reason::Overdue);
    assert!(letter.attachments.is_empty());
}
