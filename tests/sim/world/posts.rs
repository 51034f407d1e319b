//! What has an account published? Posts that its owner makes unasked, and those that a letter brought about, in one order.

use std::sync::PoisonError;

use freshd_core::Timestamp;
use freshd_core::id::stable_hash;

use super::{Account, Kind, Post, PostChannel, World};

/// Posts that a letter brought about are numbered from here: no other post's number moves.
const ASKED_FROM: usize = 0x80_0000;

impl World {
    /// Lets the owner of account `index` publish at `time`, which nobody has asked about yet (it lies in the future).
    /// `false` = there is no such account, or it is gone by then.
    pub fn publish(&self, index: usize, time: Timestamp) -> bool {
        let Some(account) = self.accounts.get(index) else { return false };
        if account.gone_by(time).is_some() {
            return false;
        }
        let title = stable_hash(&[account.id.as_str().as_bytes(), &time.timestamp().to_le_bytes()]);
        let of_wechat = matches!(account.kind, Kind::Wechat { .. }) || account.joins.is_some();
        let channel = if of_wechat { PostChannel::Notified } else { PostChannel::Posts };
        let title = u32::try_from(title >> 40).unwrap_or_default();
        let post = Post { time, channel, pinned: false, repost: false, deleted_at: None, title };
        let mut asked = account.asked.write().unwrap_or_else(PoisonError::into_inner);
        asked.push(post);
        // Numbers are given in this order and never change: a post is only ever added behind the others.
        true
    }
}

impl Account {
    /// The post of this number.
    pub fn post(&self, number: usize) -> Option<Post> {
        match number.checked_sub(ASKED_FROM) {
            Some(nth) => self.asked().get(nth).copied(),
            None => self.posts.get(number).copied(),
        }
    }

    /// Posts that letters brought about, in the order in which they were decided.
    pub fn asked(&self) -> Vec<Post> {
        self.asked.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those by `at`, each with its number, newest first.
    fn asked_by(&self, at: Timestamp) -> Vec<(usize, Post)> {
        let numbered = self.asked().into_iter().enumerate();
        let mut held: Vec<_> = numbered
            .filter(|(_, post)| post.time <= at)
            .map(|(nth, post)| (ASKED_FROM + nth, post))
            .collect();
        held.sort_by_key(|(_, post)| std::cmp::Reverse(post.time));
        held
    }

    fn unasked_by(&self, at: Timestamp) -> &[Post] {
        &self.posts[..self.posts.partition_point(|post| post.time <= at)]
    }

    /// Posts published by `at`, deleted ones included, newest first, each with its number.
    fn newest_first(&self, at: Timestamp) -> impl Iterator<Item = (usize, Post)> {
        let mut asked = self.asked_by(at).into_iter().peekable();
        let mut own = self.unasked_by(at).iter().copied().enumerate().rev().peekable();
        std::iter::from_fn(move || match (asked.peek(), own.peek()) {
            (Some((_, one)), Some((_, other))) if one.time < other.time => own.next(),
            (Some(_), _) => asked.next(),
            (None, _) => own.next(),
        })
    }

    /// Posts published by `at`, deleted ones included, oldest first.
    pub fn published_by(&self, at: Timestamp) -> Vec<Post> {
        let mut posts: Vec<Post> = self.newest_first(at).map(|(_, post)| post).collect();
        posts.reverse();
        posts
    }

    /// When the newest post was published, deleted or not.
    pub fn last_published(&self, at: Timestamp) -> Option<Timestamp> {
        self.newest_first(at).next().map(|(_, post)| post.time)
    }

    /// Posts that a reader finds at `at`, newest first, each with its number within the account.
    pub fn visible(&self, at: Timestamp) -> impl Iterator<Item = (usize, Post)> {
        self.newest_first(at).filter(move |(_, post)| post.is_visible(at))
    }

    /// Posts with `from <= time < to`, deleted or not, oldest first, each with its number.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = (usize, Post)> {
        let first = self.posts.partition_point(|post| post.time < from);
        let last = self.posts.partition_point(|post| post.time < to).max(first);
        let own = self.posts[first..last].iter().enumerate();
        let mut held: Vec<_> = own.map(|(nth, post)| (first + nth, *post)).collect();
        let asked = self.asked_by(to).into_iter();
        held.extend(asked.filter(|(_, post)| post.time >= from && post.time < to));
        held.sort_by_key(|(_, post)| post.time);
        held.into_iter()
    }
}
