//! In which forms is a precheck written? Table, CSV, workbook, printable page and plain text.

use minijinja::{AutoEscape, Environment, context};
use rust_xlsxwriter::XlsxError;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use freshd_core::rulebook::Rule;
use freshd_core::verdict::EvidenceClass;

use super::sheets::{POST_BY, POST_FROM};
use super::{Counts, Precheck};
use crate::report::book::{self, Kind, Sheet};
use crate::report::classes::Classes;
use crate::report::table::{Cell, Column, Ink, Table, paint};
use crate::report::words::{day_of, minute_of, plain, platform_chinese};

/// Nothing here is a circular.
const NOTICE: &str = "系统自动提示,供自查,不作为通报依据";
/// The widest column on a terminal.
const COLUMN_WIDTH_MAX: usize = 48;

impl Precheck {
    /// Tables for a terminal: the overview, then each list that is not empty.
    pub fn table(&self, colour: bool) -> String {
        let title = paint(&self.title(), Ink::Bold, colour);
        let mut out = format!("{title}\n{}{}\n", self.outlook(), self.summary());
        let inks = [Ink::Bold, Ink::Bad, Ink::Warn, Ink::Unsure, Ink::Warn];
        for (sheet, ink) in self.sheets().iter().zip(inks) {
            if sheet.rows.is_empty() {
                continue;
            }
            let heading = format!("{}({})", sheet.name, sheet.rows.len());
            let heading = if ink == Ink::Bold { sheet.name.clone() } else { heading };
            out.push_str(&format!("\n{}\n", paint(&heading, ink, colour)));
            out.push_str(&printed(sheet).render(colour));
        }
        if !self.services.is_empty() {
            out.push_str("\n探测与版本(仅供参考,不影响判定)\n");
            for row in &self.services {
                let name = plain(&format!("{}. {}", row.no, row.who.name));
                let texts = row.texts().into_iter().map(|text| format!("  {}", plain(&text)));
                let lines: Vec<String> = std::iter::once(name).chain(texts).collect();
                out.push_str(&format!("{}\n", lines.join("\n")));
            }
        }
        out.push_str(&format!("\n{}{NOTICE}\n", self.doubt()));
        out
    }

    /// All lists in one table (名单 says which), UTF-8 with a byte order mark.
    pub fn csv(&self) -> Vec<u8> {
        let columns = [
            "名单",
            "序号",
            "账号名称",
            "平台类型",
            "主办单位",
            "主管单位",
            "指标",
            "存在问题或说明",
            "最近更新日期",
            "未更新天数",
            "数据截至",
            "截止时间",
            "剩余天数",
            POST_FROM,
            POST_BY,
            "下一个工作日",
            "佐证",
            "证据类别",
            "是否上季度已通报",
            "整改期限",
            "整改期限依据",
            "怎样解除",
        ];
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for sheet in self.sheets().iter().skip(1) {
            let at = |row: &[Value], titles: &[&str]| -> Value {
                let found = sheet.columns.iter().position(|c| titles.contains(&c.title.as_str()));
                found.and_then(|at| row.get(at).cloned()).unwrap_or(Value::Null)
            };
            let due = sheet.columns.iter().any(|column| column.title == POST_BY);
            for row in &sheet.rows {
                let mut cells = vec![json!(sheet.name)];
                cells.extend(columns[1..].iter().map(|title| match *title {
                    "指标" if due => json!(Rule::ContentStale.chinese()),
                    "存在问题或说明" if due => json!("到截止时间仍未更新即不再达标"),
                    "存在问题或说明" => at(row, &["存在问题", "无法判定的原因"]),
                    "证据类别" => at(row, &["证据"]),
                    "最近更新日期" => at(row, &["最近更新日期", "检查时最近更新日期"]),
                    other => at(row, &[other]),
                }));
                rows.push(cells);
            }
        }
        book::csv(columns, &rows)
    }

