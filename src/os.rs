//! What does the operating system's refusal mean, in the words of the person who has to mend it?

use std::io::{Error, ErrorKind};

/// Why a file or the disk refused, in Chinese where that is common.
pub fn io_text(error: &Error) -> String {
    let known = match error.kind() {
        ErrorKind::NotFound => "文件不存在",
        ErrorKind::PermissionDenied => "没有权限",
        ErrorKind::ReadOnlyFilesystem => "文件系统是只读的",
        ErrorKind::StorageFull => "磁盘已满",
        ErrorKind::QuotaExceeded => "超过磁盘配额",
        ErrorKind::IsADirectory => "这是一个目录,不是文件",
        ErrorKind::NotADirectory => "路径中有一部分是文件,不是目录",
        ErrorKind::AlreadyExists => "已经存在",
        ErrorKind::AddrInUse => "地址已被占用",
        ErrorKind::ConnectionRefused => "连接被拒绝",
        _ => return error.to_string(),
    };
    known.to_owned()
}

/// An error and its causes on one line: the system's own in Chinese, and nothing said twice.
pub fn chain_text(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let said = cause.downcast_ref::<Error>().map_or_else(|| cause.to_string(), io_text);
        if text.is_empty() {
            text = said;
        } else if !text.contains(&said) {
            text = format!("{text}:{said}");
        }
    }
    text
}

#[cfg(test)]
mod tests;
