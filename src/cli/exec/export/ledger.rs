//! How does the ledger leave whole, so that it can be imported into an empty store?

use std::collections::BTreeSet;

use freshd_core::account::Account;
use serde_json::{Value, json};

use crate::app::App;
use crate::report::export::Rows;

/// Keys of the ledger's columns that `import` reads, and their titles.
pub(super) const COLUMNS: [(&str, &str); 23] = [
    ("name", "账号名称"),
    ("platform", "平台"),
    ("handle", "账号标识"),
    ("identifier", "其他标识"),
    ("sponsor", "主办单位"),
    ("supervisor", "主管单位"),
    ("reporting_unit", "通报对象"),
    ("region", "地区"),
    ("level", "层级"),
    ("contact", "联系人"),
    ("phone", "联系电话"),
    ("email", "电子邮箱"),
    ("officer", "责任领导"),
    ("officer_email", "责任人邮箱"),
    ("supervisor_email", "主管单位邮箱"),
    ("filing", "备案状态"),
    ("lifecycle", "运行状态"),
    ("sources", "采集方式"),
    ("menu", "菜单地址"),
    ("interaction", "互动功能"),
    ("last_circular", "上季度通报情况"),
    ("previous_handle", "曾用标识"),
    ("note", "备注"),
];

/// Every account with everything that the ledger said of it; then the columns that freshd does not know.
pub(super) fn rows(app: &App) -> anyhow::Result<Rows> {
    let mut accounts: Vec<Account> = Vec::new();
    app.store().for_each_account(|account| {
        accounts.push(account);
        Ok(true)
    })?;
    let mut extra: BTreeSet<String> =
        accounts.iter().flat_map(|account| account.extra.keys().cloned()).collect();
    extra.retain(|title| !COLUMNS.iter().any(|(key, name)| title == key || title == name));
    let rows = accounts.iter().map(|account| {
        let kept = extra.iter().map(|title| json!(account.extra.get(title)));
        cells(account).into_iter().chain(kept).collect()
    });
    let rows = rows.collect();
    let columns = COLUMNS.iter().map(|(key, _)| (*key).to_owned()).chain(extra.iter().cloned());
    Ok(Rows { columns: columns.collect(), rows })
}

fn cells(account: &Account) -> Vec<Value> {
    let menu = account.menu.iter().map(|(path, target)| format!("{}={target}", path.join("/")));
    let sources = account.sources.iter().map(ToString::to_string);
    vec![
        json!(account.name),
        json!(account.platform),
        json!(account.handle),
        json!(account.aliases.join(" ")),
        json!(account.sponsor),
        json!(account.supervisor),
        json!(account.reporting_unit),
        json!(account.region),
        json!(account.level),
        json!(account.contact),
        json!(account.phone),
        json!(account.email.join(";")),
        json!(account.officer),
        json!(account.officer_email.join(";")),
        json!(account.supervisor_email.join(";")),
        json!(account.filing),
        json!(account.lifecycle),
        json!(sources.collect::<Vec<_>>().join(" ")),
        json!(menu.collect::<Vec<_>>().join(";")),
        json!(account.interaction),
        json!(account.last_circular.join(";")),
        json!(account.previous_handle),
        json!(account.note),
    ]
}
