//! Is a page that answers 200 what was asked for? Features with weights, summed by kind, each kept with what it matched.
//!
//! A page is called dead only from [`PROVEN`] points on; from [`DOUBTFUL`] on it is undetermined. What speaks for
//! content (a date of publication, the furniture of an article, length) counts against, and a page that broke off
//! proves nothing. The weights were set by hand on the part `tune` of the corpus in `tests/fixtures/pages`.

use freshd_core::link::LinkAnswer;
use serde::Serialize;
use url::Url;

use super::control::Control;
use super::seen::Seen;
use crate::page;

pub(super) use place::is_home;

mod gone;
mod place;
mod words;

/// So many points prove what a page is.
pub const PROVEN: i32 = 100;
/// From so many points on nothing is concluded, unless the host's answer to a random path decides.
pub const DOUBTFUL: i32 = 60;

/// What a page turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What was asked for, as far as one can see.
    Content,
    /// A page that says "not found", "deleted" or "closed", with status 200.
    NotFound,
    /// The site's home page in place of what was asked for.
    Home,
    /// A name for sale or parked with a seller.
    Parked,
    /// What a web server shows before anybody has put anything there.
    DefaultPage,
    /// A host that may not be shown because it is not registered 未备案.
    Unregistered,
    /// An error of the server's own program, with status 200.
    ServerError,
    /// 升级、维护中.
    Upkeep,
    /// A login in place of what was asked for.
    Login,
    /// A check for robots, or a block.
    Challenge,
    /// A page only for a certain client.
    Client,
    /// Nothing to see without running its scripts.
    Shell,
}

/// One feature of a page, and what it weighs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The feature.
    pub feature: &'static str,
    /// Points for the kind (negative: against it).
    pub weight: i32,
    /// The words, number or address in which it was found.
    pub matched: String,
}

/// A page and where it was found.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The address that the menu holds.
    pub asked: &'a Url,
    /// The address that answered in the end.
    pub last: &'a Url,
    /// What is seen there.
    pub seen: &'a Seen,
    /// What the host answers to a random path, if that is known.
    pub control: Option<&'a Control>,
}

/// What a page is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it means for the link.
    pub answer: LinkAnswer,
    /// What the page is.
    pub kind: Kind,
    /// The features by which that was decided; empty for content without any.
    pub marks: Vec<Mark>,
    /// Would the host's answer to a random path help?
    pub wants_control: bool,
}

/// Points for one kind.
struct Tally {
    kind: Kind,
    marks: Vec<Mark>,
}

impl Tally {
    fn new(kind: Kind) -> Self {
        Self { kind, marks: Vec::new() }
    }

    fn add(&mut self, feature: &'static str, weight: i32, matched: impl Into<String>) {
        let matched: String = matched.into().chars().take(80).collect();
        self.marks.push(Mark { feature, weight, matched });
    }

    fn add_some(&mut self, feature: &'static str, weight: i32, matched: Option<&str>) {
        if let Some(matched) = matched {
            self.add(feature, weight, matched);
        }
    }

    fn score(&self) -> i32 {
        self.marks.iter().map(|mark| mark.weight).sum()
    }

    /// What weighs most: to be quoted.
    fn quote(&self) -> &str {
        let aside = ["length", "nothing_else", "way_back", "like_a_random_path"];
        let said = self.marks.iter().rev().filter(|mark| !aside.contains(&mark.feature));
        let most = said.max_by_key(|mark| mark.weight);
        most.map_or("", |mark| mark.matched.as_str())
    }

    /// A page with only a few words says what they say; much text is content.
    fn add_length(&mut self, seen: &Seen) {
        let weight = match seen.chars {
            ..=150 => 30,
            151..=400 => 20,
            401..=1000 => 10,
            1001..=1500 => 0,
            1501..=3000 => -40,
            _ => -80,
        };
        self.add("length", weight, seen.chars.to_string());
    }

    /// Pieces of text that no notice would hold: menus, lists, content. Says whether there are any.
    fn add_rest(&mut self, seen: &Seen) -> bool {
        let rest = seen.pieces.iter().filter(|piece| is_rest(piece, &seen.title));
        let rest: Vec<&str> = rest.map(String::as_str).take(8).collect();
        let weight = [0, 0, -15, -30, -45, -60].get(rest.len()).copied().unwrap_or(-75);
        if weight < 0 {
            self.add("much_else", weight, rest.join(" / "));
        }
        !rest.is_empty()
    }

    /// What speaks for an article.
    fn add_article(&mut self, case: &Case<'_>) {
        let seen = case.seen;
        if seen.dated {
            self.add("dated", -100, "meta");
        }
        let mut found: Vec<&str> =
            seen.pieces.iter().filter_map(|it| words::furniture(it)).collect();
        found.sort_unstable();
        found.dedup();
        if !found.is_empty() {
            self.add("furniture", if found.len() > 1 { -60 } else { -25 }, found.join(" "));
        }
        self.add_some("news", -40, words::news(&seen.text));
        let long = |piece: &&String| piece.chars().count() > 60 && piece.contains('。');
        let prose = seen.pieces.iter().filter(long).count();
        if prose > 1 {
            self.add("prose", -30, format!("{prose}"));
        }
    }
}

