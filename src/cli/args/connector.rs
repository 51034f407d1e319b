//! What may be typed after `freshd connector`?

use clap::Subcommand;

/// `freshd connector`.
#[derive(Debug, Subcommand)]
pub enum ConnectorCommand {
    /// 列出采集器
    List {
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 一个采集器的约定;写上目标则试采一次,什么都不保存
    Check {
        /// 采集器名称
        name: String,
        /// 试采的目标(采集方式中冒号后面的部分)
        target: Option<String>,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
}