    /// A workbook with the sheets 检查情况, 突出问题名单, 预警名单, 无法判定名单, 节前提醒.
    ///
    /// # Errors
    /// The workbook cannot be written.
    pub fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        book::workbook(&self.sheets())
    }

    /// A page to print: one file, no script, nothing from elsewhere.
    pub fn html(&self) -> String {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        templates
            .add_template("precheck", include_str!("page.html"))
            .expect("the embedded template parses");
        let mut sheets = self.sheets();
        sheets.extend((!self.services.is_empty()).then(|| self.service_sheet()));
        let shown: Vec<Value> = sheets.iter().map(shown).collect();
        let page = templates.get_template("precheck").expect("it was just added");
        page.render(context! {
            title => self.title(),
            summary => format!("{}{}", self.outlook(), self.summary()),
            doubt => self.doubt(),
            notice => NOTICE,
            sheets => minijinja::Value::from(minijinja::value::Serde(shown)),
        })
        .expect("the embedded template names only what is given")
    }

    /// Plain text to paste into a message or a report.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n{}{}\n", self.title(), self.outlook(), self.summary());
        let mut list = |heading: &str, lines: Vec<String>| {
            out.push_str(&format!("\n{heading}({}个)\n", lines.len()));
            if lines.is_empty() {
                out.push_str("无\n");
            }
            for line in lines {
                out.push_str(&plain(&line));
                out.push('\n');
            }
        };
        let who = |no: usize, who: &super::Who| {
            let platform = platform_chinese(&who.platform);
            format!("{no}. {}({platform}),主办单位:{}", who.name, who.sponsor)
        };
        let problems = self.problems.iter().map(|row| {
            let last = row.last_update.as_ref().map_or("未见更新".to_owned(), |at| day_of(at));
            let again = match row.also_last_quarter {
                Some(true) => ",上季度已通报",
                Some(false) => "",
                None => ",上季度是否通报未填",
            };
            format!(
                "{}。{};最近更新日期:{last};数据截至:{};整改期限:{}{again}",
                who(row.no, &row.who),
                row.problem,
                minute_of(&row.as_of),
                day_of(&row.rectification_deadline)
            )
        });
        list("一、突出问题名单", problems.collect());
        let due = |row: &super::RiskRow| {
            let by = match (row.post_from, row.post_by) {
                (_, None) => "请立即发布".to_owned(),
                (None, Some(day)) => format!("请于{day}(含)前发布"),
                (Some(from), Some(day)) => format!("请在{from}至{day}之间(含首尾)再发布"),
            };
            format!("{}。{} 到期;{by}", who(row.no, &row.who), minute_of(&row.deadline))
        };
        list("二、预警名单", self.at_risk.iter().map(due).collect());
        let open = self.undetermined.iter();
        let open = open.map(|row| format!("{}。{};{}", who(row.no, &row.who), row.reason, row.how));
        list("三、无法判定名单", open.collect());
        let eve = self.lapses_before_next_working_day.iter().map(due).collect();
        list("四、节前提醒", eve);
        let services = self.services.iter();
        let services =
            services.map(|row| format!("{}。{}", who(row.no, &row.who), row.texts().join(";")));
        let services: Vec<String> = services.collect();
        if !services.is_empty() {
            list("附:探测与版本,仅供参考,不影响判定", services);
        }
        out.push_str(&format!("\n{}{NOTICE}\n", self.doubt()));
        out
    }

    fn title(&self) -> String {
        let quarter = self.quarter.as_deref().map(|q| format!("({q})")).unwrap_or_default();
        format!("政务新媒体季度检查自查{quarter}  监测时间点:{}", minute_of(&self.at))
    }

    /// That the instant lies ahead, where it does.
    fn outlook(&self) -> String {
        let Some(made_at) = &self.made_at else { return String::new() };
        format!(
            "检查时点 {} 尚未到来:以下按截至 {} 的现有证据推算,不是届时的结论,也不据此判为不达标\n",
            minute_of(&self.at),
            minute_of(made_at)
        )
    }

    /// Never a rate without how many are 待核实.
    pub(super) fn summary(&self) -> String {
        let scope = &self.scope;
        if self.ahead {
            return format!(
                "在运行 {} 个:届时仍达标 {} 个,须在检查时点之前再发布 {} 个(见预警名单),待核实 {} \
                 个(见无法判定名单);合格率要到检查时点才能计算",
                scope.running,
                scope.passed,
                self.must_publish,
                scope.undetermined - self.must_publish
            );
        }
        format!(
            "在运行 {} 个,检查 {} 个,已核实 {} 个,待核实 {} 个,不合格 {} 个;{}",
            scope.running,
            scope.checked,
            scope.verified,
            scope.undetermined,
            scope.failed,
            rate_text(scope)
        ) + &self.rests_on()
    }

    /// On what the verdicts rest: `;证据:自动可判 38.0%,…`.
    fn rests_on(&self) -> String {
        let mut classes = Classes::default();
        for class in EvidenceClass::ALL {
            let of = |name: &str| {
                let rows = self.by_evidence_class.iter().filter(|row| row.name == name);
                rows.map(|row| row.counts.checked).sum::<usize>()
            };
            (0..of(class.key())).for_each(|_| classes.add(class, false));
            if class == EvidenceClass::None {
                (0..of(super::NO_DATA)).for_each(|_| classes.add(class, true));
            }
        }
        let shares = classes.chinese();
        if shares.is_empty() { shares } else { format!(";证据:{shares}") }
    }

    /// What the dates rest on, each a line with its end.
    fn doubt(&self) -> String {
        let mut out = String::new();
        if !self.problems.is_empty() {
            out.push_str(&format!("整改期限:{}。\n", self.rectification_basis));
        }
        if !self.calendar_certain {
            let day = self.next_working_day;
            out.push_str(&format!("注意:没有该年的放假安排,下一个工作日({day})仅按星期推算。\n"));
        }
        out
    }
}

