//! What may be typed after `freshd mail`?

use clap::Subcommand;

/// `freshd mail`.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// 向一个地址发一封测试信
    Test {
        /// 收件地址
        address: String,
    },
    /// 列出信件
    Outbox {
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 立即再投递一次并等待答复
    Retry {
        /// 信件 id
        id: String,
    },
    /// 看一封信的内容;不写 id 列出各类信的样例
    Preview {
        /// 信件 id,或样例的名称
        id: Option<String>,
        /// 输出 HTML 部分,供存成文件用浏览器查看
        #[arg(long, requires = "id")]
        html: bool,
    },
    /// 收到的退信和回信,各自如何处理
    Inbox {
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 现在就读一次收件邮箱和 .eml 目录([mail.inbox])
    Fetch,
    /// 放行暂缓的信件;不写 id 为全部
    Release {
        /// 信件 id
        ids: Vec<String>,
    },
}
