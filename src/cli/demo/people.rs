//! Who looks at what no machine can see? Two people of the office work through the patrol list 核查单 each morning, and
//! answer what they would see.
//!
//! **Invariant:** the answers go the way of a sheet that comes back; of the truth they know what a reader sees.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use freshd_core::Timestamp;
use freshd_core::civil;
use freshd_core::id::AccountId;
use freshd_core::observation::Published;
use freshd_core::verdict::Outcome;
use freshd_core::word::Finding;
use freshd_sim::World;
use freshd_sim::world::Account;

use super::truth::Compared;
use crate::app::App;
use crate::app::patrol::Asked;
use crate::cli::exec::patrol::answer::{Answer, Login, ready};
use crate::cli::exec::word;

/// A picture of one point: what a screenshot is to the program.
const PICTURE: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// What the people did.
#[derive(Clone, Debug, Default)]
pub struct Patrols {
    /// How many looks.
    pub looks: usize,
    /// On how many days.
    pub days: BTreeSet<chrono::NaiveDate>,
    /// Most looks on a day.
    pub most: usize,
    /// Seconds that a look takes.
    pub seconds_each: u32,
    /// Accounts that were 待核实 at the beginning, before anybody looked.
    pub open_before: usize,
    /// Answers that were refused, in words: there should be none.
    pub refused: Vec<String>,
}

impl Patrols {
    /// Hours of work in all.
    pub fn hours(&self) -> f64 {
        self.looks as f64 * f64::from(self.seconds_each) / 3600.0
    }

    /// Notes how many accounts nobody can judge yet.
    pub fn begin(&mut self, compared: &[Compared]) {
        let open = compared.iter().filter(|one| one.verdict == Outcome::Undetermined);
        self.open_before = open.count();
    }

    /// One morning.
    pub async fn look(&mut self, app: &App, world: &World) -> anyhow::Result<()> {
        let (now, before) = (app.now(), self.looks);
        let config = app.config();
        self.seconds_each = config.patrol.seconds_each;
        for person in config.patrol.people.clone() {
            let asked = Asked { person: Some(person.clone()), ..Asked::default() };
            for row in app.patrol(&asked)?.tasks {
                let Some(account) = world.find(&row.id) else { continue };
                let answer = answer(account, &person, app.policy().window, now);
                let login = Login { via: None, shown: "演示".to_owned(), named: true };
                match ready(app, &AccountId::new(row.id.clone()), answer, &login).await? {
                    Ok(good) => {
                        let proven = good.proven.as_ref();
                        word::keep(app, &good.id, &good.person, &good.said, proven)?;
                        self.looks += 1;
                    }
                    Err(wrong) => {
                        let what: Vec<String> = wrong.into_iter().map(|it| it.what).collect();
                        self.refused.push(format!("{}:{}", row.id, what.join(";")));
                    }
                }
            }
        }
        self.most = self.most.max(self.looks - before);
        if self.looks > before {
            self.days.insert(civil::day(now));
        }
        Ok(())
    }
}

/// What a reader of the account would write down.
fn answer(account: &Account, person: &str, window: TimeDelta, now: Timestamp) -> Answer {
    let newest = account.visible(now).map(|(_, post)| post.time).max();
    let found = match newest {
        _ if account.gone_by(now).is_some() => Finding::NotFound,
        Some(at) if now - at < window => Finding::Updated,
        _ => Finding::NothingSince,
    };
    let silent = found == Finding::NothingSince;
    Answer {
        found,
        person: person.to_owned(),
        link: None,
        published: newest.filter(|_| found != Finding::NotFound).map(Published::at),
        since: None,
        seen: Published::at(now),
        note: "核查单".to_owned(),
        picture: silent.then(|| ("截图.png".to_owned(), PICTURE.to_vec())),
    }
}
