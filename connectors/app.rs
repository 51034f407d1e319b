//! Can this app be downloaded? One connector for each kind of source that an app names.

pub mod apk;
pub mod appstore;
mod batch;
pub mod huawei;
mod store;
pub mod tencent;

pub(crate) use store::is_package;

/// Can `appstore` be asked for this: an app's number?
pub fn is_appstore_target(text: &str) -> bool {
    appstore::is_number(text)
}

/// Can `tencent` be asked for this: a package name?
pub fn is_tencent_target(text: &str) -> bool {
    is_package(text)
}

/// Can `huawei` be asked for this: an app's number (`C…`) or a package name?
pub fn is_huawei_target(text: &str) -> bool {
    huawei::is_number(text) || is_package(text)
}
