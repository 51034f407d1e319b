//! What did a process that died hold? Its claims are given back: whoever has the store now is alone with it.

use chrono::TimeDelta;
use freshd_core::Timestamp;

use super::App;
use crate::notify::tick::CLAIM_MIN;
use crate::seal::SealKey;
use crate::store::{Change, Index, LetterState, StoreError};

/// Records given back in one commit.
const PAGE: usize = 200;

/// Makes due at once what a dead process had claimed: accounts that were to be decided about, letters that were being sent (their
/// Message-IDs stay, so that a letter which had arrived can be told as one). Also makes the key that Message-IDs are written with.
pub fn take_over(app: &App, now: Timestamp) -> Result<usize, StoreError> {
    let store = app.store();
    SealKey::of(store)?;
    if let Some(restored) = app.restored_at() {
        tracing::warn!(%restored, "restored from a backup: letters are held until `freshd mail release`");
    }
    let within = now + TimeDelta::minutes(CLAIM_MIN);
    let due = store.due(Index::Notify, within, usize::MAX)?;
    let claimed: Vec<_> = due.into_iter().filter(|(at, _)| *at > now).collect();
    for page in claimed.chunks(PAGE) {
        store.update(|change: &mut Change| {
            page.iter().for_each(|(_, id)| change.set_notify_due(id, Some(now)));
            Ok::<(), StoreError>(())
        })?;
    }
    let mut sending = Vec::new();
    store.for_each_letter(|letter| {
        if letter.state == LetterState::Sending {
            sending.push(letter.id);
        }
        Ok(true)
    })?;
    for page in sending.chunks(PAGE) {
        for id in page {
            store.update_letter(id, |letter| {
                if letter.state == LetterState::Sending {
                    letter.state = LetterState::Queued;
                    letter.lease_until = None;
                    letter.next_attempt = Some(now);
                }
            })?;
        }
    }
    let given_back = claimed.len() + sending.len();
    if !sending.is_empty() {
        tracing::info!(letters = sending.len(), "letters of a process that died are sent again");
    }
    Ok(given_back)
}

#[cfg(test)]
mod tests;
