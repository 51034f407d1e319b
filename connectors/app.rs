//! Can an app still be had? One connector per source: the stores and the APK link.

pub mod apk;
pub mod appstore;
