//! Can this app be downloaded? One connector for each kind of source that an app names.

pub mod apk;
pub mod appstore;
mod batch;
pub mod huawei;
mod store;
pub mod tencent;

pub(crate) use store::is_package;

/// Can `huawei` be asked for this: an app's number (`C…`) or a package name?
pub fn is_huawei_target(text: &str) -> bool {
    huawei::is_number(text) || is_package(text)
}