fn is_rest(piece: &str, title: &str) -> bool {
    let said = [
        words::gone,
        words::way_back,
        words::number,
        words::error_title,
        words::upkeep,
        words::patience,
        words::closed_now,
        words::unregistered,
        words::for_sale,
        words::seller,
        words::server_error,
        words::framework,
        words::courtesy,
    ];
    let letters = piece.chars().filter(|c| c.is_alphabetic()).count();
    letters > 2 && piece != title && !said.iter().any(|words| words(piece).is_some())
}

/// Judges a page that was answered with a success.
pub fn judge(case: &Case<'_>) -> Judged {
    let challenge = challenge(case);
    if challenge.score() >= DOUBTFUL {
        return concluded(challenge, case);
    }
    let mut all = [
        gone::not_found(case),
        gone::parked(case),
        gone::unregistered(case),
        gone::upkeep(case),
        gone::server_error(case),
        gone::default_page(case),
    ];
    all.sort_by_key(|tally| -tally.score());
    let [best, ..] = all;
    if best.score() >= PROVEN {
        return concluded(best, case);
    }
    let others = [place::login(case), place::client(case), place::home(case), place::shell(case)];
    match others.into_iter().find(|tally| tally.score() >= DOUBTFUL) {
        Some(tally) => concluded(tally, case),
        None => concluded(best, case),
    }
}

/// Does the page stand in the way of another?
fn challenge(case: &Case<'_>) -> Tally {
    let seen = case.seen;
    let mut tally = Tally::new(Kind::Challenge);
    let texts = std::iter::once(&seen.title).chain(&seen.headings);
    let whole = texts.map(String::as_str).find(|text| page::is_challenge(text));
    tally.add_some("challenge_title", 100, whole.filter(|_| seen.chars <= 1500));
    if seen.chars <= 400 {
        let text = format!("{} {}", seen.title, seen.text);
        tally.add_some("stopped", if seen.chars <= 150 { 60 } else { 40 }, words::stopped(&text));
        tally.add_some("guard_script", 30, words::guard(&seen.script));
        if seen.chars <= 60 && words::guard(&seen.script).is_some() {
            tally.add("nothing_else", 40, seen.chars.to_string());
        }
    }
    tally
}

/// What a tally means.
fn concluded(tally: Tally, case: &Case<'_>) -> Judged {
    let (kind, score, quote) = (tally.kind, tally.score(), tally.quote().to_owned());
    let speaks = |mark: &Mark| mark.feature.starts_with("sentence") && mark.weight >= 50;
    let suspicious = match kind {
        Kind::Home => score >= DOUBTFUL,
        Kind::NotFound => {
            let written = ["dated", "furniture", "title_of_writing", "news", "moved"];
            let written = tally.marks.iter().any(|mark| written.contains(&mark.feature));
            score >= DOUBTFUL || tally.marks.iter().any(speaks) && !written
        }
        _ => false,
    };
    let wants_control = case.control.is_none() && score < PROVEN && suspicious;
    let said = |kind, answer| Judged { answer, kind, marks: tally.marks.clone(), wants_control };
    let unknown = |reason: String| LinkAnswer::Unknown(reason);
    if score < DOUBTFUL {
        let marks = tally.marks.iter().any(|mark| mark.weight > 30);
        let marks = if marks { tally.marks.clone() } else { Vec::new() };
        return Judged { marks, ..said(Kind::Content, LinkAnswer::Alive) };
    }
    let doubtful = match kind {
        Kind::Challenge => unknown(format!("打开时遇到验证页面({quote}),无法核验")),
        Kind::Login => unknown("打开后转到登录页,需要登录,无法核验".to_owned()),
        Kind::Client => unknown(format!("页面写着“{quote}”,无法核验")),
        Kind::Shell => unknown("页面内容由脚本生成,不运行脚本看不到内容,无法核验".to_owned()),
        Kind::Home if score < PROVEN => {
            unknown("打开后转到首页,原来的页面可能已撤销,无法判定".to_owned())
        }
        _ if score < PROVEN => unknown(format!("页面像是提示页(“{quote}”),不能断定")),
        _ if !case.seen.ended => unknown("网页没有传完,无法核验".to_owned()),
        _ => return said(kind, proven(kind, &quote)),
    };
    said(kind, doubtful)
}

/// What is proven, in words for people.
fn proven(kind: Kind, quote: &str) -> LinkAnswer {
    let reason = match kind {
        Kind::Upkeep => return LinkAnswer::Upkeep(format!("网站维护中:页面写着“{quote}”")),
        Kind::Home => "软死链:打开后转到网站首页,随意写的地址也转到这里".to_owned(),
        Kind::Parked => format!("软死链:域名待售或停放(“{quote}”)"),
        Kind::DefaultPage => format!("软死链:只有服务器的默认页面(“{quote}”)"),
        Kind::Unregistered => format!("软死链:网站未备案被阻断(“{quote}”)"),
        Kind::ServerError => format!("软死链:页面是程序出错的信息(“{quote}”)"),
        _ => format!("软死链:页面写着“{quote}”"),
    };
    LinkAnswer::Failing(reason)
}
