//! Who looks at what no machine can see? Three people of the office work through the patrol list 核查单 each morning,
//! open the account as a reader would, and answer what they see; now and then wrongly.
//!
//! **Invariant:** the answers go the way of a sheet that comes back; of the truth they know what a reader sees.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::id::{AccountId, stable_hash};
use freshd_core::observation::Published;
use freshd_core::word::Finding;
use freshd_sim::world::{Account, Post};
use freshd_sim::{Platforms, World};

use super::effort::{Effort, Job};
use super::owners::link_of;
use super::truth::{Compared, Mark};
use crate::app::App;
use crate::app::patrol::Asked;
use crate::cli::exec::patrol::answer::{Answer, Field, Login, ready};
use crate::cli::exec::proof::Writer;
use crate::cli::exec::word;

/// A picture of one point: what a screenshot is to the program.
const PICTURE: &[u8] = include_bytes!("screenshot.png");
/// Refused answers that are printed.
const REFUSED_MAX: usize = 20;
/// The people of the office. The first takes a screenshot when there is nothing new; the others only say so.
pub const PEOPLE: [&str; 3] = ["值班员甲", "值班员乙", "值班员丙"];
/// Of a thousand looks without a screenshot, so many do not see the newest post.
pub const MISSES_PER_MILLE: u64 = 10;
/// Of a thousand looks without a screenshot, so many are at another account.
pub const MISTAKES_PER_MILLE: u64 = 5;
/// A wrong word that was believed explains a verdict for so long, days.
const MISLEADS_DAYS: i64 = 21;

/// What the people did.
#[derive(Clone, Debug, Default)]
pub struct Patrols {
    /// How many looks of each kind, and what they cost.
    pub effort: Effort,
    /// Looks by day.
    pub days: BTreeMap<chrono::NaiveDate, usize>,
    /// Looks that came to something untrue: the newest post was missed, or it was another account.
    pub mistaken: usize,
    /// Of those: another account's article, which was refused.
    pub caught: usize,
    /// Articles that would not open: the person wrote the time instead.
    pub unopened: usize,
    /// When something untrue was last taken as said of an account.
    misled: BTreeMap<String, Timestamp>,
    /// Answers that were refused, in words: there should be none.
    pub refused: Vec<String>,
}

/// What a look comes to.
struct Look {
    answer: Answer,
    mistaken: bool,
}

impl Patrols {
    /// How many looks.
    pub fn looks(&self) -> usize {
        self.days.values().sum()
    }

    /// Most looks on a day.
    pub fn most(&self) -> usize {
        self.days.values().copied().max().unwrap_or_default()
    }

    /// What went wrong on the way, some lines, Chinese; empty if nothing did.
    pub fn report(&self) -> String {
        let mut out = format!(
            "  看错的 {} 次(其中 {} 次因文章属于别的账号没有收下),链接当时打不开而只写时间 {} 次;看错的概率:没看到最新一条 {:.1}%,\
             认错账号 {:.1}%,附截图的不计\n",
            self.mistaken,
            self.caught,
            self.unopened,
            MISSES_PER_MILLE as f64 / 10.0,
            MISTAKES_PER_MILLE as f64 / 10.0,
        );
        for refused in self.refused.iter().take(REFUSED_MAX) {
            out.push_str(&format!("  核查单没有收下:{refused}\n"));
        }
        out
    }

    /// A pass that is not true because people saw wrongly is not the program's.
    pub fn excuse(&self, compared: &mut [Compared], now: Timestamp) {
        let misled = |id: &str| {
            self.misled.get(id).is_some_and(|at| now - *at <= TimeDelta::days(MISLEADS_DAYS))
        };
        for one in compared.iter_mut().filter(|one| one.mark == Mark::Missed && misled(&one.id)) {
            one.mark = Mark::Misled;
        }
    }

    /// One morning.
    pub async fn look(
        &mut self,
        app: &App,
        world: &World,
        platforms: &Platforms,
    ) -> anyhow::Result<()> {
        let now = app.now();
        for row in app.patrol(&Asked::default())?.tasks {
            let Some(account) = world.find(&row.id) else { continue };
            let person = row.person.unwrap_or_else(|| PEOPLE[0].to_owned());
            let eyes = Eyes { world, platforms, window: app.policy().window, now };
            let mut look = eyes.look(account, &person, row.picture_needed, true);
            // Who finds that the article is another account's looks again.
            for _ in 0..2 {
                *self.days.entry(civil::day(now)).or_default() += 1;
                self.effort.add(Job::of(look.answer.found, look.answer.picture.is_some()), now);
                self.mistaken += usize::from(look.mistaken);
                if self.keep(app, account, look).await? {
                    break;
                }
                look = eyes.look(account, &person, row.picture_needed, false);
            }
        }
        Ok(())
    }

