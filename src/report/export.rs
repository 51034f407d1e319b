//! stub
/// x
pub struct Rows {
    /// x
    pub columns: Vec<String>,
    /// x
    pub rows: Vec<Vec<serde_json::Value>>,
}
impl Rows {
    /// x
    pub fn csv(&self) -> anyhow::Result<Vec<u8>> {
        Ok(vec![])
    }
    /// x
    pub fn xlsx(&self) -> anyhow::Result<Vec<u8>> {
        Ok(vec![])
    }
    /// x
    pub fn jsonl(&self) -> anyhow::Result<Vec<u8>> {
        Ok(vec![])
    }
}
