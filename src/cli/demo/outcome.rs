//! What came of the scenario? Everything that a run found, as a value, and as a report for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil::minute_text;
use freshd_core::verdict::Outcome;
use freshd_sim::request_log::Violation;
use freshd_sim::{RequestLog, Site};

use super::drive::Course;
use super::letters::Post;
use super::owners::{DEAF_PERCENT, Owners};
use super::people::Patrols;
use super::quarters::Quarters;
use super::text::table;
use super::truth::{Compared, Mark, MenuTally, Situation};

/// An account that goes past its deadline must have been warned if the daemon had known it this long, days.
const NOTICE_DAYS: i64 = 5;
/// Lines of a list before the rest is only counted.
const LIST_MAX: usize = 20;

/// A wrong verdict on one of the daily comparisons.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// When it was first seen.
    pub at: Timestamp,
    /// On how many comparisons it was seen.
    pub times: usize,
    /// The account and what was wrong.
    pub what: Compared,
}

/// What the requests show.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// By platform: requests, the most in one minute of simulated time.
    pub sites: Vec<(&'static str, u64, usize)>,
    /// Requests in all.
    pub total: u64,
    /// Most requests about one account on one platform in a day.
    pub busiest_day: usize,
    /// Requests before a Retry-After was over.
    pub violations: Vec<Violation>,
    /// Requests at the very instant of a Retry-After.
    pub under_way: u64,
}

impl Traffic {
    /// Of a log.
    pub fn of(log: &RequestLog) -> Self {
        Self {
            sites: Site::ALL
                .iter()
                .map(|site| (site.name(), log.count(*site), log.busiest_minute(*site)))
                .collect(),
            total: log.total(),
            busiest_day: log.per_account_day().into_values().max().unwrap_or_default(),
            violations: log.violations(),
            under_way: log.under_way(),
        }
    }
}

/// The precheck's result, as its JSON says it.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The exit status.
    pub exit: i32,
    /// `scope` of the JSON.
    pub scope: serde_json::Value,
}

/// Everything that a run found.
#[derive(Clone, Debug)]
pub struct Found {
    /// From when to when, simulated.
    pub span: (Timestamp, Timestamp),
    /// The seed.
    pub seed: u64,
    /// Every account at the end.
    pub last: Vec<Compared>,
    /// Comparisons made over the whole run.
    pub comparisons: usize,
    /// Every wrong verdict that was ever seen, by account and mark.
    pub wrong: BTreeMap<(String, Mark), Wrong>,
    /// What arrived.
    pub post: Post,
    /// What the ticks did.
    pub course: Course,
    /// What people looked at.
    pub people: Patrols,
    /// What owners did who were written to.
    pub owners: Owners,
    /// How it stood at each check.
    pub quarters: Quarters,
    /// What the platforms saw.
    pub traffic: Traffic,
    /// What the precheck says.
    pub precheck: Checked,
    /// Real time taken, milliseconds.
    pub elapsed_ms: i64,
}

impl Found {
    /// Notes one day's comparison.
    pub fn note(
        wrong: &mut BTreeMap<(String, Mark), Wrong>,
        compared: &[Compared],
        now: Timestamp,
    ) {
        for one in compared.iter().filter(|one| one.mark.is_wrong()) {
            let fresh = || Wrong { at: now, times: 0, what: one.clone() };
            wrong.entry((one.id.clone(), one.mark)).or_insert_with(fresh).times += 1;
        }
    }

    /// Was no verdict ever wrong, no letter sent twice, and no platform's wish ignored?
    pub fn is_right(&self) -> bool {
        self.wrong.is_empty()
            && self.post.twice == 0
            && self.traffic.violations.is_empty()
            && self.people.refused.is_empty()
    }

    /// The report, Chinese, ending with a line end.
    pub fn report(&self) -> String {
        let mut text = String::new();
        // A string takes everything that is written to it.
        let _infallible = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let (start, end) = self.span;
        writeln!(
            out,
            "模拟的省:{} 个账号,{} 至 {}(种子 {}),结论与事实逐一对照。",
            self.last.len(),
            minute_text(start),
            minute_text(end),
            self.seed,
        )?;
        self.write_classes(out)?;
        self.write_verdicts(out)?;
        self.write_wrong(out)?;
        self.write_menus(out)?;
        self.write_letters(out)?;
        self.write_traffic(out)?;
        self.write_time(out)?;
        self.write_end(out)
    }

    fn write_classes(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n一、账号的依据、判定和人工,逐次季度检查")?;
        out.push_str(&self.quarters.report());
        let (people, days) = (&self.people, (self.span.1 - self.span.0).num_days().max(1));
        let hours = people.effort.hours();
        writeln!(
            out,
            "  人工共 {hours:.1} 小时,平均每天 {:.2} 小时,最多一天 {:.2} 小时({} 次):{}",
            hours / days as f64,
            people.effort.most(),
            people.most(),
            people.effort.chinese(),
        )?;
        out.push_str(&people.report());
        Ok(())
    }

