//! What may be typed after `freshd patrol`, and what does it ask for?

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};

use super::exec::Usage;
use super::exec::patrol::sheet;
use super::request::{Request, SentFile};
use super::{read_or_told, sent};
use crate::ledger::table;

/// Most bytes of pictures in one import: a request holds 64 MiB of base64.
const PICTURES_BYTES_MAX: usize = 40 << 20;

/// `freshd patrol`.
#[derive(Debug, Subcommand)]
pub enum PatrolCommand {
    /// 列出今天要看的账号,为什么要看,由谁看
    List(ListArgs),
    /// 导出核查单(XLSX),填好后用 patrol import 导回
    Export(ExportArgs),
    /// 导入填好的核查单;一次说出全部问题,有问题则什么都不改变
    Import(ImportArgs),
}

/// `freshd patrol list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// 哪一天,如 2026-11-22;缺省为今天
    #[arg(long, value_name = "DATE")]
    pub day: Option<String>,
    /// 只列某人的
    #[arg(long, value_name = "NAME")]
    pub person: Option<String>,
    /// 今天看不完的也列出
    #[arg(long)]
    pub all: bool,
    /// 输出 JSON
    #[arg(long)]
    pub json: bool,
}

/// `freshd patrol export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// 写到文件
    #[arg(short, long, value_name = "FILE.xlsx")]
    pub output: PathBuf,
    /// 只列某人的
    #[arg(long, value_name = "NAME")]
    pub person: Option<String>,
    /// 今天看不完的也列出
    #[arg(long)]
    pub all: bool,
}

/// `freshd patrol import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// 填好的核查单
    pub file: PathBuf,
    /// 截图所在的目录
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// 没有写核查人的行算谁的
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// 只检查,不登记
    #[arg(long)]
    pub dry_run: bool,
    /// 有问题的行放过,其余照常登记
    #[arg(long)]
    pub good_rows: bool,
}

/// The request of a command, and the file that its answer goes to.
pub(super) fn request_of(command: PatrolCommand) -> anyhow::Result<(Request, Option<PathBuf>)> {
    Ok(match command {
        PatrolCommand::List(ListArgs { day, person, all, json }) => {
            (Request::PatrolList { day, person, all, json }, None)
        }
        PatrolCommand::Export(ExportArgs { output, person, all }) => {
            (Request::PatrolExport { person, all }, Some(output))
        }
        PatrolCommand::Import(import) => {
            let sheet = sent(&import.file)?;
            let files = pictures(&sheet, import.files.as_deref())?;
            let (by, dry_run, good_rows) = (import.by, import.dry_run, import.good_rows);
            (Request::PatrolImport { sheet, files, by, dry_run, good_rows }, None)
        }
    })
}

/// One of them: a file that lies there itself; what a link leads to, or a pipe, is not read.
fn picture(directory: &Path, name: String) -> SentFile {
    let path = directory.join(&name);
    match path.symlink_metadata() {
        Ok(held) if !held.is_file() => SentFile {
            name,
            base64: String::new(),
            unread: Some("不是普通文件(链接、管道等不读)".to_owned()),
            modified: None,
        },
        _ => SentFile { name, ..read_or_told(&path) },
    }
}

/// The pictures that the sheet names, of that directory; a name leads nowhere else.
fn pictures(sheet: &SentFile, directory: Option<&Path>) -> anyhow::Result<Vec<SentFile>> {
    let Some(directory) = directory else { return Ok(Vec::new()) };
    if !directory.is_dir() {
        return Err(Usage(format!("{} 不是目录", directory.display())).into());
    }
    let bytes = STANDARD.decode(&sheet.base64).unwrap_or_default();
    // What is wrong with the sheet is told by who imports it.
    let Ok(book) = table::read(&sheet.name, &bytes) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for name in sheet::pictures(&book) {
        let plain = Path::new(&name).file_name().is_some_and(|file| file == name.as_str());
        if plain {
            files.push(picture(directory, name));
        }
    }
    let held: usize = files.iter().map(|file| file.base64.len() / 4 * 3).sum();
    if held > PICTURES_BYTES_MAX {
        let mib = PICTURES_BYTES_MAX >> 20;
        return Err(Usage(format!("截图合计超过 {mib} MiB,请缩小后再附,或分几张表导入")).into());
    }
    Ok(files)
}
