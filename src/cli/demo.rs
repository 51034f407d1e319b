//! stub
/// x
pub async fn run(_: super::args::DemoArgs) -> anyhow::Result<i32> {
    anyhow::bail!("stub")
}
