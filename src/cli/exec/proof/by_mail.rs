//! Does a link that came by mail prove that an account of that letter published? The same way as `freshd proof`.

use freshd_core::account::Account;
use freshd_core::id::AccountId;
use freshd_core::observation::Observation;

use super::super::Usage;
use super::{Found, Identity, Opened, Proven, UNCHANGED, Writer, keep, look, open};
use crate::app::App;

/// What a link came to; Chinese.
pub(crate) enum Answer {
    /// Taken.
    Taken(String),
    /// It is no proof for an account of the letter.
    Refused(String),
    /// A person has to open it.
    Unopened(String),
    /// It leads to no article.
    NoArticle,
}

/// Opens the link and takes it for the account of the letter that it is of; the letter's only account is meant by it.
pub(crate) async fn answer(
    app: &App,
    url: &str,
    accounts: &[AccountId],
    who: &str,
) -> anyhow::Result<Answer> {
    let opened = match accounts {
        [one] => open(app, url, Some(one.clone()), Writer::Stranger).await,
        many => among(app, url, many).await,
    };
    let proven = match opened {
        Ok(Opened::Fits(proven)) => proven,
        Ok(Opened::Refused(why)) => return Ok(Answer::Refused(why)),
        Ok(Opened::Unopened(why)) => return Ok(Answer::Unopened(why)),
        Err(error) if error.is::<Usage>() => return Ok(Answer::NoArticle),
        Err(error) => return Err(error),
    };
    Ok(match keep(app, &proven, (url, who))? {
        Ok(text) => Answer::Taken(text),
        Err(why) => Answer::Refused(why),
    })
}

/// Which account of a letter an article is of, by its identity.
async fn among(app: &App, url: &str, accounts: &[AccountId]) -> anyhow::Result<Opened> {
    let (seen, whose) = match look(app, url, None, Writer::Stranger).await? {
        Ok(seen) => seen,
        Err(refusal) => return Ok(refusal),
    };
    let identity = Identity(whose);
    let owners = Found::search(app, &identity)?.owners;
    let mut fitting: Vec<Account> = Vec::new();
    for id in accounts {
        let held = app.store().account(id)?;
        let free = owners.is_empty() || owners.iter().any(|owner| owner.id == *id);
        fitting.extend(held.filter(|held| free && identity.belongs_to(held).is_ok()));
    }
    let whose = format!("这篇文章属于“{}”", identity.0.name);
    match <[Account; 1]>::try_from(fitting) {
        Ok([account]) => {
            let seen = Observation { profile: None, ..seen };
            Ok(Opened::Fits(Box::new(Proven { account, identity, seen })))
        }
        Err(none) if none.is_empty() => {
            Ok(Opened::Refused(format!("{whose},不是这封信里的任何一个账号;{UNCHANGED}")))
        }
        Err(several) => {
            let names: Vec<&str> = several.iter().map(|account| account.id.as_str()).collect();
            Ok(Opened::Refused(format!(
                "{whose},这封信里有几个账号与它对应({});{UNCHANGED}",
                names.join("、")
            )))
        }
    }
}
