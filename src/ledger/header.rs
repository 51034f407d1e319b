//! Which column is which? The header is found and its words are understood, in Chinese or by key.

use crate::config::problem::Problem;
use crate::config::suggest::nearest;

use super::table::{Line, Sheet, letter};

/// How many rows with content are looked at for the header.
const HEADER_ROWS: usize = 10;
/// A row with this many known columns is a header.
const KNOWN_MIN: usize = 3;

/// A column that freshd knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// 账号名称.
    Name,
    /// 平台.
    Platform,
    /// 账号标识.
    Handle,
    /// A further identifier in a column of its own: 原始ID, AppID, 主页链接. May occur several times.
    Identifier,
    /// 主办单位.
    Sponsor,
    /// 主管单位.
    Supervisor,
    /// 通报对象.
    ReportingUnit,
    /// 地区.
    Region,
    /// 层级.
    Level,
    /// 联系人.
    Contact,
    /// 联系电话.
    Phone,
    /// 电子邮箱.
    Email,
    /// 责任领导.
    Officer,
    /// 责任人邮箱.
    OfficerEmail,
    /// 主管单位邮箱.
    SupervisorEmail,
    /// 备案状态.
    Filing,
    /// 运行状态.
    Lifecycle,
    /// 采集方式.
    Sources,
    /// 菜单地址.
    Menu,
    /// 互动功能.
    Interaction,
    /// 上季度通报情况.
    LastCircular,
    /// 曾用标识.
    PreviousHandle,
    /// 备注.
    Note,
    /// 序号: known and not kept, or every row would change whenever one is inserted.
    Number,
}

/// Key, Chinese name and further aliases of each column; earlier names win over later ones.
const COLUMNS: [(Column, &str, &[&str]); 24] = {
    use Column as C;
    [
        (C::Name, "name", &["账号名称", "新媒体名称", "政务新媒体名称", "账号名", "名称"]),
        (
            C::Platform,
            "platform",
            &["平台", "新媒体类型", "平台类型", "平台名称", "所属平台", "账号类型", "类型"],
        ),
        (C::Handle, "handle", &["账号标识", "标识", "账号id", "平台账号id", "账号"]),
        (
            C::Identifier,
            "identifier",
            &[
                "原始id",
                "appid",
                "微信号",
                "uid",
                "微博uid",
                "包名",
                "主页链接",
                "主页地址",
                "账号链接",
                "其他标识",
            ],
        ),
        (C::Sponsor, "sponsor", &["主办单位", "开办单位", "责任单位", "主办主体"]),
        (C::Supervisor, "supervisor", &["主管单位", "主管部门"]),
        (C::ReportingUnit, "reporting_unit", &["通报对象", "考核单位", "通报单位"]),
        (C::Region, "region", &["地区", "所属地区", "行政区划", "区域"]),
        (C::Level, "level", &["层级", "级别", "行政层级"]),
        (C::Contact, "contact", &["联系人", "联系人姓名", "管理员", "运维人员"]),
        (C::Phone, "phone", &["联系电话", "电话", "手机", "手机号", "手机号码", "联系方式"]),
        (C::Email, "email", &["电子邮箱", "联系邮箱", "邮箱", "联系人邮箱", "电子邮件", "e-mail"]),
        (C::Officer, "officer", &["责任领导", "责任人", "分管领导", "负责人"]),
        (C::OfficerEmail, "officer_email", &["责任人邮箱", "责任领导邮箱", "分管领导邮箱"]),
        (C::SupervisorEmail, "supervisor_email", &["主管单位邮箱", "主管邮箱", "主管部门邮箱"]),
        (C::Filing, "filing", &["备案状态", "备案情况", "是否备案"]),
        (C::Lifecycle, "lifecycle", &["运行状态", "账号状态", "运行情况", "状态"]),
        (C::Sources, "sources", &["采集方式", "采集来源"]),
        (C::Menu, "menu", &["菜单地址", "自定义菜单", "菜单"]),
        (C::Interaction, "interaction", &["互动功能", "互动方式"]),
        (C::LastCircular, "last_circular", &["上季度通报情况", "上次通报", "上季度通报"]),
        (C::PreviousHandle, "previous_handle", &["曾用标识", "原账号标识", "曾用账号标识"]),
        (C::Note, "note", &["备注", "说明"]),
        (
            C::Number,
            "no",
            &["序号", "编号", "no.", super::returned::REASONS, super::returned::PLACE],
        ),
    ]
};

