//! Which sheets hold a precheck, and which columns each?

use freshd_core::verdict::EvidenceClass;
use serde_json::{Value, json};

use super::{Counts, GroupRow, OpenRow, Precheck, ProblemRow, RiskRow, ServiceRow};
use crate::report::book::{Sheet, SheetColumn};
use crate::report::view::EvidenceView;
use crate::report::words::{class_chinese, day_of, minute_of, platform_chinese, source_chinese};

/// Publish on or after this day.
pub(super) const POST_FROM: &str = "请于此日(含)后发布";
/// Publish on or before this day.
pub(super) const POST_BY: &str = "请于此日(含)前发布";

impl Precheck {
    /// 检查情况, 突出问题名单, 预警名单, 无法判定名单, 节前提醒.
    pub(super) fn sheets(&self) -> Vec<Sheet> {
        vec![
            self.overview(),
            self.problem_sheet(),
            self.risk_sheet(),
            self.open_sheet(),
            self.eve_sheet(),
        ]
    }

    /// Counts and rates: everything, then by 通报对象, 地区 and 平台.
    pub(super) fn overview(&self) -> Sheet {
        let row = |kind: &str, name: &str, counts: &Counts| {
            let mut cells = overview_row(kind, name, counts);
            if self.ahead {
                cells[RATE_AT] = json!("未到检查时点");
            }
            cells
        };
        let mut rows = vec![row("合计", "全部", &self.scope)];
        let groups = [
            ("通报对象", &self.by_reporting_unit),
            ("地区", &self.by_region),
            ("平台", &self.by_platform),
            ("证据", &self.by_evidence_class),
        ];
        for (kind, group) in groups {
            let named = |it: &GroupRow| row(kind, shown(kind, &it.name), &it.counts);
            rows.extend(group.iter().map(named));
        }
        let columns = vec![
            SheetColumn::new("分类", 12),
            SheetColumn::new("名称", 28),
            SheetColumn::new("在运行数", 10),
            SheetColumn::new("检查数", 10),
            SheetColumn::decimal("检查比例(%)", 12),
            SheetColumn::new("已核实数", 10),
            SheetColumn::new(if self.ahead { "未定数(须再发布或待核实)" } else { "待核实数" }, 10),
            SheetColumn::new("不合格数", 10),
            SheetColumn::decimal("合格率(%)", 11),
            SheetColumn::decimal("合格率下限(%)", 14),
            SheetColumn::decimal("合格率上限(%)", 14),
        ];
        Sheet { name: "检查情况".to_owned(), columns, rows }
    }

    pub(super) fn problem_sheet(&self) -> Sheet {
        let mut columns = who_columns();
        columns.extend([
            SheetColumn::new("指标", 16),
            SheetColumn::new("存在问题", 26),
            SheetColumn::new("检查时最近更新日期", 18),
            SheetColumn::new("未更新天数", 10),
            SheetColumn::new("数据截至", 17),
            SheetColumn::new("佐证", 48),
            SheetColumn::new("是否上季度已通报", 16),
            SheetColumn::new("整改期限", 12),
            SheetColumn::new("整改期限依据", 40),
        ]);
        let basis = json!(self.rectification_basis);
        let rows = self.problems.iter().map(|row| problem_cells(row, &basis)).collect();
        Sheet { name: "突出问题名单".to_owned(), columns, rows }
    }

    pub(super) fn risk_sheet(&self) -> Sheet {
        let rows = self.at_risk.iter().map(|row| risk_cells(row, self.ahead)).collect();
        Sheet { name: "预警名单".to_owned(), columns: risk_columns(self.ahead), rows }
    }

    pub(super) fn open_sheet(&self) -> Sheet {
        let mut columns = who_columns();
        columns.extend([
            SheetColumn::new("最近更新日期", 14),
            SheetColumn::new("证据", 12),
            SheetColumn::new("无法判定的原因", 48),
            SheetColumn::new("怎样解除", 42),
        ]);
        let rows = self.undetermined.iter().map(open_cells).collect();
        Sheet { name: "无法判定名单".to_owned(), columns, rows }
    }

    /// Probes and versions, for the table and the page; the workbook has the five sheets that its readers know.
    pub(super) fn service_sheet(&self) -> Sheet {
        let mut columns = who_columns();
        columns.push(SheetColumn::new("本季度探测与版本", 90));
        let cells = |row: &ServiceRow| {
            let mut cells = who_cells(row.no, &row.who);
            cells.push(json!(row.texts().join("\n")));
            cells
        };
        let rows = self.services.iter().map(cells).collect();
        Sheet { name: "附:探测与版本(仅供参考)".to_owned(), columns, rows }
    }

