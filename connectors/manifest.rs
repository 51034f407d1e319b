//! What does a connector without code consist of? A manifest: one TOML file that is data throughout,
//! or every problem in it.
//!
//! **Invariant:** a [`Manifest`] that exists is usable: its patterns compile, its templates name
//! pieces that there are, and what it claims of silence was said by somebody.

mod answer;
mod read;
mod request;
mod value;

use chrono::FixedOffset;
use freshd_core::fault::{FaultKind, FaultScope, Retry};
use regex::Regex;
use scraper::Selector;

use crate::connector::Courtesy;
use crate::extract::path::Path;
use crate::extract::shape::Reading;
use crate::extract::template::Template;
use crate::extract::time::TimeFormat;
use crate::extract::{Condition, Source};
use read::{Notes, Part};

/// Longest manifest, bytes.
pub const MANIFEST_BYTES_MAX: usize = 256 << 10;

/// Something wrong in a manifest; all of a file's problems are told at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestProblem {
    /// 1-based line, where known.
    pub line: Option<usize>,
    /// The key's path, e.g. `fields.published[0].at`; empty = the whole line or file.
    pub key: String,
    /// What is wrong, Chinese.
    pub what: String,
    /// How to mend it, Chinese.
    pub help: String,
}

/// A connector without code.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub(crate) name: String,
    pub(crate) platform: String,
    pub(crate) about: String,
    pub(crate) target: TargetRule,
    pub(crate) lookups: Vec<Lookup>,
    pub(crate) request: Ask,
    pub(crate) paging: Paging,
    pub(crate) reading: Reading,
    pub(crate) success: Vec<Condition>,
    pub(crate) message: Option<Source>,
    pub(crate) items: Items,
    pub(crate) fields: Fields,
    pub(crate) detail: Option<Detail>,
    pub(crate) coverage: CoverageRule,
    pub(crate) faults: Vec<FaultRow>,
    pub(crate) account_name: Option<Source>,
    pub(crate) courtesy: Courtesy,
}

/// What may be polled.
#[derive(Clone, Debug)]
pub(crate) struct TargetRule {
    /// Matches the whole target; its named groups are pieces.
    pub(crate) pattern: Regex,
    /// What a group is where the target leaves it out.
    pub(crate) defaults: Vec<(String, String)>,
    pub(crate) example: String,
    pub(crate) help: String,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) url: Template,
    /// `Some` = POST.
    pub(crate) body: Option<Body>,
    pub(crate) headers: Vec<(String, Template)>,
    /// Header and the name of the secret that it carries.
    pub(crate) secrets: Vec<(String, String)>,
    pub(crate) bytes_max: usize,
}

/// What is posted.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// This document, whose texts are templates.
    Json(serde_json::Value),
    /// The fields of a form, in the order of their names.
    Form(Vec<(String, Template)>),
}

/// A piece that must be asked for first.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    /// A target that matches already is the piece.
    pub(crate) unless: Option<Regex>,
    pub(crate) ask: Ask,
    pub(crate) reading: Reading,
    pub(crate) source: Source,
    /// What the piece must look like as a whole; what does not is a changed page.
    pub(crate) pattern: Option<Regex>,
}

/// The numbers that `{page}` takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paging {
    pub(crate) first: u32,
    pub(crate) step: u32,
    pub(crate) pages_max: u32,
}

/// Which parts of an answer are posts.
#[derive(Clone, Debug)]
pub(crate) struct Items {
    pub(crate) place: ItemPlace,
    pub(crate) own: Vec<Condition>,
    pub(crate) skip: Vec<Condition>,
    pub(crate) pinned: Vec<Condition>,
    pub(crate) repost: Vec<Condition>,
    pub(crate) same_site: bool,
    pub(crate) empty_is_fault: bool,
}

/// Where posts stand.
#[derive(Clone, Debug)]
pub(crate) enum ItemPlace {
    Json(Path),
    /// The first selector that finds any.
    Css(Vec<Selector>),
}

/// What is taken from each post; of several sources the first that says something.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) key: Vec<Source>,
    pub(crate) title: Vec<Source>,
    pub(crate) url: Vec<Source>,
    pub(crate) published: Vec<Dated>,
}

/// A date and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct Dated {
    pub(crate) source: Source,
    pub(crate) formats: Vec<TimeFormat>,
    pub(crate) zone: FixedOffset,
    /// An edit time: publication was not later, and that is all.
    pub(crate) bound: bool,
}

/// The post's own page, opened where the list says no date.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    pub(crate) pages_max: u32,
    /// Domains that may be asked besides the list's own host.
    pub(crate) hosts: Vec<String>,
    pub(crate) reading: Reading,
    pub(crate) published: Vec<Dated>,
    pub(crate) title: Vec<Source>,
}