impl Column {
    /// The key, e.g. `reporting_unit`.
    pub fn key(self) -> &'static str {
        COLUMNS.iter().find(|(column, ..)| *column == self).map_or("", |(_, key, _)| *key)
    }

    /// The name in the contract, e.g. 通报对象.
    pub fn title(self) -> &'static str {
        COLUMNS.iter().find(|(column, ..)| *column == self).map_or("", |(_, _, names)| names[0])
    }

    /// What a header cell names; the number is its rank among the names of that column, 0 best.
    fn named(text: &str) -> Option<(Self, usize)> {
        let found = |wanted: &str| {
            COLUMNS.iter().find_map(|(column, key, names)| {
                if folded(key) == wanted {
                    return Some((*column, 0));
                }
                let rank = names.iter().position(|name| folded(name) == wanted)?;
                Some((*column, rank))
            })
        };
        found(&folded(text)).or_else(|| found(&folded(&without_brackets(text))))
    }
}

/// Headings, folded, that together are only in a table that freshd exported.
const EXPORT_MARKS: [&str; 2] = ["系统id", "证据类别"];
/// What such a table says of an account's state: not the ledger's, and old when it is read again.
const EXPORT_STATE: [&str; 7] =
    ["系统id", "证据类别", "判定", "活跃度", "最近更新", "截止时间", "剩余天数"];

/// A header as understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Index of its row among the sheet's rows.
    pub at: usize,
    /// The known columns with their 0-based places; [`Column::Identifier`] may repeat.
    pub known: Vec<(Column, usize)>,
    /// The other columns: place and the name that they are kept under.
    pub extra: Vec<(usize, String)>,
    /// Those of them that no name of any column fits, as written.
    pub unknown: Vec<String>,
    /// Two columns of one name, or columns that are missing.
    pub problems: Vec<Problem>,
    /// A column whose meaning another column already has.
    pub notices: Vec<Problem>,
}

impl Header {
    /// Where a column is.
    pub fn place(&self, column: Column) -> Option<usize> {
        self.known.iter().find(|(known, _)| *known == column).map(|(_, place)| *place)
    }

    /// Keeps a column under its heading; where two have the same, the later with its letter.
    fn unknown_at(&mut self, place: usize, title: &str) {
        let taken = self.extra.iter().any(|(_, held)| held == title);
        let kept = if taken { format!("{title}({} 列)", letter(place)) } else { title.to_owned() };
        self.unknown.push(kept.clone());
        self.extra.push((place, kept));
    }

    /// Does another row say the same again (a header repeated on each printed page)?
    pub fn is_repeated_by(&self, headings: &Line, line: &Line) -> bool {
        let same = |(_, place): &&(Column, usize)| line.text(*place) == headings.text(*place);
        self.known.iter().filter(same).count() >= KNOWN_MIN.min(self.known.len())
    }
}

/// Finds the header: the row among the first ten that names the most columns.
pub fn find(file: &str, sheet: &Sheet) -> Option<Header> {
    let mut best: Option<(usize, usize)> = None;
    for (at, line) in sheet.rows.iter().take(HEADER_ROWS).enumerate() {
        let mut named: Vec<Column> =
            line.cells.iter().filter_map(|cell| Column::named(&cell.text)).map(|it| it.0).collect();
        named.sort();
        named.dedup();
        let enough = named.len() >= KNOWN_MIN
            || (named.contains(&Column::Name) && named.len() + 1 >= KNOWN_MIN);
        if enough && best.is_none_or(|(_, count)| named.len() > count) {
            best = Some((at, named.len()));
        }
    }
    best.map(|(at, _)| understand(file, sheet, at))
}