fn rate_text(counts: &Counts) -> String {
    let (Some(low), Some(high)) = (counts.pass_rate_low, counts.pass_rate_high) else {
        return "没有可检查的账号".to_owned();
    };
    let bounds = format!("待核实的全按不合格或全按合格计,为 {low:.2}%~{high:.2}%");
    match counts.pass_rate {
        None => format!("全部待核实,无法计算合格率({bounds})"),
        Some(rate) if counts.undetermined == 0 => format!("合格率 {rate:.2}%"),
        Some(rate) => format!("已核实账号合格率 {rate:.2}%({bounds})"),
    }
}

fn cell_text(kind: Kind, value: &Value) -> String {
    match value.as_f64().filter(|_| kind == Kind::Decimal) {
        Some(number) => format!("{number:.2}"),
        None => book::text_of(value),
    }
}

fn printed(sheet: &Sheet) -> Table {
    let number = |at: usize| sheet.rows.iter().any(|row| row.get(at).is_some_and(Value::is_number));
    let columns = sheet.columns.iter().enumerate().map(|(at, column)| {
        let width = COLUMN_WIDTH_MAX.max(column.title.width());
        if number(at) {
            Column::number(&column.title, width)
        } else {
            Column::text(&column.title, width)
        }
    });
    let mut table = Table::new(columns);
    for row in &sheet.rows {
        let cells = row.iter().zip(&sheet.columns);
        table.row(cells.map(|(value, column)| Cell::from(cell_text(column.kind, value))));
    }
    table
}

fn shown(sheet: &Sheet) -> Value {
    let titles: Vec<_> = sheet.columns.iter().map(|column| &column.title).collect();
    let rows: Vec<Vec<Value>> = sheet
        .rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&sheet.columns);
            let cell = |(value, column): (&Value, &book::SheetColumn)| {
                json!({"text": cell_text(column.kind, value), "number": value.is_number()})
            };
            cells.map(cell).collect()
        })
        .collect();
    json!({"name": sheet.name, "titles": titles, "rows": rows})
}
