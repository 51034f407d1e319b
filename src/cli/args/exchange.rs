//! What may be typed to bring observations in, or out across a gap?

use std::path::PathBuf;

use clap::Args;

/// `freshd ingest`.
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// 列有发布的文件(账号名称、平台、发布时间、标题、链接),可以多个
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// 由具名的人作证:文件列全了其中各账号在此期间的发布,如 2026-10-01..2026-11-15
    #[arg(long, value_name = "FROM..TO")]
    pub complete: Option<String>,
    /// 提供或作证的人;缺省为当前系统用户的登录名
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// 只说明会怎样,不改变任何东西
    #[arg(long)]
    pub dry_run: bool,
    /// 跳过有问题的行,采用其余的行
    #[arg(long)]
    pub good_rows: bool,
    /// 输出 JSON
    #[arg(long)]
    pub json: bool,
}

/// `freshd collect`.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// 采集目标(内网侧用 export targets 导出)
    #[arg(long, value_name = "FILE")]
    pub targets: PathBuf,
    /// 结果写到这个文件
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// 输出 JSON
    #[arg(long)]
    pub json: bool,
}
