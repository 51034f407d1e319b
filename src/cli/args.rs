//! What may be typed? The command line of `freshd`, as clap sees it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use super::patrol::PatrolCommand;
mod authorise;
mod confirm;
mod connector;
mod exchange;
mod keep;
mod mail;

pub use authorise::AuthoriseCommand;
pub use confirm::{ConfirmArgs, Interaction};
pub use connector::ConnectorCommand;
pub use exchange::{CollectArgs, IngestArgs};
pub use keep::{BackupArgs, RestoreArgs, StoreCommand};
pub use mail::MailCommand;

/// 政务新媒体更新监测守护程序
#[derive(Debug, Parser)]
#[command(name = "freshd", version, propagate_version = true, max_term_width = 110)]
#[command(about = "政务新媒体更新监测守护程序")]
pub struct Cli {
    /// 配置文件;缺省依次为 $FRESHD_CONFIG、config/freshd.toml、/etc/freshd/freshd.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// 数据目录;缺省为配置中的 `[store] path`
    #[arg(long, global = true, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// 显示语言:zh 或 en;en 还没有译文,仍显示中文
    #[arg(long, global = true, value_name = "LANG", value_parser = ["zh", "en"])]
    pub lang: Option<String>,
    /// 做什么
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 体检:不需要配置、存储和邮件,直接看一份台账能判到什么程度
    Checkup {
        /// 台账(CSV 或 XLSX)
        ledger: PathBuf,
        /// 把结果写成 XLSX
        #[arg(short, long, value_name = "REPORT.xlsx")]
        output: Option<PathBuf>,
        /// 只读台账,不访问任何平台
        #[arg(long)]
        offline: bool,
    },
    /// 运行守护程序
    Run,
    /// 从标准输入读一个请求,执行后把答复写到标准输出(供 root 改以存储属主执行命令时使用)
    #[command(hide = true)]
    CarryOut {
        /// 发出请求的系统用户;只采信 root 所说
        #[arg(long, value_name = "UID")]
        asked_by: Option<u32>,
    },
    /// 在本机回环地址上演示一个模拟的省
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// 配置
    #[command(subcommand)]
    Config(ConfigCommand),
    /// 导入台账
    Import(ImportArgs),
    /// 接收别处采集的发布(CSV、XLSX、JSONL)
    Ingest(IngestArgs),
    /// 在网闸外采集一遍,写成签名的文件,供内网侧 ingest
    Collect(CollectArgs),
    /// 导出数据
    Export(ExportArgs),
    /// 立即采集并说明看到了什么
    Poll(PollArgs),
    /// 每个账号现在的判定
    Status(StatusArgs),
    /// 为什么这样判定:条款、佐证、数据范围与缺口
    Explain {
        /// 账号 id、标识或唯一名称
        id: String,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 季度检查自查(单项否决指标)
    Precheck(PrecheckArgs),
    /// 运行一次提醒:生成并排队信件,说明原因
    Notify {
        /// 只说明,不改变任何东西
        #[arg(long)]
        dry_run: bool,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 信件
    #[command(subcommand)]
    Mail(MailCommand),
    /// 联系人的问题(缺联系人、拒收、退信、无回应)和电话催办清单
    Contacts {
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 采集器
    #[command(subcommand)]
    Connector(ConnectorCommand),
    /// 人工核查:某人看到了发布,或看到没有发布
    Confirm(ConfirmArgs),
    /// 以一篇文章的链接作为佐证
    Proof {
        /// 文章链接
        url: String,
        /// 账号 id;缺省时按文章的账号身份查找
        #[arg(long, value_name = "ID")]
        account: Option<String>,
    },
    /// 微信第三方平台的授权:进度和名单
    #[command(subcommand)]
    Authorise(AuthoriseCommand),
    /// 人工核查单:机器判不了的账号,今天该看哪些
    #[command(subcommand)]
    Patrol(PatrolCommand),
    /// 账号方从信里的链接反馈的内容:异议、关停、换联系人,待管理员处理
    #[command(subcommand)]
    Requests(super::requests::RequestsCommand),
    /// 备份全部数据;守护程序运行时照样可以
    Backup(BackupArgs),
    /// 用备份换下现在的数据;现在的数据改名留在旁边
    Restore(RestoreArgs),
    /// 数据目录
    #[command(subcommand)]
    Store(StoreCommand),
    /// 输出命令补全脚本
    Completions {
        /// 哪种 shell
        shell: clap_complete::Shell,
    },
    /// 输出手册页(roff):freshd man | man -l -
    Man,
}

/// `freshd demo`.
#[cfg(feature = "demo")]
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// 模拟多少个账号
    #[arg(long, default_value_t = 120)]
    pub accounts: usize,
    /// 模拟多少天;不带 --once 时先快进这些天,再开始现场演示
    #[arg(long, default_value_t = 45)]
    pub days: u32,
    /// 跑完即止,把结论与事实对照后退出
    #[arg(long)]
    pub once: bool,
    /// 随机种子,同一种子得到同一个省
    #[arg(long, default_value_t = 20_261_122)]
    pub seed: u64,
    /// 多数账号从一开始就已授权;缺省是刚起步的省:20% 能自动判定,40% 只能证有,40% 什么来源也没有
    #[arg(long)]
    pub authorised: bool,
    /// 演示页面的监听地址
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
}

/// `freshd config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// 一次列出配置的全部问题
    Check,
}

/// `freshd import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// 台账文件(CSV 或 XLSX),可以多个
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// 只说明会怎样,不改变任何东西
    #[arg(long)]
    pub dry_run: bool,
    /// 跳过有问题的行,导入其余的行
    #[arg(long)]
    pub good_rows: bool,
    /// 把各行连同“问题说明”写成 XLSX,可退回填报单位
    #[arg(long = "return", value_name = "FILE.xlsx")]
    pub return_file: Option<PathBuf>,
    /// 文件中出现的单位,其未列出的账号标为拟移出
    #[arg(long)]
    pub replace: bool,
    /// 确认大批移出(超过 20 个或 2%)
    #[arg(long)]
    pub yes: bool,
    /// 输出 JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportKind {
    /// 台账与状态,不含联系人
    Accounts,
    /// 完整的台账,可再导入:含联系人、邮箱、采集方式和菜单
    Ledger,
    /// 判定的变化
    Rulings,
    /// 采集到的发布
    Observations,
    /// 信件
    Mail,
    /// 账号 id 和采集方式,供网闸外的 collect
    Targets,
    /// 电话催办清单:邮件联系不上的账号
    #[value(name = "phone-list")]
    #[serde(rename = "phone-list")]
    PhoneList,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// 逗号分隔
    Csv,
    /// Excel
    Xlsx,
    /// 每行一个 JSON
    Jsonl,
}