    fn write_verdicts(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n二、最后一刻的判定与事实")?;
        let mut head = vec!["事实".to_owned()];
        head.extend(Outcome::ALL.iter().map(|outcome| outcome.chinese().to_owned()));
        head.extend(Mark::ALL.iter().map(|mark| mark.chinese().to_owned()));
        let mut rows = vec![head];
        for situation in Situation::ALL {
            let held = || self.last.iter().filter(|one| one.situation == situation);
            let mut row = vec![situation.chinese().to_owned()];
            row.extend(
                Outcome::ALL
                    .iter()
                    .map(|outcome| number(held().filter(|one| one.verdict == *outcome).count())),
            );
            row.extend(
                Mark::ALL.iter().map(|mark| number(held().filter(|one| one.mark == *mark).count())),
            );
            rows.push(row);
        }
        out.push_str(&table(&rows));
        let open = self.last.iter().filter(|one| one.mark == Mark::NotYet);
        let end = if open.clone().next().is_some() {
            ",有:"
        } else {
            "。这次没有这样的账号。"
        };
        writeln!(
            out,
            "  待核实(来源不足):没有来源能证明没有发布,freshd 不据此判不达标。\n  \
             待核实(证据未齐):刚刚超期(公众号统计晚一天、注销须两次核验),或平台、凭据当时故障{end}"
        )?;
        for one in open.clone().take(LIST_MAX) {
            writeln!(out, "    {} {}({}):{}", one.id, one.name, one.situation.chinese(), one.why)?;
        }
        more(out, open.count())
    }

    fn write_wrong(&self, out: &mut String) -> std::fmt::Result {
        let of = |mark| self.wrong.values().filter(|wrong| wrong.what.mark == mark).count();
        writeln!(
            out,
            "\n三、每日对照一次,共 {} 次判定:误报 {} 个账号,漏报 {} 个账号",
            self.comparisons,
            of(Mark::FalseAlarm),
            of(Mark::Missed),
        )?;
        for wrong in self.wrong.values().take(LIST_MAX) {
            let (what, at) = (&wrong.what, minute_text(wrong.at));
            let (mark, id, name) = (what.mark.chinese(), &what.id, &what.name);
            writeln!(out, "  {mark} {id} {name}({at} 起 {} 次):{}", wrong.times, what.why)?;
        }
        more(out, self.wrong.len())
    }

    fn write_menus(&self, out: &mut String) -> std::fmt::Result {
        let menus = MenuTally::sum(self.last.iter().map(|one| &one.menu));
        let with = self.last.iter().filter(|one| one.menu.broken > 0).count();
        let count = |situation| {
            let held = self.last.iter().filter(|one| one.situation == situation);
            let failed = held.clone().filter(|one| one.verdict == Outcome::Fail).count();
            (held.count(), failed)
        };
        let (unusable, mute) = (count(Situation::Unusable), count(Situation::Mute));
        writeln!(out, "\n四、菜单和客户端")?;
        writeln!(
            out,
            "  菜单:{with} 个账号共有 {} 项打不开,查出 {} 项;误报 {} 项,漏报 {} 项",
            menus.broken, menus.found, menus.false_alarms, menus.missed,
        )?;
        for line in self.last.iter().flat_map(|one| &one.menu_wrong).take(LIST_MAX) {
            writeln!(out, "    {line}")?;
        }
        writeln!(
            out,
            "  客户端:{} 个已无处下载,判出 {} 个;{} 个互动功能失效,判出 {} 个",
            unusable.0, unusable.1, mute.0, mute.1,
        )
    }

    fn write_letters(&self, out: &mut String) -> std::fmt::Result {
        let post = &self.post;
        writeln!(
            out,
            "\n五、信件:收到 {} 封,{} 个收件人,重复 {} 封",
            post.arrived, post.recipients, post.twice
        )?;
        let told = |key: &str| {
            let of = self.course.told.iter().filter(|told| told.reason.key() == key);
            of.map(|told| &told.account).collect::<BTreeSet<_>>().len()
        };
        let mut rows = vec![vec!["原因".to_owned(), "信件".to_owned(), "涉及账号".to_owned()]];
        for (reason, letters) in &post.by_reason {
            let word = reason_chinese(reason);
            let accounts = number(told(reason));
            rows.push(vec![format!("{word} {reason}"), letters.to_string(), accounts]);
        }
        out.push_str(&table(&rows));
        writeln!(out, "  提醒涉及账号的次数:{}", self.course.stages())?;
        out.push_str(&post.lapses.report());
        let owners = &self.owners;
        writeln!(
            out,
            "  联系人(设定):每封信 {}% 会办理,另有 {DEAF_PERCENT}% 的账号从不理会;没有新发布的因来信发布 {} 条,\
             机器读不到的回复最新文章链接 {} 次(采用 {} 次)",
            owners.reacts_percent, owners.posts, owners.answers, owners.taken,
        )?;
        let warnable = post.warnable(self.span.0, TimeDelta::days(NOTICE_DAYS));
        let warned = warnable.iter().filter(|lead| lead.hours.is_some()).count();
        let median = post.median_hours().map_or("—".to_owned(), |hours| format!("{hours:.1}"));
        writeln!(
            out,
            "  可自动判定而中途超期的有 {} 次(另有 {} 次在开头 {NOTICE_DAYS} 天内):{warned} 次事先收到提醒,\
             最早一封提前的小时数(中位数){median}",
            warnable.len(),
            post.leads.len() - warnable.len(),
        )?;
        let missed: Vec<_> = warnable.iter().filter(|lead| lead.hours.is_none()).collect();
        for lead in missed.iter().take(LIST_MAX) {
            writeln!(out, "  未能事先提醒:{}({} 到期)", lead.id, minute_text(lead.deadline))?;
        }
        more(out, missed.len())
    }

