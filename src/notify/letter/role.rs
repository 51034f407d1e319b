//! As what does a recipient read about an account: as its owner, or as the unit that supervises it?

use freshd_core::account::Account;
use freshd_core::reminder::{Audience, Reason, Tell};

use super::super::clean;
use super::Item;

/// The recipient's part in one account. The words of a letter follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Of the sponsor 主办单位: the contact or the responsible officer.
    Owner,
    /// Of the supervising unit 主管单位: asked to see to it that the owner acts.
    Supervisor,
}

/// The part of an address in an item. A letter meant for the owner reaches the supervisor where the ledger holds no
/// address of the owner's.
pub(super) fn role(item: &Item, address: &str) -> Role {
    let Account { email, officer_email, supervisor_email, sponsor, supervisor, .. } = &item.account;
    let holds = |list: &[String]| {
        let split = list.iter().flat_map(|entry| entry.split([';', '\u{ff1b}']));
        split.filter_map(clean::address).any(|held| held.eq_ignore_ascii_case(address))
    };
    let one_unit = !sponsor.trim().is_empty() && sponsor.trim() == supervisor.trim();
    if one_unit || holds(email) || holds(officer_email) {
        return Role::Owner;
    }
    let supervises = item.tell.audience == Audience::Supervisor || holds(supervisor_email);
    if supervises { Role::Supervisor } else { Role::Owner }
}

/// Heading and first sentence of a group of accounts.
pub(super) type Words = (&'static str, &'static str);

/// The words over an account: those of its reason and the recipient's role.
pub(super) fn group_words(tell: &Tell, role: Role) -> Words {
    let reason = tell.reason;
    let lead = match role {
        Role::Owner => to_owner(reason),
        Role::Supervisor if (reason, tell.audience) == (Reason::Reminder, Audience::Supervisor) => {
            TO_SUPERVISOR_UNANSWERED
        }
        Role::Supervisor => to_supervisor(reason),
    };
    (title(reason), lead)
}

/// Reminders had no effect, and the deadline is near.
const TO_SUPERVISOR_UNANSWERED: &str = "贵单位主管的以下账号目前达标,但更新期限将到;此前已提醒主办单位,尚未见更新,请督促其按时发布。\
                                        此前的提醒列在各账号之下。";

fn title(reason: Reason) -> &'static str {
    match reason {
        Reason::Overdue => "已超期(疑似不达标)",
        Reason::Reminder => "即将到期(预警)",
        Reason::Escalation => "提请督促",
        Reason::Rectified => "已整改",
        Reason::PreHoliday => "节前提醒",
        Reason::Precheck => "季度自查",
        Reason::EvidenceRequest => "请核实更新情况",
        Reason::Operator => "运行情况",
    }
}

fn to_owner(reason: Reason) -> &'static str {
    match reason {
        Reason::Overdue => {
            "贵单位主办的以下账号疑似不达标,请尽快处理并回复处理情况;如与实际不符,请回复说明。"
        }
        Reason::Reminder => "贵单位主办的以下账号目前达标,但临近更新期限,请按时发布。",
        Reason::Escalation => "贵单位主办的以下账号疑似不达标,此前已提醒,至今未见更新,请尽快处理。",
        Reason::Rectified => "贵单位主办的以下账号此前提示过的问题已消除,感谢处理,无需再办。",
        Reason::PreHoliday => "贵单位主办的以下账号目前达标,但在长假后上班前到期,请提前安排发布。",
        Reason::Precheck => "贵单位主办的以下账号在季度检查前需要办理。",
        Reason::EvidenceRequest => {
            "贵单位主办的以下账号目前无法自动核实更新情况,请回复最近一篇文章的链接。没有采集到数据不等于没有更新,\
             这不表示账号存在问题。"
        }
        Reason::Operator => "",
    }
}

fn to_supervisor(reason: Reason) -> &'static str {
    match reason {
        Reason::Overdue => {
            "贵单位主管的以下账号疑似不达标,请督促主办单位尽快处理并回复处理情况;如与实际不符,请回复说明。\
             (台账里没有主办单位的可用邮箱,因此只发给主管单位。)"
        }
        Reason::Reminder => {
            "贵单位主管的以下账号目前达标,但临近更新期限,请督促主办单位按时发布。\
             (台账里没有主办单位的可用邮箱,因此只发给主管单位。)"
        }
        Reason::Escalation => {
            "贵单位主管的以下账号疑似不达标,至今未见整改,请予督促。此前的提醒列在各账号之下。"
        }
        Reason::Rectified => "贵单位主管的以下账号此前提示过的问题已消除,感谢督促,无需再办。",
        Reason::PreHoliday => {
            "贵单位主管的以下账号目前达标,但在长假后上班前到期,请督促主办单位提前安排发布。"
        }
        Reason::Precheck => "以下账号在季度检查前需要办理。",
        Reason::EvidenceRequest => {
            "贵单位主管的以下账号目前无法自动核实更新情况,请督促主办单位回复最近一篇文章的链接。没有采集到数据不等于没有\
             更新,这不表示账号存在问题。"
        }
        Reason::Operator => "",
    }
}