fn understand(file: &str, sheet: &Sheet, at: usize) -> Header {
    let line = &sheet.rows[at];
    let mut header = Header { at, ..Header::default() };
    let mut ranks: Vec<(Column, usize, usize)> = Vec::new();
    let texts = line.cells.iter().map(|cell| folded(&cell.text)).collect::<Vec<_>>();
    let exported = EXPORT_MARKS.iter().all(|mark| texts.iter().any(|text| text == mark));
    let computed = |text: &str| exported && EXPORT_STATE.contains(&folded(text).as_str());
    for (place, cell) in line.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        match Column::named(&cell.text) {
            Some((Column::Number, _)) => {}
            Some((Column::Identifier, _)) => header.known.push((Column::Identifier, place)),
            Some((column, rank)) => ranks.push((column, rank, place)),
            None if cell.filled || computed(&cell.text) => {}
            None => header.unknown_at(place, &cell.text.replace('\n', "")),
        }
    }
    if exported {
        let what = "是本系统导出的表:判定、最近更新、截止时间等列由系统得出,没有读取";
        header.notices.push(Problem::in_cell(file, &sheet.name, line.no, "", None, what, ""));
    }
    ranks.sort();
    let cell_name = |place: usize| format!("{} {}", letter(place), line.text(place));
    for (column, rank, place) in ranks {
        let Some(first) = header.place(column) else {
            header.known.push((column, place));
            continue;
        };
        if line.cells[place].filled {
            continue;
        }
        let tell = |what: String, help: &str| {
            Problem::in_cell(file, &sheet.name, line.no, &cell_name(place), None, what, help)
        };
        let same = folded(line.text(first)) == folded(line.text(place));
        if same || rank == 0 {
            let what = format!("与 {} 列重复,不知道以哪一列为准", letter(first));
            header.problems.push(tell(what, "只留一列,或改掉其中一列的表头"));
        } else {
            let what =
                format!("已有 {} 作为{},这一列按附加信息保留", cell_name(first), column.title());
            header.notices.push(tell(what, ""));
            header.extra.push((place, line.text(place).to_owned()));
        }
    }
    header
}

/// The column that an unknown heading may mean: one that the sheet lacks, and whose name is in the heading, or the
/// heading in it, or that is a slip of the pen away. Two characters at least must agree.
pub(super) fn near(title: &str, header: &Header) -> Option<&'static str> {
    let wanted = folded(&without_brackets(title));
    let lacking = |column: Column| match column {
        Column::Number => false,
        Column::Identifier => header.place(Column::Handle).is_none(),
        column => header.place(column).is_none(),
    };
    let names = || {
        let all = COLUMNS.iter().filter(|(column, ..)| lacking(*column));
        all.flat_map(|(column, _, names)| names.iter().map(|name| (*column, *name)))
    };
    let title_of = |column: Column| match column {
        Column::Identifier => Column::Handle.title(),
        column => column.title(),
    };
    let long = |text: &str| text.chars().count() >= NEAR_CHARS_MIN;
    let within = names().filter(|(_, name)| long(name) && wanted.contains(&folded(name)));
    let longest = within.max_by_key(|(_, name)| name.chars().count());
    let around = || {
        let mut around =
            names().filter(|(_, name)| long(&wanted) && folded(name).contains(&wanted));
        around.next()
    };
    if let Some((column, _)) = longest.or_else(around) {
        return Some(title_of(column));
    }
    let slip = nearest(&wanted, names().map(|(_, name)| name).filter(|name| name.len() > 8))?;
    names().find(|(_, name)| *name == slip).map(|(column, _)| title_of(column))
}

/// Shorter names say too little to be found in others.
const NEAR_CHARS_MIN: usize = 2;

/// Required columns that the header lacks; a sheet's name may stand for the platform.
pub fn missing(file: &str, sheet: &Sheet, header: &Header, has_platform: bool) -> Vec<Problem> {
    let line = &sheet.rows[header.at];
    [Column::Name, Column::Platform, Column::Sponsor]
        .into_iter()
        .filter(|column| header.place(*column).is_none())
        .filter(|column| !(*column == Column::Platform && has_platform))
        .map(|column| {
            let what = format!("缺少「{}」列", column.title());
            let names = COLUMNS.iter().find(|(it, ..)| *it == column).map_or(&[][..], |it| it.2);
            let help = format!("在表头行加上这一列,列名可用:{}", names.join("、"));
            Problem::in_cell(file, &sheet.name, line.no, "", None, what, help)
        })
        .collect()
}

/// Half-width, lower case, without space and punctuation: what makes two headers the same.
pub(crate) fn folded(text: &str) -> String {
    half_width(text)
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '+')
        .flat_map(char::to_lowercase)
        .collect()
}

/// Full-width forms as their ASCII twins.
pub(super) fn half_width(text: &str) -> String {
    let half = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        _ => c,
    };
    text.chars().map(half).collect()
}

/// Without what stands in brackets: 联系电话(手机) is 联系电话.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    half_width(text)
        .chars()
        .filter(|c| {
            let inside = depth > 0;
            match c {
                '(' | '【' | '[' | '〔' => depth += 1,
                ')' | '】' | ']' | '〕' => depth = depth.saturating_sub(1),
                _ => return !inside,
            }
            false
        })
        .collect()
}

#[cfg(test)]
mod tests;
