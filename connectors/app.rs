//! Can this app be downloaded? One connector for each kind of source that an app names.

pub mod apk;
pub mod appstore;
