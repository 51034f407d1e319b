//! How does each kind of letter look? Invented accounts, judged for real, in letters by the templates, rules and office of this
//! installation; nothing of it is kept or sent. Who writes templates sees all kinds at once.

use chrono::TimeDelta;
use freshd_core::account::Account;
use freshd_core::history::{EvidenceRef, Look};
use freshd_core::id::{AccountId, Channel};
use freshd_core::observation::{Observation, Published, Sighting};
use freshd_core::reminder::{Audience, Reason, Tell};
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;
use freshd_core::{Timestamp, civil};

use super::letter::list::{List, Row, standing};
use super::letter::{Composed, Draft, Item, Named, Recipient, TemplateError, compose, hash_of};
use super::matters;
use super::operator::{self, OperatorLetter};
use super::plan::look;
use super::report::{NotifyReport, Storm, ToldAccount};
use super::settings::NotifySettings;
use crate::seal::SealKey;

/// The kinds that can be asked for, and what each is, Chinese.
pub const KINDS: [(&str, &str); 15] = [
    ("reminder", "即将到期,一个账号"),
    ("reminder-many", "即将到期,几个账号"),
    ("reminder-mend", "即将到期,并请主办单位办理授权"),
    ("reminder-unanswered", "提醒后未见更新,到期之前告知主管单位"),
    ("overdue", "已超期"),
    ("overdue-named", "已超期,上季度曾被通报"),
    ("evidence-request", "请核实更新情况"),
    ("evidence-request-again", "请核实更新情况,再次未答复,致主管单位"),
    ("pre-holiday", "节前提醒"),
    ("precheck", "季度自查,致主办单位"),
    ("precheck-units", "季度自查,致主管单位"),
    ("escalation", "提请督促,致主管单位"),
    ("rectified", "已整改"),
    ("mixed", "几种事由在一封信里,名称有换行、标记和超长的"),
    ("operator", "致管理员:暂存、未送达、来信、无人可写"),
];

/// To whom owners' samples go.
const OWNER: &str = "owner@example.gov.cn";
/// To whom supervising units' samples go.
const SUPERVISOR: &str = "supervisor@example.gov.cn";

/// One sample; `None` = no such kind. `key` makes the links by which owners act; a sample's open nothing.
///
/// # Errors
/// A built-in template does not render.
pub fn sample(
    kind: &str,
    settings: &NotifySettings,
    key: Option<&SealKey>,
    now: Timestamp,
) -> Result<Option<Composed>, TemplateError> {
    let now = if kind == "pre-holiday" { eve() } else { now };
    let scene = Scene { settings, now };
    let sender = settings.sender();
    let house = settings.house(&sender, key);
    let draft = match kind {
        "operator" => {
            let letter = scene.operator();
            let from = (sender.as_str(), settings.mail.office.as_str());
            return operator::compose(OWNER, &letter, from, &settings.templates, now).map(Some);
        }
        "precheck-units" => scene.units(),
        "evidence-request-again" | "escalation" | "reminder-unanswered" => Draft {
            recipient: to(SUPERVISOR, "茂名市政府办公室"),
            items: scene.raised(kind),
            list: None,
            named: None,
            left_of: String::new(),
        },
        _ => {
            let items = scene.items(kind);
            let named = (kind == "precheck").then(|| Named {
                key: "sample".to_owned(),
                subject: format!(
                    "季度自查:2 个账号须在{}检查前处理",
                    civil::chinese(scene.inspection())
                ),
            });
            if items.is_empty() {
                return Ok(None);
            }
            Draft {
                recipient: to(OWNER, "张三"), items, list: None, named, left_of: String::new()
            }
        }
    };
    compose(&draft, &house, now).map(Some)
}

/// Before the Spring Festival of 2026, which the shipped calendar holds.
fn eve() -> Timestamp {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 2, 12).expect("a day of the calendar");
    civil::start_of(day) + TimeDelta::hours(9)
}

fn to(address: &str, name: &str) -> Recipient {
    Recipient { address: address.to_owned(), name: name.to_owned() }
}

struct Scene<'a> {
    settings: &'a NotifySettings,
    now: Timestamp,
}

