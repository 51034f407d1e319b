//! What may be typed of what a person saw? `freshd confirm`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use freshd_core::word::Finding;
use serde::{Deserialize, Serialize};

/// Whether a person found the interaction to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interaction {
    /// 互动可用
    #[value(alias = "可用")]
    Works,
    /// 互动不可用
    #[value(alias = "不可用")]
    Broken,
}

impl Interaction {
    /// As it is kept.
    pub fn finding(self) -> Finding {
        match self {
            Self::Works => Finding::InteractionWorks,
            Self::Broken => Finding::InteractionBroken,
        }
    }
}

/// `freshd confirm`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("looked").args(["none_since", "interaction"]))]
pub struct ConfirmArgs {
    /// 账号 id、标识或唯一名称
    pub id: String,
    /// 看到的发布时间;没有看到则改写 --none-since 与 --seen-at
    #[arg(long, value_name = "TIME", required_unless_present_any = ["none_since", "interaction"])]
    pub published_at: Option<String>,
    /// 发布的链接
    #[arg(long, value_name = "U", requires = "published_at")]
    pub url: Option<String>,
    /// 从这时起未见发布
    #[arg(long, value_name = "TIME", conflicts_with = "published_at", requires = "seen_at")]
    pub none_since: Option<String>,
    /// 试用互动功能(留言、咨询、私信等)的结果;“可用”35 天内有效,“不可用”须两人一致或附截图
    #[arg(long, conflicts_with = "published_at", requires = "seen_at")]
    pub interaction: Option<Interaction>,
    /// 查看的时刻
    #[arg(long, value_name = "TIME", requires = "looked")]
    pub seen_at: Option<String>,
    /// 截图等文件(图片、PDF 或文本)
    #[arg(long, value_name = "F", requires = "looked")]
    pub file: Option<PathBuf>,
    /// 说明(谁、怎样看的)
    #[arg(long)]
    pub note: String,
    /// 核查人姓名;缺省为当前系统用户的登录名
    #[arg(long)]
    pub by: Option<String>,
}
