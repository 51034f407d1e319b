//! Which column of a table of posts is which, and which rows are none?

use crate::config::problem::Problem;
use crate::ledger::header::{folded, half_width};
use crate::ledger::table::{Line, Sheet, letter};

/// How many rows with content are looked at for the header.
const HEADER_ROWS: usize = 10;

/// A column that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Name,
    Handle,
    Platform,
    Published,
    Title,
    Link,
    Sponsor,
    Number,
}

/// Names of each column, the contract's first; earlier names win over later ones.
const COLUMNS: [(Column, &[&str]); 8] = {
    use Column as C;
    [
        (
            C::Name,
            &[
                "账号名称",
                "账号",
                "新媒体名称",
                "政务新媒体名称",
                "账号名",
                "公众号名称",
                "名称",
                "name",
                "account_name",
            ],
        ),
        (
            C::Handle,
            &[
                "账号标识",
                "标识",
                "id",
                "账号id",
                "平台账号id",
                "系统id",
                "handle",
                "account",
                "account_id",
                "原始id",
                "appid",
                "微信号",
                "uid",
                "微博uid",
            ],
        ),
        (
            C::Platform,
            &["平台", "新媒体类型", "平台类型", "平台名称", "所属平台", "账号类型", "platform"],
        ),
        (
            C::Published,
            &[
                "发布时间",
                "发布日期",
                "发文时间",
                "发文日期",
                "发表时间",
                "发表日期",
                "推送时间",
                "时间",
                "日期",
                "published",
                "published_at",
                "publish_time",
                "time",
                "date",
            ],
        ),
        (C::Title, &["标题", "文章标题", "内容标题", "推文标题", "文章名称", "title"]),
        (C::Link, &["链接", "网址", "url", "文章链接", "原文链接", "链接地址", "文章地址", "link"]),
        (C::Sponsor, &["主办单位", "开办单位", "责任单位", "sponsor"]),
        (C::Number, &["序号", "编号", "no"]),
    ]
};

impl Column {
    /// The contract's name of the column.
    pub(super) fn title(self) -> &'static str {
        COLUMNS.iter().find(|(column, _)| *column == self).map_or("", |(_, names)| names[0])
    }

    fn named(text: &str) -> Option<(Self, usize)> {
        let wanted = folded(text);
        COLUMNS.iter().find_map(|(column, names)| {
            names.iter().position(|name| folded(name) == wanted).map(|rank| (*column, rank))
        })
    }
}

/// A header as understood.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    /// Index of its row among the sheet's rows.
    pub(super) at: usize,
    known: Vec<(Column, usize)>,
    /// The other columns: place and header text.
    pub(super) extra: Vec<(usize, String)>,
    /// Two columns of one name, or columns that are missing.
    pub(super) problems: Vec<Problem>,
}

impl Header {
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.known.iter().find(|(known, _)| *known == column).map(|(_, place)| *place)
    }
}

/// The row among the first ten that names the most columns, one of them the account's.
pub(super) fn find(file: &str, sheet: &Sheet, is_lines: bool) -> Option<Header> {
    let mut best: Option<(usize, usize)> = None;
    for (at, line) in sheet.rows.iter().take(HEADER_ROWS).enumerate() {
        let named = line.cells.iter().filter_map(|cell| Column::named(&cell.text));
        let mut named: Vec<Column> = named.map(|found| found.0).collect();
        named.sort();
        named.dedup();
        let whose = named.contains(&Column::Name) || named.contains(&Column::Handle);
        if whose && named.len() >= 2 && best.is_none_or(|(_, count)| named.len() > count) {
            best = Some((at, named.len()));
        }
    }
    best.map(|(at, _)| understand(file, sheet, at, is_lines))
}

fn understand(file: &str, sheet: &Sheet, at: usize, is_lines: bool) -> Header {
    let line = &sheet.rows[at];
    let mut header = Header { at, ..Header::default() };
    let mut ranks: Vec<(Column, usize, usize)> = Vec::new();
    for (place, cell) in line.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        match Column::named(&cell.text) {
            Some((column, rank)) => ranks.push((column, rank, place)),
            None if cell.filled => {}
            None => header.extra.push((place, cell.text.replace('\n', ""))),
        }
    }
    ranks.sort();
    for (column, _, place) in ranks {
        let Some(first) = header.place(column) else {
            header.known.push((column, place));
            continue;
        };
        if folded(line.text(first)) != folded(line.text(place)) {
            header.extra.push((place, line.text(place).to_owned()));
        } else if !line.cells[place].filled && column != Column::Number {
            let what = format!("与 {} 列重复,不知道以哪一列为准", letter(first));
            let at = format!("{} {}", letter(place), line.text(place));
            let help = "只留一列,或改掉其中一列的表头";
            let wrong = Problem::in_cell(file, &sheet.name, line.no, &at, None, what, help);
            header.problems.push(wrong);
        }
    }
    if header.place(Column::Published).is_none() {
        let what = "缺少「发布时间」列";
        let names = "发布时间、发布日期、发文时间、发文日期、时间";
        let help = format!("加上这一列,列名可用:{names};没有发布的账号也列一行,时间留空");
        header.problems.push(if is_lines {
            Problem::in_file(file, what, "每行写上 \"发布时间\" 或 \"published\"")
        } else {
            Problem::in_cell(file, &sheet.name, line.no, "", None, what, help)
        });
    }
    header
}

/// Why a row is neither a post nor an account without posts, if it is neither. A row that says a time is never passed
/// over: a post must not get lost.
pub(super) fn passed_over(header: &Header, headings: &Line, line: &Line) -> Option<&'static str> {
    let same = |(_, place): &&(Column, usize)| line.text(*place) == headings.text(*place);
    if header.known.iter().filter(same).count() >= 2.max(header.known.len() / 2 + 1) {
        return Some("重复的表头,跳过");
    }
    if header.place(Column::Published).is_some_and(|place| !line.text(place).is_empty()) {
        return None;
    }
    let texts = line.cells.iter().filter(|cell| !cell.is_empty());
    let mut texts =
        texts.map(|cell| half_width(&cell.text).split_whitespace().collect::<String>()).take(2);
    let first = texts.next()?;
    let total = |text: &str| {
        ["合计", "总计", "小计", "共计"].iter().any(|word| {
            text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
        })
    };
    if total(&first) || texts.next().is_some_and(|second| total(&second)) {
        return Some("合计行,跳过");
    }
    let own = line.cells.iter().filter(|cell| !cell.is_empty() && !cell.filled);
    if own.clone().count() <= 1 && own.clone().all(|cell| cell.text.parse::<u32>().is_ok()) {
        return Some("只有序号,跳过");
    }
    let whole = [Column::Name, Column::Platform]
        .into_iter()
        .all(|column| header.place(column).is_some_and(|place| !line.text(place).is_empty()));
    let signs = ["填表", "填报", "制表", "审核", "审批", "签字", "盖章", "说明:", "备注:", "注:"];
    let signed = signs.iter().any(|word| first.trim_start_matches(['(', '[']).starts_with(word));
    (signed && !whole).then_some("签字或说明行,跳过")
}