impl Scene<'_> {
    fn inspection(&self) -> Timestamp {
        civil::start_of(civil::day(self.now) + TimeDelta::days(20)) + TimeDelta::hours(9)
    }

    /// What one owner is told.
    fn items(&self, kind: &str) -> Vec<Item> {
        let window = self.settings.policy.window_days();
        let (weibo, wechat) = (account("weibo", "茂名发布"), account("wechat", "茂名政务"));
        let (app, nanfang) = (account("app", "掌上茂名"), account("nanfang", "茂名交警"));
        let left = |days: i64| TimeDelta::days(window - days) + TimeDelta::hours(3);
        match kind {
            "reminder" => vec![self.item(weibo, left(5), Reason::Reminder)],
            "reminder-many" => vec![
                self.item(weibo, left(3), Reason::Reminder),
                self.item(wechat, left(5), Reason::Reminder),
                self.item(app, TimeDelta::days(window) - TimeDelta::hours(6), Reason::Reminder),
            ],
            "reminder-mend" => {
                let mut item = self.item(wechat, left(3), Reason::Reminder);
                let acts = "请管理员在微信公众平台“设置与开发-安全中心”把监测服务器的出口地址加入 IP 白名单";
                item.owner_acts = vec![acts.to_owned()];
                vec![item]
            }
            "overdue" => vec![self.item(weibo, left(-3), Reason::Overdue)],
            "overdue-named" => {
                let mut item = self.item(weibo, left(-3), Reason::Overdue);
                item.judgement.named = vec![Rule::ContentStale];
                vec![item]
            }
            "evidence-request" => {
                vec![self.unseen(wechat), self.unseen(account("wechat", "茂名教育"))]
            }
            "pre-holiday" => {
                let mut item = self.item(weibo, left(8), Reason::PreHoliday);
                let first = chrono::NaiveDate::from_ymd_opt(2026, 2, 15);
                item.tell.mark = civil::start_of(first.expect("a day of the calendar"));
                vec![item]
            }
            "precheck" => vec![
                self.item(weibo, left(-3), Reason::Precheck),
                self.item(nanfang, left(9), Reason::Precheck),
            ],
            "rectified" => vec![self.item(weibo, TimeDelta::hours(5), Reason::Rectified)],
            "mixed" => self.mixed(left(-3), left(1)),
            _ => Vec::new(),
        }
    }

    fn mixed(&self, over: TimeDelta, near: TimeDelta) -> Vec<Item> {
        let long = "茂名市公共资源交易中心滨海新区分中心政务服务数据管理".repeat(6);
        let wide = format!("https://{}", "averylongnamewithoutanybreak".repeat(5));
        vec![
            self.item(account("weibo", "茂名\r\nBcc: x@example.com\n发布"), over, Reason::Overdue),
            self.item(account("wechat", &long), near, Reason::Reminder),
            self.unseen(account("wechat", "<script>alert(1)</script><b>茂名</b>")),
            self.item(account("weibo", &wide), TimeDelta::hours(5), Reason::Rectified),
        ]
    }

    /// What the supervising unit is told, with the letters before.
    fn raised(&self, kind: &str) -> Vec<Item> {
        let window = self.settings.policy.window_days();
        let (weibo, wechat) = (account("weibo", "茂名发布"), account("wechat", "茂名政务"));
        let (mut item, words) = match kind {
            "escalation" => {
                let over = TimeDelta::days(window + 6);
                (self.item(weibo, over, Reason::Escalation), "已超期")
            }
            "reminder-unanswered" => {
                let near = TimeDelta::days(window) - TimeDelta::hours(22);
                (self.item(weibo, near, Reason::Reminder), "临近期限提醒")
            }
            _ => (self.unseen(wechat), "请核实更新情况"),
        };
        item.tell.audience = Audience::Supervisor;
        let line = |days: i64, became: &str| {
            let at = civil::chinese(self.now - TimeDelta::days(days));
            format!("{at} 致联系人:{words},{became}")
        };
        item.history = vec![line(6, "对方邮件服务器已接收"), line(3, "被退回")];
        vec![item]
    }

    fn units(&self) -> Draft {
        let window = self.settings.policy.window_days();
        let at = self.inspection();
        let row = |account: Account, ago: Option<TimeDelta>| {
            let item = match ago {
                Some(ago) => self.item(account, ago, Reason::Precheck),
                None => self.unseen(account),
            };
            let stands = standing(&item.judgement, at)?;
            Some(Row::new(&item.account, &item.judgement, stands, at, &self.settings.policy))
        };
        let rows = [
            row(account("weibo", "茂名发布"), Some(TimeDelta::days(window + 3))),
            row(account("nanfang", "茂名交警"), Some(TimeDelta::days(2))),
            row(account("wechat", "茂名政务"), None),
        ];
        let title = format!("季度检查自查情况表(检查时点 {})", civil::chinese(at));
        let list = List::new(title, rows.into_iter().flatten().collect());
        let named = Named {
            key: "sample".to_owned(),
            subject: "季度自查:主管账号 3 个,疑似不达标 1、检查前须再发布 1、待核实 1".to_owned(),
        };
        let recipient = to(SUPERVISOR, "茂名市政府办公室");
        Draft {
            recipient,
            items: Vec::new(),
            list: Some(list),
            named: Some(named),
            left_of: String::new(),
        }
    }

    fn operator(&self) -> OperatorLetter {
        let mut report = NotifyReport::new(self.now, true);
        report.told = ["茂名发布", "茂名交警"]
            .map(|name| ToldAccount {
                account: account("weibo", name).id.to_string(),
                name: name.to_owned(),
                rule: Rule::ContentStale,
                reason: Reason::Overdue,
                stage: 0,
                audience: Audience::Owner,
                to: vec![OWNER.to_owned()],
            })
            .to_vec();
        let lines = |text: &str| vec![text.to_owned()];
        let refused =
            "old@example.gov.cn 被拒收:550 5.1.1 no such user(信 0123456789abcdef;账号 weibo:1)";
        let nobody = "茂名发布(weibo:1)市府办,电话 0668-1234567(现有事项待通知)";
        let mail = "owner@example.gov.cn《Re: 请核实更新情况》:回信;回信里没有文章链接,请人工阅处。原文:正在办理";
        let storm = Storm { recipients: 420, of: 1_100 };
        let matters = vec![
            matters::storm(&report, storm),
            matters::refused(lines(refused), "sample".to_owned()),
            matters::nobody(lines(nobody), "sample".to_owned()),
            matters::received(lines(mail), "sample".to_owned()),
        ];
        OperatorLetter { reason: Reason::Operator, subject: None, matters, attachments: Vec::new() }
    }

    /// An account of which nothing could be seen.
    fn unseen(&self, account: Account) -> Item {
        self.told(account, AccountState::default(), Reason::EvidenceRequest)
    }

    /// An account that published so long ago, and of which all since was seen.
    fn item(&self, account: Account, ago: TimeDelta, reason: Reason) -> Item {
        let (mut state, posted) = (AccountState::default(), self.now - ago);
        let mut observation = Observation::default();
        observation.sightings.push(Sighting {
            key: "1".to_owned(),
            channel: Channel::posts(),
            published: Published::at(posted),
            title: "全市经济运行情况新闻发布会召开".to_owned(),
            url: Some("https://example.gov.cn/post/1.html".to_owned()),
            pinned: false,
            repost: false,
        });
        observation.coverage.add(Channel::posts(), posted - TimeDelta::days(30), self.now);
        let url = "https://example.gov.cn/list".to_owned();
        state.history.absorb(&Look {
            source: "sample",
            at: self.now,
            channels: &[Channel::posts()],
            observation: &observation,
            evidence: Some(EvidenceRef { at: self.now, id: "0123456789abcdef".to_owned(), url }),
            voucher: None,
        });
        self.told(account, state, reason)
    }

    fn told(&self, account: Account, state: AccountState, reason: Reason) -> Item {
        let (judgement, _) =
            look(&account, &state, &self.settings.policy, self.now, TimeDelta::zero());
        let audience = Audience::Owner;
        let mark = self.now - TimeDelta::days(6);
        let tell = Tell { rule: Rule::ContentStale, mark, reason, stage: 0, audience };
        let inspection = (reason == Reason::Precheck).then(|| self.inspection());
        let (owner_acts, history) = (Vec::new(), Vec::new());
        Item { account, judgement, tell, owner_acts, history, inspection }
    }
}

fn account(platform: &str, name: &str) -> Account {
    Account {
        id: AccountId::of(platform, &hash_of([name])[..8]),
        name: name.to_owned(),
        platform: platform.to_owned(),
        sponsor: "茂名市政务公开办".to_owned(),
        supervisor: "茂名市政府办公室".to_owned(),
        email: vec![OWNER.to_owned()],
        supervisor_email: vec![SUPERVISOR.to_owned()],
        ..Account::default()
    }
}

#[cfg(test)]
mod tests;
