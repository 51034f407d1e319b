//! What in a row is probably nobody's intention? Lost digits, and slips that go in with a notice.

use freshd_core::account::Account;

use super::super::fields;
use super::super::header::Column;
use super::super::mojibake;
use super::super::table::CellKind;
use super::Reader;

impl Reader<'_> {
    /// What is kept or left out, and is probably a slip.
    pub(super) fn strange(&mut self, account: &Account) {
        let level = account.level.as_str();
        if let Some(place) = self.context.header.place(Column::Level)
            && !level.is_empty()
            && !fields::LEVELS.contains(&level)
        {
            let what = format!("不是{},按原样保留", fields::LEVELS.join("、"));
            self.notices.push(self.problem_at(place, Some(level), what, ""));
        }
        let unnamed = |place: usize| self.context.headings.text(place).is_empty();
        let mut beyond = self.line.cells.iter().enumerate();
        let beyond = beyond.find(|(at, cell)| !cell.is_empty() && !cell.filled && unnamed(*at));
        if let Some((place, cell)) = beyond {
            let what = "这一列没有表头,内容没有读取".to_owned();
            let help = "给这一列加上表头;CSV 里可能是某个单元格多了分隔符,后面的都错了位";
            self.notices.push(self.problem_at(place, Some(&cell.text), what, help));
        }
    }

    /// Refuses names that were decoded wrongly before they came here.
    pub(super) fn garbled(&mut self) {
        for column in [Column::Name, Column::Sponsor, Column::Supervisor, Column::ReportingUnit] {
            let Some(place) = self.context.header.place(column) else { continue };
            let text = self.line.cells.get(place).map(|cell| cell.text.trim().to_owned());
            let Some(text) = text else { continue };
            if let Some(what) = mojibake::sign(&text) {
                let help = "从原来的文件重新导出,保存为 XLSX 或 UTF-8 的 CSV";
                self.tell_at(place, Some(&text), what, help);
            }
        }
    }

    /// Did a spreadsheet program lose digits of this identifier?
    pub(super) fn is_lost(&self, place: usize, text: &str) -> bool {
        let kind = self.line.cells.get(place).map(|cell| cell.kind);
        kind == Some(CellKind::Inexact) || fields::is_mangled(text)
    }

    /// Does the row say anything in this column?
    pub(super) fn is_written(&self, column: Column) -> bool {
        let place = self.context.header.place(column);
        let cell = place.and_then(|place| self.line.cells.get(place));
        cell.is_some_and(|cell| !fields::cleaned(&cell.text, false).0.is_empty())
    }
}

/// May this column's cell hold several lines?
pub(super) fn is_list(column: Column) -> bool {
    use Column as C;
    matches!(
        column,
        C::Email
            | C::OfficerEmail
            | C::SupervisorEmail
            | C::Menu
            | C::Sources
            | C::LastCircular
            | C::Note
    )
}
