//! What kind of value must stand here? Flags, numbers, shares and lists, each told when it is something else.

use super::{Section, Wrong, as_text, expected, join, wrong};
use crate::config::tree::{Node, Origin, Value};

impl Section<'_> {
    /// `true` or `false`.
    pub(crate) fn flag(&self, key: &str, default: bool) -> bool {
        self.read(key, |node| match node.value {
            Value::Flag(flag) => Ok(flag),
            _ => wrong(expected("true 或 false", node), "写成 true 或 false,不加引号"),
        })
        .unwrap_or(default)
    }

    /// A whole number within limits.
    pub(crate) fn whole(&self, key: &str, limits: std::ops::RangeInclusive<u32>) -> Option<u32> {
        self.read(key, |node| as_whole(node, &limits))
    }

    /// A list of whole numbers within limits.
    pub(crate) fn wholes(
        &self,
        key: &str,
        limits: std::ops::RangeInclusive<u32>,
    ) -> Option<Vec<u32>> {
        self.read(key, |node| match &node.value {
            Value::List(items) => {
                let mut kept = Vec::new();
                for item in items {
                    match as_whole(item, &limits) {
                        Ok(whole) => kept.push(whole),
                        Err(found) => {
                            self.report.problem(Some(&item.origin), &join(&self.path, key), found);
                        }
                    }
                }
                Ok(kept)
            }
            _ => wrong(expected("列表", node), "写成 [1, 2] 这样的列表"),
        })
    }

    /// A share between 0 and 1.
    pub(crate) fn share(&self, key: &str) -> Option<f64> {
        self.read(key, |node| {
            let share = match node.value {
                Value::Float(share) => share,
                Value::Integer(whole) => whole as f64,
                _ => return wrong(expected("小数", node), "写成 0 到 1 之间的小数,如 0.3"),
            };
            if (0.0..=1.0).contains(&share) {
                Ok(share)
            } else {
                wrong(format!("{share} 不在 0 到 1 之间"), "比例用小数写,如 30 % 写成 0.3")
            }
        })
    }

    /// A list of texts, each of which must parse; a variable may give them separated by commas.
    pub(crate) fn list<T>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<Vec<T>> {
        self.report.keys.borrow_mut().insert(join(&self.shown, key));
        let node = self.node(key)?;
        let path = join(&self.path, key);
        let mut kept = Vec::new();
        let mut take = |origin: &Origin, text: &str| match parse(text.trim()) {
            Ok(value) => kept.push(value),
            Err(found) => self.report.problem(Some(origin), &path, found),
        };
        match (&node.value, &node.origin) {
            (Value::List(items), _) => {
                for item in items {
                    match as_text(item) {
                        Ok(text) => take(&item.origin, &text),
                        Err(found) => self.report.problem(Some(&item.origin), &path, found),
                    }
                }
            }
            (_, Origin::Env { raw, .. }) => {
                let texts = raw.split(',').filter(|text| !text.trim().is_empty());
                texts.for_each(|text| take(&node.origin, text));
            }
            _ => {
                let found = wrong::<()>(expected("列表", node), "写成 [\"…\", \"…\"] 这样的列表");
                if let Err(found) = found {
                    self.report.problem(Some(&node.origin), &path, found);
                }
            }
        }
        Some(kept)
    }
}

fn as_whole(node: &Node, limits: &std::ops::RangeInclusive<u32>) -> Result<u32, Wrong> {
    let help = format!("写成 {} 到 {} 之间的整数,不加引号", limits.start(), limits.end());
    let Value::Integer(number) = node.value else {
        return wrong(expected("整数", node), help);
    };
    match u32::try_from(number) {
        Ok(whole) if limits.contains(&whole) => Ok(whole),
        _ => wrong(format!("{number} 超出范围"), help),
    }
}