    pub(super) fn eve_sheet(&self) -> Sheet {
        let mut columns = risk_columns(false);
        columns.push(SheetColumn::new("下一个工作日", 14));
        let next = self.next_working_day.to_string();
        let cells = |row| {
            let mut cells = risk_cells(row, false);
            cells.push(json!(next));
            cells
        };
        let rows = self.lapses_before_next_working_day.iter().map(cells).collect();
        Sheet { name: "节前提醒".to_owned(), columns, rows }
    }
}

/// Where the rate stands in a row of the overview.
const RATE_AT: usize = 8;

fn overview_row(kind: &str, name: &str, counts: &Counts) -> Vec<Value> {
    let ratio = super::percent(counts.checked, counts.running);
    let rate = |rate: Option<f64>| rate.map_or_else(|| json!("无法计算"), |rate| json!(rate));
    vec![
        json!(kind),
        json!(name),
        json!(counts.running),
        json!(counts.checked),
        rate(ratio),
        json!(counts.verified),
        json!(counts.undetermined),
        json!(counts.failed),
        rate(counts.pass_rate),
        rate(counts.pass_rate_low),
        rate(counts.pass_rate_high),
    ]
}

fn who_columns() -> Vec<SheetColumn> {
    vec![
        SheetColumn::new("序号", 6),
        SheetColumn::new("账号名称", 26),
        SheetColumn::new("平台类型", 14),
        SheetColumn::new("主办单位", 26),
        SheetColumn::new("主管单位", 24),
    ]
}

fn who_cells(no: usize, who: &super::Who) -> Vec<Value> {
    vec![
        json!(no),
        json!(who.name),
        json!(platform_chinese(&who.platform)),
        json!(who.sponsor),
        json!(who.supervisor),
    ]
}

fn day_cell(at: Option<&String>) -> Value {
    at.map_or(Value::Null, |at| json!(day_of(at)))
}

fn problem_cells(row: &ProblemRow, basis: &Value) -> Vec<Value> {
    let mut cells = who_cells(row.no, &row.who);
    cells.extend([
        json!(row.rule.chinese()),
        json!(row.problem),
        row.last_update.as_ref().map_or_else(|| json!("未见更新"), |at| json!(day_of(at))),
        json!(row.days),
        json!(minute_of(&row.as_of)),
        json!(evidence_text(&row.evidence)),
        row.also_last_quarter.map_or_else(|| json!("未填"), |named| json!(named)),
        json!(day_of(&row.rectification_deadline)),
        basis.clone(),
    ]);
    cells
}

/// When, where and under which hash, one a line.
fn evidence_text(evidence: &[EvidenceView]) -> String {
    let one = |held: &EvidenceView| {
        let id =
            if held.id.is_empty() { "只留地址" } else { held.id.get(..12).unwrap_or(&held.id) };
        format!("{} {} ({id})", minute_of(&held.at), source_chinese(&held.url))
    };
    evidence.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Of an instant that lies ahead, a post can also come too early.
fn risk_columns(ahead: bool) -> Vec<SheetColumn> {
    let mut columns = who_columns();
    columns.extend([
        SheetColumn::new("最近更新日期", 14),
        SheetColumn::new("截止时间", 17),
        SheetColumn::decimal("剩余天数", 10),
    ]);
    columns.extend(ahead.then(|| SheetColumn::new(POST_FROM, 18)));
    columns.push(SheetColumn::new(POST_BY, 18));
    columns
}

fn risk_cells(row: &RiskRow, ahead: bool) -> Vec<Value> {
    let mut cells = who_cells(row.no, &row.who);
    let by = row.post_by.map_or_else(|| "请立即发布".to_owned(), |day| day.to_string());
    cells.extend([
        day_cell(row.last_update.as_ref()),
        json!(minute_of(&row.deadline)),
        json!(row.days_left),
    ]);
    cells.extend(ahead.then(|| json!(row.post_from)));
    cells.push(json!(by));
    cells
}

fn open_cells(row: &OpenRow) -> Vec<Value> {
    let mut cells = who_cells(row.no, &row.who);
    cells.extend([
        day_cell(row.last_update.as_ref()),
        json!(class_chinese(row.evidence_class, row.has_source)),
        json!(row.reason),
        json!(row.how),
    ]);
    cells
}

fn class_of(key: &str) -> &str {
    if key == super::NO_DATA {
        return class_chinese(EvidenceClass::None, true);
    }
    EvidenceClass::ALL.into_iter().find(|class| class.key() == key).map_or(key, |it| it.chinese())
}

/// A group's name for people.
fn shown<'a>(kind: &str, name: &'a str) -> &'a str {
    match kind {
        "平台" => platform_chinese(name),
        "证据" => class_of(name),
        _ => name,
    }
}