/// `freshd export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// 导出什么
    pub kind: ExportKind,
    /// 格式;targets 缺省为 csv
    #[arg(long)]
    pub format: Option<ExportFormat>,
    /// 写到文件;缺省为标准输出
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `freshd poll`.
#[derive(Debug, Args)]
pub struct PollArgs {
    /// 只采集这个账号,可重复
    #[arg(long, value_name = "ID")]
    pub account: Vec<String>,
    /// 采集全部账号
    #[arg(long, conflicts_with_all = ["account", "due"])]
    pub all: bool,
    /// 只采集到期的账号
    #[arg(long, conflicts_with = "account")]
    pub due: bool,
    /// 输出 JSON
    #[arg(long)]
    pub json: bool,
    /// 列出每个请求和留存的内容
    #[arg(long)]
    pub explain: bool,
}

/// What an account may come to; people may write the Chinese word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Verdict {
    /// 达标
    #[value(alias = "达标")]
    Pass,
    /// 预警
    #[value(alias = "预警")]
    AtRisk,
    /// 疑似不达标
    #[value(aliases = ["疑似不达标", "不达标"])]
    Fail,
    /// 待核实
    #[value(alias = "待核实")]
    Undetermined,
}

impl Verdict {
    /// The key in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::AtRisk => "at_risk",
            Self::Fail => "fail",
            Self::Undetermined => "undetermined",
        }
    }
}

/// `freshd status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// 只看这种判定
    #[arg(long)]
    pub verdict: Option<Verdict>,
    /// 只看这个平台:微信公众号、微博、南方号、移动客户端,或台账里写的名称
    #[arg(long)]
    pub platform: Option<String>,
    /// 只看这个单位(主办、主管或通报对象)
    #[arg(long)]
    pub unit: Option<String>,
    /// 输出 JSON
    #[arg(long)]
    pub json: bool,
}

/// In which form a precheck is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrecheckFormat {
    /// 表格
    #[default]
    Table,
    /// JSON
    Json,
    /// 逗号分隔
    Csv,
    /// Excel
    Xlsx,
    /// 可打印的网页
    Html,
    /// 纯文本
    Text,
}

/// `freshd precheck`.
#[derive(Debug, Args)]
pub struct PrecheckArgs {
    /// 哪个季度,如 2026Q4
    #[arg(long, conflicts_with = "at")]
    pub quarter: Option<String>,
    /// 哪个时刻(RFC 3339,或北京时间 2026-12-20T09:00)
    #[arg(long)]
    pub at: Option<String>,
    /// 格式
    #[arg(long, default_value = "table")]
    pub format: PrecheckFormat,
    /// 写到文件;缺省为标准输出
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
