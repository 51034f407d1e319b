//! What may be typed after `freshd authorise`?

use clap::Subcommand;

/// `freshd authorise`.
#[derive(Debug, Subcommand)]
pub enum AuthoriseCommand {
    /// 列出哪些公众号已授权、未授权、失去授权,以及已授权但不在台账里的
    List {
        /// 只看这个单位(通报对象、主管或主办单位)
        #[arg(long, value_name = "UNIT")]
        unit: Option<String>,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
}
