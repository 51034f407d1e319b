//! What has become of the account itself? Renamed, migrated, frozen, cancelled, unverified: by the platform's word
//! where we are its third-party platform, else by what its own articles' pages say.

use freshd_core::civil;
use freshd_core::fault::{Fault, FaultKind, FaultScope};
use freshd_core::observation::{Evidence, Part, Profile, ProfileState};
use url::Url;

use super::component;
use super::errcode::{self, Class};
use super::memory::Memory;
use super::session::Session;
use super::token::NoToken;
use crate::article::{self, ArticlePage, PAGE_BYTES_MAX};
use crate::http::redact;

/// Once a Beijing day, before anything else: what the platform says, and which permission sets are granted.
pub(crate) async fn look(session: &mut Session<'_>, memory: &mut Memory) {
    let today = session.today();
    let Some(way) = session.through.take() else { return };
    let due = memory.standing_day != Some(today) || session.cx.fresh;
    if due && !session.is_halted() {
        match way.reconcile().await {
            Ok(()) => ask(session, memory, &way).await,
            Err(why) => session.tokenless(why),
        }
    }
    session.through = Some(way);
}

/// A code cast doubt on the account: is it frozen, cancelled, moved, or merely not authorised?
pub(crate) async fn settle(session: &mut Session<'_>, memory: &mut Memory, article_base: &Url) {
    if !session.doubted || session.profile.is_some() {
        return;
    }
    if let Some(way) = session.through.take() {
        ask(session, memory, &way).await;
        session.through = Some(way);
    } else if memory.opened_day != Some(session.today()) {
        open_article(session, memory, article_base).await;
    }
}

async fn ask(session: &mut Session<'_>, memory: &mut Memory, way: &component::Component<'_>) {
    let told = component::look_up(way, session.appid).await;
    let standing = match told {
        Ok(standing) => standing,
        // Said already, by the call that cast the doubt.
        Err(_) if session.doubted => return,
        Err(NoToken::Refused { told, asked, .. })
            if errcode::class(told.code, false) == Class::NotAuthorised =>
        {
            // Whether the authorisation stands, its own token tells.
            let words = format!("{asked}:errcode {}:{}", told.code, told.words);
            tracing::debug!(appid = session.appid, words, "not known to the platform");
            return;
        }
        // The account's own token may be had all the same.
        Err(NoToken::Refused { told, asked, secret: false })
            if matches!(
                errcode::class(told.code, false),
                Class::Transient | Class::PerDay | Class::PerMinute | Class::Unknown
            ) =>
        {
            session.seen.faults.extend(errcode::fault(&told, false, asked, session.cx.now));
            return;
        }
        Err(why) => return session.tokenless(why),
    };
    // An account in trouble is asked about at every look, so that two looks can agree.
    let open = standing.profile.state == ProfileState::Open;
    memory.standing_day = open.then(|| session.today());
    session.seen.evidence.push(standing.evidence);
    if standing.mini_program {
        let detail = format!("{} 是小程序,不是公众号,请检查台账中的 AppID", session.appid);
        session.seen.faults.push(Fault::new(FaultScope::Account, FaultKind::Refused, detail));
        return session.halt();
    }
    match standing.status {
        Some(18) => note(session, "微信对该账号发出告警(account_status 18),请登录公众平台查看"),
        Some(14 | 16 | 19) | Some(1) | None => {}
        Some(other) => note(session, &format!("account_status 为未收录的值 {other}")),
    }
    if standing.verified == Some(false) {
        note(session, "平台显示该账号未通过微信认证(verify_type_info 为 -1)");
    }
    if !open {
        session.halt();
    }
    session.seen.carried(&[Part::Profile]);
    session.profile = Some(standing.profile);
}

/// Something that a person should know and that is no fault of the poll.
fn note(session: &Session<'_>, what: &str) {
    tracing::warn!(appid = session.appid, what, "standing of a WeChat account");
}

/// The newest article that we know: its page says whether the whole account is gone, and how.
async fn open_article(session: &mut Session<'_>, memory: &mut Memory, base: &Url) {
    let known = memory.newest.as_ref().and_then(|newest| {
        newest
            .posts
            .iter()
            .find_map(|post| post.url.as_deref().and_then(|url| Url::parse(url).ok()))
    });
    let Some(url) = known else { return };
    memory.opened_day = Some(session.today());
    let fetched = article::fetch::page(session.cx.http, &url, base, PAGE_BYTES_MAX, &[]).await;
    let Ok(article::fetch::Fetched::Page(response, known)) = fetched else { return };
    if response.status != 200 {
        return;
    }
    let read = article::parse(&response.body, response.header("content-type"), &response.url);
    let ArticlePage::Tombstone { class, text } = read else { return };
    let Some(state) = class.account_state() else { return };
    let body = format!("{}:{text}", civil::minute_text(session.cx.now));
    session.seen.evidence.push(Evidence { url: redact::url(&known), at: session.cx.now, body });
    session.seen.carried(&[Part::Profile]);
    session.profile = Some(Profile { state, ..Profile::default() });
}
