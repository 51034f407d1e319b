//! What may be typed to keep the data safe: `freshd backup`, `restore` and `store`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `freshd backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// 备份到这个目录:须不存在或是空的
    pub dir: PathBuf,
}

/// `freshd restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// 备份所在的目录
    pub dir: PathBuf,
}

/// `freshd store`.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// 逐条读一遍全部数据,核对索引;有问题退出 1
    Check {
        /// 重建索引和清点,读不了的记录移到数据目录的 quarantine/
        #[arg(long)]
        repair: bool,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
}
