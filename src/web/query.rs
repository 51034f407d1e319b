//! What does a query string ask for?

use std::collections::BTreeMap;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use freshd_core::account::platform;
use freshd_core::verdict::Outcome;

use super::problem::Problem;
use super::{PAGE_ACCOUNTS, PageFilter};
use crate::report::words::platform_chinese;

/// A query as it comes; of a key that is given twice the last counts.
pub(super) type Asked = Result<Query<BTreeMap<String, String>>, QueryRejection>;

/// An account's id as it stands in the path.
pub(super) type AskedId = Result<Path<String>, PathRejection>;

/// Reads the id.
pub(super) fn id(asked: AskedId) -> Result<String, Problem> {
    let bad = |error| Problem::new(StatusCode::BAD_REQUEST, format!("看不懂账号标识:{error}"));
    asked.map(|Path(id)| id).map_err(bad)
}

/// Reads `verdict platform region unit q cursor limit`; unknown keys are passed over, empty values ask for nothing.
pub(super) fn filter(asked: Asked) -> Result<PageFilter, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
    let Query(mut asked) = asked.map_err(|error| bad(format!("看不懂查询参数:{error}")))?;
    let mut take = |key: &str| {
        let text = asked.remove(key)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let verdict = match take("verdict") {
        None => None,
        Some(key) => Some(Outcome::ALL.into_iter().find(|o| o.key() == key).ok_or_else(|| {
            bad(format!("没有判定 {key};可写 pass、at_risk、fail、undetermined"))
        })?),
    };
    let (usual, most) = PAGE_ACCOUNTS;
    let limit = match take("limit") {
        None => usual,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| bad(format!("limit 应为 1 到 {most} 的整数,而不是 {text}")))?,
    };
    Ok(PageFilter {
        verdict,
        platform: take("platform").map(platform_key),
        region: take("region"),
        unit: take("unit"),
        q: take("q"),
        cursor: take("cursor"),
        limit,
    })
}

/// Reads `quarter at`, each if given and not empty.
pub(super) fn instant(asked: Asked) -> Result<(Option<String>, Option<String>), Problem> {
    let bad = |error| Problem::new(StatusCode::BAD_REQUEST, format!("看不懂查询参数:{error}"));
    let Query(mut asked) = asked.map_err(bad)?;
    let mut take = |key: &str| asked.remove(key).filter(|text| !text.trim().is_empty());
    Ok((take("quarter"), take("at")))
}

/// The key of a platform that was named in Chinese.
fn platform_key(name: String) -> String {
    let known = [platform::WECHAT, platform::WEIBO, platform::NANFANG, platform::APP];
    let found = known.into_iter().find(|key| platform_chinese(key) == name);
    found.map_or(name, str::to_owned)
}