    /// Was it taken?
    async fn keep(&mut self, app: &App, account: &Account, look: Look) -> anyhow::Result<bool> {
        let (id, now) = (account.id.as_str(), app.now());
        let login =
            Login { via: None, shown: "演示".to_owned(), named: true, writer: Writer::Stranger };
        let (link, again) = (look.answer.link.clone(), look.answer.clone());
        match ready(app, &AccountId::new(id), look.answer, &login).await? {
            Ok(good) => {
                word::keep(app, &good.id, &good.person, &good.said, good.proven.as_ref())?;
                if look.mistaken {
                    self.misled.insert(id.to_owned(), now);
                }
                Ok(true)
            }
            Err(wrong) if look.mistaken && wrong.iter().all(|it| it.field == Field::Link) => {
                self.caught += 1;
                Ok(false)
            }
            // The page is down or not the newest: the person writes down when the post was made.
            Err(wrong) if link.is_some() && wrong.iter().all(|it| it.field == Field::Link) => {
                self.unopened += 1;
                let answer = Answer { link: None, ..again };
                Box::pin(self.keep(app, account, Look { answer, mistaken: false })).await
            }
            Err(wrong) => {
                let what: BTreeSet<String> = wrong.into_iter().map(|it| it.what).collect();
                let what: Vec<String> = what.into_iter().collect();
                self.refused.push(format!("{id}:{}", what.join(";")));
                Ok(true)
            }
        }
    }
}

/// What a reader of an account sees at an instant.
struct Eyes<'a> {
    world: &'a World,
    platforms: &'a Platforms,
    window: TimeDelta,
    now: Timestamp,
}

impl Eyes<'_> {
    /// What a person answers who looks at this account, or means to.
    fn look(&self, account: &Account, person: &str, alone: bool, may_err: bool) -> Look {
        let takes_pictures = alone || person == PEOPLE[0];
        let day = civil::day(self.now).to_string();
        let told = [b"look", account.id.as_str().as_bytes(), person.as_bytes(), day.as_bytes()];
        let roll = (stable_hash(&told) >> 8) % 1000;
        let right = self.answer(account, account.visible(self.now).next(), person);
        let wrong = match roll {
            _ if !may_err => None,
            roll if roll < MISSES_PER_MILLE => {
                let second = account.visible(self.now).nth(1);
                second.map(|older| self.answer(account, Some(older), person))
            }
            roll if roll < MISSES_PER_MILLE + MISTAKES_PER_MILLE => {
                let other = self.neighbour(account);
                other.map(|other| self.answer(other, other.visible(self.now).next(), person))
            }
            _ => None,
        };
        // Who takes a picture sees the account's name and the newest day in it.
        let pictured = |answer: &Answer| answer.found == Finding::NothingSince && takes_pictures;
        let (mut answer, mistaken) = match wrong.filter(|wrong| !pictured(wrong)) {
            Some(wrong) => (wrong, true),
            None => (right, false),
        };
        if pictured(&answer) {
            answer.picture = Some(("截图.png".to_owned(), PICTURE.to_vec()));
        }
        Look { answer, mistaken }
    }

    /// What a reader of the account writes down whose newest post this is.
    fn answer(&self, account: &Account, newest: Option<(usize, Post)>, person: &str) -> Answer {
        let at = newest.map(|(_, post)| post.time);
        let found = match at {
            _ if account.gone_by(self.now).is_some() => Finding::NotFound,
            Some(at) if self.now - at < self.window => Finding::Updated,
            _ => Finding::NothingSince,
        };
        let link = newest.filter(|_| found == Finding::Updated);
        Answer {
            found,
            person: person.to_owned(),
            link: link.and_then(|(number, _)| link_of(self.platforms, account, number)),
            published: at.filter(|_| found != Finding::NotFound).map(Published::at),
            since: None,
            seen: Published::at(self.now),
            note: "核查单".to_owned(),
            picture: None,
        }
    }

    /// Another account that can be taken for this one: of the same platform, and of the same unit if there is one.
    fn neighbour(&self, account: &Account) -> Option<&Account> {
        let alike =
            |other: &&Account| other.platform == account.platform && other.index != account.index;
        let own = self.world.accounts.iter().filter(alike).find(|it| it.unit == account.unit);
        own.or_else(|| self.world.accounts.iter().skip(account.index + 1).find(alike))
    }
}