    fn write_traffic(&self, out: &mut String) -> std::fmt::Result {
        let traffic = &self.traffic;
        let days = ((self.span.1 - self.span.0).num_hours() as f64 / 24.0).max(1.0);
        let each = traffic.total as f64 / self.last.len().max(1) as f64 / days;
        writeln!(
            out,
            "\n六、访问平台:共 {} 次请求,平均每个账号每天 {each:.1} 次,最多一天 {} 次;\
             未等 Retry-After 就访问 {} 次(另有 {} 次与对方的答复同时发出,不算)",
            traffic.total,
            traffic.busiest_day,
            traffic.violations.len(),
            traffic.under_way,
        )?;
        let head = ["平台", "请求", "一分钟内最多"].map(str::to_owned).to_vec();
        let rows = traffic.sites.iter().map(|(name, requests, minute)| {
            vec![(*name).to_owned(), requests.to_string(), minute.to_string()]
        });
        out.push_str(&table(&std::iter::once(head).chain(rows).collect::<Vec<_>>()));
        for early in traffic.violations.iter().take(LIST_MAX) {
            let (at, until) = (minute_text(early.request.at), minute_text(early.not_before));
            let (site, path) = (early.request.site.name(), &early.request.path);
            writeln!(out, "  {at} 访问 {site} {path},应等到 {until}")?;
        }
        more(out, traffic.violations.len())
    }

    fn write_time(&self, out: &mut String) -> std::fmt::Result {
        let (course, spent) = (&self.course, &self.course.spent);
        let seconds = |us: i64| us as f64 / 1e6;
        writeln!(
            out,
            "\n七、用时 {:.1} 秒:采集 {} 次 {:.1} 秒,核验 {} 份菜单 {:.1} 秒,起草 {} 封信 {:.1} 秒,\
             发信 {:.1} 秒,整理存储 {:.1} 秒(共 {} 轮)",
            self.elapsed_ms as f64 / 1e3,
            course.polls,
            seconds(spent.poll),
            course.menus,
            seconds(spent.links),
            course.letters,
            seconds(spent.notify),
            seconds(spent.deliver),
            seconds(spent.upkeep),
            course.rounds,
        )
    }

    fn write_end(&self, out: &mut String) -> std::fmt::Result {
        let scope = |key: &str| match &self.precheck.scope[key] {
            serde_json::Value::Null => "—".to_owned(),
            value => value.to_string(),
        };
        writeln!(
            out,
            "\n自查({}):在运行 {},已核实 {},疑似不达标 {},待核实 {};合格率 {}%(待核实全部计为不达标时 {}%,\
             全部计为达标时 {}%);freshd precheck 的退出状态为 {}",
            minute_text(self.span.1),
            scope("running"),
            scope("verified"),
            scope("failed"),
            scope("undetermined"),
            scope("pass_rate"),
            scope("pass_rate_low"),
            scope("pass_rate_high"),
            self.precheck.exit,
        )?;
        let end = if self.is_right() {
            "结论:没有一次误报或漏报。"
        } else {
            "结论:与事实有出入,见上。"
        };
        writeln!(out, "{end}")
    }
}

fn number(count: usize) -> String {
    if count == 0 { "·".to_owned() } else { count.to_string() }
}

fn more(out: &mut String, all: usize) -> std::fmt::Result {
    if all > LIST_MAX { writeln!(out, "  ……共 {all} 个") } else { Ok(()) }
}

fn reason_chinese(key: &str) -> &str {
    match key {
        "overdue" => "超期",
        "reminder" => "提醒",
        "escalation" => "提请督促",
        "rectified" => "已整改",
        "pre-holiday" => "节前提醒",
        "precheck" => "自查",
        "evidence-request" => "请核实更新情况",
        "operator" => "致管理员",
        _ => "",
    }
}
