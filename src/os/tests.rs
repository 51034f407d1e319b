//! Is a refusal said once, and in Chinese?

use anyhow::Context as _;

use super::*;
use crate::store::StoreError;

#[test]
fn a_cause_is_said_once_and_in_chinese() {
    let refused = || Error::from_raw_os_error(30);
    let read_only = anyhow::Error::new(refused()).context("无法写入 x");
    assert_eq!(chain_text(&read_only), "无法写入 x:文件系统是只读的");
    let of_store = anyhow::Error::new(StoreError::from(refused()));
    assert_eq!(chain_text(&of_store), "读写数据文件出错:文件系统是只读的");
    let nested = Err::<(), _>(Error::other(refused())).context("外层").unwrap_err();
    assert!(!chain_text(&nested).contains("os error 30): Read"), "{}", chain_text(&nested));
    assert_eq!(io_text(&Error::from(ErrorKind::StorageFull)), "磁盘已满");
}
