//! By which templates are letters written? The built-in ones, or an operator's own from `[mail] templates_dir`.
//!
//! An own template that does not render is passed over for the built-in one: no letter is lost to a typing error. Whatever it says, the
//! sentence that every letter must hold ([`NOTICE`]) is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Value};

use super::letter::{NOTICE, TemplateError};
use crate::config::problem::Problem;

/// The built-in templates: letters to owners and supervising units, and letters to operators; each as text and as HTML.
const BUILT_IN: [(&str, &str); 4] = [
    ("letter.txt", include_str!("templates/letter.txt")),
    ("letter.html", include_str!("templates/letter.html")),
    ("operator.txt", include_str!("templates/operator.txt")),
    ("operator.html", include_str!("templates/operator.html")),
];
/// Characters of a word after which it may be broken.
const WORD_CHARS_MAX: usize = 20;
/// Bytes of an own template.
const BYTES_MAX: u64 = 256 << 10;

/// The operator's own templates, by file name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates(BTreeMap<&'static str, String>);

impl Templates {
    /// Reads those of a folder that stand in for built-in ones, and says all that is wrong with them. What cannot be used is left out.
    pub fn read(folder: Option<&Path>) -> (Self, Vec<Problem>) {
        let (mut own, mut problems) = (Self::default(), Vec::new());
        let Some(folder) = folder else { return (own, problems) };
        let said = |path: &Path, line: Option<usize>, what: String, help: &str| {
            Problem::at_line(&path.display().to_string(), line, "", what, help)
        };
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        let known = format!("可以写:{}", names.join("、"));
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(_) => {
                let help = "建立这个目录,或删去 [mail] templates_dir";
                problems.push(said(folder, None, "模板目录打不开".to_owned(), help));
                return (own, problems);
            }
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let template = [".txt", ".html"].iter().any(|end| name.ends_with(end));
            let Some((name, built_in)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
                if template {
                    problems.push(said(&path, None, "没有这个名称的模板".to_owned(), &known));
                }
                continue;
            };
            let text = match text_of(&path) {
                Ok(text) => text,
                Err(what) => {
                    problems.push(said(&path, None, what, "写成不超过 256 KiB 的 UTF-8 文本"));
                    continue;
                }
            };
            match unknown_words(name, built_in, &text) {
                Err((line, what)) => {
                    let help =
                        "语法同 Jinja2:{{ 值 }}、{% for … %}…{% endfor %};可以照抄内置的模板再改";
                    problems.push(said(&path, line, format!("模板读不懂:{what}"), help));
                    continue;
                }
                Ok(unknown) if !unknown.is_empty() => {
                    let what = format!("用了没有的值 {}", unknown.join("、"));
                    problems.push(said(&path, None, what, "这些地方会是空的;可用的值见内置的模板"));
                }
                Ok(_) => {}
            }
            own.0.insert(name, text);
        }
        (own, problems)
    }

    /// One of the four, rendered. Values of an HTML part are escaped.
    pub(super) fn render(&self, name: &str, values: &Value) -> Result<String, TemplateError> {
        let own = self.0.get(name).map(|text| render(name, text, values));
        match own {
            Some(Ok(text)) => return Ok(with_notice(name, text)),
            Some(Err(error)) => {
                tracing::error!(name, %error, "an own template does not render; the built-in one is used");
            }
            None => {}
        }
        let (_, built_in) =
            BUILT_IN.iter().find(|(held, _)| *held == name).expect("one of the four is asked for");
        Ok(render(name, built_in, values)?)
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|_| "打不开".to_owned())?.len();
    if size > BYTES_MAX {
        return Err("太大".to_owned());
    }
    fs::read_to_string(path).map_err(|_| "不是 UTF-8 文本,或读不了".to_owned())
}

fn environment(name: &str) -> Result<Environment<'static>, minijinja::Error> {
    let escape = if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None };
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(move |_| escape.clone());
    templates.add_filter("breakable", breakable);
    templates.set_fuel(Some(2_000_000));
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    templates.set_syntax(syntax.build()?);
    Ok(templates)
}

/// In HTML: a text whose long words may be broken, also where styles are stripped. Else the text as it is.
fn breakable(state: &minijinja::State<'_, '_>, text: &str) -> Value {
    if !matches!(state.auto_escape(), AutoEscape::Html) {
        return Value::from(text);
    }
    let (mut out, mut run) = (String::new(), 0);
    for c in text.chars() {
        if run == WORD_CHARS_MAX {
            out.push_str("<wbr>");
            run = 0;
        }
        run = if c.is_ascii_graphic() { run + 1 } else { 0 };
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    Value::from_safe_string(out)
}

fn render(name: &str, text: &str, values: &Value) -> Result<String, minijinja::Error> {
    environment(name)?.render_str(text, values)
}

/// Values that a template names and that neither form of the built-in one does; or its first error of syntax, with the line.
fn unknown_words(
    name: &str,
    built_in: &str,
    text: &str,
) -> Result<Vec<String>, (Option<usize>, String)> {
    let names = |text: &str| -> Result<BTreeSet<String>, (Option<usize>, String)> {
        let told = |error: minijinja::Error| {
            (error.line(), error.detail().unwrap_or("语法有误").to_owned())
        };
        let environment = environment(name).map_err(told)?;
        let template = environment.template_from_str(text).map_err(told)?;
        Ok(template.undeclared_variables(false).into_iter().collect())
    };
    let kind = name.split('.').next().unwrap_or_default();
    let mut known = names(built_in)?;
    for (_, other) in BUILT_IN.iter().filter(|(held, _)| held.starts_with(kind)) {
        known.extend(names(other)?);
    }
    Ok(names(text)?.difference(&known).cloned().collect())
}

/// The letter with the sentence that each must hold.
fn with_notice(name: &str, mut text: String) -> String {
    if text.contains(NOTICE) {
        return text;
    }
    if !name.ends_with(".html") {
        return format!("{}\n\n{NOTICE}。\n", text.trim_end());
    }
    let at = text.rfind("</body>").unwrap_or(text.len());
    text.insert_str(at, &format!("<p>{NOTICE}。</p>\n"));
    text
}

#[cfg(test)]
mod tests;
