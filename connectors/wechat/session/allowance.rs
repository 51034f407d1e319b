//! May an interface be asked once more today? Our own count, checked against the platform's.

use chrono::Days;
use freshd_core::civil;
use serde_json::json;

use super::super::errcode::{self, Refusal};
use super::super::interface::Interface;
use super::super::keep::Allowance;
use super::Session;
use crate::lenient;

/// What the platform itself counts: 76003 and its kin say that a path is not counted.
const QUOTA: Interface =
    Interface::new("/cgi-bin/openapi/quota/get", "接口调用额度", &[]).optional();

/// What the platform says of an allowance.
struct Said {
    remain: u32,
    words: String,
}

impl Session<'_> {
    /// Is there any allowance left today? The call is counted.
    pub(super) async fn may_call(&mut self, interface: Interface) -> bool {
        let (appid, path, day) = (self.appid, interface.path, self.today());
        let midnight = civil::start_of(day + Days::new(1));
        match self.way.keep.take(appid, path, interface.per_day, day) {
            Ok(Allowance::Yes) => true,
            Ok(Allowance::Spent) => {
                self.hush(interface, midnight, "今日调用次数已用完");
                false
            }
            Ok(Allowance::Reached(used)) => {
                let said = self.quota(interface).await;
                let learned = said.as_ref().map(|said| said.remain);
                let kept = learned.map(|remain| self.way.keep.learn(appid, path, remain, day));
                if let Some(Err(error)) = kept {
                    self.lost(&error);
                    return false;
                }
                if learned.is_some_and(|remain| remain > 0) {
                    return matches!(
                        self.way.keep.take(appid, path, interface.per_day, day),
                        Ok(Allowance::Yes)
                    );
                }
                let what = match said {
                    Some(said) => format!("今日调用次数已用完({})", said.words),
                    None => format!("今日已调用 {used} 次,已达一般账号的每日上限"),
                };
                self.hush(interface, midnight, &what);
                false
            }
            Err(error) => {
                self.lost(&error);
                false
            }
        }
    }

    /// 45009: that interface of this account rests until the next Beijing day; others go on.
    pub(super) async fn used_up(&mut self, interface: Interface, told: &Refusal) {
        let said = self.quota(interface).await;
        let kept = self.way.keep.learn(self.appid, interface.path, 0, self.today());
        let fault = errcode::fault(told, false, interface.name, self.cx.now);
        let mut fault = fault.expect("a used-up allowance is a fault");
        if let Some(said) = said {
            fault.detail.push_str(&format!(";平台的额度:{}", said.words));
        }
        self.seen.faults.push(fault);
        if let Err(error) = kept {
            self.lost(&error);
        }
    }

    /// What the platform says of an interface's allowance; `None` when it does not say.
    async fn quota(&mut self, interface: Interface) -> Option<Said> {
        let body = json!({ "cgi_path": interface.path });
        let faults = self.seen.faults.len();
        let halted = self.halted;
        let answer = self.call(QUOTA, Some(&body)).await;
        // A question on the side: its failure stops nothing.
        self.seen.faults.truncate(faults);
        self.halted = halted;
        let answer = answer?.ok()?;
        let figure = |key: &str| answer.pointer(&format!("/quota/{key}")).and_then(lenient::int);
        let remain = figure("remain")?;
        let of = |figure: Option<i64>| figure.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let (limit, used) = (of(figure("daily_limit")), of(figure("used")));
        let words = format!("每日 {limit} 次,已用 {used} 次,剩余 {remain} 次");
        Some(Said { remain: u32::try_from(remain.max(0)).unwrap_or(u32::MAX), words })
    }
}
