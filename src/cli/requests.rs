//! What may be typed after `freshd requests`, and what does it ask for?

use clap::Subcommand;

use super::request::Request;

/// `freshd requests`.
#[derive(Debug, Subcommand)]
pub enum RequestsCommand {
    /// 列出待处理的请求
    List {
        /// 已处理和无需处理的也列出
        #[arg(long)]
        all: bool,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 同意:更换联系人、确认关停、采纳异议
    Approve {
        /// 请求编号
        id: String,
        /// 处理说明,账号方能看到
        #[arg(long, default_value = "")]
        note: String,
    },
    /// 不同意:联系人不变、账号恢复为在运行
    Reject {
        /// 请求编号
        id: String,
        /// 处理说明,账号方能看到
        #[arg(long, default_value = "")]
        note: String,
    },
}

impl RequestsCommand {
    /// What it asks for.
    pub fn request(self) -> Request {
        match self {
            Self::List { all, json } => Request::RequestsList { all, json },
            Self::Approve { id, note } => Request::RequestsSettle { id, approve: true, note },
            Self::Reject { id, note } => Request::RequestsSettle { id, approve: false, note },
        }
    }
}
