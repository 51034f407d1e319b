//! stub
use crate::report::view::StatusView;
use serde_json::Value;
use std::sync::Arc;
/// x
#[derive(Default)]
pub struct PageFilter {
    /// x
    pub verdict: Option<String>,
    /// x
    pub platform: Option<String>,
    /// x
    pub region: Option<String>,
    /// x
    pub unit: Option<String>,
    /// x
    pub q: Option<String>,
    /// x
    pub cursor: Option<String>,
    /// x
    pub limit: usize,
}
/// x
pub struct Page {
    /// x
    pub view: StatusView,
    /// x
    pub next: Option<String>,
}
/// x
pub trait WebData: Send + Sync + 'static {
    /// x
    fn status(&self, f: &PageFilter) -> Result<Page, String>;
    /// x
    fn account(&self, id: &str) -> Result<Option<Value>, String>;
    /// x
    fn history(&self, id: &str) -> Result<Option<Vec<Value>>, String>;
    /// x
    fn precheck(&self) -> Result<Value, String>;
    /// x
    fn outbox(&self) -> Result<Value, String>;
    /// x
    fn metrics_text(&self) -> String;
    /// x
    fn ready(&self) -> Result<(), String>;
}
/// x
pub struct WebState(#[expect(dead_code, reason = "stub")] Arc<dyn WebData>);
impl WebState {
    /// x
    pub fn new(d: Arc<dyn WebData>) -> Self {
        Self(d)
    }
}
/// x
pub async fn serve(
    _l: tokio::net::TcpListener,
    _s: WebState,
    stop: tokio_util::sync::CancellationToken,
) -> std::io::Result<()> {
    stop.cancelled().await;
    Ok(())
}
