//! What do WeChat's menu and automatic reply say? The shapes of `selfmenu_info` and `autoreply_info`.

use serde_json::{Value, json};

use super::ask::Reply;
use super::{Scene, article};
use crate::world::{Account, MenuEntry, MenuTarget};

/// `get_current_selfmenu_info`: works for every account, verified or not.
pub(super) fn self_menu(scene: &Scene, account: &Account) -> Reply {
    let Some(menu) = account.menu.as_ref() else {
        return Reply::json(&json!({"is_menu_open": 0, "selfmenu_info": {"button": []}}));
    };
    let mut buttons: Vec<(&str, Vec<Value>, bool)> = Vec::new();
    for (slot, entry) in menu.entries.iter().enumerate() {
        let leaf = leaf(scene, account, slot, entry);
        let top = entry.path.first().copied().unwrap_or_default();
        match buttons.last_mut() {
            Some((name, leaves, true)) if *name == top => leaves.push(leaf),
            _ => buttons.push((top, vec![leaf], entry.path.len() > 1)),
        }
    }
    let buttons: Vec<Value> = buttons
        .into_iter()
        .map(|(name, mut leaves, nested)| match nested {
            true => json!({"name": name, "sub_button": {"list": leaves}}),
            false => leaves.pop().unwrap_or(Value::Null),
        })
        .collect();
    Reply::json(&json!({
        "is_menu_open": u8::from(menu.open),
        "selfmenu_info": {"button": buttons}
    }))
}

fn leaf(scene: &Scene, account: &Account, slot: usize, entry: &MenuEntry) -> Value {
    let name = entry.path.last().copied().unwrap_or_default();
    let view = |url: String| json!({"type": "view", "name": name, "url": url});
    match entry.target {
        MenuTarget::Page(_) | MenuTarget::SoftDead => {
            view(format!("{}/page/{}/{slot}", scene.bases().web, account.index))
        }
        MenuTarget::Article => view(article::short_link(scene.bases(), account, article::LASTING)),
        MenuTarget::Tombstone => {
            view(article::short_link(scene.bases(), account, article::DELETED))
        }
        MenuTarget::Hash => view("#".to_owned()),
        MenuTarget::Empty => view(String::new()),
        MenuTarget::Click => json!({"type": "click", "name": name, "key": "V1001_CONTACT"}),
        MenuTarget::Text => {
            json!({"type": "text", "name": name, "value": "咨询电话:0700-12345，工作日 9:00-17:00。"})
        }
        MenuTarget::MiniProgram => json!({
            "type": "miniprogram", "name": name, "url": "http://mp.weixin.qq.com",
            "appid": "wx0000000000000000", "pagepath": "pages/index/index"
        }),
    }
}

/// `get_current_autoreply_info`: rules set in the console only.
pub(super) fn auto_reply(account: &Account) -> Reply {
    if !account.auto_reply {
        return Reply::json(&json!({
            "is_add_friend_reply_open": 0, "is_autoreply_open": 0,
            "keyword_autoreply_info": {"list": []}
        }));
    }
    Reply::json(&json!({
        "is_add_friend_reply_open": 1,
        "is_autoreply_open": 1,
        "add_friend_autoreply_info": {"type": "text", "content": "感谢关注!回复数字查询办事指南。"},
        "message_default_autoreply_info": {"type": "text", "content": "您的留言已收到，工作日内答复。"},
        "keyword_autoreply_info": {"list": [{
            "rule_name": "办事指南", "create_time": 1_735_660_800, "reply_mode": "reply_all",
            "keyword_list_info": [{"type": "text", "match_mode": "contain", "content": "社保"}],
            "reply_list_info": [{"type": "text", "content": "请携带身份证到政务服务中心办理。"}]
        }]}
    }))
}
