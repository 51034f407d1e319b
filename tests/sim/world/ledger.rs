//! What does the province's ledger 台账 say? The world as rows in the columns that offices use.

use freshd_core::Timestamp;

use super::{Account, Kind, World};
use crate::platforms::Bases;

/// The ledger's columns, in order.
pub const LEDGER_HEADER: [&str; 19] = [
    "账号名称",
    "平台",
    "账号标识",
    "主办单位",
    "主管单位",
    "通报对象",
    "地区",
    "层级",
    "联系人",
    "联系电话",
    "电子邮箱",
    "责任领导",
    "责任人邮箱",
    "主管单位邮箱",
    "备案状态",
    "运行状态",
    "采集方式",
    "菜单地址",
    "互动功能",
];

impl World {
    /// The ledger as CSV (UTF-8, header row, RFC 4180 quoting) with addresses on these loopback platforms.
    pub fn ledger_csv(&self, bases: &Bases) -> String {
        csv(&self.ledger_rows(bases))
    }

    /// The ledger's rows, in [`LEDGER_HEADER`]'s order.
    pub fn ledger_rows(&self, bases: &Bases) -> Vec<[String; 19]> {
        let at = self.spec.start;
        self.accounts.iter().map(|account| self.row(account, bases, at)).collect()
    }

    /// The rows of the accounts that authorised the operator after `from` and by `to`, as they read then.
    pub fn joined_rows(&self, bases: &Bases, from: Timestamp, to: Timestamp) -> Vec<[String; 19]> {
        let joined = |account: &&Account| {
            account.joins.as_ref().is_some_and(|it| it.at > from && it.at <= to)
        };
        self.accounts.iter().filter(joined).map(|account| self.row(account, bases, to)).collect()
    }

    fn row(&self, account: &Account, bases: &Bases, at: Timestamp) -> [String; 19] {
        let unit = &self.units[account.unit];
        [
            account.name.clone(),
            account.platform.to_owned(),
            account.handle.clone(),
            unit.name.clone(),
            unit.supervisor.clone(),
            unit.city.to_owned(),
            format!("广东省/{}", unit.city),
            "市级".to_owned(),
            format!("联系人{:02}", account.unit),
            format!("0700-{:07}", 5_550_000 + account.unit),
            unit.email.clone(),
            format!("分管领导{:02}", account.unit),
            format!("officer-{:02}@example.gov.test", account.unit),
            unit.supervisor_email.clone(),
            "已备案".to_owned(),
            "在运行".to_owned(),
            self.sources(account, bases, at),
            reported_menu(account, bases),
            interaction(account, bases),
        ]
    }

    /// 采集方式 of an account at `at`; empty where platform and handle suffice, or where there is no source.
    pub fn sources(&self, account: &Account, bases: &Bases, at: Timestamp) -> String {
        let (web, index) = (&bases.web, account.index);
        let joined = account.joins.as_ref().filter(|it| it.at <= at);
        let own = match &account.kind {
            Kind::Bridge => format!("feed:{web}/feed/{index}.xml"),
            Kind::App(app) => {
                let mut sources = Vec::new();
                if let Some(id) = app.store_id {
                    sources.push(format!("appstore:{id}"));
                }
                if app.apk {
                    sources.push(format!("apk:{web}/app/{index}.apk"));
                }
                sources.push(format!("probe:{web}/health/{index}"));
                let feed = if app.feed_complete { "feed-complete" } else { "feed" };
                sources.push(format!("{feed}:{web}/feed/{index}.xml"));
                sources.join(" ")
            }
            _ => String::new(),
        };
        match joined {
            Some(it) => format!("wechat:{} {own}", it.app_id).trim_end().to_owned(),
            None => own,
        }
    }
}

/// 菜单地址: reported by the unit where no connector reads the menu.
fn reported_menu(account: &Account, bases: &Bases) -> String {
    match account.kind {
        Kind::Bridge => format!(
            "服务/办事指南={web}/page/{index}/0;服务/我要咨询={web}/page/{index}/1",
            web = bases.web,
            index = account.index,
        ),
        _ => String::new(),
    }
}

fn interaction(account: &Account, bases: &Bases) -> String {
    match account.kind {
        Kind::App(_) => format!("probe:{}/health/{}", bases.web, account.index),
        Kind::Unsourced => String::new(),
        _ => "留言、自动回复".to_owned(),
    }
}

/// Rows under [`LEDGER_HEADER`] as CSV.
pub fn csv(rows: &[[String; 19]]) -> String {
    let mut text = LEDGER_HEADER.join(",");
    text.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
