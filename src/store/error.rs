//! What can go wrong with the store, and what does a person read then?

use std::path::PathBuf;

use super::keys::kind;

/// Environment variable that accepts a loss, when it is `1`.
pub const ACCEPT_LOSS: &str = "FRESHD_ACCEPT_LOSS";

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error("数据目录 {} 正被占用:{}", path.display(), holder_text(by.as_ref()))]
    Held {
        /// The store's directory.
        path: PathBuf,
        /// Who holds it, as far as it said so when it opened the store.
        by: Option<Holder>,
    },
    /// The store was written by a newer version; it was left as it is.
    #[error(
        "数据由更新版本的 freshd 写入(格式 {found},本程序只认到 {ours}),未作任何改动,请换用新版程序"
    )]
    Newer {
        /// The schema version found.
        found: u64,
        /// The newest that we understand.
        ours: u64,
    },
    /// The disk (or the quota) is full. The store must be reopened once there is room.
    #[error("磁盘空间已满,数据无法写入;腾出空间后重新启动即可,已确认保存的数据不受影响")]
    DiskFull,
    /// The files cannot be read as a store, and setting the snapshots aside did not help. They
    /// were left as they are.
    #[error(
        "数据目录 {0} 已损坏,无法打开:{detail}。数据文件保持原样。请恢复备份(freshd restore 目录);没有备份时,带环境变量 \
         {ACCEPT_LOSS}=1 运行一次任一命令,程序会把损坏的文件移到 {0}/quarantine,以空的数据重新开始",
        path.display()
    )]
    Corrupt {
        /// The store's directory.
        path: PathBuf,
        /// What the engine said.
        detail: String,
    },
    /// Not everything is there that was written. The files were left as they are.
    #[error(
        "数据目录 {0} 的数据有丢失,没有打开:{missing}。数据文件保持原样。请检查磁盘,恢复备份(freshd restore 目录);\
         确定接受这些丢失时,带环境变量 {ACCEPT_LOSS}=1 运行一次任一命令,程序会把现有文件复制到 {0}/quarantine,\
         以剩下的数据继续",
        path.display()
    )]
    Lost {
        /// The store's directory.
        path: PathBuf,
        /// What is not there.
        missing: Missing,
    },
    /// One stored record cannot be understood; the rest of the store is unharmed.
    #[error("一条记录无法读取({kind},键 {key}):{detail}")]
    Damaged {
        /// Which kind of record.
        kind: &'static str,
        /// Its key, printable.
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// A key or value is larger than the engine's cap.
    #[error("单条数据过大:{what} {bytes} 字节,上限 {max} 字节")]
    TooLarge {
        /// `key`, `value` or `evidence`.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The cap, bytes.
        max: usize,
    },
    /// What was read for this change has been changed by somebody else: read again and retry.
    #[error("数据在处理期间被其他操作改动,请重试")]
    Conflict {
        /// The key that differs.
        key: Vec<u8>,
    },
    /// The engine claims to have flushed, but nothing was synced to the disk.
    #[error("数据没有真正写入磁盘(刷盘调用未生效),为防丢失已停止写入")]
    NotDurable,
    /// A value could not be written in its stored form.
    #[error("数据无法编码:{0}")]
    Encode(#[source] serde_json::Error),
    /// The file system misbehaves.
    #[error("读写数据文件出错:{}", crate::os::io_text(.0))]
    Io(#[source] std::io::Error),
    /// The engine itself misbehaves.
    #[error("存储引擎出错:{0}")]
    Engine(String),
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded => Self::DiskFull,
            _ => Self::Io(error),
        }
    }
}

impl StoreError {
    /// Would the same change succeed if everything were read again?
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    /// A record that cannot be understood; `key` is made printable.
    pub(crate) fn damaged(kind: &'static str, key: &[u8], detail: impl ToString) -> Self {
        Self::Damaged { kind, key: key.escape_ascii().to_string(), detail: detail.to_string() }
    }
}

/// What opening a store did not find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Batches at the end that had been promised.
    pub batches: u64,
    /// Kinds of records (first byte of the key) that differ: how many there should be, and are.
    pub kinds: Vec<(u8, u64, u64)>,
    /// Accounts that are there.
    pub accounts: u64,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        if self.batches > 0 {
            parts.push(format!("最后 {} 批已确认保存的改动不见了", self.batches));
        }
        let (mut should_rest, mut is_rest, mut rest) = (0, 0, false);
        for (kind, should, is) in &self.kinds {
            match kind_text(*kind) {
                Some(name) if should == is => {
                    parts.push(format!("{name} {is} 条中有的内容与写入时不符"));
                }
                Some(name) => parts.push(format!("{name}应有 {should} 条,实有 {is} 条")),
                None => (should_rest, is_rest, rest) = (should_rest + should, is_rest + is, true),
            }
        }
        if rest {
            parts.push(format!("索引等其他记录应有 {should_rest} 条,实有 {is_rest} 条"));
        }
        write!(out, "{}(现有账号 {} 个)", parts.join(";"), self.accounts)
    }
}

fn kind_text(of: u8) -> Option<&'static str> {
    Some(match of {
        kind::ACCOUNT => "台账账号",
        kind::STATE => "账号判定状态",
        kind::JOURNAL => "采集记录",
        kind::EVIDENCE => "佐证",
        kind::LETTER => "信件",
        kind::AUDIT => "留痕",
        kind::META => "程序自身的记录",
        _ => return None,
    })
}

/// Who holds a store: written beside it at open.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// The command line's first words, e.g. `freshd run`.
    pub command: String,
}

fn holder_text(by: Option<&Holder>) -> String {
    match by {
        Some(by) => format!("进程 {}({})正在使用,请先停止它或稍后再试", by.pid, by.command),
        None => "另一个进程正在使用,请先停止它或稍后再试".to_owned(),
    }
}
