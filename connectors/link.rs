//! Placeholder.
/// x
pub async fn check(
    _: &crate::http::HttpClient,
    _: &str,
    _: &url::Url,
) -> freshd_core::link::LinkAnswer {
    freshd_core::link::LinkAnswer::Alive
}
