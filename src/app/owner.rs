//! What may an owner see and say by the link of a letter? The page's values from the store; what is said is kept by
//! `keep`, and decided on by [`requests`].

use freshd_core::account::{Account, Lifecycle};
use freshd_core::forecast::last_safe_day;
use freshd_core::owner::OwnerWord;
use freshd_core::rulebook::Rule;
use freshd_core::state::AccountState;
use freshd_core::verdict::{Judgement, Outcome};
use freshd_core::{Timestamp, civil};
use serde_json::{Value, json};

use super::App;
use crate::notify::is_contact;
use crate::notify::letter::door;
use crate::report::words::{lifecycle_chinese, platform_chinese};
use crate::seal::{SealKey, Unsealed};
use crate::store::{Letter, LetterState, StoreError};
use crate::web::owner::{Door, rows};

pub mod form;
mod keep;
pub mod requests;

pub(super) use keep::act;

/// Words of one letter that its page shows, the newest.
const SHOWN_MAX: usize = 10;

/// Who came in, and to what.
pub(super) struct Guest {
    pub(super) letter: Letter,
    pub(super) account: Account,
    pub(super) state: AccountState,
    pub(super) judgement: Judgement,
}

/// Follows a link; the inner error is a closed door.
pub(super) fn enter(app: &App, token: &str) -> Result<Result<Guest, Door>, StoreError> {
    let now = app.now();
    let over = |why: String| Ok(Err(Door::Over(why)));
    let Some(key) = SealKey::held(app.store())? else { return Ok(Err(Door::Forged)) };
    let passed = match door::read(&key, token, now) {
        Ok(passed) => passed,
        Err(Unsealed::Forged) => return Ok(Err(Door::Forged)),
        Err(Unsealed::Expired) => {
            return over("链接已过有效期。请用最近一封信里的链接,或直接回复邮件。".to_owned());
        }
    };
    let letter = app.store().letter(&passed.letter)?;
    let letter = letter.filter(|letter| letter.state != LetterState::Cancelled);
    let Some(letter) = letter else {
        return over("这封信已撤回或已清理。请用最近一封信里的链接,或直接回复邮件。".to_owned());
    };
    if !passed.fits(&letter.to, &letter.accounts) {
        return Ok(Err(Door::Forged));
    }
    let Some((account, state, judgement)) = app.judged(&passed.account, now)? else {
        return over("这个账号已移出台账,无需再办。".to_owned());
    };
    if !account.lifecycle.is_judged() {
        let word = lifecycle_chinese(account.lifecycle);
        return over(format!("账号“{}”在台账里是“{word}”,不再监测,无需再办。", account.name));
    }
    if !is_contact(&account, &letter.to) {
        return over("收件地址已不是这个账号登记的联系方式,链接随之停用。".to_owned());
    }
    Ok(Ok(Guest { letter, account, state, judgement }))
}

/// What is behind the link. Changes nothing.
pub(super) fn door(app: &App, token: &str) -> Result<Door, StoreError> {
    Ok(match enter(app, token)? {
        Err(door) => door,
        Ok(guest) => Door::Open(Box::new(page(app, &guest)?)),
    })
}

fn page(app: &App, guest: &Guest) -> Result<Value, StoreError> {
    let Guest { letter, account, state, judgement } = guest;
    let (now, config) = (app.now(), app.config());
    let last = judgement.last_update.as_ref().map(|seen| {
        let at = seen.sighting.published;
        let when = at.earliest.map_or_else(
            || format!("不晚于 {}", civil::minute_text(at.latest)),
            civil::minute_text,
        );
        json!({"when": when, "title": seen.sighting.title, "url": seen.sighting.url})
    });
    let ruling = judgement.ruling(Rule::ContentStale);
    let own = app.store().owner_words(&account.id)?;
    let own = own.iter().rev().filter(|word| word.letter == letter.id).take(SHOWN_MAX);
    let menu: Vec<(String, String)> =
        account.menu.iter().map(|(path, url)| (path.join("/"), url.clone())).collect();
    Ok(json!({
        "name": account.name,
        "platform": platform_chinese(&account.platform),
        "handle": account.handle,
        "sponsor": account.sponsor,
        "verdict": judgement.verdict.map(Outcome::key),
        "word": judgement.verdict.map_or("不判定", Outcome::chinese),
        "as_of": civil::minute_text(ruling.map_or(now, |ruling| ruling.as_of)),
        "reason": ruling.map(|ruling| ruling.reason.as_str()),
        "last": last,
        "asked": asked(app, account, judgement, now),
        "quiet": state.quiet_until.filter(|at| *at > now).map(civil::minute_text),
        "closing": account.lifecycle == Lifecycle::Closing,
        "said": own.map(said).collect::<Vec<_>>(),
        "menu": rows(&menu),
        "menu_read": state.history.menu.is_some(),
        "office": config.mail.office,
        "typed": {},
    }))
}

/// A word as its page tells it.
fn said(word: &OwnerWord) -> Value {
    json!({
        "at": civil::minute_text(word.at),
        "act": word.act.chinese(),
        "text": word.text,
        "answer": word.answer,
        "state": word.state.chinese(),
        "note": word.decided.as_ref().map(|decided| decided.note.as_str()),
    })
}

/// What is asked of the owner, in a sentence.
fn asked(app: &App, account: &Account, judgement: &Judgement, now: Timestamp) -> String {
    let days = app.policy().window_days();
    let deadline = judgement.forecast.map(|outlook| outlook.deadline);
    let stale = judgement.ruling(Rule::ContentStale).map(|ruling| ruling.outcome);
    match (judgement.verdict, stale) {
        (Some(Outcome::Fail), Some(Outcome::Fail)) => {
            format!("请尽快发布新内容(每 {days} 天内至少一次);已经发布的,请在下面贴上文章链接。")
        }
        (Some(Outcome::Fail), _) => {
            "请核实账号状态并尽快处理;与实际不符的,请在下面说明。".to_owned()
        }
        (Some(Outcome::AtRisk), _) => {
            let by = match deadline.and_then(|at| last_safe_day(at, now)) {
                Some(day) => format!("{}(含)前", day.format("%-m月%-d日")),
                None => "今日".to_owned(),
            };
            format!("请于{by}发布新内容;已经发布的,请在下面贴上文章链接。")
        }
        (Some(Outcome::Undetermined), _) => {
            "系统没有采集到足够的数据(这不等于没有更新)。请在下面贴上最近一篇文章的链接。"
                .to_owned()
        }
        (Some(Outcome::Pass), _) => "目前达标,无需办理。".to_owned(),
        (None, _) => format!("账号“{}”不在监测范围,无需办理。", account.name),
    }
}
