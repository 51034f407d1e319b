//! What follows from a mail? A bounce returns its letter, a link of the letter's own recipient is looked at; nothing else
//! follows from a mail, and people are shown the rest.

use freshd_core::Timestamp;

use super::super::App;
use crate::cli::exec::proof::by_mail::{Answer, answer};
use crate::notify::META_RECEIVED;
use crate::notify::inbox::Incoming;
use crate::notify::reach::{Bounce, bounced, letter_of};
use crate::store::{Change, Letter, LetterState, Received, ReceivedOutcome, StoreError};

/// Links of one mail that are opened.
const OPENED_MAX: usize = 3;
/// Mails that wait to be told to the operators; the rest stand in `freshd mail inbox`.
const TOLD_MAX: usize = 200;

/// Deals with one mail and keeps what became of it, in one commit with what follows from it.
pub(super) async fn with(app: &App, mail: &Incoming) -> anyhow::Result<Received> {
    let now = app.now();
    if let Some(returned) = &mail.returned {
        return Ok(app.store().update(|change| {
            let mut kept = blank(mail, now);
            match bounced(app.store(), change, returned, now)? {
                Bounce::Bounced(letter) => {
                    kept.told = letter.last_reply.clone().unwrap_or_default();
                    about(&mut kept, ReceivedOutcome::Bounced, letter);
                }
                Bounce::Delayed(letter) => {
                    kept.told = "暂时没有送达,对方还在重试;信的状态不变".to_owned();
                    about(&mut kept, ReceivedOutcome::Delayed, letter);
                }
                Bounce::Unmatched(why, _) => {
                    kept.outcome = ReceivedOutcome::Unmatched;
                    kept.told = format!("{why};没有作任何改动");
                }
            }
            keep(change, &kept)?;
            Ok::<_, StoreError>(kept)
        })?);
    }
    let mut kept = reply(app, mail, now).await?;
    if mail.attachments > 0 {
        kept.told.push_str(&format!("附件 {} 个,没有打开。", mail.attachments));
    }
    app.store().update(|change| keep(change, &kept))?;
    Ok(kept)
}

fn blank(mail: &Incoming, now: Timestamp) -> Received {
    Received {
        id: mail.id.clone(),
        at: now,
        sent: mail.sent,
        from: mail.from.clone(),
        subject: mail.subject.clone(),
        letter: None,
        accounts: Vec::new(),
        outcome: ReceivedOutcome::Unmatched,
        told: String::new(),
        text: mail.words.clone(),
    }
}

fn about(kept: &mut Received, outcome: ReceivedOutcome, letter: Letter) {
    kept.outcome = outcome;
    kept.letter = Some(letter.id);
    kept.accounts = letter.accounts;
}

/// Keeps the mail; those that people should read are put down for the operators' letter.
fn keep(change: &mut Change, kept: &Received) -> Result<(), StoreError> {
    if change.received(&kept.id)?.is_some() {
        return Ok(());
    }
    change.put_received(kept)?;
    // A bounce is told with the letters that failed.
    let quiet = [ReceivedOutcome::Automatic, ReceivedOutcome::Delayed, ReceivedOutcome::Bounced];
    if !quiet.contains(&kept.outcome) {
        let mut waiting: Vec<String> = change.meta(META_RECEIVED)?.unwrap_or_default();
        if waiting.len() < TOLD_MAX {
            waiting.push(kept.id.clone());
            change.put_meta(META_RECEIVED, &waiting)?;
        }
    }
    Ok(())
}

async fn reply(app: &App, mail: &Incoming, now: Timestamp) -> anyhow::Result<Received> {
    let mut kept = blank(mail, now);
    let letter = answered(app, mail)?;
    if mail.automatic {
        kept.told = "自动回复,不算回信".to_owned();
        kept.outcome = ReceivedOutcome::Automatic;
        if let Some(letter) = letter {
            about(&mut kept, ReceivedOutcome::Automatic, letter);
        }
        return Ok(kept);
    }
    let Some(letter) = letter else {
        kept.told = "不是对某封信的回复,或对不上发出的信;只供阅看。".to_owned();
        return Ok(kept);
    };
    if !letter.to.eq_ignore_ascii_case(&mail.from) {
        kept.letter = Some(letter.id);
        kept.told = format!("发件人不是这封信的收件人 {};只供阅看。", letter.to);
        return Ok(kept);
    }
    let body = app.store().letter_body(&letter.id)?.unwrap_or_default();
    let quoted =
        |link: &str| body.text.contains(link) || body.html.contains(&link.replace('&', "&amp;"));
    let links = mail.links.iter().filter(|link| !quoted(link));
    let links: Vec<&String> = links.take(OPENED_MAX).collect();
    let who = format!("回信 {}", mail.from);
    let mut outcome = ReceivedOutcome::Reply;
    for link in links {
        let (came_to, words) = match answer(app, link, &letter.accounts, &who).await? {
            Answer::Taken(words) => (ReceivedOutcome::Proof, words),
            Answer::Refused(why) => (ReceivedOutcome::Refused, why),
            Answer::Unopened(why) => (ReceivedOutcome::Unopened, why),
            Answer::NoArticle => continue,
        };
        kept.told.push_str(&format!("{link} {}。", words.trim_end()));
        if outcome != ReceivedOutcome::Proof {
            outcome = came_to;
        }
    }
    if outcome == ReceivedOutcome::Reply {
        let words = if mail.links.iter().any(|link| quoted(link)) {
            "回信里没有原信之外的文章链接"
        } else {
            "回信里没有文章链接"
        };
        kept.told = format!("{words},请人工阅处。");
    }
    about(&mut kept, outcome, letter);
    Ok(kept)
}

/// The letter that a mail answers: one that was taken by the mail server.
fn answered(app: &App, mail: &Incoming) -> Result<Option<Letter>, StoreError> {
    let mut change = app.store().change();
    for message_id in &mail.answers {
        let letter = letter_of(&mut change, message_id)?;
        if let Some(letter) = letter.filter(|letter| letter.state == LetterState::Accepted) {
            return Ok(Some(letter));
        }
    }
    Ok(None)
}
