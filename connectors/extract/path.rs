//! Where in a JSON document? A JSON pointer, or the part of JSONPath that names places and computes
//! nothing.

use serde_json::Value;

/// Places that a path with `[*]` may give at most.
pub(crate) const PLACES_MAX: usize = 500;
/// Longest path, characters.
const PATH_CHARS_MAX: usize = 300;

/// `/data/list/0`, `$.data.list[*].id`; a number is an index in a list and a name in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Token(String),
    Each,
}

impl Path {
    /// Reads a path; the error says in Chinese what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > PATH_CHARS_MAX {
            return Err(format!("路径超过 {PATH_CHARS_MAX} 个字"));
        }
        match text.strip_prefix('$') {
            Some(rest) => dotted(rest).map(Self),
            None if text.is_empty() => Ok(Self(Vec::new())),
            None => match text.strip_prefix('/') {
                Some(rest) => Ok(Self(rest.split('/').map(token).collect())),
                None => Err(format!("「{text}」不是 JSON 路径,应以 / 或 $ 开头")),
            },
        }
    }

    /// Does it name many places?
    pub(crate) fn is_many(&self) -> bool {
        self.0.contains(&Step::Each)
    }

    /// The first place that is there, `null` excluded.
    pub(crate) fn first<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.all(root).into_iter().find(|value| !value.is_null())
    }

    /// Every place that is there, in order; at most [`PLACES_MAX`].
    pub(crate) fn all<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        let mut held = vec![root];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in held {
                match (step, value) {
                    (Step::Token(name), Value::Object(fields)) => next.extend(fields.get(name)),
                    (Step::Token(name), Value::Array(items)) => {
                        next.extend(name.parse::<usize>().ok().and_then(|at| items.get(at)));
                    }
                    (Step::Each, Value::Array(items)) => next.extend(items),
                    (Step::Each, Value::Object(fields)) => next.extend(fields.values()),
                    _ => {}
                }
                if next.len() >= PLACES_MAX {
                    next.truncate(PLACES_MAX);
                    break;
                }
            }
            held = next;
        }
        held
    }

    /// Lets `change` at every place that is there.
    pub(crate) fn change(
        &self,
        root: &mut Value,
        change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        visit(&self.0, root, change)
    }
}

fn visit(
    steps: &[Step],
    value: &mut Value,
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some((first, rest)) = steps.split_first() else { return change(value) };
    match (first, value) {
        (Step::Token(name), Value::Object(fields)) => match fields.get_mut(name) {
            Some(inner) => visit(rest, inner, change),
            None => Ok(()),
        },
        (Step::Token(name), Value::Array(items)) => {
            match name.parse::<usize>().ok().and_then(|at| items.get_mut(at)) {
                Some(inner) => visit(rest, inner, change),
                None => Ok(()),
            }
        }
        (Step::Each, Value::Array(items)) => {
            items.iter_mut().take(PLACES_MAX).try_for_each(|inner| visit(rest, inner, change))
        }
        (Step::Each, Value::Object(fields)) => {
            fields.values_mut().take(PLACES_MAX).try_for_each(|inner| visit(rest, inner, change))
        }
        _ => Ok(()),
    }
}

/// A pointer's token with `~1` and `~0` resolved.
fn token(text: &str) -> Step {
    Step::Token(text.replace("~1", "/").replace("~0", "~"))
}

/// What stands behind `$`: `.name`, `['name']`, `[3]`, `[*]`.
fn dotted(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let wrong = || format!("「${text}」里的「{rest}」看不懂:只有 .名称、['名称']、[数字]、[*]");
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            if name.is_empty() || name.contains(['*', '(', '?', '@', ' ', '"', '\'']) {
                return Err(wrong());
            }
            steps.push(Step::Token(name.to_owned()));
            rest = &after[end..];
            continue;
        }
        let inside = rest.strip_prefix('[').ok_or_else(wrong)?;
        let quoted = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
        if let Some(quote) = quoted {
            let (name, after) = inside[1..].split_once(quote).ok_or_else(wrong)?;
            steps.push(Step::Token(name.to_owned()));
            rest = after.strip_prefix(']').ok_or_else(wrong)?;
            continue;
        }
        let (index, after) = inside.split_once(']').ok_or_else(wrong)?;
        steps.push(match index {
            "*" => Step::Each,
            digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Step::Token(digits.to_owned())
            }
            _ => return Err(wrong()),
        });
        rest = after;
    }
    Ok(steps)
}
