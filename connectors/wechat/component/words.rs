//! What is an operator, or an account's owner, told about an authorisation? The sentences, with what was seen in them.

use chrono::NaiveDate;
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope, Retry};

/// What the owner does about an authorisation that is gone.
pub(crate) const NOT_AUTHORISED: &str = "公众号对本监测平台的授权已取消或失效。请公众号管理员用微信扫描监测单位提供的授权二维码重新授权,勾选“账号服务”和“群发与通知”两项权限;授权后自动恢复采集";

/// What the owner does about a permission set that was not ticked.
const NOT_TICKED: &str = "授权时没有勾选所需的权限。请公众号管理员重新扫描监测单位提供的授权二维码,勾选“账号服务”和“群发与通知”两项权限";

/// What the owner does about a verification that has probably lapsed.
const RENEW: &str = "公众号的微信认证很可能已过期(认证每年须年审一次)。请公众号管理员登录微信公众平台 mp.weixin.qq.com,在“设置与开发→公众号设置→认证详情”办理年审;办妥后自动恢复采集";

/// What the owner does about an account that was never verified.
const VERIFY: &str = "公众号没有此接口权限,通常是因为尚未通过微信认证。请公众号管理员登录微信公众平台 mp.weixin.qq.com,在“设置与开发→公众号设置→认证详情”查看并办理认证";

fn owners(detail: String, owner: &str) -> Fault {
    Fault::new(FaultScope::Account, FaultKind::Unauthorized, detail)
        .retry(Retry::Operator)
        .for_owner(owner)
}

/// The owner withdrew the authorisation.
pub(super) fn withdrawn(appid: &str, at: Timestamp) -> Fault {
    let at = civil::minute_text(at);
    owners(format!("{appid} 已于 {at} 取消对本平台的授权,需要重新授权"), NOT_AUTHORISED)
}

/// The platform's list does not hold the account, or holds no refresh token for it.
pub(super) fn not_listed(appid: &str) -> Fault {
    let detail =
        format!("{appid} 没有授权给本平台(平台的授权列表中没有它,或没有它的刷新令牌),需要授权");
    owners(detail, NOT_AUTHORISED)
}

/// No ticket that could be used; `asked` says what was done about it.
pub(super) fn no_ticket(newest: Option<Timestamp>, asked: &str) -> Fault {
    let what = match newest {
        None => "还没有收到 component_verify_ticket".to_owned(),
        Some(at) => format!(
            "component_verify_ticket 已超过 12 小时(最近一次收到于 {})",
            civil::minute_text(at)
        ),
    };
    let detail = format!(
        "{what};请检查第三方平台的授权事件接收URL能否从公网到达本程序,以及消息校验 Token 和加解密 Key;{asked}"
    );
    Fault::new(FaultScope::Credential, FaultKind::Unauthorized, detail)
}

/// 48001: the account lacks an interface. Where it worked before, its verification has probably lapsed.
pub(crate) fn lapsed(what: &str, worked: Option<NaiveDate>) -> Fault {
    match worked {
        Some(day) => {
            owners(format!("{what};该接口 {day} 还可以调用,很可能是微信认证已过期"), RENEW)
        }
        None => owners(what.to_owned(), VERIFY),
    }
}

/// A permission set that was not granted: the interface is known to be closed and not called.
pub(crate) fn not_granted(interface: &str, sets: &[i64]) -> Fault {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let detail = format!("{interface}:授权的权限集中没有 {} 中的任何一个,不调用", sets.join("、"));
    owners(detail, NOT_TICKED)
}