/// What silence proves.
#[derive(Clone, Debug)]
pub(crate) struct CoverageRule {
    pub(crate) newest_first: bool,
    /// Only when the operator vouches for it in the configuration.
    pub(crate) by_operator: bool,
    pub(crate) lag_h: u32,
    pub(crate) last_page: Vec<Condition>,
    /// A page of so many posts or more is not taken for the last.
    pub(crate) full_page: Option<u32>,
    /// How far back a last page vouches, days.
    pub(crate) last_page_days: u32,
}

/// An answer that is a fault.
#[derive(Clone, Debug)]
pub(crate) struct FaultRow {
    /// Empty = any.
    pub(crate) status: Vec<u32>,
    pub(crate) when: Vec<Condition>,
    pub(crate) scope: FaultScope,
    pub(crate) kind: FaultKind,
    pub(crate) retry: Retry,
    pub(crate) say: String,
}

impl Manifest {
    /// Reads a manifest. `stem` is its file's name without `.toml`, which must be the connector's
    /// name. The error holds every problem, in the order of the file.
    pub fn parse(text: &str, stem: &str) -> Result<Self, Vec<ManifestProblem>> {
        let notes = Notes::default();
        if text.len() > MANIFEST_BYTES_MAX {
            let what = format!("清单超过 {} KiB", MANIFEST_BYTES_MAX >> 10);
            notes.add(None, "", read::Wrong(what, "这大概不是采集器清单".to_owned()));
            return Err(notes.finish());
        }
        let document = read::document(text, &notes);
        let manifest = whole(Part::root(&document, &notes), stem, text);
        let problems = notes.finish();
        match manifest {
            Some(manifest) if problems.is_empty() => Ok(manifest),
            _ => Err(problems),
        }
    }

    /// The name, as in `connector:target`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The target that the manifest itself gives as its example.
    pub fn example(&self) -> &str {
        &self.target.example
    }

    /// Does its list prove silence only where the operator vouches that it is complete?
    pub fn wants_word(&self) -> bool {
        self.coverage.newest_first && self.coverage.by_operator
    }

    /// The names of the secrets that it needs.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.request.secrets.iter().map(|(_, key)| key.as_str())
    }
}

/// Everything; `None` only when a part without which there is none is wrong (and was told).
fn whole(root: Part<'_>, stem: &str, text: &str) -> Option<Manifest> {
    let name = name(&root, stem);
    let platform = root.need("platform", "写上平台,例如 platform = \"thepaper\";任何平台写 \"*\"");
    if !platform.is_empty() && platform != "*" && !is_name(&platform) {
        root.problem("platform", "平台只用小写字母、数字和连字符", "任何平台写 \"*\"");
    }
    let about = root.need("about", "用一句中文说明读的是什么");
    if !about.is_empty() && about.is_ascii() {
        root.problem("about", "不是中文", "用一句中文说明读的是什么");
    }
    let target = request::target(&root);
    let groups = target.as_ref().map(request::groups);
    let mut known = groups.clone().unwrap_or_else(|| request::all_names(text));
    let lookups = request::lookups(&root, &groups.unwrap_or_default(), &mut known);
    let section = root.table("request");
    if !section.is_present() && !root.has("request") {
        root.problem("request", "没有 [request]", "写明要访问的网址");
    }
    let paging = request::paging(&section);
    let mut names = known.clone();
    names.insert("page".to_owned());
    let ask = request::ask(&section, &names, &["first_page", "page_step", "pages_max"]);
    section.close();
    let (reading, success, message) = answer::answer(&root, &known);
    let is_page = reading.as_ref().is_some_and(|reading| reading.shape.is_page());
    let items = answer::items(&root, is_page, &known);
    let fields = answer::fields(&root, is_page, &known);
    let detail = answer::detail(&root, &known);
    let coverage = answer::coverage(&root, is_page, &known);
    let faults = answer::faults(&root, is_page, &known);
    let profile = root.table("profile");
    let account_name = value::source_of(&profile, "name", is_page, &known);
    profile.close();
    let limits = root.table("courtesy");
    let courtesy = Courtesy {
        at_once: limits.whole("at_once", 1..=100).unwrap_or(1),
        per_minute: limits.whole("per_minute", 1..=10_000).unwrap_or(20),
    };
    limits.close();
    root.close();
    Some(Manifest {
        name,
        platform,
        about,
        target: target?,
        lookups,
        request: ask?,
        paging,
        reading: reading?,
        success,
        message,
        items: items?,
        fields: fields?,
        detail,
        coverage,
        faults,
        account_name,
        courtesy,
    })
}

fn name(root: &Part<'_>, stem: &str) -> String {
    root.whole("manifest", 1..=1);
    if !root.has("manifest") {
        root.problem("manifest", "没有写清单的版本", "第一行写 manifest = 1");
    }
    let name = root.need("name", "写上采集器的名称,与文件名相同");
    if !name.is_empty() && !is_name(&name) {
        root.problem("name", "名称只用小写字母、数字和连字符", "最多 40 个字符");
    } else if !name.is_empty() && name != stem {
        root.problem("name", format!("名称与文件名 {stem}.toml 不同"), "两者写成一样");
    }
    name
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests;
