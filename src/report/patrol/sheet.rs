//! Which sheet do people fill in who look by hand? The columns, and the workbook with a choice of answers.

use freshd_core::word::Finding;
use rust_xlsxwriter::{
    Color, DataValidation, Format, FormatAlign, FormatBorder, Workbook, XlsxError,
};

use super::PatrolView;
use crate::report::words::{day_of, minute_of, platform_chinese, visible};

/// A column of the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// 序号.
    No,
    /// 账号名称.
    Name,
    /// 平台.
    Platform,
    /// 微信号或链接.
    Place,
    /// 主办单位.
    Sponsor,
    /// 最近已知更新.
    Last,
    /// 截止日.
    Deadline,
    /// 为什么要看.
    Why,
    /// 结果.
    Found,
    /// 最新发布时间.
    Published,
    /// 文章链接.
    Link,
    /// 核查人.
    Person,
    /// 查看时间.
    SeenAt,
    /// 截图文件名.
    Picture,
    /// 说明.
    Note,
    /// 账号编号.
    Id,
}

/// All columns in their order, with heading and width; from 结果 to 说明 people fill them in.
pub const COLUMNS: [(Column, &str, f64); 16] = [
    (Column::No, "序号", 6.0),
    (Column::Name, "账号名称", 24.0),
    (Column::Platform, "平台", 12.0),
    (Column::Place, "微信号或链接", 26.0),
    (Column::Sponsor, "主办单位", 22.0),
    (Column::Last, "最近已知更新", 18.0),
    (Column::Deadline, "截止日", 12.0),
    (Column::Why, "为什么要看", 32.0),
    (Column::Found, "结果", 12.0),
    (Column::Published, "最新发布时间", 18.0),
    (Column::Link, "文章链接", 32.0),
    (Column::Person, "核查人", 10.0),
    (Column::SeenAt, "查看时间", 18.0),
    (Column::Picture, "截图文件名", 18.0),
    (Column::Note, "说明", 28.0),
    (Column::Id, "账号编号", 28.0),
];

/// The longest text that a cell holds is 32,767 characters.
const CELL_CHARS_MAX: usize = 2_000;

/// The list as a workbook to fill in: `核查单`, and `填表说明`.
///
/// # Errors
/// The workbook cannot be written.
pub fn workbook(view: &PatrolView) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.set_name("核查单")?;
    page.set_freeze_panes(1, 2)?;
    page.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    let border = |format: Format| format.set_border(FormatBorder::Thin).set_text_wrap();
    let header = border(Format::new()).set_bold().set_background_color(Color::RGB(0x00DC_E6F1));
    let answer = border(Format::new()).set_bold().set_background_color(Color::RGB(0x00FF_F2CC));
    let cell = border(Format::new()).set_align(FormatAlign::Top);
    // What is typed stays as it is typed: a spreadsheet would make numbers of long identifiers.
    let typed = cell.clone().set_num_format("@");
    for (at, (column, title, width)) in (0..).zip(COLUMNS) {
        page.set_column_width(at, width)?;
        page.write_string_with_format(
            0,
            at,
            title,
            if is_answer(column) { &answer } else { &header },
        )?;
    }
    for (line, row) in (1..).zip(&view.tasks) {
        let last = row.last_update.as_deref().map(minute_of).unwrap_or_default();
        let texts = [
            row.no.to_string(),
            row.name.clone(),
            platform_chinese(&row.platform).to_owned(),
            row.link.clone().unwrap_or_else(|| row.place.clone()),
            row.sponsor.clone(),
            last,
            row.deadline.as_deref().map(day_of).unwrap_or_default(),
            row.reason.clone(),
            String::new(),
            String::new(),
            String::new(),
            row.person.clone().unwrap_or_default(),
            String::new(),
            String::new(),
            String::new(),
            row.id.clone(),
        ];
        for ((at, (column, ..)), text) in (0..).zip(COLUMNS).zip(&texts) {
            let format = if is_answer(column) { &typed } else { &cell };
            let text: String = visible(text).chars().take(CELL_CHARS_MAX).collect();
            page.write_string_with_format(line, at, text, format)?;
        }
    }
    let last = u32::try_from(view.tasks.len()).unwrap_or(u32::MAX).max(1);
    let found = place_of(Column::Found);
    page.add_data_validation(1, found, last, found, &choice()?)?;
    explain(book.add_worksheet(), view)?;
    book.save_to_buffer()
}

fn is_answer(column: Column) -> bool {
    (place_of(Column::Found)..=place_of(Column::Note)).contains(&place_of(column))
}

fn place_of(column: Column) -> u16 {
    (0..).zip(COLUMNS).find(|(_, (held, ..))| *held == column).map_or(0, |(at, _)| at)
}

fn choice() -> Result<DataValidation, XlsxError> {
    DataValidation::new()
        .allow_list_strings(&Finding::ALL.map(Finding::chinese))?
        .set_error_title("结果")?
        .set_error_message("请从四个结果里选一个;还没有看的留空")
}

fn explain(page: &mut rust_xlsxwriter::Worksheet, view: &PatrolView) -> Result<(), XlsxError> {
    page.set_name("填表说明")?;
    page.set_column_width(0, 100.0)?;
    let wrap = Format::new().set_text_wrap();
    let lines = [
        format!("{} 的人工核查单。{}", view.day, view.load.text),
        "只填黄色的列;还没有看的行,“结果”留空,以后再填。".to_owned(),
        "有更新:粘贴文章链接(微信里点右上角“复制链接”),或写最新发布时间。".to_owned(),
        format!(
            "未见更新:“最近已知更新”之后没有新的发布(没有已知更新的,近 {} 天内没有);若看得到最后一条,\
             在“最新发布时间”写它的时间。只凭一人的话不作判定:要另一人再看,或附截图。",
            view.none_days
        ),
        "搜不到账号:按名称和微信号都搜不到。只作提示,不据此判定账号已注销。".to_owned(),
        "菜单异常:在“说明”里写哪一项、什么情况。只提请人工复核。".to_owned(),
        "查看时间写到分,如 2026-11-22 10:05。截图须是 PNG、JPEG 或 WebP,文件名写在“截图文件名”,\
         导入时用 --files 指出所在目录。"
            .to_owned(),
        "不要改“账号编号”。填好后:freshd patrol import 文件.xlsx --files 截图目录".to_owned(),
    ];
    for (line, text) in (0..).zip(lines) {
        page.write_string_with_format(line, 0, text, &wrap)?;
    }
    Ok(())
}
