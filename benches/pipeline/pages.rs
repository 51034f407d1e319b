//! How well, and how fast, are pages judged? The corpus of `tests/fixtures/pages`, split by split.

#[path = "../../tests/fixtures/pages/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;

use corpus::{LABELS, Page, accuses, all, controls, label};

use crate::Plan;
use crate::measure::{heading, line, target, took};

/// Measures it.
pub fn run(plan: &Plan) {
    let pages = all();
    let controls = controls(&pages);
    let judged: Vec<&Page> = pages.iter().filter(|page| !page.is_control()).collect();
    heading(&format!("pages: {} written by hand", judged.len()));
    for held in [false, true] {
        let split = judged.iter().filter(|page| page.held == held);
        let said: Vec<(&str, &str)> = split
            .map(|page| {
                let answer = page.judged(page.body.len(), &controls).answer;
                (page.label.as_str(), label(&answer))
            })
            .collect();
        figures(if held { "held" } else { "tune" }, &said);
    }
    let rounds = (50 / plan.shrink).max(1);
    let (spent, alive) = took(|| {
        let all = (0..rounds).flat_map(|_| &judged);
        all.filter(|page| label(&page.judged(page.body.len(), &controls).answer) == "alive").count()
    });
    assert!(alive > 0, "some are alive");
    line("judged, one thread", &format!("{:>9.0} pages/s", spent.rate(rounds * judged.len())));
}

/// Precision and recall of "dead" (failing or dead), and who was taken for what.
fn figures(split: &str, said: &[(&str, &str)]) {
    let count = |test: &dyn Fn(&(&str, &str)) -> bool| said.iter().filter(|it| test(it)).count();
    let gone = count(&|(truth, _)| accuses(truth));
    let accused = count(&|(_, said)| accuses(said));
    let right = count(&|(truth, said)| accuses(truth) && accuses(said));
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    let precision = share(right, accused);
    let figure = format!("{precision:.1} % ({right}/{accused})");
    target(&format!("{split}: precision of dead"), &figure, "≥ 99 %", precision >= 99.0);
    line(&format!("{split}: recall"), &format!("{:.1} % ({right}/{gone})", share(right, gone)));
    let mut table: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for pair in said {
        *table.entry(*pair).or_default() += 1;
    }
    println!("    {:<10}{}", "is \\ said", LABELS.map(|name| format!("{name:>9}")).concat());
    for truth in LABELS {
        let cells = LABELS.map(|name| {
            let count = table.get(&(truth, name)).copied().unwrap_or(0);
            format!("{count:>9}")
        });
        println!("    {truth:<10}{}", cells.concat());
    }
}
